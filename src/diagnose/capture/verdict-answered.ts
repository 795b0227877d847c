/**
 * What became of a dial whose last IKE_AUTH was answered: by the type of the first payload inside the answer, which stands outside the ciphertext, by how much
 * can be in it at most, and by what followed. RFC 7296 §1.2, §2.16, §2.21.2. Nothing is decrypted.
 */
import { between } from '../../base/time.ts'
import { encryptionOf, integrityOf } from '../../crypto/ike/transforms.ts'
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { IkePayloadType, TransformType } from '../../wire/ikev2/numbers.ts'
import type { Transmission, Turn, View } from './dials.ts'
import {
  failed,
  framesOfAll,
  framesOfSent,
  insideOf,
  PATIENCE,
  phaseOf,
  proposalsOf,
  turnName,
  unfinished,
  whole,
  type Around,
  type Evidence,
  type Handshake,
  type Judgement,
  type Phase,
} from './judgement.ts'

/** The least that an answer with a child SA has inside: AUTH of 8 + 16, SA of 4 + 8 + 4 + 8 + 8, two TS of 8 + 16 (RFC 7296 §3). */
const CHILD_BYTES_MIN = 24 + 32 + 48
/** A notification without SPI and data, and an EAP packet of four octets, behind its generic header. */
const BARE_BYTES = 8
/** A block of AES. */
const PADDING_MAX = 16

/** The most that can be inside, by the suite that was agreed on in the clear; undefined: a suite that is not known here, or fragments. */
function insideBytes(sent: Transmission, init: Turn | undefined): number | undefined {
  const [only] = sent.parts
  const transforms = proposalsOf(whole(init?.responses ?? []))[0]?.transforms
  if (sent.parts.length !== 1 || only?.sealed === undefined || transforms === undefined)
    return undefined
  const of = (type: number) => transforms.find((each) => each.type === type)
  const { id = 0, keyLength } = of(TransformType.ENCR) ?? {}
  const encryption = encryptionOf({ id, ...(keyLength !== undefined && { keyBits: keyLength }) })
  if (encryption === undefined) return undefined
  const icv = encryption.icvBytes + (integrityOf(of(TransformType.INTEG)?.id ?? 0)?.icvBytes ?? 0)
  // One octet says how much padding there is.
  return only.sealed - encryption.ivBytes - icv - 1
}

interface Answered {
  readonly turn: Turn
  readonly phase: Phase
  readonly inside: number | undefined
  /** The most octets of payloads that it can have inside. */
  readonly most: number | undefined
  readonly room: string
  /** No more than one notification, or an EAP packet of four octets. */
  readonly isBare: boolean
  readonly frames: readonly number[]
  /** Frames with which the client ended the IKE SA; none: it did not. */
  readonly farewell: readonly number[]
  /** The client said nothing for so long that it will not. */
  readonly isOver: boolean
}

export function judgeAnswered({ view, init }: Handshake, turn: Turn, around: Around): Judgement {
  const answer = turn.responses[0]!
  const most = insideBytes(answer, init)
  const farewell = view.turns.find(
    ({ by, exchange }) => by === 'client' && exchange === IkeExchange.informational,
  )
  const answered: Answered = {
    turn,
    phase: phaseOf(turn),
    inside: insideOf(answer),
    most,
    room: most === undefined ? '' : `, with room for ${most} octets`,
    isBare: most !== undefined && most < BARE_BYTES + PADDING_MAX,
    frames: framesOfSent(answer),
    farewell: farewell === undefined ? [] : framesOfAll(farewell.requests),
    isOver: between(answer.at, around.nextDial ?? around.until) >= PATIENCE,
  }
  const standing = (): Judgement => connected(view, around, answered.frames)
  const hasTraffic = around.esp.in > 0 || around.esp.out > 0 || hasLife(view)
  const { inside, phase, isBare } = answered
  if (inside === IkePayloadType.N && isBare) return refused(answered)
  if (inside === IkePayloadType.AUTH || (phase === 'P5' && inside !== undefined)) {
    return judgeLast(answered, hasTraffic) ?? standing()
  }
  if (hasTraffic) return standing()
  return inside === IkePayloadType.EAP || phase === 'P4' ? judgeEap(answered) : judgeProof(answered)
}

const REFUSED = { P4: 'eap-refused', P5: 'refused-at-end' } as const

function refused({ turn, phase, room, frames }: Answered): Judgement {
  const text = `the answer to ${turnName(turn)} begins with a notification${room}: a refusal and nothing else`
  const cause = phase === 'P4' || phase === 'P5' ? REFUSED[phase] : 'refused-at-once'
  return failed(phase, cause, [{ text, frames }])
}

/** EAP was going on when somebody stopped. */
function judgeEap({
  turn,
  phase,
  inside,
  room,
  isBare,
  frames,
  farewell,
  isOver,
}: Answered): Judgement {
  const all = [...frames, ...farewell]
  if (isBare || inside === IkePayloadType.N) {
    const text = `the answer to ${turnName(turn)} is the last word of EAP${room}, and the client proves nothing after it: a failure`
    return failed(phase, 'eap-refused', [{ text, frames: all }], 'likely')
  }
  const evidence = [{ text: `the client does not go on after ${turnName(turn)}`, frames: all }]
  return isOver || farewell.length > 0
    ? failed(phase, 'client-stopped-in-eap', evidence, 'likely')
    : unfinished(phase, evidence, 'client-stopped-in-eap')
}

/** The last exchange of all. Undefined: its answer has a child SA, or nothing speaks against it. */
function judgeLast({ turn, most, farewell }: Answered, hasTraffic: boolean): Judgement | undefined {
  const frames = framesOfAll(turn.responses)
  if (most !== undefined) {
    const text = `the answer to ${turnName(turn)} has room for ${most} octets: too few for an SA and its traffic`
    return most < CHILD_BYTES_MIN ? failed('P5', 'no-child', [{ text, frames }]) : undefined
  }
  if (farewell.length === 0 || hasTraffic) return undefined
  const text = `the client ends the IKE SA after ${turnName(turn)}`
  return failed('P5', 'no-child', [{ text, frames: farewell }], 'likely')
}

/** The gateway has shown its certificate, and nothing else came about. */
function judgeProof({ turn, frames, farewell, isOver }: Answered): Judgement {
  const text = `the gateway has shown itself in ${turnName(turn)}`
  if (farewell.length > 0) {
    const ended = {
      text: `${text}, and the client ends the IKE SA`,
      frames: [...frames, ...farewell],
    }
    return failed('P3', 'gateway-not-wanted', [ended], 'likely')
  }
  const quiet = {
    text: `${text}, and nothing follows; a device tunnel that carries nothing would look the same`,
    frames,
  }
  return isOver
    ? failed('P3', 'gateway-not-wanted', [quiet], 'likely')
    : unfinished('P3', [quiet], 'gateway-not-wanted')
}

/** What only an IKE SA has that stands: new children, or questions of the gateway. */
const hasLife = ({ turns }: View): boolean =>
  turns.some(
    ({ exchange, by, responses }) =>
      (exchange === IkeExchange.createChildSa && responses.length > 0) ||
      (exchange === IkeExchange.informational && by === 'gateway' && responses.length > 0),
  )

/** A packet or two may be of those that ask for no answer. */
const LONELY_MIN = 5

function connected(view: View, { esp }: Around, frames: readonly number[]): Judgement {
  const last = view.turns.findLast(({ exchange }) => exchange === IkeExchange.auth)
  const evidence: Evidence[] = [
    {
      text: `IKE_AUTH went through${last === undefined ? '' : `, up to #${last.messageId}`}`,
      frames,
    },
  ]
  if (esp.out + esp.in > 0) {
    evidence.push({ text: `ESP: ${esp.out} packets from the client, ${esp.in} to it`, frames: [] })
  }
  if (esp.out >= LONELY_MIN && esp.in === 0) {
    evidence.push({
      text: 'nothing comes back through the tunnel: ESP is dropped on the way, or nobody behind the gateway answers the addresses of its pool',
      frames: [],
    })
  }
  return { outcome: 'connected', phase: 'P6', certainty: 'certain', evidence }
}
