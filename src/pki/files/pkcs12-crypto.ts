/**
 * What a password opens in PKCS #12: the integrity MAC and the encryption schemes (RFC 7292 appendix B and C, PBES2 of RFC 8018).
 * Not the structure: {@link ./pkcs12.ts} reads that. Work on hostile iteration counts is bounded.
 */
import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { concat, utf8 } from '../../base/bytes.ts'
import { readAlgorithm } from '../certificate/certificate.ts'
import { readDer, TAG, type DerReader } from '../encoding/der.ts'
import { decryptRc2Cbc } from '../certificate/forge.ts'

/** Iterations that one file may ask for in all. Windows writes 2,000 a key, OpenSSL 2,048, Java 10,000, the most careful 600,000. */
export const PKCS12_ITERATIONS_MAX = 2_000_000

/** One way to write a password: PKCS #12's own key derivation wants UTF-16 and two zero octets, PBES2 wants UTF-8. */
export interface PasswordForm {
  readonly wide: Uint8Array
  readonly narrow: Uint8Array
}

/** The forms to try. No password at all is written as an empty string or as no octets, depending on the program. */
export function passwordForms(password: string): readonly PasswordForm[] {
  const wide = new Uint8Array(Buffer.from(`${password}\0`, 'utf16le').swap16())
  const form = { wide, narrow: utf8(password) }
  return password === '' ? [form, { wide: new Uint8Array(), narrow: form.narrow }] : [form]
}

/** Iterations left to spend. */
export interface Work {
  iterationsLeft: number
}

const DIGESTS = new Map<string, { readonly name: string; readonly block: number }>([
  ['1.3.14.3.2.26', { name: 'sha1', block: 64 }],
  ['2.16.840.1.101.3.4.2.1', { name: 'sha256', block: 64 }],
  ['2.16.840.1.101.3.4.2.2', { name: 'sha384', block: 128 }],
  ['2.16.840.1.101.3.4.2.3', { name: 'sha512', block: 128 }],
])

/** HMACs of PBKDF2 (RFC 8018 appendix B.1). */
const PRFS = new Map([
  ['1.2.840.113549.2.7', 'sha1'],
  ['1.2.840.113549.2.8', 'sha224'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
])

interface Cipher {
  /** Octets. */
  readonly key: number
  readonly iv: number
  decrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array | undefined
}

/** OpenSSL through Node has no RC2, which Windows writes around certificates unless told otherwise. */
const rc2 = (bits: 40 | 128): Cipher => ({ key: bits / 8, iv: 8, decrypt: decryptRc2Cbc(bits) })

const openssl = (name: string, key: number, iv: number): Cipher => ({
  key,
  iv,
  decrypt(keyBytes, ivBytes, data) {
    const decipher = createDecipheriv(name, keyBytes, ivBytes)
    try {
      return concat(decipher.update(data), decipher.final())
    } catch {
      // Bad padding: another password, most likely.
      return undefined
    }
  },
})

const TRIPLE_DES = openssl('des-ede3-cbc', 24, 8)

/** Two keys: the first is used again as the third (RFC 7292 appendix C). */
const TWO_KEY_TRIPLE_DES: Cipher = {
  key: 16,
  iv: 8,
  decrypt: (key, iv, data) => TRIPLE_DES.decrypt(concat(key, key.subarray(0, 8)), iv, data),
}

/** Schemes of PKCS #12 itself (RFC 7292 appendix C). */
const PBES1 = new Map<string, Cipher>([
  ['1.2.840.113549.1.12.1.3', TRIPLE_DES],
  ['1.2.840.113549.1.12.1.4', TWO_KEY_TRIPLE_DES],
  ['1.2.840.113549.1.12.1.5', rc2(128)],
  ['1.2.840.113549.1.12.1.6', rc2(40)],
])

const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'

/** Ciphers of PBES2. */
const PBES2_CIPHERS = new Map<string, Cipher>([
  ['1.2.840.113549.3.7', TRIPLE_DES],
  ['2.16.840.1.101.3.4.1.2', openssl('aes-128-cbc', 16, 16)],
  ['2.16.840.1.101.3.4.1.22', openssl('aes-192-cbc', 24, 16)],
  ['2.16.840.1.101.3.4.1.42', openssl('aes-256-cbc', 32, 16)],
])

/** The identifier octets of the key derivation (RFC 7292 appendix B.3). */
const ID = { key: 1, iv: 2, mac: 3 } as const

interface Derivation {
  readonly digest: { readonly name: string; readonly block: number }
  readonly salt: Uint8Array
  readonly iterations: number
}

/** `length` octets from a password (RFC 7292 appendix B.2). */
function derive(
  { digest, salt, iterations }: Derivation,
  id: number,
  password: Uint8Array,
  length: number,
): Uint8Array {
  const v = digest.block
  const filled = (bytes: Uint8Array): Uint8Array =>
    bytes.length === 0
      ? bytes
      : Uint8Array.from(
          { length: v * Math.ceil(bytes.length / v) },
          (_, i) => bytes[i % bytes.length]!,
        )
  const input = concat(filled(salt), filled(password))
  const diversifier = new Uint8Array(v).fill(id)
  const out: Uint8Array[] = []
  for (let made = 0; made < length; made += out.at(-1)!.length) {
    let hash: Uint8Array = createHash(digest.name).update(diversifier).update(input).digest()
    for (let i = 1; i < iterations; i++) hash = createHash(digest.name).update(hash).digest()
    out.push(hash)
    // Each block of the input grows by the hash plus one, as one number of v octets.
    for (let at = 0; at < input.length; at += v) {
      let carry = 1
      for (let i = v - 1; i >= 0; i--) {
        carry += input[at + i]! + hash[i % hash.length]!
        input[at + i] = carry
        carry >>= 8
      }
    }
  }
  return concat(...out).subarray(0, length)
}

function spend(r: DerReader, field: string, iterations: number, work: Work): void {
  if (iterations < 1) r.reject(field, 'an iteration count is 1 or more (RFC 8018 §4.2)')
  if (iterations > work.iterationsLeft) {
    r.reject(field, `asks for more than ${PKCS12_ITERATIONS_MAX} iterations in all`)
  }
  work.iterationsLeft -= iterations
}

/** MacData, read. */
export interface Mac {
  matches(content: Uint8Array, password: PasswordForm): boolean
}

/** Read MacData (RFC 7292 §4). */
export function readMac(reader: DerReader, work: Work): Mac {
  const field = 'macData'
  const r = reader.sequence(field)
  const info = r.sequence(`${field} mac`)
  const { oid } = readAlgorithm(info, `${field} digestAlgorithm`)
  const expected = info.octetString(`${field} digest`)
  info.end(`${field} mac`)
  const salt = r.octetString(`${field} macSalt`)
  const iterations = r.atEnd ? 1 : r.smallInteger(`${field} iterations`)
  r.end(field)
  const digest = DIGESTS.get(oid) ?? r.reject(field, `MAC algorithm ${oid} is not known here`)
  // Both forms of an empty password may have to be tried.
  spend(r, field, 2 * iterations, work)
  return {
    matches(content, password) {
      const size = expected.length
      const length = createHash(digest.name).digest().length
      const key = derive({ digest, salt, iterations }, ID.mac, password.wide, length)
      const made = createHmac(digest.name, key).update(content).digest()
      return size === made.length && timingSafeEqual(made, expected)
    },
  }
}

/** Opens what one AlgorithmIdentifier has encrypted; undefined: not with this password. */
export type Opener = (data: Uint8Array, password: PasswordForm) => Uint8Array | undefined

/** Read the AlgorithmIdentifier of an encryption scheme: PKCS #12's own, or PBES2. */
export function readEncryption(r: DerReader, field: string, work: Work): Opener {
  const { oid, parameters } = readAlgorithm(r, field)
  const known = PBES1.get(oid)
  if (known === undefined && oid !== PBES2) {
    r.reject(field, `encryption ${oid} is not known here`)
  }
  const read = readDer(parameters ?? new Uint8Array(), field, (inner) =>
    known === undefined ? readPbes2(inner, field, work) : readPbes1(inner, field, known, work),
  )
  return read.ok ? read.value : r.reject(read.error.field, read.error.rule)
}

function readPbes1(reader: DerReader, field: string, cipher: Cipher, work: Work): Opener {
  const r = reader.sequence(field)
  const salt = r.octetString(`${field} salt`)
  const iterations = r.smallInteger(`${field} iterations`)
  r.end(field)
  // Key and IV are derived apart, the longest key in two rounds.
  spend(r, field, 3 * iterations, work)
  const derivation = { digest: DIGESTS.get('1.3.14.3.2.26')!, salt, iterations }
  return (data, { wide }) =>
    cipher.decrypt(
      derive(derivation, ID.key, wide, cipher.key),
      derive(derivation, ID.iv, wide, cipher.iv),
      data,
    )
}

function readPbes2(reader: DerReader, field: string, work: Work): Opener {
  const r = reader.sequence(field)
  const kdf = r.sequence(`${field} keyDerivationFunc`)
  if (kdf.oid(`${field} keyDerivationFunc`) !== PBKDF2) {
    r.reject(field, 'its key derivation is not PBKDF2 (RFC 8018 §5.2)')
  }
  const { salt, iterations, digest } = readPbkdf2(kdf, `${field} PBKDF2`, work)
  const scheme = r.sequence(`${field} encryptionScheme`)
  const oid = scheme.oid(`${field} encryptionScheme`)
  const cipher = PBES2_CIPHERS.get(oid) ?? r.reject(field, `cipher ${oid} is not known here`)
  const iv = scheme.octetString(`${field} iv`)
  if (iv.length !== cipher.iv) r.reject(field, `an IV of ${iv.length} octets`)
  r.end(field)
  return (data, { narrow }) =>
    cipher.decrypt(pbkdf2Sync(narrow, salt, iterations, cipher.key, digest), iv, data)
}

function readPbkdf2(kdf: DerReader, field: string, work: Work) {
  const r = kdf.sequence(field)
  const salt = r.octetString(`${field} salt`)
  const iterations = r.smallInteger(`${field} iterationCount`)
  spend(r, field, iterations, work)
  // keyLength says what the cipher says, too.
  if (r.nextTag === TAG.integer) r.smallInteger(`${field} keyLength`)
  const prf = r.atEnd ? '1.2.840.113549.2.7' : readAlgorithm(r, `${field} prf`).oid
  r.end(field)
  const digest = PRFS.get(prf) ?? r.reject(field, `PRF ${prf} is not known here`)
  return { salt, iterations, digest }
}
