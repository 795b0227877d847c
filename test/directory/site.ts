/** A small domain with one enterprise CA, for the tests of this folder. Not the Contoso topology. */
import { days, instant } from '../../src/base/time.ts'
import { compileTopology, type Compiled } from '../../src/lab/compile.ts'
import type { DirectorySpec } from '../../src/topology/directory.ts'
import type { AuthoritySpec, CertificateSpec } from '../../src/topology/pki.ts'
import {
  deviceTemplate,
  vpnServerTemplate,
  vpnUserTemplate,
  type TemplateSpec,
} from '../../src/topology/templates.ts'
import { host, topology, type Topology } from '../../src/topology/topology.ts'

export const START = instant('2026-03-02T08:00:00Z')

export interface SiteSpec {
  readonly directory?: Partial<DirectorySpec>
  readonly root?: Partial<AuthoritySpec>
  readonly ca?: Partial<AuthoritySpec>
  readonly templates?: Readonly<Record<string, TemplateSpec>>
  /** Certificates listed on the gateway. */
  readonly certificates?: readonly CertificateSpec[]
  /** Certificates listed on the PC. */
  readonly pc?: readonly CertificateSpec[]
  readonly users?: readonly string[]
}

export const GATEWAY_REQUEST: CertificateSpec = {
  name: 'ike',
  template: 'vpnServer',
  request: { subject: 'CN=vpn.contoso.com', dns: ['vpn.contoso.com'] },
}

const NODES = topology({
  name: 'site',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: '10.0.0.0/24' },
  nodes: {
    pc: host({ lan: '10.0.0.2' }, { os: 'windows-11' }),
    gateway: host({ lan: '10.0.0.3' }, { os: 'windows-server-2022' }),
    ca: host({ lan: '10.0.0.4' }, { os: 'windows-server-2022' }),
  },
})

export function site(spec: SiteSpec = {}): Topology {
  const { pc, gateway, ca } = NODES.nodes as Topology['nodes']
  const { users = ['ada'], certificates = [GATEWAY_REQUEST] } = spec
  return {
    ...NODES,
    authorities: {
      root: {
        subject: 'CN=Contoso Root CA',
        validFor: days(7300),
        crlUrls: ['http://pki.contoso.com/root.crl'],
        aiaUrls: ['http://pki.contoso.com/root.crt'],
        publishedOn: 'ca',
        ...spec.root,
      },
      issuing: {
        subject: 'CN=Contoso Issuing CA, DC=corp, DC=contoso, DC=com',
        issuer: 'root',
        validFor: days(3650),
        crlUrls: ['http://pki.contoso.com/issuing.crl'],
        aiaUrls: ['http://pki.contoso.com/issuing.crt'],
        publishedOn: 'ca',
        crl: { every: days(1), validFor: days(3) },
        templates: ['vpnUser', 'vpnServer', 'device', ...Object.keys(spec.templates ?? {})],
        ...spec.ca,
      },
    },
    templates: {
      vpnUser: vpnUserTemplate(),
      vpnServer: vpnServerTemplate(),
      device: deviceTemplate(),
      ...spec.templates,
    },
    directory: {
      domain: 'corp.contoso.com',
      users: { ada: { name: 'Ada Lovelace' }, bob: {} },
      autoenrolment: { user: true, computer: true },
      ntAuth: ['issuing'],
      ...spec.directory,
      groups: { 'VPN Users': ['ada'], 'VPN Servers': ['gateway'], ...spec.directory?.groups },
    },
    nodes: {
      pc: { ...pc!, users, certificates: spec.pc ?? [] } as Topology['nodes'][string],
      gateway: { ...gateway!, certificates } as Topology['nodes'][string],
      ca: ca!,
    },
  }
}

export function compiledSite(spec: SiteSpec = {}): Compiled {
  const compiled = compileTopology(site(spec))
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  return compiled.value
}
