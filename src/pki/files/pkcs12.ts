/**
 * PKCS #12 (RFC 7292), .pfx and .p12, as a bundle of certificates and CRLs. Private keys are counted, and stay locked: nothing here
 * opens one. Not a key store: what is read is what a relying party may see.
 */
import { concat } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { toDefiniteLengths } from '../encoding/ber.ts'
import {
  contextConstructed,
  contextPrimitive,
  DER_DEPTH_MAX,
  readDer,
  TAG,
  type DerFault,
  type DerReader,
} from '../encoding/der.ts'
import {
  passwordForms,
  PKCS12_ITERATIONS_MAX,
  readEncryption,
  readMac,
  type Mac,
  type Opener,
  type PasswordForm,
  type Work,
} from './pkcs12-crypto.ts'
import { CONTENT_TYPE } from './pkcs7.ts'

export interface Pkcs12Bundle {
  /** DER. Those with a localKeyId, whose private keys lie beside them, come first. */
  readonly certificates: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
  /** Private keys that were left where they are. */
  readonly privateKeys: number
}

/** `password`: the file does not open with the one that was given, or needs one. */
export type Pkcs12Fault =
  | { readonly kind: 'password' }
  | { readonly kind: 'malformed'; readonly fault: DerFault }

const BAG = '1.2.840.113549.1.12.10.1'
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1'
const X509_CRL = '1.2.840.113549.1.9.23.1'
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21'

const malformed = (fault: DerFault): Result<never, Pkcs12Fault> => err({ kind: 'malformed', fault })

/** Read a PFX, DER or BER. Without a password only what needs none opens. */
export function readPkcs12(
  bytes: Uint8Array,
  password: string | undefined,
): Result<Pkcs12Bundle, Pkcs12Fault> {
  const work: Work = { iterationsLeft: PKCS12_ITERATIONS_MAX }
  const der = toDefiniteLengths(bytes)
  if (!der.ok) return malformed({ ...der.error, field: 'PKCS #12' })
  const pfx = readDer(der.value, 'PKCS #12', (r) => readPfx(r, work))
  if (!pfx.ok) return malformed(pfx.error)
  const { mac, content } = pfx.value
  const forms = passwordForms(password ?? '').filter(
    (form) => mac === undefined || mac.matches(content, form),
  )
  const [form] = forms
  if (form === undefined) return err({ kind: 'password' })
  return readSafes(content, form, work)
}

function readPfx(reader: DerReader, work: Work): { content: Uint8Array; mac: Mac | undefined } {
  const r = reader.sequence('PFX')
  const version = r.smallInteger('version')
  if (version !== 3) r.reject('version', `is ${version}, expected 3 (RFC 7292 §4)`)
  const authSafe = r.sequence('authSafe')
  const type = authSafe.oid('authSafe contentType')
  if (type !== CONTENT_TYPE.data) {
    authSafe.reject('authSafe', 'is protected by a signature, not by a password (RFC 7292 §3.1)')
  }
  const content = readData(authSafe, 'authSafe')
  const mac = r.atEnd ? undefined : readMac(r, work)
  r.end('PFX')
  return { content, mac }
}

/** `[0] EXPLICIT OCTET STRING`. */
function readData(r: DerReader, field: string): Uint8Array {
  const wrapper = r.constructed(field, contextConstructed(0))
  const data = wrapper.octetString(field)
  wrapper.end(field)
  return data
}

/** What is in one content of the AuthenticatedSafe: SafeContents in the clear, or locked. */
type Safe =
  | { readonly contents: Uint8Array }
  | { readonly locked: Uint8Array; readonly open: Opener }

function readSafes(
  content: Uint8Array,
  password: PasswordForm,
  work: Work,
): Result<Pkcs12Bundle, Pkcs12Fault> {
  const der = toDefiniteLengths(content)
  if (!der.ok) return malformed({ ...der.error, field: 'authenticatedSafe' })
  const safes = readDer(der.value, 'authenticatedSafe', (r) =>
    r.sequence('authenticatedSafe').each('authenticatedSafe', (list) => readSafe(list, work), true),
  )
  if (!safes.ok) return malformed(safes.error)
  const found: Found = { keyed: [], others: [], crls: [], privateKeys: 0 }
  for (const safe of safes.value) {
    const contents = 'contents' in safe ? safe.contents : safe.open(safe.locked, password)
    if (contents === undefined) return err({ kind: 'password' })
    const whole = toDefiniteLengths(contents)
    const read = whole.ok
      ? readDer(whole.value, 'safeContents', (r) => readBags(r, found, 0))
      : whole
    if (read.ok) continue
    // Without a MAC, a wrong password shows as nonsense where SafeContents should be.
    return 'locked' in safe && contents[0] !== TAG.sequence
      ? err({ kind: 'password' })
      : malformed(read.error)
  }
  const { keyed, others, crls, privateKeys } = found
  return ok({ certificates: [...keyed, ...others], crls, privateKeys })
}

function readSafe(list: DerReader, work: Work): Safe {
  const field = 'contentInfo'
  const r = list.sequence(field)
  const type = r.oid(`${field} contentType`)
  if (type === CONTENT_TYPE.data) {
    const contents = readData(r, field)
    r.end(field)
    return { contents }
  }
  if (type !== CONTENT_TYPE.encryptedData) {
    r.reject(field, `content type ${type} is not opened by a password (RFC 7292 §4.1)`)
  }
  const wrapper = r.constructed(field, contextConstructed(0))
  const inner = wrapper.sequence('encryptedData')
  inner.smallInteger('encryptedData version')
  const info = inner.sequence('encryptedContentInfo')
  info.oid('encryptedContentInfo contentType')
  const open = readEncryption(info, 'contentEncryptionAlgorithm', work)
  const locked = readImplicitOctets(info, 'encryptedContent')
  info.end('encryptedContentInfo')
  r.end(field)
  return { locked, open }
}

/** `[0] IMPLICIT OCTET STRING`, whole or (BER) in pieces. */
function readImplicitOctets(r: DerReader, field: string): Uint8Array {
  if (r.nextTag !== contextConstructed(0)) return r.octetString(field, contextPrimitive(0))
  const pieces = r.constructed(field, contextConstructed(0))
  return concat(...pieces.each(field, (list) => list.octetString(field), true))
}

interface Found {
  readonly keyed: Uint8Array[]
  readonly others: Uint8Array[]
  readonly crls: Uint8Array[]
  privateKeys: number
}

function readBags(reader: DerReader, found: Found, depth: number): void {
  if (depth > DER_DEPTH_MAX) reader.reject('safeContents', `nested deeper than ${DER_DEPTH_MAX}`)
  reader.sequence('safeContents').each('safeContents', (list) => readBag(list, found, depth), true)
}

function readBag(list: DerReader, found: Found, depth: number): void {
  const r = list.sequence('safeBag')
  const kind = r.oid('bagId')
  const value = r.constructed('bagValue', contextConstructed(0))
  switch (kind) {
    case `${BAG}.1`:
    case `${BAG}.2`:
      found.privateKeys += 1
      break
    case `${BAG}.3`: {
      const certificate = readValue(value, 'certBag', X509_CERTIFICATE)
      const isKeyed = !r.atEnd && readAttributeTypes(r).includes(LOCAL_KEY_ID)
      if (certificate !== undefined) (isKeyed ? found.keyed : found.others).push(certificate)
      break
    }
    case `${BAG}.4`: {
      const crl = readValue(value, 'crlBag', X509_CRL)
      if (crl !== undefined) found.crls.push(crl)
      break
    }
    case `${BAG}.6`:
      readBags(value, found, depth + 1)
      break
    default: // A secret, or what a later version adds: not for us.
  }
}

/** A certBag or crlBag; undefined: not of the X.509 kind. */
function readValue(value: DerReader, field: string, x509: string): Uint8Array | undefined {
  const bag = value.sequence(field)
  const type = bag.oid(field)
  return type === x509 ? readData(bag, field) : undefined
}

const readAttributeTypes = (r: DerReader): readonly string[] =>
  r
    .constructed('bagAttributes', TAG.set)
    .each('bagAttributes', (list) => list.sequence('bagAttributes').oid('attrId'), true)
