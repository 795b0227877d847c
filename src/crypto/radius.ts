/**
 * The authenticators of RADIUS: Response and Request Authenticator (RFC 2865 §3, RFC 2866 §3), Message-Authenticator (RFC 3579 §3.2).
 * Not what hides values (`radius-hiding.ts`), and not policy about which of these must be there (`engine/radius`). Secrets are UTF-8 texts.
 */
import { concat, utf8 } from '../base/bytes.ts'
import { remember } from '../base/remember.ts'
import { err, ok, type Result } from '../base/result.ts'
import {
  encodeRadius,
  RADIUS_HEADER_BYTES,
  RadiusAttributeType,
  RadiusCode,
  radiusTooLong,
  type RadiusAttribute,
  type RadiusPacket,
  type RadiusTooLong,
} from '../wire/radius/packet.ts'
import { hmacMd5, md5 } from './md5.ts'
import { isSameSecret } from './same-secret.ts'

const DIGEST_BYTES = 16
const NO_DIGEST = new Uint8Array(DIGEST_BYTES)

/** Where the authenticator stands in the header (RFC 2865 §3). */
const AUTHENTICATOR_AT = 4

/** There are as many as RADIUS clients and servers, and each packet needs them more than once. */
const bytesOf = remember((secret) => utf8(secret))

/** Over a packet as it stands in `bytes`, and the secret behind it. */
const digestOf = (bytes: Uint8Array, secret: string): Uint8Array =>
  md5(concat(bytes, bytesOf(secret)))

// ── authenticators ──

/** 16 bytes for the header of a response (RFC 2865 §3; RFC 2866 §3 for accounting). */
export const responseAuthenticator = (
  response: RadiusPacket,
  requestAuthenticator: Uint8Array,
  secret: string,
): Uint8Array =>
  digestOf(encodeRadius({ ...response, authenticator: requestAuthenticator }), secret)

/** 16 bytes for the header of an Accounting-Request (RFC 2866 §3): over the packet with zeros in their place. */
export const accountingAuthenticator = (request: RadiusPacket, secret: string): Uint8Array =>
  responseAuthenticator(request, NO_DIGEST, secret)

export const verifyResponseAuthenticator = (
  response: RadiusPacket,
  requestAuthenticator: Uint8Array,
  secret: string,
): 'valid' | 'wrong' =>
  isSameSecret(
    response.authenticator,
    responseAuthenticator(response, requestAuthenticator, secret),
  )
    ? 'valid'
    : 'wrong'

export const verifyAccountingAuthenticator = (
  request: RadiusPacket,
  secret: string,
): 'valid' | 'wrong' => verifyResponseAuthenticator(request, NO_DIGEST, secret)

// ── Message-Authenticator ──

export type MessageAuthenticatorVerdict = 'valid' | 'absent' | 'wrong' | 'repeated'

const isMessageAuthenticator = (a: RadiusAttribute): boolean =>
  a.type === RadiusAttributeType.messageAuthenticator

/** HMAC-MD5 over the packet with `authenticator` in its header and zeros for `proof`, one of its attributes (RFC 3579 §3.2). */
function messageAuthenticator(
  packet: RadiusPacket,
  proof: RadiusAttribute,
  authenticator: Uint8Array,
  secret: string,
): Uint8Array {
  const bytes = encodeRadius({ ...packet, authenticator })
  const at = valueAt(packet.attributes, proof)
  return hmacMd5(bytesOf(secret), bytes.fill(0, at, at + DIGEST_BYTES))
}

/** Where in the packet's bytes the value of one of its attributes stands. */
function valueAt(attributes: readonly RadiusAttribute[], wanted: RadiusAttribute): number {
  let at = RADIUS_HEADER_BYTES
  for (const attribute of attributes) {
    if (attribute === wanted) break
    at += 2 + attribute.value.length
  }
  return at + 2
}

/**
 * `authenticator`: what stood in the header while it was signed. Of a request its own (the default), but zeros of an Accounting-Request; of a response
 * that of its request.
 */
export function verifyMessageAuthenticator(
  packet: RadiusPacket,
  secret: string,
  authenticator = signingAuthenticator(packet),
): MessageAuthenticatorVerdict {
  const [proof, ...more] = packet.attributes.filter(isMessageAuthenticator)
  if (proof === undefined) return 'absent'
  if (more.length > 0) return 'repeated'
  const isRight =
    proof.value.length === DIGEST_BYTES &&
    isSameSecret(proof.value, messageAuthenticator(packet, proof, authenticator, secret))
  return isRight ? 'valid' : 'wrong'
}

const signingAuthenticator = (request: RadiusPacket): Uint8Array =>
  request.code === RadiusCode.accountingRequest ? NO_DIGEST : request.authenticator

const PLACE_FOR_PROOF: RadiusAttribute = {
  type: RadiusAttributeType.messageAuthenticator,
  value: NO_DIGEST,
}

/** With room for the proof: where the packet has one already, or else before everything, where no forged prefix fits (CVE-2024-3596). */
const withPlace = (attributes: readonly RadiusAttribute[]): readonly RadiusAttribute[] =>
  attributes.some(isMessageAuthenticator) ? attributes : [PLACE_FOR_PROOF, ...attributes]

/** The packet's bytes with `authenticator` in the header, and the proof over them wherever it has a place. */
function proven(packet: RadiusPacket, authenticator: Uint8Array, secret: string): Uint8Array {
  const attributes = packet.attributes.map((a) => (isMessageAuthenticator(a) ? PLACE_FOR_PROOF : a))
  const bytes = encodeRadius({ ...packet, authenticator, attributes })
  if (!attributes.includes(PLACE_FOR_PROOF)) return bytes
  const proof = hmacMd5(bytesOf(secret), bytes)
  let at = RADIUS_HEADER_BYTES
  for (const attribute of attributes) {
    if (attribute === PLACE_FOR_PROOF) bytes.set(proof, at + 2)
    at += 2 + attribute.value.length
  }
  return bytes
}

// ── whole packets ──

/** `messageAuthenticator`: must it have one? A packet that has a Message-Authenticator already gets a right one in its place. */
export interface Signing {
  readonly messageAuthenticator: boolean
}

/**
 * The bytes of a request. Its authenticator is the caller's 16 unpredictable bytes; an Accounting-Request's is computed here, whatever it was
 * (RFC 2866 §3).
 */
export function signRequest(
  request: RadiusPacket,
  secret: string,
  signing: Signing,
): Result<Uint8Array, RadiusTooLong> {
  const placed = placedIn(request, signing)
  const tooLong = radiusTooLong(placed.attributes)
  if (tooLong !== undefined) return err(tooLong)
  const bytes = proven(placed, signingAuthenticator(placed), secret)
  if (request.code === RadiusCode.accountingRequest) {
    bytes.set(digestOf(bytes, secret), AUTHENTICATOR_AT)
  }
  return ok(bytes)
}

/** The bytes of a response to the request that had `requestAuthenticator`. The response's own authenticator is computed here, whatever it was. */
export function signResponse(
  response: RadiusPacket,
  requestAuthenticator: Uint8Array,
  secret: string,
  signing: Signing,
): Result<Uint8Array, RadiusTooLong> {
  const placed = placedIn(response, signing)
  const tooLong = radiusTooLong(placed.attributes)
  if (tooLong !== undefined) return err(tooLong)
  const bytes = proven(placed, requestAuthenticator, secret)
  bytes.set(digestOf(bytes, secret), AUTHENTICATOR_AT)
  return ok(bytes)
}

const placedIn = (packet: RadiusPacket, signing: Signing): RadiusPacket =>
  signing.messageAuthenticator ? { ...packet, attributes: withPlace(packet.attributes) } : packet
