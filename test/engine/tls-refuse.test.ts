/** Alerts that the platform cannot send: a peer on the platform's own stack reads each as what it is. RFC 8446 §6, RFC 5246 §7.2. */
import { describe, expect, test } from 'vitest'
import { SCHANNEL_CIPHERS, type TlsAlert, type TlsVersion } from '../../src/engine/tls.ts'
import { CLIENT, clientOf, feed, serverOf, talk, write } from './tls-pair.ts'

const VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']
const ALERTS: readonly TlsAlert[] = [
  'bad_certificate',
  'unsupported_certificate',
  'certificate_revoked',
  'certificate_expired',
  'certificate_unknown',
  'unknown_ca',
  'access_denied',
  'handshake_failure',
  'internal_error',
  'certificate_required',
]

describe.each(VERSIONS)('%s', (maximum) => {
  test.each(ALERTS)('a client that withholds its flight says %s to the server', async (alert) => {
    const client = clientOf({ maximum, identity: CLIENT })
    const server = serverOf({ maximum, requestsCertificate: true })
    const { flight } = await feed(server, (await feed(client)).flight)
    await feed(client, flight)
    const record = client.refuse(alert)
    expect(record).toHaveLength(maximum === 'TLSv1.2' ? 7 : 24)
    const heard = await feed(server, record)
    expect(heard).toMatchObject({
      handshake: 'failed',
      received: alert,
      failure: { code: 'alert-received' },
    })
  })

  test.each(ALERTS)(
    'a server that withholds its last flight says %s to the client',
    async (alert) => {
      const client = clientOf({ maximum, identity: CLIENT })
      const server = serverOf({ maximum, requestsCertificate: true })
      const hello = await feed(server, (await feed(client)).flight)
      const proof = await feed(client, hello.flight)
      expect((await feed(server, proof.flight)).handshake).toBe('done')
      const heard = await feed(client, server.refuse(alert))
      expect(heard).toMatchObject({ handshake: 'failed', received: alert })
      expect(heard.failure?.detail).toMatch(/alert/)
    },
  )

  test('a server that refuses the hello says so in the clear', async () => {
    const client = clientOf({ maximum })
    const server = serverOf({ maximum })
    await feed(server, (await feed(client)).flight)
    const record = server.refuse('access_denied')
    expect([...record]).toEqual([21, 3, 3, 0, 2, 2, 49])
    expect((await feed(client, record)).received).toBe('access_denied')
  })

  test('after data has gone both ways either side is still understood', async () => {
    for (const refuser of ['client', 'server'] as const) {
      const sides = { client: clientOf({ maximum }), server: serverOf({ maximum }) }
      await talk(sides.client, sides.server)
      for (const text of ['one', 'two', 'three']) {
        const { flight } = await write(sides.client, Buffer.from(text))
        await feed(sides.server, flight)
        const back = await write(sides.server, Buffer.from(text))
        await feed(sides.client, back.flight)
      }
      const other = refuser === 'client' ? sides.server : sides.client
      const heard = await feed(other, sides[refuser].refuse('access_denied', true))
      expect(heard.received).toBe('access_denied')
    }
  })

  test('what was withheld does not count: data that never went leaves no gap', async () => {
    const [client, server] = [clientOf({ maximum }), serverOf({ maximum })]
    await talk(client, server)
    await write(client, Buffer.from('never sent'))
    expect((await feed(server, client.refuse('access_denied'))).received).toBe('access_denied')
  })

  test('who refused is over', async () => {
    const client = clientOf({ maximum })
    await feed(client)
    client.refuse('unknown_ca')
    expect(await feed(client)).toMatchObject({ handshake: 'failed', failure: { code: 'refused' } })
  })
})

const suites = SCHANNEL_CIPHERS.filter((name) => !/ECDSA|^DHE/.test(name))
test.each([...suites, 'TLS_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'])(
  'an alert is encrypted as %s has it',
  async (name) => {
    const maximum = name.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2'
    const [client, server] = [
      clientOf({ maximum, ciphers: [name] }),
      serverOf({ maximum, ciphers: [name] }),
    ]
    await talk(client, server)
    expect(client.cipher).toBe(name)
    const { flight } = await write(server, Buffer.from('x'))
    await feed(client, flight)
    expect((await feed(client, server.refuse('access_denied', true))).received).toBe(
      'access_denied',
    )
  },
)
