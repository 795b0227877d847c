/**
 * What a server of EAP remembers of the TLS sessions that it lets resume: whom each of them proved.
 * Not the sessions themselves, which are the store's of `engine/tls.ts`.
 */

/** What a session proved when it was made. */
export interface Proven {
  /** Whom the method inside PEAP was about. */
  readonly identity?: string
  /** What was judged and found good. */
  readonly chain?: readonly Uint8Array[]
}

/**
 * Sessions that a server may let resume, by {@link sessionMemory}: those in which somebody was authenticated. Without it a handshake that
 * resumes a refused session would be as good as a whole one.
 */
export interface SessionMemory {
  keep(key: string, proven: Proven): void
  find(key: string): Proven | undefined
}

/** Sessions remembered at most; the oldest is forgotten first. */
const REMEMBERED_MAX = 20_000

/** One for each server, beside its store of TLS sessions; how long those last is the store's affair. */
export function sessionMemory(): SessionMemory {
  const sessions = new Map<string, Proven>()
  return {
    keep(key, proven) {
      sessions.delete(key)
      sessions.set(key, proven)
      const [oldest] = sessions.keys()
      if (sessions.size > REMEMBERED_MAX && oldest !== undefined) sessions.delete(oldest)
    },
    find: (key) => sessions.get(key),
  }
}
