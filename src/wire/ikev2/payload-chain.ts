/**
 * The chain of payloads behind an IKE header or inside an encrypted payload (RFC 7296 §3.2): its bytes, and the list that it stands for.
 * Not the header, which names the first payload's type.
 */
import { concat, u16 } from '../../base/bytes.ts'
import type { Result } from '../../base/result.ts'
import { decoder, type Reader, type WireError } from '../codec.ts'
import { reservedWhere, u16Bytes, u8Bytes } from './fields.ts'
import { IkePayloadType } from './numbers.ts'
import { bodyBytes, payloadTypeOf, readBody } from './payload-bodies.ts'
import type { EncryptedPayload, FragmentPayload, IkePayload } from './payloads.ts'

/** Next Payload, Critical and RESERVED, Payload Length (RFC 7296 §3.2). */
export const PAYLOAD_HEADER_BYTES = 4
const CRITICAL = 0x80

/**
 * The chain that begins with a payload of type `first`, which the header names or an encrypted payload does; 0 for none. It has to end where
 * `bytes` end, and an encrypted payload ends it. Views, not copies. Offsets of errors count from the first payload.
 */
export const decodePayloads = (
  first: number,
  bytes: Uint8Array,
): Result<readonly IkePayload[], WireError> =>
  decoder('ike payloads', (r) => readChain(first, r))(bytes)

function readChain(first: number, r: Reader): readonly IkePayload[] {
  const payloads: IkePayload[] = []
  for (let type = first; type !== IkePayloadType.none;) {
    const next = r.u8('Next Payload', 'RFC 7296 §3.2')
    const bits = r.u8('Critical', 'RFC 7296 §3.2')
    const length = r.u16('Payload Length', 'RFC 7296 §3.2')
    if (length < PAYLOAD_HEADER_BYTES) r.reject('bad-value', 'Payload Length', 'RFC 7296 §3.2')
    const chain = r.enter(length - PAYLOAD_HEADER_BYTES, 'Payload Length', 'RFC 7296 §3.2')
    const payload = readBody(type, next, r)
    r.leave(chain)
    payloads.push(bits === 0 ? payload : withBits(payload, bits))
    if (isLast(payload)) r.end('Encrypted and Authenticated', 'RFC 7296 §3.14')
    type = isLast(payload) ? IkePayloadType.none : next
  }
  return payloads
}

/** A payload by its header alone. */
export interface UnreadPayload {
  readonly type: number
  readonly body: Uint8Array
}

/**
 * The same chain by its headers, which costs a tenth of reading it: enough to see what is there. Undefined: it does not end where `bytes` end, and
 * {@link decodePayloads} says where it breaks. Views, not copies; whatever is in an encrypted payload is not looked for.
 */
export function outlinePayloads(
  first: number,
  bytes: Uint8Array,
): readonly UnreadPayload[] | undefined {
  const payloads: UnreadPayload[] = []
  let at = 0
  for (let type = first; type !== IkePayloadType.none;) {
    if (at + PAYLOAD_HEADER_BYTES > bytes.length) return undefined
    const length = u16(bytes, at + 2)
    if (length < PAYLOAD_HEADER_BYTES || at + length > bytes.length) return undefined
    payloads.push({ type, body: bytes.subarray(at + PAYLOAD_HEADER_BYTES, at + length) })
    type = bytes[at]!
    at += length
  }
  return at === bytes.length ? payloads : undefined
}

const withBits = (payload: IkePayload, bits: number): IkePayload => ({
  ...payload,
  ...((bits & CRITICAL) !== 0 && { critical: true }),
  ...reservedWhere(bits & ~CRITICAL),
})

/** Its Next Payload is the first payload's inside, so nothing can come behind it (RFC 7296 §3.14). */
const isLast = (payload: IkePayload): payload is EncryptedPayload | FragmentPayload =>
  payload.kind === 'encrypted' || payload.kind === 'fragment'

/**
 * The bytes of a chain, and the type of its first payload, 0 for none: together what {@link decodePayloads} reads. Throws RangeError for what
 * does not fit its field, and for an encrypted payload that is not the last.
 */
export function encodePayloads(payloads: readonly IkePayload[]): {
  readonly first: number
  readonly bytes: Uint8Array
} {
  const types = payloads.map((payload) => payloadTypeOf(payload))
  const parts = payloads.map((payload, i) => {
    if (isLast(payload) && i < payloads.length - 1) {
      throw new RangeError('an encrypted payload is the last of its message')
    }
    return payloadBytes(payload, types[i + 1] ?? IkePayloadType.none)
  })
  return { first: types[0] ?? IkePayloadType.none, bytes: concat(...parts) }
}

function payloadBytes(payload: IkePayload, following: number): Uint8Array {
  const { critical = false, reserved = 0 } = payload
  if (reserved >= CRITICAL) throw new RangeError(`RESERVED has seven bits, not ${reserved}`)
  const body = bodyBytes(payload)
  return concat(
    u8Bytes(isLast(payload) ? payload.first : following, 'Next Payload'),
    u8Bytes((critical ? CRITICAL : 0) + reserved, 'RESERVED'),
    u16Bytes(PAYLOAD_HEADER_BYTES + body.length, 'Payload Length'),
    body,
  )
}
