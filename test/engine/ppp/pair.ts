/**
 * Two PPP links over a carrier in memory that loses nothing. EAP is a toy: the server asks, the peer answers, three times, then one of them has its say.
 */
import { ipv4 } from '../../../src/base/address.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { ms, seconds, type Duration } from '../../../src/base/time.ts'
import type {
  PppInput,
  PppLease,
  PppOptions,
  PppOutput,
  PppReport,
  PppTunnel,
} from '../../../src/engine/ppp/contract.ts'
import { pppLink, type PppLink } from '../../../src/engine/ppp/link.ts'
import type { PppState } from '../../../src/engine/ppp/state.ts'
import { ControlCode, encodeControl, encodePppOptions } from '../../../src/wire/ppp/control.ts'
import type { PppOption } from '../../../src/wire/ppp/control.ts'
import { encodePppFrame } from '../../../src/wire/ppp/frame.ts'
import { Clock } from './clock.ts'

export const LATENCY = ms(10)
export const MSK = Uint8Array.from({ length: 64 }, (_, at) => at)
export const LEASE: PppLease = {
  address: ipv4('10.20.100.7'),
  server: ipv4('10.20.100.1'),
  dns: [ipv4('10.20.0.10'), ipv4('10.20.0.11')],
}
export const EAP_SUCCESS = Uint8Array.of(3, 9, 0, 4)
export const EAP_FAILURE = Uint8Array.of(4, 9, 0, 4)
const ROUNDS = 3

export type EapAnswer = Extract<PppInput, { kind: 'eap' | 'eap-success' | 'eap-failure' }>

/** How a host answers; absent: at once and well. */
export interface Manners {
  readonly eap?: (packet: Uint8Array | undefined, round: number) => EapAnswer | undefined
  readonly address?: () => PppLease | undefined
  /** Before each answer. */
  readonly thinks?: Duration
}

export const toyServer = (_: Uint8Array | undefined, round: number): EapAnswer =>
  round < ROUNDS
    ? { kind: 'eap', packet: Uint8Array.of(1, round, 0, 5, 1) }
    : { kind: 'eap-success', packet: EAP_SUCCESS, msk: MSK }

export const toyClient = (packet: Uint8Array | undefined): EapAnswer => {
  switch (packet?.[0]) {
    case 3:
      return { kind: 'eap-success', msk: MSK }
    case 4:
      return { kind: 'eap-failure' }
    default:
      return { kind: 'eap', packet: Uint8Array.of(2, packet?.[1] ?? 0, 0, 5, 1) }
  }
}

export class PppSide {
  readonly reports: PppReport[] = []
  readonly outputs: PppOutput[] = []
  readonly frames: Uint8Array[] = []
  readonly packets: string[] = []
  readonly timers = new Map<string, number>()
  tunnel: PppTunnel | undefined
  msk: Uint8Array | undefined
  over: string | undefined
  readonly link: PppLink
  readonly state: PppState
  /** Where frames go. */
  deliver: (frame: Uint8Array) => void = () => {}
  readonly #clock: Clock
  readonly #env
  readonly #manners: Manners
  #round = 0

  constructor(clock: Clock, options: PppOptions, manners: Manners = {}) {
    this.#clock = clock
    this.#manners = manners
    const fallback = options.role === 'client' ? toyClient : toyServer
    this.#eap = manners.eap ?? fallback
    this.#env = {
      get now() {
        return clock.now
      },
      rng: rngFrom(`ppp/${options.role}`),
      log: () => {},
    }
    this.link = pppLink(options)
    this.state = this.link.start(this.#env).state
  }

  readonly #eap

  input(input: PppInput): this {
    for (const output of this.link.step(this.state, input, this.#env).outputs) {
      this.outputs.push(output)
      this.#carryOut(output)
    }
    return this
  }

  #carryOut(output: PppOutput): void {
    switch (output.kind) {
      case 'frame':
        this.frames.push(output.bytes)
        return this.deliver(output.bytes)
      case 'arm': {
        const serial = this.#clock.after(output.after, () => {
          if (this.timers.get(output.timer) !== serial) return
          this.timers.delete(output.timer)
          this.input({ kind: 'timer', timer: output.timer })
        })
        this.timers.set(output.timer, serial)
        return
      }
      case 'disarm':
        this.timers.delete(output.timer)
        return
      case 'report':
        this.reports.push(output.report)
        return
      case 'eap':
        return this.#answer(this.#eap(output.packet, this.#round++))
      case 'authenticated':
        this.msk = output.msk
        return
      case 'ask-address': {
        const lease = this.#manners.address === undefined ? LEASE : this.#manners.address()
        return this.#answer({ kind: 'address', ...(lease !== undefined && { lease }) })
      }
      case 'up':
        this.tunnel = output.tunnel
        return
      case 'packet':
        this.packets.push(toHex(output.bytes))
        return
      case 'down':
        this.tunnel = undefined
        return
      case 'over':
        this.over = output.why
    }
  }

  #answer(input: PppInput | undefined): void {
    if (input === undefined) return
    this.#clock.after(this.#manners.thinks ?? ms(0), () => this.input(input))
  }

  kinds(): readonly string[] {
    return this.reports.filter(({ kind }) => kind !== 'ppp/packet').map(({ kind }) => kind)
  }

  report<K extends PppReport['kind']>(kind: K): Extract<PppReport, { kind: K }> | undefined {
    return this.reports.find((each): each is Extract<PppReport, { kind: K }> => each.kind === kind)
  }

  /** `> LCP Configure-Request 1 {MRU 4091}`: what was sent and received, in order. Magic numbers are left out. */
  packetsTold(): readonly string[] {
    return this.reports.flatMap((each) => {
      if (each.kind !== 'ppp/packet') return []
      const options = each.options?.map((option) => option.replace(/^MAGIC .*/, 'MAGIC'))
      const way = each.direction === 'sent' ? '>' : '<'
      const list = options === undefined ? '' : ` {${options.join(', ')}}`
      return [`${way} ${each.protocol} ${each.code} ${each.identifier}${list}`]
    })
  }
}

export interface PairOptions {
  readonly client?: Partial<PppOptions>
  readonly server?: Partial<PppOptions>
  readonly clientManners?: Manners
  readonly serverManners?: Manners
}

export class PppPair {
  readonly clock = new Clock()
  readonly client: PppSide
  readonly server: PppSide

  constructor(options: PairOptions = {}) {
    this.client = new PppSide(
      this.clock,
      { role: 'client', ...options.client },
      options.clientManners,
    )
    this.server = new PppSide(
      this.clock,
      { role: 'server', ...options.server },
      options.serverManners,
    )
    const wire = (to: PppSide) => (frame: Uint8Array) =>
      void this.clock.after(LATENCY, () => to.input({ kind: 'frame', bytes: frame }))
    this.client.deliver = wire(this.server)
    this.server.deliver = wire(this.client)
  }

  connect(limit: Duration = seconds(120)): this {
    this.client.input({ kind: 'up' })
    this.server.input({ kind: 'up' })
    this.clock.run(limit)
    return this
  }
}

/** A control packet in a frame. */
export const controlFrame = (
  protocol: number,
  code: keyof typeof ControlCode,
  identifier: number,
  content: readonly PppOption[] | Uint8Array = [],
): Uint8Array => {
  const data = content instanceof Uint8Array ? content : encodePppOptions(content)
  const information = encodeControl({ code: ControlCode[code], identifier, data })
  return encodePppFrame({ protocol, information })
}
