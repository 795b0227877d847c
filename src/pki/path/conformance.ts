/**
 * What RFC 5280 §4 demands of those who issue, for relying parties that refuse anything else. Not path validation: §6.1 looks at
 * none of this, and Windows tolerates all of it.
 */
import { instant } from '../../base/time.ts'
import { isSelfIssued, subjectOf, type Certificate } from '../certificate/certificate.ts'
import { contextPrimitive, readDer, TAG } from '../encoding/der.ts'
import type { PathFailure } from '../profile/failure.ts'
import type { GeneralName } from '../certificate/general-name.ts'
import { formatGeneralName, isMailbox } from './name-constraints.ts'
import { OID, oidName } from '../encoding/oids.ts'
import { publicKeyForm } from '../keys/public-key.ts'
import { verifySignature, type VerifySignature } from '../keys/signature.ts'

/** 20 octets of INTEGER (§4.1.2.2). */
export const SERIAL_OCTETS_MAX = 20

/** A demand that is not met, and where it is made. */
interface Breach {
  readonly what: string
  readonly rule: string
}

export const conformanceFailures = (
  certificate: Certificate,
  isAnchor: boolean,
  verify: VerifySignature = verifySignature,
): readonly PathFailure[] =>
  DEMANDS.flatMap((breachesOf) =>
    breachesOf(certificate, isAnchor, verify).map(({ what, rule }) => ({
      code: 'pki/not-conforming',
      subject: subjectOf(certificate),
      message: what,
      expected: `what RFC 5280 ${rule} demands`,
    })),
  )

const isAuthority = ({ basicConstraints }: Certificate): boolean => basicConstraints?.cA === true

function serialBreaches({ serial }: Certificate): readonly Breach[] {
  const rule = '§4.1.2.2'
  if (serial.length > 2 * SERIAL_OCTETS_MAX) {
    return [{ what: `has a serial number of ${serial.length / 2} octets`, rule }]
  }
  const isPositive = Number.parseInt(serial.slice(0, 2), 16) < 0x80 && !/^0*$/.test(serial)
  return isPositive ? [] : [{ what: 'has a serial number that is not positive', rule }]
}

/** From here on a date is a GeneralizedTime (§4.1.2.5). */
const GENERALIZED_FROM = instant('2050-01-01T00:00:00Z')

/** What reading leaves no trace of: the type of a date, and unique identifiers. */
function formBreaches({ tbs, notBefore, notAfter }: Certificate): readonly Breach[] {
  const read = readDer(tbs, 'tbsCertificate', (outer) => {
    const r = outer.sequence('tbsCertificate')
    r.explicit(0, 'version')
    for (const field of ['serialNumber', 'signature', 'issuer']) r.element(field)
    const validity = r.sequence('validity')
    const tags = [validity.element('notBefore').tag, validity.element('notAfter').tag]
    for (const field of ['subject', 'subjectPublicKeyInfo']) r.element(field)
    const next = r.nextTag
    return { tags, hasUniqueId: next === contextPrimitive(1) || next === contextPrimitive(2) }
  })
  if (!read.ok) return []
  const { tags, hasUniqueId } = read.value
  const isOdd = [notBefore, notAfter].some(
    (date, i) => date < GENERALIZED_FROM && tags[i] === TAG.generalizedTime,
  )
  return [
    ...(isOdd ? [{ what: 'has a date before 2050 as GeneralizedTime', rule: '§4.1.2.5' }] : []),
    ...(hasUniqueId ? [{ what: 'has a unique identifier', rule: '§4.1.2.8' }] : []),
  ]
}

function keyBreaches({ spki }: Certificate): readonly Breach[] {
  const form = publicKeyForm(spki)
  const isNamed = form?.kind !== 'ec' || form.curve !== undefined
  const rule = '§4.1.2.7 (RFC 5480 §2.1.1)'
  return isNamed ? [] : [{ what: 'has a key on a curve without a name', rule }]
}

/** An underscore is let pass, and a wildcard: neither is in the preferred name syntax, and both are everywhere. */
const DNS_NAME =
  /^(?:[a-z0-9_*](?:[a-z0-9_*-]*[a-z0-9_*])?)(?:\.[a-z0-9_*](?:[a-z0-9_*-]*[a-z0-9_*])?)*$/i
/** Absolute, and not empty beyond its scheme (RFC 3986 §4.3). */
const ABSOLUTE_URI = /^[a-z][a-z0-9+.-]*:[^\s]+$/i

function nameBreaches({ subjectAltName = [] }: Certificate): readonly Breach[] {
  const isForm = (name: GeneralName): boolean => {
    if (name.kind === 'dns') return DNS_NAME.test(name.value)
    if (name.kind === 'email') return isMailbox(name.value)
    return name.kind !== 'uri' || ABSOLUTE_URI.test(name.value)
  }
  const odd = subjectAltName.find((name) => !isForm(name))
  if (odd === undefined) return []
  return [{ what: `has a malformed name, ${formatGeneralName(odd)}`, rule: '§4.2.1.6' }]
}

/** Extensions that must be critical in an authority’s certificate, or must not be in any. */
const CRITICALITY = new Map<string, { readonly critical: boolean; readonly rule: string }>([
  [OID.authorityKeyIdentifier, { critical: false, rule: '§4.2.1.1' }],
  [OID.subjectKeyIdentifier, { critical: false, rule: '§4.2.1.2' }],
  [OID.nameConstraints, { critical: true, rule: '§4.2.1.10' }],
  [OID.policyConstraints, { critical: true, rule: '§4.2.1.11' }],
  [OID.inhibitAnyPolicy, { critical: true, rule: '§4.2.1.14' }],
  [OID.freshestCRL, { critical: false, rule: '§4.2.1.15' }],
  [OID.subjectDirectoryAttributes, { critical: false, rule: '§4.2.1.8' }],
  [OID.authorityInfoAccess, { critical: false, rule: '§4.2.2.1' }],
  [OID.subjectInfoAccess, { critical: false, rule: '§4.2.2.2' }],
])

function criticalityBreaches(certificate: Certificate): readonly Breach[] {
  return certificate.extensions.flatMap(({ oid, critical }) => {
    const basic = oid === OID.basicConstraints && isAuthority(certificate)
    const demand = basic ? { critical: true, rule: '§4.2.1.9' } : CRITICALITY.get(oid)
    if (demand === undefined || demand.critical === critical) return []
    const what = `carries ${oidName(oid)} as ${critical ? 'critical' : 'not critical'}`
    return [{ what, rule: demand.rule }]
  })
}

function subjectBreaches(certificate: Certificate): readonly Breach[] {
  const { subject, issuer, extensions } = certificate
  const breaches: Breach[] = []
  if (issuer.rdns.length === 0) breaches.push({ what: 'names no issuer', rule: '§4.1.2.4' })
  if (subject.rdns.length > 0) return breaches
  if (isAuthority(certificate)) {
    return [...breaches, { what: 'is an authority without a subject', rule: '§4.1.2.6' }]
  }
  const hasName = extensions.some(({ oid, critical }) => oid === OID.subjectAltName && critical)
  if (hasName) return breaches
  const what = 'has neither a subject nor a critical subjectAltName'
  return [...breaches, { what, rule: '§4.1.2.6' }]
}

function authorityBreaches(certificate: Certificate): readonly Breach[] {
  const { basicConstraints, keyUsage, nameConstraints } = certificate
  const signs = keyUsage?.includes('keyCertSign') === true
  if (isAuthority(certificate)) {
    const bound = basicConstraints?.pathLength !== undefined && keyUsage !== undefined && !signs
    const what = 'limits the paths below it with a key that is not for signing certificates'
    if (keyUsage === undefined)
      return [{ what: 'is an authority without keyUsage', rule: '§4.2.1.3' }]
    return bound ? [{ what, rule: '§4.2.1.9' }] : []
  }
  const limits = basicConstraints?.pathLength !== undefined
  return [
    ...(limits ? [{ what: 'limits paths but is no authority', rule: '§4.2.1.9' }] : []),
    ...(signs ? [{ what: 'may sign certificates but is no authority', rule: '§4.2.1.3' }] : []),
    ...(nameConstraints === undefined
      ? []
      : [{ what: 'sets name constraints but is no authority', rule: '§4.2.1.10' }]),
  ]
}

const isSelfSigned = (certificate: Certificate, verify: VerifySignature): boolean =>
  isSelfIssued(certificate) && verify(certificate, certificate.spki) === 'good'

function keyIdBreaches(
  certificate: Certificate,
  isAnchor: boolean,
  verify: VerifySignature,
): readonly Breach[] {
  const breaches: Breach[] = []
  if (isAuthority(certificate) && certificate.subjectKeyId === undefined) {
    breaches.push({ what: 'is an authority without subjectKeyIdentifier', rule: '§4.2.1.2' })
  }
  // A self-signed certificate may leave it out, and an anchor, cross-signed or not, is not looked up by it.
  const mayLack = isAnchor || certificate.version < 3 || isSelfSigned(certificate, verify)
  if (certificate.authorityKeyId === undefined && !mayLack) {
    breaches.push({ what: 'has no authorityKeyIdentifier keyIdentifier', rule: '§4.2.1.1' })
  }
  return breaches
}

const DEMANDS: readonly ((
  certificate: Certificate,
  isAnchor: boolean,
  verify: VerifySignature,
) => readonly Breach[])[] = [
  serialBreaches,
  formBreaches,
  nameBreaches,
  keyBreaches,
  criticalityBreaches,
  subjectBreaches,
  authorityBreaches,
  keyIdBreaches,
]
