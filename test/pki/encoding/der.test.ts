import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../../src/base/bytes.ts'
import { formatInstant, instant, type Instant } from '../../../src/base/time.ts'
import {
  DER_DEPTH_MAX,
  formatDerFault,
  readDer,
  type DerReader,
  TAG,
} from '../../../src/pki/encoding/der.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'

const read = <T>(hex: string, reading: (r: DerReader) => T) =>
  readDer(fromHex(hex), 'value', reading)

describe('values that DER allows', () => {
  test.for<[string, (r: DerReader) => unknown, unknown]>([
    ['01 01 ff', (r) => r.boolean('value'), true],
    ['01 01 00', (r) => r.boolean('value'), false],
    ['02 01 7f', (r) => r.smallInteger('value'), 127],
    ['02 02 00 80', (r) => r.smallInteger('value'), 128],
    ['02 04 7f ff ff ff', (r) => r.smallInteger('value'), 2147483647],
    ['06 03 55 1d 0f', (r) => r.oid('value'), '2.5.29.15'],
    ['06 09 2a 86 48 86 f7 0d 01 01 0b', (r) => r.oid('value'), '1.2.840.113549.1.1.11'],
    ['06 03 88 37 03', (r) => r.oid('value'), '2.999.3'], // X.690 §8.19.5, example
    ['03 02 05 a0', (r) => r.bitString('value').unusedBits, 5],
    ['16 03 61 2e 62', (r) => r.ia5String('value'), 'a.b'],
    ['30 00', (r) => r.sequence('value').each('value', (i) => i.oid('oid'), true), []],
  ])('%s', ([hex, reading, expected]) => {
    expect(read(hex, reading)).toEqual({ ok: true, value: expected })
  })

  test.for([
    ['17 0d 343931323331323335393539 5a', '2049-12-31T23:59:59Z'],
    ['17 0d 353030313031303030303030 5a', '1950-01-01T00:00:00Z'],
    ['18 0f 3230353030313031303030303030 5a', '2050-01-01T00:00:00Z'],
    ['18 0f 3939393931323331323335393539 5a', '9999-12-31T23:59:59Z'],
    ['17 0d 323430323239313230303030 5a', '2024-02-29T12:00:00Z'],
  ] as const)('time %s is %s (RFC 5280 §4.1.2.5)', ([hex, expected]) => {
    const at = read(hex, (r) => r.time('value'))
    expect(at.ok && formatInstant(at.value)).toBe(expected)
  })
})

describe('what DER forbids comes back with offset and rule', () => {
  test.for<[string, string, (r: DerReader) => unknown, number, RegExp]>([
    ['nothing', '', (r) => r.element('value'), 0, /missing/],
    ['no length', '30', (r) => r.element('value'), 0, /length is missing/],
    ['indefinite length', '30 80 00 00', (r) => r.element('value'), 0, /indefinite/],
    ['long form for a short length', '04 81 01 00', (r) => r.element('value'), 0, /shortest form/],
    ['a leading zero in the length', '04 82 00 80', (r) => r.element('value'), 0, /shortest form/],
    ['a length of nine octets', '04 89 01', (r) => r.element('value'), 0, /9 octets/],
    ['contents cut short', '04 05 00', (r) => r.element('value'), 0, /5 bytes .* 1 left/],
    ['a high tag number', '1f 81 01 00', (r) => r.element('value'), 0, /above 30/],
    ['another tag', '04 00', (r) => r.sequence('value'), 0, /0x04, expected 0x30/],
    ['a BOOLEAN of 1', '01 01 01', (r) => r.boolean('value'), 2, /00 or FF/],
    ['an encoded default', '01 01 00', (r) => r.flag('value'), 0, /DEFAULT/],
    ['an empty INTEGER', '02 00', (r) => r.integerBytes('value'), 2, /no contents/],
    ['a padded INTEGER', '02 02 00 7f', (r) => r.integerBytes('value'), 2, /shortest form/],
    [
      'a padded negative INTEGER',
      '02 02 ff 80',
      (r) => r.integerBytes('value'),
      2,
      /shortest form/,
    ],
    ['a negative path length', '02 01 ff', (r) => r.smallInteger('value'), 0, /not within/],
    ['an OID that ends early', '06 02 55 80', (r) => r.oid('value'), 2, /object identifier/],
    ['a padded OID arc', '06 03 55 80 01', (r) => r.oid('value'), 2, /object identifier/],
    ['unused bits that are set', '03 02 05 a1', (r) => r.bitString('value'), 2, /not zero/],
    ['eight unused bits', '03 02 08 00', (r) => r.bitString('value'), 2, /unused bits/],
    [
      'a UTCTime without seconds',
      '17 0b 32343032323931323030 5a',
      (r) => r.time('value'),
      2,
      /date/,
    ],
    ['30 February', '17 0d 323430323330313230303030 5a', (r) => r.time('value'), 2, /date/],
    [
      'a time with a zone',
      '17 11 323430323239313230303030 2b30313030',
      (r) => r.time('v'),
      2,
      /date/,
    ],
    ['a fraction', '18 11 3230353030313031303030303030 2e35 5a', (r) => r.time('v'), 2, /date/],
    ['bytes after the value', '05 00 00', (r) => r.element('value'), 2, /follow/],
    [
      'an empty SEQUENCE OF',
      '30 00',
      (r) => r.sequence('v').each('v', (i) => i.oid('v')),
      2,
      /one/,
    ],
    ['bytes above 7f in an IA5String', '16 01 e9', (r) => r.ia5String('value'), 2, /IA5String/],
  ])('%s', ([, hex, reading, offset, rule]) => {
    const result = read(hex, reading)
    expect(result).toMatchObject({ ok: false, error: { offset } })
    expect(!result.ok && result.error.rule).toMatch(rule)
  })

  test('nesting stops at the limit instead of the stack', () => {
    const deep = (levels: number): Uint8Array =>
      levels === 0 ? write.nullElement() : write.sequence(deep(levels - 1))
    const descend = (r: DerReader): number =>
      r.nextTag === TAG.sequence ? 1 + descend(r.sequence('v')) : (r.element('v'), 0)
    expect(readDer(deep(DER_DEPTH_MAX), 'v', descend)).toEqual({ ok: true, value: DER_DEPTH_MAX })
    const tooDeep = readDer(deep(DER_DEPTH_MAX + 1), 'v', descend)
    expect(!tooDeep.ok && formatDerFault(tooDeep.error)).toBe(
      `v, byte ${2 * DER_DEPTH_MAX + 2}: nested deeper than ${DER_DEPTH_MAX}`,
    )
  })
})

describe('the writer', () => {
  test.for([
    ['2.5.29.15', '06 03 55 1d 0f'],
    ['1.3.6.1.4.1.311.20.2.3', '06 0a 2b 06 01 04 01 82 37 14 02 03'],
    ['2.999.3', '06 03 88 37 03'],
  ] as const)('writes %s', ([oid, hex]) => {
    expect(write.oid(oid)).toEqual(fromHex(hex))
  })

  test('lengths take their shortest form', () => {
    const header = (length: number) => toHex(write.octetString(new Uint8Array(length)).slice(0, 4))
    expect(header(127)).toBe('047f0000')
    expect(header(128)).toBe('04818000')
    expect(header(256)).toBe('04820100')
  })

  test('whatever it writes, the reader gives back', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 0x7fffffff }),
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        fc.integer({ min: -631_152_000, max: 253_402_300_799 }),
        (number, bytes, flag, second) => {
          const at = (second * 1e6) as Instant
          const der = write.sequence(
            write.integer(number),
            write.octetString(bytes),
            write.boolean(flag),
            write.bitString(bytes),
            write.time(at),
          )
          const result = readDer(der, 'value', (r) => {
            const inner = r.sequence('value')
            const values = [
              inner.smallInteger('number'),
              inner.octetString('bytes'),
              inner.boolean('flag'),
              inner.octetsOfBits('bits'),
              inner.time('time'),
            ]
            inner.end('value')
            return values
          })
          expect(result).toEqual({ ok: true, value: [number, bytes, flag, bytes, at] })
        },
      ),
      { numRuns: 200 },
    )
  })

  test('the change from UTCTime to GeneralizedTime is at 2050', () => {
    expect(write.time(instant('2049-12-31T23:59:59Z'))[0]).toBe(TAG.utcTime)
    expect(write.time(instant('2050-01-01T00:00:00Z'))[0]).toBe(TAG.generalizedTime)
  })
})

test('no bytes make the reader throw', () => {
  const walk = (r: DerReader): number => {
    let count = 0
    while (!r.atEnd) {
      const element = r.element('value')
      count += 1 + ((element.tag & 0x20) === 0 ? 0 : walk(r.inside(element, 'value')))
    }
    return count
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(typeof readDer(concat(bytes), 'value', walk).ok).toBe('boolean')
    }),
    { numRuns: 500 },
  )
})
