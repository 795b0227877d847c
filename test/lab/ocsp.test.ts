/** OCSP over the simulated network: real packets, one web server, a host that judges. */
import { describe, expect, test } from 'vitest'
import { days, hours, ms } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { OcspSpec } from '../../src/topology/pki.ts'
import { host, topology } from '../../src/topology/topology.ts'

const RESPONDER = 'http://10.0.0.5/ocsp'
const CRL = 'http://10.0.0.5/root.crl'

/** laptop ── lan ── ca1 (CRLs, OCSP), gateway (a certificate that is revoked half a day after the start) */
function labOf(ocsp: Partial<OcspSpec<'gateway'>> = {}, crlUrls = [CRL]) {
  const built = buildLab(
    topology({
      name: 'responder',
      start: '2026-03-02T08:00:00Z',
      networks: { lan: { prefix: '10.0.0.0/24', latency: ms(1) } },
      nodes: {
        laptop: host({ lan: '10.0.0.1' }, { trusts: ['root'] }),
        ca1: host(
          { lan: '10.0.0.5' },
          {
            services: [{ service: 'web-server', pages: { '/hello': 'hello' } }],
          },
        ),
        gateway: host(
          { lan: '10.0.0.6' },
          {
            certificates: [
              {
                name: 'ike',
                issuer: 'root',
                subject: 'CN=vpn.contoso.com',
                dns: ['vpn.contoso.com'],
                eku: ['serverAuth'],
                validFor: days(365),
                revoked: { at: hours(12), reason: 'keyCompromise' },
              },
            ],
          },
        ),
      },
      authorities: {
        root: {
          subject: 'CN=Contoso Root CA',
          validFor: days(7300),
          crlUrls,
          publishedOn: 'ca1',
          crl: { every: days(1), validFor: days(2) },
          ocsp: { urls: [RESPONDER], ...ocsp },
        },
      },
    }),
  )
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join('\n'))
  return built.value
}
type ResponderLab = ReturnType<typeof labOf>
const judge = (lab: ResponderLab) => lab.nodes.laptop.judge('gateway')

/** The request lines that crossed the network. */
const requestLines = (lab: ResponderLab) =>
  [
    ...Buffer.from(lab.capture())
      .toString('latin1')
      .matchAll(/(GET|POST) (\S+) HTTP/g),
  ]
    .map(([, method, target]) => `${method} ${target!.slice(0, 8)}`)
    .filter((line, i, all) => all.indexOf(line) === i)

test('a response is asked for by GET, and no CRL is fetched', async () => {
  const lab = labOf()
  const report = await judge(lab)
  expect(report).toMatchObject({ valid: true, fetches: [{ url: RESPONDER, outcome: '200' }] })
  expect(requestLines(lab)).toEqual(['GET /ocsp/MF'])
})

test('a long URL is posted to', async () => {
  const lab = labOf({ urls: [`http://10.0.0.5/${'o'.repeat(200)}`] })
  expect((await judge(lab)).valid).toBe(true)
  expect(requestLines(lab)).toEqual(['POST /ooooooo'])
})

test('the CRL decides where the responder fails', async () => {
  const lab = labOf({ fails: 'tryLater' })
  expect(await judge(lab)).toMatchObject({
    valid: true,
    fetches: [
      { url: RESPONDER, outcome: '200, but tryLater' },
      { url: CRL, outcome: '200' },
    ],
  })
})

test('a responder that stands nowhere is a 404', async () => {
  const lab = labOf({ publishedOn: 'gateway' }, [])
  const report = await judge(lab)
  expect(report.fetches).toEqual([{ url: RESPONDER, outcome: '404' }])
  expect(report.failures).toMatchObject([{ code: 'pki/ocsp-unreachable' }])
})

test('where a paused host has both, both are told', async () => {
  const lab = labOf()
  using _ = lab.pause('ca1')
  const { failures } = await judge(lab)
  expect(failures).toMatchObject([{ code: 'pki/crl-unreachable' }])
  expect(failures[0]!.got).toContain(
    `pki/ocsp-unreachable: ${RESPONDER}: unreachable at 10.0.0.5:80`,
  )
})

describe('a revocation', () => {
  test('is seen when the kept response has run out, or at once after a flush', async () => {
    const lab = labOf()
    expect((await judge(lab)).valid).toBe(true)
    await lab.advance(days(1.5))
    expect(await judge(lab)).toMatchObject({ valid: true, fetches: [] })
    lab.nodes.laptop.flushCaches()
    expect((await judge(lab)).failures).toMatchObject([{ code: 'pki/revoked' }])
  })

  test('is seen by itself after the nextUpdate of the response', async () => {
    const lab = labOf({ validFor: hours(8) })
    expect((await judge(lab)).valid).toBe(true)
    await lab.advance(days(1.5))
    expect((await judge(lab)).failures).toMatchObject([{ code: 'pki/revoked' }])
  })
})

test('other paths of that web server take no POST, and pages stay pages', async () => {
  const lab = labOf()
  const page = await lab.nodes.laptop.get('http://10.0.0.5/hello')
  expect(page).toMatchObject({ status: 200, body: 'hello' })
  // A GET without a request is none: the responder's own path alone is no page.
  expect((await lab.nodes.laptop.get(RESPONDER)).status).toBe(404)
})
