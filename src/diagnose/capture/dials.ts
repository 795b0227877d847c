/**
 * The IKE SAs of a capture, each as the exchanges that make it up: what was asked, how often, and what came back. A capture may show one dial in several
 * places; each is a view of it, with its own addresses where somebody translates. Not a judgement: `verdict.ts`. RFC 7296 §2.1.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { Instant } from '../../base/time.ts'
import { IkeExchange } from '../../wire/ikev2/header.ts'
import type { Endpoint, SeenIke } from './messages.ts'

/** A message once sent: one packet, or the fragments of RFC 7383. */
export interface Transmission {
  readonly at: Instant
  readonly parts: readonly SeenIke[]
}

export const isWhole = ({ parts }: Transmission): boolean => {
  if (parts.some((part) => !part.isWhole)) return false
  const total = parts[0]?.fragment?.total
  return total === undefined || parts.length >= total
}

/** An exchange: a request, as often as it was sent, and its answer. */
export interface Turn {
  readonly by: 'client' | 'gateway'
  readonly exchange: number
  readonly messageId: number
  /** Of a capture that began late there may be none. */
  readonly requests: readonly Transmission[]
  readonly responses: readonly Transmission[]
}

/** A dial as it was seen at one interface. */
export interface View {
  readonly interface: number
  readonly client: Endpoint
  readonly gateway: Endpoint
  readonly turns: readonly Turn[]
}

export interface Dial {
  readonly spiI: string
  /** In the order in which its first message came there: the client's side first. */
  readonly views: readonly [View, ...View[]]
  readonly began: Instant
}

interface GrowingTransmission extends Transmission {
  readonly parts: SeenIke[]
}

interface GrowingTurn extends Turn {
  readonly requests: GrowingTransmission[]
  readonly responses: GrowingTransmission[]
}

interface GrowingView extends View {
  readonly turns: GrowingTurn[]
  /** The latest of each side, exchange and message id. */
  readonly latest: Map<string, GrowingTurn>
}

/** More is a flood, and no dial. */
const DIALS_MAX = 256
/** RFC 7383: as many as the engine here takes of one message. */
const FRAGMENTS_MAX = 64

/** The first 256 of a capture. */
export function dialsOf(messages: readonly SeenIke[]): readonly Dial[] {
  const dials = new Map<string, Map<string, GrowingView>>()
  const began = new Map<string, Instant>()
  for (const message of messages) {
    const { spiI, packet, isInitiators, from, to } = message
    const [client, gateway] = isInitiators ? [from, to] : [to, from]
    const views = dials.get(spiI) ?? new Map<string, GrowingView>()
    if (views.size === 0) {
      if (dials.size >= DIALS_MAX) continue
      dials.set(spiI, views)
      began.set(spiI, packet.at)
    }
    const key = viewKey(packet.interface, client.address, gateway.address)
    const view = views.get(key) ?? newView(packet.interface, client, gateway)
    views.set(key, view)
    addTo(view, message)
  }
  return [...dials].flatMap(([spiI, views]) => {
    const [first, ...others] = views.values()
    return first === undefined ? [] : [{ spiI, views: [first, ...others], began: began.get(spiI)! }]
  })
}

const newView = (nic: number, client: Endpoint, gateway: Endpoint): GrowingView => ({
  interface: nic,
  client,
  gateway,
  turns: [],
  latest: new Map(),
})

const viewKey = (nic: number, client: Ipv4, gateway: Ipv4): string => `${nic} ${client} ${gateway}`

function addTo({ turns, latest }: GrowingView, message: SeenIke): void {
  const { exchange, messageId, isResponse, isInitiators } = message
  const by = isInitiators === isResponse ? 'gateway' : 'client'
  const key = `${by} ${exchange} ${messageId}`
  const last = latest.get(key)
  const isKnown = last !== undefined && (isResponse || isSameRequest(last, message))
  const turn: GrowingTurn = isKnown
    ? last
    : { by, exchange, messageId, requests: [], responses: [] }
  if (!isKnown) {
    turns.push(turn)
    latest.set(key, turn)
  }
  addSent(isResponse ? turn.responses : turn.requests, message)
}

/**
 * A request is repeated bit by bit (RFC 7296 §2.1). Those of IKE_SA_INIT have no number by which they could be told apart: one with a cookie, or with
 * another group, is a new one.
 */
function isSameRequest({ exchange, requests }: Turn, message: SeenIke): boolean {
  const first = requests[0]?.parts[0]
  if (exchange !== IkeExchange.saInit || first === undefined) return true
  const most = Math.min(first.bytes.length, message.bytes.length)
  for (let at = 0; at < most; at++) if (first.bytes[at] !== message.bytes[at]) return false
  return true
}

function addSent(sent: GrowingTransmission[], message: SeenIke): void {
  const last = sent.at(-1)
  const isOneMore =
    message.fragment !== undefined &&
    last !== undefined &&
    last.parts.length < FRAGMENTS_MAX &&
    last.parts.every(
      ({ fragment }) => fragment !== undefined && fragment.number !== message.fragment?.number,
    )
  if (isOneMore) last.parts.push(message)
  else sent.push({ at: message.packet.at, parts: [message] })
}
