import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatZoneError, parseZone } from '../../../src/engine/dns/zone-file.ts'
import { nameKey, nameOf } from '../../../src/wire/dns/name.ts'
import { typeNumber } from '../../../src/wire/dns/registry.ts'
import { fileOf, HEAD, zoneOf } from './zones.ts'

const set = (text: string, name: string, type: string, origin = 'contoso.com') =>
  zoneOf(origin, text)
    .nodes.get(nameKey(nameOf(name)))
    ?.rrsets.get(typeNumber(type)!)

const errors = (text: string, origin = 'contoso.com'): string[] => {
  const parsed = parseZone(fileOf(text), origin)
  return parsed.ok ? [] : parsed.error.map(formatZoneError)
}

describe('a master file', () => {
  test('in the form of RFC 1035 §5.3 is read, with what it leaves out filled in', () => {
    const text = `
$ORIGIN ISI.EDU.
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM
        NS      A.ISI.EDU.
        MX      10      VENERA
A       A       26.3.0.103
VENERA  A       10.1.0.52
        A       128.9.0.32
`
    const zone = zoneOf('isi.edu', text)
    // RFC 1035 leaves the TTL to the SOA's minimum where there is no other.
    expect(zone.soa.ttl).toBe(60)
    expect(set(text, 'venera.isi.edu', 'A', 'isi.edu')?.data).toHaveLength(2)
    expect(set(text, 'isi.edu', 'MX', 'isi.edu')?.ttl).toBe(60)
  })

  test.for([
    ['TTL, then class', 'a 5 IN A 192.0.2.1', 5],
    ['class, then TTL', 'a IN 5 A 192.0.2.1', 5],
    ['units', 'a 1h30m A 192.0.2.1', 5400],
    ['units in upper case', 'a 1W2D A 192.0.2.1', 777_600],
    ['$TTL', '$TTL 9\na A 192.0.2.1', 9],
    ['a TTL above 2³¹ − 1, which is 0 (RFC 2181 §8)', 'a 2147483648 A 192.0.2.1', 0],
    ['the first of two TTLs in one RRset', 'a 7 A 192.0.2.1\na 8 A 192.0.2.2', 7],
  ] as const)('takes the TTL from %s', ([, line, ttl]) => {
    expect(set(`${HEAD}${line}\n`, 'a.contoso.com', 'A')?.ttl).toBe(ttl)
  })

  test('has the same meaning with CRLF', () => {
    const text = `${HEAD}a TXT ( "one"\n  "two" ) ; comment\n`
    expect(zoneOf('contoso.com', text.replaceAll('\n', '\r\n'))).toEqual(
      zoneOf('contoso.com', text),
    )
  })

  test('keeps quotes, semicolons and escapes within strings', () => {
    const text = set(`${HEAD}a TXT "semi;colon" back\\"slash "\\065(b)"\n`, 'a.contoso.com', 'TXT')
    expect(String.fromCharCode(...text!.data[0]!)).toBe('\nsemi;colon\nback"slash\u0004A(b)')
  })

  test('brings empty non-terminals with its names', () => {
    const zone = zoneOf('contoso.com', `${HEAD}_ldap._tcp.dc._msdcs SRV 0 100 389 dc1\n`)
    expect(zone.nodes.get('_msdcs.contoso.com.')?.rrsets.size).toBe(0)
  })

  test('of the root is a zone like any other', () => {
    expect(zoneOf('.', HEAD).nodes.has('ns1.')).toBe(true)
  })
})

describe('what is wrong has its place', () => {
  test.for([
    ['x A 300.1.1.1', "test.zone:5:5: A: expected an IPv4 address, got '300.1.1.1'"],
    ['x A 010.0.0.1', "test.zone:5:5: A: expected an IPv4 address, got '010.0.0.1'"],
    ['x A', 'test.zone:5:4: A: expected an IPv4 address, got the end of the record'],
    ['x A 192.0.2.1 2', "test.zone:5:15: A: expected the end of the record, got '2'"],
    ['x MX ten mail', "test.zone:5:6: MX: expected a number 0 … 65535, got 'ten'"],
    ['x FOO bar', "test.zone:5:3: expected a record type, got 'FOO'"],
    ['x CH A 192.0.2.1', "test.zone:5:3: expected class IN, got 'CH'"],
    ['x ANY 1', "test.zone:5:3: expected class IN, got 'ANY'"],
    ['x TXT "open', 'test.zone:5:7: the quoted string does not end on its line'],
    ['x TXT ( a', "test.zone:5:7: '(' is never closed"],
    ['x TXT a )', "test.zone:5:9: ')' without '('"],
    ['a..b A 192.0.2.1', "test.zone:5:1: 'a..b' has an empty label"],
    [
      '$INCLUDE other.zone',
      'test.zone:5:1: $INCLUDE is not read here: write the records out in this file',
    ],
    [
      '$GENERATE 1-9 h$ A 10.0.0.$',
      'test.zone:5:1: $GENERATE is not read here: write the records out in this file',
    ],
    ['$TLL 5', "test.zone:5:1: expected $ORIGIN or $TTL, got '$TLL'"],
    ['other.example. A 192.0.2.1', 'test.zone:5:1: other.example is not in the zone contoso.com'],
    ['ns1 CNAME x', 'test.zone:5:1: ns1.contoso.com has a CNAME and other data (A)'],
    [
      'x SOA a b 1 1 1 1 1',
      'test.zone:5:1: the SOA record of x.contoso.com is not at the top of the zone',
    ],
    ['@ SOA a b 1 1 1 1 1', 'test.zone:5:1: contoso.com has more than one SOA record'],
    [
      '@ NS ns9',
      'test.zone:3:1: the name server ns9.contoso.com has no address records (A or AAAA)',
    ],
    ['x TYPE4711 abc', 'test.zone:5:12: TYPE4711: TYPE4711 data must be written as \\# LENGTH HEX'],
    ['x A \\# 4 C00002', 'test.zone:5:8: A: expected 4 octets after \\#, got 3'],
  ])('%s', ([line, message]) => {
    expect(errors(`${HEAD}${line}\n`)).toContain(message)
  })

  test('a zone without SOA or NS says which', () => {
    expect(errors('$TTL 5\na A 192.0.2.1\n')).toEqual([
      'test.zone:1:1: zone contoso.com has no SOA record',
      'test.zone:1:1: zone contoso.com has no NS records',
    ])
  })

  test('a record without any TTL is refused', () => {
    expect(errors('a A 192.0.2.1\n')).toEqual([
      'test.zone:1:3: no TTL: neither here, nor before, nor by $TTL',
    ])
  })

  test('data in generic form must fit its type', () => {
    expect(errors(`${HEAD}x A \\# 3 C00002\n`)).toHaveLength(1)
  })

  test('random text is read or refused, and never throws', () => {
    const word = fc.constantFrom(
      'a',
      'A',
      'IN',
      '1h',
      '(',
      ')',
      '"',
      ';',
      '\\',
      '\n',
      '\r',
      ' ',
      '$TTL',
      '@',
      '*',
      'SOA',
      '\\#',
      '4',
      'é',
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (words) => {
        parseZone(fileOf(words.join(' ')), 'contoso.com')
        parseZone(fileOf(words.join('')), 'contoso.com')
      }),
    )
  })
})
