/**
 * Cryptography as modelled, for labs in which thousands of clients dial: sizes and outcomes of the real one, at the cost of a checksum. IT GUARDS NOTHING: no
 * secret is kept and no identity proved, so it is never for a peer that is not of the same lab.
 */
import type { Rng } from '../base/rng.ts'
import { MODELLED_IKE } from '../crypto/modelled/ike.ts'
import { MODELLED_SIGNATURES } from '../pki/keys/modelled-signatures.ts'
import type { Cryptography } from './cryptography.ts'
import { ModelledTls, type Later } from './modelled-tls/endpoint.ts'

/**
 * Of one lab. `rng`: what is to be another each time, randoms and the names of sessions. `later` calls back in the present instant of the lab's time, when
 * what goes on is over, as the platform's TLS does.
 */
export function modelledCryptography(rng: Rng, later: Later): Cryptography {
  const random = (length: number): Uint8Array => rng.bytes(length)
  return {
    kind: 'modelled',
    ike: MODELLED_IKE,
    signatures: MODELLED_SIGNATURES,
    openTls: (settings) => new ModelledTls(settings, random, later),
  }
}
