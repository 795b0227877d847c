/**
 * The payloads of an IKEv2 message (RFC 7296 §3.2 to §3.16, RFC 7383 §2.5). Not their bytes: `payload-chain.ts` reads and writes them, as they stand
 * one behind another. No cryptography: an Encrypted payload's body stays as it is.
 */
import type { ConfigurationAttribute } from './configuration.ts'
import type { IkeProposal } from './security-association.ts'
import type { TrafficSelector } from './traffic-selectors.ts'

/** What a sender sets to zero and a receiver ignores, kept where it is not: a message that is signed or compared must come out as it came in. */
interface PayloadBits {
  /** The Critical bit (RFC 7296 §2.5); not set on payloads of the RFC. */
  readonly critical?: boolean
  /** The seven RESERVED bits beside it. */
  readonly reserved?: number
}

/** RESERVED in the payload's own header: two octets in KE, three in ID, AUTH, TS and CP. */
interface BodyBits extends PayloadBits {
  readonly bodyReserved?: number
}

export interface SaPayload extends PayloadBits {
  readonly kind: 'sa'
  readonly proposals: readonly IkeProposal[]
}

/** RFC 7296 §3.4. */
export interface KePayload extends BodyBits {
  readonly kind: 'ke'
  readonly group: number
  readonly data: Uint8Array
}

/** RFC 7296 §3.5. */
export interface IdPayload extends BodyBits {
  readonly kind: 'id'
  readonly role: 'initiator' | 'responder'
  readonly type: number
  readonly data: Uint8Array
}

/** RFC 7296 §3.6. */
export interface CertPayload extends PayloadBits {
  readonly kind: 'cert'
  readonly encoding: number
  readonly data: Uint8Array
}

/** RFC 7296 §3.7. */
export interface CertReqPayload extends PayloadBits {
  readonly kind: 'certreq'
  readonly encoding: number
  /** SHA-1 hashes of SubjectPublicKeyInfo, 20 bytes each, one after another. */
  readonly authorities: Uint8Array
}

/** RFC 7296 §3.8. */
export interface AuthPayload extends BodyBits {
  readonly kind: 'auth'
  readonly method: number
  readonly data: Uint8Array
}

/** RFC 7296 §3.9: 16 to 256 bytes. */
export interface NoncePayload extends PayloadBits {
  readonly kind: 'nonce'
  readonly data: Uint8Array
}

/** RFC 7296 §3.10. */
export interface NotifyPayload extends PayloadBits {
  readonly kind: 'notify'
  /** 0 where it concerns no Child SA. */
  readonly protocol: number
  readonly spi: Uint8Array
  readonly type: number
  readonly data: Uint8Array
}

/** RFC 7296 §3.11. */
export interface DeletePayload extends PayloadBits {
  readonly kind: 'delete'
  readonly protocol: number
  /** All of one size; none for the IKE SA itself. */
  readonly spis: readonly Uint8Array[]
  /** SPI Size of a payload without SPIs, where it is not zero. */
  readonly spiSize?: number
}

/** RFC 7296 §3.12. */
export interface VendorIdPayload extends PayloadBits {
  readonly kind: 'vendor-id'
  readonly data: Uint8Array
}

/** RFC 7296 §3.13. */
export interface TsPayload extends BodyBits {
  readonly kind: 'ts'
  readonly role: 'initiator' | 'responder'
  readonly selectors: readonly TrafficSelector[]
}

/** RFC 7296 §3.15. */
export interface ConfigurationPayload extends BodyBits {
  readonly kind: 'configuration'
  /** CFG_REQUEST 1, CFG_REPLY 2 … */
  readonly type: number
  readonly attributes: readonly ConfigurationAttribute[]
}

/** RFC 7296 §3.16: one EAP packet, whole. */
export interface EapPayload extends PayloadBits {
  readonly kind: 'eap'
  readonly packet: Uint8Array
}

/** Encrypted and Authenticated (RFC 7296 §3.14). Always the last. */
export interface EncryptedPayload extends PayloadBits {
  readonly kind: 'encrypted'
  /** Type of the first payload inside. */
  readonly first: number
  /** IV, ciphertext, ICV. */
  readonly body: Uint8Array
}

/** Encrypted and Authenticated Fragment (RFC 7383 §2.5). Always the last. */
export interface FragmentPayload extends PayloadBits {
  readonly kind: 'fragment'
  /** Type of the first payload inside the whole; 0 in all fragments but the first. */
  readonly first: number
  /** From 1 to `total`. */
  readonly number: number
  readonly total: number
  readonly body: Uint8Array
}

/** Skipped where it is not critical, refused where it is (RFC 7296 §2.5). */
export interface UnknownPayload extends PayloadBits {
  readonly kind: 'unknown'
  readonly type: number
  readonly critical: boolean
  readonly data: Uint8Array
}

export type IkePayload =
  | SaPayload
  | KePayload
  | IdPayload
  | CertPayload
  | CertReqPayload
  | AuthPayload
  | NoncePayload
  | NotifyPayload
  | DeletePayload
  | VendorIdPayload
  | TsPayload
  | ConfigurationPayload
  | EapPayload
  | EncryptedPayload
  | FragmentPayload
  | UnknownPayload
