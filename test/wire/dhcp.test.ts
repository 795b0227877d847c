import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import {
  addressesIn,
  addressIn,
  decodeDhcp,
  dhcpMessage,
  DhcpMessageType,
  DhcpOptionCode,
  dhcpTypeName,
  encodeDhcp,
  messageTypeOf,
  messageTypeOption,
  numberIn,
  numbersOption,
  optionData,
  textIn,
  textOption,
  type DhcpMessage,
} from '../../src/wire/dhcp.ts'

// The DHCPDISCOVER of Wireshark's sample capture dhcp.pcap, frame 1 (UDP payload).
const DISCOVER = concat(
  fromHex('01010600 00003d1d 00000000 00000000 00000000 00000000 00000000 000b8201 fc420000'),
  new Uint8Array(200),
  fromHex('63825363 350101 3d0701000b8201fc42 320400000000 370401032a06 ff'),
  new Uint8Array(7),
)

const read = (bytes: Uint8Array): DhcpMessage => {
  const decoded = decodeDhcp(bytes)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error))
  return decoded.value
}

const message = (options: DhcpMessage['options']): DhcpMessage =>
  dhcpMessage({ op: 2, transaction: 7, hardwareAddress: fromHex('020000000001'), options })

describe('a DHCPDISCOVER from a capture (Wireshark sample dhcp.pcap, frame 1)', () => {
  test('decodes', () => {
    const discover = read(DISCOVER)
    expect(discover).toMatchObject({ op: 1, transaction: 0x3d1d, secs: 0, broadcast: false })
    expect(toHex(discover.hardwareAddress)).toBe('000b8201fc42')
    expect(messageTypeOf(discover)).toBe(DhcpMessageType.discover)
    expect(addressIn(discover, DhcpOptionCode.requestedAddress)).toBe(0)
    expect(toHex(optionData(discover, DhcpOptionCode.parameterRequestList)!)).toBe('01032a06')
  })

  test('encodes back to the same 272 bytes, and padding to BOOTP size', () => {
    const again = encodeDhcp(read(DISCOVER))
    expect(toHex(again.subarray(0, DISCOVER.length))).toBe(toHex(DISCOVER))
    expect(again.length).toBe(300)
    expect(again.subarray(DISCOVER.length).every((byte) => byte === 0)).toBe(true)
  })

  test('is refused when cut within header, cookie or an option', () => {
    for (let length = 0; length < 242; length++) {
      expect(decodeDhcp(DISCOVER.subarray(0, length)).ok, `${length} bytes`).toBe(length === 240)
    }
  })
})

test('what a server says reads back: addresses, times, text', () => {
  const ack = read(
    encodeDhcp(
      message([
        messageTypeOption(DhcpMessageType.ack),
        numbersOption(DhcpOptionCode.domainNameServer, ipv4('10.0.0.5'), ipv4('10.0.0.6')),
        numbersOption(DhcpOptionCode.leaseTime, 691_200),
        textOption(DhcpOptionCode.domainName, 'corp.contoso.com\0'),
      ]),
    ),
  )
  const servers = addressesIn(ack, DhcpOptionCode.domainNameServer)
  expect(servers).toEqual([ipv4('10.0.0.5'), ipv4('10.0.0.6')])
  expect(numberIn(ack, DhcpOptionCode.leaseTime)).toBe(691_200)
  expect(textIn(ack, DhcpOptionCode.domainName)).toBe('corp.contoso.com')
  expect(addressIn(ack, DhcpOptionCode.router)).toBeUndefined()
})

test('an option that comes twice is one long option (RFC 3396)', () => {
  const twice = message([textOption(15, 'corp.'), textOption(15, 'contoso.com')])
  expect(textIn(read(encodeDhcp(twice)), 15)).toBe('corp.contoso.com')
})

test('options in the fields for file and server name count when option 52 says so', () => {
  const bytes = encodeDhcp(message([{ code: 52, data: Uint8Array.of(3) }]))
  bytes.set([15, 2, 0x61, 0x62, 255], 108)
  bytes.set([12, 1, 0x63, 255], 44)
  const overloaded = read(bytes)
  expect([textIn(overloaded, 15), textIn(overloaded, 12)]).toEqual(['ab', 'c'])
})

test.for([
  ['a wrong magic cookie', 236, 0, 'magic cookie'],
  ['no hardware address', 2, 0, 'hlen'],
  ['a hardware address of 17 bytes', 2, 17, 'hlen'],
  ['an option that runs past the end', 241, 255, 'option 53'],
] as const)('%s is malformed', ([, at, value, field]) => {
  const bytes = encodeDhcp(message([messageTypeOption(DhcpMessageType.ack)]))
  bytes[at] = value
  expect(decodeDhcp(bytes)).toMatchObject({ ok: false, error: { layer: 'dhcp', field } })
})

test.for([
  ['a lease time of three bytes', { code: 51, data: new Uint8Array(3) }],
  ['a router of five bytes', { code: 3, data: new Uint8Array(5) }],
  ['an empty list of DNS servers', { code: 6, data: new Uint8Array() }],
] as const)('%s is malformed', ([, option]) => {
  expect(decodeDhcp(encodeDhcp(message([option]))).ok).toBe(false)
})

test('message types have names', () => {
  expect([dhcpTypeName(1), dhcpTypeName(6), dhcpTypeName(42)]).toEqual([
    'DHCPDISCOVER',
    'DHCPNAK',
    'DHCP type 42',
  ])
})

test('random and damaged bytes never raise an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void decodeDhcp(bytes)))
  const whole = encodeDhcp(message([messageTypeOption(5), textOption(15, 'a.example')]))
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
      const bytes = whole.slice()
      bytes[at] = value
      expect(typeof decodeDhcp(bytes).ok).toBe('boolean')
    }),
  )
})

test('any options survive a round trip', () => {
  const option = fc.record({
    code: fc.integer({ min: 82, max: 254 }),
    data: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(fc.uniqueArray(option, { selector: (o) => o.code, maxLength: 12 }), (options) => {
      const got = read(encodeDhcp(message(options))).options
      expect(got.map((o) => [o.code, toHex(o.data)])).toEqual(
        options.map((o) => [o.code, toHex(o.data)]),
      )
    }),
  )
})
