/**
 * One SSTP session on one TLS connection ([MS-SSTP] §3), as client or server, with PPP inside. Sans I/O: `contract.ts` says what goes in and comes out.
 */
import { SSTP_NONCE_BYTES, SstpHash, SstpStatus } from '../../wire/sstp.ts'
import { PPP_HEADER_BYTES } from '../../wire/ppp/frame.ts'
import type { PppReport } from '../ppp/contract.ts'
import { pppLink } from '../ppp/link.ts'
import type { Engine } from '../engine.ts'
import * as client from './client.ts'
import type { SstpInput, SstpOptions, SstpOutput, SstpReport } from './contract.ts'
import { abort, disconnect, finish, lower } from './ending.ts'
import { onHelloTimer } from './hello.ts'
import { feedPpp } from './payload.ts'
import { receive } from './receive.ts'
import * as server from './server.ts'
import {
  carries,
  END_TIMER,
  HELLO_TIMER,
  HTTP_TIMER,
  NEGOTIATION_TIMER,
  say,
  SSTP_PAYLOAD_BYTES_MAX,
  type Run,
  type SstpState,
} from './state.ts'

export type SstpSession = Engine<SstpState, SstpInput, SstpReport | PppReport, SstpOutput>

/**
 * A session of either role. A client's `start` sends the HTTP request; a server's waits for it.
 *
 * @example
 * const session = sstpSession({ role: 'server', certificate })
 * const { state } = session.start(env)
 * for (const output of session.step(state, { kind: 'stream', bytes }, env).outputs) carryOut(output)
 */
export const sstpSession = (options: SstpOptions): SstpSession => {
  const link = pppLink({
    ...options.ppp,
    role: options.role,
    carries: SSTP_PAYLOAD_BYTES_MAX - PPP_HEADER_BYTES,
  })
  return {
    start(env) {
      const state: SstpState = {
        phase: 'http',
        began: env.now,
        pending: new Uint8Array(),
        naks: 0,
        nonce: new Uint8Array(SSTP_NONCE_BYTES),
        hash: SstpHash.SHA256,
        heard: env.now,
        isAsking: false,
        link,
        ppp: link.start(env).state,
        isUp: false,
        timers: new Set(),
      }
      const run: Run = { options, state, env, outputs: [] }
      if (options.role === 'client') client.begin(run, options)
      else server.begin(run)
      return { state, outputs: run.outputs }
    },
    step(state, input, env) {
      const run: Run = { options, state, env, outputs: [] }
      if (state.phase !== 'over') onInput(run, input)
      return { state, outputs: run.outputs }
    },
  }
}

function onInput(run: Run, input: SstpInput): void {
  switch (input.kind) {
    case 'stream':
      return receive(run, input.bytes)
    case 'stream-ended':
      return finish(run, 'stream-ended')
    case 'timer':
      return onTimer(run, input.timer)
    case 'port':
      return onPort(run, input)
    case 'close':
      return onClose(run, input.silent ?? false, input.why)
    default:
      feedPpp(run, input)
  }
}

function onPort(run: Run, input: Extract<SstpInput, { kind: 'port' }>): void {
  if (run.state.phase !== 'asking-port') return
  if (!input.granted) return server.onPortDenied(run, input.why, input.status)
  server.onPortGranted(run)
  // What a client said too early.
  receive(run, new Uint8Array())
}

/** The link says good-bye first; when it is over, so is the session. */
function onClose(run: Run, isSilent: boolean, why: string | undefined): void {
  lower(run, 'closed', why)
  if (isSilent) return finish(run, 'closed')
  if (carries(run)) feedPpp(run, { kind: 'close', ...(why !== undefined && { why }) })
  else disconnect(run, 'closed')
}

function onTimer(run: Run, timer: string): void {
  if (timer.startsWith('ppp/')) return feedPpp(run, { kind: 'timer', timer })
  // One that was disarmed while it was on its way.
  if (!run.state.timers.delete(timer)) return
  switch (timer) {
    case HTTP_TIMER:
      say(run, { kind: 'sstp/timed-out', doing: 'HTTP' })
      return finish(run, 'negotiation-timed-out')
    case NEGOTIATION_TIMER:
      say(run, { kind: 'sstp/timed-out', doing: 'negotiation' })
      return abort(run, 'negotiation-timed-out', SstpStatus.NEGOTIATION_TIMEOUT)
    case HELLO_TIMER:
      return onHelloTimer(run)
    case END_TIMER:
      return finish(run, 'closed')
  }
}
