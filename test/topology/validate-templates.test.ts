/** Templates, requests and enterprise CAs that mean nothing, each with its place; and the JSON form of all of it. */
import { describe, expect, test } from 'vitest'
import { days } from '../../src/base/time.ts'
import { compileTopology } from '../../src/lab/compile.ts'
import { parseJsonTopology } from '../../src/topology/json.ts'
import { formatPath } from '../../src/topology/problems.ts'
import { vpnUserTemplate } from '../../src/topology/templates.ts'
import { validateTopology } from '../../src/topology/validate.ts'
import { GATEWAY_REQUEST, site, type SiteSpec } from '../directory/site.ts'

const withUser = (change: Parameters<typeof vpnUserTemplate>[0]): SiteSpec => ({
  templates: { vpnUser: vpnUserTemplate(change) },
})
const AT_IKE = 'nodes.gateway.certificates.ike'
const CA = 'authorities.issuing'

describe('what means nothing is a problem with its place', () => {
  test.for<[spec: SiteSpec, place: string, message: string]>([
    [
      withUser({ permissions: { 'VPN User': ['read'] } }),
      'templates.vpnUser.permissions.VPN User',
      "there is no group 'VPN User'; did you mean 'VPN Users'?",
    ],
    [
      withUser({ oid: '1.40.3' }),
      'templates.vpnUser.oid',
      "'1.40.3' is not an object identifier such as 1.3.6.1.4.1.311.21.8.1.2.3",
    ],
    [withUser({ validFor: days(0) }), 'templates.vpnUser.validFor', 'must be longer than 0'],
    [
      withUser({ eku: [] }),
      'templates.vpnUser.eku',
      'is empty: leave it out for those of the base',
    ],
    [
      withUser({ supersedes: ['vpnUsr'] }),
      'templates.vpnUser.supersedes[0]',
      "there is no template 'vpnUsr'; did you mean 'vpnUser'?",
    ],
    [
      withUser({ certificate: ' user' }),
      'templates.vpnUser.certificate',
      "' user' is not a name: letters that can be printed, no blank at either end",
    ],
    [
      { ca: { templates: ['vpnUsr'] } },
      `${CA}.templates[0]`,
      "there is no template 'vpnUsr'; did you mean 'vpnUser'?",
    ],
    [
      { ca: { requesters: ['Everybody'] } },
      `${CA}.requesters[0]`,
      "there is no group 'Everybody' (there is VPN Users, VPN Servers, Domain Users, Domain Computers, Authenticated Users)",
    ],
    [{ ca: { runsOn: 'c' } }, `${CA}.runsOn`, "there is no node 'c'; did you mean 'pc'?"],
    [
      {
        ca: {
          renewals: [
            { at: days(5), key: 'new' },
            { at: days(5), key: 'same' },
          ],
        },
      },
      `${CA}.renewals[1].at`,
      'is not after the certificate before it began',
    ],
    [
      { certificates: [{ ...GATEWAY_REQUEST, template: 'vpnServr' }] },
      `${AT_IKE}.template`,
      "there is no template 'vpnServr'; did you mean 'vpnServer'?",
    ],
    [
      { certificates: [{ ...GATEWAY_REQUEST, for: 'eve' }] },
      `${AT_IKE}.for`,
      "there is no user 'eve' (there is ada, bob)",
    ],
    [
      { certificates: [{ ...GATEWAY_REQUEST, request: { subject: 'vpn' } }] },
      `${AT_IKE}.request.subject`,
      "'vpn' is not a distinguished name such as CN=Contoso Root CA",
    ],
    [
      { certificates: [{ ...GATEWAY_REQUEST, request: { sid: '1105' } }] },
      `${AT_IKE}.request.sid`,
      "'1105' is not a SID such as S-1-5-21-397955417-62688126-188441444-1105",
    ],
    [
      { certificates: [{ name: 'ike', issuer: 'issuing', subject: 'CN=vpn' }] },
      `${AT_IKE}.validFor`,
      'is missing: there is no template',
    ],
    [
      {
        certificates: [
          { name: 'ike', issuer: 'issuing', subject: 'CN=vpn', validFor: days(1), for: 'ada' },
        ],
      },
      `${AT_IKE}.for`,
      'says nothing without a template',
    ],
    [
      { directory: { users: { ada: { mail: 'adä@contoso.com' } } } },
      'directory.users.ada.mail',
      "'adä@contoso.com' is not an address in ASCII such as ada@contoso.com",
    ],
    [{ directory: { domain: '.' } }, 'directory.domain', 'is the root'],
  ])('%o', ([spec, place, message]) => {
    const made = site(spec)
    expect(
      validateTopology(made).map((problem) => [formatPath(made, problem.path), problem.message]),
    ).toEqual([[place, message]])
  })

  test('a template needs a domain', () => {
    const { directory: _, ...made } = site({ templates: {} })
    const permissions = { 'Domain Computers': ['read'] } as const
    const templates = { vpnServer: { base: 'Web Server', permissions } } as const
    const authorities = { root: made.authorities['root']! }
    expect(
      validateTopology({ ...made, templates, authorities }).map(({ message }) => message),
    ).toContain('needs a directory: the topology has no domain')
  })

  test.for<[spec: SiteSpec, path: readonly (string | number)[], message: RegExp]>([
    [
      { certificates: [{ ...GATEWAY_REQUEST, request: { subject: 'CN=vpn, XX=y' } }] },
      ['nodes', 'gateway', 'certificates', 0, 'request', 'subject'],
      /'XX' is not an attribute type/,
    ],
    [
      { certificates: [{ ...GATEWAY_REQUEST, subject: 'CN=vpn, XX=y' }] },
      ['nodes', 'gateway', 'certificates', 0, 'subject'],
      /'XX' is not an attribute type/,
    ],
    [{ ca: { validFrom: days(-9e4) } }, ['authorities', 'issuing', 'validFor'], /reaches outside/],
  ])('what cannot be written down is found before anybody asks: %o', ([spec, path, message]) => {
    const compiled = compileTopology(site(spec))
    expect(compiled.ok ? [] : compiled.error).toEqual([
      { path, message: expect.stringMatching(message) },
    ])
  })
})

const JSON_SITE = {
  name: 'site',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: '10.0.0.0/24' },
  authorities: {
    root: {
      subject: 'CN=Root',
      validFor: '7300 d',
      templates: ['vpnUser'],
      maximumValidity: '100 d',
      renewals: [{ at: '900 d', key: 'new' }],
    },
  },
  templates: {
    vpnUser: {
      base: 'User',
      subject: { email: false, emailInSubject: false },
      validFor: '365 d',
      renewBefore: '10 d',
      permissions: { 'VPN Users': ['read', 'enroll', 'autoenroll'] },
      certificate: 'user',
    },
  },
  directory: {
    domain: 'corp.contoso.com',
    users: { ada: { name: 'Ada Lovelace', created: '-9 d' } },
    groups: { 'VPN Users': ['ada'] },
    autoenrolment: { user: true },
    ntAuth: ['root'],
    kdc: { strongCertificateBindingEnforcement: 1, certificateBackdatingCompensation: '5 d' },
  },
  nodes: {
    pc: { kind: 'host', os: 'windows-11', interfaces: { lan: '10.0.0.2' }, users: ['ada'] },
  },
}

test('a domain in JSON is the domain that is written in TypeScript', () => {
  const read = parseJsonTopology(JSON.stringify(JSON_SITE), '/site/topology.json')
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const compiled = compileTopology(read.value.topology)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  const { pki, directory, start } = compiled.value
  expect(directory?.kdc).toEqual({
    strongCertificateBindingEnforcement: 1,
    certificateBackdatingCompensation: days(5),
  })
  const { certificate } = pki.certificate('pc', 'user')!
  expect(certificate.subject.text).toBe('CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso, DC=com')
  expect(certificate.notAfter).toBe(start + days(99))
})

test.for<[from: string, to: string, message: string]>([
  ['"autoenroll"]', '"autoenrol"]', "'autoenrol' is not one of read, enroll, autoenroll"],
  ['"base":"User"', '"base":"Usr"', "'Usr' is not one of User, Computer"],
  ['"enroll",', '"enroll",5,', '5 is not one of read, enroll, autoenroll'],
  [
    '"autoenrolment"',
    '"autoenrollment"',
    "unknown key 'autoenrollment'; did you mean 'autoenrolment'?",
  ],
  ['Enforcement":1', 'Enforcement":3', '3 is not'],
])('%s → %s is said with its place', ([from, to, message]) => {
  const read = parseJsonTopology(JSON.stringify(JSON_SITE).replace(from, to), '/site/topology.json')
  expect(read.ok ? [] : read.error.map((problem) => problem.message)).toEqual([
    expect.stringContaining(message),
  ])
})
