import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatName,
  isWithin,
  nameKey,
  nameOctets,
  nameOf,
  parseName,
  sameName,
} from '../../../src/wire/dns/name.ts'

const label = fc.uint8Array({ minLength: 1, maxLength: 63 }).map((o) => String.fromCharCode(...o))
const name = fc.array(label, { maxLength: 6 }).filter((labels) => nameOctets(labels) <= 255)

test('a name of any octets survives its text', () => {
  fc.assert(
    fc.property(name, (n) => {
      expect(parseName(formatName(n))).toEqual({ ok: true, value: n })
    }),
  )
})

test('case does not matter to A … Z, and to nothing else', () => {
  expect(sameName(nameOf('WWW.Contoso.COM'), nameOf('www.contoso.com'))).toBe(true)
  expect(nameKey(['À'])).not.toBe(nameKey(['à']))
  expect(sameName(['À'], ['à'])).toBe(false)
})

test.for([
  ['a\\.b.example', ['a.b', 'example']],
  ['\\065\\000', ['A\0']],
  ['straße', ['straÃ\u009fe']],
  ['.', []],
] as const)('%s is read octet by octet', ([text, labels]) => {
  expect(nameOf(text)).toEqual(labels)
})

test.for(['', 'a..b', '.a', 'a\\', 'a\\25', 'a\\256', 'x'.repeat(64), `${'a.'.repeat(128)}b`])(
  '%j is no name',
  (text) => expect(parseName(text).ok).toBe(false),
)

describe('a name without its last dot', () => {
  test('is relative to the origin', () => {
    expect(parseName('www', nameOf('contoso.com'))).toEqual({
      ok: true,
      value: ['www', 'contoso', 'com'],
    })
    expect(parseName('www.', nameOf('contoso.com'))).toEqual({ ok: true, value: ['www'] })
    expect(parseName('@', nameOf('contoso.com'))).toEqual({ ok: true, value: ['contoso', 'com'] })
    // The dot is part of the label, so the name is still relative.
    expect(parseName('www\\.', nameOf('com'))).toEqual({ ok: true, value: ['www.', 'com'] })
  })
})

test('a suffix of the text is not a parent of the name', () => {
  expect(isWithin(nameOf('a.corp.contoso.com'), nameOf('CORP.contoso.com'))).toBe(true)
  expect(isWithin(nameOf('notcorp.contoso.com'), nameOf('corp.contoso.com'))).toBe(false)
  expect(isWithin(nameOf('com'), nameOf('contoso.com'))).toBe(false)
})
