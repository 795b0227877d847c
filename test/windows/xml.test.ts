import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeText, firstBadByte } from '../../src/topology/files.ts'
import { parseXml, XML_CHARACTERS_MAX, XML_NODES_MAX } from '../../src/windows/xml.ts'

const parse = (text: string) => parseXml({ path: 'x.xml', text, encoding: 'utf-8' })
const refused = (text: string): string => {
  const read = parse(text)
  return read.ok ? 'read' : `${read.error.line}:${read.error.column} ${read.error.message}`
}

/** Bytes of a text in UTF-16, with a byte order mark. */
function utf16(text: string, order: 'le' | 'be'): Uint8Array {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return order === 'le' ? bytes : bytes.swap16()
}

test('elements, attributes and texts know their places, whatever the line ends', () => {
  const text =
    '<a xmlns="urn:a">\n  <b x="1"\n   y = \'2\'>t&amp;<!-- no --> u</b>\n  <p:c xmlns:p="urn:p"/></a>'
  for (const written of [text, text.replaceAll('\n', '\r\n')]) {
    const read = parse(written)
    expect(read).toMatchObject({
      ok: true,
      value: {
        name: 'a',
        namespace: 'urn:a',
        at: { line: 1, column: 1 },
        children: [
          {
            name: 'b',
            namespace: 'urn:a',
            at: { line: 2, column: 3 },
            text: 't& u',
            textAt: { line: 3, column: 12 },
            closeAt: { line: 3, column: 31 },
            attributes: [
              { name: 'x', value: '1', at: { line: 2, column: 6 } },
              { name: 'y', value: '2', at: { line: 3, column: 4 } },
            ],
          },
          {
            name: 'c',
            namespace: 'urn:p',
            at: { line: 4, column: 3 },
            text: '',
            closeAt: { line: 4, column: 3 },
          },
        ],
      },
    })
  }
})

test('text begins at its first letter, also after a comment and inside CDATA', () => {
  const at = (text: string) => {
    const read = parse(text)
    return read.ok ? Object.values(read.value.textAt).join(':') : read.error.message
  }
  expect(at('<a>\n   x</a>')).toBe('2:4')
  expect(at('<a> <!-- x -->\n x</a>')).toBe('2:2')
  expect(at('<a><![CDATA[\n x]]></a>')).toBe('2:2')
  expect(at('<a>&#x20;x</a>')).toBe('1:4')
})

describe('a mistake ends the document, where it is', () => {
  test.for([
    ['', '1:1 document must contain a root element'],
    ['<a>\n <b>\n', '3:1 the document ends inside <b>, opened at line 2'],
    ['<a>\n <b x="', '2:8 the document ends inside <b>, opened at line 2'],
    ['<a>\n<b>x</c>\n</a>', '2:5 </c> where <b> is open, from line 2'],
    ['<a><b></a>', '1:7 </a> where <b> is open, from line 1'],
    ['<a>\n&nbsp;</a>', '2:1 &nbsp; is no entity of XML; a plain & is &amp;'],
    ['<a b=1/>', '1:6 unquoted attribute value'],
    ['<a>\n  < b/></a>', '2:4 disallowed character in tag name'],
    ['<a x="1" x="2"/>', '1:17 duplicate attribute: x'],
    ['<p:a/>', '1:7 unbound namespace prefix: "p"'],
    ['<a/>\n>>', '2:3 text data outside of root node'],
    ['<a>\u0001</a>', '1:4 disallowed character'],
    [
      '<!DOCTYPE a [<!ENTITY l "&l;&l;">]><a>&l;</a>',
      '1:1 a document type (DOCTYPE) is not accepted',
    ],
    [
      '<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
      '2:1 a document type (DOCTYPE) is not accepted',
    ],
    ['<a>'.repeat(100), '1:196 elements nest more than 64 deep'],
    [
      `<a>${'<b/>'.repeat(XML_NODES_MAX)}</a>`,
      `1:80003 more than ${XML_NODES_MAX} elements, attributes, comments and texts`,
    ],
    [
      `<a>${' '.repeat(XML_CHARACTERS_MAX)}</a>`,
      `1:1 ${XML_CHARACTERS_MAX + 7} characters, more than the ${XML_CHARACTERS_MAX} that are read`,
    ],
    [
      `<a>${' <!-- -->'.repeat(XML_NODES_MAX)}</a>`,
      `1:90003 more than ${XML_NODES_MAX} elements, attributes, comments and texts`,
    ],
    ['<\0a\0/\0>\0', '1:2 disallowed character'],
  ])('row %#', ([text, told]) => {
    expect(refused(text!)).toBe(told)
  })
})

describe('the declared encoding', () => {
  const read = (bytes: Uint8Array): string => {
    const decoded = decodeText(bytes)
    if (decoded === undefined) {
      const { at, problem } = firstBadByte(bytes)
      return `${at.line}:${at.column} ${problem}`
    }
    const parsed = parseXml({ path: 'x.xml', ...decoded })
    return parsed.ok
      ? 'read'
      : `${parsed.error.line}:${parsed.error.column} ${parsed.error.message}`
  }
  const declared = (encoding: string, rest = '<a>é</a>') =>
    `<?xml version="1.0" encoding="${encoding}"?>\n${rest}`

  test.for<[why: string, bytes: Uint8Array, told: string]>([
    ['UTF-8 as UTF-8', Buffer.from(declared('UTF-8')), 'read'],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${declared('utf-8')}`), 'read'],
    ['UTF-16 LE as UTF-16', utf16(declared('UTF-16'), 'le'), 'read'],
    ['UTF-16 BE as UTF-16', utf16(declared('utf-16'), 'be'), 'read'],
    ['UTF-16 that declares nothing', utf16('<a>é</a>', 'le'), 'read'],
    ['ASCII that calls itself Windows-1252', Buffer.from(declared('windows-1252', '<a/>')), 'read'],
    [
      'UTF-8 that calls itself UTF-16',
      Buffer.from(declared('UTF-16')),
      '1:21 the declaration says encoding="UTF-16", but the file is UTF-8',
    ],
    [
      'UTF-16 that calls itself UTF-8',
      utf16(declared('utf-8'), 'le'),
      '1:21 the declaration says encoding="utf-8", but the file is UTF-16LE',
    ],
    [
      'UTF-8 that calls itself Windows-1252',
      Buffer.from(declared('windows-1252')),
      '1:21 the declaration says encoding="windows-1252", but the file is UTF-8',
    ],
    [
      'Windows-1252',
      Buffer.from(declared('windows-1252'), 'latin1'),
      '2:4 byte 0xE9 is not UTF-8 text',
    ],
    [
      'UTF-16 cut off within a letter',
      utf16('<a>\n</a>', 'le').subarray(0, 15),
      '2:3 byte 0x61 is not UTF-16LE text',
    ],
    ['UTF-16 LE without a byte order mark', utf16('<a>é</a>', 'le').subarray(2), 'read'],
    ['UTF-16 BE without a byte order mark', utf16('<a>é</a>', 'be').subarray(2), 'read'],
    ['UTF-8 with a zero byte', Buffer.from('<a>\0</a>'), '1:4 disallowed character'],
  ])('%s: %s', ([, bytes, told]) => {
    expect(read(bytes)).toBe(told)
  })
})

test('no text whatever raises an exception, and every mistake has a place inside it', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '/',
    '&',
    ';',
    '"',
    "'",
    '=',
    '<a>',
    '</a>',
    '<b ',
    'x="1"',
    '<!--',
    '-->',
    '<![CDATA[',

    ']]>',
    '<?',
    '?>',
    '<?xml version="1.0"?>',
    '<!DOCTYPE ',
    '&amp;',
    '&#0;',
    '\r\n',
    '\ud800',
    '😀',
    '\0',
    'p:',
  )
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: piece }, fc.string({ unit: 'binary' }))),
      (pieces) => {
        const text = pieces.join('')
        const read = parse(text)
        const place = read.ok ? read.value.at : read.error
        expect(place.line).toBeGreaterThan(0)
        expect(place.line).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length)
        expect(place.column).toBeGreaterThan(0)
      },
    ),
    { numRuns: 2000 },
  )
})
