/** Findings about templates, the CA and the domain: each alone in a site that is right but for one thing. */
import { expect, test } from 'vitest'
import { preflight } from '../../src/preflight/preflight.ts'
import { formatPath } from '../../src/topology/problems.ts'
import {
  deviceTemplate,
  npsServerTemplate,
  vpnServerTemplate,
  vpnUserTemplate,
} from '../../src/topology/templates.ts'
import { vpnGateway } from '../../src/topology/services.ts'
import { validateTopology } from '../../src/topology/validate.ts'
import type { HostSpec, Topology } from '../../src/topology/topology.ts'
import { GATEWAY_REQUEST, site, type SiteSpec } from '../directory/site.ts'

/** What concerns certificates; the little network has other faults. */
function findings(spec: SiteSpec): readonly string[] {
  const made = site(spec)
  const gateway: HostSpec = {
    ...(made.nodes['gateway'] as HostSpec),
    services: [vpnGateway({ certificate: 'ike' })],
  }
  const topology: Topology = { ...made, nodes: { ...made.nodes, gateway } }
  expect(validateTopology(topology)).toEqual([])
  return preflight(topology)
    .filter(({ rule }) => /^(TPL|CA|AD|ENR|NPS|RAS)-/.test(rule))
    .map(({ rule, severity, path }) => `${rule} ${severity} ${formatPath(topology, path)}`)
}

const withTemplate = (key: string, template: ReturnType<typeof vpnUserTemplate>): SiteSpec => ({
  templates: { [key]: template },
})

test('a site that is right has none', () => {
  expect(findings({})).toEqual([])
})

test.for<[why: string, spec: SiteSpec, findings: readonly string[]]>([
  [
    'a template that no CA issues',
    { ca: { templates: ['vpnUser', 'vpnServer'] } },
    ['CA-01 error templates.device'],
  ],
  ['a CA outside NTAuth', { directory: { ntAuth: [] } }, ['CA-03 error directory']],
  [
    'a CA without SID extension',
    { ca: { sidExtension: false } },
    ['CA-04 error authorities.issuing.sidExtension'],
  ],
  [
    'autoenrolment off for users',
    { directory: { autoenrolment: { computer: true } } },
    ['AD-05 error directory'],
  ],
  [
    'both halves off',
    { directory: { autoenrolment: {} } },
    ['AD-05 error directory', 'AD-05 error directory'],
  ],
  [
    'Enroll without Read',
    withTemplate('vpnUser', vpnUserTemplate({ permissions: { 'VPN Users': ['enroll'] } })),
    ['TPL-01 error templates.vpnUser.permissions'],
  ],
  [
    'Autoenroll without Enroll',
    withTemplate(
      'vpnUser',
      vpnUserTemplate({ permissions: { 'VPN Users': ['read', 'autoenroll'] } }),
    ),
    ['TPL-01 error templates.vpnUser.permissions'],
  ],
  [
    'a key storage provider in an old template',
    withTemplate('vpnUser', vpnUserTemplate({ schemaVersion: 2 })),
    ['TPL-02 error templates.vpnUser.schemaVersion'],
  ],
  [
    'keys in a TPM only',
    withTemplate('vpnUser', vpnUserTemplate({ providers: ['tpm'] })),
    ['TPL-03 warning templates.vpnUser.providers'],
  ],
  [
    'keys that may be exported',
    withTemplate('vpnUser', vpnUserTemplate({ exportable: true })),
    ['TPL-04 warning templates.vpnUser.exportable'],
  ],
  [
    'short keys',
    withTemplate('vpnUser', vpnUserTemplate({ minimumKeySize: 1024 })),
    ['TPL-05 warning templates.vpnUser.minimumKeySize'],
  ],
  [
    'SHA-1',
    withTemplate('vpnUser', vpnUserTemplate({ hash: 'sha1' })),
    ['TPL-05 warning templates.vpnUser.hash'],
  ],
  [
    'no client authentication',
    withTemplate('vpnUser', vpnUserTemplate({ eku: ['emailProtection'] })),
    ['TPL-06 error templates.vpnUser.eku'],
  ],
  [
    'no user principal name',
    withTemplate('vpnUser', vpnUserTemplate({ subject: { upn: false, email: false } })),
    ['TPL-07 error templates.vpnUser.subject', 'ENR-01 error nodes.pc'],
  ],
  [
    'an e-mail name that the account has not',
    withTemplate('vpnUser', vpnUserTemplate({ subject: { email: true } })),
    ['ENR-01 error nodes.pc'],
  ],
  [
    'no server authentication',
    withTemplate(
      'nps',
      npsServerTemplate({
        eku: ['clientAuth'],
        permissions: { 'VPN Servers': ['read', 'enroll'] },
      }),
    ),
    ['NPS-07 error templates.nps.eku'],
  ],
  [
    'an empty subject',
    withTemplate(
      'nps',
      npsServerTemplate({
        subject: { name: 'none' },
        permissions: { 'VPN Servers': ['read', 'enroll'] },
      }),
    ),
    ['NPS-07 error templates.nps.subject'],
  ],
  [
    'a device template without IKE intermediate',
    withTemplate('device', deviceTemplate({ eku: ['clientAuth'] })),
    ['TPL-08 warning templates.device.eku'],
  ],
  [
    'a gateway’s template without IKE intermediate',
    withTemplate('vpnServer', vpnServerTemplate({ eku: ['serverAuth', 'clientAuth'] })),
    ['RAS-07 warning templates.vpnServer.eku'],
  ],
  [
    'a gateway’s certificate without alternative name',
    { certificates: [{ ...GATEWAY_REQUEST, request: { subject: 'CN=vpn.contoso.com' } }] },
    ['RAS-07 warning nodes.gateway.certificates.ike'],
  ],
  [
    'a gateway outside its group',
    { directory: { groups: { 'VPN Servers': [] } } },
    ['ENR-01 error nodes.gateway.certificates.ike', 'AD-03 warning directory.groups.VPN Servers'],
  ],
])('%s', ([, spec, expected]) => {
  expect(findings(spec)).toEqual(expected)
})
