/**
 * Whether a certificate is revoked, by OCSP and by CRLs: which is asked first, when the other one is, and what is told when neither
 * answers (RFC 5280 §6.3, RFC 6960 §3.2). Not the evidence itself: {@link ./revocation.ts} and {@link ./ocsp.ts} weigh it.
 */
import { crlUrlsOf, responderUrlsOf, type Certificate } from '../certificate/certificate.ts'
import type { PathFailure } from '../profile/failure.ts'
import { readOcspResponse } from './ocsp-response.ts'
import { ocspFailure, type OcspInquiry, type OcspSource } from './ocsp.ts'
import { NO_FINDINGS, type PathFindings, type RelyingPartyProfile } from '../profile/profile.ts'
import { mostTelling, revocationFailure, type RevocationInquiry } from './revocation.ts'

/** What the relying party knows beside the path, and can ask. */
export interface RevocationRules extends Pick<
  RevocationInquiry,
  'at' | 'crls' | 'crlSigners' | 'verify'
> {
  readonly profile: RelyingPartyProfile
  /** Absent: no responder is asked. */
  readonly ocsp?: OcspSource
  /** OCSP responses that the peer sent with its certificate, DER. */
  readonly stapled?: readonly Uint8Array[]
}

/**
 * Look at each certificate of `path` (end entity first) but the anchor, which nobody above could revoke; at the anchor too where the
 * profile says so and the anchor names a place to look. `issuerAt`: the certificate at an index, with its whole key.
 */
export function revocationFindings(
  path: readonly Certificate[],
  rules: RevocationRules,
  issuerAt: (index: number) => Certificate,
): PathFindings {
  const { profile } = rules
  if (profile.revocation === 'none') return NO_FINDINGS
  const stapled = (rules.stapled ?? []).map(readOcspResponse)
  const anchor = path.length - 1
  const found = path.flatMap((certificate, i) => {
    if (i === anchor && !(profile.checksRootRevocation === true && namesStatus(certificate))) {
      return []
    }
    const failure = certificateFailure(
      {
        certificate,
        issuer: issuerAt(Math.min(i + 1, anchor)),
        at: rules.at,
        crls: rules.crls,
        crlSigners: rules.crlSigners,
        verify: rules.verify,
        demandsConformance: profile.demandsConformance,
        demandsDelta: profile.demandsDelta === true,
        ...(rules.ocsp !== undefined && { ocsp: rules.ocsp }),
        // One that cannot be read is held against the end entity, once.
        stapled: i === 0 ? stapled : stapled.filter(({ ok }) => ok),
        demandsNonce: profile.ocspNonce === 'demanded',
      },
      profile.prefersOcsp !== false,
    )
    return failure === undefined ? [] : [failure]
  })
  const failures = found.filter((failure) => !isTolerated(failure, profile))
  return { failures, tolerated: found.filter((failure) => isTolerated(failure, profile)) }
}

const namesStatus = (certificate: Certificate): boolean =>
  crlUrlsOf(certificate).length > 0 || responderUrlsOf(certificate).length > 0

/** Revoked is revoked; anything else is only doubt. */
const isTolerated = (
  { code }: PathFailure,
  { revocation, toleratedRevocation = [] }: RelyingPartyProfile,
): boolean =>
  code !== 'pki/revoked' && (revocation === 'soft' || toleratedRevocation.includes(code))

/** What speaks against one certificate; undefined: OCSP or CRLs clear it. The second way is gone only where the first gives no answer. */
function certificateFailure(inquiry: OcspInquiry, ocspFirst: boolean): PathFailure | undefined {
  const byCrl = (): PathFailure | 'cleared' => revocationFailure(inquiry) ?? 'cleared'
  const byOcsp = () => ocspFailure(inquiry)
  const doubts: PathFailure[] = []
  for (const ask of ocspFirst ? [byOcsp, byCrl] : [byCrl, byOcsp]) {
    const said = ask()
    if (said === 'cleared') return undefined
    if (said === 'not-asked') continue
    if (said.code === 'pki/revoked') return said
    doubts.push(said)
  }
  const told = mostTelling(doubts)
  const others = doubts.filter(
    (doubt) => doubt !== told && doubt.code !== 'pki/no-crl-distribution-point',
  )
  if (told === undefined || others.length === 0) return told
  const also = others.map(({ code, got }) => `${code}: ${got ?? ''}`).join('; ')
  return { ...told, got: `${told.got ?? ''}; ${also}` }
}
