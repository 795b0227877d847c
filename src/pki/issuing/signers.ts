/**
 * Certification authorities as they sign: their keys and certificates, one after another, and what they sign with them.
 * Not what end entities get ({@link ./issue.ts}), and not a decision about who gets it.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { concat } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import { remember } from '../../base/remember.ts'
import type { Instant } from '../../base/time.ts'
import type { AuthoritySpec } from '../../topology/pki.ts'
import { readCertificate, type Certificate } from '../certificate/certificate.ts'
import { attributesOf } from './contents.ts'
import * as write from '../encoding/der-writer.ts'
import * as extend from '../certificate/extension-writer.ts'
import type { Extension } from '../certificate/extensions.ts'
import { writeTbsCertificate } from '../certificate/forge.ts'
import {
  authorityGenerations,
  generationAt,
  type AuthorityGeneration,
  type Validity,
} from './generations.ts'
import { assignKeys, poolKey, type KeyPair } from '../keys/key-pool.ts'
import { mirrorBelow, originalOf } from '../mirror/mirror-source.ts'
import { mirrorKeyLabel } from '../mirror/mirror-writer.ts'
import { encodeName } from '../certificate/name.ts'
import { OID } from '../encoding/oids.ts'
import { signRsa, type SignRsa } from '../keys/signature.ts'
import { keyIdOf } from '../keys/spki.ts'

const SERIAL_BYTES = 16

/** A certificate with its private key, as its holder has it. */
export interface Held {
  readonly certificate: Certificate
  /**
   * Issuers, nearest first. For an authority: up to and with the root. For a node's certificate: the intermediates that it
   * sends along; none when `sendsChain` is false. Roots are never sent.
   */
  readonly chain: readonly Certificate[]
  readonly privateKey: KeyObject
}

/** An authority as it signs during one generation. */
export interface Signer {
  readonly key: string
  readonly spec: AuthoritySpec
  readonly generation: AuthorityGeneration
  /** DER. */
  readonly name: Uint8Array
  readonly keys: KeyPair
  readonly keyId: Uint8Array
  readonly sign: SignRsa
}

/** Every authority of a topology, with all its certificates. Keys of authorities must exist. */
export interface Signers {
  /** Oldest first. */
  generations(key: string): readonly AuthorityGeneration[]
  /** The authority as it signs at `at`. */
  at(key: string, at: Instant): Signer
  /** The authority as it first signs with its key number `keyIndex`; undefined: it has no such key. */
  ofKey(key: string, keyIndex: number): Signer | undefined
  held(key: string, index: number): Held
  /** The key pair of a certificate that is no authority's. */
  keysOf(label: string): KeyPair
}

/** `others` are the labels of all certificates besides, each of which gets a key from the pool. */
export function signersOf(
  authorities: Readonly<Record<string, AuthoritySpec>>,
  start: Instant,
  others: readonly string[],
  sign: SignRsa,
): Signers {
  const generations = remember((key: string) => authorityGenerations(authorities, key, start))
  const keysOf = keysByLabel(authorities, others, generations)
  const signers = remember((label: string): Signer => {
    const [index, key] = splitIndex(label)
    const spec = authorities[key]!
    const generation = generations(key)[index]!
    const original = originalOf(spec)
    const keys = keysOf(generationLabel(generation.keyIndex, labelOf(key, spec)))
    const name = original?.subject.der ?? encodeName(attributesOf(spec.subject))
    return {
      key,
      spec,
      generation,
      name,
      keys,
      keyId: original?.subjectKeyId ?? keyIdOf(keys.spki),
      sign,
    }
  })
  const at = (key: string, instant: Instant): Signer =>
    signers(`${generationAt(generations(key), instant).index} ${key}`)
  const held = remember((label: string): Held => {
    const self = signers(label)
    const { issuer: above } = self.spec
    const issuer = above === undefined ? self : at(above, self.generation.notBefore)
    const chain = issuer === self ? undefined : held(`${issuer.generation.index} ${issuer.key}`)
    return {
      certificate: issueAuthority(self, issuer),
      chain: chain === undefined ? [] : [chain.certificate, ...chain.chain],
      privateKey: self.keys.privateKey,
    }
  })
  return {
    generations,
    at,
    ofKey: (key, keyIndex) => {
      const first = generations(key).find((generation) => generation.keyIndex === keyIndex)
      return first === undefined ? undefined : signers(`${first.index} ${key}`)
    },
    held: (key, index) => held(`${index} ${key}`),
    keysOf,
  }
}

/** A key from the pool for every label. Those of renewed authorities come after all first ones, so that they move none of them. */
function keysByLabel(
  authorities: Readonly<Record<string, AuthoritySpec>>,
  others: readonly string[],
  generations: (key: string) => readonly AuthorityGeneration[],
): (label: string) => KeyPair {
  const renewed = Object.keys(authorities).flatMap((key) =>
    keyIndexesOf(generations(key))
      .slice(1)
      .map((index) => generationLabel(index, authorityLabel(key))),
  )
  const own = Object.entries(authorities).map(([key, spec]) => labelOf(key, spec))
  const first = [...new Set([...own, ...renewed])]
  const indexes = assignKeys(first, others)
  // Who asks later gets the key that it would have got as the last of all.
  return (label) => poolKey(indexes.get(label) ?? assignKeys(first, [...others, label]).get(label)!)
}

/** Of an authority's keys, oldest first. */
export const keyIndexesOf = (generations: readonly AuthorityGeneration[]): readonly number[] => [
  ...new Set(generations.map(({ keyIndex }) => keyIndex)),
]

/** AD CS puts the number of a key, or of a certificate, into the name of the file: `issuing(1).crl`. The first has none. */
export const suffixed = (urls: readonly string[] = [], index: number): readonly string[] =>
  index === 0 ? urls : urls.map((url) => url.replace(/(\.[^./?]*)?(\?.*)?$/, `(${index})$1$2`))

const authorityLabel = (key: string): string => `authority ${key}`
/** The label of its first key. */
function labelOf(key: string, spec: AuthoritySpec): string {
  const original = originalOf(spec)
  return original === undefined ? authorityLabel(key) : mirrorKeyLabel(original.spki)
}
/** The present one of several in a row; the first goes by its own label. */
export const generationLabel = (index: number, label: string): string =>
  index === 0 ? label : `generation ${index} of ${label}`
/** `3 issuing` → 3 and `issuing`. */
export function splitIndex(label: string): readonly [number, string] {
  const [, index, rest] = /^(\d+) (.*)$/s.exec(label)!
  return [Number(index), rest!]
}

/** Always for real: profiles name authorities by thumbprints, and there are few of them. */
function issueAuthority(self: Signer, above: Signer): Certificate {
  const issuer = { ...above, sign: signRsa }
  const { spec, key, generation } = self
  const original = originalOf(spec)
  if (original !== undefined) return mirrorBelow(original, self.keys, issuer)
  return issue(issuer, {
    label: generationLabel(generation.index, authorityLabel(key)),
    subject: self.name,
    keys: self.keys,
    validity: generation,
    extensions: [
      extend.basicConstraints(spec.pathLength),
      extend.keyUsage('keyCertSign', 'cRLSign'),
      ...keyIdsOf(self.keys, issuer),
      // Nobody revokes a root by its own signature, and nobody needs to fetch its issuer.
      ...(above === self ? [] : publishedAt(issuer)),
    ],
  })
}

/** SKI of the holder, AKI of the issuer. */
export const keyIdsOf = (keys: KeyPair, issuer: Signer): readonly Extension[] => [
  extend.subjectKeyIdentifier(keyIdOf(keys.spki)),
  extend.authorityKeyIdentifier(issuer.keyId),
]

/** CDP and AIA, as far as the issuer has them. */
export function publishedAt({
  spec,
  generation: { index, keyIndex },
}: Signer): readonly Extension[] {
  const crlUrls = suffixed(spec.crlUrls, keyIndex)
  const places = [
    ...suffixed(spec.aiaUrls, index).map((url) => ({ method: OID.caIssuers, url })),
    ...(spec.ocsp?.urls ?? []).map((url) => ({ method: OID.ocsp, url })),
  ]
  return [
    ...(crlUrls.length === 0 ? [] : [extend.crlDistributionPoints(crlUrls)]),
    ...(places.length === 0 ? [] : [extend.authorityInfoAccess(places)]),
  ]
}

/** What is to be signed. */
export interface Order {
  readonly label: string
  /** DER. */
  readonly subject: Uint8Array
  readonly keys: KeyPair
  readonly validity: Validity
  readonly extensions: readonly Extension[]
}

export function issue(issuer: Signer, order: Order): Certificate {
  const { label, subject, keys, validity, extensions } = order
  const tbs = writeTbsCertificate({
    serial: serialOf(issuer.key, label),
    issuer: issuer.name,
    subject,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    spki: keys.spki,
    extensions,
  })
  const algorithm = write.sequence(write.oid(OID.sha256WithRSAEncryption), write.nullElement())
  const signature = issuer.sign('sha256', tbs, issuer.keys.privateKey)
  const read = readCertificate(write.sequence(tbs, algorithm, write.bitString(signature)))
  if (!read.ok) invariant(false, `an issued certificate does not read: ${JSON.stringify(read)}`)
  return read.value
}

/** Positive, 16 bytes, first byte 40 … 7f. It depends on the labels alone. */
export function serialOf(issuer: string, label: string): Uint8Array {
  const digest = createHash('sha256').update(`serial ${issuer}\n${label}`).digest()
  return concat(Uint8Array.of((digest[0]! & 0x3f) | 0x40), digest.subarray(1, SERIAL_BYTES))
}
