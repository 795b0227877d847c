/** OpenSSL as OCSP client and as responder: what we write it must read, and what it answers we must judge as it does. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { after, hours, seconds, type Instant } from '../../../src/base/time.ts'
import {
  certIdOf,
  OCSP_REQUEST_TYPE,
  OCSP_RESPONSE_TYPE,
  readOcspRequest,
  writeOcspRequest,
} from '../../../src/pki/revocation/ocsp-request.ts'
import { readOcspResponse } from '../../../src/pki/revocation/ocsp-response.ts'
import type { Pki } from '../../../src/pki/issuing/issue.ts'
import { poolKey } from '../../../src/pki/keys/key-pool.ts'
import { OID } from '../../../src/pki/encoding/oids.ts'
import { codesOf, freshCrls, GATEWAY, held, judge, pkiOf, rootOf } from '../contoso.ts'
import { missingOpenssl, openssl, pem } from '../judges.ts'
import { delegateOf, RESPONDER, saying } from './ocsp-maker.ts'
import type { OcspSpec } from '../../../src/topology/pki.ts'

const skipped = missingOpenssl()
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-ocsp-'))
afterAll(() => rmSync(folder, { recursive: true }))

const inFolder = (name: string): string => path.join(folder, name)
function file(name: string, content: string | Uint8Array): string {
  writeFileSync(inFolder(name), content)
  return inFolder(name)
}
const certificateFile = (name: string, der: Uint8Array) => file(name, pem('CERTIFICATE', der))

/** OpenSSL's responder and client judge by the machine's clock, so these certificates begin now. */
const NOW = (Math.floor(Date.now() / 1000) * 1e6) as Instant
const REVOKED = { at: hours(-2), reason: 'keyCompromise' as const }
const pkiWith = (ocsp: Partial<OcspSpec>, revoked = false): Pki =>
  pkiOf({
    issuing: { ocsp: { urls: [RESPONDER], nonces: true, ...ocsp }, crlUrls: [] },
    certificates: [{ ...GATEWAY, ...(revoked && { revoked: REVOKED }) }],
    start: NOW,
  })

function files(pki: Pki) {
  const { certificate } = held(pki)
  return {
    leaf: certificateFile('leaf.pem', certificate.der),
    issuer: certificateFile('issuing.pem', pki.authority('issuing')!.certificate.der),
    root: certificateFile('root.pem', rootOf(pki).der),
  }
}

describe.skipIf(skipped !== undefined)('OpenSSL asks our responder', () => {
  test.for<[string, Partial<OcspSpec>, boolean, string[], RegExp]>([
    ['good, by a delegate, with a nonce', {}, false, [], /leaf\.pem: good/],
    ['good, by the authority', { signer: 'authority' }, false, [], /leaf\.pem: good/],
    ['good, without a nonce', { nonces: false }, false, ['-no_nonce'], /leaf\.pem: good/],
    ['revoked', {}, true, [], /leaf\.pem: revoked\n[^]*Reason: keyCompromise/],
    ['SHA-256', {}, false, ['-sha256'], /leaf\.pem: good/],
  ])('%s', async ([, ocsp, revoked, options, expected]) => {
    const pki = pkiWith(ocsp, revoked)
    const { leaf, issuer, root } = files(pki)
    const types: (string | undefined)[] = []
    const server = createServer((request, reply) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        types.push(request.headers['content-type'])
        reply.writeHead(200, { 'Content-Type': OCSP_RESPONSE_TYPE })
        reply.end(pki.responders()[0]!.answer(new Uint8Array(Buffer.concat(parts)), NOW))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ocsp`
    const about = ['-issuer', issuer, ...options, '-cert', leaf]
    const checks = ['-CAfile', root, '-verify_other', issuer, '-validity_period', '3600']
    const { stdout, stderr } = await promisify(execFile)('openssl', [
      'ocsp',
      '-url',
      url,
      ...about,
      ...checks,
    ]).finally(() => server.close())
    expect(stderr).toMatch(/Response verify OK/)
    expect(stdout).toMatch(expected)
    expect(types).toEqual([OCSP_REQUEST_TYPE])
  })

  test('it reads our request as we meant it', () => {
    const pki = pkiWith({})
    const issuing = pki.authority('issuing')!.certificate
    const nonce = Uint8Array.from({ length: 32 }, (_, i) => i)
    const request = writeOcspRequest(certIdOf(held(pki).certificate, issuing), nonce)
    const { output } = openssl('ocsp', '-reqin', file('ours.der', request), '-req_text')
    expect(output).toMatch(/Hash Algorithm: sha1/)
    expect(output).toContain(held(pki).certificate.serial.toUpperCase())
    expect(output).toMatch(/OCSP Nonce:\s+0420000102/)
  })
})

describe.skipIf(skipped !== undefined)('OpenSSL answers us', () => {
  /** Its index of what the CA issued: valid, revoked, or nothing known. */
  function index(pki: Pki, status: 'V' | 'R' | undefined): string {
    const { serial } = held(pki).certificate
    const fields = [
      status,
      '401231235959Z',
      status === 'R' ? '260101000000Z,superseded' : '',
      serial.toUpperCase(),
      'unknown',
      '/CN=x',
    ]
    return file('index.txt', status === undefined ? '' : `${fields.join('\t')}\n`)
  }
  const pki = pkiWith({})
  const key = (name: string, privateKey: { export(o: object): string | Buffer }) =>
    file(name, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const delegate = () => [
    '-rsigner',
    certificateFile(
      'delegate.pem',
      delegateOf(pki, { notBefore: after(NOW, hours(-1)) }).certificate.der,
    ),
    '-rkey',
    key('delegate.key', poolKey(3).privateKey),
  ]
  const authority = () => [
    '-rsigner',
    files(pki).issuer,
    '-rkey',
    key('issuing.key', pki.authority('issuing')!.privateKey),
  ]
  const ask = (status: 'V' | 'R' | undefined, signer: string[], nonce?: Uint8Array) => {
    const { certificate } = held(pki)
    const request = writeOcspRequest(
      certIdOf(certificate, pki.authority('issuing')!.certificate),
      nonce,
    )
    const { output } = openssl(
      'ocsp',
      '-index',
      index(pki, status),
      '-CA',
      files(pki).issuer,
      '-reqin',
      file('asked.der', request),
      '-respout',
      inFolder('answer.der'),
      '-ndays',
      '1',
      ...signer,
    )
    const der = new Uint8Array(readFileSync(inFolder('answer.der')))
    const read = readOcspResponse(der)
    if (!read.ok || read.value.status !== 'successful')
      throw new Error(`${JSON.stringify(read)} ${output}`)
    return { der, basic: read.value.basic }
  }
  const crls = freshCrls(pki, NOW, ['root'])

  test.for<[string, 'V' | 'R' | undefined, () => string[], string[]]>([
    ['good, by a delegate', 'V', delegate, []],
    ['good, by the authority', 'V', authority, []],
    ['good, by key', 'V', () => [...delegate(), '-resp_key_id'], []],
    ['good, without certificates', 'V', () => [...authority(), '-resp_no_certs'], []],
    ['revoked', 'R', delegate, ['pki/revoked']],
    ['unknown', undefined, delegate, ['pki/ocsp-unknown']],
  ])('%s', ([, status, signer, codes]) => {
    const { der, basic } = ask(status, signer())
    const at = after(basic.producedAt, seconds(1))
    expect(codesOf(judge(pki, { at, crls, ocsp: saying(der) }))).toEqual(codes)
    const late = codesOf(judge(pki, { at: after(at, hours(25)), crls, ocsp: saying(der) }))
    expect(late).toContain(codes[0] === 'pki/revoked' ? codes[0] : 'pki/ocsp-expired')
  })

  test('it repeats our nonce', () => {
    const nonce = new Uint8Array(32).fill(5)
    const { der, basic } = ask('V', delegate(), nonce)
    expect(basic.nonce).toEqual(nonce)
    const at = after(basic.producedAt, seconds(1))
    expect(judge(pki, { at, crls, ocsp: saying(der, nonce) }).valid).toBe(true)
    const other = new Uint8Array(32).fill(6)
    expect(codesOf(judge(pki, { at, crls, ocsp: saying(der, other) }))).toEqual([
      'pki/ocsp-invalid',
    ])
  })

  test('its requests, with SHA-1, SHA-256 and a nonce, read', () => {
    const { leaf, issuer } = files(pki)
    for (const [hash, oid] of [
      ['-sha1', OID.sha1],
      ['-sha256', OID.sha256],
    ] as const) {
      openssl('ocsp', '-issuer', issuer, hash, '-cert', leaf, '-reqout', inFolder('theirs.der'))
      const read = readOcspRequest(new Uint8Array(readFileSync(inFolder('theirs.der'))))
      const issuing = pki.authority('issuing')!.certificate
      expect(read).toMatchObject({
        ok: true,
        value: { certIds: [certIdOf(held(pki).certificate, issuing, oid)], unknownCritical: [] },
      })
      expect(read.ok && read.value.nonce?.length).toBeGreaterThan(0)
    }
  })
})
