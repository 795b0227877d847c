import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, utf8 } from '../../../src/base/bytes.ts'
import { formatInstant } from '../../../src/base/time.ts'
import { readCertificate } from '../../../src/pki/certificate/certificate.ts'
import { readCertificates } from '../../../src/pki/files/containers.ts'
import { readCrl } from '../../../src/pki/revocation/crl.ts'
import {
  contextConstructed,
  contextPrimitive,
  formatDerFault,
  TAG,
} from '../../../src/pki/encoding/der.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { ATTRIBUTE_OIDS, OID } from '../../../src/pki/encoding/oids.ts'
import { GATEWAY, held, pkiOf, rootOf, START } from '../contoso.ts'

const pki = pkiOf({ certificates: [{ ...GATEWAY, upn: ['gw@contoso.com'] }] })
const { certificate } = held(pki)

const algorithm = write.sequence(write.oid('1.2.840.10045.4.3.2'))
const name = (common: string) =>
  write.sequence(
    write.element(
      TAG.set,
      write.sequence(write.oid(ATTRIBUTE_OIDS.CN), write.element(TAG.utf8String, utf8(common))),
    ),
  )
const extension = (oid: string, value: Uint8Array, ...critical: Uint8Array[]) =>
  write.sequence(write.oid(oid), ...critical, write.octetString(value))

/** A certificate by hand, unsigned: for shapes that our own CA never issues. */
function forged(
  extensions: readonly Uint8Array[],
  change: Partial<Record<'version' | 'validity' | 'serial' | 'outer', Uint8Array>> = {},
) {
  const day = write.time(START)
  const tbs = write.sequence(
    change.version ?? write.explicit(0, write.integer(2)),
    change.serial ?? write.integer(7),
    algorithm,
    name('issuer'),
    change.validity ?? write.sequence(day, day),
    name('subject'),
    write.sequence(algorithm, write.bitString(Uint8Array.of(4))),
    ...(extensions.length === 0 ? [] : [write.explicit(3, write.sequence(...extensions))]),
  )
  return readCertificate(
    write.sequence(tbs, change.outer ?? algorithm, write.bitString(Uint8Array.of(1))),
  )
}

const faultOf = (result: ReturnType<typeof forged>): string =>
  result.ok ? 'reads' : formatDerFault(result.error)

describe('extensions that our CA does not issue', () => {
  const read = (oid: string, value: Uint8Array) => {
    const result = forged([extension(oid, value)])
    if (!result.ok) throw new Error(formatDerFault(result.error))
    return result.value
  }
  const ia5 = (n: number, text: string) => write.element(contextPrimitive(n), utf8(text))

  test('alternative names of every kind', () => {
    const value = write.sequence(
      ia5(1, 'ada@contoso.com'),
      ia5(6, 'tag:microsoft.com,2022-09-14:sid:S-1-5-21-1'),
      write.element(contextPrimitive(7), Uint8Array.of(192, 0, 2, 1)),
      write.element(contextConstructed(4), name('directory')),
      write.element(contextPrimitive(8), Uint8Array.of(42, 3)),
    )
    expect(read(OID.subjectAltName, value).subjectAltName).toMatchObject([
      { kind: 'email', value: 'ada@contoso.com' },
      { kind: 'uri', value: 'tag:microsoft.com,2022-09-14:sid:S-1-5-21-1' },
      { kind: 'ip', address: Uint8Array.of(192, 0, 2, 1) },
      { kind: 'directory', name: { text: 'CN=directory' } },
      { kind: 'other', tag: 0x88 },
    ])
  })

  test('Microsoft’s template and application policies', () => {
    const template = write.sequence(
      write.oid('1.3.6.1.4.1.311.21.8.1.2'),
      write.integer(100),
      write.integer(3),
    )
    expect(read(OID.certificateTemplate, template).template).toEqual({
      oid: '1.3.6.1.4.1.311.21.8.1.2',
      major: 100,
      minor: 3,
    })
    const policies = write.sequence(write.sequence(write.oid('1.3.6.1.5.5.7.3.1')))
    expect(read(OID.applicationPolicies, policies).applicationPolicies).toEqual([
      '1.3.6.1.5.5.7.3.1',
    ])
  })

  test('a distribution point that is limited to some reasons is kept but marked', () => {
    const full = write.explicit(0, write.explicit(0, ia5(6, 'http://a/')))
    const points = write.sequence(
      write.sequence(full),
      write.sequence(full, write.element(contextPrimitive(1), Uint8Array.of(6, 0x40))),
    )
    expect(read(OID.cRLDistributionPoints, points).crlDistributionPoints).toMatchObject([
      { crlIssuer: [] },
      { reasons: 2, crlIssuer: [] },
    ])
  })

  test('an unknown extension keeps its bytes and its flag', () => {
    const result = forged([extension('1.2.3', Uint8Array.of(0xff), write.boolean(true))])
    expect(result.ok && result.value.extensions).toEqual([
      { oid: '1.2.3', critical: true, value: Uint8Array.of(0xff) },
    ])
  })
})

describe('malformed certificates', () => {
  const usage = (hex: string) => extension(OID.keyUsage, fromHex(hex))
  const day = write.time(START)

  test.for<[string, ReturnType<typeof forged>, RegExp]>([
    ['an extension twice', forged([usage('03020780'), usage('03020780')]), /stands twice/],
    [
      'an encoded critical FALSE',
      forged([extension('1.2.3', new Uint8Array(), write.boolean(false))]),
      /DEFAULT/,
    ],
    [
      'an encoded cA FALSE',
      forged([extension(OID.basicConstraints, fromHex('3003010100'))]),
      /DEFAULT/,
    ],
    [
      'a negative path length',
      forged([extension(OID.basicConstraints, fromHex('30060101ff0201ff'))]),
      /pathLenConstraint.*not within/,
    ],
    ['key usage with trailing zero bits', forged([usage('0303000580')]), /last bit/],
    ['no key usage at all', forged([usage('030100')]), /last bit/],
    [
      'an address of five bytes',
      forged([extension(OID.subjectAltName, fromHex('300787050102030405'))]),
      /iPAddress of 5 bytes/,
    ],
    ['no extension in the list', forged([new Uint8Array()]), /at least one/],
    [
      'version 4',
      forged([], { version: write.explicit(0, write.integer(3)) }),
      /version field is 3/,
    ],
    [
      'version 1 written out',
      forged([], { version: write.explicit(0, write.integer(0)) }),
      /version field is 0/,
    ],
    [
      'extensions in version 1',
      forged([usage('03020780')], { version: new Uint8Array() }),
      /below version 3/,
    ],
    ['one date', forged([], { validity: write.sequence(day) }), /notAfter.*neither/],
    [
      'two signature algorithms',
      forged([], { outer: write.sequence(write.oid('1.2.3')) }),
      /differs/,
    ],
    ['a padded serial number', forged([], { serial: fromHex('02020001') }), /shortest form/],
  ])('%s', ([, result, rule]) => {
    expect(faultOf(result)).toMatch(rule)
  })
})

test('no bytes make the readers throw: random, cut, and with one byte changed', () => {
  const crl = pki.crl('issuing', START)!
  const both = (bytes: Uint8Array) => {
    readCertificate(bytes)
    readCrl(bytes)
    readCertificates(bytes)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), both), { numRuns: 300 })
  fc.assert(
    fc.property(
      fc.constantFrom(certificate.der, rootOf(pki).der, crl),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      fc.boolean(),
      (der, where, octet, cut) => {
        const at = where % der.length
        both(
          cut
            ? der.slice(0, at)
            : concat(der.slice(0, at), Uint8Array.of(octet), der.slice(at + 1)),
        )
      },
    ),
    { numRuns: 1500 },
  )
})

test('enormous values and files are read or refused, never a crash', () => {
  const url = write.element(contextPrimitive(6), new Uint8Array(1_000_000).fill(0x61))
  const read = forged([extension(OID.subjectAltName, write.sequence(url))])
  expect(read.ok && read.value.subjectAltName).toHaveLength(1)
  const file = (bytes: number) => utf8(`-----BEGIN CERTIFICATE-----\n${'A'.repeat(bytes)}`)
  for (const bytes of [4_000_000, 5_000_000]) {
    expect(readCertificates(concat(file(bytes), utf8('\n-----END CERTIFICATE-----\n'))).ok).toBe(
      false,
    )
  }
})

test('times are read in UTC', () => {
  expect(formatInstant(certificate.notBefore)).toBe('2026-03-01T08:00:00Z')
})
