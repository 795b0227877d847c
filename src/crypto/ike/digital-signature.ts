/**
 * The data of authentication method 14 (RFC 7427 §3): the length of an ASN.1 AlgorithmIdentifier, the identifier, the signature.
 * Not signatures themselves (`auth.ts`). Identifiers are compared whole, as RFC 7427 §3 advises, with those of its appendix A and of RFC 8420 §A.
 */
import { concat, equalBytes, fromHex } from '../../base/bytes.ts'

export type SignatureHash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** Numbers of SIGNATURE_HASH_ALGORITHMS (RFC 7427 §7), from weak to strong. */
export const SIGNATURE_HASHES: readonly { readonly id: number; readonly name: SignatureHash }[] = [
  { id: 1, name: 'sha1' },
  { id: 2, name: 'sha256' },
  { id: 3, name: 'sha384' },
  { id: 4, name: 'sha512' },
]

export type DigitalSignatureScheme =
  | { readonly kind: 'rsa' | 'ecdsa'; readonly hash: SignatureHash }
  /** `saltLength` in bytes; as long as the digest when it is absent. */
  | { readonly kind: 'pss'; readonly hash: SignatureHash; readonly saltLength?: number }
  | { readonly kind: 'ed25519' }

/** The end of an OBJECT IDENTIFIER and its value, by hash. */
const RSA_OID = { sha1: 0x05, sha256: 0x0b, sha384: 0x0c, sha512: 0x0d } as const
const ECDSA_OID = { sha1: '0401', sha256: '040302', sha384: '040303', sha512: '040304' } as const
const HASH_OID = {
  sha1: '06052b0e03021a',
  sha256: '0609608648016503040201',
  sha384: '0609608648016503040202',
  sha512: '0609608648016503040203',
} as const
const HASH_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const
const NULL = fromHex('0500')
/** id-RSASSA-PSS and id-mgf1 (RFC 4055 §2.2, §3). */
const PSS_OID = fromHex('06092a864886f70d01010a')
const MGF1_OID = fromHex('06092a864886f70d010108')
const ED25519 = fromHex('300506032b6570')

/** `content` is shorter than 128 bytes. */
const tagged = (tag: number, ...content: readonly Uint8Array[]): Uint8Array => {
  const body = concat(...content)
  return concat(Uint8Array.of(tag, body.length), body)
}
const sequence = (...content: readonly Uint8Array[]): Uint8Array => tagged(0x30, ...content)

/** RSASSA-PSS with the same hash for the mask. Defaults are left out, as DER has it (RFC 4055 §3.1). */
function pssIdentifier(hash: SignatureHash, saltLength: number): Uint8Array {
  const digest = sequence(fromHex(HASH_OID[hash]), NULL)
  const hashes =
    hash === 'sha1' ? [] : [tagged(0xa0, digest), tagged(0xa1, sequence(MGF1_OID, digest))]
  const salt = saltLength === 20 ? [] : [tagged(0xa2, tagged(2, Uint8Array.of(saltLength)))]
  return sequence(PSS_OID, sequence(...hashes, ...salt))
}

function identifierOf(scheme: DigitalSignatureScheme): Uint8Array {
  switch (scheme.kind) {
    case 'ed25519':
      return ED25519
    case 'rsa':
      return sequence(fromHex('06092a864886f70d0101'), Uint8Array.of(RSA_OID[scheme.hash]), NULL)
    case 'ecdsa':
      return sequence(tagged(6, fromHex('2a8648ce3d'), fromHex(ECDSA_OID[scheme.hash])))
    case 'pss':
      return pssIdentifier(scheme.hash, scheme.saltLength ?? HASH_BYTES[scheme.hash])
  }
}

/** The data of method 14. */
export function digitalSignature(
  scheme: DigitalSignatureScheme,
  signature: Uint8Array,
): Uint8Array {
  const identifier = identifierOf(scheme)
  return concat(Uint8Array.of(identifier.length), identifier, signature)
}

/** Salts of RSASSA-PSS that peers use: none, 20 bytes, or as many as the digest has. */
const SCHEMES: readonly DigitalSignatureScheme[] = [
  { kind: 'ed25519' },
  ...SIGNATURE_HASHES.flatMap(({ name: hash }): readonly DigitalSignatureScheme[] => [
    { kind: 'rsa', hash },
    { kind: 'ecdsa', hash },
    ...[...new Set([HASH_BYTES[hash], 20, 0])].map(
      (saltLength) => ({ kind: 'pss', hash, saltLength }) as const,
    ),
  ]),
]

const IDENTIFIERS = SCHEMES.map((scheme) => ({ scheme, identifier: identifierOf(scheme) }))

/** Undefined: shorter than it says, or an algorithm that is not known here. Never throws. */
export function readDigitalSignature(
  data: Uint8Array,
): { readonly scheme: DigitalSignatureScheme; readonly signature: Uint8Array } | undefined {
  const end = 1 + (data[0] ?? 0)
  const identifier = data.subarray(1, end)
  const known = IDENTIFIERS.find((each) => equalBytes(each.identifier, identifier))
  return known && { scheme: known.scheme, signature: data.subarray(end) }
}
