/**
 * The transforms of IKEv2 and ESP that can be carried out here, by their IANA numbers: lengths, and OpenSSL's names.
 * Not what the numbers are called (`wire/ikev2`), and not which of them anybody should offer.
 */

/** An encryption transform as a proposal has it: the Key Length attribute in bits, of ciphers with more than one (RFC 7296 §3.3.5). */
export interface EncryptionTransform {
  readonly id: number
  readonly keyBits?: number
}

/** What was agreed for an IKE SA. `integrity` is absent, or 0, with an AEAD. */
export interface IkeSuite {
  readonly encryption: EncryptionTransform
  readonly integrity?: number
  readonly prf: number
  readonly group: number
}

/** What was agreed for a pair of ESP SAs. `group`: of the exchange that made it, with PFS. `esn`: extended sequence numbers (RFC 4303 §2.2.1). */
export interface EspSuite {
  readonly encryption: EncryptionTransform
  readonly integrity?: number
  readonly group?: number
  readonly esn?: boolean
}

/** How an encryption transform works. All lengths in bytes. */
export interface Encryption {
  /** `gmac`: integrity alone, by AES-GCM (RFC 4543). */
  readonly kind: 'aead' | 'gmac' | 'cbc' | 'null'
  /** OpenSSL's name. */
  readonly cipher: string
  readonly keyBytes: number
  /** The end of the keying material, which begins each nonce (RFC 4106 §4, RFC 7634 §2). */
  readonly saltBytes: number
  readonly ivBytes: number
  readonly blockBytes: number
  /** Of an AEAD; others leave it to the integrity transform. */
  readonly icvBytes: number
}

const NULL: Encryption = {
  kind: 'null',
  cipher: '',
  keyBytes: 0,
  saltBytes: 0,
  ivBytes: 0,
  blockBytes: 1,
  icvBytes: 0,
}

const cbc = (cipher: string, keyBytes: number, blockBytes: number): Encryption => ({
  ...NULL,
  kind: 'cbc',
  cipher,
  keyBytes,
  ivBytes: blockBytes,
  blockBytes,
})

const aead = (cipher: string, keyBytes: number, icvBytes: number): Encryption => ({
  ...NULL,
  kind: 'aead',
  cipher,
  keyBytes,
  saltBytes: 4,
  ivBytes: 8,
  icvBytes,
})

const gcm =
  (icvBytes: number) =>
  (keyBits: number): Encryption =>
    aead(`aes-${keyBits}-gcm`, keyBits / 8, icvBytes)

/** Ciphers with one length of key: a Key Length attribute is then a mistake. OpenSSL 3 has no DES; three times its one key is the same. */
const OF_ONE_KEY = new Map<number, Encryption>([
  [2, cbc('des-ede3-cbc', 8, 8)],
  [3, cbc('des-ede3-cbc', 24, 8)],
  [11, NULL],
  [28, aead('chacha20-poly1305', 32, 16)],
])

/** AES, whose proposals must say the length of the key. */
const OF_AES = new Map<number, (keyBits: number) => Encryption>([
  [12, (keyBits) => cbc(`aes-${keyBits}-cbc`, keyBits / 8, 16)],
  [18, gcm(8)],
  [19, gcm(12)],
  [20, gcm(16)],
  [21, (keyBits) => ({ ...gcm(16)(keyBits), kind: 'gmac' })],
])

const AES_KEY_BITS = [128, 192, 256]

/** Undefined: not known here, or a length of key that the cipher does not take. */
export function encryptionOf({ id, keyBits }: EncryptionTransform): Encryption | undefined {
  if (keyBits === undefined) return OF_ONE_KEY.get(id)
  return AES_KEY_BITS.includes(keyBits) ? OF_AES.get(id)?.(keyBits) : undefined
}

/** A keyed digest: a prf with all of its output, an integrity transform with the first `icvBytes` of it. The key is as long as the output. */
export interface KeyedDigest {
  /** OpenSSL's name of the hash. */
  readonly hash: string
  readonly keyBytes: number
  readonly icvBytes: number
}

const hmac = (hash: string, keyBytes: number, icvBytes: number): KeyedDigest => ({
  hash,
  keyBytes,
  icvBytes,
})

const INTEGRITY = new Map<number, KeyedDigest>([
  [1, hmac('md5', 16, 12)],
  [2, hmac('sha1', 20, 12)],
  [12, hmac('sha256', 32, 16)],
  [13, hmac('sha384', 48, 24)],
  [14, hmac('sha512', 64, 32)],
])

export const integrityOf = (id: number): KeyedDigest | undefined => INTEGRITY.get(id)

const PRF = new Map<number, KeyedDigest>([
  [1, hmac('md5', 16, 16)],
  [2, hmac('sha1', 20, 20)],
  [5, hmac('sha256', 32, 32)],
  [6, hmac('sha384', 48, 48)],
  [7, hmac('sha512', 64, 64)],
])

export const prfOf = (id: number): KeyedDigest | undefined => PRF.get(id)

/** The parts of a suite that work together: an AEAD alone, anything else with an integrity transform. Throws RangeError for others. */
export function protectionOf(suite: {
  readonly encryption: EncryptionTransform
  readonly integrity?: number
}): { readonly encryption: Encryption; readonly integrity: KeyedDigest | undefined } {
  const { id, keyBits } = suite.encryption
  const encryption = encryptionOf(suite.encryption)
  if (encryption === undefined) {
    throw new RangeError(`no encryption transform ${id} with a key of ${keyBits ?? 'its'} bits`)
  }
  const isAlone = encryption.kind === 'aead' || encryption.kind === 'gmac'
  const integrity = integrityOf(suite.integrity ?? 0)
  if (isAlone ? (suite.integrity ?? 0) !== 0 : integrity === undefined) {
    throw new RangeError(
      `encryption transform ${id} does not go with integrity transform ${suite.integrity ?? 'none'}`,
    )
  }
  return { encryption, integrity }
}
