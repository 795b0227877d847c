/**
 * Drives the hooks of a NAT router as a stack would: prerouting, routing by prefix, input or forward, postrouting.
 * No network around it. Inside are 10.0.0.0/24 (`lan`) and 10.0.1.0/24 (`guest`), everything else is `wan`.
 */
import { formatIpv4, ipv4, type Ipv4 } from '../../src/base/address.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { after, instant, type Duration } from '../../src/base/time.ts'
import { createNatRouter, type NatEvent } from '../../src/net/nat-router.ts'
import { IP_OFFSET, type Packet, type Stop } from '../../src/net/packet.ts'
import type { NatRouterSpec } from '../../src/topology/firewall.ts'
import { decodeIcmp, echoRest, encodeIcmp, ICMP_TYPE } from '../../src/wire/icmp.ts'
import { decodeIpv4, PROTOCOL } from '../../src/wire/ipv4.ts'
import { decodeTcp } from '../../src/wire/tcp.ts'
import { decodeUdp } from '../../src/wire/udp.ts'
import { ethernet, ipPacket, tcpPacket, udpPacket } from '../wire/frames.ts'

export const OUTSIDE = '203.0.113.9'

/** `10.0.0.5:4000` both ways; the port of an ICMP query is its identifier, on the querier's side. */
export interface Sent {
  readonly from: string
  readonly to: string
  /** Flags. UDP unless one of these is given. */
  readonly tcp?: number
  readonly icmp?: 'request' | 'reply'
  readonly protocol?: number
}

/** What came out at the other side, or why nothing did. */
export type Outcome =
  | { readonly from: string; readonly to: string; readonly at: 'inside' | 'outside' | 'router' }
  | Stop

export const split = (text: string): { address: Ipv4; port: number } => {
  const [address, port] = text.split(':')
  return { address: ipv4(address!), port: Number(port ?? 0) }
}

export function build({ from, to, tcp, icmp, protocol }: Sent): Uint8Array {
  const payload = new Uint8Array(5).fill(7)
  if (tcp !== undefined) return ethernet(tcpPacket(from, to, tcp, payload))
  const ends = { from: from.split(':')[0]!, to: to.split(':')[0]! }
  if (protocol !== undefined) return ethernet(ipPacket(ends, { protocol, payload }))
  if (icmp === undefined) return ethernet(udpPacket(from, to, payload))
  const type = icmp === 'request' ? ICMP_TYPE.echo : ICMP_TYPE.echoReply
  const rest = echoRest(split(icmp === 'request' ? from : to).port, 1)
  const message = encodeIcmp({ type, code: 0, rest, payload })
  return ethernet(ipPacket(ends, { protocol: PROTOCOL.icmp, payload: message }))
}

/** Decode with every checksum verified, so a wrong one fails whatever test it happens in. */
export function endpoints(frame: Uint8Array): { from: string; to: string } {
  const ip = decodeIpv4(frame.subarray(IP_OFFSET))
  if (!ip.ok) throw new Error(JSON.stringify(ip.error))
  const { protocol, payload } = ip.value
  const [from, to] = [formatIpv4(ip.value.source), formatIpv4(ip.value.destination)]
  if (protocol === PROTOCOL.icmp) {
    const icmp = decodeIcmp(payload)
    if (!icmp.ok) throw new Error(JSON.stringify(icmp.error))
    const id = icmp.value.rest >>> 16
    return icmp.value.type === ICMP_TYPE.echo
      ? { from: `${from}:${id}`, to }
      : { from, to: `${to}:${id}` }
  }
  if (protocol !== PROTOCOL.udp && protocol !== PROTOCOL.tcp) return { from, to }
  const decode = protocol === PROTOCOL.udp ? decodeUdp : decodeTcp
  const ports = decode(payload, ip.value)
  if (!ports.ok) throw new Error(JSON.stringify(ports.error))
  return { from: `${from}:${ports.value.sourcePort}`, to: `${to}:${ports.value.destinationPort}` }
}

const hostOf = (endpoint: string): string => endpoint.split(':')[0]!

export function router(
  spec: Partial<NatRouterSpec> = {},
  options: { outside?: () => string | undefined } = {},
) {
  let now = instant('2026-03-02T08:00:00Z')
  const events: NatEvent[] = []
  const outside = options.outside ?? (() => OUTSIDE)
  const nat = createNatRouter(
    { outside: 'wan', ...spec },
    {
      outsideAddress: () => (outside() === undefined ? undefined : ipv4(outside()!)),
      insideNetworks: ['lan', 'guest'],
      clock: () => now,
      rng: rngFrom('nat'),
      detailed: () => true,
      report: (event) => events.push(event),
    },
  )
  const nicFor = (address: string): string | undefined => {
    if (address === outside()) return undefined
    if (address.startsWith('10.0.0.')) return 'lan'
    return address.startsWith('10.0.1.') ? 'guest' : 'wan'
  }
  const route = (packet: Packet): Stop | undefined => {
    const { from, to } = endpoints(packet.frame)
    const own = packet.inNic === undefined
    if (!own && hostOf(from) === outside()) throw new Error('martian: our own address from a wire')
    packet.outNic = nicFor(hostOf(to))
    if (packet.outNic === undefined) return nat.input(packet)
    return (own ? undefined : nat.forward(packet)) ?? nat.postrouting(packet)
  }
  const carry = (frame: Uint8Array, inNic: string | undefined) => {
    const packet: Packet = { frame, id: 1, inNic, outNic: undefined, track: undefined }
    const early = inNic === undefined ? nat.output(packet) : nat.prerouting(packet)
    return { packet, stop: early ?? route(packet) }
  }
  const send = (sent: Sent, own = false): Outcome => {
    const { stop, packet } = carry(build(sent), own ? undefined : nicFor(hostOf(sent.from)))
    if (stop !== undefined) return stop
    const { outNic } = packet
    const at = outNic === undefined ? 'router' : outNic === 'wan' ? 'outside' : 'inside'
    return { ...endpoints(packet.frame), at }
  }
  return {
    nat,
    events,
    send,
    carry,
    own: (sent: Sent) => send(sent, true),
    advance: (by: Duration) => void (now = after(now, by)),
  }
}

export const out = (from: string, to = '198.51.100.7:500'): Sent => ({ from, to })
export const back = (from: string, to: string): Sent => ({ from, to })
/** As whom the receiver sees the sender. */
export const seen = (outcome: Outcome): string =>
  'at' in outcome ? outcome.from : JSON.stringify(outcome)
/** Where it arrived, or the reason why it did not. */
export const reached = (outcome: Outcome): string => {
  if ('at' in outcome) return outcome.to
  return outcome.kind === 'drop' ? outcome.reason : outcome.kind
}
