/**
 * Which CRLs a certificate points to, and whether a CRL is about it (RFC 5280 §6.3.3 (b) to (e)).
 * Not its validity: {@link ./crl-fault.ts} looks at signatures.
 */
import type { Certificate } from '../certificate/certificate.ts'
import type { CrlFault } from './crl-fault.ts'
import type { Crl } from './crl.ts'
import {
  ALL_REASONS,
  type DistributionPoint,
  type ReasonSet,
} from '../certificate/distribution-point.ts'
import type { GeneralName } from '../certificate/general-name.ts'
import type { Name, RelativeName } from '../certificate/name.ts'
import { toHex } from '../../base/bytes.ts'

/** A place where a CRL for one certificate may be found. */
export interface CrlPoint {
  /** Who issues the CRL. */
  readonly issuer: Name
  readonly urls: readonly string[]
  /** Names that the CRL's own distribution point must have one of; empty: any. */
  names(): readonly string[]
  readonly reasons: ReasonSet
  /** The point names a cRLIssuer: the CRL says that it is indirect. */
  readonly isIndirect: boolean
  /** Not written in the certificate: any CRL of its issuer (§6.3.3, last paragraph). */
  readonly isImplied: boolean
}

/** In the order of the certificate, the implied one last: asked for only where those before it leave reasons open. */
export function* crlPoints(certificate: Certificate): Generator<CrlPoint, void> {
  const { issuer, crlDistributionPoints = [] } = certificate
  for (const point of crlDistributionPoints) {
    const isIndirect = point.crlIssuer.length > 0
    const urls = point.fullName.flatMap((name) => (name.kind === 'uri' ? [name.value] : []))
    const { reasons = ALL_REASONS } = point
    for (const signer of isIndirect ? directoryNames(point.crlIssuer) : [issuer]) {
      const names = (): readonly string[] => {
        const own = pointNames(point, signer)
        return own.length > 0 ? own : point.crlIssuer.map(nameKey)
      }
      yield { issuer: signer, urls, names, reasons, isIndirect, isImplied: false }
    }
  }
  const names = (): readonly string[] => [nameKey({ kind: 'directory', name: issuer })]
  yield { issuer, urls: [], names, reasons: ALL_REASONS, isIndirect: false, isImplied: true }
}

const directoryNames = (names: readonly GeneralName[]): readonly Name[] =>
  names.flatMap((name) => (name.kind === 'directory' ? [name.name] : []))

const pointNames = (
  { fullName, relativeName }: Pick<DistributionPoint, 'fullName' | 'relativeName'>,
  issuer: Name,
): readonly string[] =>
  relativeName === undefined ? fullName.map(nameKey) : [relativeKey(issuer, relativeName)]

const relativeKey = (issuer: Name, { key }: RelativeName): string =>
  `directory ${issuer.key === '' ? key : `${issuer.key},${key}`}`

function nameKey(name: GeneralName): string {
  switch (name.kind) {
    case 'directory':
      return `directory ${name.name.key}`
    case 'ip':
      return `ip ${toHex(name.address)}`
    case 'other':
      return `other ${name.tag} ${toHex(name.contents)}`
    default:
      return `${name.kind} ${name.value}`
  }
}

/** The reasons of which `crl`, found at `point`, can clear a certificate. */
export const reasonsCovered = ({ scope }: Crl, { reasons }: CrlPoint): ReasonSet =>
  reasons & (scope?.onlySomeReasons ?? ALL_REASONS)

/** Why `crl`, found at `point`, says nothing about `certificate`. */
export function scopeFault(
  crl: Crl,
  point: CrlPoint,
  certificate: Certificate,
): CrlFault | undefined {
  const { scope } = crl
  if (crl.issuer.key !== point.issuer.key) {
    return { what: 'is another issuer’s', expected: point.issuer.text, got: crl.issuer.text }
  }
  if (point.isIndirect && scope?.indirect !== true) {
    const got = 'a CRL on certificates of its own issuer'
    return { what: 'does not speak for others', expected: 'an indirect CRL', got }
  }
  if (scope === undefined) return undefined
  const names = pointNames(scope, crl.issuer)
  const wanted = new Set(names.length > 0 ? point.names() : [])
  if (wanted.size > 0 && !names.some((name) => wanted.has(name))) {
    const expected = [...wanted].join(' or ')
    return { what: 'is of another distribution point', expected, got: names.join(' or ') }
  }
  const isAuthority = certificate.basicConstraints?.cA === true
  const only = scope.onlyAttributeCerts
    ? 'attribute certificates'
    : scope.onlyCaCerts && !isAuthority
      ? 'authorities'
      : scope.onlyUserCerts && isAuthority
        ? 'end entities'
        : undefined
  if (only === undefined) return undefined
  const expected = isAuthority ? 'a CRL on authorities' : 'a CRL on end entities'
  return { what: 'is not about such certificates', expected, got: `only ${only}` }
}
