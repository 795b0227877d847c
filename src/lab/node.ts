/**
 * The verbs of one node: resolve, get, judge, move. Each waits until hosts have booted, and reports as plain data.
 * Not the programs behind them: the stub resolver, the web client and the relying party are in `node`.
 */
import { formatIpv4, parseIpv4 } from '../base/address.ts'
import { fromUtf8 } from '../base/bytes.ts'
import type { Rng } from '../base/rng.ts'
import type { Wish } from '../directory/enrolments.ts'
import { tlsSessions, type TlsSessions } from '../engine/tls.ts'
import type { Stack } from '../net/stack.ts'
import type { World } from '../net/world.ts'
import { alertOf } from '../node/chain-alert.ts'
import { judge, type ChainJudgement, type JudgementInput } from '../node/relying-party.ts'
import type { JudgeTls } from '../node/tls-connection.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import { markMirrors } from '../pki/path/chain-link.ts'
import { OCSP_NONCE_OCTETS, OCSP_REQUEST_TYPE } from '../pki/revocation/ocsp-request.ts'
import type { EnrolmentOutcome } from '../pki/issuing/plan.ts'
import { createStubResolver, type StubResolver } from '../node/stub-resolver.ts'
import { ClientPorts } from '../node/vpn-client/client-ports.ts'
import { LockDown } from '../node/vpn-client/lock-down.ts'
import { UrlCache } from '../node/url-cache.ts'
import { httpAsk, type HttpAsk, type HttpOutcome } from '../node/web-client.ts'
import { EKU_OIDS } from '../pki/encoding/oids.ts'
import type { RelyingPartyProfile } from '../pki/profile/profile.ts'
import { thumbprintsOf } from '../pki/certificate/thumbprint.ts'
import type { EkuName } from '../topology/pki.ts'
import { PROFILES, type ProfileName } from '../windows/relying-parties.ts'
import { ClientTunnels, type Dialer } from './client-tunnels.ts'
import type { Compiled } from './compile.ts'
import { connectionName, lockDownOf, type TunnelKind } from './vpn-profile.ts'
import { dueWishes, enrol, wishFor, type CertificateStores, type Enrollee } from './enrolment.ts'
import type {
  AccountOptions,
  AuthenticateOptions,
  ConnectOptions,
  EnrolOptions,
  JudgeOptions,
  LabNode,
} from './lab.ts'
import { ipNodeOf } from './inventory.ts'
import type { IpNodeSpec, Network } from './network.ts'
import { purposeOf } from './relations.ts'
import { relyingPartyOf, type Party } from './relying-parties.ts'
import type { PartyWanted, ServiceNode } from './service-context.ts'
import type {
  AccountingReport,
  AuthenticationReport,
  CertificateUse,
  ChainReport,
  ConnectReport,
  EnrolmentReport,
  HttpReport,
  ResolveReport,
  TrustReport,
  SelectionReport,
  TunnelReport,
} from './reports.ts'
import { selectOn } from './selection.ts'
import { stubConfigOf } from './stub-config.ts'

export interface NodeEnv {
  readonly world: World
  readonly network: Network
  /** What is true at this moment; an edit changes it. */
  readonly current: () => Compiled
  readonly ready: () => Promise<void>
  /** What nodes hold besides what the topology says. */
  readonly stores: CertificateStores
  /** Ask the RADIUS servers of a gateway. Throws RangeError for a script's mistake. */
  readonly authentication: (
    gateway: string,
    options: AuthenticateOptions,
  ) => (done: (report: AuthenticationReport) => void) => void
  /** Tell the RADIUS servers of a gateway of a session. Throws RangeError for a script's mistake. */
  readonly accounting: (
    gateway: string,
    options: AccountOptions,
  ) => (done: (report: AccountingReport) => void) => void
  readonly dialer: Dialer
  /** Of the NPS that runs here. */
  readonly accountingLog: () => readonly string[]
  /** Of the gateway that runs here. */
  readonly pendingRestart: () => readonly string[]
  /** Ask for an address on an interface. */
  readonly lease: (nic: string) => { release(): void }
}

export class RunningNode implements LabNode, ServiceNode {
  readonly name: string
  readonly stack: Stack
  readonly #env: NodeEnv
  readonly #urlCache = new UrlCache()
  readonly #tlsSessions = new Map<string, TlsSessions>()
  readonly #nonces: Rng
  readonly resolver: StubResolver
  readonly ikePorts: ClientPorts
  readonly #tunnels: ClientTunnels
  /** The LockDown profile that is in force. */
  #locked: { readonly name: string; readonly unlock: () => void } | undefined
  /** What was true at the last boot: services read their registry values then. */
  #booted: Compiled

  constructor(stack: Stack, env: NodeEnv) {
    this.name = stack.name
    this.stack = stack
    this.#env = env
    this.#nonces = stack.rng.fork('ocsp-nonce')
    this.#booted = env.current()
    this.resolver = createStubResolver(
      stack,
      stubConfigOf(this.name, env.current, (connection) => this.#isUp(connection)),
    )
    this.ikePorts = new ClientPorts(stack)
    this.#tunnels = new ClientTunnels(stack, env.dialer)
    this.heedProfiles()
  }

  async resolve(
    name: string,
    type = 'A',
    options: { readonly mode?: 'api' | 'nslookup' } = {},
  ): Promise<ResolveReport> {
    await this.#env.ready()
    const { mode = 'api' } = options
    return this.#env.world.perform(`${this.name} resolves ${name}`, (done) => {
      const resolve = (): void =>
        this.resolver.resolve({ name, type }, { mode }, (outcome) => {
          const { rcode, nrptRule } = outcome
          const event = { kind: 'resolved', node: this.name, name, type, rcode } as const
          this.stack.trace.add(nrptRule === undefined ? event : { ...event, nrptRule })
          done({ on: this.name, ...outcome })
        })
      // nslookup has a resolver of its own, which tells nobody.
      if (mode === 'api') this.#tunnels.trigger('name', name, resolve)
      else resolve()
    })
  }

  async get(url: string): Promise<HttpReport> {
    await this.#env.ready()
    return this.#env.world.perform(`${this.name} gets ${url}`, (done) => {
      const resolve: Enrollee['resolve'] = (name, then) =>
        this.#tunnels.trigger('name', name, () => this.addressesOf(name, then))
      httpAsk(this.stack, resolve, { url, judge: this.#judgeTls }, (outcome) =>
        done(httpReport(this.name, url, outcome)),
      )
    })
  }

  async judge(of: string, options: JudgeOptions = {}): Promise<ChainReport> {
    await this.#env.ready()
    const [node, wanted] = of.split(':') as [string, string | undefined]
    const compiled = this.#env.current()
    const { topology, pki } = compiled
    const spec = ipNodeOf(topology, node)
    const name = wanted ?? presentedBy(spec) ?? pki.certificateNames(node)[0]
    const holder = this.#env.network.stack(node)
    const held = name === undefined ? undefined : pki.certificate(node, name, holder.wallClock)
    if (held === undefined) throw new RangeError(`${node} has no certificate '${name ?? ''}'`)
    const party = this.#partyFor({
      as: (options.profile ?? 'strict') as ProfileName,
      ...(options.assume !== undefined && { assume: options.assume }),
    })
    const { profile, ...purpose } = withPurpose(party.profile, compiled, of)
    const dialled = party.asksName ? (options.name ?? firstDnsName(held.certificate)) : undefined
    return this.#env.world.perform(`${this.name} judges ${of}`, (done) => {
      const presented = [held.certificate, ...held.chain].map(({ der }) => der)
      this.#judgeChain(
        { presented, profile, ...(dialled !== undefined && { name: dialled }) },
        (judgement) => {
          const path = markMirrors(judgement.path, pki.mirrors())
          const noted = party.notes.length > 0 && { notes: party.notes }
          done({ on: this.name, of, ...purpose, ...judgement, path, ...noted })
        },
      )
    })
  }

  /** Ask a relying party of this node about the chain that a peer has sent. `done` is called once. */
  judgePresented(
    chain: readonly Uint8Array[],
    as: PartyWanted,
    done: (judgement: ChainJudgement) => void,
  ): void {
    const { name, ...party } = as
    const { profile } = this.#partyFor(party)
    this.#judgeChain({ presented: chain, profile, ...(name !== undefined && { name }) }, done)
  }

  #partyFor(as: PartyWanted): Party {
    return relyingPartyOf({
      ...as,
      node: this.name,
      compiled: this.#env.current(),
      booted: this.#booted,
      at: this.stack.wallClock,
      roots: this.#certificatesOf('trusts').flatMap(thumbprintsOf),
    })
  }

  /** Certificates of the authorities that this node trusts, knows, or distrusts, at this moment. */
  #certificatesOf(store: 'trusts' | 'intermediates' | 'distrusts'): readonly Certificate[] {
    const { topology, pki } = this.#env.current()
    const keys = ipNodeOf(topology, this.name)?.[store] ?? []
    return keys.flatMap((key) => pki.authorityCertificates(key, this.stack.wallClock))
  }

  async authenticate(options: AuthenticateOptions = {}): Promise<AuthenticationReport> {
    await this.#env.ready()
    const who = options.user ?? options.client ?? 'somebody'
    const begin = this.#env.authentication(this.name, options)
    return this.#env.world.perform(`${this.name} authenticates ${who}`, begin)
  }

  async account(options: AccountOptions): Promise<AccountingReport> {
    await this.#env.ready()
    const begin = this.#env.accounting(this.name, options)
    return this.#env.world.perform(`${this.name} accounts for ${options.session}`, begin)
  }

  async connect(options: ConnectOptions = {}): Promise<ConnectReport> {
    await this.#env.ready()
    return this.#env.world.perform(`${this.name} connects`, this.#tunnels.connect(options))
  }

  async disconnect(tunnel: TunnelKind = 'user'): Promise<void> {
    await this.#env.ready()
    if (tunnel === 'device' && this.#locked !== undefined) return
    const end = this.#tunnels.disconnect(tunnel)
    if (end !== undefined) await this.#env.world.perform<void>(`${this.name} disconnects`, end)
  }

  /** A program begins to work: where an AppTrigger names it, the tunnel is dialled first. */
  async starts(program: string): Promise<void> {
    await this.#env.ready()
    await this.#env.world.perform<void>(`${this.name} starts ${program}`, (done) =>
      this.#tunnels.trigger('app', program, done),
    )
  }

  tunnels(): readonly TunnelReport[] {
    return this.#tunnels.reports()
  }

  /** Lock the computer down by the profiles that it has now, or unlock it. */
  heedProfiles(): void {
    const profile = lockDownOf(this.#env.current().profiles.get(this.name) ?? {})
    const name = profile && connectionName(profile)
    if (name === this.#locked?.name) return
    this.#locked?.unlock()
    this.#locked =
      name === undefined
        ? undefined
        : { name, unlock: this.stack.addGuard(new LockDown(this.stack, name)) }
  }

  /** A connection that is up has an interface of its name. */
  #isUp(connection: string): boolean {
    return this.stack.nics.some(
      ({ kind, name, up }) => kind === 'tunnel' && name === connection && up,
    )
  }

  accountingLog(): readonly string[] {
    return [...this.#env.accountingLog()]
  }

  pendingRestart(): readonly string[] {
    return this.#env.pendingRestart()
  }

  certificateNames(): readonly string[] {
    return this.#env.current().pki.certificateNames(this.name)
  }

  enrolments(): readonly EnrolmentOutcome[] {
    const { pki } = this.#env.current()
    return pki.enrolments().filter(({ node }) => node === this.name)
  }

  async selectCertificate(
    use: CertificateUse,
    { to }: { readonly to?: string } = {},
  ): Promise<SelectionReport> {
    await this.#env.ready()
    const compiled = this.#env.current()
    return selectOn({ node: this.name, use, to, compiled, at: this.stack.wallClock })
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
    const cables = this.stack.nics.filter(({ kind }) => kind === 'ethernet')
    const [nic, ...others] = cables
    if (nic === undefined || others.length > 0) {
      throw new RangeError(`${this.name} has ${cables.length} interfaces: which one moves?`)
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
    const suffixes = this.stack.nics.flatMap((nic) =>
      nic.up && nic.kind === 'ethernet' ? (nic.suffix ?? []) : [],
    )
    const matched = suffixes.find((suffix) => trusted.includes(suffix.toLowerCase()))
    return {
      inside: matched !== undefined,
      suffixes,
      ...(matched === undefined ? {} : { matched }),
    }
  }

  tlsSessions(key: string): TlsSessions {
    const known = this.#tlsSessions.get(key) ?? tlsSessions({ now: () => this.stack.now })
    this.#tlsSessions.set(key, known)
    return known
  }

  /** Forget what is in memory, and read the registry anew. */
  boot(): void {
    this.flushCaches()
    this.#tlsSessions.clear()
    this.#tunnels.vanish()
    this.#booted = this.#env.current()
  }

  flushCaches(): void {
    this.resolver.flush()
    this.#urlCache.flush()
  }

  flushUrlCache(): void {
    this.#urlCache.flush()
  }

  #judgeChain(
    input: Pick<JudgementInput, 'presented' | 'profile' | 'name'>,
    done: (judgement: ChainJudgement) => void,
  ): void {
    const deps = {
      httpGet: (url: string, then: (outcome: HttpOutcome) => void) => this.#ask({ url }, then),
      httpPost: (url: string, body: Uint8Array, then: (outcome: HttpOutcome) => void) =>
        this.#ask({ url, posted: { contentType: OCSP_REQUEST_TYPE, body } }, then),
      cache: this.#urlCache,
      nonce: () => this.#nonces.bytes(OCSP_NONCE_OCTETS),
    }
    const stores = {
      anchors: this.#certificatesOf('trusts'),
      intermediates: this.#certificatesOf('intermediates'),
      distrusted: this.#certificatesOf('distrusts'),
    }
    judge(this.stack, deps, { ...input, ...stores }, done)
  }

  /** As WinHTTP decides on a server: the SSL policy of CryptoAPI. */
  readonly #judgeTls: JudgeTls = (presented, name, done) => {
    const { profile } = this.#partyFor({ as: 'windows' })
    this.#judgeChain({ presented, profile, name }, ({ valid, failures: [first] }) => {
      const detail = first === undefined ? 'no path' : `${first.code}: ${first.message}`
      done(valid ? { accepted: true } : { accepted: false, detail, alert: alertOf(first?.code) })
    })
  }

  #ask(request: HttpAsk, done: (outcome: HttpOutcome) => void): void {
    httpAsk(this.stack, (name, then) => this.addressesOf(name, then), request, done)
  }

  readonly addressesOf: Enrollee['resolve'] = (name, then) =>
    this.resolver.resolve({ name, type: 'A' }, { mode: 'api' }, ({ answers, rcode }) => {
      const addresses = answers
        .filter((answer) => answer.type === 'A')
        .flatMap((answer) => parseIpv4(answer.data) ?? [])
      then(addresses.length > 0 ? addresses : { rcode })
    })

  #enrollee(): Enrollee {
    return {
      stack: this.stack,
      compiled: this.#env.current(),
      resolve: this.addressesOf,
      keep: (name, held) => this.#env.stores.enrolled(this.name, name, held),
      clockOf: (node) => this.#env.network.stack(node).wallClock,
    }
  }

  #enrol(wish: Wish): Promise<EnrolmentReport> {
    const what = `${this.name} asks for ${wish.template.key}`
    return this.#env.world.perform(what, (done) => enrol(this.#enrollee(), wish, done))
  }
}

/** `strict` follows no program, which would have a purpose of its own: it asks for what the certificate is used for. */
function withPurpose(
  profile: RelyingPartyProfile,
  compiled: Compiled,
  of: string,
): { readonly profile: RelyingPartyProfile; readonly purpose?: EkuName } {
  if (profile !== PROFILES.strict) return { profile }
  const purpose = purposeOf(compiled, of)
  return { profile: { ...profile, purposes: [EKU_OIDS[purpose]] }, purpose }
}

const firstDnsName = ({ subjectAltName = [] }: Certificate): string | undefined =>
  subjectAltName.flatMap((name) => (name.kind === 'dns' ? [name.value] : []))[0]

/** The certificate that a node shows: its gateway's or its NPS's, or else the first it has. */
function presentedBy(spec: IpNodeSpec | undefined): string | undefined {
  const shown = spec?.services?.flatMap((service) =>
    service.service === 'vpn-gateway' || service.service === 'nps'
      ? (service.certificate ?? [])
      : [],
  )
  return shown?.[0] ?? spec?.certificates?.[0]?.name
}

function httpReport(on: string, url: string, outcome: HttpOutcome): HttpReport {
  const base = { on, url, outcome: outcome.kind }
  switch (outcome.kind) {
    case 'response':
      return { ...base, status: outcome.status, body: fromUtf8(outcome.body) }
    case 'unresolved':
      return { ...base, detail: `${outcome.name} is ${outcome.rcode}` }
    case 'malformed':
    case 'untrusted':
    case 'tls-failed':
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
