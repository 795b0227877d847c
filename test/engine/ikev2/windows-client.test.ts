/** A real Windows client of 2015, at the door of a gateway: its first message, as it was captured. Provenance is beside the capture. */
import { expect, test } from 'vitest'
import type { IkeSuite } from '../../../src/crypto/ike/transforms.ts'
import { ikeBytes, readDatagrams } from '../../wire/ikev2/messages.ts'
import { Pair } from './pair.ts'

const captured = readDatagrams('ikev2/windows-client-2015.pcap')
const isMissing = captured === undefined && process.env['SALLYPORT_JUDGES'] !== 'required'
const messages = captured?.flatMap((each) => ikeBytes(each) ?? []) ?? []

const suite = (group: number): IkeSuite => ({
  encryption: { id: 12, keyBits: 256 },
  integrity: 12,
  prf: 5,
  group,
})

/** A gateway that has heard the client's first message. Its own initiator of the pair says nothing. */
function heardBy(ikeSuites: readonly IkeSuite[]): Pair {
  const pair = new Pair({ responder: { ikeSuites }, network: () => [] })
  pair.knock(messages[0]!)
  return pair
}

test.skipIf(isMissing)('by its own order the gateway takes a suite of the twelve', () => {
  const { responder } = heardBy([suite(14), suite(2)])
  expect(responder.report('ike/agreed')?.text).toBe(
    'ENCR_AES_CBC_256/PRF_HMAC_SHA2_256/AUTH_HMAC_SHA2_256_128/MODP_1024',
  )
  expect(responder.messages()).toEqual([
    '< IKE_SA_INIT request 0 {SA KE Ni N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) V V V V}',
    '> IKE_SA_INIT answer 0 {SA KE Nr N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)}',
  ])
  // Neither address is the one that was captured.
  expect(responder.report('ike/nat-detected')?.behind).toEqual(['own', 'peer'])
})

test.skipIf(isMissing)('a gateway with larger groups only has nothing in common with it', () => {
  const { responder } = heardBy([suite(14), suite(20)])
  const refusal = responder.report('ike/no-proposal-chosen')
  expect(refusal).toMatchObject({ by: 'own', protocol: 'IKE' })
  expect(refusal?.offered.length).toBe(12)
  expect(refusal?.offered.every((each) => each.endsWith('/MODP_1024'))).toBe(true)
  expect(responder.messages().at(-1)).toBe('> IKE_SA_INIT answer 0 {N(NO_PROPOSAL_CHOSEN)}')
  expect(responder.over).toBe('no-proposal-chosen')
})

test.skipIf(isMissing)('its IKE_AUTH is for another gateway, whose SPI it names', () => {
  const pair = heardBy([suite(2)])
  const count = pair.responder.outputs.length
  for (const message of messages.slice(2)) pair.knock(message)
  expect(messages.length).toBe(5)
  expect([pair.responders.length, pair.responder.outputs.length]).toEqual([1, count])
})
