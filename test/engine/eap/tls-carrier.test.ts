import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  acknowledgement,
  proceed,
  receive,
  send,
  type Carrier,
} from '../../../src/engine/eap/tls-carrier.ts'
import { encodeTlsFragment } from '../../../src/wire/eap/eap-tls.ts'

const carrierOf = (fragmentSize: number, lengthInEveryMessage = false): Carrier => ({
  fragmentSize,
  lengthInEveryMessage,
})

/** Send and receive until the flight is there: the lengths of the fragments, and what arrived. */
function carriedOver(flight: Uint8Array, from: Carrier) {
  const parts: number[] = []
  let [sender, data] = send(from, flight)
  let receiver = from
  for (let round = 0; round < 100; round++) {
    parts.push(data.length)
    const carried = receive(receiver, data)
    if (carried.kind === 'flight') return { parts, arrived: carried.bytes }
    if (carried.kind !== 'more') break
    receiver = carried.carrier
    if (receive(sender, acknowledgement()).kind !== 'acknowledgement') break
    ;[sender, data] = proceed(sender)
  }
  return { parts, arrived: undefined }
}

test('any flight arrives whole in fragments of any size, each acknowledged', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 5000 }),
      fc.integer({ min: 64, max: 1500 }),
      fc.boolean(),
      (flight, size, always) => {
        const { parts, arrived } = carriedOver(flight, carrierOf(size, always))
        expect(arrived).toEqual(flight)
        // Code, identifier, length and type stand before the type-data.
        expect(Math.max(...parts) + 5).toBeLessThanOrEqual(size)
        expect(parts.slice(0, -1).every((length) => length + 5 === size)).toBe(true)
      },
    ),
  )
})

test('the first of several fragments has the length of all, others have none (RFC 5216 §2.1.5)', () => {
  const flight = new Uint8Array(100)
  const [first, one] = send(carrierOf(64), flight)
  expect([...one.subarray(0, 5)]).toEqual([0xc0, 0, 0, 0, 100])
  const [, two] = proceed(first)
  expect(two[0]).toBe(0)
  expect(send(carrierOf(200), flight)[1][0]).toBe(0)
  expect([...send(carrierOf(200, true), flight)[1].subarray(0, 5)]).toEqual([0x80, 0, 0, 0, 100])
})

describe('what is malformed', () => {
  const part = (data: number, more: boolean, total?: number): Uint8Array =>
    encodeTlsFragment({
      start: false,
      more,
      version: 0,
      data: new Uint8Array(data),
      ...(total === undefined ? {} : { total }),
    })
  const after = (...parts: readonly Uint8Array[]): string => {
    let carrier = carrierOf(1400)
    let last = ''
    for (const bytes of parts) {
      const carried = receive(carrier, bytes)
      last = carried.kind === 'malformed' ? carried.detail : carried.kind
      if (carried.kind === 'more') carrier = carried.carrier
    }
    return last
  }

  test.each([
    ['more than was promised', [part(10, true, 15), part(10, false)], '20 bytes of a TLS message'],
    ['less than was promised', [part(10, true, 30), part(10, false)], '30 bytes ended after 20'],
    ['more than fits in memory', [part(10, true, 65_537)], 'TLS Message Length'],
    ['fragments without end', Array.from({ length: 50 }, () => part(1400, true)), 'at most 65536'],
    ['nothing at all', [new Uint8Array()], 'truncated at Flags'],
  ] as const)('%s', (_, parts, words) => {
    expect(after(...parts)).toContain(words)
  })

  test('data where an acknowledgement was due', () => {
    const [sender] = send(carrierOf(64), new Uint8Array(200))
    expect(receive(sender, part(10, false))).toMatchObject({ kind: 'malformed' })
  })
})
