import { expect, test } from 'vitest'
import { instant, microseconds, ms, type Instant } from '../../src/base/time.ts'
import { delay, duplicate, fault, flipBit, lose, PASS } from '../../src/net/faults.ts'
import { Segment, type Link, type SegmentOptions } from '../../src/net/segment.ts'
import { Trace } from '../../src/net/trace.ts'
import { Transit } from '../../src/net/transit.ts'
import { World } from '../../src/net/world.ts'

const START = instant('2026-03-02T08:00:00Z')

interface Heard {
  readonly after: number
  readonly mark: number
  readonly frame: Uint8Array
}

interface Station {
  readonly link: Link
  readonly heard: Heard[]
}

function setUp(options: Partial<SegmentOptions> = {}) {
  const world = new World({ seed: '1', start: START })
  const trace = new Trace(() => world.now)
  const segment = new Segment(world, trace, { name: 'lan', latency: microseconds(100), ...options })
  const plug = (id: number): Station => {
    const heard: Heard[] = []
    const link = segment.plug({
      node: `node${id}`,
      mac: Uint8Array.of(2, 0, 0, 0, 0, id),
      receive: ({ frame }) => heard.push({ after: world.now - START, mark: frame[14]!, frame }),
    })
    return { link, heard }
  }
  const stations = [plug(0), plug(1), plug(2)] as const
  const run = (): void => world.runUntil((world.now + 1e7) as Instant)
  const drops = (): string[] => trace.ofKind('dropped').map((d) => d.reason)
  return { world, trace, segment, stations, plug, run, drops }
}

/** A frame to station `to` (255: everybody) that carries `mark`. */
function frameTo(to: number, mark = 0, size = 64): Transit {
  const frame = new Uint8Array(size)
  if (to === 255) frame.fill(0xff, 0, 6)
  else frame.set([2, 0, 0, 0, 0, to])
  frame[14] = mark
  return new Transit(frame, mark)
}

const marks = (station: Station): number[] => station.heard.map((h) => h.mark)

test('a unicast frame reaches the owner of its address alone, after the latency', () => {
  const { stations, run } = setUp()
  stations[0].link.send(frameTo(1, 7))
  run()
  expect(stations[1].heard).toMatchObject([{ after: 100, mark: 7 }])
  expect(stations[2].heard).toEqual([])
  expect(stations[0].heard).toEqual([])
})

test('a broadcast reaches all others, each with a frame of its own', () => {
  const { stations, run } = setUp()
  stations[0].link.send(frameTo(255, 7))
  run()
  expect(stations.map(marks)).toEqual([[], [7], [7]])
  expect(stations[1].heard[0]!.frame).not.toBe(stations[2].heard[0]!.frame)
})

test('a frame to nobody here is a drop that names the address', () => {
  const { stations, run, trace } = setUp()
  stations[0].link.send(frameTo(9))
  run()
  expect(trace.ofKind('dropped')).toMatchObject([
    { node: 'node0', nic: 'lan', reason: 'link-lost', detail: expect.stringContaining('00-09') },
  ])
})

test('a station that unplugs while a frame is on its way misses it', () => {
  const { stations, run, drops } = setUp()
  stations[0].link.send(frameTo(1))
  stations[1].link.unplug()
  run()
  expect(stations[1].heard).toEqual([])
  expect(drops()).toEqual(['link-lost'])
})

test('jitter delays, but never reorders one station’s frames', () => {
  const { stations, run, world } = setUp({ jitter: ms(5) })
  for (let i = 0; i < 100; i++) {
    world.schedule(microseconds(i * 10), () => stations[0].link.send(frameTo(1, i)), undefined)
  }
  run()
  expect(marks(stations[1])).toEqual(Array.from({ length: 100 }, (_, i) => i))
  const late = stations[1].heard.filter((h) => h.after > h.mark * 10 + 100)
  expect(late.length).toBeGreaterThan(50)
})

test('loss takes about its share, and every lost frame is a counted drop', () => {
  const { stations, run, trace } = setUp({ loss: 0.25 })
  for (let i = 0; i < 400; i++) stations[0].link.send(frameTo(1))
  run()
  const lost = trace.dropCount('node0', 'link-lost')
  expect(lost).toBeGreaterThan(60)
  expect(lost).toBeLessThan(140)
  expect(stations[1].heard).toHaveLength(400 - lost)
})

test('bandwidth spaces frames out by their size with preamble, FCS and gap', () => {
  // 1000 bytes and 24 of overhead at 8.192 Mbit/s: one millisecond each.
  const { stations, run } = setUp({ bandwidth: 8.192e6 })
  for (let i = 0; i < 3; i++) stations[0].link.send(frameTo(1, i, 1000))
  run()
  expect(stations[1].heard.map((h) => h.after)).toEqual([1100, 2100, 3100])
})

test('each direction has its own bandwidth', () => {
  const { stations, run } = setUp({ bandwidth: 8.192e6 })
  stations[0].link.send(frameTo(1, 0, 1000))
  stations[1].link.send(frameTo(0, 0, 1000))
  run()
  expect(stations[0].heard[0]!.after).toBe(1100)
  expect(stations[1].heard[0]!.after).toBe(1100)
})

test('more than the queue holds is dropped; the frame on the wire does not count', () => {
  const { stations, run, drops } = setUp({ bandwidth: 8.192e6, queue: 2 })
  for (let i = 0; i < 5; i++) stations[0].link.send(frameTo(1, i, 1000))
  run()
  expect(marks(stations[1])).toEqual([0, 1, 2])
  expect(drops()).toEqual(['queue-full', 'queue-full'])
  stations[0].link.send(frameTo(1, 9, 1000))
  run()
  expect(marks(stations[1])).toEqual([0, 1, 2, 9])
})

test('a frame beyond the MTU does not enter the link', () => {
  const { stations, run, drops } = setUp({ mtu: 1000 })
  stations[0].link.send(frameTo(1, 0, 1019))
  run()
  expect(drops()).toEqual(['too-big'])
})

test('an injected frame reaches everybody it is meant for, and the tap sees what stations get', () => {
  const { segment, stations, run } = setUp()
  const seen: [number, number][] = []
  segment.tap = (frame, packet) => seen.push([frame[14]!, packet])
  const id = segment.inject(frameTo(255, 5).frame)
  segment.inject(frameTo(1, 6).frame)
  run()
  expect(stations.map(marks)).toEqual([[5], [5, 6], [5]])
  expect(seen).toEqual([
    [5, id],
    [5, id],
    [5, id],
    [6, id + 1],
  ])
})

test('a dropping fault names itself in the trace and counts; disposing lifts it', () => {
  const { segment, stations, run, trace } = setUp()
  {
    using installed = segment.addFault(lose(1).named('cut'))
    stations[0].link.send(frameTo(1, 1))
    expect(installed.matched).toBe(1)
  }
  stations[0].link.send(frameTo(1, 2))
  run()
  expect(marks(stations[1])).toEqual([2])
  expect(trace.ofKind('dropped')).toMatchObject([{ reason: 'fault', rule: 'cut' }])
})

test('what a fault swallowed is not observable: on site, nobody would know', () => {
  const { segment, stations, run, trace } = setUp()
  segment.addFault(lose(1))
  stations[0].link.send(frameTo(1, 1))
  run()
  expect(trace.observable()).toEqual([])
})

test('faults are asked in order, and the first that does not pass decides', () => {
  const { segment, stations, run } = setUp()
  const asked: string[] = []
  segment.addFault(fault('first', () => (asked.push('first'), PASS)))
  segment.addFault(fault('second', () => (asked.push('second'), { kind: 'drop', why: 'x' })))
  segment.addFault(fault('third', () => (asked.push('third'), PASS)))
  stations[0].link.send(frameTo(1))
  run()
  expect(asked).toEqual(['first', 'second'])
})

test('a delayed frame is overtaken; a duplicated one comes twice', () => {
  const { segment, stations, run } = setUp()
  segment.addFault(delay(ms(3)).when((frame) => frame.bytes[14] === 1))
  segment.addFault(duplicate(ms(1)).when((frame) => frame.bytes[14] === 2))
  stations[0].link.send(frameTo(1, 1))
  stations[0].link.send(frameTo(1, 2))
  run()
  expect(stations[1].heard.map((h) => [h.mark, h.after])).toEqual([
    [2, 100],
    [2, 1100],
    [1, 3100],
  ])
})

test('a flipped bit is one bit behind the Ethernet header, and the sender’s bytes stay as they were', () => {
  const { segment, stations, run } = setUp()
  segment.addFault(flipBit())
  const sent = frameTo(1, 0)
  const original = sent.frame
  stations[0].link.send(sent)
  run()
  const [heard] = stations[1].heard
  const flipped = [...heard!.frame].flatMap((byte, i) => (byte === original[i] ? [] : [i]))
  expect(flipped).toHaveLength(1)
  expect(flipped[0]).toBeGreaterThanOrEqual(14)
  expect([...original].every((byte, i) => byte === frameTo(1, 0).frame[i])).toBe(true)
})

test('from and to narrow a fault to nodes; broadcasts are to nobody in particular', () => {
  const { segment, stations, run } = setUp()
  segment.addFault(lose(1).from('node0').to('node1'))
  stations[0].link.send(frameTo(1, 1))
  stations[0].link.send(frameTo(2, 2))
  stations[2].link.send(frameTo(1, 3))
  stations[0].link.send(frameTo(255, 4))
  run()
  expect(stations.map(marks)).toEqual([[], [3, 4], [2, 4]])
})
