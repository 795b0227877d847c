/** Every pair of transforms that protects something, with keys of the right lengths. */
import { rngFrom } from '../../../src/base/rng.ts'
import {
  encryptionOf,
  integrityOf,
  type EncryptionTransform,
} from '../../../src/crypto/ike/transforms.ts'

export interface ProtectionSuite {
  readonly name: string
  readonly encryption: EncryptionTransform
  readonly integrity?: number
}

const NAMES: Readonly<Record<number, string>> = {
  2: 'DES',
  3: '3DES',
  11: 'NULL',
  12: 'AES-CBC',
  18: 'AES-GCM-8',
  19: 'AES-GCM-12',
  20: 'AES-GCM-16',
  21: 'AES-GMAC',
  28: 'ChaCha20-Poly1305',
}
const HMAC: Readonly<Record<number, string>> = {
  1: 'MD5-96',
  2: 'SHA1-96',
  12: 'SHA2-256-128',
  13: 'SHA2-384-192',
  14: 'SHA2-512-256',
}

const named = (encryption: EncryptionTransform): string =>
  [NAMES[encryption.id], encryption.keyBits].filter((part) => part !== undefined).join(' ')

const aes = (id: number): EncryptionTransform[] =>
  [128, 192, 256].map((keyBits) => ({ id, keyBits }))

const withHmac = (...encryptions: EncryptionTransform[]): ProtectionSuite[] =>
  encryptions.flatMap((encryption) =>
    Object.entries(HMAC).map(([integrity, hmac]) => ({
      name: `${named(encryption)} with ${hmac}`,
      encryption,
      integrity: Number(integrity),
    })),
  )

const alone = (...encryptions: EncryptionTransform[]): ProtectionSuite[] =>
  encryptions.map((encryption) => ({ name: named(encryption), encryption }))

export const IKE_SUITES: readonly ProtectionSuite[] = [
  ...withHmac({ id: 2 }, { id: 3 }, ...aes(12)),
  ...alone(...aes(18), ...aes(19), ...aes(20), { id: 28 }),
]

export const ESP_SUITES: readonly ProtectionSuite[] = [
  ...IKE_SUITES,
  ...withHmac({ id: 11 }),
  ...alone(...aes(21)),
]

export function keysOf(suite: ProtectionSuite, seed = 'keys') {
  const { keyBytes, saltBytes } = encryptionOf(suite.encryption)!
  const rng = rngFrom(`${seed} ${suite.name}`)
  return {
    encryption: rng.bytes(keyBytes + saltBytes),
    integrity: rng.bytes(integrityOf(suite.integrity ?? 0)?.keyBytes ?? 0),
  }
}
