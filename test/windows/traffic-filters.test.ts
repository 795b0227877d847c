/** Which flows the filters of a profile have: each field, all fields of one filter, one of several filters, and the program's own way. */
import { expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { readProfile } from '../../src/windows/profile-xml.ts'
import {
  filterOf,
  forcedBy,
  programBehind,
  type TrafficFlow,
} from '../../src/windows/traffic-filters.ts'

const APP = String.raw`C:\Program Files\App\app.exe`

function filtersOf(...filters: readonly string[]) {
  const inner = filters.map((filter) => `<TrafficFilter>${filter}</TrafficFilter>`).join('')
  const read = readProfile({
    path: 'p.xml',
    encoding: 'utf-8',
    text: `<VPNProfile>${inner}</VPNProfile>`,
  })
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value.trafficFilters
}

const HTTPS: TrafficFlow = {
  program: undefined,
  protocol: 6,
  local: ipv4('172.16.20.130'),
  localPort: 50_000,
  remote: ipv4('10.10.0.20'),
  remotePort: 443,
}

test.for<[filter: string, flow: Partial<TrafficFlow>, has: boolean]>([
  ['<Protocol>6</Protocol>', {}, true],
  ['<Protocol>17</Protocol>', {}, false],
  ['<Protocol>6</Protocol><RemotePortRanges>80,400-443</RemotePortRanges>', {}, true],
  ['<Protocol>6</Protocol><RemotePortRanges>80,400-442</RemotePortRanges>', {}, false],
  ['<Protocol>6</Protocol><LocalPortRanges>50000</LocalPortRanges>', {}, true],
  ['<Protocol>6</Protocol><LocalPortRanges>443</LocalPortRanges>', {}, false],
  ['<RemoteAddressRanges>10.10.0.0/27</RemoteAddressRanges>', {}, true],
  ['<RemoteAddressRanges>10.10.0.21-10.10.0.30,10.10.0.20</RemoteAddressRanges>', {}, true],
  ['<RemoteAddressRanges>10.10.1.0/24</RemoteAddressRanges>', {}, false],
  ['<RemoteAddressRanges>2001:db8::/32</RemoteAddressRanges>', {}, false],
  ['<LocalAddressRanges>172.16.20.130</LocalAddressRanges>', {}, true],
  ['<LocalAddressRanges>172.16.20.131</LocalAddressRanges>', {}, false],
  ['<Claims>anything</Claims>', {}, true],
  [`<App><Id>${APP}</Id></App>`, {}, false],
  [`<App><Id>${APP}</Id></App>`, { program: APP.toUpperCase() }, true],
  ['<App><Id>SYSTEM</Id></App>', { program: 'SYSTEM' }, true],
  [`<App><Id>${APP}</Id></App><Protocol>17</Protocol>`, { program: APP }, false],
  ['<RemotePortRanges>443</RemotePortRanges><Protocol>6</Protocol>', { protocol: 1 }, false],
  ['<Direction>Outbound</Direction>', {}, true],
  ['<Direction>Inbound</Direction>', {}, false],
])('%s', ([filter, flow, has]) => {
  expect(filterOf(filtersOf(filter), { ...HTTPS, ...flow }, 'Outbound')).toBe(has ? 0 : undefined)
})

test('a flow without ports is in no range of them', () => {
  const { localPort: _local, remotePort: _remote, ...ping } = { ...HTTPS, protocol: 1 }
  expect(filterOf(filtersOf('<Protocol>1</Protocol>'), ping, 'Outbound')).toBe(0)
  const withPorts = filtersOf('<Protocol>1</Protocol><RemotePortRanges>0-65535</RemotePortRanges>')
  expect(filterOf(withPorts, ping, 'Outbound')).toBe(undefined)
})

test('of several filters any one will do, and each has one direction', () => {
  const filters = filtersOf('<Protocol>17</Protocol>', '<Direction>Inbound</Direction>', '')
  expect(filterOf(filters, HTTPS, 'Outbound')).toBe(2)
  expect(filterOf(filters, HTTPS, 'Inbound')).toBe(1)
})

test('only a program is forced into the tunnel', () => {
  const forced = '<RoutingPolicyType>ForceTunnel</RoutingPolicyType>'
  const filters = filtersOf(forced, `<App><Id>${APP}</Id></App>${forced}`)
  expect(forcedBy(filters, HTTPS)).toBe(undefined)
  expect(forcedBy(filters, { ...HTTPS, program: APP })).toBe(1)
  const split = filtersOf(
    `<App><Id>${APP}</Id></App><RoutingPolicyType>SplitTunnel</RoutingPolicyType>`,
  )
  expect(forcedBy(split, { ...HTTPS, program: APP })).toBe(undefined)
})

test('services and drivers send without a program', () => {
  expect(programBehind({ ...HTTPS, protocol: 17, remotePort: 53 })).toMatch(/svchost\.exe$/)
  expect(programBehind({ ...HTTPS, remotePort: 445 })).toBe('SYSTEM')
  expect(programBehind({ protocol: 1, local: HTTPS.local, remote: HTTPS.remote })).toBe('SYSTEM')
  expect(programBehind(HTTPS)).toBe(undefined)
})
