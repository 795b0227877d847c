/**
 * One scope of a DHCP server: joins the engine to UDP port 67, on the network that it serves or where relay agents reach it.
 * Not the protocol: `engine/dhcp-server.ts`. Addresses in the specification were checked when the topology was read.
 */
import {
  formatIpv4,
  ipv4,
  maskOf,
  prefixContains,
  type Ipv4,
  type Prefix,
} from '../base/address.ts'
import { days, type Duration } from '../base/time.ts'
import { dhcpServer, type DhcpReplyTo, type DhcpServerConfig } from '../engine/dhcp-server.ts'
import type { Datagram, Host, UdpSocket } from '../net/sockets.ts'
import type { DhcpServerSpec } from '../topology/services.ts'
import { decodeDhcp, DHCP_CLIENT_PORT, DHCP_SERVER_PORT, type DhcpMessage } from '../wire/dhcp.ts'
import { openDhcpPort } from './dhcp-port.ts'
import { EngineRunner } from './engine-runner.ts'

const SOURCE = 'DhcpServer'
/** What the DHCP console proposes for a new scope. */
const LEASE_DEFAULT: Duration = days(8)
const EVERYONE = ipv4('255.255.255.255')

/**
 * Serve the network that `spec` names; `relayed`: its prefix, where this host has no interface in it and relay agents bring what is asked there.
 * The returned function stops it. What keeps it from serving is said in the host's log.
 */
export function startDhcpServer(
  host: Host,
  spec: DhcpServerSpec,
  relayed?: Prefix<Ipv4>,
): () => void {
  const config = configOf(host, spec, relayed)
  if (config === undefined) {
    host.log(SOURCE, `has no address on ${spec.network}: nobody is served`)
    return () => {}
  }
  const sockets = new Map<string, UdpSocket>()
  const nics =
    relayed === undefined
      ? [spec.network]
      : host.nics.flatMap(({ kind, name }) => (kind === 'ethernet' ? [name] : []))
  for (const nic of nics) {
    const opened = openDhcpPort(host, { port: DHCP_SERVER_PORT, nic }, (datagram) => {
      const decoded = decodeDhcp(datagram.bytes)
      if (!decoded.ok) return decoded.error
      if (!isFor(decoded.value, datagram, config, relayed === undefined)) return undefined
      lastNic = nic
      runner.input({ kind: 'datagram', bytes: datagram.bytes })
      return undefined
    })
    if (opened.ok) sockets.set(nic, opened.value)
    else host.log(SOURCE, `UDP port ${DHCP_SERVER_PORT} is taken: ${spec.network} is not served`)
  }
  if (sockets.size === 0) return () => {}
  /** By which the question came; answers to relay agents and renewals go back by it. */
  let lastNic = spec.network
  const send = (to: DhcpReplyTo, bytes: Uint8Array): void => {
    const address = to.kind === 'broadcast' ? EVERYONE : to.address
    const port = to.kind === 'relay' ? DHCP_SERVER_PORT : DHCP_CLIENT_PORT
    sockets.get(lastNic)?.send({ address, port }, bytes)
  }
  const runner = new EngineRunner(
    host,
    dhcpServer(config),
    {
      source: SOURCE,
      send,
      report: (report) => {
        if (report.kind === 'leased') {
          host.log(SOURCE, `${formatIpv4(report.entry.address)} to ${report.entry.client}`)
        }
      },
    },
    spec.network,
  )
  runner.start()
  return () => {
    runner.stop()
    for (const socket of sockets.values()) socket.close()
  }
}

/**
 * Which scope a message is for (RFC 2131 §4.3.1): that of the relay agent that brought it, or of the address that a client renews from afar, or of
 * the network on which it was asked.
 */
function isFor(
  { relayAddress, clientAddress }: DhcpMessage,
  { to }: Pick<Datagram, 'to'>,
  { prefix, address }: DhcpServerConfig,
  isLocal: boolean,
): boolean {
  if (relayAddress !== 0) return prefixContains(prefix, relayAddress)
  if (clientAddress !== 0 && to.address === address) return prefixContains(prefix, clientAddress)
  return isLocal
}

function configOf(
  { nics }: Host,
  spec: DhcpServerSpec,
  relayed: Prefix<Ipv4> | undefined,
): DhcpServerConfig | undefined {
  // A server that agents reach goes by the address of its first interface.
  const nic =
    relayed === undefined
      ? nics.find((each) => each.name === spec.network)
      : nics.find((each) => each.kind === 'ethernet' && each.address !== undefined)
  if (nic?.address === undefined || nic.prefixLength === undefined) return undefined
  const network = ((nic.address & maskOf(nic.prefixLength)) >>> 0) as Ipv4
  const prefix: Prefix<Ipv4> = relayed ?? { address: network, length: nic.prefixLength }
  return {
    address: nic.address,
    prefix,
    pool: [ipv4(spec.pool[0]), ipv4(spec.pool[1])],
    ...(spec.router === undefined ? {} : { router: ipv4(spec.router) }),
    dns: (spec.dns ?? []).map(ipv4),
    ...(spec.suffix === undefined ? {} : { suffix: spec.suffix }),
    lease: spec.lease ?? LEASE_DEFAULT,
  }
}
