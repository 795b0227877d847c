/**
 * What a lab knows of signing in: the domain's controllers, the servers that decide, the gateways that ask. One for each lab.
 * Not the services themselves, and not the verb: `authentication.ts` has that.
 */
import type { Ipv4 } from '../base/address.ts'
import type { Instant } from '../base/time.ts'
import type { DomainAuthority } from '../directory/domain-authority.ts'
import type { Trace } from '../net/trace.ts'
import type { NpsBook } from '../node/nps/book.ts'
import type { NpsDecision } from '../node/nps/decision.ts'
import type { Topology } from '../topology/topology.ts'
import { ASSUMPTIONS, type Assumptions } from '../windows/assumptions.ts'
import { PROTOCOL } from '../wire/ipv4.ts'
import { aimAt } from './aim.ts'
import { accountingOf } from './accounting.ts'
import { authenticationOf } from './authentication.ts'
import type { Compiled } from './compile.ts'
import { controllersOf } from './controllers.ts'
import { Gateway } from './gateway.ts'
import { serviceOf } from './inventory.ts'
import { connectReport } from './connect-report.ts'
import { DialNotebook } from './dial-notes.ts'
import type { DialCircumstances, Dialer } from './client-tunnels.ts'
import { dialling, endsHere } from './connect.ts'
import type { AccountOptions, AuthenticateOptions, ConnectOptions } from './lab.ts'
import type { Network } from './network.ts'
import type { AccountingReport, AuthenticationReport } from './reports.ts'
import type { GatewayRadius, Meter, ServiceContext, ServiceNode } from './service-context.ts'

interface LabAccessEnv {
  readonly network: Network
  readonly trace: Trace
  /** An edit changes it. */
  readonly current: () => Compiled
  readonly node: (name: string) => ServiceNode
  readonly now: () => Instant
  readonly booting: () => () => void
}

export class LabAccess implements Dialer {
  readonly #env: LabAccessEnv
  /** One for all controllers, and for the whole life of the lab: passwords that were changed stay changed. */
  readonly #authority: () => DomainAuthority | undefined
  /** Of every NPS that ever ran, by node. */
  readonly #npsBooks = new Map<string, NpsBook>()
  readonly #gateways = new Map<string, Gateway>()
  readonly #notes = new DialNotebook()
  readonly #meters = new Set<Meter & { readonly node: string }>()
  #assumed: Assumptions = ASSUMPTIONS
  #connections = 0

  constructor(env: LabAccessEnv) {
    this.#env = env
    this.#authority = controllersOf(env.current, (node) => env.node(node).stack.wallClock, env.now)
  }

  /** Of every service that runs. */
  get meters(): readonly (Meter & { readonly node: string })[] {
    return [...this.#meters]
  }

  /** Forget what a gateway has open. */
  close(node: string): void {
    this.#gateways.get(node)?.close()
    this.#gateways.delete(node)
  }

  contextOf(name: string): ServiceContext {
    const node = this.#env.node(name)
    return {
      stack: node.stack,
      node,
      network: this.#env.network,
      current: this.#env.current,
      assumed: () => this.#assumed,
      addressOf: this.#addresses(name),
      authority: this.#authority,
      npsBook: (make) => {
        const book = this.#npsBooks.get(name) ?? make()
        this.#npsBooks.set(name, book)
        return book
      },
      booting: this.#env.booting,
      nextConnection: () => (this.#connections += 1),
      gateway: () => this.#radiusOf(name),
      noteDial: (key, known) => this.#notes.add(key, known),
      measure: (meter) => {
        const placed = { node: name, ...meter }
        this.#meters.add(placed)
        return () => void this.#meters.delete(placed)
      },
    }
  }

  /**
   * Check a question about a user; the returned function asks it, with what is assumed for this once. Throws RangeError for a script's
   * mistake.
   */
  authentication(
    name: string,
    options: AuthenticateOptions,
  ): (done: (report: AuthenticationReport) => void) => void {
    const assume = this.assumed(options)
    const begin = authenticationOf(
      {
        gateway: this.#gateway(name),
        client: options.client === undefined ? undefined : this.#env.node(options.client),
        home: this.contextOf(options.client ?? name),
        trace: this.#env.trace,
        assume,
        decisionOf: (session, servers) => this.#decisionOf(session, servers),
      },
      options,
    )
    return (done) => {
      const before = this.#assumed
      this.#assumed = assume
      begin((report) => {
        this.#assumed = before
        done(report)
      })
    }
  }

  /**
   * Check what is dialled; the returned function dials it, with what is assumed for this once. Throws RangeError for a script's mistake.
   */
  connect(
    name: string,
    options: ConnectOptions,
    { isConnected, isUnasked }: DialCircumstances,
  ): ReturnType<Dialer['connect']> {
    const assume = this.assumed(options)
    const { trace, now } = this.#env
    const home = this.contextOf(name)
    const begin = dialling({ home, client: home.node, trace, assume, isConnected }, options)
    return (done) => {
      const before = this.#assumed
      if (!isUnasked) this.#assumed = assume
      const began = now()
      const firstEvent = trace.events.at(-1)?.id ?? 0
      begin((dialled) => {
        if (!isUnasked) this.#assumed = before
        const { journey } = dialled
        const notes = journey.attempts.map(({ key }) => this.#notes.take(key))
        const session = notes.at(-1)?.session
        const decision = session === undefined ? undefined : this.#decisionOf(session, [])
        const told = { journey, on: name, began, now: now(), firstEvent, trace, assume }
        done(connectReport({ ...told, decision, notes, log: dialled.log }), dialled)
      })
    }
  }

  hasTriggers(name: string, by: 'name' | 'app'): boolean {
    const profile = this.#env.current().profiles.get(name)?.user
    return by === 'name'
      ? profile?.domainNameInformation.some(({ autoTrigger }) => autoTrigger?.value === true) ===
          true
      : (profile?.appTriggers.length ?? 0) > 0
  }

  endsHere(name: string, options: ConnectOptions): boolean {
    return endsHere(this.contextOf(name), options, this.assumed(options))
  }

  /** For this once. */
  assumed({ assume }: Pick<ConnectOptions, 'assume'>): Assumptions {
    return assume === undefined ? this.#assumed : { ...this.#assumed, ...assume }
  }

  /** Check what is told of a session; the returned function tells it. Throws RangeError for a script's mistake. */
  accounting(
    name: string,
    options: AccountOptions,
  ): (done: (report: AccountingReport) => void) => void {
    return accountingOf(this.#gateway(name), options)
  }

  /** Lines of the local log of the NPS there. */
  accountingLog(name: string): readonly string[] {
    return this.#npsBooks.get(name)?.lines ?? []
  }

  /** Asked for each packet: found anew when the topology changes, or when the node has that address no more. */
  #addresses(from: string): ServiceContext['addressOf'] {
    const known = new Map<string, { readonly topology: Topology; readonly address: Ipv4 }>()
    return (to) => {
      const { topology } = this.#env.current()
      const before = known.get(to)
      const isSame =
        before?.topology === topology && this.#env.network.stack(to).hasAddress(before.address)
      if (isSame) return before.address
      const wanted = { protocol: PROTOCOL.udp, port: 1812 }
      const address = aimAt(this.#env.network, topology, { from, to }, wanted)?.address
      if (address !== undefined) known.set(to, { topology, address })
      return address
    }
  }

  /** By one of the servers that were asked, or else by whoever else has decided it. */
  #decisionOf(session: string, servers: readonly string[]): NpsDecision | undefined {
    const books = [
      ...servers.flatMap((server) => this.#npsBooks.get(server) ?? []),
      ...this.#npsBooks.values(),
    ]
    for (const { decisions } of books) {
      const found = decisions.findLast(({ record }) => record.accountSessionIdentifier === session)
      if (found !== undefined) return found
    }
    return undefined
  }

  #radiusOf(name: string): GatewayRadius | undefined {
    const gateway = this.#gatewayOf(name)
    return (
      gateway && {
        nextSessionId: () => gateway.nextSessionId(),
        ask: (caller, claim, done) => gateway.ask(caller, claim, done),
        account: (options, address) => {
          const { session } = options
          if (!gateway.accounted.has(session)) return
          if (address !== undefined) gateway.addressed(session, address)
          accountingOf(gateway, options)(() => undefined)
        },
      }
    )
  }

  #gateway(name: string): Gateway {
    const gateway = this.#gatewayOf(name)
    if (gateway === undefined) throw new RangeError(`${name} asks no RADIUS server`)
    return gateway
  }

  #gatewayOf(name: string): Gateway | undefined {
    const known = this.#gateways.get(name)
    if (known !== undefined) return known
    const radius = serviceOf(this.#env.current().topology, name, 'vpn-gateway')?.radius ?? []
    if (radius.length === 0) return undefined
    const gateway = new Gateway(this.contextOf(name), radius, (session, servers) =>
      this.#decisionOf(session, servers),
    )
    this.#gateways.set(name, gateway)
    return gateway
  }
}
