/**
 * PPP inside SSTP ([MS-SSTP] §3.1.4, §3.1.7): frames to and from the link, and what the link wants of the host or of the session.
 */
import { decodePppFrame, isNetworkProtocol } from '../../wire/ppp/frame.ts'
import { encodeSstp } from '../../wire/sstp.ts'
import type { PppInput, PppOutput } from '../ppp/contract.ts'
import { onAuthenticated } from './binding.ts'
import { disconnect, tunnelDown } from './ending.ts'
import { offerTunnel } from './hello.ts'
import { carries, SSTP_PAYLOAD_BYTES_MAX, type Run } from './state.ts'

/** Give the link an input, and carry out what it wants. */
export function feedPpp(run: Run, input: PppInput): void {
  const { state, env } = run
  for (const output of state.link.step(state.ppp, input, env).outputs) carryOut(run, output)
}

function carryOut(run: Run, output: PppOutput): void {
  const { state, outputs } = run
  switch (output.kind) {
    case 'frame':
      return sendFrame(run, output.bytes, output.isData)
    case 'authenticated':
      return onAuthenticated(run, output.msk)
    case 'up':
      state.tunnel = output.tunnel
      return offerTunnel(run)
    case 'down':
      return tunnelDown(run)
    case 'packet':
      if (state.isUp) outputs.push(output)
      return
    case 'over':
      return disconnect(run, output.why)
    default:
      outputs.push(output)
  }
}

/** Of the network only when the session stands, others as soon as the peer takes them. */
function sendFrame(run: Run, payload: Uint8Array, isData: boolean): void {
  if (isData ? run.state.phase !== 'connected' : !carries(run)) return
  if (payload.length > SSTP_PAYLOAD_BYTES_MAX) {
    const what = `a frame of ${payload.length} bytes does not fit`
    run.outputs.push({ kind: 'report', report: { kind: 'ppp/ignored', what } })
    return
  }
  run.outputs.push({ kind: 'send', bytes: encodeSstp({ kind: 'data', payload }) })
}

/** A data packet. */
export function receivePayload(run: Run, bytes: Uint8Array): void {
  if (!carries(run)) return
  if (run.state.phase !== 'connected') {
    const frame = decodePppFrame(bytes)
    if (frame.ok && isNetworkProtocol(frame.value.protocol)) return
  }
  feedPpp(run, { kind: 'frame', bytes })
}
