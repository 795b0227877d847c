import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { EapCode } from '../../../src/wire/eap/packet.ts'
import { converse } from './conversation.ts'
import { everyMethod, peerOf, serverOffering } from './sides.ts'

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const SIZES = [64, 200, 512, 1000, 1400] as const

describe.each(VERSIONS)('under %s', (version) => {
  describe.each(SIZES)('in fragments of %i bytes', (size) => {
    test.each(everyMethod(version, size))('$name', async ({ peer, server, types }) => {
      const log: string[] = []
      const talk = await converse(peerOf(peer), serverOffering([server]), { log })
      const report = talk.server.report
      expect(report).toMatchObject({
        code: 'eap/succeeded',
        identity: 'ada@contoso.com',
        types,
        resumed: false,
      })
      expect(talk.peer.report).toMatchObject({ code: 'eap/succeeded', types, resumed: false })
      expect(mskOf(talk.peer.report)).toBe(mskOf(report))
      expect(mskOf(report)).toMatch(/^[0-9a-f]{128}$/)
      // The key is nowhere but in the report.
      expect(log.join('\n')).not.toContain(mskOf(report)!.slice(0, 16))
      expect(talk.server.packets.at(-1)?.[0]).toBe(EapCode.success)
      expect(talk.peer.ignored).toEqual([])
      expect(talk.server.ignored).toEqual([])
      const lengths = [...talk.server.packets, ...talk.peer.packets].map(({ length }) => length)
      // MS-CHAP v2 knows no fragments; where there is much to say, they are full.
      const isFull = types[0] !== 26 && size < 512
      const most = types[0] === 26 ? 120 : size
      expect(Math.max(...lengths)).toBeLessThanOrEqual(most)
      expect(Math.max(...lengths)).toBeGreaterThanOrEqual(isFull ? size : 1)
    })
  })
})

const mskOf = (report: { readonly code: string } | undefined): string | undefined =>
  report !== undefined && 'msk' in report ? toHex(report.msk as Uint8Array) : undefined

test('conversations are as long as RFC 5216 §2.1 and RFC 9190 §2.1 draw them', async () => {
  const roundsOf = async (version: 'TLSv1.2' | 'TLSv1.3'): Promise<readonly number[]> => {
    const rounds: number[] = []
    for (const { peer, server } of everyMethod(version, 4000)) {
      const talk = await converse(peerOf(peer), serverOffering([server]))
      rounds.push(talk.rounds)
    }
    return rounds
  }
  // Responses of the peer: RFC 5216 §2.1.1 and RFC 9190 §2.1.1 have four. PEAP adds an acknowledgement (TLS 1.2), a name, a result.
  expect(await roundsOf('TLSv1.2')).toEqual([4, 9, 8, 3])
  expect(await roundsOf('TLSv1.3')).toEqual([4, 8, 7, 3])
})
