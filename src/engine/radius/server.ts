/**
 * What a RADIUS server does before any policy and after it: is this datagram a request from somebody who holds the secret, and its reply, signed.
 * RFC 2865 §3, RFC 2866 §3, RFC 3579 §3.2, RFC 5080 §2.2.2, RFC 5997 §4. Not who may come in, and not which client it is.
 */
import type { Result } from '../../base/result.ts'
import type { Instant } from '../../base/time.ts'
import {
  signResponse,
  verifyAccountingAuthenticator,
  verifyMessageAuthenticator,
} from '../../crypto/radius.ts'
import type { WireError } from '../../wire/codec.ts'
import {
  decodeRadius,
  RadiusAttributeType,
  RadiusCode,
  type RadiusAttribute,
  type RadiusPacket,
  type RadiusTooLong,
} from '../../wire/radius/packet.ts'
import type { RequestHistory } from './duplicates.ts'

/** What a port is for: 1812 and 1645, or 1813 and 1646. */
export type RadiusPortKind = 'authentication' | 'accounting'

export interface RadiusArrival {
  readonly bytes: Uint8Array
  /** Address and port of the sender, `172.16.20.10:49152`. */
  readonly from: string
  readonly port: RadiusPortKind
}

/** How a server treats one RADIUS client. */
export interface RadiusClientRules {
  readonly secret: string
  /** Every Access-Request must have it; without this, only those with EAP. Default false. */
  readonly requiresMessageAuthenticator?: boolean
  /** An Access-Request with Proxy-State must have Message-Authenticator (limitproxystate of KB5040268, CVE-2024-3596). Default false. */
  readonly limitsProxyState?: boolean
}

/** Why a datagram is dropped in silence. */
export type RadiusDiscard =
  | { readonly code: 'radius/malformed'; readonly error: WireError }
  /** A request of the other port. */
  | {
      readonly code: 'radius/wrong-port'
      readonly got: number
      readonly port: RadiusPortKind
    }
  /** No request that a server knows: a response, or a code that is unknown. */
  | { readonly code: 'radius/unexpected-code'; readonly got: number }
  | {
      readonly code: 'radius/message-authenticator-missing'
      /** What asks for it: EAP in the request (RFC 3579 §3.2), its code (RFC 5997 §3), or the setting of the client. */
      readonly because: 'eap' | 'status-server' | 'client-setting'
    }
  | { readonly code: 'radius/proxy-state-without-message-authenticator' }
  | { readonly code: 'radius/message-authenticator-wrong' }
  | { readonly code: 'radius/message-authenticator-repeated' }
  /** The Request Authenticator of an Accounting-Request: another secret, mostly. */
  | { readonly code: 'radius/accounting-authenticator-wrong' }
  /** A retransmission while the first is still being worked on. */
  | { readonly code: 'radius/duplicate-in-progress' }

export type RadiusReceived =
  /** `packet`: as far as it could be read, for whoever reports it. */
  | { readonly kind: 'discard'; readonly cause: RadiusDiscard; readonly packet?: RadiusPacket }
  /** A retransmission whose reply is known: send it again as it was. */
  | { readonly kind: 'resend'; readonly bytes: Uint8Array; readonly packet: RadiusPacket }
  | { readonly kind: 'request'; readonly packet: RadiusPacket }

/** A request that holds, or why it does not: all but {@link receiveRequest}'s look into the history. */
export function checkRequest(
  bytes: Uint8Array,
  port: RadiusPortKind,
  client: RadiusClientRules,
): Exclude<RadiusReceived, { readonly kind: 'resend' }> {
  const decoded = decodeRadius(bytes)
  if (!decoded.ok) {
    return { kind: 'discard', cause: { code: 'radius/malformed', error: decoded.error } }
  }
  const packet = decoded.value
  const cause = codeFault(packet.code, port) ?? proofFault(packet, client)
  return cause === undefined ? { kind: 'request', packet } : { kind: 'discard', cause, packet }
}

/** {@link checkRequest}, and whether the request is a retransmission. A request is in progress from here until {@link RequestHistory.answer}. */
export function receiveRequest(
  arrival: RadiusArrival,
  client: RadiusClientRules,
  history: RequestHistory,
  now: Instant,
): RadiusReceived {
  const checked = checkRequest(arrival.bytes, arrival.port, client)
  if (checked.kind === 'discard') return checked
  const { packet } = checked
  // Answered at once and the same each time: keeping it would only push out what matters.
  if (packet.code === RadiusCode.statusServer) return checked
  const known = history.note(arrival.from, packet, now)
  switch (known.kind) {
    case 'new':
      return checked
    case 'answered':
      return { kind: 'resend', bytes: known.reply, packet }
    case 'in-progress':
      return { kind: 'discard', cause: { code: 'radius/duplicate-in-progress' }, packet }
  }
}

const REQUESTS: ReadonlyMap<number, readonly RadiusPortKind[]> = new Map([
  [RadiusCode.accessRequest, ['authentication']],
  [RadiusCode.accountingRequest, ['accounting']],
  [RadiusCode.statusServer, ['authentication', 'accounting']],
])

function codeFault(got: number, port: RadiusPortKind): RadiusDiscard | undefined {
  const ports = REQUESTS.get(got)
  if (ports === undefined) return { code: 'radius/unexpected-code', got }
  return ports.includes(port) ? undefined : { code: 'radius/wrong-port', got, port }
}

function proofFault(packet: RadiusPacket, client: RadiusClientRules): RadiusDiscard | undefined {
  switch (verifyMessageAuthenticator(packet, client.secret)) {
    case 'wrong':
      return { code: 'radius/message-authenticator-wrong' }
    case 'repeated':
      return { code: 'radius/message-authenticator-repeated' }
    case 'absent': {
      const missing = missingProof(packet, client)
      if (missing !== undefined) return missing
      break
    }
    case 'valid':
  }
  const accounting = packet.code === RadiusCode.accountingRequest
  return accounting && verifyAccountingAuthenticator(packet, client.secret) === 'wrong'
    ? { code: 'radius/accounting-authenticator-wrong' }
    : undefined
}

/** Is a request without Message-Authenticator one that must have it? */
function missingProof(packet: RadiusPacket, client: RadiusClientRules): RadiusDiscard | undefined {
  const missing = (because: 'eap' | 'status-server' | 'client-setting'): RadiusDiscard => ({
    code: 'radius/message-authenticator-missing',
    because,
  })
  if (packet.code === RadiusCode.statusServer) return missing('status-server')
  if (packet.code !== RadiusCode.accessRequest) return undefined
  if (contains(packet.attributes, RadiusAttributeType.eapMessage)) return missing('eap')
  if (client.requiresMessageAuthenticator === true) return missing('client-setting')
  if (client.limitsProxyState !== true) return undefined
  return contains(packet.attributes, RadiusAttributeType.proxyState)
    ? { code: 'radius/proxy-state-without-message-authenticator' }
    : undefined
}

const contains = (attributes: readonly RadiusAttribute[], type: number): boolean =>
  attributes.some((a) => a.type === type)

// ── replies ──

/** What is to be answered. */
export interface RadiusReply {
  readonly code: number
  readonly attributes: readonly RadiusAttribute[]
}

/** An Accounting-Response says no more than that it is one (RFC 2866 §4.2). */
export const ACCOUNTING_RESPONSE: RadiusReply = {
  code: RadiusCode.accountingResponse,
  attributes: [],
}

/** "I am alive": Access-Accept, or Accounting-Response on an accounting port (RFC 5997 §3). */
export const aliveReply = (port: RadiusPortKind): RadiusReply =>
  port === 'accounting' ? ACCOUNTING_RESPONSE : { code: RadiusCode.accessAccept, attributes: [] }

const ACCESS_RESPONSES: readonly number[] = [
  RadiusCode.accessAccept,
  RadiusCode.accessReject,
  RadiusCode.accessChallenge,
]

/**
 * The bytes of a reply: signed, with each Proxy-State of the request in its order (RFC 2865 §5.33). `signsAll` (default true): Message-Authenticator comes first
 * in every answer about access, as servers do since CVE-2024-3596; false: only where there is EAP (RFC 3579 §3.2).
 */
export function respond(
  reply: RadiusReply,
  request: RadiusPacket,
  secret: string,
  { signsAll = true }: { readonly signsAll?: boolean } = {},
): Result<Uint8Array, RadiusTooLong> {
  const proxyStates = request.attributes.filter((a) => a.type === RadiusAttributeType.proxyState)
  const attributes = [...reply.attributes, ...proxyStates]
  const { identifier, authenticator } = request
  const signs = signsAll && ACCESS_RESPONSES.includes(reply.code)
  return signResponse(
    { code: reply.code, identifier, authenticator, attributes },
    authenticator,
    secret,
    { messageAuthenticator: signs || contains(attributes, RadiusAttributeType.eapMessage) },
  )
}
