/** The EAP configuration as text inside `<Configuration>`: the same values, each at its place in the file. */
import { describe, expect, test } from 'vitest'
import { positionAt } from '../../src/topology/position.ts'
import { decodeText, type SourceFile } from '../../src/topology/files.ts'
import { inspectProfile, readProfile } from '../../src/windows/profile-xml.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const user = contoso.nodes.laptop.kind === 'host' ? contoso.nodes.laptop.profiles?.user : undefined
const plain = user!.text
const host = /<EapHostConfig[\s\S]*<\/EapHostConfig>/.exec(plain)![0]
const written = (text: string): SourceFile => ({ path: 'p.xml', text, encoding: 'utf-8' })
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

function eapOf(text: string) {
  const read = readProfile(written(text))
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value.nativeProfile!.eap!
}
const withoutPlaces = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, each: unknown) => (key === 'at' ? undefined : each)))

describe.for<[how: string, put: (text: string) => string]>([
  ['escaped', escaped],
  ['escaped, with CRLF', (text) => escaped(text).replaceAll('\n', '\r\n')],
  [
    'escaped, after a comment and a declaration',
    (text) =>
      `\n  <!-- & < from the bridge -->${escaped(`<?xml version="1.0" encoding="utf-16"?>${text}`)}`,
  ],
  [
    'by number',
    (text) => text.replaceAll(/[<>&]/g, (c) => `&#x${c.codePointAt(0)!.toString(16)};`),
  ],
  ['in CDATA', (text) => `<![CDATA[${text}]]>`],
])('%s', ([, put]) => {
  const text = plain.replace(host, () => put(host))

  test('the values are those of the plain file', () => {
    expect(withoutPlaces(eapOf(text))).toEqual(withoutPlaces(eapOf(plain)))
  })

  test('and stand where they are written', () => {
    const [name] = eapOf(text).server!.serverNames
    expect(name!.at).toEqual(positionAt(text, text.indexOf('nps1.corp.contoso.com')))
    const { fastReconnect } = eapOf(text)
    const opening = Math.max(text.indexOf('<FastReconnect'), text.search(/(&lt;|&#x3c;)FastRec/))
    expect(fastReconnect!.at.line).toBe(positionAt(text, opening).line)
  })
})

describe('text that is none', () => {
  test.for<[what: string, inside: string, told: string]>([
    [
      'broken XML',
      escaped('<EapHostConfig>\n<EapMethod>'),
      '2:18 the text inside <Configuration> is no XML: the document ends inside <EapMethod>',
    ],
    [
      'another element',
      escaped('<EapType/>'),
      '1:64 <EapType> inside <Configuration>, not <EapHostConfig>',
    ],
    ['words', 'paste the file here', "1:64 <Configuration> holds 'paste the file here', no XML"],
  ])('%s', ([, inside, told]) => {
    const read = inspectProfile(
      written(
        `<VPNProfile><NativeProfile><Authentication><Eap><Configuration>${inside}</Configuration></Eap></Authentication></NativeProfile></VPNProfile>`,
      ),
    )
    expect(read.ok && read.value.problems.map((p) => `${p.line}:${p.column} ${p.message}`)).toEqual(
      [told],
    )
  })
})

test('UTF-16 with its byte order mark, either way round', () => {
  const text = plain.replace('encoding="utf-8"', 'encoding="utf-16"')
  const little = Buffer.from(`\ufeff${text}`, 'utf16le')
  for (const bytes of [little, Buffer.from(little).swap16()]) {
    const decoded = decodeText(bytes)!
    const read = readProfile({ path: 'p.xml', ...decoded })
    expect(read.ok && withoutPlaces(read.value.nativeProfile)).toEqual(
      withoutPlaces(
        (readProfile(user!) as { value: { nativeProfile: unknown } }).value.nativeProfile,
      ),
    )
  }
})
