/**
 * One VPN connection of a Windows client over SSTP: TCP 443, TLS, and the session inside; SstpSvc's share. Not its interface (`vpn-interface.ts`), and not
 * the other protocol (`ike-connection.ts`). It stays where it is: when this host's address changes, the connection is gone.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { PppReport, PppTunnel } from '../../engine/ppp/contract.ts'
import type { SstpEnd, SstpReport } from '../../engine/sstp/contract.ts'
import { sstpSession } from '../../engine/sstp/session.ts'
import type { CloseReason, TcpConnection } from '../../net/sockets.ts'
import type { ConnectionEnd } from '../../windows/connect/ends.ts'
import { newCorrelationId, SSTP_PORT } from '../../wire/sstp-http.ts'
import { SstpRunner, type SstpOwner } from '../sstp/sstp-runner.ts'
import { connectTls, type JudgeTls } from '../tls-connection.ts'
import type { ClientHost, DialEnd, Dialling, Standing, VpnConnection } from './contract.ts'
import { EapEnd } from './eap-end.ts'
import { VpnInterface } from './vpn-interface.ts'

/** Dial once; `done` is called once, and the connection lives on where it is `connected`. */
export class SstpConnection implements VpnConnection, SstpOwner {
  readonly #host: ClientHost
  readonly #dial: Standing
  /** Undefined: the dial is over. What a tunnel that stands for months does not need is let go with it. */
  #dialling: Pick<Dialling, 'deps' | 'done'> | undefined
  readonly #server: Ipv4
  readonly #interface: VpnInterface
  #eap: EapEnd | undefined
  #stream: TcpConnection | undefined
  #runner: SstpRunner | undefined
  /** As the gateway showed it: the binding has its hash. */
  #certificate: Uint8Array | undefined
  #stopWatching: (() => void) | undefined
  onLost: ((why: ConnectionEnd) => void) | undefined

  constructor(host: ClientHost, { server, dial, deps, done }: Dialling) {
    const { authentication: _, ...standing } = dial
    this.#host = host
    this.#dial = standing
    this.#dialling = { deps, done }
    this.#server = server
    this.#interface = new VpnInterface(host, standing)
    this.#eap = new EapEnd({ dial, deps }, (answer) => this.#runner?.input(answer))
  }

  start(): void {
    this.#interface.pin(this.#server)
    if (this.#host.sourceFor(this.#server) === undefined) return this.#end({ kind: 'no-network' })
    this.#stream = connectTls(
      this.#host,
      { address: this.#server, port: SSTP_PORT },
      {
        onConnected: () => this.#begin(),
        onData: (bytes) => this.#runner?.input({ kind: 'stream', bytes }),
        onEnd: () => this.#runner?.input({ kind: 'stream-ended' }),
        onUntrusted: () => this.#end({ kind: 'untrusted' }),
        onTlsFailed: (detail) => this.#end({ kind: 'tls-failed', detail }),
        onClosed: (reason) => this.#closed(reason),
      },
      { name: this.#dial.server, judge: this.#judge },
    )
  }

  close(why: string): void {
    this.#runner?.input({ kind: 'close', why })
  }

  vanish(): void {
    this.#release()
  }

  readonly #judge: JudgeTls = (chain, name, done) => {
    this.#certificate = chain[0]
    this.#dialling?.deps.onPhase('P2', `TCP ${SSTP_PORT} answers, with TLS`)
    this.#dialling?.deps.judgeTls(chain, name, done)
  }

  #begin(): void {
    const { server: host, name } = this.#dial
    const certificate = this.#certificate
    const stream = this.#stream
    if (certificate === undefined || stream === undefined) return
    // Each dial has chance of its own: two never begin at the same instant.
    const label = `client/${name}/${this.#host.now}`
    const correlationId = newCorrelationId(this.#host.rng.fork(`sstp/correlation/${label}`))
    this.#dialling?.deps.onKnown(correlationId)
    const session = sstpSession({ role: 'client', certificate, host, correlationId })
    this.#runner = new SstpRunner(this.#host, session, { stream, owner: this }, label)
    this.#runner.start()
  }

  /** Before the session began, TCP or TLS itself has failed. */
  #closed(reason: CloseReason): void {
    if (this.#runner !== undefined) return this.#runner.input({ kind: 'stream-ended' })
    const isShown = this.#certificate !== undefined
    this.#end(isShown ? { kind: 'tls-failed', detail: reason } : { kind: 'tcp', reason })
  }

  #end(end: DialEnd): void {
    const dialling = this.#dialling
    if (dialling === undefined) return
    this.#dialling = undefined
    this.#eap = undefined
    if (end.kind !== 'connected') this.#release()
    dialling.done(end)
  }

  #release(): void {
    this.#runner?.stop()
    this.#stopWatching?.()
    this.#interface.close()
  }

  #onNetworkChange(own: Ipv4 | undefined): void {
    if (this.#host.sourceFor(this.#server) === own) return
    this.#release()
    this.#stream?.abort()
    this.onLost?.('link-lost')
  }

  // ── what the session asks and tells ──

  report(report: SstpReport | PppReport): void {
    this.#dialling?.deps.onReport(report)
  }

  whyNoPort(): string {
    return 'a client lets nobody in'
  }

  lease(done: (lease: undefined) => void): void {
    // A client gives nobody an address.
    done(undefined)
  }

  eap(packet: Uint8Array | undefined): void {
    if (packet !== undefined) this.#eap?.packet(packet)
  }

  up({ own: address, dns }: PppTunnel): void {
    const given = { address, dns }
    this.#dialling?.deps.onPhase('P5', this.#interface.describe(given))
    const routes = this.#interface.open(given, (packet) => this.#runner?.send(packet))
    const source = this.#host.sourceFor(this.#server)
    this.#stopWatching = this.#host.onNetworkChange(() => this.#onNetworkChange(source))
    const server = this.#server
    this.#end({ kind: 'connected', server, ...given, routes, carriage: 'tls' })
  }

  packet(bytes: Uint8Array): void {
    this.#interface.deliver(bytes)
  }

  over(why: SstpEnd): void {
    if (this.#dialling !== undefined) return this.#end({ kind: 'sstp-over', why })
    this.#release()
    this.onLost?.(ENDS[why] ?? 'link-lost')
  }
}

/** What an end of the session is to the client. */
const ENDS: Readonly<Partial<Record<SstpEnd, ConnectionEnd>>> = {
  closed: 'user',
  'terminated-by-peer': 'remote',
  'disconnected-by-peer': 'remote',
  'aborted-by-peer': 'remote',
}
