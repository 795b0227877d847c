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

  test('has a tunnel as raw IP, apart from a network of its name', () => {
    const trace = traced()
    const inner = frame.slice()
    inner.fill(0, 0, 12)
    trace.add({ kind: 'sent', node: 'laptop', nic: 'home', packet: 2, frame: inner })
    const bytes = captureOf(trace.events)
    expect(times(bytes, 'laptop/home')).toBe(2)
    const view = new DataView(bytes.buffer)
    const found: { linkType?: number; packet?: Uint8Array }[] = []
    for (let at = 0; at < bytes.length; at += view.getUint32(at + 4, true)) {
      const type = view.getUint32(at, true)
      if (type === 1) found.push({ linkType: view.getUint16(at + 8, true) })
      if (type === 6 && view.getUint32(at + 8, true) === 2)
        found.push({ packet: bytes.slice(at + 28, at + 28 + view.getUint32(at + 20, true)) })
    }
    expect(found).toEqual([
      { linkType: 1 },
      { linkType: 1 },
      { linkType: 101 },
      { packet: inner.subarray(14) },
    ])
  })

  test('is the same for the same trace', () => {
    expect(captureOf(traced().events)).toEqual(captureOf(traced().events))
  })
})
