import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4, type Ipv4 } from '../../../src/base/address.ts'
import {
  ALL_IPV4,
  ALL_IPV6,
  assignedSelectors,
  ipv4Selector,
  ipv6Selector,
  lieWithin,
  narrow,
} from '../../../src/engine/ikev2/selectors.ts'
import type { TrafficSelector } from '../../../src/wire/ikev2/traffic-selectors.ts'

const SEED = 7296

// A small world, in which everything meets.
const range = (most: number) =>
  fc.tuple(fc.nat(most), fc.nat(most)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
const selector: fc.Arbitrary<TrafficSelector> = fc
  .tuple(range(7), range(7), fc.nat(2), fc.boolean())
  .map(([[start, end], [startPort, endPort], protocol, isIpv6]) => {
    const ports = { protocol, startPort, endPort }
    const address = (low: number) => new Uint8Array(16).fill(low, 15)
    return isIpv6
      ? { kind: 'ipv6', ...ports, start: address(start), end: address(end) }
      : { kind: 'ipv4', ...ports, start: start as Ipv4, end: end as Ipv4 }
  })
const list = fc.array(selector, { maxLength: 4 })

/** Every packet of that world that a list covers. */
function packetsOf(selectors: readonly TrafficSelector[]): ReadonlySet<string> {
  const all = new Set<string>()
  for (const each of selectors) {
    if (each.kind === 'unknown') continue
    const [from, to] =
      each.kind === 'ipv4' ? [each.start, each.end] : [each.start[15]!, each.end[15]!]
    for (let address = from; address <= to; address++) {
      for (let port = each.startPort; port <= each.endPort; port++) {
        for (const protocol of each.protocol === 0 ? [0, 1, 2] : [each.protocol]) {
          all.add(`${each.kind} ${address} ${protocol} ${port}`)
        }
      }
    }
  }
  return all
}

describe('narrowing', () => {
  test('covers just what both lists cover, and lies within both', () => {
    fc.assert(
      fc.property(list, list, (offered, allowed) => {
        const common = narrow(offered, allowed)
        const both = packetsOf(allowed)
        const expected = [...packetsOf(offered)].filter((each) => both.has(each))
        expect([...packetsOf(common)].toSorted()).toEqual(expected.toSorted())
        expect([lieWithin(common, offered), lieWithin(common, allowed)]).toEqual([true, true])
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  test('keeps the order of the offers, and says nothing twice', () => {
    const [a, b] = [ipv4Selector(ipv4('10.0.0.1')), ipv4Selector(ipv4('10.0.0.2'))]
    expect(narrow([b, a, b], [ALL_IPV4, a])).toEqual([b, a])
    expect(narrow([ALL_IPV4], [ALL_IPV6])).toEqual([])
    expect(
      narrow([{ kind: 'unknown', type: 9, protocol: 0, data: new Uint8Array() }], [ALL_IPV4]),
    ).toEqual([])
  })

  test('gives no more than 64, however many meet', () => {
    const many = Array.from({ length: 200 }, (_, at) => ipv4Selector((at * 2) as Ipv4))
    expect(narrow(many, [ALL_IPV4])).toHaveLength(64)
  })
})

test('what is not offered does not lie within', () => {
  const ports = { ...ipv4Selector(ipv4('10.0.0.1')), startPort: 80, endPort: 80 }
  expect(lieWithin([ipv4Selector(ipv4('10.0.0.1'))], [ports])).toBe(false)
  expect(lieWithin([ports], [ipv4Selector(ipv4('10.0.0.1'))])).toBe(true)
  expect(
    lieWithin([{ kind: 'unknown', type: 9, protocol: 0, data: new Uint8Array() }], [ALL_IPV4]),
  ).toBe(false)
})

test('addresses of a CFG_REPLY, of both versions; anything else is none', () => {
  const v6 = new Uint8Array(17).fill(0xfd)
  expect(
    assignedSelectors([
      { type: 1, value: Uint8Array.of(10, 0, 0, 9) },
      { type: 8, value: v6 },
      { type: 1, value: Uint8Array.of(10) },
      { type: 8, value: new Uint8Array(16) },
      { type: 3, value: Uint8Array.of(10, 0, 0, 53) },
    ]),
  ).toEqual([ipv4Selector(ipv4('10.0.0.9')), ipv6Selector(v6.subarray(0, 16))])
})
