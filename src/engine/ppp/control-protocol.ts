/**
 * One control protocol at work (RFC 1661 §4, §5): its packets, its requests sent again, what it answers to the peer's. What is asked for and what is
 * taken is a {@link Policy}: `lcp.ts`, `ipcp.ts`.
 */
import { equalBytes } from '../../base/bytes.ts'
import {
  ControlCode,
  controlCodeName,
  decodePppOptions,
  encodeControl,
  encodePppOptions,
  type ControlPacket,
  type PppOption,
} from '../../wire/ppp/control.ts'
import { encodePppFrame } from '../../wire/ppp/frame.ts'
import {
  transition,
  waits,
  type AutomatonAction,
  type AutomatonEvent,
  type Transition,
} from './automaton.ts'
import { PPP_RESTART, type PppEnd } from './contract.ts'
import { arm, disarm, ignore, say, type ControlState, type Run } from './state.ts'

export interface Policy {
  readonly protocol: number
  readonly control: ControlState
  describe(option: PppOption): string
  /** What our next Configure-Request asks for. */
  request(): readonly PppOption[]
  /** Of an option that the peer asks for: it is taken, it is not known here, or what it should be instead. */
  judge(option: PppOption): 'taken' | 'unknown' | PppOption
  /** The peer's whole request is taken. */
  accept(options: readonly PppOption[]): void
  /** The peer turns options of ours down. A reason: nothing is left to ask for. */
  refused(by: 'nak' | 'reject', options: readonly PppOption[]): PppEnd | undefined
  onUp(): void
  onDown(event: AutomatonEvent): void
  /** Nothing more will come of it. */
  onFinished(event: AutomatonEvent): void
  onGivenUp(why: PppEnd): void
}

const CONFIGURE_TRIES = 10
const TERMINATE_TRIES = 2
const NAKS_MAX = 5
/** Windows gives up no sooner; nobody needs as many. */
const REFUSALS_MAX = 20
/** A Code-Reject goes into the smallest MRU that is sensible. */
const REJECTED_BYTES_MAX = 512

const NOTHING = new Uint8Array()

export const restartTimer = ({ name }: ControlState): string => `ppp/${name.toLowerCase()}`

/** What an action may need to know about what came. */
interface Came {
  readonly packet: ControlPacket
  readonly answer?: { readonly code: number; readonly options: readonly PppOption[] }
}

/** Let an event happen. */
export function drive(run: Run, policy: Policy, event: AutomatonEvent, came?: Came): void {
  const { control } = policy
  const next = transition(control.automaton, event)
  if (next === undefined) return
  control.automaton = next.state
  for (const action of next.actions) {
    act(run, policy, { action, event, next, ...(came !== undefined && { came }) })
    // Whoever heard of it has ended the link.
    if (control.automaton !== next.state) break
  }
  if (!waits(control.automaton)) disarm(run, restartTimer(control))
}

interface Acting {
  readonly action: AutomatonAction
  readonly event: AutomatonEvent
  readonly next: Transition
  readonly came?: Came
}

function act(run: Run, policy: Policy, { action, event, next, came }: Acting): void {
  const { control } = policy
  const { tries = {} } = run.options
  switch (action) {
    case 'tls':
      return
    case 'tlu':
      control.naks = 0
      control.refusals = 0
      return policy.onUp()
    case 'tld':
      return policy.onDown(event)
    case 'tlf':
      return policy.onFinished(event)
    case 'irc':
      control.counter = next.actions.includes('str')
        ? (tries.terminate ?? TERMINATE_TRIES)
        : (tries.configure ?? CONFIGURE_TRIES)
      return
    case 'zrc':
      control.counter = 0
      return arm(run, restartTimer(control), run.options.restart ?? PPP_RESTART)
    case 'scr':
      return sendRequest(run, policy, event === 'to+')
    case 'str':
      return sendTerminate(run, policy, event === 'to+')
    case 'sca':
    case 'scn':
      return sendAnswer(run, policy, came!)
    case 'sta':
      return send(run, policy, code('Terminate-Ack', came?.packet.identifier ?? 0))
    case 'scj': {
      const rejected = encodeControl(came!.packet).subarray(0, REJECTED_BYTES_MAX)
      return send(run, policy, code('Code-Reject', nextIdentifier(control), rejected))
    }
    case 'ser':
      return sendEcho(run, policy, came!.packet)
  }
}

const code = (
  name: keyof typeof ControlCode,
  identifier: number,
  data: Uint8Array = NOTHING,
): ControlPacket => ({ code: ControlCode[name], identifier, data })

/** One count for all that we begin, whether it is answered or not. */
export const nextIdentifier = (control: ControlState): number =>
  (control.lastIdentifier = (control.lastIdentifier + 1) % 256)

export function send(run: Run, policy: Policy, packet: ControlPacket): void {
  const { protocol } = policy
  const bytes = encodePppFrame({ protocol, information: encodeControl(packet) })
  tell(run, policy, 'sent', packet)
  run.outputs.push({ kind: 'frame', bytes, isData: false })
}

function tell(
  run: Run,
  policy: Policy,
  direction: 'sent' | 'received',
  packet: ControlPacket,
): void {
  const { control } = policy
  const isConfigure = packet.code <= ControlCode['Configure-Reject']
  const options = isConfigure ? decodePppOptions(packet.data) : undefined
  const isAgain =
    direction === 'sent' && isRequest(packet.code) && control.times > 1 ? control.times : undefined
  say(run, {
    kind: 'ppp/packet',
    direction,
    protocol: control.name,
    code: controlCodeName(packet.code),
    identifier: packet.identifier,
    ...(options?.ok === true && { options: options.value.map((each) => policy.describe(each)) }),
    ...(isAgain !== undefined && { times: isAgain }),
  })
}

const isRequest = (code: number): boolean =>
  code === ControlCode['Configure-Request'] || code === ControlCode['Terminate-Request']

function sendRequest(run: Run, policy: Policy, isAgain: boolean): void {
  const { control } = policy
  if (!isAgain) {
    control.identifier = nextIdentifier(control)
    control.requested = policy.request()
  }
  control.isAnswered = false
  const data = encodePppOptions(control.requested)
  transmit(run, policy, code('Configure-Request', control.identifier, data), isAgain)
}

function sendTerminate(run: Run, policy: Policy, isAgain: boolean): void {
  const { control } = policy
  if (!isAgain) control.identifier = nextIdentifier(control)
  transmit(run, policy, code('Terminate-Request', control.identifier), isAgain)
}

function transmit(run: Run, policy: Policy, packet: ControlPacket, isAgain: boolean): void {
  const { control } = policy
  control.times = isAgain ? control.times + 1 : 1
  control.counter--
  send(run, policy, packet)
  arm(run, restartTimer(control), run.options.restart ?? PPP_RESTART)
}

function sendAnswer(run: Run, policy: Policy, { packet, answer }: Came): void {
  const { control } = policy
  if (answer === undefined) {
    const { identifier, data } = packet
    control.acknowledged = { identifier, data: data.slice() }
    return send(run, policy, { ...packet, code: ControlCode['Configure-Ack'] })
  }
  const data = encodePppOptions(answer.options)
  send(run, policy, { code: answer.code, identifier: packet.identifier, data })
}

/** Only a request is answered, with our own magic number in front (RFC 1661 §5.8). */
function sendEcho(run: Run, policy: Policy, packet: ControlPacket): void {
  if (packet.code !== ControlCode['Echo-Request']) return
  const data = packet.data.slice()
  const magic = run.state.magic ?? 0
  data.set(Uint8Array.of(magic >>> 24, magic >>> 16, magic >>> 8, magic).subarray(0, data.length))
  send(run, policy, code('Echo-Reply', packet.identifier, data))
}

// ── what comes ──

/** The Restart timer went off. */
export function onRestart(run: Run, policy: Policy): void {
  const { control } = policy
  if (control.counter > 0) {
    drive(run, policy, 'to+')
    // One that answers and never asks would be asked for ever.
    return countRefusal(run, policy)
  }
  // One that said good-bye is given a while, and not waited for.
  if (control.automaton !== 'stopping')
    say(run, { kind: 'ppp/timed-out', protocol: control.name, times: control.times })
  drive(run, policy, 'to-')
}

/** Codes that every control protocol has. False: it is none of them. */
export function receiveControl(run: Run, policy: Policy, packet: ControlPacket): boolean {
  if (packet.code < ControlCode['Configure-Request'] || packet.code > ControlCode['Code-Reject']) {
    return false
  }
  tell(run, policy, 'received', packet)
  switch (packet.code) {
    case ControlCode['Configure-Request']:
      onRequest(run, policy, packet)
      break
    case ControlCode['Configure-Ack']:
      onAck(run, policy, packet)
      break
    case ControlCode['Configure-Nak']:
      onRefusal(run, policy, packet, 'nak')
      break
    case ControlCode['Configure-Reject']:
      onRefusal(run, policy, packet, 'reject')
      break
    case ControlCode['Terminate-Request']:
      drive(run, policy, 'rtr', { packet })
      break
    case ControlCode['Terminate-Ack']:
      drive(run, policy, 'rta', { packet })
      break
    default:
      // Without the first seven codes there is nothing to speak with.
      drive(run, policy, (packet.data[0] ?? 0) <= ControlCode['Code-Reject'] ? 'rxj-' : 'rxj+')
  }
  return true
}

/** A code that this protocol does not have. */
export function rejectCode(run: Run, policy: Policy, packet: ControlPacket): void {
  tell(run, policy, 'received', packet)
  drive(run, policy, 'ruc', { packet })
}

export function receiveEcho(run: Run, policy: Policy, packet: ControlPacket): void {
  tell(run, policy, 'received', packet)
  drive(run, policy, 'rxr', { packet })
}

function onRequest(run: Run, policy: Policy, packet: ControlPacket): void {
  const { control } = policy
  const { acknowledged } = control
  if (
    control.automaton === 'opened' &&
    acknowledged?.identifier === packet.identifier &&
    equalBytes(acknowledged.data, packet.data)
  ) {
    // Our acknowledgement was slower than its patience: not a peer that begins anew.
    return sendAnswer(run, policy, { packet })
  }
  const decoded = decodePppOptions(packet.data)
  if (!decoded.ok) return say(run, { kind: 'ppp/malformed', error: decoded.error })
  const answer = answerTo(run, policy, decoded.value)
  if (answer === undefined) {
    policy.accept(decoded.value)
    return drive(run, policy, 'rcr+', { packet })
  }
  drive(run, policy, 'rcr-', { packet, answer })
  countRefusal(run, policy)
}

/** What is answered instead of an acknowledgement (RFC 1661 §5.3, §5.4). */
function answerTo(run: Run, policy: Policy, options: readonly PppOption[]): Came['answer'] {
  const { control } = policy
  const { failure = NAKS_MAX } = run.options.tries ?? {}
  const verdicts = options.map((option) => ({ option, verdict: policy.judge(option) }))
  const isStubborn = control.naks >= failure
  const rejected = verdicts.filter(
    ({ verdict }) => verdict === 'unknown' || (isStubborn && verdict !== 'taken'),
  )
  if (rejected.length > 0) {
    const turnedDown = rejected.map(({ option }) => option)
    return { code: ControlCode['Configure-Reject'], options: turnedDown }
  }
  const better = verdicts.flatMap(({ verdict }) => (typeof verdict === 'string' ? [] : [verdict]))
  if (better.length === 0) return undefined
  control.naks++
  return { code: ControlCode['Configure-Nak'], options: better }
}

/** Neither side goes on like this for ever. */
function countRefusal(run: Run, policy: Policy): void {
  const { configure = CONFIGURE_TRIES } = run.options.tries ?? {}
  if (++policy.control.refusals <= Math.max(REFUSALS_MAX, configure)) return
  policy.control.refusals = 0
  policy.onGivenUp('not-converging')
}

/** Whether the answer is to what we asked last. */
function isCurrent(run: Run, { control }: Policy, packet: ControlPacket): boolean {
  if (packet.identifier === control.identifier && !control.isAnswered) return true
  ignore(run, `${control.name} ${controlCodeName(packet.code)} ${packet.identifier}, late`)
  return false
}

function onAck(run: Run, policy: Policy, packet: ControlPacket): void {
  const { control } = policy
  if (!isCurrent(run, policy, packet)) return
  if (!equalBytes(packet.data, encodePppOptions(control.requested))) {
    return ignore(run, `${control.name} Configure-Ack of what was not asked`)
  }
  control.isAnswered = true
  drive(run, policy, 'rca', { packet })
}

function onRefusal(run: Run, policy: Policy, packet: ControlPacket, by: 'nak' | 'reject'): void {
  const { control } = policy
  if (!isCurrent(run, policy, packet)) return
  const decoded = decodePppOptions(packet.data)
  if (!decoded.ok) return say(run, { kind: 'ppp/malformed', error: decoded.error })
  control.isAnswered = true
  const why = policy.refused(by, decoded.value)
  if (why !== undefined) return policy.onGivenUp(why)
  drive(run, policy, 'rcn', { packet })
  countRefusal(run, policy)
}
