import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { readDer, TAG } from '../../../src/pki/encoding/der.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { commonName, parseName, readName } from '../../../src/pki/certificate/name.ts'
import { ATTRIBUTE_OIDS } from '../../../src/pki/encoding/oids.ts'

const rdn = (type: string, value: string | Uint8Array, tag: number = TAG.utf8String) =>
  write.element(
    TAG.set,
    write.sequence(
      write.oid(type),
      write.element(tag, typeof value === 'string' ? utf8(value) : value),
    ),
  )

const nameOf = (...rdns: Uint8Array[]) =>
  readDer(write.sequence(...rdns), 'name', (r) => readName(r, 'name'))

const { CN, O, DC } = ATTRIBUTE_OIDS

describe('reading', () => {
  test('text begins with the most specific part', () => {
    const name = nameOf(rdn(DC, 'com', TAG.ia5String), rdn(O, 'Contoso, Ltd.'), rdn(CN, 'ada'))
    expect(name.ok && name.value.text).toBe('CN=ada, O=Contoso\\, Ltd., DC=com')
    expect(name.ok && commonName(name.value)).toBe('ada')
  })

  test('case, blanks and string type do not count; order and type do (RFC 5280 §7.1)', () => {
    const key = (...rdns: Uint8Array[]) => {
      const name = nameOf(...rdns)
      return name.ok ? name.value.key : name.error
    }
    const plain = key(rdn(O, 'Contoso'), rdn(CN, 'Root CA'))
    expect(key(rdn(O, 'CONTOSO', TAG.printableString), rdn(CN, ' root   ca '))).toBe(plain)
    expect(key(rdn(CN, 'Root CA'), rdn(O, 'Contoso'))).not.toBe(plain)
    expect(key(rdn(CN, 'Contoso'), rdn(O, 'Root CA'))).not.toBe(plain)
    expect(key(rdn(O, 'Contoso",2.5.4.3="Root CA'))).not.toBe(plain)
  })

  test('a BMPString of an old Windows CA is read', () => {
    const name = nameOf(rdn(CN, Uint8Array.of(0, 0x52, 0, 0xf6), TAG.bmpString))
    expect(name.ok && name.value.text).toBe('CN=Rö')
  })

  test('an unknown string type and an unknown attribute keep their values (RFC 4514 §2.4)', () => {
    const name = nameOf(rdn('1.2.3.4', Uint8Array.of(7), TAG.octetString))
    expect(name.ok && name.value.text).toBe('1.2.3.4=#040107')
  })

  test.for([
    ['broken UTF-8', rdn(CN, Uint8Array.of(0xff))],
    ['half a BMP character', rdn(CN, Uint8Array.of(0), TAG.bmpString)],
    ['an empty RDN', write.element(TAG.set)],
  ] as const)('%s is malformed', ([, encoded]) => {
    expect(nameOf(encoded).ok).toBe(false)
  })
})

describe('writing down', () => {
  test('attributes come in encoding order', () => {
    expect(parseName('CN=Contoso\\, Ltd., dc=contoso,DC = com')).toEqual({
      ok: true,
      value: [
        { type: DC, value: 'com' },
        { type: DC, value: 'contoso' },
        { type: CN, value: 'Contoso, Ltd.' },
      ],
    })
  })

  test.for([
    ['', /empty/],
    ['Contoso', /not an attribute/],
    ['CN=', /no value/],
    ['XX=ada', /'XX' is not an attribute type/],
    ['CN=a+O=b', /not an attribute/],
    ['DC=bücher', /DC cannot hold/],
    ['CN=\ud800', /CN cannot hold/],
    ['CN=ada\\', /not an attribute/],
  ] as const)('%j is refused', ([text, message]) => {
    const name = parseName(text)
    expect(!name.ok && name.error).toMatch(message)
  })
})
