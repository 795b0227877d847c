/**
 * The EAP peer: answers requests, and believes in Success only after its method (RFC 3748 §4, §5; RFC 4137 §4).
 * Not a link: requests come from, and responses go to, whatever carries EAP. No timers: the other side sends again.
 */
import { equalBytes } from '../../base/bytes.ts'
import { formatWireError } from '../../wire/codec.ts'
import { decodeEap, EapCode, encodeEap } from '../../wire/eap/packet.ts'
import type { Env, Step } from '../engine.ts'
import type { EapMessage } from './authenticator.ts'
import type { EapAnswer, EapFault, MethodResult } from './method.ts'
import type { EapOutput, EapReport } from './server.ts'
import {
  stepSupplication,
  supplication,
  type SupplicantOptions,
  type Supplication,
  type SupplicationInput,
  type SupplicationOutput,
} from './supplicant.ts'

export interface EapPeerOptions extends SupplicantOptions {
  /** Requests that are dealt with in one conversation. Default 400, as of a server. */
  readonly rounds?: number
}

const ROUNDS = 400

export type EapPeerInput =
  /** An EAP packet from the authenticator. */
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  | { readonly kind: 'answer'; readonly answer: EapAnswer }

export interface EapPeerState {
  readonly supplication: Supplication
  /** The request that was answered last, or that is being answered. */
  readonly request?: Uint8Array
  readonly identifier?: number
  readonly response?: Uint8Array
  readonly rounds: number
  readonly isOver: boolean
}

export interface EapPeer {
  start(env: Env): Step<EapPeerState, EapOutput>
  step(state: EapPeerState, input: EapPeerInput, env: Env): Step<EapPeerState, EapOutput>
}

type PeerStep = Step<EapPeerState, EapOutput>

/** One conversation with one authenticator. A method that failed is reported at once, a good one with the Success that follows it. */
export const eapPeer = (options: EapPeerOptions): EapPeer => ({
  start: () => ({ state: { supplication, rounds: 0, isOver: false }, outputs: [] }),
  step(state, input, env) {
    if (state.isOver) return ignore(state, 'a message after the end')
    if (input.kind === 'answer') return advance(options, state, input, env)
    const decoded = decodeEap(input.bytes)
    if (!decoded.ok) return ignore(state, formatWireError(decoded.error))
    const packet = decoded.value
    switch (packet.code) {
      case EapCode.request:
        return takeRequest(options, state, input.bytes, packet, env)
      case EapCode.success:
        return takeSuccess(options, state, packet.identifier)
      case EapCode.failure:
        return takeFailure(options, state)
      case EapCode.response:
        return ignore(state, 'a response, not a request')
    }
  },
})

function takeRequest(
  options: EapPeerOptions,
  state: EapPeerState,
  bytes: Uint8Array,
  packet: EapMessage & { readonly identifier: number },
  env: Env,
): PeerStep {
  if (state.request !== undefined && equalBytes(state.request, bytes)) {
    // RFC 3748 §4.1: a request that comes again is answered as before, not dealt with again.
    return state.response === undefined
      ? ignore(state, 'a duplicate')
      : { state, outputs: [{ kind: 'send', bytes: state.response }] }
  }
  if (state.supplication.isAsking) return ignore(state, 'a request before the last was answered')
  const { response: _, ...rest } = state
  const { identifier } = packet
  const rounds = state.rounds + 1
  const next = { ...rest, request: bytes.slice(), identifier, rounds }
  if (rounds > (options.rounds ?? ROUNDS)) {
    const detail = `more than ${rounds - 1} rounds`
    return stop(options, next, { code: 'eap/out-of-sequence', detail })
  }
  return advance(options, next, { kind: 'request', message: packet }, env)
}

function advance(
  options: EapPeerOptions,
  state: EapPeerState,
  input: SupplicationInput,
  env: Env,
): PeerStep {
  const step = stepSupplication(options, state.supplication, input, env)
  return step.outputs.reduce<PeerStep>(
    (done, output) => {
      const { state: next, outputs } = carryOut(options, done.state, output)
      return { state: next, outputs: [...done.outputs, ...outputs] }
    },
    { state: { ...state, supplication: step.state }, outputs: [] },
  )
}

function carryOut(
  options: EapPeerOptions,
  state: EapPeerState,
  output: SupplicationOutput,
): PeerStep {
  switch (output.kind) {
    case 'response': {
      const identifier = state.identifier ?? 0
      const response = encodeEap({ code: EapCode.response, identifier, ...output.message })
      return { state: { ...state, response }, outputs: [{ kind: 'send', bytes: response }] }
    }
    case 'ask':
      return { state, outputs: [output] }
    case 'over':
      return output.result.ok ? { state, outputs: [] } : end(options, state, output.result)
    case 'ignored':
      return ignore(state, output.detail)
  }
}

/**
 * RFC 3748 §4.2: Success counts only where the method allows it, and only for the last response. Where it comes too early the peer stops:
 * to wait on, as §4.2 has it, would leave a rehearsal without a reason.
 */
function takeSuccess(options: EapPeerOptions, state: EapPeerState, identifier: number): PeerStep {
  const { result } = state.supplication
  if (result?.ok !== true)
    return stop(options, state, { code: 'eap/out-of-sequence', detail: 'Success before its time' })
  // Some servers count on: hostapd takes the next identifier, too.
  const expected = state.identifier ?? 0
  if (identifier !== expected && identifier !== (expected + 1) % 256)
    return ignore(state, `Success with identifier ${identifier}, expected ${expected}`)
  return end(options, state, result)
}

function takeFailure(options: EapPeerOptions, state: EapPeerState): PeerStep {
  const { current, refused } = state.supplication
  if (current === undefined && refused !== undefined) {
    const offered = options.methods.map(({ type }) => type)
    return stop(options, state, { code: 'eap/no-common-type', offered, wanted: [refused] })
  }
  return stop(options, state, { code: 'eap/refused-by-peer' })
}

const stop = (options: EapPeerOptions, state: EapPeerState, fault: EapFault): PeerStep =>
  end(options, state, { ok: false, fault })

function end(options: EapPeerOptions, state: EapPeerState, result: MethodResult): PeerStep {
  const { identity } = options
  const inner = result.identity === undefined ? {} : { innerIdentity: result.identity }
  const type = state.supplication.current?.method.type
  const report: EapReport = result.ok
    ? {
        code: 'eap/succeeded',
        identity,
        ...inner,
        msk: result.msk,
        types: result.types,
        resumed: result.resumed ?? false,
      }
    : {
        code: 'eap/failed',
        identity,
        ...inner,
        fault: result.fault,
        types: result.types ?? (type === undefined ? [] : [type]),
      }
  return { state: { ...state, isOver: true }, outputs: [{ kind: 'report', report }] }
}

const ignore = (state: EapPeerState, detail: string): PeerStep => ({
  state,
  outputs: [{ kind: 'report', report: { code: 'eap/ignored', detail } }],
})
