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

/** What is too weak to be relied on. */
export interface StrengthRule {
  /** Bits of an RSA or DSA modulus. */
  readonly modulusMin: number
  /** Bits of an elliptic curve's field. */
  readonly curveMin: number
  /** Signatures over SHA-1 digests below the anchor. */
  readonly allowsSha1: boolean
}

/** RSA keys below 1024 bits do not count in Windows since KB2661254; SHA-1 does, below a root of one's own. */
const WINDOWS_STRENGTH: StrengthRule = { modulusMin: 1024, curveMin: 0, allowsSha1: true }
/** 112 bits of security (NIST SP 800-57 part 1, SP 800-131A). */
const STRICT_STRENGTH: StrengthRule = { modulusMin: 2048, curveMin: 224, allowsSha1: false }

export interface RelyingPartyProfile {
  readonly name: ProfileName
  /** Key purpose OIDs: extKeyUsage, wherever in the path it stands, must have the same one of these; none: any will do. */
  readonly purposes: readonly string[]
  /** anyExtendedKeyUsage stands for every purpose. RFC 5280 §4.2.1.12 leaves that to the application. */
  readonly anyPurposeSuffices: boolean
  /** Whether the subject's common name can match: never, only where no dNSName stands, or beside the dNSNames. */
  readonly commonName: 'never' | 'without-dns-names' | 'always'
  /** Hold the subject's common name to dNSName constraints where no dNSName stands, whatever name was dialled: Windows does. */
  readonly constrainsCommonName: boolean
  readonly revocation: RevocationMode
  /** Refuse what RFC 5280 §4 forbids authorities to issue, beyond what the path validation of §6.1 looks at. */
  readonly demandsConformance: boolean
  readonly strength: StrengthRule
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
  'pki/name-constraint': { code: '0x800B0114', name: 'CERT_E_INVALID_NAME' },
  'pki/policy': { code: '0x800B0113', name: 'CERT_E_INVALID_POLICY' },
  'pki/weak-algorithm': { code: '0x80096004', name: 'TRUST_E_CERT_SIGNATURE' },
  'pki/not-conforming': CHAINING,
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
    constrainsCommonName: true,
    revocation: 'none',
    demandsConformance: false,
    strength: WINDOWS_STRENGTH,
    fetchesIntermediates: true,
    outcomes: IKE_OUTCOMES,
  },
  /** The Windows client that judges the gateway's TLS certificate in SSTP: no tunnel without a current CRL. */
  'sstp-client': {
    name: 'sstp-client',
    purposes: [EKU_OIDS.serverAuth],
    anyPurposeSuffices: true,
    commonName: 'without-dns-names',
    constrainsCommonName: true,
    revocation: 'hard',
    demandsConformance: false,
    strength: WINDOWS_STRENGTH,
    fetchesIntermediates: true,
    outcomes: TLS_OUTCOMES,
  },
  /** RFC 5280 to the letter, as far as it is implemented, for a TLS server; no fetching of missing issuers. */
  strict: {
    name: 'strict',
    purposes: [EKU_OIDS.serverAuth],
    anyPurposeSuffices: false,
    commonName: 'never',
    constrainsCommonName: false,
    revocation: 'hard',
    demandsConformance: true,
    strength: STRICT_STRENGTH,
    fetchesIntermediates: false,
    outcomes: {},
  },
}
