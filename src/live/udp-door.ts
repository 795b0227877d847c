/**
 * One real UDP socket for one port of a simulated node: datagrams come in as if from the simulated network, and answers leave by it.
 * Not a service. Nothing that arrives can stop it, or make it keep more than a fixed number of datagrams and peers.
 */
import dgram from 'node:dgram'
import { parseIpv4, type Ipv4 } from '../base/address.ts'
import { withoutBuffer } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { Endpoint } from '../net/sockets.ts'
import type { Stack } from '../net/stack.ts'
import type { LiveCounts } from './counts.ts'
import { Peers, type Peer } from './peers.ts'
import { bindProblem, type LiveProblem } from './problem.ts'
import type { RealTime } from './real-time.ts'

/** Datagrams that may wait while an engine holds the clock; further ones are lost, as in any full buffer. */
export const BACKLOG_MAX = 4096
/** Bytes that may wait for the machine to send them at one socket. */
const SEND_QUEUE_BYTES_MAX = 4 * 1024 * 1024
/** Asked of the machine, which may give less: what arrives while a signature is computed should not be lost. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** What every door of a portal shares. */
export interface Hall {
  readonly stack: Stack
  readonly clock: RealTime
  readonly counts: LiveCounts
  readonly speaksAs: (real: Ipv4) => Ipv4
}

type Lookup = NonNullable<dgram.SocketOptions['lookup']>

/** Every address here is one already. */
const asIs: Lookup = (host, _options, done) => done(null, host, 4)

/** A socket that is bound, or why it is not. */
export function bindUdp(address: string, port: number): Promise<Result<dgram.Socket, LiveProblem>> {
  const socket = dgram.createSocket({ type: 'udp4', lookup: asIs })
  return new Promise((resolve) => {
    socket.once('error', (error) => {
      socket.close()
      resolve(err(bindProblem(error, { protocol: 'udp', address, port })))
    })
    // Exclusive: a worker of a cluster must not share it.
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      // Nothing that a peer does ends a socket without a connection; what the machine does shows in the counts.
      socket.on('error', () => {})
      trySetReceiveBuffer(socket)
      resolve(ok(socket))
    })
  })
}

function trySetReceiveBuffer(socket: dgram.Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  } catch {
    // The machine's own default serves, too.
  }
}

/** Send a copy, unless too much waits already. */
export function sendUdp(
  socket: dgram.Socket,
  to: { readonly host: string; readonly port: number },
  bytes: Uint8Array,
  counts: LiveCounts,
): void {
  if (socket.getSendQueueSize() > SEND_QUEUE_BYTES_MAX) {
    counts.unsent++
    return
  }
  // The sender may use its buffer again, and the machine may take it later.
  socket.send(Buffer.from(bytes), to.port, to.host, (error) => {
    if (error === null) counts.answers++
    else counts.unsent++
  })
}

export class UdpDoor {
  readonly servicePort: number
  readonly peers: Peers
  readonly #hall: Hall
  readonly #socket: dgram.Socket

  constructor(hall: Hall, servicePort: number, socket: dgram.Socket) {
    this.#hall = hall
    this.servicePort = servicePort
    this.#socket = socket
    this.peers = new Peers(hall.speaksAs)
    socket.on('message', (bytes, { address, port }) => this.#receive(bytes, address, port))
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** What the service says to `to`, if that is somebody who spoke here: its number in the trace. */
  send(to: Endpoint, bytes: Uint8Array): number | undefined {
    const peer = this.peers.at(to)
    if (peer === undefined) return undefined
    sendUdp(this.#socket, { host: peer.host, port: peer.real.port }, bytes, this.#hall.counts)
    return this.#hall.stack.trace.nextPacket()
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(() => resolve())
    })
  }

  #receive(bytes: Uint8Array, host: string, port: number): void {
    const { clock, counts } = this.#hall
    const address = parseIpv4(host)
    // Port 0 stands in datagrams that want no answer (RFC 768); no socket can send to it.
    if (address === undefined || port === 0 || clock.backlog >= BACKLOG_MAX) {
      counts.dropped++
      return
    }
    const peer = this.peers.heard({ address, port })
    clock.act(() => this.#deliver(withoutBuffer(bytes), peer))
  }

  #deliver(bytes: Uint8Array, { simulated }: Peer): void {
    const { stack, counts } = this.#hall
    const own = facing(stack, simulated.address)
    if (own === undefined || stack.isDown) {
      counts.dropped++
      return
    }
    const packet = stack.trace.nextPacket()
    const to = { address: own.address, port: this.servicePort }
    const drop = stack.udp.deliver({ bytes, from: simulated, to, nic: own.nic, packet })
    if (drop === undefined || drop.reason === 'malformed') counts.datagrams++
    else counts.dropped++
    if (drop === undefined) return
    if (drop.reason === 'malformed') counts.malformed++
    stack.trace.add({ kind: 'dropped', node: stack.name, packet, nic: own.nic, ...drop })
  }
}

/** The node's own address towards `peer`, or the first it has. */
export function facing(
  stack: Stack,
  peer: Ipv4,
): { readonly address: Ipv4; readonly nic: string } | undefined {
  const address = stack.sourceFor(peer)
  const has = stack.nics.filter((nic) => nic.address !== undefined)
  const nic = has.find((each) => each.address === address) ?? has[0]
  return nic?.address === undefined ? undefined : { address: nic.address, nic: nic.name }
}
