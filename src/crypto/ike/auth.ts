/**
 * The AUTH payload's data (RFC 7296 §2.15, §2.16): what is signed, by shared keys, by certificates' keys in the old methods 1, 9, 10 and 11
 * (RFC 4754), and by those of RFC 7427. Not certificates, and not whose turn it is.
 */
import { constants, sign, verify, type KeyObject } from 'node:crypto'
import { concat, utf8, withoutBuffer } from '../../base/bytes.ts'
import { ECP_CURVES, type EcpCurve } from './curves.ts'
import { ecdsaDer, signEcdsa } from './ecdsa.ts'
import { prf } from './prf.ts'
import {
  digitalSignature,
  readDigitalSignature,
  SIGNATURE_HASHES,
  type DigitalSignatureScheme,
  type SignatureHash,
} from './digital-signature.ts'

/** Method and data of an AUTH payload. */
export interface AuthData {
  readonly method: number
  readonly data: Uint8Array
}

/** By IANA's numbers; `wire/ikev2` has the names of all. */
const METHOD = {
  rsa: 1,
  sharedKey: 2,
  ecdsa256: 9,
  ecdsa384: 10,
  ecdsa521: 11,
  digital: 14,
} as const

/** What the AUTH of one side covers (RFC 7296 §2.15). `message`: its first one, whole, without a marker. `skP`, `idBody`: its own, without the payload header. */
export const signedOctets = (
  message: Uint8Array,
  peerNonce: Uint8Array,
  prfId: number,
  skP: Uint8Array,
  idBody: Uint8Array,
): Uint8Array => concat(message, peerNonce, prf(prfId, skP, idBody))

const KEY_PAD = utf8('Key Pad for IKEv2')

/** The data of method 2. `key`: a shared secret, or the MSK of an EAP method (RFC 7296 §2.16). */
export const sharedKeyAuth = (prfId: number, key: Uint8Array, octets: Uint8Array): Uint8Array =>
  prf(prfId, prf(prfId, key, KEY_PAD), octets)

// ── signing ──

/** What a signer may choose. */
export interface SigningChoice {
  /** Of method 1 (RFC 7296 §3.8); SHA-1 unless the peer is known to take another. */
  readonly legacyHash?: SignatureHash
  /** RSASSA-PSS instead of PKCS #1 v1.5 in method 14. Its salt makes each signature another one. */
  readonly pss?: boolean
  /** Who makes the signatures. Default OpenSSL. */
  readonly sign?: SignWith
}

/** In ECDSA `form` is what the method has: two numbers (RFC 4754 §7), or DER. */
export type SignWith = (
  scheme: DigitalSignatureScheme,
  octets: Uint8Array,
  key: KeyObject,
  form: 'numbers' | 'der',
) => Uint8Array

/**
 * With `peerHashes`, the hash numbers of the peer's SIGNATURE_HASH_ALGORITHMS: method 14, if one of them will do. Without: method 1 for RSA, 9 … 11 for ECDSA.
 * Signatures repeat, except those of RSASSA-PSS. Throws RangeError for a key that no method takes.
 */
export function signAuth(
  octets: Uint8Array,
  key: KeyObject,
  peerHashes?: readonly number[],
  choice: SigningChoice = {},
): AuthData {
  const scheme = peerHashes && digitalScheme(key, peerHashes, choice)
  const { sign: signs = signWith } = choice
  if (scheme !== undefined) {
    const signature = signs(scheme, octets, key, 'der')
    return { method: METHOD.digital, data: digitalSignature(scheme, signature) }
  }
  if (key.asymmetricKeyType === 'rsa') {
    const hash = choice.legacyHash ?? 'sha1'
    return { method: METHOD.rsa, data: signs({ kind: 'rsa', hash }, octets, key, 'der') }
  }
  const legacy = legacyEcdsa(key)
  if (legacy !== undefined) {
    const { method, hash } = legacy
    return { method, data: signs({ kind: 'ecdsa', hash }, octets, key, 'numbers') }
  }
  throw new RangeError(`no authentication method takes a key of type ${key.asymmetricKeyType}`)
}

/** The hash that fits the key's strength, or the next that the peer takes: stronger ones first, then weaker ones. */
function digitalScheme(
  key: KeyObject,
  peerHashes: readonly number[],
  { pss }: SigningChoice,
): DigitalSignatureScheme | undefined {
  const type = key.asymmetricKeyType
  if (type === 'ed25519') return peerHashes.includes(5) ? { kind: 'ed25519' } : undefined
  const curve = legacyEcdsa(key)
  const wanted = curve?.hash ?? 'sha256'
  const names = SIGNATURE_HASHES.map(({ name }) => name)
  const from = names.indexOf(wanted)
  const order = [...names.slice(from), ...names.slice(0, from).reverse()]
  const hash = order.find((name) =>
    SIGNATURE_HASHES.some((known) => known.name === name && peerHashes.includes(known.id)),
  )
  if (hash === undefined) return undefined
  if (type === 'ec') return curve === undefined ? undefined : { kind: 'ecdsa', hash }
  if (type === 'rsa' && pss !== true) return { kind: 'rsa', hash }
  return type === 'rsa' || type === 'rsa-pss' ? { kind: 'pss', hash } : undefined
}

const signWith: SignWith = (scheme, octets, key, form) => {
  if (scheme.kind === 'ed25519') return withoutBuffer(sign(null, octets, key))
  if (scheme.kind === 'ecdsa') {
    const numbers = signEcdsa(scheme.hash, octets, key, curveOf(key)!.curve)
    return form === 'der' ? ecdsaDer(numbers) : numbers
  }
  return withoutBuffer(sign(scheme.hash, octets, { key, ...paddingOf(scheme) }))
}

function paddingOf(scheme: DigitalSignatureScheme) {
  if (scheme.kind === 'rsa') return { padding: constants.RSA_PKCS1_PADDING }
  if (scheme.kind !== 'pss') return {}
  const saltLength = scheme.saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}

// ── verifying ──

/** The signature in an AUTH by certificate; undefined: method 14 with an algorithm that is not known here. */
export const signatureIn = ({ method, data }: AuthData): Uint8Array | undefined =>
  method === METHOD.digital ? readDigitalSignature(data)?.signature : data

/** Whether `auth` is a signature of `key` (a public one) over `octets`. Not method 2: {@link sharedKeyAuth} gives what must be there. Never throws. */
export function verifyAuth(octets: Uint8Array, key: KeyObject, auth: AuthData): boolean {
  const { method, data } = auth
  if (method === METHOD.digital) {
    const read = readDigitalSignature(data)
    return read !== undefined && isSignature(read.scheme, octets, key, read.signature)
  }
  if (method === METHOD.rsa) {
    // Any hash that the signature itself names (RFC 7296 §3.8).
    return SIGNATURE_HASHES.some(({ name: hash }) =>
      isSignature({ kind: 'rsa', hash }, octets, key, data),
    )
  }
  const legacy = legacyEcdsa(key)
  if (legacy?.method !== method) return false
  return verified(() => verify(legacy.hash, octets, { key, dsaEncoding: 'ieee-p1363' }, data))
}

const KEY_TYPES: Readonly<Record<DigitalSignatureScheme['kind'], readonly string[]>> = {
  rsa: ['rsa'],
  pss: ['rsa', 'rsa-pss'],
  ecdsa: ['ec'],
  ed25519: ['ed25519'],
}

function isSignature(
  scheme: DigitalSignatureScheme,
  octets: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  if (!KEY_TYPES[scheme.kind].includes(key.asymmetricKeyType ?? '')) return false
  const digest = scheme.kind === 'ed25519' ? null : scheme.hash
  return verified(() => verify(digest, octets, { key, ...paddingOf(scheme) }, signature))
}

function verified(ask: () => boolean): boolean {
  try {
    return ask()
  } catch {
    // OpenSSL throws for keys that it reads but will not use, which proves nothing either.
    return false
  }
}

// ── curves ──

const LEGACY_ECDSA = [
  { group: 19, method: METHOD.ecdsa256, hash: 'sha256' },
  { group: 20, method: METHOD.ecdsa384, hash: 'sha384' },
  { group: 21, method: METHOD.ecdsa521, hash: 'sha512' },
] as const

interface LegacyEcdsa {
  readonly method: number
  readonly hash: SignatureHash
  readonly curve: EcpCurve
}

function curveOf(key: KeyObject): LegacyEcdsa | undefined {
  const name = key.asymmetricKeyDetails?.namedCurve
  for (const { group, method, hash } of LEGACY_ECDSA) {
    const curve = ECP_CURVES.get(group)!
    if (curve.name === name) return { method, hash, curve }
  }
  return undefined
}

/** Method, hash and curve go together (RFC 4754 §3). Undefined: no key of ECDSA, or another curve. */
const legacyEcdsa = (key: KeyObject): LegacyEcdsa | undefined =>
  key.asymmetricKeyType === 'ec' ? curveOf(key) : undefined
