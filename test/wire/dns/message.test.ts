import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { encodeMessage } from '../../../src/wire/dns/encode.ts'
import {
  decodeMessage,
  frameMessage,
  MessageStream,
  peekQuestions,
  queryFor,
  type Message,
  type ResourceRecord,
} from '../../../src/wire/dns/message.ts'
import { nameBytes, nameOf } from '../../../src/wire/dns/name.ts'
import { formatRdata, parseRdata } from '../../../src/wire/dns/rdata-text.ts'
import { CLASS, rcodeName, TYPE, typeName, typeNumber } from '../../../src/wire/dns/registry.ts'
import { valueOf } from '../results.ts'

const rdata = (type: string, text: string): Uint8Array =>
  valueOf(
    parseRdata(
      typeNumber(type)!,
      text
        .split(' ')
        .map((word) => ({ text: word.replaceAll('"', ''), quoted: word.startsWith('"') })),
      [],
    ),
  )
const record = (name: string, type: string, text: string): ResourceRecord => ({
  name: nameOf(name),
  type: typeNumber(type)!,
  class: CLASS.IN,
  ttl: 300,
  data: rdata(type, text),
})
const query = queryFor(
  { name: nameOf('www.contoso.com'), type: TYPE.A, class: CLASS.IN },
  { id: 0x1234, recursionDesired: true },
)
const response = (parts: Partial<Message>): Message => ({ ...query, response: true, ...parts })

describe('a message', () => {
  test('has the octets of RFC 1035 §4.1', () => {
    expect(toHex(encodeMessage(query))).toBe(
      '1234010000010000000000000377777707636f6e746f736f03636f6d0000010001',
    )
  })

  test('survives encoding with every section, flag and EDNS option', () => {
    const message = response({
      authoritative: true,
      recursionAvailable: true,
      authenticData: true,
      checkingDisabled: true,
      rcode: 16,
      answer: [
        record('www.contoso.com', 'CNAME', 'web.contoso.com.'),
        record('web.contoso.com', 'A', '192.0.2.1'),
      ],
      authority: [record('contoso.com', 'SOA', 'ns1.contoso.com. h.contoso.com. 1 2 3 4 5')],
      additional: [record('_ldap._tcp.contoso.com', 'SRV', '0 100 389 dc1.contoso.com.')],
      edns: {
        version: 0,
        payloadSize: 1232,
        dnssecOk: true,
        options: [{ code: 10, data: utf8('cookie!!') }],
      },
    })
    expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, value: message })
  })

  test('may be followed by octets that are not its own', () => {
    expect(decodeMessage(concat(encodeMessage(query), Uint8Array.of(1, 2, 3))).ok).toBe(true)
  })

  test('of a class that is not the Internet has opaque data', () => {
    const chaos = {
      ...record('version.bind', 'TYPE65280', '\\# 1 FF'),
      type: TYPE.A,
      class: CLASS.CH,
    }
    expect(valueOf(decodeMessage(encodeMessage(response({ answer: [chaos] })))).answer).toEqual([
      chaos,
    ])
  })
})

describe('compression', () => {
  const answers = (type: string, text: string): string =>
    toHex(encodeMessage(response({ answer: [record('www.contoso.com', type, text)] })))

  test('points from MX data back to the question, and never from SRV data (RFC 3597 §4)', () => {
    expect(answers('MX', '10 mail.contoso.com.')).toMatch(/000a046d61696cc010$/)
    expect(answers('SRV', '0 0 25 mail.contoso.com.')).toMatch(
      /046d61696c07636f6e746f736f03636f6d00$/,
    )
  })

  test('keeps the case of each owner (RFC 4343 §4.1)', () => {
    const decoded = valueOf(
      decodeMessage(
        encodeMessage(response({ answer: [record('WWW.contoso.com', 'A', '192.0.2.1')] })),
      ),
    )
    expect(decoded.answer[0]!.name).toEqual(['WWW', 'contoso', 'com'])
  })
})

describe('what is refused', () => {
  const header = '123401000001000000000000'
  test.for([
    ['a pointer to itself', `${header}c00c00010001`],
    ['a pointer forwards', `${header}c01000010001 000000`],
    ['a label of 64', `${header}40${'61'.repeat(64)}0000010001`],
    ['a name of 257 octets', `${header}${`3f${'61'.repeat(63)}`.repeat(4)}0000010001`],
    [
      'a run through its own beginning',
      `123401000002000000000000 0161c00c 00010001 03 6161c00c 00010001 c014 00010001`,
    ],
    ['a count that promises more', '123401000002000000000000 00 00010001'],
    ['two OPT records', `123401000000000000000002 ${'00 0029 0200 00000000 0000'.repeat(2)}`],
    ['an OPT record that is owned', '123401000000000000000001 0161 00 0029 0200 00000000 0000'],
    ['an OPT option cut short', '123401000000000000000001 00 0029 0200 00000000 0004 000a0008'],
    ['an A record of three octets', '123481000000000100000000 00 0001 0001 00000000 0003 c00002'],
    [
      'RDATA that is longer than its fields',
      '123481000000000100000000 00 0002 0001 00000000 0004 01610000',
    ],
    ['an NS record without RDATA', '123481000000000100000000 00 0002 0001 00000000 0000'],
    ['a TXT string beyond RDATA', '123481000000000100000000 00 0010 0001 00000000 0002 0561'],
  ] as const)('%s', ([, hex]) => {
    expect(decodeMessage(fromHex(hex))).toMatchObject({ ok: false, error: { layer: 'dns' } })
  })

  test('every truncation of a message is an error, never an exception', () => {
    const whole = encodeMessage(
      response({
        answer: [record('www.contoso.com', 'MX', '10 mail.contoso.com.')],
        edns: { version: 0, payloadSize: 512, dnssecOk: false, options: [] },
      }),
    )
    for (let length = 0; length < whole.length; length++) {
      expect(decodeMessage(whole.subarray(0, length)).ok).toBe(false)
    }
  })

  test('random and mutated octets never throw', () => {
    const whole = encodeMessage(
      response({ answer: [record('a.contoso.com', 'NAPTR', '1 2 "s" "x" "" b.contoso.com.')] }),
    )
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.nat(whole.length - 1),
        fc.nat(255),
        (junk, at, octet) => {
          const mutated = whole.slice()
          mutated[at] = octet
          for (const bytes of [junk, mutated]) {
            peekQuestions(bytes)
            const decoded = decodeMessage(bytes)
            expect(!decoded.ok || decodeMessage(encodeMessage(decoded.value)).ok).toBe(true)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('what does not fit', () => {
  const many = Array.from({ length: 40 }, (_, i) => record('www.contoso.com', 'A', `192.0.2.${i}`))
  const glue = record('ns1.contoso.com', 'A', '192.0.2.53')

  test('leaves the question and TC, within the limit', () => {
    const bytes = encodeMessage(response({ answer: many }), { octetsMax: 512 })
    expect(bytes.length).toBeLessThanOrEqual(512)
    expect(valueOf(decodeMessage(bytes))).toMatchObject({
      truncated: true,
      answer: [],
      question: [{}],
    })
  })

  test('of the additional section goes in silence, a whole RRset at a time', () => {
    const decoded = valueOf(
      decodeMessage(encodeMessage(response({ additional: [glue, ...many] }), { octetsMax: 512 })),
    )
    expect(decoded).toMatchObject({ truncated: false, additional: [glue] })
  })

  test('but needed glue is missed aloud (RFC 9471)', () => {
    const bytes = encodeMessage(response({ additional: [...many, glue] }), {
      octetsMax: 512,
      glue: (r) => r === glue,
    })
    expect(valueOf(decodeMessage(bytes)).truncated).toBe(true)
  })
})

describe('on TCP', () => {
  test('messages come out whole, however the stream is cut', () => {
    const [one, two] = [encodeMessage(query), encodeMessage(response({}))]
    const bytes = concat(frameMessage(one), frameMessage(two))
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 })), (cuts) => {
        const stream = new MessageStream()
        const out: Uint8Array[] = []
        let at = 0
        for (const cut of [...cuts, bytes.length]) {
          out.push(...stream.push(bytes.subarray(at, at + cut)))
          at = Math.min(at + cut, bytes.length)
        }
        expect(out).toEqual([one, two])
      }),
    )
  })
})

describe('RDATA as text', () => {
  test.for([
    ['A', '192.0.2.1'],
    ['AAAA', '2001:db8::1'],
    ['SOA', 'ns1.contoso.com. host\\.master.contoso.com. 1 7200 900 1209600 86400'],
    ['SRV', '0 100 88 dc1.corp.contoso.com.'],
    ['HINFO', '"x86" "Windows"'],
    ['DS', '12345 13 2 0123ABCD'],
    ['DNSKEY', '256 3 13 AAAABBBB'],
    ['RRSIG', 'A 13 3 3600 20300101000000 20260101000000 12345 contoso.com. AAAABBBB'],
    ['NSEC', 'b.contoso.com. A NS TYPE4711'],
    ['CAA', '0 issue "ca.example"'],
    ['NAPTR', '10 20 "S" "SIP+D2U" "" _sip._udp.contoso.com.'],
    ['TYPE4711', '\\# 2 ABCD'],
  ] as const)('%s %s is read and written back', ([type, text]) => {
    expect(formatRdata(typeNumber(type)!, rdata(type, text))).toBe(text)
  })

  test('a known type may be written as octets (RFC 3597 §5)', () => {
    expect(toHex(rdata('A', '\\# 4 C0000201'))).toBe('c0000201')
  })

  test('an unknown type has the name that its number gives', () => {
    expect([
      typeName(4711),
      typeNumber('type4711'),
      typeNumber('TYPE65536'),
      rcodeName(23),
    ]).toEqual(['TYPE4711', 4711, undefined, 'RCODE23'])
  })

  test('names in it are wire names', () => {
    expect(rdata('NS', 'a.b.')).toEqual(nameBytes(['a', 'b']))
  })
})
