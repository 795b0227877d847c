/**
 * A dial as it went, in words: who speaks from where, what was offered and taken, who is translated, and each message of the handshake with its frames.
 */
import { fromHex } from '../../base/bytes.ts'
import { between, type Duration, type Instant } from '../../base/time.ts'
import { behindNat } from '../../engine/ikev2/nat-detection.ts'
import { proposalText } from '../../engine/ikev2/proposals.ts'
import { payloadName } from '../../wire/ikev2/describe.ts'
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { exchangeName, payloadTypeName } from '../../wire/ikev2/numbers.ts'
import { vendorName } from '../../wire/ikev2/vendor-ids.ts'
import type { Transmission, View } from './dials.ts'
import { framesOfSent } from './judgement.ts'
import type { SeenIke } from './messages.ts'

/** A message of the handshake, as it stands in the course of a dial. */
export interface CourseLine {
  readonly after: Duration
  readonly frames: readonly number[]
  readonly from: 'client' | 'gateway'
  readonly text: string
}

// ── who, and over what ──

const SYSTEM_TTLS = [64, 128, 255]
const hopsOf = (ttl: number): number => (SYSTEM_TTLS.find((each) => each >= ttl) ?? ttl) - ttl

export function factsOf({ turns }: View): readonly string[] {
  const init = turns.findLast(
    ({ exchange, by }) => exchange === IkeExchange.saInit && by === 'client',
  )
  const asked = init?.requests[0]?.parts[0]
  const answer = init?.responses[0]?.parts[0]
  const first = asked ?? turns[0]?.requests[0]?.parts[0]
  const from = turns.flatMap(({ responses }) => responses)[0]?.parts[0]
  return [
    ...placeOf(first, from),
    ...(asked === undefined ? [] : offerOf(asked)),
    ...(answer === undefined ? [] : choiceOf(answer)),
    ...(answer === undefined ? [] : natOf(answer)),
  ]
}

function placeOf(asked: SeenIke | undefined, answer: SeenIke | undefined): readonly string[] {
  if (asked === undefined) return []
  const away = hopsOf(asked.packet.ttl)
  const there = answer === undefined ? undefined : hopsOf(answer.packet.ttl)
  const near = away === 0 ? 'captured at the client' : `captured ${away} hops behind the client`
  if (there === undefined) return [near]
  const far = there === 0 ? 'at the gateway' : `${there} hops behind the gateway`
  return [
    away > 0 && there === 0 ? `captured ${far}, ${away} hops behind the client` : `${near}, ${far}`,
  ]
}

function offerOf({ payloads }: SeenIke): readonly string[] {
  const vendors = payloads.flatMap((each) =>
    each.kind === 'vendor-id' ? (vendorName(each.data) ?? []) : [],
  )
  const suites = payloads.flatMap((each) => (each.kind === 'sa' ? each.proposals : []))
  const offers = new Set(suites.map(({ transforms }) => proposalText(transforms)))
  return [
    ...(vendors.length === 0 ? [] : [`the client is ${vendors.join(', ')}`]),
    ...(offers.size === 0 ? [] : [`it offers ${offers.size} suites, the first ${[...offers][0]!}`]),
  ]
}

function choiceOf({ payloads }: SeenIke): readonly string[] {
  const [chosen] = payloads.flatMap((each) => (each.kind === 'sa' ? each.proposals : []))
  return chosen === undefined ? [] : [`the gateway takes ${proposalText(chosen.transforms)}`]
}

/** By the hashes of the gateway's answer against the addresses that it was seen with here (RFC 7296 §2.23). */
function natOf({ payloads, spiI, spiR, from, to }: SeenIke): readonly string[] {
  const behind = behindNat(
    payloads,
    { spiI: fromHex(spiI), spiR: fromHex(spiR) },
    { local: to, remote: from },
  )
  if (behind === undefined) return ['no NAT detection: the gateway does not do NAT traversal']
  const who = [behind.own ? 'the client' : '', behind.peer ? 'the gateway' : ''].filter(Boolean)
  return [who.length === 0 ? 'no NAT on the way' : `behind a NAT: ${who.join(' and ')}`]
}

// ── the course ──

/** More is a file, not a page. */
const LINES_MAX = 60

export function courseOf({ turns }: View, began: Instant): readonly CourseLine[] {
  const lines = turns.flatMap((turn) => {
    const other = turn.by === 'client' ? 'gateway' : 'client'
    return [
      ...turn.requests.map((sent, i) => lineOf(sent, turn.by, i > 0)),
      ...turn.responses.map((sent, i) => lineOf(sent, other, i > 0)),
    ]
  })
  return lines
    .toSorted((a, b) => a.at - b.at)
    .slice(0, LINES_MAX)
    .map(({ at, ...line }) => ({ after: between(began, at), ...line }))
}

const lineOf = (sent: Transmission, from: CourseLine['from'], isAgain: boolean) => ({
  at: sent.at,
  frames: framesOfSent(sent),
  from,
  text: isAgain ? `${messageText(sent)}, again` : messageText(sent),
})

function messageText({ parts }: Transmission): string {
  const first = parts[0]!
  const { exchange, isResponse, messageId, length, payloads, fault, inside, fragment, packet } =
    first
  const way = isResponse ? 'response' : 'request'
  const id = messageId === 0 ? '' : ` #${messageId}`
  const names = payloads.map((payload) => payloadName(payload, isResponse))
  const within = inside === undefined || inside === 0 ? '' : ` {${payloadTypeName(inside)} …}`
  const inClear = inside === undefined ? names.join(' ') : `SK${within}`
  const isCut = packet.pieces.length > 1 || packet.gaps.length > 0
  const offsets = packet.pieces.map(({ start }) => start).join(', ')
  const cut = isCut
    ? `, in IP fragments at ${offsets}${packet.gaps.length > 0 ? ', not all of them' : ''}`
    : ''
  const pieces =
    fragment === undefined ? '' : `, ${parts.length} of ${fragment.total} IKE fragments`
  const wrong = fault === undefined ? '' : `, ${fault}`
  const said = inClear === '' ? '' : `: ${inClear}`
  return `${exchangeName(exchange)} ${way}${id}, ${length} B${cut}${pieces}${wrong}${said}`
}
