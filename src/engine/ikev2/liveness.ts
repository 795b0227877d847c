/**
 * Whether the peer is still there (RFC 7296 §2.4), and whether a NAT on the way still knows us (RFC 3948 §4): two timers that look when something was last
 * heard or sent, in IKE or in ESP.
 */
import { between, type Duration, type Instant } from '../../base/time.ts'
import { natKeepalive } from '../../wire/esp.ts'
import { encapsulates } from './children.ts'
import { NAT_KEEPALIVE } from './options.ts'
import { arm, disarm, type Run } from './state.ts'

export const DEAD_PEER_TIMER = 'dead-peer'
export const KEEPALIVE_TIMER = 'keepalive'

export function armLiveness(run: Run): void {
  const { deadPeer } = run.options
  if (deadPeer !== undefined) arm(run, DEAD_PEER_TIMER, deadPeer)
  armKeepalive(run)
}

/** Again when this host has moved: there may be a NAT now, or none. */
export function armKeepalive(run: Run): void {
  const every = run.options.keepalive ?? NAT_KEEPALIVE
  if (every > 0 && run.state.behind.own) arm(run, KEEPALIVE_TIMER, every)
  else disarm(run, KEEPALIVE_TIMER)
}

/** Whether nothing was heard for as long as that: the peer is to be asked. The timer runs on. */
export function isSilent(run: Run): boolean {
  const { deadPeer } = run.options
  if (deadPeer === undefined) return false
  const heard = latest(run.state.heard, run.options.espTraffic?.().heard)
  const silence = between(heard, run.env.now)
  const isDue = silence >= deadPeer
  arm(run, DEAD_PEER_TIMER, isDue ? deadPeer : ((deadPeer - silence) as Duration))
  return isDue
}

export function keepAlive(run: Run): void {
  const every = run.options.keepalive ?? NAT_KEEPALIVE
  if (!run.state.behind.own) return
  const sent = latest(
    run.state.sent,
    encapsulates(run) ? run.options.espTraffic?.().sent : undefined,
  )
  const silence = between(sent, run.env.now)
  if (silence < every) return arm(run, KEEPALIVE_TIMER, (every - silence) as Duration)
  const { endpoints } = run.state
  run.outputs.push({ kind: 'send', endpoints, marker: false, bytes: natKeepalive() })
  run.state.sent = run.env.now
  arm(run, KEEPALIVE_TIMER, every)
}

const latest = (a: Instant, b: Instant | undefined): Instant => (b !== undefined && b > a ? b : a)
