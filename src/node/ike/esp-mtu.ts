/**
 * What of a path's MTU is left for inner packets (RFC 4301 §8.2, RFC 3948 §2.1). Not the discovery of the path's: the IP layer learns that
 * from ICMP.
 */
import type { EspCipher } from '../../crypto/ike/esp-cipher.ts'
import { IPV4_HEADER } from '../../wire/ipv4.ts'
import { UDP_HEADER } from '../../wire/udp.ts'

/** RFC 791: no link may have less. */
const MTU_MIN = 68

/** Bytes of the whole outer packet around an inner one. */
export const outerLength = (
  cipher: Pick<EspCipher, 'sealedLength'>,
  inner: number,
  encapsulates: boolean,
): number => IPV4_HEADER + (encapsulates ? UDP_HEADER : 0) + cipher.sealedLength(inner)

/** The largest inner packet whose outer one is at most `mtu` bytes long; 68 at least, whatever that makes of the outer one. */
export function innerMtu(
  cipher: Pick<EspCipher, 'sealedLength' | 'overhead'>,
  mtu: number,
  encapsulates: boolean,
): number {
  let inner = Math.max(MTU_MIN, mtu - IPV4_HEADER - UDP_HEADER - cipher.overhead)
  // Padding fills blocks: a few bytes more may cost nothing.
  while (outerLength(cipher, inner + 1, encapsulates) <= mtu) inner++
  return inner
}
