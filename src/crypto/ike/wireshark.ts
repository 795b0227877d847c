/**
 * Keys as Wireshark's tables `ikev2_decryption_table` and `esp_sa` have them, a line each: with these it opens a capture and checks every ICV.
 * Not a log: who may see the lines is the caller's business. Names are those of Wireshark 4.0; what it does not open has no line.
 */
import { toHex } from '../../base/bytes.ts'
import type { IkeKeys } from './keys.ts'
import type { EncryptionTransform, EspSuite, IkeSuite } from './transforms.ts'

/** ICV octets of GCM by transform. */
const GCM_ICV = new Map([
  [18, 8],
  [19, 12],
  [20, 16],
])

function ikeCipherName({ id, keyBits }: EncryptionTransform): string | undefined {
  if (id === 3) return '3DES [RFC2451]'
  if (id === 12) return `AES-CBC-${keyBits} [RFC3602]`
  const icv = GCM_ICV.get(id)
  return icv === undefined ? undefined : `AES-GCM-${keyBits} with ${icv} octet ICV [RFC5282]`
}

const IKE_INTEGRITY = new Map([
  [0, 'NONE [RFC4306]'],
  [1, 'HMAC_MD5_96 [RFC2403]'],
  [2, 'HMAC_SHA1_96 [RFC2404]'],
  [12, 'HMAC_SHA2_256_128 [RFC4868]'],
  [13, 'HMAC_SHA2_384_192 [RFC4868]'],
  [14, 'HMAC_SHA2_512_256 [RFC4868]'],
])

/** A line of `ikev2_decryption_table`. Undefined: Wireshark does not open this suite. */
export function ikeKeyLine(
  suite: Pick<IkeSuite, 'encryption' | 'integrity'>,
  spis: { readonly spiI: Uint8Array; readonly spiR: Uint8Array },
  { skEi, skEr, skAi, skAr }: Pick<IkeKeys, 'skEi' | 'skEr' | 'skAi' | 'skAr'>,
): string | undefined {
  const cipher = ikeCipherName(suite.encryption)
  const integrity = IKE_INTEGRITY.get(suite.integrity ?? 0)
  if (cipher === undefined || integrity === undefined) return undefined
  const [spiI, spiR, ei, er, ai, ar] = [spis.spiI, spis.spiR, skEi, skEr, skAi, skAr].map(toHex)
  return [spiI, spiR, ei, er, `"${cipher}"`, ai, ar, `"${integrity}"`].join(',')
}

const ESP_CIPHER = new Map([
  [2, 'DES-CBC [RFC2405]'],
  [3, 'TripleDES-CBC [RFC2451]'],
  [11, 'NULL'],
  [12, 'AES-CBC [RFC3602]'],
  [18, 'AES-GCM with 8 octet ICV [RFC4106]'],
  [19, 'AES-GCM with 12 octet ICV [RFC4106]'],
  [20, 'AES-GCM with 16 octet ICV [RFC4106]'],
])

const ESP_INTEGRITY = new Map([
  [0, 'NULL'],
  [1, 'HMAC-MD5-96 [RFC2403]'],
  [2, 'HMAC-SHA-1-96 [RFC2404]'],
  [12, 'HMAC-SHA-256-128 [RFC4868]'],
  [13, 'HMAC-SHA-384-192 [RFC4868]'],
  [14, 'HMAC-SHA-512-256 [RFC4868]'],
])

/** One direction: whose packets a line opens. Addresses of the outer header, dotted. */
export interface EspPath {
  readonly source: string
  readonly destination: string
  readonly spi: number
}

/** A line of `esp_sa`. Undefined: Wireshark does not open this suite, or would check it wrongly (extended sequence numbers). */
export function espKeyLine(
  suite: EspSuite,
  { source, destination, spi }: EspPath,
  keys: { readonly encryption: Uint8Array; readonly integrity: Uint8Array },
): string | undefined {
  const cipher = ESP_CIPHER.get(suite.encryption.id)
  const integrity = ESP_INTEGRITY.get(suite.integrity ?? 0)
  if (cipher === undefined || integrity === undefined || suite.esn === true) return undefined
  const index = `0x${spi.toString(16).padStart(8, '0')}`
  const fields = ['IPv4', source, destination, index]
  fields.push(cipher, hexOf(keys.encryption), integrity, hexOf(keys.integrity))
  return fields.map((field) => `"${field}"`).join(',')
}

const hexOf = (key: Uint8Array): string => (key.length === 0 ? '' : `0x${toHex(key)}`)
