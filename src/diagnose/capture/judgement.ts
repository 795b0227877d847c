/**
 * A judgement of a dial in a capture, and what the rooms that come to it share: exchanges in words, what is in the clear, phases. Not the judging:
 * `verdict.ts` and `verdict-answered.ts`.
 */
import { seconds, type Instant } from '../../base/time.ts'
import { IkePayloadType, exchangeName } from '../../wire/ikev2/numbers.ts'
import type { IkeProposal } from '../../wire/ikev2/security-association.ts'
import type { CaptureCause } from './causes.ts'
import { isWhole, type Transmission, type Turn, type View } from './dials.ts'
import { framesOf, type SeenPacket } from './packets.ts'

export interface Evidence {
  readonly text: string
  /** Numbers of the frames that show it. */
  readonly frames: readonly number[]
}

export type Phase = 'P2' | 'P3' | 'P4' | 'P5' | 'P6'

export interface Judgement {
  /** `unfinished`: the capture ends, or begins, where the dial is still going on. */
  readonly outcome: 'connected' | 'failed' | 'unfinished'
  readonly phase: Phase
  readonly cause?: CaptureCause
  /** `likely`: something else would look the same from here. */
  readonly certainty: 'certain' | 'likely'
  readonly evidence: readonly Evidence[]
}

/** What is known beside the messages of the dial itself. */
export interface Around {
  /** The last frame of the capture. */
  readonly until: Instant
  /** The client began another dial to this gateway. */
  readonly nextDial?: Instant
  /** Fragments between the two hosts whose first never came. */
  readonly headless: readonly SeenPacket[]
  /** Whether this capture has any fragment beyond a first one: a filter by port lets none in. */
  readonly hasLaterFragments: boolean
  /** What other interfaces of this capture saw of the client's last message, where there are some. */
  readonly elsewhere: {
    /** It was not whole any more. */
    readonly isPartial: boolean
    /** It was answered. */
    readonly isAnswered: boolean
  }
  /** ESP after the handshake, from the client and to it. */
  readonly esp: { readonly out: number; readonly in: number }
}

/** After so long without a word nobody waits any more: longer than any answer takes, shorter than IKE's patience. */
export const PATIENCE = seconds(2)

/** `cause`: what it would be if nothing followed. */
export const unfinished = (
  phase: Phase,
  evidence: readonly Evidence[],
  cause?: CaptureCause,
): Judgement => ({
  outcome: 'unfinished',
  phase,
  ...(cause !== undefined && { cause }),
  certainty: 'likely',
  evidence,
})

export const failed = (
  phase: Phase,
  cause: CaptureCause,
  evidence: readonly Evidence[],
  certainty: Judgement['certainty'] = 'certain',
): Judgement => ({ outcome: 'failed', phase, cause, certainty, evidence })

export const framesOfSent = ({ parts }: Transmission): readonly number[] =>
  parts.flatMap(({ packet }) => framesOf(packet))

export const framesOfAll = (sent: readonly Transmission[]): readonly number[] =>
  sent.flatMap(framesOfSent)

export const turnName = ({ exchange, messageId }: Turn): string =>
  `${exchangeName(exchange)}${messageId === 0 ? '' : ` #${messageId}`}`

export const whole = (sent: readonly Transmission[]): Transmission | undefined => sent.find(isWhole)

/** In which pieces a message travelled: `3468 octets in 3 IP fragments, at offsets 0, 1440, 2880`. */
export function piecesText({ parts }: Transmission): string {
  const [first] = parts
  if (first === undefined) return ''
  const { packet, length, fragment } = first
  const { pieces, gaps } = packet
  if (fragment !== undefined) return `${parts.length} of ${fragment.total} fragments of RFC 7383`
  if (pieces.length === 1 && gaps.length === 0) return `${length} octets in one packet`
  const at = pieces.map(({ start }) => start).join(', ')
  const missing = gaps.map(({ from, to }) =>
    to === undefined ? `${from} on` : `${from} to ${to - 1}`,
  )
  const gone = missing.length === 0 ? '' : `; octets ${missing.join(', ')} were never seen here`
  return `${length} octets in IP fragments, at offsets ${at}${gone}`
}

/** IP had to cut it. */
export const isCut = ({ parts }: Transmission): boolean =>
  parts.some(({ packet }) => packet.pieces.length > 1 || packet.gaps.length > 0)

export const notifies = (sent: Transmission | undefined) =>
  (sent?.parts ?? []).flatMap(({ payloads }) =>
    payloads.flatMap((each) => (each.kind === 'notify' ? [each] : [])),
  )

export const proposalsOf = (sent: Transmission | undefined): readonly IkeProposal[] =>
  (sent?.parts ?? []).flatMap(({ payloads }) =>
    payloads.flatMap((each) => (each.kind === 'sa' ? each.proposals : [])),
  )

export interface Handshake {
  readonly view: View
  readonly asked: readonly Turn[]
  readonly auths: readonly Turn[]
  readonly init: Turn | undefined
}

/** What stands first inside an encrypted message. */
export const insideOf = (sent: Transmission | undefined): number | undefined =>
  sent?.parts.find(({ fragment }) => fragment === undefined || fragment.number === 1)?.inside

export const phaseOf = (turn: Turn): Phase => {
  const inside = insideOf(turn.requests[0])
  if (inside === IkePayloadType.EAP) return 'P4'
  return inside === IkePayloadType.AUTH ? 'P5' : 'P3'
}
