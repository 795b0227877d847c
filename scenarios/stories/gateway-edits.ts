/** Edits of the Contoso topology for the stories of the gateway: where its clients' addresses come from, and who carries them there. */
import {
  allow,
  compose,
  days,
  dhcpRelay,
  dhcpServer,
  hours,
  withNetworkPolicy,
  withNode,
  withRule,
  withVpnGateway,
  type ServiceSpec,
} from 'sallyport'
import type { ContosoEdit, ContosoNode } from './certificate-edits.ts'
import { WIZARD } from './nps-edits.ts'

const withOneMore = (node: ContosoNode, service: ServiceSpec, what: string): ContosoEdit =>
  withNode(node, what, (spec) =>
    spec.kind === 'switch' ? spec : { ...spec, services: [...(spec.services ?? []), service] },
  )

/** dc1 has a scope of the inner perimeter network, for an hour, within what the inner firewall knows as the pool. */
export const withScope = (last: string): ContosoEdit =>
  withOneMore(
    'dc1',
    dhcpServer({
      network: 'perimeterInternal',
      pool: ['172.16.20.130', last],
      router: '172.16.20.1',
      dns: ['10.10.0.6'],
      lease: hours(1),
    }),
    'serves DHCP for the perimeter',
  )

/** The inner firewall carries DHCP between the perimeter and dc1. */
export const withRelay: ContosoEdit = withOneMore(
  'innerFirewall',
  dhcpRelay({ network: 'perimeterInternal', servers: ['10.10.0.6'] }),
  'relays DHCP',
)

/** What the firewalls must let through for that: to the agent, back to it, to the gateway, and what is given back. */
export const withDhcpRules: ContosoEdit = compose(
  withRule(
    'innerFirewall',
    allow('dhcp-to-agent', { hook: 'input', from: 'perimeterInternal', udp: [67] }),
  ),
  withRule(
    'innerFirewall',
    allow('dhcp-from-dc1', { hook: 'input', from: 'corp', source: '10.10.0.6', udp: [67] }),
  ),
  withRule('gateway', allow('dhcp-answers', { from: 'perimeterInternal', udp: [68] })),
)

/** Nobody is put out for being idle. */
export const withoutIdleDisconnect: ContosoEdit = withVpnGateway('gateway', {
  idleDisconnect: days(199),
})

/** The wizard's policy lets nobody stay longer than an hour; what is idle in it is its own affair. */
export const withHourAtMost: ContosoEdit = withNetworkPolicy('nps1', WIZARD, {
  constraints: {
    authentication: { eap: [{ type: 'peap', inner: ['tls'] }] },
    sessionTimeout: hours(1),
    idleTimeout: hours(2),
  },
})

/** RRAS takes addresses of the DHCP server instead of a pool of its own. */
export const withDhcpAssignment: ContosoEdit = withVpnGateway('gateway', {
  pool: undefined,
  addressAssignment: 'dhcp',
})

/** All of it. */
export const withDhcpInside: ContosoEdit = compose(
  withRelay,
  withScope('172.16.20.180'),
  withDhcpRules,
  withDhcpAssignment,
)
