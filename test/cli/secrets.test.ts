/** Private keys and passwords stay inside: no output of the command, and no look into a lab, shows any part of one. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { buildLab } from '../../src/lab/build.ts'
import { KEY_POOL_SIZE, poolKey } from '../../src/pki/keys/key-pool.ts'
import { pem } from '../pki/armour.ts'
import { held, pkiOf, rootOf } from '../pki/contoso.ts'
import { missingOpenssl, openssl } from '../pki/judges.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import { startedFolder, type Folder, type Ran } from './sallyport.ts'

const skipped = missingOpenssl()
if (skipped !== undefined) console.log(`skipped: ${skipped}`)

const BLOCK = 16

/** Blocks of which every run of 32 octets holds a whole one: of d, p, q and what is computed from them (RFC 8017 §3.2). */
function privateBlocks(index: number): readonly Buffer[] {
  const jwk = poolKey(index).privateKey.export({ format: 'jwk' })
  return (['d', 'p', 'q', 'dp', 'dq', 'qi'] as const).flatMap((part) => {
    const bytes = Buffer.from(jwk[part] as string, 'base64url')
    const count = Math.floor(bytes.length / BLOCK)
    return Array.from({ length: count }, (_, i) => bytes.subarray(i * BLOCK, (i + 1) * BLOCK))
  })
}

const BLOCKS = Array.from({ length: KEY_POOL_SIZE }, (_, index) => privateBlocks(index)).flat()
const HEX = BLOCKS.map((block) => block.toString('hex'))

/** In base64 the same octets look different at each of three places in a group; the digits that hold neighbours are left out. */
const BASE64 = [0, 1, 2].flatMap((shift) =>
  BLOCKS.map((block) => {
    const digits = Buffer.concat([Buffer.alloc(shift), block]).toString('base64')
    return digits.slice(shift === 0 ? 0 : 4, Math.floor(((shift + BLOCK) * 8) / 6))
  }),
)

/** Whether any 32 octets of a private key of the pool stand in `output`: raw, in hexadecimal or in base64, in whatever lines. */
function showsKey(output: Buffer): boolean {
  const text = output.toString('latin1').replace(/\s+/g, '')
  const hex = text.toLowerCase()
  const base64 = text.replace(/-/g, '+').replace(/_/g, '/')
  return (
    BLOCKS.some((block) => output.includes(block)) ||
    HEX.some((block) => hex.includes(block)) ||
    BASE64.some((block) => text.includes(block) || base64.includes(block))
  )
}

function showsText(output: Buffer, secret: string): boolean {
  const wide = Buffer.from(secret, 'utf16le')
  const forms = [Buffer.from(secret), wide, Buffer.from(wide).swap16()]
  const text = output.toString('latin1')
  return forms.some(
    (form) =>
      output.includes(form) ||
      text.includes(form.toString('hex')) ||
      text.includes(form.toString('base64').replace(/=+$/, '')),
  )
}

const outputOf = ({ stdout, stderr }: Ran): Buffer => Buffer.from(`${stdout}\n${stderr}`)

test('the search finds what it is for', () => {
  const { privateKey } = poolKey(3)
  const der = privateKey.export({ type: 'pkcs8', format: 'der' })
  for (const shown of [
    der,
    Buffer.from(privateKey.export({ type: 'pkcs1', format: 'pem' })),
    Buffer.from(der.toString('hex').toUpperCase()),
    Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }))),
    Buffer.concat([Buffer.from('x'), der.subarray(400, 600)]),
  ]) {
    expect(showsKey(shown)).toBe(true)
  }
  expect(showsKey(Buffer.from(poolKey(3).spki))).toBe(false)
  expect(showsText(Buffer.from('xx swordfish xx'), 'swordfish')).toBe(true)
})

test('a lab shows no key in its captures, traces, reports and answers', () => {
  using folder = startedFolder()
  const runs = [
    folder.run('run', '--pcap', 'captures', '--trace'),
    folder.run('run', '--json'),
    folder.run('run', '--reporter', 'junit'),
    folder.run('chain', 'topology.ts', '--on', 'laptop', '--of', 'gateway:ike'),
    folder.run('chain', 'topology.ts', '--on', 'laptop', '--of', 'gateway:ike', '--json'),
  ]
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0])
  const captures = readdirSync(path.join(folder.path, 'captures'))
  expect(captures.length).toBeGreaterThan(0)
  const outputs = [
    ...runs.map(outputOf),
    ...captures.map((file) => readFileSync(path.join(folder.path, 'captures', file))),
  ]
  expect(outputs.map(showsKey)).toEqual(outputs.map(() => false))
})

describe.skipIf(skipped !== undefined)('files', () => {
  const PASSWORD = 'Kräftig-gesalzene-Suppe-7'

  function filled(): Folder {
    const folder = startedFolder()
    const at = (file: string) => path.join(folder.path, file)
    const pki = pkiOf()
    const { certificate, chain, privateKey } = held(pki)
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    folder.write('key.pem', key)
    folder.write('with-key.pem', pem('CERTIFICATE', certificate.der) + key)
    folder.write('issuing.pem', pem('CERTIFICATE', chain[0]!.der))
    writeFileSync(at('root.cer'), rootOf(pki).der)
    folder.write('password.txt', PASSWORD)
    const { status, output } = openssl(
      'pkcs12',
      '-export',
      '-in',
      at('with-key.pem'),
      '-certfile',
      at('issuing.pem'),
      '-passout',
      `pass:${PASSWORD}`,
      '-out',
      at('gateway.pfx'),
    )
    if (status !== 0) throw new Error(output)
    return folder
  }

  test('neither key nor password is shown, whether the file opens or not', () => {
    using folder = filled()
    const chain = (...args: readonly string[]) =>
      folder.run('chain', '--anchor', 'root.cer', '--at', '2026-03-02T09:00:00Z', ...args)
    const good = ['--password-file', 'password.txt', 'gateway.pfx']
    const runs = [
      chain(...good),
      chain(...good, '--json'),
      chain('with-key.pem', 'issuing.pem', '--json'),
      chain('key.pem'),
      chain('key.pem', '--json'),
      chain('gateway.pfx', '--json'),
      chain('--password-file', 'key.pem', 'gateway.pfx'),
      chain('--password-file', 'password.txt', 'root.cer', 'password.txt'),
    ]
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0, 2, 2, 2, 2, 2])
    const outputs = runs.map(outputOf)
    expect(outputs.map(showsKey)).toEqual(outputs.map(() => false))
    expect(outputs.map((output) => showsText(output, PASSWORD))).toEqual(outputs.map(() => false))
  })
})

test('looking into a lab, a PKI and a held certificate shows no key', () => {
  const built = buildLab(contoso)
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  const pki = pkiOf()
  const shown = [built.value, built.value.topology, pki, held(pki), held(pki).privateKey].map(
    (value) =>
      inspect(value, { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null }),
  )
  const written = [pki, held(pki), held(pki).privateKey].map((value) => JSON.stringify(value))
  expect(written.at(-1)).toBe('{}')
  const outputs = [...shown, ...written].map((text) => utf8(text))
  for (const output of outputs) expect(showsKey(Buffer.from(output))).toBe(false)
})
