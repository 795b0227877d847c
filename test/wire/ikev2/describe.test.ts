import { expect, test } from 'vitest'
import { fromHex } from '../../../src/base/bytes.ts'
import { describeIke } from '../../../src/wire/ikev2/describe.ts'
import { encodeIke, IkeExchange, IkeFlag } from '../../../src/wire/ikev2/header.ts'
import { NotifyType } from '../../../src/wire/ikev2/notify-types.ts'
import { encodePayloads } from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import { vendorId } from '../../../src/wire/ikev2/vendor-ids.ts'

const NOTHING = new Uint8Array()
const nonce: IkePayload = { kind: 'nonce', data: new Uint8Array(16) }
const vendor: IkePayload = { kind: 'vendor-id', data: vendorId('strongSwan') }
const notify = (type: number): IkePayload => ({
  kind: 'notify',
  protocol: 0,
  spi: NOTHING,
  type,
  data: NOTHING,
})

const message = (
  exchange: number,
  payloads: readonly IkePayload[],
  {
    flags = IkeFlag.initiator,
    messageId = 0,
  }: { readonly flags?: number; readonly messageId?: number } = {},
): Uint8Array => {
  const { first, bytes } = encodePayloads(payloads)
  return encodeIke({
    initiatorSpi: new Uint8Array(8),
    responderSpi: new Uint8Array(8),
    nextPayload: first,
    exchange,
    flags,
    messageId,
    payloads: bytes,
  })
}
const answer = { flags: IkeFlag.response, messageId: 3 }
const { saInit, auth, createChildSa, informational } = IkeExchange

test.for([
  [
    'what is in the clear has names, and a number where several are alike in a row',
    message(saInit, [nonce, notify(NotifyType.COOKIE), vendor, vendor, vendor, nonce]),
    'IKE IKE_SA_INIT request: Ni N(COOKIE) V×3 Ni',
  ],
  [
    'a nonce is the answerer’s in a response',
    message(createChildSa, [nonce], answer),
    'IKE CREATE_CHILD_SA response #3: Nr',
  ],
  [
    'an error',
    message(saInit, [notify(NotifyType.NO_PROPOSAL_CHOSEN)], { flags: IkeFlag.response }),
    'IKE IKE_SA_INIT response: N(NO_PROPOSAL_CHOSEN)',
  ],
  [
    'what is encrypted is only that',
    message(auth, [{ kind: 'encrypted', first: 35, body: NOTHING }], { messageId: 1 }),
    'IKE IKE_AUTH request #1: SK',
  ],
  [
    'a fragment is counted',
    message(auth, [{ kind: 'fragment', first: 0, number: 2, total: 3, body: NOTHING }], {
      messageId: 1,
    }),
    'IKE IKE_AUTH request #1: SK (fragment 2 of 3)',
  ],
  [
    'identities, selectors, deletions, configuration and what nobody knows',
    message(informational, [
      { kind: 'id', role: 'responder', type: 1, data: NOTHING },
      { kind: 'ts', role: 'initiator', selectors: [] },
      { kind: 'delete', protocol: 3, spis: [] },
      { kind: 'configuration', type: 1, attributes: [] },
      { kind: 'unknown', type: 77, critical: false, data: NOTHING },
      notify(40_960),
    ]),
    'IKE INFORMATIONAL request: IDr TSi D(ESP) CP(CFG_REQUEST) payload 77 N(notify 40960)',
  ],
  ['nothing', message(informational, [], answer), 'IKE INFORMATIONAL response #3'],
  [
    'more payloads than a line holds',
    message(
      informational,
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? nonce : vendor)),
    ),
    `IKE INFORMATIONAL request:${' Ni V'.repeat(12)} and 16 more`,
  ],
  [
    'a payload that ends too early',
    message(saInit, [vendor]).subarray(0, 40),
    'IKE IKE_SA_INIT, ike: truncated at Length, byte 28 (RFC 7296 §3.1)',
  ],
  [
    'payloads that are malformed',
    message(saInit, [vendor]).map((byte, at) => (at === 31 ? 3 : byte)),
    'IKE IKE_SA_INIT request, ike payloads: bad-value at Payload Length, byte 4 (RFC 7296 §3.2)',
  ],
] as const)('%s', ([, bytes, line]) => {
  expect(describeIke(bytes)).toBe(line)
})

test('bytes of another version, or of none, are not described', () => {
  const header = message(saInit, [])
  header[17] = 0x30
  expect(describeIke(header)).toBeUndefined()
  header[17] = 0x10
  expect(describeIke(header)).toBe('IKEv1 exchange 34')
  expect(describeIke(fromHex('01'))).toBeUndefined()
})
