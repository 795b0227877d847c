/** Edits of the Contoso topology that several of these stories make: what a node holds, runs, and how it looks at revocation. */
import { days, edit, withNode, type CertificateSpec, type Edit, type NodeSpec } from 'sallyport'
import type { contoso } from '../../topologies/contoso/topology.ts'

type Contoso = typeof contoso
export type ContosoNode = keyof Contoso['nodes']
export type ContosoEdit = Edit<keyof Contoso['networks'], ContosoNode, keyof Contoso['zones']>

type IpNode = Exclude<NodeSpec, { readonly kind: 'switch' }>

/** Something about a node that has interfaces. */
const withIpNode = (
  node: ContosoNode,
  what: string,
  change: (spec: IpNode) => IpNode,
): ContosoEdit => withNode(node, what, (spec) => (spec.kind === 'switch' ? spec : change(spec)))

/** The node holds this certificate, in the place of one with that name. */
export const holding = (node: ContosoNode, certificate: CertificateSpec): ContosoEdit =>
  withIpNode(node, `holds '${certificate.name}'`, (spec) => {
    const others = (spec.certificates ?? []).filter(({ name }) => name !== certificate.name)
    return { ...spec, certificates: [...others, certificate] }
  })

/** The switches of Windows' revocation checks on a node. */
export const withRevocationSwitches = (
  node: ContosoNode,
  revocation: NonNullable<IpNode['revocation']>,
): ContosoEdit =>
  withIpNode(node, 'sets its revocation switches', (spec) => ({ ...spec, revocation }))

/** The node runs another version of Windows: for the topology of a story, since a lab that runs keeps its systems. */
export const withOs = (node: ContosoNode, os: NonNullable<IpNode['os']>): ContosoEdit =>
  withIpNode(node, `runs ${os}`, (spec) => ({ ...spec, os }))

/** The node trusts one more authority. */
export const trusting = (node: ContosoNode, authority: string): ContosoEdit =>
  withIpNode(node, `trusts ${authority}`, (spec) => ({
    ...spec,
    trusts: [...(spec.trusts ?? []), authority],
  }))

/** The settings of one service of a node. */
export const withService = (
  node: ContosoNode,
  service: 'vpn-gateway' | 'nps',
  change: object,
): ContosoEdit =>
  withIpNode(node, `changes its ${service} (${Object.keys(change).join(', ')})`, (spec) => ({
    ...spec,
    services: (spec.services ?? []).map((each) =>
      each.service === service ? { ...each, ...change } : each,
    ),
  }))

/** DHCP leases outlast the story: it is their renewals that make years in a lab cost something. */
export const withLongLeases: ContosoEdit = edit('leases last ten years', (topology) => ({
  ...topology,
  nodes: Object.fromEntries(
    Object.entries<NodeSpec>(topology.nodes).map(([name, node]) => [
      name,
      node.kind === 'switch'
        ? node
        : {
            ...node,
            services: (node.services ?? []).map((service) =>
              service.service === 'dhcp-server' ? { ...service, lease: days(3650) } : service,
            ),
          },
    ]),
  ) as typeof topology.nodes,
}))
