/**
 * What became of a dial, from the messages that one place saw: how far it came, the cause, and what proves it. By what is in the clear: headers, IKE_SA_INIT,
 * the type of the first payload inside an encrypted one (RFC 7296 §3.14), lengths, and who fell silent. Nothing is decrypted.
 */
import { u16 } from '../../base/bytes.ts'
import { between, formatDuration, seconds, type Instant } from '../../base/time.ts'
import { proposalText } from '../../engine/ikev2/proposals.ts'
import { IkeExchange, NAT_T_PORT } from '../../wire/ikev2/header.ts'
import { isErrorNotify, NotifyType, notifyName } from '../../wire/ikev2/notify-types.ts'
import { groupName } from '../../wire/ikev2/numbers.ts'
import { isWhole, type Transmission, type Turn, type View } from './dials.ts'
import {
  failed,
  framesOfAll,
  framesOfSent,
  isCut,
  notifies,
  PATIENCE,
  phaseOf,
  piecesText,
  proposalsOf,
  turnName,
  unfinished,
  whole,
  type Around,
  type Evidence,
  type Handshake,
  type Judgement,
} from './judgement.ts'
import { framesOf, type SeenPacket } from './packets.ts'
import { judgeAnswered } from './verdict-answered.ts'

export function judge(view: View, around: Around): Judgement {
  const asked = view.turns.filter(({ by }) => by === 'client')
  const v1 = view.turns
    .flatMap(({ requests, responses }) => [...requests, ...responses])
    .flatMap(({ parts }) => parts)
    .find(({ version }) => version === 1)
  if (v1 !== undefined) {
    const evidence = [{ text: 'the version in the header is 1', frames: framesOf(v1.packet) }]
    return { outcome: 'failed', phase: 'P2', cause: 'ike-v1', certainty: 'certain', evidence }
  }
  const inits = asked.filter(({ exchange }) => exchange === IkeExchange.saInit)
  const auths = asked.filter(({ exchange }) => exchange === IkeExchange.auth)
  const last = inits.at(-1)
  if (last === undefined && auths.length === 0) {
    const text = 'the capture began after this IKE SA was made'
    return unfinished('P6', [{ text, frames: framesOf(firstPacket(view)) }])
  }
  const begun = last === undefined ? undefined : judgeInit(last, inits, around)
  return begun ?? judgeAuth({ view, asked, auths, init: last }, around)
}

const firstPacket = ({ turns }: View): SeenPacket => {
  const [first] = turns.flatMap(({ requests, responses }) => [...requests, ...responses])
  return first!.parts[0]!.packet
}

// ── exchanges in words ──

/** `sent 3 times, after 1 s, 2 s`. */
function sentText({ requests }: Turn): string {
  const [first, ...again] = requests
  if (first === undefined) return 'not seen'
  if (again.length === 0) return 'sent once'
  const times = again.map(({ at }) => formatDuration(between(first.at, at)))
  return `sent ${requests.length} times, again after ${times.join(', ')}`
}

const notSooner = (turn: Turn, { until, nextDial }: Around): Instant =>
  turn.requests.length > 1 ? (Number.POSITIVE_INFINITY as Instant) : (nextDial ?? until)

/** Whether whoever asked has given up, or would have: asked again, dialled anew, or is silent for longer than an answer takes. */
function isGivenUp(turn: Turn, around: Around): boolean {
  const last = turn.requests.at(-1)
  if (last === undefined) return false
  return turn.requests.length > 1 || notSooner(turn, around) - last.at >= PATIENCE
}

// ── IKE_SA_INIT ──

/** Undefined: it went through, or its end is not in the capture and later messages are. */
function judgeInit(turn: Turn, inits: readonly Turn[], around: Around): Judgement | undefined {
  const answer = whole(turn.responses)
  if (answer === undefined) return judgeUnansweredInit(turn, around)
  if (proposalsOf(answer).length > 0) return undefined
  const frames = [...framesOfAll(turn.requests), ...framesOfSent(answer)]
  const error = notifies(answer).find(({ type }) => isErrorNotify(type))
  if (error?.type === NotifyType.NO_PROPOSAL_CHOSEN) {
    const offered = [
      ...new Set(proposalsOf(turn.requests[0]).map(({ transforms }) => proposalText(transforms))),
    ]
    return failed('P2', 'ike-proposal-mismatch', [
      { text: 'the gateway answers NO_PROPOSAL_CHOSEN', frames },
      ...offered.map((text) => ({ text: `offered: ${text}`, frames: framesOfAll(turn.requests) })),
    ])
  }
  const isOver =
    between(answer.at, around.nextDial ?? around.until) >= PATIENCE || turn.requests.length > 1
  if (error?.type === NotifyType.INVALID_KE_PAYLOAD) {
    const group = error.data.length >= 2 ? groupName(u16(error.data, 0)) : 'another group'
    const evidence = [{ text: `the gateway wants ${group}, and nothing follows`, frames }]
    return isOver ? failed('P2', 'group-refused', evidence) : unfinished('P2', evidence)
  }
  if (notifies(answer).some(({ type }) => type === NotifyType.COOKIE)) {
    const times = inits.filter((each) =>
      notifies(whole(each.responses)).some(({ type }) => type === NotifyType.COOKIE),
    ).length
    const evidence = [
      { text: `the gateway asks for a cookie, ${times} times in all, and goes no further`, frames },
    ]
    return isOver || times > 2
      ? failed('P2', 'cookie-not-returned', evidence)
      : unfinished('P2', evidence)
  }
  const name = error === undefined ? 'without a suite' : notifyName(error.type)
  return failed('P2', 'refused-in-clear', [{ text: `the gateway answers ${name}`, frames }])
}

function judgeUnansweredInit(turn: Turn, around: Around): Judgement | undefined {
  const frames = framesOfAll(turn.requests)
  const [partly] = turn.responses
  if (partly !== undefined && isCut(partly) && around.hasLaterFragments) {
    return failed('P2', 'answer-fragments-lost', [
      { text: `the answer to IKE_SA_INIT: ${piecesText(partly)}`, frames: framesOfSent(partly) },
    ])
  }
  // Cut by a snap length: what follows will tell.
  if (partly !== undefined) return undefined
  const text = `IKE_SA_INIT: ${sentText(turn)}, and nothing came back`
  return isGivenUp(turn, around)
    ? failed('P2', 'sa-init-unanswered', [{ text, frames }])
    : unfinished('P2', [{ text: `${text} before the capture ends`, frames }])
}

// ── IKE_AUTH ──

function judgeAuth(handshake: Handshake, around: Around): Judgement {
  const { auths, init } = handshake
  const last = auths.toSorted((a, b) => a.messageId - b.messageId).at(-1)
  if (last === undefined) return judgeNoAuth(init, around)
  const phase = phaseOf(last)
  const lastRequest = last.requests.at(-1)
  const [answer] = last.responses
  const repeated = last.requests.filter(({ at }) => answer !== undefined && at > answer.at)
  // Whether it came whole or not: who does not ask again has got it, whatever this capture has of it.
  if (answer !== undefined && (repeated.length === 0 || lastRequest === undefined)) {
    return judgeAnswered(handshake, last, around)
  }
  if (answer !== undefined) {
    const frames = [...framesOfAll(last.responses), ...framesOfAll(repeated)]
    if (!last.responses.some(isWhole) && isCut(answer) && around.hasLaterFragments) {
      const text = `the answer to ${turnName(last)}: ${piecesText(answer)}; the client asks again`
      return failed(phase, 'answer-fragments-lost', [{ text, frames }])
    }
    // An answer that came after a repetition had started is no loss.
    const again = repeated.filter(({ at }) => between(answer.at, at) >= seconds(0.5))
    if (again.length === 0) return judgeAnswered(handshake, last, around)
    const isOfFragments = isCut(answer)
    const text = `${turnName(last)} was answered here, and the client asks again: ${piecesText(answer)}`
    return failed(
      phase,
      isOfFragments ? 'answer-fragments-lost' : 'answer-lost',
      [{ text, frames }],
      isOfFragments ? 'likely' : 'certain',
    )
  }
  return judgeUnanswered(last, handshake, around)
}

function judgeNoAuth(init: Turn | undefined, around: Around): Judgement {
  const frames = init === undefined ? [] : framesOfAll(init.responses)
  const { headless, nextDial, until } = around
  if (headless.length > 0) {
    const at = [...new Set(headless.flatMap(({ pieces }) => pieces.map(({ start }) => start)))]
    const text = `after IKE_SA_INIT only later fragments came, at offsets ${at.toSorted((a, b) => a - b).join(', ')}: never the first`
    return failed('P3', 'fragments-lost', [{ text, frames: headless.flatMap(framesOf) }])
  }
  const answered = init?.responses.at(-1)?.at ?? until
  const text = 'IKE_SA_INIT was answered, and no IKE_AUTH follows'
  return between(answered, nextDial ?? until) >= PATIENCE
    ? failed('P3', 'nothing-after-sa-init', [{ text, frames }], 'likely')
    : unfinished(
        'P3',
        [{ text: `${text} before the capture ends`, frames }],
        'nothing-after-sa-init',
      )
}

function judgeUnanswered(turn: Turn, { view, auths, init }: Handshake, around: Around): Judgement {
  const frames = framesOfAll(turn.requests)
  const phase = phaseOf(turn)
  const text = `${turnName(turn)}: ${sentText(turn)}, and nothing came back`
  if (!isGivenUp(turn, around)) {
    return unfinished(phase, [{ text: `${text} before the capture ends`, frames }])
  }
  const evidence: Evidence[] = [{ text, frames }]
  const sent = turn.requests[0]!
  const { isPartial: isLostOnTheWay, isAnswered } = around.elsewhere
  if (isAnswered) {
    const lost = { text: 'another interface of this capture saw an answer', frames: [] }
    return failed(phase, 'answer-lost', [...evidence, lost])
  }
  const answeredBefore = auths.some((each) => each !== turn && each.responses.length > 0)
  if (isCut(sent)) {
    evidence.push({ text: `${turnName(turn)} is ${piecesText(sent)}`, frames: framesOfSent(sent) })
    const isPartial = turn.requests.every((each) => !isWhole(each))
    const hasProof = isLostOnTheWay || (isPartial && around.hasLaterFragments)
    if (!hasProof && !answeredBefore && portOf(sent) === NAT_T_PORT) {
      evidence.push({
        text: 'nothing smaller went to UDP 4500, so that a closed port 4500 would look the same from here',
        frames: [],
      })
    }
    if (isPartial && !around.hasLaterFragments) {
      evidence.push({
        text: 'the capture has no later fragment of anything: a filter by port does not let them in; capture without one',
        frames: [],
      })
    }
    return failed(
      phase,
      'fragments-lost',
      [...evidence, ...fragmentationOf(init)],
      hasProof || answeredBefore ? 'certain' : 'likely',
    )
  }
  evidence.push({ text: `${turnName(turn)} is ${piecesText(sent)}`, frames: framesOfSent(sent) })
  if (phase === 'P4' && answeredBefore) {
    return failed(phase, 'gateway-silent-in-eap', evidence, 'likely')
  }
  const port = portOf(sent)
  if (port !== NAT_T_PORT) {
    evidence.push({
      text: `it went to UDP ${port}, as IKE_SA_INIT did, which was answered`,
      frames: [],
    })
  }
  const hasWay = view.turns.some(({ responses }) =>
    responses.some(({ parts }) => parts.some(({ from }) => from.port === NAT_T_PORT)),
  )
  return failed(phase, 'auth-unanswered', evidence, hasWay ? 'likely' : 'certain')
}

const portOf = ({ parts }: Transmission): number => parts[0]!.to.port

/** Who announced RFC 7383. */
function fragmentationOf(init: Turn | undefined): readonly Evidence[] {
  if (init === undefined) return []
  const has = (sent: Transmission | undefined): boolean =>
    notifies(sent).some(({ type }) => type === NotifyType.IKEV2_FRAGMENTATION_SUPPORTED)
  const [client, gateway] = [has(init.requests[0]), has(whole(init.responses))]
  if (client && gateway) return []
  const who = client
    ? 'the gateway does not announce it'
    : gateway
      ? 'the client does not announce it'
      : 'neither side announces it'
  const frames = [
    ...framesOfAll(init.requests.slice(0, 1)),
    ...framesOfAll(init.responses.slice(0, 1)),
  ]
  return [{ text: `IKE fragmentation (RFC 7383) was not agreed on: ${who}`, frames }]
}
