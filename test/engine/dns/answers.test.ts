import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../../src/base/address.ts'
import { handleQuery, serverZones } from '../../../src/engine/dns/query-handler.ts'
import { encodeMessage } from '../../../src/wire/dns/encode.ts'
import { decodeMessage, queryFor } from '../../../src/wire/dns/message.ts'
import { nameOf } from '../../../src/wire/dns/name.ts'
import { rcodeName } from '../../../src/wire/dns/registry.ts'
import { valueOf } from '../../wire/results.ts'
import { ask, FROM, HEAD, lines, zoneOf } from './zones.ts'

const contoso = zoneOf(
  'contoso.com',
  `${HEAD}www 300 A 192.0.2.12
ftp CNAME www
out CNAME www.example.
loop CNAME pool
pool CNAME loop
*.wild TXT "any"
deep.er.wild A 192.0.2.1
corp NS dc1.corp
corp NS ns.example.
dc1.corp A 10.10.0.6
old DNAME new
a.new A 192.0.2.7
@ MX 10 mail
mail A 192.0.2.25
big ${Array.from({ length: 40 }, (_, i) => `A 192.0.2.${i}`).join('\nbig ')}
`,
)
const zones = { contoso }
const rcode = (name: string, type: string): string => rcodeName(ask(zones, name, type)!.rcode)

describe('an authoritative server', () => {
  test('answers with the name servers and their addresses beside', () => {
    const message = ask(zones, 'www.contoso.com', 'A')!
    expect(message).toMatchObject({ authoritative: true, rcode: 0, recursionAvailable: false })
    expect(lines(message.answer)).toEqual(['www.contoso.com 300 A 192.0.2.12'])
    expect(lines(message.authority)).toEqual(['contoso.com 3600 NS ns1.contoso.com.'])
    expect(lines(message.additional)).toEqual(['ns1.contoso.com 3600 A 192.0.2.53'])
  })

  test('denies a name with its SOA, for no longer than the minimum (RFC 2308 §3)', () => {
    const message = ask(zones, 'nix.contoso.com', 'A')!
    expect([rcodeName(message.rcode), message.authoritative]).toEqual(['NXDOMAIN', true])
    expect(lines(message.authority)[0]).toMatch(/^contoso.com 600 SOA /)
  })

  test('knows a name without the type, and an empty non-terminal, from one that is not there', () => {
    expect(rcode('www.contoso.com', 'AAAA')).toBe('NOERROR')
    expect(rcode('er.wild.contoso.com', 'A')).toBe('NOERROR')
    expect(rcode('nix.www.contoso.com', 'A')).toBe('NXDOMAIN')
  })

  test('expands a wildcard at its closest encloser only (RFC 4592)', () => {
    expect(lines(ask(zones, 'a.b.wild.contoso.com', 'TXT')!.answer)).toEqual([
      'a.b.wild.contoso.com 3600 TXT "any"',
    ])
    // er.wild exists, so the wildcard does not cover what is below it.
    expect(rcode('x.er.wild.contoso.com', 'TXT')).toBe('NXDOMAIN')
    expect(rcode('x.wild.contoso.com', 'A')).toBe('NOERROR')
  })

  test('follows aliases within its zone, and stops where it knows no more', () => {
    expect(lines(ask(zones, 'ftp.contoso.com', 'A')!.answer)).toEqual([
      'ftp.contoso.com 3600 CNAME www.contoso.com.',
      'www.contoso.com 300 A 192.0.2.12',
    ])
    expect(lines(ask(zones, 'out.contoso.com', 'A')!.answer)).toEqual([
      'out.contoso.com 3600 CNAME www.example.',
    ])
    expect(rcode('loop.contoso.com', 'A')).toBe('SERVFAIL')
    expect(lines(ask(zones, 'a.old.contoso.com', 'A')!.answer)).toEqual([
      'old.contoso.com 3600 DNAME new.contoso.com.',
      'a.old.contoso.com 3600 CNAME a.new.contoso.com.',
      'a.new.contoso.com 3600 A 192.0.2.7',
    ])
  })

  test('refers to a delegated zone with glue and without AA, and hides what lies below', () => {
    const message = ask(zones, 'intranet.corp.contoso.com', 'A')!
    expect(message).toMatchObject({ authoritative: false, rcode: 0, answer: [] })
    expect(lines(message.authority)).toEqual([
      'corp.contoso.com 3600 NS ns.example.',
      'corp.contoso.com 3600 NS dc1.corp.contoso.com.',
    ])
    expect(lines(message.additional)).toEqual(['dc1.corp.contoso.com 3600 A 10.10.0.6'])
    expect(ask(zones, 'dc1.corp.contoso.com', 'A')!.answer).toEqual([])
  })

  test('answers from the deepest zone that it has', () => {
    const corp = zoneOf('corp.contoso.com', `${HEAD}intranet A 10.10.0.20\n`)
    const message = ask({ contoso, corp }, 'intranet.corp.contoso.com', 'A')!
    expect(lines(message.answer)).toEqual(['intranet.corp.contoso.com 3600 A 10.10.0.20'])
    // Only the parent can say whether the child is signed.
    expect(lines(ask({ contoso, corp }, 'corp.contoso.com', 'DS')!.authority)[0]).toMatch(
      /^contoso.com 600 SOA/,
    )
  })

  test('refuses what is not its own, transfers, and updates', () => {
    expect(rcode('www.example.com', 'A')).toBe('REFUSED')
    expect(rcode('contoso.com', 'AXFR')).toBe('REFUSED')
  })

  test('cuts at 512 octets without EDNS, and at what EDNS offers up to 1232', () => {
    const size = (payloadSize: number) => ({
      edns: { version: 0, payloadSize, dnssecOk: false, options: [] },
    })
    expect(ask(zones, 'big.contoso.com', 'A')!).toMatchObject({ truncated: true, answer: [] })
    expect(ask(zones, 'big.contoso.com', 'A', size(1232))!).toMatchObject({ truncated: false })
    expect(
      ask(zones, 'big.contoso.com', 'A', { arrival: { transport: 'tcp' } })!.answer,
    ).toHaveLength(40)
    expect(
      rcodeName(
        ask(zones, 'a.contoso.com', 'A', {
          edns: { version: 1, payloadSize: 512, dnssecOk: false, options: [] },
        })!.rcode,
      ),
    ).toBe('BADVERS')
  })
})

describe('messages that are no question', () => {
  const spec = { service: 'dns-server', zones: ['contoso'] } as const
  const own = serverZones(spec, new Map(Object.entries(zones)))
  const plain = queryFor(
    { name: nameOf('www.contoso.com'), type: 1, class: 1 },
    { id: 9, recursionDesired: true },
  )
  const handle = (bytes: Uint8Array) => handleQuery(spec, own, bytes, FROM)

  test('are answered FORMERR with the question, where it could be read', () => {
    const handled = handle(
      encodeMessage({
        ...plain,
        edns: { version: 0, payloadSize: 512, dnssecOk: false, options: [] },
      }).slice(0, -1),
    )
    if (handled.kind !== 'respond') throw new Error(handled.kind)
    const message = valueOf(decodeMessage(handled.bytes))
    expect([rcodeName(message.rcode), message.question.length, message.id]).toEqual([
      'FORMERR',
      1,
      9,
    ])
  })

  test('of another opcode are NOTIMP, updates REFUSED', () => {
    const code = (opcode: number) => {
      const handled = handle(encodeMessage({ ...plain, opcode }))
      return handled.kind === 'respond' ? rcodeName(handled.rcode) : handled.kind
    }
    expect([code(2), code(4), code(5)]).toEqual(['NOTIMP', 'NOTIMP', 'REFUSED'])
  })

  test('that are responses, or shorter than a header, get no answer', () => {
    expect(handle(encodeMessage({ ...plain, response: true })).kind).toBe('drop')
    expect(handle(Uint8Array.of(1, 2, 3)).kind).toBe('drop')
  })
})

describe('zone scopes and query resolution policies', () => {
  const inside = zoneOf('contoso.com', `${HEAD}www A 10.10.0.12\n`)
  const spec = {
    zones: ['contoso'],
    scopes: { internal: 'inside' },
    policies: [
      { name: 'quiet', action: 'ignore', fqdn: 'secret.contoso.com' },
      { name: 'closed', action: 'deny', fqdn: '*.closed.contoso.com' },
      {
        name: 'split',
        action: 'allow',
        serverInterface: '10.0.0.53',
        clientSubnet: '10.0.0.0/8',
        scope: 'internal',
      },
    ],
  } as const
  const both = { contoso, inside }
  const from = (client: string) => ({ spec, arrival: { client: ipv4(client) } })

  test('give each side its view', () => {
    expect(lines(ask(both, 'www.contoso.com', 'A', from('10.1.1.1'))!.answer)).toEqual([
      'www.contoso.com 3600 A 10.10.0.12',
    ])
    expect(lines(ask(both, 'www.contoso.com', 'A', from('198.51.100.1'))!.answer)).toEqual([
      'www.contoso.com 300 A 192.0.2.12',
    ])
  })

  test('do not fall back to the default scope for what their own lacks', () => {
    expect(rcodeName(ask(both, 'mail.contoso.com', 'A', from('10.1.1.1'))!.rcode)).toBe('NXDOMAIN')
  })

  test('deny what is below a star, and say nothing at all where told to ignore', () => {
    expect(rcodeName(ask(both, 'a.closed.contoso.com', 'A', from('198.51.100.1'))!.rcode)).toBe(
      'REFUSED',
    )
    expect(rcodeName(ask(both, 'closed.contoso.com', 'A', from('198.51.100.1'))!.rcode)).toBe(
      'NXDOMAIN',
    )
    expect(ask(both, 'secret.contoso.com', 'A', from('198.51.100.1'))).toBeUndefined()
  })
})
