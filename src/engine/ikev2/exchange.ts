/**
 * Requests and answers of one IKE SA (RFC 7296 §2.1 to §2.3): message ids, one request at a time, repetition of both. Not what is in them.
 */
import { invariant } from '../../base/invariant.ts'
import { between } from '../../base/time.ts'
import { encodeIke, IkeExchange, IkeFlag, type IkeMessage } from '../../wire/ikev2/header.ts'
import { encodePayloads } from '../../wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { exchangeName, payloadNames } from './names.ts'
import { IKE_RETRANSMISSION, type IkeEndpoints } from './options.ts'
import { sealMessage, type Head } from './protect.ts'
import {
  arm,
  disarm,
  say,
  type Datagrams,
  type IkeSa,
  type Outstanding,
  type Purpose,
  type Run,
} from './state.ts'

const IKE_SA_INIT_PORT = 500
const RETRANSMIT = 'retransmit/'
export const retransmitTimer = (sa: IkeSa): string => `${RETRANSMIT}${sa.id}`
/** The IKE SA of a timer; undefined: it is another timer. */
export const retransmitted = (timer: string): number | undefined =>
  timer.startsWith(RETRANSMIT) ? Number(timer.slice(RETRANSMIT.length)) : undefined

// ── requests ──

/** Send a request. There is no other on its way. */
export function request(
  run: Run,
  sa: IkeSa,
  exchange: number,
  payloads: readonly IkePayload[],
  purpose: Purpose,
): Datagrams {
  invariant(
    sa.outstanding === undefined,
    `a second request, ${purpose.kind}, in the window of IKE SA ${sa.id}`,
  )
  const messageId = sa.nextRequest++
  const datagrams = build(run, sa, { exchange, messageId, isResponse: false }, payloads)
  sa.outstanding = {
    messageId,
    exchange,
    datagrams,
    purpose,
    payloads: payloadNames(payloads, false),
    began: run.env.now,
    times: 1,
  }
  transmit(run, sa, sa.outstanding)
  return datagrams
}

function transmit(run: Run, sa: IkeSa, outstanding: Outstanding): void {
  const { messageId, exchange, datagrams, payloads, times } = outstanding
  sendAll(run, datagrams, run.state.endpoints)
  say(run, {
    kind: 'ike/message',
    direction: 'sent',
    exchange: exchangeName(exchange)!,
    response: false,
    messageId,
    payloads,
    ...(datagrams.length > 1 && { fragments: datagrams.length }),
    ...(times > 1 && { times }),
  })
  arm(run, retransmitTimer(sa), scheduleOf(run)[times - 1]!)
}

const scheduleOf = ({ options }: Run) => options.retransmission ?? IKE_RETRANSMISSION

/** The wait is over: sent again, or given up, and then the report is made already. */
export function retransmit(run: Run, sa: IkeSa): 'sent' | 'given-up' | 'nothing' {
  const { outstanding } = sa
  if (outstanding === undefined) return 'nothing'
  if (outstanding.times < scheduleOf(run).length) {
    outstanding.times++
    transmit(run, sa, outstanding)
    return 'sent'
  }
  sa.outstanding = undefined
  say(run, {
    kind: 'ike/timed-out',
    exchange: exchangeName(outstanding.exchange)!,
    messageId: outstanding.messageId,
    times: outstanding.times,
    waited: between(outstanding.began, run.env.now),
    doing: outstanding.purpose.kind,
  })
  return 'given-up'
}

/** This host has moved: what is on its way goes once more, from there (RFC 4555 §3.5). */
export function sendAgain(run: Run, sa: IkeSa): void {
  if (sa.outstanding !== undefined) sendAll(run, sa.outstanding.datagrams, run.state.endpoints)
}

/** The request that this is the answer to has been answered; undefined: there is none. */
export function settle(run: Run, sa: IkeSa, message: IkeMessage): Outstanding | undefined {
  const { outstanding } = sa
  if (outstanding === undefined) return undefined
  if (outstanding.messageId !== message.messageId || outstanding.exchange !== message.exchange)
    return undefined
  sa.outstanding = undefined
  disarm(run, retransmitTimer(sa))
  return outstanding
}

/** IKE_SA_INIT is asked once more, with a cookie or another group: still message 0. */
export function startAnew(sa: IkeSa): void {
  sa.nextRequest = 0
}

// ── answers ──

/** Take up a request: its answer goes out by {@link respond}, now or when the host has spoken. `tail`: the end of its datagram, or all of it. */
export function takeUp(
  sa: IkeSa,
  message: IkeMessage,
  tail: Uint8Array,
  endpoints: IkeEndpoints,
): void {
  const { messageId, exchange } = message
  sa.answering = { messageId, exchange, tail, endpoints }
}

/** Answer the request that was taken up, and be ready for the next. */
export function respond(run: Run, sa: IkeSa, payloads: readonly IkePayload[]): Datagrams {
  const { answering } = sa
  invariant(answering !== undefined, `an answer without a request on IKE SA ${sa.id}`)
  const { messageId, exchange, tail, endpoints } = answering
  sa.answering = undefined
  const datagrams = build(run, sa, { exchange, messageId, isResponse: true }, payloads)
  sa.answered = { messageId, tail, datagrams }
  sa.nextExpected = messageId + 1
  sendAll(run, datagrams, endpoints)
  say(run, {
    kind: 'ike/message',
    direction: 'sent',
    exchange: exchangeName(exchange)!,
    response: true,
    messageId,
    payloads: payloadNames(payloads, true),
    ...(datagrams.length > 1 && { fragments: datagrams.length }),
  })
  return datagrams
}

/** The last answer once more, if this is the request that it was for, to the bit; where it came in fragments, for the first of them. */
export function repeatAnswer(
  run: Run,
  sa: IkeSa,
  message: IkeMessage,
  datagram: Uint8Array,
  endpoints: IkeEndpoints,
): boolean {
  const { answered } = sa
  if (answered?.messageId !== message.messageId || !endsWith(datagram, answered.tail)) return false
  sendAll(run, answered.datagrams, endpoints)
  return true
}

function endsWith(bytes: Uint8Array, tail: Uint8Array): boolean {
  const from = bytes.length - tail.length
  if (from < 0) return false
  for (let at = 0; at < tail.length; at++) if (bytes[from + at] !== tail[at]) return false
  return true
}

// ── both ──

interface Envelope {
  readonly exchange: number
  readonly messageId: number
  readonly isResponse: boolean
}

function build(
  run: Run,
  sa: IkeSa,
  envelope: Envelope,
  payloads: readonly IkePayload[],
): Datagrams {
  const chain = encodePayloads(payloads)
  const head: Head = {
    initiatorSpi: sa.spiI,
    responderSpi: sa.spiR,
    exchange: envelope.exchange,
    flags:
      (sa.role === 'initiator' ? IkeFlag.initiator : 0) |
      (envelope.isResponse ? IkeFlag.response : 0),
    messageId: envelope.messageId,
  }
  if (envelope.exchange === IkeExchange.saInit) {
    return [encodeIke({ ...head, nextPayload: chain.first, payloads: chain.bytes })]
  }
  const packet = run.state.fragmentation ? run.options.fragmentation?.packet : undefined
  return sealMessage(sa, head, chain, run.env.rng, packet)
}

function sendAll(run: Run, datagrams: Datagrams, endpoints: IkeEndpoints): void {
  const marker = endpoints.local.port !== (run.options.ikePort ?? IKE_SA_INIT_PORT)
  for (const bytes of datagrams) run.outputs.push({ kind: 'send', endpoints, marker, bytes })
  run.state.sent = run.env.now
}
