/**
 * The keys of an IKE SA put to use (RFC 7296 §2.14, §2.18), and the AUTH payloads that they sign (§2.15, §2.16).
 */
import { equalBytes } from '../../base/bytes.ts'
import { isSameSecret } from '../../crypto/same-secret.ts'
import type { IkeKeySources } from '../../crypto/ike/keys.ts'
import type { IkeSuite } from '../../crypto/ike/transforms.ts'
import { readPresented } from '../../pki/certificate/presented.ts'
import { publicKey } from '../../pki/keys/verification-key.ts'
import { AuthMethod, CertEncoding } from '../../wire/ikev2/numbers.ts'
import type { AuthPayload, IdPayload, IkePayload } from '../../wire/ikev2/payloads.ts'
import type { IkeCertificate, IkeIdentity } from './options.ts'
import { find, idBody } from './payload.ts'
import { ikeTransforms, proposalText } from './proposals.ts'
import type { AuthenticationFault } from './report.ts'
import { cryptographyOf, tellSecrets, type IkeSa, type Run } from './state.ts'

/** From now on the messages of this IKE SA are protected. */
export function secure(
  run: Run,
  sa: IkeSa,
  suite: IkeSuite,
  from: Omit<IkeKeySources, 'spiI' | 'spiR'>,
): string {
  const { spiI, spiR } = sa
  const cryptography = cryptographyOf(run)
  const keys = cryptography.ikeKeys(suite, { ...from, spiI, spiR })
  const ofInitiator = cryptography.ikeCipher(suite, { encryption: keys.skEi, integrity: keys.skAi })
  const ofResponder = cryptography.ikeCipher(suite, { encryption: keys.skEr, integrity: keys.skAr })
  const [outbound, inbound] =
    sa.role === 'initiator' ? [ofInitiator, ofResponder] : [ofResponder, ofInitiator]
  sa.protection = { suite, keys, outbound, inbound }
  const { skEi, skEr, skAi, skAr } = keys
  tellSecrets(run, { kind: 'ike', spiI, spiR, suite, skEi, skEr, skAi, skAr })
  return proposalText(ikeTransforms(suite))
}

// ── what a side signs ──

/** What the AUTH of this side covers. */
export function octetsOf(run: Run, side: 'initiator' | 'responder', id: IdPayload): Uint8Array {
  const { state } = run
  const { signedOctets } = cryptographyOf(run)
  const { keys, suite } = state.sa.protection!
  const { messageI, messageR, nonceI, nonceR } = state.transcript!
  return side === 'initiator'
    ? signedOctets(messageI, nonceR, suite.prf, keys.skPi, idBody(id))
    : signedOctets(messageR, nonceI, suite.prf, keys.skPr, idBody(id))
}

/** CERT payloads and AUTH. */
export function proof(
  run: Run,
  id: IdPayload,
  { chain, key }: IkeCertificate,
): readonly IkePayload[] {
  const isModern = (run.options.signatureHashes ?? []).length > 0
  const { method, data } = cryptographyOf(run).signAuth(
    octetsOf(run, id.role, id),
    key,
    isModern ? run.state.peerHashes : undefined,
  )
  return [
    ...chain.map(
      (der) => ({ kind: 'cert', encoding: CertEncoding.x509Signature, data: der }) as const,
    ),
    { kind: 'auth', method, data },
  ]
}

/** AUTH from the MSK of an EAP method; where that gives none, from SK_p (RFC 7296 §2.16). */
export const sharedProof = (run: Run, id: IdPayload): AuthPayload => ({
  kind: 'auth',
  method: AuthMethod.sharedKey,
  data: cryptographyOf(run).sharedKeyAuth(
    prfOf(run),
    sharedKey(run, id.role),
    octetsOf(run, id.role, id),
  ),
})

const prfOf = ({ state }: Run): number => state.sa.protection!.suite.prf

function sharedKey({ state }: Run, side: 'initiator' | 'responder'): Uint8Array {
  const { msk } = state
  if (msk !== undefined && msk.length > 0) return msk
  const { skPi, skPr } = state.sa.protection!.keys
  return side === 'initiator' ? skPi : skPr
}

// ── what the other side has signed ──

/** Whether the peer holds the MSK. */
export function checkSharedProof(
  run: Run,
  id: IdPayload,
  auth: AuthPayload,
): AuthenticationFault | undefined {
  const { data, method } = auth
  const isGood = method === AuthMethod.sharedKey && isSameSecret(data, sharedProof(run, id).data)
  return isGood ? undefined : { code: 'bad-auth', method }
}

/** The peer's chain, where AUTH is the work of its first key; whether the chain is good is the host's to say. */
export function checkProof(
  run: Run,
  id: IdPayload,
  payloads: readonly IkePayload[],
): { readonly chain: readonly Uint8Array[] } | { readonly fault: AuthenticationFault } {
  const auth = find(payloads, 'auth')
  const chain = payloads.flatMap((each) =>
    each.kind === 'cert' && each.encoding === CertEncoding.x509Signature ? [each.data] : [],
  )
  const [first] = chain
  if (auth === undefined || first === undefined) {
    return { fault: { code: 'missing-payload', expected: ['CERT', 'AUTH'] } }
  }
  const certificate = readPresented(first)
  const key = certificate.ok ? publicKey(certificate.value.spki) : undefined
  if (key === undefined) return { fault: { code: 'unreadable-certificate' } }
  const isGood = cryptographyOf(run).verifyAuth(octetsOf(run, id.role, id), key, auth)
  return isGood ? { chain } : { fault: { code: 'bad-auth', method: auth.method } }
}

export const isSameIdentity = (a: IkeIdentity, b: IkeIdentity): boolean =>
  a.type === b.type && equalBytes(a.data, b.data)
