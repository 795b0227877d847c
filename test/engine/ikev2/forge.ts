/** Messages that a peer with the right keys makes, and would not if it kept to the RFC. */
import type { Rng } from '../../../src/base/rng.ts'
import { openMessage, sealMessage, type Chain } from '../../../src/engine/ikev2/protect.ts'
import type { IkeSa } from '../../../src/engine/ikev2/state.ts'
import { decodeIke, IkeFlag, type IkeMessage } from '../../../src/wire/ikev2/header.ts'
import { decodePayloads } from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import { valueOf } from '../../wire/results.ts'
import type { Side } from './pair.ts'

export interface Forged {
  readonly exchange: number
  readonly messageId: number
  readonly isResponse: boolean
  readonly chain: Chain
}

/** As `side` would send it. */
export function forge({ state }: Side, { chain, ...rest }: Forged, rng: Rng): Uint8Array {
  const { sa } = state
  const flags =
    (sa.role === 'initiator' ? IkeFlag.initiator : 0) | (rest.isResponse ? IkeFlag.response : 0)
  const { exchange, messageId } = rest
  const head = { initiatorSpi: sa.spiI, responderSpi: sa.spiR, exchange, messageId, flags }
  return sealMessage(sa, head, chain, rng, undefined)[0]!
}

/** What is inside of what `side` sent. Undefined: it is not protected by the keys that the side has now. */
function inside(
  { state: { sa } }: Side,
  bytes: Uint8Array,
): { readonly message: IkeMessage; readonly chain: Chain } | undefined {
  if (sa.protection === undefined) return undefined
  const message = valueOf(decodeIke(bytes))
  const last = valueOf(decodePayloads(message.nextPayload, message.payloads)).at(-1)
  if (last?.kind !== 'encrypted') return undefined
  // Read as the other side would: what goes out here comes in there.
  const { protection } = sa
  const reader: IkeSa = { ...sa, protection: { ...protection, inbound: protection.outbound } }
  const opened = openMessage(reader, message, bytes, last, false)
  return opened.kind === 'whole' ? { message, chain: opened.chain } : undefined
}

/** Of a protected message of `side`, whole. */
export function payloadsOf(side: Side, bytes: Uint8Array): readonly IkePayload[] {
  const { first, bytes: plain } = inside(side, bytes)?.chain ?? NOTHING
  return valueOf(decodePayloads(first, plain))
}
const NOTHING: Chain = { first: 0, bytes: new Uint8Array() }

/** What `side` sent, with another plaintext under the same keys. Undefined: it is not protected by those that the side has now. */
export function reseal(
  side: Side,
  bytes: Uint8Array,
  change: (chain: Chain) => Chain,
  rng: Rng,
): Uint8Array | undefined {
  const read = inside(side, bytes)
  if (read === undefined) return undefined
  const { exchange, messageId, flags } = read.message
  const isResponse = (flags & IkeFlag.response) !== 0
  return forge(side, { exchange, messageId, isResponse, chain: change(read.chain) }, rng)
}
