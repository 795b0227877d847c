/** What a live session has carried and what it has not: numbers only. */

export interface LiveCounts {
  /** Datagrams that a service was given. */
  datagrams: number
  /** Datagrams that a service sent to real peers. */
  answers: number
  /** Given to a service that could not read them; among {@link datagrams}. */
  malformed: number
  /** Not given to anybody: too many waited, nobody listened, or the sender has no port to answer to. */
  dropped: number
  /** Answers that the machine would not take. */
  unsent: number
  /** TCP connections that a service accepted. */
  connections: number
  /** TCP connections that were turned away at once. */
  refused: number
}

export const noCounts = (): LiveCounts => ({
  datagrams: 0,
  answers: 0,
  malformed: 0,
  dropped: 0,
  unsent: 0,
  connections: 0,
  refused: 0,
})
