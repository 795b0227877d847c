/** SSTP with the methods of EAP inside: the key that each leaves to both sides binds them. */
import { expect, test } from 'vitest'
import { seconds } from '../../../src/base/time.ts'
import type { SstpInput } from '../../../src/engine/sstp/contract.ts'
import type { EapPeerState } from '../../../src/engine/eap/peer.ts'
import type { EapServerState } from '../../../src/engine/eap/server.ts'
import { envOf, Side } from '../eap/conversation.ts'
import { everyMethod, peerMsChapV2, peerOf, serverMsChapV2, serverOffering } from '../eap/sides.ts'
import type { EapOffer } from '../../../src/engine/eap/authenticator.ts'
import { SstpPair } from './pair.ts'

type Sides = Side<EapPeerState> | Side<EapServerState>

/** What a host says to its session when its own side of EAP has dealt with a packet. A peer that has failed may still have an answer. */
function said(who: 'client' | 'server', { report }: Sides, packet?: Uint8Array): SstpInput {
  const carried = packet === undefined ? {} : { packet }
  if (report?.code === 'eap/succeeded') return { kind: 'eap-success', ...carried, msk: report.msk }
  const isLast = who === 'server' ? report !== undefined : packet === undefined
  if (!isLast) return { kind: 'eap', packet: packet! }
  const why = report?.code === 'eap/failed' ? report.fault.code : 'nothing to say'
  return { kind: 'eap-failure', ...carried, why }
}

async function connect(peer: EapOffer, server: EapOffer): Promise<SstpPair> {
  const asks: (readonly ['client' | 'server', Uint8Array | undefined])[] = []
  const asked = (who: 'client' | 'server') => ({
    eap: (packet: Uint8Array | undefined) => void asks.push([who, packet]),
  })
  const pair = new SstpPair({ clientManners: asked('client'), serverManners: asked('server') })
  const peerSide = new Side<EapPeerState>(peerOf(peer), {}, envOf('peer'))
  const serverSide = new Side<EapServerState>(serverOffering([server]), {}, envOf('server'))
  pair.connect()
  for (let ask = asks.shift(); ask !== undefined; ask = asks.shift()) {
    const [who, packet = new Uint8Array()] = ask
    const side = who === 'client' ? peerSide : serverSide
    const [answer] = await side.take(packet)
    pair[who].input(said(who, side, answer))
    pair.clock.run(seconds(1))
  }
  return pair
}

test.each(everyMethod('TLSv1.2', 1400))('$name binds', async ({ peer, server }) => {
  const pair = await connect(peer, server)
  expect(pair.server.report('sstp/crypto-binding')).toBeUndefined()
  expect([pair.client.tunnel, pair.server.tunnel]).not.toContain(undefined)
  expect(pair.server.state.hlak).toEqual(pair.client.state.hlak)
  expect(pair.server.state.hlak!.some((byte) => byte !== 0)).toBe(true)
})

test('a wrong password binds nothing', async () => {
  const pair = await connect(peerMsChapV2('wrong'), serverMsChapV2)
  pair.clock.run(seconds(10))
  expect([pair.client.over?.why, pair.server.over?.why]).toEqual([
    'authentication-failed',
    'authentication-failed',
  ])
  expect(pair.server.report('ppp/authentication-failed')?.why).toBe('eap/credentials-refused')
})
