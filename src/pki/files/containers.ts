/**
 * Files that hold certificates, CRLs and OCSP responses: DER, PEM, PKCS #7 and PKCS #12, told apart by what is in them. Private keys
 * are dropped at the door. Not a judgement: {@link ../path/path.ts} says whether a certificate is good.
 */
import { err, ok, type Result } from '../../base/result.ts'
import { decodeText, tooLarge } from '../../topology/files.ts'
import { readCertificate, type Certificate } from '../certificate/certificate.ts'
import { readCrl, type Crl } from '../revocation/crl.ts'
import { formatDerFault, readDer, TAG, type DerFault } from '../encoding/der.ts'
import { foreignKind, kindOfAsn1, kindOfLabel, KIND_WORDS, type FileKind } from './file-kind.ts'
import { readOcspResponse } from '../revocation/ocsp-response.ts'
import { decodePem, pemBlocks, type PemBlock } from '../encoding/pem.ts'
import { readPkcs12 } from './pkcs12.ts'
import { readSignedData } from './pkcs7.ts'

/** A larger file is refused unread. */
export const CERTIFICATE_FILE_BYTES_MAX = 4 * 1024 * 1024

/** What a file holds for a relying party, each list in the order of the file. */
export interface Contents {
  readonly certificates: readonly Certificate[]
  readonly crls: readonly Crl[]
  /** OCSPResponse, DER. */
  readonly ocspResponses: readonly Uint8Array[]
  /** Private keys that stood beside and were not kept. */
  readonly privateKeys: number
}

/**
 * Why nothing was read. `malformed`: of a kind that is read, but broken, `offset` counts from the first byte of the innermost value that
 * `field` names. `nothing`: a kind of file that holds none. The rule is a sentence about the file for all but `malformed`.
 */
export interface ContainerFault extends DerFault {
  readonly kind: 'malformed' | 'nothing' | 'too-large' | 'password-needed' | 'password-wrong'
}

/** One line, without the file's name. */
export const formatContainerFault = (fault: ContainerFault): string =>
  fault.kind === 'malformed' ? formatDerFault(fault) : fault.rule

type Read = Result<Contents, ContainerFault>

const EMPTY: Contents = { certificates: [], crls: [], ocspResponses: [], privateKeys: 0 }

const refuse = (kind: ContainerFault['kind'], rule: string) =>
  err({ kind, field: 'file', offset: 0, rule })

const malformed = (fault: DerFault, within = ''): Result<never, ContainerFault> =>
  err({ ...fault, kind: 'malformed', field: `${within}${fault.field}` })

/**
 * Read a file. `password` opens PKCS #12; without one, only what needs none opens. Fails on the first value that is malformed, and
 * when there is nothing in it for a relying party.
 */
export function readContainer(bytes: Uint8Array, password?: string): Read {
  if (bytes.length > CERTIFICATE_FILE_BYTES_MAX)
    return refuse('too-large', tooLarge(bytes.length, CERTIFICATE_FILE_BYTES_MAX))
  if (bytes.length === 0) return refuse('nothing', 'is empty')
  if (bytes[0] === TAG.sequence) {
    const kind = kindOfAsn1(bytes)
    return kind === 'pkcs12' ? readLocked(bytes, password) : readAsn1(bytes, kind)
  }
  const text = decodeText(bytes)?.text
  // Text around the blocks may be in any old encoding; the blocks themselves are ASCII.
  const readable = text ?? Buffer.from(bytes).toString('latin1')
  if (/^-----(?:BEGIN|END)/m.test(readable)) return readPemText(readable)
  const foreign = foreignKind(bytes, text)
  return refuse(
    'nothing',
    foreign === undefined
      ? 'neither DER nor PEM with a certificate'
      : `is ${foreign}, neither DER nor PEM with a certificate`,
  )
}

const holdsNothing = (kind: FileKind, where = ''): Result<never, ContainerFault> =>
  refuse('nothing', `holds ${KIND_WORDS[kind]}${where}, no certificate`)

/** One value. `kind` undefined: read as a certificate, so that the fault says where it stops being one. */
function readAsn1(der: Uint8Array, kind: FileKind | undefined): Read {
  switch (kind) {
    case 'crl': {
      const crl = readCrl(der)
      return crl.ok ? ok({ ...EMPTY, crls: [crl.value] }) : malformed(crl.error)
    }
    case 'pkcs7': {
      const bundle = readSignedData(der)
      return bundle.ok ? readBundle(bundle.value, 'PKCS #7') : malformed(bundle.error)
    }
    case 'ocsp-response': {
      const response = readOcspResponse(der)
      return response.ok ? ok({ ...EMPTY, ocspResponses: [der] }) : malformed(response.error)
    }
    case 'certificate':
    case undefined: {
      const certificate = readCertificate(der)
      return certificate.ok
        ? ok({ ...EMPTY, certificates: [certificate.value] })
        : malformed(certificate.error)
    }
    default:
      return holdsNothing(kind)
  }
}

function readLocked(der: Uint8Array, password: string | undefined): Read {
  const bundle = readPkcs12(der, password)
  if (bundle.ok) return readBundle(bundle.value, 'PKCS #12')
  if (bundle.error.kind === 'malformed') return malformed(bundle.error.fault)
  return password === undefined
    ? refuse('password-needed', 'is protected by a password, and none was given')
    : refuse('password-wrong', 'does not open with the password that was given')
}

interface Bundle {
  readonly certificates: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
  readonly privateKeys?: number
}

function readBundle(bundle: Bundle, what: string): Read {
  const certificates: Certificate[] = []
  for (const [index, der] of bundle.certificates.entries()) {
    const read = readCertificate(der)
    if (!read.ok) return malformed(read.error, `certificate ${index + 1} in the ${what}: `)
    certificates.push(read.value)
  }
  const crls: Crl[] = []
  for (const [index, der] of bundle.crls.entries()) {
    const read = readCrl(der)
    if (!read.ok) return malformed(read.error, `CRL ${index + 1} in the ${what}: `)
    crls.push(read.value)
  }
  const privateKeys = bundle.privateKeys ?? 0
  if (certificates.length + crls.length > 0)
    return ok({ ...EMPTY, certificates, crls, privateKeys })
  return privateKeys > 0
    ? holdsNothing('private-key')
    : refuse('nothing', `is a ${what} bundle with nothing in it`)
}

function readPemText(text: string): Read {
  const blocks = pemBlocks(text)
  if (!blocks.ok) return malformed(blocks.error)
  const found: Contents[] = []
  for (const block of blocks.value) {
    const read = readBlock(block)
    if (!read.ok) return read
    found.push(read.value)
  }
  const contents: Contents = {
    certificates: found.flatMap(({ certificates }) => certificates),
    crls: found.flatMap(({ crls }) => crls),
    ocspResponses: [],
    privateKeys: found.reduce((sum, { privateKeys }) => sum + privateKeys, 0),
  }
  if (contents.certificates.length + contents.crls.length > 0) return ok(contents)
  const first = blocks.value.find(({ label }) => kindOfLabel(label) !== undefined)
  return first === undefined
    ? refuse('nothing', 'neither DER nor PEM with a certificate')
    : holdsNothing(pemKind(first)!, ` (${first.label}, line ${first.line})`)
}

/** The kind of a block; one that is encrypted in the way of RFC 1421 says so in its first lines. */
function pemKind({ label, body }: PemBlock): FileKind | undefined {
  const kind = kindOfLabel(label)
  const isLocked = kind === 'private-key' && /^Proc-Type:.*ENCRYPTED/.test(body[0] ?? '')
  return isLocked ? 'encrypted-private-key' : kind
}

/** Blocks that hold neither certificate nor CRL are not even decoded. */
function readBlock(block: PemBlock): Read {
  const named = pemKind(block)
  if (named === 'private-key' || named === 'encrypted-private-key') {
    return ok({ ...EMPTY, privateKeys: 1 })
  }
  if (named === undefined || named === 'request' || named === 'public-key') return ok(EMPTY)
  const bytes = decodePem(block)
  if (!bytes.ok) return malformed(bytes.error)
  const der = block.label === 'TRUSTED CERTIFICATE' ? withoutTrust(bytes.value) : bytes.value
  // Programs write every kind of file under the label CERTIFICATE: certutil -encode does.
  const read = readAsn1(der, kindOfAsn1(der) ?? named)
  if (read.ok) return read
  const { kind, field, rule } = read.error
  const where = `PEM line ${block.line}`
  return err({
    ...read.error,
    field: `${where}, ${field}`,
    rule: kind === 'malformed' ? rule : `${rule} (${where})`,
  })
}

/** OpenSSL's TRUSTED CERTIFICATE is a certificate with trust settings behind it: those are somebody else's. */
function withoutTrust(der: Uint8Array): Uint8Array {
  const first = readDer(der, 'certificate', (r) => {
    const { encoded } = r.element('certificate', TAG.sequence)
    if (!r.atEnd) r.element('trust settings', TAG.sequence)
    return encoded
  })
  return first.ok ? first.value : der
}

/**
 * The certificates of a file that needs no password, in the order of the file; what else it holds is passed over.
 * Fails on the first that is malformed, and when there is none.
 */
export function readCertificates(
  bytes: Uint8Array,
): Result<readonly Certificate[], ContainerFault> {
  const contents = readContainer(bytes)
  if (!contents.ok) return contents
  const { certificates, crls } = contents.value
  if (certificates.length > 0) return ok(certificates)
  return holdsNothing(crls.length > 0 ? 'crl' : 'ocsp-response')
}
