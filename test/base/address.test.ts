import { expect, test } from 'vitest'
import fc from 'fast-check'
import {
  broadcastOf,
  formatAddress,
  formatPrefix,
  ipv4,
  parseAddress,
  parseInterfaceAddress,
  parseIpv4,
  parseIpv6,
  parsePrefix,
  prefixContains,
  type Ipv4,
  type Ipv6,
  type Prefix,
} from '../../src/base/address.ts'

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text)
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value
}

test.for([
  '010.0.0.1',
  '300.1.1.1',
  '1.2.3',
  '1.2.3.4.5',
  '0x7f.0.0.1',
  '127.1',
  ' 1.2.3.4',
  '1.2.3.4 ',
  '',
])("'%s' is no IPv4 address", (text) => {
  expect(parseIpv4(text)).toBeUndefined()
})

test('every IPv4 address survives being written and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
      expect(parseIpv4(formatAddress(value as Ipv4))).toBe(value)
    }),
  )
})

test('every IPv6 address survives being written and read', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (value) => {
      expect(parseIpv6(formatAddress(value as Ipv6))).toBe(value)
    }),
  )
})

// RFC 5952 §4 and §5.
test.for([
  ['2001:DB8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
  ['::1', '::1'],
  ['fe80::', 'fe80::'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
] as const)('%s is written %s', ([text, canonical]) => {
  expect(formatAddress(parseAddress(text)!)).toBe(canonical)
})

test.for([
  '1::2::3',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '12345::',
  'g::',
  '::1.2.3.400',
  '1:2:3:4:5:6:7::8:9',
])("'%s' is no IPv6 address", (text) => {
  expect(parseAddress(text)).toBeUndefined()
})

test('host bits in a prefix are refused, and what was meant is quoted', () => {
  expect(parsePrefix('10.1.2.3/16')).toEqual({
    ok: false,
    error: "'10.1.2.3/16' has host bits set; did you mean 10.1.0.0/16?",
  })
  expect(parsePrefix('2001:db8::1/32')).toMatchObject({ ok: false })
  expect(formatPrefix(prefix('10.1.0.0/16'))).toBe('10.1.0.0/16')
  expect(formatPrefix(prefix('0.0.0.0/0'))).toBe('0.0.0.0/0')
  expect(parsePrefix('10.0.0.0/33')).toMatchObject({ ok: false })
  expect(parsePrefix('10.0.0.0')).toMatchObject({ ok: false })
})

test('an interface address keeps its host bits and knows its network', () => {
  const parsed = parseInterfaceAddress('192.0.2.10/28')
  expect(parsed).toMatchObject({ ok: true, value: { address: ipv4('192.0.2.10') } })
  expect(parsed.ok && formatPrefix(parsed.value.prefix)).toBe('192.0.2.0/28')
})

test('a prefix contains its addresses, and none of the other family', () => {
  expect(prefixContains(prefix('10.10.0.0/16'), ipv4('10.10.255.255'))).toBe(true)
  expect(prefixContains(prefix('10.10.0.0/16'), ipv4('10.11.0.0'))).toBe(false)
  expect(prefixContains(prefix('0.0.0.0/0'), ipv4('255.255.255.255'))).toBe(true)
  expect(prefixContains(prefix('0.0.0.0/0'), parseAddress('::1')!)).toBe(false)
  expect(prefixContains(prefix('2001:db8::/32'), parseAddress('2001:db8:ffff::1')!)).toBe(true)
  expect(formatAddress(broadcastOf(prefix('192.168.1.0/24') as Prefix<Ipv4>))).toBe('192.168.1.255')
})
