/** Modelled TLS beside the platform's: flights of the same sizes, the same turns; and what is changed on its way is noticed. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rngFrom } from '../../src/base/rng.ts'
import { hours, type Instant } from '../../src/base/time.ts'
import { REAL_CRYPTOGRAPHY, type Cryptography } from '../../src/engine/cryptography.ts'
import { modelledCryptography } from '../../src/engine/modelled-cryptography.ts'
import {
  SCHANNEL_CIPHERS,
  tlsSessions,
  type TlsEndpoint,
  type TlsSettings,
  type TlsTurn,
  type TlsVersion,
} from '../../src/engine/tls.ts'
import { CLIENT, feed, holding, SERVER, talk, write } from './tls-pair.ts'

const MODELLED = modelledCryptography(rngFrom('1'), (run, arg) => run(arg))
const VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']
const { hold } = holding()

type Changes = Partial<TlsSettings>

const clientOf = ({ openTls }: Cryptography, changes: Changes = {}): TlsEndpoint =>
  openTls({ role: 'client', minimum: 'TLSv1.2', maximum: 'TLSv1.3', ...changes }, hold)
const serverOf = ({ openTls }: Cryptography, changes: Changes = {}): TlsEndpoint =>
  openTls(
    { role: 'server', minimum: 'TLSv1.2', maximum: 'TLSv1.3', identity: SERVER, ...changes },
    hold,
  )
const store = () => tlsSessions({ now: () => 0 as Instant })

/** Types and lengths of records. */
function records(bytes: Uint8Array): readonly string[] {
  const found: string[] = []
  for (let at = 0; at < bytes.length;) {
    const length = (bytes[at + 3]! << 8) | bytes[at + 4]!
    found.push(`${bytes[at]} of ${bytes[at + 1]}.${bytes[at + 2]}: ${length}`)
    at += 5 + length
  }
  return found
}

const told = ({ flight, data, peerChain, ...rest }: TlsTurn) => ({
  ...rest,
  flight: records(flight),
  data: data.length,
  peerChain: peerChain?.map((der) => der.length),
})

/** Everything that shows of two that talk, write, and part. */
async function conversation(cryptography: Cryptography, settings: Sides) {
  const client = clientOf(cryptography, settings.client)
  const server = serverOf(cryptography, settings.server)
  const { flights, ...last } = await talk(client, server)
  const turns = [last.client, last.server]
  if (last.client.handshake === 'done' && last.server.handshake === 'done') {
    for (const length of [1, 15, 16, 17, 100, 20_000]) {
      const said = await write(client, new Uint8Array(length))
      const back = await write(server, new Uint8Array(length))
      turns.push(said, await feed(server, said.flight), back, await feed(client, back.flight))
    }
    turns.push(await feed(server, client.refuse('close_notify', true)))
  }
  const { version, cipher, isResumed } = server
  const key = server.sessionKey?.length
  return {
    flights: flights.map(records),
    turns: turns.map(told),
    agreed: { version, cipher, isResumed, key, client: [client.version, client.cipher] },
  }
}

interface Sides {
  readonly client?: Changes
  readonly server?: Changes
}

const both = (changes: Changes): Sides => ({ client: changes, server: changes })
const asking = (maximum: TlsVersion): Sides => ({
  client: { maximum, identity: CLIENT },
  server: { maximum, requestsCertificate: true },
})

const CASES: readonly (readonly [string, Sides])[] = [
  ...VERSIONS.flatMap((maximum): readonly (readonly [string, Sides])[] => [
    [`${maximum}, one certificate`, both({ maximum })],
    [`${maximum}, two certificates`, asking(maximum)],
    [
      `${maximum}, none though asked`,
      { client: { maximum }, server: { maximum, requestsCertificate: true } },
    ],
    [
      `${maximum}, the root sent along`,
      {
        client: { maximum },
        server: { maximum, identity: { ...SERVER, chain: [...SERVER.chain, ...CLIENT.chain] } },
      },
    ],
    [`${maximum}, a name`, { ...both({ maximum }), client: { maximum, serverName: 'a.example' } }],
    [
      `${maximum}, no certificate to show`,
      { client: { maximum }, server: { maximum, identity: undefined as never } },
    ],
  ]),
  ...SCHANNEL_CIPHERS.map((name): readonly [string, Sides] => [
    name,
    { ...asking('TLSv1.3'), client: { identity: CLIENT, ciphers: [name] } },
  ]),
  ['a client of TLS 1.2', { client: { maximum: 'TLSv1.2' } }],
  ['a server of TLS 1.2', { server: { maximum: 'TLSv1.2' } }],
  ['a client of TLS 1.3 alone', { client: { minimum: 'TLSv1.3' } }],
  ['no version in common', { client: { minimum: 'TLSv1.3' }, server: { maximum: 'TLSv1.2' } }],
  [
    'no suite in common',
    { client: { ciphers: ['AES128-SHA'] }, server: { ciphers: ['AES256-SHA'] } },
  ],
]

const identityNone = ({ identity, ...rest }: Changes): Changes =>
  identity === undefined ? rest : { identity, ...rest }

test.each(CASES)('%s: as the platform', async (_name, sides) => {
  const settings = { client: identityNone(sides.client ?? {}), server: sides.server ?? {} }
  const real = await conversation(REAL_CRYPTOGRAPHY, settings)
  expect(await conversation(MODELLED, settings)).toEqual(real)
})

describe.each(VERSIONS)('%s', (maximum) => {
  const settings = asking(maximum)
  const pair = (cryptography: Cryptography) =>
    [clientOf(cryptography, settings.client), serverOf(cryptography, settings.server)] as const

  test('a session is resumed, forgotten and resumed again as by the platform', async () => {
    const play = async (cryptography: Cryptography) => {
      const [kept, known] = [store(), store()]
      const seen = []
      for (const there of [known, known, store(), there_(known)]) {
        const sides = {
          client: { ...settings.client, sessions: kept },
          server: { ...settings.server, sessions: there },
        }
        seen.push(await conversation(cryptography, sides))
      }
      return seen
    }
    const there_ = (sessions: ReturnType<typeof store>) => sessions
    const modelled = await play(MODELLED)
    expect(modelled).toEqual(await play(REAL_CRYPTOGRAPHY))
    expect(modelled.map(({ agreed }) => agreed.isResumed)).toEqual([false, true, false, false])
  })

  test('a session that was resumed has keys of its own, and the name of the first', async () => {
    const [kept, known] = [store(), store()]
    const dial = async () => {
      const client = clientOf(MODELLED, { ...settings.client, sessions: kept })
      const server = serverOf(MODELLED, { ...settings.server, sessions: known })
      await talk(client, server)
      return { client, server }
    }
    const [first, second] = [await dial(), await dial()]
    expect(second.server.sessionKey).toBe(first.server.sessionKey)
    const label = 'client EAP encryption'
    expect(second.client.exportKey(label, 64)).toEqual(second.server.exportKey(label, 64))
    expect(second.client.exportKey(label, 64)).not.toEqual(first.client.exportKey(label, 64))
  })

  test('both sides export the same keys, others for each label and context', async () => {
    const [client, server] = pair(MODELLED)
    await talk(client, server)
    const asked = [
      ['a', undefined],
      ['b', undefined],
      ['a', Uint8Array.of(13)],
    ] as const
    const keys = asked.map(([label, context]) => client.exportKey(label, 128, context))
    expect(keys).toEqual(asked.map(([label, context]) => server.exportKey(label, 128, context)))
    expect(new Set(keys.map(String)).size).toBe(3)
    const isSame =
      String(client.exportKey('a', 16)) === String(client.exportKey('a', 16, new Uint8Array()))
    expect(isSame).toBe(maximum === 'TLSv1.3')
  })

  test.each(['client', 'server'] as const)(
    'what a %s says instead of its last flight is of the same size, and understood',
    async (who) => {
      const refused = async (cryptography: Cryptography) => {
        const [client, server] = pair(cryptography)
        const hello = await feed(server, (await feed(client)).flight)
        const proof = await feed(client, hello.flight)
        if (who === 'server') await feed(server, proof.flight)
        const alert = (who === 'client' ? client : server).refuse('unknown_ca')
        const heard = await feed(who === 'client' ? server : client, alert)
        return { alert: records(alert), heard: told(heard) }
      }
      expect(await refused(MODELLED)).toEqual(await refused(REAL_CRYPTOGRAPHY))
    },
  )

  test('an alert of a client that got the hello in two pieces is encrypted where that has keys', async () => {
    for (const cryptography of [REAL_CRYPTOGRAPHY, MODELLED]) {
      const [client, server] = pair(cryptography)
      const { flight } = await feed(server, (await feed(client)).flight)
      await feed(client, flight.subarray(0, 140))
      await feed(client, flight.subarray(140))
      const alert = client.refuse('unknown_ca')
      expect(alert).toHaveLength(maximum === 'TLSv1.2' ? 7 : 24)
      expect((await feed(server, alert)).received).toBe('unknown_ca')
    }
  })

  test('a client’s second flight with its last byte changed fails as with the platform', async () => {
    const changed = async (cryptography: Cryptography) => {
      const [client, server] = pair(cryptography)
      const hello = await feed(server, (await feed(client)).flight)
      const { flight } = await feed(client, hello.flight)
      flight[flight.length - 1]! ^= 1
      const turn = await feed(server, flight)
      return [told(turn), told(await feed(client, turn.flight))]
    }
    expect(await changed(MODELLED)).toEqual(await changed(REAL_CRYPTOGRAPHY))
  })

  test('a byte that was changed never lets both finish, but where it means nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const [client, server] = pair(MODELLED)
        const { flight } = await feed(server, (await feed(client)).flight)
        flight[at % flight.length]! ^= change
        const turn = await feed(client, flight)
        const last = await feed(server, turn.flight)
        const bothDone = turn.handshake !== 'failed' && last.handshake === 'done'
        // The minor version of records before the hello, and what TLS 1.3 sends for the sake of old routers.
        expect(!bothDone || at % flight.length < 140).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('a changed record after the handshake ends it with bad_record_mac', async () => {
    const [client, server] = pair(MODELLED)
    await talk(client, server)
    const { flight } = await write(client, Buffer.from('hello'))
    for (const at of [5, 13, flight.length - 1]) {
      const copy = flight.slice()
      copy[at]! ^= 1
      const [again, there] = pair(MODELLED)
      await talk(again, there)
      const said = await write(again, Buffer.from('hello'))
      said.flight[at]! ^= 1
      const turn = await feed(there, said.flight)
      expect(turn).toMatchObject({ handshake: 'failed', failure: { code: 'bad-record' } })
      expect((await feed(again, turn.flight)).received).toBe('bad_record_mac')
    }
  })

  test('flights may come a byte at a time', async () => {
    const [client, server] = pair(MODELLED)
    let from = client
    let to = server
    let { flight } = await feed(client)
    for (let round = 0; round < 4 && flight.length > 0; round++) {
      let turn: TlsTurn | undefined
      for (const byte of flight) turn = await feed(to, Uint8Array.of(byte))
      ;[from, to] = [to, from]
      flight = turn!.flight
    }
    expect([client.version, server.version]).toEqual([maximum, maximum])
  })
})

test('sessions end after ten hours of virtual time', async () => {
  const clock = { now: 0 }
  const [kept, known] = [store(), tlsSessions({ now: () => clock.now as Instant })]
  const dial = async (): Promise<boolean> => {
    const client = clientOf(MODELLED, { sessions: kept, maximum: 'TLSv1.2' })
    await talk(client, serverOf(MODELLED, { sessions: known }))
    return client.isResumed
  }
  expect(await dial()).toBe(false)
  clock.now = hours(10) - 1
  expect(await dial()).toBe(true)
  clock.now = hours(10)
  expect(await dial()).toBe(false)
})

test('an identity that the platform cannot use fails with the same words', async () => {
  for (const identity of [
    { chain: [Uint8Array.of(1, 2, 3)], key: SERVER.key },
    { chain: CLIENT.chain, key: SERVER.key },
  ]) {
    const real = await feed(serverOf(REAL_CRYPTOGRAPHY, { identity }))
    expect(told(await feed(serverOf(MODELLED, { identity })))).toEqual(told(real))
    expect(real.failure?.code).toBe('identity')
  }
})

test('hostile bytes fail or wait, and never raise', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(clientOf, serverOf),
      fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 4 }),
      fc.constantFrom(0, 20, 21, 22, 23),
      async (open, chunks, type) => {
        const side = open(MODELLED)
        await feed(side)
        for (const chunk of chunks) {
          const head = Uint8Array.of(type, 3, 3, chunk.length >> 8, chunk.length & 0xff)
          const { handshake } = await feed(side, type > 0 ? Buffer.concat([head, chunk]) : chunk)
          expect(['under-way', 'failed']).toContain(handshake)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('an endpoint that is over says so', async () => {
  const side = serverOf(MODELLED)
  side.close()
  expect((await feed(side, Uint8Array.of(1))).failure?.code).toBe('closed')
  const early = clientOf(MODELLED)
  expect((await write(early, Uint8Array.of(1))).failure?.detail).toBe('no handshake yet')
  expect(() => early.exportKey('a', 16)).toThrow('before the handshake was done')
})
