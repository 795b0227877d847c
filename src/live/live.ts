/**
 * A lab goes live: one node's services answer real clients on this machine's sockets, under the real clock.
 * Not a verb of a lab, whose time is its own: here virtual time is the time of day, so that real peers accept the lab's certificates.
 */
import { formatIpv4, parseIpv4, parseIpv6, type Ipv4 } from '../base/address.ts'
import { err, ok, type Result } from '../base/result.ts'
import { before, formatInstant, microseconds, minutes } from '../base/time.ts'
import { buildDrivenLab, type DrivenLab } from '../lab/build.ts'
import type { Lab, LabProblem } from '../lab/lab.ts'
import type { TraceEvent } from '../net/trace.ts'
import type { Topology } from '../topology/topology.ts'
import { unknownName } from '../topology/values.ts'
import { asOfNow } from '../lab/as-of-now.ts'
import { noCounts, type LiveCounts } from './counts.ts'
import { isLoopback, type Remote, type Source } from './outbound.ts'
import { openPortal, type Portal, type WantedDoor } from './portal.ts'
import type { LiveProblem } from './problem.ts'
import { RealTime, wallClockNow } from './real-time.ts'
import {
  shownFrom,
  simulatedAddress,
  speakersFor,
  speaksAs,
  type PeerSpec,
  type Speaker,
} from './speakers.ts'
import { bindUdp, type Hall } from './udp-door.ts'

/** Hosts have this long to boot and to ask for their leases, before anybody real comes. */
const BOOT = minutes(2)
const LOOPBACK = '127.0.0.1'

/** What the served node sends to a simulated address goes to a real one. */
export interface RemoteSpec {
  /** A node: its address towards the node that is served. Or an address. */
  readonly to: string
  /** Default: every port. */
  readonly port?: number
  /** An IPv4 address that this machine reaches. */
  readonly address: string
  /** Default: the port that the node sent to. */
  readonly realPort?: number
}

/** What the served node sends to {@link RemoteSpec}s from one of its addresses leaves from an address of this machine. */
export interface SourceSpec {
  /** An address of the node's, which it may have later only. */
  readonly own: string
  /** An IPv4 address of this machine. The port is any that is free: to the other side the node is behind a NAT. */
  readonly address: string
}

export interface LiveOptions {
  /** Whose services are served. */
  readonly node: string
  /** An IPv4 address of this machine; default 127.0.0.1. */
  readonly bind?: string
  /** Allow `bind`, and remotes, beyond this machine. */
  readonly exposes?: boolean
  /** The real port for a port of a service: by default the same. 0: any that is free. Undefined: not served. */
  readonly realPort?: (port: number, protocol: 'udp' | 'tcp') => number | undefined
  /** Who real peers speak as. Where an NPS is served, loopback speaks as its first RADIUS client by default; all others as themselves. */
  readonly peers?: readonly PeerSpec[]
  readonly remotes?: readonly RemoteSpec[]
  /** Default: from whatever address this machine reaches the other by. */
  readonly sources?: readonly SourceSpec[]
  /** Default 1. */
  readonly seed?: number
  /** Entries of the served node's event log. What peers sent may stand in them as it came. */
  readonly onLog?: (entry: LogEntry) => void
}

export type LogEntry = Extract<TraceEvent, { kind: 'logged' }>

export interface Listening {
  readonly node: string
  readonly protocol: 'udp' | 'tcp'
  readonly address: string
  /** On this machine. */
  readonly port: number
  /** The service's own. */
  readonly servicePort: number
}

/** Peers at `from` (an address or a prefix) speak as `as`, which is the node's address where there is one. */
export interface SpeaksAs {
  readonly from: string
  readonly as: string
  readonly node?: string
}

export type LiveEnd = { readonly kind: 'stopped' } | { readonly kind: 'broken'; thrown: unknown }

export interface LiveSession {
  readonly listening: readonly Listening[]
  readonly speaksAs: readonly SpeaksAs[]
  /** Its operations take real time while the session runs. */
  readonly lab: Lab
  /** As they are now. */
  readonly counts: Readonly<LiveCounts>
  /** Resolves when it was stopped, or when our own code threw. */
  readonly ended: Promise<LiveEnd>
  /** Close every socket. The lab lives on, under virtual time. */
  stop(): Promise<Readonly<LiveCounts>>
}

/** Problems with the topology come with their places; all others are one. */
export type LiveRefusal =
  | { readonly kind: 'topology'; readonly problems: readonly LabProblem[] }
  | ({ readonly kind: 'live' } & LiveProblem)

const refuse = (problem: LiveProblem): Result<never, LiveRefusal> =>
  err({ kind: 'live', ...problem })

/**
 * Serve one node. The topology's `start` becomes now, so that its certificates and lists are issued as of now.
 *
 * @example
 * const live = await startLive(contoso, { node: 'publicDns', realPort: () => 0 })
 * if (live.ok) console.log(live.value.listening)
 */
export async function startLive(
  topology: Topology,
  options: LiveOptions,
): Promise<Result<LiveSession, LiveRefusal>> {
  const bind = readBind(options)
  if (!bind.ok) return refuse(bind.error)
  const unknown = unknownName('node', options.node, Object.keys(topology.nodes))
  if (unknown !== undefined) return refuse({ code: 'unknown-node', message: unknown })
  if (topology.nodes[options.node]?.kind === 'switch')
    return refuse({ code: 'no-service', message: `${options.node} is a switch: it has no address` })

  const now = wallClockNow()
  const start = formatInstant(before(now, microseconds(now % 1e6)))
  const built = buildDrivenLab(asOfNow(topology, start), {
    seed: options.seed ?? 1,
    at: before(now, BOOT),
    traceLevel: 'recent',
  })
  if (!built.ok) return err({ kind: 'topology', problems: built.error })
  const driven = built.value
  driven.world.runUntil(wallClockNow())

  const speakers = speakersFor(driven, options.node, options.peers ?? [])
  if (!speakers.ok) return refuse(speakers.error)
  const remotes = readRemotes(driven, options)
  if (!remotes.ok) return refuse(remotes.error)
  const sources = await readSources(options)
  if (!sources.ok) return refuse(sources.error)
  const wanted = wantedDoors(driven, options)
  if (!wanted.ok) return refuse(wanted.error)
  const session = new Session(driven, options, speakers.value)
  const opened = await session.open({
    bind: bind.value,
    wanted: wanted.value,
    remotes: remotes.value,
    sources: sources.value,
  })
  return opened.ok ? ok(session) : refuse(opened.error)
}

class Session implements LiveSession {
  readonly lab: Lab
  readonly counts = noCounts()
  readonly ended: Promise<LiveEnd>
  readonly speaksAs: readonly SpeaksAs[]
  listening: readonly Listening[] = []
  readonly #options: LiveOptions
  readonly #clock: RealTime
  readonly #hall: Hall
  readonly #unwatch: () => void
  #end: (end: LiveEnd) => void = () => {}
  #portal: Portal | undefined
  #stopping: Promise<Readonly<LiveCounts>> | undefined

  constructor(driven: DrivenLab, options: LiveOptions, speakers: readonly Speaker[]) {
    const { lab, world } = driven
    this.lab = lab
    this.#options = options
    this.speaksAs = speakers.map((speaker) => ({
      from: shownFrom(speaker),
      as: formatIpv4(speaker.as),
      ...(speaker.node !== undefined && { node: speaker.node }),
    }))
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#clock = new RealTime(world, (thrown) => void this.#finish({ kind: 'broken', thrown }))
    this.#hall = {
      stack: driven.stack(options.node),
      clock: this.#clock,
      counts: this.counts,
      speaksAs: speaksAs(speakers),
    }
    this.#unwatch = lab.trace.watch((event) => {
      if (event.kind === 'logged' && event.node === options.node) options.onLog?.(event)
    })
  }

  async open(doors: {
    readonly bind: Ipv4
    readonly wanted: readonly WantedDoor[]
    readonly remotes: readonly Remote[]
    readonly sources: readonly Source[]
  }): Promise<Result<void, LiveProblem>> {
    this.#clock.start()
    const portal = await openPortal(this.#hall, doors)
    if (!portal.ok) {
      await this.stop()
      return portal
    }
    this.#portal = portal.value
    this.listening = portal.value.doors.map((door) => ({
      node: this.#options.node,
      protocol: door.protocol,
      address: formatIpv4(doors.bind),
      port: door.port,
      servicePort: door.servicePort,
    }))
    return ok(undefined)
  }

  stop(): Promise<Readonly<LiveCounts>> {
    return this.#finish({ kind: 'stopped' })
  }

  #finish(end: LiveEnd): Promise<Readonly<LiveCounts>> {
    this.#stopping ??= this.#close(end)
    return this.#stopping
  }

  async #close(end: LiveEnd): Promise<Readonly<LiveCounts>> {
    this.#clock.stop()
    this.#unwatch()
    await this.#portal?.close()
    this.#end(end)
    return this.counts
  }
}

// ── What the operator said ───────────────────────────────────────────────────────────────────────

function readBind({ bind = LOOPBACK, exposes }: LiveOptions): Result<Ipv4, LiveProblem> {
  const address = readRealAddress(bind)
  if (!address.ok || isLoopback(address.value) || exposes === true) return address
  return err(needsExpose(`bind ${bind}`))
}

const needsExpose = (what: string): LiveProblem => ({
  code: 'needs-expose',
  message: `refused to ${what}, which others can reach, without --expose: the lab's private keys and secrets are public`,
})

function readRealAddress(text: string): Result<Ipv4, LiveProblem> {
  const address = parseIpv4(text)
  if (address !== undefined) return ok(address)
  const message =
    parseIpv6(text) === undefined
      ? `'${text}' is not an IPv4 address such as ${LOOPBACK}`
      : `'${text}' is an IPv6 address: live sockets are IPv4 only`
  return err({ code: 'bad-address', message })
}

function readRemotes(
  driven: DrivenLab,
  { node, remotes = [], exposes }: LiveOptions,
): Result<readonly Remote[], LiveProblem> {
  const read: Remote[] = []
  for (const { to, port, address, realPort } of remotes) {
    const real = readRealAddress(address)
    if (!real.ok) return real
    if (!isLoopback(real.value) && exposes !== true) return err(needsExpose(`send to ${address}`))
    const simulated = simulatedAddress(driven, to, node)
    if (!simulated.ok) return simulated
    read.push({
      address: simulated.value.address,
      real: real.value,
      ...(port !== undefined && { port }),
      ...(realPort !== undefined && { realPort }),
    })
  }
  return ok(read)
}

/** Each must be this machine's: a socket there is opened, and closed again. */
async function readSources({
  sources = [],
  exposes,
}: LiveOptions): Promise<Result<readonly Source[], LiveProblem>> {
  const read: Source[] = []
  for (const { own, address } of sources) {
    const simulated = readRealAddress(own)
    if (!simulated.ok) return simulated
    const real = readRealAddress(address)
    if (!real.ok) return real
    if (!isLoopback(real.value) && exposes !== true) return err(needsExpose(`send from ${address}`))
    const tried = await bindUdp(address, 0)
    if (!tried.ok) return tried
    tried.value.close()
    read.push({ own: simulated.value, real: real.value })
  }
  return ok(read)
}

/** A door for each port that the node serves, UDP first. */
function wantedDoors(
  driven: DrivenLab,
  { node, realPort = (port) => port, remotes = [] }: LiveOptions,
): Result<readonly WantedDoor[], LiveProblem> {
  const { udp, tcp } = driven.stack(node)
  const services = [
    ...udp.services.map((servicePort) => ({ protocol: 'udp', servicePort }) as const),
    ...tcp.services.map((servicePort) => ({ protocol: 'tcp', servicePort }) as const),
  ]
  const wanted = services.flatMap(({ protocol, servicePort }) => {
    const port = realPort(servicePort, protocol)
    return port === undefined ? [] : [{ protocol, servicePort, port }]
  })
  const bad = wanted.find(({ port }) => !Number.isInteger(port) || port < 0 || port > 65_535)
  if (bad !== undefined) {
    const message = `${bad.protocol.toUpperCase()} ${bad.servicePort} cannot be served on port ${bad.port}`
    return err({ code: 'bad-port', message })
  }
  if (wanted.length > 0 || remotes.length > 0) return ok(wanted)
  return err(
    services.length === 0
      ? { code: 'no-service', message: `${node} offers no service: there is nothing to serve` }
      : { code: 'not-open', message: `${node} serves none of these ports, but ${shown(services)}` },
  )
}

const shown = (
  services: readonly { readonly protocol: string; readonly servicePort: number }[],
): string =>
  services.map(({ protocol, servicePort }) => `${protocol.toUpperCase()} ${servicePort}`).join(', ')
