/**
 * Sessions that later handshakes resume, kept by a server under their ids and by a client for its server (RFC 5246 §7.4.1.2, RFC 8446 §2.2).
 * Not what was proved in the first handshake: whoever opened the endpoint remembers that by the session's key.
 */
import { createServer, type Server } from 'node:tls'
import { toHex } from '../base/bytes.ts'
import { hours, type Duration, type Instant } from '../base/time.ts'

/** Schannel keeps sessions for ten hours on either side (ClientCacheTime, ServerCacheTime: "TLS registry settings"). */
const SESSION_LIFETIME: Duration = hours(10)
/** Sessions that a store keeps at most, as Schannel does (MaximumCacheSize); the oldest is forgotten first. */
const SESSIONS_MAX = 20_000

interface KeptSession {
  readonly session: Buffer
  /** What it has in common with those that come of it. */
  readonly key: string
  readonly since: Instant
}

/** Under this name a client keeps its one session. */
export const CLIENT_SESSION = 'client'

/** Opaque; a host that forgets its sessions makes a new one. */
export interface TlsSessions {
  readonly kind: 'tls-sessions'
  keep(id: string, session: Buffer, key: string): void
  find(id: string): KeptSession | undefined
}

/**
 * A store of sessions: of one server, or of one client for one server. `now` is the host's clock, by which a session ends `lifetime` (default
 * ten hours) after the handshake that made it.
 */
export function tlsSessions(options: {
  readonly now: () => Instant
  readonly lifetime?: Duration
}): TlsSessions {
  const { now, lifetime = SESSION_LIFETIME } = options
  const kept = new Map<string, KeptSession>()
  return {
    kind: 'tls-sessions',
    keep(id, session, key) {
      kept.delete(id)
      kept.set(id, { session, key, since: now() })
      const [oldest] = kept.keys()
      if (kept.size > SESSIONS_MAX && oldest !== undefined) kept.delete(oldest)
    },
    find(id) {
      const found = kept.get(id)
      if (found === undefined || now() - found.since < lifetime) return found
      kept.delete(id)
      return undefined
    },
  }
}

/** The endpoint whose turn it is: there is one at a time, and the platform asks within it. */
export interface SessionUser {
  /** Of the session that its client offers in TLS 1.3, in hexadecimal. */
  readonly offered: string | undefined
  /** Of the session that it resumed or made. */
  sessionKey: string | undefined
}

let asked: { readonly sessions: TlsSessions; readonly user: SessionUser } | undefined
let platformServer: Server | undefined

/** Until {@link askForNone} the platform's questions are this endpoint's, about these sessions. */
export function askFor(sessions: TlsSessions, user: SessionUser): void {
  asked = { sessions, user }
}

/** The turn is over: nothing of it is kept alive. */
export function askForNone(): void {
  asked = undefined
}

/** Whom the platform asks for sessions; it never listens. One for all, because it is dear to make. */
export const sessionServer = (): Server => (platformServer ??= newServer())

function newServer(): Server {
  const server = createServer()
  server.on('newSession', (id: Buffer, session: Buffer, done: () => void) => {
    const name = toHex(id)
    if (asked !== undefined) {
      asked.user.sessionKey ??= name
      asked.sessions.keep(name, session, asked.user.sessionKey)
    }
    done()
  })
  // The id is that of TLS 1.2: with TLS 1.3 it means nothing (RFC 8446 §4.1.2).
  server.on('resumeSession', (id: Buffer, done: (error: null, session: Buffer | null) => void) => {
    const found = asked?.sessions.find(asked.user.offered ?? toHex(id))
    if (asked !== undefined) asked.user.sessionKey = found?.key
    done(null, found?.session ?? null)
  })
  return server
}
