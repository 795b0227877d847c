/** Two tunnels made into one wire: what leaves by one comes out of the other a millisecond later. */
import { formatIpv4, ipv4, parsePrefix, type Ipv4, type Prefix } from '../../src/base/address.ts'
import { ms } from '../../src/base/time.ts'
import type { SocketError, Tunnel, TunnelRoute, TunnelSettings } from '../../src/net/sockets.ts'
import type { Stack } from '../../src/net/stack.ts'
import { decodeArp } from '../../src/wire/arp.ts'
import { Network } from './network.ts'

export const tunnelAt = (address: string, rest: Partial<TunnelSettings> = {}): TunnelSettings => ({
  name: 'vpn',
  address: ipv4(address),
  mtu: 1400,
  metric: 25,
  ...rest,
})

export function prefix(text: string): Prefix<Ipv4> {
  const parsed = parsePrefix(text)
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value as Prefix<Ipv4>
}

export const routes = (...to: string[]): TunnelRoute[] => to.map((each) => ({ to: prefix(each) }))

/** One end of a wire. */
export interface End {
  readonly stack: Stack
  readonly settings: TunnelSettings
  readonly routes: readonly string[]
}

export interface Wire {
  readonly tunnels: readonly [Tunnel, Tunnel]
  /** What crossed, with the end that it left: whole inner packets. */
  readonly crossed: { readonly from: 0 | 1; readonly packet: Uint8Array }[]
  /** From now on both ends answer so in place of carrying. */
  readonly refuse: (code: SocketError['code'] | undefined) => void
}

export function wire(one: End, other: End): Wire {
  const crossed: Wire['crossed'] = []
  let refusal: SocketError['code'] | undefined
  const open = ({ stack, settings, routes: to }: End, from: 0 | 1): Tunnel => {
    const tunnel = stack.openTunnel(settings, (packet, id) => {
      if (refusal !== undefined) return refusal
      crossed.push({ from, packet })
      stack.after(ms(1), () => void tunnels[from === 0 ? 1 : 0].deliver(packet, id))
    })
    tunnel.setRoutes(routes(...to))
    return tunnel
  }
  const tunnels = [open(one, 0), open(other, 1)] as const
  return { tunnels, crossed, refuse: (code) => void (refusal = code) }
}

/** client ══ vpn ══ gateway ── corp ── server: the client's address lies in the server's network. */
export function access(mtu = 1400, corpMtu = 1500) {
  const net = new Network()
  net.segment('corp', { mtu: corpMtu })
  const client = net.stack('client', { home: '192.168.1.2' }, { os: 'windows' })
  const gateway = net.stack('gateway', { corp: '10.0.0.1' }, { os: 'windows', forwards: true })
  const server = net.stack('server', { corp: '10.0.0.5' })
  const { tunnels, ...rest } = wire(
    { stack: client, settings: tunnelAt('10.0.0.100', { mtu }), routes: ['10.0.0.0/24'] },
    {
      stack: gateway,
      settings: tunnelAt('10.0.0.99', { name: 'internal', mtu, proxyArpOn: 'corp' }),
      routes: ['10.0.0.100/32'],
    },
  )
  return { net, client, gateway, server, vpn: tunnels[0], internal: tunnels[1], ...rest }
}

/** The way of one packet: what happened to it, at which node and interface. */
export const kindsOf = (net: Network, packet: number): string[] =>
  net.trace
    .ofPacket(packet)
    .map((event) => `${event.kind} ${event.node}${'nic' in event ? `/${event.nic}` : ''}`)

/** ARP messages of one node: operation, sender, target. */
export const arpSentBy = (net: Network, node: string): string[] =>
  net.trace.ofKind('sent').flatMap((event) => {
    const arp = event.frame[13] === 6 ? decodeArp(event.frame.subarray(14)) : undefined
    if (event.node !== node || arp?.ok !== true) return []
    const { operation, sender, target } = arp.value
    return [`${operation} ${formatIpv4(sender)} ${formatIpv4(target)}`]
  })
