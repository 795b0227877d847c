/** IKE of real daemons: each message decodes and encodes to the same bytes. Provenance of the captures is beside them. */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { decodeEsp, kindOfNatT } from '../../../src/wire/esp.ts'
import { decodeIke, encodeIke, type IkeMessage } from '../../../src/wire/ikev2/header.ts'
import { NotifyType } from '../../../src/wire/ikev2/notify-types.ts'
import { exchangeName, transformName } from '../../../src/wire/ikev2/numbers.ts'
import { decodePayloads, encodePayloads } from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import type { IkeProposal } from '../../../src/wire/ikev2/security-association.ts'
import { vendorName } from '../../../src/wire/ikev2/vendor-ids.ts'
import { valueOf } from '../results.ts'
import { ikeBytes, readDatagrams } from './messages.ts'

const WINDOWS = 'ikev2/windows-client-2015.pcap'
const FOUR = 'ikev2/tcpdump-ikev2four.pcap'
const ESP = 'ikev2/tcpdump-espudp1.pcap'
const required = process.env['SALLYPORT_JUDGES'] === 'required'
const isMissing = readDatagrams(WINDOWS) === undefined && !required
if (isMissing) console.log('no IKE of real daemons is decoded: the test data is missing')

interface Captured {
  readonly bytes: Uint8Array
  readonly message: IkeMessage
  readonly payloads: readonly IkePayload[]
}

const messagesOf = (name: string): readonly Captured[] =>
  readDatagrams(name)!.map((datagram) => {
    const bytes = ikeBytes(datagram)!
    const message = valueOf(decodeIke(bytes))
    const payloads = valueOf(decodePayloads(message.nextPayload, message.payloads))
    return { bytes, message, payloads }
  })

const proposalText = ({ transforms }: IkeProposal): string =>
  transforms
    .map(({ type, id, keyLength }) =>
      [transformName(type, id), ...(keyLength === undefined ? [] : [keyLength])].join(' '),
    )
    .join(', ')

describe.skipIf(isMissing)('captures', () => {
  test.for([
    [WINDOWS, 5],
    [FOUR, 21],
  ] as const)('%s: all %i messages come out as they came in', ([name, count]) => {
    const all = messagesOf(name)
    expect(all).toHaveLength(count)
    for (const { bytes, message, payloads } of all) {
      const { first, bytes: chain } = encodePayloads(payloads)
      expect(toHex(encodeIke({ ...message, nextPayload: first, payloads: chain }))).toBe(
        toHex(bytes),
      )
    }
  })

  test('a Windows client of 2015 proposes twelve suites, all with a group of 1024 bits', () => {
    const [request, response, ...auth] = messagesOf(WINDOWS)
    const proposals = request!.payloads.find(({ kind }) => kind === 'sa')
    if (proposals?.kind !== 'sa') throw new Error('no SA')
    expect(proposals.proposals.map(({ number }) => number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ])
    expect(proposals.proposals.map(proposalText).join('\n')).toMatchInlineSnapshot(`
      "ENCR_3DES, AUTH_HMAC_SHA1_96, PRF_HMAC_SHA1, MODP_1024
      ENCR_3DES, AUTH_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, MODP_1024
      ENCR_3DES, AUTH_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, MODP_1024
      ENCR_AES_CBC 128, AUTH_HMAC_SHA1_96, PRF_HMAC_SHA1, MODP_1024
      ENCR_AES_CBC 128, AUTH_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, MODP_1024
      ENCR_AES_CBC 128, AUTH_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, MODP_1024
      ENCR_AES_CBC 192, AUTH_HMAC_SHA1_96, PRF_HMAC_SHA1, MODP_1024
      ENCR_AES_CBC 192, AUTH_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, MODP_1024
      ENCR_AES_CBC 192, AUTH_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, MODP_1024
      ENCR_AES_CBC 256, AUTH_HMAC_SHA1_96, PRF_HMAC_SHA1, MODP_1024
      ENCR_AES_CBC 256, AUTH_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, MODP_1024
      ENCR_AES_CBC 256, AUTH_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, MODP_1024"
    `)
    const chosen = response!.payloads.find(({ kind }) => kind === 'sa')
    expect(chosen).toMatchObject({ proposals: [{ number: 1 }] })
    // The same message, sent three times: its peer never answers.
    expect(auth.map(({ bytes }) => bytes.length)).toEqual([3468, 3468, 3468])
    expect(new Set(auth.map(({ bytes }) => toHex(bytes))).size).toBe(1)
    expect(auth[0]!.payloads).toMatchObject([{ kind: 'encrypted', first: 35 }])
  })

  test('it says who made it, and asks whether there is a NAT', () => {
    const [request] = messagesOf(WINDOWS)
    const vendors = request!.payloads.flatMap((payload) =>
      payload.kind === 'vendor-id' ? [vendorName(payload.data)] : [],
    )
    expect(vendors).toEqual([
      'MS NT5 ISAKMPOAKLEY v9',
      'MS-Negotiation Discovery Capable',
      'Vid-Initial-Contact',
      'Windows KEY_MODS (IKEv2)',
    ])
    const notifications = request!.payloads.flatMap((payload) =>
      payload.kind === 'notify' ? [payload.type] : [],
    )
    expect(notifications).toEqual([
      NotifyType.NAT_DETECTION_SOURCE_IP,
      NotifyType.NAT_DETECTION_DESTINATION_IP,
    ])
  })

  test('an IKE SA, four Child SAs and a rekeying', () => {
    const all = messagesOf(FOUR)
    expect(all.slice(0, 6).map(({ message }) => exchangeName(message.exchange))).toEqual([
      'IKE_SA_INIT',
      'IKE_SA_INIT',
      'IKE_SA_INIT',
      'IKE_SA_INIT',
      'IKE_AUTH',
      'IKE_AUTH',
    ])
    // The responder asks for a cookie first, and the initiator puts it in front (RFC 7296 §2.6).
    const [, refusal, retry] = all
    expect(refusal!.payloads).toMatchObject([{ kind: 'notify', type: NotifyType.COOKIE }])
    expect(retry!.payloads[0]).toEqual(refusal!.payloads[0])
  })

  test('ESP in UDP', () => {
    const packets = readDatagrams(ESP)!.map(({ payload }) => {
      expect(kindOfNatT(payload)).toBe('esp')
      return valueOf(decodeEsp(payload))
    })
    expect(packets.map(({ spi }) => spi)).toEqual(Array<number>(8).fill(0x12345678))
    expect(packets.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })
})
