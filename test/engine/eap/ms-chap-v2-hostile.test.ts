import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { InvariantError } from '../../../src/base/invariant.ts'
import type { EapMethod } from '../../../src/engine/eap/method.ts'
import { msChapV2Peer } from '../../../src/engine/eap/ms-chap-v2-peer.ts'
import { encodeMsChapV2Request, encodeMsChapV2Response } from '../../../src/wire/eap/ms-chap-v2.ts'
import { env, host, play, SERVER } from './ms-chap-v2-play.ts'

describe('packets that have no place', () => {
  const peer = msChapV2Peer({ user: 'ada', password: 'Passw0rd!' })
  const success = encodeMsChapV2Request({
    op: 'success',
    id: 1,
    authenticatorResponse: new Uint8Array(20),
    message: '',
  })
  const failure = encodeMsChapV2Request({
    op: 'failure',
    id: 1,
    failure: { error: 691, retry: true, challenge: new Uint8Array(16), version: 3 },
  })
  const challenge = encodeMsChapV2Request({
    op: 'challenge',
    id: 1,
    challenge: new Uint8Array(16),
    name: 'NPS1',
  })
  const response = encodeMsChapV2Response({
    op: 'response',
    id: 1,
    peerChallenge: new Uint8Array(16),
    ntResponse: new Uint8Array(24),
    name: 'ada',
  })
  const change = encodeMsChapV2Response({
    op: 'change-password',
    id: 1,
    encryptedPassword: new Uint8Array(516),
    encryptedHash: new Uint8Array(16),
    peerChallenge: new Uint8Array(16),
    ntResponse: new Uint8Array(24),
  })
  const yes = encodeMsChapV2Response({ op: 'success-acknowledged' })
  const no = encodeMsChapV2Response({ op: 'failure-acknowledged' })

  test.each([
    ['a success before any challenge', 0, success],
    ['a failure before any challenge', 0, failure],
    ['a second challenge', 2, challenge],
  ])('to a peer: %s', (_, at, instead) => {
    const played = play(SERVER, peer, host({ password: 'Passw0rd!' }), (data, packet) =>
      packet === at ? instead : data,
    )
    expect(played.peer).toMatchObject({ ok: false, fault: { code: 'eap/out-of-sequence' } })
  })

  test.each([
    ['an acknowledgement of nothing', 1, yes],
    ['a refusal of nothing', 1, no],
    ['a change of password that nobody offered', 1, change],
    ['another response after success', 3, response],
    ['a change of password after success', 3, change],
  ])('to a server: %s', (_, at, instead) => {
    const played = play(SERVER, peer, host({ password: 'Passw0rd!' }), (data, packet) =>
      packet === at ? instead : data,
    )
    expect(played.server).toMatchObject({ ok: false, fault: { code: 'eap/out-of-sequence' } })
  })

  test.each([
    ['success is acknowledged where an account is disabled', 647, yes],
    ['a response comes where an account is disabled', 647, response],
    ['success is acknowledged where a password has expired', 648, yes],
  ] as const)('to a server: %s', (_, refusal, instead) => {
    const played = play(SERVER, peer, host({ password: 'Passw0rd!', refusal }), (data, packet) =>
      packet === 3 ? instead : data,
    )
    expect(played.server).toMatchObject({ ok: false, fault: { code: 'eap/out-of-sequence' } })
  })

  test('bytes that cannot be read end the method with what is wrong with them', () => {
    const detail = 'eap-mschapv2: bad-value at OpCode, byte 1 ([MS-CHAP] §2.2)'
    const fault = { code: 'eap/malformed', detail }
    const instead = (at: number) => (data: Uint8Array, packet: number) =>
      packet === at ? fromHex('63') : data
    const answer = host({ password: 'Passw0rd!' })
    expect(play(SERVER, peer, answer, instead(1)).server).toEqual({ ok: false, fault })
    const atPeer = play(SERVER, peer, answer, (data, packet) =>
      packet === 0 ? fromHex('63000004') : data,
    )
    expect(atPeer.peer).toMatchObject({ ok: false, fault: { code: 'eap/malformed' } })
  })

  test('a failure without a challenge is the end, whatever it allows', () => {
    const bare = encodeMsChapV2Request({
      op: 'failure',
      id: 1,
      failure: { error: 648, retry: true, version: 3 },
    })
    const played = play(SERVER, peer, host({ password: 'other' }), (data, packet) =>
      packet === 2 ? bare : data,
    )
    expect(played.peer).toMatchObject({ ok: false, fault: { error: 648 } })
  })

  test('no mutation of a conversation raises an exception, or passes for a success that was not', () => {
    const offset = fc.nat(60)
    fc.assert(
      fc.property(fc.nat(3), offset, fc.integer({ min: 1, max: 255 }), (packet, at, flip) => {
        const played = play(SERVER, peer, host({ password: 'Passw0rd!' }), (data, number) =>
          number === packet && at < data.length
            ? new Uint8Array(data).with(at, data[at]! ^ flip)
            : data,
        )
        expect(played.server?.ok === true ? played.peer : played.server).toEqual(played.server)
      }),
    )
  })
})

test('a host that answers what was not asked, or goes on after the end, is our own bug', () => {
  const answer = { kind: 'answer', answer: { kind: 'new-password' } } as const
  const peer = msChapV2Peer({ user: 'ada', password: 'x' })
  for (const method of [SERVER, peer] as readonly EapMethod[]) {
    const garbage = { kind: 'data', data: fromHex('63') } as const
    expect(() => method.step(method.start(env).state, answer, env)).toThrow(InvariantError)
    const over = method.step(method.start(env).state, garbage, env)
    expect(over.outputs).toHaveLength(1)
    expect(() => method.step(over.state, garbage, env)).toThrow(InvariantError)
  }
})
