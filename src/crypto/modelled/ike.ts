/**
 * IKE and ESP without cryptography: as many bytes in every field, both sides with the same keys, and a tag that is wrong where a byte is another. Plaintexts
 * travel as they are. NOTHING IS HIDDEN OR PROVED: for labs in which thousands dial, never for a real peer.
 */
import type { KeyObject } from 'node:crypto'
import { concat } from '../../base/bytes.ts'
import type { Rng } from '../../base/rng.ts'
import { signatureIn, signAuth, type AuthData } from '../ike/auth.ts'
import type { IkeCryptography } from '../ike/cryptography.ts'
import { framed, type EspCipher, type EspCipherKeys } from '../ike/esp-cipher.ts'
import { espLayout } from '../ike/esp-frame.ts'
import type { KeyExchange } from '../ike/groups.ts'
import {
  padded,
  withoutPadding,
  withPadding,
  type IkeCipher,
  type IkeCipherKeys,
} from '../ike/ike-cipher.ts'
import { cutChildKeys, cutIkeKeys, type ChildKeySources, type IkeKeySources } from '../ike/keys.ts'
import { prfLength } from '../ike/prf.ts'
import { protectionOf, type EspSuite, type IkeSuite } from '../ike/transforms.ts'
import { isSpread, mix, mixAll, spread, spreadBytes } from './mix.ts'
import { isModelledSignature, modelledSignature, signerOf } from './signature.ts'

const NOTHING = new Uint8Array()

// ── key exchange ──

/** Octets of a KE payload's data, and of what both sides have in common, by group (RFC 2409 §6, RFC 3526, RFC 5114, RFC 5903 §7, RFC 8031). */
const GROUPS: ReadonlyMap<number, { readonly value: number; readonly shared: number }> = new Map(
  (
    [
      [1, 96],
      [2, 128],
      [5, 192],
      [14, 256],
      [15, 384],
      [16, 512],
      [19, 64, 32],
      [20, 96, 48],
      [21, 132, 66],
      [22, 128],
      [23, 256],
      [24, 256],
      [31, 32],
    ] as const
  ).map(([group, value, shared = value]) => [group, { value, shared }]),
)

const PRIVATE_BYTES = 32
const OF_PRIVATE = 0x6b65
const OF_PUBLIC = 0x6b70

/** 0 and 1 are no public values of any group (RFC 6989 §2). */
const isDegenerate = (value: Uint8Array): boolean =>
  value.at(-1)! <= 1 && value.subarray(0, -1).every((byte) => byte === 0)

function openKeyExchange(group: number, rng: Rng): KeyExchange | undefined {
  const lengths = GROUPS.get(group)
  if (lengths === undefined) return undefined
  const publicValue = spreadBytes(mix(OF_PRIVATE, rng.bytes(PRIVATE_BYTES)), lengths.value)
  return {
    group,
    publicValue,
    shared: (peer) =>
      peer.length !== lengths.value || isDegenerate(peer)
        ? undefined
        : // Alike from both ends.
          spreadBytes(mix(OF_PUBLIC, publicValue) + mix(OF_PUBLIC, peer), lengths.shared),
  }
}

// ── keys ──

const ikeKeys = (suite: IkeSuite, { shared, nonceI, nonceR, spiI, spiR, old }: IkeKeySources) => {
  const seed = mixAll(suite.prf, old?.skD ?? NOTHING, shared, nonceI, nonceR, spiI, spiR)
  return cutIkeKeys(suite, (length) => spreadBytes(seed, length))
}

const childKeys = (
  suite: EspSuite,
  { prf, skD, nonceI, nonceR, shared = NOTHING }: ChildKeySources,
) => {
  const seed = mixAll(prf, skD, shared, nonceI, nonceR)
  return cutChildKeys(suite, (length) => spreadBytes(seed, length))
}

const prf = (prfId: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  spreadBytes(mixAll(prfId, ...parts), prfLength(prfId))

// ── ciphers ──

/** Also where the suite is an AEAD: its key is in `encryption`. */
const tagSeed = ({ encryption, integrity }: IkeCipherKeys): number =>
  mixAll(0, encryption, integrity)

function ikeCipher(
  suite: Pick<IkeSuite, 'encryption' | 'integrity'>,
  keys: IkeCipherKeys,
): IkeCipher {
  const { encryption, integrity } = protectionOf(suite)
  const { ivBytes, blockBytes } = encryption
  const icvBytes = integrity?.icvBytes ?? encryption.icvBytes
  const seed = tagSeed(keys)
  const sealedLength = (plaintext: number): number =>
    ivBytes + padded(plaintext, blockBytes) + icvBytes
  return {
    ivBytes,
    icvBytes,
    blockBytes,
    sealedLength,
    seal(header, plaintext, iv) {
      const out = new Uint8Array(sealedLength(plaintext.length))
      const end = out.length - icvBytes
      out.set(iv)
      out.set(withPadding(plaintext, blockBytes), ivBytes)
      spread(mix(mix(seed, header), out, 0, end), out, end)
      return out
    },
    open(header, body) {
      const end = body.length - icvBytes
      if (end <= ivBytes || (end - ivBytes) % blockBytes !== 0) return undefined
      if (!isSpread(mix(mix(seed, header), body, 0, end), body, end)) return undefined
      return withoutPadding(body.slice(ivBytes, end))
    },
  }
}

function espCipher(suite: EspSuite, keys: EspCipherKeys): EspCipher {
  const { encryption, integrity } = protectionOf(suite)
  const layout = espLayout(encryption, integrity?.icvBytes ?? encryption.icvBytes)
  const { payloadAt } = layout
  const seed = tagSeed(keys)
  // The upper half of an extended sequence number is protected, and does not travel (RFC 4303 §2.2.1).
  const tagOf = (packet: Uint8Array, end: number, high: number): number =>
    mix(suite.esn === true ? seed ^ high : seed, packet, 0, end)
  return framed(layout, {
    close(packet, plain, high) {
      const end = payloadAt + plain.length
      packet.set(plain, payloadAt)
      spread(tagOf(packet, end, high), packet, end)
    },
    open: (packet, end, high) =>
      isSpread(tagOf(packet, end, high), packet, end)
        ? Uint8Array.from(packet.subarray(payloadAt, end))
        : undefined,
  })
}

// ── AUTH ──

const sign = (_scheme: unknown, octets: Uint8Array, key: KeyObject): Uint8Array =>
  modelledSignature(signerOf(key), octets)

/** What both sides take for the MSK's own key (RFC 7296 §2.15). */
const KEY_PAD = Uint8Array.of(0x17)

export const MODELLED_IKE: IkeCryptography = {
  kind: 'modelled',
  openKeyExchange,
  ikeKeys,
  childKeys,
  ikeCipher,
  espCipher,
  signedOctets: (message, peerNonce, prfId, skP, idBody) =>
    concat(message, peerNonce, prf(prfId, skP, idBody)),
  sharedKeyAuth: (prfId, key, octets) => prf(prfId, key, KEY_PAD, octets),
  signAuth: (octets, key, peerHashes) => signAuth(octets, key, peerHashes, { sign }),
  verifyAuth(octets: Uint8Array, key: KeyObject, auth: AuthData) {
    const signature = signatureIn(auth)
    const { seed, length } = signerOf(key)
    return signature?.length === length && isModelledSignature(seed, octets, signature)
  },
}
