import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { after, instant, seconds, type Duration } from '../../../src/base/time.ts'
import {
  signRequest,
  verifyMessageAuthenticator,
  verifyResponseAuthenticator,
} from '../../../src/crypto/radius.ts'
import { RequestHistory } from '../../../src/engine/radius/duplicates.ts'
import {
  ACCOUNTING_RESPONSE,
  aliveReply,
  checkRequest,
  receiveRequest,
  respond,
  type RadiusClientRules,
  type RadiusPortKind,
  type RadiusReceived,
} from '../../../src/engine/radius/server.ts'
import { attribute, eapMessage } from '../../../src/wire/radius/attributes.ts'
import {
  decodeRadius,
  encodeRadius,
  RadiusCode,
  type RadiusAttribute,
  type RadiusPacket,
} from '../../../src/wire/radius/packet.ts'
import { RADIUS_VECTORS } from '../../wire/radius/vectors.ts'
import { valueOf } from '../../wire/results.ts'

const SECRET = 'blue-otter'
const FROM = '172.16.20.10:49152'
const BEGAN = instant('2026-03-02T08:00:00Z')
const at = (d: Duration) => after(BEGAN, d)

const request = (code: number, ...attributes: readonly RadiusAttribute[]): RadiusPacket => ({
  code,
  identifier: 7,
  authenticator: fromHex('000102030405060708090a0b0c0d0e0f'),
  attributes,
})
const access = (...attributes: readonly RadiusAttribute[]): RadiusPacket =>
  request(RadiusCode.accessRequest, attribute('User-Name', 'ada'), ...attributes)
const signed = (packet: RadiusPacket, secret = SECRET): Uint8Array =>
  valueOf(signRequest(packet, secret, { messageAuthenticator: true }))
const unsigned = (packet: RadiusPacket, secret = SECRET): Uint8Array =>
  valueOf(signRequest(packet, secret, { messageAuthenticator: false }))
const check = (
  bytes: Uint8Array,
  port: RadiusPortKind = 'authentication',
  rules: Partial<RadiusClientRules> = {},
): RadiusReceived => checkRequest(bytes, port, { secret: SECRET, ...rules })
const causeOf = (received: RadiusReceived) =>
  received.kind === 'discard' ? received.cause : received.kind

const EAP = eapMessage(fromHex('0201000801616461'))
const STATE = attribute('Proxy-State', utf8('41'))
const { accessRequest, accessAccept, accountingRequest, statusServer } = RadiusCode

describe('a request holds', () => {
  test.for([
    ['Access-Request with Message-Authenticator', signed(access(...EAP)), 'authentication'],
    ['Access-Request without it, and without EAP', unsigned(access()), 'authentication'],
    ['Accounting-Request', unsigned(request(accountingRequest)), 'accounting'],
    ['Accounting-Request with both proofs', signed(request(accountingRequest)), 'accounting'],
    ['Status-Server', signed(request(statusServer)), 'authentication'],
    ['Status-Server on an accounting port', signed(request(statusServer)), 'accounting'],
  ] as const)('%s', ([, bytes, port]) => {
    expect(check(bytes, port).kind).toBe('request')
  })
})

describe('a datagram is discarded in silence, with the cause', () => {
  const twice = [EAP[0]!, { type: 80, value: new Uint8Array(16) }, STATE]
  test.for([
    ['bytes that are no packet', fromHex('0107'), 'authentication', { code: 'radius/malformed' }],
    [
      'a response',
      unsigned(request(accessAccept)),
      'authentication',
      { code: 'radius/unexpected-code', got: 2 },
    ],
    [
      'a code that is unknown',
      unsigned(request(40)),
      'accounting',
      { code: 'radius/unexpected-code', got: 40 },
    ],
    [
      'an Access-Request on an accounting port',
      signed(access()),
      'accounting',
      { code: 'radius/wrong-port', got: accessRequest, port: 'accounting' },
    ],
    [
      'an Accounting-Request on an authentication port',
      unsigned(request(accountingRequest)),
      'authentication',
      { code: 'radius/wrong-port', got: accountingRequest, port: 'authentication' },
    ],
    [
      'EAP without Message-Authenticator (RFC 3579 §3.2)',
      unsigned(access(...EAP)),
      'authentication',
      { code: 'radius/message-authenticator-missing', because: 'eap' },
    ],
    [
      'Status-Server without it (RFC 5997 §3)',
      unsigned(request(statusServer)),
      'authentication',
      { code: 'radius/message-authenticator-missing', because: 'status-server' },
    ],
    [
      'one that is signed with another secret',
      signed(access(), 'Blue-Otter'),
      'authentication',
      { code: 'radius/message-authenticator-wrong' },
    ],
    [
      'two Message-Authenticators',
      encodeRadius(access(...twice, ...twice)),
      'authentication',
      { code: 'radius/message-authenticator-repeated' },
    ],
    [
      "an Accounting-Request with another secret's authenticator",
      unsigned(request(accountingRequest), 'Blue-Otter'),
      'accounting',
      { code: 'radius/accounting-authenticator-wrong' },
    ],
  ] as const)('%s', ([, bytes, port, cause]) => {
    expect(causeOf(check(bytes, port))).toMatchObject(cause)
  })

  test('the two switches of KB5040268: what each drops, and what it lets pass', () => {
    const requires = { requiresMessageAuthenticator: true }
    const limits = { limitsProxyState: true }
    const outcome = (bytes: Uint8Array, rules: Partial<RadiusClientRules>) =>
      causeOf(check(bytes, 'authentication', rules))
    expect(outcome(unsigned(access()), requires)).toEqual({
      code: 'radius/message-authenticator-missing',
      because: 'client-setting',
    })
    expect(outcome(signed(access()), requires)).toBe('request')
    expect(outcome(unsigned(access(STATE)), {})).toBe('request')
    expect(outcome(unsigned(access(STATE)), limits)).toEqual({
      code: 'radius/proxy-state-without-message-authenticator',
    })
    expect(outcome(signed(access(STATE)), limits)).toBe('request')
    expect(outcome(unsigned(access()), limits)).toBe('request')
    const accounting = unsigned(request(accountingRequest, STATE))
    const both = { ...requires, ...limits }
    expect(causeOf(check(accounting, 'accounting', both))).toBe('request')
  })

  test('no bytes, and no damage to a signed request, raise an exception or pass', () => {
    const good = signed(access(...EAP))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(['discard', 'request']).toContain(check(bytes).kind)
      }),
    )
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (where, change) => {
        const bytes = good.slice()
        bytes[where] = bytes[where]! ^ change
        expect(check(bytes).kind).toBe('discard')
      }),
    )
  })
})

describe('retransmissions (RFC 5080 §2.2.2)', () => {
  const bytes = signed(access())
  const packet = valueOf(decodeRadius(bytes))
  const receive = (history: RequestHistory, what = bytes, from = FROM, when = seconds(0)) =>
    receiveRequest(
      { bytes: what, from, port: 'authentication' },
      { secret: SECRET },
      history,
      at(when),
    )

  test('while the first is worked on they are discarded, and then they get its reply again', () => {
    const history = new RequestHistory()
    expect(receive(history).kind).toBe('request')
    expect(causeOf(receive(history))).toEqual({ code: 'radius/duplicate-in-progress' })
    const reply = valueOf(respond({ code: accessAccept, attributes: [] }, packet, SECRET))
    expect(history.answer(FROM, packet, reply, at(seconds(1)))).toBe(true)
    expect(receive(history, bytes, FROM, seconds(30))).toEqual({
      kind: 'resend',
      bytes: reply,
      packet,
    })
  })

  test('from another address or port, or with another authenticator, it is another request', () => {
    const history = new RequestHistory()
    receive(history)
    expect(receive(history, bytes, '172.16.20.10:49153').kind).toBe('request')
    const other = { ...access(), authenticator: new Uint8Array(16) }
    expect(receive(history, signed(other)).kind).toBe('request')
    const late = new Uint8Array(20)
    expect(history.answer(FROM, packet, late, at(seconds(1)))).toBe(false)
    expect(history.size).toBe(2)
  })

  test('after the window, or once the request is given up, it is new', () => {
    const history = new RequestHistory({ window: seconds(10), entriesMax: 8 })
    receive(history)
    expect(receive(history, bytes, FROM, seconds(10)).kind).toBe('request')
    history.forget(FROM, packet, at(seconds(11)))
    expect(receive(history, bytes, FROM, seconds(11)).kind).toBe('request')
  })

  test('a flood pushes the oldest out and grows nothing', () => {
    const history = new RequestHistory({ window: seconds(10), entriesMax: 100 })
    for (let port = 0; port < 1000; port++) receive(history, bytes, `172.16.20.10:${port}`)
    expect(history.size).toBe(100)
    expect(receive(history, bytes, '172.16.20.10:999').kind).toBe('discard')
    expect(receive(history, bytes, '172.16.20.10:0').kind).toBe('request')
  })

  test('what has ended leaves with the next request, however little room is needed', () => {
    const history = new RequestHistory({ window: seconds(10), entriesMax: 100 })
    for (let port = 0; port < 50; port++) receive(history, bytes, `172.16.20.10:${port}`)
    receive(history, bytes, FROM, seconds(60))
    expect(history.size).toBe(1)
  })

  test('what is discarded is not remembered, and neither is Status-Server', () => {
    const history = new RequestHistory()
    receive(history, signed(access(), 'other'))
    receive(history, signed(request(statusServer)))
    receive(history, signed(request(statusServer)))
    expect(history.size).toBe(0)
  })
})

describe('replies', () => {
  const asked = valueOf(decodeRadius(signed(access(STATE, attribute('Proxy-State', utf8('42'))))))
  const replyOf = (...rest: Parameters<typeof respond>): RadiusPacket =>
    valueOf(decodeRadius(valueOf(respond(...rest))))

  test('bear both proofs, Message-Authenticator first, and each Proxy-State in its order', () => {
    const attributes = [attribute('Reply-Message', 'hello')]
    const reply = replyOf({ code: accessAccept, attributes }, asked, SECRET)
    expect(reply.attributes.map((a) => a.type)).toEqual([80, 18, 33, 33])
    expect(reply.attributes.slice(2).map((a) => toHex(a.value))).toEqual(['3431', '3432'])
    expect(reply.identifier).toBe(7)
    const { authenticator } = asked
    expect(verifyResponseAuthenticator(reply, authenticator, SECRET)).toBe('valid')
    expect(verifyMessageAuthenticator(reply, SECRET, authenticator)).toBe('valid')
  })

  test('of a server that does not sign all have it where there is EAP', () => {
    const types = (attributes: readonly RadiusAttribute[]) =>
      replyOf({ code: RadiusCode.accessChallenge, attributes }, request(1), SECRET, {
        signsAll: false,
      }).attributes.map((a) => a.type)
    expect(types([])).toEqual([])
    expect(types(EAP)).toEqual([80, 79])
  })

  test('to Status-Server: the codes that RFC 5997 §6.1 and (with its erratum) §6.2 have', () => {
    const [, , ...more] = RADIUS_VECTORS.filter((v) => v.rfc === '5997')
    const [first] = RADIUS_VECTORS.filter((v) => v.rfc === '5997' && v.kind === 'response')
    const query = valueOf(decodeRadius(fromHex(first!.request_hex!)))
    const reply = respond(aliveReply('authentication'), query, first!.secret, { signsAll: false })
    expect(toHex(valueOf(reply))).toBe(first!.hex)
    const second = more.find((v) => v.kind === 'response')!
    const accounting = valueOf(decodeRadius(fromHex(second.request_hex!)))
    const answer = respond(aliveReply('accounting'), accounting, second.secret)
    expect(toHex(valueOf(answer))).toBe(`05${second.hex.slice(2)}`)
  })

  test('an Accounting-Response has nothing in it but what its request makes it have', () => {
    const accounting = valueOf(decodeRadius(unsigned(request(accountingRequest, STATE))))
    const reply = replyOf(ACCOUNTING_RESPONSE, accounting, SECRET)
    expect(reply.attributes.map((a) => a.type)).toEqual([33])
    expect(verifyResponseAuthenticator(reply, accounting.authenticator, SECRET)).toBe('valid')
  })

  test("a peer's Proxy-States may leave no room, which is said", () => {
    const full = Array.from({ length: 15 }, () => ({ type: 33, value: new Uint8Array(253) }))
    const attributes = [{ type: 25, value: new Uint8Array(240) }]
    expect(respond({ code: accessAccept, attributes }, access(...full), SECRET)).toMatchObject({
      ok: false,
      error: { code: 'radius/too-long', most: 4096 },
    })
  })
})
