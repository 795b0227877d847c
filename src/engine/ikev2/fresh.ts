/**
 * What each IKE SA and exchange draws anew: nonces and SPIs of IKE. SPIs of ESP are `children.ts`'s affair, since they must be free; private values are
 * `crypto/ike/groups.ts`'s.
 */
import type { Env } from '../engine.ts'

/** RFC 7296 §2.10: 16 to 256 bytes, and half of what the prf takes for a key. */
const NONCE_BYTES = 32
export const IKE_SPI_BYTES = 8

export const newNonce = ({ rng }: Env): Uint8Array => rng.bytes(NONCE_BYTES)

/** Not all zero, which is no SPI (RFC 7296 §3.1). */
export function newIkeSpi({ rng }: Env): Uint8Array {
  for (;;) {
    const spi = rng.bytes(IKE_SPI_BYTES)
    if (spi.some((byte) => byte !== 0)) return spi
  }
}
