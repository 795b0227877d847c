/** A mirror keeps what relying parties look at, loses the keys, and is judged as its originals are. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { invariant } from '../../../src/base/invariant.ts'
import { after, days, instant } from '../../../src/base/time.ts'
import { subjectOf, type Certificate } from '../../../src/pki/certificate/certificate.ts'
import { readContainer } from '../../../src/pki/files/containers.ts'
import type { Crl } from '../../../src/pki/revocation/crl.ts'
import { sidExtension } from '../../../src/pki/certificate/extension-writer.ts'
import { mirrorCertificates, type Mirror } from '../../../src/pki/mirror/mirror.ts'
import { judgeChain } from '../../../src/pki/path/path.ts'
import { STRICT } from '../../../src/pki/profile/profiles.ts'
import { isSha1, verifySignature } from '../../../src/pki/keys/signature.ts'
import { thumbprint, thumbprintsOf } from '../../../src/pki/certificate/thumbprint.ts'
import { EKU_OIDS } from '../../../src/pki/encoding/oids.ts'
import { pem } from '../armour.ts'
import {
  codesOf,
  crlOf,
  forge,
  freshCrls,
  GATEWAY,
  held,
  ISSUING,
  judge,
  pkiOf,
  rootOf,
  START,
} from '../contoso.ts'
import { missingOpenssl, openssl } from '../judges.ts'

const skipped = missingOpenssl()
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-mirror-'))
afterAll(() => rmSync(folder, { recursive: true }))

function mirror(certificates: readonly Certificate[], crls: readonly Crl[] = []): Mirror {
  const made = mirrorCertificates({ certificates, crls })
  invariant(made.ok, JSON.stringify(made))
  return made.value
}

const of = (made: Mirror, original: Certificate): Certificate =>
  made.certificates.find((each) => thumbprint(each.original) === thumbprint(original))!.certificate

/** Everything in a certificate but its key and its signature. */
const kept = ({
  version,
  serial,
  issuer,
  subject,
  notBefore,
  notAfter,
  extensions,
}: Certificate) => ({
  version,
  serial,
  issuer: issuer.der,
  subject: subject.der,
  notBefore,
  notAfter,
  extensions,
})

const pki = pkiOf({ certificates: [{ ...GATEWAY, upn: ['gw@contoso.com'] }] })
const leaf = held(pki).certificate
const [issuing] = held(pki).chain
const root = rootOf(pki)
const chain = [leaf, issuing!, root]

test('names, serial numbers, dates and extensions keep their octets and their order', () => {
  for (const { original, certificate } of mirror(chain).certificates) {
    expect(kept(certificate)).toEqual(kept(original))
  }
})

test('the mirror is judged as the originals are', () => {
  const made = mirror(chain, [crlOf(pki, 'issuing', START), crlOf(pki, 'root', START)])
  const verdict = judge(pki, {
    leaf: of(made, leaf),
    sent: [of(made, issuing!)],
    anchors: [of(made, root)],
    crls: ({ issuer }) => ({
      kind: 'known',
      crls: made.crls.map(({ crl }) => crl).filter((crl) => crl.issuer.key === issuer.key),
    }),
  })
  expect(codesOf(verdict)).toEqual([])
  expect(verdict.valid).toBe(true)
})

test('it answers to the thumbprint of the original, beside its own', () => {
  const mirrored = of(mirror(chain), root)
  expect(thumbprintsOf(mirrored)).toEqual([thumbprint(mirrored), thumbprint(root)])
  expect(thumbprintsOf(root)).toEqual([thumbprint(root)])
})

test('same originals, same octets, in whatever order they come and however often', () => {
  const bytesOf = (made: Mirror) =>
    made.certificates.map(({ certificate }) => Buffer.from(certificate.der).toString('hex'))
  const first = bytesOf(mirror(chain))
  expect(bytesOf(mirror(chain))).toEqual(first)
  expect(bytesOf(mirror(chain.toReversed())).toReversed()).toEqual(first)
  expect(bytesOf(mirror([...chain, ...chain]))).toEqual(first)
})

test('a CRL keeps its entries and dates, and clears or revokes as before', () => {
  const revoked = { at: days(-1), reason: 'keyCompromise' as const }
  const bad = pkiOf({ certificates: [{ ...GATEWAY, revoked }] })
  const list = crlOf(bad, 'issuing', START)
  const made = mirror([...held(bad).chain, held(bad).certificate, rootOf(bad)], [list])
  const [copy] = made.crls
  expect(copy!.crl.entries).toEqual(list.entries)
  expect(copy!.crl.extensions).toEqual(list.extensions)
  expect([copy!.crl.thisUpdate, copy!.crl.nextUpdate]).toEqual([list.thisUpdate, list.nextUpdate])
  const mirroredIssuing = of(made, held(bad).chain[0]!)
  expect(verifySignature(copy!.crl, mirroredIssuing.spki)).toBe('good')
})

test('a forged link stays forged', () => {
  const forged = forge(leaf)
  const made = mirror([forged, issuing!, root])
  const verdict = judge(pki, {
    leaf: of(made, forged),
    sent: [of(made, issuing!)],
    anchors: [of(made, root)],
    crls: freshCrls(pki, START),
  })
  expect(codesOf(verdict)[0]).toBe('pki/bad-signature')
  expect(judge(pki, { leaf: forged, sent: [issuing!] }).failures[0]?.code).toBe('pki/bad-signature')
})

test('a root whose own signature is forged stays so', () => {
  const forged = forge(root)
  const copy = of(mirror([forged]), forged)
  expect(verifySignature(copy, copy.spki)).toBe('bad')
})

test('an issuer that is not there is invented by name and key identifier, and reported', () => {
  const made = mirror([leaf])
  const [invented] = made.invented
  expect(made.invented).toHaveLength(1)
  expect(invented!.issued).toEqual([subjectOf(leaf)])
  const stand = invented!.certificate
  expect(stand.subject.der).toEqual(leaf.issuer.der)
  expect(stand.subjectKeyId).toEqual(leaf.authorityKeyId)
  expect(stand.mirrorOf).toBeUndefined()
  const verdict = judgeChain({
    leaf: of(made, leaf),
    sent: [],
    intermediates: [],
    anchors: [stand],
    at: START,
    profile: { ...STRICT, revocation: 'none', purposes: [EKU_OIDS.serverAuth] },
    name: 'vpn.contoso.com',
    crls: freshCrls(pki, START),
  })
  expect(codesOf(verdict)).toEqual([])
})

test('nothing is invented where the whole hierarchy is there', () => {
  expect(mirror(chain).invented).toEqual([])
})

test('certificates that shared a key share one, and those of one name and two keys do not', () => {
  const other = pkiOf({
    authorities: { second: { ...ISSUING, subject: ISSUING.subject, issuer: 'root' } },
    certificates: [GATEWAY, { ...GATEWAY, name: 'new', issuer: 'second' }],
  })
  const [old, fresh] = ['issuing', 'second'].map((key) => other.authority(key)!.certificate)
  const leaves = [held(other, 'ike').certificate, held(other, 'new').certificate]
  const made = mirror([...leaves, old!, fresh!, rootOf(other)])
  const verdicts = leaves.map((certificate) =>
    [old!, fresh!].map((authority) =>
      verifySignature(of(made, certificate), of(made, authority).spki),
    ),
  )
  expect(verdicts).toEqual([
    ['good', 'bad'],
    ['bad', 'good'],
  ])
  const copies = mirror([leaf, { ...leaf, der: leaf.der.slice() }])
  expect(copies.certificates).toHaveLength(1)
})

test('what another key of that name issued gets a stand-in of its own', () => {
  const other = pkiOf({
    authorities: { second: { ...ISSUING, subject: ISSUING.subject, issuer: 'root' } },
    certificates: [{ ...GATEWAY, issuer: 'second' }],
  })
  const orphan = held(other).certificate
  const old = other.authority('issuing')!.certificate
  const made = mirror([orphan, old, rootOf(other)])
  expect(made.invented.map(({ issued }) => issued)).toEqual([[subjectOf(orphan)]])
  expect(verifySignature(of(made, orphan), of(made, old).spki)).toBe('bad')
  expect(verifySignature(of(made, orphan), made.invented[0]!.certificate.spki)).toBe('good')
})

test('more authorities than lab keys are refused in one line', () => {
  const many = Array.from({ length: 17 }, (_, i) => `a${i}`)
  const wide = pkiOf({
    authorities: Object.fromEntries(
      many.map((key) => [key, { subject: `CN=${key}`, validFor: days(9) }]),
    ),
    certificates: many.map((key) => ({ ...GATEWAY, name: key, issuer: key })),
  })
  const certificates = many.map((key) => held(wide, key).certificate)
  expect(mirrorCertificates({ certificates })).toEqual({
    ok: false,
    error: { message: '17 authorities with keys of their own, more than the 16 lab keys' },
  })
})

test('a CRL that is about none of them is refused, and says whose it is', () => {
  const stranger = pkiOf({ root: { subject: 'CN=Stranger' } })
  const made = mirrorCertificates({ certificates: chain, crls: [crlOf(stranger, 'root', START)] })
  expect(made).toEqual({
    ok: false,
    error: {
      subject: 'CRL of CN=Stranger',
      message: 'is about none of the certificates that are to be mirrored',
    },
  })
})

describe.skipIf(skipped !== undefined)('a hierarchy that OpenSSL made', () => {
  const at = (name: string): string => path.join(folder, name)
  const read = (name: string): Certificate => {
    const contents = readContainer(new Uint8Array(readFileSync(at(name))))
    invariant(contents.ok, JSON.stringify(contents))
    return contents.value.certificates[0]!
  }
  const run = (...args: readonly string[]) => {
    const ran = openssl(...args)
    expect([args.join(' '), ran.status, ran.status === 0 ? '' : ran.output]).toEqual([
      args.join(' '),
      0,
      '',
    ])
  }
  const CA =
    'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid'
  const LEAF =
    'keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:vpn.contoso.com\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n1.3.6.1.4.1.311.25.2=DER:' +
    toHex(sidExtension('S-1-5-21-1-2-3-1104').value)

  const KEYS = {
    rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
    pss: ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'],
    ec: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    ed: ['-algorithm', 'ED25519'],
  } as const
  type Kind = keyof typeof KEYS

  /** `subject` signed by `issuer`: files NAME.key and NAME.pem. */
  function issue(
    name: string,
    kind: Kind,
    issuer: string,
    options: readonly string[],
    extensions = CA,
  ) {
    run('genpkey', ...KEYS[kind], '-out', at(`${name}.key`))
    run(
      'req',
      '-new',
      '-key',
      at(`${name}.key`),
      '-subj',
      `/O=Contoso/CN=${name}`,
      '-out',
      at(`${name}.csr`),
    )
    writeFileSync(at(`${name}.cnf`), extensions)
    const by =
      issuer === name
        ? ['-signkey', at(`${name}.key`)]
        : ['-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-CAcreateserial']
    run(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...by,
      '-days',
      '30',
      '-extfile',
      at(`${name}.cnf`),
      '-out',
      at(`${name}.pem`),
      ...options,
    )
  }

  beforeAll(() => {
    issue('Root', 'rsa', 'Root', ['-sha512'])
    issue('Other Root', 'ec', 'Other Root', ['-sha384'])
    issue('Policy', 'ec', 'Root', ['-sha384'])
    issue('Issuing', 'pss', 'Policy', ['-sha256'])
    issue('gateway', 'ed', 'Issuing', ['-sha256', '-sigopt', 'rsa_pss_saltlen:32'], LEAF)
    // The cross-certificate: Root's name and key, signed by the other root.
    writeFileSync(at('cross.cnf'), CA)
    run(
      'x509',
      '-req',
      '-in',
      at('Root.csr'),
      '-CA',
      at('Other Root.pem'),
      '-CAkey',
      at('Other Root.key'),
      '-CAcreateserial',
      '-days',
      '30',
      '-sha384',
      '-extfile',
      at('cross.cnf'),
      '-out',
      at('cross.pem'),
    )
  })

  const names = ['Root', 'Other Root', 'Policy', 'Issuing', 'gateway', 'cross']

  const mirrored = () => {
    const originals = names.map((name) => read(`${name}.pem`))
    const made = mirror(originals)
    for (const [i, original] of originals.entries()) {
      writeFileSync(at(`mirror-${names[i]}.pem`), pem('CERTIFICATE', of(made, original).der))
    }
    return { originals, made }
  }

  test('is mirrored whole, with RSA in the place of each other kind', () => {
    const { originals, made } = mirrored()
    for (const original of originals) expect(kept(of(made, original))).toEqual(kept(original))
    expect(made.invented).toEqual([])
    expect(made.certificates.map(({ changes }) => changes)).toEqual([
      ['RSA 3072 key became RSA 2048'],
      [
        'EC 384 key became RSA 2048',
        'signature 1.2.840.10045.4.3.3 became sha384WithRSAEncryption',
      ],
      ['EC 384 key became RSA 2048'],
      [
        'key of algorithm 1.2.840.113549.1.1.10 became RSA 2048',
        'signature 1.2.840.10045.4.3.2 became sha256WithRSAEncryption',
      ],
      [
        'key of algorithm 1.3.101.112 became RSA 2048',
        'signature 1.2.840.113549.1.1.10 became sha256WithRSAEncryption',
      ],
      [
        'RSA 3072 key became RSA 2048',
        'signature 1.2.840.10045.4.3.3 became sha384WithRSAEncryption',
      ],
    ])
    expect(made.certificates.some(({ certificate }) => isSha1(certificate))).toBe(false)
    const [rootCopy, , , , , cross] = made.certificates
    expect(cross!.certificate.spki).toEqual(rootCopy!.certificate.spki)
  })

  test('OpenSSL accepts the mirror, by either root, and not by the original one', () => {
    mirrored()
    const verify = (anchor: string) =>
      openssl(
        'verify',
        '-no-CApath',
        '-no-CAstore',
        '-purpose',
        'sslserver',
        '-verify_hostname',
        'vpn.contoso.com',
        '-CAfile',
        at(anchor),
        '-untrusted',
        at('mirror-Issuing.pem'),
        '-untrusted',
        at('mirror-Policy.pem'),
        '-untrusted',
        at('mirror-cross.pem'),
        at('mirror-gateway.pem'),
      )
    expect(verify('mirror-Root.pem').output).toMatch(/OK/)
    expect(verify('mirror-Other Root.pem').output).toMatch(/OK/)
    expect(verify('Root.pem').status).not.toBe(0)
    expect(verify('Other Root.pem').status).not.toBe(0)
  })

  test('and so do we', () => {
    const { originals, made } = mirrored()
    const [rootOriginal, , policy, issuingOriginal, gateway] = originals
    for (const certificates of [
      originals,
      made.certificates.map(({ certificate }) => certificate),
    ]) {
      const find = (original: Certificate) => certificates[originals.indexOf(original)]!
      const verdict = judgeChain({
        leaf: find(gateway!),
        sent: [find(issuingOriginal!), find(policy!)],
        intermediates: [],
        anchors: [find(rootOriginal!)],
        at: after(gateway!.notBefore, days(1)),
        profile: { ...STRICT, revocation: 'none', purposes: [EKU_OIDS.serverAuth] },
        name: 'vpn.contoso.com',
        crls: freshCrls(pki, START),
      })
      expect(codesOf(verdict)).toEqual([])
    }
  })
})

test('dates of long ago and far away stay', () => {
  const old = pkiOf({ root: { validFrom: days(-12_000), validFor: days(400_000) } })
  const copy = of(mirror([rootOf(old)]), rootOf(old))
  expect(copy.notBefore).toBe(rootOf(old).notBefore)
  expect(copy.notAfter).toBeGreaterThan(instant('2999-01-01T00:00:00Z'))
})
