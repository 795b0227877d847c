/**
 * The way out: datagrams that a node sends to certain simulated addresses leave by real sockets, and the answers come back as from there.
 * Not NAT of everything: only what was named goes out, and only who was asked may answer.
 */
import type dgram from 'node:dgram'
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import { withoutBuffer } from '../base/bytes.ts'
import type { Endpoint } from '../net/sockets.ts'
import { bindUdp, facing, sendUdp, BACKLOG_MAX, type Hall } from './udp-door.ts'

/** Pairs of an end of the node's and a real server that have a socket; the oldest is closed for the next. */
export const FLOWS_MAX = 256
/** Datagrams of one flow that wait until the machine has bound its socket. */
const UNBOUND_MAX = 64

/** What is sent to `address` (and `port`, where it is given) goes to a real address instead. */
export interface Remote {
  readonly address: Ipv4
  readonly port?: number
  readonly real: Ipv4
  /** Default: the port that the node sent to. */
  readonly realPort?: number
}

/** What the node sends from `own` leaves from an address of this machine. */
export interface Source {
  readonly own: Ipv4
  readonly real: Ipv4
}

/** Where the node sends from; `source`: the address that the program chose, or else that IP would. */
interface OwnEnd {
  readonly port: number
  readonly source: Ipv4 | undefined
}

interface Flow {
  readonly from: OwnEnd
  readonly simulated: Endpoint
  readonly real: { readonly host: string; readonly port: number }
  socket: dgram.Socket | undefined
  waiting: Uint8Array[]
  isClosed: boolean
}

export class Outbound {
  readonly #hall: Hall
  readonly #remotes: readonly Remote[]
  readonly #sources: readonly Source[]
  readonly #flows = new Map<string, Flow>()
  readonly #closing = new Set<Promise<void>>()

  constructor(
    hall: Hall,
    ways: { readonly remotes: readonly Remote[]; readonly sources: readonly Source[] },
  ) {
    this.#hall = hall
    this.#remotes = ways.remotes
    this.#sources = ways.sources
  }

  /** What the node's socket at `from` says to `to`, if that is somebody real: its number in the trace. */
  send(from: OwnEnd, to: Endpoint, bytes: Uint8Array): number | undefined {
    const remote = this.#remoteAt(to)
    if (remote === undefined) return undefined
    const source = from.source ?? this.#hall.stack.sourceFor(to.address)
    const flow = this.#flow({ port: from.port, source }, to, remote)
    if (flow.socket !== undefined) sendUdp(flow.socket, flow.real, bytes, this.#hall.counts)
    else if (flow.waiting.length < UNBOUND_MAX) flow.waiting.push(bytes.slice())
    else this.#hall.counts.unsent++
    return this.#hall.stack.trace.nextPacket()
  }

  async close(): Promise<void> {
    for (const key of this.#flows.keys()) this.#close(key)
    await Promise.all(this.#closing)
  }

  /** One for the very port comes before one for all. */
  #remoteAt({ address, port }: Endpoint): Remote | undefined {
    const there = this.#remotes.filter((remote) => remote.address === address)
    return (
      there.find((remote) => remote.port === port) ??
      there.find((remote) => remote.port === undefined)
    )
  }

  #flow(from: OwnEnd, simulated: Endpoint, remote: Remote): Flow {
    const key = `${from.source}:${from.port} ${simulated.address}:${simulated.port}`
    const known = this.#flows.get(key)
    if (known !== undefined) return known
    const oldest = this.#flows.keys().next().value
    if (this.#flows.size >= FLOWS_MAX && oldest !== undefined) this.#close(oldest)
    const real = { host: formatIpv4(remote.real), port: remote.realPort ?? simulated.port }
    const flow: Flow = { from, simulated, real, socket: undefined, waiting: [], isClosed: false }
    this.#flows.set(key, flow)
    void this.#open(key, flow, this.#bindFor(from, remote))
    return flow
  }

  #bindFor({ source }: OwnEnd, { real }: Remote): string {
    const own = this.#sources.find((each) => each.own === source)
    if (own !== undefined) return formatIpv4(own.real)
    return isLoopback(real) ? '127.0.0.1' : '0.0.0.0'
  }

  async #open(key: string, flow: Flow, from: string): Promise<void> {
    const bound = await bindUdp(from, 0)
    const { counts } = this.#hall
    if (!bound.ok) {
      counts.unsent += flow.waiting.length
      // The next datagram tries again.
      this.#flows.delete(key)
      return
    }
    if (flow.isClosed) {
      bound.value.close()
      return
    }
    flow.socket = bound.value
    flow.socket.on('message', (bytes, { address, port }) => {
      // Only who was asked may answer.
      if (address !== flow.real.host || port !== flow.real.port) counts.dropped++
      else this.#receive(flow, withoutBuffer(bytes))
    })
    for (const bytes of flow.waiting) sendUdp(flow.socket, flow.real, bytes, counts)
    flow.waiting = []
  }

  #receive(flow: Flow, bytes: Uint8Array): void {
    const { clock, counts, stack } = this.#hall
    if (clock.backlog >= BACKLOG_MAX) {
      counts.dropped++
      return
    }
    clock.act(() => {
      const { from } = flow
      const own = facing(stack, flow.simulated.address)
      // An address that the node has no longer is nobody's.
      const isGone = from.source !== undefined && !stack.hasAddress(from.source)
      if (own === undefined || isGone || stack.isDown) {
        counts.dropped++
        return
      }
      const to = { address: from.source ?? own.address, port: from.port }
      const packet = stack.trace.nextPacket()
      const datagram = { bytes, from: flow.simulated, to, nic: own.nic, packet }
      const drop = stack.udp.deliver(datagram)
      if (drop === undefined) counts.datagrams++
      else {
        counts.dropped++
        stack.trace.add({ kind: 'dropped', node: stack.name, packet, nic: own.nic, ...drop })
      }
    })
  }

  #close(key: string): void {
    const flow = this.#flows.get(key)
    if (flow === undefined) return
    this.#flows.delete(key)
    flow.isClosed = true
    const { socket } = flow
    if (socket === undefined) return
    const closed = new Promise<void>((resolve) => {
      socket.close(() => resolve())
    })
    this.#closing.add(closed)
    void closed.then(() => this.#closing.delete(closed))
  }
}

/** 127.0.0.0/8 (RFC 1122 §3.2.1.3). */
export const isLoopback = (address: Ipv4): boolean => address >>> 24 === 127
