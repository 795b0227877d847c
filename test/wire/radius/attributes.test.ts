import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4, parseIpv6, type Ipv6 } from '../../../src/base/address.ts'
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { instant } from '../../../src/base/time.ts'
import {
  attribute,
  attributeFromText,
  attributeValue,
  attributeValues,
  eapMessage,
  eapPacket,
  hasAttribute,
  vendorAttributes,
  vendorSpecific,
} from '../../../src/wire/radius/attributes.ts'
import {
  describeRadiusAttributes,
  describeRadiusPacket,
} from '../../../src/wire/radius/describe.ts'
import {
  attributeName,
  definitionNamed,
  definitionNumbered,
  type AttributeName,
} from '../../../src/wire/radius/dictionary.ts'
import { MICROSOFT_ATTRIBUTES, MICROSOFT_VENDOR } from '../../../src/wire/radius/microsoft.ts'
import { valueName, valueNamed } from '../../../src/wire/radius/named-values.ts'
import { valueOf } from '../results.ts'

const hexOf = ({ type, value }: { readonly type: number; readonly value: Uint8Array }): string =>
  `${type} ${toHex(value)}`

describe('values by kind', () => {
  const prefix = { address: parseIpv6('2001:db8:4000::')! satisfies Ipv6, length: 34 }
  test.for([
    ['text', attribute('User-Name', 'ada'), '1 616461'],
    ['integer', attribute('NAS-Port-Type', 5), '61 00000005'],
    ['address', attribute('NAS-IP-Address', ipv4('192.168.1.16')), '4 c0a80110'],
    [
      'IPv6 address',
      attribute('NAS-IPv6-Address', parseIpv6('2001:db8::1')!),
      '95 20010db8000000000000000000000001',
    ],
    ['IPv6 prefix', attribute('Framed-IPv6-Prefix', prefix), '97 002220010db840'],
    ['date', attribute('Event-Timestamp', instant('1970-01-01T00:01:40Z')), '55 00000064'],
    ['tagged integer', attribute('Tunnel-Type', { tag: 1, value: 3 }), '64 01000003'],
    ['tagged text', attribute('Tunnel-Client-Endpoint', { tag: 31, value: 'x' }), '66 1f78'],
    ['text without a tag', attribute('Tunnel-Client-Endpoint', { tag: 0, value: 'x' }), '66 78'],
    [
      'text that would read as a tag',
      attribute('Tunnel-Client-Endpoint', { tag: 0, value: '\u0001' }),
      '66 0001',
    ],
    [
      'tagged octets',
      attribute('Tunnel-Password', { tag: 0, value: fromHex('8001') }),
      '69 008001',
    ],
    ['vendor', attribute('MS-RAS-Vendor', 311), '26 00000137090600000137'],
  ] as const)('%s', ([, made, hex]) => {
    expect(hexOf(made)).toBe(hex)
  })

  test.for([
    ['Framed-IPv6-Prefix', prefix],
    ['Tunnel-Type', { tag: 1, value: 3 }],
    ['Tunnel-Server-Endpoint', { tag: 2, value: '203.0.113.10' }],
    ['Tunnel-Password', { tag: 5, value: fromHex('80010203') }],
    ['Event-Timestamp', instant('2026-03-02T08:00:00Z')],
    ['MS-RAS-Client-Name', 'LAPTOP1'],
    ['MS-User-IPv6-Address', parseIpv6('2001:db8::1')!],
    ['MS-RAS-Correlation', fromHex('00')],
  ] as const)('%s comes back as it went', ([name, value]) => {
    expect(attributeValue([attribute(name, value as never)], name)).toEqual(value)
  })

  test('a number out of its range is our own misuse', () => {
    expect(() => attribute('NAS-Port', -1)).toThrow(RangeError)
    expect(() => attribute('NAS-Port', 2 ** 32)).toThrow(RangeError)
    expect(() => attribute('Tunnel-Type', { tag: 0, value: 2 ** 24 })).toThrow(RangeError)
    expect(() => attribute('Tunnel-Type', { tag: 32, value: 1 })).toThrow(RangeError)
  })

  test('bytes that are no such value are as good as absent', () => {
    const attributes = [
      { type: 5, value: fromHex('01') },
      { type: 5, value: fromHex('00000007') },
      { type: 97, value: fromHex('0081') },
      { type: 97, value: fromHex('004020010db8') },
      { type: 95, value: fromHex('01') },
      { type: 64, value: fromHex('010003') },
      { type: 69, value: new Uint8Array() },
    ]
    expect(attributeValues(attributes, 'NAS-Port')).toEqual([7])
    const names = ['Framed-IPv6-Prefix', 'NAS-IPv6-Address', 'Tunnel-Type', 'Tunnel-Password']
    expect(names.filter((name) => hasAttribute(attributes, name as AttributeName))).toEqual([])
  })
})

describe("vendors' attributes", () => {
  test('several may share one Vendor-Specific', () => {
    const both = vendorSpecific(MICROSOFT_VENDOR, [
      { type: MICROSOFT_ATTRIBUTES['MS-RAS-Vendor'][0], value: fromHex('00000137') },
      { type: MICROSOFT_ATTRIBUTES['MS-RAS-Version'][0], value: utf8('MSRASV5.20') },
    ])
    expect(attributeValue([both], 'MS-RAS-Vendor')).toBe(311)
    expect(attributeValue([both], 'MS-RAS-Version')).toBe('MSRASV5.20')
  })

  test("of another vendor are not Microsoft's", () => {
    const other = vendorSpecific(9, [{ type: 9, value: fromHex('00000137') }])
    expect(attributeValue([other], 'MS-RAS-Vendor')).toBeUndefined()
    expect(vendorAttributes([other])).toMatchObject([{ vendor: 9, type: 9 }])
  })

  test.for(['', '000001', '0000013709', '000001370901', '00000137090700000137'])(
    'a Vendor-Specific of %s has nothing to read in it',
    (hex) => {
      expect(vendorAttributes([{ type: 26, value: fromHex(hex) }])).toEqual([])
    },
  )
})

describe('EAP-Message', () => {
  test('goes in pieces of at most 253 bytes and comes back whole (RFC 3579 §3.1)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1100 }), (packet) => {
        const pieces = eapMessage(packet)
        expect(pieces.length).toBe(Math.max(1, Math.ceil(packet.length / 253)))
        expect(toHex(eapPacket(pieces)!)).toBe(toHex(packet))
      }),
    )
  })

  test('without EAP-Message there is no packet, which is not an empty one', () => {
    expect(eapPacket([attribute('User-Name', 'ada')])).toBeUndefined()
    expect(eapPacket(eapMessage(new Uint8Array()))).toEqual(new Uint8Array())
  })
})

describe('the dictionary', () => {
  test('knows each attribute by its name in any case and by its number', () => {
    expect(definitionNamed('nas-port-type')).toMatchObject({ type: 61, kind: 'integer' })
    expect(definitionNumbered(16, 311)).toMatchObject({ name: 'MS-MPPE-Send-Key', secret: true })
    expect(definitionNamed('toString')).toBeUndefined()
    expect(attributeName(211)).toBe('Attribute-211')
    expect(attributeName(1, 9)).toBe('Vendor-9-Attribute-1')
  })

  test('has names for numbers that people read', () => {
    expect(valueName('NAS-Port-Type', 5)).toBe('Virtual')
    expect(valueName('Acct-Terminate-Cause', 4)).toBe('Idle-Timeout')
    expect(valueName('NAS-Port-Type', 4711)).toBe('4711')
    expect(valueNamed('Framed-Protocol', 'ppp')).toBe(1)
    expect(valueNamed('Framed-MTU', 'ppp')).toBeUndefined()
  })
})

describe('what an operator writes', () => {
  test.for([
    ['Framed-Protocol', 'PPP', '7 00000001'],
    ['framed-mtu', 1344, '12 00000540'],
    ['Filter-Id', 'staff', '11 7374616666'],
    ['Class', 'ab', '25 6162'],
    ['Class', '0xAB00', '25 ab00'],
    ['Class', '0xABC', '25 3078414243'],
    ['Framed-IP-Address', '10.0.0.5', '8 0a000005'],
    ['NAS-IPv6-Address', '::1', '95 00000000000000000000000000000001'],
    ['Framed-IPv6-Prefix', '2001:db8::/32', '97 002020010db8'],
    ['Event-Timestamp', '1970-01-01T00:00:01Z', '55 00000001'],
    ['Tunnel-Type', 'L2TP', '64 00000003'],
    ['Tunnel-Client-Endpoint', '10.0.0.1', '66 31302e302e302e31'],
  ] as const)('%s %s', ([name, value, hex]) => {
    expect(hexOf(valueOf(attributeFromText(name, value)))).toBe(hex)
  })

  test.for([
    ['Framed-Protocol', 'PPPP'],
    ['Framed-MTU', '-1'],
    ['Framed-MTU', '4294967296'],
    ['Tunnel-Type', '16777216'],
    ['Framed-IP-Address', '::1'],
    ['NAS-IPv6-Address', '10.0.0.5'],
    ['Framed-IPv6-Prefix', '10.0.0.0/8'],
    ['Event-Timestamp', '2206-02-30'],
    ['Event-Timestamp', '2206-02-03'],
  ])('%s has no value %s', ([name, got]) => {
    expect(attributeFromText(name!, got!)).toMatchObject({
      ok: false,
      error: { code: 'radius/no-such-value', name, got },
    })
  })

  test('an attribute that nobody knows is said, with the value meant for it', () => {
    expect(attributeFromText('Framed-Mut', 1344)).toEqual({
      ok: false,
      error: { code: 'radius/no-such-attribute', name: 'Framed-Mut', got: '1344' },
    })
  })
})

describe('in words', () => {
  const packet = (...attributes: Parameters<typeof describeRadiusPacket>[0]['attributes']) => ({
    code: 1,
    identifier: 12,
    authenticator: new Uint8Array(16),
    attributes,
  })

  test('one line says what it is, who, and the EAP packet in it', () => {
    const request = packet(
      attribute('User-Name', 'ada'),
      attribute('NAS-Port-Type', 5),
      ...eapMessage(fromHex('0201000801616461')),
    )
    expect(describeRadiusPacket(request)).toBe(
      'Access-Request #12 User-Name=ada EAP Response Identity',
    )
    expect(describeRadiusPacket({ ...packet(...eapMessage(fromHex('03010004'))), code: 2 })).toBe(
      'Access-Accept #12 EAP Success',
    )
    expect(describeRadiusPacket(packet(...eapMessage(new Uint8Array())))).toMatch(/EAP Start$/)
  })

  test('passwords, proofs and keys are never shown, hidden or not', () => {
    const bytes = utf8('hunter2hunter2xx')
    const secrets = packet(
      attribute('User-Password', bytes),
      attribute('CHAP-Password', bytes),
      attribute('MS-CHAP2-Response', bytes),
      attribute('MS-MPPE-Send-Key', bytes),
      attribute('Tunnel-Password', { tag: 1, value: bytes }),
    )
    const shown = [describeRadiusPacket(secrets), ...describeRadiusAttributes(secrets.attributes)]
    for (const line of shown) {
      expect(line).not.toMatch(/hunter2|68756e74657232/)
      expect(line).toMatch(/…/)
    }
    expect(shown[0]).toBe(
      'Access-Request #12 User-Password=… CHAP-Password=… MS-CHAP2-Response=… MS-MPPE-Send-Key=… Tunnel-Password=…',
    )
  })

  test('every attribute has a line', () => {
    expect(
      describeRadiusAttributes([
        attribute('NAS-Port-Type', 5),
        attribute('Tunnel-Type', { tag: 1, value: 3 }),
        attribute('Framed-IP-Address', ipv4('10.0.0.5')),
        attribute('Event-Timestamp', instant('2026-03-02')),
        attribute('MS-RAS-Vendor', 311),
        attribute('Class', fromHex('0102')),
        attribute('Reply-Message', 'two\nlines \u202e'),
        { type: 5, value: fromHex('01') },
        { type: 26, value: fromHex('01') },
        { type: 211, value: fromHex('ff') },
        { type: 80, value: new Uint8Array(16) },
      ]),
    ).toEqual([
      'NAS-Port-Type=Virtual',
      'Tunnel-Type=1:L2TP',
      'Framed-IP-Address=10.0.0.5',
      'Event-Timestamp=2026-03-02T00:00:00Z',
      'MS-RAS-Vendor=311',
      'Class=0x0102',
      'Reply-Message=two\ufffdlines \ufffd',
      'NAS-Port=0x01',
      'Vendor-Specific=0x01',
      'Attribute-211=0xff',
      'Message-Authenticator=16 B',
    ])
  })

  test('no attribute, whatever its bytes, raises an exception or breaks the line', () => {
    const any = fc.record({ type: fc.nat(255), value: fc.uint8Array({ maxLength: 253 }) })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), (attributes) => {
        const lines = [
          describeRadiusPacket(packet(...attributes)),
          ...describeRadiusAttributes(attributes),
        ]
        for (const line of lines) expect(line).not.toMatch(/\p{Cc}/u)
      }),
    )
  })
})
