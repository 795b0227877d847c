/**
 * Windows programs that judge certificates, as data: what each demands of a path, and the code that it shows when it is not met.
 * Not the checks: `pki/path-rules.ts` makes them. Sources: Microsoft's IKEv2 and SSTP client behaviour, winerror.h.
 */
import { MICROSOFT_EXTENSIONS } from '../pki/extensions.ts'
import { PATH_FAILURE_CODES } from '../pki/failure.ts'
import { EKU_OIDS } from '../pki/oids.ts'
import type { RelyingPartyProfile, StrengthRule, WindowsOutcome } from '../pki/profile.ts'
import { STRICT, WEBPKI } from '../pki/profiles.ts'

export type ProfileName = 'ike-client' | 'sstp-client' | 'windows' | 'strict' | 'webpki'

/** RSA keys below 1024 bits do not count in Windows since KB2661254; SHA-1 does, below a root of one's own. */
const WINDOWS_STRENGTH: StrengthRule = { modulusMin: 1024, curveMin: 0, allowsSha1: true }

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
  'pki/distrusted': { code: '0x800B0111', name: 'TRUST_E_EXPLICIT_DISTRUST' },
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
  'pki/ocsp-unreachable': REVOCATION_OFFLINE,
  'pki/ocsp-invalid': REVOCATION_OFFLINE,
  'pki/ocsp-expired': REVOCATION_OFFLINE,
  'pki/ocsp-unknown': REVOCATION_OFFLINE,
  'pki/wrong-eku': { code: '0x800B0110', name: 'CERT_E_WRONG_USAGE' },
  'pki/wrong-key-usage': { code: '0x800B0110', name: 'CERT_E_WRONG_USAGE' },
  'pki/name-mismatch': { code: '0x800B010F', name: 'CERT_E_CN_NO_MATCH' },
}

export const PROFILES: Readonly<Record<ProfileName, RelyingPartyProfile>> = {
  /** The Windows client that judges the gateway in IKEv2. Windows' IPsec does not look at CRLs unless told to. */
  'ike-client': {
    name: 'ike-client',
    purposes: [EKU_OIDS.serverAuth],
    anyPurposeSuffices: true,
    readsApplicationPolicies: true,
    processes: MICROSOFT_EXTENSIONS,
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
    readsApplicationPolicies: true,
    processes: MICROSOFT_EXTENSIONS,
    commonName: 'without-dns-names',
    constrainsCommonName: true,
    revocation: 'hard',
    demandsConformance: false,
    strength: WINDOWS_STRENGTH,
    fetchesIntermediates: true,
    outcomes: TLS_OUTCOMES,
  },
  /**
   * A TLS server in the eyes of Edge on Windows 10, 2021. CryptoAPI builds and judges the path with the SSL policy; Edge itself matches
   * names and refuses what is too weak. Differences from RFC 5280, each as Windows answered on BetterTLS:
   * - `constrainsCommonName`: without a dNSName the common name is held to dNSName constraints as if it were one, so that a certificate
   *   for an address fails by a name that nobody asked for.
   * - `commonName: 'never'` and `strength` are Edge's own: CryptoAPI alone would read the common name, and take SHA-1 below a root
   *   of one's own.
   * - `demandsConformance: false`: what RFC 5280 §4 asks of issuers is not looked at, nor are their constraints refused where they are
   *   not critical or begin with a period.
   * - `readsApplicationPolicies`, `anyPurposeSuffices`, roots included: extKeyUsage and Microsoft's own extension constrain downwards.
   */
  windows: {
    name: 'windows',
    purposes: [EKU_OIDS.serverAuth],
    anyPurposeSuffices: true,
    readsApplicationPolicies: true,
    processes: MICROSOFT_EXTENSIONS,
    commonName: 'never',
    constrainsCommonName: true,
    revocation: 'soft',
    demandsConformance: false,
    strength: STRICT.strength,
    fetchesIntermediates: true,
    outcomes: TLS_OUTCOMES,
  },
  strict: STRICT,
  webpki: WEBPKI,
}
