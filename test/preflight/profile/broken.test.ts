/** Files that are no profile, or that somebody made to hurt: one line with a place, no exception, no long loop. Encodings. L54. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lintProfile, type LintedProfile } from '../../../src/preflight/profile/lint.ts'
import { decodeText, type SourceFile } from '../../../src/topology/files.ts'
import { offsetsOf } from '../../../src/topology/position.ts'
import { LIST_ENTRIES_MAX, REPEATED_MAX } from '../../../src/windows/xml-values.ts'
import { XML_DEPTH_MAX } from '../../../src/windows/xml.ts'
import { add } from './cases.ts'
import { changed, DEVICE, EAP, findingsOn, USER } from './profiles.ts'

const source = (text: string): SourceFile => ({ path: 'profile.xml', text, encoding: 'utf-8' })

/** `rule line:column message`. */
function refusal(text: string): string {
  const linted = lintProfile(source(text))
  if (linted.ok) throw new Error('this is a profile')
  const { rule, line, column, message } = linted.error
  return `${rule} ${line}:${column} ${message}`
}

describe('what is no profile', () => {
  test.for<[what: string, text: string, told: string]>([
    ['nothing', '', 'L54 1:1 document must contain a root element'],
    [
      'no XML',
      '$ProfileXML = @"',
      "L54 1:1 the file begins with '$ProfileXML', not with an element",
    ],
    [
      'escaped as the WMI bridge wants it',
      USER.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
      'L54 1:1 this is XML with its < and > escaped',
    ],
    ['another root', '<vpnprofile/>', 'L54 1:1 the root element is <vpnprofile>, not <VPNProfile>'],
    [
      'an opening tag twice',
      changed(USER, [['<AlwaysOn>', '<AlwaysOn><AlwaysOn>']]),
      'L54 64:1 </VPNProfile> where <AlwaysOn> is open, from line 2',
    ],
    [
      'a closing tag missing',
      changed(DEVICE, [['</NativeProfile>', '']]),
      'L54 20:1 </VPNProfile> where <NativeProfile> is open, from line 6',
    ],
    [
      'a plain &',
      changed(USER, [['vpn.contoso.com', 'vpn.contoso.com & Co']]),
      'L54 6:30 an & that begins no entity; a plain & is &amp;',
    ],
    ['cut off', USER.slice(0, 200), 'L54 6:'],
    ['two roots', DEVICE + DEVICE, 'L54 21:12 documents may contain only one root'],
    [
      'a document type',
      `<!DOCTYPE VPNProfile SYSTEM "http://x/y.dtd">${USER}`,
      'L54 1:1 a document type (DOCTYPE) is not accepted',
    ],
    [
      'a billion laughs',
      `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><VPNProfile>&b;</VPNProfile>`,
      'L54 1:22 a document type (DOCTYPE) is not accepted',
    ],
    [
      'an external entity without a document type',
      '<VPNProfile><AlwaysOn>&passwd;</AlwaysOn></VPNProfile>',
      'L54 1:23 &passwd; is no entity of XML',
    ],
    [
      'a nest',
      `<VPNProfile>${'<a>'.repeat(100_000)}`,
      `L54 1:${13 + 3 * XML_DEPTH_MAX} elements nest more than ${XML_DEPTH_MAX} deep`,
    ],
    ['a crowd', `<VPNProfile>${'<a/>'.repeat(30_000)}</VPNProfile>`, 'L54 1:80012 more than 20000'],
    [
      'a colossus',
      `<VPNProfile>${' '.repeat(1_048_600)}</VPNProfile>`,
      'L54 1:1 1048625 characters',
    ],
  ])('%s', ([, text, told]) => {
    const said = refusal(text)
    expect(said.slice(0, told.length)).toBe(told)
    expect(said).not.toContain('\n')
  })

  test('a nest within the text of the EAP configuration is refused there, and the rest is read', () => {
    const nest = `<![CDATA[${'<a>'.repeat(1000)}]]>`
    const findings = findingsOn(changed(USER, [[EAP, nest]]))
    expect(findings).toEqual([
      expect.objectContaining({
        rule: 'L40',
        message: expect.stringMatching(/no XML: elements nest more than/) as string,
      }),
    ])
  })
})

describe('more than anybody has', () => {
  test('of a list, and of elements, the first are read, and it is said', () => {
    const many = '<Route><Address>10.10.0.0</Address><PrefixSize>16</PrefixSize></Route>'
    const text = changed(USER, [
      add(many.repeat(REPEATED_MAX)),
      ['10.10.0.6', Array.from({ length: LIST_ENTRIES_MAX + 1 }, () => '10.10.0.6').join()],
    ])
    const told = findingsOn(text).filter(({ message }) => message.startsWith('more than'))
    expect(told.map(({ rule, message }) => `${rule} ${message}`)).toEqual([
      `L13 more than ${LIST_ENTRIES_MAX} of <DnsServers>; the rest is not read`,
      `PX-02 more than ${REPEATED_MAX} of <Route>; the rest is not read`,
    ])
  })
})

describe('bytes', () => {
  const declared = (text: string, encoding: string) =>
    `<?xml version="1.0" encoding="${encoding}"?>\r\n${text.replaceAll('\n', '\r\n')}`
  const utf16 = (text: string, order: 'le' | 'be', mark: string): Uint8Array => {
    const bytes = Buffer.from(mark + text, 'utf16le')
    return order === 'le' ? bytes : bytes.swap16()
  }
  const lint = (bytes: Uint8Array): LintedProfile => {
    const linted = lintProfile({ path: 'p.xml', ...decodeText(bytes)! })
    if (!linted.ok) throw new Error(JSON.stringify(linted.error))
    return linted.value
  }
  const broken = changed(USER, [['10.10.0.0', '10.10.0.1']])

  test.for<[what: string, bytes: Uint8Array, line: number]>([
    ['UTF-8', Buffer.from(declared(broken, 'utf-8')), 58],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${broken}`), 57],
    ['UTF-16 LE', utf16(declared(broken, 'utf-16'), 'le', '\ufeff'), 58],
    ['UTF-16 BE', utf16(broken, 'be', '\ufeff'), 57],
  ])('%s gives the same places', ([, bytes, line]) => {
    const [found, ...others] = lint(bytes).findings
    expect(others).toEqual([])
    expect(found).toMatchObject({ rule: 'L48', at: { line, column: 14 } })
  })

  test.for(['le', 'be'] as const)('UTF-16 %s without a mark is read, and told (L54)', (order) => {
    const { findings } = lint(utf16(declared(USER, 'utf-16'), order, ''))
    expect(findings).toEqual([
      expect.objectContaining({
        rule: 'L54',
        severity: 'warning',
        message: `UTF-16${order.toUpperCase()} without a byte order mark, by which XML tells it`,
        at: { file: 'p.xml', line: 1, column: 1 },
      }),
    ])
  })

  test('whatever is changed in a file, nothing is thrown, and each finding has a place in it', () => {
    const files = [USER, DEVICE, changed(USER, [[EAP, `<![CDATA[${EAP}]]>`]])].map((text) =>
      Buffer.from(text),
    )
    const edit = fc.record({
      at: fc.nat(6000),
      length: fc.nat(40),
      by: fc.uint8Array({ maxLength: 8 }),
    })
    const marks = fc.constantFrom('<', '>', '&', '"', ']]>', '<!--', '/', '\0', '&#x0;', '&lt;')
    const mutation = fc.record({
      file: fc.constantFrom(...files),
      changes: fc.array(
        fc.oneof(
          edit,
          fc.record({
            at: fc.nat(6000),
            length: fc.nat(3),
            by: marks.map((mark) => Buffer.from(mark)),
          }),
        ),
        { minLength: 1, maxLength: 6 },
      ),
    })
    fc.assert(
      fc.property(mutation, ({ file, changes }) => {
        const bytes = changes.reduce<Uint8Array>(
          (now, { at, length, by }) =>
            Buffer.concat([now.subarray(0, at), by, now.subarray(at + length)]),
          file,
        )
        const decoded = decodeText(bytes)
        if (decoded === undefined) return
        const lines = decoded.text.split(/\r\n|\n|\r/)
        const linted = lintProfile({ path: 'p.xml', ...decoded })
        const places = linted.ok ? linted.value.findings.map(({ at }) => at) : [linted.error]
        for (const { line, column } of places) {
          expect(column).toBeGreaterThan(0)
          expect(column - 1).toBeLessThanOrEqual(lines[line - 1]!.length)
        }
        const offsetOf = offsetsOf(decoded.text)
        const edits = linted.ok ? linted.value.findings.flatMap((each) => each.edits ?? []) : []
        for (const edit of edits) {
          expect(decoded.text.startsWith(edit.remove, offsetOf(edit))).toBe(true)
        }
      }),
      { seed: 20_262_803, numRuns: 400 },
    )
  })
})
