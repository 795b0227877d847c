/**
 * What an endpoint shows as modelled: the Certificate message with the real chain, and signatures as long as the key's own. NOT PROOF of a private key.
 * RFC 5246 §7.4.2, RFC 8446 §4.4.2.
 */
import { rememberEach } from '../../base/remember.ts'
import { mix } from '../../crypto/modelled/mix.ts'
import { signerOf } from '../../crypto/modelled/signature.ts'
import { readPresented } from '../../pki/certificate/presented.ts'
import { MODELLED_SIGNATURES } from '../../pki/keys/modelled-signatures.ts'
import { keySize } from '../../pki/keys/verification-key.ts'
import { contextFor, type TlsIdentity } from '../tls-context.ts'
import { writeCertificates } from '../tls-certificates.ts'

export interface Shown {
  /** Why the platform would not take it. */
  readonly fault: string | undefined
  readonly signs: 'rsa' | 'ec'
  readonly signatureBytes: number
  readonly message12: Uint8Array
  readonly message13: Uint8Array
  /** Of the end entity: what signatures are made of. */
  readonly leafSeed: number
}

/** Once for each identity, as the platform's context. */
export const shownOf: (identity: TlsIdentity) => Shown = rememberEach((identity: TlsIdentity) => {
  const { key, chain } = identity
  return {
    fault: faultOf(identity),
    signs: key.asymmetricKeyType === 'ec' ? 'ec' : 'rsa',
    signatureBytes: signerOf(key).length,
    message12: writeCertificates(chain, false),
    message13: writeCertificates(chain, true),
    leafSeed: leafSeed(chain),
  }
})

/** What is shown by whoever has nothing to show. */
export const EMPTY_MESSAGES = {
  message12: writeCertificates([], false),
  message13: writeCertificates([], true),
} as const

/** The platform says what is wrong with a key or a certificate, and is asked only where something may be. */
function faultOf(identity: TlsIdentity): string | undefined {
  const [leaf] = identity.chain
  const isPlain =
    leaf !== undefined &&
    Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).indexOf(signerOf(identity.key).spki) >=
      0 &&
    identity.chain.every((der) => readPresented(der).ok)
  if (isPlain) return undefined
  try {
    contextFor({ minimum: 'TLSv1.2', maximum: 'TLSv1.3', identity })
    return undefined
  } catch (thrown) {
    return String(thrown)
  }
}

const OF_LEAF = 0x1eaf

export const leafSeed = ([leaf]: readonly Uint8Array[]): number =>
  leaf === undefined ? OF_LEAF : mix(OF_LEAF, leaf)

const MODULUS_DEFAULT = 256

/** Octets of what is encrypted to the key of a chain's end entity (RFC 5246 §7.4.7.1). */
export function encryptedBytes([leaf]: readonly Uint8Array[]): number {
  const read = leaf === undefined ? undefined : readPresented(leaf)
  const size = read?.ok === true ? keySize(read.value.spki) : undefined
  return size === undefined ? MODULUS_DEFAULT : Math.ceil(size.bits / 8)
}

/** Whether a certificate of the chain was not signed by the one that was sent as its issuer. */
export function hasBrokenLink(chain: readonly Uint8Array[]): boolean {
  if (chain.length < 2) return false
  const read = chain.flatMap((der) => {
    const certificate = readPresented(der)
    return certificate.ok ? [certificate.value] : []
  })
  return read.some((certificate, at) => {
    const issuer = read[at + 1]
    const isNext = issuer !== undefined && certificate.issuer.key === issuer.subject.key
    return isNext && MODELLED_SIGNATURES.verify(certificate, issuer.spki) === 'bad'
  })
}
