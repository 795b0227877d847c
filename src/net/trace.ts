/**
 * What happened, in order: frames as seen at network interfaces, decisions of stacks and firewalls, drops, events of hosts.
 * Not a log for people: `lab/render.ts` writes lines, `wire/pcapng.ts` the capture. Whoever keeps a frame copies it; this does.
 */
import { createHash } from 'node:crypto'
import type { Instant } from '../base/time.ts'
import { repeatableFrames } from './digest.ts'
import { Slab } from './slab.ts'
import type { EventField, SecretTable } from './sockets.ts'

/** Why a packet went no further. A closed list: every drop anywhere in the lab is one of these. */
export type DropReason =
  | 'filter'
  | 'blocked'
  | 'no-mapping'
  | 'no-route'
  | 'no-neighbour'
  | 'no-listener'
  | 'not-forwarding'
  | 'ttl-expired'
  | 'too-big'
  | 'link-lost'
  | 'queue-full'
  | 'malformed'
  | 'bad-checksum'
  | 'not-modelled'
  | 'vlan-not-allowed'
  | 'fragment-dropped'
  | 'reassembly-timeout'
  | 'nat-clash'
  | 'martian'
  | 'host-down'
  | 'fault'

/** `firewall/denied at edgeFirewall` and the like begin here. `packet` is the id that a packet keeps on its whole way. */
export type TraceEvent =
  | (At & FrameAtNic & { readonly kind: 'sent' })
  | (At &
      FrameAtNic & {
        readonly kind: 'received'
        /** At a tunnel: the packet that carried this one, where that is known. */
        readonly within?: number
      })
  | (At & {
      readonly kind: 'dropped'
      readonly reason: DropReason
      readonly packet: number
      /** The interface at which it happened, where there is one. */
      readonly nic?: string
      /** The rule, policy, block or fault that decided. */
      readonly rule?: string
      /** One line for people: what exactly, with expected and got. */
      readonly detail?: string
      readonly frame?: Uint8Array
    })
  | (At & {
      readonly kind: 'filtered'
      readonly packet: number
      readonly hook: 'forward' | 'input' | 'output'
      readonly rule: string
      readonly verdict: 'accept' | 'drop' | 'reject' | 'continue'
      readonly state: string
    })
  | (At & {
      readonly kind: 'translated'
      readonly packet: number
      readonly rule: string
      readonly from: string
      readonly to: string
    })
  | (At & {
      readonly kind: 'forwarded'
      readonly packet: number
      readonly nic: string
      readonly via: string
    })
  | (At & {
      readonly kind: 'delivered'
      readonly packet: number
      readonly nic: string
      readonly to: string
    })
  /** An entry of a host's event log. `source` and `eventId` are Windows' where the host runs Windows. */
  | (At & {
      readonly kind: 'logged'
      readonly source: string
      readonly eventId?: number
      readonly text: string
      /** The entry's details, in order. */
      readonly fields?: readonly EventField[]
    })
  /** A DNS question that a host asked itself or a server answered: enough to tell who was asked and why. */
  | (At & {
      readonly kind: 'resolved'
      readonly name: string
      readonly type: string
      readonly rcode: string
      /** Who asked, where a server answered; absent: the host asked for itself. */
      readonly client?: string
      readonly nrptRule?: string
    })
  /** What the script did: steps, edits, faults. Never part of {@link Trace.observable}. */
  | (At & { readonly kind: 'script'; readonly text: string })

/**
 * A frame as the interface has it on its cable: with the VLAN tag, where the cable is a trunk. A tunnel has no Ethernet: there both
 * addresses are zero.
 */
interface FrameAtNic {
  readonly nic: string
  readonly packet: number
  readonly frame: Uint8Array
}

interface At {
  readonly id: number
  readonly at: Instant
  readonly node: string
}

type Kinds = TraceEvent['kind']
type Without<E> = E extends TraceEvent ? Omit<E, 'id' | 'at'> : never
/** An event before the trace has stamped it. */
export type NewEvent = Without<TraceEvent>

/**
 * `all` keeps every frame at every interface; `drops` keeps only drops and host logs, for long runs; `recent` keeps the last
 * {@link RECENT_EVENTS} of those, for what runs without end.
 */
export type TraceLevel = 'all' | 'drops' | 'recent'

/** At least this many events are kept at level `recent`, and never twice as many. */
export const RECENT_EVENTS = 1000

export class Trace {
  readonly level: TraceLevel
  readonly #clock: () => Instant
  readonly #events: TraceEvent[] = []
  readonly #counts = new Map<string, number>()
  readonly #frames = new Slab()
  readonly #watchers = new Set<(event: TraceEvent) => void>()
  /** Both ends of a connection log the same lines. */
  readonly #secrets: Readonly<Record<SecretTable, Set<string>>> = {
    tls: new Set(),
    ikev2: new Set(),
    esp: new Set(),
  }
  #packets = 0
  #ids = 0

  constructor(clock: () => Instant, level: TraceLevel = 'all') {
    this.#clock = clock
    this.level = level
  }

  /** A number for a packet that begins its way now. */
  nextPacket(): number {
    return ++this.#packets
  }

  /** Whether frames and decisions are kept: the hot path asks before it builds an event. */
  get detailed(): boolean {
    return this.level === 'all'
  }

  /** Append an event. Frames are copied. Drops are counted even when they are not kept. */
  add(event: NewEvent): void {
    if (event.kind === 'dropped') {
      const key = `${event.node} ${event.reason}`
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    }
    const stamped = { id: ++this.#ids, at: this.#clock(), ...event }
    if ('frame' in stamped && stamped.frame !== undefined) {
      stamped.frame = this.#frames.copy(stamped.frame)
    }
    this.#events.push(stamped)
    if (this.level === 'recent' && this.#events.length >= 2 * RECENT_EVENTS) {
      this.#events.splice(0, RECENT_EVENTS)
    }
    for (const watcher of this.#watchers) watcher(stamped)
  }

  /** Be told of every event from now on, until the returned function is called. */
  watch(watcher: (event: TraceEvent) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  get events(): readonly TraceEvent[] {
    return this.#events
  }

  /** Everything but what the script itself did and its faults swallowed: all that a person on site could have seen. Diagnosis gets this. */
  observable(): readonly TraceEvent[] {
    return this.#events.filter(
      (event) => event.kind !== 'script' && !(event.kind === 'dropped' && event.reason === 'fault'),
    )
  }

  /** `since`: only what came after the event of that id. */
  ofKind<K extends Kinds>(kind: K, since = 0): readonly Extract<TraceEvent, { kind: K }>[] {
    return this.since(since).filter(
      (event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind,
    )
  }

  /** What came after the event of that id. Sought from the end: whoever asks wants the last few. */
  since(event: number): readonly TraceEvent[] {
    if (event === 0) return this.#events
    return this.#events.slice(this.#events.findLastIndex(({ id }) => id <= event) + 1)
  }

  /** Every event of one packet, in order. */
  ofPacket(packet: number): readonly TraceEvent[] {
    return this.#events.filter((event) => 'packet' in event && event.packet === packet)
  }

  /** How often `node` dropped for `reason`. */
  dropCount(node: string, reason: DropReason): number {
    return this.#counts.get(`${node} ${reason}`) ?? 0
  }

  /**
   * What Wireshark needs to read a connection: a line of the NSS key log format, or of its tables for IKE and ESP. Apart from the events, so that
   * only a capture has it, and no report, text or digest.
   */
  addSecret(line: string, table: SecretTable = 'tls'): void {
    // Without frames there is nothing to open.
    if (this.detailed) this.#secrets[table].add(line)
  }

  /** Lines of one table, in the order in which the connections made them. */
  secrets(table: SecretTable): readonly string[] {
    return [...this.#secrets[table]]
  }

  /**
   * SHA-256 over all events, frames included, in hexadecimal. Equal across runs and machines for one seed: what the platform's own
   * randomness put into frames counts by its length ({@link ./digest.ts}).
   */
  digest(): string {
    const hash = createHash('sha256')
    const repeatable = repeatableFrames()
    let text = ''
    for (const event of this.#events) {
      const { frame } = event as TraceEvent & { readonly frame?: Uint8Array }
      // The frame's length keeps one event's bytes from running into the next one's text.
      text += `${JSON.stringify({ ...event, frame: undefined })} ${frame?.length ?? 0}\n`
      if (frame === undefined) continue
      hash.update(text).update(repeatable(frame))
      text = ''
    }
    return hash.update(text).digest('hex')
  }
}
