/** OpenSSL's own s_client and s_server as the other side, over loopback: what they say of the handshake, and of the alerts that are ours. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invariant } from '../../src/base/invariant.ts'
import type { Instant } from '../../src/base/time.ts'
import { tlsSessions, type TlsAlert, type TlsEndpoint } from '../../src/engine/tls.ts'
import { missingOpenssl, pem } from '../pki/judges.ts'
import { CLIENT, clientOf, feed, SERVER, serverOf, write } from './tls-pair.ts'

const missing = missingOpenssl()

/** Join an endpoint to a socket. With `refusal`: as soon as the peer's chain is known, that instead of the flight. */
function bridge(socket: Socket, side: TlsEndpoint, refusal?: TlsAlert): void {
  let turn = Promise.resolve()
  let hasSpoken = false
  const step = async (bytes: Uint8Array): Promise<void> => {
    const { flight, peerChain, handshake } = await feed(side, bytes)
    if (refusal !== undefined && peerChain !== undefined) {
      socket.end(side.refuse(refusal))
      return
    }
    socket.write(flight)
    if (handshake === 'failed') socket.end()
    else if (handshake === 'done' && side.role === 'server' && !hasSpoken) {
      hasSpoken = true
      socket.write((await write(side, Buffer.from('hello from the lab\n'))).flight)
    }
  }
  if (side.role === 'client') turn = step(new Uint8Array())
  socket.on('data', (bytes) => {
    turn = turn.then(() => step(bytes))
  })
  socket.on('error', () => undefined)
}

/** Run the client against endpoints of ours; all it printed. */
async function sClient(
  side: () => TlsEndpoint,
  args: readonly string[],
  refusal?: TlsAlert,
  says = 'Q\n',
): Promise<string> {
  const listener = createServer((socket) => bridge(socket, side(), refusal))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args])
  child.stdin.on('error', () => undefined)
  let output = ''
  let hasSpoken = false
  const hear = (bytes: Buffer): void => {
    output += bytes.toString()
    if (hasSpoken || !output.includes('hello from the lab')) return
    hasSpoken = true
    child.stdin.write(says)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  await new Promise((resolve) => child.on('close', resolve))
  listener.close()
  return output
}

describe.skipIf(missing !== undefined)('openssl', () => {
  let folder = ''
  const file = (name: string): string => path.join(folder, name)
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'tls-openssl-'))
    for (const [name, { chain, key }] of [
      ['client', CLIENT],
      ['server', SERVER],
    ] as const) {
      writeFileSync(file(`${name}.pem`), pem('CERTIFICATE', chain[0]!))
      writeFileSync(file(`${name}.key`), key.export({ type: 'pkcs8', format: 'pem' }))
    }
    const made = spawnSync(
      'openssl',
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ecdsa'
        .split(' ')
        .concat('-keyout', file('ec.key'), '-out', file('ec.pem')),
    )
    invariant(made.status === 0, String(made.stderr))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each(['-tls1_2', '-tls1_3'])('s_client %s agrees with our server', async (version) => {
    const output = await sClient(() => serverOf(), [version])
    expect(output).toContain('hello from the lab')
    expect(output).toMatch(/Cipher is (ECDHE-RSA-AES256-GCM-SHA384|TLS_AES_256_GCM_SHA384)/)
    expect(output).toContain('Server Temp Key: X25519')
    expect(output).toContain('No client certificate CA names sent')
  })

  test.each(['-tls1', '-tls1_1'])('s_client %s hears protocol_version', async (version) => {
    const output = await sClient(() => serverOf(), [version, '-cipher', 'ALL:@SECLEVEL=0'])
    expect(output).toContain('SSL alert number 70')
  })

  test.each(['-tls1_2', '-tls1_3'])(
    's_client %s shows a certificate with an ECDSA key',
    async (version) => {
      const server = serverOf({ requestsCertificate: true })
      const output = await sClient(
        () => server,
        [version, '-cert', file('ec.pem'), '-key', file('ec.key')],
      )
      expect(output).toContain('hello from the lab')
      expect((await feed(server)).peerChain).toHaveLength(1)
    },
  )

  test('s_client that wants to renegotiate is told no', async () => {
    const output = await sClient(() => serverOf(), ['-tls1_2'], undefined, 'R\n')
    expect(output).toContain('RENEGOTIATING')
    expect(output).toContain('no renegotiation')
  })

  test.each([
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ] as const)('s_client %s resumes by an id, as Schannel’s clients do', async (version, name) => {
    const sessions = tlsSessions({ now: () => 0 as Instant })
    const side = () => serverOf({ sessions })
    const args = [version, ...(version === '-tls1_2' ? ['-no_ticket'] : [])]
    const first = await sClient(side, [...args, '-sess_out', file('session')])
    expect(first).toContain(`New, ${name}`)
    const again = await sClient(side, [...args, '-sess_in', file('session')])
    expect(again).toContain(`Reused, ${name}`)
  })

  test.each([
    ['-tls1_2', 'unknown_ca', 'tlsv1 alert unknown ca'],
    ['-tls1_3', 'unknown_ca', 'tlsv1 alert unknown ca'],
    ['-tls1_2', 'certificate_revoked', 'sslv3 alert certificate revoked'],
    ['-tls1_3', 'access_denied', 'tlsv1 alert access denied'],
  ] as const)('s_client %s reads %s from our server', async (version, alert, words) => {
    const args = [version, '-cert', file('client.pem'), '-key', file('client.key')]
    const output = await sClient(() => serverOf({ requestsCertificate: true }), args, alert)
    expect(output).toContain(words)
  })

  test.each([
    ['-tls1_2', 'unknown_ca', 'tlsv1 alert unknown ca'],
    ['-tls1_3', 'certificate_expired', 'sslv3 alert certificate expired'],
  ] as const)('s_server %s reads %s from our client', async (version, alert, words) => {
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const { port } = free.address() as AddressInfo
    await new Promise((resolve) => free.close(resolve))
    const child = spawn(
      'openssl',
      `s_server -accept 127.0.0.1:${port} ${version} -naccept 1 -Verify 1`
        .split(' ')
        .concat('-cert', file('server.pem'), '-key', file('server.key')),
    )
    let output = ''
    let begun = false
    const hear = (bytes: Buffer): void => {
      output += bytes.toString()
      if (begun || !output.includes('ACCEPT')) return
      begun = true
      bridge(connect(port, '127.0.0.1'), clientOf({ identity: CLIENT }), alert)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    await new Promise((resolve) => child.on('close', resolve))
    expect(output).toContain(words)
  })
})
