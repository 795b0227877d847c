/** Each rule on a ProfileXML, where it speaks and where it must not. */
import { describe, expect, test } from 'vitest'
import { PROFILE_RULES } from '../../../src/preflight/profile/lint.ts'
import { DELIVERY_CASES, SILENT } from './cases-delivery.ts'
import { DOCUMENT_CASES } from './cases-document.ts'
import { EAP_CASES } from './cases-eap.ts'
import { NATIVE_CASES } from './cases-native.ts'
import { TRAFFIC_CASES } from './cases-traffic.ts'
import { changed, findingsOn, placeOf } from './profiles.ts'

const CASES = [
  ...DELIVERY_CASES,
  ...TRAFFIC_CASES,
  ...NATIVE_CASES,
  ...EAP_CASES,
  ...DOCUMENT_CASES,
]

test('the rules are L01 to L58, and five of our own', () => {
  const numbered = Array.from({ length: 58 }, (_, i) => `L${String(i + 1).padStart(2, '0')}`)
  const own = ['PX-01', 'PX-02', 'PX-03', 'PX-04', 'PX-05']
  expect(PROFILE_RULES.map(({ id }) => id)).toEqual([...numbered, ...own])
})

test.for(PROFILE_RULES)(
  '$id has a case in which it speaks, and one in which it does not',
  ({ id }) => {
    const own = CASES.filter(({ rule }) => rule === id)
    // A file that is no XML has no findings: `broken.test.ts`.
    if (id === 'L54') return
    expect(own.some(({ says }) => says.length > 0)).toBe(true)
    expect(own.some(({ says }) => says.length === 0)).toBe(true)
  },
)

test.for(SILENT)('nothing is said of a profile that is right', (text) => {
  expect(findingsOn(text)).toEqual([])
})

const WITH_CASES = PROFILE_RULES.filter(({ id }) => CASES.some(({ rule }) => rule === id))

describe.for(WITH_CASES)('$id', ({ id, about }) => {
  test.for(CASES.filter(({ rule }) => rule === id))(`${about}: $what`, (row) => {
    const text = changed(row.of, row.but)
    const found = findingsOn(text, row.context).filter(({ rule }) => rule === id)
    const placed = found.map(({ severity, at }) => `${severity} ${at.line}:${at.column}`)
    const wanted = row.says.map(([severity, at]) => `${severity} ${placeOf(text, at)}`)
    expect(placed.toSorted()).toEqual(wanted.toSorted())
    for (const [, , message] of row.says) {
      expect(found.map((each) => each.message)).toContainEqual(expect.stringMatching(message))
    }
    for (const { fix, source } of found) expect([fix, source]).not.toContain('')
  })
})
