/** Frames for tests, built with the project's own encoders. Not fixtures: each test says what it needs. */
import { ipv4 } from '../../src/base/address.ts'
import {
  BROADCAST_MAC,
  encodeEthernet,
  ETHER_TYPE,
  type EthernetFrame,
} from '../../src/wire/ethernet.ts'
import { encodeIpv4, PROTOCOL, type Ipv4Packet } from '../../src/wire/ipv4.ts'
import { encodeTcp } from '../../src/wire/tcp.ts'
import { encodeUdp } from '../../src/wire/udp.ts'

const NOTHING = new Uint8Array()

export const ethernet = (payload: Uint8Array, rest: Partial<EthernetFrame> = {}): Uint8Array =>
  encodeEthernet({
    destination: BROADCAST_MAC,
    source: Uint8Array.of(2, 0, 0, 0, 0, 1),
    etherType: ETHER_TYPE.ipv4,
    payload,
    ...rest,
  })

export const ipPacket = (
  ends: { readonly from: string; readonly to: string },
  rest: Partial<Ipv4Packet>,
): Uint8Array =>
  encodeIpv4({
    dscpEcn: 0,
    identification: 7,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: PROTOCOL.udp,
    source: ipv4(ends.from),
    destination: ipv4(ends.to),
    options: NOTHING,
    payload: NOTHING,
    ...rest,
  })

/** `10.0.0.5:49152` on both sides. */
export function udpPacket(from: string, to: string, payload: Uint8Array = NOTHING): Uint8Array {
  const [a, b] = [endpoint(from), endpoint(to)]
  const pseudo = { source: ipv4(a.host), destination: ipv4(b.host) }
  const udp = encodeUdp({ sourcePort: a.port, destinationPort: b.port, payload }, pseudo)
  return ipPacket({ from: a.host, to: b.host }, { payload: udp })
}

export function tcpPacket(
  from: string,
  to: string,
  flags: number,
  payload: Uint8Array = NOTHING,
): Uint8Array {
  const [a, b] = [endpoint(from), endpoint(to)]
  const pseudo = { source: ipv4(a.host), destination: ipv4(b.host) }
  const segment = {
    sourcePort: a.port,
    destinationPort: b.port,
    sequence: 1,
    acknowledgement: 0,
    flags,
    window: 64_240,
    urgentPointer: 0,
    options: [],
    payload,
  }
  return ipPacket(
    { from: a.host, to: b.host },
    { protocol: PROTOCOL.tcp, payload: encodeTcp(segment, pseudo) },
  )
}

function endpoint(text: string): { host: string; port: number } {
  const [host, port] = text.split(':')
  return { host: host!, port: Number(port) }
}
