/**
 * TLS 1.2 and 1.3 by the platform's own stack, with the shape of an engine: bytes in, flights out, in lock-step. EAP and HTTPS use it.
 * Not a judge: whoever opens an endpoint decides on the peer's chain, on virtual time. RFC 5246, RFC 8446, RFC 5705.
 */
import { connect, TLSSocket, type SecureContext } from 'node:tls'
import { concat, toHex } from '../base/bytes.ts'
import { invariant } from '../base/invariant.ts'
import { alertNamed, type TlsAlert } from './tls-alert.ts'
import { contextFor, isTlsAddress, type TlsIdentity, type TlsVersion } from './tls-context.ts'
import { TlsPipe } from './tls-duplex.ts'
import { failureOf, type TlsFailure } from './tls-failure.ts'
import {
  askFor,
  askForNone,
  CLIENT_SESSION,
  sessionServer,
  type SessionUser,
  type TlsSessions,
} from './tls-sessions.ts'
import { inTurn } from './tls-turns.ts'
import { TlsWatch } from './tls-watch.ts'

export type { TlsAlert } from './tls-alert.ts'
export { SCHANNEL_CIPHERS, type TlsIdentity, type TlsVersion } from './tls-context.ts'
export { tlsSessions, type TlsSessions } from './tls-sessions.ts'
export type { TlsFailure } from './tls-failure.ts'

export interface TlsSettings {
  readonly role: 'client' | 'server'
  readonly minimum: TlsVersion
  readonly maximum: TlsVersion
  /** What it shows. A server needs one; a client without one sends an empty list when asked. */
  readonly identity?: TlsIdentity
  /** A server asks for the client's certificate. */
  readonly requestsCertificate?: boolean
  /** Server name indication, sent by a client; an IP address is not sent (RFC 6066 §3). */
  readonly serverName?: string
  /** Names of the cipher suites allowed, as OpenSSL writes them; default those that Schannel offers. */
  readonly ciphers?: readonly string[]
  /** Sessions that may be resumed: shared by the endpoints of one client with one server, or of one server. Absent: none. */
  readonly sessions?: TlsSessions
  /** Lines of the NSS key log format, without their line ends, for Wireshark. */
  readonly onKeyLog?: (line: string) => void
}

/** What came of a turn. */
export interface TlsTurn {
  /** Bytes for the peer; empty: nothing to say. */
  readonly flight: Uint8Array
  /** What the peer wrote, decrypted. */
  readonly data: Uint8Array
  readonly handshake: 'under-way' | 'done' | 'failed'
  /**
   * The peer's chain, in every turn from that in which it became known: DER, the end entity first, order and superfluous certificates
   * kept; empty: the peer was asked and sent none. Absent all along where a session was resumed: then nobody sends a certificate.
   */
  readonly peerChain?: readonly Uint8Array[] | undefined
  /** A fatal alert, or close_notify, that the peer sent. */
  readonly received?: TlsAlert | undefined
  /** Why it failed. */
  readonly failure?: TlsFailure | undefined
}

/**
 * One side of one connection. Every turn calls `done` exactly once in the same instant of virtual time: the platform's from its own loop, a modelled
 * one's as an event of the world at no delay. Whoever has a world schedules what follows as an event of it, at no delay, before `done` returns.
 */
export interface TlsEndpoint {
  readonly role: 'client' | 'server'
  /** Bytes of the peer's flight; a client begins with none. */
  feed(bytes: Uint8Array, done: (turn: TlsTurn) => void): void
  /** Encrypt what is to be sent; only after the handshake. */
  write(data: Uint8Array, done: (turn: TlsTurn) => void): void
  /** Exported keying material (RFC 5705, RFC 8446 §7.5); only after the handshake. */
  exportKey(label: string, length: number, context?: Uint8Array): Uint8Array
  /**
   * The record of an alert in place of the last turn's flight, encrypted where the peer expects that. `flightSent`: the flight went out all the
   * same, and the alert comes after it. The endpoint is over.
   */
  refuse(alert: TlsAlert, flightSent?: boolean): Uint8Array
  /** From the end of the handshake. */
  readonly version: TlsVersion | undefined
  /** OpenSSL's name of the suite, from the end of the handshake. */
  readonly cipher: string | undefined
  readonly isResumed: boolean
  /**
   * On a server that keeps sessions: what a session and all that resume it have in common. By it the server's caller finds again whom the first
   * handshake proved. Known from the turn in which the handshake is done.
   */
  readonly sessionKey: string | undefined
  close(): void
}

/** Hold the clock until the returned function is called: the platform answers within the present instant of virtual time. */
export type HoldClock = () => () => void

/**
 * One side of a connection that has not begun. Nothing that a peer sends raises an exception, nor does an identity whose key or certificates the
 * platform cannot read: its first turn fails, with the code `identity`.
 */
export const openTls = (settings: TlsSettings, hold: HoldClock): TlsEndpoint =>
  new Endpoint(settings, hold)

const NOTHING = new Uint8Array()

class Endpoint implements TlsEndpoint {
  readonly #settings: TlsSettings
  readonly #hold: HoldClock
  #madePipe: TlsPipe | undefined
  readonly #watch: TlsWatch
  readonly #user: SessionUser
  #socket: TLSSocket | undefined
  #state: TlsTurn['handshake'] = 'under-way'
  #data: Uint8Array[] = []
  #unsent: Uint8Array = NOTHING
  #received: TlsAlert | undefined
  #failure: TlsFailure | undefined
  #version: TlsVersion | undefined
  #cipher: string | undefined
  #isResumed = false

  constructor(settings: TlsSettings, hold: HoldClock) {
    this.#settings = settings
    this.#hold = hold
    const watch = new TlsWatch(settings.role)
    this.#watch = watch
    this.#user = {
      get offered() {
        return watch.offered === undefined ? undefined : toHex(watch.offered)
      },
      sessionKey: undefined,
    }
  }

  /** Made when it is first used: many a server's endpoint waits for a peer that never speaks, and streams are large. */
  get #pipe(): TlsPipe {
    return (this.#madePipe ??= new TlsPipe())
  }

  get role(): 'client' | 'server' {
    return this.#settings.role
  }

  get version(): TlsVersion | undefined {
    return this.#version
  }

  get cipher(): string | undefined {
    return this.#cipher
  }

  get isResumed(): boolean {
    return this.#isResumed
  }

  get sessionKey(): string | undefined {
    return this.#user.sessionKey
  }

  feed(bytes: Uint8Array, done: (turn: TlsTurn) => void): void {
    const given = new Uint8Array(bytes)
    this.#turn(given, done, () => {
      this.#begin()
      if (given.length > 0 && this.#isOpen) this.#pipe.push(given)
    })
  }

  write(data: Uint8Array, done: (turn: TlsTurn) => void): void {
    const given = new Uint8Array(data)
    this.#turn(NOTHING, done, () => {
      if (this.#state === 'under-way') this.#fail({ code: 'closed', detail: 'no handshake yet' })
      else if (given.length > 0 && this.#isOpen) this.#socket?.write(given)
    })
  }

  exportKey(label: string, length: number, context?: Uint8Array): Uint8Array {
    invariant(
      this.#state === 'done' && this.#socket?.destroyed === false,
      `keying material '${label}' was asked for before the handshake was done, or after the end`,
    )
    // Without a context is not the same as with an empty one (RFC 5705 §4), whatever the types of the platform say.
    const given = context === undefined ? undefined : Buffer.from(context)
    return new Uint8Array(this.#socket.exportKeyingMaterial(length, label, given as Buffer))
  }

  refuse(alert: TlsAlert, flightSent = false): Uint8Array {
    if (flightSent) this.#watch.sent(this.#unsent)
    this.#unsent = NOTHING
    const record = this.#watch.alert(alert)
    this.#fail({ code: 'refused', detail: `refused with ${alert}` })
    this.close()
    return record
  }

  close(): void {
    if (this.#state === 'under-way') this.#fail({ code: 'closed', detail: 'closed' })
    this.#socket?.destroy()
    this.#pipe.destroy()
  }

  get #isOpen(): boolean {
    return !this.#pipe.destroyed && this.#socket?.writable === true
  }

  #fail(failure: TlsFailure): void {
    this.#failure ??= failure
    this.#state = 'failed'
  }

  #turn(input: Uint8Array, done: (turn: TlsTurn) => void, act: () => void): void {
    inTurn({
      hold: this.#hold,
      begin: () => {
        // Whoever goes on has sent what the turn before gave.
        this.#watch.sent(this.#unsent)
        this.#unsent = NOTHING
        // A server must know what the client offers before the platform asks for it; a client needs the keys that the platform finds.
        if (this.role === 'server') this.#watch.received(input)
        this.#useSessions()
        if (this.#pipe.destroyed) this.#fail({ code: 'closed', detail: 'the endpoint is closed' })
        else act()
      },
      isBusy: () => this.#pipe.settle() || (this.#isOpen && this.#socket!.writableLength > 0),
      end: () => {
        askForNone()
        if (this.role === 'client') this.#watch.received(input)
        done(this.#outcome())
      },
    })
  }

  /** The platform's questions for sessions are this endpoint's for a turn. */
  #useSessions(): void {
    const { sessions } = this.#settings
    if (this.role === 'server' && sessions !== undefined) {
      askFor(sessions, this.#user)
    }
  }

  #outcome(): TlsTurn {
    const flight = this.#pipe.flight()
    const data = concat(...this.#data)
    this.#unsent = flight
    this.#data = []
    return {
      flight,
      data,
      handshake: this.#state,
      peerChain: this.#watch.peerChain,
      received: this.#received,
      failure: this.#failure,
    }
  }

  #begin(): void {
    if (this.#socket !== undefined || this.#failure !== undefined) return
    let context: SecureContext
    try {
      context = contextFor(this.#settings)
    } catch (thrown) {
      return this.#fail({ code: 'identity', detail: String(thrown) })
    }
    const socket = this.role === 'client' ? this.#connect(context) : this.#accept(context)
    this.#socket = socket
    socket.on('keylog', (line: Buffer) => {
      this.#watch.learn(line)
      this.#settings.onKeyLog?.(line.toString('latin1').trimEnd())
    })
    socket.on('data', (bytes: Buffer) => void this.#data.push(bytes))
    socket.on('end', () => {
      this.#received ??= 'close_notify'
      if (this.#state === 'under-way')
        this.#fail({ code: 'alert-received', detail: 'close_notify' })
    })
    socket.on(this.role === 'client' ? 'secureConnect' : 'secure', () => this.#finish(socket))
    // After the handshake the platform reports a server's errors only by this event.
    socket.on('_tlsError', (error: Error) => this.#error(error))
    socket.on('error', (error: Error) => this.#error(error))
  }

  #connect(secureContext: SecureContext): TLSSocket {
    const { serverName, sessions } = this.#settings
    const session = sessions?.find(CLIENT_SESSION)?.session
    const socket = connect({
      socket: this.#pipe,
      secureContext,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(serverName === undefined || isTlsAddress(serverName) ? {} : { servername: serverName }),
      ...(session === undefined ? {} : { session }),
    })
    socket.on('session', (made: Buffer) => sessions?.keep(CLIENT_SESSION, made, CLIENT_SESSION))
    return socket
  }

  #accept(secureContext: SecureContext): TLSSocket {
    const { sessions, requestsCertificate = false } = this.#settings
    return new TLSSocket(this.#pipe, {
      isServer: true,
      secureContext,
      requestCert: requestsCertificate,
      rejectUnauthorized: false,
      ...(sessions === undefined ? {} : { server: sessionServer() }),
    })
  }

  #finish(socket: TLSSocket): void {
    if (this.#state !== 'under-way') return
    this.#state = 'done'
    this.#version = socket.getProtocol() as TlsVersion
    this.#cipher = socket.getCipher().name
    this.#isResumed = socket.isSessionReused()
  }

  #error(error: Error): void {
    const failure = failureOf(error)
    const number = /SSL alert number (\d+)/.exec(error.message)?.[1]
    if (number !== undefined) this.#received ??= alertNamed(Number(number))
    this.#fail(failure)
  }
}
