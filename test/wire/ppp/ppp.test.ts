import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import {
  ControlCode,
  controlCodeName,
  decodeControl,
  decodePppOptions,
  encodeControl,
  encodePppOptions,
} from '../../../src/wire/ppp/control.ts'
import {
  decodePppFrame,
  encodePppFrame,
  isNetworkProtocol,
  pppProtocolName,
} from '../../../src/wire/ppp/frame.ts'
import {
  describeIpcpOption,
  describeLcpOption,
  u16Of,
  u16Option,
  u32Of,
  u32Option,
} from '../../../src/wire/ppp/options.ts'
import { valueOf } from '../results.ts'

describe('a frame', () => {
  test.for([
    ['IPCP', 'ff038021 0102', 0x8021],
    ['without address and control', '8021 0102', 0x8021],
    ['with a short protocol', 'ff0321 0102', 0x21],
    ['shortest', '21 0102', 0x21],
  ] as const)('%s is read', ([, hex, protocol]) => {
    expect(valueOf(decodePppFrame(fromHex(hex)))).toEqual({
      protocol,
      information: fromHex('0102'),
    })
  })

  test('goes out with all of its header', () => {
    expect(toHex(encodePppFrame({ protocol: 0xc021, information: fromHex('01') }))).toBe(
      'ff03c02101',
    )
  })

  test.for(['', 'ff03', '80', 'ff0380', '8020', 'ff034000'])('%s is refused', (hex) => {
    expect(decodePppFrame(fromHex(hex)).ok).toBe(false)
  })

  test('is of a network layer by its protocol', () => {
    expect([0x21, 0x57, 0x3fff].map(isNetworkProtocol)).toEqual([true, true, true])
    expect([0x8021, 0xc021, 0xc227].map(isNetworkProtocol)).toEqual([false, false, false])
    expect([0xc227, 0x8035].map(pppProtocolName)).toEqual(['EAP', 'protocol 0x8035'])
  })
})

// What a Windows server asks in SSTP, laid out by hand after RFC 1661 §6 and RFC 1990 §5.1.
const REQUEST = fromHex(
  `01000034 01040ffb 0304c227 050651a2411c 0702 0802 0d0306 1104064e
   131701 ef8b1435c0160000000000000000000000000000`,
)

describe('a control packet', () => {
  test('is read, and written as it was', () => {
    const packet = valueOf(decodeControl(REQUEST))
    expect(packet).toMatchObject({ code: ControlCode['Configure-Request'], identifier: 0 })
    const options = valueOf(decodePppOptions(packet.data))
    expect(options.map(describeLcpOption)).toEqual([
      'MRU 4091',
      'AUTH EAP',
      'MAGIC 51a2411c',
      'PFC',
      'ACFC',
      'CALLBACK 06',
      'MRRU 064e',
      'EPDISC 01ef8b1435c0160000000000000000000000000000',
    ])
    expect(toHex(encodeControl({ ...packet, data: encodePppOptions(options) }))).toBe(
      toHex(REQUEST),
    )
  })

  test('ends where its length says, and what is behind is padding', () => {
    expect(valueOf(decodeControl(fromHex('09010008 00000000 ffff')))).toEqual({
      code: 9,
      identifier: 1,
      data: fromHex('00000000'),
    })
  })

  test.for(['', '010100', '01010003', '01010005'])('%s is refused', (hex) => {
    expect(decodeControl(fromHex(hex)).ok).toBe(false)
  })

  test.for(['01', '0101', '0100', '010400', '0104000001'])('options %s are refused', (hex) => {
    expect(decodePppOptions(fromHex(hex)).ok).toBe(false)
  })

  test('says no more than its fields hold', () => {
    expect(() => encodePppOptions([{ type: 1, data: new Uint8Array(254) }])).toThrow(RangeError)
    const data = new Uint8Array(65_532)
    expect(() => encodeControl({ code: 1, identifier: 1, data })).toThrow(RangeError)
    expect([4, 12, 99].map(controlCodeName)).toEqual([
      'Configure-Reject',
      'Identification',
      'code 99',
    ])
  })
})

test('options of IPCP are told with their addresses', () => {
  // RFC 1332 §3.3, RFC 1877 §1.1.
  const options = valueOf(decodePppOptions(fromHex('03060a146407 8106 0a14000a 8206 00000000')))
  expect(options.map(describeIpcpOption)).toEqual([
    'ADDR 10.20.100.7',
    'DNS1 10.20.0.10',
    'NBNS1 0.0.0.0',
  ])
  expect(describeIpcpOption({ type: 2, data: fromHex('002d0f01') })).toBe('COMP 002d0f01')
  expect(describeIpcpOption({ type: 3, data: fromHex('0a') })).toBe('ADDR 0a')
  expect(describeIpcpOption({ type: 200, data: new Uint8Array() })).toBe('option 200')
})

test('numbers in options have their own length', () => {
  expect(u16Of(u16Option(1, 1500))).toBe(1500)
  expect(u32Of(u32Option(5, 0xfedcba98))).toBe(0xfedcba98)
  expect(u16Of(u32Option(5, 1))).toBeUndefined()
  expect(u32Of(u16Option(5, 1))).toBeUndefined()
})

test('any bytes are refused, or are what they encode to', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const frame = decodePppFrame(bytes)
      expect(!frame.ok || decodePppFrame(encodePppFrame(frame.value))).toEqual(!frame.ok || frame)
      const packet = decodeControl(bytes)
      expect(!packet.ok || decodeControl(encodeControl(packet.value))).toEqual(!packet.ok || packet)
      const options = decodePppOptions(bytes)
      const again = options.ok ? encodePppOptions(options.value) : bytes
      expect(toHex(again)).toBe(toHex(bytes))
      for (const option of options.ok ? options.value : []) {
        expect(describeLcpOption(option) + describeIpcpOption(option)).not.toBe('')
      }
    }),
    { seed: 1, numRuns: 1000 },
  )
})
