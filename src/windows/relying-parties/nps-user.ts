/**
 * NPS that judges a user's certificate (EAP-TLS, alone or inside PEAP), and the domain controller that it asks for the account.
 * Not the connection request and network policies: a request that none of them matches never gets here.
 */
import type { Certificate } from '../../pki/certificate/certificate.ts'
import {
  ACCOUNT_FAILURES,
  PATH_FAILURE_CODES,
  type PathFailure,
  type PathFailureCode,
} from '../../pki/profile/failure.ts'
import { EKU_OIDS } from '../../pki/encoding/oids.ts'
import type { Outcomes, PathFindings, RelyingPartyProfile } from '../../pki/profile/profile.ts'
import { thumbprintsOf } from '../../pki/certificate/thumbprint.ts'
import { rememberEach } from '../../base/remember.ts'
import type { Instant } from '../../base/time.ts'
import type { Directory } from '../../directory/directory.ts'
import { KDC_EVENTS, mapCertificate } from '../../directory/kdc.ts'
import type { NpsRevocationSpec } from '../../topology/revocation.ts'
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import { npsOutcome } from '../nps/certificate-reasons.ts'
import { npsRevocation } from '../revocation-switches.ts'
import {
  acceptedPurposeFailures,
  CHAIN,
  DATES,
  failureOf,
  outcomesOf,
  REVOCATION,
  WINDOWS,
} from './common.ts'

export interface NpsUserSettings {
  /** The domain that is asked; absent: nobody, and the certificate is judged alone. */
  readonly directory?: Directory
  /** Thumbprints of the authorities in the NTAuth store; absent: the store is not known. */
  readonly ntAuth?: readonly string[]
  /** Allowed-Certificate-OID of the network policy; empty: no such constraint. */
  readonly allowedCertificateOids?: readonly string[]
  /** The registry switches of EAP-TLS (EAP type 13), also inside PEAP; without them NPS insists on revocation. */
  readonly switches?: NpsRevocationSpec
}

const MAPPING = ['account/sid-mismatch', 'account/predated', 'account/not-strongly-mapped'] as const

/** What speaks against the account that a certificate stands for, or against its mapping. */
export const HOLDER_FAILURES: readonly PathFailureCode[] = [...ACCOUNT_FAILURES, ...MAPPING]

const NOT_ALLOWED = 'has no purpose that the network policy allows (Allowed-Certificate-OID)'

/** Fifty outcomes, the same for every judgement that assumes the same. */
const npsOutcomes = rememberEach((assume: Assumptions): Outcomes => {
  const kdc = MAPPING.map((code) => [
    code,
    npsOutcome(code, assume, { events: [KDC_EVENTS[code]] }),
  ])
  return {
    ...outcomesOf(
      (code) => npsOutcome(code, assume),
      [...PATH_FAILURE_CODES, 'pki/not-in-ntauth', 'pki/eku-not-accepted', ...ACCOUNT_FAILURES],
    ),
    ...Object.fromEntries(kdc),
  }
})

const npsAnchorOutcomes = rememberEach((assume: Assumptions): Outcomes => ({
  'pki/certificate-expired': npsOutcome('pki/certificate-expired', assume, { code: '863' }),
  'pki/not-a-ca': npsOutcome('pki/not-a-ca', assume, { code: '862' }),
  'pki/weak-algorithm': npsOutcome('pki/weak-algorithm', assume, { code: '862' }),
}))

const ORDER: readonly PathFailureCode[] = [
  ...CHAIN,
  'pki/not-in-ntauth',
  'pki/wrong-eku',
  ...DATES,
  ...ACCOUNT_FAILURES,
  ...MAPPING,
  ...REVOCATION,
  'pki/eku-not-accepted',
]

/**
 * "NPS → user cert": chain to a root that NPS trusts; the issuing authority in NTAuth; Client Authentication; dates; the user
 * principal name leads to an account; the KDC's strong mapping; a current list for EVERY certificate below the root; the purpose
 * that Allowed-Certificate-OID demands. Event 6273 says why, the client shows 853, 854, 855, 861 or 812.
 */
export function npsUser(
  settings: NpsUserSettings = {},
  assume: Assumptions = ASSUMPTIONS,
): RelyingPartyProfile {
  const { directory, ntAuth, allowedCertificateOids = [] } = settings
  const revocation = npsRevocation(settings.switches, assume)
  return {
    name: 'nps-user',
    ...WINDOWS,
    purposes: [EKU_OIDS.clientAuth],
    ...revocation.profile,
    demands: (path, at) => {
      const account = accountFindings(path, at, directory, assume)
      return {
        failures: [
          ...ntAuthFailures(path, ntAuth),
          ...account.failures,
          ...acceptedPurposeFailures(path, allowedCertificateOids, NOT_ALLOWED),
        ],
        tolerated: account.tolerated,
      }
    },
    order: ORDER,
    outcomes: npsOutcomes(assume),
    anchorOutcomes: npsAnchorOutcomes(assume),
    restsOn: Object.fromEntries(revocation.restsOn.map((name) => [name, REVOCATION])),
    warns: { 'account/not-strongly-mapped': KDC_EVENTS['account/not-strongly-mapped'] },
  }
}

/** What NPS thinks of the certificate is worth nothing where its issuer may not sign people in. */
function ntAuthFailures(
  [leaf, issuer]: readonly Certificate[],
  ntAuth: readonly string[] | undefined,
): readonly PathFailure[] {
  if (leaf === undefined || ntAuth === undefined) return []
  if (issuer !== undefined && thumbprintsOf(issuer).some((each) => ntAuth.includes(each))) return []
  return [
    failureOf(issuer ?? leaf, {
      code: 'pki/not-in-ntauth',
      message: 'is not in the NTAuth store: what it issues signs nobody in',
      expected: 'the issuing authority itself in NTAuth; its root does not help',
      got: ntAuth.length === 0 ? 'an empty store' : `${ntAuth.length} other certificates`,
    }),
  ]
}

function accountFindings(
  [leaf]: readonly Certificate[],
  at: Instant,
  directory: Directory | undefined,
  assume: Assumptions,
): PathFindings {
  if (leaf === undefined) return { failures: [], tolerated: [] }
  const hasName = leaf.subjectAltName?.some(({ kind }) => kind === 'upn') === true
  if (!hasName) {
    const message = 'has no user principal name, so NPS does not know whose it is'
    const expected = 'a userPrincipalName in the subject alternative name'
    const failure = failureOf(leaf, { code: 'pki/no-account-name', message, expected, got: 'none' })
    return { failures: [failure], tolerated: [] }
  }
  if (directory === undefined) return { failures: [], tolerated: [] }
  const { failure, warning } = mapCertificate(directory, leaf, at, assume)
  return {
    failures: failure === undefined ? [] : [failure],
    tolerated: warning === undefined ? [] : [warning],
  }
}
