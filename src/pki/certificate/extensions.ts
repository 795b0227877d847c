/**
 * Certificate extensions read into plain data: RFC 5280 §4.2 and the Microsoft ones that Always On VPN meets.
 * Not a judgement: {@link ../path/path.ts} decides what they mean for a path. One that is not read here keeps its bytes.
 */
import {
  contextConstructed,
  contextPrimitive,
  readDer,
  TAG,
  type DerReader,
} from '../encoding/der.ts'
import { readDistributionPoints, type DistributionPoint } from './distribution-point.ts'
import { readGeneralName, readGeneralNames, type GeneralName } from './general-name.ts'
import { readNameConstraints, type NameConstraints } from './name-constraint-extension.ts'
import {
  CPS_QUALIFIER,
  NOTICE_QUALIFIER,
  readPolicies,
  readPolicyConstraints,
  readPolicyMappings,
  type PolicyConstraints,
  type PolicyMapping,
} from './policy-extensions.ts'
import { readSid, readTemplate, readTemplateName } from './microsoft-extensions.ts'
import { OID, oidName } from '../encoding/oids.ts'

export interface Extension {
  readonly oid: string
  readonly critical: boolean
  /** The contents of extnValue: DER of the extension's own type. */
  readonly value: Uint8Array
}

export type KeyUsageBit =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly'

/** In the order of the bits (RFC 5280 §4.2.1.3). */
export const KEY_USAGE_BITS: readonly KeyUsageBit[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
]

/** Where something about a certificate's issuer or subject is found: an access method OID, and a name, mostly a URL. */
export interface AccessDescription {
  readonly method: string
  readonly at: GeneralName
}

/** What the recognised extensions of one certificate say; an absent field is an absent extension. */
export interface ExtensionValues {
  readonly basicConstraints?: { readonly cA: boolean; readonly pathLength?: number }
  readonly keyUsage?: readonly KeyUsageBit[]
  /** Key purpose OIDs. */
  readonly extKeyUsage?: readonly string[]
  readonly subjectAltName?: readonly GeneralName[]
  readonly authorityKeyId?: Uint8Array
  readonly subjectKeyId?: Uint8Array
  readonly crlDistributionPoints?: readonly DistributionPoint[]
  readonly authorityInfoAccess?: readonly AccessDescription[]
  readonly subjectInfoAccess?: readonly AccessDescription[]
  readonly issuerAltName?: readonly GeneralName[]
  readonly template?: { readonly oid: string; readonly major?: number; readonly minor?: number }
  /** Of a version 1 template, which has no OID of its own. */
  readonly templateName?: string
  /** The objectSid of the account that it was issued to, in text: `S-1-5-21-…`. */
  readonly sid?: string
  /** Extensions of Microsoft's whose value is malformed: who does not know them cannot tell, so the certificate reads nevertheless. */
  readonly unreadable?: readonly string[]
  /** Microsoft's application policies, OIDs as in extKeyUsage. */
  readonly applicationPolicies?: readonly string[]
  readonly nameConstraints?: NameConstraints
  /** Policy OIDs. */
  readonly certificatePolicies?: readonly string[]
  /** OIDs of the qualifiers of certificatePolicies, none twice; absent: there are none. */
  readonly policyQualifiers?: readonly string[]
  readonly policyMappings?: readonly PolicyMapping[]
  readonly policyConstraints?: PolicyConstraints
  /** skipCerts: how many certificates further down may still say anyPolicy. */
  readonly inhibitAnyPolicy?: number
  /** Where delta CRLs are published. */
  readonly freshestCrl?: readonly DistributionPoint[]
}

/** {@link ExtensionValues} while they are being read. */
export type WritableValues = { -readonly [field in keyof ExtensionValues]: ExtensionValues[field] }

/** Reads the value of one extension into `values`. Keys are the extensions that count as processed when critical. */
const READERS = new Map<string, (r: DerReader, values: WritableValues) => void>([
  [OID.basicConstraints, (r, v) => (v.basicConstraints = readBasicConstraints(r))],
  [OID.keyUsage, (r, v) => (v.keyUsage = readKeyUsage(r))],
  [OID.extKeyUsage, (r, v) => (v.extKeyUsage = readOids(r, 'extKeyUsage'))],
  [OID.subjectAltName, (r, v) => (v.subjectAltName = readGeneralNames(r, 'subjectAltName'))],
  [
    OID.authorityKeyIdentifier,
    (r, v) => {
      const keyId = readAuthorityKeyId(r)
      if (keyId !== undefined) v.authorityKeyId = keyId
    },
  ],
  [OID.subjectKeyIdentifier, (r, v) => (v.subjectKeyId = r.octetString('subjectKeyIdentifier'))],
  [
    OID.cRLDistributionPoints,
    (r, v) => (v.crlDistributionPoints = readDistributionPoints(r, 'cRLDistributionPoints')),
  ],
  [
    OID.authorityInfoAccess,
    (r, v) => (v.authorityInfoAccess = readAccessDescriptions(r, 'authorityInfoAccess')),
  ],
  [
    OID.subjectInfoAccess,
    (r, v) => (v.subjectInfoAccess = readAccessDescriptions(r, 'subjectInfoAccess')),
  ],
  [OID.issuerAltName, (r, v) => (v.issuerAltName = readGeneralNames(r, 'issuerAltName'))],
  // Path validation has no use for what it says (RFC 5280 §4.2.1.8).
  [OID.subjectDirectoryAttributes, (r) => void readDirectoryAttributes(r)],
  [OID.certificateTemplate, (r, v) => (v.template = readTemplate(r))],
  [OID.enrollCertType, (r, v) => (v.templateName = readTemplateName(r))],
  [OID.ntdsCaSecurityExt, (r, v) => (v.sid = readSid(r))],
  [OID.nameConstraints, (r, v) => (v.nameConstraints = readNameConstraints(r))],
  [
    OID.certificatePolicies,
    (r, v) => {
      const { policies, qualifiers } = readPolicies(r, 'certificatePolicies')
      v.certificatePolicies = policies
      if (qualifiers.length > 0) v.policyQualifiers = qualifiers
    },
  ],
  [OID.policyMappings, (r, v) => (v.policyMappings = readPolicyMappings(r))],
  [OID.policyConstraints, (r, v) => (v.policyConstraints = readPolicyConstraints(r))],
  [OID.inhibitAnyPolicy, (r, v) => (v.inhibitAnyPolicy = r.smallInteger('inhibitAnyPolicy'))],
  [OID.freshestCRL, (r, v) => (v.freshestCrl = readDistributionPoints(r, 'freshestCRL'))],
  [
    OID.applicationPolicies,
    (r, v) => (v.applicationPolicies = readPolicies(r, 'applicationPolicies').policies),
  ],
])

/** Read here whoever asks, but only some relying parties process them. */
export const MICROSOFT_EXTENSIONS: ReadonlySet<string> = new Set([
  OID.applicationPolicies,
  OID.certificateTemplate,
  OID.enrollCertType,
  OID.ntdsCaSecurityExt,
])

/**
 * Whether a relying party may meet this extension of a certificate as critical and go on (RFC 5280 §6.1.4 (o), §6.1.5 (f)). Critical policies
 * are processed with all of their qualifiers or not at all (§4.2.1.4). `own`: those that the relying party processes beside.
 */
export function isProcessed(
  oid: string,
  { policyQualifiers = [], unreadable = [] }: ExtensionValues,
  own?: ReadonlySet<string>,
): boolean {
  if (oid === OID.certificatePolicies) {
    return policyQualifiers.every((id) => id === CPS_QUALIFIER || id === NOTICE_QUALIFIER)
  }
  if (unreadable.includes(oid)) return false
  return own?.has(oid) === true || (READERS.has(oid) && !MICROSOFT_EXTENSIONS.has(oid))
}

/**
 * Read `Extensions` (RFC 5280 §4.1.2.9, §5.2, §5.3). `readValue` gets a reader over each value and says whether it knew it:
 * what it knew must be whole, what it did not know stays bytes. An extension that stands twice is malformed.
 */
export function readExtensions(
  reader: DerReader,
  field: string,
  readValue: (oid: string, r: DerReader, value: Uint8Array) => boolean,
): readonly Extension[] {
  const seen = new Set<string>()
  return reader.sequence(field).each(field, (list) => {
    const r = list.sequence(field)
    const oid = r.oid(`${field} extnID`)
    if (seen.has(oid)) r.reject(field, `extension ${oid} stands twice (RFC 5280 §4.2)`)
    seen.add(oid)
    const critical = r.flag(`${field} critical`)
    const wrapper = r.element(`${field} extnValue`, TAG.octetString)
    const inner = r.inside(wrapper, field)
    if (readValue(oid, inner, wrapper.contents)) inner.end(oidName(oid))
    r.end(field)
    return { oid, critical, value: wrapper.contents }
  })
}

/** Read `value`, which `r` is a reader over, into `values`; false when it is not one that must be whole. */
export function readCertificateExtension(
  oid: string,
  r: DerReader,
  value: Uint8Array,
  values: WritableValues,
): boolean {
  const read = READERS.get(oid)
  if (read !== undefined && MICROSOFT_EXTENSIONS.has(oid)) {
    const whole = readDer(value, oidName(oid), (inner) => read(inner, values))
    if (!whole.ok) values.unreadable = [...(values.unreadable ?? []), oid]
    return false
  }
  read?.(r, values)
  return read !== undefined
}

function readBasicConstraints(r: DerReader): ExtensionValues['basicConstraints'] & object {
  const field = 'basicConstraints'
  const inner = r.sequence(field)
  const cA = inner.flag(`${field} cA`)
  if (inner.atEnd) return { cA }
  const pathLength = inner.smallInteger(`${field} pathLenConstraint`)
  inner.end(field)
  return { cA, pathLength }
}

function readKeyUsage(r: DerReader): readonly KeyUsageBit[] {
  const { bytes, unusedBits } = r.bitString('keyUsage')
  const last = bytes.at(-1)
  // A named bit list has no trailing zero bits (X.690 §11.2.2), and at least one bit is set (RFC 5280 §4.2.1.3).
  if (last === undefined || (last >> unusedBits) % 2 === 0) {
    r.reject('keyUsage', 'the last bit of a named bit list is set (X.690 §11.2.2)')
  }
  return KEY_USAGE_BITS.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}

const readOids = (r: DerReader, field: string): readonly string[] =>
  r.sequence(field).each(field, (list) => list.oid(field))

/** The keyIdentifier of authorityKeyIdentifier, if it has one. */
export function readAuthorityKeyId(r: DerReader): Uint8Array | undefined {
  const field = 'authorityKeyIdentifier'
  const inner = r.sequence(field)
  const keyId =
    inner.nextTag === contextPrimitive(0)
      ? inner.octetString(field, contextPrimitive(0))
      : undefined
  // authorityCertIssuer and authorityCertSerialNumber stand together or not at all (RFC 5280 §4.2.1.1).
  const issuer = inner.nextTag === contextConstructed(1)
  if (issuer) inner.element(field, contextConstructed(1))
  if (issuer || !inner.atEnd) inner.integerBytes(field, contextPrimitive(2))
  inner.end(field)
  return keyId
}

function readAccessDescriptions(r: DerReader, field: string): readonly AccessDescription[] {
  return r.sequence(field).each(field, (list) => {
    const description = list.sequence(field)
    const method = description.oid(field)
    const at = readGeneralName(description, field)
    description.end(field)
    return { method, at }
  })
}

/** The types of the attributes. */
function readDirectoryAttributes(r: DerReader): readonly string[] {
  const field = 'subjectDirectoryAttributes'
  return r.sequence(field).each(field, (list) => {
    const attribute = list.sequence(field)
    const type = attribute.oid(field)
    attribute.constructed(field, TAG.set).each(field, (value) => value.element(field))
    attribute.end(field)
    return type
  })
}
