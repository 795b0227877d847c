/**
 * A datagram on its way to who deals with it: which IKE SA, whether it is the turn of its message id, whether it is authentic, whether it can be read. What
 * anybody may have sent is passed over and leaves no trace but a report (RFC 7296 §2.21.4); what an authentic peer does wrong is answered.
 */
import { equalBytes } from '../../base/bytes.ts'
import { decodeIke, IkeExchange, IkeFlag, type IkeMessage } from '../../wire/ikev2/header.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import { decodePayloads } from '../../wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { onCreateChild } from './create-child.ts'
import { finish, finishSlowly } from './ending.ts'
import { repeatAnswer, respond, settle, takeUp } from './exchange.ts'
import { onInformational } from './informational.ts'
import * as initiator from './initiator.ts'
import { followPeer } from './mobike.ts'
import { exchangeName, payloadNames } from './names.ts'
import type { IkeEndpoints } from './options.ts'
import { hasNotify, notify } from './payload.ts'
import { openMessage, type Opened } from './protect.ts'
import { onRekeyIke } from './rekey-ike.ts'
import type { IgnoredReason } from './report.ts'
import * as responder from './responder.ts'
import { say, type IkeSa, type Run } from './state.ts'
import { onAnswer } from './tasks.ts'
import { SecurityProtocol } from '../../wire/ikev2/numbers.ts'

/** A datagram as it came, and its header. */
interface Arrival {
  readonly message: IkeMessage
  readonly bytes: Uint8Array
  readonly endpoints: IkeEndpoints
}

export function receive(run: Run, bytes: Uint8Array, endpoints: IkeEndpoints): void {
  const decoded = decodeIke(bytes)
  if (!decoded.ok)
    return say(run, { kind: 'ike/malformed', error: decoded.error, authentic: false })
  const arrival = { message: decoded.value, bytes, endpoints }
  const sa = saOf(run, decoded.value)
  if (sa === undefined) return ignore(run, 'not-ours')
  const isResponse = (decoded.value.flags & IkeFlag.response) !== 0
  if (isResponse) onResponse(run, sa, arrival)
  else onRequest(run, sa, arrival)
}

const ignore = (run: Run, why: IgnoredReason, detail?: string): void =>
  say(run, { kind: 'ike/ignored', why, ...(detail !== undefined && { detail }) })

/** By both SPIs; of the first messages by what is known of them. */
function saOf({ state }: Run, message: IkeMessage): IkeSa | undefined {
  const isFromInitiator = (message.flags & IkeFlag.initiator) !== 0
  const role = isFromInitiator ? 'responder' : 'initiator'
  const isFirst = message.exchange === IkeExchange.saInit
  return [state.sa, ...state.others].find((sa) => {
    if (sa.role !== role) return false
    if (isUnopened(sa)) return isFirst && message.responderSpi.every((byte) => byte === 0)
    if (!equalBytes(sa.spiI, message.initiatorSpi)) return false
    return isFirst || equalBytes(sa.spiR, message.responderSpi)
  })
}

/** A responder that has heard nothing yet. */
const isUnopened = (sa: IkeSa): boolean =>
  sa.role === 'responder' && sa.protection === undefined && sa.spiI.every((byte) => byte === 0)

// ── answers ──

function onResponse(run: Run, sa: IkeSa, arrival: Arrival): void {
  const { message, bytes, endpoints } = arrival
  const { outstanding } = sa
  if (outstanding?.messageId !== message.messageId || outstanding.exchange !== message.exchange) {
    return ignore(run, 'old-message-id', `an answer ${message.messageId}`)
  }
  if (message.exchange === IkeExchange.saInit) {
    const payloads = decodePayloads(message.nextPayload, message.payloads)
    if (!payloads.ok) {
      return say(run, { kind: 'ike/malformed', error: payloads.error, authentic: false })
    }
    if (criticalIn(payloads.value) !== undefined || run.role !== 'initiator') {
      return ignore(run, 'unexpected-exchange')
    }
    sayReceived(run, message, payloads.value, true)
    return initiator.onSaInit(run, message, bytes, payloads.value, endpoints)
  }
  const opened = open(run, sa, arrival, true)
  if (opened === undefined) return
  settle(run, sa, message)
  run.state.heard = run.env.now
  const payloads = decodePayloads(opened.chain.first, opened.chain.bytes)
  if (!payloads.ok) {
    say(run, { kind: 'ike/malformed', error: payloads.error, authentic: true })
    return finish(run, 'invalid-syntax')
  }
  sayReceived(run, message, payloads.value, true, opened.fragments)
  const critical = criticalIn(payloads.value)
  if (critical !== undefined) {
    return finish(run, 'unsupported-critical-payload', `payload type ${critical}`)
  }
  onAnswer(run, sa, outstanding, payloads.value, endpoints)
}

// ── requests ──

function onRequest(run: Run, sa: IkeSa, arrival: Arrival): void {
  const { message, bytes, endpoints } = arrival
  const { messageId, exchange } = message
  if (messageId < sa.nextExpected) {
    const isRepeated = repeatAnswer(run, sa, message, bytes, endpoints)
    return isRepeated ? undefined : ignore(run, 'old-message-id', `a request ${messageId}`)
  }
  if (run.state.ending !== undefined && !isDeleting(sa)) {
    return ignore(run, 'not-ours', 'the session is at its end')
  }
  if (messageId > sa.nextExpected) {
    return ignore(run, 'future-message-id', `${messageId}, not ${sa.nextExpected}`)
  }
  if (sa.answering !== undefined) return ignore(run, 'busy', `a request ${messageId}`)
  if (sa.protection === undefined) return onFirst(run, arrival)
  if (exchange === IkeExchange.saInit) return ignore(run, 'unexpected-exchange')
  const opened = open(run, sa, arrival, false)
  if (opened === undefined) return
  run.state.heard = run.env.now
  takeUp(sa, message, opened.tail, endpoints)
  const payloads = decodePayloads(opened.chain.first, opened.chain.bytes)
  if (!payloads.ok) {
    say(run, { kind: 'ike/malformed', error: payloads.error, authentic: true })
    respond(run, sa, [notify(NotifyType.INVALID_SYNTAX)])
    return finishSlowly(run, 'invalid-syntax')
  }
  sayReceived(run, message, payloads.value, false, opened.fragments)
  const critical = criticalIn(payloads.value)
  if (critical !== undefined) {
    respond(run, sa, [notify(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, Uint8Array.of(critical))])
    return
  }
  followPeer(run, endpoints)
  onAuthentic(run, sa, exchange, payloads.value, endpoints)
}

/** Our own delete waits for its answer, and the peer may be waiting for one of its requests (RFC 7296 §2.25.2). */
const isDeleting = ({ outstanding }: IkeSa): boolean => outstanding?.purpose.kind === 'delete-ike'

/** IKE_SA_INIT, the only request that anybody may make. */
function onFirst(run: Run, { message, bytes, endpoints }: Arrival): void {
  if (run.role !== 'responder' || message.exchange !== IkeExchange.saInit) {
    return ignore(run, 'unexpected-exchange')
  }
  const payloads = decodePayloads(message.nextPayload, message.payloads)
  if (!payloads.ok) {
    say(run, { kind: 'ike/malformed', error: payloads.error, authentic: false })
    return finish(run, 'invalid-syntax')
  }
  sayReceived(run, message, payloads.value, false)
  const critical = criticalIn(payloads.value)
  if (critical !== undefined) {
    takeUp(run.state.sa, message, bytes, endpoints)
    respond(run, run.state.sa, [
      notify(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, Uint8Array.of(critical)),
    ])
    return finish(run, 'unsupported-critical-payload')
  }
  responder.onSaInit(run, message, bytes, payloads.value, endpoints)
}

function onAuthentic(
  run: Run,
  sa: IkeSa,
  exchange: number,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): void {
  const isOpening = !run.state.established
  if (exchange === IkeExchange.informational) {
    return onInformational(run, sa, payloads, endpoints)
  }
  if (exchange === IkeExchange.auth && isOpening && run.role === 'responder') {
    return responder.onAuth(run, payloads)
  }
  if (exchange === IkeExchange.createChildSa && !isOpening) {
    const isIke = payloads.some(
      (each) =>
        each.kind === 'sa' &&
        each.proposals.some(({ protocol }) => protocol === SecurityProtocol.IKE),
    )
    const isChild = hasNotify(payloads, NotifyType.REKEY_SA) || !isIke
    return isChild ? onCreateChild(run, sa, payloads) : onRekeyIke(run, sa, payloads)
  }
  say(run, {
    kind: 'ike/unexpected',
    expected: isOpening ? ['IKE_AUTH'] : ['CREATE_CHILD_SA', 'INFORMATIONAL'],
    got: exchangeName(exchange) ?? `exchange ${exchange}`,
    exchange: exchangeName(exchange) ?? 'INFORMATIONAL',
  })
  respond(run, sa, [notify(NotifyType.INVALID_SYNTAX)])
}

// ── both ──

/** What is in the Encrypted payload, when all of it is there. Undefined: nothing to do, and it has been said why. */
function open(
  run: Run,
  sa: IkeSa,
  { message, bytes }: Arrival,
  isResponse: boolean,
): Extract<Opened, { kind: 'whole' }> | undefined {
  const outer = decodePayloads(message.nextPayload, message.payloads)
  if (!outer.ok) {
    say(run, { kind: 'ike/malformed', error: outer.error, authentic: false })
    return undefined
  }
  const last = outer.value.at(-1)
  const isSealed =
    last?.kind === 'encrypted' || (last?.kind === 'fragment' && run.state.fragmentation)
  if (!isSealed || sa.protection === undefined) {
    ignore(run, 'unprotected')
    return undefined
  }
  const opened = openMessage(sa, message, bytes, last, isResponse)
  if (opened.kind === 'whole') return opened
  if (opened.kind === 'bad-integrity') ignore(run, 'bad-integrity')
  if (opened.kind === 'bad-fragment') ignore(run, 'fragment')
  return undefined
}

/** RFC 7296 §2.5: its type is what the answer says. */
const criticalIn = (payloads: readonly IkePayload[]): number | undefined => {
  const critical = payloads.find((each) => each.kind === 'unknown' && each.critical)
  return critical?.kind === 'unknown' ? critical.type : undefined
}

function sayReceived(
  run: Run,
  { exchange, messageId }: IkeMessage,
  payloads: readonly IkePayload[],
  response: boolean,
  fragments = 1,
): void {
  const name = exchangeName(exchange)
  if (name === undefined) return
  say(run, {
    kind: 'ike/message',
    direction: 'received',
    exchange: name,
    response,
    messageId,
    payloads: payloadNames(payloads, response),
    ...(fragments > 1 && { fragments }),
  })
}
