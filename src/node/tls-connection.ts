/**
 * TLS over a host's TCP, with the shape of a TCP connection: whoever speaks over it need not know. HTTPS uses it.
 * Not a judge: the client's caller decides on the server's chain, before anything is answered. RFC 8446, RFC 5246.
 */
import type { Duration } from '../base/time.ts'
import type {
  TlsAlert,
  TlsEndpoint,
  TlsFailure,
  TlsIdentity,
  TlsSettings,
  TlsTurn,
} from '../engine/tls.ts'
import type { Endpoint, Host, TcpConnection, TcpHandlers } from '../net/sockets.ts'

/** What a client thinks of a server's chain. `detail`: one line for people. */
export type TlsVerdict =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly detail: string; readonly alert: TlsAlert }

/** `chain` is DER, the end entity first; `name` is what was dialled. `done` is called once, at once or later. */
export type JudgeTls = (
  chain: readonly Uint8Array[],
  name: string,
  done: (verdict: TlsVerdict) => void,
) => void

export interface TlsHandlers extends TcpHandlers {
  /** The chain was turned down; `onClosed` follows. */
  readonly onUntrusted?: (detail: string) => void
  /** The handshake, or the connection after it, failed; `onClosed` follows. */
  readonly onTlsFailed?: (detail: string) => void
}

export interface TlsClientOptions {
  /** What was dialled: sent as the server's name, unless it is an address, and given to the judge. */
  readonly name: string
  readonly judge: JudgeTls
}

/** What Windows 11 and Server 2022 offer by default. */
const VERSIONS = { minimum: 'TLSv1.2', maximum: 'TLSv1.3' } as const

/** A connection as a client. `onConnected` comes after the handshake; what is sent before waits for it. */
export function connectTls(
  host: Host,
  to: Endpoint,
  handlers: TlsHandlers,
  options: TlsClientOptions,
): TcpConnection {
  const settings = { ...VERSIONS, role: 'client', serverName: options.name } as const
  const stream = new TlsStream(host, settings, () => handlers, options)
  stream.over(host.tcp.connect(to, stream.handlers))
  return stream
}

/** The server's side of a TCP connection; `serve` is what would serve it without TLS. */
export function acceptTls(
  host: Host,
  connection: TcpConnection,
  identity: TlsIdentity,
  serve: (connection: TcpConnection) => TlsHandlers,
): TcpHandlers {
  const stream: TlsStream = new TlsStream(host, { ...VERSIONS, role: 'server', identity }, () =>
    serve(stream),
  )
  stream.over(connection)
  return stream.handlers
}

type Step =
  | { readonly kind: 'feed' | 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' | 'close' }

class TlsStream implements TcpConnection {
  readonly #host: Host
  readonly #tls: TlsEndpoint
  readonly #client: TlsClientOptions | undefined
  readonly #above: () => TlsHandlers
  #handlers: TlsHandlers | undefined
  #below: TcpConnection | undefined
  /** What waits for its turn, in order. */
  readonly #steps: Step[] = []
  /** What was sent before the handshake was done. */
  #early: Step[] = []
  /** A turn of TLS, or a judgement, is under way. */
  #isBusy = false
  #isOpen = false
  #isJudged = false
  #isOver = false

  constructor(
    host: Host,
    settings: Omit<TlsSettings, 'onKeyLog'>,
    above: () => TlsHandlers,
    client?: TlsClientOptions,
  ) {
    this.#host = host
    this.#above = above
    this.#client = client
    const onKeyLog = (line: string): void => host.addSecret(line)
    this.#tls = host.cryptography.openTls({ ...settings, onKeyLog }, () => host.hold())
  }

  /** The connection that carries it. */
  over(below: TcpConnection): void {
    this.#below = below
    this.#handlers = this.#above()
  }

  get #connection(): TcpConnection {
    return this.#below!
  }

  get local(): Endpoint {
    return this.#connection.local
  }

  get remote(): Endpoint {
    return this.#connection.remote
  }

  /** For the connection below. */
  readonly handlers: TcpHandlers = {
    onConnected: () => {
      if (this.#tls.role === 'client') this.#queue({ kind: 'feed', bytes: new Uint8Array() })
    },
    onData: (bytes) => this.#queue({ kind: 'feed', bytes }),
    onEnd: () => this.#queue({ kind: 'end' }),
    onClosed: (reason, detail) => {
      this.#end()
      this.#handlers?.onClosed?.(reason, detail)
    },
  }

  send(bytes: Uint8Array): void {
    this.#say({ kind: 'write', bytes })
  }

  close(): void {
    this.#say({ kind: 'close' })
  }

  abort(): void {
    this.#end()
    this.#connection.abort()
  }

  #say(step: Step): void {
    if (this.#isOpen) this.#queue(step)
    else this.#early.push(step)
  }

  #queue(step: Step): void {
    this.#steps.push(step)
    this.#next()
  }

  #next(): void {
    if (this.#isBusy || this.#isOver) return
    const step = this.#steps.shift()
    if (step === undefined) return
    switch (step.kind) {
      case 'feed':
      case 'write': {
        this.#isBusy = true
        // What follows is an event of this host like any other.
        const done = (turn: TlsTurn): void =>
          void this.#host.after(0 as Duration, () => this.#turned(turn))
        if (step.kind === 'feed') this.#tls.feed(step.bytes, done)
        else this.#tls.write(step.bytes, done)
        return
      }
      case 'end':
        this.#handlers?.onEnd?.()
        // Half a handshake that comes no further: what is said above waits for its other half for ever.
        if (this.#tls.role === 'server' && !this.#isOpen) {
          this.#end()
          this.#connection.close()
        }
        return this.#next()
      case 'close':
        this.#part('close_notify', true)
    }
  }

  #turned(turn: TlsTurn): void {
    if (this.#isOver) return
    const { peerChain } = turn
    if (turn.handshake === 'failed') return this.#fail(turn)
    if (this.#client === undefined || this.#isJudged || peerChain === undefined) {
      return this.#go(turn)
    }
    const { judge, name } = this.#client
    judge(peerChain, name, (verdict) => {
      if (this.#isOver) return
      this.#isJudged = true
      if (verdict.accepted) return this.#go(turn)
      // The server must not hear a Finished first.
      this.#part(verdict.alert, false)
      this.#handlers?.onUntrusted?.(verdict.detail)
    })
  }

  #go(turn: TlsTurn): void {
    this.#isBusy = false
    if (turn.flight.length > 0) this.#connection.send(turn.flight)
    if (turn.handshake === 'done' && !this.#isOpen) {
      this.#isOpen = true
      this.#handlers?.onConnected?.()
      this.#steps.push(...this.#early)
      this.#early = []
    }
    if (turn.data.length > 0) this.#handlers?.onData?.(turn.data)
    if (turn.received === 'close_notify') this.#handlers?.onEnd?.()
    this.#next()
  }

  #fail(turn: TlsTurn): void {
    if (turn.flight.length > 0) this.#connection.send(turn.flight)
    this.#end()
    this.#connection.close()
    this.#handlers?.onTlsFailed?.(wordsOf(turn.failure, turn.received))
  }

  #part(alert: TlsAlert, flightSent: boolean): void {
    this.#connection.send(this.#tls.refuse(alert, flightSent))
    this.#end()
    this.#connection.close()
  }

  #end(): void {
    this.#isOver = true
    this.#steps.length = 0
    this.#tls.close()
  }
}

/** Without OpenSSL's line numbers or addresses: the same in every run. */
function wordsOf(failure: TlsFailure | undefined, received: TlsAlert | undefined): string {
  if (received !== undefined) return `the peer sent the alert ${received}`
  return failure === undefined ? 'failed' : `${failure.code}: ${failure.detail}`
}
