/**
 * The probe verb: send one packet of a kind, let time run until an answer came or none will, and read its way from the trace.
 * Not a port scanner: one question, one report. Needs a trace of level `all`.
 */
import { formatIpv4, parseIpv4, type Ipv4 } from '../base/address.ts'
import { setU32, u16 } from '../base/bytes.ts'
import { seconds } from '../base/time.ts'
import type { Stack } from '../net/stack.ts'
import type { TraceEvent } from '../net/trace.ts'
import type { World } from '../net/world.ts'
import { probePayload } from '../node/probe-payload.ts'
import { encodeIcmp, ICMP_TYPE } from '../wire/icmp.ts'
import { PROTOCOL, type Ipv4Packet } from '../wire/ipv4.ts'
import { targetText, type Aim, type Wanted } from './aim.ts'
import { followExchange } from './follow.ts'
import { ipv4Of, legsOf } from './legs.ts'
import type { ProbeQuery } from './lab.ts'
import type { ProbeReport } from './reports.ts'

/** How long a sender waits for an answer: longer than any way and any ARP retry in a lab; ping's own default is 4 s. */
const ANSWER_TIMEOUT = seconds(5)
const ECHO_PAYLOAD_BYTES = 32
const ESP_SPI = 0x1000
const ESP_BYTES = 32

/** What a probe needs of the lab. */
export interface ProbeEnv {
  readonly world: World
  readonly stack: Stack
  readonly events: () => readonly TraceEvent[]
  readonly seed: number
  /** What the sender shares with the RADIUS server that it asks; absent: nothing, or it is none. */
  readonly secret?: string
}

export const wantedBy = (query: ProbeQuery): Wanted =>
  query.udp !== undefined
    ? { protocol: PROTOCOL.udp, port: query.udp }
    : query.tcp !== undefined
      ? { protocol: PROTOCOL.tcp, port: query.tcp }
      : { protocol: query.esp === true ? PROTOCOL.esp : PROTOCOL.icmp }

/** A name that did not resolve: nothing was sent. */
export const unresolvedProbe = (query: ProbeQuery, rcode: string, seed: number): ProbeReport => ({
  from: query.from,
  target: `${query.to} (${rcode})`,
  disposition: 'unresolved',
  at: query.from,
  replied: false,
  hops: [],
  replyHops: [],
  packet: 0,
  seed: String(seed),
})

export async function probe(env: ProbeEnv, query: ProbeQuery, aim: Aim): Promise<ProbeReport> {
  const wanted = wantedBy(query)
  const before = env.events().length
  const requests = await sendAndWait(env, query, aim.address, wanted)
  const events = env.events().slice(before)
  const replies = requests.flatMap((request) => answersTo(events, request))
  const base = {
    from: query.from,
    target: targetText(query.to, aim, wanted),
    seed: String(env.seed),
  }
  const [first, ...more] = requests
  // TCP does not even build a segment for an address that no route leads to.
  if (first === undefined) return { ...base, ...NOT_SENT, at: query.from }
  const followed = followExchange(events, { from: query.from, requests: [first, ...more], replies })
  return { ...base, packet: first, ...followed }
}

const NOT_SENT = {
  disposition: 'no-route',
  reason: 'no-route',
  replied: false,
  hops: [],
  replyHops: [],
  packet: 0,
} as const

/** Returns the packet ids of the request, the first first. */
function sendAndWait(
  env: ProbeEnv,
  query: ProbeQuery,
  to: Ipv4,
  wanted: Wanted,
): Promise<readonly number[]> {
  const source = query.source === undefined ? undefined : parseIpv4(query.source)
  const label = `probe ${query.from} → ${formatIpv4(to)}`
  return env.world.perform<readonly number[]>(label, (done) => {
    const exchange: Exchange = { ...env, to, done, ...(source === undefined ? {} : { source }) }
    env.stack.runAs(query.program, () => {
      switch (wanted.protocol) {
        case PROTOCOL.udp:
          return sendUdp(exchange, wanted.port!, query.size)
        case PROTOCOL.tcp:
          return connectTcp(exchange, wanted.port!)
        default:
          return sendRaw(exchange, wanted.protocol)
      }
    })
  })
}

interface Exchange extends ProbeEnv {
  readonly to: Ipv4
  readonly source?: Ipv4
  readonly done: (requests: readonly number[]) => void
}

function sendUdp({ stack, to, source, secret, done }: Exchange, port: number, size?: number): void {
  const finish = (): void => {
    timer.cancel()
    socket.close()
    done([packet])
  }
  const opened = stack.udp.open({ onDatagram: finish, onError: finish })
  // An ephemeral port is free unless a script holds all sixteen thousand: a misuse, and worth a stop.
  if (!opened.ok) throw new RangeError(`${stack.name} has no free UDP port`)
  const socket = opened.value
  const timer = stack.after(ANSWER_TIMEOUT, finish)
  const packet = socket.send(
    { address: to, port },
    probePayload(port, stack.rng, { size, secret }),
    {
      ...(source === undefined ? {} : { source }),
      ...(size === undefined ? {} : { dontFragment: false }),
    },
  )
}

function connectTcp({ stack, to, source, done, events }: Exchange, port: number): void {
  const before = events().length
  const finish = (): void => {
    const sent = packetsOf(events().slice(before), stack.name, (packet) => {
      const ports = portsOf(packet)
      return packet.protocol === PROTOCOL.tcp && ports?.[0] === local && ports[1] === port
    })
    done(sent)
  }
  const connection = stack.tcp.connect(
    { address: to, port },
    {
      onConnected: () => {
        finish()
        connection.close()
      },
      onClosed: finish,
    },
    source === undefined ? {} : { source },
  )
  const local = connection.local.port
}

function sendRaw({ stack, to, source, done }: Exchange, protocol: number): void {
  const identifier = stack.rng.below(0x10000)
  const finish = (): void => {
    timer.cancel()
    close()
    done([sent.packet])
  }
  const isReply = (payload: Uint8Array): boolean =>
    payload[0] === ICMP_TYPE.echoReply && u16(payload, 4) === identifier
  const close = stack.openRaw(protocol, {
    onPacket: (packet) => {
      if (protocol === PROTOCOL.icmp && isReply(packet.payload)) finish()
    },
    onError: finish,
  })
  const timer = stack.after(ANSWER_TIMEOUT, finish)
  const sent = stack.send({
    protocol,
    source: source ?? stack.sourceFor(to) ?? (0 as Ipv4),
    destination: to,
    payload: protocol === PROTOCOL.icmp ? echoRequest(identifier) : espPacket(),
  })
}

function echoRequest(identifier: number): Uint8Array {
  // Windows' ping sends the alphabet, up to w.
  const payload = Uint8Array.from({ length: ECHO_PAYLOAD_BYTES }, (_, i) => 0x61 + (i % 23))
  return encodeIcmp({ type: ICMP_TYPE.echo, code: 0, rest: identifier * 0x10000 + 1, payload })
}

function espPacket(): Uint8Array {
  const bytes = new Uint8Array(ESP_BYTES)
  setU32(bytes, 0, ESP_SPI)
  setU32(bytes, 4, 1)
  return bytes
}

/** Packets that the node which received `request` sent back to where it seemed to come from. */
function answersTo(events: readonly TraceEvent[], request: number): readonly number[] {
  const { last, isInside } = legsOf(events, request)
  if (isInside) return []
  const at = events.findIndex((event) => event.kind === 'delivered' && event.packet === last)
  const arrival = events
    .slice(0, at + 1)
    .findLast((event) => event.kind === 'received' && event.packet === last)
  if (at === -1 || arrival?.kind !== 'received') return []
  const asked = ipv4Of(arrival.frame)
  if (asked === undefined) return []
  return packetsOf(events.slice(at), arrival.node, (packet) => isAnswer(packet, asked))
}

function isAnswer(packet: Ipv4Packet, asked: Ipv4Packet): boolean {
  if (packet.protocol !== asked.protocol || packet.destination !== asked.source) return false
  if (packet.protocol === PROTOCOL.icmp) return packet.payload[0] === ICMP_TYPE.echoReply
  const [from, to] = [portsOf(packet), portsOf(asked)]
  return from === undefined || to === undefined || (from[0] === to[1] && from[1] === to[0])
}

/** Ids of packets that `node` sent, or could not send, and that `matches`: in order, each once. */
function packetsOf(
  events: readonly TraceEvent[],
  node: string,
  matches: (packet: Ipv4Packet) => boolean,
): readonly number[] {
  const ids = new Set<number>()
  for (const event of events) {
    if (event.node !== node || (event.kind !== 'sent' && event.kind !== 'dropped')) continue
    const packet = event.frame === undefined ? undefined : ipv4Of(event.frame)
    if (packet !== undefined && matches(packet)) ids.add(event.packet)
  }
  return [...ids]
}

/** Source and destination port of a first fragment or whole packet of UDP or TCP. */
function portsOf(packet: Ipv4Packet): readonly [source: number, destination: number] | undefined {
  const { payload: p, protocol, fragmentOffset } = packet
  const hasPorts = protocol === PROTOCOL.udp || protocol === PROTOCOL.tcp
  if (!hasPorts || fragmentOffset > 0 || p.length < 4) return undefined
  return [u16(p, 0), u16(p, 2)]
}
