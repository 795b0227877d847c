/**
 * Runs one SSTP session on a host: its timers on the host's clock, its bytes over a TLS connection, its questions to the owner.
 * Not the session (`engine/sstp/session.ts`), and not what its owner makes of it.
 */
import type { Instant } from '../../base/time.ts'
import type { Env } from '../../engine/engine.ts'
import type { PppLease, PppReport, PppTunnel } from '../../engine/ppp/contract.ts'
import type { SstpEnd, SstpInput, SstpOutput, SstpReport } from '../../engine/sstp/contract.ts'
import type { SstpSession } from '../../engine/sstp/session.ts'
import type { SstpState } from '../../engine/sstp/state.ts'
import type { Host, TcpConnection, TunnelRefusal } from '../../net/sockets.ts'
import type { Timer } from '../../net/world.ts'
import type { SstpHttpRequest } from '../../wire/sstp-http.ts'

export interface SstpOwner {
  report(report: SstpReport | PppReport): void
  /** Server: has it a port for one more? Undefined: yes; else why not. */
  whyNoPort(request: SstpHttpRequest): string | undefined
  /** A packet of the other side of EAP; without one: begin. Answered by an input, now or later. */
  eap(packet: Uint8Array | undefined): void
  /** Server: what shall this peer be given? Undefined: there is nothing. */
  lease(): PppLease | undefined
  up(tunnel: PppTunnel): void
  /** An inner packet of the peer. */
  packet(bytes: Uint8Array): void
  over(why: SstpEnd): void
}

type SstpRunnerHost = Pick<Host, 'now' | 'rng' | 'log' | 'after'>

export class SstpRunner {
  readonly #host: SstpRunnerHost
  readonly #session: SstpSession
  readonly #stream: TcpConnection
  readonly #owner: SstpOwner
  readonly #env: Env
  readonly #timers = new Map<string, Timer>()
  readonly #inputs: SstpInput[] = []
  readonly #inbound = { packets: 0, bytes: 0 }
  readonly #outbound = { packets: 0, bytes: 0 }
  #carried: Instant
  #tunnel: PppTunnel | undefined
  #state: SstpState | undefined
  #isBusy = false
  #isOver = false

  /** `stream`: TLS, established. `label` tells its stream of chance from those of other sessions. */
  constructor(
    host: SstpRunnerHost,
    session: SstpSession,
    ends: { readonly stream: TcpConnection; readonly owner: SstpOwner },
    label: string,
  ) {
    this.#host = host
    this.#session = session
    this.#stream = ends.stream
    this.#owner = ends.owner
    this.#carried = host.now
    this.#env = {
      get now() {
        return host.now
      },
      rng: host.rng.fork(`sstp/${label}`),
      log: (text) => host.log('RasSstp', text),
    }
  }

  start(): void {
    const { state, outputs } = this.#session.start(this.#env)
    this.#state = state
    this.#isBusy = true
    for (const output of outputs) this.#carry(output)
    this.#isBusy = false
    this.#work()
  }

  /** Answers that come while outputs are carried out wait until all of them are: the session named an order. */
  input(input: SstpInput): void {
    this.#inputs.push(input)
    this.#work()
  }

  /** Inner packets and their bytes. */
  get usage(): {
    readonly inbound: { readonly packets: number; readonly bytes: number }
    readonly outbound: { readonly packets: number; readonly bytes: number }
  } {
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
  stop(): void {
    this.#isOver = true
    this.#tunnel = undefined
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #count(count: { packets: number; bytes: number }, packet: Uint8Array): void {
    count.packets++
    count.bytes += packet.length
    this.#carried = this.#host.now
  }

  #work(): void {
    if (this.#isBusy || this.#state === undefined) return
    this.#isBusy = true
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
      if (this.#isOver) continue
      const { state, outputs } = this.#session.step(this.#state, input, this.#env)
      this.#state = state
      for (const output of outputs) this.#carry(output)
    }
    this.#isBusy = false
  }

  #carry(output: SstpOutput): void {
    const owner = this.#owner
    switch (output.kind) {
      case 'send':
        return this.#stream.send(output.bytes)
      case 'arm':
        return this.#arm(output.timer, output.after)
      case 'disarm':
        return this.#disarm(output.timer)
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
        const lease = owner.lease()
        return this.input({ kind: 'address', ...(lease !== undefined && { lease }) })
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

  #arm(timer: string, after: Parameters<Host['after']>[0]): void {
    this.#disarm(timer)
    this.#timers.set(
      timer,
      this.#host.after(after, () => {
        this.#timers.delete(timer)
        this.input({ kind: 'timer', timer })
      }),
    )
  }

  #disarm(timer: string): void {
    this.#timers.get(timer)?.cancel()
    this.#timers.delete(timer)
  }
}
