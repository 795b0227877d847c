/**
 * Numbers as the bytes of IKE's fields, and fields that are mostly zero. Not for what a peer sent: a number that does not fit its field
 * is our own mistake, and throws.
 */
import { setU16 } from '../../base/bytes.ts'
import type { Reader } from '../codec.ts'

export const checked = (value: number, most: number, field: string): number => {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value
  throw new RangeError(`${field} holds 0 to ${most}, not ${value}`)
}

// Filled by hand: `Uint8Array.of` takes five times as long, and every message has dozens.

export function u8Bytes(value: number, field: string): Uint8Array {
  const out = new Uint8Array(1)
  out[0] = checked(value, 0xff, field)
  return out
}

export function u16Bytes(value: number, field: string): Uint8Array {
  const out = new Uint8Array(2)
  setU16(out, 0, checked(value, 0xffff, field))
  return out
}

export function u24Bytes(value: number, field: string): Uint8Array {
  checked(value, 0xff_ffff, field)
  const out = new Uint8Array(3)
  out[0] = value >>> 16
  setU16(out, 1, value & 0xffff)
  return out
}

export const readU24 = (r: Reader, field: string, rfc: string): number =>
  (r.u8(field, rfc) << 16) | r.u16(field, rfc)

/** For spreading into what is read: a RESERVED field only where it is not zero. */
export const reservedWhere = (value: number): { readonly reserved?: number } =>
  value === 0 ? {} : { reserved: value }
