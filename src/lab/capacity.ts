/**
 * How many clients a deployment bears that dial at about the same time: they dial, and what they, the gateway and the servers behind it had to do is
 * measured. Not a model of its own: every dial is one of the lab, with its packets. What it costs the machine is not here, but in bench.
 */
import { err, ok, type Result } from '../base/result.ts'
import { rngFrom } from '../base/rng.ts'
import { between, ms, type Duration, type Instant } from '../base/time.ts'
import type { RemoteAccessLoad } from '../node/rras/remote-access.ts'
import type { WorkLoad } from '../node/work-queue.ts'
import { crowdClient } from '../topology/edit-crowd.ts'
import type { Topology } from '../topology/topology.ts'
import { buildDrivenLab, type DrivenLab } from './build.ts'
import { endOf, saturationsOf, type CrowdDial, type Saturation } from './capacity-limits.ts'
import { serviceOf } from './inventory.ts'
import type { LabOptions, LabProblem } from './lab.ts'
import type { ConnectReport } from './reports.ts'

export interface CapacityOptions extends Pick<LabOptions, 'seed' | 'at' | 'crypto'> {
  /** Of a crowd that the topology has already (`withCrowd`): the first so many of it dial. */
  readonly clients: number
  /** Each begins at an instant of this span, which chance picks. */
  readonly within: Duration
  readonly gateway: string
}

/** Of those that came through, from the dial to the tunnel. */
export interface Waits {
  readonly median: Duration
  readonly of90: Duration
  readonly of99: Duration
  readonly longest: Duration
}

/** The same end of several dials. */
export interface FailureCount {
  readonly clients: number
  /** As the decision table has it: `no-port`. */
  readonly cause: string
  /** What their users see; absent: nothing. */
  readonly code?: string
  readonly text?: string
  /** The first of them: who, when it gave up, and what was in the way. */
  readonly first: {
    readonly client: string
    readonly after: Duration
    readonly why: readonly string[]
  }
}

/** Of what something is used, and how much of it at most. */
export interface Peak {
  readonly node: string
  readonly what: string
  readonly most: number
  /** Since the first dial. */
  readonly after: Duration
  /** There are no more than so many. */
  readonly limit?: number
}

/** One RADIUS server, as the gateway knows it. */
export interface RadiusUse {
  readonly server: string
  readonly answered: number
  readonly repeated: number
  readonly givenUp: number
}

export interface CapacityReport {
  readonly topology: string
  readonly gateway: string
  readonly clients: number
  readonly within: Duration
  readonly connected: number
  readonly failed: number
  /** Absent: nobody came through. */
  readonly waits?: Waits
  readonly failures: readonly FailureCount[]
  readonly peaks: readonly Peak[]
  readonly radius: readonly RadiusUse[]
  /** What first refused somebody or made somebody wait stands first; empty: there was enough of everything. */
  readonly saturated: readonly Saturation[]
  readonly restsOn: readonly string[]
}

/** OWN: what is looked at so often may have been fuller in between. */
const EVERY: Duration = ms(100)

/** Let the crowd dial. Takes virtual time until the last dial has ended. Throws RangeError for a gateway or clients that are not there. */
export async function measureCapacity(
  topology: Topology,
  options: CapacityOptions,
): Promise<Result<CapacityReport, readonly LabProblem[]>> {
  if (serviceOf(topology, options.gateway, 'vpn-gateway') === undefined) {
    throw new RangeError(`${options.gateway} is no VPN gateway`)
  }
  const { seed, at, crypto } = options
  const built = buildDrivenLab(topology, {
    traceLevel: 'recent',
    ...(crypto !== undefined && { crypto }),
    ...(seed !== undefined && { seed }),
    ...(at !== undefined && { at }),
  })
  if (!built.ok) return err(built.error)
  return ok(await measure(built.value, options))
}

/** In a lab that is there: it dials as it is. */
async function measure(driven: DrivenLab, options: CapacityOptions): Promise<CapacityReport> {
  const { lab, world } = driven
  // Leases and whatever else a host does when it boots is no part of it.
  await lab.advance(ms(1))
  const began = world.now
  const peaks = new Peaks(driven, options.gateway)
  const watch = watched(driven, () => peaks.look())
  const dialled = await dials(driven, options)
  watch()
  peaks.look()
  return reported(driven, options, { began, dialled, peaks })
}

/** Looks at it again and again, until it is stopped. */
function watched({ world }: DrivenLab, look: () => void): () => void {
  let isOn = true
  const again = (): void => {
    if (!isOn) return
    look()
    world.schedule(EVERY, again, undefined)
  }
  again()
  return () => {
    isOn = false
  }
}

function dials(
  { lab, world }: DrivenLab,
  { clients, within }: CapacityOptions,
): Promise<readonly CrowdDial[]> {
  const chance = rngFrom(`${lab.seed}/capacity`)
  const one = (i: number): Promise<CrowdDial> => {
    const client = crowdClient(i)
    const node = lab.nodes[client]
    if (node === undefined) throw new RangeError(`there is no client ${client}`)
    const delay = Math.floor(chance.fork(client).fraction() * within) as Duration
    return world
      .perform<Instant>(
        `${client} waits for its turn`,
        (done) => void world.schedule(delay, () => done(world.now), undefined),
      )
      .then((began) => node.connect().then((report) => ({ client, began, report: lean(report) })))
  }
  return Promise.all(Array.from({ length: clients }, (_, i) => one(i)))
}

/** Without the events of all the others meanwhile: ten thousand dials would hold them. */
const lean = (report: ConnectReport): ConnectReport => ({ ...report, events: [], phases: [] })

class Peaks {
  readonly #driven: DrivenLab
  readonly #gateway: string
  readonly #began: Instant
  readonly #most = new Map<string, Peak>()
  /** Beside a crowd of clients there are few. */
  readonly #firewalls: readonly string[]

  constructor(driven: DrivenLab, gateway: string) {
    this.#driven = driven
    this.#gateway = gateway
    this.#began = driven.world.now
    this.#firewalls = Object.entries(driven.lab.topology.nodes).flatMap(([node, { kind }]) =>
      kind === 'firewall' ? [node] : [],
    )
  }

  get all(): readonly Peak[] {
    return [...this.#most.values()]
  }

  look(): void {
    for (const meter of this.#driven.meters()) {
      switch (meter.kind) {
        case 'gateway':
          if (meter.node === this.#gateway) this.#lookAt(meter.node, meter.read())
          break
        case 'nps':
          this.#work(meter.node, 'requests', meter.read())
          break
        case 'radius-client':
          if (meter.node !== this.#gateway) break
          for (const { server, underWay } of meter.read()) {
            this.#note(meter.node, `RADIUS requests under way to ${server}`, underWay)
          }
      }
    }
    for (const node of this.#firewalls) {
      const entries = this.#driven.tracked(node)
      if (entries !== undefined) this.#note(node, 'flows in connection tracking', entries)
    }
  }

  #lookAt(node: string, load: RemoteAccessLoad): void {
    const perPeer = serviceOf(this.#driven.lab.topology, node, 'vpn-gateway')?.maxSasPerPeer
    this.#note(node, 'half-open IKE SAs', load.halfOpen)
    this.#note(node, 'cookies demanded', load.cookies)
    this.#note(node, 'ports of IKEv2', load.ports.inUse, load.ports.size)
    this.#note(node, 'addresses of the pool', load.addresses.inUse, load.addresses.size)
    this.#note(node, 'IKE SAs of one address', load.mostOfOnePeer, perPeer)
    this.#work(node, 'handshakes', load.work)
  }

  #work(node: string, what: string, { underWay, waiting, workers }: WorkLoad): void {
    if (underWay > 0) this.#note(node, `${what} worked on`, underWay, workers)
    if (waiting > 0) this.#note(node, `${what} that wait`, waiting)
  }

  #note(node: string, what: string, now: number, limit?: number): void {
    const key = `${node} ${what}`
    const before = this.#most.get(key)
    if (before !== undefined && before.most >= now) return
    const after = between(this.#began, this.#driven.world.now)
    this.#most.set(key, { node, what, most: now, after, ...(limit !== undefined && { limit }) })
  }
}

function reported(
  driven: DrivenLab,
  { clients, within, gateway }: CapacityOptions,
  {
    began,
    dialled,
    peaks,
  }: { readonly began: Instant; readonly dialled: readonly CrowdDial[]; readonly peaks: Peaks },
): CapacityReport {
  const { topology } = driven.lab
  const connected = dialled.filter(({ report }) => report.outcome === 'connected')
  const waits = waitsOf(connected.map(({ report }) => report.took))
  const loads = driven
    .meters()
    .flatMap((meter) =>
      meter.kind === 'radius-client' && meter.node === gateway ? meter.read() : [],
    )
  const saturated = saturationsOf({ driven, gateway, began, dialled, loads })
  return {
    topology: topology.name,
    gateway,
    clients,
    within,
    connected: connected.length,
    failed: clients - connected.length,
    ...(waits !== undefined && { waits }),
    failures: failuresOf(began, dialled),
    peaks: peaks.all,
    radius: loads.map(({ server, answered, repeated, givenUp }) => ({
      server,
      answered,
      repeated,
      givenUp,
    })),
    saturated,
    restsOn: [
      ...new Set([...dialled.flatMap(({ report }) => report.restsOn ?? []), ...rates(driven)]),
    ],
  }
}

/** Nobody has published them: whoever sets one has measured, or guessed. */
const rates = ({ lab: { topology } }: DrivenLab): readonly string[] =>
  Object.keys(topology.nodes).flatMap((node) => [
    ...(serviceOf(topology, node, 'nps')?.requestTime === undefined ? [] : [`${node} requestTime`]),
    ...(serviceOf(topology, node, 'vpn-gateway')?.handshakeTime === undefined
      ? []
      : [`${node} handshakeTime`]),
  ])

function waitsOf(took: readonly Duration[]): Waits | undefined {
  const sorted = [...took].toSorted((a, b) => a - b)
  // The nearest rank: so many are not longer.
  const at = (share: number): Duration | undefined => sorted[Math.ceil(share * sorted.length) - 1]
  const [median, of90, of99, longest] = [at(0.5), at(0.9), at(0.99), at(1)]
  return median === undefined || of90 === undefined || of99 === undefined || longest === undefined
    ? undefined
    : { median, of90, of99, longest }
}

function failuresOf(began: Instant, dialled: readonly CrowdDial[]): readonly FailureCount[] {
  const found = new Map<string, { first: CrowdDial; ended: Instant; clients: number }>()
  for (const each of dialled) {
    const { report } = each
    if (report.outcome === 'connected') continue
    const ended = endOf(each)
    const key = `${report.failure ?? ''} ${report.windows?.code ?? ''}`
    const known = found.get(key)
    if (known === undefined) found.set(key, { first: each, ended, clients: 1 })
    else {
      known.clients += 1
      if (ended < known.ended) Object.assign(known, { first: each, ended })
    }
  }
  return [...found.values()]
    .toSorted((a, b) => b.clients - a.clients)
    .map(({ first: { client, report }, ended, clients }) => ({
      clients,
      cause: report.failure ?? report.outcome,
      ...(report.windows !== undefined && {
        code: report.windows.code,
        text: report.windows.name,
      }),
      first: { client, after: between(began, ended), why: report.why },
    }))
}
