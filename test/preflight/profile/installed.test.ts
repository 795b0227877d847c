/** Profiles held against a topology: those that it installs, and one that it could. */
import { describe, expect, test } from 'vitest'
import { installedProfiles, lintForTopology } from '../../../src/preflight/profile/installed.ts'
import { compose, withoutRecord, withProfileText } from '../../../src/topology/edit.ts'
import { withGatewayIpsec, withVpnClient } from '../../../src/topology/edit-gateway.ts'
import type { IpsecPolicySpec } from '../../../src/topology/ipsec.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { contoso } from '../../../topologies/contoso/topology.ts'
import { add } from './cases.ts'
import { changed, DEVICE, ROOT, USER } from './profiles.ts'

const POLICY: IpsecPolicySpec = {
  authenticationTransformConstants: 'GCMAES128',
  cipherTransformConstants: 'GCMAES128',
  pfsGroup: 'ECP256',
  dhGroup: 'Group14',
  integrityCheckMethod: 'SHA256',
  encryptionMethod: 'GCMAES128',
}
const withPolicy = withGatewayIpsec('gateway', POLICY)

const told = (topology: Topology, text: string): readonly string[] => {
  const linted = lintForTopology({ path: 'profile.xml', text, encoding: 'utf-8' }, topology)
  if (!linted.ok) throw new Error(JSON.stringify(linted.error))
  return linted.value.map(({ severity, rule, message }) => `${severity} ${rule} ${message}`)
}

describe('what a topology installs', () => {
  test('Contoso, where several clients have one file: only, and once each, that Intune would find other words than it sent', () => {
    const rules = installedProfiles(contoso).map(({ rule }) => rule)
    expect(rules).toEqual(['L24', 'L24', 'PX-05'])
  })

  test('a gateway with a policy of its own, and no suite in the profile: 13868', () => {
    const [first] = installedProfiles(withPolicy.apply(contoso))
    expect(first).toMatchObject({
      rule: 'L37',
      severity: 'error',
      message: expect.stringContaining('13868') as string,
      at: { file: 'topologies/contoso/user-tunnel.xml', line: 7, column: 3 },
    })
  })

  test('the networks that a client comes to are those that a route must not overlap', () => {
    const edited = withProfileText('laptop', (text) => text.replace('10.10.0.0', '192.168.0.0'))
    const findings = installedProfiles(edited.apply(contoso))
    expect(findings.filter(({ rule }) => rule === 'L49')).toEqual([
      expect.objectContaining({
        severity: 'warning',
        message: expect.stringContaining('homeLan (192.168.1.0/24)') as string,
      }),
    ])
  })
})

describe('a profile that is not installed', () => {
  test('fits', () => {
    expect(told(withPolicy.apply(contoso), USER)).toEqual([])
  })

  test.for<[what: string, topology: Topology, text: string, says: readonly RegExp[]]>([
    [
      'the name of the server is unknown outside',
      withoutRecord('contosoPublic', 'vpn', 'A').apply(withPolicy.apply(contoso)),
      USER,
      [/^error L25 public DNS has no address for vpn.contoso.com: clients see 868/],
    ],
    [
      'no public zone has the name',
      withPolicy.apply(contoso),
      changed(USER, [['vpn.contoso.com;vpn.contoso.com', 'vpn.fabrikam.org;vpn.fabrikam.org']]),
      [/^error L25 .* vpn.fabrikam.org/],
    ],
    [
      'a DNS server that is not there',
      withPolicy.apply(contoso),
      changed(USER, [['10.10.0.6', '10.10.0.66']]),
      [/^error L13 10.10.0.66 is no DNS server/],
    ],
    [
      'a root that is not there',
      withPolicy.apply(contoso),
      changed(USER, [[ROOT, `ff${ROOT.slice(2)}`]]),
      [/^error L43 TrustedRootCA ff3c.* no authority/],
    ],
    [
      'the gateway inside a route',
      withPolicy.apply(contoso),
      changed(USER, [
        add('<Route><Address>203.0.113.0</Address><PrefixSize>24</PrefixSize></Route>', '<Domain'),
      ]),
      [/^error L50 route 203.0.113.0\/24 has 203.0.113.10, the gateway itself/],
    ],
    [
      'the gateway takes what Windows takes by itself',
      contoso,
      USER,
      [/^error L37 the gateway has/],
    ],
    [
      'the class-based route of the pool leads elsewhere',
      withPolicy.apply(contoso),
      changed(USER, [
        ['<DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>', ''],
        ['10.10.0.0', '10.20.0.0'],
      ]),
      [/^error L13 no route leads to DNS server 10.10.0.6, nor/],
    ],
    [
      'conditional access, and NPS as it was installed',
      withPolicy.apply(contoso),
      changed(USER, [
        [
          '<NativeProfile>',
          '<DeviceCompliance><Enabled>true</Enabled></DeviceCompliance><NativeProfile>',
        ],
      ]),
      [/^error L10 .*NPS wants a revocation list/, /^error L10 .*no EAP-TLS filter/],
    ],
    [
      'a device tunnel beside the user tunnel, both of which register',
      withPolicy.apply(contoso),
      changed(DEVICE, [
        [
          '    <DisableClass',
          `<CryptographySuite><AuthenticationTransformConstants>GCMAES128</AuthenticationTransformConstants>
          <CipherTransformConstants>GCMAES128</CipherTransformConstants><PfsGroup>ECP384</PfsGroup><DHGroup>Group14</DHGroup>
          <IntegrityCheckMethod>SHA256</IntegrityCheckMethod><EncryptionMethod>AES_GCM_128</EncryptionMethod></CryptographySuite>
              <DisableClass`,
        ],
      ]),
      [/^warning L37 PfsGroup is ECP384/, /^warning L07 RegisterDNS here and in .*user-tunnel/],
    ],
  ])('%s', ([, topology, text, says]) => {
    const found = told(topology, text)
    expect(found).toEqual(says.map((say) => expect.stringMatching(say) as string))
  })

  test('a client that was given the policy by PowerShell', () => {
    const without = changed(DEVICE, [])
    expect(told(withPolicy.apply(contoso), without)).toContainEqual(
      expect.stringMatching(/^error L37/),
    )
    const given = compose(withPolicy, withVpnClient('laptop', { ipsec: POLICY })).apply(contoso)
    const text = changed(USER, [
      [/<CryptographySuite>[\s\S]*<\/CryptographySuite>/.exec(USER)![0], ''],
    ])
    expect(told(given, text).filter((line) => line.includes('L37'))).toHaveLength(1)
  })
})
