/**
 * Makes a running lab from a topology: the network, its services, its clients, and the verbs that a script has.
 * Not the reading of files: `lab/compile.ts` has done that. A topology that cannot be built is a list of problems.
 */
import { err, ok, type Result } from '../base/result.ts'
import { toHex } from '../base/bytes.ts'
import { rememberEach } from '../base/remember.ts'
import { formatDuration, seconds, type Duration, type Instant } from '../base/time.ts'
import { parseIpv4 } from '../base/address.ts'
import type { Fault } from '../net/faults.ts'
import { Trace } from '../net/trace.ts'
import type { Stack } from '../net/stack.ts'
import { World } from '../net/world.ts'
import { startDhcpClient } from '../node/dhcp-client.ts'
import type { Edit } from '../topology/edit.ts'
import type { NodeSpec, Topology } from '../topology/topology.ts'
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
import type { ProbeReport, SessionReport } from './reports.ts'
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
  const compiled = compileTopology(topology)
  if (!compiled.ok) return err(compiled.error)
  return ok(new RunningLab(compiled.value, options) as unknown as Lab<H>)
}

/** A lab with its clock and its hosts, for who drives it by another clock than its own. */
export interface DrivenLab {
  readonly lab: Lab
  readonly world: World
  /** Throws RangeError for a name that is no IP node. */
  stack(node: string): Stack
}

/** Like {@link buildLab}, for `live`: scripts have the verbs, and no need of what is behind them. */
export function buildDrivenLab(
  topology: Topology,
  options: LabOptions = {},
): Result<DrivenLab, readonly LabProblem[]> {
  const compiled = compileTopology(topology)
  if (!compiled.ok) return err(compiled.error)
  const lab = new RunningLab(compiled.value, options)
  return ok({ lab, world: lab.world, stack: (node) => lab.stack(node) })
}

class RunningLab implements Lab {
  readonly seed: number
  readonly trace: Trace
  readonly nodes: Readonly<Record<string, LabNode>>
  readonly #world: World
  readonly #network: Network
  readonly #base: Topology
  readonly #edits: Edit[] = []
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
    this.#world = new World({ seed: String(this.seed), start: options.at ?? compiled.start })
    this.trace = new Trace(() => this.#world.now, options.traceLevel)
    this.#network = new Network(this.#world, this.trace, compiled.topology)
    this.#access = new LabAccess({
      network: this.#network,
      trace: this.trace,
      current: () => this.#stores.over(this.#compiled),
      node: (name) => this.#node(name),
      now: () => this.now,
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
        connecting: (client, asked, isConnected) =>
          this.#access.connecting(client, asked, isConnected),
        accountingLog: () => this.#access.accountingLog(name),
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
    this.#restartServices(node)
    this.#note(`${node} reboots`)
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

  /** Hosts that ask for an address have one, or have given up. */
  async #ready(): Promise<void> {
    if (this.#booting === 0) return
    await this.#world.perform<void>('boot', (done) => {
      if (this.#booting === 0) done()
      else this.#booted.push(() => done())
    })
  }

  #lease(name: string, nic: string): { release(): void } {
    const stack = this.#network.stack(name)
    this.#booting++
    let isBooting = true
    return startDhcpClient(stack, nic, () => {
      if (!isBooting) return
      isBooting = false
      this.#booting--
      if (this.#booting > 0) return
      const waiting = this.#booted
      this.#booted = []
      for (const done of waiting) done()
    })
  }

  /** Put the base topology with all present edits in force. */
  #rebuild(what: string): void {
    const topology = this.#edits.reduce<Topology>((t, edit) => edit.apply(t), this.#base)
    const compiled = compileTopology(topology)
    if (!compiled.ok) {
      const problems = compiled.error.map((problem) => problem.message).join('; ')
      throw new RangeError(`${what} makes a topology that cannot be built: ${problems}`)
    }
    const before = this.topology
    refuseRebuilding(what, before, topology)
    this.#stores.follow(this.#compiled, compiled.value, this.now)
    this.#compiled = compiled.value
    this.#network.update(topology)
    for (const [name, spec] of ipNodesOf(topology)) {
      const old = before.nodes[name]
      if (old?.kind === 'switch' || old?.services === spec.services) continue
      this.#restartServices(name)
    }
    this.#note(what)
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

/** What is laid once, when a lab is built: an edit of it is for a new lab. All else follows an edit while the lab runs. */
function refuseRebuilding(what: string, before: Topology, now: Topology): void {
  if (laid(before) === laid(now)) return
  throw new RangeError(
    `${what}: nodes, networks, systems and interfaces are fixed once a lab runs; build another, or use moveTo`,
  )
}

const laid = (topology: Topology): string =>
  JSON.stringify([
    topology.networks,
    Object.entries(topology.nodes).map(([name, spec]) => [name, laidNode(spec)]),
  ])

// An edit leaves most nodes as they were.
const laidNode = rememberEach((spec: NodeSpec): string =>
  JSON.stringify(
    spec.kind === 'switch'
      ? spec.networks
      : [
          spec.kind,
          spec.os,
          spec.kind === 'host' && spec.forwards === true,
          spec.interfaces.map(({ network, address, alsoAt, metric }) => [
            network,
            address === DHCP,
            alsoAt,
            metric,
          ]),
        ],
  ),
)
