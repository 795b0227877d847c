/**
 * The inside of a gateway, which all its clients share: the pool of addresses, and the interface Internal that leads to whoever has one.
 * Not how packets reach a client.
 */
import { u32 } from '../../base/bytes.ts'
import type { Ipv4, Prefix } from '../../base/address.ts'
import type { Host, Tunnel, TunnelRefusal } from '../../net/sockets.ts'
import { AddressPool } from './address-pool.ts'
import type { RasClient } from './client.ts'

/** OWN: RRAS' own interface stands behind the physical ones. */
const INTERNAL_METRIC = 75
const INTERNAL_INTERFACE = 'Internal'

export interface InsideSettings {
  /** Undefined: nothing to give away. */
  readonly pool: Prefix<Ipv4> | undefined
  /** Where RRAS answers ARP for its clients. */
  readonly proxyArpOn: string | undefined
  /** Largest inner packet, in bytes. */
  readonly tunnelMtu: number
}

export class Inside {
  readonly #host: Host
  readonly #settings: InsideSettings
  readonly #pool: AddressPool | undefined
  readonly #byAddress = new Map<Ipv4, RasClient>()
  #internal: Tunnel | undefined

  constructor(host: Host, settings: InsideSettings) {
    this.#host = host
    this.#settings = settings
    this.#pool = settings.pool === undefined ? undefined : new AddressPool(settings.pool)
  }

  /**
   * An address for the client, and that of the interface Internal; `wanted` where it is free. Undefined: there is none. A client that has one keeps it.
   */
  take(
    client: RasClient,
    wanted: Ipv4 | undefined,
  ): { readonly address: Ipv4; readonly server: Ipv4 } | undefined {
    const pool = this.#pool
    const address = client.address ?? pool?.take(wanted)
    if (address === undefined || pool === undefined) return undefined
    client.address = address
    this.#byAddress.set(address, client)
    this.#internal ??= this.#open(pool)
    this.#internal.addRoute({ to: { address, length: 32 } })
    return { address, server: pool.serverAddress }
  }

  give({ address }: RasClient): void {
    if (address === undefined) return
    this.#byAddress.delete(address)
    this.#pool?.give(address)
    this.#internal?.removeRoute({ address, length: 32 })
  }

  /** A packet of the client, out of its tunnel. Whoever is given one address speaks as nobody else: RRAS looks. */
  deliver({ address }: RasClient, packet: Uint8Array, within?: number): void {
    if (address === undefined || packet.length < 20 || u32(packet, 12) !== address) return
    this.#internal?.deliver(packet, within)
  }

  close(): void {
    this.#internal?.close()
  }

  /** RRAS makes it when the first client needs it. */
  #open(pool: AddressPool): Tunnel {
    const { tunnelMtu, proxyArpOn } = this.#settings
    return this.#host.openTunnel(
      {
        name: INTERNAL_INTERFACE,
        address: pool.serverAddress,
        mtu: tunnelMtu,
        metric: INTERNAL_METRIC,
        ...(proxyArpOn !== undefined && { proxyArpOn }),
      },
      (packet) => this.#toClient(packet),
    )
  }

  #toClient(packet: Uint8Array): TunnelRefusal | void {
    const client = this.#byAddress.get(u32(packet, 16) as Ipv4)
    return client === undefined ? 'host-unreachable' : client.send(packet)
  }
}
