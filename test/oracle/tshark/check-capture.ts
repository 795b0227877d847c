/**
 * The gate for captures: nothing malformed, no expert warning or error that `tshark-allowed.json` does not excuse, and every
 * field that tshark reads equal to what the lab's own decoders read from its trace.
 */
import { readFileSync } from 'node:fs'
import { formatIpv4 } from '../../../src/base/address.ts'
import { u16 } from '../../../src/base/bytes.ts'
import type { TraceEvent } from '../../../src/net/trace.ts'
import { isTunnelFrame } from '../../../src/net/tunnel.ts'
import { decodeArp } from '../../../src/wire/arp.ts'
import { decodeEthernet, ETHER_TYPE, ETHERNET_HEADER } from '../../../src/wire/ethernet.ts'
import { decodeIpv4, PROTOCOL, type Ipv4Packet } from '../../../src/wire/ipv4.ts'
import { interfacesOf, oneInterface, separateInterfaces } from './separate-interfaces.ts'
import { dissect, WARNING, type DissectedFrame, type Field, type Secrets } from './tshark.ts'

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

/**
 * Judge one capture file. With `events`, the trace it was made from, fields are compared, too; with the secret of RADIUS every answer's authenticator
 * must hold, and with tables all of IKE and ESP that they have keys for must open.
 */
export function checkCapture(
  capture: Uint8Array,
  allowed: readonly AllowedRemark[],
  events?: readonly TraceEvent[],
  secrets: Secrets = {},
): Verdict {
  const frames = dissect(capture, secrets)
  const used = new Set<AllowedRemark>()
  let separated: readonly DissectedFrame[] | undefined
  const sightOf = interfaceSights(capture, secrets)
  const persists = (i: number, { message }: AllowedRemark): boolean => {
    const isRemarked = (frame: DissectedFrame): boolean =>
      complaintsOf(frame).some((complaint) => complaint.includes(message))
    separated ??= dissect(separateInterfaces(capture), secrets)
    if (!isRemarked(separated[i]!)) return false
    // Other addresses are not given inside ESP, nor in ARP: the interface alone must be without the remark.
    const isOutOfReach = (['esp.spi', 'arp.opcode'] as const).some(
      (name) => frames[i]!.field(name) !== undefined,
    )
    return !isOutOfReach || isRemarked(sightOf(i))
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
  return { findings: [...findings, ...closedFrames(frames, secrets.tables), ...differences], used }
}

/** A frame as it looks in a capture of its interface alone. */
function interfaceSights(capture: Uint8Array, secrets: Secrets): (frame: number) => DissectedFrame {
  const nics = interfacesOf(capture)
  const sights = new Map<number, readonly DissectedFrame[]>()
  return (frame) => {
    const nic = nics[frame]!
    const sight = sights.get(nic) ?? dissect(oneInterface(capture, nic), secrets)
    sights.set(nic, sight)
    return sight[nics.slice(0, frame).filter((each) => each === nic).length]!
  }
}

const placeOf = (frame: DissectedFrame): string =>
  `frame ${frame.number} at ${frame.field('frame.interface_name')}`

/** IANA: Encrypted and Authenticated, Encrypted and Authenticated Fragment. */
const SEALED = new Set(['46', '53'])

/** Frames whose keys are in the tables, and which tshark did not open: one line each. */
function closedFrames(
  frames: readonly DissectedFrame[],
  { ikev2_decryption_table: ike = '', esp_sa: esp = '' }: NonNullable<Secrets['tables']> = {},
): string[] {
  const lines = (table: string): readonly string[] => table.split('\n').filter(Boolean)
  const initiators = new Set(lines(ike).map((line) => line.split(',')[0]))
  const spis = new Set(lines(esp).map((line) => Number(JSON.parse(line.split(',')[3]!))))
  return frames.flatMap((frame) => {
    const spi = frame.field('isakmp.ispi')
    const isSealed = frame.fields('isakmp.typepayload').some((type) => SEALED.has(type))
    if (isSealed && initiators.has(spi) && frame.field('isakmp.enc.decrypted') === undefined)
      return [`${placeOf(frame)}: IKE of ${spi} is not opened`]
    const child = frame.field('esp.spi')
    if (child === undefined || !spis.has(Number(child)) || isTrue(frame.field('esp.icv_good')))
      return []
    return [`${placeOf(frame)}: ESP of ${child} is not opened`]
  })
}

/** What `isMalformed` says already. */
const MALFORMED = 'Malformed Packet'

/** Wireshark writes 1, or True, by its version. */
const isTrue = (value: string | undefined): boolean => value === '1' || value === 'True'

const complaintsOf = (frame: DissectedFrame): string[] => [
  ...(frame.isMalformed ? ['malformed'] : []),
  ...(isTrue(frame.field('esp.icv_bad')) ? ['wrong ICV of ESP'] : []),
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

/** Numbers may be written in decimal or hexadecimal; all else is text. A field that must not be there is expected to be empty. */
const sameValue = (read: string | undefined, expected: string): boolean =>
  (read ?? '') === expected ||
  (read !== undefined && read !== '' && Number(read) === Number(expected))

const metaFields = (event: Seen): Expected => ({
  'frame.interface_name': `${event.node}/${event.nic}`,
  'frame.time_epoch': `${Math.floor(event.at / 1e6)}.${String(event.at % 1e6).padStart(6, '0')}000`,
  'frame.packet_flags': event.kind === 'received' ? '1' : '2',
  'frame.len': `${event.frame.length - (isTunnelFrame(event.frame) ? ETHERNET_HEADER : 0)}`,
})

const mac = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')

function frameFields(frame: Uint8Array): Expected {
  const ethernet = decodeEthernet(frame)
  if (!ethernet.ok) return {}
  const { source, destination, vlan, etherType, payload } = ethernet.value
  return {
    // The capture of a tunnel has no Ethernet.
    'eth.src': isTunnelFrame(frame) ? '' : mac(source),
    'eth.dst': isTunnelFrame(frame) ? '' : mac(destination),
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
