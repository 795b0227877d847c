/** Fixes as changes of the text: carried out, the finding is gone, and no error has come. */
import { expect, test } from 'vitest'
import type { TextEdit } from '../../../src/preflight/profile/edits.ts'
import type { ProfileFinding } from '../../../src/preflight/profile/rule.ts'
import { offsetsOf } from '../../../src/topology/position.ts'
import { DELIVERY_CASES } from './cases-delivery.ts'
import { DOCUMENT_CASES } from './cases-document.ts'
import { EAP_CASES } from './cases-eap.ts'
import { NATIVE_CASES } from './cases-native.ts'
import { TRAFFIC_CASES } from './cases-traffic.ts'
import { changed, DEVICE, EAP, findingsOn, USER } from './profiles.ts'

/** From the last to the first, so that places hold. What an edit removes must be there. */
function applied(text: string, edits: readonly TextEdit[]): string {
  const offsetOf = offsetsOf(text)
  return edits
    .map((edit) => ({ ...edit, offset: offsetOf(edit) }))
    .toSorted((a, b) => b.offset - a.offset)
    .reduce((now, { offset, remove, insert }) => {
      expect(now.slice(offset, offset + remove.length)).toBe(remove)
      return now.slice(0, offset) + insert + now.slice(offset + remove.length)
    }, text)
}

const key = ({ rule, message }: ProfileFinding): string => `${rule} ${message}`

const FIXABLE = [
  ...DELIVERY_CASES,
  ...TRAFFIC_CASES,
  ...NATIVE_CASES,
  ...EAP_CASES,
  ...DOCUMENT_CASES,
].flatMap(({ rule, what, of, but, context }) => {
  const text = changed(of, but)
  const findings = findingsOn(text, context)
  return findings
    .filter((finding) => finding.rule === rule && finding.edits !== undefined)
    .map((finding) => ({ rule, what, message: finding.message, text, findings, finding, context }))
})

test('these rules bring edits', () => {
  expect([...new Set(FIXABLE.map(({ rule }) => rule))].toSorted().join(' ')).toBe(
    'L01 L02 L03 L04 L05 L06 L08 L12 L16 L24 L26 L27 L28 L29 L33 L34 L37 L42 L44 L45 L46 L48 L56 L57 L58 PX-05',
  )
})

test.for(FIXABLE)('$rule $what: $message', ({ text, findings, finding, context }) => {
  const count = (of: readonly ProfileFinding[]) =>
    of.filter((each) => key(each) === key(finding)).length
  const after = findingsOn(applied(text, finding.edits!), context)
  expect(count(after)).toBe(count(findings) - 1)
})

test.for(FIXABLE)('one after the other, edits come to an end: $rule $what', ({ text, context }) => {
  let now = text
  for (let round = 0; round < 12; round++) {
    const edits = findingsOn(now, context).find((each) => each.edits !== undefined)?.edits
    if (edits === undefined) return
    now = applied(now, edits)
  }
  expect(findingsOn(now, context).filter((each) => each.edits !== undefined)).toEqual([])
})

test.for<[what: string, text: string, rule: string, wanted: readonly TextEdit[] | undefined]>([
  [
    'a value',
    changed(USER, [['<AlwaysOn>true', '<AlwaysOn>\r\n  false ']]),
    'L01',
    [{ line: 3, column: 3, remove: 'false', insert: 'true' }],
  ],
  [
    'an element, in its place and on its line',
    changed(USER, [['  <AlwaysOn>true</AlwaysOn>\n', '']]),
    'L01',
    [{ line: 2, column: 3, remove: '', insert: '<AlwaysOn>true</AlwaysOn>\n  ' }],
  ],
  [
    'both tags',
    changed(USER, [['<AlwaysOn>true</AlwaysOn>', '<alwayson a=""\n>true</alwayson >']]),
    'L57',
    [
      { line: 2, column: 4, remove: 'alwayson', insert: 'AlwaysOn' },
      { line: 3, column: 8, remove: 'alwayson', insert: 'AlwaysOn' },
    ],
  ],
  [
    'a tag that closes itself',
    changed(USER, [['<AlwaysOn>true</AlwaysOn>', '<alwaysOn/>']]),
    'L57',
    [{ line: 2, column: 4, remove: 'alwaysOn', insert: 'AlwaysOn' }],
  ],
  [
    'a line goes',
    changed(DEVICE, [['  <DnsSuffix>', '  <ByPassForLocal>\n</ByPassForLocal>\r\n  <DnsSuffix>']]),
    'L08',
    [{ line: 4, column: 1, remove: '  <ByPassForLocal>\n</ByPassForLocal>\r\n', insert: '' }],
  ],
  [
    'nothing is inserted into escaped text',
    changed(USER, [
      [
        EAP,
        EAP.replace(/<DisableUser.*\n/, '')
          .replaceAll('<', '&lt;')
          .replaceAll('>', '&gt;'),
      ],
    ]),
    'L44',
    undefined,
  ],
])('%s', ([, text, rule, wanted]) => {
  const found = findingsOn(text).find((finding) => finding.rule === rule)
  expect(found).toBeDefined()
  expect(found?.edits).toEqual(wanted)
})
