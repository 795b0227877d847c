/**
 * One real TCP port for one port of a simulated node: a connection of the machine's becomes a connection of the service's.
 * Not a service, and not the simulated TCP: segments, windows and retransmissions are the machine's here.
 */
import net from 'node:net'
import { parseIpv4 } from '../base/address.ts'
import { withoutBuffer } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { CloseReason, TcpConnection, TcpHandlers } from '../net/sockets.ts'
import { bindProblem, type LiveProblem } from './problem.ts'
import { facing, type Hall } from './udp-door.ts'

/** Connections at one port; the next is turned away. */
export const CONNECTIONS_MAX = 256
/** Bytes that may wait for a peer that reads nothing; then the connection is reset. */
export const WRITE_BYTES_MAX = 8 * 1024 * 1024
/** A connection on which nobody says anything for this long is reset. */
export const IDLE_MS_MAX = 120_000

/** A server that listens, or why it does not. */
export function bindTcp(address: string, port: number): Promise<Result<net.Server, LiveProblem>> {
  // Either side may close its half first, as in the simulated TCP.
  const server = net.createServer({ allowHalfOpen: true, noDelay: true })
  return new Promise((resolve) => {
    server.once('error', (error) => {
      resolve(err(bindProblem(error, { protocol: 'tcp', address, port })))
    })
    server.listen({ host: address, port, exclusive: true }, () => {
      server.removeAllListeners('error')
      // A connection that the machine could not accept is that peer's failure.
      server.on('error', () => {})
      resolve(ok(server))
    })
  })
}

export class TcpDoor {
  readonly servicePort: number
  readonly #hall: Hall
  readonly #server: net.Server
  readonly #open = new Set<net.Socket>()

  constructor(hall: Hall, servicePort: number, server: net.Server) {
    this.#hall = hall
    this.servicePort = servicePort
    this.#server = server
    server.on('connection', (socket) => this.#accept(socket))
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  close(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #accept(socket: net.Socket): void {
    const { clock, counts } = this.#hall
    const address = parseIpv4(socket.remoteAddress ?? '')
    socket.on('error', () => {})
    // Who is gone already has no address.
    if (address === undefined || this.#open.size >= CONNECTIONS_MAX) {
      counts.refused++
      socket.resetAndDestroy()
      return
    }
    this.#open.add(socket)
    socket.on('close', () => this.#open.delete(socket))
    // What it says waits in the machine until the service is there.
    socket.pause()
    clock.act(() => this.#serve(socket, { address, port: socket.remotePort ?? 0 }))
  }

  #serve(socket: net.Socket, real: TcpConnection['remote']): void {
    const { stack, counts, speaksAs } = this.#hall
    const address = speaksAs(real.address)
    const own = facing(stack, address)
    if (own === undefined || stack.isDown || socket.destroyed) {
      counts.refused++
      socket.destroy()
      return
    }
    const ends = {
      local: { address: own.address, port: this.servicePort },
      remote: { address, port: real.port },
    }
    const connection = connectionOver(socket, ends)
    const handlers = stack.tcp.accept(connection)
    if (handlers === undefined) {
      counts.refused++
      socket.resetAndDestroy()
      return
    }
    counts.connections++
    this.#carry(socket, handlers)
  }

  /** From the machine's events to the service's, each in its turn: a chunk is read when the one before has been dealt with. */
  #carry(socket: net.Socket, handlers: TcpHandlers): void {
    const { clock } = this.#hall
    let reason: CloseReason = 'closed'
    let isGone = false
    const readOn = (): void => {
      if (socket.writableNeedDrain) socket.once('drain', () => socket.resume())
      else socket.resume()
    }
    socket.on('data', (chunk) => {
      socket.pause()
      clock.act(() => {
        if (!isGone) handlers.onData?.(withoutBuffer(chunk))
        readOn()
      })
    })
    socket.on('end', () => clock.act(() => isGone || handlers.onEnd?.()))
    socket.on('error', () => {
      reason = 'reset'
    })
    socket.setTimeout(IDLE_MS_MAX, () => {
      reason = 'timed-out'
      socket.resetAndDestroy()
    })
    socket.on('close', () =>
      clock.act(() => {
        isGone = true
        handlers.onClosed?.(reason)
      }),
    )
    readOn()
  }
}

function connectionOver(
  socket: net.Socket,
  ends: Pick<TcpConnection, 'local' | 'remote'>,
): TcpConnection {
  return {
    ...ends,
    send(bytes) {
      if (!socket.writable) return
      // The service may use its buffer again.
      socket.write(Buffer.from(bytes))
      if (socket.writableLength > WRITE_BYTES_MAX) socket.resetAndDestroy()
    },
    close: () => void socket.end(),
    abort: () => void socket.resetAndDestroy(),
  }
}
