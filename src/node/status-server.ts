/**
 * Status-Server: "are you alive?" in RADIUS (RFC 5997), both sides, with their authenticators (RFC 2865 §3, RFC 3579 §3.2).
 * Not a RADIUS server: nobody is let in by this.
 */
import { createHash, createHmac } from 'node:crypto'
import { concat, equalBytes, utf8 } from '../base/bytes.ts'
import { ok, type Result } from '../base/result.ts'
import type { Rng } from '../base/rng.ts'
import type { WireError } from '../wire/codec.ts'
import {
  decodeRadius,
  encodeRadius,
  RadiusAttributeType,
  RadiusCode,
  type RadiusPacket,
} from '../wire/radius/packet.ts'

/** What probes and open ports share, since a topology's listener has no secret of its own. */
export const STATUS_SECRET = 'lab-status'

/** RFC 2866 and the numbers that came before it. */
export const ACCOUNTING_PORTS: readonly number[] = [1813, 1646]
/** RFC 2865 §3 and the number that came before it. */
export const AUTHENTICATION_PORTS: readonly number[] = [1812, 1645]

const NAS_IDENTIFIER = 'sallyport'
const NO_DIGEST = new Uint8Array(16)

const hmacMd5 = (secret: string, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac('md5', secret).update(bytes).digest())

/** The value of Message-Authenticator: HMAC-MD5 over the packet with 16 zero bytes in its place (RFC 3579 §3.2). */
function messageAuthenticator(packet: RadiusPacket, secret: string): Uint8Array {
  const blank = packet.attributes.map((a) =>
    a.type === RadiusAttributeType.messageAuthenticator ? { ...a, value: NO_DIGEST } : a,
  )
  return hmacMd5(secret, encodeRadius({ ...packet, attributes: blank }))
}

function signed(packet: RadiusPacket, secret: string): RadiusPacket {
  const type = RadiusAttributeType.messageAuthenticator
  const blank = { ...packet, attributes: [...packet.attributes, { type, value: NO_DIGEST }] }
  const value = messageAuthenticator(blank, secret)
  return { ...packet, attributes: [...packet.attributes, { type, value }] }
}

/** A Status-Server request: random Request Authenticator, NAS-Identifier, Message-Authenticator (RFC 5997 §3). */
export function statusRequest(rng: Rng, secret = STATUS_SECRET): Uint8Array {
  const packet: RadiusPacket = {
    code: RadiusCode.statusServer,
    identifier: rng.below(256),
    authenticator: rng.bytes(16),
    attributes: [{ type: RadiusAttributeType.nasIdentifier, value: utf8(NAS_IDENTIFIER) }],
  }
  return encodeRadius(signed(packet, secret))
}

/**
 * The answer of a server on `port` to a Status-Server request: Access-Accept, or Accounting-Response on an accounting port. Undefined:
 * malformed, another code, or not signed with `secret`, all of which a server discards in silence (RFC 5997 §4.2).
 */
export function statusReply(
  bytes: Uint8Array,
  port: number,
  secret = STATUS_SECRET,
): Result<Uint8Array | undefined, WireError> {
  const decoded = decodeRadius(bytes)
  if (!decoded.ok) return decoded
  return ok(replyTo(decoded.value, port, secret))
}

function replyTo(request: RadiusPacket, port: number, secret: string): Uint8Array | undefined {
  if (request.code !== RadiusCode.statusServer) return undefined
  const proofs = request.attributes.filter(
    (a) => a.type === RadiusAttributeType.messageAuthenticator,
  )
  const [proof] = proofs
  if (proof === undefined || proofs.length > 1) return undefined
  if (!equalBytes(proof.value, messageAuthenticator(request, secret))) return undefined
  const accounting = ACCOUNTING_PORTS.includes(port)
  // Both digests are computed over the request's authenticator; the Response Authenticator takes its place last.
  const reply = signed(
    {
      code: accounting ? RadiusCode.accountingResponse : RadiusCode.accessAccept,
      identifier: request.identifier,
      authenticator: request.authenticator,
      attributes: [],
    },
    secret,
  )
  const digest = createHash('md5')
    .update(concat(encodeRadius(reply), utf8(secret)))
    .digest()
  return encodeRadius({ ...reply, authenticator: new Uint8Array(digest) })
}
