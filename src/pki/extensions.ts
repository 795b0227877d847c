/**
 * Certificate extensions read into plain data: RFC 5280 §4.2 and the Microsoft ones that Always On VPN meets.
 * Not a judgement: {@link ./path.ts} decides what they mean for a path. One that is not read here keeps its bytes.
 */
import { fromUtf8 } from '../base/bytes.ts'
import { contextConstructed, contextPrimitive, TAG, type DerReader } from './der.ts'
import { readName, type Name } from './name.ts'
import { OID, oidName } from './oids.ts'

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
const KEY_USAGE_BITS: readonly KeyUsageBit[] = [
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

export type GeneralName =
  | { readonly kind: 'dns' | 'email' | 'uri' | 'upn'; readonly value: string }
  /** 4 or 16 bytes. */
  | { readonly kind: 'ip'; readonly address: Uint8Array }
  | { readonly kind: 'directory'; readonly name: Name }
  /** Another choice, or an otherName that is not a UPN: the whole element's identifier octet and contents. */
  | { readonly kind: 'other'; readonly tag: number; readonly contents: Uint8Array }

export interface DistributionPoint {
  /** Names of kind `uri` are where the CRL is fetched. */
  readonly fullName: readonly GeneralName[]
  /** Relative to the CRL issuer, or limited to some reasons, or from another issuer: kept, not followed. */
  readonly limited: boolean
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
  readonly authorityInfoAccess?: readonly { readonly method: string; readonly at: GeneralName }[]
  readonly template?: { readonly oid: string; readonly major?: number; readonly minor?: number }
  /** Microsoft's application policies, OIDs as in extKeyUsage. */
  readonly applicationPolicies?: readonly string[]
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
  [OID.cRLDistributionPoints, (r, v) => (v.crlDistributionPoints = readDistributionPoints(r))],
  [OID.authorityInfoAccess, (r, v) => (v.authorityInfoAccess = readAccessDescriptions(r))],
  [OID.certificateTemplate, (r, v) => (v.template = readTemplate(r))],
  [OID.applicationPolicies, (r, v) => (v.applicationPolicies = readPolicies(r))],
])

/** Whether a relying party may meet this extension as critical and go on (RFC 5280 §6.1.4 (o), §6.1.5 (f)). */
export const isProcessed = (oid: string): boolean => READERS.has(oid)

/**
 * Read `Extensions` (RFC 5280 §4.1.2.9, §5.2, §5.3). `readValue` gets a reader over each value and says whether it knew it:
 * what it knew must be whole, what it did not know stays bytes. An extension that stands twice is malformed.
 */
export function readExtensions(
  reader: DerReader,
  field: string,
  readValue: (oid: string, r: DerReader) => boolean,
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
    if (readValue(oid, inner)) inner.end(oidName(oid))
    r.end(field)
    return { oid, critical, value: wrapper.contents }
  })
}

/** Read the value of a certificate extension into `values`; false when it is not one that is known. */
export function readCertificateExtension(
  oid: string,
  r: DerReader,
  values: WritableValues,
): boolean {
  const read = READERS.get(oid)
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

const readGeneralNames = (r: DerReader, field: string): readonly GeneralName[] =>
  r.sequence(field).each(field, (list) => readGeneralName(list, field))

function readGeneralName(r: DerReader, field: string): GeneralName {
  const tag = r.nextTag
  switch (tag) {
    case contextConstructed(0):
      return readOtherName(r, field)
    case contextPrimitive(1):
      return { kind: 'email', value: r.ia5String(field, tag) }
    case contextPrimitive(2):
      return { kind: 'dns', value: r.ia5String(field, tag) }
    case contextPrimitive(6):
      return { kind: 'uri', value: r.ia5String(field, tag) }
    case contextPrimitive(7):
      return { kind: 'ip', address: readIpAddress(r, field, tag) }
    case contextConstructed(4): {
      // A CHOICE cannot be tagged implicitly: Name sits whole inside [4].
      const inner = r.constructed(field, tag)
      const name = readName(inner, field)
      inner.end(field)
      return { kind: 'directory', name }
    }
    case contextConstructed(3):
    case contextConstructed(5):
    case contextPrimitive(8):
      return { kind: 'other', tag, contents: r.element(field).contents }
    default:
      return r.reject(field, 'not a GeneralName (RFC 5280 §4.2.1.6)')
  }
}

function readIpAddress(r: DerReader, field: string, tag: number): Uint8Array {
  const { contents, offset } = r.element(field, tag)
  if (contents.length !== 4 && contents.length !== 16) {
    r.reject(field, `an iPAddress of ${contents.length} bytes (RFC 5280 §4.2.1.6)`, offset)
  }
  return contents
}

function readOtherName(r: DerReader, field: string): GeneralName {
  const whole = r.element(field, contextConstructed(0))
  const inner = r.inside(whole, field)
  const type = inner.oid(`${field} otherName type`)
  const value = inner.constructed(`${field} otherName value`, contextConstructed(0))
  const element = value.element(`${field} otherName value`)
  value.end(field)
  inner.end(field)
  return type === OID.userPrincipalName && element.tag === TAG.utf8String
    ? { kind: 'upn', value: fromUtf8(element.contents) }
    : { kind: 'other', tag: whole.tag, contents: whole.contents }
}

function readDistributionPoints(r: DerReader): readonly DistributionPoint[] {
  const field = 'cRLDistributionPoints'
  return r.sequence(field).each(field, (list) => {
    const point = list.sequence(field)
    const name = point.explicit(0, field)
    const fullName = name?.explicit(0, field)?.each(field, (n) => readGeneralName(n, field)) ?? []
    const relative = name !== undefined && !name.atEnd
    const limited = relative || !point.atEnd
    if (relative) name.element(field, contextConstructed(1))
    name?.end(field)
    if (point.nextTag === contextPrimitive(1)) point.bitString(field, contextPrimitive(1))
    point.explicit(2, field)?.each(field, (n) => readGeneralName(n, field))
    point.end(field)
    return { fullName, limited }
  })
}

function readAccessDescriptions(r: DerReader): ExtensionValues['authorityInfoAccess'] & object {
  const field = 'authorityInfoAccess'
  return r.sequence(field).each(field, (list) => {
    const description = list.sequence(field)
    const method = description.oid(field)
    const at = readGeneralName(description, field)
    description.end(field)
    return { method, at }
  })
}

function readTemplate(r: DerReader): ExtensionValues['template'] & object {
  const field = 'certificateTemplate'
  const inner = r.sequence(field)
  const oid = inner.oid(field)
  if (inner.atEnd) return { oid }
  const major = inner.smallInteger(field)
  if (inner.atEnd) return { oid, major }
  const minor = inner.smallInteger(field)
  inner.end(field)
  return { oid, major, minor }
}

/** Application policies have the syntax of certificatePolicies; their qualifiers mean nothing here. */
function readPolicies(r: DerReader): readonly string[] {
  const field = 'applicationPolicies'
  return r.sequence(field).each(field, (list) => {
    const policy = list.sequence(field)
    const oid = policy.oid(field)
    if (!policy.atEnd) policy.element(field, TAG.sequence)
    policy.end(field)
    return oid
  })
}
