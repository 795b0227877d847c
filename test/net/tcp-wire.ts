/**
 * Two TCP layers joined by a wire that may delay, drop, duplicate and reorder, all from one seed.
 * Not a network: no IP header, no routes. It stands in for `IpService`, so that only TCP is on trial.
 */
import { ipv4, type Ipv4 } from '../../src/base/address.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { instant, microseconds, ms, seconds, type Duration } from '../../src/base/time.ts'
import type { IpService, OutgoingPacket, TransportDrop } from '../../src/net/ip-service.ts'
import { MESSAGE_OFFSET } from '../../src/net/ip.ts'
import type { CloseReason, SocketError, TcpConnection } from '../../src/net/sockets.ts'
import { WINDOWS_TCP, type TcpSettings } from '../../src/net/tcp-timing.ts'
import { TcpLayer } from '../../src/net/tcp.ts'
import { World } from '../../src/net/world.ts'
import { decodeTcp, type TcpSegment } from '../../src/wire/tcp.ts'

export const CLIENT = ipv4('10.0.0.1')
export const SERVER = ipv4('10.0.0.2')

export interface Passage extends TcpSegment {
  readonly from: 'client' | 'server'
  /** Seconds since the start. */
  readonly at: number
}

export interface WireOptions {
  readonly seed?: string
  readonly loss?: number
  readonly duplicates?: number
  readonly latency?: Duration
  /** Up to this much more, drawn for each packet: order is not kept. */
  readonly jitter?: Duration
  readonly mtu?: number
  readonly settings?: Partial<TcpSettings>
  /** False: this packet is lost. */
  readonly passes?: (segment: Passage, nth: number) => boolean
}

const ON_WIRE = { nic: 'wire', packet: 0, dscpEcn: 0 }

export class Wire {
  readonly world: World
  readonly client: TcpLayer
  server: TcpLayer
  /** Every segment that was sent, lost ones too. */
  readonly sent: Passage[] = []
  readonly drops: TransportDrop[] = []
  readonly routes = new Set<Ipv4>([CLIENT, SERVER])
  mtu: number
  readonly #options: WireOptions
  readonly #settings: TcpSettings

  constructor(options: WireOptions = {}) {
    const start = instant('2026-03-02T08:00:00Z')
    this.world = new World({ seed: options.seed ?? '1', start })
    this.#options = options
    this.mtu = options.mtu ?? 1500
    this.#settings = { ...WINDOWS_TCP, ...options.settings }
    this.client = new TcpLayer(this.#ip('client'), this.#settings)
    this.server = new TcpLayer(this.#ip('server'), this.#settings)
  }

  /** The server loses power and comes back with nothing in its memory. */
  rebootServer(): void {
    this.server = new TcpLayer(this.#ip('server'), this.#settings)
  }

  /** Hand a segment to one end as if the other had sent it. */
  inject(to: 'client' | 'server', payload: Uint8Array): TransportDrop | undefined {
    const ends = to === 'client' ? [SERVER, CLIENT] : [CLIENT, SERVER]
    return this[to].receive({ ...ON_WIRE, source: ends[0]!, destination: ends[1]!, payload })
  }

  run(d: Duration): void {
    this.world.runUntil((this.world.now + d) as typeof this.world.now)
  }

  from(end: 'client' | 'server'): Passage[] {
    return this.sent.filter((passage) => passage.from === end)
  }

  #ip(from: 'client' | 'server'): IpService {
    const { world } = this
    const chance = rngFrom(`${world.seed}/wire/${from}`)
    return {
      get now() {
        return world.now
      },
      rng: world.rng.fork(from),
      after: (delay, run) => world.schedule(delay, run, undefined),
      sourceFor: (to) => (this.routes.has(to) ? (from === 'client' ? CLIENT : SERVER) : undefined),
      mtuTo: () => this.mtu,
      frameFor: (length) => new Uint8Array(MESSAGE_OFFSET + length),
      sendFrame: (header, frame) => {
        this.#carry(from, { ...header, payload: frame.subarray(MESSAGE_OFFSET) }, chance)
        return { packet: 0, error: undefined }
      },
    }
  }

  #carry(
    from: 'client' | 'server',
    packet: OutgoingPacket,
    chance: ReturnType<typeof rngFrom>,
  ): void {
    const { loss = 0, duplicates = 0, latency = ms(10), jitter = 0, passes } = this.#options
    const payload = packet.payload.slice()
    const segment = decodeTcp(payload, packet)
    if (!segment.ok) throw new Error(`TCP sent a segment that cannot be read`)
    const at = (this.world.now - this.world.start) / seconds(1)
    const passage: Passage = { ...segment.value, from, at }
    this.sent.push(passage)
    const lost = chance.chance(loss) || passes?.(passage, this.sent.length) === false
    const copies = (lost ? 0 : 1) + (chance.chance(duplicates) ? 1 : 0)
    const to = from === 'client' ? 'server' : 'client'
    for (let copy = 0; copy < copies; copy++) {
      const delay = microseconds(latency + chance.fraction() * jitter)
      const arrive = (): void => {
        const drop = this[to].receive({
          ...ON_WIRE,
          source: packet.source,
          destination: packet.destination,
          payload,
        })
        if (drop !== undefined) this.drops.push(drop)
      }
      this.world.schedule(delay, arrive, undefined)
    }
  }
}

/** What an application saw of one connection. */
export class Witness {
  readonly chunks: Uint8Array[] = []
  readonly events: string[] = []
  detail: SocketError | undefined
  connection: TcpConnection | undefined

  readonly handlers = {
    onConnected: (): void => void this.events.push('connected'),
    onData: (bytes: Uint8Array): void => void this.chunks.push(bytes),
    onEnd: (): void => void this.events.push('end'),
    onClosed: (reason: CloseReason, detail?: SocketError): void => {
      this.events.push(reason)
      this.detail = detail
    },
  }

  get received(): Uint8Array {
    return Uint8Array.from(this.chunks.flatMap((chunk) => [...chunk]))
  }
}
