/** PKCS #12 that OpenSSL writes opens here, with its password and no other; keys stay where they are. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { concat, fromHex } from '../../../src/base/bytes.ts'
import { subjectOf } from '../../../src/pki/certificate/certificate.ts'
import { formatContainerFault, readContainer } from '../../../src/pki/files/containers.ts'
import { contextConstructed, TAG } from '../../../src/pki/encoding/der.ts'
import * as write from '../../../src/pki/encoding/der-writer.ts'
import { CONTENT_TYPE } from '../../../src/pki/files/pkcs7.ts'
import { indefinite } from '../armour.ts'
import { held, pkiOf } from '../contoso.ts'
import { missingOpenssl, openssl } from '../judges.ts'

const skipped = missingOpenssl()
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-pkcs12-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => path.join(folder, name)

function told(bytes: Uint8Array, password?: string): string {
  const read = readContainer(bytes, password)
  if (!read.ok) return formatContainerFault(read.error)
  const { certificates, privateKeys } = read.value
  return [...certificates.map(subjectOf), `${privateKeys} key dropped`].join(' | ')
}

const NEEDED = 'is protected by a password, and none was given'
const WRONG = 'does not open with the password that was given'

describe.skipIf(skipped !== undefined)('OpenSSL wrote it', () => {
  beforeAll(() => {
    for (const [name, ...kind] of [
      ['rsa', '-newkey', 'rsa:2048'],
      ['ec', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
      ['ed', '-newkey', 'ed25519'],
    ]) {
      openssl(
        'req',
        '-x509',
        ...kind,
        '-nodes',
        '-subj',
        `/CN=${name}`,
        '-days',
        '9',
        '-keyout',
        at(`${name}.key`),
        '-out',
        at(`${name}.pem`),
      )
    }
  })

  /** Exported with the key of `of`, the certificate of `with` beside it. */
  function exported(of: string, password: string, ...options: readonly string[]): Uint8Array {
    const made = openssl(
      'pkcs12',
      '-export',
      '-inkey',
      at(`${of}.key`),
      '-in',
      at(`${of}.pem`),
      '-certfile',
      at('rsa.pem'),
      '-passout',
      `pass:${password}`,
      '-out',
      at('out.p12'),
      ...options,
    )
    expect(made.status).toBe(0)
    return new Uint8Array(readFileSync(at('out.p12')))
  }

  test.for<[string, readonly string[]]>([
    [
      'AES-256 and SHA-256, as Windows writes it now',
      ['-keypbe', 'AES-256-CBC', '-certpbe', 'AES-256-CBC', '-macalg', 'sha256'],
    ],
    [
      'AES-128 and SHA-512',
      ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha512'],
    ],
    ['AES-192 and SHA-384', ['-certpbe', 'AES-192-CBC', '-macalg', 'sha384']],
    [
      '3DES and SHA-1, as Windows writes it for old readers',
      ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
    ],
    ['RC2 with 40 bits, as Windows writes it without being asked', ['-legacy']],
    ['RC2 with 128 bits', ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128']],
    ['3DES with two keys', ['-legacy', '-certpbe', 'PBE-SHA1-2DES']],
    ['3DES in PBES2', ['-certpbe', 'DES-EDE3-CBC']],
    ['one iteration', ['-iter', '1', '-macalg', 'sha1']],
    ['certificates in the clear', ['-certpbe', 'NONE']],
  ])('%s', ([, options]) => {
    for (const of of ['ec', 'ed']) {
      const file = exported(of, 'Grüße 1', ...options)
      expect(told(file, 'Grüße 1')).toBe(`CN=${of} | CN=rsa | 1 key dropped`)
      expect(told(file, 'grüße 1')).toBe(WRONG)
      expect(told(file)).toBe(NEEDED)
    }
  })

  test('an empty password opens what has an empty one, or none, and nothing else', () => {
    const empty = exported('ec', '')
    expect(told(empty, '')).toBe('CN=ec | CN=rsa | 1 key dropped')
    expect(told(empty)).toBe('CN=ec | CN=rsa | 1 key dropped')
    expect(told(empty, 'x')).toBe(WRONG)
    expect(told(exported('ec', 'x'), '')).toBe(WRONG)
  })

  test('without a MAC a wrong password shows in what it opens', () => {
    for (const pbe of ['AES-256-CBC', 'PBE-SHA1-3DES']) {
      const file = exported('ec', 'x', '-nomac', '-keypbe', pbe, '-certpbe', pbe)
      expect(told(file, 'x')).toBe('CN=ec | CN=rsa | 1 key dropped')
      expect(told(file, 'y')).toBe(WRONG)
      expect(told(file)).toBe(NEEDED)
    }
  })

  test('a file of indefinite lengths, as Firefox writes it', () => {
    const file = exported('ec', 'x')
    expect(told(indefinite(file), 'x')).toBe('CN=ec | CN=rsa | 1 key dropped')
  })

  test('changed and cut octets never throw', () => {
    const file = exported('ec', 'x', '-iter', '1')
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (where, octet, cut) => {
        const index = where % file.length
        const changed = cut
          ? file.slice(0, index)
          : concat(file.slice(0, index), Uint8Array.of(octet), file.slice(index + 1))
        readContainer(changed, 'x')
      }),
      { numRuns: 1500 },
    )
  })
})

const pfx = (authSafe: Uint8Array, ...mac: readonly Uint8Array[]) =>
  write.sequence(
    write.integer(3),
    write.sequence(write.oid(CONTENT_TYPE.data), write.explicit(0, write.octetString(authSafe))),
    ...mac,
  )

const encrypted = (iterations: number) =>
  write.sequence(
    write.oid(CONTENT_TYPE.encryptedData),
    write.explicit(
      0,
      write.sequence(
        write.integer(0),
        write.sequence(
          write.oid(CONTENT_TYPE.data),
          write.sequence(
            write.oid('1.2.840.113549.1.12.1.3'),
            write.sequence(write.octetString(new Uint8Array(8)), write.integer(iterations)),
          ),
          write.element(0x80, new Uint8Array(8)),
        ),
      ),
    ),
  )

test('what asks for more work than any program does is refused before the work is done', () => {
  const limit = /asks for more than 2000000 iterations in all/
  expect(told(pfx(write.sequence(encrypted(2_000_000_000))), 'x')).toMatch(limit)
  const many = Array.from({ length: 2000 }, () => encrypted(2000))
  expect(told(pfx(write.sequence(...many)), 'x')).toMatch(limit)
  const mac = write.sequence(
    write.sequence(
      write.sequence(write.oid('1.3.14.3.2.26'), write.nullElement()),
      write.octetString(new Uint8Array(20)),
    ),
    write.octetString(new Uint8Array(8)),
    write.integer(2_000_000_000),
  )
  expect(told(pfx(write.sequence(), mac), 'x')).toMatch(limit)
})

test.for<[string, Uint8Array, RegExp]>([
  [
    'a signature instead of a password',
    write.sequence(
      write.integer(3),
      write.sequence(write.oid(CONTENT_TYPE.signedData), write.explicit(0, write.sequence())),
    ),
    /is protected by a signature, not by a password/,
  ],
  [
    'RC4',
    pfx(
      write.sequence(
        write.sequence(
          write.oid(CONTENT_TYPE.encryptedData),
          write.explicit(
            0,
            write.sequence(
              write.integer(0),
              write.sequence(
                write.oid(CONTENT_TYPE.data),
                write.sequence(write.oid('1.2.840.113549.1.12.1.1'), write.nullElement()),
              ),
            ),
          ),
        ),
      ),
    ),
    /encryption 1\.2\.840\.113549\.1\.12\.1\.1 is not known here/,
  ],
  [
    'a bundle for other recipients',
    pfx(write.sequence(write.sequence(write.oid(CONTENT_TYPE.envelopedData)))),
    /is not opened by a password/,
  ],
  ['nothing in it', pfx(write.sequence()), /is a PKCS #12 bundle with nothing in it/],
  ['cut', pfx(write.sequence()).subarray(0, 12), /announced/],
])('%s is told', ([, bytes, expected]) => {
  expect(told(bytes, 'x')).toMatch(expected)
})

const bag = (kind: number, value: Uint8Array, ...attributes: readonly Uint8Array[]) =>
  write.sequence(
    write.oid(`1.2.840.113549.1.12.10.1.${kind}`),
    write.explicit(0, value),
    ...attributes,
  )
const inTheClear = (contents: Uint8Array) =>
  pfx(
    write.sequence(
      write.sequence(write.oid(CONTENT_TYPE.data), write.explicit(0, write.octetString(contents))),
    ),
  )

test('the certificate whose key lies beside it comes first, wherever it stands', () => {
  const { certificate, chain } = held(pkiOf())
  const certificateBag = (der: Uint8Array, ...attributes: readonly Uint8Array[]) => {
    const value = write.explicit(0, write.octetString(der))
    return bag(3, write.sequence(write.oid('1.2.840.113549.1.9.22.1'), value), ...attributes)
  }
  const localKeyId = write.sequence(
    write.oid('1.2.840.113549.1.9.21'),
    write.element(TAG.set, write.octetString(Uint8Array.of(1))),
  )
  const bags = write.sequence(
    certificateBag(certificate.der),
    certificateBag(chain[0]!.der, write.element(TAG.set, localKeyId)),
  )
  expect(told(inTheClear(bags))).toBe(
    `${subjectOf(chain[0]!)} | CN=vpn.contoso.com | 0 key dropped`,
  )
})

test('bags in bags are followed as deep as they may be', () => {
  const nest = (depth: number): Uint8Array =>
    depth === 0 ? write.sequence(bag(1, write.sequence())) : write.sequence(bag(6, nest(depth - 1)))
  expect(told(inTheClear(nest(2)))).toBe('holds a private key, no certificate')
  expect(told(inTheClear(nest(60)))).toMatch(/nested deeper than 32/)
})

test('an OCTET STRING in pieces is one', () => {
  const whole = write.sequence()
  const pieces = concat(
    fromHex('2480'),
    write.octetString(whole.subarray(0, 1)),
    write.octetString(whole.subarray(1)),
    fromHex('0000'),
  )
  const bytes = write.sequence(
    write.integer(3),
    write.sequence(write.oid(CONTENT_TYPE.data), write.element(contextConstructed(0), pieces)),
  )
  expect(told(bytes)).toBe('is a PKCS #12 bundle with nothing in it')
})
