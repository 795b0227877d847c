/** A member asks its domain over a network: what it learns, over which connections, and what each blocked port leads to. */
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { after, days, minutes, seconds } from '../../src/base/time.ts'
import type { MsChapV2Result, PasswordResult } from '../../src/directory/logon.ts'
import type { DirectoryClient, MappingResult } from '../../src/node/directory-client.ts'
import { START } from '../net/network.ts'
import { msChapV2, pap, passwordChange } from '../directory/people.ts'
import { held, pkiOf } from '../pki/contoso.ts'
import { DC2, directoryWith, RECORDS, Site } from './directory-site.ts'

const reasonOf = (result: { ok: true } | { ok: false; reason: number }): number =>
  result.ok ? 0 : result.reason

const logon = (site: Site, user: string, password?: string): PasswordResult =>
  site.ask<PasswordResult>((client, done) => client.logon(pap(user, password), done))

const { certificate } = held(
  pkiOf({
    certificates: [
      {
        name: 'ike',
        issuer: 'issuing',
        subject: 'CN=Ada Lovelace',
        upn: ['ada@contoso.com'],
        eku: ['clientAuth'],
        validFor: days(365),
      },
    ],
  }),
)
const map = (site: Site): MappingResult =>
  site.ask<MappingResult>((client: DirectoryClient, done) =>
    client.mapCertificate(certificate, done),
  )

describe('an account is read', () => {
  test('with its groups, nested ones included, its flags and its dial-in page', () => {
    const result = new Site().lookup('CORP\\ada')
    if (!result.ok) throw new Error(result.detail)
    expect(result.account).toEqual({
      kind: 'user',
      name: 'ada',
      sid: directoryWith().accounts[0]!.sid,
      distinguishedName: 'CN=Ada Lovelace,CN=Users,DC=corp,DC=contoso,DC=com',
      upn: 'ada@contoso.com',
      groups: new Set(['domain users', 'authenticated users', 'engineers', 'vpn users']),
      isDisabled: false,
      isLocked: false,
      dialIn: {
        permission: 'deny',
        callerId: '+44 20 7946 0000',
        framedIpAddress: ipv4('172.16.30.40'),
        isLockedOut: false,
      },
      isRegistered: true,
    })
    const bob = new Site().lookup('bob')
    expect(bob).toMatchObject({
      account: { isDisabled: true, expires: after(START, minutes(60)) },
    })
  })

  test('under every form of its name', () => {
    const site = new Site()
    const names = ['ada', 'corp.contoso.com\\ADA', 'ada@contoso.com', 'ada@corp.contoso.com']
    expect(names.map((name) => site.found(name))).toEqual(names.map(() => 'ada'))
    const computers = ['host/laptop.corp.contoso.com', 'LAPTOP$', 'CORP\\LAPTOP$']
    expect(computers.map((name) => site.found(name))).toEqual(computers.map(() => 'LAPTOP$'))
    expect(site.lookup('LAPTOP$')).toMatchObject({
      account: { kind: 'computer', dnsName: 'laptop.corp.contoso.com' },
    })
  })

  test.for([
    ['zoe', 8],
    ['zoe@contoso.com', 8],
    ['host/printer', 8],
    ['NOWHERE\\ada', 7],
    ['ada@nowhere.example', 8],
    ['FABRIKAM\\ada', 5],
    ['ada@fabrikam.com', 5],
    ['', 8],
    ['(objectClass=*)', 8],
  ] as const)('nobody is %s: reason %i', ([name, reason]) => {
    expect(new Site().found(name)).toBe(reason)
  })

  test('as it is now: who joins a group is in it at the next question', () => {
    const site = new Site()
    const isInOps = (): boolean => {
      const result = site.lookup('bob')
      return result.ok && result.account.groups.has('ops')
    }
    expect(isInOps()).toBe(false)
    site.directory = directoryWith({ groups: { Ops: ['bob'] } })
    expect(isInOps()).toBe(true)
  })

  test('without its dial-in page where the server is not registered', () => {
    const site = new Site({ directory: { groups: {} } })
    expect(site.lookup('ada')).toMatchObject({
      ok: true,
      account: { isRegistered: false, dialIn: { permission: 'policy' } },
    })
  })
})

describe('a logon', () => {
  test('is answered by the controllers, and wrong ones lock the account for lookups, too', () => {
    const site = new Site({ directory: { passwordPolicy: { lockoutThreshold: 2 } } })
    expect(reasonOf(logon(site, 'CORP\\ada'))).toBe(0)
    expect(reasonOf(logon(site, 'ada', 'wrong'))).toBe(16)
    expect(site.lookup('ada')).toMatchObject({ account: { isLocked: false } })
    expect(reasonOf(logon(site, 'ada', 'wrong'))).toBe(16)
    expect(reasonOf(logon(site, 'ada'))).toBe(36)
    expect(site.lookup('ada')).toMatchObject({ account: { isLocked: true } })
  })

  test('may change the password, which then holds for every way in', () => {
    const site = new Site()
    const change = (next: string): MsChapV2Result =>
      site.ask<MsChapV2Result>((client, done) =>
        client.logonMsChapV2(passwordChange('ada', next), done),
      )
    expect(reasonOf(change('short'))).toBe(17)
    expect(reasonOf(change('Difference-Engine-2'))).toBe(0)
    const again = (password?: string): MsChapV2Result =>
      site.ask<MsChapV2Result>((client, done) =>
        client.logonMsChapV2(msChapV2('ada', password), done),
      )
    expect(reasonOf(again('Difference-Engine-2'))).toBe(0)
    expect(reasonOf(again())).toBe(16)
    expect(reasonOf(logon(site, 'ada', 'Difference-Engine-2'))).toBe(0)
  })

  test('of a certificate is mapped by the KDC', () => {
    const mapped = map(new Site())
    expect(mapped).toMatchObject({
      ok: true,
      name: 'ada',
      mapping: { failure: { code: 'account/not-strongly-mapped' } },
    })
  })
})

describe('a port that is blocked', () => {
  test.for([
    { port: 389, name: 'ada', lookup: 5, logon: 5, kerberos: 5 },
    { port: 3268, name: 'ada@contoso.com', lookup: 4, logon: 0, kerberos: 'mapped' },
    { port: 3268, name: 'CORP\\ada', lookup: 'ada', logon: 0, kerberos: 'mapped' },
    { port: 445, name: 'ada', lookup: 'ada', logon: 5, kerberos: 'mapped' },
    { port: 88, name: 'ada', lookup: 'ada', logon: 0, kerberos: 261 },
  ])('TCP $port, asked for $name', ({ port, name, ...expected }) => {
    const site = new Site()
    using _ = site.block(port)
    const mapped = map(site)
    expect({
      lookup: site.found(name),
      logon: reasonOf(logon(site, name)),
      kerberos: mapped.ok ? 'mapped' : mapped.reason,
    }).toEqual(expected)
  })

  test('is noticed though the connection stands already, and forgotten when it is open again', () => {
    const site = new Site()
    expect([site.found('ada'), reasonOf(logon(site, 'ada'))]).toEqual(['ada', 0])
    for (const port of [389, 445]) {
      const block = site.block(port)
      expect([site.found('ada'), reasonOf(logon(site, 'ada'))]).toContain(5)
      block[Symbol.dispose]()
      expect([site.found('ada'), reasonOf(logon(site, 'ada'))]).toEqual(['ada', 0])
    }
  })

  test('of one controller is no matter where another can be asked', () => {
    const site = new Site({ second: true })
    using _ = site.block(389)
    expect(site.found('ada')).toBe('ada')
    expect(site.events()).toEqual([4401, 4400])
    using _both = site.block(389, DC2)
    expect(site.found('ada')).toBe(5)
    expect(site.events()).toEqual([4401, 4400, 4401, 4402])
  })
})

describe('a controller that is gone', () => {
  test('leaves reason 5, for UPNs 4, and is asked again when it is back', () => {
    const site = new Site()
    expect(site.found('ada')).toBe('ada')
    site.dc1.setDown(true)
    expect(site.found('ada')).toBe(5)
    expect(site.found('ada@contoso.com')).toBe(4)
    expect(reasonOf(logon(site, 'ada'))).toBe(5)
    site.dc1.setDown(false)
    expect(site.found('ada')).toBe('ada')
  })

  test('or whose service restarts is asked over a new connection, without a failure', () => {
    const site = new Site()
    expect([site.found('ada'), reasonOf(logon(site, 'ada'))]).toEqual(['ada', 0])
    site.restart()
    expect([site.found('ada'), reasonOf(logon(site, 'ada'))]).toEqual(['ada', 0])
    expect(site.events()).toEqual([4400, 4401, 4400])
  })

  test('that is stopped refuses connections', () => {
    const site = new Site()
    site.stop()
    expect(site.found('ada')).toBe(5)
    // The second one in DNS is tried, too, and there is none.
    expect(site.events()).toEqual([4401, 4402])
  })

  test('is not heard of in DNS', () => {
    const site = new Site({ records: {} })
    expect([site.found('ada'), site.found('ada@contoso.com')]).toEqual([5, 4])
    const byName = new Site({
      records: { 'corp.contoso.com. A': RECORDS['dc1.corp.contoso.com. A']! },
    })
    expect([byName.found('ada'), byName.found('ada@contoso.com')]).toEqual(['ada', 'ada'])
  })

  test('may be no catalog', () => {
    const site = new Site({ globalCatalog: false })
    expect([site.found('ada'), site.found('ada@contoso.com')]).toEqual(['ada', 4])
  })
})

test('a server that is no member asks nobody, and one whose account is disabled is refused', () => {
  const stranger = new Site({ directory: { computers: { nps1: { joined: false } }, groups: {} } })
  expect([stranger.found('ada'), reasonOf(logon(stranger, 'ada'))]).toEqual([32, 32])
  expect(stranger.asked).toEqual([])
  const disabled = new Site({ directory: { computers: { nps1: { disabled: true } } } })
  expect(disabled.found('ada')).toBe(5)
})

test('questions share one connection, and one kept too long without use is closed and opened anew', () => {
  const site = new Site()
  const results: boolean[] = []
  for (const name of ['ada', 'bob', 'LAPTOP$']) {
    site.client.lookup(name, ({ ok }) => results.push(ok))
  }
  site.run(seconds(10))
  expect(results).toEqual([true, true, true])
  expect(site.events()).toEqual([4400])
  site.run(minutes(20))
  expect(site.found('ada')).toBe('ada')
  expect(site.events()).toEqual([4400, 4400])
})

test('a client that stops tells who waits, and leaves no timer behind', () => {
  const site = new Site()
  const results: unknown[] = []
  site.client.lookup('ada', (result) => results.push(result))
  site.client.logon(pap('ada'), (result) => results.push(result))
  site.client.close()
  expect(results).toMatchObject([{ reason: 5 }, { reason: 5 }])
  site.run(days(1))
  expect(results).toHaveLength(2)
})
