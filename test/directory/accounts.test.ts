/** The accounts of a domain: which there are, their names and SIDs, and the groups that nesting puts them in. */
import { describe, expect, test } from 'vitest'
import { after, days, instant, seconds } from '../../src/base/time.ts'
import { directoryOf } from '../../src/directory/accounts.ts'
import { accountOf, isMember, type Directory } from '../../src/directory/directory.ts'
import { compileTopology } from '../../src/lab/compile.ts'
import type { DirectorySpec } from '../../src/topology/directory.ts'
import { formatPath } from '../../src/topology/problems.ts'
import { host, topology, type Topology } from '../../src/topology/topology.ts'
import { validateTopology } from '../../src/topology/validate.ts'

const START = instant('2026-03-02T08:00:00Z')

const WITHOUT_DOMAIN = topology({
  name: 'site',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: '10.0.0.0/24' },
  authorities: { root: { subject: 'CN=Root', validFor: days(10) } },
  nodes: {
    pc: host({ lan: '10.0.0.2' }, { os: 'windows-11' }),
    gateway: host({ lan: '10.0.0.3' }, { os: 'windows-server-2022' }),
    printer: host({ lan: '10.0.0.4' }),
    web: host({ lan: '10.0.0.5' }, { os: 'linux' }),
  },
})

const site = (directory: DirectorySpec): Topology => ({ ...WITHOUT_DOMAIN, directory })

function directory(spec: Partial<DirectorySpec> = {}): Directory {
  const made = site({ domain: 'corp.contoso.com', ...spec })
  expect(validateTopology(made)).toEqual([])
  return directoryOf(made, START)!
}

const groupsOf = (of: Directory, kind: 'user' | 'computer', key: string) =>
  [...accountOf(of, kind, key)!.groups].sort()

test('every Windows node has a computer account, and nobody else', () => {
  const { accounts } = directory()
  expect(accounts.map(({ kind, name, dnsName }) => [kind, name, dnsName])).toEqual([
    ['computer', 'PC$', 'pc.corp.contoso.com'],
    ['computer', 'GATEWAY$', 'gateway.corp.contoso.com'],
  ])
})

test('a node may stay out of the domain, or say more of its account', () => {
  const { accounts } = directory({
    computers: {
      gateway: { joined: false },
      pc: { dnsName: 'pc.contoso.com', disabled: true, created: days(-3), expires: days(3) },
    },
  })
  expect(accounts).toMatchObject([
    {
      key: 'pc',
      dnsName: 'pc.contoso.com',
      isDisabled: true,
      created: after(START, days(-3)),
      expires: after(START, days(3)),
    },
  ])
})

test('a user has what Windows would enter, until something else is written', () => {
  const { netbios, accounts } = directory({
    users: { ada: {}, bob: { name: 'Bob, B.', upn: 'b@contoso.com', mail: 'b@contoso.com' } },
  })
  expect(netbios).toBe('CORP')
  const [ada, bob] = accounts
  expect(ada).toMatchObject({
    kind: 'user',
    name: 'ada',
    upn: 'ada@corp.contoso.com',
    distinguishedName: 'CN=ada, CN=Users, DC=corp, DC=contoso, DC=com',
    isDisabled: false,
    isLocked: false,
  })
  expect(ada).not.toHaveProperty('mail')
  expect(ada).not.toHaveProperty('expires')
  expect(bob).toMatchObject({
    upn: 'b@contoso.com',
    mail: 'b@contoso.com',
    distinguishedName: 'CN=Bob\\, B., CN=Users, DC=corp, DC=contoso, DC=com',
  })
})

describe('SIDs', () => {
  const sidOf = (of: Directory, key = 'ada') =>
    of.accounts.find((account) => account.key === key)!.sid

  test('have the form of a domain account and repeat', () => {
    const [one, again] = [directory({ users: { ada: {} } }), directory({ users: { ada: {} } })]
    expect(sidOf(one)).toMatch(/^S-1-5-21-\d+-\d+-\d+-\d{4,9}$/)
    expect(Number(sidOf(one).split('-').at(-1))).toBeGreaterThanOrEqual(1100)
    expect(sidOf(again)).toBe(sidOf(one))
  })

  test('of a thousand users are a thousand', () => {
    const users = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`user${i}`, {}]))
    const sids = directory({ users }).accounts.map(({ sid }) => sid)
    expect(new Set(sids).size).toBe(sids.length)
    expect(sids.length).toBeGreaterThanOrEqual(1000)
  })

  test('share the domain, do not move when others join, and differ between domains', () => {
    const one = directory({ users: { ada: {} } })
    const two = directory({ users: { zoe: {}, ada: {} } })
    const elsewhere = directory({ domain: 'fabrikam.com', users: { ada: {} } })
    const domainOf = (sid: string) => sid.replace(/-\d+$/, '')
    expect(sidOf(two)).toBe(sidOf(one))
    expect(domainOf(sidOf(two, 'zoe'))).toBe(domainOf(sidOf(two)))
    expect(domainOf(sidOf(elsewhere))).not.toBe(domainOf(sidOf(one)))
  })

  test('are taken from the topology where it gives one', () => {
    expect(sidOf(directory({ users: { ada: { sid: 'S-1-5-21-1-2-3-1105' } } }))).toBe(
      'S-1-5-21-1-2-3-1105',
    )
  })
})

describe('groups', () => {
  test('an account is in its own groups and in all that hold them', () => {
    const made = directory({
      users: { ada: {}, bob: {} },
      groups: { Everyone: ['VPN Users'], 'VPN Users': ['Sales'], Sales: ['ada'], Other: ['bob'] },
    })
    expect(groupsOf(made, 'user', 'ada')).toEqual([
      'authenticated users',
      'domain users',
      'everyone',
      'sales',
      'vpn users',
    ])
    expect(groupsOf(made, 'user', 'bob')).toEqual(['authenticated users', 'domain users', 'other'])
    expect(isMember(accountOf(made, 'user', 'ada')!, 'vpn USERS')).toBe(true)
    expect(isMember(accountOf(made, 'user', 'bob')!, 'VPN Users')).toBe(false)
  })

  test('groups that hold each other do no harm', () => {
    const made = directory({ users: { ada: {} }, groups: { A: ['B'], B: ['C', 'ada'], C: ['A'] } })
    expect(groupsOf(made, 'user', 'ada')).toEqual([
      'a',
      'authenticated users',
      'b',
      'c',
      'domain users',
    ])
  })

  test('a well-known group may be a member, and reaches only its own kind', () => {
    const made = directory({ users: { ada: {} }, groups: { Devices: ['Domain Computers'] } })
    expect(groupsOf(made, 'computer', 'pc')).toContain('devices')
    expect(groupsOf(made, 'user', 'ada')).not.toContain('devices')
  })
})

test('a compiled topology has its directory, the NTAuth certificates and when the KDC was updated', () => {
  const compiled = compileTopology(
    site({ domain: 'contoso.com', ntAuth: ['root'], kdc: { updatedUntil: '2025-01-14' } }),
  )
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  expect(compiled.value.ntAuth().map(({ subject }) => subject.text)).toEqual(['CN=Root'])
  expect(compiled.value.directory?.kdc).toEqual({ updatedUntil: instant('2025-01-14') })
  expect(compiled.value.directory?.autoenrolment).toEqual({ user: false, computer: false })
})

describe('what cannot be made is a problem with its place', () => {
  test.for<[DirectorySpec, place: string, message: string]>([
    [
      { domain: 'corp', ntAuth: ['rot'] },
      'directory.ntAuth[0]',
      "there is no authority 'rot'; did you mean 'root'?",
    ],
    [
      { domain: 'corp', users: { ada: {} }, groups: { Vpn: ['adda'] } },
      'directory.groups.Vpn[0]',
      "there is no user, computer or group 'adda'; did you mean 'ada'?",
    ],
    [
      { domain: 'corp', groups: { Vpn: ['printer'] } },
      'directory.groups.Vpn[0]',
      'printer is not a member of the domain',
    ],
    [
      { domain: 'corp', users: { pc: {} }, groups: { Vpn: ['pc'] } },
      'directory.groups.Vpn[0]',
      "'pc' is a user and a computer: give one of them another name",
    ],
    [
      { domain: 'corp', groups: { Vpn: [], VPN: [] } },
      'directory.groups.VPN',
      "'Vpn' is the same name: letter case does not count",
    ],
    [
      { domain: 'corp', computers: { gatway: {} } },
      'directory.computers.gatway',
      "there is no node 'gatway'; did you mean 'gateway'?",
    ],
    [
      { domain: 'corp', computers: { web: { joined: true } } },
      'directory.computers.web.joined',
      'web does not run Windows: give it an os such as windows-11',
    ],
    [
      { domain: 'corp', users: { ada: { sid: 'S-1-5-9' }, bob: { sid: 'S-1-5-9' } } },
      'directory.users.bob',
      'has the SID of ada, S-1-5-9: give one of them a sid of its own',
    ],
    [
      { domain: 'corp', users: { ada: { sid: 'ada' } } },
      'directory.users.ada.sid',
      "'ada' is not a SID such as S-1-5-21-397955417-62688126-188441444-1105",
    ],
    [
      { domain: 'corp', users: { ada: { mail: 'ada' } } },
      'directory.users.ada.mail',
      "'ada' is not an address such as ada@contoso.com",
    ],
    [
      { domain: 'corp', users: { 'ada lovelace': {} } },
      'directory.users.ada lovelace',
      "'ada lovelace' is not a logon name: at most 20 characters, without blanks and \"/\\[]:;|=,+*?<>@",
    ],
    [
      { domain: 'corp', kdc: { updatedUntil: 'February' } },
      'directory.kdc.updatedUntil',
      "'February' is not a date such as 2025-02-11",
    ],
    [
      { domain: 'corp', kdc: { certificateBackdatingCompensation: seconds(-1) } },
      'directory.kdc.certificateBackdatingCompensation',
      'is negative: a span is 0 or more',
    ],
    [
      { domain: 'corp..com' },
      'directory.domain',
      "'corp..com' is not a domain name: a label is empty",
    ],
    [
      { domain: 'corp', netbios: 'corp' },
      'directory.netbios',
      "'corp' is not a NetBIOS name: at most 15 capital letters, digits and hyphens",
    ],
  ])('%o', ([spec, place, message]) => {
    const made = site(spec)
    expect(
      validateTopology(made).map((problem) => [formatPath(made, problem.path), problem.message]),
    ).toEqual([[place, message]])
  })

  test('a user who signs in on a node must exist', () => {
    const made = site({ domain: 'corp', users: { ada: {} } })
    const { pc, ...others } = made.nodes
    const wrong = {
      ...made,
      nodes: { ...others, pc: { ...pc!, users: ['aad'] } } as Topology['nodes'],
    }
    expect(validateTopology(wrong).map(({ message }) => message)).toEqual([
      "there is no user 'aad'; did you mean 'ada'?",
    ])
  })

  test('the compiler knows nodes, users and groups by name', () => {
    const base = {
      name: 'typed',
      start: '2026-03-02',
      networks: { lan: '10.0.0.0/24' },
      nodes: { pc: host({ lan: '10.0.0.2' }, { os: 'windows-11' }) },
    } as const
    topology({
      ...base,
      directory: {
        domain: 'corp',
        users: { ada: {} },
        computers: { pc: {} },
        groups: { A: ['ada', 'pc', 'B', 'Domain Users'], B: [] },
      },
    })
    const users = { ada: {} }
    // @ts-expect-error -- no such user, node or group
    topology({ ...base, directory: { domain: 'corp', users, groups: { A: ['adda'] } } })
    // @ts-expect-error -- no such node
    topology({ ...base, directory: { domain: 'corp', computers: { pd: {} } } })
  })
})

describe('what is said of dial-in, passwords and hours', () => {
  const complaints = (spec: Partial<DirectorySpec>) => {
    const made = site({ domain: 'corp.contoso.com', ...spec })
    return validateTopology(made).map(
      ({ path, message }) => `${formatPath(made, path)}: ${message}`,
    )
  }

  test.for<[Partial<DirectorySpec>, string]>([
    [{ users: { ada: { framedIpAddress: '10.0.0.300' } } }, 'ada.framedIpAddress'],
    [{ computers: { pc: { framedIpAddress: 'pool' } } }, 'pc.framedIpAddress'],
    [{ users: { ada: { callerId: ' ' } } }, 'ada.callerId'],
    [{ users: { ada: { logonHours: [{ from: '8:00' }] } } }, 'ada.logonHours[0].from'],
    [{ users: { ada: { logonHours: [{ to: '24:30' }] } } }, 'ada.logonHours[0].to'],
    [{ users: { ada: { logonHours: [{}, { from: '22:00', to: '06:00' }] } } }, 'no span of a day'],
    [{ passwordPolicy: { maximumAge: days(-1) } }, 'passwordPolicy.maximumAge'],
    [{ passwordPolicy: { minimumLength: 129 } }, 'passwordPolicy.minimumLength'],
    [{ passwordPolicy: { lockoutThreshold: 0.5 } }, 'passwordPolicy.lockoutThreshold'],
    [{ trustedDomains: ['fabrikam.com', 'Corp.contoso.com'] }, 'trustedDomains[1]'],
    [{ trustedDomains: ['fabrikam..com'] }, 'trustedDomains[0]'],
  ])('%j is refused', ([spec, told]) => {
    expect(complaints(spec)).toEqual([expect.stringContaining(told)])
  })

  test('what Windows would take is taken', () => {
    const ada = {
      framedIpAddress: '172.16.30.40',
      callerId: '+44 20 7946 0000',
      logonHours: [{ days: ['Mo' as const], from: '08:00', to: '18:00' }, {}],
    }
    const passwordPolicy = { maximumAge: days(0), minimumLength: 0, lockoutThreshold: 999 }
    expect(
      complaints({ users: { ada }, passwordPolicy, trustedDomains: ['fabrikam.com'] }),
    ).toEqual([])
  })
})
