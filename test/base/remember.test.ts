import { expect, test } from 'vitest'
import { rememberLatest } from '../../src/base/remember.ts'

test('of texts that strangers choose, those asked for last are remembered', () => {
  const made: string[] = []
  const upper = rememberLatest(2, (text: string) => {
    made.push(text)
    return text.toUpperCase()
  })
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map((text) => upper(text)).join('')).toBe('ABACAB')
  // 'a' was asked for again before 'c' came, so 'b' had to go.
  expect(made).toEqual(['a', 'b', 'c', 'b'])
})
