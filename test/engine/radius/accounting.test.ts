import { expect, test } from 'vitest'
import { after, instant, seconds } from '../../../src/base/time.ts'
import {
  accountingInterim,
  accountingOfNas,
  accountingStart,
  accountingStop,
  type AccountedSession,
} from '../../../src/engine/radius/accounting.ts'
import { attribute } from '../../../src/wire/radius/attributes.ts'
import { describeRadiusAttributes } from '../../../src/wire/radius/describe.ts'

const BEGAN = instant('2026-03-02T08:00:00Z')
const session: AccountedSession = {
  sessionId: '41',
  began: BEGAN,
  attributes: [attribute('User-Name', 'ada'), attribute('NAS-Port-Type', 5)],
}
const usage = { inputOctets: 1000, outputOctets: 2 ** 33 + 5, inputPackets: 10, outputPackets: 20 }

test('Start says who and which session, and nothing of use', () => {
  expect(describeRadiusAttributes(accountingStart(session, BEGAN))).toEqual([
    'Acct-Status-Type=Start',
    'User-Name=ada',
    'NAS-Port-Type=Virtual',
    'Event-Timestamp=2026-03-02T08:00:00Z',
    'Acct-Delay-Time=0',
    'Acct-Session-Id=41',
    'Acct-Authentic=RADIUS',
  ])
})

test('Stop says how long, how much and why; octets beyond 2³² are Gigawords (RFC 2869 §5.2)', () => {
  const now = after(BEGAN, seconds(90.7))
  const stop = describeRadiusAttributes(accountingStop(session, usage, 'Idle-Timeout', now))
  expect(stop.slice(0, 1)).toEqual(['Acct-Status-Type=Stop'])
  expect(stop.slice(7)).toEqual([
    'Acct-Session-Time=90',
    'Acct-Input-Octets=1000',
    'Acct-Output-Octets=5',
    'Acct-Output-Gigawords=2',
    'Acct-Input-Packets=10',
    'Acct-Output-Packets=20',
    'Acct-Terminate-Cause=Idle-Timeout',
  ])
})

test('an interim record is a Stop without a cause', () => {
  const now = after(BEGAN, seconds(60))
  const interim = describeRadiusAttributes(accountingInterim(session, usage, now))
  const stop = describeRadiusAttributes(accountingStop(session, usage, 'User-Request', now))
  expect(interim).toEqual(['Acct-Status-Type=Interim-Update', ...stop.slice(1, -1)])
})

test('a clock that was set back gives a session of no time', () => {
  const early = after(BEGAN, seconds(-5))
  const stop = accountingStop(session, usage, 'User-Request', early)
  expect(describeRadiusAttributes(stop)).toContain('Acct-Session-Time=0')
})

test('the NAS itself goes on and off without a session', () => {
  const lines = describeRadiusAttributes(accountingOfNas('Accounting-On', [], BEGAN))
  expect(lines).toEqual([
    'Acct-Status-Type=Accounting-On',
    'Event-Timestamp=2026-03-02T08:00:00Z',
    'Acct-Delay-Time=0',
  ])
})
