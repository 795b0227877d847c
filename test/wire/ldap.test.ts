/** LDAP on the wire: messages there and back, streams in pieces, what is refused, and what tshark makes of a whole conversation. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { element, elementLength } from '../../src/wire/ber.ts'
import { formatWireError } from '../../src/wire/codec.ts'
import { formatFilter, type LdapFilter } from '../../src/wire/ldap-filter.ts'
import {
  decodeLdap,
  encodeLdap,
  LdapStream,
  type LdapMessage,
  type LdapOperation,
} from '../../src/wire/ldap.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const bytes = fc.uint8Array({ maxLength: 300 })
const number = fc.integer({ min: 0, max: 2 ** 31 - 1 })

const { filter } = fc.letrec<{ filter: LdapFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant('present' as const), attribute: text }),
    fc.record({
      kind: fc.constantFrom('equal', 'at-least', 'at-most', 'approximately'),
      attribute: text,
      value: bytes,
    }),
    fc.record({
      kind: fc.constant('other' as const),
      tag: fc.constantFrom(0xa4, 0xa9),
      contents: bytes,
    }),
    fc.record({ kind: fc.constant('not' as const), filter: tie('filter') }),
    fc.record({
      kind: fc.constantFrom('and', 'or'),
      of: fc.array(tie('filter'), { maxLength: 3 }),
    }),
  ),
}))

const result = { resultCode: number, matchedDn: text, diagnosticMessage: text }
const operation: fc.Arbitrary<LdapOperation> = fc.oneof(
  fc.record({
    kind: fc.constant('bind-request' as const),
    version: number,
    name: text,
    authentication: fc.oneof(
      fc.constant({ method: 'simple' as const }),
      fc.record(
        { method: fc.constant('sasl' as const), mechanism: text, credentials: bytes },
        { requiredKeys: ['method', 'mechanism'] },
      ),
    ),
  }),
  fc.record(
    { kind: fc.constant('bind-response' as const), ...result, serverSaslCredentials: bytes },
    { requiredKeys: ['kind', 'resultCode', 'matchedDn', 'diagnosticMessage'] },
  ),
  fc.constant({ kind: 'unbind-request' as const }),
  fc.record({
    kind: fc.constant('search-request' as const),
    base: text,
    scope: fc.constantFrom('base' as const, 'one' as const, 'subtree' as const),
    sizeLimit: number,
    timeLimit: number,
    filter,
    attributes: fc.array(text, { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('search-entry' as const),
    dn: text,
    attributes: fc.array(fc.record({ type: text, values: fc.array(bytes, { maxLength: 3 }) }), {
      maxLength: 3,
    }),
  }),
  fc.record({ kind: fc.constant('search-done' as const), ...result }),
)
const message: fc.Arbitrary<LdapMessage> = fc.record({ id: number, operation })

test('every message comes back as it was', () => {
  fc.assert(
    fc.property(message, (sent) => {
      expect(decodeLdap(encodeLdap(sent))).toEqual({ ok: true, value: sent })
    }),
  )
})

test('a stream gives the same messages however it is cut', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.nat(40)), (sent, cuts) => {
      const whole = concat(...sent.map((each) => encodeLdap(each)))
      const stream = new LdapStream()
      const heard: unknown[] = []
      let at = 0
      for (const cut of [...cuts, whole.length]) {
        heard.push(...stream.push(whole.subarray(at, at + cut)))
        at = Math.min(whole.length, at + cut)
      }
      expect(heard).toEqual(sent.map((value) => ({ ok: true, value })))
    }),
  )
})

test('any bytes are a message or an error, and a damaged message never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
      expect(typeof decodeLdap(garbage).ok).toBe('boolean')
      expect(() => new LdapStream().push(garbage)).not.toThrow()
    }),
  )
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, where, flip) => {
      const damaged = encodeLdap(sent)
      damaged[where % damaged.length]! ^= flip
      expect(typeof decodeLdap(damaged).ok).toBe('boolean')
    }),
  )
})

describe('bytes', () => {
  // Written by hand from RFC 4511 §4.2 and §4.5.1; ldapsearch -x sends the same.
  const anonymous = fromHex('30 0c 02 01 01 60 07 02 01 03 04 00 80 00')
  test('of an anonymous bind are those of the RFC', () => {
    const bind: LdapMessage = {
      id: 1,
      operation: {
        kind: 'bind-request',
        version: 3,
        name: '',
        authentication: { method: 'simple' },
      },
    }
    expect(toHex(encodeLdap(bind))).toBe(toHex(anonymous))
    expect(decodeLdap(anonymous)).toEqual({ ok: true, value: bind })
  })

  test('of a simple bind keep the password out of what is read', () => {
    const secret = 'Analytical-Engine-1'
    const sent = encodeLdap(
      {
        id: 1,
        operation: {
          kind: 'bind-request',
          version: 3,
          name: 'ada',
          authentication: { method: 'simple' },
        },
      },
      utf8(secret),
    )
    expect(Buffer.from(sent).toString('latin1')).toContain(secret)
    expect(JSON.stringify(decodeLdap(sent))).not.toContain('Analytical')
  })

  test.for([
    ['a length that is not there', '30 80', 'ldap: bad-value at LDAPMessage length'],
    ['a length of five bytes', '30 85 00 00 00 00 01', 'ldap: bad-value at LDAPMessage length'],
    ['no sequence', '31 00', 'ldap: bad-value at LDAPMessage tag'],
    ['a tag of two bytes', '3f 00', 'ldap: bad-value at LDAPMessage tag'],
    ['a negative identifier', '30 05 02 01 ff 42 00', 'ldap: bad-value at messageID'],
    ['too little', '30 0c 02 01 01 60', 'ldap: truncated at LDAPMessage'],
    ['too much', '30 05 02 01 01 42 00 00', 'ldap: trailing-bytes at message'],
  ])('%s are refused', ([, hex, told]) => {
    const decoded = decodeLdap(fromHex(hex!))
    expect(decoded.ok ? 'read' : formatWireError(decoded.error)).toContain(told)
  })

  test('of a length in more bytes than needed are read, as BER allows', () => {
    const long = fromHex('30 82 00 05 02 01 01 42 00')
    expect(decodeLdap(long)).toMatchObject({ ok: true, value: { id: 1 } })
    expect(elementLength(long)).toBe(long.length)
    expect(elementLength(element(4, new Uint8Array(70_000)))).toBe(70_006)
  })

  test('of a filter too deep are refused', () => {
    let deep: Uint8Array = fromHex('87 01 61')
    for (let i = 0; i < 40; i++) deep = element(0xa2, deep)
    const search = concat(
      fromHex('04 00 0a 01 02 0a 01 00 02 01 00 02 01 00 01 01 00'),
      deep,
      fromHex('30 00'),
    )
    const decoded = decodeLdap(element(0x30, fromHex('02 01 01'), element(0x63, search)))
    expect(decoded.ok ? 'read' : formatWireError(decoded.error)).toContain('filter depth')
  })

  test('of a stream that announces too much end it', () => {
    const stream = new LdapStream()
    expect(stream.push(fromHex('30 84 7f ff ff ff'))).toMatchObject([{ ok: false }])
  })
})

test('a filter is written as RFC 4515 writes it', () => {
  const written = formatFilter({
    kind: 'and',
    of: [
      { kind: 'equal', attribute: 'sAMAccountName', value: utf8('a(d)a*') },
      { kind: 'not', filter: { kind: 'present', attribute: 'mail' } },
    ],
  })
  expect(written).toBe('(&(sAMAccountName=a\\28d\\29a\\2a)(!(mail=*)))')
})
