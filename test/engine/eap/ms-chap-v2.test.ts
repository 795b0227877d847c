import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import type { EapAnswer } from '../../../src/engine/eap/method.ts'
import { msChapV2Peer } from '../../../src/engine/eap/ms-chap-v2-peer.ts'
import { msChapV2Server } from '../../../src/engine/eap/ms-chap-v2-server.ts'
import { decodeMsChapV2Request } from '../../../src/wire/eap/ms-chap-v2.ts'
import { valueOf } from '../../wire/results.ts'
import { host, play, SERVER, SETTINGS, type Account } from './ms-chap-v2-play.ts'

describe('a right password', () => {
  test.each(['ada', 'CORP\\ada', 'ada@corp.contoso.com', 'Ädä'])(
    'gives both sides the same keys (%s)',
    (user) => {
      const peer = msChapV2Peer({ user, password: 'Passw0rd!' })
      const played = play(SERVER, peer, host({ password: 'Passw0rd!' }))
      expect(played.packets).toEqual([
        'Challenge from "NPS1"',
        `Response of "${user}"`,
        'Success',
        'Success acknowledged',
      ])
      expect(played.server).toMatchObject({ ok: true, identity: user, types: [26] })
      expect(played.peer).toEqual(played.server)
      if (played.server?.ok !== true) throw new Error('refused')
      const { msk, innerKeys } = played.server
      expect(msk).toHaveLength(64)
      expect(toHex(msk.subarray(32))).toBe('00'.repeat(32))
      expect(toHex(innerKeys!)).toBe(toHex(msk.subarray(0, 32)))
      expect(toHex(msk.subarray(0, 16))).not.toBe(toHex(msk.subarray(16, 32)))
    },
  )

  test('gives other keys each time', () => {
    const peer = msChapV2Peer({ user: 'ada', password: 'Passw0rd!' })
    const keys = [1, 2].map(() => play(SERVER, peer, host({ password: 'Passw0rd!' })).server)
    expect(keys[0]).not.toEqual(keys[1])
  })
})

describe('a wrong password', () => {
  test('ends with 691 at a peer that has no other', () => {
    const peer = msChapV2Peer({ user: 'ada', password: 'guess' })
    const played = play(SERVER, peer, host({ password: 'Passw0rd!' }))
    expect(played.packets).toEqual([
      'Challenge from "NPS1"',
      'Response of "ada"',
      'Failure, error 691, another try allowed',
      'Failure acknowledged',
    ])
    const fault = { code: 'eap/credentials-refused', error: 691 }
    expect(played.server).toEqual({ ok: false, fault: { ...fault, reason: 16 } })
    expect(played.peer).toEqual({ ok: false, fault: { ...fault, reason: 0 } })
  })

  test('may be followed by the right one, under a new challenge', () => {
    const challenges: string[] = []
    const account = { password: 'Passw0rd!' }
    const peer = msChapV2Peer({
      user: 'ada',
      password: 'guess',
      furtherPasswords: ['guess again', 'Passw0rd!'],
    })
    const played = play(SERVER, peer, (ask) => {
      if (ask.kind === 'logon') challenges.push(toHex(ask.logon.authenticatorChallenge))
      return host(account)(ask)
    })
    expect(played.packets).toEqual([
      'Challenge from "NPS1"',
      'Response of "ada"',
      'Failure, error 691, another try allowed',
      'Response of "ada"',
      'Failure, error 691, another try allowed',
      'Response of "ada"',
      'Success',
      'Success acknowledged',
    ])
    expect(new Set(challenges).size).toBe(3)
    expect(played.server?.ok).toBe(true)
    expect(played.peer).toEqual(played.server)
  })

  test('is not tried oftener than the server allows', () => {
    const peer = msChapV2Peer({
      user: 'ada',
      password: 'one',
      furtherPasswords: ['two', 'three', 'Passw0rd!'],
    })
    const played = play(SERVER, peer, host({ password: 'Passw0rd!' }))
    expect(played.packets.slice(-2)).toEqual([
      'Failure, error 691, no other try',
      'Failure acknowledged',
    ])
    expect(played.packets.filter((words) => words.startsWith('Response'))).toHaveLength(3)
    expect(played.server).toMatchObject({ ok: false, fault: { error: 691 } })
  })
})

test.each([646, 647, 649] as const)('an account that may not sign in is told why: %i', (error) => {
  const peer = msChapV2Peer({
    user: 'ada',
    password: 'Passw0rd!',
    furtherPasswords: ['another'],
  })
  const played = play(SERVER, peer, host({ password: 'Passw0rd!', refusal: error }))
  expect(played.packets.slice(2)).toEqual([
    `Failure, error ${error}, no other try`,
    'Failure acknowledged',
  ])
  expect(played.server).toMatchObject({ ok: false, fault: { error, reason: 99 } })
  expect(played.peer).toMatchObject({ ok: false, fault: { error } })
})

describe('an expired password', () => {
  const peer = msChapV2Peer({ user: 'CORP\\ada', password: 'Autumn2025!' })

  test('is changed on the way, and the new one makes the keys', () => {
    const account: Account = { password: 'Autumn2025!', refusal: 648 }
    const played = play(SERVER, peer, host(account, 'Winter2026!'))
    expect(played.packets).toEqual([
      'Challenge from "NPS1"',
      'Response of "CORP\\ada"',
      'Failure, error 648, no other try',
      'Change-Password',
      'Success',
      'Success acknowledged',
    ])
    expect(account.password).toBe('Winter2026!')
    expect(played.server).toMatchObject({ ok: true, identity: 'CORP\\ada' })
    expect(played.peer).toEqual(played.server)
  })

  test.each([
    ['has none', undefined],
    ['has one that no packet can carry', 'x'.repeat(257)],
  ])('stays expired when its user %s', (_, fresh) => {
    const account: Account = { password: 'Autumn2025!', refusal: 648 }
    const played = play(SERVER, peer, host(account, fresh))
    expect(played.packets.at(-1)).toBe('Failure acknowledged')
    expect(account.password).toBe('Autumn2025!')
    for (const result of [played.server, played.peer]) {
      expect(result).toMatchObject({ ok: false, fault: { error: 648 } })
    }
  })

  test('stays expired when the domain refuses the new one', () => {
    const account = { password: 'Autumn2025!', refusal: 648, refusesNewPassword: true } as const
    const played = play(SERVER, peer, host({ ...account }, 'short'))
    expect(played.packets.slice(3)).toEqual([
      'Change-Password',
      'Failure, error 709, no other try',
      'Failure acknowledged',
    ])
    expect(played.server).toMatchObject({ ok: false, fault: { error: 709 } })
    expect(played.peer).toMatchObject({ ok: false, fault: { error: 709 } })
  })

  test('ends the conversation without a word where changes are not allowed', () => {
    // [MS-CHAP] §3.3.5.2: an EAP-Failure, not a Failure-Request.
    const server = msChapV2Server({ ...SETTINGS, allowsPasswordChange: false })
    const played = play(server, peer, host({ password: 'Autumn2025!', refusal: 648 }, 'new'))
    expect(played.packets).toHaveLength(2)
    expect(played.server).toMatchObject({ ok: false, fault: { error: 648, reason: 99 } })
    expect(played.peer).toBeUndefined()
  })
})

describe('a server that does not know the password', () => {
  const peer = msChapV2Peer({ user: 'ada', password: 'Passw0rd!' })

  test('is found out, and told so', () => {
    const anything = (): EapAnswer => ({
      kind: 'logon',
      result: {
        ok: true,
        authenticatorResponse: new Uint8Array(20),
        passwordHashHash: new Uint8Array(16),
      },
    })
    const played = play(SERVER, peer, anything)
    expect(played.packets.slice(2)).toEqual(['Success', 'Failure acknowledged'])
    const fault = { code: 'eap/mutual-authentication-failed' }
    expect(played.peer).toEqual({ ok: false, fault })
    expect(played.server).toEqual({ ok: false, fault })
  })

  test('is found out by any byte of its answer', () => {
    for (let at = 6; at < 46; at++) {
      const played = play(SERVER, peer, host({ password: 'Passw0rd!' }), (data, packet) =>
        packet === 2 ? data.with(at, data[at] === 0x30 ? 0x31 : 0x30) : new Uint8Array(data),
      )
      expect(played.peer).toMatchObject({ fault: { code: 'eap/mutual-authentication-failed' } })
    }
  })
})

test('the peer counts the identifier up after each failure', () => {
  const ids: number[] = []
  const peer = msChapV2Peer({ user: 'ada', password: 'one', furtherPasswords: ['two'] })
  play(SERVER, peer, host({ password: 'two' }), (data) => {
    ids.push(data[1] ?? -1)
    return data
  })
  const [first = 0] = ids
  const next = (first + 1) & 0xff
  expect(ids).toEqual([first, first, first, next, next, -1])
})

test('a failure carries the challenge of the next try and version 3', () => {
  const seen: Uint8Array[] = []
  play(
    SERVER,
    msChapV2Peer({ user: 'ada', password: 'guess' }),
    host({ password: 'x' }),
    (data) => {
      seen.push(data)
      return data
    },
  )
  const request = valueOf(decodeMsChapV2Request(seen[2]!))
  if (request.op !== 'failure') throw new Error(request.op)
  expect(request.failure).toMatchObject({ error: 691, retry: true, version: 3 })
  expect(request.failure.challenge).toHaveLength(16)
  expect(request.failure.message).toBeUndefined()
})
