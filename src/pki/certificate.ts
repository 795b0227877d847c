/**
 * X.509 v3 certificates (RFC 5280 §4.1) read from DER or PEM into plain data.
 * Not a judgement: a certificate that reads well may still be expired, revoked or forged; {@link ./path.ts} says.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Instant } from '../base/time.ts'
import { contextPrimitive, readDer, TAG, type DerFault, type DerReader } from './der.ts'
import {
  readCertificateExtension,
  readExtensions,
  type Extension,
  type ExtensionValues,
} from './extensions.ts'
import { readName, type Name } from './name.ts'
import { OID } from './oids.ts'

/** PEM or DER beyond this is refused unread. */
export const CERTIFICATE_FILE_BYTES_MAX = 4 * 1024 * 1024

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
type Writable<T> = { -readonly [field in keyof T]: T[field] }

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

const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE'])

/**
 * The blocks of a PEM file that carry one of `labels` (RFC 7468), decoded; others (keys) and text between are passed over.
 * A fault names the line, counted from 1.
 */
export function readPem(
  text: string,
  labels: ReadonlySet<string>,
): Result<readonly Uint8Array[], DerFault> {
  const blocks: Uint8Array[] = []
  let open: { readonly label: string; readonly line: number; body: string[] } | undefined
  const fault = (line: number, rule: string) => err({ field: `PEM line ${line}`, offset: 0, rule })
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const m = /^-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----\s*$/.exec(line)
    if (m === null) {
      open?.body.push(line.trim())
    } else if (m[1] === 'BEGIN') {
      if (open !== undefined) return fault(open.line, `${open.label} has no end (RFC 7468 §2)`)
      open = { label: m[2]!, line: index + 1, body: [] }
    } else {
      if (open?.label !== m[2]) return fault(index + 1, `${m[2]} has no begin (RFC 7468 §2)`)
      const body = open!.body.join('')
      if (labels.has(open!.label)) {
        // Node decodes leniently, so what it read must be what was written. (A pattern for 4 MiB would exhaust the stack.)
        const block = Buffer.from(body, 'base64')
        if (block.toString('base64') !== body) {
          return fault(open!.line, `${m[2]} is not base64 (RFC 7468 §3)`)
        }
        blocks.push(new Uint8Array(block))
      }
      open = undefined
    }
  }
  return open === undefined
    ? ok(blocks)
    : fault(open.line, `${open.label} has no end (RFC 7468 §2)`)
}

/**
 * Read a file of certificates: one in DER, or any number in PEM, in the order of the file.
 * Fails on the first that is malformed, and when there is none; `offset` then counts from that certificate's first byte.
 */
export function readCertificates(bytes: Uint8Array): Result<readonly Certificate[], DerFault> {
  if (bytes.length > CERTIFICATE_FILE_BYTES_MAX) {
    return err({
      field: 'file',
      offset: 0,
      rule: `larger than ${CERTIFICATE_FILE_BYTES_MAX} bytes`,
    })
  }
  let encoded: readonly Uint8Array[] = [bytes]
  if (bytes[0] !== TAG.sequence) {
    const blocks = readPem(Buffer.from(bytes).toString('latin1'), CERTIFICATE_LABELS)
    if (!blocks.ok) return blocks
    encoded = blocks.value
  }
  if (encoded.length === 0) {
    return err({ field: 'file', offset: 0, rule: 'neither DER nor PEM with a certificate' })
  }
  const certificates: Certificate[] = []
  for (const der of encoded) {
    const read = readCertificate(der)
    if (!read.ok) return read
    certificates.push(read.value)
  }
  return ok(certificates)
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
