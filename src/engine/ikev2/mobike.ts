/**
 * MOBIKE (RFC 4555): the client's address changes and its SAs stay. The initiator says so; the responder believes the packet that says it, and may have it
 * proved (§3.7).
 */
import { equalBytes } from '../../base/bytes.ts'
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { notifyName, NotifyType } from '../../wire/ikev2/notify-types.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { encapsulates } from './children.ts'
import { finish } from './ending.ts'
import { request, respond, sendAgain } from './exchange.ts'
import { armKeepalive } from './liveness.ts'
import { behindNat, natDetection } from './nat-detection.ts'
import type { IkeEndpoint, IkeEndpoints } from './options.ts'
import { findError, findNotify, hasNotify, notify } from './payload.ts'
import { say, type IkeSa, type Run } from './state.ts'

const COOKIE_BYTES = 16

// ── the side that moves ──

/** This host is elsewhere: what is on its way goes once more, and the peer is told. */
export function onMoved(run: Run, local: IkeEndpoint, remote: IkeEndpoint | undefined): void {
  const { state } = run
  if (run.role !== 'initiator' || !state.established || !state.mobike) {
    return say(run, { kind: 'ike/move-failed', notify: 'no MOBIKE_SUPPORTED' })
  }
  const to = { local, remote: remote ?? state.endpoints.remote }
  say(run, { kind: 'ike/moved', by: 'own', from: state.endpoints, to })
  state.endpoints = to
  sayPath(run)
  for (const sa of [state.sa, ...state.others]) sendAgain(run, sa)
  const { queue } = state.sa
  if (!queue.some(({ kind }) => kind === 'move')) queue.unshift({ kind: 'move' })
}

const sayPath = (run: Run): void => {
  const { endpoints } = run.state
  run.outputs.push({ kind: 'moved', endpoints, encapsulates: encapsulates(run) })
}

export function askMove(run: Run, sa: IkeSa): void {
  const payloads = [
    notify(NotifyType.UPDATE_SA_ADDRESSES),
    ...natDetection(sa, run.state.endpoints),
  ]
  request(run, sa, IkeExchange.informational, payloads, { kind: 'move' })
}

export function onMoveAnswer(
  run: Run,
  sa: IkeSa,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): void {
  const error = findError(payloads)
  if (error !== undefined) {
    return say(run, { kind: 'ike/move-failed', notify: notifyName(error.type) })
  }
  readPath(run, sa, payloads, endpoints)
}

/** There may be a NAT now, or none any more (RFC 4555 §3.5). */
function readPath(
  run: Run,
  sa: IkeSa,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): void {
  const before = encapsulates(run)
  const behind = behindNat(payloads, sa, endpoints)
  if (behind !== undefined) run.state.behind = behind
  if (encapsulates(run) !== before) sayPath(run)
  armKeepalive(run)
}

// ── the side that stays ──

/** `endpoints` are those of the packet that says so. */
export function onUpdateAddresses(
  run: Run,
  sa: IkeSa,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): void {
  const { state } = run
  if (run.role === 'responder' && state.mobike) {
    const from = state.endpoints
    state.endpoints = endpoints
    const behind = behindNat(payloads, sa, endpoints)
    if (behind !== undefined) state.behind = behind
    if (!isSame(from, endpoints)) say(run, { kind: 'ike/moved', by: 'peer', from, to: endpoints })
    sayPath(run)
    armKeepalive(run)
    const isAsked = sa.queue.some(({ kind }) => kind === 'routability')
    if (run.options.checksReturn === true && !isAsked) sa.queue.push({ kind: 'routability' })
  }
  respond(run, sa, [...natDetection(sa, endpoints), ...sameCookie(payloads)])
}

export const isUpdate = (payloads: readonly IkePayload[]): boolean =>
  hasNotify(payloads, NotifyType.UPDATE_SA_ADDRESSES)

/** COOKIE2 goes back as it came (RFC 4555 §3.7). */
export function sameCookie(payloads: readonly IkePayload[]): readonly IkePayload[] {
  const cookie = findNotify(payloads, NotifyType.COOKIE2)
  return cookie === undefined ? [] : [notify(NotifyType.COOKIE2, cookie.data)]
}

export function askRoutability(run: Run, sa: IkeSa): void {
  const cookie = run.env.rng.bytes(COOKIE_BYTES)
  const payloads = [notify(NotifyType.COOKIE2, cookie)]
  request(run, sa, IkeExchange.informational, payloads, { kind: 'routability', cookie })
}

/** RFC 4555 §3.7: another cookie is somebody else's. */
export function onRoutabilityAnswer(
  run: Run,
  payloads: readonly IkePayload[],
  cookie: Uint8Array,
): void {
  const back = findNotify(payloads, NotifyType.COOKIE2)?.data
  if (back === undefined || !equalBytes(back, cookie)) {
    finish(run, 'authentication-failed', 'COOKIE2 did not come back')
  }
}

export const isSame = (a: IkeEndpoints, b: IkeEndpoints): boolean =>
  a.local.address === b.local.address &&
  a.local.port === b.local.port &&
  a.remote.address === b.remote.address &&
  a.remote.port === b.remote.port

/**
 * Without MOBIKE, a peer behind a NAT is where its last packet came from (RFC 7296 §2.23); before the SA stands, whoever asks is answered there.
 */
export function followPeer(run: Run, endpoints: IkeEndpoints): void {
  const { state } = run
  if (run.role !== 'responder' || isSame(state.endpoints, endpoints)) return
  if (!state.established) {
    state.endpoints = endpoints
    return
  }
  if (state.mobike || !state.behind.peer) return
  say(run, { kind: 'ike/moved', by: 'peer', from: state.endpoints, to: endpoints })
  state.endpoints = endpoints
  sayPath(run)
}
