/**
 * Services that cannot be started: unknown zones, nodes and certificates, and addresses that are none.
 * Not an opinion on what they answer.
 */
import { parseIpv4 } from '../base/address.ts'
import type { Problems } from './problems.ts'
import type { DhcpRelaySpec, DhcpServerSpec, DnsServerSpec, ServiceSpec } from './services.ts'
import type { NodeSpec, SwitchSpec, Topology } from './topology.ts'
import { validateVpnGateway } from './validate-gateway.ts'
import { validateNps } from './validate-nps.ts'
import { spanComplaint } from './validate-pki.ts'
import { domainNameComplaint, ipv4Complaint, prefixMatchComplaint, unknownName } from './values.ts'

interface Placed<S> {
  readonly t: Topology
  readonly node: Exclude<NodeSpec, SwitchSpec>
  readonly service: S
  readonly problems: Problems
}

export function validateService({ service, ...rest }: Placed<ServiceSpec>): void {
  switch (service.service) {
    case 'dns-server':
      return validateDnsServer({ ...rest, service })
    case 'dhcp-server':
      return validateDhcpServer({ ...rest, service })
    case 'dhcp-relay':
      return validateDhcpRelay({ ...rest, service })
    case 'vpn-gateway':
      validateCertificate({ ...rest, service })
      validateCertificate({ ...rest, service }, 'sstpCertificate')
      return validateVpnGateway(rest.t, service, rest.problems)
    case 'web-server':
      for (const path of Object.keys(service.pages ?? {})) {
        if (!path.startsWith('/')) {
          rest.problems.at('pages', path).add(`'${path}' is not a path: begin with '/'`)
        }
      }
      return validateCertificate({ ...rest, service })
    case 'nps':
      return validateNps({ t: rest.t, service, problems: rest.problems })
    case 'listener':
    case 'domain-controller':
  }
}

function validateDnsServer({ t, service, problems }: Placed<DnsServerSpec>): void {
  const { zones } = t
  service.zones?.forEach((key, i) => problems.at('zones', i).add(unknownName('zone', key, zones)))
  for (const list of ['forwarders', 'rootHints'] as const) {
    service[list]?.forEach((server, i) => problems.at(list, i).add(ipv4Complaint(server)))
  }
  for (const [origin, servers] of Object.entries(service.conditionalForwarders ?? {})) {
    const here = problems.at('conditionalForwarders', origin)
    here.add(domainNameComplaint(origin))
    servers.forEach((server, i) => here.at(i).add(ipv4Complaint(server)))
  }
  const scopes = service.scopes ?? {}
  for (const [scope, key] of Object.entries(scopes)) {
    problems.at('scopes', scope).add(unknownName('zone', key, zones))
  }
  service.policies?.forEach((policy, i) => {
    const here = problems.at('policies', i)
    if (policy.clientSubnet !== undefined) {
      here.at('clientSubnet').add(prefixMatchComplaint(policy.clientSubnet))
    }
    if (policy.serverInterface !== undefined) {
      here.at('serverInterface').add(ipv4Complaint(policy.serverInterface))
    }
    if (policy.scope !== undefined) {
      here.at('scope').add(unknownName('scope', policy.scope, scopes))
    }
  })
}

const relayedNetworks = ({ nodes }: Topology): readonly string[] =>
  Object.values(nodes).flatMap((node) =>
    node.kind === 'switch'
      ? []
      : (node.services ?? []).flatMap((service) =>
          service.service === 'dhcp-relay' ? [service.network] : [],
        ),
  )

function validateDhcpRelay({ t, node, service, problems }: Placed<DhcpRelaySpec>): void {
  const { network, servers } = service
  const unknown = unknownName('network', network, t.networks)
  problems.at('network').add(unknown)
  if (unknown === undefined && !node.interfaces.some((each) => each.network === network)) {
    problems.at('network').add(`this node has no interface on '${network}'`)
  }
  if (servers.length === 0) problems.at('servers').add('is empty: nobody would be asked')
  servers.forEach((server, i) => problems.at('servers', i).add(ipv4Complaint(server)))
}

function validateDhcpServer({ t, node, service, problems }: Placed<DhcpServerSpec>): void {
  problems.at('network').add(unknownName('network', service.network, t.networks))
  const isHere = node.interfaces.some(({ network }) => network === service.network)
  if (!isHere && !relayedNetworks(t).includes(service.network)) {
    const why = `this node has no interface on '${service.network}', and no relay agent is there`
    problems.at('network').add(why)
  }
  service.pool.forEach((address, i) => problems.at('pool', i).add(ipv4Complaint(address)))
  const [first, last] = service.pool.map(parseIpv4)
  if (first !== undefined && last !== undefined && first > last) {
    problems.at('pool').add(`'${service.pool[0]}' comes after '${service.pool[1]}'`)
  }
  if (service.router !== undefined) problems.at('router').add(ipv4Complaint(service.router))
  service.dns?.forEach((server, i) => problems.at('dns', i).add(ipv4Complaint(server)))
  if (service.suffix !== undefined) problems.at('suffix').add(domainNameComplaint(service.suffix))
  if (service.lease !== undefined) problems.at('lease').add(spanComplaint(service.lease))
}

/** A service shows a certificate that its node has. */
function validateCertificate(
  {
    node,
    service,
    problems,
  }: Placed<{ readonly certificate?: string; readonly sstpCertificate?: string }>,
  field: 'certificate' | 'sstpCertificate' = 'certificate',
): void {
  const name = service[field]
  if (name === undefined) return
  const names = (node.certificates ?? []).map(({ name }) => name)
  problems.at(field).add(unknownName('certificate on this node', name, names))
}
