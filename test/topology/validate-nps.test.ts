/** NPS and its clients: what nothing can be made of is said in one sentence, what people rehearse is not. */
import { expect, test } from 'vitest'
import { seconds } from '../../src/base/time.ts'
import { complaints } from './complaints.ts'

const GATEWAY = 'nodes.pc.services.4'
const NPS = 'nodes.pc.services.5'
const at = (path: string): string => `nodes.pc.services[5].${path}`

test.for<[path: string, value: unknown, told: string]>([
  // RADIUS servers.
  [
    `${GATEWAY}.radius`,
    [{ server: 'egde', secret: 's' }],
    "nodes.pc.services[4].radius[0].server: there is no node 'egde'; did you mean 'edge'?",
  ],
  [
    `${GATEWAY}.radius`,
    [{ server: 'edge', address: '10.0.0.1', secret: 's' }],
    "nodes.pc.services[4].radius[0]: a RADIUS server is named by exactly one of 'server' and 'address'",
  ],
  [
    `${GATEWAY}.radius`,
    [{ secret: 's' }],
    "nodes.pc.services[4].radius[0]: a RADIUS server is named by exactly one of 'server' and 'address'",
  ],
  [
    `${GATEWAY}.radius`,
    [{ server: 'cabinet', secret: 's' }],
    'nodes.pc.services[4].radius[0].server: cabinet is a switch: nothing answers there',
  ],
  [
    `${GATEWAY}.radius`,
    [{ address: 'nps1..corp', secret: 's' }],
    "nodes.pc.services[4].radius[0].address: 'nps1..corp' is not a domain name: a label is empty",
  ],
  [
    `${GATEWAY}.radius.0.secret`,
    '',
    'nodes.pc.services[4].radius[0].secret: is empty: a shared secret has at least one character',
  ],
  [
    `${GATEWAY}.radius.0.timeout`,
    seconds(0),
    'nodes.pc.services[4].radius[0].timeout: must be longer than 0',
  ],
  [`${NPS}.remoteGroups`, { others: [] }, at('remoteGroups.others: has no server')],
  // RADIUS clients.
  [
    `${NPS}.clients.0.address`,
    '10.0.0.1/24',
    at("clients.vpn1.address: '10.0.0.1/24' has host bits set; did you mean 10.0.0.0/24?"),
  ],
  [
    `${NPS}.clients.0.address`,
    'vpn 1',
    at(
      "clients.vpn1.address: 'vpn 1' is not a domain name: letters, digits, '-' and '_' between dots",
    ),
  ],
  [
    `${NPS}.clients.0.secret`,
    '',
    at('clients.vpn1.secret: is empty: a shared secret has at least one character'),
  ],
  [
    `${NPS}.clients`,
    [
      { name: 'vpn1', address: '10.0.0.1', secret: 's' },
      { name: 'VPN1', address: '10.0.0.2', secret: 's' },
    ],
    at("clients.VPN1.name: 'VPN1' is the name of another one"),
  ],
  // Policies.
  [
    `${NPS}.networkPolicies`,
    [
      { name: 'a', access: 'grant' },
      { name: 'a', access: 'deny' },
    ],
    at("networkPolicies.a.name: 'a' is the name of another one"),
  ],
  [
    `${NPS}.connectionRequestPolicies.0.name`,
    ' ',
    at('connectionRequestPolicies. .name: is empty'),
  ],
  [
    `${NPS}.networkPolicies.0.conditions.userGroups`,
    ['VPN User'],
    at(
      "networkPolicies.np.conditions.userGroups[0]: there is no group 'VPN User'; did you mean 'VPN Users'?",
    ),
  ],
  [
    `${NPS}.networkPolicies.0.conditions.callingStationId`,
    '^(198',
    at(
      "networkPolicies.np.conditions.callingStationId: '^(198' is not a pattern of NPS: it lacks a ')'",
    ),
  ],
  [
    `${NPS}.networkPolicies.0.constraints.calledStationId`,
    'a**',
    at(
      "networkPolicies.np.constraints.calledStationId: 'a**' is not a pattern of NPS: it repeats a repetition",
    ),
  ],
  [
    `${NPS}.connectionRequestPolicies.0.rewritesUserName.find`,
    '[a',
    at(
      "connectionRequestPolicies.crp.rewritesUserName.find: '[a' is not a pattern of NPS: it lacks a ']'",
    ),
  ],
  [
    `${NPS}.networkPolicies.0.conditions.dayAndTime`,
    [{ from: '8:00' }],
    at(
      "networkPolicies.np.conditions.dayAndTime[0].from: '8:00' is not a time of day such as 08:00",
    ),
  ],
  [
    `${NPS}.networkPolicies.0.constraints.dayAndTime`,
    [{ from: '22:00', to: '06:00' }],
    at(
      "networkPolicies.np.constraints.dayAndTime[0]: '22:00' is not before '06:00': write two spans for a night",
    ),
  ],
  [
    `${NPS}.networkPolicies.0.constraints.idleTimeout`,
    seconds(-1),
    at('networkPolicies.np.constraints.idleTimeout: must be longer than 0'),
  ],
  [
    `${NPS}.networkPolicies.0.constraints.authentication.eap`,
    [{ type: 'peap', inner: [] }],
    at(
      'networkPolicies.np.constraints.authentication.eap[0].inner: is empty: PEAP carries at least one method',
    ),
  ],
  [
    `${NPS}.networkPolicies.0.constraints.authentication.eap`,
    [{ type: 'tls' }, { type: 'tls' }],
    at("networkPolicies.np.constraints.authentication.eap[1]: 'tls' is in the list already"),
  ],
  [
    `${NPS}.networkPolicies.0.attributes`,
    [{ name: 'Framed-MTX', value: 1344 }],
    at("networkPolicies.np.attributes.Framed-MTX: there is no RADIUS attribute 'Framed-MTX'"),
  ],
  [
    `${NPS}.networkPolicies.0.attributes`,
    [{ name: 'Framed-IP-Address', value: 'ten' }],
    at(
      "networkPolicies.np.attributes.Framed-IP-Address: 'ten' is not a value of Framed-IP-Address, which is address",
    ),
  ],
  [
    `${NPS}.networkPolicies.0.allowedCertificateOids`,
    ['1.2.x'],
    at("networkPolicies.np.allowedCertificateOids[0]: '1.2.x' is not an object identifier"),
  ],
  [
    `${NPS}.connectionRequestPolicies.0.provider`,
    { forwardTo: 'other' },
    at(
      "connectionRequestPolicies.crp.provider.forwardTo: there is no remote RADIUS server group 'other'; did you mean 'others'?",
    ),
  ],
  [
    `${NPS}.connectionRequestPolicies.0.accountingTo`,
    'x',
    at("connectionRequestPolicies.crp.accountingTo: there is no remote RADIUS server group 'x'"),
  ],
  [`${NPS}.eapTimeout`, seconds(-1), at('eapTimeout: must be longer than 0')],
])('%s as %j', ([path, value, told]) => {
  // The settings stand on three nodes, and some twice on each: all say the same.
  const said = complaints(path, value)
  expect(said.filter((line) => line.startsWith(told))).toHaveLength(1)
  const [, sentence] = told.split(/: (.*)/)
  expect(said.every((line) => line.includes(sentence!))).toBe(true)
})

test.for<[why: string, path: string, value: unknown]>([
  ['a range where the edition takes none', `${NPS}.allowsClientRanges`, false],
  ['an address that nobody has', `${NPS}.clients.0.address`, '192.0.2.99'],
  ['a client by a name', `${NPS}.clients.0.address`, 'vpn1.corp.contoso.com'],
  ['a certificate that is gone', `${NPS}.certificate`, 'gone'],
  ['no client', `${NPS}.clients`, []],
  ['no policy', `${NPS}.networkPolicies`, []],
  ['a policy that allows no method', `${NPS}.networkPolicies.0.constraints.authentication`, {}],
  [
    'a well-known group in other letters',
    `${NPS}.networkPolicies.0.conditions.userGroups`,
    ['domain users'],
  ],
  ['a policy that never matches', `${NPS}.networkPolicies.0.conditions.dayAndTime`, []],
  [
    'a value by its name',
    `${NPS}.networkPolicies.0.attributes`,
    [{ name: 'Framed-Protocol', value: 'PPP' }],
  ],
  [
    'a policy of Windows, disabled',
    `${NPS}.networkPolicies.0`,
    { name: 'Connections to other access servers', enabled: false, access: 'deny' },
  ],
])('%s builds', ([, path, value]) => {
  expect(complaints(path, value)).toEqual([])
})

test('a secret stands in no complaint', () => {
  const said = complaints(`${GATEWAY}.radius`, [{ server: 'x', secret: 'correct horse' }])
  expect(said.join('\n')).not.toContain('correct horse')
})
