/**
 * A DNS server on UDP and TCP port 53: answers from its zones, and recursively for the rest where it may.
 * Not the answers: `engine/dns/query-handler.ts` and `engine/dns/resolver.ts` have them. Dynamic update (RFC 2136) is refused.
 */
import { formatIpv4, parseIpv4 } from '../base/address.ts'
import { seconds } from '../base/time.ts'
import {
  handleQuery,
  respondRecursively,
  serverZones,
  type Arrival,
  type Handling,
  type ServerZones,
} from '../engine/dns/query-handler.ts'
import {
  resolverEngine,
  TRY_TIMEOUT,
  type ResolverConfig,
  type ResolverInput,
  type ResolverReport,
  type ResolverState,
  type ResolverTarget,
} from '../engine/dns/resolver.ts'
import type { Zone } from '../engine/dns/zone.ts'
import type { Host, TcpConnection, TcpHandlers } from '../net/sockets.ts'
import type { DnsServerSpec } from '../topology/services.ts'
import { decodeMessage, frameMessage, MessageStream } from '../wire/dns/message.ts'
import { parseName, showName } from '../wire/dns/name.ts'
import { rcodeName, typeName } from '../wire/dns/registry.ts'
import { EngineRunner } from './engine-runner.ts'

export const DNS_PORT = 53
/** A TCP client that says nothing for this long is let go (RFC 7766 §6.2.3 leaves the time to the server). */
export const TCP_IDLE_TIMEOUT = seconds(30)

/** One query that was dealt with: for the trace. */
export interface DnsServed {
  readonly client: string
  readonly name: string
  readonly type: string
  readonly rcode: string
  /** The query resolution policy that decided, where one did. */
  readonly policy?: string
}

type Respond = (bytes: Uint8Array) => void
type Recursion = Extract<Handling, { kind: 'recurse' }>

/**
 * Serve until the returned function is called. `zones` is read at each query, so that an edit counts at once; what the
 * recursive resolver has cached stays, as it would. A port that is taken is said in the host's log.
 */
export function startDnsServer(
  host: Host,
  spec: DnsServerSpec,
  zones: () => ReadonlyMap<string, Zone>,
  served: (event: DnsServed) => void = () => {},
): () => void {
  const server = new DnsServer(host, spec, zones, served)
  return () => server.stop()
}

class DnsServer {
  readonly #host: Host
  readonly #spec: DnsServerSpec
  readonly #zones: () => ReadonlyMap<string, Zone>
  readonly #served: (event: DnsServed) => void
  readonly #recursive: RecursiveResolver
  readonly #closers: (() => void)[] = []
  #known: { readonly from: ReadonlyMap<string, Zone>; readonly zones: ServerZones } | undefined

  constructor(
    host: Host,
    spec: DnsServerSpec,
    zones: () => ReadonlyMap<string, Zone>,
    served: (event: DnsServed) => void,
  ) {
    this.#host = host
    this.#spec = spec
    this.#zones = zones
    this.#served = served
    this.#recursive = new RecursiveResolver(host, spec)
    this.#listen()
  }

  stop(): void {
    for (const close of this.#closers) close()
    this.#recursive.stop()
  }

  #listen(): void {
    const udp = this.#host.udp.open(
      {
        onDatagram: ({ bytes, from, to }) => {
          const arrival: Arrival = { transport: 'udp', client: from.address, server: to.address }
          const isTaken = this.#handle(bytes, arrival, (response) => {
            // The answer comes from the address that was asked, whichever interface it leaves by.
            if (udp.ok) udp.value.send(from, response, { source: to.address })
          })
          const decoded = isTaken ? undefined : decodeMessage(bytes)
          return decoded?.ok === false ? decoded.error : undefined
        },
      },
      { port: DNS_PORT },
    )
    const tcp = this.#host.tcp.listen({ port: DNS_PORT }, (connection) =>
      this.#converse(connection),
    )
    if (udp.ok) this.#closers.push(() => udp.value.close())
    if (tcp.ok) this.#closers.push(() => tcp.value.close())
    if (!udp.ok || !tcp.ok) this.#host.log('DNS', `port ${DNS_PORT} is in use`)
  }

  #converse(connection: TcpConnection): TcpHandlers {
    const { local, remote } = connection
    const arrival: Arrival = { transport: 'tcp', client: remote.address, server: local.address }
    const stream = new MessageStream()
    let gone = false
    let idle = this.#host.after(TCP_IDLE_TIMEOUT, () => connection.close())
    return {
      onData: (bytes) => {
        idle.cancel()
        idle = this.#host.after(TCP_IDLE_TIMEOUT, () => connection.close())
        for (const message of stream.push(bytes)) {
          this.#handle(message, arrival, (response) => {
            if (!gone) connection.send(frameMessage(response))
          })
        }
      },
      onEnd: () => connection.close(),
      onClosed: () => {
        gone = true
        idle.cancel()
      },
    }
  }

  /** False: nothing will be answered. */
  #handle(bytes: Uint8Array, arrival: Arrival, respond: Respond): boolean {
    const handling = handleQuery(this.#spec, this.#current(), bytes, arrival)
    if (handling.kind === 'drop') return false
    if (handling.kind === 'respond') {
      this.#finish(handling, arrival, respond)
      return true
    }
    this.#recursive.resolve(handling, ({ rcode, answer, authority }) => {
      const found = { rcode, answer, authority }
      this.#finish(respondRecursively(handling, found, arrival), arrival, respond)
    })
    return true
  }

  #finish(
    handling: Extract<Handling, { kind: 'respond' }>,
    arrival: Arrival,
    respond: Respond,
  ): void {
    const { question, rcode, policy } = handling
    this.#served({
      client: formatIpv4(arrival.client),
      name: question === undefined ? '?' : showName(question.name),
      type: question === undefined ? '?' : typeName(question.type),
      rcode: rcodeName(rcode),
      ...(policy === undefined ? {} : { policy }),
    })
    respond(handling.bytes)
  }

  #current(): ServerZones {
    const from = this.#zones()
    if (this.#known?.from !== from) this.#known = { from, zones: serverZones(this.#spec, from) }
    return this.#known.zones
  }
}

/** The resolver engine with its sockets: one for each exchange, so that each has a port of its own (RFC 5452). */
class RecursiveResolver {
  readonly #host: Host
  readonly #runner: EngineRunner<ResolverState, ResolverInput, ResolverReport, ResolverTarget>
  readonly #waiting = new Map<number, (report: ResolverReport) => void>()
  #last = 0

  constructor(host: Host, spec: DnsServerSpec) {
    this.#host = host
    const owner = {
      source: 'DNS',
      send: (to: ResolverTarget, bytes: Uint8Array) => this.#send(to, bytes),
      report: (report: ResolverReport) => {
        this.#waiting.get(report.id)?.(report)
        this.#waiting.delete(report.id)
      },
    }
    this.#runner = new EngineRunner(host, resolverEngine(configOf(spec)), owner, 'resolver')
    this.#runner.start()
  }

  resolve({ question, own }: Recursion, done: (report: ResolverReport) => void): void {
    const id = ++this.#last
    this.#waiting.set(id, done)
    this.#runner.input({
      kind: 'resolve',
      id,
      question: { ...question, name: own.leadsTo ?? question.name },
      referral: [...own.authority, ...own.additional],
    })
  }

  stop(): void {
    this.#runner.stop()
    this.#waiting.clear()
  }

  #send(to: ResolverTarget, bytes: Uint8Array): void {
    if (to.transport === 'udp') this.#sendDatagram(to, bytes)
    else this.#sendByStream(to, bytes)
  }

  #sendDatagram({ exchange, server }: ResolverTarget, bytes: Uint8Array): void {
    const opened = this.#host.udp.open({
      onDatagram: ({ bytes: answer, from }) => {
        const decoded = decodeMessage(answer)
        if (!decoded.ok) return decoded.error
        const isServer = from.address === server && from.port === DNS_PORT
        if (isServer) this.#runner.input({ kind: 'message', exchange, bytes: answer })
        return undefined
      },
      onError: () => this.#runner.input({ kind: 'failed', exchange }),
    })
    if (!opened.ok) return
    opened.value.send({ address: server, port: DNS_PORT }, bytes)
    this.#host.after(TRY_TIMEOUT, () => opened.value.close())
  }

  #sendByStream({ exchange, server }: ResolverTarget, bytes: Uint8Array): void {
    const stream = new MessageStream()
    const connection = this.#host.tcp.connect(
      { address: server, port: DNS_PORT },
      {
        onConnected: () => connection.send(frameMessage(bytes)),
        onData: (chunk) => {
          for (const answer of stream.push(chunk)) {
            this.#runner.input({ kind: 'message', exchange, bytes: answer })
            connection.close()
          }
        },
        onEnd: () => connection.close(),
        onClosed: () => this.#runner.input({ kind: 'failed', exchange }),
      },
    )
  }
}

/** Addresses and names that cannot be read are passed over: the topology's validation speaks of them. */
function configOf(spec: DnsServerSpec): ResolverConfig {
  const addresses = (texts: readonly string[] = []) =>
    texts.flatMap((text) => parseIpv4(text) ?? [])
  return {
    rootHints: addresses(spec.rootHints),
    forwarders: addresses(spec.forwarders),
    conditionalForwarders: Object.entries(spec.conditionalForwarders ?? {}).flatMap(
      ([zone, servers]) => {
        const name = parseName(zone)
        return name.ok ? [{ zone: name.value, servers: addresses(servers) }] : []
      },
    ),
  }
}
