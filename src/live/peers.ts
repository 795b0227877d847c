/**
 * Which simulated endpoint a real peer speaks as, and the way back: a NAT table of one port, bounded.
 * Not an access list: whoever reaches the port is heard, and the service decides.
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import type { Endpoint } from '../net/sockets.ts'

/** Peers that are remembered at one port. Those unheard for longest are forgotten first: a flood of ports costs no more memory. */
export const PEERS_MAX = 8192

/** How many other ports are tried for a peer whose own is another's already. */
const PORT_TRIES = 16
const PORT_FIRST = 1024
const PORT_COUNT = 65_536 - PORT_FIRST
/** A prime, and so coprime to the count of ports: the tries differ. */
const PORT_STRIDE = 7919

export interface Peer {
  readonly real: Endpoint
  /** {@link real}'s address as text, as the platform wants it. */
  readonly host: string
  readonly simulated: Endpoint
}

const keyOf = ({ address, port }: Endpoint): number => address * 65_536 + port

/** Those heard in one span of time, by both of their endpoints. */
class Generation {
  readonly byReal = new Map<number, Peer>()
  readonly bySimulated = new Map<number, Peer>()

  add(peer: Peer): void {
    this.byReal.set(keyOf(peer.real), peer)
    this.bySimulated.set(keyOf(peer.simulated), peer)
  }

  delete(peer: Peer): void {
    this.byReal.delete(keyOf(peer.real))
    this.bySimulated.delete(keyOf(peer.simulated))
  }
}

/**
 * Two generations: whoever is heard is in the young one. When that is full it becomes the old one, and the old one goes; so forgetting
 * costs nothing at the moment of a flood, where looking for the oldest of all would.
 */
export class Peers {
  readonly #speaksAs: (real: Ipv4) => Ipv4
  #young = new Generation()
  #old = new Generation()

  constructor(speaksAs: (real: Ipv4) => Ipv4) {
    this.#speaksAs = speaksAs
  }

  /** At most {@link PEERS_MAX}. */
  get size(): number {
    return this.#young.byReal.size + this.#old.byReal.size
  }

  /** The peer at a real endpoint, which was heard just now. It keeps its port, unless another speaks with that one. */
  heard(real: Endpoint): Peer {
    const key = keyOf(real)
    const young = this.#young.byReal.get(key)
    if (young !== undefined) return young
    const known = this.#old.byReal.get(key)
    if (known !== undefined) this.#old.delete(known)
    const peer = known ?? this.#meet(real)
    if (this.#young.byReal.size >= PEERS_MAX / 2) {
      this.#old = this.#young
      this.#young = new Generation()
    }
    this.#young.add(peer)
    return peer
  }

  /** Who speaks as this simulated endpoint; undefined: nobody real. */
  at(simulated: Endpoint): Peer | undefined {
    const key = keyOf(simulated)
    return this.#young.bySimulated.get(key) ?? this.#old.bySimulated.get(key)
  }

  #meet(real: Endpoint): Peer {
    const address = this.#speaksAs(real.address)
    let { port } = real
    for (let i = 1; i <= PORT_TRIES; i++) {
      const holder = this.at({ address, port })
      if (holder === undefined) break
      if (i === PORT_TRIES) this.#forget(holder)
      else port = PORT_FIRST + ((real.port + i * PORT_STRIDE) % PORT_COUNT)
    }
    return { real, host: formatIpv4(real.address), simulated: { address, port } }
  }

  #forget(peer: Peer): void {
    this.#young.delete(peer)
    this.#old.delete(peer)
  }
}
