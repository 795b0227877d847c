/** TLS in lock-step: what each turn tells, that runs are alike, and that nothing a peer sends raises an exception. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { hours, type Instant } from '../../src/base/time.ts'
import { openTls, tlsSessions, type TlsSessions, type TlsVersion } from '../../src/engine/tls.ts'
import {
  CLIENT,
  clientNamed,
  clientOf,
  feed,
  holding,
  SERVER,
  serverOf,
  talk,
  write,
  ROOT_DER,
} from './tls-pair.ts'

const VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']
const nothing = new Uint8Array()
const bytes = (text: string): Uint8Array => Buffer.from(text)
const hexOf = (chain: readonly Uint8Array[] | undefined) => chain?.map(toHex)

describe.each(VERSIONS)('%s', (maximum) => {
  test('both sides finish, know the chains as they were sent, and export the same keys', async () => {
    const client = clientOf({ maximum, identity: CLIENT })
    const server = serverOf({ maximum, requestsCertificate: true })
    const last = await talk(client, server)
    expect([last.client.handshake, last.server.handshake]).toEqual(['done', 'done'])
    expect([client.version, server.version]).toEqual([maximum, maximum])
    expect(client.cipher).toMatch(/AES_?256[-_]GCM[-_]SHA384$/)
    expect(hexOf(last.client.peerChain)).toEqual(hexOf(SERVER.chain))
    expect(hexOf(last.server.peerChain)).toEqual(hexOf(CLIENT.chain))
    const label = 'client EAP encryption' // RFC 5216 §2.3
    expect(client.exportKey(label, 128)).toEqual(server.exportKey(label, 128))
    const label13 = 'EXPORTER_EAP_TLS_Key_Material' // RFC 9190 §2.3
    const context = Uint8Array.of(13)
    expect(client.exportKey(label13, 128, context)).toEqual(server.exportKey(label13, 128, context))
    // An empty context is not the same as none, until TLS 1.3 (RFC 5705 §4, RFC 8446 §7.5).
    const isSame = Buffer.from(client.exportKey(label, 16)).equals(
      client.exportKey(label, 16, nothing),
    )
    expect(isSame).toBe(maximum === 'TLSv1.3')
  })

  test('numbers and sizes of flights are the same in every run', async () => {
    const sizes = new Set<string>()
    for (let run = 0; run < 100; run++) {
      const client = clientOf({ maximum, identity: CLIENT })
      const server = serverOf({ maximum, requestsCertificate: true })
      const { flights } = await talk(client, server)
      const said = await write(client, bytes('x'.repeat(100)))
      sizes.add([...flights, said.flight].map((flight) => flight.length).join(' '))
      client.close()
      server.close()
    }
    expect([...sizes]).toHaveLength(1)
  })

  test('the peer is known before this side has answered it', async () => {
    const client = clientOf({ maximum, identity: CLIENT })
    const server = serverOf({ maximum, requestsCertificate: true })
    const hello = await feed(client)
    const certificate = await feed(server, hello.flight)
    expect(certificate.peerChain).toBeUndefined()
    const answer = await feed(client, certificate.flight)
    expect(hexOf(answer.peerChain)).toEqual(hexOf(SERVER.chain))
    const finished = await feed(server, answer.flight)
    expect(hexOf(finished.peerChain)).toEqual(hexOf(CLIENT.chain))
  })

  test('superfluous certificates of a chain are seen in their order', async () => {
    const chain = [SERVER.chain[0]!, ROOT_DER, CLIENT.chain[0]!, SERVER.chain[1]!]
    const server = serverOf({ maximum, identity: { chain, key: SERVER.key } })
    const { client } = await talk(clientOf({ maximum }), server)
    expect(hexOf(client.peerChain)).toEqual(hexOf(chain))
  })

  test('a client without a certificate sends an empty list, and one that is not asked none', async () => {
    const asked = await talk(
      clientOf({ maximum }),
      serverOf({ maximum, requestsCertificate: true }),
    )
    expect(asked.server.handshake).toBe('done')
    expect(asked.server.peerChain).toEqual([])
    const free = await talk(clientOf({ maximum }), serverOf({ maximum }))
    expect(free.server.peerChain).toBeUndefined()
  })

  test('data goes both ways, whole, and close_notify is told', async () => {
    const client = clientOf({ maximum })
    const server = serverOf({ maximum })
    await talk(client, server)
    const long = bytes('0123456789'.repeat(10_000))
    const sent = await write(client, long)
    const heard = await feed(server, sent.flight)
    expect(toHex(heard.data)).toBe(toHex(long))
    const back = await write(server, bytes('thanks'))
    expect((await feed(client, back.flight)).data).toEqual(new Uint8Array(bytes('thanks')))
    const end = await feed(server, client.refuse('close_notify', true))
    expect(end.received).toBe('close_notify')
  })

  test('bytes may come one at a time', async () => {
    const client = clientOf({ maximum })
    const server = serverOf({ maximum })
    const { flight } = await feed(client)
    for (const byte of flight.slice(0, -1)) {
      expect((await feed(server, Uint8Array.of(byte))).flight).toHaveLength(0)
    }
    const answer = await feed(server, flight.slice(-1))
    let last = await feed(client)
    for (const byte of answer.flight) last = await feed(client, Uint8Array.of(byte))
    expect(last.peerChain).toHaveLength(SERVER.chain.length)
    const { handshake } = await feed(server, nothing)
    expect(handshake).toBe('under-way')
  })
})

describe('turns', () => {
  test('end in the order in which they began, whichever side they are of, and hold the clock no longer', async () => {
    const clock = holding()
    const settings = { role: 'client', minimum: 'TLSv1.2', maximum: 'TLSv1.3' } as const
    const sides = Array.from({ length: 5 }, () => openTls(settings, clock.hold))
    const order: number[] = []
    await new Promise<void>((resolve) => {
      for (const [at, side] of sides.entries()) {
        side.feed(nothing, () => {
          order.push(at)
          expect(clock.open).toBe(5 - at)
          if (order.length === 5) setImmediate(resolve)
        })
      }
      expect(order).toEqual([])
    })
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(clock.open).toBe(0)
  })

  test('a key log line has the form of NSS, and belongs to the connection', async () => {
    const lines: string[] = []
    const client = clientOf({ maximum: 'TLSv1.2', onKeyLog: (line) => lines.push(line) })
    const { flights } = await talk(client, serverOf())
    const random = toHex(flights[0]!.subarray(11, 43))
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^CLIENT_RANDOM ${random} [0-9a-f]{96}$`)),
    ])
  })

  test('the name of the server is sent, an address is not', async () => {
    const named = await feed(clientOf({ serverName: 'nps.contoso.com' }))
    expect(Buffer.from(named.flight).includes('nps.contoso.com')).toBe(true)
    const addressed = await feed(clientOf({ serverName: '10.0.0.1' }))
    expect(Buffer.from(addressed.flight).includes('10.0.0.1')).toBe(false)
  })
})

describe('a session', () => {
  const store = (clock: { now: number } = { now: 0 }): TlsSessions =>
    tlsSessions({ now: () => clock.now as Instant })

  test.each(VERSIONS)('is resumed in %s: no certificates, fresh keys', async (maximum) => {
    const [kept, known] = [store(), store()]
    const sides = () =>
      [
        clientOf({ maximum, identity: CLIENT, sessions: kept }),
        serverOf({ maximum, requestsCertificate: true, sessions: known }),
      ] as const
    const [client, server] = sides()
    await talk(client, server)
    const [again, there] = sides()
    const second = await talk(again, there)
    expect([client.isResumed, server.isResumed]).toEqual([false, false])
    expect([again.isResumed, there.isResumed]).toEqual([true, true])
    expect(second.client.peerChain).toBeUndefined()
    expect(second.server.peerChain).toBeUndefined()
    const label = 'client EAP encryption'
    expect(again.exportKey(label, 64)).toEqual(there.exportKey(label, 64))
    expect(again.exportKey(label, 64)).not.toEqual(client.exportKey(label, 64))
    expect(server.sessionKey).toMatch(/^[0-9a-f]{64}$/)
    expect(there.sessionKey).toBe(server.sessionKey)
    // And that of a session that comes of one that was resumed.
    const [third, further] = sides()
    await talk(third, further)
    expect(further.isResumed).toBe(true)
    expect(further.sessionKey).toBe(server.sessionKey)
  })

  test('is of one client: another has a key of its own', async () => {
    const known = store()
    const keys = new Set<string | undefined>()
    for (const maximum of [...VERSIONS, ...VERSIONS]) {
      const server = serverOf({ sessions: known })
      await talk(clientOf({ maximum, sessions: store() }), server)
      keys.add(server.sessionKey)
    }
    expect(keys.size).toBe(4)
  })

  test.each(VERSIONS)(
    'makes flights of one size, whatever the certificates have, in %s',
    async (maximum) => {
      for (let length = 1; length <= 16; length++) {
        const sizes = new Set<string>()
        const identity = clientNamed('a'.repeat(length))
        for (let run = 0; run < 6; run++) {
          const client = clientOf({ maximum, identity })
          const server = serverOf({ maximum, requestsCertificate: true, sessions: store() })
          const { flights } = await talk(client, server)
          sizes.add(flights.map((flight) => flight.length).join(' '))
        }
        expect([...sizes]).toHaveLength(1)
      }
    },
  )

  test.each(VERSIONS)('is forgotten in %s by a server that rebooted', async (maximum) => {
    const kept = store()
    await talk(clientOf({ maximum, sessions: kept }), serverOf({ maximum, sessions: store() }))
    const again = clientOf({ maximum, sessions: kept })
    const { client } = await talk(again, serverOf({ maximum, sessions: store() }))
    expect([client.handshake, again.isResumed]).toEqual(['done', false])
  })

  test.each(VERSIONS)('ends after ten hours of virtual time in %s', async (maximum) => {
    const clock = { now: 0 }
    const [kept, known] = [store(clock), store(clock)]
    const run = async (): Promise<boolean> => {
      const client = clientOf({ maximum, sessions: kept })
      await talk(client, serverOf({ maximum, sessions: known }))
      return client.isResumed
    }
    expect(await run()).toBe(false)
    clock.now = hours(10) - 1
    expect(await run()).toBe(true)
    clock.now = hours(20)
    expect(await run()).toBe(false)
  })
})

describe('two that do not suit', () => {
  test('no suite in common: handshake_failure, and the code that reason 269 needs', async () => {
    const client = clientOf({ maximum: 'TLSv1.2', ciphers: ['AES128-SHA'] })
    const server = serverOf({ maximum: 'TLSv1.2', ciphers: ['ECDHE-RSA-AES256-GCM-SHA384'] })
    const { flight } = await feed(client)
    const refused = await feed(server, flight)
    expect(refused).toMatchObject({ handshake: 'failed', failure: { code: 'no-shared-cipher' } })
    expect(toHex(refused.flight)).toBe('15030300020228')
    const told = await feed(client, refused.flight)
    expect(told).toMatchObject({
      handshake: 'failed',
      received: 'handshake_failure',
      failure: { code: 'alert-received' },
    })
  })

  test('a client of TLS 1.1 hears protocol_version', async () => {
    const { flight } = await feed(clientOf({ maximum: 'TLSv1.2' }))
    // legacy_version of the ClientHello; there is no supported_versions extension that says otherwise.
    flight[10] = 2
    const refused = await feed(serverOf(), flight)
    expect(refused).toMatchObject({ handshake: 'failed', failure: { code: 'version' } })
    expect(toHex(refused.flight.slice(-2))).toBe('0246')
  })

  test('a client of TLS 1.3 only and a server of TLS 1.2', async () => {
    const client = clientOf({ minimum: 'TLSv1.3' })
    const refused = await feed(serverOf({ maximum: 'TLSv1.2' }), (await feed(client)).flight)
    expect(refused.failure?.code).toBe('version')
    const told = await feed(client, refused.flight)
    expect(told.received).toBe('protocol_version')
  })

  test('a certificate that is none fails as this side’s own fault, in its first turn', async () => {
    const broken = { chain: [Uint8Array.of(1, 2, 3)], key: SERVER.key }
    const turn = await feed(serverOf({ identity: broken }), nothing)
    expect(turn).toMatchObject({ handshake: 'failed', failure: { code: 'identity' } })
    const other = { chain: CLIENT.chain, key: SERVER.key }
    expect((await feed(serverOf({ identity: other }))).failure?.code).toBe('identity')
  })
})

describe('hostile bytes', () => {
  test('of any kind fail or wait, and never raise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<'client' | 'server'>('client', 'server'),
        fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 4 }),
        fc.boolean(),
        async (role, chunks, framed) => {
          const side = role === 'client' ? clientOf() : serverOf()
          await feed(side)
          for (const chunk of chunks) {
            const head = Uint8Array.of(22, 3, 3, chunk.length >> 8, chunk.length & 0xff)
            const { handshake } = await feed(side, framed ? Buffer.concat([head, chunk]) : chunk)
            expect(['under-way', 'failed']).toContain(handshake)
          }
          side.close()
        },
      ),
      { numRuns: 150 },
    )
  })

  test('a flight with one byte changed fails, or finishes where the byte meant nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom(...VERSIONS),
        async (at, change, maximum) => {
          const client = clientOf({ maximum, identity: CLIENT })
          const server = serverOf({ maximum, requestsCertificate: true })
          const { flight } = await feed(server, (await feed(client)).flight)
          flight[at % flight.length]! ^= change
          const turn = await feed(client, flight)
          await feed(server, turn.flight)
          client.close()
          server.close()
        },
      ),
      { numRuns: 150 },
    )
  })

  test('truncated flights wait', async () => {
    const { flight } = await feed(clientOf())
    for (const length of [1, 4, 5, 20, flight.length - 1]) {
      expect((await feed(serverOf(), flight.slice(0, length))).handshake).toBe('under-way')
    }
  })

  test('a record that is too long, and one that is no TLS', async () => {
    const long = new Uint8Array(5 + 0xffff)
    long.set([22, 3, 3, 0xff, 0xff])
    expect(await feed(serverOf(), long)).toMatchObject({
      handshake: 'failed',
      failure: { code: 'bad-record' },
    })
    expect(await feed(serverOf(), bytes('GET / HTTP/1.1\r\n\r\n'))).toMatchObject({
      handshake: 'failed',
      failure: { code: 'bad-record' },
    })
  })

  test('a changed record after the handshake ends the connection with bad_record_mac', async () => {
    const [client, server] = [clientOf(), serverOf()]
    await talk(client, server)
    const { flight } = await write(client, bytes('hello'))
    flight[flight.length - 1]! ^= 1
    const turn = await feed(server, flight)
    expect(turn).toMatchObject({ handshake: 'failed', failure: { code: 'bad-record' } })
    expect((await feed(client, turn.flight)).received).toBe('bad_record_mac')
  })

  test('an endpoint that is over says so to whatever comes', async () => {
    const side = serverOf()
    side.close()
    const turn = await feed(side, bytes('more'))
    expect(turn).toMatchObject({ handshake: 'failed', failure: { code: 'closed' } })
    expect((await write(side, bytes('more'))).flight).toHaveLength(0)
    side.close()
  })

  test('who closes within a turn hears of its end all the same', async () => {
    const side = clientOf()
    const turn = feed(side)
    side.close()
    expect((await turn).handshake).toBe('failed')
  })

  test('nothing is kept of what is over', async () => {
    const held = process.memoryUsage().heapUsed
    for (let run = 0; run < 300; run++) {
      const [client, server] = [clientOf({ identity: CLIENT }), serverOf()]
      await talk(client, server)
      client.close()
      server.close()
    }
    // 300 pairs kept whole would be some 60 MB.
    expect(process.memoryUsage().heapUsed - held).toBeLessThan(40e6)
  })
})
