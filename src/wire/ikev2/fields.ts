/**
 * Numbers as the bytes of IKE's fields, and fields that are mostly zero. Not for what a peer sent: a number that does not fit its field
 * is our own mistake, and throws.
 */
import type { Reader } from '../codec.ts'

const checked = (value: number, most: number, field: string): number => {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value
  throw new RangeError(`${field} holds 0 to ${most}, not ${value}`)
}

export const u8Bytes = (value: number, field: string): Uint8Array =>
  Uint8Array.of(checked(value, 0xff, field))

export const u16Bytes = (value: number, field: string): Uint8Array => {
  checked(value, 0xffff, field)
  return Uint8Array.of(value >>> 8, value)
}

export const u24Bytes = (value: number, field: string): Uint8Array => {
  checked(value, 0xff_ffff, field)
  return Uint8Array.of(value >>> 16, value >>> 8, value)
}

export const readU24 = (r: Reader, field: string, rfc: string): number =>
  (r.u8(field, rfc) << 16) | r.u16(field, rfc)

/** For spreading into what is read: a RESERVED field only where it is not zero. */
export const reservedWhere = (value: number): { readonly reserved?: number } =>
  value === 0 ? {} : { reserved: value }
