/**
 * The rules that each certificate of a path must keep: dates, CA constraints, critical extensions, usage, revocation, name.
 * Not path building: {@link ./path.ts} finds the paths. RFC 5280 §6.1, but for policies:
 * {@link ./policies.ts} follows those.
 */
import { after, formatInstant, seconds, type Instant } from '../base/time.ts'
import { isSelfIssued, subjectOf, type Certificate } from './certificate.ts'
import { conformanceFailures } from './conformance.ts'
import { inheritParameters, lacksParameters } from './dsa-parameters.ts'
import { isProcessed } from './extensions.ts'
import type { PathFailure } from './failure.ts'
import { isNamed, namesOf } from './host-name.ts'
import {
  comparisons,
  constrainedNames,
  malformedConstraint,
  NAME_COMPARISONS_MAX,
  nameViolation,
  type NameViolation,
} from './name-constraints.ts'
import { OID, oidName } from './oids.ts'
import { ANY_POLICY, policyViolation, type PolicyInputs } from './policies.ts'
import { NO_FINDINGS, type PathFindings, type RelyingPartyProfile } from './profile.ts'
import { isSha1, keySize } from './signature.ts'
import { revocationFindings, type RevocationRules } from './revocation-check.ts'

export interface PathRules extends RevocationRules {
  /** The host name or address that was dialled; absent: any name will do. */
  readonly name?: string
  /** Absent: any policy will do. */
  readonly policies?: PolicyInputs
  /** Authorities between the end entity and the anchor, self-issued ones not counted; absent: as many as they allow. */
  readonly authoritiesMax?: number
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
    failures.push(...strengthFailures(certificate, isAnchor, profile))
    if (profile.demandsConformance) failures.push(...conformanceFailures(certificate, isAnchor))
  }
  failures.push(...usageFailures(path, profile))
  failures.push(...nameConstraintFailures(path, profile))
  if (anchored) failures.push(...policyFailures(path, rules.policies ?? ANY_POLICY))
  if (anchored) failures.push(...depthFailures(path, rules.authoritiesMax))
  const leaf = path[0]
  if (leaf !== undefined && rules.name !== undefined) {
    failures.push(...nameFailures(leaf, rules.name, profile))
  }
  const revocation = anchored
    ? revocationFindings(path, rules, (index) => withWholeKey(path, index))
    : NO_FINDINGS
  const demands = (anchored ? profile.demands?.(path, at) : undefined) ?? NO_FINDINGS
  return {
    failures: [...failures, ...revocation.failures, ...demands.failures],
    tolerated: [...revocation.tolerated, ...demands.tolerated],
  }
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
  const below = countAuthorities(path.slice(1, index))
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

/** Too short a key, or SHA-1 under a signature that counts: an anchor is trusted for its key, not for its signature. */
function strengthFailures(
  certificate: Certificate,
  isAnchor: boolean,
  { strength }: RelyingPartyProfile,
): readonly PathFailure[] {
  const failures: PathFailure[] = []
  const failed = (message: string, expected: string, got: string): void => {
    const subject = subjectOf(certificate)
    failures.push({ code: 'pki/weak-algorithm', subject, message, expected, got })
  }
  const size = keySize(certificate.spki)
  const least = size?.kind === 'curve' ? strength.curveMin : strength.modulusMin
  if (size !== undefined && size.bits < least) {
    failed('has a key that is too short', `at least ${least} bits`, `${size.bits} bits`)
  }
  if (!isAnchor && !strength.allowsSha1 && isSha1(certificate)) {
    failed('is signed over a SHA-1 digest', 'SHA-256 or better', 'SHA-1')
  }
  return failures
}

/** Self-issued certificates do not count (RFC 5280 §6.1.4 (l)). */
const countAuthorities = (certificates: readonly Certificate[]): number =>
  certificates.filter((certificate) => !isSelfIssued(certificate)).length

/** The relying party's own limit, where the anchor states none: RFC 5280 §6.1.2 (k) with another start. */
function depthFailures(
  path: readonly Certificate[],
  authoritiesMax: number | undefined,
): readonly PathFailure[] {
  const between = countAuthorities(path.slice(1, -1))
  if (authoritiesMax === undefined || between <= authoritiesMax) return []
  return [
    {
      code: 'pki/path-too-long',
      subject: subjectOf(path.at(-1)!),
      message: 'more authorities stand below it than the relying party allows',
      expected: `at most ${authoritiesMax}`,
      got: String(between),
    },
  ]
}

/**
 * RFC 5280 §4.2.1.12, and nested: an authority with extKeyUsage limits what it issues, as Windows and browsers hold it. The whole path
 * must be good for one purpose.
 */
function usageFailures(
  path: readonly Certificate[],
  profile: RelyingPartyProfile,
): readonly PathFailure[] {
  const { purposes } = profile
  const isFor = ({ extKeyUsage }: Certificate, purpose: string): boolean =>
    extKeyUsage === undefined ||
    extKeyUsage.includes(purpose) ||
    (profile.anyPurposeSuffices && extKeyUsage.includes(OID.anyExtendedKeyUsage))
  if (purposes.length === 0) return []
  if (purposes.some((purpose) => path.every((certificate) => isFor(certificate, purpose)))) {
    return []
  }
  const unfit = path.filter(
    (certificate) => !purposes.some((purpose) => isFor(certificate, purpose)),
  )
  const expected = purposes.map(oidName).join(' or ')
  // Where each alone would do, they share no purpose: told of the end entity.
  const told = unfit.length > 0 ? unfit : path.slice(0, 1)
  return told.map((certificate) => ({
    code: 'pki/wrong-eku',
    subject: subjectOf(certificate),
    message: unfit.length > 0 ? `is not for ${expected}` : 'shares no purpose with its authorities',
    expected,
    got: (certificate.extKeyUsage ?? []).map(oidName).join(', '),
  }))
}

/** RFC 5280 §6.1.3 (b), (c) and §6.1.4 (g), an anchor's constraints included (RFC 5937). */
function nameConstraintFailures(
  path: readonly Certificate[],
  profile: RelyingPartyProfile,
): readonly PathFailure[] {
  const failures: PathFailure[] = []
  const failed = (certificate: Certificate, { what, expected, got }: NameViolation): void => {
    const subject = subjectOf(certificate)
    failures.push({ code: 'pki/name-constraint', subject, message: what, expected, got })
  }
  const names = path.map((certificate, i) =>
    i > 0 && isSelfIssued(certificate)
      ? []
      : constrainedNames(certificate, i === 0 && profile.constrainsCommonName),
  )
  let work = 0
  for (const [i, authority] of path.entries()) {
    const { nameConstraints } = authority
    if (i === 0 || nameConstraints === undefined) continue
    const malformed = malformedConstraint(nameConstraints, !profile.demandsConformance)
    if (malformed !== undefined) {
      failed(authority, malformed)
      continue
    }
    for (let below = i - 1; below >= 0; below--) {
      work += comparisons(nameConstraints, names[below]!)
      if (work > NAME_COMPARISONS_MAX) {
        const expected = `at most ${NAME_COMPARISONS_MAX} comparisons`
        failed(authority, { what: 'constrains too many names', expected, got: 'more' })
        return failures
      }
      const violation = nameViolation(nameConstraints, names[below]!)
      if (violation !== undefined) failed(path[below]!, violation)
    }
  }
  return failures
}

function policyFailures(
  path: readonly Certificate[],
  inputs: PolicyInputs,
): readonly PathFailure[] {
  const violation = policyViolation(path, inputs)
  if (violation === undefined) return []
  const { index, message, expected, got } = violation
  return [{ code: 'pki/policy', subject: subjectOf(path[index]!), message, expected, got }]
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

/** A DSA key that leaves its parameters to the certificate above, with those. */
function withWholeKey(path: readonly Certificate[], index: number): Certificate {
  const certificate = path[index]!
  const above = path[index + 1]
  if (above === undefined || !lacksParameters(certificate.spki)) return certificate
  return {
    ...certificate,
    spki: inheritParameters(certificate.spki, above.spki) ?? certificate.spki,
  }
}
