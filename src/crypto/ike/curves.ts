/**
 * The three elliptic curves of NIST that IKE uses, for key exchange (RFC 5903) and for signatures (RFC 4754).
 * Not their arithmetic, which is OpenSSL's.
 */
import { fromHex } from '../../base/bytes.ts'

export interface EcpCurve {
  /** OpenSSL's name. */
  readonly name: string
  /** Of the base point, big-endian (SEC 2 §2.4 … §2.6). */
  readonly order: Uint8Array
}

/** By the number of the key exchange group. */
export const ECP_CURVES: ReadonlyMap<number, EcpCurve> = new Map([
  [19, curve('prime256v1', 'ffffffff00000000', 'ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')],
  [
    20,
    curve(
      'secp384r1',
      'ffffffffffffffffffffffffffffffffffffffffffffffff',
      'c7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    ),
  ],
  [
    21,
    curve(
      'secp521r1',
      '01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
      'fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
    ),
  ],
])

function curve(name: string, high: string, low: string): EcpCurve {
  return { name, order: fromHex(high + low) }
}
