/**
 * PEAP version 0, the peer: it judges the server before it says who it is, and confirms a result only after its inner method
 * ([MS-PEAP] §3.2). Not the tunnel (`tls-tunnel.ts`), not the inner methods.
 */
import { concat } from '../../base/bytes.ts'
import { boundMsk } from '../../crypto/peap-binding.ts'
import { formatWireError } from '../../wire/codec.ts'
import { EapCode, EapType } from '../../wire/eap/packet.ts'
import {
  decodePeapTlvs,
  encodeResult,
  encodeTlvNak,
  type PeapTlv,
} from '../../wire/eap/peap-tlv.ts'
import type { Env } from '../engine.ts'
import type { EapFault, EapMethod, MethodResult, MethodStep } from './method.ts'
import {
  bindingKeys,
  bindingTlv,
  decodeInner,
  encodeInner,
  isBindingGood,
  type InnerMessage,
} from './peap-inner.ts'
import {
  stepSupplication,
  supplication,
  type SupplicantOptions,
  type Supplication,
  type SupplicationInput,
} from './supplicant.ts'
import {
  exportTunnelKey,
  isTunnelDrained,
  openTunnel,
  stepTunnel,
  tunnelAcknowledge,
  tunnelSend,
  tunnelWrite,
  type Tunnel,
  type TunnelOptions,
  type TunnelStep,
} from './tls-tunnel.ts'

export interface PeapPeerOptions extends TunnelOptions {
  /** The name given inside, and the methods in order of preference. */
  readonly inner: SupplicantOptions
  /** RequireCryptoBinding of the profile. Default false. */
  readonly requiresCryptoBinding?: boolean
  /**
   * How it answers crypto-binding. Default as [MS-PEAP] wants it; `none`: as clients before Windows 7 do; `wrong`: as somebody does who has the
   * tunnel, but relays an inner method whose keys he does not know.
   */
  readonly cryptoBinding?: 'none' | 'wrong'
}

export interface PeapPeerState {
  readonly tunnel: Tunnel
  readonly inner: Supplication
  readonly isInnerAsking: boolean
  /** Of the request that is being answered. */
  readonly identifier: number
  /** What is over once the last answer is on its way. */
  readonly ending?: MethodResult
}

type Step = MethodStep<PeapPeerState>

/** The peer of PEAP. Its host is asked for turns of TLS, to judge the server's chain, and for whatever the inner method asks. */
export const peapPeer = (options: PeapPeerOptions): EapMethod<PeapPeerState> => ({
  type: EapType.peap,
  start: () => ({
    state: {
      tunnel: openTunnel(options, 'peap', true),
      inner: supplication,
      isInnerAsking: false,
      identifier: 0,
    },
    outputs: [],
  }),
  step(state, input, env) {
    if (state.isInnerAsking && input.kind === 'answer')
      return innerStep(options, { ...state, isInnerAsking: false }, input, env)
    if (state.isInnerAsking) return { state, outputs: [] }
    return react(options, state, stepTunnel(state.tunnel, input), env)
  },
})

function react(
  options: PeapPeerOptions,
  before: PeapPeerState,
  { tunnel, event }: TunnelStep,
  env: Env,
): Step {
  const state = { ...before, tunnel }
  switch (event.kind) {
    case 'output': {
      const { ending } = state
      const isOver = ending !== undefined && event.output.kind === 'data' && isTunnelDrained(tunnel)
      return isOver ? over(state, ending, [event.output]) : { state, outputs: [event.output] }
    }
    case 'failed': {
      const last = event.data === undefined ? [] : [{ kind: 'data', data: event.data } as const]
      return over(state, failure(state, event.fault), last)
    }
    case 'open':
      return event.flight.length === 0
        ? react(options, state, tunnelAcknowledge(tunnel), env)
        : react(options, state, tunnelSend(tunnel, event.flight), env)
    case 'acknowledged':
      return tunnel.stage === 'open'
        ? react(options, state, tunnelAcknowledge(tunnel), env)
        : fail(state, { code: 'eap/out-of-sequence', detail: 'an acknowledgement of nothing' })
    case 'received':
      // Tickets of TLS 1.3 come alone, or before the first request.
      return event.data.length === 0
        ? react(options, state, tunnelAcknowledge(tunnel), env)
        : takeInner(options, state, event.data, env)
  }
}

function takeInner(
  options: PeapPeerOptions,
  state: PeapPeerState,
  data: Uint8Array,
  env: Env,
): Step {
  const decoded = decodeInner(EapCode.request, data)
  if (!decoded.ok) return fail(state, { code: 'eap/malformed', detail: decoded.error })
  const message = decoded.value
  const next = { ...state, identifier: message.identifier }
  return message.type === EapType.tlv
    ? takeExtensions(options, next, message, env)
    : innerStep(options, next, { kind: 'request', message }, env)
}

function innerStep(
  options: PeapPeerOptions,
  before: PeapPeerState,
  input: SupplicationInput,
  env: Env,
): Step {
  const step = stepSupplication(options.inner, before.inner, input, env)
  const state = { ...before, inner: step.state }
  const asks = step.outputs.filter((output) => output.kind === 'ask')
  if (asks.length > 0) return { state: { ...state, isInnerAsking: true }, outputs: asks }
  const response = step.outputs.find((output) => output.kind === 'response')
  if (response !== undefined) {
    const bytes = encodeInner(EapCode.response, state.identifier, response.message)
    return react(options, state, tunnelWrite(state.tunnel, bytes), env)
  }
  const result = step.state.result
  if (result?.ok === false) return fail(state, result.fault)
  const ignored = step.outputs.find((output) => output.kind === 'ignored')
  return fail(state, {
    code: 'eap/out-of-sequence',
    detail: `in the tunnel: ${ignored?.detail ?? 'nothing to say'}`,
  })
}

/** The request that ends it: a result, and the crypto-binding with it. */
function takeExtensions(
  options: PeapPeerOptions,
  state: PeapPeerState,
  message: InnerMessage,
  env: Env,
): Step {
  const decoded = decodePeapTlvs(message.data)
  if (!decoded.ok)
    return fail(state, { code: 'eap/malformed', detail: formatWireError(decoded.error) })
  const tlvs = decoded.value
  const strange = tlvs.find((tlv) => tlv.kind === 'unknown' && tlv.mandatory)
  if (strange?.kind === 'unknown') return answer(options, state, encodeTlvNak(strange.type), env)
  const result = tlvs.find((tlv) => tlv.kind === 'result')
  if (result === undefined)
    return fail(state, { code: 'eap/malformed', detail: 'extensions without a result' })
  const ending = judgeResult(options, state, result.status, tlvs)
  if (!ending.ok) return answer(options, { ...state, ending }, encodeResult('failure'), env)
  return confirm(options, { ...state, ending }, tlvs, env)
}

/** What is to become of it: a good result needs an inner method that was good, unless the session was resumed. */
function judgeResult(
  options: PeapPeerOptions,
  state: PeapPeerState,
  status: 'success' | 'failure',
  tlvs: readonly PeapTlv[],
): MethodResult {
  const { tunnel, inner } = state
  const isResumed = tunnel.endpoint.isResumed && inner.current === undefined
  if (inner.result?.ok === false) return failure(state, inner.result.fault)
  if (status === 'failure') return failure(state, { code: 'eap/refused-by-peer' })
  if (!isResumed && inner.result === undefined) {
    const detail = 'a good result before the inner method was over'
    return failure(state, { code: 'eap/out-of-sequence', detail })
  }
  const keys = bindingKeys(tunnel.endpoint, inner.result)
  const binding = tlvs.find((tlv) => tlv.kind === 'crypto-binding')
  if (binding === undefined && options.requiresCryptoBinding === true)
    return failure(state, { code: 'eap/crypto-binding', what: 'missing' })
  if (binding !== undefined && !isBindingGood(binding, 'request', keys))
    return failure(state, { code: 'eap/crypto-binding', what: 'invalid' })
  const isBound = binding !== undefined && options.cryptoBinding !== 'none'
  return {
    ok: true,
    msk: isBound
      ? boundMsk(keys.ipmk)
      : exportTunnelKey(tunnel.endpoint, EapType.peap).slice(0, 64),
    identity: options.inner.identity,
    resumed: isResumed,
    types: [EapType.peap, ...(inner.result?.types ?? [])],
  }
}

function confirm(
  options: PeapPeerOptions,
  state: PeapPeerState,
  tlvs: readonly PeapTlv[],
  env: Env,
): Step {
  const status = encodeResult('success')
  const binding = tlvs.find((tlv) => tlv.kind === 'crypto-binding')
  if (binding === undefined || options.cryptoBinding === 'none')
    return answer(options, state, status, env)
  const relayed: MethodResult = { ok: false, fault: { code: 'eap/refused-by-peer' } }
  const inner = options.cryptoBinding === 'wrong' ? relayed : state.inner.result
  const keys = bindingKeys(state.tunnel.endpoint, inner)
  const bound = bindingTlv('response', binding.binding.nonce, keys)
  return answer(options, state, concat(status, bound), env)
}

function answer(options: PeapPeerOptions, state: PeapPeerState, data: Uint8Array, env: Env): Step {
  const message = { type: EapType.tlv, data }
  const bytes = encodeInner(EapCode.response, state.identifier, message)
  return react(options, state, tunnelWrite(state.tunnel, bytes), env)
}

const fail = (state: PeapPeerState, fault: EapFault): Step => over(state, failure(state, fault), [])

const failure = (state: PeapPeerState, fault: EapFault): MethodResult => ({
  ok: false,
  fault,
  types: [
    EapType.peap,
    ...(state.inner.current === undefined ? [] : [state.inner.current.method.type]),
  ],
})

function over(state: PeapPeerState, result: MethodResult, last: Step['outputs']): Step {
  state.tunnel.endpoint.close()
  return { state, outputs: [...last, { kind: 'result', result }] }
}
