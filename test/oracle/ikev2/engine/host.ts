/**
 * A host for engines on this machine's own clock and sockets: UDP 500 and 4500 on each of its addresses. Not the simulator's, and for the
 * judges alone.
 */
import { createSocket, type Socket } from 'node:dgram'
import { formatIpv4, ipv4 } from '../../../../src/base/address.ts'
import type { Rng } from '../../../../src/base/rng.ts'
import type { Duration, Instant } from '../../../../src/base/time.ts'
import type { IkeEndpoints } from '../../../../src/engine/ikev2/options.ts'
import { wallClockNow } from '../../../../src/live/real-time.ts'
import { kindOfNatT } from '../../../../src/wire/esp.ts'
import {
  IKE_PORT,
  NAT_T_PORT,
  withMarker,
  withoutMarker,
} from '../../../../src/wire/ikev2/header.ts'

const MICROSECONDS = 1000

export interface PortsOwner {
  onIke(bytes: Uint8Array, endpoints: IkeEndpoints): void
  onEsp(packet: Uint8Array, endpoints: IkeEndpoints): void
}

export class EngineHost {
  readonly rng: Rng
  readonly #sockets = new Map<string, Socket>()
  readonly lines: string[] = []
  /** Of datagrams, each way. */
  latencyMs = 0

  constructor(rng: Rng) {
    this.rng = rng
  }

  get now(): Instant {
    return wallClockNow()
  }

  after(delay: Duration, run: () => void): { cancel(): void } {
    const timer = setTimeout(run, delay / MICROSECONDS)
    return { cancel: () => clearTimeout(timer) }
  }

  /** Nobody captures here. */
  addSecret(): void {}

  log(source: string, text: string): void {
    this.lines.push(`${source}: ${text}`)
  }

  /** Rejects where somebody has a port. */
  async open(addresses: readonly string[], owner: PortsOwner): Promise<void> {
    for (const address of addresses) {
      for (const port of [IKE_PORT, NAT_T_PORT]) await this.#bind(address, port, owner)
    }
  }

  async #bind(address: string, port: number, owner: PortsOwner): Promise<void> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(port, address, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    // A peer that is gone answers with ICMP: no affair of a session.
    socket.on('error', () => undefined)
    const local = { address: ipv4(address), port }
    socket.on('message', (message, from) => {
      const endpoints = { local, remote: { address: ipv4(from.address), port: from.port } }
      this.#later(() => take(new Uint8Array(message), endpoints, owner))
    })
    this.#sockets.set(`${address}:${port}`, socket)
  }

  send({ local, remote }: IkeEndpoints, bytes: Uint8Array, marker: boolean): void {
    const socket = this.#sockets.get(`${formatIpv4(local.address)}:${local.port}`)
    const datagram = marker ? withMarker(bytes) : bytes
    this.#later(() =>
      socket?.send(datagram, remote.port, formatIpv4(remote.address), () => undefined),
    )
  }

  #later(run: () => void): void {
    if (this.latencyMs === 0) run()
    else setTimeout(run, this.latencyMs)
  }

  async close(): Promise<void> {
    const sockets = [...this.#sockets.values()]
    this.#sockets.clear()
    await Promise.all(sockets.map((each) => new Promise<void>((gone) => each.close(() => gone()))))
  }
}

function take(bytes: Uint8Array, endpoints: IkeEndpoints, owner: PortsOwner): void {
  if (endpoints.local.port === IKE_PORT) return owner.onIke(bytes, endpoints)
  const kind = kindOfNatT(bytes)
  if (kind === 'ike') return owner.onIke(withoutMarker(bytes)!, endpoints)
  if (kind === 'esp') return owner.onEsp(bytes, endpoints)
}
