/**
 * Status-Server: "are you alive?" in RADIUS (RFC 5997), both sides, for probes and for ports that only answer.
 * Not a RADIUS server: nobody is let in by this.
 */
import { invariant } from '../base/invariant.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Rng } from '../base/rng.ts'
import { signRequest } from '../crypto/radius.ts'
import { aliveReply, checkRequest, respond } from '../engine/radius/server.ts'
import type { WireError } from '../wire/codec.ts'
import { attribute } from '../wire/radius/attributes.ts'
import { RadiusCode, type RadiusPacket } from '../wire/radius/packet.ts'

/** What probes and open ports share, since a topology's listener has no secret of its own. */
export const STATUS_SECRET = 'lab-status'

/** RFC 2866 and the numbers that came before it. */
export const ACCOUNTING_PORTS: readonly number[] = [1813, 1646]
/** RFC 2865 §3 and the number that came before it. */
export const AUTHENTICATION_PORTS: readonly number[] = [1812, 1645]

const NAS_IDENTIFIER = attribute('NAS-Identifier', 'sallyport')

/** A Status-Server request: random Request Authenticator, Message-Authenticator, NAS-Identifier (RFC 5997 §3). */
export function statusRequest(rng: Rng, secret = STATUS_SECRET): Uint8Array {
  const packet: RadiusPacket = {
    code: RadiusCode.statusServer,
    identifier: rng.below(256),
    authenticator: rng.bytes(16),
    attributes: [NAS_IDENTIFIER],
  }
  const signed = signRequest(packet, secret, { messageAuthenticator: true })
  invariant(signed.ok, 'a Status-Server request fits a packet')
  return signed.value
}

/**
 * The answer of a server on `port` to a Status-Server request. Undefined: another code, or not signed with `secret`, all of which a server
 * discards in silence (RFC 5997 §4.2), or a Proxy-State that leaves no room for an answer.
 */
export function statusReply(
  bytes: Uint8Array,
  port: number,
  secret = STATUS_SECRET,
): Result<Uint8Array | undefined, WireError> {
  const kind = ACCOUNTING_PORTS.includes(port) ? 'accounting' : 'authentication'
  const received = checkRequest(bytes, kind, { secret })
  if (received.kind === 'discard') {
    return received.cause.code === 'radius/malformed' ? err(received.cause.error) : ok(undefined)
  }
  const { packet } = received
  if (packet.code !== RadiusCode.statusServer) return ok(undefined)
  const reply = respond(aliveReply(kind), packet, secret)
  return ok(reply.ok ? reply.value : undefined)
}
