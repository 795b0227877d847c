import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../src/base/bytes.ts'
import type { EapReport } from '../../../src/engine/eap/server.ts'
import { EapType, encodeEap } from '../../../src/wire/eap/packet.ts'
import { encodeCryptoBinding, encodeResult, encodeTlvNak } from '../../../src/wire/eap/peap-tlv.ts'
import { converse, envOf, Side } from './conversation.ts'
import {
  everyMethod,
  peerMsChapV2,
  peerOf,
  peerPeap,
  peerTls,
  serverMsChapV2,
  serverOffering,
  serverPeap,
  serverTls,
} from './sides.ts'
import { wild } from './wild.ts'

/** One packet of a conversation, changed on its way: a byte, its length, or all of it. */
const change = fc.record({
  round: fc.nat(10),
  to: fc.constantFrom('peer' as const, 'server' as const),
  how: fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: fc.nat(400), bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('cut' as const), length: fc.nat(60) }),
    fc.record({ kind: fc.constant('append' as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({ kind: fc.constant('replace' as const), bytes: fc.uint8Array({ maxLength: 80 }) }),
    // Type-data of chance in a packet that is otherwise right.
    fc.record({ kind: fc.constant('stuff' as const), bytes: fc.uint8Array({ maxLength: 80 }) }),
  ),
})

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function applied({ how }: Change, bytes: Uint8Array): Uint8Array {
  switch (how.kind) {
    case 'flip': {
      const flipped = bytes.slice()
      flipped[how.at % flipped.length]! ^= 1 << how.bit
      return flipped
    }
    case 'cut':
      return bytes.subarray(0, how.length)
    case 'append':
      return concat(bytes, how.bytes)
    case 'replace':
      return how.bytes
    case 'stuff': {
      const stuffed = concat(bytes.subarray(0, 5), how.bytes)
      stuffed[2] = stuffed.length >>> 8
      stuffed[3] = stuffed.length
      return stuffed
    }
  }
}

const keyOf = ({ report }: { readonly report: EapReport | undefined }) =>
  report?.code === 'eap/succeeded' ? report.msk : undefined

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('under %s', (version) => {
  test.each(everyMethod(version, 512))(
    '$name survives a packet that was changed on its way',
    { timeout: 60_000 },
    async ({ peer, server }) => {
      await fc.assert(
        fc.asyncProperty(change, async (spoilt) => {
          const talk = await converse(peerOf(peer), serverOffering([server]), {
            meddle: (bytes, to, round) =>
              to === spoilt.to && round === spoilt.round ? applied(spoilt, bytes) : bytes,
          })
          expect(talk.rounds).toBeLessThan(60)
          // Whatever was done to it: a peer that has a key shares it with the server.
          const { report } = talk.peer
          const key = report?.code === 'eap/succeeded' ? keyOf(talk.server) : undefined
          expect(keyOf(talk.peer)).toEqual(key)
        }),
        { numRuns: 60 },
      )
    },
  )
})

test('packets of chance end a conversation, and raise nothing', async () => {
  const packets = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(packets, fc.boolean(), async (sent, isResponse) => {
      const [method] = everyMethod('TLSv1.2', 1400)
      const server = new Side(serverOffering([method!.server]), {}, envOf('server'))
      const peer = new Side(peerOf(method!.peer), {}, envOf('peer'))
      for (const bytes of sent) {
        const head = Uint8Array.of(isResponse ? 2 : 1, bytes[0] ?? 0, 0, bytes.length + 4)
        for (const packet of [bytes, concat(head, bytes)]) {
          await server.take(packet)
          await peer.take(packet)
        }
      }
      expect(server.report?.code).not.toBe('eap/succeeded')
      expect(peer.report?.code).not.toBe('eap/succeeded')
    }),
    { numRuns: 200 },
  )
})

describe('whoever has the tunnel and says anything in it', () => {
  const result = encodeResult('success')
  const tlv = (code: 1 | 2, data: Uint8Array): Uint8Array =>
    encodeEap({ code, identifier: 1, type: EapType.tlv, data })
  const binding = encodeCryptoBinding({
    version: 0,
    receivedVersion: 0,
    subtype: 'response',
    nonce: new Uint8Array(32),
    compoundMac: new Uint8Array(20),
  })
  /** What could pass for something: names, results, methods, half of them. */
  const saying = (code: 1 | 2) =>
    fc.array(
      fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 120 }),
        fc.constantFrom(
          Uint8Array.of(1),
          Uint8Array.of(1, 97, 100, 97),
          Uint8Array.of(3, 13),
          Uint8Array.of(13, 0x20),
          Uint8Array.of(13, 0),
          Uint8Array.of(26, 3),
          tlv(code, result),
          tlv(code, encodeResult('failure')),
          tlv(code, concat(result, binding)),
          tlv(code, encodeTlvNak(3)),
          tlv(code, Uint8Array.of(0x80, 9, 0, 0)),
        ),
      ),
      { minLength: 1, maxLength: 6 },
    )

  test('is let in by no server', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(saying(2), async (says) => {
        const talk = await converse(
          peerOf(wild('client', says)),
          serverOffering([serverPeap({ inner: [serverMsChapV2, serverTls()] })]),
        )
        expect(talk.server.report?.code).not.toBe('eap/succeeded')
      }),
      { numRuns: 150 },
    )
  })

  test('is believed by no peer', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(saying(1), async (says) => {
        const talk = await converse(
          peerOf(peerPeap({ methods: [peerMsChapV2(), peerTls()] })),
          serverOffering([wild('server', says)], { rounds: 40 }),
        )
        expect(talk.peer.report?.code).not.toBe('eap/succeeded')
      }),
      { numRuns: 150 },
    )
  })
})
