/** The smallest topology, with the fixtures of `labTest` in place of stories: each node is one. */
import { withoutRule } from 'sallyport'
import { expect, labTest } from 'sallyport/scenario'
import { minimal } from '../topologies/minimal.ts'

const test = labTest(minimal)

test('IKE passes the one rule', async ({ lab }) => {
  expect(await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })).toBeAnswered({
    at: 'gateway',
  })
})

test('and without the rule it does not', async ({ lab }) => {
  using _ = lab.apply(withoutRule('edge', 'ike-to-gateway'))
  expect(await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })).toBeDropped({
    at: 'edge',
    rule: 'default-deny',
  })
})

test('nothing else passes', async ({ lab }) => {
  expect(await lab.probe({ from: 'laptop', to: 'gateway', tcp: 443 })).toBeDropped({
    at: 'edge',
    rule: 'default-deny',
  })
})
