/**
 * The mappings of one NAT: who inside holds which outside port, whom it has sent to, and until when (RFC 4787 §4, RFC 5382 §5, RFC 5508 §3).
 * Not a translator: it never sees bytes. Expired entries go when somebody next asks for them, so no timer is needed.
 */
import { ipv4, type Ipv4 } from '../base/address.ts'
import type { Rng } from '../base/rng.ts'
import { after, minutes, seconds, type Duration, type Instant } from '../base/time.ts'
import type { NatBehaviour, NatRouterSpec, PortForward } from '../topology/firewall.ts'
import { PROTOCOL } from '../wire/ipv4.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { hasPorts } from './nat-headers.ts'
import type { Endpoint } from './sockets.ts'

/** RFC 5382 REQ-5: a connection that is opening or closing may be forgotten after this long. */
const TCP_TRANSITORY = minutes(4)
/** Protocols without ports (ESP, GRE): no RFC sets a floor; this is Linux's generic timeout. */
const OTHER_TIMEOUT = minutes(10)

/** Somebody outside with whom a mapping's holder has exchanged packets. */
interface Peer extends Endpoint {
  expires: Instant
  /** It spoke first: through a port forward, or because filtering let it in. */
  readonly invited: boolean
  /** TCP: bits {@link OUT} and {@link IN}, set once a SYN, or a FIN, went that way. */
  opened: number
  closed: number
}

export interface Mapping {
  readonly protocol: number
  readonly inside: Endpoint
  /** 0 for protocols without ports. */
  readonly outsidePort: number
  /** What the mapping depends on beyond the inside endpoint; with `address-dependent` the port is 0. */
  readonly remote: Endpoint | undefined
  /** Name of the port forward that this is; it never expires. */
  readonly forward: string | undefined
  expires: Instant
  readonly peers: Map<number, Peer>
}

export const OUT = 1
export const IN = 2
type Way = typeof OUT | typeof IN

const { icmp: ICMP, tcp: TCP, udp: UDP } = PROTOCOL
const NEVER = Infinity as Instant
/** Where a mapping depends on nobody outside. */
const ANY = 0 as Ipv4

/** A number where one has room: no text is put together for it at each packet. */
type Key = number | string

const peerKey = (peer: Endpoint): number => peer.address * 0x10000 + peer.port

export class NatTable {
  #mapping: NatBehaviour = 'endpoint-independent'
  #filtering: NatBehaviour = 'address-and-port-dependent'
  #timeouts: { readonly [protocol: number]: Duration | undefined } = {}
  #forwards: readonly Mapping[] = []
  readonly #clock: () => Instant
  readonly #rng: Rng
  readonly #byInside = new Map<Key, Mapping>()
  readonly #byOutside = new Map<Key, Mapping>()

  constructor(spec: NatRouterSpec, clock: () => Instant, rng: Rng) {
    this.#clock = clock
    this.#rng = rng
    this.reload(spec)
  }

  /** Take on new settings. Mappings live on, but for those that depended on other things than the new ones do. */
  reload(spec: NatRouterSpec): void {
    const mapping = spec.mapping ?? 'endpoint-independent'
    if (mapping !== this.#mapping) this.flush()
    this.#mapping = mapping
    this.#filtering = spec.filtering ?? 'address-and-port-dependent'
    this.#timeouts = {
      [UDP]: spec.timeouts?.udp ?? minutes(2),
      [TCP]: spec.timeouts?.tcp ?? minutes(124),
      [ICMP]: spec.timeouts?.icmp ?? seconds(60),
    }
    for (const old of this.#forwards) this.#forget(old)
    this.#forwards = (spec.forwards ?? []).flatMap((forward) => this.#forwardsOf(forward))
    for (const forward of this.#forwards) {
      const key = outsideKey(forward.protocol, forward.outsidePort, ANY)
      const holder = this.#byOutside.get(key)
      if (holder !== undefined) this.#forget(holder)
      this.#byOutside.set(key, forward)
    }
  }

  /** One for each protocol; those that were there before keep their peers. */
  #forwardsOf(forward: PortForward): Mapping[] {
    return ([UDP, TCP] as const).flatMap((protocol) => {
      const port = protocol === UDP ? forward.udp : forward.tcp
      if (port === undefined) return []
      const inside = { address: ipv4(forward.toAddress), port: forward.toPort ?? port }
      const known = this.#forwards.find(
        (old) =>
          old.protocol === protocol &&
          old.outsidePort === port &&
          old.inside.address === inside.address &&
          old.inside.port === inside.port,
      )
      const fresh = newMapping(protocol, inside, port, forward.name)
      return [known === undefined ? fresh : { ...fresh, peers: known.peers }]
    })
  }

  get filtering(): NatBehaviour {
    return this.#filtering
  }

  /** Forget everything that traffic has made; port forwards stay. */
  flush(): void {
    this.#byInside.clear()
    this.#byOutside.clear()
    for (const forward of this.#forwards) {
      forward.peers.clear()
      this.#byOutside.set(outsideKey(forward.protocol, forward.outsidePort, ANY), forward)
    }
  }

  /** Those that live now, port forwards first. */
  mappings(): readonly Mapping[] {
    const dynamic = [...this.#byInside.values()].filter((mapping) => this.#lives(mapping))
    return [...this.#forwards, ...dynamic]
  }

  peersOf(mapping: Mapping): readonly Peer[] {
    return [...mapping.peers.values()].filter((peer) => this.#lives(peer))
  }

  /** The mapping that `inside` uses towards `remote`, if there is one. */
  find(protocol: number, inside: Endpoint, remote: Endpoint): Mapping | undefined {
    const forward =
      this.#forwards.length === 0 ? undefined : this.#forwardOf(protocol, inside, remote)
    return forward ?? this.#live(this.#byInside.get(this.#insideKey(protocol, inside, remote)))
  }

  /** Two forwards may lead to one server: a reply leaves by the port at which its peer knocked. */
  #forwardOf(protocol: number, inside: Endpoint, remote: Endpoint): Mapping | undefined {
    const forwards = this.#forwards.filter(
      (forward) =>
        forward.protocol === protocol &&
        forward.inside.address === inside.address &&
        forward.inside.port === inside.port,
    )
    return forwards.find((forward) => forward.peers.has(peerKey(remote))) ?? forwards[0]
  }

  /** {@link find}, or a new mapping. Undefined: no outside port is left, or another host inside holds this protocol to this peer. */
  claim(protocol: number, inside: Endpoint, remote: Endpoint): Mapping | undefined {
    const known = this.find(protocol, inside, remote)
    if (known !== undefined) return known
    const port = hasPorts(protocol) ? this.#freePort(protocol, inside.port) : 0
    if (port === undefined || this.holder(protocol, port, remote.address) !== undefined) return
    const mapping: Mapping = {
      ...newMapping(protocol, inside, port, undefined),
      remote: this.#dependsOn(protocol, remote),
      expires: this.#clock(),
    }
    this.#byInside.set(this.#insideKey(protocol, inside, remote), mapping)
    this.#byOutside.set(outsideKey(protocol, port, remote.address), mapping)
    return mapping
  }

  /** Who inside receives what comes to this outside port; for protocols without ports, what comes from this peer. */
  holder(protocol: number, port: number, remote: Ipv4): Mapping | undefined {
    return this.#live(this.#byOutside.get(outsideKey(protocol, port, remote)))
  }

  /** RFC 4787 §5: may `remote` send to this mapping? Port forwards are open to everybody. */
  admits(mapping: Mapping, remote: Endpoint): boolean {
    if (mapping.forward !== undefined || this.#filtering === 'endpoint-independent') return true
    if (this.#filtering === 'address-and-port-dependent') return this.hasPeer(mapping, remote)
    return this.peersOf(mapping).some((peer) => peer.address === remote.address)
  }

  hasPeer(mapping: Mapping, remote: Endpoint): boolean {
    return this.peerOf(mapping, remote) !== undefined
  }

  peerOf(mapping: Mapping, remote: Endpoint): Peer | undefined {
    const peer = mapping.peers.get(peerKey(remote))
    return peer !== undefined && this.#lives(peer) ? peer : undefined
  }

  /**
   * A packet passed. Outbound ones refresh the mapping; inbound ones do not (RFC 4787 REQ-6), or anybody outside could
   * keep it alive. TCP is the exception: RFC 5382 REQ-5 counts a connection idle only when neither side sends.
   */
  touch(mapping: Mapping, remote: Endpoint, way: Way, tcpFlags: number): void {
    const known = this.peerOf(mapping, remote)
    const { protocol } = mapping
    if (way === IN && protocol !== TCP && (known !== undefined || mapping.forward === undefined)) {
      return
    }
    const peer: Peer = known ?? {
      ...remote,
      expires: this.#clock(),
      invited: way === IN,
      // A connection met in mid-stream (after a reboot of the NAT) is taken for an open one.
      opened: (tcpFlags & TcpFlag.syn) === 0 ? OUT | IN : 0,
      closed: 0,
    }
    const closing = protocol === TCP && followConnection(peer, way, tcpFlags)
    peer.expires = after(this.#clock(), this.#timeoutOf(protocol, peer))
    this.#keep(mapping, peer)
    if (mapping.forward !== undefined) return
    mapping.expires = closing
      ? this.peersOf(mapping).reduce((last, each) => later(last, each.expires), peer.expires)
      : later(mapping.expires, peer.expires)
  }

  /** The most recent peer goes last, so that the expired ones gather in front, where they are swept away. */
  #keep(mapping: Mapping, peer: Peer): void {
    const { peers } = mapping
    const key = peerKey(peer)
    // Alone it is first and last.
    if (peers.size === 1 && peers.get(key) === peer) return
    peers.delete(key)
    for (const [first, oldest] of peers) {
      if (this.#lives(oldest)) break
      peers.delete(first)
    }
    peers.set(key, peer)
  }

  #timeoutOf(protocol: number, peer: Peer): Duration {
    const idle = this.#timeouts[protocol] ?? OTHER_TIMEOUT
    const established = peer.opened === (OUT | IN) && peer.closed !== (OUT | IN)
    return protocol !== TCP || established ? idle : (Math.min(idle, TCP_TRANSITORY) as Duration)
  }

  #lives(entry: { readonly expires: Instant }): boolean {
    return this.#clock() < entry.expires
  }

  #live(mapping: Mapping | undefined): Mapping | undefined {
    if (mapping === undefined || this.#lives(mapping)) return mapping
    this.#forget(mapping)
    return undefined
  }

  #forget({ protocol, inside, outsidePort, remote, forward }: Mapping): void {
    const peer = remote ?? { address: ANY, port: 0 }
    if (forward === undefined) this.#byInside.delete(this.#insideKey(protocol, inside, peer))
    this.#byOutside.delete(outsideKey(protocol, outsidePort, peer.address))
  }

  /** RFC 4787 §4.1. Protocols without ports always depend on the address: nothing else tells their flows apart. */
  #dependsOn(protocol: number, remote: Endpoint): Endpoint | undefined {
    if (!hasPorts(protocol)) return { address: remote.address, port: 0 }
    if (this.#mapping === 'endpoint-independent') return undefined
    return this.#mapping === 'address-dependent' ? { address: remote.address, port: 0 } : remote
  }

  #insideKey(protocol: number, inside: Endpoint, remote: Endpoint): Key {
    const on = this.#dependsOn(protocol, remote)
    // Only UDP, TCP and ICMP depend on nobody: modulo 7 they are still three, and fit in front of 48 bits.
    if (on === undefined) return (protocol % 7) * 2 ** 48 + peerKey(inside)
    return `${protocol} ${inside.address}:${inside.port} ${on.address}:${on.port}`
  }

  /**
   * RFC 4787 §4.2: keep the port if it is free (port preservation); else another of the same range (well-known or not,
   * REQ-3a) and parity (REQ-4), then of the same range. A port has one holder: no port overloading (REQ-3).
   */
  #freePort(protocol: number, wanted: number): number | undefined {
    const free = (port: number): boolean =>
      port !== 0 && this.holder(protocol, port, ANY) === undefined
    if (free(wanted)) return wanted
    const [base, size] = wanted < 1024 ? [0, 1024] : [1024, 0x10000 - 1024]
    const pairs = size / 2
    const start = this.#rng.below(pairs)
    for (const parity of [wanted & 1, ~wanted & 1]) {
      for (let i = 0; i < pairs; i++) {
        const port = base + 2 * ((start + i) % pairs) + parity
        if (free(port)) return port
      }
    }
    return undefined
  }
}

const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)

const outsideKey = (protocol: number, port: number, remote: Ipv4): Key =>
  hasPorts(protocol) ? protocol * 0x10000 + port : `${protocol} from ${remote}`

const newMapping = (
  protocol: number,
  inside: Endpoint,
  outsidePort: number,
  forward: string | undefined,
): Mapping => ({
  protocol,
  inside,
  outsidePort,
  remote: undefined,
  forward,
  expires: NEVER,
  peers: new Map(),
})

/** RFC 5382 §5: opening until a SYN went both ways, closing once a FIN went both ways or a RST either. Returns whether it is closing. */
function followConnection(peer: Peer, way: Way, flags: number): boolean {
  const closing = OUT | IN
  if ((flags & TcpFlag.syn) !== 0) {
    if (peer.closed === closing) {
      peer.opened = 0
      peer.closed = 0
    }
    peer.opened |= way
  }
  if ((flags & TcpFlag.fin) !== 0) peer.closed |= way
  if ((flags & TcpFlag.rst) !== 0) peer.closed = closing
  return peer.closed === closing
}
