/**
 * Keys of TLS records from the secrets of a key log, and one record under them (RFC 5246 §6, RFC 8446 §5 and §7).
 * Not a TLS stack: enough to read a handshake that the platform runs, and to add an alert to it.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { concat, setU16, setU32, toLatin1, utf8 } from '../base/bytes.ts'
import { ContentType, RECORD_HEAD } from './tls-registry.ts'

/** How a suite protects records. `mac` is absent for an AEAD. */
export interface RecordCipher {
  readonly kind: 'gcm' | 'chacha' | 'cbc'
  readonly keyBytes: 16 | 32
  /** Of the key schedule: the PRF of TLS 1.2, HKDF of TLS 1.3. */
  readonly hash: 'sha256' | 'sha384'
  readonly mac?: 'sha1' | 'sha256' | 'sha384'
}

/** By the name that OpenSSL gives the suite. */
export function recordCipherOf(suite: string): RecordCipher {
  const hash = suite.endsWith('SHA384') ? 'sha384' : 'sha256'
  if (suite.includes('CHACHA20')) return { kind: 'chacha', keyBytes: 32, hash }
  const keyBytes = /AES_?256/.test(suite) ? 32 : 16
  if (suite.includes('GCM')) return { kind: 'gcm', keyBytes, hash }
  const mac = suite.endsWith('SHA') ? 'sha1' : hash
  return { kind: 'cbc', keyBytes, hash, mac }
}

const hmac = (hash: string, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
  const mac = createHmac(hash, key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/** Keys of one direction. */
export interface RecordKeys {
  readonly cipher: RecordCipher
  readonly key: Uint8Array
  /** 12 bytes for TLS 1.3 and ChaCha20, 4 (the salt) for GCM in TLS 1.2, 0 for CBC. */
  readonly iv: Uint8Array
  readonly macKey: Uint8Array
}

/** HKDF-Expand-Label with an empty context, for lengths of one block (RFC 8446 §7.1). */
function expandLabel(hash: string, secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = utf8(`tls13 ${label}`)
  const info = concat(Uint8Array.of(0, length, name.length), name, Uint8Array.of(0, 1))
  return hmac(hash, secret, info).subarray(0, length)
}

/** Traffic keys of TLS 1.3 (RFC 8446 §7.3). */
export const trafficKeys = (cipher: RecordCipher, secret: Uint8Array): RecordKeys => ({
  cipher,
  key: expandLabel(cipher.hash, secret, 'key', cipher.keyBytes),
  iv: expandLabel(cipher.hash, secret, 'iv', 12),
  macKey: new Uint8Array(),
})

/** The traffic secret after a KeyUpdate (RFC 8446 §7.2). */
export const nextTrafficSecret = (cipher: RecordCipher, secret: Uint8Array): Uint8Array =>
  expandLabel(cipher.hash, secret, 'traffic upd', secret.length)

/** Octets of a digest, and of an HMAC with it. */
export const MAC_BYTES = { sha1: 20, sha256: 32, sha384: 48 } as const

/** The key block of TLS 1.2, cut for one side (RFC 5246 §6.3). */
export function blockKeys(
  cipher: RecordCipher,
  of: {
    readonly master: Uint8Array
    readonly clientRandom: Uint8Array
    readonly serverRandom: Uint8Array
  },
  side: 'client' | 'server',
): RecordKeys {
  const macBytes = cipher.mac === undefined ? 0 : MAC_BYTES[cipher.mac]
  const ivBytes = { gcm: 4, chacha: 12, cbc: 0 }[cipher.kind]
  const seed = concat(utf8('key expansion'), of.serverRandom, of.clientRandom)
  const needed = 2 * (macBytes + cipher.keyBytes + ivBytes)
  let block: Uint8Array = new Uint8Array()
  for (let a = seed; block.length < needed;) {
    a = hmac(cipher.hash, of.master, a)
    block = concat(block, hmac(cipher.hash, of.master, a, seed))
  }
  const at = side === 'client' ? 0 : 1
  const cut = (start: number, length: number): Uint8Array =>
    block.subarray(start + at * length, start + (at + 1) * length)
  return {
    cipher,
    macKey: cut(0, macBytes),
    key: cut(2 * macBytes, cipher.keyBytes),
    iv: cut(2 * (macBytes + cipher.keyBytes), ivBytes),
  }
}

function sequenceBytes(sequence: number): Uint8Array {
  const out = new Uint8Array(8)
  setU32(out, 0, Math.floor(sequence / 2 ** 32))
  setU32(out, 4, sequence % 2 ** 32)
  return out
}

/** The IV with the sequence number in it (RFC 8446 §5.3, RFC 7905 §2). */
function nonceOf(iv: Uint8Array, sequence: number): Uint8Array {
  // A copy: `slice` of a Buffer is none.
  const nonce = new Uint8Array(iv)
  for (const [at, byte] of sequenceBytes(sequence).entries()) nonce[at + 4]! ^= byte
  return nonce
}

const TAG_BYTES = 16
const VERSION_TLS12 = [3, 3] as const

/** A record as it stands on the wire. */
export function recordOf(type: number, body: Uint8Array): Uint8Array {
  const head = Uint8Array.of(type, ...VERSION_TLS12, 0, 0)
  setU16(head, 3, body.length)
  return concat(head, body)
}

const AEAD = (cipher: RecordCipher): 'aes-128-gcm' =>
  (cipher.kind === 'chacha'
    ? 'chacha20-poly1305'
    : `aes-${cipher.keyBytes * 8}-gcm`) as 'aes-128-gcm'

function sealed(
  keys: RecordKeys,
  nonce: Uint8Array,
  additional: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const aead = createCipheriv(AEAD(keys.cipher), keys.key, nonce, { authTagLength: TAG_BYTES })
  aead.setAAD(additional)
  return concat(aead.update(plain), aead.final(), aead.getAuthTag())
}

/** A whole record of TLS 1.3 (RFC 8446 §5.2). */
export function sealTls13(
  keys: RecordKeys,
  sequence: number,
  type: number,
  content: Uint8Array,
): Uint8Array {
  const length = content.length + 1 + TAG_BYTES
  const head = Uint8Array.of(
    ContentType.applicationData,
    ...VERSION_TLS12,
    length >> 8,
    length & 0xff,
  )
  const inner = concat(content, Uint8Array.of(type))
  return concat(head, sealed(keys, nonceOf(keys.iv, sequence), head, inner))
}

/** What a record of TLS 1.3 holds; undefined: these are not its keys. */
export function openTls13(
  keys: RecordKeys,
  sequence: number,
  record: Uint8Array,
): { readonly type: number; readonly content: Uint8Array } | undefined {
  if (record.length < RECORD_HEAD + TAG_BYTES + 1) return undefined
  const aead = createDecipheriv(AEAD(keys.cipher), keys.key, nonceOf(keys.iv, sequence), {
    authTagLength: TAG_BYTES,
  })
  aead.setAAD(record.subarray(0, RECORD_HEAD))
  aead.setAuthTag(record.subarray(record.length - TAG_BYTES))
  try {
    const inner = concat(
      aead.update(record.subarray(RECORD_HEAD, record.length - TAG_BYTES)),
      aead.final(),
    )
    let end = inner.length
    while (end > 0 && inner[end - 1] === 0) end -= 1
    return end === 0 ? undefined : { type: inner[end - 1]!, content: inner.subarray(0, end - 1) }
  } catch {
    return undefined
  }
}

/** A whole record of TLS 1.2 (RFC 5246 §6.2.3, RFC 5288, RFC 7905). */
export function sealTls12(
  keys: RecordKeys,
  sequence: number,
  type: number,
  content: Uint8Array,
): Uint8Array {
  const { cipher, key, iv, macKey } = keys
  const number = sequenceBytes(sequence)
  const length = Uint8Array.of(content.length >> 8, content.length & 0xff)
  const additional = concat(number, Uint8Array.of(type, ...VERSION_TLS12), length)
  if (cipher.kind === 'chacha') {
    return recordOf(type, sealed(keys, nonceOf(iv, sequence), additional, content))
  }
  if (cipher.kind === 'gcm') {
    return recordOf(type, concat(number, sealed(keys, concat(iv, number), additional, content)))
  }
  const mac = hmac(cipher.mac!, macKey, additional, content)
  const padding = 15 - ((content.length + mac.length) % 16)
  const plain = concat(content, mac, new Uint8Array(padding + 1).fill(padding))
  // Any value that the peer cannot foresee would do (§6.2.3.2); this one repeats, which an alert at the end can bear.
  const explicit = hmac('sha256', macKey, number).subarray(0, 16)
  const cbc = createCipheriv(`aes-${cipher.keyBytes * 8}-cbc`, key, explicit).setAutoPadding(false)
  return recordOf(type, concat(explicit, cbc.update(plain), cbc.final()))
}

/** Label and secret of one line of the NSS key log format; the client's random stands between them. */
export function readKeyLogLine(
  line: Uint8Array,
): { readonly label: string; readonly secret: Uint8Array } | undefined {
  const m = /^([A-Z0-9_]+) [0-9a-f]{64} ([0-9a-f]+)\s*$/.exec(toLatin1(line))
  return m === null ? undefined : { label: m[1]!, secret: Buffer.from(m[2]!, 'hex') }
}
