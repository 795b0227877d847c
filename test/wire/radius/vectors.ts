/** The packets of RFC 2865 §7 and RFC 5997 §6, from the data that all tests share. */
import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface RadiusVector {
  readonly rfc: string
  readonly section: string
  readonly hex: string
  readonly code: number
  readonly id: number
  readonly secret: string
  readonly kind: 'request' | 'response'
  /** Type and value in hexadecimal. */
  readonly attrs: readonly (readonly [number, string])[]
  readonly request_hex?: string
  readonly user_password?: string
  readonly chap_password?: string
}

export const RADIUS_VECTORS: readonly RadiusVector[] = JSON.parse(
  readFileSync(
    path.resolve(process.env['SALLYPORT_DATA'] ?? '../shared/data', 'radius/rfc-vectors.json'),
    'utf8',
  ),
) as readonly RadiusVector[]

export const titleOf = (vector: RadiusVector): string =>
  `RFC ${vector.rfc} §${vector.section.replace(/\s+/g, ' ')}, ${vector.kind} ${vector.id}`

/**
 * The packet as a decoder must see it. RFC 2865 §7.3 prints its last request with a State of Length 0x10 that has eight bytes, which is malformed; 0x0a is
 * meant, as the Access-Challenge before it shows.
 */
export const printedRight = (hex: string): string =>
  hex.replace(/18103332373639343330$/, '180a3332373639343330')
