import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import {
  after,
  before,
  days,
  formatInstant,
  hours,
  minutes,
  seconds,
} from '../../../src/base/time.ts'
import { subjectOf } from '../../../src/pki/certificate/certificate.ts'
import { issuePki } from '../../../src/pki/issuing/issue.ts'
import { assignKeys, poolKey } from '../../../src/pki/keys/key-pool.ts'
import { EKU_OIDS } from '../../../src/pki/encoding/oids.ts'
import type { AuthoritySpec, CertificateSpec } from '../../../src/topology/pki.ts'
import { crlOf, GATEWAY, held, ISSUING, pkiOf, ROOT, site, START } from '../contoso.ts'

test('the same topology gives the same bytes, in whatever order they are asked for', () => {
  const [one, other] = [pkiOf(), pkiOf()]
  const publications = (pki: typeof one) =>
    pki.publications().map((publication) => toHex(publication.bytes(START)))
  const late = publications(other)
  expect(held(one).certificate.der).toEqual(held(other).certificate.der)
  expect(publications(one)).toEqual(late)
})

test('a certificate that is added moves no other', () => {
  const added: CertificateSpec = { ...GATEWAY, name: 'sstp', subject: 'CN=sstp.contoso.com' }
  const more = pkiOf({ certificates: [GATEWAY, added] })
  expect(held(more).certificate.der).toEqual(held(pkiOf()).certificate.der)
  expect(held(more, 'sstp').certificate.spki).not.toEqual(held(more).certificate.spki)
})

describe('what is issued', () => {
  const pki = pkiOf({
    certificates: [{ ...GATEWAY, upn: ['gw@contoso.com'], eku: ['serverAuth', 'anyPurpose'] }],
  })
  const root = pki.authority('root')!
  const issuing = pki.authority('issuing')!
  const gateway = held(pki)

  test('the root is self-signed and points nowhere', () => {
    expect(root.certificate.issuer.text).toBe('CN=Contoso Root CA, O=Contoso')
    expect(root.certificate.authorityKeyId).toEqual(root.certificate.subjectKeyId)
    expect(root.certificate).not.toHaveProperty('crlDistributionPoints')
    expect(root.certificate).not.toHaveProperty('authorityInfoAccess')
    expect(root.chain).toEqual([])
  })

  test('an authority may sign certificates and CRLs, and carries its path length', () => {
    expect(issuing.certificate.basicConstraints).toEqual({ cA: true, pathLength: 0 })
    expect(issuing.certificate.keyUsage).toEqual(['keyCertSign', 'cRLSign'])
    expect(issuing.certificate.extensions.filter((e) => e.critical)).toHaveLength(2)
    expect(root.certificate.basicConstraints).toEqual({ cA: true })
    expect(issuing.chain.map(subjectOf)).toEqual(['CN=Contoso Root CA, O=Contoso'])
  })

  test('an end entity carries key usage A0, its EKUs, its names and its issuer’s URLs', () => {
    const { certificate } = gateway
    expect(certificate.keyUsage).toEqual(['digitalSignature', 'keyEncipherment'])
    expect(certificate.extKeyUsage).toEqual([EKU_OIDS.serverAuth, EKU_OIDS.anyPurpose])
    expect(certificate.subjectAltName).toEqual([
      { kind: 'dns', value: 'vpn.contoso.com' },
      { kind: 'upn', value: 'gw@contoso.com' },
    ])
    expect(certificate.crlDistributionPoints).toEqual([
      { fullName: [{ kind: 'uri', value: 'http://pki.contoso.com/issuing.crl' }], crlIssuer: [] },
    ])
    expect(certificate.authorityInfoAccess).toMatchObject([
      { at: { kind: 'uri', value: 'http://pki.contoso.com/issuing.crt' } },
    ])
    expect(certificate.authorityKeyId).toEqual(issuing.certificate.subjectKeyId)
    expect(certificate).not.toHaveProperty('basicConstraints')
  })

  test('validity counts from the start of the topology', () => {
    expect(gateway.certificate.notBefore).toBe(before(START, days(1)))
    expect(gateway.certificate.notAfter).toBe(after(START, days(364)))
    expect(formatInstant(root.certificate.notBefore)).toBe('2026-01-31T08:00:00Z')
  })

  test('serial numbers are positive, 16 bytes, without a leading zero byte', () => {
    for (const { certificate } of [root, issuing, gateway]) {
      expect(certificate.serial).toMatch(/^[4-7][0-9a-f]{31}$/)
    }
  })

  test('the intermediates are sent along unless the holder does not', () => {
    expect(gateway.chain.map(subjectOf)).toEqual([subjectOf(issuing.certificate)])
    const silent = pkiOf({ certificates: [{ ...GATEWAY, sendsChain: false }] })
    expect(held(silent).chain).toEqual([])
  })

  test('what the topology does not have is undefined', () => {
    expect(pki.authority('toString')).toBeUndefined()
    expect(pki.certificate('gateway', 'nosuch')).toBeUndefined()
    expect(pki.crl('nosuch', START)).toBeUndefined()
  })
})

describe('CRLs', () => {
  const revoked = { ...GATEWAY, revoked: { at: hours(30), reason: 'keyCompromise' as const } }

  test('are published on schedule, with a number that grows', () => {
    const pki = pkiOf()
    const at = (d: number) => crlOf(pki, 'issuing', after(START, hours(d)))
    expect(at(0)).toMatchObject({ thisUpdate: before(START, hours(1)), number: '01' })
    expect(at(22.9)).toMatchObject({ number: '01' })
    expect(at(23)).toMatchObject({ thisUpdate: after(START, hours(23)), number: '02' })
    expect(at(23).nextUpdate).toBe(after(START, hours(23 + 72)))
  })

  test('list a revocation from the first one that is issued after it', () => {
    const pki = pkiOf({ certificates: [revoked] })
    const listed = (d: number) => [
      ...crlOf(pki, 'issuing', after(START, hours(d))).entries.values(),
    ]
    expect(listed(46)).toEqual([])
    expect(listed(47)).toEqual([
      {
        serial: held(pki).certificate.serial,
        revokedAt: after(START, hours(30)),
        reason: 'keyCompromise',
      },
    ])
    expect(crlOf(pki, 'root', after(START, days(3))).entries.size).toBe(0)
  })

  test('without a schedule the first one stays', () => {
    const pki = pkiOf({ certificates: [revoked], issuing: { crl: {} } })
    const crl = crlOf(pki, 'issuing', after(START, days(100)))
    expect(crl).toMatchObject({
      number: '01',
      nextUpdate: after(START, (days(7) - hours(1)) as never),
    })
    expect(crl.entries.size).toBe(0)
  })

  test('an unspecified reason is left out (RFC 5280 §5.3.1)', () => {
    const pki = pkiOf({
      certificates: [{ ...GATEWAY, revoked: { at: minutes(-90), reason: 'unspecified' } }],
    })
    expect([...crlOf(pki, 'issuing', START).entries.values()][0]).not.toHaveProperty('reason')
  })
})

test('publications are the HTTP URLs, for the node that serves them', () => {
  const ldap = 'ldap:///CN=Contoso%20Issuing%20CA,CN=CDP?certificateRevocationList'
  const pki = pkiOf({
    issuing: { crlUrls: [ldap, 'http://pki.contoso.com/CertEnroll/Contoso%20Issuing.crl'] },
    root: { aiaUrls: [] },
  })
  expect(
    pki.publications().map(({ node, path, contentType }) => [node, path, contentType]),
  ).toEqual([
    ['ca1', '/root.crl', 'application/pkix-crl'],
    ['ca1', '/CertEnroll/Contoso%20Issuing.crl', 'application/pkix-crl'],
    ['ca1', '/issuing.crt', 'application/pkix-cert'],
  ])
  const [crl, , certificate] = pki.publications()
  expect(crl!.bytes(START)).toEqual(pki.crl('root', START))
  expect(certificate!.bytes(START)).toEqual(pki.authority('issuing')!.certificate.der)
})

describe('specs that cannot be issued are problems with a path', () => {
  const root = (change: Partial<AuthoritySpec>) => site({ root: change })
  const gateway = (change: Partial<CertificateSpec>) =>
    site({ certificates: [{ ...GATEWAY, ...change }] })
  const at = ['nodes', 'gateway', 'certificates', 0]

  test.for<[string, ReturnType<typeof site>, readonly (string | number)[]]>([
    ['an unknown issuer', gateway({ issuer: 'nosuch' }), [...at, 'issuer']],
    ['an issuer that only prototypes have', gateway({ issuer: 'constructor' }), [...at, 'issuer']],
    [
      'an unknown parent',
      site({ issuing: { issuer: 'nosuch' } }),
      ['authorities', 'issuing', 'issuer'],
    ],
    ['a bad name', gateway({ subject: 'vpn' }), [...at, 'subject']],
    ['no validity', gateway({ validFor: seconds(0) }), [...at, 'validFor']],
    [
      'a validity that is not a number',
      gateway({ validFor: Number.NaN as never }),
      [...at, 'validFor'],
    ],
    ['a validity beyond 9999', root({ validFor: days(4e6) }), ['authorities', 'root', 'validFor']],
    [
      'a DNS name with letters beyond ASCII',
      gateway({ dns: ['ok.de', 'bücher.de'] }),
      [...at, 'dns', 1],
    ],
    [
      'a URL with blanks',
      root({ crlUrls: ['http://a b/'] }),
      ['authorities', 'root', 'crlUrls', 0],
    ],
    ['an unknown EKU', gateway({ eku: ['nosuch' as never] }), [...at, 'eku', 0]],
    ['an empty UPN', gateway({ upn: [''] }), [...at, 'upn', 0]],
    ['a negative path length', root({ pathLength: -1 }), ['authorities', 'root', 'pathLength']],
    [
      'a CRL each instant',
      root({ crl: { every: seconds(0) } }),
      ['authorities', 'root', 'crl', 'every'],
    ],
    [
      'a CRL beyond 9999',
      root({ crl: { validFor: days(4e6) } }),
      ['authorities', 'root', 'crl', 'validFor'],
    ],
    [
      'two certificates of one name',
      site({ certificates: [GATEWAY, GATEWAY] }),
      ['nodes', 'gateway', 'certificates', 1, 'name'],
    ],
  ])('%s', ([, input, path]) => {
    const result = issuePki(input)
    expect(!result.ok && result.error.map((problem) => problem.path)).toEqual([path])
  })

  test('authorities that issue each other', () => {
    const authorities = {
      a: { ...ROOT, issuer: 'b' },
      b: { ...ISSUING, issuer: 'a' },
      below: { ...ISSUING, issuer: 'a' },
    }
    const result = issuePki({ authorities, holders: [], start: START })
    expect(!result.ok && result.error).toEqual([
      {
        path: ['authorities', 'a', 'issuer'],
        message: "authority 'a' is issued, in the end, by itself",
      },
      {
        path: ['authorities', 'b', 'issuer'],
        message: "authority 'b' is issued, in the end, by itself",
      },
    ])
  })
})

describe('the key pool', () => {
  const labels = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${prefix}${i}`)

  test('distinct labels get distinct keys while the pool lasts', () => {
    expect(new Set(assignKeys(labels('ca', 4), labels('node', 12)).values()).size).toBe(16)
  })

  test('after that, end entities share keys, but none with an authority', () => {
    const assigned = assignKeys(labels('ca', 4), labels('node', 40))
    const authorities = new Set(labels('ca', 4).map((label) => assigned.get(label)))
    for (const label of labels('node', 40)) expect(authorities).not.toContain(assigned.get(label))
  })

  test('more authorities than keys still get one each', () => {
    expect(
      [...assignKeys(labels('ca', 20), ['node']).values()].every((i) => i >= 0 && i < 16),
    ).toBe(true)
  })

  test('all keys are RSA-2048, and no two are the same', () => {
    const keys = Array.from({ length: 16 }, (_, i) => poolKey(i))
    for (const { privateKey } of keys) {
      expect(privateKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 })
    }
    expect(new Set(keys.map(({ spki }) => toHex(spki))).size).toBe(16)
  })
})
