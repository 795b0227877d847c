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

/** RFC 2865 §5 and RFC 3579 §3.2. */
export const RadiusAttributeType = { nasIdentifier: 32, messageAuthenticator: 80 } as const

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

/** `20 + attributes` bytes. Throws RangeError for what does not fit its length field. */
export function encodeRadius(packet: RadiusPacket): Uint8Array {
  const length = packet.attributes.reduce((sum, a) => sum + 2 + a.value.length, RADIUS_HEADER_BYTES)
  const fits = packet.attributes.every((a) => a.value.length <= 253) && length <= RADIUS_BYTES_MAX
  if (!fits || packet.authenticator.length !== 16) {
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
