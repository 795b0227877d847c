/**
 * EAP packets (RFC 3748 §4): code, identifier, length, and for requests and responses a type with its data; expanded types and Nak.
 * Not what the data of a type means: each type has a file of its own.
 */
import { concat, setU16, setU32 } from '../../base/bytes.ts'
import { decoder, type Reader } from '../codec.ts'

export const EapCode = { request: 1, response: 2, success: 3, failure: 4 } as const

/** EAP type numbers (IANA). */
export const EapType = {
  identity: 1,
  notification: 2,
  nak: 3,
  md5Challenge: 4,
  tls: 13,
  peap: 25,
  mschapv2: 26,
  tlv: 33,
  expanded: 254,
} as const

/** A type of a vendor's own (RFC 3748 §5.7): vendor 311 is Microsoft, vendor 0 the IETF's types once more. */
export interface ExpandedType {
  /** SMI number, 24 bits. */
  readonly vendor: number
  readonly type: number
}

export type EapPacket =
  | {
      readonly code: typeof EapCode.request | typeof EapCode.response
      /** 0 … 255. */
      readonly identifier: number
      readonly type: number
      /** Where `type` is 254. */
      readonly expanded?: ExpandedType
      readonly data: Uint8Array
    }
  | {
      readonly code: typeof EapCode.success | typeof EapCode.failure
      readonly identifier: number
    }

export const EAP_HEADER_BYTES = 4
export const EAP_BYTES_MAX = 65_535
const EXPANDED_BYTES = 7

/** Views, not copies. Octets beyond the length are padding of a link and ignored; success and failure have no data (RFC 3748 §4.2). */
export const decodeEap = decoder<EapPacket>('eap', (r) => {
  const code = r.u8('Code', 'RFC 3748 §4')
  const identifier = r.u8('Identifier', 'RFC 3748 §4')
  const length = r.u16('Length', 'RFC 3748 §4')
  if (length > r.bytes.length) r.reject('truncated', 'Length', 'RFC 3748 §4.1')
  const data = readBody(r, code, length)
  r.rest()
  if (code === EapCode.request || code === EapCode.response) return { code, identifier, ...data! }
  if (code === EapCode.success || code === EapCode.failure) return { code, identifier }
  return r.reject('bad-value', 'Code', 'RFC 3748 §4')
})

interface Body {
  readonly type: number
  readonly expanded?: ExpandedType
  readonly data: Uint8Array
}

function readBody(r: Reader, code: number, length: number): Body | undefined {
  if (code > EapCode.response) {
    if (length !== EAP_HEADER_BYTES) r.reject('bad-value', 'Length', 'RFC 3748 §4.2')
    return undefined
  }
  if (length <= EAP_HEADER_BYTES) r.reject('bad-value', 'Length', 'RFC 3748 §4.1')
  const type = r.u8('Type', 'RFC 3748 §4.1')
  if (type !== EapType.expanded) return { type, data: r.take(length - r.offset, 'Type-Data', '') }
  if (length < r.offset + EXPANDED_BYTES) r.reject('bad-value', 'Length', 'RFC 3748 §5.7')
  const vendor = (r.u8('Vendor-Id', 'RFC 3748 §5.7') << 16) | r.u16('Vendor-Id', 'RFC 3748 §5.7')
  const expanded = { vendor, type: r.u32('Vendor-Type', 'RFC 3748 §5.7') }
  return { type, expanded, data: r.take(length - r.offset, 'Vendor data', 'RFC 3748 §5.7') }
}

/** Throws RangeError for what does not fit the length field. */
export function encodeEap(packet: EapPacket): Uint8Array {
  const body = 'type' in packet ? bodyOf(packet) : new Uint8Array()
  const length = EAP_HEADER_BYTES + body.length
  if (length > EAP_BYTES_MAX) throw new RangeError(`an EAP packet of ${length} bytes does not fit`)
  const header = Uint8Array.of(packet.code, packet.identifier, 0, 0)
  setU16(header, 2, length)
  return concat(header, body)
}

function bodyOf({ type, expanded, data }: Body): Uint8Array {
  if (expanded === undefined) return concat(Uint8Array.of(type), data)
  const head = new Uint8Array(1 + EXPANDED_BYTES)
  setU32(head, 0, expanded.vendor)
  head[0] = type
  setU32(head, 4, expanded.type)
  return concat(head, data)
}

/** Data of a Nak: the types that the peer would have instead, none if it has no other (RFC 3748 §5.3.1). */
export const decodeNak = decoder<readonly number[]>('eap-nak', (r) => {
  if (r.remaining === 0) r.reject('truncated', 'Type-Data', 'RFC 3748 §5.3.1')
  return [...r.rest()].filter((type) => type !== 0)
})

export const encodeNak = (wanted: readonly number[]): Uint8Array =>
  Uint8Array.from(wanted.length === 0 ? [0] : wanted)
