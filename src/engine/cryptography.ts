/**
 * The cryptography of a lab, as one thing that is handed down from it: IKE and ESP, signatures of certificates, TLS. Real, or modelled for labs in which
 * thousands dial. Not the small digests of RADIUS, MS-CHAP and MPPE, which are real in both.
 */
import { REAL_IKE, type IkeCryptography } from '../crypto/ike/cryptography.ts'
import { REAL_SIGNATURES, type Signatures } from '../pki/keys/signature.ts'
import { openTls, type HoldClock, type TlsEndpoint, type TlsSettings } from './tls.ts'

export interface Cryptography {
  /** `modelled` hides and proves nothing: only for a lab that talks to itself. */
  readonly kind: 'real' | 'modelled'
  readonly ike: IkeCryptography
  readonly signatures: Signatures
  readonly openTls: (settings: TlsSettings, hold: HoldClock) => TlsEndpoint
}

export const REAL_CRYPTOGRAPHY: Cryptography = {
  kind: 'real',
  ike: REAL_IKE,
  signatures: REAL_SIGNATURES,
  openTls,
}
