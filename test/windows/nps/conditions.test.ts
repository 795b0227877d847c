/** Every condition: what it matches, and how it tells of what it does not. */
import { expect, test } from 'vitest'
import { instant } from '../../../src/base/time.ts'
import type { NpsConditions } from '../../../src/topology/nps.ts'
import { ASSUMPTIONS } from '../../../src/windows/assumptions.ts'
import { CONDITION_NAMES, mismatches } from '../../../src/windows/nps/conditions.ts'
import type { NpsRequest } from '../../../src/windows/nps/request.ts'
import { account, request } from './requests.ts'

const CASES: readonly [
  holds: NpsConditions,
  fails: NpsConditions,
  told: string,
  change?: Partial<NpsRequest>,
][] = [
  [
    { userGroups: ['VPN Users'] },
    { userGroups: ['Sales', 'Staff'] },
    'User Groups: Sales or Staff, not domain users, vpn users',
  ],
  [
    { windowsGroups: ['x', 'vpn USERS'] },
    { windowsGroups: ['Sales'] },
    'Windows Groups: Sales, not domain users, vpn users',
  ],
  [
    { machineGroups: ['VPN Devices'] },
    { machineGroups: ['VPN Users'] },
    'Machine Groups: VPN Users, not domain computers, vpn devices',
    {
      machine: account({ kind: 'computer', groups: new Set(['domain computers', 'vpn devices']) }),
    },
  ],
  [
    { dayAndTime: [{ days: ['Mo'], from: '08:00', to: '18:00' }] },
    { dayAndTime: [{ days: ['Sa', 'Su'] }, { from: '09:00' }] },
    'Day and time restrictions: Sa, Su 00:00-24:00 or every day 09:00-24:00, not Mo 08:00',
  ],
  [
    { userName: '@corp\\.contoso\\.com$' },
    { userName: '^corp' },
    'User Name: ^corp, not ada@corp.contoso.com',
  ],
  [{ nasIdentifier: 'vpn' }, { nasIdentifier: '^VPN2$' }, 'NAS Identifier: ^VPN2$, not VPN1'],
  [
    { nasIpv4Address: '^172\\.16\\.' },
    { nasIpv4Address: '^10\\.' },
    'NAS IPv4 Address: ^10\\., not 172.16.20.10',
  ],
  [
    { nasIpv6Address: '^fd' },
    { nasIpv6Address: '^fe' },
    'NAS IPv6 Address: ^fe, not fd00::1',
    { nasIpv6Address: 'fd00::1' },
  ],
  [
    { clientFriendlyName: 'VPN' },
    { clientFriendlyName: 'WLAN' },
    'Client Friendly Name: WLAN, not VPN1',
  ],
  [
    { clientIpv4Address: '20' },
    { clientIpv4Address: '30' },
    'Client IPv4 Address: 30, not 172.16.20.10',
  ],
  [
    { clientIpv6Address: '^fd00' },
    { clientIpv6Address: '^2001', clientIpv4Address: '^fd' },
    'Client IPv4 Address: ^fd, not absent; Client IPv6 Address: ^2001, not fd00::10',
    { client: { friendlyName: 'VPN1', address: 'fd00::10', vendor: 'standard' } },
  ],
  [
    { calledStationId: '^172' },
    { calledStationId: '^203' },
    'Called Station ID: ^203, not 172.16.10.10',
  ],
  [
    { callingStationId: '^198' },
    { callingStationId: '^192' },
    'Calling Station ID: ^192, not 198.51.100.2',
  ],
  [
    { clientVendor: 'standard' },
    { clientVendor: 'microsoft' },
    'Client Vendor: microsoft, not standard',
  ],
  [{ msRasVendor: '^311$' }, { msRasVendor: '^9$' }, 'MS-RAS Vendor ID: ^9$, not 311'],
  [{ nasPortType: [19, 5] }, { nasPortType: [19] }, 'NAS Port Type: 19, not 5'],
  [{ framedProtocol: [1] }, { framedProtocol: [2] }, 'Framed Protocol: 2, not 1'],
  [{ serviceType: [2] }, { serviceType: [1, 8] }, 'Service Type: 1 or 8, not 2'],
  [{ tunnelType: [79_618] }, { tunnelType: [1] }, 'Tunnel Type: 1, not 79618'],
  [
    { authenticationType: ['eap'] },
    { authenticationType: ['pap', 'chap'] },
    'Authentication Type: pap or chap, not eap',
  ],
  [
    { allowedEapTypes: ['peap'] },
    { allowedEapTypes: ['tls'] },
    'Allowed EAP Types: tls, not peap',
    { eapType: 'peap' },
  ],
  [
    { locationGroups: ['here'] },
    { locationGroups: ['there'] },
    'Location Groups: there, not here',
    { locationGroups: ['here'] },
  ],
]

const told = (conditions: NpsConditions, asked: NpsRequest): string =>
  mismatches(conditions, asked, ASSUMPTIONS)
    .map(({ name, expected, got }) => `${name}: ${expected}, not ${got}`)
    .join('; ')

test.each(CASES)('%j holds, %j does not: %s', (holds, fails, why, change) => {
  expect(told(holds, request(change))).toBe('')
  expect(told(fails, request(change))).toBe(why)
})

test('each condition there is was tried', () => {
  const tried = new Set(CASES.flatMap(([holds]) => Object.keys(holds)))
  expect([...tried].toSorted()).toEqual(Object.keys(CONDITION_NAMES).toSorted())
})

/** What a request cannot do without. */
const ALWAYS = /^(client|dayAndTime|authenticationType)/
const OPTIONAL = CASES.filter(([holds]) => !Object.keys(holds).some((key) => ALWAYS.test(key)))

test.each(OPTIONAL)('where the request says nothing, %j does not hold', (conditions) => {
  const { at, client, authenticationType } = request()
  expect(told(conditions, { at, client, authenticationType })).toMatch(/not (absent|no account)$/)
})

test('all conditions must hold, and all that do not are told', () => {
  expect(told({ nasPortType: [19], userGroups: ['VPN Users'], serviceType: [1] }, request())).toBe(
    'NAS Port Type: 19, not 5; Service Type: 1, not 2',
  )
})

test('a computer that signs in counts among machines, not among users', () => {
  const computer = account({ kind: 'computer', groups: new Set(['vpn devices']) })
  const asked = request({ account: computer })
  expect(told({ machineGroups: ['VPN Devices'], windowsGroups: ['VPN Devices'] }, asked)).toBe('')
  expect(told({ userGroups: ['VPN Devices'] }, asked)).toContain('User Groups')
})

test('letter case in patterns counts where the assumption says so', () => {
  const asked = request()
  expect(mismatches({ nasIdentifier: 'vpn1' }, asked, { npsPatternCase: 'ignored' })).toEqual([])
  expect(mismatches({ nasIdentifier: 'vpn1' }, asked, { npsPatternCase: 'counts' })).toHaveLength(1)
})

test('hours end before their last minute', () => {
  const hours = { dayAndTime: [{ from: '08:00', to: '18:00' }] }
  const on = (time: string) => told(hours, request({ at: instant(`2026-03-03T${time}Z`) }))
  expect(on('07:59:59')).not.toBe('')
  expect(on('08:00:00')).toBe('')
  expect(on('17:59:59')).toBe('')
  expect(on('18:00:00')).not.toBe('')
})
