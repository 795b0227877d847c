/** OpenSSL judges what is issued here: it must read each extension, accept the chain and refuse what we refuse. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { after, days, hours, type Instant } from '../../../src/base/time.ts'
import type { Pki } from '../../../src/pki/issuing/issue.ts'
import { vpnUserTemplate } from '../../../src/topology/templates.ts'
import { compiledSite } from '../../directory/site.ts'
import { codesOf, GATEWAY, held, judge, pkiOf, rootOf, START } from '../contoso.ts'
import { missingOpenssl, openssl, pem } from '../judges.ts'

const skipped = missingOpenssl()
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-pki-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, ...certificates: readonly string[]): string {
  const target = path.join(folder, name)
  writeFileSync(target, certificates.join(''))
  return target
}

/** `openssl verify` with the CRLs as published at `at`. */
function verify(pki: Pki, at: Instant) {
  const certificate = (der: Uint8Array) => pem('CERTIFICATE', der)
  const { certificate: leaf, chain } = held(pki)
  const crls = ['root', 'issuing', 'third'].flatMap((key) => {
    const der = pki.crl(key, at)
    return der === undefined ? [] : ['-CRLfile', file(`${key}.crl`, pem('X509 CRL', der))]
  })
  return openssl(
    'verify',
    '-x509_strict',
    '-no-CApath',
    '-no-CAstore',
    '-purpose=sslserver',
    '-verify_hostname=vpn.contoso.com',
    `-CAfile=${file('root.pem', certificate(rootOf(pki).der))}`,
    ...(chain.length === 0
      ? []
      : ['-untrusted', file('chain.pem', ...chain.map(({ der }) => certificate(der)))]),
    ...crls,
    '-crl_check_all',
    `-attime=${at / 1e6}`,
    file('leaf.pem', certificate(leaf.der)),
  )
}

describe.skipIf(skipped !== undefined)('openssl verify -crl_check_all agrees', () => {
  const revoked = { at: hours(-2), reason: 'superseded' as const }
  const late = after(START, days(400))
  const later = after(START, days(2))

  test.for<[string, Pki, Instant, RegExp, string[]]>([
    ['the chain is good', pkiOf(), START, /leaf\.pem: OK/, []],
    ['and is good with the next CRL', pkiOf(), later, /OK/, []],
    [
      'revoked',
      pkiOf({ certificates: [{ ...GATEWAY, revoked }] }),
      START,
      /revoked/,
      ['pki/revoked'],
    ],
    [
      'wrong EKU',
      pkiOf({ certificates: [{ ...GATEWAY, eku: ['clientAuth'] }] }),
      START,
      /purpose/,
      ['pki/wrong-eku'],
    ],
    [
      'wrong name',
      pkiOf({ certificates: [{ ...GATEWAY, dns: ['x.contoso.com'] }] }),
      START,
      /[Hh]ostname mismatch/,
      ['pki/name-mismatch'],
    ],
    [
      'no intermediate',
      pkiOf({ certificates: [{ ...GATEWAY, sendsChain: false }] }),
      START,
      /unable to get local issuer/,
      ['pki/missing-intermediate'],
    ],
    [
      'an old CRL',
      pkiOf({ issuing: { crl: { validFor: hours(2) } } }),
      later,
      /CRL has expired/,
      ['pki/crl-expired'],
    ],
    [
      'a path too long',
      pkiOf({
        root: { pathLength: 0 },
        authorities: { third: { subject: 'CN=Third', issuer: 'issuing', validFor: days(99) } },
        certificates: [{ ...GATEWAY, issuer: 'third' }],
      }),
      START,
      /path length constraint exceeded/,
      ['pki/path-too-long', 'pki/path-too-long', 'pki/no-crl-distribution-point'],
    ],
    [
      'expired',
      pkiOf({ root: { crl: { every: days(1) } } }),
      late,
      /certificate has expired/,
      ['pki/certificate-expired'],
    ],
  ])('%s', ([, pki, at, expected, codes]) => {
    const { status, output } = verify(pki, at)
    expect(output).toMatch(expected)
    expect(status === 0).toBe(codes.length === 0)
    expect(codesOf(judge(pki, { at }))).toEqual(codes)
  })
})

test.skipIf(skipped !== undefined)('openssl reads every extension as it was meant', () => {
  const pki = pkiOf({ certificates: [{ ...GATEWAY, upn: ['gw@contoso.com'] }] })
  const target = file('text.pem', pem('CERTIFICATE', held(pki).certificate.der))
  const lines = openssl('x509', '-in', target, '-noout', '-text')
    .output.split('\n')
    .map((line) => line.trim())
  for (const line of [
    'Issuer: DC = com, DC = contoso, DC = corp, CN = Contoso Issuing CA',
    'Digital Signature, Key Encipherment',
    'TLS Web Server Authentication, 1.3.6.1.5.5.8.2.2',
    'DNS:vpn.contoso.com, othername: UPN::gw@contoso.com',
    'URI:http://pki.contoso.com/issuing.crl',
    'CA Issuers - URI:http://pki.contoso.com/issuing.crt',
  ]) {
    expect(lines).toContain(line)
  }
})

describe.skipIf(skipped !== undefined)('what an enterprise CA issues by template', () => {
  const { pki, directory } = compiledSite({
    ca: { renewals: [{ at: days(200), key: 'new' }] },
    directory: { users: { ada: { name: 'Ada Lovelace', mail: 'ada@contoso.com' } } },
    templates: {
      vpnUser: vpnUserTemplate({ subject: { email: true, emailInSubject: true, upn: true } }),
      old: {
        base: 'Computer',
        schemaVersion: 1,
        permissions: { 'Domain Computers': ['read', 'enroll'] },
      },
    },
    pc: [{ name: 'old', template: 'old' }],
  })
  const certificate = (name: string, at: Instant) => pki.certificate('pc', name, at)!
  const write = (name: string, at: Instant) =>
    file(`${name}.pem`, pem('CERTIFICATE', certificate(name, at).certificate.der))

  test.for<[name: string, at: number, purpose: string]>([
    ['user', 0, 'sslclient'],
    ['device', 0, 'sslclient'],
    ['old', 0, 'sslserver'],
    ['user', 330, 'sslclient'],
    ['device', 800, 'sslclient'],
  ])('verifies with its CRL: %s after %i days', ([name, by, purpose]) => {
    const at = after(START, days(by))
    const keyIndex = by > 200 ? 1 : 0
    const crl = (key: string, index: number) =>
      file(`${key}${index}.crl`, pem('X509 CRL', pki.crl(key, at, index)!))
    const { chain } = certificate(name, at)
    const { output, status } = openssl(
      'verify',
      '-x509_strict',
      '-no-CApath',
      '-no-CAstore',
      `-purpose=${purpose}`,
      `-CAfile=${file('root.pem', pem('CERTIFICATE', rootOf(pki).der))}`,
      '-untrusted',
      file('chain.pem', ...chain.map(({ der }) => pem('CERTIFICATE', der))),
      '-CRLfile',
      crl('issuing', keyIndex),
      '-crl_check',
      `-attime=${at / 1e6}`,
      write(name, at),
    )
    expect(output).toMatch(/: OK/)
    expect(status).toBe(0)
  })

  test('reads names, template, policies and SID as they were meant', () => {
    const text = openssl('x509', '-in', write('user', START), '-noout', '-text').output
    const lines = text.split('\n').map((line) => line.trim())
    const { sid } = directory!.accounts.find(({ key }) => key === 'ada')!
    for (const line of [
      'Subject: DC = com, DC = contoso, DC = corp, CN = Users, CN = Ada Lovelace, emailAddress = ada@contoso.com',
      'othername: UPN::ada@corp.contoso.com, email:ada@contoso.com',
      'Microsoft Encrypted File System, E-mail Protection, TLS Web Client Authentication',
      '1.3.6.1.4.1.311.21.7:',
      '1.3.6.1.4.1.311.21.10:',
      '1.3.6.1.4.1.311.25.2:',
    ]) {
      expect(lines).toContain(line)
    }
    expect(text).toContain(sid)
  })

  test('finds the SID where Microsoft puts it', () => {
    const listing = openssl('asn1parse', '-in', write('user', START)).output
    const { sid } = directory!.accounts.find(({ key }) => key === 'ada')!
    expect(listing).toContain(Buffer.from(sid).toString('hex').toUpperCase())
  })
})
