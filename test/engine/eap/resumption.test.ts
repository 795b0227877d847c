import { describe, expect, test } from 'vitest'
import { instant } from '../../../src/base/time.ts'
import { sessionMemory } from '../../../src/engine/eap/session-memory.ts'
import { tlsSessions, type TlsSessions } from '../../../src/engine/tls.ts'
import { converse, type Host, type Talk } from './conversation.ts'
import {
  peerMsChapV2,
  peerOf,
  peerPeap,
  peerTls,
  serverMsChapV2,
  serverOffering,
  serverPeap,
  serverTls,
} from './sides.ts'

const sessionsOf = (): TlsSessions => tlsSessions({ now: () => instant('2025-06-01') })

/** A peer and a server that meet several times. */
function acquainted(method: 'tls' | 'peap', remembers = true) {
  const memory = remembers ? { memory: sessionMemory() } : {}
  const fragmentSize = 4000
  const server = { tls: { sessions: sessionsOf() }, fragmentSize, ...memory }
  const peer = { tls: { sessions: sessionsOf() } }
  return (
    hosts: { readonly peerHost?: Host; readonly serverHost?: Host } = {},
    password?: string,
  ) =>
    method === 'tls'
      ? converse(peerOf(peerTls(peer)), serverOffering([serverTls(server)]), hosts)
      : converse(
          peerOf(peerPeap({ ...peer, methods: [peerMsChapV2(password)] })),
          serverOffering([serverPeap({ ...server, inner: [serverMsChapV2] })]),
          hosts,
        )
}

const isGood = ({ peer, server }: Talk): boolean =>
  peer.report?.code === 'eap/succeeded' && server.report?.code === 'eap/succeeded'

describe('fast reconnect of PEAP', () => {
  test('leaves the inner method out, and remembers whom it was about', async () => {
    const meet = acquainted('peap')
    const first = await meet()
    const second = await meet()
    expect(isGood(first)).toBe(true)
    expect(second.server.report).toMatchObject({
      code: 'eap/succeeded',
      resumed: true,
      innerIdentity: 'ada',
      types: [25],
    })
    expect(second.peer.report).toEqual(second.server.report)
    // Identity, ClientHello, Finished, the result.
    expect([first.rounds, second.rounds]).toEqual([8, 4])
  })

  test('does not count where the inner method had failed', async () => {
    const meet = acquainted('peap')
    const first = await meet({}, 'wrong')
    expect(first.server.report).toMatchObject({ code: 'eap/failed' })
    const second = await meet({}, 'wrong')
    expect(second.server.report).toMatchObject({
      fault: { code: 'eap/credentials-refused' },
      types: [25, 26],
    })
    const third = await meet()
    expect(third.server.report).toMatchObject({
      code: 'eap/succeeded',
      resumed: false,
      types: [25, 26],
    })
    expect(third.peer.report).toMatchObject({ code: 'eap/succeeded', resumed: false })
  })

  test('is not there without a memory: the inner method runs in the resumed tunnel', async () => {
    const meet = acquainted('peap', false)
    await meet()
    const second = await meet()
    expect(second.server.report).toMatchObject({ resumed: false, types: [25, 26] })
    expect(second.peer.report).toEqual({ ...second.server.report, innerIdentity: 'ada' })
  })
})

describe('EAP-TLS', () => {
  test('a resumed session is asked about once more by the server, not by the peer', async () => {
    const meet = acquainted('tls')
    await meet()
    const asked: unknown[] = []
    const hostOf = (who: string): Host => ({
      judge: (chain, resumed) => {
        asked.push([who, chain.length > 0, resumed])
        return { accepted: true }
      },
    })
    const second = await meet({ peerHost: hostOf('peer'), serverHost: hostOf('server') })
    expect(second.server.report).toMatchObject({ resumed: true, types: [13] })
    expect(second.peer.report).toEqual(second.server.report)
    expect(asked).toEqual([['server', true, true]])
    expect(second.rounds).toBe(3)
  })

  test('who is no longer let in is refused in a resumed session, too', async () => {
    const meet = acquainted('tls')
    await meet()
    const second = await meet({
      serverHost: {
        judge: () => ({ accepted: false, failure: 'nps/not-in-group', alert: 'access_denied' }),
      },
    })
    expect(second.server.report).toMatchObject({
      fault: { code: 'eap/certificate-refused', failure: 'nps/not-in-group' },
    })
    expect(second.peer.report).toMatchObject({ fault: { code: 'eap/refused-by-peer' } })
  })

  test('a session that authenticated nobody is worth nothing', async () => {
    const meet = acquainted('tls', false)
    expect(isGood(await meet())).toBe(true)
    const second = await meet()
    expect(second.server.report).toMatchObject({
      fault: {
        code: 'eap/tls-failed',
        detail: 'the session that was resumed authenticated nobody',
      },
    })
  })
})
