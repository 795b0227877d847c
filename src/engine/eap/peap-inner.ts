/**
 * What travels in the tunnel of PEAP version 0: EAP without its header, the extensions method with it, and the crypto-binding TLV
 * ([MS-PEAP] §3.1.5.6, §2.2.8.1). Not the tunnel, and not who says what when.
 */
import { concat, equalBytes, setU16, u16 } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import {
  compoundKeys,
  compoundMac,
  isCompoundMac,
  resumedCompoundKeys,
  type CompoundKeys,
} from '../../crypto/peap-binding.ts'
import { formatWireError } from '../../wire/codec.ts'
import { decodeEap, EAP_HEADER_BYTES, EapCode, EapType, encodeEap } from '../../wire/eap/packet.ts'
import { encodeCryptoBinding, type CryptoBinding, type PeapTlv } from '../../wire/eap/peap-tlv.ts'
import type { TlsEndpoint } from '../tls.ts'
import type { EapMessage } from './authenticator.ts'
import type { MethodResult } from './method.ts'
import { exportTunnelKey } from './tls-tunnel.ts'

type InnerCode = typeof EapCode.request | typeof EapCode.response

/** `identifier` counts in the extensions method only, the one that keeps its header. */
export function encodeInner(code: InnerCode, identifier: number, message: EapMessage): Uint8Array {
  const packet = encodeEap({ code, identifier, ...message })
  return message.type === EapType.tlv ? packet : packet.subarray(EAP_HEADER_BYTES)
}

export interface InnerMessage extends EapMessage {
  readonly identifier: number
}

/** Reads either form: FreeRADIUS sends its request for the identity with a header, too. */
export function decodeInner(code: InnerCode, bytes: Uint8Array): Result<InnerMessage, string> {
  const decoded = decodeEap(hasHeader(code, bytes) ? bytes : withHeader(code, bytes))
  if (!decoded.ok) return err(`in the tunnel: ${formatWireError(decoded.error)}`)
  const packet = decoded.value
  return 'type' in packet ? ok(packet) : err(`in the tunnel: code ${packet.code}`)
}

/** An expanded or a short type could look like a code, but not with a length that fits and one of these two types after it. */
function hasHeader(code: InnerCode, bytes: Uint8Array): boolean {
  if (bytes.length <= EAP_HEADER_BYTES) return false
  const type = bytes[EAP_HEADER_BYTES]
  const isWhole = bytes[0] === code && u16(bytes, 2) === bytes.length
  return isWhole && (type === EapType.tlv || (type === EapType.identity && bytes.length === 5))
}

function withHeader(code: InnerCode, bytes: Uint8Array): Uint8Array {
  const header = Uint8Array.of(code, 0, 0, 0)
  setU16(header, 2, Math.min(EAP_HEADER_BYTES + bytes.length, 0xffff))
  return concat(header, bytes)
}

/** Keys by which both ends of the tunnel show that they are the ends of the inner method, too. `inner` absent: a resumed session. */
export function bindingKeys(endpoint: TlsEndpoint, inner: MethodResult | undefined): CompoundKeys {
  const tunnelKey = exportTunnelKey(endpoint, EapType.peap)
  if (inner === undefined) return resumedCompoundKeys(tunnelKey)
  return compoundKeys(tunnelKey, inner.ok ? inner.innerKeys : undefined)
}

const MAC_BYTES = 20

/** A Crypto-Binding TLV with its MAC. `nonce` is 32 bytes. */
export function bindingTlv(
  subtype: CryptoBinding['subtype'],
  nonce: Uint8Array,
  keys: CompoundKeys,
): Uint8Array {
  const blank = new Uint8Array(MAC_BYTES)
  const tlv = encodeCryptoBinding({
    version: 0,
    receivedVersion: 0,
    subtype,
    nonce,
    compoundMac: blank,
  })
  tlv.set(compoundMac(keys.cmk, tlv), tlv.length - MAC_BYTES)
  return tlv
}

/** Whether a Crypto-Binding TLV is of the other side, and was made with these keys. `nonce`: what a response must repeat. */
export function isBindingGood(
  tlv: Extract<PeapTlv, { kind: 'crypto-binding' }>,
  subtype: CryptoBinding['subtype'],
  keys: CompoundKeys,
  nonce?: Uint8Array,
): boolean {
  const { binding, bytes } = tlv
  return (
    binding.version === 0 &&
    binding.subtype === subtype &&
    (nonce === undefined || equalBytes(binding.nonce, nonce)) &&
    isCompoundMac(keys.cmk, bytes)
  )
}
