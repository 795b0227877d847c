/**
 * RADIUS packets (RFC 2865 §3 and §5). Length counts header and attributes; octets beyond it are padding and ignored.
 * No secrets here: whoever holds one computes and checks the authenticators.
 */
import { setU16 } from '../../base/bytes.ts'
import { decoder } from '../codec.ts'

/** IANA, RADIUS Packet Type Codes; 12 is RFC 5997. */
export const RadiusCode = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  accountingRequest: 4,
  accountingResponse: 5,
  accessChallenge: 11,
  statusServer: 12,
} as const

const CODE_NAMES: ReadonlyMap<number, string> = new Map([
  [RadiusCode.accessRequest, 'Access-Request'],
  [RadiusCode.accessAccept, 'Access-Accept'],
  [RadiusCode.accessReject, 'Access-Reject'],
  [RadiusCode.accountingRequest, 'Accounting-Request'],
  [RadiusCode.accountingResponse, 'Accounting-Response'],
  [RadiusCode.accessChallenge, 'Access-Challenge'],
  [RadiusCode.statusServer, 'Status-Server'],
])

/** `Access-Request`; `code 40` for what has no name here. */
export const radiusCodeName = (code: number): string => CODE_NAMES.get(code) ?? `code ${code}`

/** The attributes that the protocol itself handles: RFC 2865 §5, RFC 3579 §3. All others have names in `dictionary.ts`. */
export const RadiusAttributeType = {
  userPassword: 2,
  chapPassword: 3,
  vendorSpecific: 26,
  nasIdentifier: 32,
  proxyState: 33,
  acctDelayTime: 41,
  chapChallenge: 60,
  tunnelPassword: 69,
  eapMessage: 79,
  messageAuthenticator: 80,
} as const

export interface RadiusAttribute {
  readonly type: number
  /** 0 … 253 bytes; attributes with no value are tolerated, as FreeRADIUS does. */
  readonly value: Uint8Array
}

export interface RadiusPacket {
  readonly code: number
  readonly identifier: number
  /** 16 bytes. */
  readonly authenticator: Uint8Array
  readonly attributes: readonly RadiusAttribute[]
}

export const RADIUS_HEADER_BYTES = 20
export const RADIUS_BYTES_MAX = 4096
export const RADIUS_VALUE_BYTES_MAX = 253

/** Views, not copies. */
export const decodeRadius = decoder<RadiusPacket>('radius', (r) => {
  const code = r.u8('Code', 'RFC 2865 §3')
  const identifier = r.u8('Identifier', 'RFC 2865 §3')
  const length = r.u16('Length', 'RFC 2865 §3')
  const authenticator = r.take(16, 'Authenticator', 'RFC 2865 §3')
  if (length > r.bytes.length) r.reject('truncated', 'Length', 'RFC 2865 §3')
  if (length < RADIUS_HEADER_BYTES || length > RADIUS_BYTES_MAX) {
    r.reject('bad-value', 'Length', 'RFC 2865 §3')
  }
  const attributes: RadiusAttribute[] = []
  while (r.offset < length) {
    const type = r.u8('Type', 'RFC 2865 §5')
    const size = r.u8('Length', 'RFC 2865 §5')
    if (size < 2 || r.offset - 2 + size > length) r.reject('bad-value', 'Length', 'RFC 2865 §5')
    attributes.push({ type, value: r.take(size - 2, 'Value', 'RFC 2865 §5') })
  }
  r.rest()
  return { code, identifier, authenticator, attributes }
})

/** What cannot be sent, since it is longer than its length field or the protocol allows: a value of one attribute, or all together. */
export interface RadiusTooLong {
  readonly code: 'radius/too-long'
  /** Type of the attribute; absent: it is the packet. */
  readonly attribute?: number
  /** Bytes. */
  readonly got: number
  readonly most: number
}

const radiusLength = (attributes: readonly RadiusAttribute[]): number =>
  attributes.reduce((sum, a) => sum + 2 + a.value.length, RADIUS_HEADER_BYTES)

/** Why a packet with these attributes has no encoding; undefined: it has one. */
export function radiusTooLong(attributes: readonly RadiusAttribute[]): RadiusTooLong | undefined {
  const long = attributes.find((a) => a.value.length > RADIUS_VALUE_BYTES_MAX)
  if (long !== undefined) {
    const most = RADIUS_VALUE_BYTES_MAX
    return { code: 'radius/too-long', attribute: long.type, got: long.value.length, most }
  }
  const got = radiusLength(attributes)
  return got > RADIUS_BYTES_MAX
    ? { code: 'radius/too-long', got, most: RADIUS_BYTES_MAX }
    : undefined
}

/** `20 + attributes` bytes. Throws RangeError for what does not fit its length field: ask {@link radiusTooLong} of what others chose. */
export function encodeRadius(packet: RadiusPacket): Uint8Array {
  const length = radiusLength(packet.attributes)
  if (radiusTooLong(packet.attributes) !== undefined || packet.authenticator.length !== 16) {
    throw new RangeError(`a RADIUS packet of ${length} bytes, or one of its parts, does not fit`)
  }
  const out = new Uint8Array(length)
  out[0] = packet.code
  out[1] = packet.identifier
  setU16(out, 2, length)
  out.set(packet.authenticator, 4)
  let at = RADIUS_HEADER_BYTES
  for (const { type, value } of packet.attributes) {
    out[at] = type
    out[at + 1] = 2 + value.length
    out.set(value, at + 2)
    at += 2 + value.length
  }
  return out
}
