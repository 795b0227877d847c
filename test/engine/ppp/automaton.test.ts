import { expect, test } from 'vitest'
import { transition, waits } from '../../../src/engine/ppp/automaton.ts'

test.for([
  // RFC 1661 §4.1, a cell of each row.
  ['starting', 'up', ['irc', 'scr'], 'req-sent'],
  ['opened', 'down', ['tld'], 'starting'],
  ['initial', 'open', ['tls'], 'starting'],
  ['opened', 'close', ['tld', 'irc', 'str'], 'closing'],
  ['ack-sent', 'to+', ['scr'], 'ack-sent'],
  ['closing', 'to-', ['tlf'], 'closed'],
  ['ack-rcvd', 'rcr+', ['sca', 'tlu'], 'opened'],
  ['stopped', 'rcr-', ['irc', 'scr', 'scn'], 'req-sent'],
  ['ack-sent', 'rca', ['irc', 'tlu'], 'opened'],
  ['req-sent', 'rcn', ['irc', 'scr'], 'req-sent'],
  ['opened', 'rtr', ['tld', 'zrc', 'sta'], 'stopping'],
  ['stopping', 'rta', ['tlf'], 'stopped'],
  ['ack-rcvd', 'ruc', ['scj'], 'ack-rcvd'],
  ['ack-rcvd', 'rxj+', [], 'req-sent'],
  ['opened', 'rxj-', ['tld', 'irc', 'str'], 'stopping'],
  ['opened', 'rxr', ['ser'], 'opened'],
] as const)('in %s, %s gives %s and %s', ([state, event, actions, next]) => {
  expect(transition(state, event)).toEqual({ actions, state: next })
})

test('what cannot happen gives nothing', () => {
  expect(transition('opened', 'up')).toBeUndefined()
  expect(transition('initial', 'rcr+')).toBeUndefined()
})

test('the Restart timer runs in five states', () => {
  const states = ['initial', 'closed', 'stopped', 'opened', 'closing', 'ack-sent'] as const
  expect(states.map(waits)).toEqual([false, false, false, false, true, true])
})
