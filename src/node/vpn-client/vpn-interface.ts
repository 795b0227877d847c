/**
 * The interface of a VPN connection on a Windows client, with its routes: into the tunnel, and past it. The same for every protocol.
 * Not what carries the packets, and not the rules by which routes are made (`windows/vpn-routes.ts`). IPv6 has no way here.
 */
import { formatIpv4, isIpv4, type Ipv4 } from '../../base/address.ts'
import type { Tunnel, TunnelPacketHandler } from '../../net/sockets.ts'
import { vpnRoutes, type VpnRoute, type VpnRoutes } from '../../windows/vpn-routes.ts'
import type { ClientHost, Standing } from './contract.ts'
import { TunnelFilters } from './tunnel-filters.ts'

/** What the gateway has given. */
export interface Given {
  readonly address: Ipv4
  readonly dns: readonly Ipv4[]
}

export class VpnInterface {
  readonly #host: ClientHost
  readonly #dial: Standing
  /** Routes past the tunnel: to the gateway, and what the profile excludes. */
  readonly #pins: (() => void)[] = []
  #tunnel: Tunnel | undefined
  #unguard: (() => void) | undefined

  constructor(host: ClientHost, dial: Standing) {
    this.#host = host
    this.#dial = dial
  }

  /** The gateway is reached past the tunnel, also when this has all other traffic. */
  pin(server: Ipv4): void {
    this.#pins.push(this.#host.pinRoute(server))
  }

  describe({ address, dns }: Given): string {
    return `inner address ${formatIpv4(address)}, DNS ${dns.map(formatIpv4).join(', ') || 'none'}`
  }

  open({ address, dns }: Given, onPacket: TunnelPacketHandler): VpnRoutes {
    const { name, mtu, metric, suffix, routing, filters } = this.#dial
    const routes = vpnRoutes(routing, { assigned: address })
    const outranks = routes.outranksDefaults
    const settings = { name, address, mtu, metric, dns, outranks }
    this.#tunnel = this.#host.openTunnel(
      { ...settings, ...(suffix !== undefined && { suffix }) },
      filters.length === 0 ? onPacket : this.#asWindows(onPacket),
    )
    if (filters.length > 0) {
      const program = (): string | undefined => this.#host.program
      this.#unguard = this.#host.addGuard(new TunnelFilters({ name, filters, program }))
    }
    const toward = (wanted: VpnRoute['out']) =>
      routes.routes.flatMap(({ to, out, metric: own }) =>
        out === wanted && isIpv4(to.address)
          ? [{ to: { address: to.address, length: to.length }, metric: own }]
          : [],
      )
    for (const { to } of toward('physical')) this.#pins.push(this.#host.pinRoute(to))
    this.#tunnel.setRoutes(toward('tunnel'))
    return routes
  }

  /** What carries a program's packet is not the program's. */
  #asWindows(onPacket: TunnelPacketHandler): TunnelPacketHandler {
    return (packet, id) => this.#host.runAs(undefined, () => onPacket(packet, id))
  }

  /** An inner packet of the gateway. `within`: the packet that carried it. */
  deliver(packet: Uint8Array, within?: number): void {
    this.#tunnel?.deliver(packet, within)
  }

  close(): void {
    this.#unguard?.()
    this.#unguard = undefined
    this.#tunnel?.close()
    this.#tunnel = undefined
    for (const unpin of this.#pins.splice(0)) unpin()
  }
}
