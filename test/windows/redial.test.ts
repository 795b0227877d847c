/** When Always On dials again: not after what the computer itself has ended, at once after a loss, then by the phonebook's numbers. */
import { expect, test } from 'vitest'
import { minutes, seconds } from '../../src/base/time.ts'
import { ASSUMPTIONS } from '../../src/windows/assumptions.ts'
import type { ConnectionEnd } from '../../src/windows/connect/ends.ts'
import { redialDelay, redialsAfter } from '../../src/windows/redial.ts'

test.for<[end: ConnectionEnd, redials: boolean, lostLinksOnly: boolean]>([
  ['user', false, false],
  ['signed-out', false, false],
  ['suspended', false, false],
  ['hibernated', false, false],
  ['service-stopped', false, false],
  ['idle', true, false],
  ['session-limit', true, false],
  ['remote', true, false],
  ['link-lost', true, true],
  ['gateway-restarted', true, true],
  ['moved-without-mobility', true, true],
  ['moved-without-mobike', true, true],
  ['rekey-failed', true, true],
  // The network decides when.
  ['inside', true, true],
])('%s: %s', ([end, redials, lostLinksOnly]) => {
  expect(redialsAfter(end)).toBe(redials)
  expect(redialsAfter(end, { ...ASSUMPTIONS, redialsEndedByGateway: false })).toBe(lostLinksOnly)
})

test('three dials in a row, a minute apart, and then one every quarter of an hour', () => {
  expect([0, 1, 2, 3, 4, 50].map((failed) => redialDelay(failed))).toEqual([
    seconds(0),
    seconds(60),
    seconds(60),
    minutes(15),
    minutes(15),
    minutes(15),
  ])
  expect(redialDelay(3, { ...ASSUMPTIONS, redialAttempts: 9 })).toBe(seconds(60))
})
