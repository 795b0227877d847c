/** Whether Windows dials by itself, and the one reason why not. */
import { describe, expect, test } from 'vitest'
import { ASSUMPTIONS, type Assumptions } from '../../src/windows/assumptions.ts'
import { readProfile } from '../../src/windows/profile-xml.ts'
import { activeProfile } from '../../src/windows/active-profile.ts'
import { decideTrigger, endsInside, type TriggerQuestion } from '../../src/windows/triggers.ts'

function profile(rest: string) {
  const text = `<VPNProfile>${rest}</VPNProfile>`
  const read = readProfile({ path: 'p.xml', text, encoding: 'utf-8' })
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}
const TND = '<TrustedNetworkDetection>corp.contoso.com,Contoso</TrustedNetworkDetection>'
const ALWAYS = '<AlwaysOn>true</AlwaysOn>'
const user = profile(ALWAYS + TND)
const device = profile(`${ALWAYS}<DeviceTunnel>true</DeviceTunnel>${TND}`)
const rule = (name: string, rest: string): string =>
  `<DomainNameInformation><DomainName>${name}</DomainName>${rest}</DomainNameInformation>`
const SERVERS = '<DnsServers>10.10.0.6</DnsServers>'
const app = (id: string): string => `<AppTrigger><App><Id>${id}</Id></App></AppTrigger>`
const NOTEPAD = 'C:\\Windows\\System32\\notepad.exe'
const PHOTOS = 'Microsoft.Windows.Photos_8wekyb3d8bbwe'
const byApp = profile(app(NOTEPAD) + app(PHOTOS) + TND)
const byName = profile(
  rule('.corp.contoso.com', `${SERVERS}<AutoTrigger>true</AutoTrigger>`) +
    rule('vpn.corp.contoso.com', '<AutoTrigger>true</AutoTrigger>') +
    rule('.lab.contoso.com', SERVERS) +
    rule('host.lab.contoso.com', `${SERVERS}<AutoTrigger>true</AutoTrigger>`),
)
const byLabel = profile(rule('hrweb', `${SERVERS}<AutoTrigger>true</AutoTrigger>`))
const byAll = profile(rule('.', `${SERVERS}<AutoTrigger>true</AutoTrigger>`))

const AT_HOME: TriggerQuestion = {
  profile: user,
  profileName: 'Contoso',
  event: { kind: 'sign-in' },
  networks: [{ suffix: 'home.arpa', category: 'private' }],
  isSignedIn: true,
  isDomainMember: true,
}
const office = { suffix: 'CORP.contoso.com', category: 'domain' } as const
const name = (asked: string) => ({ kind: 'name', name: asked }) as const

test.for<[what: string, change: Partial<TriggerQuestion>, why?: string, restsOn?: string]>([
  ['a user signs in at home', {}],
  ['the network changes', { event: { kind: 'network-change' } }],
  ['the profile is not Always On', { profile: profile(TND) }, 'not-always-on'],
  ['it is connected', { isConnected: true }, 'already-connected'],
  ['there is no network', { networks: [] }, 'no-network'],
  ['nobody has signed in', { isSignedIn: false }, 'nobody-signed-in'],
  ['another profile is active', { isActive: false }, 'not-the-active-profile'],
  [
    'it was disconnected by hand',
    { client: { disabledProfiles: ['contoso'] } },
    'disabled-by-user',
  ],
  ['another one was', { client: { disabledProfiles: ['Other'] } }],
  ['the office, by suffix', { networks: [office] }, 'inside-a-trusted-network'],
  [
    'the office, by the name of the network',
    { networks: [{ name: 'contoso', category: 'private' }] },
    'inside-a-trusted-network',
  ],
  [
    'one of two networks is the office',
    { networks: [...AT_HOME.networks, office] },
    'inside-a-trusted-network',
  ],
  ['no list of trusted networks: also inside', { profile: profile(ALWAYS), networks: [office] }],
  [
    'a child of the suffix is another suffix',
    { networks: [{ ...office, suffix: 'a.corp.contoso.com' }] },
  ],
  ['a device tunnel needs nobody', { profile: device, isSignedIn: false, event: { kind: 'boot' } }],
  ['a device tunnel is not the one active profile', { profile: device, isActive: false }],
  [
    'a device tunnel on Pro',
    { profile: device, client: { edition: 'pro' } },
    'edition',
    'deviceTunnelOnPro',
  ],
  ['a device tunnel on Education', { profile: device, client: { edition: 'education' } }],
  [
    'a device tunnel is Always On by itself',
    { profile: profile('<DeviceTunnel>true</DeviceTunnel>') },
  ],
  ['so is a LockDown profile', { profile: profile('<LockDown>true</LockDown>') }],
  ['beside a LockDown profile', { lockDownProfile: 'Locked' }, 'locked-down'],
  ['the LockDown profile itself', { lockDownProfile: 'CONTOSO' }],
  [
    'Connect beside a LockDown profile',
    { lockDownProfile: 'Locked', event: { kind: 'manual' } },
    'locked-down',
  ],
  ['AppData is redirected', { redirectsAppData: true }, 'appdata-redirected'],
  ['AppData is redirected, a device tunnel', { profile: device, redirectsAppData: true }],
  ['Connect, AppData is redirected', { redirectsAppData: true, event: { kind: 'manual' } }],
  ['the screen goes on', { event: { kind: 'screen-on' } }],
  ['the computer starts', { event: { kind: 'boot' } }, 'nobody-signed-in'],
  [
    'the network changes before anybody signs in',
    { event: { kind: 'network-change' }, isSignedIn: false },
    'nobody-signed-in',
  ],
  ['a user tunnel on Pro', { client: { edition: 'pro' } }],
  [
    'a device tunnel in a workgroup',
    { profile: device, isDomainMember: false },
    'no-domain-member',
  ],
  ['a device tunnel inside', { profile: device, networks: [office] }, 'inside-a-trusted-network'],
  ['a name that triggers', { profile: byName, event: name('app.corp.contoso.com') }],
  [
    'a name without AutoTrigger',
    { profile: byName, event: name('a.lab.contoso.com') },
    'name-does-not-trigger',
  ],
  [
    'a name whose rule is an exemption',
    { profile: byName, event: name('vpn.corp.contoso.com') },
    'name-does-not-trigger',
  ],
  [
    'a name of somebody else',
    { profile: byName, event: name('example.com') },
    'name-does-not-trigger',
  ],
  [
    'a name that triggers, inside',
    {
      profile: { ...byName, trustedNetworks: user.trustedNetworks },
      event: name('app.corp.contoso.com'),
      networks: [office],
    },
    'inside-a-trusted-network',
  ],
  [
    'a name that triggers, by hand off',
    {
      profile: byName,
      event: name('app.corp.contoso.com'),
      client: { disabledProfiles: ['Contoso'] },
    },
    'disabled-by-user',
  ],
  [
    'a name that triggers another’s profile',
    { profile: byName, event: name('app.corp.contoso.com'), isActive: false },
    'not-the-active-profile',
  ],
  ['the apex of a suffix', { profile: byName, event: name('corp.contoso.com') }],
  ['one name of a suffix that does not', { profile: byName, event: name('host.lab.contoso.com') }],
  ['any name of one label, by a suffix', { profile: byName, event: name('hrweb') }],
  ['a rule of one label', { profile: byLabel, event: name('HRweb') }],
  ['another label', { profile: byLabel, event: name('intranet') }, 'name-does-not-trigger'],
  ['every name', { profile: byAll, event: name('example.com') }],
  [
    'an Always On profile without rules',
    { event: name('app.corp.contoso.com') },
    'name-does-not-trigger',
  ],
  ['a profile with names alone signs nobody in', { profile: byName }, 'not-always-on'],
  ['a program by its path', { profile: byApp, event: { kind: 'app', id: NOTEPAD.toLowerCase() } }],
  ['a program by its package', { profile: byApp, event: { kind: 'app', id: PHOTOS } }],
  [
    'another program',
    { profile: byApp, event: { kind: 'app', id: 'C:\\x.exe' } },
    'app-does-not-trigger',
  ],
  [
    'a program, inside',
    { profile: byApp, event: { kind: 'app', id: PHOTOS }, networks: [office] },
    'inside-a-trusted-network',
  ],
  ['Connect is clicked inside', { event: { kind: 'manual' }, networks: [office] }],
  [
    'Connect is clicked on a device tunnel of Pro',
    { profile: device, client: { edition: 'pro' }, event: { kind: 'manual' } },
  ],
  [
    'Connect is clicked without a network',
    { event: { kind: 'manual' }, networks: [] },
    'no-network',
  ],
])('%s', ([, change, why, restsOn]) => {
  const decision = decideTrigger({ ...AT_HOME, ...change })
  expect(decision.why).toBe(why)
  expect(decision.dials).toBe(why === undefined)
  expect(decision.steps).not.toEqual([])
  expect(decision.restsOn).toEqual(restsOn === undefined ? [] : [restsOn])
})

test('a public network with the right suffix rests on an assumption', () => {
  const guest = { ...AT_HOME, networks: [{ ...office, category: 'public' as const }] }
  expect(decideTrigger(guest)).toEqual({
    dials: true,
    steps: [
      'outside: CORP.contoso.com is a trusted name, but the network is public',
      'Contoso is dialled',
    ],
    restsOn: ['trustedNetworkCategory'],
  })
  const any = { ...ASSUMPTIONS, trustedNetworkCategory: 'any' } as const
  expect(decideTrigger(guest, any)).toMatchObject({
    dials: false,
    why: 'inside-a-trusted-network',
    restsOn: ['trustedNetworkCategory'],
  })
})

test('Pro dials device tunnels where that is assumed', () => {
  const pro = { ...AT_HOME, profile: device, client: { edition: 'pro' as const } }
  expect(decideTrigger(pro, { ...ASSUMPTIONS, deviceTunnelOnPro: 'dialled' })).toMatchObject({
    dials: true,
    restsOn: ['deviceTunnelOnPro'],
  })
})

test('a rule whose servers are blank rests on what the table of name rules assumes', () => {
  const blank = profile(rule('.x.org', '<DnsServers></DnsServers><AutoTrigger>true</AutoTrigger>'))
  expect(decideTrigger({ ...AT_HOME, profile: blank, event: name('a.x.org') })).toMatchObject({
    why: 'name-does-not-trigger',
    restsOn: ['blankServers'],
  })
})

describe('a tunnel that stands', () => {
  test('stays up when its computer comes inside, as far as anybody says', () => {
    expect(endsInside({ ...AT_HOME, networks: [office] })).toEqual({
      ends: false,
      steps: ['inside: CORP.contoso.com is a trusted network (domain)'],
      restsOn: ['tunnelOnTrustedNetwork'],
    })
    const assume: Assumptions = { ...ASSUMPTIONS, tunnelOnTrustedNetwork: 'ended' }
    expect(endsInside({ ...AT_HOME, networks: [office] }, assume).ends).toBe(true)
    expect(endsInside(AT_HOME, assume)).toMatchObject({ ends: false, restsOn: [] })
  })
})

describe('the active profile', () => {
  const one = { name: 'One', profile: user }
  const two = { name: 'Two', profile: byName }
  const manual = { name: 'Manual', profile: profile('') }
  const machine = { name: 'Device', profile: device }
  const inactive = {
    name: 'Inactive',
    profile: profile(`${ALWAYS}<AlwaysOnActive>0</AlwaysOnActive>`),
  }

  test.for<[what: string, active: string | undefined, expected: string | undefined]>([
    ['the first that can be triggered', activeProfile([manual, machine, two, one]), 'Two'],
    ['a program is enough', activeProfile([{ name: 'App', profile: byApp }, one]), 'App'],
    ['the one that the user ticked', activeProfile([one, two], 'two'), 'Two'],
    ['a profile that is gone cannot be ticked', activeProfile([one, two], 'Gone'), 'One'],
    ['AlwaysOnActive is 0', activeProfile([inactive, one]), 'One'],
    [
      'AlwaysOnActive is 0, and it was ticked',
      activeProfile([inactive, one], 'Inactive'),
      'Inactive',
    ],
    ['nothing triggers', activeProfile([manual, machine]), undefined],
  ])('%s', ([, active, expected]) => {
    expect(active).toBe(expected)
  })
})
