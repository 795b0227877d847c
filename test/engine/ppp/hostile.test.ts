import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { seconds } from '../../../src/base/time.ts'
import type { PppInput } from '../../../src/engine/ppp/contract.ts'
import { encodeControl, encodePppOptions } from '../../../src/wire/ppp/control.ts'
import { encodePppFrame, PppProtocol } from '../../../src/wire/ppp/frame.ts'
import { u16Option, u32Option } from '../../../src/wire/ppp/options.ts'
import { Clock } from './clock.ts'
import { controlFrame, EAP_SUCCESS, LEASE, PppSide } from './pair.ts'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const option = fc.record({
  type: fc.oneof(fc.constantFrom(1, 3, 5, 129), fc.nat(255)),
  data: bytes(8),
})
/** Packets that nearly have a place: right codes, identifiers of requests, options that are asked for. */
const information = fc.oneof(
  bytes(60),
  fc
    .record({
      code: fc.oneof(fc.integer({ min: 1, max: 13 }), fc.nat(255)),
      identifier: fc.nat(4),
      data: fc.oneof(fc.array(option, { maxLength: 6 }).map(encodePppOptions), bytes(40)),
    })
    .map(encodeControl),
)
const frame = fc.oneof(
  bytes(80),
  fc
    .record({
      protocol: fc.oneof(fc.constantFrom(...Object.values(PppProtocol)), fc.constant(0x8035)),
      information,
    })
    .map(encodePppFrame),
)
const input: fc.Arbitrary<PppInput | 'acknowledge' | 'wait'> = fc.oneof(
  { weight: 6, arbitrary: frame.map((each): PppInput => ({ kind: 'frame', bytes: each })) },
  { weight: 3, arbitrary: fc.constant('acknowledge' as const) },
  { weight: 1, arbitrary: fc.constant('wait' as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<PppInput>(
      { kind: 'eap', packet: Uint8Array.of(1, 1, 0, 5, 1) },
      { kind: 'eap-success' },
      { kind: 'address', lease: LEASE },
      { kind: 'packet', bytes: Uint8Array.of(69) },
      { kind: 'timer', timer: 'ppp/ipcp' },
      { kind: 'timer', timer: 'ppp/lcp' },
    ),
  },
)

const acknowledge = (side: PppSide): void => {
  const last = side.frames.findLast((sent) => sent[3] === 0x21 && sent[4] === 1)?.slice()
  last?.set([2], 4)
  if (last !== undefined) side.input({ kind: 'frame', bytes: last })
}

/** Led by a peer in good faith as far as: nowhere, who is there, addresses, packets. */
function led(role: 'client' | 'server', stage: number): { clock: Clock; side: PppSide } {
  const clock = new Clock()
  const side = new PppSide(clock, { role })
  const hears = (bytes: Uint8Array): void => {
    side.input({ kind: 'frame', bytes })
    clock.run(seconds(0))
  }
  side.input({ kind: 'up' })
  if (stage > 0) {
    acknowledge(side)
    const asked = role === 'client' ? [u16Option(3, PppProtocol.EAP)] : []
    hears(controlFrame(PppProtocol.LCP, 'Configure-Request', 1, asked))
  }
  const eap = (packet: Uint8Array): void =>
    hears(encodePppFrame({ protocol: PppProtocol.EAP, information: packet }))
  if (stage > 1 && role === 'client') eap(EAP_SUCCESS)
  if (stage > 1 && role === 'server') {
    for (let round = 0; round < 3; round++) eap(Uint8Array.of(2, round, 0, 5, 1))
  }
  if (stage > 2) {
    const own = role === 'client' ? LEASE.server : LEASE.address
    hears(controlFrame(PppProtocol.IPCP, 'Configure-Request', 1, [u32Option(3, own)]))
    const id = side.state.ipcp.identifier
    const better = [u32Option(3, LEASE.address)]
    if (role === 'client') hears(controlFrame(PppProtocol.IPCP, 'Configure-Nak', id, better))
    acknowledge(side)
  }
  return { clock, side }
}

/** The first `later`, if there is one at all, is behind the first `sooner`. */
function comesAfter(order: readonly string[], later: string, sooner: string): boolean {
  const at = order.indexOf(later)
  const first = order.indexOf(sooner)
  return at < 0 || (first >= 0 && first < at)
}

test.for([
  ['client', 0, 'establish'],
  ['client', 1, 'authenticate'],
  ['client', 2, 'network'],
  ['client', 3, 'network'],
  ['server', 0, 'establish'],
  ['server', 1, 'authenticate'],
  ['server', 2, 'network'],
  ['server', 3, 'network'],
] as const)('a %s outlives whatever it is told after step %i', ([role, stage, phase]) => {
  expect(led(role, stage).side.state.phase).toBe(phase)
  expect(led(role, stage).side.tunnel !== undefined).toBe(stage === 3)
  fc.assert(
    fc.property(fc.array(input, { maxLength: 40 }), (inputs) => {
      const { clock, side } = led(role, stage)
      for (const each of inputs) {
        const { length } = side.outputs
        if (each === 'wait') clock.run(seconds(4))
        else if (each === 'acknowledge') acknowledge(side)
        else side.input(each)
        clock.run(seconds(0))
        expect(each === 'wait' || side.outputs.length - length < 40).toBe(true)
      }
      const order = side.outputs.map(({ kind }) => kind)
      // Nobody is let in, and no packet passes, before who is there was proved and addresses are agreed.
      expect(comesAfter(order, 'up', 'authenticated')).toBe(true)
      expect(comesAfter(order, 'packet', 'up')).toBe(true)
      const isLast = side.timers.size === 0 && order.at(-1) === 'over'
      expect(side.over === undefined || isLast).toBe(true)
      // It does not go on for ever either: the timers of a link that stands are none.
      clock.run(seconds(1000))
      expect(side.timers.size).toBe(0)
    }),
    { seed: 1, numRuns: 120 },
  )
})
