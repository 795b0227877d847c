/** HTTPS in a lab: a page by TLS, a server whose chain its client turns down, and runs that are alike though TLS draws at random. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { days, seconds } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import { captureOf } from '../../src/lab/capture.ts'
import type { CertificateSpec } from '../../src/topology/pki.ts'
import { dnsServer, webServer, type WebServerSpec } from '../../src/topology/services.ts'
import { host, topology, type Topology } from '../../src/topology/topology.ts'
import { hasTshark } from '../oracle/tshark/tshark.ts'

const ZONE = `$TTL 1h
@ IN SOA dns hostmaster 1 1h 1h 1h 1h
@ IN NS dns
dns IN A 192.0.2.53
intranet IN A 192.0.2.20
other IN A 192.0.2.20
`

const authority = (subject: string) => ({ subject, validFrom: days(-1), validFor: days(7300) })

function intranet(
  change: {
    readonly certificate?: Partial<CertificateSpec>
    readonly site?: Partial<WebServerSpec>
    readonly trusts?: readonly string[]
  } = {},
): Topology {
  return topology<'lan', 'laptop' | 'dns' | 'web', 'corp'>({
    name: 'intranet',
    start: '2026-01-01T00:00:00Z',
    networks: { lan: '192.0.2.0/24' },
    zones: {
      corp: {
        origin: 'corp.example',
        file: { path: 'corp.zone', text: ZONE, encoding: 'utf-8' },
      },
    },
    authorities: { root: authority('CN=Root'), other: authority('CN=Other Root') },
    nodes: {
      laptop: host(
        { lan: { address: '192.0.2.2', dns: ['192.0.2.53'] } },
        { trusts: change.trusts ?? ['root'] },
      ),
      dns: host({ lan: '192.0.2.53' }, { services: [dnsServer({ zones: ['corp'] })] }),
      web: host(
        { lan: '192.0.2.20' },
        {
          certificates: [
            {
              name: 'site',
              issuer: 'root',
              subject: 'CN=intranet.corp.example',
              dns: ['intranet.corp.example'],
              eku: ['serverAuth'],
              validFor: days(90),
              ...change.certificate,
            },
          ],
          services: [
            webServer({ certificate: 'site', pages: { '/': 'welcome' }, ...change.site }),
            webServer({ pages: { '/': 'in the clear' } }),
          ],
        },
      ),
    },
  })
}

function labOf(of: Topology, seed = 1) {
  const built = buildLab(of, { seed })
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  return built.value
}

const INTRANET = 'https://intranet.corp.example/'

describe('a page over TLS', () => {
  test('is got by who trusts the root and asks by the right name', async () => {
    const lab = labOf(intranet())
    const report = await lab.nodes['laptop']!.get(INTRANET)
    expect(report).toMatchObject({ outcome: 'response', status: 200, body: 'welcome' })
    const plain = await lab.nodes['laptop']!.get('http://intranet.corp.example/')
    expect(plain).toMatchObject({ status: 200, body: 'in the clear' })
  })

  test('nothing of it stands in the clear on the wire', async () => {
    const lab = labOf(intranet())
    await lab.nodes['laptop']!.get(INTRANET)
    const frames = lab.trace.ofKind('sent').map(({ frame }) => Buffer.from(frame))
    expect(frames.some((frame) => frame.includes('intranet.corp.example'))).toBe(true)
    expect(frames.some((frame) => frame.includes('welcome'))).toBe(false)
  })

  test.each([
    ['the name is another', {}, 'https://other.corp.example/', 'pki/name-mismatch'],
    // The root is not sent, so its issuer is what is missing.
    ['the root is not trusted', { trusts: ['other'] }, INTRANET, 'pki/missing-intermediate'],
    [
      'the certificate is over',
      { certificate: { validFrom: days(-10), validFor: days(5) } },
      INTRANET,
      'pki/certificate-expired',
    ],
    [
      'the purpose is another',
      { certificate: { eku: ['clientAuth'] as const } },
      INTRANET,
      'pki/wrong-eku',
    ],
  ] as const)('is not asked for where %s', async (_why, change, url, code) => {
    const lab = labOf(intranet(change))
    const report = await lab.nodes['laptop']!.get(url)
    expect(report).toMatchObject({
      outcome: 'untrusted',
      detail: expect.stringContaining(code) as string,
    })
    expect(report.status).toBeUndefined()
    // The report is there at once; the alert has its way to go.
    await lab.advance(seconds(1))
    const said = lab.trace.ofKind('logged').filter(({ node }) => node === 'web')
    expect(said.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^a TLS connection failed: the peer sent the alert /),
    ])
  })

  test('a certificate that the node does not have is a fault of the topology', () => {
    const built = buildLab(intranet({ site: { certificate: 'sight' } }))
    expect(JSON.stringify(built)).toContain('sight')
    expect(built.ok).toBe(false)
  })
})

test('digests are equal in two runs, and not what TLS drew at random', async () => {
  const run = async (seed: number) => {
    const lab = labOf(intranet(), seed)
    await lab.nodes['laptop']!.get(INTRANET)
    await lab.nodes['laptop']!.get('https://other.corp.example/')
    return { digest: lab.digest(), capture: Buffer.from(lab.capture()).toString('hex') }
  }
  const [first, second] = [await run(1), await run(1)]
  expect(second.digest).toBe(first.digest)
  expect(second.capture).not.toBe(first.capture)
  expect((await run(2)).digest).not.toBe(first.digest)
})

test('many labs at once do not disturb each other', async () => {
  const digests = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const lab = labOf(intranet())
      await Promise.all([INTRANET, INTRANET].map((url) => lab.nodes['laptop']!.get(url)))
      return lab.digest()
    }),
  )
  expect(new Set(digests).size).toBe(1)
})

test('a capture carries the secrets; events, and what is printed of them, do not', async () => {
  const lab = labOf(intranet())
  await lab.nodes['laptop']!.get(INTRANET)
  const capture = Buffer.from(lab.capture())
  expect(capture.includes('SERVER_TRAFFIC_SECRET_0')).toBe(true)
  expect(
    JSON.stringify(lab.trace.events.map((each) => ({ ...each, frame: undefined }))),
  ).not.toContain('SECRET')
})

test.skipIf(!hasTshark())(
  'Wireshark reads the page with the secrets that the capture carries',
  async () => {
    const lab = labOf(intranet())
    await lab.nodes['laptop']!.get(INTRANET)
    const folder = mkdtempSync(path.join(tmpdir(), 'https-'))
    const file = path.join(folder, 'lab.pcapng')
    // As one of the two sees it: twice the same connection confuses its reassembly.
    const seen = lab.trace.events.filter(({ node }) => node === 'laptop')
    writeFileSync(file, captureOf(seen, [], lab.trace.secrets('tls')))
    const fields = ['http.response.code', 'http.content_length'].flatMap((name) => ['-e', name])
    const filter = ['-Y', 'tls && http.response', '-T', 'fields']
    const { stdout } = spawnSync('tshark', ['-r', file, ...filter, ...fields], { encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    expect(stdout.trim()).toBe('200\t7')
  },
)
