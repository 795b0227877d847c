/**
 * What RFC 5280 §4 demands of those who issue, for relying parties that refuse anything else. Not path validation: §6.1 looks at
 * none of this, and Windows tolerates all of it.
 */
import { subjectOf, type Certificate } from './certificate.ts'
import type { PathFailure } from './failure.ts'
import { OID, oidName } from './oids.ts'

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
): readonly PathFailure[] =>
  [
    ...serialBreaches(certificate),
    ...criticalityBreaches(certificate),
    ...subjectBreaches(certificate),
    ...authorityBreaches(certificate),
    ...keyIdBreaches(certificate, isAnchor),
  ].map(({ what, rule }) => ({
    code: 'pki/not-conforming',
    subject: subjectOf(certificate),
    message: what,
    expected: `what RFC 5280 ${rule} demands`,
  }))

const isAuthority = ({ basicConstraints }: Certificate): boolean => basicConstraints?.cA === true

function serialBreaches({ serial }: Certificate): readonly Breach[] {
  const rule = '§4.1.2.2'
  if (serial.length > 2 * SERIAL_OCTETS_MAX) {
    return [{ what: `has a serial number of ${serial.length / 2} octets`, rule }]
  }
  const isPositive = Number.parseInt(serial.slice(0, 2), 16) < 0x80 && !/^0*$/.test(serial)
  return isPositive ? [] : [{ what: 'has a serial number that is not positive', rule }]
}

/** Extensions that must be critical in an authority’s certificate, or must not be in any. */
const CRITICALITY = new Map<string, { readonly critical: boolean; readonly rule: string }>([
  [OID.authorityKeyIdentifier, { critical: false, rule: '§4.2.1.1' }],
  [OID.subjectKeyIdentifier, { critical: false, rule: '§4.2.1.2' }],
  [OID.nameConstraints, { critical: true, rule: '§4.2.1.10' }],
  [OID.policyConstraints, { critical: true, rule: '§4.2.1.11' }],
  [OID.inhibitAnyPolicy, { critical: true, rule: '§4.2.1.14' }],
  [OID.freshestCRL, { critical: false, rule: '§4.2.1.15' }],
  [OID.authorityInfoAccess, { critical: false, rule: '§4.2.2.1' }],
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
    return bound ? [{ what, rule: '§4.2.1.9' }] : []
  }
  return [
    ...(signs ? [{ what: 'may sign certificates but is no authority', rule: '§4.2.1.3' }] : []),
    ...(nameConstraints === undefined
      ? []
      : [{ what: 'sets name constraints but is no authority', rule: '§4.2.1.10' }]),
  ]
}

function keyIdBreaches(certificate: Certificate, isAnchor: boolean): readonly Breach[] {
  const breaches: Breach[] = []
  if (isAuthority(certificate) && certificate.subjectKeyId === undefined) {
    breaches.push({ what: 'is an authority without subjectKeyIdentifier', rule: '§4.2.1.2' })
  }
  // A self-signed certificate may leave it out, and an anchor, cross-signed or not, is not looked up by it.
  if (certificate.authorityKeyId === undefined && !isAnchor && certificate.version === 3) {
    breaches.push({ what: 'has no authorityKeyIdentifier keyIdentifier', rule: '§4.2.1.1' })
  }
  return breaches
}
