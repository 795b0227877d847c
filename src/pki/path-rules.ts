/**
 * The rules that each certificate of a path must keep: dates, CA constraints, critical extensions, usage, revocation, name.
 * Not path building: {@link ./path.ts} finds the paths. RFC 5280 §6.1 without policies and name constraints, which are
 * refused where they are critical.
 */
import { after, formatInstant, seconds, type Instant } from '../base/time.ts'
import { isSelfIssued, subjectOf, type Certificate } from './certificate.ts'
import { isProcessed } from './extensions.ts'
import type { PathFailure } from './failure.ts'
import { isNamed, namesOf } from './host-name.ts'
import { OID, oidName } from './oids.ts'
import type { RelyingPartyProfile } from './profiles.ts'
import { revocationFailure, type CrlSource } from './revocation.ts'

export interface PathRules {
  readonly at: Instant
  readonly profile: RelyingPartyProfile
  /** The host name or address that was dialled; absent: any name will do. */
  readonly name?: string
  readonly crls: CrlSource
}

/** What is wrong with a path, and what was looked over because the profile checks revocation softly. */
export interface PathFindings {
  readonly failures: readonly PathFailure[]
  readonly tolerated: readonly PathFailure[]
}

/**
 * Judge `path` (end entity first). `anchored`: its last certificate is a trust anchor; revocation is only looked at then, since a
 * path that ends nowhere would be refused whatever the CRLs say. Signatures were verified when the path was built.
 */
export function judgePath(
  path: readonly Certificate[],
  anchored: boolean,
  rules: PathRules,
): PathFindings {
  const { profile, at } = rules
  const failures: PathFailure[] = []
  for (const [i, certificate] of path.entries()) {
    const isAnchor = anchored && i > 0 && i === path.length - 1
    // An anchor's dates too: RFC 5280 §6.1 leaves them open, Windows and OpenSSL hold a root to them.
    failures.push(...dateFailures(certificate, at))
    if (!isAnchor) failures.push(...criticalFailures(certificate))
    if (i > 0) failures.push(...authorityFailures(path, i, isAnchor))
    failures.push(...usageFailures(certificate, profile))
  }
  const leaf = path[0]
  if (leaf !== undefined && rules.name !== undefined) {
    failures.push(...nameFailures(leaf, rules.name, profile))
  }
  const revocation = anchored ? revocationFailures(path, rules) : []
  return profile.revocation === 'soft'
    ? {
        failures: [...failures, ...revocation.filter(({ code }) => code === 'pki/revoked')],
        tolerated: revocation.filter(({ code }) => code !== 'pki/revoked'),
      }
    : { failures: [...failures, ...revocation], tolerated: [] }
}

/** RFC 5280 §6.1.3 (a)(2). A certificate names whole seconds, and its last one counts to the end. */
function dateFailures(certificate: Certificate, at: Instant): readonly PathFailure[] {
  const { notBefore, notAfter } = certificate
  const subject = subjectOf(certificate)
  const now = `now ${formatInstant(at)}`
  if (at >= after(notAfter, seconds(1))) {
    const message = `expired on ${formatInstant(notAfter)}`
    const expected = `notAfter at or after ${formatInstant(at)}`
    return [{ code: 'pki/certificate-expired', subject, message, expected, got: now }]
  }
  if (at < notBefore) {
    const message = `valid only from ${formatInstant(notBefore)}`
    const expected = `notBefore at or before ${formatInstant(at)}`
    return [{ code: 'pki/certificate-not-yet-valid', subject, message, expected, got: now }]
  }
  return []
}

/** RFC 5280 §6.1.4 (o), §6.1.5 (f). */
const criticalFailures = (certificate: Certificate): readonly PathFailure[] =>
  certificate.extensions
    .filter(({ oid, critical }) => critical && !isProcessed(oid))
    .map(({ oid }) => ({
      code: 'pki/unknown-critical-extension',
      subject: subjectOf(certificate),
      message: `carries the critical extension ${oidName(oid)}, which is not processed here`,
      got: oid,
    }))

/** RFC 5280 §6.1.4 (k) to (n), also for an anchor that is a version 3 certificate. */
function authorityFailures(
  path: readonly Certificate[],
  index: number,
  isAnchor: boolean,
): readonly PathFailure[] {
  const certificate = path[index]!
  const subject = subjectOf(certificate)
  const { basicConstraints, keyUsage, version } = certificate
  if (isAnchor && version < 3) return []
  const failures: PathFailure[] = []
  if (basicConstraints?.cA !== true) {
    failures.push({
      code: 'pki/not-a-ca',
      subject,
      message: `issued ${subjectOf(path[index - 1]!)} but is no certification authority`,
      expected: 'basicConstraints cA TRUE',
      got: basicConstraints === undefined ? 'no basicConstraints' : 'cA FALSE',
    })
  }
  if (keyUsage !== undefined && !keyUsage.includes('keyCertSign')) {
    failures.push({
      code: 'pki/not-a-ca',
      subject,
      message: `issued ${subjectOf(path[index - 1]!)} with a key that is not for signing certificates`,
      expected: 'keyUsage keyCertSign',
      got: keyUsage.join(', '),
    })
  }
  const below = path.slice(1, index).filter((between) => !isSelfIssued(between)).length
  const limit = basicConstraints?.pathLength
  if (limit !== undefined && below > limit) {
    failures.push({
      code: 'pki/path-too-long',
      subject,
      message: 'more authorities stand below it than it allows',
      expected: `at most ${limit}`,
      got: String(below),
    })
  }
  return failures
}

/** RFC 5280 §4.2.1.12, and nested: an authority with extKeyUsage limits what it issues, as Windows and browsers hold it. */
function usageFailures(
  certificate: Certificate,
  profile: RelyingPartyProfile,
): readonly PathFailure[] {
  const { extKeyUsage } = certificate
  const suffices =
    extKeyUsage === undefined ||
    extKeyUsage.some((oid) => profile.purposes.includes(oid)) ||
    (profile.anyPurposeSuffices && extKeyUsage.includes(OID.anyExtendedKeyUsage))
  if (suffices) return []
  const expected = profile.purposes.map(oidName).join(' or ')
  return [
    {
      code: 'pki/wrong-eku',
      subject: subjectOf(certificate),
      message: `is not for ${expected}`,
      expected,
      got: extKeyUsage.map(oidName).join(', '),
    },
  ]
}

function nameFailures(
  leaf: Certificate,
  name: string,
  profile: RelyingPartyProfile,
): readonly PathFailure[] {
  if (isNamed(leaf, name, profile.commonName)) return []
  const got = namesOf(leaf)
  const message = `is not for ${name}`
  return [{ code: 'pki/name-mismatch', subject: subjectOf(leaf), message, expected: name, got }]
}

/** The anchor itself is not checked: nobody above it could revoke it. */
function revocationFailures(
  path: readonly Certificate[],
  { profile, at, crls }: PathRules,
): readonly PathFailure[] {
  if (profile.revocation === 'none') return []
  return path.slice(0, -1).flatMap((certificate, i) => {
    const failure = revocationFailure(certificate, path[i + 1]!, at, crls)
    return failure === undefined ? [] : [failure]
  })
}
