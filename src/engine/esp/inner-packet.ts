/**
 * What of an inner packet traffic selectors look at (RFC 4301 §4.4.1.1), both ways. Not narrowing: `engine/ikev2/selectors.ts`; and no field is changed.
 */
import { u16, u32 } from '../../base/bytes.ts'
import { headerLengthOf, protocolOf, PROTOCOL } from '../../wire/ipv4.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'

const ANY_PROTOCOL = 0
const PORT_MAX = 0xffff
const SCTP = 132
const OFFSET_MASK = 0x1fff
/** A later fragment has no ports, and some protocols have none at all: such a packet needs a selector of every port (RFC 4301 §7). */
const NO_PORT = -1

type Ipv4Selector = Extract<TrafficSelector, { kind: 'ipv4' }>

/** Whether a packet, whose IPv4 header is sound, goes from one of `from` to one of `to`. */
export type PacketCheck = (packet: Uint8Array) => boolean

export function packetCheck(
  from: readonly TrafficSelector[],
  to: readonly TrafficSelector[],
): PacketCheck {
  const sources = from.filter((each) => each.kind === 'ipv4')
  const destinations = to.filter((each) => each.kind === 'ipv4')
  return (packet) =>
    sources.some((each) => admits(each, packet, 12)) &&
    destinations.some((each) => admits(each, packet, 16))
}

/** `at` is where the address stands: the source at 12, the destination at 16. */
function admits(selector: Ipv4Selector, packet: Uint8Array, at: 12 | 16): boolean {
  const address = u32(packet, at)
  if (address < selector.start || address > selector.end) return false
  const { protocol, startPort, endPort } = selector
  if (protocol !== ANY_PROTOCOL && protocol !== protocolOf(packet, 0)) return false
  if (startPort === 0 && endPort === PORT_MAX) return true
  const port = portOf(packet, at)
  // RFC 7296 §3.13.1: from 65535 to 0 is OPAQUE, which is for what has no ports to be seen.
  if (startPort > endPort) return port === NO_PORT
  return port >= startPort && port <= endPort
}

/** Of ICMP, type and code, whichever end is asked for (RFC 7296 §3.13.1). */
function portOf(packet: Uint8Array, at: 12 | 16): number {
  if ((u16(packet, 6) & OFFSET_MASK) !== 0) return NO_PORT
  const header = headerLengthOf(packet, 0)
  if (packet.length < header + 4) return NO_PORT
  switch (protocolOf(packet, 0)) {
    case PROTOCOL.tcp:
    case PROTOCOL.udp:
    case SCTP:
      return u16(packet, at === 12 ? header : header + 2)
    case PROTOCOL.icmp:
      return u16(packet, header)
    default:
      return NO_PORT
  }
}
