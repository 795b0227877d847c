/**
 * The inside of a gateway, which all its clients share: their addresses, and the interface Internal that leads to whoever has one.
 * Not how packets reach a client.
 */
import { u32 } from '../../base/bytes.ts'
import type { Ipv4 } from '../../base/address.ts'
import type { Host, Tunnel, TunnelRefusal } from '../../net/sockets.ts'
import type { AddressSource } from './addresses.ts'
import type { RasClient } from './client.ts'

/** OWN: RRAS' own interface stands behind the physical ones. */
const INTERNAL_METRIC = 75
const INTERNAL_INTERFACE = 'Internal'

export interface InsideSettings {
  /** Where RRAS answers ARP for its clients. */
  readonly proxyArpOn: string | undefined
  /** Largest inner packet, in bytes. */
  readonly tunnelMtu: number
}

/** What a client was given, and the address of the interface Internal. */
export interface Taken {
  readonly address: Ipv4
  readonly server: Ipv4
}

export class Inside {
  readonly #host: Host
  readonly #settings: InsideSettings
  readonly #source: AddressSource
  readonly #givesOutside: (client: RasClient) => boolean
  readonly #byAddress = new Map<Ipv4, RasClient>()
  /** Who was promised an address, and has not got it yet. */
  readonly #waiting = new Set<RasClient>()
  #internal: Tunnel | undefined
  #server: Ipv4 | undefined

  constructor(
    host: Host,
    settings: InsideSettings,
    source: AddressSource,
    givesOutside: (client: RasClient) => boolean,
  ) {
    this.#givesOutside = givesOutside
    this.#host = host
    this.#settings = settings
    this.#source = source
  }

  /**
   * An address for the client; `wanted` where it is free. `done` is called once, now or later, unless the client goes first; without anything: there is
   * no address. A client that has one keeps it.
   */
  take(
    client: RasClient,
    wanted: Ipv4 | undefined,
    done: (taken: Taken | undefined) => void,
  ): void {
    if (client.address !== undefined) return done(this.#taken(client, client.address))
    // Asked last: an answer that rests on an assumption is noted.
    const isOutside =
      wanted !== undefined && !this.#source.has(wanted) && !this.#byAddress.has(wanted)
    if (isOutside && this.#givesOutside(client)) return done(this.#taken(client, wanted))
    this.#waiting.add(client)
    this.#source.take(wanted, (address) => {
      if (!this.#waiting.delete(client)) {
        if (address !== undefined) this.#source.give(address)
        return
      }
      done(address === undefined ? undefined : this.#taken(client, address))
    })
  }

  #taken(client: RasClient, address: Ipv4): Taken | undefined {
    const { server } = this.#source
    if (server === undefined) return undefined
    client.address = address
    this.#byAddress.set(address, client)
    this.#internalAt(server).addRoute({ to: { address, length: 32 } })
    return { address, server }
  }

  /** Addresses that clients have, of those that there are for them. */
  get addresses(): { readonly inUse: number; readonly size: number } {
    return { inUse: this.#byAddress.size, size: this.#source.size }
  }

  give(client: RasClient): void {
    this.#waiting.delete(client)
    const { address } = client
    if (address === undefined) return
    this.#byAddress.delete(address)
    this.#source.give(address)
    this.#internal?.removeRoute({ address, length: 32 })
  }

  /** Whoever has this address now. */
  clientAt(address: Ipv4): RasClient | undefined {
    return this.#byAddress.get(address)
  }

  /** A packet of the client, out of its tunnel. Whoever is given one address speaks as nobody else: RRAS looks. */
  deliver({ address }: RasClient, packet: Uint8Array, within?: number): void {
    if (address === undefined || packet.length < 20 || u32(packet, 12) !== address) return
    this.#internal?.deliver(packet, within)
  }

  close(): void {
    this.#source.stop()
    this.#internal?.close()
  }

  /** RRAS makes it when the first client needs it; its address follows that of the source. */
  #internalAt(address: Ipv4): Tunnel {
    const { tunnelMtu, proxyArpOn } = this.#settings
    const settings = {
      address,
      mtu: tunnelMtu,
      metric: INTERNAL_METRIC,
      ...(proxyArpOn !== undefined && { proxyArpOn }),
    }
    if (this.#internal !== undefined && address !== this.#server) this.#internal.update(settings)
    this.#internal ??= this.#host.openTunnel({ name: INTERNAL_INTERFACE, ...settings }, (packet) =>
      this.#toClient(packet),
    )
    this.#server = address
    return this.#internal
  }

  #toClient(packet: Uint8Array): TunnelRefusal | void {
    const client = this.#byAddress.get(u32(packet, 16) as Ipv4)
    return client === undefined ? 'host-unreachable' : client.send(packet)
  }
}
