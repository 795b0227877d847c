/**
 * Who is there: EAP carried in PPP (RFC 3748 §3.1), between LCP and the network. Packets pass; what is in them is the host's affair. Nothing is sent again:
 * the carrier loses nothing.
 */
import { EapCode } from '../../wire/eap/packet.ts'
import { encodePppFrame, PppProtocol } from '../../wire/ppp/frame.ts'
import { ignore, say, type Run } from './state.ts'

export function beginEap(run: Run): void {
  run.state.phase = 'authenticate'
  if (run.options.role === 'server') ask(run)
  else run.state.eapTurn = 'peer'
}

function ask(run: Run, packet?: Uint8Array): void {
  run.state.eapTurn = 'host'
  run.outputs.push({ kind: 'eap', ...(packet !== undefined && { packet }) })
}

/** A packet of the peer. */
export function receiveEap(run: Run, packet: Uint8Array): void {
  const { phase, eapTurn } = run.state
  if (phase !== 'authenticate') return ignore(run, 'EAP, at another time')
  if (eapTurn === 'host') return ignore(run, 'EAP, before the last packet was answered')
  run.state.isRefused = packet[0] === EapCode.failure
  ask(run, packet)
}

/** Whether the host may speak now. */
export const isHostsTurn = ({ state }: Run): boolean =>
  state.phase === 'authenticate' && state.eapTurn === 'host'

export function sendEap(run: Run, packet: Uint8Array): void {
  run.state.eapTurn = 'peer'
  const bytes = encodePppFrame({ protocol: PppProtocol.EAP, information: packet })
  run.outputs.push({ kind: 'frame', bytes, isData: false })
}

/** The key goes out before the packet that tells the peer: what it sends then may need it. */
export function succeed(run: Run, packet?: Uint8Array, msk?: Uint8Array): void {
  say(run, { kind: 'ppp/authenticated' })
  run.outputs.push({ kind: 'authenticated', ...(msk !== undefined && { msk }) })
  if (packet !== undefined) sendEap(run, packet)
}

export function fail(run: Run, packet?: Uint8Array, why?: string): void {
  say(run, { kind: 'ppp/authentication-failed', ...(why !== undefined && { why }) })
  if (packet !== undefined) sendEap(run, packet)
}
