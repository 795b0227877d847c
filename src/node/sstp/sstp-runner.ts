/**
 * Runs one SSTP session on a host: its bytes over a TLS connection, its questions to the owner.
 * Not the session (`engine/sstp/session.ts`), and not what its owner makes of it.
 */
import type { Instant } from '../../base/time.ts'
import type { PppLease, PppReport, PppTunnel } from '../../engine/ppp/contract.ts'
import type { SstpEnd, SstpInput, SstpOutput, SstpReport } from '../../engine/sstp/contract.ts'
import type { SstpSession } from '../../engine/sstp/session.ts'
import type { SstpState } from '../../engine/sstp/state.ts'
import type { TcpConnection, TunnelRefusal } from '../../net/sockets.ts'
import type { SstpHttpRequest } from '../../wire/sstp-http.ts'
import { StepRunner, type StepHost } from '../step-runner.ts'
import type { TunnelUsage } from '../../engine/tunnel-usage.ts'

export interface SstpOwner {
  report(report: SstpReport | PppReport): void
  /** Server: has it a port for one more? Undefined: yes; else why not. */
  whyNoPort(request: SstpHttpRequest): string | undefined
  /** A packet of the other side of EAP; without one: begin. Answered by an input, now or later. */
  eap(packet: Uint8Array | undefined): void
  /** Server: what shall this peer be given? `done` is called once, now or later; without a lease: there is nothing. */
  lease(done: (lease: PppLease | undefined) => void): void
  up(tunnel: PppTunnel): void
  /** An inner packet of the peer. */
  packet(bytes: Uint8Array): void
  over(why: SstpEnd): void
}

export class SstpRunner extends StepRunner<SstpState, SstpInput, SstpOutput> {
  readonly #host: StepHost
  readonly #stream: TcpConnection
  readonly #owner: SstpOwner
  readonly #inbound = { packets: 0, bytes: 0 }
  readonly #outbound = { packets: 0, bytes: 0 }
  #carried: Instant
  #tunnel: PppTunnel | undefined

  /** `stream`: TLS, established. `label` tells its stream of chance from those of other sessions. */
  constructor(
    host: StepHost,
    session: SstpSession,
    { stream, owner }: { readonly stream: TcpConnection; readonly owner: SstpOwner },
    label: string,
  ) {
    super(host, session, {
      source: 'RasSstp',
      stream: `sstp/${label}`,
      carry: (output) => this.#carry(output),
    })
    this.#host = host
    this.#stream = stream
    this.#owner = owner
    this.#carried = host.now
  }

  /** Inner packets and their bytes. */
  get usage(): TunnelUsage {
    return { inbound: { ...this.#inbound }, outbound: { ...this.#outbound } }
  }

  /** When an inner packet last went or came; before the first: when the session began. */
  get carried(): Instant {
    return this.#carried
  }

  /** An inner packet for the peer. */
  send(packet: Uint8Array): TunnelRefusal | void {
    const tunnel = this.#tunnel
    if (tunnel === undefined) return 'net-unreachable'
    if (packet.length > tunnel.mtu) return { code: 'too-big', mtu: tunnel.mtu }
    this.#count(this.#outbound, packet)
    this.input({ kind: 'packet', bytes: packet })
  }

  /** Forget it without a word of SSTP. */
  override stop(): void {
    this.#tunnel = undefined
    super.stop()
  }

  #count(count: { packets: number; bytes: number }, packet: Uint8Array): void {
    count.packets++
    count.bytes += packet.length
    this.#carried = this.#host.now
  }

  #carry(output: Carried): void {
    const owner = this.#owner
    switch (output.kind) {
      case 'send':
        return this.#stream.send(output.bytes)
      case 'report':
        return owner.report(output.report)
      case 'ask-port': {
        const why = owner.whyNoPort(output.request)
        return this.input(
          why === undefined
            ? { kind: 'port', granted: true }
            : { kind: 'port', granted: false, why },
        )
      }
      case 'eap':
        return owner.eap(output.packet)
      case 'ask-address': {
        return owner.lease((lease) =>
          this.input({ kind: 'address', ...(lease !== undefined && { lease }) }),
        )
      }
      case 'up':
        this.#tunnel = output.tunnel
        return owner.up(output.tunnel)
      case 'packet':
        this.#count(this.#inbound, output.bytes)
        return owner.packet(output.bytes)
      case 'down':
        this.#tunnel = undefined
        return
      case 'over':
        this.stop()
        if (output.abort) this.#stream.abort()
        else this.#stream.close()
        return owner.over(output.why)
    }
  }
}

type Carried = Exclude<SstpOutput, { readonly kind: 'arm' | 'disarm' }>
