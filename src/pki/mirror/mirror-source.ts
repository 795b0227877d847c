/**
 * Real certificates in a topology: read where the topology is written, mirrored with lab keys where a lab is built.
 * Not a whole hierarchy at once: {@link ./mirror.ts} takes one. Here the topology says who issued what, and it must be true.
 */
import { invariant } from '../../base/invariant.ts'
import { between, type Duration } from '../../base/time.ts'
import { readNear, SourceFileError } from '../../topology/files.ts'
import type { AuthoritySpec, CertificateSpec, MirrorSource } from '../../topology/pki.ts'
import {
  isSelfIssued,
  readCertificate,
  subjectOf,
  type Certificate,
} from '../certificate/certificate.ts'
import {
  CERTIFICATE_FILE_BYTES_MAX,
  formatContainerFault,
  readCertificates,
} from '../files/containers.ts'
import { readDer } from '../encoding/der.ts'
import type { KeyPair } from '../keys/key-pool.ts'
import { keptDigest, reissue } from './mirror-writer.ts'
import { encodeName, parseName, readName, type Name } from '../certificate/name.ts'
import { verifySignature, type SignRsa } from '../keys/signature.ts'
import { thumbprint } from '../certificate/thumbprint.ts'

/** What a real certificate says of itself, for an {@link AuthoritySpec} or a {@link CertificateSpec}. */
export interface MirroredSpec {
  readonly subject: string
  readonly validFor: Duration
  readonly mirrors: MirrorSource
}

/**
 * A real certificate from a file (PEM, DER or PKCS #7; its first), named relative to the file that names it. The lab issues it again with
 * a lab key; its dates are the real ones. Throws {@link SourceFileError} when it cannot be read.
 *
 * @example
 * // authorities: { root: mirrorOf(import.meta.url, './root.cer') }
 * // certificates: [{ name: 'ike', issuer: 'root', ...mirrorOf(import.meta.url, './gateway.pem') }]
 */
export function mirrorOf(from: string, relative: string): MirroredSpec {
  const { shown, bytes } = readNear(from, relative, CERTIFICATE_FILE_BYTES_MAX)
  const read = readCertificates(bytes)
  if (!read.ok) throw new SourceFileError(shown, formatContainerFault(read.error))
  const { subject, notBefore, notAfter, der } = read.value[0]!
  return {
    subject: subject.text,
    validFor: between(notBefore, notAfter),
    mirrors: { path: shown, base64: Buffer.from(der).toString('base64') },
  }
}

const originals = new WeakMap<MirrorSource, Certificate | undefined>()

/** The real certificate; undefined: there is none, or it does not read ({@link mirrorProblem} says why). */
export function originalOf({ mirrors }: MayMirror): Certificate | undefined {
  if (mirrors === undefined) return undefined
  if (!originals.has(mirrors)) {
    const read = readCertificate(new Uint8Array(Buffer.from(mirrors.base64, 'base64')))
    originals.set(mirrors, read.ok ? read.value : undefined)
  }
  return originals.get(mirrors)
}

type MayMirror = Pick<AuthoritySpec, 'mirrors'>

/** The mirror of `original`, which `issuer` issued; undefined: it issued itself. Both were checked before. */
export function mirrorBelow(
  original: Certificate,
  keys: KeyPair,
  issuer: { readonly spec: AuthoritySpec; readonly keys: KeyPair; readonly sign: SignRsa },
): Certificate {
  const above = originalOf(issuer.spec)
  const holds = above === undefined || verifySignature(original, above.spki) === 'good'
  const signing = { privateKey: issuer.keys.privateKey, sign: issuer.sign, holds }
  const read = readCertificate(reissue(original, signing, keys.spki))
  invariant(read.ok, `a mirror does not read: ${JSON.stringify(read)}`)
  return { ...read.value, mirrorOf: thumbprint(original) }
}

/** Why `spec` cannot be mirrored below `issuer`; undefined: it can, or mirrors nothing. */
export function mirrorProblem(
  spec: Pick<CertificateSpec, 'mirrors'> & Pick<AuthoritySpec, 'renewals'>,
  issuer: AuthoritySpec | undefined,
): string | undefined {
  if (spec.mirrors === undefined) return undefined
  const original = originalOf(spec)
  if (original === undefined) return `${spec.mirrors.path} holds no certificate that can be read`
  if (keptDigest(original) === undefined) return unknownSignature(original)
  if (spec.renewals !== undefined) return 'a mirror is not renewed: mirror the new certificate, too'
  if (issuer === undefined) {
    if (isSelfIssued(original)) return undefined
    return `was issued by '${original.issuer.text}': add an authority of that name, and name it as issuer`
  }
  const above = originalOf(issuer)
  const name = above?.subject ?? nameOf(issuer.subject)
  if (name !== undefined && name.key !== original.issuer.key) {
    return `was issued by '${original.issuer.text}', not by '${name.text}'`
  }
  const isUnknown = above !== undefined && verifySignature(original, above.spki) === 'unsupported'
  return isUnknown ? unknownSignature(original) : undefined
}

const unknownSignature = (original: Certificate): string =>
  `the signature of ${subjectOf(original)} (algorithm ${original.signatureAlgorithm.oid}) cannot be verified here`

/** Undefined: it is no name, which is told elsewhere. */
function nameOf(subject: string): Name | undefined {
  const attributes = parseName(subject)
  if (!attributes.ok) return undefined
  const read = readDer(encodeName(attributes.value), 'name', (r) => readName(r, 'name'))
  return read.ok ? read.value : undefined
}
