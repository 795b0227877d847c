/** Each connection brings its own rules and suffixes, and takes them with it. */
import { expect, test } from 'vitest'
import { compileTopology } from '../../src/lab/compile.ts'
import { stubConfigOf } from '../../src/lab/stub-config.ts'
import { host, topology } from '../../src/topology/topology.ts'
import { decideByNrpt } from '../../src/windows/nrpt.ts'

const profile = (name: string, persistent: boolean): string => `<VPNProfile>
  <DnsSuffix>${name}.example,corp.example</DnsSuffix>
  <NativeProfile>
    <Servers>vpn.example</Servers>
    <NativeProtocolType>IKEv2</NativeProtocolType>
  </NativeProfile>
  <DomainNameInformation>
    <DomainName>.${name}.example</DomainName>
    <DnsServers>10.0.0.6</DnsServers>
    <Persistent>${persistent}</Persistent>
  </DomainNameInformation>
</VPNProfile>`

const compiled = compileTopology(
  topology({
    name: 'two tunnels',
    start: '2026-01-01T00:00:00Z',
    networks: { lan: '192.0.2.0/24' },
    nodes: {
      laptop: host<'lan'>(
        { lan: '192.0.2.2' },
        {
          os: 'windows-11',
          profiles: {
            user: {
              path: 'profiles/User Tunnel.xml',
              text: profile('user', false),
              encoding: 'utf-8',
            },
            device: { path: 'Device.xml', text: profile('device', true), encoding: 'utf-8' },
          },
        },
      ),
    },
  }),
)

function stub(...up: string[]) {
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join('; '))
  const { value } = compiled
  const config = stubConfigOf(
    'laptop',
    () => value,
    (connection) => up.includes(connection),
  )
  const sentByRule = (name: string): boolean => decideByNrpt(name, config.nrpt()).ask === 'rule'
  return {
    suffixes: config.profileSuffixes(),
    rules: ['a.user.example', 'a.device.example'].filter(sentByRule),
  }
}

test.each([
  ['nothing is up: what is persistent counts', [], [], ['a.device.example']],
  [
    'the user tunnel',
    ['User Tunnel'],
    ['user.example', 'corp.example'],
    ['a.user.example', 'a.device.example'],
  ],
  ['the device tunnel', ['Device'], ['device.example', 'corp.example'], ['a.device.example']],
  [
    'both',
    ['Device', 'User Tunnel'],
    ['user.example', 'corp.example', 'device.example', 'corp.example'],
    ['a.user.example', 'a.device.example'],
  ],
])('%s', (_, up, suffixes, rules) => {
  expect(stub(...up)).toEqual({ suffixes, rules })
})
