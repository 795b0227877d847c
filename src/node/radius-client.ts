/**
 * A RADIUS client on a host: the engine's sockets and timers, and whom a question was for. A gateway asks with it, and an NPS that forwards.
 * Not the engine, and not what is asked. RFC 2865, RFC 5080.
 */
import type { Ipv4 } from '../base/address.ts'
import type { Instant } from '../base/time.ts'
import { radiusClient, type RadiusClientState } from '../engine/radius/client.ts'
import type {
  RadiusClientInput,
  RadiusClientReport,
  RadiusClientRequest,
  RadiusDestination,
  RadiusServerOptions,
} from '../engine/radius/client-report.ts'
import type { Datagram, Endpoint, Host, UdpSocket } from '../net/sockets.ts'
import type { WireError } from '../wire/codec.ts'
import { RadiusCode } from '../wire/radius/packet.ts'
import { EngineRunner } from './engine-runner.ts'

/** A server, and where it is. */
export interface RadiusServer extends RadiusServerOptions {
  /** Asked anew for each packet; undefined: its name leads nowhere, and what is sent to it is lost. */
  readonly address: () => Ipv4 | undefined
  readonly port: number
  readonly accountingPort: number
}

/** How a question ended. */
export type RadiusOutcome = Extract<
  RadiusClientReport,
  { readonly kind: 'radius/answered' | 'radius/no-answer' | 'radius/unsendable' }
>

/** What a server has been asked so far. */
export interface RadiusLoad {
  readonly server: string
  /** Requests without an answer yet: each has an identifier, of 256 a source port (RFC 2865 §3). */
  readonly underWay: number
  readonly answered: number
  /** Datagrams that were sent again. */
  readonly repeated: number
  /** Requests that went to another server, or nowhere, since this one was silent. */
  readonly givenUp: number
  /** When a request that had been repeated first came to an end. */
  readonly firstRepeat: Instant | undefined
}

export interface RadiusClientOwner {
  /** For the event log and the rng: `RemoteAccess`. */
  readonly source: string
  /** Everything that is not the end of a question: a server that is silent, an answer that was discarded. */
  note(report: Exclude<RadiusClientReport, RadiusOutcome>): void
}

type Question = Omit<RadiusClientRequest, 'id'>

/** One client over one group of servers. Sockets are opened when they are first needed. */
export class RadiusClient {
  readonly #host: Host
  readonly #owner: RadiusClientOwner
  readonly #servers: ReadonlyMap<string, RadiusServer>
  readonly #runner: EngineRunner<unknown, RadiusClientInput, RadiusClientReport, RadiusDestination>
  readonly #sockets = new Map<string, UdpSocket>()
  readonly #asked = new Map<string, { code: number; done: (outcome: RadiusOutcome) => void }>()
  /** Servers to which the last datagram could not be sent: no address, or no route. */
  readonly #unsent = new Set<string>()
  readonly #loads = new Map<string, { -readonly [K in keyof RadiusLoad]: RadiusLoad[K] }>()
  #state: RadiusClientState | undefined
  #count = 0
  #sent = 0

  constructor(host: Host, servers: readonly RadiusServer[], owner: RadiusClientOwner) {
    this.#host = host
    this.#owner = owner
    this.#servers = new Map(servers.map((server) => [server.key, server]))
    this.#runner = new EngineRunner(
      host,
      this.#seen(radiusClient({ servers })),
      {
        source: owner.source,
        send: (to, bytes) => this.#send(to, bytes),
        report: (report) => this.#report(report),
      },
      'radius-client',
    )
    this.#runner.start()
  }

  /** The engine, whose state is looked at: how many requests are under way to whom. */
  #seen(engine: ReturnType<typeof radiusClient>): ReturnType<typeof radiusClient> {
    return {
      ...engine,
      start: (env) => {
        const started = engine.start(env)
        this.#state = started.state
        return started
      },
    }
  }

  /** Of each server, in their order. */
  get loads(): readonly RadiusLoad[] {
    const underWay = new Map<string, number>()
    for (const { server } of this.#state?.flights.values() ?? []) {
      underWay.set(server.key, (underWay.get(server.key) ?? 0) + 1)
    }
    return [...this.#servers.keys()].map((server) => ({
      ...this.#loadOf(server),
      underWay: underWay.get(server) ?? 0,
    }))
  }

  #loadOf(server: string): { -readonly [K in keyof RadiusLoad]: RadiusLoad[K] } {
    const known = this.#loads.get(server)
    if (known !== undefined) return known
    const load = {
      server,
      underWay: 0,
      answered: 0,
      repeated: 0,
      givenUp: 0,
      firstRepeat: undefined,
    }
    this.#loads.set(server, load)
    return load
  }

  #tried(server: string, tries: number, isAnswered: boolean): void {
    const load = this.#loadOf(server)
    load.repeated += tries - 1
    if (isAnswered) load.answered += 1
    else load.givenUp += 1
    if (tries > 1) load.firstRepeat ??= this.#host.now
  }

  /** Datagrams that were sent so far, repeated ones included. */
  get sent(): number {
    return this.#sent
  }

  /** Whether the last datagram to this server left the host. */
  isSendable(server: string): boolean {
    return !this.#unsent.has(server)
  }

  /** `done` is called once, with how it ended. */
  ask(question: Question, done: (outcome: RadiusOutcome) => void): void {
    this.#count += 1
    const id = `${this.#count}`
    this.#asked.set(id, { code: question.code, done })
    this.#runner.input({ kind: 'request', request: { ...question, id } })
  }

  /** Questions that wait are never answered. */
  close(): void {
    this.#runner.stop()
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
    this.#asked.clear()
  }

  #send({ server, socket }: RadiusDestination, bytes: Uint8Array): void {
    const to = this.#servers.get(server)!
    const address = to.address()
    // Until the stack says otherwise.
    if (address === undefined) this.#unsent.add(server)
    else this.#unsent.delete(server)
    if (address === undefined) return
    const isAccounting = bytes[0] === RadiusCode.accountingRequest
    const port = isAccounting ? to.accountingPort : to.port
    this.#sent += 1
    // Large EAP messages are sent in fragments, as Windows sends them: the don't-fragment bit would lose them at the first tunnel.
    this.#socketTo({ server, socket }, { address, port })?.send({ address, port }, bytes, {
      dontFragment: false,
    })
  }

  #socketTo(destination: RadiusDestination, to: Endpoint): UdpSocket | undefined {
    const key = `${destination.server} ${destination.socket} ${to.port}`
    const open = this.#sockets.get(key)
    if (open !== undefined) return open
    const onDatagram = (datagram: Datagram): WireError | undefined =>
      this.#onDatagram(destination, to.port, datagram)
    const opened = this.#host.udp.open({
      onDatagram,
      onError: ({ code }) => {
        if (code === 'no-route') this.#unsent.add(destination.server)
      },
    })
    if (!opened.ok) return undefined
    this.#sockets.set(key, opened.value)
    return opened.value
  }

  /** What does not come from the server itself is nobody's answer. */
  #onDatagram(
    from: RadiusDestination,
    port: number,
    { bytes, from: sender }: Datagram,
  ): WireError | undefined {
    const server = this.#servers.get(from.server)!
    if (sender.port !== port || sender.address !== server.address()) return undefined
    let malformed: WireError | undefined
    this.#onMalformed = (error) => (malformed = error)
    this.#runner.input({ kind: 'datagram', from, bytes })
    this.#onMalformed = undefined
    return malformed
  }

  #onMalformed: ((error: WireError) => void) | undefined

  #report(report: RadiusClientReport): void {
    if (report.kind === 'radius/answered' || report.kind === 'radius/server-silent') {
      this.#tried(report.server, report.tries, report.kind === 'radius/answered')
    }
    switch (report.kind) {
      case 'radius/answered':
      case 'radius/no-answer':
      case 'radius/unsendable': {
        const asked = this.#asked.get(report.request)
        this.#asked.delete(report.request)
        asked?.done(report)
        return
      }
      case 'radius/malformed':
        this.#onMalformed?.(report.error)
        break
      default:
    }
    this.#owner.note(report)
  }
}
