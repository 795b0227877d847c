import { describe, expect, test } from 'vitest'
import { fromUtf8 } from '../../src/base/bytes.ts'
import { instant, type Instant } from '../../src/base/time.ts'
import { captureOf } from '../../src/lab/capture.ts'
import { Trace } from '../../src/net/trace.ts'
import { ethernet, udpPacket } from '../wire/frames.ts'

const NOW: Instant = instant('2026-03-02T08:00:00Z')
const frame = ethernet(udpPacket('10.0.0.5:49152', '203.0.113.10:500'))

function traced(): Trace {
  const trace = new Trace(() => NOW)
  trace.add({ kind: 'sent', node: 'laptop', nic: 'home', packet: 1, frame })
  trace.add({ kind: 'received', node: 'router', nic: 'home', packet: 1, frame })
  trace.add({
    kind: 'filtered',
    node: 'router',
    packet: 1,
    hook: 'forward',
    rule: 'r',
    verdict: 'drop',
    state: 'new',
  })
  trace.add({ kind: 'dropped', node: 'router', packet: 1, reason: 'filter', rule: 'no-ike' })
  return trace
}

const text = (bytes: Uint8Array): string => fromUtf8(bytes)
const times = (bytes: Uint8Array, wanted: string): number => text(bytes).split(wanted).length - 1

describe('the capture of a trace', () => {
  test('has each frame once for each interface that saw it', () => {
    const bytes = captureOf(traced().events)
    expect(times(bytes, 'laptop/home')).toBe(1)
    expect(times(bytes, 'router/home')).toBe(1)
    const packetBlocks = 2
    expect(times(bytes, text(frame.subarray(26, 34)))).toBe(packetBlocks)
  })

  test('says on the last frame before a drop who dropped it, why and by which rule', () => {
    expect(text(captureOf(traced().events))).toContain("dropped at router: filter by rule 'no-ike'")
  })

  test('a drop at a node that never saw the packet is told on its last frame anywhere', () => {
    const trace = new Trace(() => NOW)
    trace.add({ kind: 'sent', node: 'laptop', nic: 'home', packet: 1, frame })
    trace.add({
      kind: 'dropped',
      node: 'home',
      packet: 1,
      reason: 'link-lost',
      detail: 'by chance',
    })
    trace.add({ kind: 'dropped', node: 'home', packet: 2, reason: 'link-lost' })
    const bytes = captureOf(trace.events)
    expect(text(bytes)).toContain('dropped at home: link-lost (by chance)')
    expect(times(bytes, 'dropped at')).toBe(1)
  })

  test('lists the interfaces that were named, though they saw nothing', () => {
    const bytes = captureOf(traced().events, ['gateway/dmz', 'router/home'])
    const places = ['gateway/dmz', 'router/home', 'laptop/home'].map((nic) =>
      text(bytes).indexOf(nic),
    )
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
    expect(times(bytes, 'router/home')).toBe(1)
  })

  test('is the same for the same trace', () => {
    expect(captureOf(traced().events)).toEqual(captureOf(traced().events))
  })
})
