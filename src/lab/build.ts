/**
 * Makes a running lab from a topology: the network, its services, its clients, and the verbs that a script has.
 * Not the reading of files: `lab/compile.ts` has done that. A topology that cannot be built is a list of problems.
 */
import { err, ok, type Result } from '../base/result.ts'
import { toHex } from '../base/bytes.ts'
import { rngFrom } from '../base/rng.ts'
import { formatDuration, seconds, type Duration, type Instant } from '../base/time.ts'
import { parseIpv4 } from '../base/address.ts'
import { modelledCryptography } from '../engine/modelled-cryptography.ts'
import type { Fault } from '../net/faults.ts'
import { Trace } from '../net/trace.ts'
import type { Stack } from '../net/stack.ts'
import { World } from '../net/world.ts'
import { MODELLED_SIGNATURES } from '../pki/keys/modelled-signatures.ts'
import { REAL_SIGNATURES, type Signatures } from '../pki/keys/signature.ts'
import { startDhcpClient } from '../node/dhcp-client.ts'
import type { Edit } from '../topology/edit.ts'
import { gatewayOf, settingsInForce } from '../topology/pending-restart.ts'
import type { VpnGatewaySpec } from '../topology/services.ts'
import type { Topology } from '../topology/topology.ts'
import { PROTOCOL } from '../wire/ipv4.ts'
import { LabAccess } from './access.ts'
import { aimAt, type Aim } from './aim.ts'
import { captureOf, wiresharkTables } from './capture.ts'
import { compileTopology, type Compiled } from './compile.ts'
import { CertificateStores } from './enrolment.ts'
import type { Lab, LabNode, LabOptions, LabProblem, LabStep, ProbeQuery } from './lab.ts'
import { serviceOf } from './inventory.ts'
import { DHCP, ipNodesOf, Network } from './network.ts'
import { RunningNode } from './node.ts'
import { ipv4Of } from './legs.ts'
import { probe, unresolvedProbe, wantedBy } from './probe.ts'
import { compiledFor, heldBack, refuseRebuilding } from './rebuild.ts'
import type { ProbeReport, SessionReport } from './reports.ts'
import type { Meter } from './service-context.ts'
import { startServices } from './services.ts'

const SEED_DEFAULT = 1

/**
 * Build a lab. Nothing has happened yet: the first verb that is awaited lets hosts boot and ask for their addresses.
 *
 * @example
 * const built = buildLab(contoso)
 * if (built.ok) console.log(await built.value.probe({ from: 'laptop', to: 'gateway', udp: 500 }))
 */
export function buildLab<N extends string, H extends string, Z extends string>(
  topology: Topology<N, H, Z>,
  options: LabOptions = {},
): Result<Lab<H>, readonly LabProblem[]> {
  const compiled = compileTopology(topology, signaturesFor(options))
  if (!compiled.ok) return err(compiled.error)
  return ok(new RunningLab(compiled.value, options) as unknown as Lab<H>)
}

const signaturesFor = ({ crypto }: LabOptions): Signatures =>
  crypto === 'modelled' ? MODELLED_SIGNATURES : REAL_SIGNATURES

/** Each modelled lab has chance of its own for what is only to be another each time. */
const modelledBy = (seed: number) => (later: World['later']) =>
  modelledCryptography(rngFrom(`${seed}/cryptography`), later)

/** A lab with its clock and its hosts, for who drives it by another clock than its own. */
export interface DrivenLab {
  readonly lab: Lab
  readonly world: World
  /** Throws RangeError for a name that is no IP node. */
  stack(node: string): Stack
  /** Flows in the connection tracking of a node's filter; undefined: it has none. */
  readonly tracked: (node: string) => number | undefined
  /** How full services are. */
  readonly meters: () => readonly (Meter & { readonly node: string })[]
}

/** Like {@link buildLab}, for `live`: scripts have the verbs, and no need of what is behind them. */
export function buildDrivenLab(
  topology: Topology,
  options: LabOptions = {},
): Result<DrivenLab, readonly LabProblem[]> {
  const compiled = compileTopology(topology, signaturesFor(options))
  if (!compiled.ok) return err(compiled.error)
  const lab = new RunningLab(compiled.value, options)
  return ok({
    lab,
    world: lab.world,
    stack: (node) => lab.stack(node),
    meters: () => lab.meters,
    tracked: (node) => lab.tracked(node),
  })
}

class RunningLab implements Lab {
  readonly seed: number
  readonly trace: Trace
  readonly nodes: Readonly<Record<string, LabNode>>
  readonly #world: World
  readonly #network: Network
  readonly #base: Topology
  readonly #edits: Edit[] = []
  /** What each gateway's RemoteAccess has read when it started last, and which changes wait for its next start. */
  readonly #started = new Map<string, VpnGatewaySpec>()
  #waiting: ReadonlyMap<string, readonly string[]> = new Map()
  readonly #running = new Map<string, RunningNode>()
  readonly #services = new Map<string, () => void>()
  readonly #steps: LabStep[] = []
  readonly #stores = new CertificateStores()
  readonly #access: LabAccess
  #compiled: Compiled
  #booting = 0
  #booted: (() => void)[] = []

  constructor(compiled: Compiled, options: LabOptions) {
    this.seed = options.seed ?? SEED_DEFAULT
    this.#compiled = compiled
    this.#base = compiled.topology
    this.#world = new World({
      seed: String(this.seed),
      start: options.at ?? compiled.start,
      ...(options.crypto === 'modelled' && { cryptography: modelledBy(this.seed) }),
    })
    this.trace = new Trace(() => this.#world.now, options.traceLevel)
    this.#network = new Network(this.#world, this.trace, compiled.topology)
    this.#noteStarted(compiled.topology)
    this.#access = new LabAccess({
      network: this.#network,
      trace: this.trace,
      current: () => this.#stores.over(this.#compiled),
      node: (name) => this.#node(name),
      now: () => this.now,
      booting: () => this.#bootingOne(),
    })
    for (const [name, spec] of ipNodesOf(compiled.topology)) {
      const stack = this.#network.stack(name)
      const node = new RunningNode(stack, {
        world: this.#world,
        network: this.#network,
        current: () => this.#stores.over(this.#compiled),
        stores: this.#stores,
        ready: () => this.#ready(),
        lease: (nic) => this.#lease(name, nic),
        authentication: (gateway, asked) => this.#access.authentication(gateway, asked),
        accounting: (gateway, asked) => this.#access.accounting(gateway, asked),
        dialer: this.#access,
        accountingLog: () => this.#access.accountingLog(name),
        pendingRestart: () => this.#waiting.get(name) ?? [],
      })
      this.#running.set(name, node)
      this.#startServices(name)
      for (const nic of spec.interfaces) if (nic.address === DHCP) this.#lease(name, nic.network)
    }
    this.nodes = Object.fromEntries(this.#running)
  }

  get topology(): Topology {
    return this.#compiled.topology
  }

  get meters(): readonly (Meter & { readonly node: string })[] {
    return this.#access.meters
  }

  tracked(node: string): number | undefined {
    return this.#network.trackedBy(node)
  }

  get world(): World {
    return this.#world
  }

  stack(node: string): Stack {
    return this.#node(node).stack
  }

  get now(): Instant {
    return this.#world.now
  }

  get steps(): readonly LabStep[] {
    return this.#steps
  }

  async step<T>(title: string, act: () => Promise<T>): Promise<T> {
    this.#note(title)
    try {
      const value = await act()
      this.#steps.push({ title, status: 'passed' })
      return value
    } catch (thrown) {
      this.#steps.push({ title, status: 'failed' })
      throw thrown
    }
  }

  async advance(by: Duration): Promise<void> {
    await this.#ready()
    await this.#world.advance(by)
  }

  apply(edit: Edit): Disposable {
    this.#edits.push(edit)
    try {
      this.#rebuild(edit.name)
    } catch (thrown) {
      this.#edits.pop()
      throw thrown
    }
    return {
      [Symbol.dispose]: () => {
        const at = this.#edits.indexOf(edit)
        if (at < 0) return
        this.#edits.splice(at, 1)
        this.#rebuild(`no longer: ${edit.name}`)
      },
    }
  }

  inject(fault: Fault): Disposable {
    const names = fault.networks ?? [...this.#network.segments.keys()]
    const installed = names.map((name) => this.#network.segment(name).addFault(fault))
    this.#note(`fault: ${fault.name}`)
    return {
      [Symbol.dispose]: () => {
        for (const each of installed) each[Symbol.dispose]()
        const matched = installed.some((each) => each.matched > 0)
        if (!matched && !fault.optional) {
          throw new RangeError(`fault '${fault.name}' never met a frame`)
        }
      },
    }
  }

  pause(node: string): Disposable {
    this.#node(node).stack.setDown(true)
    this.#note(`${node} is paused`)
    return { [Symbol.dispose]: () => this.resume(node) }
  }

  resume(node: string): void {
    const { stack } = this.#node(node)
    if (!stack.isDown) return
    stack.setDown(false)
    this.#note(`${node} is resumed`)
  }

  reboot(node: string): void {
    const running = this.#node(node)
    running.boot()
    this.#network.reboot(node)
    this.#startAnew(node)
    this.#note(`${node} reboots`)
  }

  restartService(node: string, service: 'RemoteAccess'): void {
    this.#node(node)
    const spec = gatewayOf(this.topology.nodes[node])
    if (spec === undefined || spec.isRunning === false) {
      throw new RangeError(`${node} runs no ${service}`)
    }
    this.#startAnew(node)
    this.#note(`${node} restarts ${service}`)
  }

  /** What waited counts from now on. */
  #startAnew(node: string): void {
    const isWaiting = this.#waiting.has(node)
    this.#started.delete(node)
    if (isWaiting) this.#inForce(`${node} starts its services`)
    else this.#restartServices(node)
  }

  /** Services that start read what stands in the topology. */
  #noteStarted({ nodes }: Topology): void {
    for (const [name, node] of Object.entries(nodes)) {
      const spec = gatewayOf(node)
      if (spec === undefined) this.#started.delete(name)
      else if (!this.#waiting.has(name)) this.#started.set(name, spec)
    }
  }

  skewClock(node: string, by: Duration): Disposable {
    this.#network.skewClock(this.#node(node).name, by)
    this.#note(`the clock of ${node} is set by ${formatDuration(by)}`)
    return {
      [Symbol.dispose]: () => {
        this.#network.skewClock(node, seconds(0))
        this.#note(`the clock of ${node} is set right`)
      },
    }
  }

  holdClocks(at: Instant): Disposable {
    this.#network.holdClocks(at)
    return { [Symbol.dispose]: () => this.#network.holdClocks(undefined) }
  }

  async probe(query: ProbeQuery): Promise<ProbeReport> {
    const stack = this.#node(query.from).stack
    await this.#ready()
    if (query.program !== undefined) await this.#node(query.from).starts(query.program)
    const aim = await this.#aim(query)
    if (typeof aim === 'string') return unresolvedProbe(query, aim, this.seed)
    const env = {
      world: this.#world,
      stack,
      events: () => this.trace.events,
      seed: this.seed,
      ...this.#secretFor(query, aim),
    }
    return probe(env, query, aim)
  }

  /** What a gateway shares with the RADIUS server that it probes. */
  #secretFor({ from, to }: ProbeQuery, { address }: Aim): { readonly secret?: string } {
    const servers = serviceOf(this.topology, from, 'vpn-gateway')?.radius ?? []
    const found = servers.find(
      ({ server, address: written }) =>
        server === to ||
        written === to ||
        (server !== undefined && this.#network.stack(server).hasAddress(address)),
    )
    return found === undefined ? {} : { secret: found.secret }
  }

  sessions(node: string): readonly SessionReport[] {
    return this.#network.sessionsOf(this.#node(node).name)
  }

  payloads(report: ProbeReport): readonly string[] {
    const payloads = new Set<string>()
    for (const event of this.trace.events) {
      if (event.kind !== 'sent' && event.kind !== 'received') continue
      if (event.packet !== report.packet) continue
      const packet = ipv4Of(event.frame)
      const header = packet?.protocol === PROTOCOL.udp ? 8 : 0
      if (packet !== undefined) payloads.add(toHex(packet.payload.subarray(header)))
    }
    return [...payloads]
  }

  capture(): Uint8Array {
    const nics = ipNodesOf(this.#base).flatMap(([name, spec]) =>
      spec.interfaces.map((nic) => `${name}/${nic.network}`),
    )
    return captureOf(this.trace.events, nics, this.trace.secrets('tls'))
  }

  wiresharkTables(): Readonly<Record<string, string>> {
    return wiresharkTables(this.trace)
  }

  digest(): string {
    return this.trace.digest()
  }

  #node(name: string): RunningNode {
    const node = this.#running.get(name)
    if (node !== undefined) return node
    throw new RangeError(
      `the lab has no node '${name}'; it has ${[...this.#running.keys()].join(', ')}`,
    )
  }

  /** Where a probe goes; or the rcode of a name that did not resolve. */
  async #aim(query: ProbeQuery): Promise<Aim | string> {
    const literal = parseIpv4(query.to)
    if (literal !== undefined) return { address: literal }
    if (this.#running.has(query.to)) {
      const aim = aimAt(this.#network, this.topology, query, wantedBy(query))
      return aim ?? `${query.to} has no address`
    }
    const report = await this.#node(query.from).resolve(query.to)
    const address = report.answers.find((answer) => answer.type === 'A')?.data
    return address === undefined ? report.rcode : { address: parseIpv4(address)! }
  }

  /** Hosts that ask for an address have one, or have given up; so have gateways that ask for their clients. */
  async #ready(): Promise<void> {
    if (this.#booting === 0) return
    await this.#world.perform<void>('boot', (done) => {
      if (this.#booting === 0) done()
      else this.#booted.push(() => done())
    })
  }

  #lease(name: string, nic: string): { release(): void } {
    return startDhcpClient(this.#network.stack(name), nic, this.#bootingOne())
  }

  /** Verbs wait until the returned function is called. */
  #bootingOne(): () => void {
    this.#booting++
    let isBooting = true
    return () => {
      if (!isBooting) return
      isBooting = false
      this.#booting--
      if (this.#booting > 0) return
      const waiting = this.#booted
      this.#booted = []
      for (const done of waiting) done()
    }
  }

  /** Put the base topology with all present edits in force. */
  #rebuild(what: string): void {
    const late = this.#inForce(what)
    this.#note(late.length === 0 ? what : `${what}: waits for a restart (${late.join(', ')})`)
  }

  /** Returns which settings have begun to wait. */
  #inForce(what: string): readonly string[] {
    const wanted = this.#edits.reduce<Topology>((t, edit) => edit.apply(t), this.#base)
    const before = this.topology
    // What waits must be good, too.
    const { signatures } = this.#world.cryptography
    const whole = compiledFor(what, wanted, signatures)
    const inForce = settingsInForce(wanted, this.#started, before)
    const { compiled, waiting } = heldBack(whole, inForce, signatures)
    const { topology } = compiled
    refuseRebuilding(what, before, topology)
    this.#stores.follow(this.#compiled, compiled, this.now)
    this.#compiled = compiled
    const waited = this.#waiting
    this.#waiting = waiting
    this.#noteStarted(topology)
    this.#network.update(topology)
    for (const [name, spec] of ipNodesOf(topology)) {
      const old = before.nodes[name]
      if (old !== spec) this.#node(name).heedProfiles()
      if (old?.kind === 'switch' || old?.services === spec.services) continue
      this.#restartServices(name)
    }
    return [...waiting].flatMap(([name, keys]) =>
      keys.filter((key) => waited.get(name)?.includes(key) !== true),
    )
  }

  #restartServices(node: string): void {
    this.#services.get(node)?.()
    this.#access.close(node)
    this.#startServices(node)
  }

  #startServices(node: string): void {
    this.#services.set(node, startServices(this.#access.contextOf(node)))
  }

  #note(text: string): void {
    this.trace.add({ kind: 'script', node: '', text })
  }
}
