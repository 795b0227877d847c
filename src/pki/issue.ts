/**
 * Issues the certificates and CRLs that a topology describes. Same topology, same bytes: keys come from a fixed pool, serial
 * numbers from labels, signatures are RSA PKCS #1 v1.5. Not a CA that decides: what templates and permissions allow comes as plans.
 */
import { fromHex, toHex } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { after, type Duration, type Instant } from '../base/time.ts'
import { isInstalled, type AuthoritySpec } from '../topology/pki.ts'
import type { Certificate } from './certificate.ts'
import { holderExtensions, installedPlan } from './contents.ts'
import { writeCrl, type RevokedEntry } from './crl.ts'
import { certificateValidities, type IssuedValidity } from './generations.ts'
import {
  CRL_THIS_UPDATE,
  CRL_VALID_FOR,
  issueProblems,
  type IssueInput,
  type IssueProblem,
} from './issue-check.ts'
import { mirrorBelow, mirrorKeyLabel, originalOf } from './mirror-source.ts'
import { encodeName } from './name.ts'
import type { CertificatePlan, EnrolmentOutcome } from './plan.ts'
import { remember } from './remember.ts'
import { signSha256Rsa } from './signature.ts'
import {
  generationLabel,
  issue,
  keyIdsOf,
  keyIndexesOf,
  publishedAt,
  serialOf,
  signersOf,
  splitIndex,
  suffixed,
  type Held,
  type Signer,
  type Signers,
} from './signers.ts'
import { thumbprint } from './thumbprint.ts'

export type { Held } from './signers.ts'

/** A file on a web server. */
export interface Publication {
  readonly node: string
  /** Key of the authority that publishes it. */
  readonly authority: string
  readonly url: string
  /** Path of the URL, as a request line has it: `/pki/issuing.crl`. */
  readonly path: string
  readonly contentType: 'application/pkix-crl' | 'application/pkix-cert'
  /** What a request at that instant gets. */
  bytes(at: Instant): Uint8Array
}

/** Everything is issued when it is first asked for, and then kept. */
export interface Pki {
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
  /**
   * The CRL, DER, as published at `at`: the last one of its schedule, with what was revoked by the time of its issue. Before the
   * first: the first. Each key of the authority has its own; `keyIndex` counts from 0. Undefined: there is no such authority or key.
   */
  crl(key: string, at: Instant, keyIndex?: number): Uint8Array | undefined
  /** The HTTP URLs of all authorities that publish on a node: CRLs first, then CA certificates, in topology order. */
  publications(): readonly Publication[]
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
  const signers = signersOf(authorities, start, [...new Set([...listed, ...plans.keys()])])
  const has = (key: string): boolean => Object.hasOwn(authorities, key)
  const heldAt = holder(plans, signers)
  const crl = publisher(input, plans, signers)
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
    certificateNames: (node) =>
      [...plans.values()].flatMap((plan) => (plan.node === node ? [plan.name] : [])),
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
    crl: (key, at, keyIndex = 0) =>
      has(key) && signers.ofKey(key, keyIndex) !== undefined ? crl(key, at, keyIndex) : undefined,
    publications: () =>
      Object.entries(authorities).flatMap(([key, spec]) => {
        const generations = signers.generations(key)
        return [
          ...keyIndexesOf(generations).flatMap((keyIndex) =>
            publicationsOf(key, spec, suffixed(spec.crlUrls, keyIndex), {
              contentType: 'application/pkix-crl',
              bytes: (at) => crl(key, at, keyIndex),
            }),
          ),
          ...generations.flatMap(({ index }) =>
            publicationsOf(key, spec, suffixed(spec.aiaUrls, index), {
              contentType: 'application/pkix-cert',
              bytes: () => signers.held(key, index).certificate.der,
            }),
          ),
        ]
      }),
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
  const keys = signers.keysOf(original === undefined ? label : mirrorKeyLabel(original))
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

/** Issues CRLs: one schedule for each key. */
function publisher({ authorities, start }: IssueInput, plans: Plans, signers: Signers) {
  const revocations = (key: string): readonly Revocation[] =>
    [...plans].flatMap(([label, plan]) => {
      if (plan.issuer !== key || plan.revoked === undefined) return []
      const validities = validitiesOf(plan, signers, plan.revoked.at)
      const { keyIndex } = signers.at(key, validities.at(-1)!.issuedAt).generation
      const original = originalOf(plan)
      const serial =
        original === undefined
          ? serialOf(key, generationLabel(validities.length - 1, label))
          : fromHex(original.serial)
      return [{ serial, ...plan.revoked, keyIndex }]
    })
  const published = remember((label: string): Uint8Array => {
    const [round, rest] = splitIndex(label)
    const [keyIndex, key] = splitIndex(rest)
    const revoked = revocations(key).filter((each) => each.keyIndex === keyIndex)
    return issueCrl(signers.ofKey(key, keyIndex)!, round, start, revoked)
  })
  return (key: string, at: Instant, keyIndex: number): Uint8Array =>
    published(`${crlRound(authorities[key]!, start, at)} ${keyIndex} ${key}`)
}

/** A line break cannot stand in a node's name, so no two holders share a label. */
const holderLabel = (node: string, name: string): string => `holder ${node}\n${name}`

/** Which CRL of the schedule is current at `at`: 0 is the first. */
function crlRound({ crl }: AuthoritySpec, start: Instant, at: Instant): number {
  if (crl?.every === undefined) return 0
  const first = after(start, crl.thisUpdate ?? CRL_THIS_UPDATE)
  return Math.max(0, Math.floor((at - first) / crl.every))
}

/** A certificate of the authority that is on its list from `at` on. */
interface Revocation extends NonNullable<CertificatePlan['revoked']> {
  readonly serial: Uint8Array
  /** Whose CRL it belongs to: the key's that signed it. */
  readonly keyIndex: number
}

function issueCrl(
  issuer: Signer,
  round: number,
  start: Instant,
  revocations: readonly Revocation[],
): Uint8Array {
  const { crl } = issuer.spec
  const first = after(start, crl?.thisUpdate ?? CRL_THIS_UPDATE)
  const scheduled = after(first, ((crl?.every ?? 0) * round) as Duration)
  const { keyIndex, notBefore } = issuer.generation
  // A new key's first list is published when the key begins, between two dates of the schedule.
  const thisUpdate = keyIndex > 0 && scheduled < notBefore ? notBefore : scheduled
  return writeCrl(
    {
      issuer: issuer.name,
      thisUpdate,
      nextUpdate: after(thisUpdate, crl?.validFor ?? CRL_VALID_FOR),
      entries: revocations
        .filter(({ at }) => at <= thisUpdate)
        .map(({ serial, at, reason }): RevokedEntry => ({
          serial: toHex(serial),
          revokedAt: at,
          reason,
        })),
      number: round + 1,
      authorityKeyId: issuer.keyId,
    },
    (tbs) => signSha256Rsa(tbs, issuer.keys.privateKey),
  )
}

function publicationsOf(
  authority: string,
  { publishedOn }: AuthoritySpec,
  urls: readonly string[],
  content: Pick<Publication, 'contentType' | 'bytes'>,
): readonly Publication[] {
  if (publishedOn === undefined) return []
  return urls.flatMap((url) => {
    // An ldap: URL, or one that is no URL, may stand in a certificate; a web server cannot serve it.
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    if (parsed?.protocol !== 'http:') return []
    const path = `${parsed.pathname}${parsed.search}`
    return [{ node: publishedOn, authority, url, path, ...content }]
  })
}
