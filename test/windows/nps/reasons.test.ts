/** Every reason code has a meaning in words of ours and a code that the client shows. */
import { describe, expect, test } from 'vitest'
import { ASSUMPTIONS } from '../../../src/windows/assumptions.ts'
import { WINDOWS_CODES } from '../../../src/windows/outcomes.ts'
import {
  clientCodeOf,
  NPS_REASONS,
  NPS_REASON_CODES,
  reasonOf,
  type ClientManner,
  type NpsReason,
} from '../../../src/windows/nps/reasons.ts'

const span = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('the table is that of Microsoft’s pages, with 19, 71, 271 and 303', () => {
  expect(NPS_REASON_CODES).toEqual([
    ...span(0, 10),
    ...span(16, 23),
    ...span(32, 38),
    48,
    49,
    ...span(64, 73),
    80,
    96,
    97,
    112,
    113,
    ...span(115, 118),
    ...span(256, 303),
  ])
})

test.each(NPS_REASON_CODES)('%i has words, and a code for each manner of coming', (code) => {
  expect(reasonOf(code).text).toMatch(/^\S.{5,}[^.]$/)
  for (const credentials of ['certificate', 'password'] as const) {
    for (const tunnel of ['ikev2', 'sstp'] as const) {
      const shown = clientCodeOf(code, ASSUMPTIONS, { credentials, tunnel })
      expect(WINDOWS_CODES).toHaveProperty([shown.code])
    }
  }
})

describe('what the client shows', () => {
  test.for<[NpsReason, ClientManner, string]>([
    [48, {}, '812'],
    [49, {}, '812'],
    [65, {}, '812'],
    [66, {}, '812'],
    [22, {}, '812'],
    [48, { tunnel: 'sstp' }, '691'],
    // C15: a password that is wrong is 691, a certificate that maps to nobody 853.
    [16, {}, '853'],
    [16, { credentials: 'password' }, '691'],
    [268, {}, '854'],
    [256, {}, '855'],
    [289, {}, '855'],
    [265, {}, '861'],
    [295, {}, '853'],
    [258, {}, '812'],
    // RFC 2759 §6.
    [33, { credentials: 'password' }, '648'],
    [34, { credentials: 'password' }, '647'],
    [37, { credentials: 'password' }, '646'],
    [17, { credentials: 'password' }, '709'],
  ])('%i by %j: %s', ([code, manner, shown]) => {
    expect(clientCodeOf(code, ASSUMPTIONS, manner)).toEqual({ code: shown, restsOn: [] })
  })

  test.for<[NpsReason, keyof typeof ASSUMPTIONS, string]>([
    [257, 'clientCodeWithoutCrl', '853'],
    [259, 'clientCodeWithoutCrl', '853'],
    [291, 'clientCodeWithoutCrl', '853'],
    [34, 'clientCodeOfAccountState', '853'],
    [35, 'clientCodeOfAccountState', '853'],
    [36, 'clientCodeOfAccountState', '853'],
    [8, 'clientCodeOfUnknownAccount', '812'],
    [73, 'clientCodeOfPurposeConstraint', '853'],
    [9, 'clientCodeOfSilence', '809'],
    [80, 'clientCodeOfSilence', '718'],
  ])('%i rests on %s', ([code, assumption, other]) => {
    expect(clientCodeOf(code, ASSUMPTIONS)).toEqual({
      code: ASSUMPTIONS[assumption],
      restsOn: [assumption],
    })
    expect(clientCodeOf(code, { ...ASSUMPTIONS, [assumption]: other }).code).toBe(other)
  })
})

test('policies have one kind, certificates another', () => {
  expect(NPS_REASON_CODES.filter((code) => NPS_REASONS[code].kind === 'policy')).toEqual([
    48, 49, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73,
  ])
  expect(NPS_REASONS[256].kind).toBe('certificate')
})
