import { expect, test } from 'vitest'
import { rngFrom } from '../../src/base/rng.ts'
import type { Role } from './ikev2/case.ts'
import { drawCases } from './ikev2/cases.ts'
import { charonRefusals, charonSight } from './ikev2/charon-sight.ts'
import { KNOWN, knownReason } from './ikev2/known.ts'
import { drawSecrets } from './ikev2/topology.ts'
import { readSas } from './ikev2/vici-text.ts'

const drawn = (seed: string, role: Role = 'responder') => {
  const rng = rngFrom(seed)
  return drawCases({ role, rng: rng.fork('cases'), secrets: drawSecrets(rng.fork('secrets')) })
}

const SEEDS = ['1', 'two', '3e9']

test.each(SEEDS)('seed %s draws enough cases for either direction, each with its name', (seed) => {
  for (const role of ['responder', 'initiator'] as const) {
    const names = drawn(seed, role).map(({ name }) => name)
    expect(names.length).toBeGreaterThanOrEqual(45)
    expect(new Set(names).size).toBe(names.length)
  }
})

test('one seed draws the same table each time, another seed others', () => {
  expect(JSON.stringify(drawn('1'))).toBe(JSON.stringify(drawn('1')))
  expect(JSON.stringify(drawn('1'))).not.toBe(JSON.stringify(drawn('2')))
})

test('what may differ are at most four cases, and each is one of the table', () => {
  const names = new Set(drawn('1').map(({ name }) => name))
  expect(KNOWN.length).toBeLessThanOrEqual(4)
  expect(KNOWN.filter((name) => !names.has(name))).toEqual([])
  expect(KNOWN.map(knownReason)).not.toContain(undefined)
})

/** As 5.9.8 printed it, on one line. */
const LISTED =
  'list-sa event {tunnel {uniqueid=7 version=2 state=ESTABLISHED local-host=10.1.0.2 local-port=4500 local-id=CN=laptop.corp.contoso.com remote-host=10.1.0.1 remote-port=4500 remote-id=CN=vpn.contoso.com, O=Contoso Ltd initiator=yes initiator-spi=00112233aabbccdd responder-spi=8899aabbccddeeff encr-alg=AES_CBC encr-keysize=256 integ-alg=HMAC_SHA1_96 prf-alg=PRF_HMAC_SHA1 dh-group=MODP_1024 established=1 local-vips=[10.99.0.2] tasks-active=[] child-sas {tunnel-3 {name=tunnel uniqueid=3 reqid=1 state=INSTALLED mode=TUNNEL protocol=ESP encap=yes spi-in=6e098838 spi-out=cd19877d encr-alg=AES_GCM_16 encr-keysize=128 dh-group=ECP_256 bytes-in=0 local-ts=[10.99.0.2/32] remote-ts=[0.0.0.0/0]} tunnel-2 {name=tunnel state=REKEYED spi-in=00000001 spi-out=00000002}}}}\n'

test('what charon lists is read, identities with blanks and equals signs too', () => {
  const [sa, ...others] = readSas(`${LISTED}list-sas reply {}\n`)
  expect(others).toEqual([])
  expect(sa).toMatchObject({
    name: 'tunnel',
    uniqueId: '7',
    remoteId: 'CN=vpn.contoso.com, O=Contoso Ltd',
    suite: 'AES_CBC-256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024',
    localVips: ['10.99.0.2'],
  })
  expect(sa?.children.map(({ state }) => state)).toEqual(['INSTALLED', 'REKEYED'])
  expect(charonSight([sa!], 'responder', ['10.10.0.6'])).toEqual({
    ike: {
      suite: 'AES_CBC-256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024',
      spiI: '00112233aabbccdd',
      spiR: '8899aabbccddeeff',
    },
    children: [
      {
        suite: 'AES_GCM_16-128',
        spiToCharon: '6e098838',
        spiToTwin: 'cd19877d',
        group: 'ECP_256',
      },
    ],
    address: '10.99.0.2',
    dns: ['10.10.0.6'],
    charonAt: '10.1.0.2:4500',
    twinAt: '10.1.0.1:4500',
  })
})

test('what charon refuses, and is refused, is read from its log', () => {
  const log = [
    '03[ENC] parsed IKE_SA_INIT response 0 [ N(NO_PROP) ]',
    '06[ENC] generating INFORMATIONAL request 2 [ N(AUTH_FAILED) ]',
    '06[ENC] parsed IKE_AUTH response 1 [ IDr AUTH N(MOBIKE_SUP) ]',
    '13[ENC] parsed IKE_AUTH response 8 [ EAP/FAIL ]',
  ].join('\n')
  expect(charonRefusals(log)).toEqual([
    { notify: 'NO_PROPOSAL_CHOSEN', from: 'twin', within: 'IKE_SA_INIT response' },
    { notify: 'AUTHENTICATION_FAILED', from: 'charon', within: 'INFORMATIONAL request' },
    { notify: 'EAP-Failure', from: 'twin', within: 'IKE_AUTH response' },
  ])
})
