/** PEM as programs write it, and BER as some do, made from DER: for tests. */
import { concat } from '../../src/base/bytes.ts'

export const pem = (label: string, der: Uint8Array, lineEnd = '\n'): string =>
  `-----BEGIN ${label}-----${lineEnd}${Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, `$&${lineEnd}`)}${lineEnd}-----END ${label}-----${lineEnd}`

/** The same element with an indefinite length. */
export const indefinite = (der: Uint8Array): Uint8Array =>
  concat(
    Uint8Array.of(der[0]!, 0x80),
    der.subarray(der[1]! < 0x80 ? 2 : 2 + (der[1]! & 0x7f)),
    Uint8Array.of(0, 0),
  )
