/**
 * What a file is by its contents, never by its name: the ASN.1 types that PKI software writes, told by their first tags, and the usual
 * files that are no certificates at all. Not a reading: a file of a kind may still be malformed.
 */
import { TAG } from '../encoding/der.ts'

export type FileKind =
  | 'certificate'
  | 'crl'
  | 'pkcs7'
  | 'pkcs12'
  | 'ocsp-response'
  | 'request'
  | 'public-key'
  | 'private-key'
  | 'encrypted-private-key'

/** `holds …`, in the words of those who made the file. */
export const KIND_WORDS: Readonly<Record<FileKind, string>> = {
  certificate: 'a certificate',
  crl: 'a CRL',
  pkcs7: 'a PKCS #7 bundle',
  pkcs12: 'a PKCS #12 bundle',
  'ocsp-response': 'an OCSP response',
  request: 'a certificate request (PKCS #10)',
  'public-key': 'a bare public key',
  'private-key': 'a private key',
  'encrypted-private-key': 'an encrypted private key',
}

/** The kind that a PEM label names; undefined: one that says nothing here. */
export function kindOfLabel(label: string): FileKind | undefined {
  if (label === 'ENCRYPTED PRIVATE KEY') return 'encrypted-private-key'
  if (label.endsWith('PRIVATE KEY')) return 'private-key'
  if (label.endsWith('PUBLIC KEY')) return 'public-key'
  if (label.endsWith('CERTIFICATE REQUEST')) return 'request'
  return PEM_KINDS.get(label)
}

/** Labels whose blocks are read (RFC 7468 §5, §6, §8, §9, and what OpenSSL and others write). */
const PEM_KINDS = new Map<string, FileKind>([
  ['CERTIFICATE', 'certificate'],
  ['X509 CERTIFICATE', 'certificate'],
  ['TRUSTED CERTIFICATE', 'certificate'],
  ['PKCS7', 'pkcs7'],
  ['PKCS #7 SIGNED DATA', 'pkcs7'],
  ['CMS', 'pkcs7'],
  ['X509 CRL', 'crl'],
  ['CRL', 'crl'],
])

/** An element as far as its header tells: what it announces need not be there. */
interface Peeked {
  readonly tag: number
  readonly contentsAt: number
  /** First octet after it; the end of the file where the length is indefinite. */
  readonly end: number
}

function peek(bytes: Uint8Array, at: number): Peeked | undefined {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) return undefined
  if (first < 0x80) return { tag, contentsAt: at + 2, end: at + 2 + first }
  const count = first & 0x7f
  if (count === 0) return { tag, contentsAt: at + 2, end: bytes.length }
  if (count > 4) return undefined
  const octets = bytes.subarray(at + 2, at + 2 + count)
  const length = octets.reduce((value, octet) => value * 256 + octet, 0)
  return { tag, contentsAt: at + 2 + count, end: at + 2 + count + length }
}

/** The first elements inside one, four at most: no type needs more to be told. */
function inside(bytes: Uint8Array, outer: Peeked | undefined): readonly Peeked[] {
  if (outer === undefined) return []
  const found: Peeked[] = []
  let at = outer.contentsAt
  while (found.length < 4 && at < outer.end) {
    const next = peek(bytes, at)
    if (next === undefined) break
    found.push(next)
    at = next.end
  }
  return found
}

const CONTEXT_0 = 0xa0

/** The kind of an ASN.1 value, whole or cut short; undefined: none that is known. */
export function kindOfAsn1(bytes: Uint8Array): FileKind | undefined {
  const outer = inside(bytes, peek(bytes, 0))
  const [first, second] = outer
  switch (first?.tag) {
    case TAG.oid:
      return 'pkcs7'
    case TAG.enumerated:
      return 'ocsp-response'
    case TAG.integer:
      return kindAfterVersion(bytes, first, second)
    case TAG.sequence: {
      const tags = inside(bytes, first).map(({ tag }) => tag)
      if (tags[0] !== TAG.oid) return kindOfSigned(tags)
      return second?.tag === TAG.bitString ? 'public-key' : 'encrypted-private-key'
    }
    default:
      return undefined
  }
}

/** PFX (RFC 7292 §4), PrivateKeyInfo (RFC 5958), RSA and EC keys (RFC 8017 appendix A.1, RFC 5915): an INTEGER comes first. */
function kindAfterVersion(
  bytes: Uint8Array,
  version: Peeked,
  second: Peeked | undefined,
): FileKind | undefined {
  const isShort = version.end - version.contentsAt === 1
  const value = bytes[version.contentsAt]
  if (second?.tag === TAG.sequence) return isShort && value === 3 ? 'pkcs12' : 'private-key'
  if (second?.tag === TAG.octetString) return 'private-key'
  if (second?.tag !== TAG.integer) return undefined
  return isShort && value === 0 ? 'private-key' : 'public-key'
}

/** What has a signed part first: told by the tags in that. */
function kindOfSigned([first, second, third, fourth]: readonly number[]): FileKind | undefined {
  const isTime = (tag: number | undefined) => tag === TAG.utcTime || tag === TAG.generalizedTime
  if (first === CONTEXT_0) return 'certificate'
  // A CRL of version 1 has no version: algorithm, issuer, time.
  if (first === TAG.sequence) return isTime(third) ? 'crl' : undefined
  if (first !== TAG.integer || second !== TAG.sequence || third !== TAG.sequence) return undefined
  if (isTime(fourth)) return 'crl'
  return fourth === TAG.sequence ? 'certificate' : 'request'
}

const MAGIC: readonly (readonly [prefix: string, what: string])[] = [
  ['ffd8ff', 'a JPEG picture'],
  ['89504e47', 'a PNG picture'],
  ['47494638', 'a GIF picture'],
  ['25504446', 'a PDF document'],
  ['504b0304', 'a ZIP archive'],
  ['1f8b', 'a gzip file'],
  ['feedfeed', 'a Java key store: export its certificates'],
  ['0000000043455254', 'a serialized certificate store (.sst): export it as PKCS #7 instead'],
]

/** In words, what a file is that is neither ASN.1 nor PEM. `text`: its contents, if they are text. */
export function foreignKind(bytes: Uint8Array, text: string | undefined): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 8)).toString('hex')
  const known = MAGIC.find(([prefix]) => start.startsWith(prefix))
  if (known !== undefined) return known[1]
  const head = text?.trimStart().slice(0, 200) ?? ''
  if (/^(?:<!doctype html|<html)/i.test(head)) return 'an HTML page'
  if (head.startsWith('<')) return 'an XML or HTML file'
  if (/^(?:ssh-|ecdsa-|PuTTY-User-Key-File)/.test(head)) return 'an SSH key'
  if (/^MI[A-Za-z0-9+/]{30}/.test(head)) return 'base64 without its BEGIN and END lines'
  return undefined
}
