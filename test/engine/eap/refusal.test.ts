import { describe, expect, test } from 'vitest'
import type { EapOffer } from '../../../src/engine/eap/authenticator.ts'
import { eapTlsPeer } from '../../../src/engine/eap/tls-method.ts'
import { EapCode, EapType } from '../../../src/wire/eap/packet.ts'
import { clientOf } from '../tls-pair.ts'
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

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

const refusing = (alert?: 'unknown_ca' | 'certificate_expired'): Host => ({
  judge: () => ({
    accepted: false,
    failure: 'pki/untrusted-root',
    ...(alert === undefined ? {} : { alert }),
  }),
})

const talkOf = (
  peer: EapOffer,
  server: EapOffer,
  hosts: { readonly peerHost?: Host; readonly serverHost?: Host } = {},
): Promise<Talk> => converse(peerOf(peer), serverOffering([server]), hosts)

const endsWithFailure = (talk: Talk): void => {
  expect(talk.server.packets.at(-1)?.[0]).toBe(EapCode.failure)
}

const REFUSED = { code: 'eap/certificate-refused', failure: 'pki/untrusted-root' }

describe.each(VERSIONS)('EAP-TLS under %s', (maximum) => {
  const tls = { maximum }

  test('a server that refuses a chain says why by an alert, and ends when it was answered', async () => {
    const talk = await talkOf(peerTls({ tls }), serverTls({ tls }), {
      serverHost: refusing('certificate_expired'),
    })
    expect(talk.server.report).toMatchObject({ fault: { ...REFUSED, within: 'tls' }, types: [13] })
    expect(talk.peer.report).toMatchObject({
      fault: { code: 'eap/tls-alert-received', alert: 'certificate_expired' },
    })
    endsWithFailure(talk)
  })

  test('a server without an alert for it ends at once', async () => {
    const talk = await talkOf(peerTls({ tls }), serverTls({ tls }), { serverHost: refusing() })
    expect(talk.server.report).toMatchObject({ fault: REFUSED })
    expect(talk.peer.report).toMatchObject({ fault: { code: 'eap/refused-by-peer' } })
    endsWithFailure(talk)
  })

  test('a peer that refuses the server shows it no certificate', async () => {
    const talk = await talkOf(peerTls({ tls }), serverTls({ tls }), {
      peerHost: refusing('unknown_ca'),
    })
    expect(talk.peer.report).toMatchObject({ fault: { ...REFUSED, within: 'tls' } })
    expect(talk.server.report).toMatchObject({
      fault: { code: 'eap/tls-alert-received', alert: 'unknown_ca' },
    })
    endsWithFailure(talk)
  })

  test('a peer without an alert for it says nothing more', async () => {
    const talk = await talkOf(peerTls({ tls }), serverTls({ tls }), { peerHost: refusing() })
    expect(talk.peer.report).toMatchObject({ fault: REFUSED })
    expect(talk.server.report).toBeUndefined()
  })

  test('a peer without a certificate is refused', async () => {
    const peer = {
      type: EapType.tls,
      open: () => eapTlsPeer({ open: () => clientOf({ maximum }) }),
    }
    const talk = await talkOf(peer, serverTls({ tls }))
    expect(talk.server.report).toMatchObject({
      fault: { code: 'eap/no-certificate', side: 'peer' },
    })
    endsWithFailure(talk)
  })
})

describe.each(VERSIONS)('PEAP under %s', (maximum) => {
  const tls = { maximum }

  test('a peer that refuses the server never says who it is', async () => {
    const talk = await talkOf(
      peerPeap({ tls, methods: [peerMsChapV2()] }),
      serverPeap({ tls, inner: [serverMsChapV2] }),
      { peerHost: refusing('unknown_ca') },
    )
    expect(talk.peer.report).toMatchObject({ fault: { ...REFUSED, within: 'peap' }, types: [25] })
    expect(talk.server.report).toMatchObject({
      fault: { code: 'eap/tls-alert-received', alert: 'unknown_ca' },
      types: [25],
    })
    expect(talk.server.report).not.toHaveProperty('innerIdentity')
    endsWithFailure(talk)
  })

  test('a certificate refused inside ends with a result that both confirm', async () => {
    const talk = await talkOf(
      peerPeap({ tls, methods: [peerTls({ tls })] }),
      serverPeap({ tls, inner: [serverTls({ tls })] }),
      { serverHost: refusing('unknown_ca') },
    )
    expect(talk.server.report).toMatchObject({
      fault: { ...REFUSED, within: 'tls' },
      innerIdentity: 'ada',
      types: [25, 13],
    })
    expect(talk.peer.report).toMatchObject({
      fault: { code: 'eap/tls-alert-received', alert: 'unknown_ca' },
      types: [25, 13],
    })
    endsWithFailure(talk)
  })

  test('a wrong password is refused on both sides', async () => {
    const talk = await talkOf(
      peerPeap({ tls, methods: [peerMsChapV2('wrong')] }),
      serverPeap({ tls, inner: [serverMsChapV2] }),
    )
    expect(talk.server.report).toMatchObject({
      fault: { code: 'eap/credentials-refused', error: 691, reason: 16 },
      types: [25, 26],
    })
    expect(talk.peer.report).toMatchObject({
      fault: { code: 'eap/credentials-refused', error: 691 },
    })
    endsWithFailure(talk)
  })

  test('a password that has expired is changed inside the tunnel', async () => {
    const talk = await talkOf(
      peerPeap({ tls, methods: [peerMsChapV2()] }),
      serverPeap({ tls, inner: [serverMsChapV2] }),
      {
        serverHost: { account: { password: 'Passw0rd!', refusal: 648 } },
        peerHost: { newPassword: 'N3w-Passw0rd!' },
      },
    )
    expect(talk.server.report).toMatchObject({ code: 'eap/succeeded', types: [25, 26] })
    expect(talk.peer.report).toMatchObject({ code: 'eap/succeeded' })
  })
})

describe('crypto-binding', () => {
  const peer = { methods: [peerMsChapV2()] }
  const server = { inner: [serverMsChapV2] }

  test('a server that requires it turns away a peer that answers without', async () => {
    const talk = await talkOf(
      peerPeap({ ...peer, cryptoBinding: 'none' }),
      serverPeap({ ...server, requiresCryptoBinding: true }),
    )
    expect(talk.server.report).toMatchObject({
      fault: { code: 'eap/crypto-binding', what: 'missing' },
    })
    endsWithFailure(talk)
  })

  test('a peer that requires it leaves a server that sends none', async () => {
    const talk = await talkOf(
      peerPeap({ ...peer, requiresCryptoBinding: true }),
      serverPeap({ ...server, sendsCryptoBinding: false }),
    )
    expect(talk.peer.report).toMatchObject({
      fault: { code: 'eap/crypto-binding', what: 'missing' },
    })
    expect(talk.server.report).toMatchObject({ fault: { code: 'eap/refused-by-peer' } })
  })

  test('without it on either side the tunnel alone makes the key', async () => {
    const talk = await talkOf(peerPeap(peer), serverPeap({ ...server, sendsCryptoBinding: false }))
    expect(talk.server.report).toMatchObject({ code: 'eap/succeeded' })
    expect(talk.peer.report).toEqual({ ...talk.server.report, innerIdentity: 'ada' })
    const other = await talkOf(peerPeap({ ...peer, cryptoBinding: 'none' }), serverPeap(server))
    expect(other.peer.report).toEqual({ ...other.server.report, innerIdentity: 'ada' })
  })
})
