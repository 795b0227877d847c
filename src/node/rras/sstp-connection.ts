/**
 * One client of a gateway by SSTP: its session over TLS, and the packets that it sends and gets.
 * Not the service (`sstp-service.ts`), not SSTP (`engine/sstp`), and not the user's authentication, which is NPS's.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { Duration } from '../../base/time.ts'
import type { PppLease, PppReport } from '../../engine/ppp/contract.ts'
import type { SstpEnd, SstpReport } from '../../engine/sstp/contract.ts'
import { sstpSession } from '../../engine/sstp/session.ts'
import type { TunnelUsage } from '../../engine/tunnel-usage.ts'
import type { Host, TcpConnection, TunnelRefusal } from '../../net/sockets.ts'
import type { SstpHttpRequest } from '../../wire/sstp-http.ts'
import type { NasOutcome } from '../nas/nas.ts'
import { SstpRunner, type SstpOwner } from '../sstp/sstp-runner.ts'
import type { TlsHandlers } from '../tls-connection.ts'
import type { Authenticate, RasClient, RasEnding } from './client.ts'
import { EapRelay } from './eap-relay.ts'
import { SessionWatch, termsOf, type WatchHost } from './session-watch.ts'

/** What a connection asks of the service that it belongs to. */
export interface SstpServer extends WatchHost {
  readonly idleDisconnect: Duration
  readonly acceptsEap: boolean
  readonly authenticate: Authenticate
  /** Undefined: none is free. */
  takePort(): number | undefined
  /** `done` without a lease: there is none. */
  lease(connection: SstpConnection, done: (lease: PppLease | undefined) => void): void
  deliver(connection: SstpConnection, packet: Uint8Array): void
  established(connection: SstpConnection): void
  interim(connection: SstpConnection): void
  methodRefused(connection: SstpConnection): void
  over(connection: SstpConnection, why: SstpEnd): void
}

export interface Accepted {
  readonly stream: TcpConnection
  /** As TLS showed it, in DER. */
  readonly certificate: Uint8Array
  /** Tells this connection's stream of chance from those of others. */
  readonly label: string
}

export class SstpConnection implements RasClient, SstpOwner {
  readonly protocol = 'sstp'
  readonly #server: SstpServer
  readonly #stream: TcpConnection
  readonly #runner: SstpRunner
  readonly #eap: EapRelay
  readonly #watch: SessionWatch
  /** The correlation id. */
  key: string | undefined
  isEstablished = false
  /** Undefined: it has none yet. */
  #port: number | undefined
  address: Ipv4 | undefined
  endedFor: RasEnding | undefined
  #isOpen = false

  constructor(host: Host, server: SstpServer, { stream, certificate, label }: Accepted) {
    this.#server = server
    this.#stream = stream
    this.#watch = new SessionWatch(server, {
      carried: () => this.#runner.carried,
      end: (why) => this.end(why),
      interim: () => server.interim(this),
    })
    const session = sstpSession({ role: 'server', certificate })
    this.#runner = new SstpRunner(host, session, { stream, owner: this }, `server/${label}`)
    this.#eap = new EapRelay({
      answer: (answer) => this.#runner.input(answer),
      authenticate: (user, peer, done) =>
        server.authenticate({ user, address: this.from, key: this.key ?? '' }, peer, done),
    })
  }

  /** For the TLS connection that carries it. */
  readonly handlers: TlsHandlers = {
    onConnected: () => {
      this.#isOpen = true
      this.#runner.start()
    },
    onData: (bytes) => this.#runner.input({ kind: 'stream', bytes }),
    onEnd: () => this.#ended(),
    onClosed: () => this.#ended(),
  }

  #ended(): void {
    if (this.#isOpen) this.#runner.input({ kind: 'stream-ended' })
    else this.over('stream-ended')
  }

  get port(): number {
    return this.#port ?? 0
  }

  /** Whether it counts among those that have a port. */
  get hasPort(): boolean {
    return this.#port !== undefined
  }

  get from(): Ipv4 {
    return this.#stream.remote.address
  }

  get user(): string | undefined {
    return this.#eap.user
  }

  get session(): string | undefined {
    return this.#eap.session
  }

  get outcome(): NasOutcome | undefined {
    return this.#eap.outcome
  }

  get usage(): TunnelUsage {
    return this.#runner.usage
  }

  send(packet: Uint8Array): TunnelRefusal | void {
    return this.#runner.send(packet)
  }

  end(why: RasEnding): void {
    this.endedFor = why
    this.#runner.input({ kind: 'close', why })
  }

  /** Say good-bye, and be gone: the service stops. */
  shut(why: string): void {
    this.#runner.input({ kind: 'close', why })
    this.#runner.stop()
    this.#watch.stop()
    this.#stream.close()
  }

  // ── what the session asks and tells ──

  report(report: SstpReport | PppReport): void {
    // The session lives on for a while, to be sure that its good-bye was heard; the client is gone already.
    if (report.kind === 'sstp/over') this.over(report.why)
  }

  whyNoPort({ correlationId }: SstpHttpRequest): string | undefined {
    this.key = correlationId
    this.#port = this.#server.takePort()
    return this.#port === undefined ? 'no port is free' : undefined
  }

  eap(packet: Uint8Array | undefined): void {
    if (!this.#server.acceptsEap) {
      this.#server.methodRefused(this)
      return this.#runner.input({ kind: 'eap-failure', why: 'EAP is not accepted here' })
    }
    this.#eap.packet(packet)
  }

  lease(done: (lease: PppLease | undefined) => void): void {
    this.#server.lease(this, done)
  }

  up(): void {
    this.#watch.start({ idle: this.#server.idleDisconnect, ...termsOf(this.outcome) })
    this.isEstablished = true
    this.#server.established(this)
  }

  packet(bytes: Uint8Array): void {
    this.#server.deliver(this, bytes)
  }

  over(why: SstpEnd): void {
    this.#watch.stop()
    this.#server.over(this, why)
  }
}
