/**
 * Everything that the members of a domain ask enterprise CAs for, and what they get: requests that a topology lists, and autoenrolment
 * where Group Policy turns it on. Plans for `pki`, and outcomes for people.
 * Not a protocol and not a clock: all first certificates are planned at once, and renewed on the way.
 */
import { after, type Instant } from '../base/time.ts'
import { attributesOf, revocationOf } from '../pki/issuing/contents.ts'
import { denied, type Denial } from '../pki/issuing/denial.ts'
import { CERTIFICATE_VALID_FROM } from '../pki/issuing/issue-check.ts'
import { EKU_OIDS } from '../pki/encoding/oids.ts'
import type { CertificatePlan, EnrolmentOutcome } from '../pki/issuing/plan.ts'
import { err, type Result } from '../base/result.ts'
import type { CertificateSpec } from '../topology/pki.ts'
import type { Topology } from '../topology/topology.ts'
import { accountOf, type Account, type Directory } from './directory.ts'
import {
  decideRequest,
  mayUse,
  RIGHT_NAMES,
  type CaContext,
  type GrantedCertificate,
} from './enrolment.ts'
import { templateOf, type Template } from './templates.ts'

export interface Enrolments {
  readonly plans: readonly CertificatePlan[]
  readonly outcomes: readonly EnrolmentOutcome[]
}

/** One certificate that a node asks for. */
export interface Wish {
  readonly node: string
  /** Undefined: the node, or the user, has no account in the domain. */
  readonly account: Account | undefined
  readonly template: Template
  readonly by: EnrolmentOutcome['by']
  readonly spec: CertificateSpec
}

/** What is asked, and of whom, in a topology that was validated. */
export interface Enterprise extends CaContext {
  readonly topology: Topology
  readonly directory: Directory
  readonly templates: ReadonlyMap<string, Template>
}

export const enterpriseOf = (
  topology: Topology,
  directory: Directory,
  start: Instant,
): Enterprise => ({
  topology,
  directory,
  authorities: topology.authorities,
  start,
  templates: new Map(
    Object.entries(topology.templates ?? {}).map(([key, spec]) => [key, templateOf(key, spec)]),
  ),
})

/** Plans and outcomes of the whole domain, in the order of the nodes: requests before autoenrolment. */
export function enrolmentsOf(enterprise: Enterprise): Enrolments {
  const plans: CertificatePlan[] = []
  const outcomes: EnrolmentOutcome[] = []
  for (const wish of Object.keys(enterprise.topology.nodes).flatMap((node) =>
    wishesOf(enterprise, node),
  )) {
    const at = after(enterprise.start, wish.spec.validFrom ?? CERTIFICATE_VALID_FROM)
    const { outcome, plan } = fulfil(enterprise, wish, at)
    outcomes.push(outcome)
    if (plan !== undefined) plans.push(plan)
  }
  return { plans, outcomes }
}

/** Ask for one certificate at `at`. */
export function fulfil(
  enterprise: Enterprise,
  wish: Wish,
  at: Instant,
): { readonly outcome: EnrolmentOutcome; readonly plan?: CertificatePlan } {
  const { node, account, template, by, spec } = wish
  const issuer = spec.issuer ?? issuerOf(enterprise, template)
  const decision = decide(enterprise, wish, issuer, at)
  const outcome: EnrolmentOutcome = {
    node,
    account: {
      kind: account?.kind ?? (spec.for === undefined ? 'computer' : 'user'),
      key: account?.key ?? spec.for ?? node,
    },
    template: template.key,
    name: spec.name,
    by,
  }
  if (!decision.ok) return { outcome: { ...outcome, denial: decision.error } }
  return {
    outcome,
    plan: planOf(enterprise, wish, { issuer: issuer!, granted: decision.value, at }),
  }
}

function decide(
  enterprise: Enterprise,
  { node, account, template, spec }: Wish,
  issuer: string | undefined,
  at: Instant,
): Result<GrantedCertificate, Denial> {
  if (account === undefined) {
    return err(
      denied('CERTSRV_E_TEMPLATE_DENIED', {
        message: `${node} is not a member of the domain`,
        expected: 'an account in the directory',
        got: 'none',
        restsOn: 'who has no account reaches no enterprise CA in this way; the code is ours',
      }),
    )
  }
  if (issuer === undefined) {
    return err(
      denied('CERTSRV_E_UNSUPPORTED_CERT_TYPE', {
        message: `no authority issues '${template.displayName}'`,
        expected: `an authority with the template ${template.key}`,
        got: 'none',
      }),
    )
  }
  const request = spec.request
  return decideRequest(
    { issuer, template, account, at, ...(request !== undefined && { request }) },
    enterprise,
  )
}

/** The first that issues the template; failing that, the first enterprise CA there is, which will say no. */
export function issuerOf({ authorities }: CaContext, template: Template): string | undefined {
  const enterprise = Object.entries(authorities).filter(
    ([, { templates }]) => templates !== undefined,
  )
  const issuing = enterprise.find(([, { templates = [] }]) => templates.includes(template.key))
  return (issuing ?? enterprise[0])?.[0]
}

function planOf(
  enterprise: Enterprise,
  wish: Wish,
  { issuer, granted, at }: { issuer: string; granted: GrantedCertificate; at: Instant },
): CertificatePlan {
  const { node, spec, account } = wish
  const { name, subject, dns, upn, eku, validFor, revoked } = spec
  return {
    ...granted,
    node,
    name,
    issuer,
    // What stands beside the template takes the place of what it gives: a mistake that is rehearsed.
    ...(subject !== undefined && { subject: attributesOf(subject) }),
    names: {
      ...granted.names,
      ...(dns !== undefined && { dns }),
      ...(upn !== undefined && { upn }),
    },
    ...(eku !== undefined && { eku: eku.map((purpose) => EKU_OIDS[purpose]) }),
    ...(validFor !== undefined && { validFor }),
    notBefore: at,
    ...(isRenewed(enterprise, wish) && {
      renewal: {
        before: wish.template.renewBefore,
        ...(account?.expires !== undefined && { until: account.expires }),
      },
    }),
    ...(revoked !== undefined && { revoked: revocationOf(revoked, enterprise.start) }),
    sendsChain: spec.sendsChain !== false,
  }
}

/** Autoenrolment looks after what the account may autoenrol, however it was requested first. */
const isRenewed = ({ directory }: Enterprise, { account, template }: Wish): boolean =>
  account !== undefined && autoenrolmentObstacle(directory, account, template) === undefined

/** Why autoenrolment does not bring a certificate by this template to the account, in one sentence. Undefined: nothing is in the way. */
export function autoenrolmentObstacle(
  { autoenrolment }: Directory,
  account: Account,
  template: Template,
): string | undefined {
  const { displayName, subjectType, schemaVersion, subject } = template
  if (subjectType !== account.kind) {
    return `'${displayName}' is for ${subjectType}s, and ${account.name} is a ${account.kind}`
  }
  if (!autoenrolment[account.kind]) {
    return `Group Policy does not turn autoenrolment on for ${account.kind}s`
  }
  if (schemaVersion === 1) return `'${displayName}' is a version 1 template: autoenrolment needs 2`
  if (subject.from === 'request') return `'${displayName}' takes the subject from the request`
  const missing = (['read', 'enroll', 'autoenroll'] as const).find(
    (right) => !mayUse(template, account, right),
  )
  return missing === undefined
    ? undefined
    : `${account.name} has no ${RIGHT_NAMES[missing]} permission on '${displayName}'`
}

/** What a node asks for: what the topology lists, then what autoenrolment adds for the computer and for those who sign in. */
function wishesOf(enterprise: Enterprise, node: string): readonly Wish[] {
  const { directory, topology, templates } = enterprise
  const nodeSpec = topology.nodes[node]!
  if (nodeSpec.kind === 'switch') return []
  const listed = (nodeSpec.certificates ?? []).flatMap((spec): Wish[] => {
    const template = spec.template === undefined ? undefined : templates.get(spec.template)
    if (template === undefined) return []
    const account =
      spec.for === undefined
        ? accountOf(directory, 'computer', node)
        : accountOf(directory, 'user', spec.for)
    return [{ node, account, template, by: 'request', spec }]
  })
  const taken = new Set((nodeSpec.certificates ?? []).map(({ name }) => name))
  const users = nodeSpec.kind === 'host' ? (nodeSpec.users ?? []) : []
  const accounts = [
    accountOf(directory, 'computer', node),
    ...users.map((user) => accountOf(directory, 'user', user)),
  ].filter((account) => account !== undefined)
  const automatic = accounts.flatMap((account) =>
    offered(enterprise, account).flatMap((template): Wish[] => {
      const has = listed.some((wish) => wish.account === account && wish.template === template)
      if (has) return []
      const name = freeName(template.certificate, account, taken)
      taken.add(name)
      return [{ node, account, template, by: 'autoenrolment', spec: { name } }]
    }),
  )
  return [...listed, ...automatic]
}

/** The templates by which autoenrolment asks for an account: those that a CA issues and no other takes the place of. */
export function offered(enterprise: Enterprise, account: Account): readonly Template[] {
  const { directory, templates, authorities } = enterprise
  const issued = new Set(
    Object.values(authorities).flatMap((authority) => authority.templates ?? []),
  )
  const mine = [...templates.values()].filter(
    (template) =>
      issued.has(template.key) && autoenrolmentObstacle(directory, account, template) === undefined,
  )
  const superseded = new Set(mine.flatMap(({ supersedes }) => supersedes))
  return mine.filter(({ key }) => !superseded.has(key))
}

/** The template's own name for it; a second user's carries the logon name, as often as it must. */
function freeName(name: string, account: Account, taken: ReadonlySet<string>): string {
  return taken.has(name) ? freeName(`${name}-${account.key}`, account, taken) : name
}
