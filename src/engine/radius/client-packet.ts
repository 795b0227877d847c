/**
 * One request as one server gets it: User-Password hidden with its secret, Acct-Delay-Time counted on, signed (RFC 2865 §4.1, RFC 2866 §5.2).
 * Not when it is sent.
 */
import { err, ok, type Result } from '../../base/result.ts'
import type { Rng } from '../../base/rng.ts'
import { signRequest } from '../../crypto/radius.ts'
import { hideUserPassword, USER_PASSWORD_BYTES_MAX } from '../../crypto/radius-hiding.ts'
import { attribute, attributeValue } from '../../wire/radius/attributes.ts'
import {
  RADIUS_HEADER_BYTES,
  RadiusAttributeType,
  RadiusCode,
  type RadiusAttribute,
  type RadiusTooLong,
} from '../../wire/radius/packet.ts'
import type { RadiusClientRequest, RadiusServerOptions } from './client-report.ts'

/** What is on the wire, and what its answer is proven with. */
export interface RequestPacket {
  readonly bytes: Uint8Array
  readonly code: number
  /** 16 bytes. */
  readonly authenticator: Uint8Array
}

/** `delay`: whole seconds since the request began. Undefined: {@link RadiusTooLong}. */
export function requestPacket(
  request: RadiusClientRequest,
  server: RadiusServerOptions,
  identifier: number,
  delay: number,
  rng: Rng,
): Result<RequestPacket, RadiusTooLong> {
  const { code } = request
  const authenticator = rng.bytes(16)
  const password = passwordAttribute(request, server, authenticator)
  if (!password.ok) return password
  const attributes = [...delayed(request, delay), ...password.value]
  const signed = signRequest({ code, identifier, authenticator, attributes }, server.secret, {
    messageAuthenticator: mustSign(request, server),
  })
  if (!signed.ok) return signed
  // An Accounting-Request has got another than the one it was given.
  const used = signed.value.subarray(4, RADIUS_HEADER_BYTES)
  return ok({ bytes: signed.value, code, authenticator: used })
}

function passwordAttribute(
  { userPassword }: RadiusClientRequest,
  { secret }: RadiusServerOptions,
  authenticator: Uint8Array,
): Result<RadiusAttribute[], RadiusTooLong> {
  if (userPassword === undefined) return ok([])
  const value = hideUserPassword(userPassword, secret, authenticator)
  if (value !== undefined) return ok([attribute('User-Password', value)])
  const [got, most] = [userPassword.length, USER_PASSWORD_BYTES_MAX]
  return err({ code: 'radius/too-long', attribute: RadiusAttributeType.userPassword, got, most })
}

function mustSign({ code, attributes }: RadiusClientRequest, server: RadiusServerOptions): boolean {
  if (code === RadiusCode.statusServer) return true
  if (code !== RadiusCode.accessRequest) return false
  return (
    server.sendsMessageAuthenticator === true ||
    attributes.some((a) => a.type === RadiusAttributeType.eapMessage)
  )
}

/** Does the packet change from second to second, so that a retransmission is a new request (RFC 2866 §5.2)? */
export const countsDelay = ({ code, attributes }: RadiusClientRequest): boolean =>
  code === RadiusCode.accountingRequest &&
  attributeValue(attributes, 'Acct-Delay-Time') !== undefined

function delayed(request: RadiusClientRequest, delay: number): readonly RadiusAttribute[] {
  if (delay === 0 || !countsDelay(request)) return request.attributes
  const before = attributeValue(request.attributes, 'Acct-Delay-Time')!
  const moved = attribute('Acct-Delay-Time', Math.min(2 ** 32 - 1, before + delay))
  return request.attributes.map((a) => (a.type === moved.type ? moved : a))
}
