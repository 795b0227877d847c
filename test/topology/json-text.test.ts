import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/topology/json-text.ts'

const refused = (text: string): string => {
  const read = parseJson(text)
  return read.ok ? 'read' : `${read.error.line}:${read.error.column} ${read.error.message}`
}

test('reads what JSON.parse reads, to the same value', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 2, '\t'), (text, space) => {
      fc.pre(!text.includes('__proto__'))
      const spaced = JSON.stringify(JSON.parse(text), null, space)
      const read = parseJson(spaced)
      expect(read.ok && read.value.value).toEqual(JSON.parse(spaced))
    }),
  )
})

test('refuses what JSON.parse refuses, with a place inside the text', () => {
  const pieces = fc.array(
    fc.constantFrom(
      ...Array.from('{}[]:,"\\\n \r\t'),
      'true',
      'nul',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      '"a"',
      '\\u12',
      '/',
    ),
  )
  fc.assert(
    fc.property(
      pieces.map((parts) => parts.join('')),
      (text) => {
        let value: unknown
        let valid = true
        try {
          value = JSON.parse(text)
        } catch {
          valid = false
        }
        const read = parseJson(text)
        // A key that stands twice is the one thing that JSON.parse takes and this does not.
        const doubled = !read.ok && /twice/.test(read.error.message)
        expect({
          ok: read.ok || doubled,
          value: doubled ? value : read.ok ? read.value.value : undefined,
        }).toEqual({ ok: valid, value })
        const { line, column } = read.ok ? { line: 1, column: 1 } : read.error
        const lines = text.split(/\r\n|\n|\r/)
        expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 2)
      },
    ),
    { numRuns: 2000 },
  )
})

describe('a mistake is shown where it is', () => {
  test.for([
    ['{ "a": 1 "b": 2 }', "1:10 expected ',' or '}', got \"\\\"\""],
    ['{\n  "a": 1,\n}', "2:9 a comma before '}'"],
    ['[1, 2,]', "1:6 a comma before ']'"],
    ["{ 'a': 1 }", '1:3 expected a key in double quotes, got "\'"'],
    ['{ a: 1 }', '1:3 expected a key in double quotes, got "a"'],
    ['{ "a" 1 }', "1:7 expected ':' after the key 'a', got \"1\""],
    ['{ "a": 1, "a": 2 }', "1:11 the key 'a' stands here twice"],
    ['{ "__proto__": 1 }', "1:3 the key '__proto__' has a meaning of its own"],
    ['{\r\n\r\n  "a": nope }', '3:8 expected a value, got "nope"'],
    ['{ "a": 010 }', '1:8 expected a value, got "010"'],
    ['{ "a": "C:\\Users" }', "1:11 '\\U' is not an escape: a backslash is '\\\\'"],
    ['{ "a": "x\n" }', '1:8 a text in quotes that does not end on its line'],
    ['{ "a": "x\ty" }', '1:10 a control character in a text: write it as an escape'],
    ['{ // why\n }', '1:3 JSON has no comments'],
    ['{} {}', '1:4 "{" after the end of the document'],
    ['['.repeat(100), '1:66 more than 64 levels deep'],
  ])('%j', ([text, told]) => {
    expect(refused(text!)).toBe(told)
  })
})

test('finds places by key, by index, by name, and the nearest one around', () => {
  const read = parseJson(
    '{\n  "rules": [\n    { "name": "x", "udp": [1, 2] }\n  ],\n  "on": { "lan": "1" }\n}',
  )
  if (!read.ok) throw new Error(read.error.message)
  const at = (...path: (string | number)[]) => Object.values(read.value.locate(path)).join(':')
  expect(at('rules', 0, 'udp', 1)).toBe('3:31')
  expect(at('rules', 'x', 'udp')).toBe('3:20')
  expect(at('rules', 'y')).toBe('2:3')
  expect(at('on', 0, 'address')).toBe('5:11')
  expect(at('nowhere', 'at', 'all')).toBe('1:1')
})
