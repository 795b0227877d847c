import { describe, expect, test } from 'vitest'
import { instant } from '../../src/base/time.ts'
import { ASCII_MARKS, PLAIN, PLAIN_CANVAS, type Paint } from '../../src/lab/layout.ts'
import { renderChain } from '../../src/lab/render-chain.ts'
import type { ChainReport } from '../../src/lab/reports.ts'
import type { ChainLink } from '../../src/pki/path/chain-link.ts'

const link = (change: Partial<ChainLink>): ChainLink => ({
  subject: 'CN=vpn.contoso.com',
  issuer: 'CN=Issuing',
  notBefore: instant('2026-01-01'),
  notAfter: instant('2026-03-14'),
  serial: '4a01',
  thumbprint: 'AB'.repeat(20),
  key: 'RSA 2048',
  purposes: ['serverAuth'],
  names: ['DNS vpn.contoso.com'],
  crlUrls: ['http://pki/issuing.crl'],
  ocspUrls: [],
  issuerUrls: ['http://pki/issuing.crt'],
  isAnchor: false,
  ...change,
})

const root = link({
  subject: 'CN=Root',
  issuer: 'CN=Root',
  notAfter: instant('2046-01-01'),
  names: [],
  crlUrls: [],
  isAnchor: true,
})

const good: ChainReport = {
  on: 'laptop',
  of: 'gateway:ike',
  profile: 'sstp-client',
  at: instant('2026-03-02T08:00:00Z'),
  valid: true,
  path: [link({ issuer: 'CN=Root' }), root],
  failures: [],
  rejected: [],
  tolerated: [],
  fetches: [{ url: 'http://pki/issuing.crl', outcome: '200' }],
  fromCache: [],
}

const expired: ChainReport = {
  ...good,
  at: instant('2026-03-26'),
  valid: false,
  windows: { code: '0x800B0101', name: 'CERT_E_EXPIRED' },
  failures: [
    {
      code: 'pki/certificate-expired',
      subject: 'CN=vpn.contoso.com',
      message: 'expired on 2026-03-14T00:00:00Z',
      expected: 'notAfter at or after 2026-03-26T00:00:00Z',
      got: 'now 2026-03-26T00:00:00Z',
    },
  ],
}

describe('a chain in lines', () => {
  test('the root first, and a good chain tells no rule', () => {
    expect(renderChain(good).join('\n')).toMatchInlineSnapshot(`
      "✓ gateway:ike is good to laptop (sstp-client) at 2026-03-02T08:00:00Z

        ✓ CN=Root  root · trusted by laptop
        │  valid    2026-01-01 to 2046-01-01, expires in 19 years
        │  key      RSA 2048
        │  for      serverAuth
        │
        └─ ✓ CN=vpn.contoso.com  end entity
              valid    2026-01-01 to 2026-03-14, expires in 11 days
              key      RSA 2048
              for      serverAuth
              names    DNS vpn.contoso.com
              CRL      http://pki/issuing.crl  fetched
      "
    `)
  })

  test('a broken rule stands below its certificate, with what to reissue', () => {
    const lines = renderChain(expired)
    expect(lines.slice(0, 2)).toEqual([
      '✗ gateway:ike is not good to laptop (sstp-client) at 2026-03-26T00:00:00Z',
      '  Windows  0x800B0101 CERT_E_EXPIRED',
    ])
    expect(lines.slice(7).join('\n')).toMatchInlineSnapshot(`
      "  │
        └─ ✗ CN=vpn.contoso.com  end entity
              valid    2026-01-01 to 2026-03-14, expired 12 days ago
              key      RSA 2048
              for      serverAuth
              names    DNS vpn.contoso.com
              SHA-1    ABABABABABABABABABABABABABABABABABABABAB
              CRL      http://pki/issuing.crl  fetched
              ✗ pki/certificate-expired  expired on 2026-03-14T00:00:00Z
              expected notAfter at or after 2026-03-26T00:00:00Z
              got      now 2026-03-26T00:00:00Z
              fix      renew CN=vpn.contoso.com and bind the new certificate where it is used
      "
    `)
  })

  test('a missing issuer is a gap at the top', () => {
    const lines = renderChain({ ...good, valid: false, path: [link({})] })
    expect(lines[2]).toBe('  ? CN=Issuing  not known to laptop')
    expect(lines[4]).toBe('  └─ ✓ CN=vpn.contoso.com  end entity')
  })

  test('a root that is no anchor is said not to be trusted', () => {
    const path = [link({ issuer: 'CN=Root' }), { ...root, isAnchor: false }]
    expect(renderChain({ ...good, valid: false, path })[2]).toBe(
      '  ✓ CN=Root  root · not trusted by laptop',
    )
  })

  test('a failure of a certificate that is not in the path is not lost', () => {
    const failures = [
      { code: 'pki/malformed', subject: 'certificate 2 of those sent', message: 'cannot be read' },
    ]
    const text = renderChain({ ...good, valid: false, failures }).join('\n')
    expect(text).toContain('✗ certificate 2 of those sent\n')
    expect(text).toContain('pki/malformed  cannot be read')
  })

  test('other paths are told when no path holds, five at most', () => {
    const rejected = Array.from({ length: 7 }, (_, i) => ({
      path: ['CN=vpn.contoso.com', `CN=Cross ${i}`],
      failures: [{ code: 'pki/certificate-expired', subject: `CN=Cross ${i}`, message: 'expired' }],
    }))
    const text = renderChain({ ...expired, rejected }).join('\n')
    expect(text).toContain(
      '✗ CN=Cross 0 > CN=vpn.contoso.com: pki/certificate-expired CN=Cross 0\n',
    )
    expect(text).not.toContain('CN=Cross 5')
    expect(text).toContain('and 2 more')
    expect(renderChain({ ...good, rejected }).join('\n')).not.toContain('Cross')
  })

  test('parties that say the same are told together', () => {
    const windows = { code: '13801', name: 'ERROR_IPSEC_IKE_AUTH_FAIL' }
    const refusal = { as: 'ike-client', valid: false, code: 'pki/name-mismatch', windows }
    const lines = renderChain(good, PLAIN_CANVAS, [
      { ...refusal, on: 'laptop' },
      { ...refusal, on: 'officePc' },
      { as: 'sstp-client', on: 'laptop', valid: true },
    ])
    expect(lines.slice(-3)).toEqual([
      '    ✗ ike-client   refuses it  13801 ERROR_IPSEC_IKE_AUTH_FAIL (pki/name-mismatch)',
      '                   on laptop, officePc',
      '    ✓ sstp-client  accepts it  on laptop',
    ])
  })

  test.for([60, 80, 120])('at %i columns no line is longer, but for words that are', (width) => {
    const lines = renderChain(expired, { ...PLAIN_CANVAS, width }).slice(1)
    expect(lines.filter((line) => line.length > width)).toEqual([])
  })

  test('a terminal without UTF-8 gets ASCII', () => {
    const text = renderChain(expired, { paint: PLAIN, marks: ASCII_MARKS, width: 100 }).join('\n')
    expect(text).toMatch(/^[\x20-\x7e\n]+$/)
    expect(text).toContain('`- x CN=vpn.contoso.com')
  })

  test('colours come from the caller, and without colour nothing else changes', () => {
    const mark = (name: string) => (text: string) => `<${name}>${text}</${name}>`
    const paint: Paint = {
      green: mark('g'),
      red: mark('r'),
      yellow: mark('y'),
      bold: mark('b'),
      dim: mark('d'),
    }
    const painted = renderChain(expired, { ...PLAIN_CANVAS, paint })
    expect(painted.join('\n')).toMatch(/<r>✗ <\/r><r>pki\/certificate-expired/)
    expect(painted.map((line) => line.replace(/<\/?[grybd]>/g, ''))).toEqual(renderChain(expired))
  })
})
