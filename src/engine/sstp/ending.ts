/**
 * The ends of a session ([MS-SSTP] §3.1.1.1, §3.1.2): by CALL_ABORT, by CALL_DISCONNECT, or without a word. The tunnel is gone at once; what is left is to
 * be sure that the peer has heard.
 */
import { SstpAttributeId, SstpMessageType, SstpStatus, sstpStatusName } from '../../wire/sstp.ts'
import type { SstpAttribute } from '../../wire/sstp.ts'
import type { SstpEnd } from './contract.ts'
import {
  arm,
  carries,
  disarm,
  END_TIMER,
  HELLO_TIMER,
  isEnding,
  NEGOTIATION_TIMER,
  say,
  sendControl,
  timersOf,
  type Run,
} from './state.ts'

const statusInfo = (attribute: number, status: number): SstpAttribute => ({
  kind: 'status-info',
  attribute,
  status,
  value: new Uint8Array(),
})

/** It is known why the session ends; the first reason counts. */
export function lower(run: Run, why: SstpEnd, detail?: string): void {
  if (run.state.end !== undefined) return
  run.state.end = why
  say(run, { kind: 'sstp/over', why, ...(detail !== undefined && { detail }) })
}

/** Over now. Nothing that comes later is heard. */
export function finish(run: Run, why: SstpEnd, how: { readonly abort?: boolean } = {}): void {
  const { state, outputs } = run
  if (state.phase === 'over') return
  lower(run, why)
  stopPpp(run)
  state.phase = 'over'
  state.pending = new Uint8Array()
  for (const timer of state.timers) disarm(run, timer)
  outputs.push({ kind: 'over', why: state.end ?? why, abort: how.abort ?? false })
}

export function tunnelDown({ state, outputs }: Run): void {
  delete state.tunnel
  if (!state.isUp) return
  state.isUp = false
  outputs.push({ kind: 'down' })
}

/** Of what the link still wants, its timers and reports are carried out; it has no carrier to speak over. */
function stopPpp(run: Run): void {
  const { state, outputs, env } = run
  for (const output of state.link.step(state.ppp, { kind: 'down' }, env).outputs) {
    if (output.kind === 'arm' || output.kind === 'disarm' || output.kind === 'report') {
      outputs.push(output)
    }
  }
  tunnelDown(run)
}

function end(run: Run, phase: Run['state']['phase']): void {
  run.state.phase = phase
  disarm(run, NEGOTIATION_TIMER)
  disarm(run, HELLO_TIMER)
  stopPpp(run)
}

/** Say that something is wrong ([MS-SSTP] §3.1.5.1): `attribute` is the one that is, `status` what is wrong with it. */
export function abort(
  run: Run,
  why: SstpEnd,
  status: number,
  attribute: number = SstpAttributeId.NO_ERROR,
): void {
  lower(run, why)
  say(run, { kind: 'sstp/aborted', by: 'own', status: sstpStatusName(status) })
  end(run, 'abort-pending')
  sendControl(run, SstpMessageType.CALL_ABORT, statusInfo(attribute, status))
  arm(run, END_TIMER, timersOf(run).abort[0])
}

/** A message that has no place here. */
export function unexpected(run: Run, message: string): void {
  say(run, { kind: 'sstp/unexpected', message, state: run.state.phase })
  abort(run, 'unexpected-message', SstpStatus.UNACCEPTED_FRAME_RECEIVED)
}

/** Say good-bye; before there is anything to say it about, be gone. */
export function disconnect(run: Run, why: SstpEnd): void {
  if (isEnding(run)) return
  if (!carries(run)) return finish(run, why)
  lower(run, why)
  end(run, 'disconnect-ack-pending')
  const status = statusInfo(SstpAttributeId.NO_ERROR, SstpStatus.NO_ERROR)
  sendControl(run, SstpMessageType.CALL_DISCONNECT, status)
  arm(run, END_TIMER, timersOf(run).disconnect[0])
}

// ── what comes ──

export function onAbort(run: Run, attributes: readonly SstpAttribute[]): void {
  const { state } = run
  switch (state.phase) {
    case 'abort-timeout-pending':
    case 'disconnect-timeout-pending':
      return
    case 'abort-pending':
      break
    default: {
      lower(run, 'aborted-by-peer')
      const status = attributes.find((each) => each.kind === 'status-info')?.status
      say(run, {
        kind: 'sstp/aborted',
        by: 'peer',
        ...(status !== undefined && { status: sstpStatusName(status) }),
      })
      end(run, 'abort-timeout-pending')
      const answer = statusInfo(SstpAttributeId.NO_ERROR, SstpStatus.NO_ERROR)
      sendControl(run, SstpMessageType.CALL_ABORT, answer)
    }
  }
  state.phase = 'abort-timeout-pending'
  arm(run, END_TIMER, timersOf(run).abort[1])
}

export function onDisconnect(run: Run): void {
  const { phase } = run.state
  if (phase !== 'disconnect-ack-pending' && isEnding(run)) return
  // PPP mostly knows better, and said good-bye before.
  lower(run, run.state.ppp.end ?? 'disconnected-by-peer')
  end(run, 'disconnect-timeout-pending')
  sendControl(run, SstpMessageType.CALL_DISCONNECT_ACK)
  arm(run, END_TIMER, timersOf(run).disconnect[1])
}

export function onDisconnectAck(run: Run): void {
  if (run.state.phase === 'disconnect-ack-pending') finish(run, 'closed')
  else if (!isEnding(run)) unexpected(run, 'CALL_DISCONNECT_ACK')
}
