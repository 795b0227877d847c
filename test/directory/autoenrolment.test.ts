/** What Group Policy brings by itself, when it is renewed, and what stops it. */
import { describe, expect, test } from 'vitest'
import { after, days, hours, minutes, type Duration } from '../../src/base/time.ts'
import type { Certificate } from '../../src/pki/certificate/certificate.ts'
import { vpnUserTemplate } from '../../src/topology/templates.ts'
import { compiledSite, START, type SiteSpec } from './site.ts'

const namesOf = (spec: SiteSpec, node = 'pc') => compiledSite(spec).pki.certificateNames(node)

describe('autoenrolment brings', () => {
  test.for<[why: string, spec: SiteSpec, names: readonly string[]]>([
    ['the computer’s and the user’s', {}, ['device', 'user']],
    ['nothing while both halves are off', { directory: { autoenrolment: {} } }, []],
    [
      'the computer’s while only that half is on',
      { directory: { autoenrolment: { computer: true } } },
      ['device'],
    ],
    ['the user’s likewise', { directory: { autoenrolment: { user: true } } }, ['user']],
    ['nothing for a user who does not sign in here', { users: [] }, ['device']],
    ['nothing for a user outside the group', { users: ['bob'] }, ['device']],
    [
      'each user’s under a name of its own',
      { users: ['ada', 'bob'], directory: { groups: { 'VPN Users': ['ada', 'bob'] } } },
      ['device', 'user', 'user-bob'],
    ],
    ['nothing that no CA issues', { ca: { templates: ['vpnUser'] } }, ['user']],
    [
      'nothing without Autoenroll',
      {
        templates: {
          vpnUser: vpnUserTemplate({ permissions: { 'VPN Users': ['read', 'enroll'] } }),
        },
      },
      ['device'],
    ],
    [
      'nothing whose subject the request would have to supply',
      {
        templates: { vpnUser: vpnUserTemplate({ subject: { from: 'request' } }) },
      },
      ['device'],
    ],
    [
      'nothing by a version 1 template',
      { templates: { vpnUser: vpnUserTemplate({ schemaVersion: 1 }) } },
      ['device'],
    ],
    [
      'the template that takes the place of another, and not that one',
      { templates: { better: vpnUserTemplate({ supersedes: ['vpnUser'], certificate: 'new' }) } },
      ['device', 'new'],
    ],
    [
      'no second one beside one that was requested by hand',
      { pc: [{ name: 'mine', template: 'vpnUser', for: 'ada' }] },
      ['mine', 'device'],
    ],
  ])('%s', ([, spec, names]) => {
    expect([...namesOf(spec)].sort()).toEqual([...names].sort())
  })

  test('and servers get theirs, too', () => {
    expect(namesOf({}, 'gateway')).toEqual(['ike', 'device'])
  })
})

describe('renewal', () => {
  const at = (spec: SiteSpec, by: Duration, name = 'user', node = 'pc'): Certificate =>
    compiledSite(spec).pki.certificate(node, name, after(START, by))!.certificate

  test('comes six weeks before the end of a year, dated ten minutes back', () => {
    const first = at({}, days(0))
    // 365 days from the day before the start: six weeks earlier is day 322.
    expect(at({}, (days(322) - 1) as Duration).serial).toBe(first.serial)
    const second = at({}, days(322))
    expect(second.serial).not.toBe(first.serial)
    expect(second.notBefore).toBe(after(START, (days(322) - minutes(10)) as Duration))
    expect(second.subject.text).toBe(first.subject.text)
  })

  test('waits until four fifths of the lifetime have passed', () => {
    const templates = { vpnUser: vpnUserTemplate({ validFor: days(50) }) }
    const first = at({ templates }, days(0))
    expect(at({ templates }, days(38.9)).serial).toBe(first.serial)
    expect(at({ templates }, days(39)).serial).not.toBe(first.serial)
  })

  test('happens at a pulse, every eight hours', () => {
    const templates = { vpnUser: vpnUserTemplate({ validFor: days(51) }) }
    // Four fifths are 40.8 days: the next pulse is at 41 days, 40 after the start.
    expect(at({ templates }, (days(40) - hours(1)) as Duration).notBefore).toBe(
      after(START, days(-1)),
    )
    expect(at({ templates }, days(40)).notBefore).toBe(
      after(START, (days(40) - minutes(10)) as Duration),
    )
  })

  test('goes on for years, each with its own serial number', () => {
    const serials = Array.from({ length: 8 }, (_, year) => at({}, days(365 * year)).serial)
    expect(new Set(serials).size).toBe(8)
    for (let year = 0; year < 8; year++) {
      const now = after(START, days(365 * year))
      const { notBefore, notAfter } = at({}, days(365 * year))
      expect(notBefore <= now && now <= notAfter).toBe(true)
    }
  })

  test('nobody renews what was requested by hand without Autoenroll', () => {
    expect(at({}, days(2000), 'ike', 'gateway').serial).toBe(
      at({}, days(0), 'ike', 'gateway').serial,
    )
  })

  test('nor anything once the policy is off', () => {
    const spec = {
      directory: { autoenrolment: {} },
      pc: [{ name: 'user', template: 'vpnUser', for: 'ada' }],
    }
    expect(at(spec, days(2000)).serial).toBe(at(spec, days(0)).serial)
  })

  test('ends with the account', () => {
    const spec = { directory: { users: { ada: { expires: days(400) } } } }
    expect(at(spec, days(330)).serial).not.toBe(at(spec, days(0)).serial)
    expect(at(spec, days(3000)).serial).toBe(at(spec, days(399)).serial)
  })

  test('ends with the CA, which gives nothing beyond its own end', () => {
    const spec = { ca: { validFrom: days(-30), validFor: days(430) } }
    const last = at(spec, days(3000))
    expect(last.notAfter).toBe(after(START, days(400)))
    expect(last.serial).toBe(at(spec, days(323)).serial)
  })

  test('the clock of a year from now and one asked before agree: nothing depends on the order', () => {
    const { pki } = compiledSite({})
    const other = compiledSite({ users: ['ada', 'bob'] }).pki
    const late = pki.certificate('pc', 'user', after(START, days(900)))!.certificate
    expect(pki.certificate('pc', 'user', START)!.certificate.der).toEqual(
      other.certificate('pc', 'user', START)!.certificate.der,
    )
    expect(other.certificate('pc', 'user', after(START, days(900)))!.certificate.der).toEqual(
      late.der,
    )
  })
})
