/** Capture files, read: both formats, both byte orders, every block that holds a frame, files that are cut or lie; and what our own writer writes. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex } from '../../src/base/bytes.ts'
import { instant } from '../../src/base/time.ts'
import { readCaptureFile } from '../../src/wire/capture-file.ts'
import type { CaptureFile } from '../../src/wire/capture-frames.ts'
import { encodePcapng } from '../../src/wire/pcapng.ts'
import { readPcap } from './captures.ts'
import { valueOf } from './results.ts'

const AT = instant('2026-03-02T08:00:00.000001Z')
const FRAME = Uint8Array.from({ length: 61 }, (_, i) => i)

/** Numbers of two or four octets, in one order. */
const bytesOf = (
  isLittle: boolean,
  ...parts: readonly (readonly [16 | 32, number] | Uint8Array)[]
) =>
  concat(
    ...parts.map((part) => {
      if (part instanceof Uint8Array) return part
      const view = new DataView(new ArrayBuffer(part[0] / 8))
      if (part[0] === 16) view.setUint16(0, part[1], isLittle)
      else view.setUint32(0, part[1], isLittle)
      return new Uint8Array(view.buffer)
    }),
  )

const u16 = (value: number) => [16, value] as const
const u32 = (value: number) => [32, value] as const

const pcap = (isLittle: boolean, magic: number, fraction: number): Uint8Array =>
  bytesOf(
    isLittle,
    u32(magic),
    u16(2),
    u16(4),
    u32(0),
    u32(0),
    u32(65_535),
    u32(1),
    u32(AT / 1e6),
    u32(fraction),
    u32(FRAME.length),
    u32(1500),
    FRAME,
  )

const block = (isLittle: boolean, type: number, body: Uint8Array): Uint8Array => {
  const padded = concat(body, new Uint8Array(-body.length & 3))
  const length = u32(padded.length + 12)
  return bytesOf(isLittle, u32(type), length, padded, length)
}

const section = (isLittle: boolean): Uint8Array =>
  block(
    isLittle,
    0x0a0d0d0a,
    bytesOf(isLittle, u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)),
  )

/** `options`: behind the fixed fields. */
const nic = (
  isLittle: boolean,
  linkType: number,
  snap = 0,
  options: Uint8Array = new Uint8Array(),
) => block(isLittle, 1, bytesOf(isLittle, u16(linkType), u16(0), u32(snap), options))

/** A 64-bit time in the units of its interface. */
const enhanced = (isLittle: boolean, index: number, time: bigint, type = 6): Uint8Array =>
  block(
    isLittle,
    type,
    bytesOf(
      isLittle,
      ...(type === 6 ? [u32(index)] : [u16(index), u16(0)]),
      u32(Number(time >> 32n)),
      u32(Number(time & 0xffffffffn)),
      u32(FRAME.length),
      u32(1500),
      FRAME,
    ),
  )

const option = (isLittle: boolean, code: number, value: Uint8Array): Uint8Array =>
  bytesOf(isLittle, u16(code), u16(value.length), value, new Uint8Array(-value.length & 3))

const read = (bytes: Uint8Array): CaptureFile => valueOf(readCaptureFile(bytes))

describe('pcap', () => {
  test.for([
    [true, 0xa1b2c3d4, 1],
    [false, 0xa1b2c3d4, 1],
    [true, 0xa1b23c4d, 1999],
    [false, 0xa1b23c4d, 1999],
  ] as const)('little-endian %s, magic %i', ([isLittle, magic, fraction]) => {
    const { format, interfaces, frames, damage } = read(pcap(isLittle, magic, fraction))
    expect({ format, interfaces, damage }).toEqual({
      format: 'pcap',
      interfaces: [{ linkType: 1 }],
      damage: undefined,
    })
    expect(frames).toEqual([{ number: 1, interface: 0, at: AT, bytes: FRAME, length: 1500 }])
  })

  test('a file that ends within a frame gives those before it, and says so', () => {
    const whole = pcap(true, 0xa1b2c3d4, 1)
    const record = whole.subarray(24)
    const { frames, damage } = read(concat(whole, record.subarray(0, 40)))
    expect(frames).toHaveLength(1)
    expect(damage).toBe('it ends within frame 2')
  })

  test('frames of real captures', () => {
    const name = 'ikev2/windows-client-2015.pcap'
    const expected = readPcap(name)
    if (expected === undefined) return
    const bytes = fromHex('d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000')
    const records = expected.map((frame) =>
      bytesOf(true, u32(0), u32(0), u32(frame.length), u32(frame.length), frame),
    )
    expect(read(concat(bytes, ...records)).frames.map((frame) => frame.bytes)).toEqual(expected)
  })
})

describe('pcapng', () => {
  test('what our own writer writes', () => {
    const bytes = encodePcapng({
      application: 'sallyport',
      interfaces: [{ name: 'laptop/home' }, { name: 'laptop/vpn', linkType: 'raw' }],
      frames: [
        { interface: 0, at: AT, frame: FRAME, direction: 'outbound' },
        { interface: 1, at: AT, frame: FRAME.subarray(0, 20), direction: 'inbound', comment: 'x' },
      ],
      tlsSecrets: ['CLIENT_RANDOM 00 11'],
    })
    const { interfaces, frames, damage } = read(bytes)
    expect(interfaces).toEqual([
      { name: 'laptop/home', linkType: 1 },
      { name: 'laptop/vpn', linkType: 101 },
    ])
    expect(frames.map(({ number, at, length }) => [number, at, length])).toEqual([
      [1, AT, 61],
      [2, AT, 20],
    ])
    expect(damage).toBeUndefined()
  })

  test.for([true, false])(
    'a section that is little-endian %s, with all its units of time',
    (isLittle) => {
      const micros = BigInt(AT)
      const nanos = option(isLittle, 9, Uint8Array.of(9))
      const halves = option(isLittle, 9, Uint8Array.of(0x80 | 20))
      const shifted = option(
        isLittle,
        14,
        bytesOf(isLittle, ...(isLittle ? [u32(3600), u32(0)] : [u32(0), u32(3600)])),
      )
      const { frames } = read(
        concat(
          section(isLittle),
          nic(isLittle, 1),
          nic(isLittle, 1, 0, nanos),
          nic(isLittle, 101, 0, halves),
          nic(isLittle, 1, 0, shifted),
          enhanced(isLittle, 0, micros),
          enhanced(isLittle, 1, micros * 1000n),
          enhanced(isLittle, 2, (micros << 20n) / 1_000_000n + 1n),
          enhanced(isLittle, 3, micros - 3_600_000_000n),
          enhanced(isLittle, 0, micros, 2),
        ),
      )
      expect(frames.map(({ at }) => at)).toEqual([AT, AT, AT, AT, AT])
    },
  )

  test('a second section counts its interfaces anew, in its own byte order', () => {
    const { interfaces, frames } = read(
      concat(
        section(true),
        nic(true, 1),
        enhanced(true, 0, BigInt(AT)),
        section(false),
        nic(false, 113),
        enhanced(false, 0, BigInt(AT)),
      ),
    )
    expect(interfaces.map(({ linkType }) => linkType)).toEqual([1, 113])
    expect(frames.map((frame) => frame.interface)).toEqual([0, 1])
  })

  test('a file that ends within a block gives the frames before it', () => {
    const head = concat(section(true), nic(true, 1), enhanced(true, 0, BigInt(AT)))
    const { frames, damage } = read(concat(head, enhanced(true, 0, 0n).subarray(0, 60)))
    expect(frames).toHaveLength(1)
    expect(damage).toMatch(/it ends within a block, at byte \d+/)
  })

  test('a simple packet has no time, and as much as the snap length lets it', () => {
    const simple = block(true, 3, bytesOf(true, u32(1500), FRAME.subarray(0, 40)))
    const { frames } = read(concat(section(true), nic(true, 1, 40), simple))
    expect(frames).toEqual([
      { number: 1, interface: 0, bytes: FRAME.subarray(0, 40), length: 1500 },
    ])
  })

  test.for<[what: string, tail: Uint8Array, damage: RegExp]>([
    [
      'an interface that nobody described',
      enhanced(true, 7, 0n),
      /frame 2 is of an interface that is not described/,
    ],
    [
      'a length that is no multiple of four',
      bytesOf(true, u32(6), u32(33), new Uint8Array(40)),
      /cannot be 33 bytes long/,
    ],
    ['a block that lost its end', enhanced(true, 0, 0n).subarray(0, 60), /says two lengths/],
    [
      'more data than its block',
      block(true, 6, bytesOf(true, u32(0), u32(0), u32(0), u32(4000), u32(4000), FRAME)),
      /frame 2 is longer than its block/,
    ],
  ])('%s ends the reading', ([, tail, damage]) => {
    const { frames, damage: found } = read(
      concat(
        section(true),
        nic(true, 1),
        enhanced(true, 0, BigInt(AT)),
        tail,
        enhanced(true, 0, 0n),
      ),
    )
    expect(frames).toHaveLength(1)
    expect(found).toMatch(damage)
  })
})

test.for<[bytes: Uint8Array, why: RegExp]>([
  [new Uint8Array(), /is empty/],
  [new TextEncoder().encode('<VPNProfile>'), /is no capture/],
  [fromHex('1f8b0800'), /compressed \(gzip\)/],
  [fromHex('474d4255 0102'), /Network Monitor/],
  [fromHex('a1b2c3d4 0002'), /ends within the header/],
  [fromHex('0a0d0d0a 1c000000 00000000'), /is damaged/],
])('%# is no capture: one clause says why', ([bytes, why]) => {
  const result = readCaptureFile(bytes)
  expect(result.ok ? '' : result.error).toMatch(why)
})

test('no bytes throw, however damaged', () => {
  const sound = [
    pcap(true, 0xa1b2c3d4, 1),
    concat(section(false), nic(false, 1), enhanced(false, 0, BigInt(AT))),
    concat(
      section(true),
      nic(true, 1, 0, option(true, 9, Uint8Array.of(127))),
      enhanced(true, 0, 2n ** 63n),
    ),
  ]
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 })
  fc.assert(
    fc.property(fc.constantFrom(...sound), changes, fc.nat(200), (bytes, changed, cut) => {
      const damaged = bytes.slice(0, bytes.length - (cut % 3 === 0 ? cut % bytes.length : 0))
      for (const [at, value] of changed) damaged[at % damaged.length] = value
      const result = readCaptureFile(damaged)
      if (!result.ok) return result.error.length > 0
      return result.value.frames.every(({ at }) => at === undefined || Number.isSafeInteger(at))
    }),
    { numRuns: 3000, seed: 11 },
  )
})
