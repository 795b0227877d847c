/**
 * EAP-TLS, both sides (RFC 5216; RFC 9190 with TLS 1.3): two certificates, and the keys that the handshake leaves.
 * Not TLS, not the judging of chains: the host does both when it is asked.
 */
import { equalBytes } from '../../base/bytes.ts'
import { EapType } from '../../wire/eap/packet.ts'
import { type EapMethod, type MethodOutput, type MethodStep } from './method.ts'
import {
  exportTunnelKey,
  isTunnelDrained,
  openTunnel,
  rememberSession,
  stepTunnel,
  tunnelAcknowledge,
  tunnelSend,
  tunnelStart,
  tunnelWrite,
  type Tunnel,
  type TunnelEvent,
  type TunnelOptions,
  type TunnelStep,
} from './tls-tunnel.ts'

/** `open` gives a TLS endpoint of the right role; a server's requests a certificate. */
export type EapTlsOptions = TunnelOptions

export interface EapTlsState {
  readonly tunnel: Tunnel
  /** `ending`: the method is over when all of the last flight is on its way, or acknowledged. */
  readonly stage: 'handshake' | 'ending'
}

/** RFC 9190 §2.5: one byte of application data by which the server says that nothing more follows. */
const PROTECTED_SUCCESS = Uint8Array.of(0)

const isTls13 = (tunnel: Tunnel): boolean => tunnel.endpoint.version === 'TLSv1.3'

/** The server of EAP-TLS. It asks its host for turns of TLS, and once to judge the peer's chain, or that of the session it resumed. */
export const eapTlsServer = (options: EapTlsOptions): EapMethod<EapTlsState> => ({
  type: EapType.tls,
  start: () => ({
    state: { tunnel: openTunnel(options, 'tls', true), stage: 'handshake' },
    outputs: [tunnelStart()],
  }),
  step: (state, input) => react(state, stepTunnel(state.tunnel, input), serverReacts),
})

/** The peer of EAP-TLS: it judges the server's chain before it says anything after the server's first flight. */
export const eapTlsPeer = (options: EapTlsOptions): EapMethod<EapTlsState> => ({
  type: EapType.tls,
  start: () => ({
    state: { tunnel: openTunnel(options, 'tls', true), stage: 'handshake' },
    outputs: [],
  }),
  step: (state, input) => react(state, stepTunnel(state.tunnel, input), peerReacts),
})

type Step = MethodStep<EapTlsState>
type Reaction = (
  state: EapTlsState,
  event: Exclude<TunnelEvent, { kind: 'output' | 'failed' }>,
) => Step

/** What both sides do alike. */
function react(before: EapTlsState, { tunnel, event }: TunnelStep, further: Reaction): Step {
  const state = { ...before, tunnel }
  switch (event.kind) {
    case 'output':
      return afterOutput(state, event.output)
    case 'failed': {
      const last = event.data === undefined ? [] : [{ kind: 'data', data: event.data } as const]
      tunnel.endpoint.close()
      return {
        state,
        outputs: [...last, { kind: 'result', result: { ok: false, fault: event.fault } }],
      }
    }
    default:
      return further(state, event)
  }
}

/** A peer that is ending has nothing to wait for once its last fragment is out. */
function afterOutput(state: EapTlsState, output: MethodOutput): Step {
  const { tunnel, stage } = state
  const isOver =
    stage === 'ending' &&
    output.kind === 'data' &&
    tunnel.endpoint.role === 'client' &&
    isTunnelDrained(tunnel)
  return { state, outputs: isOver ? [output, success(tunnel)] : [output] }
}

const again = (state: EapTlsState, step: TunnelStep): Step => react(state, step, unexpected)

const outOfSequence = (tunnel: Tunnel, detail: string): TunnelStep => ({
  tunnel,
  event: { kind: 'failed', fault: { code: 'eap/out-of-sequence', detail } },
})

const unexpected: Reaction = (state, event) =>
  again(state, outOfSequence(state.tunnel, `the TLS tunnel is ${event.kind} at the wrong time`))

function serverReacts(
  state: EapTlsState,
  event: Exclude<TunnelEvent, { kind: 'output' | 'failed' }>,
): Step {
  const { tunnel } = state
  switch (event.kind) {
    case 'open': {
      const ending = { ...state, stage: 'ending' } as const
      if (isTls13(tunnel))
        return again(ending, tunnelWrite(tunnel, PROTECTED_SUCCESS, event.flight))
      // A resumed handshake of TLS 1.2 ends with the client's flight.
      return event.flight.length === 0
        ? { state: ending, outputs: [success(tunnel)] }
        : again(ending, tunnelSend(tunnel, event.flight))
    }
    case 'acknowledged':
      return state.stage === 'ending'
        ? { state, outputs: [success(tunnel)] }
        : again(state, outOfSequence(tunnel, 'an acknowledgement of nothing'))
    case 'received':
      return again(state, outOfSequence(tunnel, 'data in a tunnel that carries none'))
  }
}

function peerReacts(
  state: EapTlsState,
  event: Exclude<TunnelEvent, { kind: 'output' | 'failed' }>,
): Step {
  const { tunnel } = state
  const ending = { ...state, stage: 'ending' } as const
  switch (event.kind) {
    case 'open':
      if (isTls13(tunnel)) return again(state, tunnelSend(tunnel, event.flight))
      return event.flight.length === 0
        ? again(ending, tunnelAcknowledge(tunnel))
        : again(ending, tunnelSend(tunnel, event.flight))
    case 'received':
      // Tickets come before the indication, or with it.
      if (event.data.length === 0) return again(state, tunnelAcknowledge(tunnel))
      return isTls13(tunnel) && equalBytes(event.data, PROTECTED_SUCCESS)
        ? again(ending, tunnelAcknowledge(tunnel))
        : again(state, outOfSequence(tunnel, 'data in a tunnel that carries none'))
    case 'acknowledged':
      return tunnel.stage === 'open'
        ? again(state, tunnelAcknowledge(tunnel))
        : again(state, outOfSequence(tunnel, 'an acknowledgement of nothing'))
  }
}

function success(tunnel: Tunnel): MethodOutput {
  const { endpoint, chain } = tunnel
  if (chain !== undefined) rememberSession(tunnel, { chain })
  const msk = exportTunnelKey(endpoint, EapType.tls).slice(0, 64)
  const resumed = endpoint.isResumed
  endpoint.close()
  // A tunnel around it takes the first half (RFC 5216 §2.3: Enc-RECV-Key).
  const innerKeys = msk.slice(0, 32)
  return { kind: 'result', result: { ok: true, msk, innerKeys, resumed, types: [EapType.tls] } }
}
