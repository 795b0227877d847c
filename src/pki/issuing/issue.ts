/**
 * Issues the certificates and CRLs that a topology describes. Same topology, same bytes: keys come from a fixed pool, serial
 * numbers from labels, signatures are RSA PKCS #1 v1.5. Not a CA that decides: what templates and permissions allow comes as plans.
 */
import { toHex } from '../../base/bytes.ts'
import { remember } from '../../base/remember.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { Instant } from '../../base/time.ts'
import { isInstalled, type AuthoritySpec } from '../../topology/pki.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { attributesOf, holderExtensions, installedPlan } from './contents.ts'
import * as extend from '../certificate/extension-writer.ts'
import { certificateValidities, type IssuedValidity, type Validity } from './generations.ts'
import { issueProblems, type IssueInput, type IssueProblem } from './issue-check.ts'
import { mirrorBelow, originalOf } from '../mirror/mirror-source.ts'
import { mirrorKeyLabel } from '../mirror/mirror-writer.ts'
import { encodeName } from '../certificate/name.ts'
import { OID } from '../encoding/oids.ts'
import { signRsa } from '../keys/signature.ts'
import type { CertificatePlan, EnrolmentOutcome } from './plan.ts'
import type { RevokedCertificate } from './publication.ts'
import { publisherOf, type Publisher } from './publisher.ts'
import type { ResponderSigner } from './responder.ts'
import {
  generationLabel,
  issue,
  keyIdsOf,
  keyIndexesOf,
  publishedAt,
  serialOf,
  signersOf,
  splitIndex,
  type Held,
  type Signers,
} from './signers.ts'
import { thumbprint } from '../certificate/thumbprint.ts'

export type { Held } from './signers.ts'

/** Everything is issued when it is first asked for, and then kept. */
export interface Pki extends Publisher {
  /** With the certificate that it has at `at`, or its first. Undefined: the topology has no such authority. */
  authority(key: string, at?: Instant): Held | undefined
  /** Every certificate that the authority has been given by `at`, newest first: its first at least. */
  authorityCertificates(key: string, at: Instant): readonly Certificate[]
  /**
   * What the node holds under that name at `at`: one that is renewed has another by then. Without `at`, or before the first: the
   * first. Undefined: the topology has no such certificate, or the node was denied it.
   */
  certificate(node: string, name: string, at?: Instant): Held | undefined
  /** Names of a node's certificates: those that the topology lists, then those of autoenrolment. Denied ones are not among them. */
  certificateNames(node: string): readonly string[]
  /** Issue by a plan that came later than the topology, at `at`. Each instant has a serial number of its own. */
  issue(plan: CertificatePlan, at: Instant): Held
  /** Thumbprints of the mirrors that it issued, each with that of the real certificate. */
  mirrors(): ReadonlyMap<string, string>
  /** How those fared who asked by a template, or by autoenrolment. */
  enrolments(): readonly EnrolmentOutcome[]
}

/** Check the specs and prepare to issue. Fails with every spec that cannot be issued. */
export function issuePki(input: IssueInput): Result<Pki, readonly IssueProblem[]> {
  const problems = issueProblems(input)
  return problems.length > 0 ? err(problems) : ok(pkiOf(input))
}

function pkiOf(input: IssueInput): Pki {
  const { authorities, start } = input
  const plans = plansOf(input)
  const listed = input.holders.map(({ node, certificate }) => holderLabel(node, certificate.name))
  const delegates = Object.entries(authorities).flatMap(([key, spec]) =>
    hasDelegate(spec) ? [delegateLabel(key)] : [],
  )
  const { sign = signRsa } = input
  const labels = [...new Set([...listed, ...plans.keys(), ...delegates])]
  const signers = signersOf(authorities, start, labels, sign)
  const has = (key: string): boolean => Object.hasOwn(authorities, key)
  const heldAt = holder(plans, signers)
  const names = namesByNode(plans)
  return {
    authority: (key, at = start) =>
      has(key) ? signers.held(key, signers.at(key, at).generation.index) : undefined,
    authorityCertificates: (key, at) =>
      (has(key) ? signers.generations(key) : [])
        .filter(({ index, notBefore }) => index === 0 || notBefore <= at)
        .map(({ index }) => signers.held(key, index).certificate)
        .toReversed(),
    certificate: (node, name, at) => {
      const label = holderLabel(node, name)
      const plan = plans.get(label)
      return plan === undefined ? undefined : heldAt(label, plan, at ?? plan.notBefore)
    },
    certificateNames: (node) => names.get(node) ?? [],
    issue: (plan, at) => {
      const label = holderLabel(plan.node, plan.name)
      const [validity] = validitiesOf(plan, signers, at)
      const issuedAt = { ...validity!, issuedAt: at }
      return issueByPlan(signers, plan, {
        label,
        serialLabel: `${at} ${label}`,
        validity: issuedAt,
      })
    },
    mirrors: () => {
      const authoritative = Object.keys(authorities).map((key) => signers.held(key, 0))
      const mirrored = [...plans].filter(([, plan]) => originalOf(plan) !== undefined)
      const helds = mirrored.map(([label, plan]) => heldAt(label, plan, plan.notBefore))
      return mirrorsAmong([...authoritative, ...helds].map(({ certificate }) => certificate))
    },
    enrolments: () => input.enrolments ?? [],
    ...publisher(input, plans, signers),
  }
}

const mirrorsAmong = (certificates: readonly Certificate[]): ReadonlyMap<string, string> =>
  new Map(
    certificates.flatMap((certificate) =>
      certificate.mirrorOf === undefined ? [] : [[thumbprint(certificate), certificate.mirrorOf]],
    ),
  )

/** Of every certificate that will be issued, by its label. */
type Plans = ReadonlyMap<string, CertificatePlan>

const plansOf = ({ holders, plans = [], start }: IssueInput): Plans =>
  new Map(
    [
      ...holders.flatMap(({ node, certificate }) =>
        isInstalled(certificate) ? [installedPlan(node, certificate, start)] : [],
      ),
      ...plans,
    ].map((plan) => [holderLabel(plan.node, plan.name), plan]),
  )

/** In the order of the plans. */
function namesByNode(plans: Plans): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  for (const { node, name } of plans.values()) {
    const known = names.get(node)
    if (known === undefined) names.set(node, [name])
    else known.push(name)
  }
  return names
}

const validitiesOf = (plan: CertificatePlan, signers: Signers, at: Instant) =>
  certificateValidities(plan, signers.generations(plan.issuer), at)

/** Issues what a plan leads to at an instant. */
function holder(plans: Plans, signers: Signers) {
  const held = remember((label: string, validity: IssuedValidity): Held => {
    const [index, base] = splitIndex(label)
    const serialLabel = generationLabel(index, base)
    return issueByPlan(signers, plans.get(base)!, { label: base, serialLabel, validity })
  })
  return (label: string, plan: CertificatePlan, at: Instant): Held => {
    const validities = validitiesOf(plan, signers, at)
    return held(`${validities.length - 1} ${label}`, validities.at(-1)!)
  }
}

interface Occasion {
  /** Of the holder: its key depends on it. */
  readonly label: string
  /** The serial number depends on it. */
  readonly serialLabel: string
  readonly validity: IssuedValidity
}

function issueByPlan(signers: Signers, plan: CertificatePlan, occasion: Occasion): Held {
  const { label, serialLabel, validity } = occasion
  const issuer = signers.at(plan.issuer, validity.issuedAt)
  const above = signers.held(issuer.key, issuer.generation.index)
  const original = originalOf(plan)
  const keys = signers.keysOf(original === undefined ? label : mirrorKeyLabel(original.spki))
  const certificate =
    original === undefined
      ? issue(issuer, {
          label: serialLabel,
          subject: encodeName(plan.subject),
          keys,
          validity,
          extensions: [
            ...holderExtensions(plan),
            ...keyIdsOf(keys, issuer),
            ...(plan.isNotChecked ? [] : publishedAt(issuer)),
          ],
        })
      : mirrorBelow(original, keys, issuer)
  // The last of them is the root, which whoever trusts it has already.
  const chain = plan.sendsChain ? [above.certificate, ...above.chain].slice(0, -1) : []
  return { certificate, chain, privateKey: keys.privateKey }
}

/** What the authorities publish: each of their keys signs lists of its own. */
function publisher(
  { authorities, start, sign = signRsa }: IssueInput,
  plans: Plans,
  signers: Signers,
): Publisher {
  const revokedBy = (key: string, keyIndex: number): readonly RevokedCertificate[] =>
    [...plans].flatMap(([label, plan]) => {
      if (plan.issuer !== key || plan.revoked === undefined) return []
      const validities = validitiesOf(plan, signers, plan.revoked.at)
      const signed = signers.at(key, validities.at(-1)!.issuedAt).generation
      if (signed.keyIndex !== keyIndex) return []
      const own = generationLabel(validities.length - 1, label)
      const serial = originalOf(plan)?.serial ?? toHex(serialOf(key, own))
      return [{ serial, ...plan.revoked }]
    })
  return publisherOf({
    authorities,
    start,
    sign,
    keyIndexes: (key) => keyIndexesOf(signers.generations(key)),
    certificates: (key) =>
      signers.generations(key).map(({ index }) => signers.held(key, index).certificate.der),
    issuer: (key, keyIndex) => {
      const { spec, name, keyId, keys, sign, generation } = signers.ofKey(key, keyIndex)!
      const revoked = revokedBy(key, keyIndex)
      const begins = keyIndex === 0 ? undefined : generation.notBefore
      const signer = { spec, name, keyId, privateKey: keys.privateKey, sign, start, revoked }
      return { ...signer, ...(begins !== undefined && { begins }) }
    },
    authority: (key, keyIndex) => signers.held(key, signers.ofKey(key, keyIndex)!.generation.index),
    ocspSigner: (key, { keyIndex, round, validity }) =>
      delegateOf(signers, { key, keyIndex, label: `${delegateLabel(key)} ${round}`, validity }),
  })
}

const hasDelegate = ({ ocsp }: AuthoritySpec): boolean =>
  ocsp !== undefined && ocsp.signer !== 'authority'

const delegateLabel = (key: string): string => `ocsp ${key}`

/** An OCSP delegate's certificate, as the template OCSP Response Signing makes it: no CRL need be asked about it. */
function delegateOf(
  signers: Signers,
  order: {
    readonly key: string
    readonly keyIndex: number
    readonly label: string
    readonly validity: Validity
  },
): ResponderSigner {
  const { key, keyIndex, label, validity } = order
  const issuer = signers.ofKey(key, keyIndex)!
  const keys = signers.keysOf(delegateLabel(key))
  const certificate = issue(issuer, {
    label: generationLabel(keyIndex, label),
    subject: encodeName(attributesOf('CN=OCSP Responder')),
    keys,
    validity,
    extensions: [
      extend.keyUsage('digitalSignature'),
      extend.extKeyUsage([OID.ocspSigning]),
      extend.ocspNoCheck(),
      ...keyIdsOf(keys, issuer),
    ],
  })
  return { certificate, privateKey: keys.privateKey }
}

/** A line break cannot stand in a node's name, so no two holders share a label. */
const holderLabel = (node: string, name: string): string => `holder ${node}\n${name}`
