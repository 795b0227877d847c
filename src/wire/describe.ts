/**
 * One line about one frame, for people: who to whom, by what, and what it says.
 * Not a dissector: Wireshark has the captures. Any bytes are described; what is malformed is said to be so.
 */
import { formatIpv4, formatIpv6, type Ipv6 } from '../base/address.ts'
import { setU16, toHex, u16 } from '../base/bytes.ts'
import { decodeArp } from './arp.ts'
import { formatWireError } from './codec.ts'
import { describeMessage, describeStream } from './describe-message.ts'
import { decodeEthernet, ETHER_TYPE, formatMac, type EthernetFrame } from './ethernet.ts'
import { decodeIcmp, echoIdentifier, icmpName, ICMP_TYPE, UNREACHABLE } from './icmp.ts'
import {
  decodeIpv4,
  destinationOf,
  fragmentOffsetOf,
  headerLengthOf,
  IPV4_HEADER,
  PROTOCOL,
  protocolName,
  protocolOf,
  sourceOf,
  writeHeaderChecksum,
  type Ipv4Packet,
} from './ipv4.ts'
import { decodeTcp, TcpFlag } from './tcp.ts'
import { decodeUdp } from './udp.ts'

const UDP_CHECKSUM_AT = 6

/**
 * `10.0.0.5.49152 > 203.0.113.10.500  UDP 28 B  IKE IKE_SA_INIT request`. Sizes are of the payload that the named layer carries.
 * Never throws, whatever the bytes.
 */
export function describeFrame(frame: Uint8Array): string {
  const ethernet = decodeEthernet(frame)
  if (!ethernet.ok) return formatWireError(ethernet.error)
  const tag = ethernet.value.vlan === undefined ? '' : `vlan ${ethernet.value.vlan}  `
  return tag + describePayload(ethernet.value)
}

function describePayload({ etherType, payload, source }: EthernetFrame): string {
  switch (etherType) {
    case ETHER_TYPE.ipv4:
      return describeIpv4(payload)
    case ETHER_TYPE.arp:
      return describeArp(payload)
    case ETHER_TYPE.ipv6:
      return describeIpv6(payload)
    default:
      return `${formatMac(source)} sent EtherType 0x${hex(etherType, 4)}, ${payload.length} B`
  }
}

function describeArp(bytes: Uint8Array): string {
  const arp = decodeArp(bytes)
  if (!arp.ok) return formatWireError(arp.error)
  const { operation, sender, senderMac, target } = arp.value
  const holder = `${formatIpv4(sender)} is at ${formatMac(senderMac)}`
  if (operation !== 1) return operation === 2 ? `ARP ${holder}` : `ARP operation ${operation}`
  if (sender === target) return `ARP announces that ${holder}`
  if (sender === 0) return `ARP does anybody have ${formatIpv4(target)}?`
  return `ARP who has ${formatIpv4(target)}? tell ${formatIpv4(sender)}`
}

function describeIpv6(bytes: Uint8Array): string {
  if (bytes.length < 40) return 'ipv6: truncated'
  const address = (at: number): string =>
    formatIpv6(BigInt(`0x${toHex(bytes.subarray(at, at + 16))}`) as Ipv6)
  return `${address(8)} > ${address(24)}  IPv6 next header ${bytes[6]} ${u16(bytes, 4)} B`
}

function describeIpv4(bytes: Uint8Array): string {
  const packet = decodeIpv4(bytes)
  if (packet.ok) return describePacket(packet.value)
  if (packet.error.code === 'bad-checksum') {
    // What it would be with the right one is worth telling: captures of senders that leave checksums to the card are full of these.
    const mended = bytes.slice()
    writeHeaderChecksum(mended, 0)
    return `${describeIpv4(mended)}  (bad IPv4 header checksum)`
  }
  const from =
    bytes.length >= IPV4_HEADER
      ? `${formatIpv4(sourceOf(bytes, 0))} > ${formatIpv4(destinationOf(bytes, 0))}  `
      : ''
  return `${from}${formatWireError(packet.error)}`
}

function describePacket(packet: Ipv4Packet): string {
  if (packet.moreFragments || packet.fragmentOffset > 0) return describeFragment(packet)
  switch (packet.protocol) {
    case PROTOCOL.udp:
      return describeUdp(packet)
    case PROTOCOL.tcp:
      return describeTcp(packet)
    case PROTOCOL.icmp:
      return `${hosts(packet)}  ${describeIcmp(packet.payload)}`
    case PROTOCOL.esp:
      return `${hosts(packet)}  ${describeMessage(packet.payload, 'esp') ?? 'ESP'}`
    default:
      return `${hosts(packet)}  ${protocolName(packet.protocol)} ${packet.payload.length} B`
  }
}

function describeFragment(packet: Ipv4Packet): string {
  const { fragmentOffset: from, payload, identification, protocol, moreFragments } = packet
  const portsAreHere = from === 0 && payload.length >= 4 && hasPorts(protocol)
  const way = portsAreHere ? flow(packet, u16(payload, 0), u16(payload, 2)) : hosts(packet)
  const last = from + payload.length - 1
  const rest = moreFragments ? 'more follow' : 'the last'
  return `${way}  ${protocolName(protocol)} fragment of id ${identification}: bytes ${from} to ${last}, ${rest}`
}

function describeUdp(packet: Ipv4Packet): string {
  const udp = decodeUdp(packet.payload, packet)
  if (!udp.ok && udp.error.code === 'bad-checksum') {
    const payload = packet.payload.slice()
    setU16(payload, UDP_CHECKSUM_AT, 0) // None was made (RFC 768).
    return `${describeUdp({ ...packet, payload })}  (bad UDP checksum)`
  }
  if (!udp.ok) return `${hosts(packet)}  ${formatWireError(udp.error)}`
  const { sourcePort, destinationPort, payload } = udp.value
  const message = describeMessage(payload, destinationPort) ?? describeMessage(payload, sourcePort)
  const line = `${flow(packet, sourcePort, destinationPort)}  UDP ${payload.length} B`
  return message === undefined ? line : `${line}  ${message}`
}

const FLAGS = ['syn', 'fin', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const

function describeTcp(packet: Ipv4Packet): string {
  const tcp = decodeTcp(packet.payload, packet)
  if (!tcp.ok) return `${hosts(packet)}  ${formatWireError(tcp.error)}`
  const { sourcePort, destinationPort, flags, payload } = tcp.value
  const names = FLAGS.filter((flag) => (flags & TcpFlag[flag]) !== 0)
  const size = payload.length === 0 ? '' : ` ${payload.length} B`
  const line = `${flow(packet, sourcePort, destinationPort)}  TCP ${names.join(' ').toUpperCase() || 'no flags'}${size}`
  const message = describeStream(payload, destinationPort) ?? describeStream(payload, sourcePort)
  return message === undefined ? line : `${line}  ${message}`
}

function describeIcmp(bytes: Uint8Array): string {
  const icmp = decodeIcmp(bytes)
  if (!icmp.ok) return formatWireError(icmp.error)
  const { type, code, rest, payload } = icmp.value
  const name = icmpName(type, code)
  const said = name.startsWith('ICMP') ? name : `ICMP ${name}`
  if (type === ICMP_TYPE.echo || type === ICMP_TYPE.echoReply) {
    return `${said} id ${echoIdentifier(rest)} seq ${rest & 0xffff}`
  }
  const tooBig =
    type === ICMP_TYPE.destinationUnreachable && code === UNREACHABLE.fragmentationNeeded
  const mtu = tooBig ? ` (next-hop MTU ${rest & 0xffff})` : ''
  const quote = describeQuote(payload)
  return `${said}${mtu}${quote === undefined ? '' : `, quotes ${quote}`}`
}

/** The packet in an ICMP error; mostly cut short, so its lengths and checksums say nothing. */
function describeQuote(bytes: Uint8Array): string | undefined {
  if (bytes.length < IPV4_HEADER || bytes[0]! >> 4 !== 4) return undefined
  const protocol = protocolOf(bytes, 0)
  const ends = { source: sourceOf(bytes, 0), destination: destinationOf(bytes, 0) }
  const ports = headerLengthOf(bytes, 0)
  const portsAreHere =
    hasPorts(protocol) && fragmentOffsetOf(bytes, 0) === 0 && ports + 4 <= bytes.length
  const way = portsAreHere ? flow(ends, u16(bytes, ports), u16(bytes, ports + 2)) : hosts(ends)
  return `${way} ${protocolName(protocol)}`
}

type Ends = Pick<Ipv4Packet, 'source' | 'destination'>
const hosts = ({ source, destination }: Ends): string =>
  `${formatIpv4(source)} > ${formatIpv4(destination)}`
const flow = ({ source, destination }: Ends, from: number, to: number): string =>
  `${formatIpv4(source)}.${from} > ${formatIpv4(destination)}.${to}`

const hasPorts = (protocol: number): boolean =>
  protocol === PROTOCOL.udp || protocol === PROTOCOL.tcp

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
