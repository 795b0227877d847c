/**
 * Whether those who dial the gateway trust the root of what it and NPS show (CL-04). From the topology alone: no certificate is
 * issued, and what is wrong with one that is, relying parties tell in a lab.
 */
import type { CertificateSpec } from '../topology/pki.ts'
import type { Topology } from '../topology/topology.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'

/** A server of the deployment, and the root of its certificate. */
interface Shown {
  readonly server: string
  readonly root: string
  /** What a client without the root sees. */
  readonly code: string
}

/** CL-04: a client with a VPN profile that lacks the root of the gateway (13801) or of NPS (864). */
export const clientTrust: PreflightRule = (topology) => {
  const shown = shownCertificates(topology)
  return Object.entries(topology.nodes).flatMap(([name, node]) => {
    if (node.kind !== 'host' || node.profiles === undefined) return []
    return shown
      .filter(({ root }) => !(node.trusts ?? []).includes(root))
      .map(({ server, root, code }): TopologyFinding => ({
        rule: 'CL-04',
        severity: 'error',
        message: `${name} does not trust '${root}', the root of the certificate of ${server}: it sees ${code}`,
        fix: `add '${root}' to the trusted roots of ${name}; members of the domain get it by Group Policy`,
        path: ['nodes', name, 'trusts'],
      }))
  })
}

function shownCertificates(topology: Topology): readonly Shown[] {
  return Object.entries(topology.nodes).flatMap(([server, node]) => {
    if (node.kind === 'switch') return []
    return (node.services ?? []).flatMap((service) => {
      if (service.service !== 'vpn-gateway' && service.service !== 'nps') return []
      const { certificate } = service
      if (certificate === undefined) return []
      const spec = (node.certificates ?? []).find(({ name }) => name === certificate)
      const root = rootOf(topology, issuerOf(topology, certificate, spec))
      const code = service.service === 'nps' ? '864' : '13801'
      return root === undefined ? [] : [{ server, root, code }]
    })
  })
}

/** Key of the authority that issues it: by hand, by the template that it was requested by, or by the one that brings its name. */
function issuerOf(
  { authorities, templates = {} }: Topology,
  name: string,
  spec: CertificateSpec | undefined,
): string | undefined {
  if (spec?.issuer !== undefined) return spec.issuer
  const brings = Object.entries(templates).find(
    ([key, { certificate = key }]) => certificate === name,
  )
  const template = spec?.template ?? brings?.[0]
  if (template === undefined) return undefined
  return Object.entries(authorities).find(([, { templates: issued = [] }]) =>
    issued.includes(template),
  )?.[0]
}

/** The root above an authority. Validated topologies have no circles, others end after as many steps as there are authorities. */
function rootOf({ authorities }: Topology, key: string | undefined): string | undefined {
  let at = key
  for (let steps = Object.keys(authorities).length; steps > 0; steps--) {
    const issuer: string | undefined = at === undefined ? undefined : authorities[at]?.issuer
    if (issuer === undefined) return at
    at = issuer
  }
  return undefined
}
