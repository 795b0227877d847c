/** Real certificates in a topology: what the lab issues in their place, and what it refuses to. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { days } from '../../../src/base/time.ts'
import { buildLab } from '../../../src/lab/build.ts'
import { renderChain } from '../../../src/lab/render-chain.ts'
import { issuePki, type Pki } from '../../../src/pki/issuing/issue.ts'
import type { IssueInput } from '../../../src/pki/issuing/issue-check.ts'
import { mirrorOf } from '../../../src/pki/mirror/mirror-source.ts'
import { verifySignature } from '../../../src/pki/keys/signature.ts'
import { thumbprint, thumbprintsOf } from '../../../src/pki/certificate/thumbprint.ts'
import { SourceFileError } from '../../../src/topology/files.ts'
import { topology } from '../../../src/topology/topology.ts'
import { pem } from '../armour.ts'
import { forge, GATEWAY, held, ISSUING, pkiOf, ROOT, rootOf, START } from '../contoso.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-mirror-source-'))
afterAll(() => rmSync(folder, { recursive: true }))
const here = path.join(folder, 'topology.ts')

const real = pkiOf()
const leaf = held(real).certificate
const issuing = held(real).chain[0]!
const put = (name: string, der: Uint8Array): void =>
  writeFileSync(path.join(folder, name), pem('CERTIFICATE', der))
put('leaf.pem', leaf.der)
put('forged.pem', forge(leaf).der)
put('issuing.pem', issuing.der)
put('root.pem', rootOf(real).der)

const root = mirrorOf(here, './root.pem')
const middle = { ...mirrorOf(here, './issuing.pem'), issuer: 'root' }
const gateway = { name: 'ike', issuer: 'issuing', ...mirrorOf(here, './leaf.pem') }

const input = (change: Partial<IssueInput> = {}): IssueInput => ({
  authorities: { root, issuing: middle },
  holders: [{ node: 'gateway', certificate: gateway }],
  start: START,
  ...change,
})

function issued(change: Partial<IssueInput> = {}): Pki {
  const pki = issuePki(input(change))
  if (!pki.ok) throw new Error(JSON.stringify(pki.error))
  return pki.value
}

const problemsOf = (change: Partial<IssueInput>) => {
  const pki = issuePki(input(change))
  return pki.ok ? [] : pki.error.map(({ path: at, message }) => `${at.join('.')}: ${message}`)
}

test('the whole chain is that of the real one, under lab keys', () => {
  const pki = issued()
  const { certificate, chain } = pki.certificate('gateway', 'ike')!
  const anchor = pki.authority('root')!.certificate
  expect([certificate, ...chain, anchor].map(({ mirrorOf: original }) => original)).toEqual(
    [leaf, issuing, rootOf(real)].map(thumbprint),
  )
  expect(certificate.extensions).toEqual(leaf.extensions)
  expect(certificate.notAfter).toBe(leaf.notAfter)
  expect(verifySignature(certificate, chain[0]!.spki)).toBe('good')
  expect(verifySignature(chain[0]!, anchor.spki)).toBe('good')
  expect(thumbprintsOf(anchor)).toContain(thumbprint(rootOf(real)))
})

test('a lab marks the mirrors in its answer, those that came over the network, too', async () => {
  const site = topology({
    name: 'mirrored',
    start: '2026-03-02T08:00:00Z',
    networks: { lan: { prefix: '10.0.0.0/24' } },
    authorities: { root, issuing: middle },
    nodes: {
      laptop: {
        kind: 'host',
        interfaces: [{ network: 'lan', address: '10.0.0.1' }],
        trusts: ['root'],
      },
      gateway: {
        kind: 'host',
        interfaces: [{ network: 'lan', address: '10.0.0.2' }],
        certificates: [gateway],
      },
    },
  })
  const built = buildLab(site)
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  const report = await built.value.nodes.laptop.judge('gateway:ike', { profile: 'ike-client' })
  expect([report.valid, report.failures]).toEqual([true, []])
  expect(report.path.map(({ mirror, mirrorOf: original }) => [mirror, original])).toEqual(
    [leaf, issuing, rootOf(real)].map((each) => [true, thumbprint(each).toUpperCase()]),
  )
  expect(
    renderChain(report)
      .join('\n')
      .match(/mirror of a real one/g),
  ).toHaveLength(3)
})

test('a mirrored authority issues and revokes as any other does', () => {
  const revoked = { at: days(-1), reason: 'superseded' as const }
  const pki = issued({
    holders: [
      { node: 'gateway', certificate: { ...gateway, revoked } },
      { node: 'gateway', certificate: { ...GATEWAY, name: 'next' } },
    ],
  })
  const next = pki.certificate('gateway', 'next')!
  expect(next.certificate.issuer.der).toEqual(issuing.subject.der)
  expect(next.certificate.authorityKeyId).toEqual(issuing.subjectKeyId)
  expect(verifySignature(next.certificate, next.chain[0]!.spki)).toBe('good')
  expect(Buffer.from(pki.crl('issuing', START)!).toString('hex')).toContain(leaf.serial)
})

test('a root that is not at hand is an authority of the lab of that name', () => {
  const pki = issued({ authorities: { root: { ...ROOT }, issuing: middle } })
  const { chain } = pki.certificate('gateway', 'ike')!
  expect(verifySignature(chain[0]!, pki.authority('root')!.certificate.spki)).toBe('good')
  expect(pki.authority('root')!.certificate.mirrorOf).toBeUndefined()
})

test('a signature that its issuer never made is none in the lab', () => {
  const forged = { name: 'ike', issuer: 'issuing', ...mirrorOf(here, './forged.pem') }
  const pki = issued({ holders: [{ node: 'gateway', certificate: forged }] })
  const { certificate, chain } = pki.certificate('gateway', 'ike')!
  expect(verifySignature(certificate, chain[0]!.spki)).toBe('bad')
})

test('what the topology says of the issuer must be true', () => {
  expect(problemsOf({ authorities: { root, issuing: mirrorOf(here, './issuing.pem') } })).toEqual([
    "authorities.issuing.mirrors: was issued by 'CN=Contoso Root CA, O=Contoso': add an authority of that name, and name it as issuer",
  ])
  const stranger = { ...ISSUING, subject: 'CN=Stranger' }
  expect(problemsOf({ authorities: { root, issuing: stranger } })).toEqual([
    `nodes.gateway.certificates.0.mirrors: was issued by '${issuing.subject.text}', not by 'CN=Stranger'`,
  ])
  const renewals = [{ at: days(1), key: 'new' as const }]
  expect(problemsOf({ authorities: { root: { ...root, renewals }, issuing: middle } })).toEqual([
    'authorities.root.mirrors: a mirror is not renewed: mirror the new certificate, too',
  ])
  const broken = { ...root, mirrors: { path: 'root.cer', base64: 'MAA=' } }
  expect(problemsOf({ authorities: { root: broken, issuing: middle } })[0]).toBe(
    'authorities.root.mirrors: root.cer holds no certificate that can be read',
  )
})

test('a file that cannot be mirrored is told where the topology is written', () => {
  writeFileSync(path.join(folder, 'text.pem'), 'hello')
  expect(() => mirrorOf(here, './none.pem')).toThrow(SourceFileError)
  expect(() => mirrorOf(here, './none.pem')).toThrow(/none\.pem: no such file/)
  expect(() => mirrorOf(here, '.')).toThrow(/is not a file/)
  expect(() => mirrorOf(here, './text.pem')).toThrow(/neither DER nor PEM with a certificate/)
})
