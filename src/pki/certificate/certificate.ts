/**
 * X.509 v3 certificates (RFC 5280 §4.1) read from DER into plain data; {@link ../files/containers.ts} finds them in files.
 * Not a judgement: a certificate that reads well may still be expired, revoked or forged; {@link ../path/path.ts} says.
 */
import { equalBytes, toHex } from '../../base/bytes.ts'
import type { Result } from '../../base/result.ts'
import type { Instant } from '../../base/time.ts'
import { contextPrimitive, readDer, TAG, type DerFault, type DerReader } from '../encoding/der.ts'
import {
  readCertificateExtension,
  readExtensions,
  type Extension,
  type ExtensionValues,
} from './extensions.ts'
import { readName, type Name } from './name.ts'
import { OID } from '../encoding/oids.ts'

export interface AlgorithmIdentifier {
  readonly oid: string
  /** The whole AlgorithmIdentifier, DER: two are equal when these bytes are. */
  readonly der: Uint8Array
  /** The parameters element, if there is one. */
  readonly parameters?: Uint8Array
}

/** Something signed: a certificate or a CRL. */
export interface Signed {
  /** The bytes that the signature covers. */
  readonly tbs: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
}

export interface Certificate extends Signed, ExtensionValues {
  readonly der: Uint8Array
  readonly version: 1 | 2 | 3
  /** Hexadecimal, as encoded. */
  readonly serial: string
  readonly issuer: Name
  readonly subject: Name
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** All of them, known or not, in order. */
  readonly extensions: readonly Extension[]
  /** Thumbprint of the real certificate that this one stands for; absent: it stands for itself. */
  readonly mirrorOf?: string
}

/** Read AlgorithmIdentifier (RFC 5280 §4.1.1.2). */
export function readAlgorithm(reader: DerReader, field: string): AlgorithmIdentifier {
  const whole = reader.element(field, TAG.sequence)
  const inner = reader.inside(whole, field)
  const oid = inner.oid(field)
  if (inner.atEnd) return { oid, der: whole.encoded }
  const parameters = inner.element(field).encoded
  inner.end(field)
  return { oid, der: whole.encoded, parameters }
}

/** What the signed part of a certificate or CRL says, and the algorithm that it names for its own signature. */
export interface SignedPart<T> {
  readonly innerAlgorithm: AlgorithmIdentifier
  readonly values: T
}

/** Read the outer SEQUENCE of a certificate or CRL; `readTbs` gets a reader over the signed part. Its values are added to. */
export function readSigned<T extends object>(
  reader: DerReader,
  field: string,
  readTbs: (tbs: DerReader) => SignedPart<T>,
): Signed & T {
  const outer = reader.sequence(field)
  const tbs = outer.element(field, TAG.sequence)
  const { innerAlgorithm, values } = readTbs(outer.inside(tbs, field))
  const signatureAlgorithm = readAlgorithm(outer, 'signatureAlgorithm')
  if (!equalBytes(innerAlgorithm.der, signatureAlgorithm.der)) {
    outer.reject('signatureAlgorithm', 'differs from the signed one (RFC 5280 §4.1.1.2)')
  }
  const signature = outer.octetsOfBits('signatureValue')
  outer.end(field)
  return Object.assign(values, { tbs: tbs.encoded, signatureAlgorithm, signature })
}

/** Read one certificate, DER. The bytes are kept, not copied. */
export const readCertificate = (der: Uint8Array): Result<Certificate, DerFault> =>
  readDer(der, 'certificate', (reader) =>
    readSigned(reader, 'certificate', (tbs) => readTbs(tbs, der)),
  )

function readTbs(r: DerReader, der: Uint8Array): SignedPart<Omit<Certificate, keyof Signed>> {
  const version = readVersion(r)
  const serial = toHex(r.integerBytes('serialNumber'))
  const innerAlgorithm = readAlgorithm(r, 'signature')
  const issuer = readName(r, 'issuer')
  const validity = r.sequence('validity')
  const notBefore = validity.time('notBefore')
  const notAfter = validity.time('notAfter')
  validity.end('validity')
  const subject = readName(r, 'subject')
  const spki = readSpki(r)
  const values: WritableCertificate = {
    der,
    version,
    serial,
    issuer,
    notBefore,
    notAfter,
    subject,
    spki,
    extensions: [],
  }
  readTail(r, values)
  return { innerAlgorithm, values }
}

/** A certificate while it is being read: one object from first to last, since copying it took a fifth of the reading. */
type WritableCertificate = Writable<Omit<Certificate, keyof Signed>>
/** What is read field by field. */
export type Writable<T> = { -readonly [field in keyof T]: T[field] }

function readVersion(r: DerReader): 1 | 2 | 3 {
  const wrapper = r.explicit(0, 'version')
  if (wrapper === undefined) return 1
  const version = wrapper.smallInteger('version')
  wrapper.end('version')
  if (version === 1) return 2
  if (version === 2) return 3
  return r.reject('version', `version field is ${version}, expected 1 or 2 (RFC 5280 §4.1.2.1)`)
}

/** Only the frame is read: which keys are usable is found when one verifies a signature. */
function readSpki(r: DerReader): Uint8Array {
  const whole = r.element('subjectPublicKeyInfo', TAG.sequence)
  const inner = r.inside(whole, 'subjectPublicKeyInfo')
  readAlgorithm(inner, 'subjectPublicKeyInfo algorithm')
  inner.octetsOfBits('subjectPublicKey')
  inner.end('subjectPublicKeyInfo')
  return whole.encoded
}

function readTail(r: DerReader, values: WritableCertificate): void {
  const { version } = values
  for (const n of [1, 2]) {
    if (r.nextTag !== contextPrimitive(n)) continue
    if (version === 1) r.reject('uniqueID', 'in a version 1 certificate (RFC 5280 §4.1.2.8)')
    r.bitString('uniqueID', contextPrimitive(n))
  }
  const wrapper = r.explicit(3, 'extensions')
  r.end('tbsCertificate')
  if (wrapper === undefined) return
  if (version !== 3) r.reject('extensions', 'in a certificate below version 3 (RFC 5280 §4.1.2.9)')
  values.extensions = readExtensions(wrapper, 'extensions', (oid, reader, value) =>
    readCertificateExtension(oid, reader, value, values),
  )
  wrapper.end('extensions')
}

/** `CN=vpn.contoso.com`; for a certificate without a subject its serial number. For messages. */
export const subjectOf = (certificate: Certificate): string =>
  certificate.subject.text === '' ? `serial ${certificate.serial}` : certificate.subject.text

/** Subject and issuer are the same name (RFC 5280 §6.1). */
export const isSelfIssued = (certificate: Certificate): boolean =>
  certificate.subject.key === certificate.issuer.key

/** The HTTP and other URLs at which the CRL for this certificate is published, in order. */
export const crlUrlsOf = (certificate: Certificate): readonly string[] =>
  (certificate.crlDistributionPoints ?? [])
    .filter(({ reasons, crlIssuer }) => reasons === undefined && crlIssuer.length === 0)
    .flatMap((point) => point.fullName)
    .flatMap((name) => (name.kind === 'uri' ? [name.value] : []))

/** The URLs at which the issuer's certificate is published (AIA caIssuers), in order. */
export const issuerUrlsOf = (certificate: Certificate): readonly string[] =>
  accessUrlsOf(certificate, OID.caIssuers)

/** The URLs of the OCSP responders that answer for this certificate (AIA ocsp), in order. */
export const responderUrlsOf = (certificate: Certificate): readonly string[] =>
  accessUrlsOf(certificate, OID.ocsp)

const accessUrlsOf = ({ authorityInfoAccess = [] }: Certificate, wanted: string) =>
  authorityInfoAccess.flatMap(({ method, at }) =>
    method === wanted && at.kind === 'uri' ? [at.value] : [],
  )
