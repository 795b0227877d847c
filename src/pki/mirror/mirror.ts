/**
 * Real certificates issued again with lab keys, so that a real PKI can be rehearsed without its private keys: names, serial numbers,
 * dates and extensions keep their octets, keys and signatures are the lab's. Not a forgery: nobody outside the lab trusts it.
 */
import { equalBytes, toHex } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import { err, ok, type Result } from '../../base/result.ts'
import {
  readCertificate,
  subjectOf,
  type Certificate,
  type Signed,
} from '../certificate/certificate.ts'
import { readCrl, type Crl } from '../revocation/crl.ts'
import { assignKeys, KEY_POOL_SIZE, poolKey, type KeyPair } from '../keys/key-pool.ts'
import {
  changesIn,
  keptDigest,
  mirrorKeyLabel,
  reissue,
  writeRoot,
  type Signing,
} from './mirror-writer.ts'
import type { Name } from '../certificate/name.ts'
import { verifySignature } from '../keys/signature.ts'
import { thumbprint } from '../certificate/thumbprint.ts'

/** Certificates in one mirror. */
export const MIRROR_CERTIFICATES_MAX = 1000
/** Signatures that are verified to find out who issued what. */
export const MIRROR_SIGNATURE_CHECKS_MAX = 10_000

export interface Originals {
  /** Of one PKI, in any order; one that stands twice counts once. */
  readonly certificates: readonly Certificate[]
  readonly crls?: readonly Crl[]
}

export interface MirroredCertificate {
  readonly original: Certificate
  /** With `mirrorOf`. */
  readonly certificate: Certificate
  /** One pair for each public key of the originals: certificates that shared a key share one here. */
  readonly keys: KeyPair
  /** What could not be kept, in words: `EC 256 key became RSA 2048`. */
  readonly changes: readonly string[]
}

/** A self-signed stand-in for an issuer whose certificate was not among the originals. */
export interface InventedIssuer {
  readonly certificate: Certificate
  readonly keys: KeyPair
  /** Names of those that it stands above. */
  readonly issued: readonly string[]
}

export interface MirroredCrl {
  readonly original: Crl
  readonly crl: Crl
}

export interface Mirror {
  readonly certificates: readonly MirroredCertificate[]
  readonly invented: readonly InventedIssuer[]
  readonly crls: readonly MirroredCrl[]
}

/** Why there is no mirror: one sentence. `subject`: of the certificate or CRL that is in the way. */
export interface MirrorFault {
  readonly subject?: string
  readonly message: string
}

/** Labels of the keys that a mirror needs, for {@link assignKeys}. */
export interface MirrorKeys {
  readonly authorities: readonly string[]
  readonly others: readonly string[]
}

/** A mirror whose keys are not chosen yet. */
export interface MirrorPlan extends MirrorKeys {
  /** Same plan, same keys: same octets. */
  make(keyOf: (label: string) => KeyPair): Mirror
}

/** Mirror with the keys of the pool, by the originals' public keys. */
export function mirrorCertificates(originals: Originals): Result<Mirror, MirrorFault> {
  const plan = planMirror(originals)
  if (!plan.ok) return plan
  const { authorities, others } = plan.value
  if (authorities.length > KEY_POOL_SIZE) {
    const message = `${authorities.length} authorities with keys of their own, more than the ${KEY_POOL_SIZE} lab keys`
    return err({ message })
  }
  const indexes = assignKeys(authorities, others)
  return ok(plan.value.make((label) => poolKey(indexes.get(label)!)))
}

/**
 * Find out who issued what. Key identifiers are kept as they are, although they are no hashes of the lab keys: they are labels that
 * tell certificates of one name apart, and what is to be rehearsed may depend on them.
 */
export function planMirror({
  certificates,
  crls = [],
}: Originals): Result<MirrorPlan, MirrorFault> {
  const originals = distinct(certificates)
  if (originals.length > MIRROR_CERTIFICATES_MAX) {
    return err({
      message: `${originals.length} certificates, more than ${MIRROR_CERTIFICATES_MAX}`,
    })
  }
  const budget = { checksLeft: MIRROR_SIGNATURE_CHECKS_MAX }
  const signers = new Map<Signed, Signer>()
  for (const signed of [...originals, ...crls]) {
    if (keptDigest(signed) === undefined) return err(unknownAlgorithm(signed))
    const signer = signerOf(signed, originals, budget)
    if (!signer.ok) return signer
    signers.set(signed, signer.value)
  }
  const stands = standsIn(signers)
  const alone = [...stands.values()].find(({ issued }) => issued.length === 0)
  if (alone !== undefined) {
    const message = 'is about none of the certificates that are to be mirrored'
    return err({ subject: `CRL of ${alone.signer.name.text}`, message })
  }
  const made = { originals, crls: distinct(crls), signers, stands }
  return ok({ ...keyLabels(made), make: (keyOf) => make(made, keyOf) })
}

function distinct<T extends { readonly der: Uint8Array }>(values: readonly T[]): readonly T[] {
  const byDer = new Map(values.toReversed().map((value) => [toHex(value.der), value]))
  return [...byDer.values()].toReversed()
}

const isCrl = (signed: Certificate | Crl): signed is Crl => 'thisUpdate' in signed

const nameOf = (signed: Certificate | Crl): string =>
  isCrl(signed) ? `CRL of ${signed.issuer.text}` : subjectOf(signed)

const unknownAlgorithm = (signed: Certificate | Crl): MirrorFault => ({
  subject: nameOf(signed),
  message: `its signature (algorithm ${signed.signatureAlgorithm.oid}) cannot be verified here, so who made it cannot be told`,
})

/**
 * Whose lab key signs the mirror. `forged`: by none of those that it names, so its mirror must not verify either. `absent`: the
 * issuer is not among the originals.
 */
type Signer =
  | { readonly kind: 'issuer'; readonly spki: Uint8Array }
  | { readonly kind: 'forged'; readonly spki: Uint8Array }
  | {
      readonly kind: 'absent'
      readonly label: string
      readonly name: Name
      readonly keyId?: Uint8Array
    }

function signerOf(
  signed: Certificate | Crl,
  originals: readonly Certificate[],
  budget: { checksLeft: number },
): Result<Signer, MirrorFault> {
  const { issuer, authorityKeyId } = signed
  const named = originals.filter(({ subject }) => subject.key === issuer.key)
  budget.checksLeft -= named.length
  if (budget.checksLeft < 0) {
    return err({ message: `more than ${MIRROR_SIGNATURE_CHECKS_MAX} signatures to verify` })
  }
  const verdicts = named.map(({ spki }) => verifySignature(signed, spki))
  const good = named[verdicts.indexOf('good')]
  if (good !== undefined) return ok({ kind: 'issuer', spki: good.spki })
  const meant = named.filter(({ subjectKeyId }) => !isOtherKey(authorityKeyId, subjectKeyId))
  if (meant.some((issuing) => verdicts[named.indexOf(issuing)] === 'unsupported')) {
    return err(unknownAlgorithm(signed))
  }
  if (meant[0] !== undefined) return ok({ kind: 'forged', spki: meant[0].spki })
  const keyId = authorityKeyId === undefined ? '' : toHex(authorityKeyId)
  const label = `mirrored issuer ${toHex(issuer.der)} ${keyId}`
  return ok({
    kind: 'absent',
    label,
    name: issuer,
    ...(authorityKeyId && { keyId: authorityKeyId }),
  })
}

/** Key identifiers that differ: another key of the same name issued it. */
const isOtherKey = (wanted: Uint8Array | undefined, has: Uint8Array | undefined): boolean =>
  wanted !== undefined && has !== undefined && !equalBytes(wanted, has)

interface Planned {
  readonly originals: readonly Certificate[]
  readonly crls: readonly Crl[]
  readonly signers: ReadonlyMap<Signed, Signer>
  /** Stand-ins by label. */
  readonly stands: ReadonlyMap<
    string,
    { readonly signer: Absent; readonly issued: readonly Certificate[] }
  >
}

type Absent = Extract<Signer, { kind: 'absent' }>

function standsIn(signers: ReadonlyMap<Signed, Signer>): Planned['stands'] {
  const stands = new Map<string, { signer: Absent; issued: Certificate[] }>()
  for (const [signed, signer] of signers) {
    if (signer.kind !== 'absent') continue
    const stand = stands.get(signer.label) ?? { signer, issued: [] }
    stands.set(signer.label, stand)
    if (!isCrl(signed as Certificate | Crl)) stand.issued.push(signed as Certificate)
  }
  return stands
}

/** Sorted, so that the order of the originals does not matter. */
function keyLabels({ originals, signers, stands }: Planned): MirrorKeys {
  const isAuthority = ({ basicConstraints: constraints, keyUsage: usage }: Certificate) =>
    constraints?.cA === true || usage?.includes('keyCertSign') === true
  const signing = [...signers.values()].flatMap((signer) =>
    signer.kind === 'absent' ? [] : [signer.spki],
  )
  const keys = [...signing, ...originals.filter(isAuthority).map(({ spki }) => spki)]
  const authorities = new Set([...keys.map(mirrorKeyLabel), ...stands.keys()])
  const others = new Set(originals.map(({ spki }) => mirrorKeyLabel(spki)))
  return {
    authorities: [...authorities].toSorted(),
    others: [...others].filter((label) => !authorities.has(label)).toSorted(),
  }
}

function make(plan: Planned, keyOf: (label: string) => KeyPair): Mirror {
  const signingOf = (signed: Signed): Signing => {
    const signer = plan.signers.get(signed)!
    const label = signer.kind === 'absent' ? signer.label : mirrorKeyLabel(signer.spki)
    return { privateKey: keyOf(label).privateKey, holds: signer.kind !== 'forged' }
  }
  return {
    certificates: plan.originals.map((original) => {
      const keys = keyOf(mirrorKeyLabel(original.spki))
      const read = readCertificate(reissue(original, signingOf(original), keys.spki))
      invariant(read.ok, `a mirror does not read: ${JSON.stringify(read)}`)
      const certificate = { ...read.value, mirrorOf: thumbprint(original) }
      return { original, certificate, keys, changes: changesIn(original) }
    }),
    invented: [...plan.stands.values()].map(({ signer, issued }) => {
      const keys = keyOf(signer.label)
      const read = readCertificate(writeRoot(signer, issued, keys))
      invariant(read.ok, `an invented issuer does not read: ${JSON.stringify(read)}`)
      return { certificate: read.value, keys, issued: issued.map(subjectOf) }
    }),
    crls: plan.crls.map((original) => {
      const crl = readCrl(reissue(original, signingOf(original)))
      invariant(crl.ok, `a mirrored CRL does not read: ${JSON.stringify(crl)}`)
      return { original, crl: crl.value }
    }),
  }
}
