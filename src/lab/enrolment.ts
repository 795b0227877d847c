/**
 * Enrolment while a lab runs: a node finds the CA by name, reaches its RPC endpoint, asks, and holds what it gets. And what nodes hold
 * beyond what the present topology gives them: a permission that is taken away reaches into nobody's certificate store.
 * Not the decision, which is `directory/enrolment.ts`; not RPC: only whether TCP 135 answers.
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import { before, type Instant } from '../base/time.ts'
import { accountOf, type Account } from '../directory/directory.ts'
import { fulfil, issuerOf, offered, type Enterprise, type Wish } from '../directory/enrolments.ts'
import type { Stack } from '../net/stack.ts'
import { denied, type Denial } from '../pki/issuing/denial.ts'
import { CLOCK_SKEW, renewalInstant } from '../pki/issuing/generations.ts'
import type { Held, Pki } from '../pki/issuing/issue.ts'
import type { Compiled } from './compile.ts'
import type { EnrolOptions } from './lab.ts'
import type { EnrolmentReport } from './reports.ts'

/** The RPC endpoint mapper. */
const RPC_PORT = 135

/** What a node needs to ask. */
export interface Enrollee {
  readonly stack: Stack
  readonly compiled: Compiled
  /** The node's own resolver: addresses, or the rcode. */
  readonly resolve: (
    name: string,
    then: (answer: readonly Ipv4[] | { rcode: string }) => void,
  ) => void
  readonly keep: (name: string, held: Held) => void
  /** The clock of a node. */
  readonly clockOf: (node: string) => Instant
}

/** Throws RangeError where the topology has no such template or user: the script is wrong, not the network. */
export function wishFor({ stack, compiled }: Enrollee, key: string, options: EnrolOptions): Wish {
  const { enterprise } = compiled
  const template = enterprise?.templates.get(key)
  if (enterprise === undefined || template === undefined) {
    const known = [...(enterprise?.templates.keys() ?? [])]
    throw new RangeError(`there is no template '${key}'; there is ${known.join(', ') || 'none'}`)
  }
  const { for: user, name = template.certificate, request } = options
  const account = accountOf(
    enterprise.directory,
    user === undefined ? 'computer' : 'user',
    user ?? stack.name,
  )
  if (user !== undefined && account === undefined)
    throw new RangeError(`there is no user '${user}'`)
  return {
    node: stack.name,
    account,
    template,
    by: 'request',
    spec: {
      name,
      template: key,
      ...(user !== undefined && { for: user }),
      ...(request !== undefined && { request }),
    },
  }
}

/** What autoenrolment would ask for now: what is missing, and what is due for renewal. */
export function dueWishes({ stack, compiled }: Enrollee): readonly Wish[] {
  const { enterprise, pki, topology } = compiled
  if (enterprise === undefined) return []
  const spec = topology.nodes[stack.name]
  const users = spec?.kind === 'host' ? (spec.users ?? []) : []
  const accounts = [
    accountOf(enterprise.directory, 'computer', stack.name),
    ...users.map((user) => accountOf(enterprise.directory, 'user', user)),
  ].filter((account): account is Account => account !== undefined)
  return accounts.flatMap((account) =>
    offered(enterprise, account).flatMap((template): Wish[] => {
      const known = pki
        .enrolments()
        .find(
          (each) =>
            each.node === stack.name &&
            each.template === template.key &&
            each.account.kind === account.kind &&
            each.account.key === account.key,
        )
      const name = known?.name ?? template.certificate
      const held = pki.certificate(stack.name, name, stack.wallClock)
      const isDue =
        held === undefined ||
        renewalInstant(held.certificate, template.renewBefore) <= stack.wallClock
      return isDue
        ? [{ node: stack.name, account, template, by: 'autoenrolment', spec: { name } }]
        : []
    }),
  )
}

/** Find the CA, reach it, ask. `done` is called once. */
export function enrol(node: Enrollee, wish: Wish, done: (report: EnrolmentReport) => void): void {
  const { compiled, stack } = node
  const enterprise = compiled.enterprise!
  const issuer = wish.spec.issuer ?? issuerOf(enterprise, wish.template)
  const authority = issuer === undefined ? undefined : compiled.topology.authorities[issuer]
  const host = authority?.runsOn ?? authority?.publishedOn
  const server =
    host === undefined ? undefined : accountOf(enterprise.directory, 'computer', host)?.dnsName
  const report = (denial: Denial | undefined): EnrolmentReport => ({
    on: stack.name,
    account: wish.account?.name ?? stack.name,
    template: wish.template.key,
    name: wish.spec.name,
    at: stack.wallClock,
    issued: denial === undefined,
    ...(server !== undefined && { server }),
    ...(denial !== undefined && { denial }),
  })
  if (host === undefined || server === undefined) {
    return done(report(unreachable(issuer ?? 'any CA', 'no member of the domain runs it')))
  }
  reach(node, server, (failure) => {
    if (failure !== undefined) return done(report(unreachable(server, failure)))
    done(report(ask(node, enterprise, wish, node.clockOf(host))))
  })
}

const unreachable = (server: string, got: string): Denial =>
  denied('RPC_S_SERVER_UNAVAILABLE', {
    message: `${server} does not answer requests for certificates`,
    expected: `TCP ${RPC_PORT} at ${server}`,
    got,
  })

/** The CA's answer, by its own clock; what it issues the node holds from now on. */
function ask(node: Enrollee, enterprise: Enterprise, wish: Wish, at: Instant): Denial | undefined {
  const { outcome, plan } = fulfil(enterprise, wish, at)
  if (plan === undefined) return outcome.denial
  const { renewal: _, ...once } = plan
  node.keep(
    wish.spec.name,
    node.compiled.pki.issue({ ...once, notBefore: before(at, CLOCK_SKEW) }, at),
  )
  return undefined
}

/** Undefined: the endpoint mapper accepted a connection at one of the addresses. */
function reach(
  { stack, resolve }: Enrollee,
  server: string,
  done: (failure?: string) => void,
): void {
  resolve(server, (answer) => {
    if ('rcode' in answer) return done(`${server} is ${answer.rcode}`)
    const [address, ...others] = answer
    tryEach(stack, [address!, ...others], done)
  })
}

function tryEach(
  stack: Stack,
  [address, ...others]: readonly Ipv4[],
  done: (failure?: string) => void,
): void {
  let isOpen = false
  const connection = stack.tcp.connect(
    { address: address!, port: RPC_PORT },
    {
      onConnected: () => {
        isOpen = true
        connection.close()
        done()
      },
      onClosed: (reason) => {
        if (isOpen) return
        if (others.length > 0) tryEach(stack, others, done)
        else done(`${reason} at ${formatIpv4(address!)}:${RPC_PORT}`)
      },
    },
  )
}

const keyOf = (node: string, name: string): string => `${node}\n${name}`

/** The certificate stores of a running lab, as far as they differ from what its topology says. */
export class CertificateStores {
  readonly #enrolled = new Map<string, Held>()
  readonly #kept = new Map<string, Held>()

  enrolled(node: string, name: string, held: Held): void {
    this.#enrolled.set(keyOf(node, name), held)
  }

  /** After an edit at `at`: who would be denied now keeps what there was, until it ends. What is no longer listed is gone. */
  follow(old: Compiled, now: Compiled, at: Instant): void {
    for (const { node, name, by, denial } of old.pki.enrolments()) {
      const key = keyOf(node, name)
      const held = denial === undefined ? old.pki.certificate(node, name, at) : undefined
      if (now.pki.certificate(node, name) !== undefined) this.#kept.delete(key)
      else if (by === 'request' && !isListed(now, node, name)) this.#kept.delete(key)
      else if (held !== undefined && held.certificate.notBefore <= at) this.#kept.set(key, held)
    }
  }

  /** The topology as compiled, with what nodes hold besides. */
  over(compiled: Compiled): Compiled {
    if (this.#enrolled.size === 0 && this.#kept.size === 0) return compiled
    const { pki } = compiled
    const certificate: Pki['certificate'] = (node, name, at) => {
      const key = keyOf(node, name)
      return this.#enrolled.get(key) ?? pki.certificate(node, name, at) ?? this.#kept.get(key)
    }
    const certificateNames = (node: string): readonly string[] => {
      const more = [...this.#enrolled.keys(), ...this.#kept.keys()].flatMap((key) =>
        key.startsWith(`${node}\n`) ? [key.slice(node.length + 1)] : [],
      )
      return [...new Set([...pki.certificateNames(node), ...more])]
    }
    return { ...compiled, pki: { ...pki, certificate, certificateNames } }
  }
}

function isListed({ topology }: Compiled, node: string, name: string): boolean {
  const spec = topology.nodes[node]
  return (
    spec !== undefined &&
    spec.kind !== 'switch' &&
    spec.certificates?.some((certificate) => certificate.name === name) === true
  )
}
