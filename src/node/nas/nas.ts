/**
 * A network access server that lets people in by RADIUS: it carries EAP between a peer and a server, or sends what a password was
 * answered with, and hears the verdict. Not the peer, and not the tunnel around it. RFC 2865, RFC 3579 §2, RFC 2548.
 */
import { concat, equalBytes, fromUtf8, utf8 } from '../../base/bytes.ts'
import type { Rng } from '../../base/rng.ts'
import { chapResponse } from '../../crypto/chap.ts'
import { ntChallengeResponse, ntPasswordHash } from '../../crypto/ms-chap.ts'
import {
  encryptNewPassword,
  encryptOldPasswordHash,
  generateNtResponse,
  hashNtPasswordHash,
  isAuthenticatorResponse,
  PASSWORD_LENGTH_MAX,
} from '../../crypto/ms-chap-v2.ts'
import { mppeKeys } from '../../crypto/mppe.ts'
import { readMppeKeys, type MppeKeys } from '../../crypto/radius-hiding.ts'
import { parseMsChapV2Failure } from '../../wire/eap/ms-chap-v2.ts'
import { EapCode, EapType } from '../../wire/eap/packet.ts'
import { attribute, attributeValue, eapMessage, eapPacket } from '../../wire/radius/attributes.ts'
import { RadiusCode, type RadiusAttribute, type RadiusPacket } from '../../wire/radius/packet.ts'
import type { RadiusClient, RadiusOutcome } from '../radius-client.ts'

/** The other end of EAP: `done` gets its answer to a packet, or undefined where it has none. */
export interface EapPeerEnd {
  packet(bytes: Uint8Array, done: (answer: Uint8Array | undefined) => void): void
}

/** What somebody comes with. Passwords are what was typed. */
export type Claim =
  | { readonly kind: 'eap'; readonly peer: EapPeerEnd }
  | {
      readonly kind: 'pap' | 'chap' | 'ms-chap' | 'ms-chap-v2'
      readonly user: string
      readonly password: string
      /** What is typed where a server says that the password has expired (MS-CHAP v2 only). */
      readonly newPassword?: string
    }
  | { readonly kind: 'none' }

export type NasOutcome =
  | {
      readonly kind: 'accepted' | 'rejected'
      readonly server: string
      readonly packet: RadiusPacket
      /** The keys of the answer. Secrets. */
      readonly keys?: MppeKeys
      /** What the client's side says to the keys of the answer (MS-CHAP v2). Absent: there is nothing to say. */
      readonly checked?: { readonly keysAgree: boolean }
    }
  | { readonly kind: 'no-answer'; readonly servers: readonly string[] }
  /**
   * The peer had no more to say, and the server did not decide; or it let somebody in, and did not prove that it knows the password
   * (RFC 2759 §5: the peer ends the connection).
   */
  | { readonly kind: 'abandoned' }

interface Asking {
  readonly client: Pick<RadiusClient, 'ask'>
  /** Attributes of the connection, in each request. */
  readonly attributes: readonly RadiusAttribute[]
  readonly secretOf: (server: string) => string
  readonly rng: Rng
}

/** `done` is called once. */
export function authenticate(
  asking: Asking,
  claim: Claim,
  done: (outcome: NasOutcome) => void,
): void {
  switch (claim.kind) {
    case 'eap':
      return carryEap(asking, claim.peer, done)
    case 'none':
      return askOnce(asking, { attributes: [] }, done)
    default:
      return askOnce(asking, passwordRequest(claim, asking.rng), done)
  }
}

// ── EAP ──

/** RFC 3579 §2.1: the NAS asks for the identity itself, and carries everything after it. */
function carryEap(asking: Asking, peer: EapPeerEnd, done: (outcome: NasOutcome) => void): void {
  let state: Uint8Array | undefined
  let server: string | undefined
  const onSaid = (packet: Uint8Array | undefined): void => {
    if (packet === undefined) return done({ kind: 'abandoned' })
    const attributes = [
      ...asking.attributes,
      ...eapMessage(packet),
      ...(state === undefined ? [] : [attribute('State', state)]),
    ]
    const first = server === undefined ? {} : { first: server }
    asking.client.ask({ code: RadiusCode.accessRequest, attributes, ...first }, (outcome) => {
      if (outcome.kind !== 'radius/answered') return done(silence(outcome))
      server = outcome.server
      state = attributeValue(outcome.packet.attributes, 'State')
      const eap = eapPacket(outcome.packet.attributes)
      if (outcome.packet.code === RadiusCode.accessChallenge) {
        return eap === undefined ? done({ kind: 'abandoned' }) : peer.packet(eap, onSaid)
      }
      const decided = verdict(asking, outcome)
      // The peer hears how it ended before anybody asks it.
      if (eap === undefined) return done(decided)
      peer.packet(eap, () => done(decided))
    })
  }
  const identifier = asking.rng.below(256)
  peer.packet(Uint8Array.of(EapCode.request, identifier, 0, 5, EapType.identity), onSaid)
}

const silence = (outcome: Exclude<RadiusOutcome, { kind: 'radius/answered' }>): NasOutcome => ({
  kind: 'no-answer',
  servers: outcome.kind === 'radius/no-answer' ? outcome.servers.map(({ server }) => server) : [],
})

function verdict(
  { secretOf }: Asking,
  {
    server,
    packet,
    requestAuthenticator,
  }: {
    readonly server: string
    readonly packet: RadiusPacket
    readonly requestAuthenticator: Uint8Array
  },
): Extract<NasOutcome, { kind: 'accepted' | 'rejected' }> {
  const isAccepted = packet.code === RadiusCode.accessAccept
  const keys = isAccepted
    ? readMppeKeys(packet.attributes, secretOf(server), requestAuthenticator)
    : undefined
  return {
    kind: isAccepted ? 'accepted' : 'rejected',
    server,
    packet,
    ...(keys !== undefined && { keys }),
  }
}

// ── passwords ──

type PasswordClaim = Extract<Claim, { readonly password: string }>

interface PasswordRequest {
  readonly attributes: readonly RadiusAttribute[]
  readonly userPassword?: Uint8Array
  /** What the client makes of an acceptance; undefined: the server has not proved itself. */
  readonly check?: (
    answer: RadiusPacket,
    keys: MppeKeys | undefined,
  ) => { readonly keysAgree: boolean } | undefined
  /** What the client says next to a rejection; undefined: nothing. */
  readonly retry?: (answer: RadiusPacket) => PasswordRequest | undefined
}

function askOnce(
  asking: Asking,
  { attributes, userPassword, check, retry }: PasswordRequest,
  done: (outcome: NasOutcome) => void,
): void {
  const question = {
    code: RadiusCode.accessRequest,
    attributes: [...asking.attributes, ...attributes],
    ...(userPassword !== undefined && { userPassword }),
  }
  asking.client.ask(question, (outcome) => {
    if (outcome.kind !== 'radius/answered') return done(silence(outcome))
    const decided = verdict(asking, outcome)
    const next = decided.kind === 'rejected' ? retry?.(decided.packet) : undefined
    if (next !== undefined) return askOnce(asking, next, done)
    if (decided.kind !== 'accepted' || check === undefined) return done(decided)
    const checked = check(decided.packet, decided.keys)
    done(checked === undefined ? { kind: 'abandoned' } : { ...decided, checked })
  })
}

/** RFC 2865 §5.3, §5.40; RFC 2548 §2.1, §2.3: the NAS has made the challenge, and sends it along. */
function passwordRequest(claim: PasswordClaim, rng: Rng): PasswordRequest {
  const { password } = claim
  const identifier = rng.below(256)
  switch (claim.kind) {
    case 'pap':
      return { attributes: [], userPassword: utf8(password) }
    case 'chap': {
      const challenge = rng.bytes(16)
      const response = chapResponse(identifier, password, challenge)
      return {
        attributes: [
          attribute('CHAP-Password', concat(Uint8Array.of(identifier), response)),
          attribute('CHAP-Challenge', challenge),
        ],
      }
    }
    case 'ms-chap': {
      const challenge = rng.bytes(8)
      const response = ntChallengeResponse(challenge, ntPasswordHash(password))
      // Ident, Flags (use the NT response), no LM response.
      const head = Uint8Array.of(identifier, 1)
      return {
        attributes: [
          attribute('MS-CHAP-Challenge', challenge),
          attribute('MS-CHAP-Response', concat(head, new Uint8Array(24), response)),
        ],
      }
    }
    case 'ms-chap-v2':
      return msChapV2Request(claim, identifier, rng)
  }
}

function msChapV2Request(
  { user, password, newPassword }: Omit<PasswordClaim, 'kind'>,
  identifier: number,
  rng: Rng,
): PasswordRequest {
  const proof = prove(user, ntPasswordHash(password), rng.bytes(16), rng)
  const { authenticatorChallenge, peerChallenge } = proof.exchange
  const response = concat(
    Uint8Array.of(identifier, 0),
    peerChallenge,
    new Uint8Array(8),
    proof.ntResponse,
  )
  return {
    attributes: [
      attribute('MS-CHAP-Challenge', authenticatorChallenge),
      attribute('MS-CHAP2-Response', response),
    ],
    check: proof.check,
    ...(newPassword !== undefined && {
      retry: (answer) => changeRequest({ user, password, newPassword }, answer, rng),
    }),
  }
}

/** A response for one password and challenge (16 bytes), and what the client makes of an acceptance. */
function prove(user: string, hash: Uint8Array, authenticatorChallenge: Uint8Array, rng: Rng) {
  const exchange = { user, authenticatorChallenge, peerChallenge: rng.bytes(16) }
  const ntResponse = generateNtResponse(exchange, hash)
  const check: NonNullable<PasswordRequest['check']> = ({ attributes }, keys) => {
    const told = attributeValue(attributes, 'MS-CHAP2-Success')
    const said = told === undefined ? undefined : authenticatorResponseOf(told.subarray(1))
    if (said === undefined || !isAuthenticatorResponse(said, exchange, hash, ntResponse)) return
    const own = mppeKeys(hashNtPasswordHash(hash), ntResponse)
    return {
      keysAgree:
        keys !== undefined &&
        equalBytes(keys.recv, own.fromPeer) &&
        equalBytes(keys.send, own.toPeer),
    }
  }
  return { exchange, ntResponse, check }
}

const PASSWORD_EXPIRED = 648
/** A vendor's attribute holds 247 bytes, four of which number the pieces (RFC 2548 §2.1.6). */
const PIECE_BYTES = 243

/** MS-CHAP2-CPW (RFC 2548 §2.3.4), where the server says that the password has expired and that it takes another. */
function changeRequest(
  { user, password, newPassword }: Required<Omit<PasswordClaim, 'kind'>>,
  { attributes }: RadiusPacket,
  rng: Rng,
): PasswordRequest | undefined {
  const told = attributeValue(attributes, 'MS-CHAP-Error')
  const failure = told === undefined ? undefined : parseMsChapV2Failure(fromUtf8(told.subarray(1)))
  const { error, challenge, version } = failure ?? {}
  if (error !== PASSWORD_EXPIRED || version !== 3 || challenge === undefined) return undefined
  if (newPassword.length > PASSWORD_LENGTH_MAX) return undefined
  const identifier = (told![0]! + 1) & 0xff
  const old = ntPasswordHash(password)
  const fresh = ntPasswordHash(newPassword)
  const proof = prove(user, fresh, challenge, rng)
  const change = concat(
    Uint8Array.of(7, identifier),
    encryptOldPasswordHash(old, fresh),
    proof.exchange.peerChallenge,
    new Uint8Array(8),
    proof.ntResponse,
    new Uint8Array(2),
  )
  const hidden = encryptNewPassword(newPassword, old, rng.bytes(512))
  const pieces = Math.ceil(hidden.length / PIECE_BYTES)
  return {
    attributes: [
      attribute('MS-CHAP-Challenge', challenge),
      attribute('MS-CHAP2-CPW', change),
      ...Array.from({ length: pieces }, (_, i) =>
        attribute(
          'MS-CHAP-NT-Enc-PW',
          concat(
            Uint8Array.of(6, identifier, 0, i),
            hidden.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
          ),
        ),
      ),
    ],
    check: proof.check,
  }
}

/** `S=` and 40 digits. */
function authenticatorResponseOf(text: Uint8Array): Uint8Array | undefined {
  const digits = /^S=([0-9A-F]{40})/i.exec(fromUtf8(text))?.[1]
  return digits === undefined ? undefined : Buffer.from(digits, 'hex')
}

/**
 * Whether a peer's MSK (64 bytes) is what came with the answer: MS-MPPE-Recv-Key, then MS-MPPE-Send-Key. Of EAP-MSCHAPv2 some servers send
 * the two keys of 16 bytes (RFC 3079), others halves of the MSK, of which the second is zeros.
 */
export function keysMatch(msk: Uint8Array, { recv, send }: MppeKeys): boolean {
  const told = concat(recv, send)
  if (told.length > msk.length) return false
  return equalBytes(msk, concat(told, new Uint8Array(msk.length - told.length)))
}
