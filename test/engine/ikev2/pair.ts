/**
 * An initiator and a responder over a channel in memory, with a hand on its clock: what the network does to each datagram is the test's to say. The hosts
 * answer questions as the test has them; EAP is a toy of fixed rounds.
 */
import { formatIpv4, ipv4 } from '../../../src/base/address.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { rngFrom, type Rng } from '../../../src/base/rng.ts'
import {
  after,
  between,
  instant,
  ms,
  seconds,
  type Duration,
  type Instant,
} from '../../../src/base/time.ts'
import type { EspSuite, IkeSuite } from '../../../src/crypto/ike/transforms.ts'
import type { IkeChild, IkeInput, IkeOutput } from '../../../src/engine/ikev2/contract.ts'
import { IkeDoor, type IkeDoorOptions } from '../../../src/engine/ikev2/door.ts'
import type {
  IkeEndpoint,
  IkeEndpoints,
  IkeInitiatorOptions,
  IkeResponderOptions,
} from '../../../src/engine/ikev2/options.ts'
import { espTransforms, ikeTransforms } from '../../../src/engine/ikev2/proposals.ts'
import type { IkeReport, IkeSecrets } from '../../../src/engine/ikev2/report.ts'
import { routeOf } from '../../../src/engine/ikev2/route.ts'
import { ALL_IPV4, ALL_IPV6 } from '../../../src/engine/ikev2/selectors.ts'
import { ikeSession, type IkeSession } from '../../../src/engine/ikev2/session.ts'
import type { IkeState } from '../../../src/engine/ikev2/state.ts'
import { ConfigAttribute } from '../../../src/wire/ikev2/numbers.ts'
import { GATEWAY } from './identities.ts'

export const BEGAN = instant('2026-03-02T08:00:00Z')
export const LATENCY = ms(10)
export const MSK = new Uint8Array(64).fill(0x4d)
export const CLIENT_AT = ipv4('203.0.113.77')
export const GATEWAY_AT = ipv4('192.0.2.10')
export const INNER = ipv4('10.20.100.7')

export const IKE_SUITE: IkeSuite = {
  encryption: { id: 12, keyBits: 256 },
  integrity: 12,
  prf: 5,
  group: 19,
}
export const ESP_SUITE: EspSuite = { encryption: { id: 12, keyBits: 256 }, integrity: 2 }

const attribute = (type: number, value = new Uint8Array()) => ({ type, value })
export const CFG_REPLY = [
  attribute(ConfigAttribute.INTERNAL_IP4_ADDRESS, Uint8Array.of(10, 20, 100, 7)),
  attribute(ConfigAttribute.INTERNAL_IP4_DNS, Uint8Array.of(10, 20, 0, 10)),
]

export const initiatorOptions = (rest: Partial<IkeInitiatorOptions> = {}): IkeInitiatorOptions => ({
  role: 'initiator',
  endpoints: {
    local: { address: CLIENT_AT, port: 500 },
    remote: { address: GATEWAY_AT, port: 500 },
  },
  authentication: { kind: 'eap', identity: { type: 1, data: Uint8Array.of(203, 0, 113, 77) } },
  ikeProposals: [ikeTransforms(IKE_SUITE)],
  espProposals: [espTransforms(ESP_SUITE)],
  configuration: [
    attribute(ConfigAttribute.INTERNAL_IP4_ADDRESS),
    attribute(ConfigAttribute.INTERNAL_IP4_DNS),
  ],
  localSelectors: [ALL_IPV4, ALL_IPV6],
  remoteSelectors: [ALL_IPV4, ALL_IPV6],
  ...rest,
})

export const responderOptions = (rest: Partial<IkeResponderOptions> = {}): IkeResponderOptions => ({
  role: 'responder',
  ikeSuites: [IKE_SUITE],
  espSuites: [ESP_SUITE],
  certificate: GATEWAY,
  accepts: { eap: true, certificate: true },
  localSelectors: [ALL_IPV4],
  ...rest,
})

/** How a host answers what its session asks; absent: at once and well. */
export interface Manners {
  readonly judge?: (chain: readonly Uint8Array[]) => IkeInput | undefined
  readonly address?: () => IkeInput | undefined
  readonly eap?: (packet: Uint8Array | undefined) => IkeInput | undefined
  readonly certificate?: (authorities: readonly Uint8Array[]) => IkeInput | undefined
}

type Send = Extract<IkeOutput, { kind: 'send' }>

export class Side {
  readonly reports: IkeReport[] = []
  readonly outputs: IkeOutput[] = []
  readonly sent: Send[] = []
  readonly children = new Map<number, IkeChild>()
  readonly routes = new Set<string>()
  readonly timers = new Map<string, number>()
  readonly secrets: IkeSecrets[] = []
  over: string | undefined
  readonly session: IkeSession
  readonly state: IkeState
  readonly #pair: Pair
  readonly #manners: Manners
  readonly #rng: Rng

  constructor(pair: Pair, options: IkeInitiatorOptions | IkeResponderOptions, manners: Manners) {
    this.#pair = pair
    this.#manners = manners
    this.#rng = pair.rng.fork(`${options.role}/${pair.sessions++}`)
    this.session = ikeSession(options)
    const { state, outputs } = this.session.start(this.env)
    this.state = state
    this.#pending = outputs
  }

  #pending: readonly IkeOutput[]
  begin(): void {
    this.#carryOut(this.#pending)
    this.#pending = []
  }

  get env() {
    return { now: this.#pair.now, rng: this.#rng, log: () => {} }
  }

  input(input: IkeInput): this {
    this.#carryOut(this.session.step(this.state, input, this.env).outputs)
    return this
  }

  #carryOut(outputs: readonly IkeOutput[]): void {
    for (const output of outputs) {
      this.outputs.push(output)
      this.#carryOutOne(output)
    }
  }

  #carryOutOne(output: IkeOutput): void {
    const manners = this.#manners
    switch (output.kind) {
      case 'send':
        this.sent.push(output)
        return this.#pair.send(this, output)
      case 'arm': {
        const serial = this.#pair.after(output.after, () => {
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
      case 'route':
        if (output.change === 'add') this.routes.add(output.key)
        else this.routes.delete(output.key)
        return
      case 'eap':
        return this.#answer((manners.eap ?? this.#pair.toyEap(this))(output.packet))
      case 'ask-judge':
        return this.#answer((manners.judge ?? accept)(output.chain))
      case 'ask-address':
        return this.#answer((manners.address ?? assign)())
      case 'ask-certificate':
        return this.#answer(manners.certificate?.(output.authorities))
      case 'child-up':
        this.children.set(output.child.spi, output.child)
        return
      case 'child-down':
        this.children.delete(output.spi)
        return
      case 'secrets':
        this.secrets.push(output.secrets)
        return
      case 'over':
        this.over = output.why
    }
  }

  #answer(input: IkeInput | undefined): void {
    if (input !== undefined) this.#pair.after(ms(0), () => this.input(input))
  }

  kinds(): readonly string[] {
    return this.reports.filter(({ kind }) => kind !== 'ike/message').map(({ kind }) => kind)
  }

  report<K extends IkeReport['kind']>(kind: K): Extract<IkeReport, { kind: K }> | undefined {
    return this.reports.find((each): each is Extract<IkeReport, { kind: K }> => each.kind === kind)
  }

  /** `> IKE_AUTH 1 {IDi SA}`: what was sent and received, in order. */
  messages(): readonly string[] {
    return this.reports.flatMap((each) =>
      each.kind === 'ike/message'
        ? [
            `${each.direction === 'sent' ? '>' : '<'} ${each.exchange} ${each.response ? 'answer' : 'request'} ${each.messageId} {${each.payloads.join(' ')}}`,
          ]
        : [],
    )
  }
}

const accept = (): IkeInput => ({ kind: 'judged', accepted: true })
const assign = (): IkeInput => ({ kind: 'address', reply: CFG_REPLY })

export interface Passing {
  readonly from: 'initiator' | 'responder'
  readonly bytes: Uint8Array
  readonly marker: boolean
  /** Counts per sender, from 0. */
  readonly number: number
}

/** What becomes of a datagram: the times at which copies of it arrive, from now; none: it is lost. */
export type Network = (
  passing: Passing,
) => readonly { readonly after?: Duration; readonly bytes?: Uint8Array }[]

export const deliver: Network = () => [{}]

export interface PairOptions {
  readonly initiator?: Partial<IkeInitiatorOptions>
  readonly responder?: Partial<IkeResponderOptions>
  readonly initiatorManners?: Manners
  readonly responderManners?: Manners
  readonly network?: Network
  readonly door?: IkeDoorOptions
  readonly seed?: string
  /** The address in front of the initiator. */
  readonly nat?: IkeEndpoint['address']
}

interface Event {
  readonly at: Instant
  readonly serial: number
  readonly run: () => void
}

export class Pair {
  now: Instant = BEGAN
  sessions = 0
  readonly rng: Rng
  readonly initiator: Side
  /** Every session that the responder's host opened, the last of them in use. */
  readonly responders: Side[] = []
  readonly door: IkeDoor
  network: Network
  halfOpen = 0
  nat: IkeEndpoint['address'] | undefined
  readonly #options: PairOptions
  #events: Event[] = []
  #serial = 0
  #numbers = { initiator: 0, responder: 0 }
  readonly keepalives: Instant[] = []
  readonly wire: string[] = []

  constructor(options: PairOptions = {}) {
    this.#options = options
    this.rng = rngFrom(options.seed ?? 'ikev2')
    this.network = options.network ?? deliver
    this.nat = options.nat
    this.door = new IkeDoor(options.door)
    this.initiator = new Side(
      this,
      initiatorOptions(options.initiator),
      options.initiatorManners ?? {},
    )
    this.initiator.begin()
  }

  get responder(): Side {
    return this.responders.at(-1)!
  }

  after(duration: Duration, run: () => void): number {
    const serial = ++this.#serial
    this.#events.push({ at: after(this.now, duration), serial, run })
    return serial
  }

  send(side: Side, { endpoints, bytes, marker }: Send): void {
    const from = side === this.initiator ? 'initiator' : 'responder'
    const number = this.#numbers[from]++
    if (bytes.length === 1) {
      this.keepalives.push(this.now)
      return
    }
    this.wire.push(`${from} ${endpoints.local.port}>${endpoints.remote.port} ${toHex(bytes)}`)
    for (const copy of this.network({ from, bytes, marker, number })) {
      const arriving = copy.bytes ?? bytes
      this.after(copy.after ?? LATENCY, () => this.#arrive(from, endpoints, arriving))
    }
  }

  /** Turned about, and seen through the NAT. */
  #arrive(from: 'initiator' | 'responder', sent: IkeEndpoints, bytes: Uint8Array): void {
    if (from === 'initiator') {
      const outside = this.nat === undefined ? sent.local : natted(sent.local, this.nat)
      return this.#atResponder(bytes, { local: sent.remote, remote: outside })
    }
    const inside = this.nat === undefined ? sent.remote : unnatted(sent.remote, this.clientAt)
    if (this.nat === undefined && inside.address !== this.clientAt) return
    this.initiator.input({
      kind: 'datagram',
      bytes,
      endpoints: { local: inside, remote: sent.local },
    })
  }

  /** A datagram of somebody, to port 500 of the responder's host. */
  knock(bytes: Uint8Array, from: IkeEndpoint['address'] = CLIENT_AT): void {
    const remote = { address: from, port: 500 }
    this.#atResponder(bytes, { local: { address: GATEWAY_AT, port: 500 }, remote })
  }

  /** Where the client is now. */
  clientAt: IkeEndpoint['address'] = CLIENT_AT

  #atResponder(bytes: Uint8Array, endpoints: IkeEndpoints): void {
    const route = routeOf(bytes, endpoints.remote)
    if (route.kind === 'none') return
    const owner = this.responders.find((side) => side.routes.has(route.key))
    if (owner !== undefined) {
      owner.input({ kind: 'datagram', bytes, endpoints })
      return
    }
    if (route.kind !== 'first') return
    const env = { now: this.now, rng: this.rng.fork('door'), log: () => {} }
    const knock = this.door.knock(bytes, endpoints, this.halfOpen, env)
    if (knock.kind === 'answer') {
      const back = {
        kind: 'send',
        endpoints,
        marker: endpoints.local.port !== 500,
        bytes: knock.bytes,
      } as const
      return this.send(this.responder ?? NOBODY, back)
    }
    if (knock.kind !== 'open') return
    const side = new Side(
      this,
      responderOptions(this.#options.responder),
      this.#options.responderManners ?? {},
    )
    this.responders.push(side)
    side.begin()
    side.input({ kind: 'datagram', bytes, endpoints })
  }

  /** Two rounds after the identity, then success. */
  toyEap(side: Side): (packet: Uint8Array | undefined) => IkeInput {
    if (side === this.initiator) return toyPeer
    return toyServer
  }

  /** Until nothing is due within `limit`, or for as long as that. */
  run(limit: Duration = seconds(5)): this {
    const end = after(this.now, limit)
    for (;;) {
      const next = this.#events.reduce<Event | undefined>(
        (first, each) =>
          first === undefined ||
          each.at < first.at ||
          (each.at === first.at && each.serial < first.serial)
            ? each
            : first,
        undefined,
      )
      if (next === undefined || next.at > end) break
      this.#events = this.#events.filter((each) => each !== next)
      this.now = next.at
      next.run()
    }
    this.now = end
    return this
  }

  since(): Duration {
    return between(BEGAN, this.now)
  }
}

const NOBODY = {} as Side

const natted = ({ port }: IkeEndpoint, address: IkeEndpoint['address']): IkeEndpoint => ({
  address,
  port: port + 20_000,
})
const unnatted = ({ port }: IkeEndpoint, address: IkeEndpoint['address']): IkeEndpoint => ({
  address,
  port: port - 20_000,
})

const ROUNDS = 3

function toyServer(packet: Uint8Array | undefined): IkeInput {
  const round = packet === undefined ? 0 : packet[1]!
  if (round === ROUNDS)
    return { kind: 'eap-success', packet: Uint8Array.of(3, round, 0, 4), msk: MSK }
  const type = round === 0 ? 1 : 0xff
  return { kind: 'eap', packet: Uint8Array.of(1, round + 1, 0, 5, type) }
}

function toyPeer(packet: Uint8Array | undefined): IkeInput {
  const [code = 0, id = 0, , , type = 0] = packet ?? []
  if (code === 3) return { kind: 'eap-success', msk: MSK }
  if (code === 4) return { kind: 'eap-failure' }
  return { kind: 'eap', packet: Uint8Array.of(2, id, 0, 6, type, 0x61) }
}

/** Both sides hold the same keys, crosswise. */
export function areMatched(a: IkeChild, b: IkeChild): boolean {
  const isSame = (x: Uint8Array, y: Uint8Array): boolean => toHex(x) === toHex(y)
  return (
    a.spi === b.remoteSpi &&
    b.spi === a.remoteSpi &&
    isSame(a.inbound.encryption, b.outbound.encryption) &&
    isSame(a.inbound.integrity, b.outbound.integrity) &&
    isSame(a.outbound.encryption, b.inbound.encryption) &&
    isSame(a.outbound.integrity, b.inbound.integrity)
  )
}

export const established = (pair: Pair): boolean =>
  pair.initiator.report('ike/established') !== undefined &&
  pair.responder?.report('ike/established') !== undefined

/** The one child of each side; they must fit. */
export function childOf(pair: Pair): IkeChild {
  const [ours, ...more] = [...pair.initiator.children.values()]
  const theirs = [...pair.responder.children.values()]
  if (
    ours === undefined ||
    more.length > 0 ||
    theirs.length !== 1 ||
    !areMatched(ours, theirs[0]!)
  ) {
    throw new Error(
      `no pair of children: ${[...pair.initiator.children.keys()].join()} and ${[...pair.responder.children.keys()].join()}`,
    )
  }
  return ours
}

export const at = (endpoint: IkeEndpoint): string =>
  `${formatIpv4(endpoint.address)}:${endpoint.port}`
