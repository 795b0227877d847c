/**
 * What the packets of a capture are to a tunnel: IKE messages with what they show in the clear, ESP, signs of life, ICMP errors about them, and pieces whose
 * beginning never came. Not who talks with whom: `dials.ts`. RFC 7296 §3.1, RFC 3948 §2, RFC 7383 §2.5.
 */
import { formatIpv4, type Ipv4 } from '../../base/address.ts'
import { equalBytes, toHex, u16, u32 } from '../../base/bytes.ts'
import { formatWireError } from '../../wire/codec.ts'
import { kindOfNatT } from '../../wire/esp.ts'
import { ICMP_TYPE } from '../../wire/icmp.ts'
import {
  decodeIke,
  IKE_HEADER_BYTES,
  IKE_PORT,
  IkeFlag,
  NAT_T_PORT,
  NON_ESP_MARKER_BYTES,
} from '../../wire/ikev2/header.ts'
import { IkePayloadType } from '../../wire/ikev2/numbers.ts'
import { decodePayloads } from '../../wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { PROTOCOL } from '../../wire/ipv4.ts'
import { UDP_HEADER } from '../../wire/udp.ts'
import { quotedIn, type SeenPacket } from './packets.ts'

export interface Endpoint {
  readonly address: Ipv4
  readonly port: number
}

/** `192.0.2.7:500`; an address alone where there is no port. */
export const endpointText = ({ address, port }: Endpoint): string =>
  port === 0 ? formatIpv4(address) : `${formatIpv4(address)}:${port}`

/** An IKE message at one interface: its header at least. */
export interface SeenIke {
  readonly packet: SeenPacket
  readonly from: Endpoint
  readonly to: Endpoint
  /** In hexadecimal; the responder's is zero in the first request. */
  readonly spiI: string
  readonly spiR: string
  readonly version: number
  readonly exchange: number
  readonly isResponse: boolean
  /** Of whoever began this IKE SA. */
  readonly isInitiators: boolean
  readonly messageId: number
  /** As its header says. */
  readonly length: number
  /** As far as it is there. */
  readonly bytes: Uint8Array
  /** All of it came. */
  readonly isWhole: boolean
  /** Type of the first payload inside an encrypted one, which stands outside it; 0: none, or a later fragment. */
  readonly inside?: number
  /** Octets of an encrypted payload. */
  readonly sealed?: number
  /** RFC 7383. */
  readonly fragment?: { readonly number: number; readonly total: number }
  /** In the clear, where it is whole and sound; an encrypted one is among them as it is. */
  readonly payloads: readonly IkePayload[]
  /** What is wrong with its bytes. */
  readonly fault?: string
}

/** ESP between two addresses in one direction. */
export interface SeenEsp {
  readonly packet: SeenPacket
  readonly from: Endpoint
  readonly to: Endpoint
  readonly spi: number
  readonly isInUdp: boolean
}

/** Somebody on the way says that a packet went no further. */
export interface SeenRefusal {
  readonly packet: SeenPacket
  readonly type: number
  readonly code: number
  /** Type 3 code 4: what would have gone through; 0: not said. */
  readonly mtu: number
  readonly from: Ipv4
  readonly to: Ipv4
}

export interface SeenMessages {
  readonly ike: readonly SeenIke[]
  readonly esp: readonly SeenEsp[]
  /** NAT keepalives. */
  readonly keepalives: readonly Omit<SeenEsp, 'spi' | 'isInUdp'>[]
  readonly refusals: readonly SeenRefusal[]
  /** Fragments of UDP whose first was never seen: nobody can say of what. */
  readonly headless: readonly SeenPacket[]
}

export function messagesOf(packets: readonly SeenPacket[]): SeenMessages {
  const ike: SeenIke[] = []
  const esp: SeenEsp[] = []
  const keepalives: Omit<SeenEsp, 'spi' | 'isInUdp'>[] = []
  const refusals: SeenRefusal[] = []
  const headless: SeenPacket[] = []
  for (const packet of packets) {
    const { protocol, payload, pieces } = packet
    if (pieces[0]!.start > 0) {
      if (protocol === PROTOCOL.udp) headless.push(packet)
    } else if (protocol === PROTOCOL.esp && payload.length >= 4) {
      esp.push({ packet, ...nativeEnds(packet), spi: u32(payload, 0), isInUdp: false })
    } else if (protocol === PROTOCOL.icmp) refusals.push(...refusalOf(packet))
    else if (protocol === PROTOCOL.udp && payload.length >= UDP_HEADER) {
      const from = { address: packet.from, port: u16(payload, 0) }
      const to = { address: packet.to, port: u16(payload, 2) }
      const data = payload.subarray(UDP_HEADER, Math.max(UDP_HEADER, u16(payload, 4)))
      const message = readUdp({ packet, from, to, data })
      if (message?.kind === 'ike') ike.push(message.ike)
      else if (message?.kind === 'esp') {
        esp.push({ packet, from, to, spi: u32(data, 0), isInUdp: true })
      } else if (message?.kind === 'keepalive') keepalives.push({ packet, from, to })
    }
  }
  return { ike: withoutCopies(ike), esp, keepalives, refusals, headless }
}

const nativeEnds = ({ from, to }: SeenPacket) => ({
  from: { address: from, port: 0 },
  to: { address: to, port: 0 },
})

interface Datagram {
  readonly packet: SeenPacket
  readonly from: Endpoint
  readonly to: Endpoint
  readonly data: Uint8Array
}

type Read =
  | { readonly kind: 'ike'; readonly ike: SeenIke }
  | { readonly kind: 'esp' }
  | { readonly kind: 'keepalive' }

function readUdp(datagram: Datagram): Read | undefined {
  const { from, to, data } = datagram
  const has = (port: number): boolean => from.port === port || to.port === port
  if (has(NAT_T_PORT)) {
    const kind = kindOfNatT(data)
    if (kind === 'esp' || kind === 'keepalive') return { kind }
    if (kind === 'malformed') return undefined
    return readIke({ ...datagram, data: data.subarray(NON_ESP_MARKER_BYTES) })
  }
  return has(IKE_PORT) ? readIke(datagram) : undefined
}

const VERSION_AT = 17

function readIke({ packet, from, to, data }: Datagram): Read | undefined {
  const major = (data[VERSION_AT] ?? 0) >> 4
  if (data.length < IKE_HEADER_BYTES || (major !== 1 && major !== 2)) return undefined
  const flags = data[19]!
  const length = u32(data, 24)
  const isWhole = packet.gaps.length === 0 && data.length >= length
  return {
    kind: 'ike',
    ike: {
      packet,
      from,
      to,
      spiI: toHex(data.subarray(0, 8)),
      spiR: toHex(data.subarray(8, 16)),
      version: major,
      exchange: data[18]!,
      isResponse: (flags & IkeFlag.response) !== 0,
      isInitiators: (flags & IkeFlag.initiator) !== 0,
      messageId: u32(data, 20),
      length,
      bytes: data,
      isWhole,
      ...sealedIn(data),
      ...(major === 2 && isWhole ? clearIn(data) : { payloads: [] }),
    },
  }
}

/** What stands before the ciphertext, of a message that begins with it. */
function sealedIn(data: Uint8Array): Pick<SeenIke, 'inside' | 'sealed' | 'fragment'> {
  const type = data[16]!
  const at = IKE_HEADER_BYTES
  const isSealed = type === IkePayloadType.SK || type === IkePayloadType.SKF
  if (!isSealed || data.length < at + 4) return {}
  const sealed = Math.max(0, u16(data, at + 2) - 4)
  if (type === IkePayloadType.SK) return { inside: data[at]!, sealed }
  if (data.length < at + 8) return { inside: data[at]!, sealed }
  const fragment = { number: u16(data, at + 4), total: u16(data, at + 6) }
  return { inside: data[at]!, sealed: Math.max(0, sealed - 4), fragment }
}

function clearIn(data: Uint8Array): Pick<SeenIke, 'payloads' | 'fault'> {
  const message = decodeIke(data)
  if (!message.ok) return { payloads: [], fault: formatWireError(message.error) }
  const payloads = decodePayloads(message.value.nextPayload, message.value.payloads)
  return payloads.ok
    ? { payloads: payloads.value }
    : { payloads: [], fault: formatWireError(payloads.error) }
}

const ERRORS: readonly number[] = [ICMP_TYPE.destinationUnreachable, ICMP_TYPE.timeExceeded]

function refusalOf(packet: SeenPacket): readonly SeenRefusal[] {
  const { payload } = packet
  const type = payload[0] ?? 0
  if (payload.length < 8 || !ERRORS.includes(type)) return []
  const quoted = quotedIn(payload)
  if (quoted?.protocol !== PROTOCOL.udp) return []
  const { ports = [], from, to } = quoted
  const isOurs =
    ports.length === 0 || ports.some((port) => port === IKE_PORT || port === NAT_T_PORT)
  return isOurs ? [{ packet, type, code: payload[1]!, mtu: u16(payload, 6), from, to }] : []
}

/** A packet that is forwarded within one capture is seen twice there: same number, another TTL. The first stays. */
function withoutCopies(all: readonly SeenIke[]): readonly SeenIke[] {
  const seen = new Map<string, SeenIke>()
  return all.filter((each) => {
    const { packet, from, to } = each
    const key = [
      packet.interface,
      endpointText(from),
      endpointText(to),
      packet.identification,
    ].join()
    const first = seen.get(key)
    if (first === undefined) {
      seen.set(key, each)
      return true
    }
    return first.packet.ttl === packet.ttl || !equalBytes(first.bytes, each.bytes)
  })
}
