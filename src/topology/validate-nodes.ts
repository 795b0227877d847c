/**
 * Nodes that cannot be built: interfaces, routes, roles, trunks. Filters, services and certificates have files of their own.
 * Not an opinion: an address outside its network or a gateway that nobody has is what people rehearse.
 */
import type { Problems } from './problems.ts'
import type {
  HostSpec,
  InterfaceSpec,
  NodeSpec,
  RouteSpec,
  SwitchSpec,
  Topology,
} from './topology.ts'
import { validateFilter, validateNatRouter } from './validate-filter.ts'
import { validateVpnClient } from './validate-gateway.ts'
import { validateCertificates } from './validate-pki.ts'
import { validateService } from './validate-services.ts'
import {
  domainNameComplaint,
  interfaceAddressComplaint,
  ipv4Complaint,
  prefixComplaint,
  unknownName,
} from './values.ts'

type IpNode = Exclude<NodeSpec, SwitchSpec>

export function validateNode(t: Topology, name: string, problems: Problems): void {
  const node = t.nodes[name]!
  if (node.kind === 'switch') return validateSwitch(t, node, problems)
  validateIpNode(t, node, problems)
  switch (node.kind) {
    case 'host':
      return validateHost(t, node, problems)
    case 'firewall':
      return validateFilter(t, node.filter, problems.at('filter'))
    case 'nat-router':
      return validateNatRouter(t, node, problems.at('nat'))
  }
}

function validateIpNode(t: Topology, node: IpNode, problems: Problems): void {
  node.interfaces.forEach((nic, i) => validateInterface(t, nic, problems.at('interfaces', i)))
  node.routes?.forEach((route, i) => validateRoute(route, problems.at('routes', i)))
  node.services?.forEach((service, i) =>
    validateService({ t, node, service, problems: problems.at('services', i) }),
  )
  validateCertificates(t, node.certificates ?? [], problems.at('certificates'))
  for (const list of ['trusts', 'intermediates', 'distrusts'] as const) {
    node[list]?.forEach((key, i) =>
      problems.at(list, i).add(unknownName('authority', key, t.authorities)),
    )
  }
}

function validateInterface(t: Topology, nic: InterfaceSpec, problems: Problems): void {
  problems.at('network').add(networkComplaint(t, nic.network))
  if (nic.address !== 'dhcp') problems.at('address').add(interfaceAddressComplaint(nic.address))
  nic.alsoAt?.forEach((also, i) => problems.at('alsoAt', i).add(interfaceAddressComplaint(also)))
  if (nic.gateway !== undefined) problems.at('gateway').add(ipv4Complaint(nic.gateway))
  nic.dns?.forEach((server, i) => problems.at('dns', i).add(ipv4Complaint(server)))
  if (nic.suffix !== undefined) problems.at('suffix').add(domainNameComplaint(nic.suffix))
}

/** An empty name is a plug that hangs loose. */
const networkComplaint = (t: Topology, network: string): string | undefined =>
  network === ''
    ? 'is on no network: write the name of one'
    : unknownName('network', network, t.networks)

function validateRoute(route: RouteSpec, problems: Problems): void {
  problems.at('to').add(prefixComplaint(route.to))
  problems.at('via').add(ipv4Complaint(route.via))
}

function validateHost(t: Topology, node: HostSpec, problems: Problems): void {
  if (node.firewall !== undefined) validateFilter(t, node.firewall, problems.at('firewall'))
  validateVpnClient(node.vpnClient ?? {}, problems.at('vpnClient'))
  node.roams?.forEach((network, i) => problems.at('roams', i).add(networkComplaint(t, network)))
  if ((node.roams?.length ?? 0) > 0 && node.interfaces.length !== 1) {
    problems
      .at('roams')
      .add(`a host that roams has one interface to carry along, not ${node.interfaces.length}`)
  }
  node.groupPolicyNrpt?.forEach((rule, i) => {
    rule.servers?.forEach((server, j) =>
      problems.at('groupPolicyNrpt', i, 'servers', j).add(ipv4Complaint(server)),
    )
  })
  node.suffixSearchList?.forEach((suffix, i) =>
    problems.at('suffixSearchList', i).add(domainNameComplaint(suffix)),
  )
  node.users?.forEach((user, i) =>
    problems.at('users', i).add(unknownName('user', user, t.directory?.users ?? {})),
  )
}

function validateSwitch(t: Topology, node: SwitchSpec, problems: Problems): void {
  node.networks.forEach((network, i) => {
    const here = problems.at('networks', i)
    const unknown = networkComplaint(t, network)
    here.add(unknown)
    const vlan = unknown === undefined ? t.networks[network]?.vlan : undefined
    const twin = node.networks
      .slice(0, i)
      .find((other) => other !== network && vlan !== undefined && t.networks[other]?.vlan === vlan)
    if (twin !== undefined) {
      here.add(
        `'${network}' and '${twin}' are both VLAN ${vlan}: on one switch that is one network`,
      )
    }
  })
  node.trunks.forEach((trunk, i) => {
    const here = problems.at('trunks', i)
    here.at('to').add(trunkEndComplaint(t, trunk.to))
    trunk.allows.forEach((network, j) =>
      here.at('allows', j).add(trunkNetworkComplaint(t, node, network)),
    )
  })
}

function trunkEndComplaint(t: Topology, to: string): string | undefined {
  const unknown = unknownName('node', to, t.nodes)
  if (unknown !== undefined) return unknown
  return t.nodes[to]?.kind === 'switch'
    ? `'${to}' is a switch: a trunk leads to a node with interfaces`
    : undefined
}

function trunkNetworkComplaint(t: Topology, node: SwitchSpec, network: string): string | undefined {
  const unknown = networkComplaint(t, network)
  if (unknown !== undefined) return unknown
  if (!node.networks.includes(network)) return `'${network}' is not among this switch's networks`
  return t.networks[network]?.vlan === undefined
    ? `'${network}' has no vlan: give networks.${network} the number of its tag`
    : undefined
}
