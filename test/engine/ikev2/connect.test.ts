import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import type { EspSuite, IkeSuite } from '../../../src/crypto/ike/transforms.ts'
import type { IkeInput } from '../../../src/engine/ikev2/contract.ts'
import { espTransforms, ikeTransforms } from '../../../src/engine/ikev2/proposals.ts'
import { payloadsOf } from './forge.ts'
import { ECDSA_256, ECDSA_384, GATEWAY, LAPTOP } from './identities.ts'
import {
  CFG_REPLY,
  childOf,
  established,
  IKE_SUITE,
  INNER,
  Pair,
  type PairOptions,
} from './pair.ts'

test('a user signs in by EAP: the messages are those of RFC 7296 §2.16', () => {
  const pair = new Pair().run()
  expect(pair.initiator.messages()).toMatchInlineSnapshot(`
    [
      "> IKE_SA_INIT request 0 {SA KE Ni N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)}",
      "< IKE_SA_INIT answer 0 {SA KE Nr N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)}",
      "> IKE_AUTH request 1 {IDi CP(CFG_REQUEST) SA TSi TSr N(MOBIKE_SUPPORTED)}",
      "< IKE_AUTH answer 1 {IDr CERT CERT AUTH EAP}",
      "> IKE_AUTH request 2 {EAP}",
      "< IKE_AUTH answer 2 {EAP}",
      "> IKE_AUTH request 3 {EAP}",
      "< IKE_AUTH answer 3 {EAP}",
      "> IKE_AUTH request 4 {EAP}",
      "< IKE_AUTH answer 4 {EAP}",
      "> IKE_AUTH request 5 {AUTH}",
      "< IKE_AUTH answer 5 {AUTH CP(CFG_REPLY) SA TSi TSr N(MOBIKE_SUPPORTED)}",
    ]
  `)
  expect(established(pair)).toBe(true)
})

test('the device tunnel signs in by certificate, in two round trips', () => {
  const pair = new Pair(withCertificate()).run()
  expect(pair.initiator.messages()).toMatchInlineSnapshot(`
    [
      "> IKE_SA_INIT request 0 {SA KE Ni N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)}",
      "< IKE_SA_INIT answer 0 {SA KE Nr N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)}",
      "> IKE_AUTH request 1 {IDi CERT CERT AUTH CP(CFG_REQUEST) SA TSi TSr N(MOBIKE_SUPPORTED)}",
      "< IKE_AUTH answer 1 {IDr CERT CERT AUTH CP(CFG_REPLY) SA TSi TSr N(MOBIKE_SUPPORTED)}",
    ]
  `)
  expect(childOf(pair).replaces).toBeUndefined()
  expect(pair.responder.report('ike/authenticated')).toMatchObject({
    how: 'certificate',
    peer: LAPTOP.identity,
  })
})

test('each side knows its selectors, the addresses and what it was given', () => {
  const pair = new Pair().run()
  const child = childOf(pair)
  const [granted] = pair.responder.children.values()
  expect(child.configuration).toEqual(CFG_REPLY)
  expect(child.localSelectors).toMatchObject([{ kind: 'ipv4', start: INNER, end: INNER }])
  expect(child.remoteSelectors).toMatchObject([{ kind: 'ipv4', start: 0, end: 0xffffffff }])
  expect(granted!.remoteSelectors).toEqual(child.localSelectors)
  expect(granted!.localSelectors).toEqual(child.remoteSelectors)
  expect(child.endpoints.local.port).toBe(4500)
  expect(granted!.endpoints).toEqual({
    local: child.endpoints.remote,
    remote: child.endpoints.local,
  })
  expect(child.encapsulates).toBe(false)
})

function withCertificate(rest: PairOptions = {}): PairOptions {
  const authentication = { kind: 'certificate', certificate: LAPTOP } as const
  return { ...rest, initiator: { authentication, ...rest.initiator } }
}

const aes = (keyBits: number) => ({ id: 12, keyBits })
const gcm = (keyBits: number) => ({ id: 20, keyBits })

test.for<[string, IkeSuite, EspSuite]>([
  [
    '3DES SHA-1 group 2',
    { encryption: { id: 3 }, integrity: 2, prf: 2, group: 2 },
    { encryption: { id: 3 }, integrity: 2 },
  ],
  [
    'DES MD5 group 1',
    { encryption: { id: 2 }, integrity: 1, prf: 1, group: 1 },
    { encryption: { id: 2 }, integrity: 1 },
  ],
  [
    'AES-128 SHA-256 group 14',
    { encryption: aes(128), integrity: 12, prf: 5, group: 14 },
    { encryption: aes(128), integrity: 12 },
  ],
  [
    'AES-192 SHA-384 group 24',
    { encryption: aes(192), integrity: 13, prf: 6, group: 24 },
    { encryption: aes(192), integrity: 2 },
  ],
  [
    'AES-256 SHA-512 ECP-384',
    { encryption: aes(256), integrity: 14, prf: 7, group: 20 },
    { encryption: aes(256), integrity: 13 },
  ],
  ['AES-GCM-128 ECP-256', { encryption: gcm(128), prf: 5, group: 19 }, { encryption: gcm(128) }],
  [
    'AES-GCM-256 Curve25519, ESN',
    { encryption: gcm(256), prf: 6, group: 31 },
    { encryption: gcm(256), esn: true },
  ],
  ['ESP with NULL', IKE_SUITE, { encryption: { id: 11 }, integrity: 2 }],
])('%s', ([, ike, esp]) => {
  const pair = new Pair({
    initiator: { ikeProposals: [ikeTransforms(ike)], espProposals: [espTransforms(esp)] },
    responder: { ikeSuites: [ike], espSuites: [esp] },
  }).run()
  expect(established(pair)).toBe(true)
  expect(childOf(pair).suite).toEqual(esp)
  expect(pair.initiator.report('ike/agreed')?.suite).toEqual(ike)
  expect(pair.initiator.secrets.map(toText).toSorted()).toEqual(
    pair.responder.secrets.map(toText).toSorted(),
  )
})

/** Secrets without who holds them. */
const toText = (secrets: object): string =>
  JSON.stringify(secrets, (_, value: unknown) =>
    value instanceof Uint8Array ? toHex(value) : value,
  )

test.for([
  ['RSA in SHA-1, as before RFC 7427', GATEWAY, [], 1],
  ['RSA by RFC 7427', GATEWAY, [2, 3], 14],
  ['ECDSA P-256', ECDSA_256, [], 9],
  ['ECDSA P-384', ECDSA_384, [], 10],
  ['ECDSA by RFC 7427', ECDSA_256, [2, 3, 4], 14],
] as const)('the gateway and the laptop sign: %s', ([, certificate, signatureHashes, method]) => {
  const pair = new Pair(
    withCertificate({
      initiator: { signatureHashes, authentication: { kind: 'certificate', certificate } },
      responder: { signatureHashes, certificate },
    }),
  ).run()
  expect(established(pair)).toBe(true)
  for (const side of [pair.initiator, pair.responder]) {
    const payloads = payloadsOf(side, side.sent[1]!.bytes)
    expect(payloads.find(({ kind }) => kind === 'auth')).toMatchObject({ method })
  }
})

describe('the responder chooses', () => {
  const other: IkeSuite = { ...IKE_SUITE, encryption: aes(128) }
  test('by its own order, not that of the offers', () => {
    const pair = new Pair({
      initiator: { ikeProposals: [ikeTransforms(IKE_SUITE), ikeTransforms(other)] },
      responder: { ikeSuites: [other, IKE_SUITE] },
    }).run()
    expect(pair.initiator.report('ike/agreed')?.suite).toEqual(other)
  })

  test('from one proposal of many transforms', () => {
    const many = [...ikeTransforms(IKE_SUITE), ...ikeTransforms({ ...other, group: 14, prf: 2 })]
    const pair = new Pair({ initiator: { ikeProposals: [many] } }).run()
    expect(pair.initiator.report('ike/agreed')?.suite).toEqual(IKE_SUITE)
  })

  test('another group: asked once more with that, if it was offered', () => {
    const wanted = { ...IKE_SUITE, group: 14 }
    const offers = [ikeTransforms({ ...IKE_SUITE, group: 2 }), ikeTransforms(wanted)]
    const pair = new Pair({
      initiator: { ikeProposals: offers },
      responder: { ikeSuites: [wanted] },
    }).run()
    expect(pair.initiator.report('ike/invalid-ke')).toMatchObject({
      sent: 2,
      wanted: 14,
      retries: true,
    })
    expect(established(pair)).toBe(true)
    expect(pair.responders.map(({ over }) => over)).toEqual(['invalid-ke-payload', undefined])
  })
})

describe('refused in IKE_SA_INIT', () => {
  test('no proposal: both say what was offered, the responder what it would have taken', () => {
    const offered: IkeSuite = { ...IKE_SUITE, encryption: { id: 3 }, group: 2 }
    const pair = new Pair({ initiator: { ikeProposals: [ikeTransforms(offered)] } }).run()
    const text = 'ENCR_3DES/PRF_HMAC_SHA2_256/AUTH_HMAC_SHA2_256_128/MODP_1024'
    expect(pair.responder.report('ike/no-proposal-chosen')).toMatchObject({
      by: 'own',
      protocol: 'IKE',
      offered: [text],
      accepted: ['ENCR_AES_CBC_256/PRF_HMAC_SHA2_256/AUTH_HMAC_SHA2_256_128/ECP_256'],
    })
    expect(pair.initiator.report('ike/no-proposal-chosen')).toMatchObject({
      by: 'peer',
      offered: [text],
    })
    expect([pair.initiator.over, pair.responder.over]).toEqual([
      'no-proposal-chosen',
      'no-proposal-chosen',
    ])
    expect(pair.responder.routes.size + pair.responder.timers.size).toBe(0)
  })

  test('nobody answers: sent 1, 2, 4, 8 and 16 s apart, given up after 31 s', () => {
    const pair = new Pair({ network: () => [] }).run(seconds(60))
    expect(pair.initiator.sent.length).toBe(5)
    expect(pair.initiator.report('ike/timed-out')).toMatchObject({
      exchange: 'IKE_SA_INIT',
      times: 5,
      waited: seconds(31),
    })
    expect(pair.initiator.over).toBe('timed-out')
  })

  test('cookies: nothing is remembered of who has not brought one', () => {
    const pair = new Pair({ door: { cookiesFrom: 0 } }).run()
    expect(pair.initiator.kinds().slice(0, 2)).toEqual(['ike/cookie-demanded', 'ike/agreed'])
    expect(pair.responders.length).toBe(1)
    expect(established(pair)).toBe(true)
  })

  test('port 4500 is closed: it is IKE_AUTH that is not answered', () => {
    const network: PairOptions['network'] = ({ marker }) => (marker ? [] : [{}])
    const pair = new Pair({ network }).run(seconds(120))
    expect(pair.initiator.report('ike/timed-out')).toMatchObject({ exchange: 'IKE_AUTH', times: 5 })
    expect(pair.responder.over).toBe('not-established')
  })
})

describe('refused in IKE_AUTH', () => {
  const judge = (): IkeInput => ({ kind: 'judged', accepted: false, failure: 'untrusted root' })
  const sides = (pair: Pair) => [pair.initiator.over, pair.responder.over]

  test('the client does not trust the gateway: it says so, and the gateway ends', () => {
    const pair = new Pair({ initiatorManners: { judge } }).run(seconds(60))
    expect(pair.initiator.report('ike/authentication-failed')).toMatchObject({
      by: 'own',
      fault: { code: 'certificate-refused', failure: 'untrusted root' },
    })
    expect(pair.responder.report('ike/authentication-failed')).toMatchObject({ by: 'peer' })
    expect(sides(pair)).toEqual(['authentication-failed', 'authentication-failed'])
  })

  test('the gateway does not trust the laptop: AUTHENTICATION_FAILED, before it has shown itself', () => {
    const pair = new Pair(withCertificate({ responderManners: { judge } })).run(seconds(60))
    expect(pair.initiator.report('ike/authentication-failed')).toEqual({
      kind: 'ike/authentication-failed',
      by: 'peer',
    })
    expect(sides(pair)).toEqual(['authentication-failed', 'authentication-failed'])
  })

  test.for([
    ['eap', {}, { eap: false, certificate: true }, 'method-not-accepted'],
    ['certificate', withCertificate(), { eap: true, certificate: false }, 'method-not-accepted'],
  ] as const)('%s is not accepted', ([got, options, accepts, code]) => {
    const pair = new Pair({ ...options, responder: { accepts } }).run(seconds(60))
    expect(pair.responder.report('ike/authentication-failed')).toMatchObject({
      fault: { code, got },
    })
    expect(pair.initiator.over).toBe('authentication-failed')
  })

  test('the gateway has no certificate', () => {
    const { certificate: _, ...rest } = {
      certificate: undefined,
      accepts: { eap: true, certificate: true },
    }
    const pair = new Pair({ responder: { ...rest, certificate: undefined as never } }).run(
      seconds(60),
    )
    expect(pair.responder.over).toBe('no-certificate')
    expect(pair.initiator.report('ike/authentication-failed')).toMatchObject({ by: 'peer' })
  })

  test('the client has no certificate that the gateway would take: nothing is sent', () => {
    const asked: unknown[] = []
    const authorities = new Uint8Array(40).fill(7)
    const pair = new Pair({
      initiator: { authentication: { kind: 'certificate' } },
      responder: { authorities },
      initiatorManners: {
        certificate(named) {
          asked.push(named)
          return { kind: 'certificate' }
        },
      },
    }).run()
    expect(asked).toEqual([[authorities.slice(0, 20), authorities.slice(20)]])
    expect(pair.initiator.over).toBe('no-certificate')
    expect(pair.initiator.sent.length).toBe(1)
  })

  test('the two have other MSKs', () => {
    const eap = (packet: Uint8Array | undefined): IkeInput =>
      packet?.[0] === 3
        ? { kind: 'eap-success', msk: new Uint8Array(64) }
        : { kind: 'eap', packet: Uint8Array.of(2, packet![1]!, 0, 6, 1, 0x61) }
    const pair = new Pair({ initiatorManners: { eap } }).run(seconds(60))
    expect(pair.responder.report('ike/authentication-failed')).toMatchObject({
      fault: { code: 'bad-auth', method: 2 },
    })
    expect(sides(pair)).toEqual(['authentication-failed', 'authentication-failed'])
  })

  test('EAP ends badly', () => {
    const eap = (packet: Uint8Array | undefined): IkeInput =>
      packet === undefined
        ? { kind: 'eap', packet: Uint8Array.of(1, 1, 0, 5, 1) }
        : { kind: 'eap-failure', packet: Uint8Array.of(4, 1, 0, 4), why: 'reason 16' }
    const pair = new Pair({ responderManners: { eap } }).run(seconds(60))
    expect(pair.responder.report('ike/over')).toMatchObject({
      why: 'eap-failed',
      detail: 'reason 16',
    })
    expect(sides(pair)).toEqual(['eap-failed', 'eap-failed'])
  })

  test('AUTH of the gateway is changed by its key: another certificate is shown than signs', () => {
    const certificate = { ...GATEWAY, key: LAPTOP.key }
    const pair = new Pair({ responder: { certificate } }).run(seconds(60))
    expect(pair.initiator.report('ike/authentication-failed')).toMatchObject({
      fault: { code: 'bad-auth', method: 1 },
    })
  })

  test('the gateway is not who was asked for', () => {
    const wantedResponder = { type: 2, data: utf8('vpn2.contoso.com') }
    const pair = new Pair({ initiator: { wantedResponder } }).run(seconds(60))
    expect(pair.initiator.report('ike/authentication-failed')).toMatchObject({
      fault: { code: 'other-identity' },
      peer: GATEWAY.identity,
    })
  })
})

describe('the child is refused, the IKE SA stands', () => {
  test.for<[string, PairOptions, string]>([
    [
      'ESP proposals',
      { responder: { espSuites: [{ encryption: gcm(256) }] } },
      'NO_PROPOSAL_CHOSEN',
    ],
    [
      'no address',
      { responderManners: { address: () => ({ kind: 'address' }) } },
      'INTERNAL_ADDRESS_FAILURE',
    ],
    ['selectors', { responder: { localSelectors: [] } }, 'TS_UNACCEPTABLE'],
  ])('%s', ([, options, notify]) => {
    const pair = new Pair(options).run()
    expect(pair.responder.report('ike/child-refused')).toMatchObject({ by: 'own', notify })
    expect(pair.initiator.report('ike/child-refused')).toMatchObject({ by: 'peer', notify })
    expect(pair.initiator.report('ike/established')).toMatchObject({ hasChild: false })
    expect(established(pair)).toBe(true)
    expect(pair.initiator.children.size + pair.responder.children.size).toBe(0)
  })
})

test('the same seed gives the same bytes, another other ones', () => {
  const bytes = (seed: string): readonly string[] => new Pair({ seed }).run().wire
  expect(bytes('one')).toEqual(bytes('one'))
  expect(bytes('one')).not.toEqual(bytes('two'))
})
