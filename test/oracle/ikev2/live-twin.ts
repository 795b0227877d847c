/**
 * The twin as a whole lab: `live` serves the gateway on real sockets, with its NPS, its directory and the intranet simulated behind it. It tells what
 * RRAS tells: its events. What went over the wire is charon's to say.
 */
import { startLive, type LiveSession, type LogEntry } from '../../../src/live/live.ts'
import type { Compiled } from '../../../src/lab/compile.ts'
import type { LabNode } from '../../../src/lab/lab.ts'
import type { ConnectReport } from '../../../src/lab/reports.ts'
import type { TunnelKind } from '../../../src/lab/vpn-profile.ts'
import { withNode } from '../../../src/topology/edit.ts'
import type { Client, IkeCase } from './case.ts'
import { profileOf } from './profile.ts'
import type { Sight } from './sight.ts'
import { GATEWAY_AT } from './topology.ts'
import type { Twin, TwinSession } from './twin.ts'

/** RemoteAccess: a client has been given its address. */
const ADDRESS_GIVEN = 20_274
const DISCONNECTED = 20_275
const HTTP_OK = 200

export const liveGateway: Twin = {
  inside: 'hosts',
  isLed: false,
  async start(_: IkeCase, { topology }: Compiled): Promise<TwinSession> {
    const gateway = new LiveGateway()
    const started = await startLive(topology, {
      node: 'gateway',
      bind: GATEWAY_AT,
      exposes: true,
      onLog: (entry) => gateway.hear(entry),
    })
    if (!started.ok) throw new Error(`the twin does not start: ${JSON.stringify(started.error)}`)
    gateway.session = started.value
    return gateway
  },
}

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
    return { address: this.#address }
  }

  refusals(): undefined {
    return undefined
  }

  rekey(): void {
    throw new Error('RRAS renews by its own clock')
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

  close(): void {
    throw new Error('nobody disconnects the client')
  }

  async stop(): Promise<void> {
    await this.session?.stop()
  }
}

/** The lab's own Windows client dials a real gateway. */
export const liveClient: Twin = {
  inside: 'hosts',
  isLed: false,
  async start({ client }: IkeCase, { topology }: Compiled): Promise<TwinSession> {
    const kind = client.manner === 'certificate' ? 'device' : 'user'
    const { node } = client
    const installed = withNode(node, 'has a profile', (spec) =>
      spec.kind === 'host' ? { ...spec, profiles: { [kind]: profileOf(client) } } : spec,
    )
    const started = await startLive(installed.apply(topology), {
      node,
      exposes: true,
      realPort: () => undefined,
      remotes: [{ to: GATEWAY_AT, address: GATEWAY_AT }],
    })
    if (!started.ok) throw new Error(`the twin does not start: ${JSON.stringify(started.error)}`)
    return new LiveClient(started.value, client, kind)
  },
}

class LiveClient implements TwinSession {
  readonly trace: string[] = []
  readonly #session: LiveSession
  readonly #client: Client
  readonly #dialled: Promise<ConnectReport>

  constructor(session: LiveSession, client: Client, tunnel: TunnelKind) {
    const { user, password, certificate, manner } = client
    this.#session = session
    this.#client = client
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
    throw new Error('Windows renews by its own clock')
  }

  slow(): void {
    throw new Error('the way to a real gateway has no latency of its own')
  }

  move(): void {
    throw new Error('the laptop has one network here')
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

  close(): void {
    void this.#node.disconnect()
  }

  async stop(): Promise<void> {
    await this.#session.stop()
  }
}
