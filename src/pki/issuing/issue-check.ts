/**
 * What makes authorities and certificates of a topology impossible to issue, as problems with a path into the topology.
 * Not a lint: a certificate that nobody will accept (expired, without EKU) can be issued, and people rehearse that.
 */
import { after, days, formatInstant, hours, type Duration, type Instant } from '../../base/time.ts'
import type { AuthoritySpec, CertificateSpec } from '../../topology/pki.ts'
import type { SignRsa } from '../keys/signature.ts'
import { AUTHORITY_VALID_FROM } from './generations.ts'
import { mirrorProblem } from '../mirror/mirror-source.ts'
import { parseName } from '../certificate/name.ts'
import { EKU_OIDS } from '../encoding/oids.ts'
import type { CertificatePlan, EnrolmentOutcome } from './plan.ts'

export interface IssueInput {
  readonly authorities: Readonly<Record<string, AuthoritySpec>>
  /** In topology order; a node's certificates in the order in which it lists them. */
  readonly holders: readonly { readonly node: string; readonly certificate: CertificateSpec }[]
  /** What enterprise CAs issue by template: of the holders that name one, and by autoenrolment. */
  readonly plans?: readonly CertificatePlan[]
  readonly enrolments?: readonly EnrolmentOutcome[]
  readonly start: Instant
  /** How authorities sign. Default for real. */
  readonly sign?: SignRsa
}

export interface IssueProblem {
  readonly message: string
  /** Path into the topology, `['authorities', 'issuing', 'issuer']`. */
  readonly path: readonly (string | number)[]
}

// What a certificate can name (RFC 5280 §4.1.2.5): UTCTime begins in 1950, 9999-12-31T23:59:59Z is the last GeneralizedTime.
const FIRST_INSTANT = -631_152_000e6 as Instant
const LAST_INSTANT = 253_402_300_799e6 as Instant

export const CERTIFICATE_VALID_FROM = days(-1)
export const CRL_THIS_UPDATE = hours(-1)
export const CRL_VALID_FOR = days(7)

type Path = readonly (string | number)[]

/** Every problem, authorities first. Empty: all can be issued. */
export function issueProblems(input: IssueInput): readonly IssueProblem[] {
  return [
    ...Object.entries(input.authorities).flatMap(([key, spec]) =>
      authorityProblems(input, key, spec),
    ),
    ...input.holders.flatMap((_, index) => holderProblems(input, index)),
  ]
}

function authorityProblems(
  { authorities, start }: IssueInput,
  key: string,
  spec: AuthoritySpec,
): readonly IssueProblem[] {
  const path = ['authorities', key]
  const problems = [
    ...(spec.mirrors === undefined ? nameProblems(spec.subject, [...path, 'subject']) : []),
    ...mirrorProblems(authorities, spec, path),
    ...spanProblems(after(start, spec.validFrom ?? AUTHORITY_VALID_FROM), spec.validFor, [
      ...path,
      'validFor',
    ]),
    ...textProblems(spec.crlUrls, 'a URL', [...path, 'crlUrls']),
    ...textProblems(spec.aiaUrls, 'a URL', [...path, 'aiaUrls']),
    ...crlProblems(start, spec, [...path, 'crl']),
    ...ocspProblems(start, spec, [...path, 'ocsp']),
    ...(spec.renewals ?? []).flatMap(({ at, validFor }, i) =>
      spanProblems(after(start, at), validFor ?? spec.validFor, [...path, 'renewals', i]),
    ),
  ]
  const { pathLength } = spec
  if (pathLength !== undefined && !(Number.isInteger(pathLength) && pathLength >= 0)) {
    problems.push({
      path: [...path, 'pathLength'],
      message: `${pathLength} is not a whole number from 0`,
    })
  }
  if (spec.issuer === undefined) return problems
  const at = [...path, 'issuer']
  if (!Object.hasOwn(authorities, spec.issuer)) {
    problems.push({ path: at, message: `there is no authority '${spec.issuer}'` })
  } else if (leadsInACircle(authorities, key)) {
    problems.push({ path: at, message: `authority '${key}' is issued, in the end, by itself` })
  }
  return problems
}

function leadsInACircle(authorities: IssueInput['authorities'], key: string): boolean {
  const seen = new Set<string>()
  let at: string | undefined = key
  while (at !== undefined && !seen.has(at)) {
    seen.add(at)
    at = authorities[at]?.issuer
  }
  return at === key
}

function crlProblems(start: Instant, { crl }: AuthoritySpec, path: Path): readonly IssueProblem[] {
  if (crl === undefined) return []
  const first = after(start, crl.thisUpdate ?? CRL_THIS_UPDATE)
  return [
    ...spanProblems(first, crl.validFor ?? CRL_VALID_FOR, [...path, 'validFor']),
    ...(crl.every === undefined ? [] : spanProblems(first, crl.every, [...path, 'every'])),
    ...(crl.delta === undefined
      ? []
      : [
          ...spanProblems(first, crl.delta.every, [...path, 'delta', 'every']),
          ...textProblems(crl.delta.urls, 'a URL', [...path, 'delta', 'urls']),
        ]),
  ]
}

function ocspProblems(
  start: Instant,
  { ocsp }: AuthoritySpec,
  path: Path,
): readonly IssueProblem[] {
  if (ocsp === undefined) return []
  const lifetime = ocsp.signerValidFor
  return [
    ...textProblems(ocsp.urls, 'a URL', [...path, 'urls']),
    ...(lifetime === undefined ? [] : spanProblems(start, lifetime, [...path, 'signerValidFor'])),
  ]
}

function holderProblems({ authorities, holders, start }: IssueInput, index: number) {
  const { node, certificate } = holders[index]!
  const before = holders.slice(0, index).filter((holder) => holder.node === node)
  const path = ['nodes', node, 'certificates', before.length]
  const { issuer, subject, request, revoked } = certificate
  const problems = [
    ...(subject === undefined || certificate.mirrors !== undefined
      ? []
      : nameProblems(subject, [...path, 'subject'])),
    ...mirrorProblems(authorities, certificate, path),
    ...validityProblems(start, certificate, path),
    ...(revoked === undefined
      ? []
      : instantProblems(after(start, revoked.at), [...path, 'revoked', 'at'])),
    ...alternativeNameProblems(certificate, path),
    ...(request?.subject === undefined
      ? []
      : nameProblems(request.subject, [...path, 'request', 'subject'])),
    ...alternativeNameProblems(request ?? {}, [...path, 'request']),
    ...(certificate.eku ?? []).flatMap((eku, i) =>
      Object.hasOwn(EKU_OIDS, eku)
        ? []
        : [
            {
              path: [...path, 'eku', i],
              message: `'${eku}' is not a key usage that is known here`,
            },
          ],
    ),
  ]
  if (issuer !== undefined && !Object.hasOwn(authorities, issuer)) {
    problems.push({ path: [...path, 'issuer'], message: `there is no authority '${issuer}'` })
  }
  if (before.some((other) => other.certificate.name === certificate.name)) {
    const message = `${node} has two certificates named '${certificate.name}'`
    problems.push({ path: [...path, 'name'], message })
  }
  return problems
}

function mirrorProblems(
  authorities: IssueInput['authorities'],
  spec: Pick<AuthoritySpec, 'issuer' | 'mirrors' | 'renewals'>,
  path: Path,
): readonly IssueProblem[] {
  const { issuer } = spec
  // One that does not exist is told as such.
  if (issuer !== undefined && !Object.hasOwn(authorities, issuer)) return []
  const message = mirrorProblem(spec, issuer === undefined ? undefined : authorities[issuer])
  return message === undefined ? [] : [{ path: [...path, 'mirrors'], message }]
}

function validityProblems(
  start: Instant,
  certificate: CertificateSpec,
  path: Path,
): readonly IssueProblem[] {
  const begin = after(start, certificate.validFrom ?? CERTIFICATE_VALID_FROM)
  const { validFor } = certificate
  if (validFor !== undefined) return spanProblems(begin, validFor, [...path, 'validFor'])
  return instantProblems(begin, [...path, 'validFrom'])
}

const alternativeNameProblems = (
  { dns, upn }: Pick<CertificateSpec, 'dns' | 'upn'>,
  path: Path,
): readonly IssueProblem[] => [
  ...textProblems(dns, 'a DNS name', [...path, 'dns']),
  ...(upn ?? []).flatMap((name, i) =>
    /^[^\p{Surrogate}]+$/u.test(name)
      ? []
      : [{ path: [...path, 'upn', i], message: `'${name}' is not a user principal name` }],
  ),
]

function nameProblems(subject: string, path: Path): readonly IssueProblem[] {
  const name = parseName(subject)
  return name.ok ? [] : [{ path, message: name.error }]
}

function textProblems(
  texts: readonly string[] | undefined,
  what: string,
  path: Path,
): readonly IssueProblem[] {
  return (texts ?? []).flatMap((text, index) =>
    /^[\x21-\x7e]+$/.test(text)
      ? []
      : [
          {
            path: [...path, index],
            message: `'${text}' is not ${what}: printable ASCII, no blanks`,
          },
        ],
  )
}

function spanProblems(from: Instant, length: Duration, path: Path): readonly IssueProblem[] {
  if (!(length >= 1e6)) return [{ path, message: 'must be at least one second' }]
  return instantProblems(from, path)
    .concat(instantProblems(after(from, length), path))
    .slice(0, 1)
}

function instantProblems(at: Instant, path: Path): readonly IssueProblem[] {
  if (at >= FIRST_INSTANT && at <= LAST_INSTANT) return []
  const [first, last] = [FIRST_INSTANT, LAST_INSTANT].map(formatInstant)
  return [{ path, message: `reaches outside ${first} … ${last}` }]
}
