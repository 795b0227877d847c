/**
 * A session that stands ([MS-SSTP] §3.1.2.3): signs of life, and the tunnel for the host as soon as it has addresses.
 */
import { between, type Duration } from '../../base/time.ts'
import { SstpHash, SstpMessageType } from '../../wire/sstp.ts'
import { finish } from './ending.ts'
import {
  arm,
  disarm,
  HELLO_TIMER,
  NEGOTIATION_TIMER,
  say,
  sendControl,
  timersOf,
  type Run,
} from './state.ts'

export function connected(run: Run): void {
  const { state, env } = run
  state.phase = 'connected'
  state.heard = env.now
  disarm(run, NEGOTIATION_TIMER)
  arm(run, HELLO_TIMER, timersOf(run).hello)
  const hash = state.hash === SstpHash.SHA256 ? 'SHA256' : 'SHA1'
  say(run, { kind: 'sstp/connected', hash, took: between(state.began, env.now) })
  offerTunnel(run)
}

/** It is the host's when both PPP and SSTP stand. */
export function offerTunnel({ state, outputs }: Run): void {
  if (state.phase !== 'connected' || state.tunnel === undefined || state.isUp) return
  state.isUp = true
  outputs.push({ kind: 'up', tunnel: state.tunnel })
}

/** Any packet is a sign of life; the timer is moved when it goes off, not for each. */
export function heard({ state, env }: Run): void {
  state.heard = env.now
  state.isAsking = false
}

export function onHelloTimer(run: Run): void {
  const { state, env } = run
  const { hello } = timersOf(run)
  const silence = between(state.heard, env.now)
  if (!state.isAsking && silence < hello) {
    return arm(run, HELLO_TIMER, (hello - silence) as Duration)
  }
  if (state.isAsking) {
    say(run, { kind: 'sstp/timed-out', doing: 'hello' })
    return finish(run, 'no-answer', { abort: true })
  }
  state.isAsking = true
  sendControl(run, SstpMessageType.ECHO_REQUEST)
  arm(run, HELLO_TIMER, hello)
}
