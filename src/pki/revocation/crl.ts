/**
 * Certificate revocation lists (RFC 5280 §5): read into plain data, and the signed part written.
 * Not a judgement and not a schedule: {@link ./revocation.ts} uses one, {@link ../issuing/issue.ts} publishes them.
 */
import { fromHex, toHex } from '../../base/bytes.ts'
import type { Result } from '../../base/result.ts'
import type { Instant } from '../../base/time.ts'
import type { RevocationReason } from '../../topology/pki.ts'
import { readDer, TAG, type DerFault, type DerReader } from '../encoding/der.ts'
import * as write from '../encoding/der-writer.ts'
import {
  readAlgorithm,
  readSigned,
  type Signed,
  type SignedPart,
  type Writable,
} from '../certificate/certificate.ts'
import {
  readDistributionPoints,
  readIssuingDistributionPoint,
  type CrlScope,
  type DistributionPoint,
} from '../certificate/distribution-point.ts'
import {
  authorityKeyIdentifier,
  crlDistributionPoints,
  encodeExtension,
} from '../certificate/extension-writer.ts'
import { readAuthorityKeyId, readExtensions, type Extension } from '../certificate/extensions.ts'
import { readGeneralNames } from '../certificate/general-name.ts'
import { readName, type Name } from '../certificate/name.ts'
import { OID } from '../encoding/oids.ts'

/** CRLReason (RFC 5280 §5.3.1); removeFromCRL stands only in delta CRLs. */
export type CrlReason = RevocationReason | 'removeFromCRL' | 'privilegeWithdrawn' | 'aACompromise'

const REASONS = new Map<number, CrlReason>([
  [0, 'unspecified'],
  [1, 'keyCompromise'],
  [2, 'cACompromise'],
  [3, 'affiliationChanged'],
  [4, 'superseded'],
  [5, 'cessationOfOperation'],
  [6, 'certificateHold'],
  [8, 'removeFromCRL'],
  [9, 'privilegeWithdrawn'],
  [10, 'aACompromise'],
])
const REASON_CODES = new Map([...REASONS].map(([code, reason]) => [reason, code]))

/** Read CRLReason, an ENUMERATED. */
export function readReason(r: DerReader, field: string): CrlReason {
  const code = r.smallInteger(field, TAG.enumerated)
  return REASONS.get(code) ?? r.reject(field, `${code} is not one of RFC 5280 §5.3.1`)
}

/** Write CRLReason; undefined where it is left out rather than written as unspecified (RFC 5280 §5.3.1). */
export function writeReason(reason: CrlReason | undefined): Uint8Array | undefined {
  const code = reason === undefined ? undefined : REASON_CODES.get(reason)
  return code === undefined || code === 0 ? undefined : write.integer(code, TAG.enumerated)
}

export interface RevokedEntry {
  /** Hexadecimal, as encoded in the certificate. */
  readonly serial: string
  readonly revokedAt: Instant
  /** Absent: not stated, which means unspecified. */
  readonly reason?: CrlReason
}

export interface Crl extends Signed {
  readonly der: Uint8Array
  readonly issuer: Name
  readonly thisUpdate: Instant
  readonly nextUpdate?: Instant
  /** What its own issuer issued, by serial number. */
  readonly entries: ReadonlyMap<string, RevokedEntry>
  /** What others issued (certificateIssuer, §5.3.3), by {@link foreignKey}: an indirect CRL has such. */
  readonly foreignEntries: ReadonlyMap<string, RevokedEntry>
  /** The critical extensions that nothing here processes, entry extensions included: such a CRL decides nothing (§5.2). */
  readonly unknownCritical: readonly string[]
  /** crlNumber, hexadecimal. */
  readonly number?: string
  readonly authorityKeyId?: Uint8Array
  /** issuingDistributionPoint; absent: every certificate of its issuer, every reason. */
  readonly scope?: CrlScope
  /** BaseCRLNumber, hexadecimal: this is a delta to the CRL of that number or a later one. */
  readonly deltaBase?: string
  /** Where deltas to it are published. */
  readonly freshestCrl?: readonly DistributionPoint[]
  /** When its issuer means to publish the next one (Microsoft's Next CRL Publish). */
  readonly nextPublish?: Instant
  readonly extensions: readonly Extension[]
}

/** The key of an entry that names another issuer than that of the CRL. */
export const foreignKey = (serial: string, issuer: Name): string => `${serial} ${issuer.key}`

/** Read a CertificateList, DER. */
export const readCrl = (der: Uint8Array): Result<Crl, DerFault> =>
  readDer(der, 'crl', (reader) => readSigned(reader, 'certificateList', (tbs) => readTbs(tbs, der)))

const EXTENSIONS_NEED_VERSION_2 = 'extensions need version 2 (RFC 5280 §5.1.2.1)'

function readTbs(r: DerReader, der: Uint8Array): SignedPart<Omit<Crl, keyof Signed>> {
  const isWritten = r.nextTag === TAG.integer
  const version = isWritten ? r.smallInteger('version') : 0
  if (isWritten && version !== 1) r.reject('version', 'expected 1, version 2 (RFC 5280 §5.1.2.1)')
  const innerAlgorithm = readAlgorithm(r, 'signature')
  const issuer = readName(r, 'issuer')
  const thisUpdate = r.time('thisUpdate')
  const unknown: string[] = []
  const entries = new Map<string, RevokedEntry>()
  const foreignEntries = new Map<string, RevokedEntry>()
  const values: WritableCrl = {
    der,
    issuer,
    thisUpdate,
    entries,
    foreignEntries,
    unknownCritical: unknown,
    extensions: [],
  }
  if (r.nextTag === TAG.utcTime || r.nextTag === TAG.generalizedTime) {
    values.nextUpdate = r.time('nextUpdate')
  }
  const listed = r.nextTag === TAG.sequence ? r.sequence('revokedCertificates') : undefined
  // An entry's certificateIssuer holds for those after it, too (§5.3.3).
  let of: Name = issuer
  listed?.each('revokedCertificates', (list) => {
    const { entry, certificateIssuer } = readEntry(list, unknown, isWritten)
    of = certificateIssuer ?? of
    if (of.key === issuer.key) entries.set(entry.serial, entry)
    else foreignEntries.set(foreignKey(entry.serial, of), entry)
  })
  const wrapper = r.explicit(0, 'crlExtensions')
  r.end('tbsCertList')
  if (!isWritten && wrapper !== undefined) r.reject('version', EXTENSIONS_NEED_VERSION_2)
  if (wrapper !== undefined) readCrlExtensions(wrapper, values, unknown)
  return { innerAlgorithm, values }
}

/** A CRL while it is being read. */
type WritableCrl = Writable<Omit<Crl, keyof Signed>>

const CRL_READERS = new Map<string, (r: DerReader, values: WritableCrl) => void>([
  [OID.cRLNumber, (r, v) => (v.number = toHex(r.integerBytes('cRLNumber')))],
  [
    OID.authorityKeyIdentifier,
    (r, v) => {
      const keyId = readAuthorityKeyId(r)
      if (keyId !== undefined) v.authorityKeyId = keyId
    },
  ],
  [OID.issuingDistributionPoint, (r, v) => (v.scope = readIssuingDistributionPoint(r))],
  [OID.deltaCRLIndicator, (r, v) => (v.deltaBase = toHex(r.integerBytes('deltaCRLIndicator')))],
  [OID.freshestCRL, (r, v) => (v.freshestCrl = readDistributionPoints(r, 'freshestCRL'))],
  [OID.nextCrlPublish, (r, v) => (v.nextPublish = r.time('nextCrlPublish'))],
])

function readCrlExtensions(wrapper: DerReader, values: WritableCrl, unknown: string[]): void {
  values.extensions = readExtensions(wrapper, 'crlExtensions', (oid, r) => {
    const read = CRL_READERS.get(oid)
    read?.(r, values)
    return read !== undefined
  })
  wrapper.end('crlExtensions')
  unknown.push(...criticalBeyond(values.extensions, CRL_READERS))
}

interface ReadEntry {
  readonly entry: RevokedEntry
  readonly certificateIssuer?: Name
}

function readEntry(list: DerReader, unknown: string[], isVersion2: boolean): ReadEntry {
  const field = 'revokedCertificates'
  const r = list.sequence(field)
  const serial = toHex(r.integerBytes(`${field} userCertificate`))
  const revokedAt = r.time(`${field} revocationDate`)
  if (r.atEnd) return { entry: { serial, revokedAt } }
  if (!isVersion2) r.reject(field, EXTENSIONS_NEED_VERSION_2)
  let reason: CrlReason | undefined
  let certificateIssuer: Name | undefined
  const extensions = readExtensions(r, 'crlEntryExtensions', (oid, value) => {
    if (oid === OID.certificateIssuer) {
      const names = readGeneralNames(value, 'certificateIssuer')
      certificateIssuer = names.find((name) => name.kind === 'directory')?.name
      return true
    }
    if (oid !== OID.reasonCode) return false
    reason = readReason(value, 'reasonCode')
    return true
  })
  r.end(field)
  unknown.push(...criticalBeyond(extensions, ENTRY_EXTENSIONS))
  const entry = { serial, revokedAt, ...(reason !== undefined && { reason }) }
  return { entry, ...(certificateIssuer !== undefined && { certificateIssuer }) }
}

const ENTRY_EXTENSIONS: ReadonlySet<string> = new Set([OID.reasonCode, OID.certificateIssuer])

const criticalBeyond = (
  extensions: readonly Extension[],
  known: { has(oid: string): boolean },
): readonly string[] =>
  extensions.filter(({ oid, critical }) => critical && !known.has(oid)).map(({ oid }) => oid)

/** What a CRL says before it is signed. */
export interface CrlContents {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
  /** In the order in which they stand on the list. */
  readonly entries: readonly RevokedEntry[]
  /** crlNumber: 1 for the first. */
  readonly number: number
  /** subjectKeyIdentifier of the issuer. */
  readonly authorityKeyId: Uint8Array
  /** BaseCRLNumber: this is a delta to the complete CRL of that number. */
  readonly deltaBase?: number
  /** Where deltas to it are published. */
  readonly freshestUrls?: readonly string[]
  /** Microsoft's Next CRL Publish. */
  readonly nextPublish?: Instant
}

/** Write a version 2 CertificateList; `sign` gets the signed part and answers with a sha256WithRSAEncryption signature. */
export function writeCrl(contents: CrlContents, sign: (tbs: Uint8Array) => Uint8Array): Uint8Array {
  const algorithm = write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement())
  const tbs = write.sequence(
    write.integer(1),
    algorithm,
    contents.issuer,
    write.time(contents.thisUpdate),
    write.time(contents.nextUpdate),
    // revokedCertificates is absent when there are none (RFC 5280 §5.1.2.6).
    ...(contents.entries.length === 0 ? [] : [write.sequence(...contents.entries.map(writeEntry))]),
    write.explicit(0, write.sequence(...crlExtensions(contents).map(encodeExtension))),
  )
  return write.sequence(tbs, algorithm, write.bitString(sign(tbs)))
}

function crlExtensions(contents: CrlContents): readonly Extension[] {
  const { deltaBase, freshestUrls = [], nextPublish } = contents
  const extension = (oid: string, value: Uint8Array, critical = false) => [{ oid, critical, value }]
  return [
    authorityKeyIdentifier(contents.authorityKeyId),
    ...extension(OID.cRLNumber, write.integer(contents.number)),
    ...(deltaBase === undefined
      ? []
      : extension(OID.deltaCRLIndicator, write.integer(deltaBase), true)),
    ...(nextPublish === undefined ? [] : extension(OID.nextCrlPublish, write.time(nextPublish))),
    ...(freshestUrls.length === 0
      ? []
      : extension(OID.freshestCRL, crlDistributionPoints(freshestUrls).value)),
  ]
}

function writeEntry({ serial, revokedAt, reason }: RevokedEntry): Uint8Array {
  const value = writeReason(reason)
  const extensions =
    value === undefined
      ? []
      : [write.sequence(encodeExtension({ oid: OID.reasonCode, critical: false, value }))]
  return write.sequence(
    write.element(TAG.integer, fromHex(serial)),
    write.time(revokedAt),
    ...extensions,
  )
}
