/**
 * One turn of the platform at a time, whichever endpoint it is for: what was begun first is done first, in every run.
 * Not a clock: whoever waits holds the world's.
 */

/** What a turn is made of. All of it runs on later turns of the platform's loop, in order. */
export interface Turn {
  readonly hold: () => () => void
  begin(): void
  /** Let the platform go on. True: it had something under way, so ask again after a turn of `setImmediate`. */
  isBusy(): boolean
  end(): void
}

const waiting: { readonly turn: Turn; readonly release: () => void }[] = []
let isRunning = false

/** Queue a turn. The clock is held from now until `end` has returned. */
export function inTurn(turn: Turn): void {
  waiting.push({ turn, release: turn.hold() })
  if (!isRunning) next()
}

function next(): void {
  const first = waiting.shift()
  isRunning = first !== undefined
  if (first === undefined) return
  const { turn, release } = first
  const over = (): void => {
    release()
    next()
  }
  const settle = (): void => {
    if (turn.isBusy()) {
      // Queued after whatever answering the platform queued, so that is done by then.
      setImmediate(settle)
      return
    }
    try {
      turn.end()
    } finally {
      over()
    }
  }
  turn.begin()
  setImmediate(settle)
}
