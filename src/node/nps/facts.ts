/**
 * What an Access-Request says, for the policies that look at it, and the credentials that it brings.
 * Not a judgement on either. RFC 2865 §5, RFC 2548, RFC 3579 §3.1.
 */
import { formatIpv4, formatIpv6, type Ipv4 } from '../../base/address.ts'
import { concat, fromUtf8 } from '../../base/bytes.ts'
import type { Instant } from '../../base/time.ts'
import { revealUserPassword } from '../../crypto/radius-hiding.ts'
import type { AuthenticationType, EapTypeName } from '../../topology/nps.ts'
import { attributeValue, attributeValues, eapPacket } from '../../wire/radius/attributes.ts'
import type { RadiusPacket } from '../../wire/radius/packet.ts'
import { EapType } from '../../wire/eap/packet.ts'
import type { ClientFacts, OpenRequest } from '../../windows/nps/request.ts'

/** What a request wants to be known by. Secrets: whoever holds one lets go of it when it was verified. */
export type Credentials =
  /** Empty: EAP-Start. */
  | { readonly kind: 'eap'; readonly packet: Uint8Array }
  | { readonly kind: 'pap'; readonly password: string }
  | {
      readonly kind: 'chap'
      readonly identifier: number
      readonly challenge: Uint8Array
      readonly response: Uint8Array
    }
  | {
      readonly kind: 'ms-chap'
      readonly challenge: Uint8Array
      /** Absent: a LAN Manager response only. */
      readonly ntResponse?: Uint8Array
    }
  | (MsChapV2Credentials & { readonly kind: 'ms-chap-v2' })
  | (MsChapV2Credentials & {
      readonly kind: 'ms-chap-v2-change'
      readonly encryptedPassword: Uint8Array
      readonly encryptedHash: Uint8Array
    })
  | { readonly kind: 'none' }
  /** Those of a method that NPS does not have: ARAP. */
  | { readonly kind: 'unsupported' }

interface MsChapV2Credentials {
  readonly identifier: number
  readonly authenticatorChallenge: Uint8Array
  readonly peerChallenge: Uint8Array
  readonly ntResponse: Uint8Array
}

/** Undefined: two kinds at once, or one whose parts are missing or of the wrong size. */
export function credentialsOf(packet: RadiusPacket, secret: string): Credentials | undefined {
  const { attributes } = packet
  const eap = eapPacket(attributes)
  const hidden = attributeValue(attributes, 'User-Password')
  const chap = attributeValue(attributes, 'CHAP-Password')
  const msChap = msChapOf(packet)
  const kinds = [eap, hidden, chap, msChap].filter((each) => each !== undefined).length
  // RFC 2865 §5.2, RFC 3579 §3.1: one of them, never two.
  if (kinds > 1 || msChap === 'malformed') return undefined
  if (eap !== undefined) return { kind: 'eap', packet: eap }
  if (hidden !== undefined) {
    const password = revealUserPassword(hidden, secret, packet.authenticator)
    return password && { kind: 'pap', password: fromUtf8(password) }
  }
  if (chap !== undefined) return chapOf(packet, chap)
  if (attributeValue(attributes, 'ARAP-Password') !== undefined) return { kind: 'unsupported' }
  return msChap ?? { kind: 'none' }
}

function chapOf({ attributes, authenticator }: RadiusPacket, value: Uint8Array) {
  if (value.length !== 17) return undefined
  const challenge = attributeValue(attributes, 'CHAP-Challenge') ?? authenticator
  return { kind: 'chap', identifier: value[0]!, challenge, response: value.subarray(1) } as const
}

function msChapOf({ attributes }: RadiusPacket): Credentials | 'malformed' | undefined {
  const challenge = attributeValue(attributes, 'MS-CHAP-Challenge')
  const v1 = attributeValue(attributes, 'MS-CHAP-Response')
  const v2 = attributeValue(attributes, 'MS-CHAP2-Response')
  const change = attributeValue(attributes, 'MS-CHAP2-CPW')
  const present = [v1, v2, change].filter((value) => value !== undefined)
  if (present.length === 0) return undefined
  if (present.length > 1 || challenge === undefined) return 'malformed'
  if (v1 !== undefined) return msChapV1Of(challenge, v1)
  return v2 === undefined
    ? msChapChangeOf(attributes, challenge, change!)
    : msChapV2Of(challenge, v2)
}

/** Ident, Flags, LM-Response (24), NT-Response (24) (RFC 2548 §2.1.3). */
function msChapV1Of(challenge: Uint8Array, value: Uint8Array): Credentials | 'malformed' {
  if (value.length !== 50 || challenge.length !== 8) return 'malformed'
  // Bit 0 of the flags: the NT response is to be used.
  const ntResponse = (value[1]! & 1) === 1 ? value.subarray(26) : undefined
  return { kind: 'ms-chap', challenge, ...(ntResponse !== undefined && { ntResponse }) }
}

/** Ident, Flags, Peer-Challenge (16), Reserved (8), Response (24) (RFC 2548 §2.3.2). */
function msChapV2Of(challenge: Uint8Array, value: Uint8Array): Credentials | 'malformed' {
  if (value.length !== 50 || challenge.length !== 16) return 'malformed'
  return {
    kind: 'ms-chap-v2',
    identifier: value[0]!,
    authenticatorChallenge: challenge,
    peerChallenge: value.subarray(2, 18),
    ntResponse: value.subarray(26),
  }
}

/** Code, Ident, Encrypted-Hash (16), Peer-Challenge (16), Reserved (8), NT-Response (24), Flags (2) (RFC 2548 §2.3.4). */
function msChapChangeOf(
  attributes: RadiusPacket['attributes'],
  challenge: Uint8Array,
  value: Uint8Array,
): Credentials | 'malformed' {
  // Code, Ident, a sequence number of two bytes, and the piece (RFC 2548 §2.1.6).
  const pieces = attributeValues(attributes, 'MS-CHAP-NT-Enc-PW')
    .filter((piece) => piece.length > 4)
    .toSorted((a, b) => (a[2]! << 8) + a[3]! - ((b[2]! << 8) + b[3]!))
  const encryptedPassword = concat(...pieces.map((piece) => piece.subarray(4)))
  if (value.length !== 68 || challenge.length !== 16 || encryptedPassword.length !== 516) {
    return 'malformed'
  }
  return {
    kind: 'ms-chap-v2-change',
    identifier: value[1]!,
    authenticatorChallenge: challenge,
    encryptedHash: value.subarray(2, 18),
    peerChallenge: value.subarray(18, 34),
    ntResponse: value.subarray(42, 66),
    encryptedPassword,
  }
}

/** Credentials that a method of NPS can verify. */
export type KnownCredentials = Exclude<Credentials, { readonly kind: 'unsupported' }>

/** As policies name what credentials are of. */
export function authenticationTypeOf({ kind }: KnownCredentials): AuthenticationType {
  if (kind === 'none') return 'unauthenticated'
  return kind === 'ms-chap-v2-change' ? 'ms-chap-v2' : kind
}

export const EAP_TYPE_NAMES: Readonly<Record<number, EapTypeName>> = {
  [EapType.peap]: 'peap',
  [EapType.tls]: 'tls',
  [EapType.mschapv2]: 'mschapv2',
}

export const ipv4Text = (address: Ipv4 | undefined): string | undefined =>
  address === undefined ? undefined : formatIpv4(address)

/** The facts of a request that do not depend on who asks. */
export function factsOf(
  { attributes }: RadiusPacket,
  client: ClientFacts,
  credentials: KnownCredentials,
  at: Instant,
): OpenRequest {
  const request: OpenRequest = {
    at,
    client,
    authenticationType: authenticationTypeOf(credentials),
    locationGroups: attributeValues(attributes, 'MS-HCAP-Location-Group-Name'),
  }
  const userName = attributeValue(attributes, 'User-Name')
  if (userName !== undefined) request.userName = userName
  const nasIdentifier = attributeValue(attributes, 'NAS-Identifier')
  if (nasIdentifier !== undefined) request.nasIdentifier = nasIdentifier
  const nasIpv4Address = ipv4Text(attributeValue(attributes, 'NAS-IP-Address'))
  if (nasIpv4Address !== undefined) request.nasIpv4Address = nasIpv4Address
  const ipv6 = attributeValue(attributes, 'NAS-IPv6-Address')
  if (ipv6 !== undefined) request.nasIpv6Address = formatIpv6(ipv6)
  const nasPortType = attributeValue(attributes, 'NAS-Port-Type')
  if (nasPortType !== undefined) request.nasPortType = nasPortType
  const serviceType = attributeValue(attributes, 'Service-Type')
  if (serviceType !== undefined) request.serviceType = serviceType
  const framedProtocol = attributeValue(attributes, 'Framed-Protocol')
  if (framedProtocol !== undefined) request.framedProtocol = framedProtocol
  const calledStationId = attributeValue(attributes, 'Called-Station-Id')
  if (calledStationId !== undefined) request.calledStationId = calledStationId
  const callingStationId = attributeValue(attributes, 'Calling-Station-Id')
  if (callingStationId !== undefined) request.callingStationId = callingStationId
  const tunnelType = attributeValue(attributes, 'Tunnel-Type')
  if (tunnelType !== undefined) request.tunnelType = tunnelType.value
  const msRasVendor = attributeValue(attributes, 'MS-RAS-Vendor')
  if (msRasVendor !== undefined) request.msRasVendor = msRasVendor
  return request
}
