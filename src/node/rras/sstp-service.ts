/**
 * The SSTP service of a gateway (SstpSvc): who comes to TCP 443 over TLS, and the ports that it has for them. Not the connections
 * (`sstp-connection.ts`); addresses and RADIUS are the gateway's (`remote-access.ts`).
 */
import type { Ipv4 } from '../../base/address.ts'
import { ok, type Result } from '../../base/result.ts'
import type { Duration, Instant } from '../../base/time.ts'
import type { PppLease } from '../../engine/ppp/contract.ts'
import type { SstpEnd } from '../../engine/sstp/contract.ts'
import type { TlsIdentity } from '../../engine/tls.ts'
import type { Host, TcpConnection, TcpHandlers, TcpListener } from '../../net/sockets.ts'
import type { Timer } from '../../net/world.ts'
import { SSTP_PORT } from '../../wire/sstp-http.ts'
import { acceptTls } from '../tls-connection.ts'
import { framedAddress, type Authenticate } from './client.ts'
import type { Inside } from './inside.ts'
import { PortNumbers } from './port-numbers.ts'
import { SstpConnection, type SstpServer } from './sstp-connection.ts'

export interface SstpSettings {
  /** How many clients SSTP may have at once. */
  readonly ports: number
  readonly acceptsEap: boolean
  readonly idleDisconnect: Duration
  readonly dns: readonly Ipv4[]
}

export interface SstpDeps {
  /** What is bound to SSTP at this moment; undefined: nothing is, and connections are reset. */
  identity(): TlsIdentity | undefined
  readonly authenticate: Authenticate
  onEstablished(connection: SstpConnection): void
  onInterim(connection: SstpConnection): void
  onOver(connection: SstpConnection, why: SstpEnd): void
  onNoAddress(): void
  onMethodRefused(connection: SstpConnection): void
  onNoCertificate(): void
}

export class SstpService implements SstpServer {
  readonly #host: Host
  readonly #settings: SstpSettings
  readonly #deps: SstpDeps
  readonly #inside: Inside
  readonly #ports: PortNumbers
  readonly #connections = new Set<SstpConnection>()
  #listener: TcpListener | undefined
  #accepted = 0

  private constructor(host: Host, settings: SstpSettings, deps: SstpDeps, inside: Inside) {
    this.#host = host
    this.#settings = settings
    this.#deps = deps
    this.#inside = inside
    this.#ports = new PortNumbers(settings.ports)
  }

  static start(
    host: Host,
    settings: SstpSettings,
    deps: SstpDeps,
    inside: Inside,
  ): Result<SstpService, 'port-in-use'> {
    const service = new SstpService(host, settings, deps, inside)
    const listener = host.tcp.listen({ port: SSTP_PORT }, (tcp) => service.#accept(tcp))
    if (!listener.ok) return listener
    service.#listener = listener.value
    return ok(service)
  }

  /** Everybody is told, and the port is closed. */
  stop(): void {
    this.#listener?.close()
    for (const connection of this.#connections) connection.shut('the service stops')
    this.#connections.clear()
  }

  #accept(tcp: TcpConnection): TcpHandlers {
    const identity = this.#deps.identity()
    const certificate = identity?.chain[0]
    if (identity === undefined || certificate === undefined) {
      this.#deps.onNoCertificate()
      // HTTP.sys resets what comes to a port without a certificate.
      return { onData: () => tcp.abort() }
    }
    return acceptTls(this.#host, tcp, identity, (stream) => {
      this.#accepted++
      const accepted = { stream, certificate, label: `${this.#accepted}` }
      const connection = new SstpConnection(this.#host, this, accepted)
      this.#connections.add(connection)
      return connection.handlers
    })
  }

  // ── for connections ──

  get now(): Instant {
    return this.#host.now
  }

  after(delay: Duration, run: () => void): Timer {
    return this.#host.after(delay, run)
  }

  get idleDisconnect(): Duration {
    return this.#settings.idleDisconnect
  }

  get acceptsEap(): boolean {
    return this.#settings.acceptsEap
  }

  get authenticate(): Authenticate {
    return this.#deps.authenticate
  }

  takePort(): number | undefined {
    return this.#ports.take()
  }

  lease(connection: SstpConnection, done: (lease: PppLease | undefined) => void): void {
    this.#inside.take(connection, framedAddress(connection.outcome), (taken) => {
      if (taken === undefined) this.#deps.onNoAddress()
      done(taken && { ...taken, dns: this.#settings.dns })
    })
  }

  deliver(connection: SstpConnection, packet: Uint8Array): void {
    this.#inside.deliver(connection, packet)
  }

  established(connection: SstpConnection): void {
    this.#deps.onEstablished(connection)
  }

  interim(connection: SstpConnection): void {
    this.#deps.onInterim(connection)
  }

  methodRefused(connection: SstpConnection): void {
    this.#deps.onMethodRefused(connection)
  }

  over(connection: SstpConnection, why: SstpEnd): void {
    if (!this.#connections.delete(connection)) return
    if (connection.hasPort) this.#ports.give(connection.port)
    this.#inside.give(connection)
    this.#deps.onOver(connection, why)
  }
}
