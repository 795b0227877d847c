/**
 * A DHCP server on one interface of a host: joins the engine to UDP port 67.
 * Not the protocol: `engine/dhcp-server.ts`. Addresses in the specification were checked when the topology was read.
 */
import { formatIpv4, ipv4, maskOf, type Ipv4, type Prefix } from '../base/address.ts'
import { days, type Duration } from '../base/time.ts'
import { dhcpServer, type DhcpReplyTo, type DhcpServerConfig } from '../engine/dhcp-server.ts'
import type { Host } from '../net/sockets.ts'
import type { DhcpServerSpec } from '../topology/services.ts'
import { decodeDhcp, DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from '../wire/dhcp.ts'
import { EngineRunner } from './engine-runner.ts'

const SOURCE = 'DhcpServer'
/** What the DHCP console proposes for a new scope. */
const LEASE_DEFAULT: Duration = days(8)
const EVERYONE = ipv4('255.255.255.255')

/** Serve the network that `spec` names. The returned function stops it. What keeps it from serving is said in the host's log. */
export function startDhcpServer(host: Host, spec: DhcpServerSpec): () => void {
  const config = configOf(host, spec)
  if (config === undefined) {
    host.log(SOURCE, `has no address on ${spec.network}: nobody is served`)
    return () => {}
  }
  const opened = host.udp.open(
    {
      onDatagram: ({ bytes }) => {
        const decoded = decodeDhcp(bytes)
        if (!decoded.ok) return decoded.error
        return runner.input({ kind: 'datagram', bytes })
      },
    },
    { port: DHCP_SERVER_PORT, nic: spec.network },
  )
  if (!opened.ok) {
    host.log(SOURCE, `UDP port ${DHCP_SERVER_PORT} is taken: ${spec.network} is not served`)
    return () => {}
  }
  const socket = opened.value
  const send = (to: DhcpReplyTo, bytes: Uint8Array): void => {
    const address = to.kind === 'client' ? to.address : EVERYONE
    socket.send({ address, port: DHCP_CLIENT_PORT }, bytes, { nic: spec.network })
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
    socket.close()
  }
}

function configOf(host: Host, spec: DhcpServerSpec): DhcpServerConfig | undefined {
  const nic = host.nics.find((each) => each.name === spec.network)
  if (nic?.address === undefined || nic.prefixLength === undefined) return undefined
  const network = ((nic.address & maskOf(nic.prefixLength)) >>> 0) as Ipv4
  const prefix: Prefix<Ipv4> = { address: network, length: nic.prefixLength }
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
