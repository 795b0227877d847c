/** The table of EAP conversations: bounded, each client's own, and a flood of beginnings harms nobody who goes on. */
import { expect, test } from 'vitest'
import type { Conversation } from '../../../src/node/nps/cases.ts'
import { CONVERSATIONS_MAX, Conversations } from '../../../src/node/nps/conversations.ts'

const stopped = new Set<string>()

const conversation = (id: string): Conversation => ({
  id,
  packet: () => {},
  stop: () => void stopped.add(id),
})

test('whoever goes on outlives a flood of conversations that only begin, and the oldest of those are given up', () => {
  const table = new Conversations()
  const own = conversation('own')
  table.keep(own, 'gateway')
  table.keep(own, 'gateway')
  for (let i = 0; i <= CONVERSATIONS_MAX; i++) table.keep(conversation(`flood ${i}`), 'gateway')
  expect(table.find('own', 'gateway')).toBe(own)
  expect(table.find('flood 0', 'gateway')).toBeUndefined()
  expect(table.find('flood 1', 'gateway')).toBeDefined()
  expect([...stopped]).toEqual(['flood 0'])
  table.stop()
  expect(stopped.size).toBe(CONVERSATIONS_MAX + 2)
  expect(table.find('own', 'gateway')).toBeUndefined()
})

test('a conversation is of no other client, and of nobody once it is over', () => {
  const table = new Conversations()
  table.keep(conversation('1'), 'gateway')
  expect(table.find('1', 'other')).toBeUndefined()
  expect(table.find('1', 'gateway')).toBeDefined()
  expect(table.delete('1')).toBe(true)
  expect(table.find('1', 'gateway')).toBeUndefined()
})
