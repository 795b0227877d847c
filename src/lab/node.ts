/**
 * The verbs of one node: resolve, get, judge, move. Each waits until hosts have booted, and reports as plain data.
 * Not the programs behind them: the stub resolver, the web client and the relying party are in `node`.
 */
import { formatIpv4, parseIpv4 } from '../base/address.ts'
import { fromUtf8 } from '../base/bytes.ts'
import type { Rng } from '../base/rng.ts'
import type { Wish } from '../directory/enrolments.ts'
import type { Stack } from '../net/stack.ts'
import type { World } from '../net/world.ts'
import { judge } from '../node/relying-party.ts'
import type { Certificate } from '../pki/certificate.ts'
import { OCSP_NONCE_OCTETS, OCSP_REQUEST_TYPE } from '../pki/ocsp-request.ts'
import type { EnrolmentOutcome } from '../pki/plan.ts'
import { createStubResolver, type StubResolver } from '../node/stub-resolver.ts'
import { UrlCache } from '../node/url-cache.ts'
import { httpAsk, type HttpOutcome, type Posted } from '../node/web-client.ts'
import type { Topology } from '../topology/topology.ts'
import { PROFILES, type ProfileName } from '../windows/relying-parties.ts'
import type { Compiled } from './compile.ts'
import {
  dueWishes,
  enrol,
  wishFor,
  type CertificateStores,
  type Enrollee,
  type EnrolmentReport,
  type EnrolOptions,
} from './enrolment.ts'
import type { JudgeOptions, LabNode } from './lab.ts'
import type { IpNodeSpec, Network } from './network.ts'
import type { ChainReport, HttpReport, ResolveReport, TrustReport } from './reports.ts'
import { stubConfigOf } from './stub-config.ts'

export interface NodeEnv {
  readonly world: World
  readonly network: Network
  /** What is true at this moment; an edit changes it. */
  readonly current: () => Compiled
  readonly ready: () => Promise<void>
  /** What nodes hold besides what the topology says. */
  readonly stores: CertificateStores
  /** Ask for an address on an interface. */
  readonly lease: (nic: string) => { release(): void }
}

export class RunningNode implements LabNode {
  readonly name: string
  readonly stack: Stack
  readonly #env: NodeEnv
  readonly #urlCache = new UrlCache()
  readonly #nonces: Rng
  readonly #resolver: StubResolver
  #isConnected = false

  constructor(stack: Stack, env: NodeEnv) {
    this.name = stack.name
    this.stack = stack
    this.#env = env
    this.#nonces = stack.rng.fork('ocsp-nonce')
    this.#resolver = createStubResolver(
      stack,
      stubConfigOf(this.name, env.current, () => this.#isConnected),
    )
  }

  async resolve(
    name: string,
    type = 'A',
    options: { readonly mode?: 'api' | 'nslookup' } = {},
  ): Promise<ResolveReport> {
    await this.#env.ready()
    return this.#env.world.perform(`${this.name} resolves ${name}`, (done) => {
      this.#resolver.resolve({ name, type }, { mode: options.mode ?? 'api' }, (outcome) => {
        const { rcode, nrptRule } = outcome
        const event = { kind: 'resolved', node: this.name, name, type, rcode } as const
        this.stack.trace.add(nrptRule === undefined ? event : { ...event, nrptRule })
        done({ on: this.name, ...outcome })
      })
    })
  }

  async get(url: string): Promise<HttpReport> {
    await this.#env.ready()
    return this.#env.world.perform(`${this.name} gets ${url}`, (done) => {
      this.#ask({ url }, (outcome) => done(httpReport(this.name, url, outcome)))
    })
  }

  async judge(of: string, options: JudgeOptions = {}): Promise<ChainReport> {
    await this.#env.ready()
    const [node, wanted] = of.split(':') as [string, string | undefined]
    const { topology, pki } = this.#env.current()
    const spec = ipNodeOf(topology, node)
    const name = wanted ?? presentedBy(spec) ?? pki.certificateNames(node)[0]
    const holder = this.#env.network.stack(node)
    const held = name === undefined ? undefined : pki.certificate(node, name, holder.wallClock)
    if (held === undefined) throw new RangeError(`${node} has no certificate '${name ?? ''}'`)
    const dialled = options.name ?? firstDnsName(held.certificate)
    const own = ipNodeOf(topology, this.name)
    const known = (keys: readonly string[] = []) =>
      keys.flatMap((key) => pki.authorityCertificates(key, this.stack.wallClock))
    return this.#env.world.perform(`${this.name} judges ${of}`, (done) => {
      judge(
        this.stack,
        {
          httpGet: (url, then) => this.#ask({ url }, then),
          httpPost: (url, body, then) =>
            this.#ask({ url, posted: { contentType: OCSP_REQUEST_TYPE, body } }, then),
          cache: this.#urlCache,
          nonce: () => this.#nonces.bytes(OCSP_NONCE_OCTETS),
        },
        {
          presented: [held.certificate, ...held.chain].map((certificate) => certificate.der),
          anchors: known(own?.trusts),
          intermediates: known(own?.intermediates),
          profile: PROFILES[(options.profile ?? 'strict') as ProfileName],
          ...(dialled === undefined ? {} : { name: dialled }),
        },
        (judgement) => done({ on: this.name, of, ...judgement }),
      )
    })
  }

  certificateNames(): readonly string[] {
    return this.#env.current().pki.certificateNames(this.name)
  }

  enrolments(): readonly EnrolmentOutcome[] {
    const { pki } = this.#env.current()
    return pki.enrolments().filter(({ node }) => node === this.name)
  }

  async enrol(template: string, options: EnrolOptions = {}): Promise<EnrolmentReport> {
    await this.#env.ready()
    return this.#enrol(wishFor(this.#enrollee(), template, options))
  }

  async autoenrol(): Promise<readonly EnrolmentReport[]> {
    await this.#env.ready()
    const reports: EnrolmentReport[] = []
    for (const wish of dueWishes(this.#enrollee())) reports.push(await this.#enrol(wish))
    return reports
  }

  async moveTo(network: string): Promise<void> {
    await this.#env.ready()
    const [nic, ...others] = this.stack.nics
    if (nic === undefined || others.length > 0) {
      throw new RangeError(
        `${this.name} has ${this.stack.nics.length} interfaces: which one moves?`,
      )
    }
    this.stack.moveNic(nic.name, this.#env.network.segment(network))
    this.#env.lease(network)
    await this.#env.ready()
  }

  async trustedNetwork(): Promise<TrustReport> {
    await this.#env.ready()
    const installed = this.#env.current().profiles.get(this.name)
    const trusted = [installed?.user, installed?.device].flatMap((profile) =>
      (profile?.trustedNetworks ?? []).map(({ value }) => value.toLowerCase()),
    )
    const suffixes = this.stack.nics.flatMap((nic) => (nic.up ? (nic.suffix ?? []) : []))
    const matched = suffixes.find((suffix) => trusted.includes(suffix.toLowerCase()))
    return {
      inside: matched !== undefined,
      suffixes,
      ...(matched === undefined ? {} : { matched }),
    }
  }

  assumeConnected(connected = true): void {
    this.#isConnected = connected
  }

  flushCaches(): void {
    this.#resolver.flush()
    this.#urlCache.flush()
  }

  #ask(
    request: { readonly url: string; readonly posted?: Posted },
    done: (outcome: HttpOutcome) => void,
  ): void {
    httpAsk(this.stack, (name, then) => this.#addressesOf(name, then), request, done)
  }

  #addressesOf: Enrollee['resolve'] = (name, then) =>
    this.#resolver.resolve({ name, type: 'A' }, { mode: 'api' }, ({ answers, rcode }) => {
      const addresses = answers
        .filter((answer) => answer.type === 'A')
        .flatMap((answer) => parseIpv4(answer.data) ?? [])
      then(addresses.length > 0 ? addresses : { rcode })
    })

  #enrollee(): Enrollee {
    return {
      stack: this.stack,
      compiled: this.#env.current(),
      resolve: this.#addressesOf,
      keep: (name, held) => this.#env.stores.enrolled(this.name, name, held),
      clockOf: (node) => this.#env.network.stack(node).wallClock,
    }
  }

  #enrol(wish: Wish): Promise<EnrolmentReport> {
    const what = `${this.name} asks for ${wish.template.key}`
    return this.#env.world.perform(what, (done) => enrol(this.#enrollee(), wish, done))
  }
}

const firstDnsName = ({ subjectAltName = [] }: Certificate): string | undefined =>
  subjectAltName.flatMap((name) => (name.kind === 'dns' ? [name.value] : []))[0]

/** The certificate that a node shows: its gateway's, or else the first it has. */
function presentedBy(spec: IpNodeSpec | undefined): string | undefined {
  const gateway = spec?.services?.find((service) => service.service === 'vpn-gateway')
  return gateway?.certificate ?? spec?.certificates?.[0]?.name
}

function ipNodeOf(topology: Topology, name: string): IpNodeSpec | undefined {
  const spec = topology.nodes[name]
  return spec === undefined || spec.kind === 'switch' ? undefined : spec
}

function httpReport(on: string, url: string, outcome: HttpOutcome): HttpReport {
  const base = { on, url, outcome: outcome.kind }
  switch (outcome.kind) {
    case 'response':
      return { ...base, status: outcome.status, body: fromUtf8(outcome.body) }
    case 'unresolved':
      return { ...base, detail: `${outcome.name} is ${outcome.rcode}` }
    case 'malformed':
      return { ...base, detail: outcome.detail }
    case 'too-many-redirects':
      return { ...base, detail: `the last was to ${outcome.url}` }
    case 'refused':
    case 'reset':
    case 'timed-out':
    case 'unreachable':
      return outcome.to === undefined
        ? base
        : { ...base, detail: `${formatIpv4(outcome.to.address)}:${outcome.to.port}` }
  }
}
