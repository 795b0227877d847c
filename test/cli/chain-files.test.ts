/** `chain --anchor`: certificate files as administrators have them, through the command line. */
import { truncateSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { concat, fromHex, utf8 } from '../../src/base/bytes.ts'
import { after, days, hours } from '../../src/base/time.ts'
import { issuePki } from '../../src/pki/issuing/issue.ts'
import { poolKey } from '../../src/pki/keys/key-pool.ts'
import { certIdOf } from '../../src/pki/revocation/ocsp-request.ts'
import {
  writeOcspError,
  writeOcspResponse,
  type SingleResponse,
} from '../../src/pki/revocation/ocsp-response.ts'
import { signSha256Rsa } from '../../src/pki/keys/signature.ts'
import { thumbprint } from '../../src/pki/certificate/thumbprint.ts'
import type { AuthoritySpec } from '../../src/topology/pki.ts'
import { indefinite, pem } from '../pki/armour.ts'
import { GATEWAY, held, pkiOf, rootOf, START } from '../pki/contoso.ts'
import { missingOpenssl, openssl } from '../pki/judges.ts'
import { emptyFolder, type Folder, type Ran } from './sallyport.ts'

const skipped = missingOpenssl()
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const AT = '2026-03-02T09:00:00Z'
const PASSWORD = 'correct horse battery staple'

const pki = pkiOf()
const gone = pkiOf({
  certificates: [{ ...GATEWAY, revoked: { at: hours(-3), reason: 'keyCompromise' } }],
})
const stranger = pkiOf({ root: { subject: 'CN=Stranger' } })
const leaf = held(pki).certificate
const issuing = held(pki).chain[0]!

let folder: Folder
const at = (file: string): string => path.join(folder.path, file)
const put = (file: string, bytes: Uint8Array): void => writeFileSync(at(file), bytes)

beforeAll(() => {
  folder = emptyFolder()
  put('root.cer', rootOf(pki).der)
  put('issuing.cer', issuing.der)
  put('leaf.cer', leaf.der)
  put('leaf.pem', utf8(pem('CERTIFICATE', leaf.der, '\r\n')))
  put(
    'out-file.pem',
    new Uint8Array(Buffer.from(`\ufeff${pem('CERTIFICATE', leaf.der)}`, 'utf16le')),
  )
  put('root.crl', pki.crl('root', START)!)
  put('issuing.crl', utf8(pem('X509 CRL', pki.crl('issuing', START)!)))
  put('revoked.crl', gone.crl('issuing', START)!)
  put('stranger.crl', stranger.crl('root', START)!)
  put('password.txt', utf8(`${PASSWORD}\r\n`))
  const key = poolKey(0).privateKey
  folder.write('key.pem', key.export({ type: 'pkcs8', format: 'pem' }) as string)
  folder.write(
    'locked.pem',
    key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string,
  )
})
afterAll(() => folder[Symbol.dispose]())

const chain = (...args: readonly string[]): Ran =>
  folder.run('chain', '--anchor', 'root.cer', '--at', AT, ...args)

interface Document {
  readonly valid: boolean
  readonly path: readonly {
    readonly subject: string
    readonly thumbprint: string
    readonly serial: string
  }[]
  readonly failures: readonly {
    readonly code: string
    readonly message: string
    readonly got?: string
  }[]
  readonly tolerated: readonly { readonly code: string; readonly message: string }[]
}
const document = (...args: readonly string[]): Document =>
  JSON.parse(chain('--json', ...args).stdout) as Document
const codes = (found: readonly { readonly code: string }[]) => found.map(({ code }) => code)

describe('what is accepted', () => {
  test.for([
    ['DER', ['leaf.cer', 'issuing.cer']],
    ['PEM with CRLF', ['leaf.pem', 'issuing.cer']],
    ['PEM in UTF-16', ['out-file.pem', 'issuing.cer']],
    ['the authority first', ['issuing.cer', 'leaf.cer']],
    ['an intermediate of the relying party', ['--intermediate', 'issuing.cer', 'leaf.cer']],
  ] as const)('%s', ([, args]) => {
    const ran = chain('--name', 'vpn.contoso.com', ...args)
    expect(ran.stdout).toContain('CN=vpn.contoso.com is good to this machine (ike-client)')
    expect([ran.status, ran.stderr]).toEqual([0, ''])
  })

  test('several anchors: the one that fits counts', () => {
    put('stranger.cer', rootOf(stranger).der)
    expect(chain('--anchor', 'stranger.cer', 'leaf.cer', 'issuing.cer').status).toBe(0)
    const only = folder.run(
      'chain',
      '--anchor',
      'stranger.cer',
      '--at',
      AT,
      'leaf.cer',
      'issuing.cer',
    )
    expect(only.status).toBe(1)
    expect(only.stdout).toContain('pki/untrusted-root')
  })

  test('the document names thumbprints and serial numbers', () => {
    const { valid, path: links } = document('leaf.cer', 'issuing.cer')
    expect(valid).toBe(true)
    expect(links.map((link) => [link.thumbprint.toLowerCase(), link.serial])).toEqual(
      [leaf, issuing, rootOf(pki)].map((each) => [thumbprint(each), each.serial]),
    )
  })
})

describe('revocation by the lists that are given', () => {
  const files = ['leaf.cer', 'issuing.cer']

  test('a relying party that insists is content with current lists', () => {
    const lists = ['--crl', 'root.crl', '--crl', 'issuing.crl']
    expect(chain('--as', 'sstp-client', ...lists, ...files).status).toBe(0)
  })

  test('without one it says that none was given', () => {
    const { valid, failures } = document('--as', 'sstp-client', ...files)
    expect(valid).toBe(false)
    expect(codes(failures)).toEqual(['pki/crl-unreachable', 'pki/crl-unreachable'])
    expect(failures[0]!.got).toContain('no list was given (--crl)')
  })

  test('revoked is revoked', () => {
    const lists = ['--crl', 'root.crl', '--crl', 'revoked.crl']
    const { failures } = document('--as', 'sstp-client', ...lists, ...files)
    expect(codes(failures)).toEqual(['pki/revoked'])
  })

  test('a CRL of another issuer is told as such', () => {
    const lists = ['--crl', 'root.crl', '--crl', 'stranger.crl']
    const { failures } = document('--as', 'sstp-client', '--crl', 'stranger.crl', ...files)
    expect(codes(failures)).toEqual(['pki/crl-invalid', 'pki/crl-invalid'])
    expect(failures[0]!.message).toContain('CN=Stranger is another issuer’s')
    expect(codes(document('--as', 'sstp-client', ...lists, ...files).failures)).toEqual([
      'pki/crl-invalid',
    ])
  })

  describe('and by OCSP responses', () => {
    const response = (status: SingleResponse['status'], of = leaf, by = issuing) =>
      writeOcspResponse(
        {
          responder: { kind: 'name', der: by.subject.der },
          producedAt: START,
          responses: [
            {
              certId: certIdOf(of, by),
              status,
              ...(status === 'revoked' && { revokedAt: START }),
              thisUpdate: START,
              nextUpdate: after(START, days(1)),
            },
          ],
          certificates: [],
        },
        (tbs) => signSha256Rsa(tbs, pki.authority(by === issuing ? 'issuing' : 'root')!.privateKey),
      )

    beforeAll(() => {
      put('good.ocsp', response('good'))
      put('issuing.ocsp', response('good', issuing, rootOf(pki)))
      put('revoked.ocsp', response('revoked'))
      put('later.ocsp', writeOcspError('tryLater'))
    })

    test('a response clears, where no list was given', () => {
      const given = ['--ocsp', 'good.ocsp', '--ocsp', 'issuing.ocsp']
      expect(document('--as', 'sstp-client', ...given, ...files)).toMatchObject({
        valid: true,
        failures: [],
        tolerated: [],
      })
    })

    test('a response revokes', () => {
      const given = ['--ocsp', 'revoked.ocsp', '--ocsp', 'issuing.ocsp']
      const { failures } = document('--as', 'sstp-client', ...given, ...files)
      expect(codes(failures)).toEqual(['pki/revoked'])
      expect(codes(document(...given, ...files).tolerated)).toContain('pki/revoked')
    })

    test('one that says nothing about this path is told', () => {
      const { valid, tolerated } = document('--ocsp', 'later.ocsp', ...files)
      expect(valid).toBe(true)
      expect(tolerated.map(({ message }) => message)).toContain(
        'an OCSP response that was given is no answer',
      )
    })

    test('what is no response is one line', () => {
      refused(chain('--ocsp', 'root.crl', ...files), 'root.crl: holds a CRL, no OCSP response')
      refused(chain('good.ocsp'), 'good.ocsp: holds an OCSP response, no certificate')
      put('cut.ocsp', response('good').subarray(0, 99))
      const ran = chain('--ocsp', 'cut.ocsp', ...files)
      expect(ran.stderr).toMatch(/^error: cut\.ocsp: .*byte \d+: .* announced, \d+ left\n$/)
      expect(ran.status).toBe(2)
    })
  })

  test('a relying party that looks at no list accepts, and what the list says is shown', () => {
    const { valid, tolerated } = document('--crl', 'root.crl', '--crl', 'revoked.crl', ...files)
    expect(valid).toBe(true)
    expect(codes(tolerated)).toEqual(['pki/revoked'])
    expect(document('--crl', 'root.crl', '--crl', 'issuing.crl', ...files).tolerated).toEqual([])
    expect(document(...files).tolerated).toEqual([])
  })
})

describe.skipIf(skipped !== undefined)('bundles that OpenSSL made', () => {
  beforeAll(() => {
    folder.write('chain.pem', pem('CERTIFICATE', issuing.der) + pem('CERTIFICATE', leaf.der))
    const made = [
      openssl(
        'crl2pkcs7',
        '-nocrl',
        '-certfile',
        at('chain.pem'),
        '-outform',
        'DER',
        '-out',
        at('chain.p7b'),
      ),
      openssl(
        'crl2pkcs7',
        '-in',
        at('issuing.crl'),
        '-certfile',
        at('chain.pem'),
        '-out',
        at('chain.p7c'),
      ),
      openssl(
        'pkcs12',
        '-export',
        '-nokeys',
        '-in',
        at('chain.pem'),
        '-passout',
        `pass:${PASSWORD}`,
        '-out',
        at('chain.pfx'),
      ),
    ]
    for (const { status, output } of made) if (status !== 0) throw new Error(output)
  })

  test('PKCS #7: the end entity is found in it, and its lists count', () => {
    expect(chain('chain.p7b').status).toBe(0)
    const { failures } = document('--as', 'sstp-client', '--crl', 'root.crl', 'chain.p7c')
    expect(failures).toEqual([])
  })

  test('PKCS #12 opens with the first line of a file, or with the environment', () => {
    expect(chain('--password-file', 'password.txt', 'chain.pfx').status).toBe(0)
    process.env['SALLYPORT_PASSWORD'] = PASSWORD
    try {
      expect(chain('chain.pfx').status).toBe(0)
    } finally {
      delete process.env['SALLYPORT_PASSWORD']
    }
  })

  test('a missing and a wrong password', () => {
    refused(
      chain('chain.pfx'),
      'chain.pfx: is protected by a password, and none was given (--password-file FILE, or SALLYPORT_PASSWORD)',
    )
    refused(
      chain('--password-file', 'leaf.pem', 'chain.pfx'),
      'chain.pfx: does not open with the password that was given',
    )
    refused(
      chain('--password-file', 'none', 'chain.pfx'),
      'none: cannot be read: no such file (ENOENT)',
    )
    refused(chain('--password-file', 'leaf.cer', 'chain.pfx'), 'leaf.cer: is not text')
  })
})

/** One line, exit status 2, no stack. */
function refused(ran: Ran, line: string): void {
  expect(ran.complaints).toEqual([`error: ${line}`])
  expect(ran.stdout).toBe('')
  expect(ran.status).toBe(2)
}

describe('bad input is one line', () => {
  test.for<[file: string, bytes: () => Uint8Array, line: string]>([
    [
      'truncated.pem',
      () => utf8(pem('CERTIFICATE', leaf.der).slice(0, 400)),
      'PEM line 1, byte 0: CERTIFICATE has no end (RFC 7468 §2)',
    ],
    [
      'truncated.cer',
      () => leaf.der.subarray(0, 300),
      `certificate, byte 0: ${leaf.der.length - 4} bytes of contents announced, 296 left`,
    ],
    [
      'trailing.cer',
      () => concat(leaf.der, fromHex('00')),
      `certificate, byte ${leaf.der.length}: bytes follow the last element`,
    ],
    ['ber.cer', () => indefinite(leaf.der), 'certificate, byte 0: indefinite length (X.690 §10.1)'],
    ['empty.cer', () => new Uint8Array(), 'is empty'],
    [
      'photo.cer',
      () => fromHex('ffd8ffe000104a464946'),
      'is a JPEG picture, neither DER nor PEM with a certificate',
    ],
    [
      'page.crt',
      () => utf8('<!DOCTYPE html><title>404 Not Found</title>'),
      'is an HTML page, neither DER nor PEM with a certificate',
    ],
    [
      'public.pem',
      () => utf8(pem('PUBLIC KEY', leaf.spki)),
      'holds a bare public key (PUBLIC KEY, line 1), no certificate',
    ],
    [
      'request.csr',
      () => utf8(pem('CERTIFICATE REQUEST', leaf.der)),
      'holds a certificate request (PKCS #10) (CERTIFICATE REQUEST, line 1), no certificate',
    ],
  ])('%s', ([file, bytes, line]) => {
    put(file, bytes())
    refused(chain(file), `${file}: ${line}`)
  })

  test.for([
    [['key.pem'], 'key.pem: holds a private key (PRIVATE KEY, line 1), no certificate'],
    [
      ['locked.pem'],
      'locked.pem: holds an encrypted private key (ENCRYPTED PRIVATE KEY, line 1), no certificate',
    ],
    [['root.crl'], 'root.crl: holds a CRL, no certificate'],
    [['leaf.cer', '--crl', 'issuing.cer'], 'issuing.cer: holds a certificate, no CRL'],
    [['leaf.cer', '--intermediate', 'issuing.crl'], 'issuing.crl: holds a CRL, no certificate'],
    [['.'], '.: is a directory'],
    [['none.cer'], 'none.cer: cannot be read: no such file (ENOENT)'],
    [[], 'no certificate file to judge was given'],
  ] as const)('%j', ([args, line]) => {
    refused(chain(...args), line)
  })

  test('a file of 100 MB is refused before it is read', () => {
    folder.write('large.pem', '')
    truncateSync(at('large.pem'), 100 * 1024 * 1024)
    refused(chain('large.pem'), 'large.pem: 104857600 bytes, more than the 4194304 that are read')
  })

  test('a file without end is not read for ever', () => {
    refused(chain('/dev/zero'), '/dev/zero: 4194305 bytes, more than the 4194304 that are read')
  })

  test('a file that may not be opened', () => {
    symlinkSync('circle.cer', at('circle.cer'))
    refused(
      chain('circle.cer'),
      'circle.cer: cannot be read: its symbolic links lead in a circle (ELOOP)',
    )
  })
})

test('an anchor that cannot be read is told in the same way', () => {
  refused(
    folder.run('chain', '--anchor', 'key.pem', 'leaf.cer'),
    'key.pem: holds a private key (PRIVATE KEY, line 1), no certificate',
  )
})

test('a chain with a loop is judged, and says that it leads back to itself', () => {
  // Two authorities that certified each other, each with the key that it has in the other's certificate.
  const one: AuthoritySpec = { subject: 'CN=One', validFor: days(99) }
  const two: AuthoritySpec = { subject: 'CN=Two', validFor: days(99) }
  const upwards = pkiOf({ root: { subject: 'CN=One' }, issuing: { subject: 'CN=Two' } })
  const back = issuePki({
    authorities: { root: { ...one, issuer: 'issuing' }, issuing: two },
    holders: [],
    start: START,
  })
  if (!back.ok) throw new Error(JSON.stringify(back.error))
  put('loop-leaf.cer', held(upwards).certificate.der)
  put('loop-two.cer', upwards.authority('issuing')!.certificate.der)
  put('loop-one.cer', back.value.authority('root')!.certificate.der)
  const { valid, failures } = document('loop-leaf.cer', 'loop-two.cer', 'loop-one.cer')
  expect(valid).toBe(false)
  expect(failures[0]).toMatchObject({
    code: 'pki/untrusted-root',
    message: expect.stringContaining('its issuers lead back to itself') as string,
  })
})
