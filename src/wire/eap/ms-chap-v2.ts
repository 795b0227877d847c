/**
 * Type-data of EAP-MSCHAPv2 ([MS-CHAP] §2.2, draft-kamath-pppext-eap-mschapv2): MS-CHAP v2 packets of RFC 2759 §3 … §7 in EAP.
 * Not the arithmetic (`crypto/ms-chap-v2.ts`) and no passwords: what it carries of them is enciphered already.
 */
import { concat, fromHex, fromUtf8, setU16, toHex, utf8 } from '../../base/bytes.ts'
import { decoder, type Reader } from '../codec.ts'

export const MsChapV2OpCode = {
  challenge: 1,
  response: 2,
  success: 3,
  failure: 4,
  changePassword: 7,
} as const

/** `E=691 R=1 C=… V=3 M=…` (RFC 2759 §6). */
export interface MsChapV2Failure {
  /** 646 hours, 647 disabled, 648 expired password, 649 no dial-in, 691 authentication failure, 709 changing. */
  readonly error: number
  /** Whether another try is allowed. */
  readonly retry: boolean
  /** 16 bytes, for the next try. */
  readonly challenge?: Uint8Array
  /** Version of the change of password that is offered: 3. */
  readonly version?: number
  readonly message?: string
}

/** What a server sends. `id` is MS-CHAPv2-ID, 0 … 255. */
export type MsChapV2Request =
  | {
      readonly op: 'challenge'
      readonly id: number
      /** 16 bytes. */
      readonly challenge: Uint8Array
      /** The server's name. */
      readonly name: string
    }
  | {
      readonly op: 'success'
      readonly id: number
      /** 20 bytes. */
      readonly authenticatorResponse: Uint8Array
      readonly message: string
    }
  | { readonly op: 'failure'; readonly id: number; readonly failure: MsChapV2Failure }

/** What a peer sends. An acknowledgement is its opcode alone. */
export type MsChapV2Response =
  | {
      readonly op: 'response'
      readonly id: number
      /** 16 bytes. */
      readonly peerChallenge: Uint8Array
      /** 24 bytes. */
      readonly ntResponse: Uint8Array
      readonly name: string
    }
  | {
      readonly op: 'change-password'
      readonly id: number
      /** 516 bytes. */
      readonly encryptedPassword: Uint8Array
      /** 16 bytes. */
      readonly encryptedHash: Uint8Array
      readonly peerChallenge: Uint8Array
      readonly ntResponse: Uint8Array
    }
  | { readonly op: 'success-acknowledged' }
  | { readonly op: 'failure-acknowledged' }

const CHALLENGE_BYTES = 16
const RESPONSE_BYTES = 49
const FORMAT = '[MS-CHAP] §2.2'

/** MS-CHAPv2-ID, after MS-Length, which counts from the opcode on, has been held against what is there. */
function readHead(r: Reader): number {
  const id = r.u8('MS-CHAPv2-ID', FORMAT)
  const length = r.u16('MS-Length', FORMAT)
  if (length > r.bytes.length) r.reject('truncated', 'MS-Length', FORMAT)
  if (length < r.bytes.length) r.reject('bad-value', 'MS-Length', FORMAT)
  return id
}

function readValueSize(r: Reader, size: number, rfc: string): void {
  if (r.u8('Value-Size', rfc) !== size) r.reject('bad-value', 'Value-Size', rfc)
}

/** Views, not copies. */
export const decodeMsChapV2Request = decoder<MsChapV2Request>('eap-mschapv2', (r) => {
  const op = r.u8('OpCode', FORMAT)
  const id = readHead(r)
  switch (op) {
    case MsChapV2OpCode.challenge: {
      readValueSize(r, CHALLENGE_BYTES, 'RFC 2759 §3')
      const challenge = r.take(CHALLENGE_BYTES, 'Challenge', 'RFC 2759 §3')
      return { op: 'challenge', id, challenge, name: fromUtf8(r.rest()) }
    }
    case MsChapV2OpCode.success:
      return readSuccess(r, id)
    case MsChapV2OpCode.failure: {
      const failure = parseMsChapV2Failure(fromUtf8(r.rest()))
      return failure === undefined
        ? r.reject('bad-value', 'Message', 'RFC 2759 §6')
        : { op: 'failure', id, failure }
    }
    default:
      return r.reject('bad-value', 'OpCode', FORMAT)
  }
})

function readSuccess(r: Reader, id: number): MsChapV2Request {
  const found = /^S=([0-9A-F]{40}) *(?:M=)?(.*)$/is.exec(fromUtf8(r.rest()))
  if (found === null) return r.reject('bad-value', 'Message', 'RFC 2759 §5')
  const [, digits = '', message = ''] = found
  return { op: 'success', id, authenticatorResponse: fromHex(digits), message }
}

/** Views, not copies. */
export const decodeMsChapV2Response = decoder<MsChapV2Response>('eap-mschapv2', (r) => {
  const op = r.u8('OpCode', FORMAT)
  switch (op) {
    case MsChapV2OpCode.response: {
      const id = readHead(r)
      readValueSize(r, RESPONSE_BYTES, 'RFC 2759 §4')
      const proof = readProof(r, 'RFC 2759 §4')
      r.u8('Flags', 'RFC 2759 §4')
      return { op: 'response', id, ...proof, name: fromUtf8(r.rest()) }
    }
    case MsChapV2OpCode.changePassword: {
      const id = readHead(r)
      const encryptedPassword = r.take(516, 'Encrypted-Password', 'RFC 2759 §7')
      const encryptedHash = r.take(16, 'Encrypted-Hash', 'RFC 2759 §7')
      const proof = readProof(r, 'RFC 2759 §7')
      r.u16('Flags', 'RFC 2759 §7')
      return { op: 'change-password', id, encryptedPassword, encryptedHash, ...proof }
    }
    // Some peers send the rest of a header with it, which says nothing.
    case MsChapV2OpCode.success:
      r.rest()
      return { op: 'success-acknowledged' }
    case MsChapV2OpCode.failure:
      r.rest()
      return { op: 'failure-acknowledged' }
    default:
      return r.reject('bad-value', 'OpCode', FORMAT)
  }
})

/** Peer-Challenge, eight reserved bytes, NT-Response. */
function readProof(
  r: Reader,
  rfc: string,
): { readonly peerChallenge: Uint8Array; readonly ntResponse: Uint8Array } {
  const peerChallenge = r.take(CHALLENGE_BYTES, 'Peer-Challenge', rfc)
  r.take(8, 'Reserved', rfc)
  return { peerChallenge, ntResponse: r.take(24, 'NT-Response', rfc) }
}

const packet = (op: number, id: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const out = concat(Uint8Array.of(op, id, 0, 0), ...parts)
  setU16(out, 2, out.length)
  return out
}

const RESERVED = new Uint8Array(8)

export function encodeMsChapV2Request(request: MsChapV2Request): Uint8Array {
  const { op, id } = request
  switch (op) {
    case 'challenge': {
      const { challenge, name } = request
      const size = Uint8Array.of(CHALLENGE_BYTES)
      return packet(MsChapV2OpCode.challenge, id, size, challenge, utf8(name))
    }
    case 'success': {
      const digits = toHex(request.authenticatorResponse).toUpperCase()
      return packet(MsChapV2OpCode.success, id, utf8(`S=${digits} M=${request.message}`))
    }
    case 'failure':
      return packet(MsChapV2OpCode.failure, id, utf8(formatMsChapV2Failure(request.failure)))
  }
}

export function encodeMsChapV2Response(response: MsChapV2Response): Uint8Array {
  switch (response.op) {
    case 'response': {
      const { id, peerChallenge, ntResponse, name } = response
      const size = Uint8Array.of(RESPONSE_BYTES)
      const value = concat(size, peerChallenge, RESERVED, ntResponse, new Uint8Array(1))
      return packet(MsChapV2OpCode.response, id, value, utf8(name))
    }
    case 'change-password': {
      const { id, encryptedPassword, encryptedHash, peerChallenge, ntResponse } = response
      const proof = concat(peerChallenge, RESERVED, ntResponse, new Uint8Array(2))
      return packet(MsChapV2OpCode.changePassword, id, encryptedPassword, encryptedHash, proof)
    }
    case 'success-acknowledged':
      return Uint8Array.of(MsChapV2OpCode.success)
    case 'failure-acknowledged':
      return Uint8Array.of(MsChapV2OpCode.failure)
  }
}

/** `E=691 R=1 C=0123… V=3 M=Authentication failed`, as MS-CHAP-Error carries it, too (RFC 2548 §2.1.5). */
export function formatMsChapV2Failure(failure: MsChapV2Failure): string {
  const { error, retry, challenge, version, message } = failure
  return [
    `E=${error}`,
    `R=${retry ? 1 : 0}`,
    ...(challenge === undefined ? [] : [`C=${toHex(challenge).toUpperCase()}`]),
    ...(version === undefined ? [] : [`V=${version}`]),
    ...(message === undefined ? [] : [`M=${message}`]),
  ].join(' ')
}

/** Undefined: no error number. Everything else may be missing; a challenge that is not 16 bytes is. */
export function parseMsChapV2Failure(text: string): MsChapV2Failure | undefined {
  const found =
    /^E=(\d{1,10})(?: +R=([01]))?(?: +C=([0-9A-F]*))?(?: +V=(\d{1,10}))?(?: +M=(.*))?/is.exec(text)
  if (found === null) return undefined
  const [, error, retry, challenge, version, message] = found
  return {
    error: Number(error),
    retry: retry === '1',
    ...(challenge?.length === 2 * CHALLENGE_BYTES ? { challenge: fromHex(challenge) } : {}),
    ...(version === undefined ? {} : { version: Number(version) }),
    ...(message === undefined ? {} : { message }),
  }
}
