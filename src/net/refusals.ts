/**
 * Why a packet did not leave, as its sender hears it and as the trace has it.
 * Not the deciding and not the sending: `net/ip.ts` does both. The errors that go to senders elsewhere are `net/icmp.ts`'s.
 */
import { IPV4_HEADER, destinationOf, protocolOf, sourceOf } from '../wire/ipv4.ts'
import { portsOf } from './icmp.ts'
import { IP_OFFSET, type Stop } from './packet.ts'
import type { SocketError } from './sockets.ts'
import type { DropReason } from './trace.ts'

/** What an interface's refusal is in the trace. */
export const REFUSED_BY_INTERFACE: Readonly<Record<SocketError['code'], DropReason>> = {
  'port-unreachable': 'no-listener',
  'host-unreachable': 'link-lost',
  'net-unreachable': 'no-route',
  prohibited: 'filter',
  'too-big': 'too-big',
  'no-route': 'no-route',
  'ttl-expired': 'ttl-expired',
}

/** Why a packet of this host did not go out. */
export function refusal(frame: Uint8Array, code: SocketError['code'], mtu?: number): SocketError {
  const address = destinationOf(frame, IP_OFFSET)
  const message = frame.subarray(IP_OFFSET + IPV4_HEADER)
  const port = portsOf(protocolOf(frame, IP_OFFSET), message).destination
  const error = { code, to: { address, port }, from: sourceOf(frame, IP_OFFSET) }
  return mtu === undefined ? error : { ...error, mtu }
}

/** What a program hears when its own host's filter stops it: EPERM, or what a router's error would have said. */
export function refusalCode(stop: Stop): SocketError['code'] {
  if (stop.kind === 'drop') return 'prohibited'
  switch (stop.with) {
    case 'host-unreachable':
    case 'net-unreachable':
    case 'port-unreachable':
      return stop.with
    case 'proto-unreachable':
      return 'port-unreachable'
    default:
      return 'prohibited'
  }
}
