/**
 * What both sides of a modelled handshake have in common: messages in and out, what was agreed, Finished. Not the order of the messages, which each side
 * knows for itself. RFC 5246 §7.4, RFC 8446 §4.
 */
import { equalBytes, setU16 } from '../../base/bytes.ts'
import { isSpread, mix, mixAll, spread, spreadBytes } from '../../crypto/modelled/mix.ts'
import type { TlsAlert } from '../tls-alert.ts'
import { readCertificates } from '../tls-certificates.ts'
import type { TlsFailure } from '../tls-failure.ts'
import { HandshakeType } from '../tls-registry.ts'
import type { TlsSettings } from '../tls.ts'
import { EMPTY_MESSAGES, leafSeed, shownOf, type Shown } from './certificates.ts'
import { message, SIGNATURE_ALGORITHMS } from './hello.ts'
import type { Keys } from './records.ts'
import { offerOf, type Offer, type Suite } from './suites.ts'

/** What carries the messages. */
export interface HandshakeHost {
  message(bytes: Uint8Array): void
  changeCipherSpec(): void
  sendUnder(keys: Keys): void
  receiveUnder(keys: Keys): void
  finish(): void
  /** It is over, though what was said stays said. */
  breakOff(failure: TlsFailure): void
}

/** Why it ends here, and what the peer is told. */
export interface Said extends TlsFailure {
  readonly alert?: TlsAlert
}

export const UNEXPECTED: Said = {
  code: 'decode',
  detail: 'unexpected message',
  alert: 'unexpected_message',
}
export const MISFIT: Said = { code: 'decode', detail: 'length mismatch', alert: 'decode_error' }
export const NO_VERSION: Said = {
  code: 'version',
  detail: 'unsupported protocol',
  alert: 'protocol_version',
}
export const BAD_SIGNATURE: Said = {
  code: 'bad-signature',
  detail: 'bad signature',
  alert: 'decrypt_error',
}
const BAD_FINISHED: Said = { code: 'decode', detail: 'digest check failed', alert: 'decrypt_error' }

type Side = 'client' | 'server'

const OF_SIDE = { client: 0x636c, server: 0x7376 } as const
const OF_CONNECTION = 0x746c73
/** rsa_pss_rsae_sha256, or ecdsa_secp256r1_sha256. */
const ALGORITHM = {
  rsa: SIGNATURE_ALGORITHMS.subarray(2, 4),
  ec: SIGNATURE_ALGORITHMS.subarray(12, 14),
}

/** Behind its algorithm and its length (RFC 5246 §4.7). */
const SIGNATURE_AT = 4

/** Algorithm, length, signature. */
export function signed({ signs, signatureBytes }: Shown, seed: number): Uint8Array {
  const out = new Uint8Array(SIGNATURE_AT + signatureBytes)
  out.set(ALGORITHM[signs])
  setU16(out, 2, signatureBytes)
  spread(seed, out, SIGNATURE_AT)
  return out
}

export function isSigned(bytes: Uint8Array, seed: number): boolean {
  return bytes.length > SIGNATURE_AT && isSpread(seed, bytes, SIGNATURE_AT)
}

export abstract class Handshake {
  protected readonly host: HandshakeHost
  protected readonly settings: TlsSettings
  protected readonly random: (length: number) => Uint8Array
  protected readonly offer: Offer
  /** Of all messages so far. */
  #transcript = 0
  #suite: Suite | undefined
  #isDone = false
  #fault: string | undefined
  #isChecked = false
  protected own: Shown | undefined
  secret = 0
  hasBegun = false
  isResumed = false
  peerChain: readonly Uint8Array[] | undefined
  sessionKey: string | undefined

  constructor(host: HandshakeHost, settings: TlsSettings, random: (length: number) => Uint8Array) {
    this.host = host
    this.settings = settings
    this.random = random
    this.offer = offerOf(settings)
  }

  abstract readonly side: Side
  /** What may come next. */
  protected abstract expected: string
  /** A client speaks first. */
  protected abstract begin(): void
  /** A message, and the transcript before it. */
  protected abstract receive(type: number, body: Uint8Array, before: number): Said | undefined

  /** Once; why there can be none, where this side's own certificate is at fault. */
  start(): string | undefined {
    if (this.#isChecked) return this.#fault
    this.#isChecked = true
    const { identity } = this.settings
    this.own = identity === undefined ? undefined : shownOf(identity)
    this.#fault = this.own?.fault
    if (this.#fault === undefined) this.begin()
    return this.#fault
  }

  /** A whole message of the peer. */
  take(bytes: Uint8Array): Said | undefined {
    const before = this.#transcript
    this.#transcript = mix(before, bytes)
    return this.receive(bytes[0]!, bytes.subarray(4), before)
  }

  /** ChangeCipherSpec, of TLS 1.2. */
  changed(): Said | undefined {
    if (this.expected !== 'change') return UNEXPECTED
    this.receivesProtected()
    this.expected = 'finished'
    return undefined
  }

  get isAgreed(): boolean {
    return this.#suite !== undefined
  }

  get isTls13(): boolean {
    return this.#suite?.version === 'TLSv1.3'
  }

  /** What was agreed, from the end on. */
  get done(): Suite | undefined {
    return this.#isDone ? this.#suite : undefined
  }

  protected get suite(): Suite {
    return this.#suite!
  }

  protected say(bytes: Uint8Array): void {
    this.#transcript = mix(this.#transcript, bytes)
    this.host.message(bytes)
    this.hasBegun = true
  }

  protected agree(suite: Suite, seed: number | undefined, ...randoms: readonly Uint8Array[]): void {
    this.#suite = suite
    this.isResumed = seed !== undefined
    this.secret = mixAll(seed ?? OF_CONNECTION, ...randoms)
  }

  protected sendsProtected(): void {
    this.host.sendUnder(this.#keysOf(this.side))
  }

  protected receivesProtected(): void {
    this.host.receiveUnder(this.#keysOf(this.side === 'client' ? 'server' : 'client'))
  }

  #keysOf(side: Side): Keys {
    return { suite: this.suite, seed: this.secret ^ OF_SIDE[side], sequence: 0 }
  }

  protected showsChain(): void {
    const { message12, message13 } = this.own ?? EMPTY_MESSAGES
    this.say(this.isTls13 ? message13 : message12)
  }

  protected provesChain(own: Shown): void {
    const signature = signed(own, own.leafSeed ^ this.#transcript)
    this.say(message(HandshakeType.certificateVerify, signature))
  }

  protected takeChain(body: Uint8Array): Said | undefined {
    this.peerChain = readCertificates(body, this.isTls13)
    return this.peerChain === undefined ? MISFIT : undefined
  }

  protected takeProof(body: Uint8Array, before: number): Said | undefined {
    return isSigned(body, leafSeed(this.peerChain ?? []) ^ before) ? undefined : BAD_SIGNATURE
  }

  protected saysFinished(): void {
    this.say(message(HandshakeType.finished, this.#verifyData(this.side, this.#transcript)))
  }

  protected takeFinished(body: Uint8Array, before: number): Said | undefined {
    const peer = this.side === 'client' ? 'server' : 'client'
    return equalBytes(body, this.#verifyData(peer, before)) ? undefined : BAD_FINISHED
  }

  #verifyData(side: Side, transcript: number): Uint8Array {
    return spreadBytes((this.secret + OF_SIDE[side]) ^ transcript, this.suite.finishedBytes)
  }

  protected finish(): void {
    this.#isDone = true
    this.host.finish()
  }
}
