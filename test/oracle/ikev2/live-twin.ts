/**
 * The twin as a whole lab: `live` serves the gateway on real sockets, with its NPS, its directory and the intranet simulated behind it. It tells what
 * RRAS tells: its events. What went over the wire is charon's to say.
 */
import { startLive, type LiveSession, type LogEntry } from '../../../src/live/live.ts'
import type { Compiled } from '../../../src/lab/compile.ts'
import type { LabNode } from '../../../src/lab/lab.ts'
import type { ConnectReport } from '../../../src/lab/reports.ts'
import type { TunnelKind } from '../../../src/lab/vpn-profile.ts'
import type { Rng } from '../../../src/base/rng.ts'
import { withInterface, withNode } from '../../../src/topology/edit.ts'
import { withRemoteAccess } from '../../../src/topology/edit-gateway.ts'
import type { Client, IkeCase } from './case.ts'
import { profileOf } from './profile.ts'
import type { Sight } from './sight.ts'
import { CLIENT_AT, CLIENT_MOVES_TO, GATEWAY_AT, INSIDE_DNS } from './topology.ts'
import type { Twin, TwinSession, Visit } from './twin.ts'

/** RemoteAccess: a client has been given its address. */
const ADDRESS_GIVEN = 20_274
const DISCONNECTED = 20_275
const HTTP_OK = 200

export const liveGateway = (rng: Rng): Twin => ({
  inside: 'hosts',
  renews: 'by traffic',
  async start({ name }: IkeCase, { topology }: Compiled): Promise<TwinSession> {
    const gateway = new LiveGateway()
    const started = await startLive(topology, {
      node: 'gateway',
      seed: seedFor(rng, name),
      bind: GATEWAY_AT,
      exposes: true,
      onLog: (entry) => gateway.hear(entry),
    })
    if (!started.ok) throw new Error(`the twin does not start: ${JSON.stringify(started.error)}`)
    gateway.session = started.value
    return gateway
  },
})

const seedFor = (rng: Rng, name: string): number => rng.fork(name).below(2 ** 31)

class LiveGateway implements TwinSession {
  session: LiveSession | undefined
  readonly trace: string[] = []
  #address: string | undefined
  readonly #waiting: (() => void)[] = []

  hear({ eventId, text, fields = [] }: LogEntry): void {
    this.trace.push(`${eventId ?? ''} ${text}`)
    if (eventId === DISCONNECTED) this.#address = undefined
    if (eventId !== ADDRESS_GIVEN) return
    this.#address = /\d+\.\d+\.\d+\.\d+/.exec(
      `${text} ${fields.map(({ value }) => value).join(' ')}`,
    )?.[0]
    for (const waiting of this.#waiting.splice(0)) waiting()
  }

  settled(ms: number): Promise<boolean> {
    if (this.#address !== undefined) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  get stands(): boolean {
    return this.#address !== undefined
  }

  sight(): Partial<Sight> {
    return { address: this.#address, ...(this.stands && { dns: [INSIDE_DNS] }) }
  }

  refusals(): undefined {
    return undefined
  }

  rekey(): void {
    throw new Error('RRAS renews by what went through, or by its own clock')
  }

  slow(): void {
    throw new Error('the way to a gateway that is live has no latency of its own')
  }

  move(): void {
    throw new Error('a responder does not move (RFC 4555 §3.5)')
  }

  ping(): Promise<number> {
    return Promise.resolve(0)
  }

  visit(): undefined {
    return undefined
  }

  /** Routing and Remote Access stops: whoever is in is told, and nobody is in a service that does not run. */
  close(): void {
    this.session?.lab.apply(withRemoteAccess('gateway', 'stopped'))
    this.#address = undefined
  }

  async stop(): Promise<void> {
    await this.session?.stop()
  }
}

/** The lab's own Windows client dials a real gateway. */
export const liveClient = (rng: Rng): Twin => ({
  inside: 'hosts',
  renews: 'when told',
  async start({ client, name }: IkeCase, { topology }: Compiled): Promise<TwinSession> {
    const kind = client.manner === 'certificate' ? 'device' : 'user'
    const { node } = client
    const installed = withNode(node, 'has a profile', (spec) =>
      spec.kind === 'host' ? { ...spec, profiles: { [kind]: profileOf(client) } } : spec,
    )
    const started = await startLive(installed.apply(topology), {
      node,
      seed: seedFor(rng, name),
      exposes: true,
      realPort: () => undefined,
      remotes: [{ to: GATEWAY_AT, address: GATEWAY_AT }],
      sources: [CLIENT_AT, CLIENT_MOVES_TO].map((own) => ({ own, address: own })),
    })
    if (!started.ok) throw new Error(`the twin does not start: ${JSON.stringify(started.error)}`)
    return new LiveClient(started.value, client, kind)
  },
})

class LiveClient implements TwinSession {
  readonly trace: string[] = []
  readonly #session: LiveSession
  readonly #client: Client
  readonly #kind: TunnelKind
  readonly #dialled: Promise<ConnectReport>

  constructor(session: LiveSession, client: Client, tunnel: TunnelKind) {
    const { user, password, certificate, manner } = client
    this.#session = session
    this.#client = client
    this.#kind = tunnel
    this.#dialled = this.#node.connect({
      tunnel,
      trigger: 'manual',
      ...(user !== undefined && { user }),
      ...(password !== undefined && { password }),
      ...(manner !== 'eap-mschapv2' && certificate !== undefined && { certificate }),
    })
  }

  get #node(): LabNode {
    return this.#session.lab.nodes[this.#client.node]!
  }

  async settled(ms: number): Promise<boolean> {
    const patience = new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), ms).unref()
    })
    const report = await Promise.race([this.#dialled, patience])
    this.trace.push(JSON.stringify(report, undefined, 1))
    return this.stands
  }

  get stands(): boolean {
    return this.#node.tunnels().length > 0
  }

  sight(): Partial<Sight> {
    const [tunnel] = this.#node.tunnels()
    return { address: tunnel?.address }
  }

  refusals(): undefined {
    return undefined
  }

  rekey(): void {
    throw new Error('a Windows client has no setting for when it renews its keys')
  }

  slow(): void {
    throw new Error('the way to a real gateway has no latency of its own')
  }

  /** Its address on the network where it is becomes another, as when DHCP gives it one. */
  move(address: string): void {
    this.#session.lab.apply(withInterface(this.#client.node, 'outside', { address }))
  }

  /** Pages, in place of pings: a lab that is live keeps no packets by which a probe could tell its answer. */
  async ping(to: string, count: number): Promise<number> {
    let replies = 0
    for (let sent = 0; sent < count; sent++) {
      const report = await this.#node.get(`http://${to}/`)
      // One that fails has been waited for long enough.
      if (report.status !== HTTP_OK) {
        this.trace.push(JSON.stringify(report))
        return replies
      }
      replies++
    }
    return replies
  }

  async visit(name: string): Promise<Visit> {
    const { servers, answers } = await this.#node.resolve(name)
    const report = await this.#node.get(`http://${name}/`)
    this.trace.push(JSON.stringify(report))
    return { servers, address: answers[0]?.data, page: report.body }
  }

  close(): void {
    void this.#node.disconnect(this.#kind)
  }

  async stop(): Promise<void> {
    await this.#session.stop()
  }
}
