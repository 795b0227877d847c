/**
 * Type-data of the EAP extensions method, type 33, by which PEAP ends: Result, Crypto-Binding and NAK TLVs ([MS-PEAP] §2.2.8.1).
 * Not the compound MAC's arithmetic (`crypto/peap-binding.ts`), and not statements of health.
 */
import { concat, setU16, setU32 } from '../../base/bytes.ts'
import { decoder, type Reader } from '../codec.ts'

export const PeapTlvType = { result: 3, nak: 4, cryptoBinding: 12 } as const

const MANDATORY = 0x8000
const TYPE = 0x3fff

export interface CryptoBinding {
  /** PEAP version of the sender, and the one that it was sent. */
  readonly version: number
  readonly receivedVersion: number
  /** A server requests, a peer responds. */
  readonly subtype: 'request' | 'response'
  /** 32 bytes; the response repeats the request's. */
  readonly nonce: Uint8Array
  /** 20 bytes. */
  readonly compoundMac: Uint8Array
}

export type PeapTlv =
  | { readonly kind: 'result'; readonly status: 'success' | 'failure' }
  | {
      readonly kind: 'crypto-binding'
      readonly binding: CryptoBinding
      /** The TLV as it came, 60 bytes: what the MAC is over. */
      readonly bytes: Uint8Array
    }
  /** A mandatory TLV was not understood. */
  | { readonly kind: 'nak'; readonly vendor: number; readonly type: number }
  /** Whoever meets one that is mandatory answers with `nak`. */
  | {
      readonly kind: 'unknown'
      readonly type: number
      readonly mandatory: boolean
      readonly value: Uint8Array
    }

const FORMAT = '[MS-PEAP] §2.2.8.1'

/** In the order they came. Views, not copies. */
export const decodePeapTlvs = decoder<readonly PeapTlv[]>('peap-tlv', (r) => {
  const tlvs: PeapTlv[] = []
  while (r.remaining > 0) tlvs.push(readTlv(r))
  return tlvs
})

function readTlv(r: Reader): PeapTlv {
  const begin = r.offset
  const word = r.u16('Type', FORMAT)
  const length = r.u16('Length', FORMAT)
  const type = word & TYPE
  const end = r.offset + length
  if (end > r.bytes.length) r.reject('truncated', 'Length', FORMAT)
  switch (type) {
    case PeapTlvType.result: {
      if (length !== 2) r.reject('bad-value', 'Length', FORMAT)
      const status = r.u16('Status', FORMAT)
      if (status !== 1 && status !== 2) r.reject('bad-value', 'Status', FORMAT)
      return { kind: 'result', status: status === 1 ? 'success' : 'failure' }
    }
    case PeapTlvType.nak: {
      if (length < 6) r.reject('bad-value', 'Length', FORMAT)
      const nak = { vendor: r.u32('Vendor-Id', FORMAT), type: r.u16('NAK-Type', FORMAT) }
      r.take(end - r.offset, 'TLVs', FORMAT)
      return { kind: 'nak', ...nak }
    }
    case PeapTlvType.cryptoBinding: {
      if (length !== BINDING_BYTES - 4) r.reject('bad-value', 'Length', FORMAT)
      const binding = readBinding(r)
      return { kind: 'crypto-binding', binding, bytes: r.bytes.subarray(begin, end) }
    }
    default: {
      const value = r.take(length, 'Value', FORMAT)
      return { kind: 'unknown', type, mandatory: (word & MANDATORY) !== 0, value }
    }
  }
}

const BINDING_BYTES = 60

function readBinding(r: Reader): CryptoBinding {
  r.u8('Reserved', FORMAT)
  const version = r.u8('Version', FORMAT)
  const receivedVersion = r.u8('RecvVersion', FORMAT)
  const subtype = r.u8('SubType', FORMAT)
  if (subtype > 1) r.reject('bad-value', 'SubType', FORMAT)
  return {
    version,
    receivedVersion,
    subtype: subtype === 0 ? 'request' : 'response',
    nonce: r.take(32, 'Nonce', FORMAT),
    compoundMac: r.take(20, 'Compound MAC', FORMAT),
  }
}

const tlv = (type: number, value: Uint8Array): Uint8Array => {
  const head = new Uint8Array(4)
  setU16(head, 0, type)
  setU16(head, 2, value.length)
  return concat(head, value)
}

/** A Result TLV, mandatory. */
export const encodeResult = (status: 'success' | 'failure'): Uint8Array =>
  tlv(MANDATORY | PeapTlvType.result, Uint8Array.of(0, status === 'success' ? 1 : 2))

/** A Crypto-Binding TLV, 60 bytes. Its MAC is over itself: encode with 20 zeros, compute, and set the last 20 bytes. */
export function encodeCryptoBinding(binding: CryptoBinding): Uint8Array {
  const { version, receivedVersion, subtype, nonce, compoundMac } = binding
  const head = Uint8Array.of(0, version, receivedVersion, subtype === 'request' ? 0 : 1)
  return tlv(PeapTlvType.cryptoBinding, concat(head, nonce, compoundMac))
}

/** The answer to a mandatory TLV of a type that is not known, itself mandatory. */
export function encodeTlvNak(type: number, vendor = 0): Uint8Array {
  const value = new Uint8Array(6)
  setU32(value, 0, vendor)
  setU16(value, 4, type)
  return tlv(MANDATORY | PeapTlvType.nak, value)
}
