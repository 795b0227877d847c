/**
 * Does an answer hold: its code, its Response Authenticator, its Message-Authenticator (RFC 2865 §3, RFC 3579 §3.2)? Not what it says.
 */
import { verifyMessageAuthenticator, verifyResponseAuthenticator } from '../../crypto/radius.ts'
import { RadiusAttributeType, RadiusCode, type RadiusPacket } from '../../wire/radius/packet.ts'
import type { RequestPacket } from './client-packet.ts'
import type { BadRadiusAnswer, RadiusServerOptions } from './client-report.ts'

const { accessAccept, accessReject, accessChallenge, accountingResponse } = RadiusCode

const ANSWERS: ReadonlyMap<number, readonly number[]> = new Map([
  [RadiusCode.accessRequest, [accessAccept, accessReject, accessChallenge]],
  [RadiusCode.accountingRequest, [accountingResponse]],
  [RadiusCode.statusServer, [accessAccept, accountingResponse]],
])

/** Undefined: it holds. `request` is the id that reports name. */
export function answerFault(
  answer: RadiusPacket,
  sent: RequestPacket,
  server: RadiusServerOptions,
  request: string,
): BadRadiusAnswer | undefined {
  const { key, secret } = server
  const { identifier, code } = answer
  const expected = ANSWERS.get(sent.code) ?? []
  if (!expected.includes(code)) {
    return { kind: 'radius/unexpected-code', request, server: key, got: code, expected }
  }
  if (verifyResponseAuthenticator(answer, sent.authenticator, secret) === 'wrong') {
    return { kind: 'radius/bad-response-authenticator', request, server: key, identifier }
  }
  const verdict = verifyMessageAuthenticator(answer, secret, sent.authenticator)
  if (verdict === 'valid' || (verdict === 'absent' && !mustProve(answer, sent, server))) {
    return undefined
  }
  return { kind: 'radius/bad-message-authenticator', request, server: key, identifier, verdict }
}

const mustProve = (
  answer: RadiusPacket,
  sent: RequestPacket,
  server: RadiusServerOptions,
): boolean =>
  answer.attributes.some((a) => a.type === RadiusAttributeType.eapMessage) ||
  (sent.code === RadiusCode.accessRequest && server.requiresMessageAuthenticator === true)
