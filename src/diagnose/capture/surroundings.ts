/**
 * What a capture has beside the messages of a dial: ESP, ICMP errors, fragments without a beginning, and what other interfaces saw of the same messages.
 */
import { formatIpv4, type Ipv4 } from '../../base/address.ts'
import type { Instant } from '../../base/time.ts'
import { icmpName, ICMP_TYPE, UNREACHABLE } from '../../wire/icmp.ts'
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { exchangeName } from '../../wire/ikev2/numbers.ts'
import { isWhole, type Dial, type Transmission, type Turn, type View } from './dials.ts'
import { framesOfSent, type Around, type Evidence } from './judgement.ts'
import { endpointText, type SeenEsp, type SeenMessages } from './messages.ts'
import { framesOf } from './packets.ts'

export const isBetween = (
  { from, to }: { readonly from: Ipv4; readonly to: Ipv4 },
  { client, gateway }: View,
): boolean =>
  (from === client.address && to === gateway.address) ||
  (from === gateway.address && to === client.address)

/** One line a router and cause. */
export function refusalEvidence(refusals: SeenMessages['refusals']): readonly Evidence[] {
  const frames = new Map<string, number[]>()
  for (const { packet, type, code, mtu } of refusals) {
    const next = isTooBig(type, code) ? `, next-hop MTU ${mtu}` : ''
    const text = `${formatIpv4(packet.from)} says: ${icmpName(type, code)}${next}`
    frames.set(text, [...(frames.get(text) ?? []), ...framesOf(packet)])
  }
  return [...frames].map(([text, numbers]) => ({ text, frames: numbers }))
}

const isTooBig = (type: number, code: number): boolean =>
  type === ICMP_TYPE.destinationUnreachable && code === UNREACHABLE.fragmentationNeeded

export const hasLaterFragments = ({ headless, ike }: SeenMessages): boolean =>
  headless.length > 0 || ike.some(({ packet }) => packet.pieces.length > 1)

/** ESP by dial: an SA is of the dial that had come through its handshake last when the first packet was seen. */
export function espOf(
  dials: readonly Dial[],
  esp: readonly SeenEsp[],
): ReadonlyMap<Dial, Around['esp']> {
  const owners = new Map<string, Dial | undefined>()
  const counts = new Map<Dial, { out: number; in: number }>()
  const settled = dials.map((dial) => ({ dial, at: settledAt(dial.views[0]) }))
  for (const { packet, from, to, spi } of esp) {
    const key = `${packet.interface} ${from.address} ${to.address} ${spi}`
    if (!owners.has(key)) {
      const ends = { from: from.address, to: to.address }
      const own = settled.filter(
        ({ dial: { views }, at }) =>
          views[0].interface === packet.interface && at <= packet.at && isBetween(ends, views[0]),
      )
      owners.set(key, own.toSorted((a, b) => a.at - b.at).at(-1)?.dial)
    }
    const dial = owners.get(key)
    if (dial === undefined) continue
    const count = counts.get(dial) ?? { out: 0, in: 0 }
    counts.set(dial, count)
    count[from.address === dial.views[0].client.address ? 'out' : 'in']++
  }
  return counts
}

/** The last answer of IKE_AUTH; never, where there is none. */
const settledAt = ({ turns }: View): Instant =>
  (turns
    .filter(({ exchange }) => exchange === IkeExchange.auth)
    .flatMap(({ responses }) => responses)
    .at(-1)?.at ?? Number.POSITIVE_INFINITY) as Instant

// ── a capture of several places ──

interface Sight {
  readonly name: string
  readonly sent: Transmission
}

/** How far the last request and its answer came, where several interfaces saw the dial. */
export function wayOf(
  { views }: Dial,
  names: readonly (string | undefined)[],
): readonly Evidence[] {
  const last = lastAsked(views[0])
  if (views.length < 2 || last === undefined) return []
  const sights = (of: 'requests' | 'responses'): readonly Sight[] =>
    views
      .flatMap((view) => {
        const [sent] = view.turns.findLast((each) => isSameTurn(each, last))?.[of] ?? []
        const name = names[view.interface] ?? endpointText(view.client)
        return sent === undefined ? [] : [{ name, sent }]
      })
      .toSorted((a, b) => a.sent.at - b.sent.at)
  return [
    ...reachOf(`the last ${exchangeName(last.exchange)}`, sights('requests')),
    ...reachOf('its answer', sights('responses')),
  ]
}

/** The client's last message of the handshake. */
const lastAsked = ({ turns }: View): Turn | undefined =>
  turns.findLast(
    ({ by, exchange }) =>
      by === 'client' && (exchange === IkeExchange.saInit || exchange === IkeExchange.auth),
  )

export function elsewhereOf({ views: [near, ...others] }: Dial): Around['elsewhere'] {
  const last = lastAsked(near)
  const turns = others.flatMap(({ turns: all }) =>
    last === undefined ? [] : (all.findLast((each) => isSameTurn(each, last)) ?? []),
  )
  return {
    isPartial: turns.some(
      ({ requests }) => requests.length > 0 && requests.every((sent) => !isWhole(sent)),
    ),
    isAnswered: turns.some(({ responses }) => responses.some(isWhole)),
  }
}

function reachOf(what: string, sights: readonly Sight[]): readonly Evidence[] {
  const end = sights.findLast(({ sent }) => isWhole(sent))
  const partly = sights.find(({ sent }) => !isWhole(sent))
  const line = (how: string, { name, sent }: Sight): Evidence => ({
    text: `${what} ${how} ${name}`,
    frames: framesOfSent(sent),
  })
  return [
    ...(end === undefined ? [] : [line('came as far as', end)]),
    ...(partly === undefined ? [] : [line('is not whole any more at', partly)]),
  ]
}

const isSameTurn = (a: Turn, b: Turn): boolean =>
  a.by === b.by && a.exchange === b.exchange && a.messageId === b.messageId
