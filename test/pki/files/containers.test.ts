/** What a file holds is found by its contents, whatever container, encoding and line end it comes in. */
import * as fc from 'fast-check'
import { createPrivateKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, utf8 } from '../../../src/base/bytes.ts'
import { subjectOf } from '../../../src/pki/certificate/certificate.ts'
import {
  CERTIFICATE_FILE_BYTES_MAX,
  formatContainerFault,
  readCertificates,
  readContainer,
} from '../../../src/pki/files/containers.ts'
import { contextConstructed, TAG } from '../../../src/pki/encoding/der.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { poolKey } from '../../../src/pki/keys/key-pool.ts'
import { CONTENT_TYPE } from '../../../src/pki/files/pkcs7.ts'
import { indefinite, pem } from '../armour.ts'
import { held, pkiOf, rootOf, START } from '../contoso.ts'

const pki = pkiOf()
const { certificate, chain } = held(pki)
const [issuing] = chain
const crl = pki.crl('issuing', START)!

const signedData = (certificates: readonly Uint8Array[], crls: readonly Uint8Array[]) =>
  write.sequence(
    write.integer(1),
    write.element(TAG.set),
    write.sequence(write.oid(CONTENT_TYPE.data)),
    write.element(contextConstructed(0), ...certificates),
    ...(crls.length === 0 ? [] : [write.element(contextConstructed(1), ...crls)]),
    write.element(TAG.set),
  )
const contentInfo = (type: string, content: Uint8Array) =>
  write.sequence(write.oid(type), write.explicit(0, content))
const bundle = contentInfo(
  CONTENT_TYPE.signedData,
  signedData([certificate.der, issuing!.der], [crl]),
)

/** The same bundle with every wrapper of indefinite length, as BER allows. */
const berBundle = indefinite(
  write.sequence(
    write.oid(CONTENT_TYPE.signedData),
    indefinite(
      write.explicit(
        0,
        indefinite(
          write.sequence(
            write.integer(1),
            write.element(TAG.set),
            write.sequence(write.oid(CONTENT_TYPE.data)),
            indefinite(write.element(contextConstructed(0), certificate.der, issuing!.der)),
            indefinite(write.element(contextConstructed(1), crl)),
            write.element(TAG.set),
          ),
        ),
      ),
    ),
  ),
)

/** Subjects of the certificates and the count of CRLs, or the fault in one line. */
function told(bytes: Uint8Array): string {
  const read = readContainer(bytes)
  if (!read.ok) return formatContainerFault(read.error)
  const { certificates, crls, privateKeys } = read.value
  return [
    ...certificates.map(subjectOf),
    ...(crls.length > 0 ? [`${crls.length} CRL`] : []),
    ...(privateKeys > 0 ? [`${privateKeys} key dropped`] : []),
  ].join(' | ')
}

const GATEWAY = 'CN=vpn.contoso.com'
const ISSUING = subjectOf(issuing!)
const key = poolKey(0).privateKey
const keyPem = (type: 'pkcs1' | 'pkcs8', passphrase?: string) =>
  key.export({
    type,
    format: 'pem',
    ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }),
  }) as string
const keyDer = (type: 'pkcs1' | 'pkcs8') =>
  new Uint8Array(key.export({ type, format: 'der' }) as Buffer)
const request = write.sequence(
  write.sequence(write.integer(0), certificate.subject.der, certificate.spki, write.explicit(0)),
  certificate.signatureAlgorithm.der,
  write.bitString(Uint8Array.of(1)),
)
const utf16 = (text: string, bom = '\ufeff') =>
  new Uint8Array(Buffer.from(`${bom}${text}`, 'utf16le'))

test.for<[string, Uint8Array, string]>([
  ['a certificate in DER', certificate.der, GATEWAY],
  ['a CRL in DER', crl, '1 CRL'],
  ['PKCS #7 in DER', bundle, `${GATEWAY} | ${ISSUING} | 1 CRL`],
  ['PKCS #7 in BER', berBundle, `${GATEWAY} | ${ISSUING} | 1 CRL`],
  ['PEM', utf8(pem('CERTIFICATE', certificate.der)), GATEWAY],
  ['PEM with CRLF', utf8(pem('CERTIFICATE', certificate.der, '\r\n')), GATEWAY],
  ['PEM with CR alone', utf8(pem('CERTIFICATE', certificate.der, '\r')), GATEWAY],
  ['PEM as Out-File writes it (UTF-16)', utf16(pem('CERTIFICATE', certificate.der)), GATEWAY],
  [
    'PEM with a byte order mark (UTF-8)',
    utf8(`\ufeff${pem('CERTIFICATE', certificate.der)}`),
    GATEWAY,
  ],
  [
    'PEM with text in Windows-1252 around it',
    concat(fromHex('fcf6e40a'), utf8(pem('CERTIFICATE', certificate.der))),
    GATEWAY,
  ],
  ['an old label', utf8(pem('X509 CERTIFICATE', certificate.der)), GATEWAY],
  [
    'OpenSSL’s trust settings behind the certificate',
    utf8(
      pem(
        'TRUSTED CERTIFICATE',
        concat(certificate.der, write.sequence(write.sequence(write.oid('1.3.6.1.5.5.7.3.1')))),
      ),
    ),
    GATEWAY,
  ],
  ['PKCS #7 in PEM', utf8(pem('PKCS7', bundle)), `${GATEWAY} | ${ISSUING} | 1 CRL`],
  ['CMS in PEM', utf8(pem('CMS', bundle)), `${GATEWAY} | ${ISSUING} | 1 CRL`],
  [
    'PKCS #7 under the label that certutil writes',
    utf8(pem('CERTIFICATE', bundle)),
    `${GATEWAY} | ${ISSUING} | 1 CRL`,
  ],
  ['a CRL in PEM', utf8(pem('X509 CRL', crl)), '1 CRL'],
  [
    'all in one file, with text, a request and a key between',
    utf8(
      `subject=…\n${pem('CERTIFICATE', certificate.der)}${keyPem('pkcs8')}${pem('CERTIFICATE REQUEST', request)}\nx\n${pem('X509 CRL', crl)}${pem('CERTIFICATE', issuing!.der)}`,
    ),
    `${GATEWAY} | ${ISSUING} | 1 CRL | 1 key dropped`,
  ],
])('%s is read', ([, bytes, expected]) => {
  expect(told(bytes)).toBe(expected)
})

const base64At = (index: number, character: string) => {
  const lines = pem('CERTIFICATE', certificate.der).split('\n')
  lines[3] = lines[3]!.slice(0, index) + character + lines[3]!.slice(index + 1)
  return utf8(lines.join('\n'))
}

test.for<[string, Uint8Array, string]>([
  ['an empty file', new Uint8Array(), 'is empty'],
  ['text', utf8('hello'), 'neither DER nor PEM with a certificate'],
  [
    'no end',
    utf8('-----BEGIN CERTIFICATE-----\nAAAA\n'),
    'PEM line 1, byte 0: CERTIFICATE has no end (RFC 7468 §2)',
  ],
  [
    'no begin',
    utf8('\n-----END CERTIFICATE-----\n'),
    'PEM line 2, byte 0: CERTIFICATE has no begin (RFC 7468 §2)',
  ],
  [
    'an end line that was cut',
    utf8('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIF'),
    'PEM line 3, byte 0: is no whole BEGIN or END line (RFC 7468 §2)',
  ],
  [
    'a letter that is not base64',
    base64At(5, '!'),
    'PEM line 4, byte 5: CERTIFICATE is not base64 (RFC 7468 §3)',
  ],
  [
    'base64 with a digit lost',
    base64At(5, ''),
    'PEM line 1, byte 0: CERTIFICATE is not base64: digits are missing at its end (RFC 7468 §3)',
  ],
  [
    'a block that holds no certificate',
    utf8(pem('CERTIFICATE', fromHex('3000'))),
    'PEM line 1, certificate, byte 2: the element is missing',
  ],
  [
    'DER that was cut',
    certificate.der.subarray(0, 500),
    `certificate, byte 0: ${certificate.der.length - 4} bytes of contents announced, 496 left`,
  ],
  [
    'DER with bytes behind it',
    concat(certificate.der, utf8('x')),
    `certificate, byte ${certificate.der.length}: bytes follow the last element`,
  ],
  [
    'a certificate of indefinite length',
    indefinite(certificate.der),
    'certificate, byte 0: indefinite length (X.690 §10.1)',
  ],
  [
    'a key in PKCS #8',
    utf8(keyPem('pkcs8')),
    'holds a private key (PRIVATE KEY, line 1), no certificate',
  ],
  [
    'a key in PKCS #1',
    utf8(keyPem('pkcs1')),
    'holds a private key (RSA PRIVATE KEY, line 1), no certificate',
  ],
  ['a key in PKCS #8, DER', keyDer('pkcs8'), 'holds a private key, no certificate'],
  ['a key in PKCS #1, DER', keyDer('pkcs1'), 'holds a private key, no certificate'],
  [
    'an encrypted key',
    utf8(keyPem('pkcs8', 'x')),
    'holds an encrypted private key (ENCRYPTED PRIVATE KEY, line 1), no certificate',
  ],
  [
    'a key that is encrypted in the old way',
    utf8(keyPem('pkcs1', 'x')),
    'holds an encrypted private key (RSA PRIVATE KEY, line 1), no certificate',
  ],
  [
    'an encrypted key, DER',
    new Uint8Array(
      key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' }),
    ),
    'holds an encrypted private key, no certificate',
  ],
  [
    'a request',
    utf8(pem('NEW CERTIFICATE REQUEST', request)),
    'holds a certificate request (PKCS #10) (NEW CERTIFICATE REQUEST, line 1), no certificate',
  ],
  ['a request, DER', request, 'holds a certificate request (PKCS #10), no certificate'],
  [
    'a public key',
    utf8(pem('PUBLIC KEY', certificate.spki)),
    'holds a bare public key (PUBLIC KEY, line 1), no certificate',
  ],
  ['a public key, DER', certificate.spki, 'holds a bare public key, no certificate'],
  [
    'encrypted CMS',
    contentInfo(CONTENT_TYPE.envelopedData, write.sequence()),
    'contentType, byte 13: the content is encrypted, not signed (RFC 5652 §3)',
  ],
  [
    'a broken certificate in a bundle',
    contentInfo(CONTENT_TYPE.signedData, signedData([certificate.der, fromHex('3000')], [])),
    'certificate 2 in the PKCS #7: certificate, byte 2: the element is missing',
  ],
  [
    'an empty bundle',
    contentInfo(CONTENT_TYPE.signedData, signedData([], [])),
    'is a PKCS #7 bundle with nothing in it',
  ],
  [
    'a JPEG picture',
    fromHex('ffd8ffe000104a464946'),
    'is a JPEG picture, neither DER nor PEM with a certificate',
  ],
  [
    'an error page',
    utf8('<!DOCTYPE html>\r\n<html><title>404</title></html>'),
    'is an HTML page, neither DER nor PEM with a certificate',
  ],
  [
    'Windows’ serialized store',
    fromHex('0000000043455254'),
    'is a serialized certificate store (.sst): export it as PKCS #7 instead, neither DER nor PEM with a certificate',
  ],
  [
    'base64 alone',
    utf8(Buffer.from(certificate.der).toString('base64')),
    'is base64 without its BEGIN and END lines, neither DER nor PEM with a certificate',
  ],
  [
    'too much',
    new Uint8Array(CERTIFICATE_FILE_BYTES_MAX + 1),
    '4194305 bytes, more than the 4194304 that are read',
  ],
])('%s is told', ([, bytes, expected]) => {
  expect(told(bytes)).toBe(expected)
})

test('certificates keep the octets of the file, in a bundle of indefinite lengths, too', () => {
  const read = readCertificates(berBundle)
  expect(read.ok && read.value.map(({ der }) => der)).toEqual([certificate.der, issuing!.der])
})

test('an EC key, too, is told from a certificate', () => {
  const ec = createPrivateKey({
    key: {
      kty: 'EC',
      crv: 'P-256',
      d: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE',
      x: 'axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY',
      y: 'T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
    },
    format: 'jwk',
  })
  const told2 = told(new Uint8Array(ec.export({ type: 'sec1', format: 'der' })))
  expect(told2).toBe('holds a private key, no certificate')
})

test('a file with a CRL alone is none with certificates', () => {
  const read = readCertificates(crl)
  expect(!read.ok && formatContainerFault(read.error)).toBe('holds a CRL, no certificate')
})

describe('hostile bytes are a value', () => {
  const seeds = [certificate.der, rootOf(pki).der, crl, bundle, berBundle, utf8(pem('CMS', bundle))]

  test('random ones, cut ones, and with one octet changed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readContainer(bytes)),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        (whole, where, octet, cut) => {
          const at = where % whole.length
          const changed = cut
            ? whole.slice(0, at)
            : concat(whole.slice(0, at), Uint8Array.of(octet), whole.slice(at + 1))
          readContainer(changed)
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('a nest of indefinite lengths is as deep as it may be, and no deeper', () => {
    const type = write.oid(CONTENT_TYPE.signedData)
    for (const depth of [40, 4000, 1_000_000]) {
      const nest = concat(fromHex('a080'.repeat(depth)), new Uint8Array(2 * depth))
      expect(told(indefinite(write.sequence(type, nest)))).toMatch(/nested deeper than 32/)
    }
  })

  test('many small blocks are read in one go', () => {
    const many = utf8(pem('PRIVATE KEY', Uint8Array.of(1)).repeat(60_000))
    expect(told(many)).toMatch(/^holds a private key/)
  })
})
