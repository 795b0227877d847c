import { describe, expect, test } from 'vitest'
import { fromUtf8 } from '../../src/base/bytes.ts'
import { instant } from '../../src/base/time.ts'
import { encodePcapng, type Capture } from '../../src/wire/pcapng.ts'

/** What a reader of the draft sees: blocks with their type, body and repeated length checked. */
function blocksOf(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const blocks: { type: number; body: DataView; options: Map<number, Uint8Array> }[] = []
  for (let at = 0; at < bytes.length;) {
    const type = view.getUint32(at, true)
    const length = view.getUint32(at + 4, true)
    expect(length % 4).toBe(0)
    expect(view.getUint32(at + length - 4, true)).toBe(length)
    const body = new DataView(bytes.buffer, bytes.byteOffset + at + 8, length - 12)
    const fixed = fixedSize(type, body)
    blocks.push({ type, body, options: optionsOf(body, fixed) })
    at += length
  }
  return blocks
}

function fixedSize(type: number, body: DataView): number {
  const padded = (at: number): number => (body.getUint32(at, true) + 3) & ~3
  if (type === 6) return 20 + padded(12)
  if (type === 10) return 8 + padded(4)
  return type === 1 ? 8 : 16
}

function optionsOf(body: DataView, start: number): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>()
  let at = start
  while (at < body.byteLength) {
    const code = body.getUint16(at, true)
    const length = body.getUint16(at + 2, true)
    if (code === 0) break
    options.set(code, new Uint8Array(body.buffer, body.byteOffset + at + 4, length))
    at += 4 + ((length + 3) & ~3)
  }
  expect(at + 4).toBe(body.byteLength)
  return options
}

const frame = Uint8Array.from({ length: 61 }, (_, i) => i)
const capture: Capture = {
  application: 'sallyport',
  interfaces: [
    { name: 'laptop/home' },
    { name: 'router/home' },
    { name: 'laptop/vpn', linkType: 'raw' },
  ],
  frames: [
    { interface: 0, at: instant('2026-03-02T08:00:00.000001Z'), frame, direction: 'outbound' },
    {
      interface: 1,
      at: instant('2026-03-02T08:00:01Z'),
      frame: frame.subarray(0, 60),
      direction: 'inbound',
      comment: 'dropped at router: filter',
    },
  ],
}

describe('pcapng', () => {
  test('begins with a section header that names the writer', () => {
    const [section] = blocksOf(encodePcapng(capture))
    expect(section!.type).toBe(0x0a0d0d0a)
    expect(section!.body.getUint32(0, true)).toBe(0x1a2b3c4d)
    expect([section!.body.getUint16(4, true), section!.body.getUint16(6, true)]).toEqual([1, 0])
    expect(section!.body.getBigInt64(8, true)).toBe(-1n)
    expect(fromUtf8(section!.options.get(4)!)).toBe('sallyport')
  })

  test('describes each interface: Ethernet or raw IP, its name, microseconds', () => {
    const interfaces = blocksOf(encodePcapng(capture)).filter(({ type }) => type === 1)
    expect(interfaces.map(({ body }) => body.getUint16(0, true))).toEqual([1, 1, 101])
    expect(interfaces.map(({ options }) => fromUtf8(options.get(2)!))).toEqual([
      'laptop/home',
      'router/home',
      'laptop/vpn',
    ])
    expect(interfaces.map(({ options }) => [...options.get(9)!])).toEqual([[6], [6], [6]])
  })

  test('splits the timestamp in two halves of 32 bits', () => {
    const packets = blocksOf(encodePcapng(capture)).filter(({ type }) => type === 6)
    const at = packets.map(
      ({ body }) => body.getUint32(4, true) * 2 ** 32 + body.getUint32(8, true),
    )
    expect(at).toEqual(capture.frames.map((each) => each.at))
  })

  test('keeps the frame, its length, its direction and its comment', () => {
    const [first, second] = blocksOf(encodePcapng(capture)).filter(({ type }) => type === 6)
    expect(first!.body.getUint32(12, true)).toBe(61)
    expect(new Uint8Array(first!.body.buffer, first!.body.byteOffset + 20, 61)).toEqual(frame)
    expect([...first!.options.get(2)!]).toEqual([2, 0, 0, 0])
    expect(first!.options.has(1)).toBe(false)
    expect([...second!.options.get(2)!]).toEqual([1, 0, 0, 0])
    expect(fromUtf8(second!.options.get(1)!)).toBe('dropped at router: filter')
  })

  test('secrets of TLS come before the frames that need them, in the form of a key log', () => {
    const lines = ['CLIENT_RANDOM 00 11', 'CLIENT_RANDOM 22 33']
    const blocks = blocksOf(encodePcapng({ ...capture, tlsSecrets: lines }))
    expect(blocks.map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 1, 1, 10, 6, 6])
    const { body } = blocks[4]!
    // draft-ietf-opsawg-pcapng §4.7: 0x544c534b is "TLSK".
    expect(body.getUint32(0, true)).toBe(0x544c534b)
    const length = body.getUint32(4, true)
    const text = fromUtf8(new Uint8Array(body.buffer, body.byteOffset + 8, length))
    expect(text).toBe('CLIENT_RANDOM 00 11\nCLIENT_RANDOM 22 33\n')
  })

  test('an empty capture is a section without interfaces', () => {
    const bytes = encodePcapng({ application: 'sallyport', interfaces: [], frames: [] })
    expect(blocksOf(bytes).map(({ type }) => type)).toEqual([0x0a0d0d0a])
  })
})
