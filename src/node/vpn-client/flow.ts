/**
 * What the filters of a VPN client see of a packet: who talks to whom, from this computer's side. Fragments are put together before. Not a rule.
 */
import { formatIpv4, type Ipv4 } from '../../base/address.ts'
import { u16 } from '../../base/bytes.ts'
import { portsOf } from '../../net/icmp.ts'
import { IP_OFFSET, type Packet } from '../../net/packet.ts'
import type { TrafficFlow } from '../../windows/traffic-filters.ts'
import {
  destinationOf,
  headerLengthOf,
  PROTOCOL,
  protocolName,
  protocolOf,
  sourceOf,
  totalLengthOf,
} from '../../wire/ipv4.ts'
import { isIcmpError } from '../../wire/icmp.ts'

export interface SeenFlow extends Omit<TrafficFlow, 'program'> {
  /** The same for packets of either direction; of ICMP's questions and answers, too. */
  readonly key: string
  /** It tells of another packet's fate. */
  readonly isIcmpError: boolean
}

/** `sent`: by this computer. */
export function flowOf({ frame }: Packet, sent: boolean): SeenFlow {
  const source = sourceOf(frame, IP_OFFSET)
  const destination = destinationOf(frame, IP_OFFSET)
  const [local, remote] = sent ? [source, destination] : [destination, source]
  const protocol = protocolOf(frame, IP_OFFSET)
  const message = frame.subarray(
    IP_OFFSET + headerLengthOf(frame, IP_OFFSET),
    IP_OFFSET + totalLengthOf(frame, IP_OFFSET),
  )
  const ports = endPorts(protocol, message, sent)
  const isError = protocol === PROTOCOL.icmp && message.length > 0 && isIcmpError(message[0]!)
  const identifier = protocol === PROTOCOL.icmp && message.length >= 8 ? u16(message, 4) : 0
  const { localPort = 0, remotePort = 0 } = ports
  const key = `${protocol} ${local}:${localPort} ${remote}:${remotePort} ${identifier}`
  return { protocol, local, remote, ...ports, key, isIcmpError: isError }
}

function endPorts(
  protocol: number,
  message: Uint8Array,
  sent: boolean,
): Pick<TrafficFlow, 'localPort' | 'remotePort'> {
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return {}
  const { source, destination } = portsOf(protocol, message)
  const [localPort, remotePort] = sent ? [source, destination] : [destination, source]
  return { localPort, remotePort }
}

/** `TCP to 10.10.0.20:443`, `ICMP from 10.10.0.6`. */
export function flowText(
  { protocol, remote, localPort, remotePort }: SeenFlow,
  sent: boolean,
): string {
  const name = protocolName(protocol)
  if (sent) return `${name} to ${endText(remote, remotePort)}`
  const port = localPort === undefined ? '' : ` to port ${localPort}`
  return `${name} from ${formatIpv4(remote)}${port}`
}

const endText = (address: Ipv4, port: number | undefined): string =>
  port === undefined ? formatIpv4(address) : `${formatIpv4(address)}:${port}`
