/**
 * The end of a session: at once, or after a while in which repeated requests are still answered, so that the peer hears why (RFC 7296 §2.1).
 */
import { seconds } from '../../base/time.ts'
import { dropChildren } from './children.ts'
import type { ChildDownReason } from './contract.ts'
import { retransmitTimer } from './exchange.ts'
import type { OverReason } from './report.ts'
import { routeKey } from './route.ts'
import { arm, disarm, say, type IkeSa, type Run } from './state.ts'

/** OWN: as long as a peer repeats a request. */
const LINGER = seconds(30)
export const LINGER_TIMER = 'linger'

/** Over now. Nothing that comes later is heard. */
export function finish(run: Run, why: OverReason, detail?: string): void {
  if (run.state.over) return
  lower(run, why, detail)
  run.state.over = true
  for (const timer of run.state.timers) disarm(run, timer)
  for (const sa of [run.state.sa, ...run.state.others]) forget(run, sa)
  forgetFirst(run)
  run.outputs.push({ kind: 'over', why: run.state.ending ?? why })
}

/** As {@link finish}, but the last answer is given again to who asks again. */
export function finishSlowly(run: Run, why: OverReason, detail?: string): void {
  if (run.state.timers.has(LINGER_TIMER)) return
  lower(run, why, detail)
  for (const timer of run.state.timers) disarm(run, timer)
  for (const sa of [run.state.sa, ...run.state.others]) {
    sa.queue.length = 0
    sa.outstanding = undefined
  }
  arm(run, LINGER_TIMER, LINGER)
}

export const endLinger = (run: Run): void => finish(run, run.state.ending ?? 'closed')

/** The children go and the host hears why, once; what is left is to tell the peer. */
export function lower(run: Run, why: OverReason, detail?: string): void {
  if (run.state.ending !== undefined) return
  run.state.ending = why
  dropChildren(run, CHILD_REASONS[why] ?? 'ike-sa-over')
  say(run, { kind: 'ike/over', why, ...(detail !== undefined && { detail }) })
}

const CHILD_REASONS: Partial<Record<OverReason, ChildDownReason>> = {
  'deleted-by-peer': 'deleted-by-peer',
  closed: 'closed',
  expired: 'expired',
}

export function addRoute(run: Run, sa: IkeSa): void {
  run.outputs.push({ kind: 'route', change: 'add', key: ownKey(sa) })
}

/** Datagrams for this IKE SA are nobody's from now on. */
export function forget(run: Run, sa: IkeSa): void {
  if (sa.state === 'gone') return
  sa.state = 'gone'
  disarm(run, retransmitTimer(sa))
  run.outputs.push({ kind: 'route', change: 'remove', key: ownKey(sa) })
}

const STALE = 'stale/'
/** OWN: so long the peer may take to delete what has been replaced; and so long its delete is answered. */
const STALE_AFTER = seconds(60)
const staleTimer = (sa: IkeSa): string => `${STALE}${sa.id}`
/** The IKE SA of a timer; undefined: it is another timer. */
export const stale = (timer: string): number | undefined =>
  timer.startsWith(STALE) ? Number(timer.slice(STALE.length)) : undefined

/** A predecessor, or a successor that lost: the peer is to delete it, and has some time for that. */
export function awaitDelete(run: Run, sa: IkeSa): void {
  sa.state = 'replaced'
  arm(run, staleTimer(sa), STALE_AFTER)
}

/** The peer has deleted it. It may ask again. */
export function retire(run: Run, sa: IkeSa): void {
  silence(run, sa)
  arm(run, staleTimer(sa), LINGER)
}

/** Deleted on both sides. */
export function bury(run: Run, sa: IkeSa): void {
  const { others } = run.state
  silence(run, sa)
  disarm(run, staleTimer(sa))
  forget(run, sa)
  const at = others.indexOf(sa)
  if (at >= 0) others.splice(at, 1)
}

function silence(run: Run, sa: IkeSa): void {
  // What it was about to say of this host's address the other one says.
  if (sa.outstanding?.purpose.kind === 'move') run.state.sa.queue.push({ kind: 'move' })
  sa.queue.length = 0
  sa.outstanding = undefined
  disarm(run, retransmitTimer(sa))
}

/** The peer knows the responder's SPI now. */
export function forgetFirst(run: Run): void {
  if (run.role !== 'responder' || run.state.firstRoute === undefined) return
  run.outputs.push({ kind: 'route', change: 'remove', key: run.state.firstRoute })
  run.state.firstRoute = undefined
}

const ownKey = (sa: IkeSa): string => routeKey(sa.role, sa.role === 'initiator' ? sa.spiI : sa.spiR)
