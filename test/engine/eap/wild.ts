/** A side of PEAP whose tunnel is good and which then says whatever it likes in it. */
import type { EapOffer } from '../../../src/engine/eap/authenticator.ts'
import type { EapMethod, MethodStep } from '../../../src/engine/eap/method.ts'
import {
  openTunnel,
  stepTunnel,
  tunnelAcknowledge,
  tunnelSend,
  tunnelStart,
  tunnelWrite,
  type Tunnel,
  type TunnelStep,
} from '../../../src/engine/eap/tls-tunnel.ts'
import { EapType } from '../../../src/wire/eap/packet.ts'
import { clientOf, serverOf } from '../tls-pair.ts'

interface State {
  readonly tunnel: Tunnel
  readonly said: number
}

export function wild(role: 'client' | 'server', says: readonly Uint8Array[]): EapOffer {
  const speak = (state: State, before?: Uint8Array): MethodStep<State> => {
    const next = { ...state, said: state.said + 1 }
    return react(
      next,
      tunnelWrite(state.tunnel, says[state.said % says.length] ?? new Uint8Array(1), before),
    )
  }
  const react = (state: State, { tunnel, event }: TunnelStep): MethodStep<State> => {
    const next = { ...state, tunnel }
    switch (event.kind) {
      case 'output':
        return { state: next, outputs: [event.output] }
      case 'failed':
        return {
          state: next,
          outputs: [{ kind: 'result', result: { ok: false, fault: event.fault } }],
        }
      case 'open':
        if (role === 'server' && event.flight.length === 0) return speak(next)
        return event.flight.length === 0
          ? react(next, tunnelAcknowledge(tunnel))
          : react(next, tunnelSend(tunnel, event.flight))
      case 'acknowledged':
      case 'received':
        return speak(next)
    }
  }
  const method: EapMethod<State> = {
    type: EapType.peap,
    start: () => ({
      state: {
        tunnel: openTunnel(
          {
            open:
              role === 'client'
                ? () => clientOf({ maximum: 'TLSv1.2' })
                : () => serverOf({ maximum: 'TLSv1.2' }),
          },
          'peap',
          false,
        ),
        said: 0,
      },
      outputs: role === 'server' ? [tunnelStart()] : [],
    }),
    step: (state, input) => react(state, stepTunnel(state.tunnel, input)),
  }
  return { type: EapType.peap, open: () => method }
}
