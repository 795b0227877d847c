/**
 * The gate for captures: nothing malformed, no expert warning or error that `tshark-allowed.json` does not excuse, and every
 * field that tshark reads equal to what the lab's own decoders read from its trace.
 */
import { readFileSync } from 'node:fs'
import { formatIpv4 } from '../../../src/base/address.ts'
import { u16 } from '../../../src/base/bytes.ts'
import type { TraceEvent } from '../../../src/net/trace.ts'
import { decodeArp } from '../../../src/wire/arp.ts'
import { decodeEthernet, ETHER_TYPE } from '../../../src/wire/ethernet.ts'
import { decodeIpv4, PROTOCOL, type Ipv4Packet } from '../../../src/wire/ipv4.ts'
import { separateInterfaces } from './separate-interfaces.ts'
import { dissect, WARNING, type DissectedFrame, type Field } from './tshark.ts'

/** A remark of tshark that is no fault of the capture. */
export interface AllowedRemark {
  /** What the message contains. */
  readonly message: string
  readonly reason: string
  /** Only because one capture holds several interfaces: the remark must be gone once they are told apart. */
  readonly acrossInterfaces?: true
}

export const ALLOWED_MAX = 15

/** The one allow-list. Throws when it is too long or an entry has no reason: both are the list's own faults. */
export function readAllowed(): readonly AllowedRemark[] {
  const file = new URL('../tshark-allowed.json', import.meta.url)
  const allowed = JSON.parse(readFileSync(file, 'utf8')) as readonly AllowedRemark[]
  if (allowed.length > ALLOWED_MAX) throw new RangeError(`more than ${ALLOWED_MAX} allowed remarks`)
  const silent = allowed.find(({ message, reason }) => message === '' || reason === '')
  if (silent !== undefined) throw new RangeError(`'${silent.message}' is allowed without a reason`)
  return allowed
}

export interface Verdict {
  /** Empty: the capture passes. */
  readonly findings: readonly string[]
  /** Entries of the allow-list that excused something. */
  readonly used: ReadonlySet<AllowedRemark>
}

/** Judge one capture file. With `radiusSecret`, every answer's authenticator must hold; with `events`, the trace it was made from, fields are compared too. */
export function checkCapture(
  capture: Uint8Array,
  allowed: readonly AllowedRemark[],
  events?: readonly TraceEvent[],
  radiusSecret?: string,
): Verdict {
  const frames = dissect(capture, radiusSecret)
  const used = new Set<AllowedRemark>()
  let separated: readonly DissectedFrame[] | undefined
  const persists = (i: number, { message }: AllowedRemark): boolean => {
    separated ??= dissect(separateInterfaces(capture), radiusSecret)
    return complaintsOf(separated[i]!).some((complaint) => complaint.includes(message))
  }
  const isExcused = (complaint: string, i: number): boolean => {
    const excuse = allowed.find(({ message }) => complaint.includes(message))
    if (excuse === undefined) return false
    if (excuse.acrossInterfaces === true && persists(i, excuse)) return false
    used.add(excuse)
    return true
  }
  const findings = frames.flatMap((frame, i) =>
    complaintsOf(frame)
      .filter((complaint) => !isExcused(complaint, i))
      .map((complaint) => `${placeOf(frame)}: ${complaint}`),
  )
  const differences = events === undefined ? [] : compareFields(frames, events)
  return { findings: [...findings, ...differences], used }
}

const placeOf = (frame: DissectedFrame): string =>
  `frame ${frame.number} at ${frame.field('frame.interface_name')}`

/** What `isMalformed` says already. */
const MALFORMED = 'Malformed Packet'

/** Wireshark writes 1, or True, by its version. */
const isTrue = (value: string | undefined): boolean => value === '1' || value === 'True'

const complaintsOf = (frame: DissectedFrame): string[] => [
  ...(frame.isMalformed ? ['malformed'] : []),
  ...(isTrue(frame.field('radius.authenticator.invalid')) ? ['wrong RADIUS authenticator'] : []),
  ...frame.remarks
    .filter(({ severity, message }) => severity >= WARNING && !message.startsWith(MALFORMED))
    .map(({ message }) => message),
]

type Expected = Partial<Record<Field, string>>
type Seen = Extract<TraceEvent, { kind: 'sent' | 'received' }>

/** One line for each field of each frame that differs. */
export function compareFields(
  frames: readonly DissectedFrame[],
  events: readonly TraceEvent[],
): string[] {
  const seen = events.filter(
    (event): event is Seen => event.kind === 'sent' || event.kind === 'received',
  )
  if (seen.length !== frames.length)
    return [`the capture has ${frames.length} frames, the trace ${seen.length}`]
  return seen.flatMap((event, i) => {
    const frame = frames[i]!
    const expected: Expected = { ...metaFields(event), ...frameFields(event.frame) }
    return (Object.entries(expected) as [Field, string][])
      .filter(([field, value]) => !sameValue(frame.field(field), value))
      .map(
        ([field, value]) =>
          `frame ${frame.number}: ${field} is ${value} in the trace, ${frame.field(field)} in tshark`,
      )
  })
}

/** Numbers may be written in decimal or hexadecimal; all else is text. */
const sameValue = (read: string | undefined, expected: string): boolean =>
  read === expected || (read !== undefined && read !== '' && Number(read) === Number(expected))

const metaFields = (event: Seen): Expected => ({
  'frame.interface_name': `${event.node}/${event.nic}`,
  'frame.time_epoch': `${Math.floor(event.at / 1e6)}.${String(event.at % 1e6).padStart(6, '0')}000`,
  'frame.packet_flags': event.kind === 'received' ? '1' : '2',
  'frame.len': `${event.frame.length}`,
})

const mac = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')

function frameFields(frame: Uint8Array): Expected {
  const ethernet = decodeEthernet(frame)
  if (!ethernet.ok) return {}
  const { source, destination, vlan, etherType, payload } = ethernet.value
  return {
    'eth.src': mac(source),
    'eth.dst': mac(destination),
    ...(vlan === undefined ? {} : { 'vlan.id': `${vlan}` }),
    ...(etherType === ETHER_TYPE.arp ? arpFields(payload) : {}),
    ...(etherType === ETHER_TYPE.ipv4 ? ipFields(payload) : {}),
  }
}

function arpFields(bytes: Uint8Array): Expected {
  const arp = decodeArp(bytes)
  if (!arp.ok) return {}
  return {
    'arp.opcode': `${arp.value.operation}`,
    'arp.src.proto_ipv4': formatIpv4(arp.value.sender),
    'arp.dst.proto_ipv4': formatIpv4(arp.value.target),
  }
}

function ipFields(bytes: Uint8Array): Expected {
  const ip = decodeIpv4(bytes)
  if (!ip.ok) return {}
  const packet = ip.value
  return {
    'ip.src': formatIpv4(packet.source),
    'ip.dst': formatIpv4(packet.destination),
    'ip.id': `${packet.identification}`,
    'ip.ttl': `${packet.ttl}`,
    'ip.proto': `${packet.protocol}`,
    'ip.len': `${u16(bytes, 2)}`,
    // In units of eight bytes, as on the wire.
    'ip.frag_offset': `${packet.fragmentOffset / 8}`,
    'ip.flags.mf': packet.moreFragments ? '1' : '0',
    'ip.flags.df': packet.dontFragment ? '1' : '0',
    // tshark shows the transport header of a fragmented datagram at its last fragment.
    ...(packet.moreFragments || packet.fragmentOffset > 0 ? {} : transportFields(packet)),
  }
}

function transportFields({ protocol, payload }: Ipv4Packet): Expected {
  if (payload.length < 8) return {}
  const [first, second] = [`${u16(payload, 0)}`, `${u16(payload, 2)}`]
  switch (protocol) {
    case PROTOCOL.icmp:
      return { 'icmp.type': `${payload[0]}`, 'icmp.code': `${payload[1]}` }
    case PROTOCOL.udp:
      return { 'udp.srcport': first, 'udp.dstport': second }
    case PROTOCOL.tcp:
      return { 'tcp.srcport': first, 'tcp.dstport': second, 'tcp.flags': `${payload[13]}` }
    default:
      return {}
  }
}
