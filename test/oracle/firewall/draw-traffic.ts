/**
 * Conversations drawn from a seed: packets that begin a flow, answer what was seen to arrive, go on, go wrong, or complain by ICMP.
 * A station answers what reached it, as translated: so the next wave of packets depends on what the kernel did with the last.
 */
import type { Rng } from '../../../src/base/rng.ts'
import { setU16 } from '../../../src/base/bytes.ts'
import { CLIENT_PORTS, OTHER_PROTOCOLS, SERVICE_PORTS } from './draw-rules.ts'
import { drawSegment, newTcp, type TcpEnds } from './draw-tcp.ts'
import { HOSTS, VIRTUAL } from './labs.ts'
import {
  balanced,
  icmp,
  ICMP,
  isIcmpError,
  read,
  tcp,
  TCP,
  udp,
  UDP,
  type Draft,
  type Read,
} from './packets.ts'

export type Network = keyof typeof HOSTS

/** One flow, as its two ends know it. */
export interface Talk {
  readonly network: Network
  readonly source: number
  readonly destination: number
  readonly protocol: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly icmpType: number
  /** The last packet that reached the other end, and where. */
  far: Seen | undefined
  /** The last packet that came back. */
  near: Seen | undefined
  readonly tcp: TcpEnds
}

export interface Seen {
  readonly port: number
  readonly packet: Read
}

/** A packet to send, by whom, and what is remarkable about it. */
export interface Drawn {
  readonly talk: Talk
  readonly fromNear: boolean
  /** Where it goes in; undefined: on the near end's own network. */
  readonly port: number | undefined
  readonly draft: Draft
  readonly features: readonly string[]
}

export interface Terrain {
  /** Addresses of the routers: their own services are none, but for ping. */
  readonly routers: readonly number[]
  /** No two flows come from the same port of the same host. */
  readonly uniquePorts: boolean
}

let serial = 0

export function drawTalk(rng: Rng, terrain: Terrain): Talk {
  const network = rng.pick(['inside', 'inside', 'inside', 'outside', 'outside', 'dmz'] as const)
  const others = (Object.keys(HOSTS) as Network[]).filter((name) => name !== network)
  const draw = rng.fraction()
  const destination =
    draw < 0.65
      ? rng.pick(HOSTS[network === 'inside' && rng.chance(0.7) ? 'outside' : rng.pick(others)])
      : draw < 0.85
        ? rng.pick(VIRTUAL)
        : rng.pick(terrain.routers)
  const protocol = rng.pick([TCP, TCP, TCP, UDP, UDP, ICMP, rng.pick(OTHER_PROTOCOLS)])
  const isForRouter = terrain.routers.includes(destination)
  const isRare = rng.chance(0.4) && !terrain.uniquePorts
  serial = (serial + 1) % 50_000
  return {
    network,
    source: rng.pick(HOSTS[network]),
    destination,
    protocol,
    sourcePort: isRare ? rng.pick(CLIENT_PORTS) : 10_000 + serial,
    destinationPort: isRare && rng.chance(0.7) ? rng.pick([53, 443]) : rng.pick(SERVICE_PORTS),
    // Routers here answer pings, but keep no time for others.
    icmpType: isForRouter ? 8 : rng.pick([8, 8, 8, 8, 13, 15, 17, 0, 9, 40]),
    far: undefined,
    near: undefined,
    tcp: newTcp(rng, isForRouter),
  }
}

/** The next packet of a talk. */
export function drawPacket(rng: Rng, talk: Talk): Drawn {
  const { far, near } = talk
  if (far !== undefined && rng.chance(0.08)) return drawError(rng, talk, far, false)
  if (near !== undefined && rng.chance(0.04)) return drawError(rng, talk, near, true)
  const answers = far !== undefined && rng.chance(0.5)
  return answers ? answer(rng, talk, far) : original(rng, talk)
}

function original(rng: Rng, talk: Talk): Drawn {
  return { talk, fromNear: true, port: undefined, ...compose(rng, talk, talk, true) }
}

function answer(rng: Rng, talk: Talk, far: Seen): Drawn {
  const { packet } = far
  const back = {
    source: packet.destination,
    destination: packet.source,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
  }
  return { talk, fromNear: false, port: far.port, ...compose(rng, talk, back, false) }
}

type Tuple = Pick<Talk, 'source' | 'destination' | 'sourcePort' | 'destinationPort'>
type Composed = Pick<Drawn, 'draft' | 'features'>

function compose(rng: Rng, talk: Talk, tuple: Tuple, fromNear: boolean): Composed {
  const features: string[] = []
  const payload = drawPayload(rng, talk, tuple, fromNear, features)
  const { source, destination } = tuple
  const draft = { source, destination, protocol: talk.protocol, payload }
  return { draft: drawIp(rng, talk, draft, features), features }
}

function drawPayload(
  rng: Rng,
  talk: Talk,
  tuple: Tuple,
  fromNear: boolean,
  features: string[],
): Uint8Array {
  switch (talk.protocol) {
    case TCP: {
      const segment = drawSegment(rng, talk.tcp, fromNear)
      features.push(...segment.features)
      return damage(rng, tcp(tuple, tuple, segment.fields), 16, features)
    }
    case UDP: {
      const datagram = udp(tuple, tuple, rng.bytes(drawLength(rng, talk)))
      if (rng.chance(0.1)) {
        features.push('udp: no checksum')
        setU16(datagram, 6, 0)
        return datagram
      }
      if (rng.chance(0.03)) {
        features.push('udp: wrong length')
        setU16(datagram, 4, rng.pick([0, 7, datagram.length - 1, datagram.length + 1]))
        return datagram
      }
      return damage(rng, datagram, 6, features)
    }
    case ICMP: {
      const type = fromNear ? talk.icmpType : (ICMP_REPLIES.get(talk.icmpType) ?? talk.icmpType)
      const id = fromNear ? tuple.sourcePort : tuple.destinationPort
      features.push(`icmp: type ${type}`)
      const rest = ((id << 16) | rng.below(1000)) >>> 0
      const code = !talk.tcp.plain && rng.chance(0.05) ? 1 : 0
      return damage(rng, icmp(type, code, rest, rng.bytes(drawLength(rng, talk))), 2, features)
    }
    default:
      features.push(`protocol: ${talk.protocol}`)
      return drawOther(rng, talk.protocol)
  }
}

const ICMP_REPLIES = new Map([
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
])

/** What a router of the twin's answers itself stays small. */
function drawLength(rng: Rng, talk: Talk): number {
  if (talk.tcp.plain || !rng.chance(0.06)) return rng.below(40)
  return 1300 + rng.below(1300)
}

/** GRE in all its versions, and bytes for protocols of which nobody knows anything. */
function drawOther(rng: Rng, protocol: number): Uint8Array {
  const bytes = rng.bytes(rng.below(40))
  if (protocol === 47) {
    if (bytes.length < 8) return bytes
    bytes[0] = 0x20
    bytes[1] = rng.pick([0, 0, 1, 1, 2, 0x81])
    setU16(bytes, 2, rng.pick([0x880b, 0x880b, 0x0800]))
    setU16(bytes, 6, rng.pick([0, 1, 7]))
    return bytes
  }
  return rng.chance(0.5) ? balanced(bytes) : bytes
}

/** Sometimes a wrong checksum, sometimes a header that is cut short. */
function damage(rng: Rng, b: Uint8Array, field: number, features: string[]): Uint8Array {
  if (rng.chance(0.02)) {
    features.push('wrong transport checksum')
    b[field] = b[field]! ^ 0x5a
  } else if (rng.chance(0.015)) {
    features.push('transport header cut short')
    return b.slice(0, rng.below(field === 16 ? 20 : 8))
  }
  return b
}

function drawIp(rng: Rng, talk: Talk, draft: Draft, features: string[]): Draft {
  const ttl = rng.chance(0.03) ? rng.pick([1, 2]) : rng.pick([64, 128, 255])
  const tos = !talk.tcp.plain && rng.chance(0.1) ? rng.pick([0x10, 0xb8, 0x03]) : 0
  const options = rng.chance(0.02) ? Uint8Array.of(1, 1, 1, 0) : undefined
  const isBig = draft.payload.length > 1170
  const cut = draft.payload.length > 1450 || rng.chance(draft.payload.length > 40 ? 0.5 : 0.01)
  const dontFragment = !cut && rng.chance(isBig ? 0.5 : 0.2)
  if (ttl === 1) features.push('ttl: 1')
  if (options !== undefined) features.push('ip options')
  if (isBig && dontFragment) features.push('too big, DF')
  if (isBig && !dontFragment && !cut) features.push('too big, may be cut')
  if (cut) features.push('fragments')
  return {
    ...draft,
    ttl,
    tos,
    dontFragment,
    ...(options === undefined ? {} : { options }),
    ...(cut ? { fragmentSize: isBig ? rng.pick([400, 800, 1112]) : 48 } : {}),
  }
}

const ERRORS = [
  [3, 0],
  [3, 1],
  [3, 3],
  [3, 4],
  [3, 13],
  [4, 0],
  [5, 1],
  [11, 0],
  [11, 1],
  [12, 0],
] as const

/** Someone complains of a packet that reached an end: the end itself, or a router beyond it. */
function drawError(rng: Rng, talk: Talk, seen: Seen, fromNear: boolean): Drawn {
  const { packet } = seen
  const [type, code] = rng.pick(ERRORS)
  const features = [`icmp error: ${type}/${code}`]
  const whole = packet.packet
  const header = packet.l4
  const length = rng.pick([header + 8, header + 8, header + 28, 548, header + rng.below(8)])
  let quoted: Uint8Array = whole.slice(0, Math.min(length, whole.length))
  if (isIcmpError(packet)) features.push('icmp error about an icmp error')
  if (quoted.length < header + 8) features.push('icmp error: short quote')
  if (rng.chance(0.04)) {
    features.push('icmp error: quotes a later fragment')
    quoted[7] = quoted[7]! | 1
  }
  if (rng.chance(0.04)) quoted = rng.bytes(rng.below(60))
  const isElsewhere = rng.chance(0.05)
  if (isElsewhere) features.push('icmp error: to somebody else')
  const network = networkOf(packet.destination) ?? talk.network
  const source = rng.chance(0.5) ? packet.destination : rng.pick(HOSTS[network])
  const destination = isElsewhere ? rng.pick(HOSTS.inside) : packet.source
  const message = icmp(type, code, type === 3 && code === 4 ? 1000 : 0, quoted)
  const draft = {
    source,
    destination,
    protocol: ICMP,
    payload: damage(rng, message, 2, features),
    ttl: 60,
  }
  return { talk, fromNear, port: seen.port, draft, features }
}

const networkOf = (address: number): Network | undefined =>
  (Object.keys(HOSTS) as Network[]).find((name) => HOSTS[name].some((host) => host === address))

/** Learn from what came out of the lab. */
export function learn(drawn: Drawn, port: number, packet: Uint8Array): void {
  const seen = { port, packet: read(packet.slice()) }
  if (drawn.draft.protocol !== drawn.talk.protocol) return
  if (isIcmpError(seen.packet)) return
  if (drawn.fromNear) drawn.talk.far = seen
  else drawn.talk.near = seen
}
