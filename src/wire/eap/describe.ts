/**
 * One phrase for an EAP packet, as traces show it: `EAP Request #3 PEAP start`. Never a password, a hash, a response or a key.
 * Not decoding for its own sake: what a tunnel holds cannot be seen here.
 */
import { fromUtf8 } from '../../base/bytes.ts'
import { formatWireError } from '../codec.ts'
import { decodeTlsFragment, isTlsAcknowledgement } from './eap-tls.ts'
import {
  decodeMsChapV2Request,
  decodeMsChapV2Response,
  type MsChapV2Request,
  type MsChapV2Response,
} from './ms-chap-v2.ts'
import { decodeEap, decodeNak, EapCode, EapType, type EapPacket } from './packet.ts'
import { decodePeapTlvs, type PeapTlv } from './peap-tlv.ts'

const TYPES: ReadonlyMap<number, string> = new Map([
  [EapType.identity, 'Identity'],
  [EapType.notification, 'Notification'],
  [EapType.nak, 'Nak'],
  [EapType.md5Challenge, 'MD5-Challenge'],
  [EapType.tls, 'EAP-TLS'],
  [EapType.peap, 'PEAP'],
  [EapType.mschapv2, 'EAP-MSCHAPv2'],
  [EapType.tlv, 'EAP-TLV'],
])

/** `EAP-TLS`, `PEAP`; `type 99` for one without a name here. */
export const eapTypeName = (type: number): string => TYPES.get(type) ?? `type ${type}`

const CODES = { 1: 'Request', 2: 'Response', 3: 'Success', 4: 'Failure' } as const

/** `EAP Response #4 Nak, wants EAP-TLS`; of bytes that are no EAP packet, what is wrong with them. */
export function describeEap(bytes: Uint8Array): string {
  const decoded = decodeEap(bytes)
  if (!decoded.ok) return `EAP, unreadable: ${formatWireError(decoded.error)}`
  const packet = decoded.value
  const head = `EAP ${CODES[packet.code]} #${packet.identifier}`
  return 'type' in packet ? `${head} ${bodyWords(packet)}` : head
}

type Typed = Extract<EapPacket, { readonly type: number }>

function bodyWords(packet: Typed): string {
  const { type, expanded, data, code } = packet
  if (expanded !== undefined) return `expanded type ${expanded.vendor}/${expanded.type}`
  const name = eapTypeName(type)
  switch (type) {
    case EapType.identity:
    case EapType.notification:
      return data.length === 0 ? name : `${name} "${visible(fromUtf8(data))}"`
    case EapType.nak:
      return `${name}, ${nakWords(data)}`
    case EapType.tls:
    case EapType.peap:
      return `${name} ${fragmentWords(data)}`
    case EapType.mschapv2:
      return `${name} ${code === EapCode.request ? requestWords(data) : responseWords(data)}`
    case EapType.tlv:
      return `${name} ${tlvWords(data)}`
    default:
      return name
  }
}

/** Control characters are a peer's to send, and no terminal's to obey. */
const visible = (text: string): string => text.replace(/\p{C}/gu, '�')

function nakWords(data: Uint8Array): string {
  const wanted = decodeNak(data)
  if (!wanted.ok) return 'unreadable'
  return wanted.value.length === 0
    ? 'wants no other type'
    : `wants ${wanted.value.map(eapTypeName).join(', ')}`
}

function fragmentWords(data: Uint8Array): string {
  const decoded = decodeTlsFragment(data)
  if (!decoded.ok) return 'unreadable'
  const fragment = decoded.value
  if (fragment.start) return 'start'
  if (isTlsAcknowledgement(fragment)) return 'acknowledgement'
  const size = fragment.data.length
  const { total } = fragment
  const part = total === undefined || total === size ? `${size} bytes` : `${size} of ${total} bytes`
  return fragment.more ? `${part}, more to come` : part
}

function requestWords(data: Uint8Array): string {
  const decoded = decodeMsChapV2Request(data)
  return decoded.ok ? wordsOfRequest(decoded.value) : 'unreadable'
}

function wordsOfRequest(request: MsChapV2Request): string {
  switch (request.op) {
    case 'challenge':
      return `Challenge from "${visible(request.name)}"`
    case 'success':
      return 'Success'
    case 'failure': {
      const { error, retry } = request.failure
      return `Failure, error ${error}, ${retry ? 'another try allowed' : 'no other try'}`
    }
  }
}

function responseWords(data: Uint8Array): string {
  const decoded = decodeMsChapV2Response(data)
  return decoded.ok ? wordsOfResponse(decoded.value) : 'unreadable'
}

function wordsOfResponse(response: MsChapV2Response): string {
  switch (response.op) {
    case 'response':
      return `Response of "${visible(response.name)}"`
    case 'change-password':
      return 'Change-Password'
    case 'success-acknowledged':
      return 'Success acknowledged'
    case 'failure-acknowledged':
      return 'Failure acknowledged'
  }
}

function tlvWords(data: Uint8Array): string {
  const decoded = decodePeapTlvs(data)
  return decoded.ok ? decoded.value.map(oneTlv).join(', ') : 'unreadable'
}

function oneTlv(tlv: PeapTlv): string {
  switch (tlv.kind) {
    case 'result':
      return `Result ${tlv.status}`
    case 'crypto-binding':
      return `Crypto-Binding ${tlv.binding.subtype}`
    case 'nak':
      return `NAK of TLV ${tlv.type}`
    case 'unknown':
      return `TLV ${tlv.type}`
  }
}
