/** ServerNames of an EAP configuration: literal names, patterns, letter case, and patterns that are refused. */
import { expect, test } from 'vitest'
import {
  isServerNamePattern,
  matchesServerName,
  serverNameComplaint,
  type ServerNameRule,
} from '../../src/windows/server-names.ts'

const RULE: ServerNameRule = { isCaseSensitive: false, pattern: 'regular-expression' }

test.for<[written: string, name: string, matches: boolean]>([
  ['nps1.corp.contoso.com', 'nps1.corp.contoso.com', true],
  ['NPS1.corp.contoso.com', 'nps1.corp.contoso.com', true],
  ['nps1', 'nps1.corp.contoso.com', false],
  // A dot is a dot where nothing makes it a pattern.
  ['nps1.corp.contoso.com', 'nps1xcorp.contoso.com', false],
  ['.*\\.corp\\.contoso\\.com', 'nps1.corp.contoso.com', true],
  ['nps\\d*\\.corp\\.contoso\\.com', 'nps12.corp.contoso.com', true],
  ['nps\\d*\\.corp\\.contoso\\.com', 'radius.corp.contoso.com', false],
  // The whole name, not a part of it.
  ['nps.*', 'evil-nps1.example', false],
])('%s against %s: %s', ([written, name, matches]) => {
  expect(matchesServerName([written], [name], RULE)).toBe(matches)
})

test('letter case counts where the rule says so, in patterns, too', () => {
  const strict = { ...RULE, isCaseSensitive: true }
  expect(matchesServerName(['NPS1.contoso.com'], ['nps1.contoso.com'], strict)).toBe(false)
  expect(matchesServerName(['NPS.*'], ['nps1.contoso.com'], strict)).toBe(false)
  expect(matchesServerName(['NPS.*'], ['nps1.contoso.com'], RULE)).toBe(true)
})

test('the star of Microsoft’s example stands for one character, under that assumption', () => {
  const one = { ...RULE, pattern: 'one-character' } as const
  const matches = (name: string, rule: ServerNameRule) =>
    matchesServerName(['nps*.example.com'], [name], rule)
  expect(matches('nps1.example.com', one)).toBe(true)
  expect(matches('nps12.example.com', one)).toBe(false)
  // As a regular expression the star repeats the s, and the dot is any character.
  expect(matches('nps1.example.com', RULE)).toBe(false)
  expect(matches('npss.example.com', RULE)).toBe(true)
})

test('what cannot be meant, and what could take for ever, is said and matches nothing', () => {
  expect(serverNameComplaint('nps1.contoso.com')).toBeUndefined()
  expect(serverNameComplaint('nps1, nps2')).toMatch(/blanks/)
  expect(serverNameComplaint('*.contoso.com')).toMatch(/no regular expression/)
  expect(serverNameComplaint('(a*)*b')).toMatch(/too involved/)
  expect(serverNameComplaint('(a|a)*b')).toMatch(/too involved/)
  expect(serverNameComplaint('a*a*a*a*b')).toMatch(/too involved/)
  expect(serverNameComplaint('nps\\d*\\.(corp|lab)\\.contoso\\.com')).toBeUndefined()
  expect(serverNameComplaint(`${'a'.repeat(255)}*`)).toMatch(/too involved/)
  expect(matchesServerName(['(a*)*b', '*.x'], ['a'.repeat(60)], RULE)).toBe(false)
  expect(isServerNamePattern('nps1')).toBe(false)
})
