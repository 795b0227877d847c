/**
 * The Encrypted payload around a message (RFC 7296 §3.14), and the fragments that it may come in (RFC 7383): sealed, opened, put together with bounds.
 * Not the ciphers: `crypto/ike`; and not whose turn it is.
 */
import { concat, setU16, setU32 } from '../../base/bytes.ts'
import type { Rng } from '../../base/rng.ts'
import { IKE_HEADER_BYTES, newIkeMessage, type IkeMessage } from '../../wire/ikev2/header.ts'
import { IkePayloadType } from '../../wire/ikev2/numbers.ts'
import type { EncryptedPayload, FragmentPayload } from '../../wire/ikev2/payloads.ts'
import type { Datagrams, IkeSa, Protection, Reassembly } from './state.ts'

/** OWN: of one message; and of all its fragments together. */
const FRAGMENTS_MAX = 64
const REASSEMBLED_BYTES_MAX = 0xffff
const GENERIC_HEADER_BYTES = 4
const FRAGMENT_HEADER_BYTES = 4
/** IPv4 and UDP headers, and the non-ESP marker. */
const AROUND_BYTES = 20 + 8 + 4
/** OWN: smaller fragments would be more header than message. */
const FRAGMENT_PLAINTEXT_MIN = 64

/** Between generic header and IV of a message that is whole. */
const NO_EXTRA = new Uint8Array()

/** The header of a message, but for what comes first in it. */
export type Head = Omit<IkeMessage, 'nextPayload' | 'payloads'>

/** Of the end of a message: at least its ICV, so no other message of this SA has the same. */
const TAIL_BYTES = 16

/** Payloads as one chain, and the type of the first. */
export interface Chain {
  readonly first: number
  readonly bytes: Uint8Array
}

/** The datagrams of a protected message. `packet`: the most bytes of an IP packet where fragments may be made; absent: one, however large. */
export function sealMessage(
  sa: IkeSa,
  head: Head,
  chain: Chain,
  rng: Rng,
  packet: number | undefined,
): Datagrams {
  const protection = sa.protection!
  const one =
    IKE_HEADER_BYTES + GENERIC_HEADER_BYTES + protection.outbound.sealedLength(chain.bytes.length)
  if (packet === undefined || one + AROUND_BYTES <= packet) {
    return [sealOne(sa, head, { ...chain, type: IkePayloadType.SK, extra: NO_EXTRA }, rng)]
  }
  const size = fragmentPlaintext(protection, packet)
  const total = Math.ceil(chain.bytes.length / size)
  return Array.from({ length: total }, (_, at) => {
    const extra = new Uint8Array(FRAGMENT_HEADER_BYTES)
    setU16(extra, 0, at + 1)
    setU16(extra, 2, total)
    const bytes = chain.bytes.subarray(at * size, (at + 1) * size)
    // RFC 7383 §2.5: only the first fragment names the first payload.
    const first = at === 0 ? chain.first : IkePayloadType.none
    return sealOne(sa, head, { first, bytes, type: IkePayloadType.SKF, extra }, rng)
  })
}

/** The most plaintext of one fragment. */
function fragmentPlaintext({ outbound }: Protection, packet: number): number {
  const { ivBytes, icvBytes, blockBytes } = outbound
  const headers = AROUND_BYTES + IKE_HEADER_BYTES + GENERIC_HEADER_BYTES + FRAGMENT_HEADER_BYTES
  const room = packet - headers - ivBytes - icvBytes
  return Math.max(FRAGMENT_PLAINTEXT_MIN, Math.floor(room / blockBytes) * blockBytes - 1)
}

function sealOne(
  sa: IkeSa,
  head: Head,
  inner: Chain & { readonly type: number; readonly extra: Uint8Array },
  rng: Rng,
): Uint8Array {
  const { outbound, suite } = sa.protection!
  const { type, first, extra, bytes } = inner
  const length = GENERIC_HEADER_BYTES + extra.length + outbound.sealedLength(bytes.length)
  const message = newIkeMessage(head, type, length)
  message[IKE_HEADER_BYTES] = first
  setU16(message, IKE_HEADER_BYTES + 2, length)
  message.set(extra, IKE_HEADER_BYTES + GENERIC_HEADER_BYTES)
  const at = IKE_HEADER_BYTES + GENERIC_HEADER_BYTES + extra.length
  const isAead = (suite.integrity ?? 0) === 0
  const iv = isAead ? countingIv(sa, outbound.ivBytes) : rng.bytes(outbound.ivBytes)
  message.set(outbound.seal(message.subarray(0, at), bytes, iv), at)
  return message
}

/** An AEAD's must not come twice under one key (RFC 5282 §3.1): a counter. */
function countingIv(sa: IkeSa, length: number): Uint8Array {
  const iv = new Uint8Array(length)
  setU32(iv, length - 4, ++sa.sealed)
  return iv
}

/** What became of a protected message that came. */
export type Opened =
  | {
      readonly kind: 'whole'
      readonly chain: Chain
      readonly fragments: number
      /** The end of the datagram, of the first one of several: by it a repetition is known. */
      readonly tail: Uint8Array
    }
  /** More fragments are to come. */
  | { readonly kind: 'part' }
  | { readonly kind: 'bad-integrity' }
  /** A fragment that has come already, or cannot be. */
  | { readonly kind: 'bad-fragment' }

/** `datagram`: the whole message; `payload`: its last payload. Only what is authentic leaves a trace in `sa`. */
export function openMessage(
  sa: IkeSa,
  message: IkeMessage,
  datagram: Uint8Array,
  payload: EncryptedPayload | FragmentPayload,
  isResponse: boolean,
): Opened {
  const { inbound } = sa.protection!
  const header = datagram.subarray(
    0,
    IKE_HEADER_BYTES + message.payloads.length - payload.body.length,
  )
  if (payload.kind === 'encrypted') {
    const bytes = inbound.open(header, payload.body)
    if (bytes === undefined) return { kind: 'bad-integrity' }
    const chain = { first: payload.first, bytes }
    return { kind: 'whole', chain, fragments: 1, tail: datagram.slice(-TAIL_BYTES) }
  }
  const { number, total } = payload
  if (number < 1 || number > total || total > FRAGMENTS_MAX) return { kind: 'bad-fragment' }
  const slot = isResponse ? 'responseParts' : 'requestParts'
  const before = sa[slot]?.messageId === message.messageId ? sa[slot] : undefined
  // RFC 7383 §2.6: the sender has cut it smaller; what was cut larger is of no use any more, and the other way about.
  if (before !== undefined && (total < before.total || before.parts[number - 1] !== undefined)) {
    return { kind: 'bad-fragment' }
  }
  const bytes = inbound.open(header, payload.body)
  if (bytes === undefined) return { kind: 'bad-integrity' }
  const parts = before?.total === total ? before : emptyParts(message.messageId, total)
  sa[slot] = parts
  if (number === 1) {
    parts.first = payload.first
    parts.tail = datagram.slice(-TAIL_BYTES)
  }
  return addPart(sa, slot, parts, number, bytes)
}

const emptyParts = (messageId: number, total: number): Reassembly => ({
  messageId,
  total,
  parts: Array.from({ length: total }, () => undefined),
  first: 0,
  tail: new Uint8Array(),
  have: 0,
  bytes: 0,
})

function addPart(
  sa: IkeSa,
  slot: 'requestParts' | 'responseParts',
  parts: Reassembly,
  number: number,
  part: Uint8Array,
): Opened {
  if (parts.bytes + part.length > REASSEMBLED_BYTES_MAX) {
    sa[slot] = undefined
    return { kind: 'bad-fragment' }
  }
  parts.parts[number - 1] = part
  parts.bytes += part.length
  parts.have++
  if (parts.have < parts.total) return { kind: 'part' }
  sa[slot] = undefined
  const { first, tail, total } = parts
  const bytes = concat(...parts.parts.map((each) => each!))
  return { kind: 'whole', chain: { first, bytes }, fragments: total, tail }
}
