/**
 * PEAP version 0, the server: a tunnel without a client certificate, a conversation of EAP in it, and a result that both sides confirm
 * ([MS-PEAP] §3.3). Not the tunnel (`tls-tunnel.ts`), not the inner methods.
 */
import { concat } from '../../base/bytes.ts'
import { formatWireError } from '../../wire/codec.ts'
import { boundMsk, type CompoundKeys } from '../../crypto/peap-binding.ts'
import { EapCode, EapType } from '../../wire/eap/packet.ts'
import { decodePeapTlvs, encodeResult } from '../../wire/eap/peap-tlv.ts'
import type { Env } from '../engine.ts'
import {
  authentication,
  identityRequest,
  stepAuthentication,
  typesTried,
  type Authentication,
  type AuthenticationStep,
  type EapMessage,
  type EapOffer,
} from './authenticator.ts'
import type { EapFault, EapMethod, MethodInput, MethodResult, MethodStep } from './method.ts'
import { bindingKeys, bindingTlv, decodeInner, encodeInner, isBindingGood } from './peap-inner.ts'
import {
  exportTunnelKey,
  openTunnel,
  recallSession,
  rememberSession,
  stepTunnel,
  tunnelSend,
  tunnelStart,
  tunnelWrite,
  type Tunnel,
  type TunnelEvent,
  type TunnelOptions,
  type TunnelStep,
} from './tls-tunnel.ts'

/** With `memory`, fast reconnect: the inner method is left out where the tunnel's session is one that it knows. */
export interface PeapServerOptions extends TunnelOptions {
  /** In order of preference. */
  readonly inner: readonly EapOffer[]
  /** Whether the crypto-binding TLV goes with a good result. Default true, as NPS does. */
  readonly sendsCryptoBinding?: boolean
  /** "Disconnect clients without cryptobinding". Default false. */
  readonly requiresCryptoBinding?: boolean
}

export interface PeapServerState {
  readonly tunnel: Tunnel
  /** `settling`: the peer has yet to acknowledge the end of the handshake; `result`: it has yet to confirm how it ended. */
  readonly stage: 'handshake' | 'settling' | 'inner' | 'result'
  readonly inner: Authentication
  readonly isInnerAsking: boolean
  /** Of the peer's last packet, outside the tunnel. */
  readonly identifier: number
  readonly outcome?: Outcome
}

/** What the peer is to confirm. */
type Outcome =
  | {
      readonly ok: true
      readonly identity: string
      readonly types: readonly number[]
      readonly resumed: boolean
      readonly keys: CompoundKeys
      /** Of the crypto-binding TLV that was sent. */
      readonly nonce?: Uint8Array
    }
  | { readonly ok: false; readonly fault: EapFault }

type Step = MethodStep<PeapServerState>

/** The server of PEAP. Its host is asked for turns of TLS, and for whatever the inner method asks. */
export const peapServer = (options: PeapServerOptions): EapMethod<PeapServerState> => ({
  type: EapType.peap,
  start: () => ({
    state: {
      tunnel: openTunnel(options, 'peap', false),
      stage: 'handshake',
      inner: authentication(options.inner),
      isInnerAsking: false,
      identifier: 0,
    },
    outputs: [tunnelStart()],
  }),
  step(before, input, env) {
    const identifier = (input.kind === 'data' ? input.identifier : undefined) ?? before.identifier
    const state = { ...before, identifier }
    if (state.isInnerAsking && input.kind === 'answer')
      return innerStep(options, { ...state, isInnerAsking: false }, input, env)
    if (state.isInnerAsking) return { state, outputs: [] }
    return react(options, state, stepTunnel(state.tunnel, input), env)
  },
})

function react(
  options: PeapServerOptions,
  before: PeapServerState,
  { tunnel, event }: TunnelStep,
  env: Env,
): Step {
  const state = { ...before, tunnel }
  switch (event.kind) {
    case 'output':
      return { state, outputs: [event.output] }
    case 'failed':
      return over(state, failure(state, event.fault))
    case 'open':
      return begin(options, state, event, env)
    case 'acknowledged':
      return state.stage === 'settling'
        ? say(options, { ...state, stage: 'inner' }, identityRequest, env)
        : outOfSequence(state, 'an acknowledgement of nothing')
    case 'received':
      return takeInner(options, state, event.data, env)
  }
}

/** The handshake is done. TLS 1.2 ends with a flight that the peer acknowledges, but for a resumed session (RFC 5216 §2.1.2). */
function begin(
  options: PeapServerOptions,
  state: PeapServerState,
  { flight }: Extract<TunnelEvent, { kind: 'open' }>,
  env: Env,
): Step {
  const { tunnel } = state
  const identity = recallSession(tunnel)?.identity
  if (identity !== undefined) {
    const keys = bindingKeys(tunnel.endpoint, undefined)
    const outcome = { ok: true, identity, types: [], resumed: true, keys } as const
    return conclude(options, state, outcome, env, flight)
  }
  if (tunnel.endpoint.version === 'TLSv1.3' || flight.length === 0)
    return say(options, { ...state, stage: 'inner' }, identityRequest, env, flight)
  return react(options, { ...state, stage: 'settling' }, tunnelSend(tunnel, flight), env)
}

function say(
  options: PeapServerOptions,
  state: PeapServerState,
  message: EapMessage,
  env: Env,
  before?: Uint8Array,
): Step {
  // The extensions method keeps its header, and that repeats the one around the tunnel, as Windows and hostapd write it.
  const identifier = (state.identifier + 1) % 256
  const bytes = encodeInner(EapCode.request, identifier, message)
  return react(options, state, tunnelWrite(state.tunnel, bytes, before), env)
}

function takeInner(
  options: PeapServerOptions,
  state: PeapServerState,
  data: Uint8Array,
  env: Env,
): Step {
  const decoded = decodeInner(EapCode.response, data)
  if (!decoded.ok) return malformed(state, decoded.error)
  const message = decoded.value
  switch (state.stage) {
    case 'inner':
      return innerStep(options, state, { kind: 'response', message }, env)
    case 'result':
      return takeConfirmation(options, state, message)
    default:
      return outOfSequence(state, `type ${message.type} before the tunnel was ready`)
  }
}

function innerStep(
  options: PeapServerOptions,
  state: PeapServerState,
  input: Parameters<typeof stepAuthentication>[1] & (MethodInput | { readonly kind: 'response' }),
  env: Env,
): Step {
  const step = stepAuthentication(state.inner, input, env)
  return afterInner(options, { ...state, inner: step.state }, step, env)
}

function afterInner(
  options: PeapServerOptions,
  state: PeapServerState,
  step: AuthenticationStep,
  env: Env,
): Step {
  const [output] = step.outputs
  switch (output?.kind) {
    case 'request':
      return say(options, state, output.message, env)
    case 'ask':
      return { state: { ...state, isInnerAsking: true }, outputs: [output] }
    case 'over':
      return conclude(options, state, outcomeOf(state, output.result), env)
    case 'ignored':
      return outOfSequence(state, `in the tunnel: ${output.detail}`)
    case undefined:
      return outOfSequence(state, 'the inner method has nothing to say')
  }
}

function outcomeOf(state: PeapServerState, result: MethodResult): Outcome {
  if (!result.ok) return result
  const { types } = result
  const identity = result.identity ?? state.inner.identity ?? ''
  const keys = bindingKeys(state.tunnel.endpoint, result)
  return { ok: true, identity, types, resumed: false, keys }
}

/** Say how it ended. */
function conclude(
  options: PeapServerOptions,
  state: PeapServerState,
  outcome: Outcome,
  env: Env,
  before?: Uint8Array,
): Step {
  const status = encodeResult(outcome.ok ? 'success' : 'failure')
  if (!outcome.ok || options.sendsCryptoBinding === false) {
    const message = { type: EapType.tlv, data: status }
    return say(options, { ...state, stage: 'result', outcome }, message, env, before)
  }
  const nonce = env.rng.bytes(32)
  const message = {
    type: EapType.tlv,
    data: concat(status, bindingTlv('request', nonce, outcome.keys)),
  }
  const concluded = { ...state, stage: 'result', outcome: { ...outcome, nonce } } as const
  return say(options, concluded, message, env, before)
}

function takeConfirmation(
  options: PeapServerOptions,
  state: PeapServerState,
  message: EapMessage,
): Step {
  const { outcome } = state
  if (outcome === undefined) return outOfSequence(state, 'a result that nobody asked for')
  if (!outcome.ok) return over(state, failure(state, outcome.fault))
  if (message.type !== EapType.tlv)
    return outOfSequence(state, `type ${message.type} in place of a result`)
  const decoded = decodePeapTlvs(message.data)
  if (!decoded.ok) return malformed(state, formatWireError(decoded.error))
  const binding = decoded.value.find((tlv) => tlv.kind === 'crypto-binding')
  const result = decoded.value.find((tlv) => tlv.kind === 'result')
  if (result === undefined) return malformed(state, 'a confirmation without a result')
  if (result.status === 'failure')
    return over(state, failure(state, { code: 'eap/refused-by-peer' }))
  const { keys, nonce } = outcome
  if (binding !== undefined && nonce !== undefined) {
    if (!isBindingGood(binding, 'response', keys, nonce)) return unbound(state, 'invalid')
    return succeed(state, outcome, boundMsk(keys.ipmk))
  }
  if (options.requiresCryptoBinding === true) return unbound(state, 'missing')
  const msk = exportTunnelKey(state.tunnel.endpoint, EapType.peap).slice(0, 64)
  return succeed(state, outcome, msk)
}

function succeed(
  state: PeapServerState,
  outcome: Extract<Outcome, { ok: true }>,
  msk: Uint8Array,
): Step {
  const { identity, resumed } = outcome
  rememberSession(state.tunnel, { identity })
  return over(state, { ok: true, msk, identity, resumed, types: [EapType.peap, ...outcome.types] })
}

const unbound = (state: PeapServerState, what: 'missing' | 'invalid'): Step =>
  over(state, failure(state, { code: 'eap/crypto-binding', what }))

const malformed = (state: PeapServerState, detail: string): Step =>
  over(state, failure(state, { code: 'eap/malformed', detail }))

const outOfSequence = (state: PeapServerState, detail: string): Step =>
  over(state, failure(state, { code: 'eap/out-of-sequence', detail }))

const failure = (state: PeapServerState, fault: EapFault): MethodResult => ({
  ok: false,
  fault,
  types: [EapType.peap, ...typesTried(state.inner)],
  ...(state.inner.identity === undefined ? {} : { identity: state.inner.identity }),
})

function over(state: PeapServerState, result: MethodResult): Step {
  state.tunnel.endpoint.close()
  return { state, outputs: [{ kind: 'result', result }] }
}
