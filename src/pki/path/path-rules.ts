/**
 * The rules that each certificate of a path must keep: dates, CA constraints, critical extensions, usage, revocation, name.
 * Not path building: {@link ./path.ts} finds the paths. RFC 5280 §6.1, but for policies:
 * {@link ./policies.ts} follows those.
 */
import { equalBytes } from '../../base/bytes.ts'
import { after, formatInstant, seconds, type Instant } from '../../base/time.ts'
import { isSelfIssued, subjectOf, type Certificate } from '../certificate/certificate.ts'
import { conformanceFailures } from './conformance.ts'
import { inheritParameters, lacksParameters } from '../keys/dsa-parameters.ts'
import { isProcessed } from '../certificate/extensions.ts'
import type { PathFailure, PathFailureCode } from '../profile/failure.ts'
import { isNamed, namesOf } from '../profile/host-name.ts'
import {
  comparisons,
  constrainedNames,
  malformedConstraint,
  NAME_COMPARISONS_MAX,
  nameViolation,
  type NameViolation,
} from './name-constraints.ts'
import { OID, oidName } from '../encoding/oids.ts'
import { ANY_POLICY, policyViolation, type PolicyInputs } from './policies.ts'
import {
  NO_FINDINGS,
  WHOLE_ANCHORS,
  type AnchorRules,
  type PathFindings,
  type RelyingPartyProfile,
} from '../profile/profile.ts'
import { revocationFindings, type RevocationRules } from '../revocation/revocation-check.ts'
import { isSha1 } from '../keys/signature.ts'
import { keyUsageFailures, purposeFailures } from './usage-rules.ts'
import { keySize } from '../keys/verification-key.ts'

export interface PathRules extends RevocationRules {
  readonly ignoresDates?: boolean
  readonly distrusted?: readonly Certificate[]
  /** The host name, address or mailbox that the end entity must have; absent: any name will do. */
  readonly name?: string
  /** What is left to spend on all paths of one judgement. */
  readonly work: { comparisonsLeft: number }
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
  const { profile, at, distrusted = [] } = rules
  const { anchorRules = WHOLE_ANCHORS } = profile
  const failures: PathFailure[] = []
  const hasAnchor = anchored && path.length > 1
  for (const [i, certificate] of path.entries()) {
    const isAnchor = hasAnchor && i === path.length - 1
    const isWhole = !isAnchor || anchorRules.constraints
    if (distrusted.some(({ der }) => equalBytes(der, certificate.der))) {
      failures.push(distrust(certificate))
    }
    // An anchor's dates too: RFC 5280 §6.1 leaves them open, Windows and OpenSSL hold a root to them.
    if (rules.ignoresDates !== true && (!isAnchor || anchorRules.dates)) {
      failures.push(...dateFailures(certificate, at))
    }
    if (isWhole) failures.push(...criticalFailures(certificate, profile))
    if (i > 0 && isWhole) {
      failures.push(...authorityFailures(path, i, isAnchor && mayLack(certificate, anchorRules)))
    }
    failures.push(...strengthFailures(certificate, isAnchor, profile))
    if (profile.demandsConformance && isWhole) {
      failures.push(...conformanceFailures(certificate, isAnchor, rules.verify))
    }
  }
  const constraining = hasAnchor && !anchorRules.constraints ? path.slice(0, -1) : path
  failures.push(...purposeFailures(constraining, profile))
  failures.push(...keyUsageFailures(path, profile))
  failures.push(...nameConstraintFailures(constraining, rules))
  if (anchored) failures.push(...policyFailures(path, rules))
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

/** No basicConstraints are needed of an anchor below version 3, which cannot have any. */
const mayLack = ({ version }: Certificate, { basicConstraints }: AnchorRules): boolean =>
  version < 3 || !basicConstraints

const distrust = (certificate: Certificate): PathFailure => ({
  code: 'pki/distrusted',
  subject: subjectOf(certificate),
  message: 'is on the list of certificates that are not trusted here',
})

/** RFC 5280 §6.1.3 (a)(2). A certificate names whole seconds, and its last one counts to the end. */
function dateFailures(certificate: Certificate, at: Instant): readonly PathFailure[] {
  const { notBefore, notAfter } = certificate
  const failed = (code: PathFailureCode, message: string, expected: string) => [
    { code, subject: subjectOf(certificate), message, expected, got: `now ${formatInstant(at)}` },
  ]
  if (at >= after(notAfter, seconds(1))) {
    const message = `expired on ${formatInstant(notAfter)}`
    const expected = `notAfter at or after ${formatInstant(at)}`
    return failed('pki/certificate-expired', message, expected)
  }
  if (at < notBefore) {
    const message = `valid only from ${formatInstant(notBefore)}`
    const expected = `notBefore at or before ${formatInstant(at)}`
    return failed('pki/certificate-not-yet-valid', message, expected)
  }
  return []
}

/** RFC 5280 §6.1.4 (o), §6.1.5 (f). */
const criticalFailures = (
  certificate: Certificate,
  { processes }: RelyingPartyProfile,
): readonly PathFailure[] =>
  certificate.extensions
    .filter(({ oid, critical }) => critical && !isProcessed(oid, certificate, processes))
    .map(({ oid }) => ({
      code: 'pki/unknown-critical-extension',
      subject: subjectOf(certificate),
      message: `carries the critical extension ${oidName(oid)}, which is not processed here`,
      got: oid,
    }))

/** RFC 5280 §6.1.4 (k) to (n), also for an anchor. */
function authorityFailures(
  path: readonly Certificate[],
  index: number,
  mayLackConstraints: boolean,
): readonly PathFailure[] {
  const certificate = path[index]!
  const subject = subjectOf(certificate)
  const { basicConstraints, keyUsage } = certificate
  const failures: PathFailure[] = []
  if (basicConstraints?.cA !== true && !(mayLackConstraints && basicConstraints === undefined)) {
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
  const limit = basicConstraints?.pathLength
  return [...failures, ...lengthFailures(path, index, limit, subject)]
}

/**
 * Where more authorities stand below the one at `index` than `limit` has room for: told of the first that is too many, as RFC 5280
 * §6.1.4 (l) meets it. Self-issued ones do not count.
 */
function lengthFailures(
  path: readonly Certificate[],
  index: number,
  limit: number | undefined,
  whose: string,
): readonly PathFailure[] {
  const below = path.slice(1, Math.max(1, index)).filter((authority) => !isSelfIssued(authority))
  if (limit === undefined || below.length <= limit) return []
  return [
    {
      code: 'pki/path-too-long',
      subject: subjectOf(below.at(-1 - limit)!),
      message: `is one authority more than ${whose} allows below it`,
      expected: `at most ${limit}`,
      got: String(below.length),
    },
  ]
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
  if (isAnchor) return failures
  if (!strength.allowsSha1 && isSha1(certificate)) {
    failed('is signed over a SHA-1 digest', 'SHA-256 or better', 'SHA-1')
  }
  const { algorithms } = strength
  const { oid } = certificate.signatureAlgorithm
  if (algorithms !== undefined && !algorithms.includes(oid)) {
    failed('is signed with an algorithm that does not count here', algorithms.join(' or '), oid)
  }
  return failures
}

/** The relying party's own limit, where the anchor states none: RFC 5280 §6.1.2 (k) with another start. */
const depthFailures = (
  path: readonly Certificate[],
  authoritiesMax: number | undefined,
): readonly PathFailure[] =>
  lengthFailures(path, path.length - 1, authoritiesMax, 'the relying party')

/** RFC 5280 §6.1.3 (b), (c) and §6.1.4 (g), an anchor's constraints included (RFC 5937). */
function nameConstraintFailures(
  path: readonly Certificate[],
  { profile, work }: PathRules,
): readonly PathFailure[] {
  if (path.every(({ nameConstraints }) => nameConstraints === undefined)) return []
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
  for (const [i, authority] of path.entries()) {
    const { nameConstraints } = authority
    if (i === 0 || nameConstraints === undefined) continue
    const malformed = malformedConstraint(nameConstraints, !profile.demandsConformance)
    if (malformed !== undefined) {
      failed(authority, malformed)
      continue
    }
    for (let below = i - 1; below >= 0; below--) {
      work.comparisonsLeft -= comparisons(nameConstraints, names[below]!)
      if (work.comparisonsLeft < 0) {
        const expected = `at most ${NAME_COMPARISONS_MAX} comparisons`
        const what = 'has more names than can be held against the constraints above it'
        failed(path[below]!, { what, expected, got: 'more' })
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
  { profile, policies = ANY_POLICY }: PathRules,
): readonly PathFailure[] {
  // An anchor whose policies count is one certificate more, as if it stood below itself.
  const anchor = path.at(-1)!
  const { certificatePolicies = [OID.anyPolicy] } = anchor
  const counts = profile.anchorRules?.policies === true && path.length > 1
  const whole = counts ? [...path.slice(0, -1), { ...anchor, certificatePolicies }, anchor] : path
  const violation = policyViolation(whole, policies)
  if (violation === undefined) return []
  const { index, message, expected, got } = violation
  return [{ code: 'pki/policy', subject: subjectOf(path[index]!), message, expected, got }]
}

function nameFailures(
  leaf: Certificate,
  name: string,
  profile: RelyingPartyProfile,
): readonly PathFailure[] {
  if (isNamed(leaf, name, profile)) return []
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
