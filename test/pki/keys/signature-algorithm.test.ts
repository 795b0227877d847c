/** OpenSSL signs, the twin verifies: every algorithm that is known here, and the parameters that are not as their RFC has them. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import type { Certificate } from '../../../src/pki/certificate/certificate.ts'
import { readCertificates } from '../../../src/pki/files/containers.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { verifySignature } from '../../../src/pki/keys/signature.ts'
import { signatureAlgorithm } from '../../../src/pki/keys/signature-algorithm.ts'
import { keySize } from '../../../src/pki/keys/verification-key.ts'
import { missingOpenssl } from '../judges.ts'

const skipped = missingOpenssl()
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-signature-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A self-signed certificate of a new key. */
function selfSigned(key: readonly string[], sign: readonly string[]): Certificate {
  const file = path.join(folder, `${[...key, ...sign].join('-').replace(/[^a-z0-9-]/gi, '')}.pem`)
  const keyFile = `${file}.key`
  const run = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  run('genpkey', ...key, '-out', keyFile)
  run(
    'req',
    '-x509',
    '-new',
    '-key',
    keyFile,
    '-subj',
    '/CN=x',
    '-days',
    '9',
    ...sign,
    '-out',
    file,
  )
  const read = readCertificates(readFileSync(file))
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value[0]!
}

const rsa = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
const ec = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`]
const pss = (digest: string, salt: string) => [
  `-${digest}`,
  '-sigopt',
  'rsa_padding_mode:pss',
  '-sigopt',
  `rsa_pss_saltlen:${salt}`,
]
const pssKey = (...options: readonly string[]): readonly string[] => [
  '-algorithm',
  'RSA-PSS',
  ...options.flatMap((option) => ['-pkeyopt', `rsa_${option}`]),
]
const restricted = pssKey(
  'keygen_bits:2048',
  'pss_keygen_md:sha256',
  'pss_keygen_mgf1_md:sha256',
  'pss_keygen_saltlen:32',
)

const GOOD: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ...['sha1', 'sha224', 'sha256', 'sha384', 'sha512'].flatMap(
    (digest): readonly (readonly [string, readonly string[], readonly string[]])[] => [
      [`RSA, ${digest}`, rsa, [`-${digest}`]],
      [`RSASSA-PSS, ${digest}, salt as long as the digest`, rsa, pss(digest, 'digest')],
      [`P-256, ${digest}`, ec('P-256'), [`-${digest}`]],
      [`P-384, ${digest}`, ec('P-384'), [`-${digest}`]],
      [`P-521, ${digest}`, ec('P-521'), [`-${digest}`]],
    ],
  ),
  ['RSASSA-PSS, all parameters by default', rsa, pss('sha1', '20')],
  ['RSASSA-PSS without salt', rsa, pss('sha256', '0')],
  ['a key of RSASSA-PSS alone', pssKey(), ['-sha256']],
  ['a key of RSASSA-PSS with parameters', restricted, pss('sha256', '32')],
  ['Ed25519', ['-algorithm', 'ED25519'], []],
  ['Ed448', ['-algorithm', 'ED448'], []],
]

describe.skipIf(skipped !== undefined)('signatures that OpenSSL made', { timeout: 60_000 }, () => {
  test.for(GOOD)('%s', ([, key, sign]) => {
    const certificate = selfSigned(key, sign)
    expect(verifySignature(certificate, certificate.spki)).toBe('good')
    const signature = certificate.signature.slice()
    signature[signature.length >> 1]! ^= 1
    expect(verifySignature({ ...certificate, signature }, certificate.spki)).toBe('bad')
    const tbs = certificate.tbs.slice()
    tbs[tbs.length - 1]! ^= 1
    expect(verifySignature({ ...certificate, tbs }, certificate.spki)).toBe('bad')
  })

  test('salt of another length than the parameters say is no signature', () => {
    const long = selfSigned(rsa, pss('sha256', '32'))
    const short = selfSigned(rsa, pss('sha256', '20'))
    const { signatureAlgorithm: identifier } = short
    expect(verifySignature({ ...long, signatureAlgorithm: identifier }, long.spki)).toBe('bad')
  })

  test('a key of RSASSA-PSS signs nothing in PKCS #1 v1.5, and a plain one by any', () => {
    const plain = selfSigned(rsa, ['-sha256'])
    const alone = selfSigned(pssKey(), ['-sha256'])
    expect(verifySignature(plain, alone.spki)).toBe('bad')
    expect(keySize(plain.spki)).toEqual({ kind: 'modulus', bits: 2048 })
  })

  test('an exponent of one and an even one are of no use', () => {
    const plain = selfSigned(rsa, ['-sha384'])
    const modulus = Uint8Array.from({ length: 256 }, (_, i) => (i * 7 + 129) | 1)
    const spki = (exponent: Uint8Array) =>
      write.sequence(
        write.sequence(write.oid('1.2.840.113549.1.1.1'), write.nullElement()),
        write.bitString(
          write.sequence(write.element(2, Uint8Array.of(0), modulus), write.element(2, exponent)),
        ),
      )
    for (const exponent of [fromHex('01'), fromHex('04')]) {
      expect(verifySignature(plain, spki(exponent))).toBe('unsupported')
    }
    expect(verifySignature(plain, spki(fromHex('010001')))).toBe('bad')
  })
})

const NULL = '0500'
const SHA256 = '300d06096086480165030402010500'
const MGF1_SHA256 = `301a06092a864886f70d010108${SHA256}`
const MGF1_SHA384 = '301a06092a864886f70d010108300d06096086480165030402020500'

test.for<readonly [string, string, string | undefined, boolean]>([
  ['RSA with NULL', '1.2.840.113549.1.1.11', NULL, true],
  ['RSA with nothing', '1.2.840.113549.1.1.11', undefined, true],
  ['RSA with a number', '1.2.840.113549.1.1.11', '020101', false],
  ['RSA with a NULL that has contents', '1.2.840.113549.1.1.11', '050100', false],
  ['ECDSA with nothing', '1.2.840.10045.4.3.2', undefined, true],
  ['ECDSA with NULL', '1.2.840.10045.4.3.2', NULL, false],
  ['Ed25519 with NULL', '1.3.101.112', NULL, false],
  ['DSA with NULL', '2.16.840.1.101.3.4.3.2', NULL, false],
  ['MD5', '1.2.840.113549.1.1.4', NULL, false],
  ['PSS with nothing', '1.2.840.113549.1.1.10', undefined, false],
  ['PSS with NULL', '1.2.840.113549.1.1.10', NULL, false],
  ['PSS by default', '1.2.840.113549.1.1.10', '3000', true],
  ['PSS in full', '1.2.840.113549.1.1.10', `302fa00f${SHA256}a11c${MGF1_SHA256}`, true],
  [
    'PSS, mask of another digest',
    '1.2.840.113549.1.1.10',
    `302fa00f${SHA256}a11c${MGF1_SHA384}`,
    false,
  ],
  ['PSS, trailer 2', '1.2.840.113549.1.1.10', '3005a303020102', false],
  ['PSS, negative salt', '1.2.840.113549.1.1.10', '3005a2030201ff', false],
  ['PSS with something after it', '1.2.840.113549.1.1.10', '30020500', false],
])('parameters: %s', ([, oid, hex, isKnown]) => {
  const parameters = hex === undefined ? {} : { parameters: fromHex(hex) }
  const identifier = { oid, der: new Uint8Array(), ...parameters }
  expect(signatureAlgorithm(identifier) !== undefined).toBe(isKnown)
})

test('parameters of any bytes are known or not, and never throw', () => {
  const oid = '1.2.840.113549.1.1.10'
  const whole = fromHex(`302fa00f${SHA256}a11c${MGF1_SHA256}`)
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(), fc.integer({ min: 0, max: 255 }), (any, at, octet) => {
      const changed = whole.slice()
      changed[at % changed.length] = octet
      for (const parameters of [any, changed]) {
        expect(() => signatureAlgorithm({ oid, der: any, parameters })).not.toThrow()
      }
    }),
  )
})
