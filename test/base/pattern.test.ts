/** Patterns against JavaScript's own regular expressions, which have the same meaning and no bound on their time. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compilePattern, type Pattern } from '../../src/base/pattern.ts'

function pattern(source: string, ignoresCase = false): Pattern {
  const read = compilePattern(source, { ignoresCase })
  if (!read.ok) throw new Error(read.error)
  return read.value
}

test.for<[source: string, text: string, found: string | undefined]>([
  // The examples of "Use Regular Expressions in NPS".
  ['zo*', 'z', 'z'],
  ['zo*', 'zoo', 'zoo'],
  ['zo+', 'z', undefined],
  ['a?ve?', 'never', 've'],
  ['z|food?', 'food', 'food'],
  ['o{2}', 'Bob', undefined],
  ['o{2}', 'foooood', 'oo'],
  ['o{2,}', 'foooood', 'ooooo'],
  ['o{1,3}', 'fooooood', 'ooo'],
  ['[abc]', 'plain', 'a'],
  ['[^abc]', 'plain', 'p'],
  ['ea*r\\b', 'never early', 'er'],
  ['ea*r\\B', 'never early', 'ear'],
  ['\\d{3}\\.\\d', 'is 192.1', '192.1'],
  ['^5$', '5', '5'],
  ['^5$', '15', undefined],
  ['\\x41\\u0042', 'xAB', 'AB'],
  ['a.c', 'a\nc', undefined],
])('%s finds in %j: %j', ([source, text, found]) => {
  expect(pattern(source).match(text)?.groups[0]).toBe(found)
})

test('groups are remembered, those that took no part are not', () => {
  expect(pattern('^(?:(a+)|(b))@(.*)$').match('aa@corp')).toEqual({
    from: 0,
    to: 7,
    groups: ['aa@corp', 'aa', undefined, 'corp'],
  })
})

test.for<[source: string, why: string]>([
  ['(', "lacks a ')'"],
  [')', "has a ')' that nothing opened"],
  ['[a', "lacks a ']'"],
  ['*a', "begins with '*', which repeats nothing"],
  ['a**', 'repeats a repetition'],
  ['^*', 'repeats a place, which is no character'],
  ['a{2', "has a '{' that counts nothing: write '\\{'"],
  ['a{3,2}', "counts backwards in '{3,2}'"],
  ['a\\', "ends in a '\\'"],
  ['[a-', "lacks a ']'"],
  ['[z-a]', 'has a range that runs backwards'],
  ['[\\d-z]', 'has a range without an end'],
  ['(a)\\1', 'refers back to a group'],
  ['a(?=b)', "has a '(?' group: only '(' and '(?:' are known"],
  ['\\q', "has '\\q', which stands for nothing"],
  ['(a{99}){99}', 'repeats too much to be tried'],
  ['a'.repeat(257), 'has 257 characters, more than 256'],
])('%s is refused: %s', ([source, why]) => {
  expect(compilePattern(source)).toEqual({ ok: false, error: why })
})

test('letter case counts unless it is told not to', () => {
  expect(pattern('^corp').match('CORP\\ada')).toBeUndefined()
  expect(pattern('^corp', true).match('CORP\\ada')).toBeDefined()
  expect(pattern('^[a-c]$', true).match('B')).toBeDefined()
})

test('what counts nothing very often is read at once', () => {
  expect(pattern('^(?:(?:(?:){9999}){9999}){9999}a?$').match('a')).toBeDefined()
  expect(pattern('^a{0,1900}$').match('a'.repeat(200))).toBeDefined()
  expect(compilePattern('a{0,9999}')).toMatchObject({ ok: false })
})

test('a pattern that others try for ever is answered', () => {
  expect(pattern('^(a|a|aa)+(a+)+$').match('a'.repeat(250) + '!')).toBeUndefined()
})

/** Sources of the common syntax; an empty match inside a loop is where the two differ about groups, so loops have one character. */
const atom = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '\\w',
  '\\d',
  '(a)',
  '(a|b)',
  '(?:ab|a)',
)
const times = fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}', '*?', '+?', '??')
const source = fc
  .array(fc.tuple(atom, times), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.map((part) => part.join('')).join(''))
const sources = fc
  .tuple(
    fc.constantFrom('', '^'),
    fc.array(source, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '$', '\\b'),
  )
  .map(([start, ways, end]) => start + ways.join('|') + end)

test('what it finds is what JavaScript finds', () => {
  fc.assert(
    fc.property(
      sources,
      fc.string({ unit: fc.constantFrom('a', 'b', '1', '-'), maxLength: 12 }),
      (written, text) => {
        const theirs = new RegExp(written).exec(text)
        const ours = pattern(written).match(text)
        expect(ours?.from).toBe(theirs?.index)
        expect(ours?.groups[0]).toBe(theirs?.[0])
      },
    ),
    { numRuns: 500 },
  )
})

test('any text is a pattern or is refused', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (written, text) => {
      const read = compilePattern(written)
      if (read.ok) read.value.match(text)
    }),
  )
})
