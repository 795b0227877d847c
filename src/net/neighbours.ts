/**
 * ARP on one interface: who has which hardware address, and what waits for an answer.
 * Not RFC 826's codec (`wire/arp.ts`). Timing after Linux's neighbour table: 3 requests a second apart, entries fresh for 30 s,
 * then used while they are asked again by unicast. Conflicts per RFC 5227 §2.4.
 */
import type { Ipv4 } from '../base/address.ts'
import { after, seconds, type Instant } from '../base/time.ts'
import { ARP_LENGTH, ARP_OPERATION, writeArp, type ArpPacket } from '../wire/arp.ts'
import { BROADCAST_MAC, ETHER_TYPE, ETHERNET_HEADER, isMac, writeHeader } from '../wire/ethernet.ts'
import type { Transit } from './transit.ts'
import type { Timer, World } from './world.ts'

const UNKNOWN_MAC = new Uint8Array(6)
const REQUESTS_MAX = 3
const REQUEST_INTERVAL = seconds(1)
const FRESH_FOR = seconds(30)
/** Further news about an address is believed only after this (Linux: locktime), so that the first of two answers wins a race. */
const LOCKED_FOR = seconds(1)
const QUEUE_MAX = 100
/** Linux: gc_thresh3. */
const NEIGHBOURS_MAX = 1024

/** What ARP needs from its interface and host. */
export interface NeighbourHost {
  readonly world: World
  readonly mac: Uint8Array
  /** The address to ask from; undefined while the interface has none. */
  primaryAddress(): Ipv4 | undefined
  /** Whether this host answers for `address` here. */
  answersFor(address: Ipv4): boolean
  /** Whether `address` is on this very interface: then nobody else may have it. */
  hasAddress(address: Ipv4): boolean
  transmitArp(frame: Uint8Array): void
  sendTo(mac: Uint8Array, packet: Transit): void
  /** `packet` waited in vain for `address`. */
  onUnreachable(packet: Transit, address: Ipv4): void
  onQueueFull(packet: Transit, address: Ipv4): void
  onConflict(address: Ipv4, mac: Uint8Array): void
}

interface Neighbour {
  mac: Uint8Array | undefined
  updatedAt: Instant
  /** From then on it is asked again when used. */
  staleAt: Instant
  requests: number
  timer: Timer | undefined
  waiting: Transit[]
}

export class Neighbours {
  readonly #host: NeighbourHost
  readonly #byAddress = new Map<number, Neighbour>()

  constructor(host: NeighbourHost) {
    this.#host = host
  }

  /** Send `packet` to the station that has `address`, at once or when it has answered. */
  send(packet: Transit, address: Ipv4): void {
    const neighbour = this.#byAddress.get(address | 0)
    if (neighbour === undefined || neighbour.mac === undefined)
      return this.#await(packet, address, neighbour)
    if (this.#host.world.now >= neighbour.staleAt && neighbour.timer === undefined)
      this.#ask(address, neighbour)
    this.#host.sendTo(neighbour.mac, packet)
  }

  /** Tell everybody on the link that `address` is here (RFC 5227 §3). */
  announce(address: Ipv4): void {
    const { mac } = this.#host
    this.#send(BROADCAST_MAC, {
      operation: ARP_OPERATION.request,
      senderMac: mac,
      sender: address,
      targetMac: UNKNOWN_MAC,
      target: address,
    })
  }

  receive(arp: ArpPacket): void {
    const host = this.#host
    if (isMac(arp.senderMac, 0, host.mac)) return
    if (host.hasAddress(arp.sender)) host.onConflict(arp.sender, arp.senderMac)
    const isForUs = host.answersFor(arp.target)
    this.#learn(arp, isForUs)
    if (isForUs && arp.operation === ARP_OPERATION.request) {
      this.#send(arp.senderMac, {
        operation: ARP_OPERATION.reply,
        senderMac: host.mac,
        sender: arp.target,
        targetMac: arp.senderMac,
        target: arp.sender,
      })
    }
  }

  /** Forget everything; what waits is lost with the link. */
  flush(): void {
    for (const [key, neighbour] of this.#byAddress) {
      neighbour.timer?.cancel()
      for (const packet of neighbour.waiting) this.#host.onUnreachable(packet, (key >>> 0) as Ipv4)
    }
    this.#byAddress.clear()
  }

  /** What is known now: `arp -a`. */
  get known(): readonly { readonly address: Ipv4; readonly mac: Uint8Array }[] {
    return [...this.#byAddress].flatMap(([key, { mac }]) =>
      mac === undefined ? [] : [{ address: (key >>> 0) as Ipv4, mac }],
    )
  }

  #await(packet: Transit, address: Ipv4, known: Neighbour | undefined): void {
    const neighbour = known ?? this.#create(address)
    if (neighbour.waiting.length === QUEUE_MAX)
      this.#host.onQueueFull(neighbour.waiting.shift()!, address)
    neighbour.waiting.push(packet)
    if (neighbour.timer === undefined) this.#ask(address, neighbour)
  }

  #create(address: Ipv4): Neighbour {
    if (this.#byAddress.size >= NEIGHBOURS_MAX) this.#evict()
    const { now } = this.#host.world
    const neighbour: Neighbour = {
      mac: undefined,
      updatedAt: now,
      staleAt: now,
      requests: 0,
      timer: undefined,
      waiting: [],
    }
    this.#byAddress.set(address | 0, neighbour)
    return neighbour
  }

  /** Drop the oldest entry that nobody waits for; a table full of questions loses its oldest question. */
  #evict(): void {
    let oldest: readonly [number, Neighbour] | undefined
    for (const entry of this.#byAddress) {
      oldest ??= entry
      if (entry[1].timer !== undefined) continue
      oldest = entry
      break
    }
    const [key, neighbour] = oldest!
    this.#fail((key >>> 0) as Ipv4, neighbour)
  }

  /** One request now, and a timer for the next: broadcast while nothing is known, else to the station itself. */
  #ask(address: Ipv4, neighbour: Neighbour): void {
    const { world, mac } = this.#host
    if (neighbour.requests === REQUESTS_MAX) return this.#fail(address, neighbour)
    neighbour.requests++
    this.#send(neighbour.mac ?? BROADCAST_MAC, {
      operation: ARP_OPERATION.request,
      senderMac: mac,
      sender: this.#host.primaryAddress() ?? (0 as Ipv4),
      targetMac: UNKNOWN_MAC,
      target: address,
    })
    neighbour.timer = world.schedule(
      REQUEST_INTERVAL,
      () => this.#ask(address, neighbour),
      undefined,
    )
  }

  #fail(address: Ipv4, neighbour: Neighbour): void {
    neighbour.timer?.cancel()
    this.#byAddress.delete(address | 0)
    for (const packet of neighbour.waiting) this.#host.onUnreachable(packet, address)
  }

  /** RFC 826's merge: an entry that exists is updated by any ARP packet of that sender; a new one is made only by one meant for us. */
  #learn(arp: ArpPacket, isForUs: boolean): void {
    if (arp.sender === 0 || this.#host.hasAddress(arp.sender)) return
    const { now } = this.#host.world
    const known = this.#byAddress.get(arp.sender | 0)
    if (known === undefined && !isForUs) return
    const neighbour = known ?? this.#create(arp.sender)
    const isOther = neighbour.mac !== undefined && !isMac(arp.senderMac, 0, neighbour.mac)
    if (isOther && now < after(neighbour.updatedAt, LOCKED_FOR)) return
    const mac = arp.senderMac
    neighbour.mac = mac
    neighbour.updatedAt = now
    neighbour.staleAt = after(now, FRESH_FOR)
    neighbour.requests = 0
    neighbour.timer?.cancel()
    neighbour.timer = undefined
    const { waiting } = neighbour
    neighbour.waiting = []
    for (const packet of waiting) this.#host.sendTo(mac, packet)
  }

  #send(to: Uint8Array, arp: ArpPacket): void {
    const frame = new Uint8Array(ETHERNET_HEADER + ARP_LENGTH)
    writeHeader(frame, to, this.#host.mac, ETHER_TYPE.arp)
    writeArp(frame, ETHERNET_HEADER, arp)
    this.#host.transmitArp(frame)
  }
}
