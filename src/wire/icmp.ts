/**
 * ICMP for IPv4: 8 bytes of header, then the data of an echo or the packet that an error quotes.
 * Not its rules: `net/icmp.ts` decides when to send one. RFC 792, RFC 1191 §4 (next-hop MTU), RFC 1812 §5.2.7.1 (codes).
 */
import { checksum, setU16, setU32 } from '../base/bytes.ts'
import { decoder } from './codec.ts'

export const ICMP_HEADER = 8
export const ICMP_TYPE = {
  echoReply: 0,
  destinationUnreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echo: 8,
  timeExceeded: 11,
  parameterProblem: 12,
  timestamp: 13,
  timestampReply: 14,
  informationRequest: 15,
  informationReply: 16,
  addressMaskRequest: 17,
  addressMaskReply: 18,
} as const

/** Codes of type 3. */
export const UNREACHABLE = {
  net: 0,
  host: 1,
  protocol: 2,
  port: 3,
  fragmentationNeeded: 4,
  sourceRouteFailed: 5,
  netProhibited: 9,
  hostProhibited: 10,
  adminProhibited: 13,
} as const

/** Codes of type 11. */
export const TIME_EXCEEDED = { inTransit: 0, reassembly: 1 } as const

export interface IcmpMessage {
  readonly type: number
  readonly code: number
  /** Bytes 4 … 7: identifier and sequence number of an echo, next-hop MTU of type 3 code 4, otherwise mostly 0. */
  readonly rest: number
  readonly payload: Uint8Array
}

export const decodeIcmp = decoder<IcmpMessage>('icmp', (r) => {
  const type = r.u8('Type', 'RFC 792')
  const code = r.u8('Code', 'RFC 792')
  r.u16('Checksum', 'RFC 792')
  const rest = r.u32('Rest of Header', 'RFC 792')
  if (checksum(r.bytes) !== 0) r.reject('bad-checksum', 'Checksum', 'RFC 792')
  return { type, code, rest, payload: r.rest() }
})

/** A new message of 8 + payload bytes, checksummed. */
export function encodeIcmp(message: IcmpMessage): Uint8Array {
  const out = new Uint8Array(ICMP_HEADER + message.payload.length)
  out[0] = message.type
  out[1] = message.code
  setU32(out, 4, message.rest)
  out.set(message.payload, ICMP_HEADER)
  setU16(out, 2, checksum(out))
  return out
}

/** Types that report an error and therefore are never answered by one (RFC 1122 §3.2.2). Unknown types count as errors, as in Linux. */
export function isIcmpError(type: number): boolean {
  switch (type) {
    case ICMP_TYPE.echoReply:
    case ICMP_TYPE.echo:
    case ICMP_TYPE.timestamp:
    case ICMP_TYPE.timestampReply:
    case ICMP_TYPE.informationRequest:
    case ICMP_TYPE.informationReply:
    case ICMP_TYPE.addressMaskRequest:
    case ICMP_TYPE.addressMaskReply:
      return false
    default:
      return true
  }
}

/** `echo request`, `time exceeded, code 0`: for people. */
export function icmpName(type: number, code: number): string {
  switch (type) {
    case ICMP_TYPE.echo:
      return 'echo request'
    case ICMP_TYPE.echoReply:
      return 'echo reply'
    case ICMP_TYPE.destinationUnreachable:
      return UNREACHABLE_NAMES[code] ?? `destination unreachable, code ${code}`
    case ICMP_TYPE.timeExceeded:
      return code === TIME_EXCEEDED.inTransit
        ? 'TTL exceeded in transit'
        : 'reassembly time exceeded'
    default:
      return `ICMP type ${type}, code ${code}`
  }
}
const UNREACHABLE_NAMES: Readonly<Record<number, string>> = {
  [UNREACHABLE.net]: 'net unreachable',
  [UNREACHABLE.host]: 'host unreachable',
  [UNREACHABLE.protocol]: 'protocol unreachable',
  [UNREACHABLE.port]: 'port unreachable',
  [UNREACHABLE.fragmentationNeeded]: 'fragmentation needed and DF set',
  [UNREACHABLE.sourceRouteFailed]: 'source route failed',
  [UNREACHABLE.netProhibited]: 'net prohibited',
  [UNREACHABLE.hostProhibited]: 'host prohibited',
  [UNREACHABLE.adminProhibited]: 'administratively prohibited',
}

/** Identifier of an echo, from {@link IcmpMessage.rest}. */
export const echoIdentifier = (rest: number): number => rest >>> 16
/** The two halves of an echo's second word. */
export const echoRest = (identifier: number, sequence: number): number =>
  ((identifier << 16) | sequence) >>> 0
