/**
 * Relying parties as data: what each demands of a certificate path, and the code that Windows shows when it is not met.
 * Not the checks: {@link ./path.ts} makes them. Sources: Microsoft's IKEv2 and SSTP client behaviour, winerror.h.
 */
import { PATH_FAILURE_CODES, type PathFailureCode } from './failure.ts'
import { EKU_OIDS } from './oids.ts'

export type ProfileName = 'ike-client' | 'sstp-client' | 'strict'

/**
 * `none`: not looked at. `soft`: a certificate on a list is refused, a list that cannot be had is not held against it. `hard`: each
 * certificate below the root must be cleared by a current CRL.
 */
export type RevocationMode = 'none' | 'soft' | 'hard'

/** An error as Windows shows it: a RAS or IPsec error in decimal, an HRESULT in hexadecimal. */
export interface WindowsOutcome {
  readonly code: string
  readonly name: string
}

export interface RelyingPartyProfile {
  readonly name: ProfileName
  /** Key purpose OIDs: an extKeyUsage extension, where there is one, must have one of these. */
  readonly purposes: readonly string[]
  /** anyExtendedKeyUsage stands for every purpose. RFC 5280 §4.2.1.12 leaves that to the application. */
  readonly anyPurposeSuffices: boolean
  /** Whether the subject's common name can match: never, only where no dNSName stands, or beside the dNSNames. */
  readonly commonName: 'never' | 'without-dns-names' | 'always'
  readonly revocation: RevocationMode
  /** Fetch an issuer's certificate that is missing from its AIA caIssuers URL. */
  readonly fetchesIntermediates: boolean
  /** What the user or the log shows for a failure; empty where no Windows program is modelled. */
  readonly outcomes: Readonly<Partial<Record<PathFailureCode, WindowsOutcome>>>
}

const IKE_AUTH_FAIL: WindowsOutcome = { code: '13801', name: 'ERROR_IPSEC_IKE_AUTH_FAIL' }

/** RAS shows one code for everything that is wrong with a certificate in IKEv2. */
const IKE_OUTCOMES: RelyingPartyProfile['outcomes'] = Object.fromEntries(
  PATH_FAILURE_CODES.map((code) => [code, IKE_AUTH_FAIL]),
)

const REVOCATION_OFFLINE: WindowsOutcome = {
  code: '0x80092013',
  name: 'CRYPT_E_REVOCATION_OFFLINE',
}
const EXPIRED: WindowsOutcome = { code: '0x800B0101', name: 'CERT_E_EXPIRED' }
const CHAINING: WindowsOutcome = { code: '0x800B010A', name: 'CERT_E_CHAINING' }
const BASIC_CONSTRAINTS: WindowsOutcome = {
  code: '0x80096019',
  name: 'TRUST_E_BASIC_CONSTRAINTS',
}

/** The HRESULTs of the SSL chain policy, which SSTP passes on. */
const TLS_OUTCOMES: RelyingPartyProfile['outcomes'] = {
  'pki/malformed': { code: '0x80093100', name: 'CRYPT_E_ASN1_ERROR' },
  'pki/bad-signature': { code: '0x80096004', name: 'TRUST_E_CERT_SIGNATURE' },
  'pki/untrusted-root': { code: '0x800B0109', name: 'CERT_E_UNTRUSTEDROOT' },
  'pki/missing-intermediate': CHAINING,
  'pki/path-search-limit': CHAINING,
  'pki/certificate-expired': EXPIRED,
  'pki/certificate-not-yet-valid': EXPIRED,
  'pki/revoked': { code: '0x80092010', name: 'CRYPT_E_REVOKED' },
  'pki/not-a-ca': BASIC_CONSTRAINTS,
  'pki/path-too-long': BASIC_CONSTRAINTS,
  'pki/unknown-critical-extension': { code: '0x800B0105', name: 'CERT_E_CRITICAL' },
  'pki/crl-expired': REVOCATION_OFFLINE,
  'pki/crl-not-yet-valid': REVOCATION_OFFLINE,
  'pki/crl-invalid': REVOCATION_OFFLINE,
  'pki/crl-unreachable': REVOCATION_OFFLINE,
  'pki/no-crl-distribution-point': { code: '0x80092012', name: 'CRYPT_E_NO_REVOCATION_CHECK' },
  'pki/wrong-eku': { code: '0x800B0110', name: 'CERT_E_WRONG_USAGE' },
  'pki/name-mismatch': { code: '0x800B010F', name: 'CERT_E_CN_NO_MATCH' },
}

export const PROFILES: Readonly<Record<ProfileName, RelyingPartyProfile>> = {
  /** The Windows client that judges the gateway in IKEv2. Windows' IPsec does not look at CRLs unless told to. */
  'ike-client': {
    name: 'ike-client',
    purposes: [EKU_OIDS.serverAuth],
    anyPurposeSuffices: true,
    commonName: 'always',
    revocation: 'none',
    fetchesIntermediates: true,
    outcomes: IKE_OUTCOMES,
  },
  /** The Windows client that judges the gateway's TLS certificate in SSTP: no tunnel without a current CRL. */
  'sstp-client': {
    name: 'sstp-client',
    purposes: [EKU_OIDS.serverAuth],
    anyPurposeSuffices: true,
    commonName: 'without-dns-names',
    revocation: 'hard',
    fetchesIntermediates: true,
    outcomes: TLS_OUTCOMES,
  },
  /** RFC 5280 to the letter, as far as it is implemented, for a TLS server; no fetching of missing issuers. */
  strict: {
    name: 'strict',
    purposes: [EKU_OIDS.serverAuth],
    anyPurposeSuffices: false,
    commonName: 'never',
    revocation: 'hard',
    fetchesIntermediates: false,
    outcomes: {},
  },
}
