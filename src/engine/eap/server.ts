/**
 * The EAP server behind RADIUS: identifiers, duplicates, what is passed over, and how it ends (RFC 3748 §4, RFC 3579 §2).
 * Not RADIUS, and no timers: a conversation that the peer leaves is given up by whoever runs it.
 */
import { formatWireError } from '../../wire/codec.ts'
import { decodeEap, EapCode, encodeEap } from '../../wire/eap/packet.ts'
import type { Env, Step } from '../engine.ts'
import {
  authentication,
  identityRequest,
  stepAuthentication,
  typesTried,
  type Authentication,
  type AuthenticationInput,
  type AuthenticationOutput,
  type EapMessage,
  type EapOffer,
} from './authenticator.ts'
import type { EapAnswer, EapAsk, EapFault, MethodResult } from './method.ts'

export interface EapServerOptions {
  /** In order of preference: the first is proposed, others where the peer's Nak names them. */
  readonly offers: readonly EapOffer[]
  /** Responses that are dealt with in one conversation. Default 400: a chain of 32 KiB each way in fragments of 200 bytes. */
  readonly rounds?: number
  /** Packets that are passed over before it ends with a fault. Default 5. */
  readonly discards?: number
}

export type EapServerInput =
  /** The EAP-Message of a request; empty: EAP-Start (RFC 3579 §2.1). */
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  | { readonly kind: 'answer'; readonly answer: EapAnswer }

export type EapReport =
  | {
      readonly code: 'eap/succeeded'
      /** As the peer gave it in the clear. */
      readonly identity: string
      /** Whom the method proved, where it says: the name given inside PEAP. */
      readonly innerIdentity?: string
      /** 64 bytes: MS-MPPE-Recv-Key and MS-MPPE-Send-Key of the server, in that order. A secret. */
      readonly msk: Uint8Array
      /** From the outside in, `[25, 13]`. */
      readonly types: readonly number[]
      readonly resumed: boolean
    }
  | {
      readonly code: 'eap/failed'
      readonly identity?: string
      readonly innerIdentity?: string
      readonly fault: EapFault
      /** As far as it came; empty: no method was tried. */
      readonly types: readonly number[]
    }
  /** A packet was passed over: nothing is sent for it. */
  | { readonly code: 'eap/ignored'; readonly detail: string }

/** What an EAP engine wants done, in order. Exactly one report says how the conversation ended, and comes after the last `send`. */
export type EapOutput =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** The answer is the engine's next input; what the peer sends meanwhile is passed over. */
  | { readonly kind: 'ask'; readonly ask: EapAsk }
  | { readonly kind: 'report'; readonly report: EapReport }

export interface EapServerState {
  readonly authentication: Authentication
  /** Of the request that waits for its response. */
  readonly identifier?: number
  readonly rounds: number
  readonly discards: number
  readonly isOver: boolean
}

export interface EapServer {
  start(env: Env): Step<EapServerState, EapOutput>
  step(state: EapServerState, input: EapServerInput, env: Env): Step<EapServerState, EapOutput>
}

type ServerStep = Step<EapServerState, EapOutput>

const ROUNDS = 400
const DISCARDS = 5

/** One conversation with one peer. It begins with the peer's Identity, or with EAP-Start, which is answered by asking for it. */
export const eapServer = (options: EapServerOptions): EapServer => ({
  start: () => ({
    state: {
      authentication: authentication(options.offers),
      rounds: 0,
      discards: 0,
      isOver: false,
    },
    outputs: [],
  }),
  step(state, input, env) {
    if (state.isOver) return ignore(state, 'a message after the end')
    if (input.kind === 'answer') return advance(options, state, input, env)
    if (input.bytes.length === 0) return takeEapStart(state, env)
    return takePacket(options, state, input.bytes, env)
  },
})

function takeEapStart(state: EapServerState, env: Env): ServerStep {
  if (state.identifier !== undefined) return ignore(state, 'EAP-Start in a conversation')
  return ask(state, identityRequest, env.rng.below(256))
}

function takePacket(
  options: EapServerOptions,
  state: EapServerState,
  bytes: Uint8Array,
  env: Env,
): ServerStep {
  const decoded = decodeEap(bytes)
  if (!decoded.ok) return discard(options, state, formatWireError(decoded.error))
  const packet = decoded.value
  if (packet.code !== EapCode.response)
    return discard(options, state, `code ${packet.code}, not a response`)
  const { identifier = packet.identifier } = state
  if (packet.identifier !== identifier)
    return ignore(state, `identifier ${packet.identifier}, expected ${identifier}`)
  if (state.authentication.isAsking) return ignore(state, 'a duplicate')
  const rounds = state.rounds + 1
  const next = { ...state, identifier, rounds }
  if (rounds > (options.rounds ?? ROUNDS))
    return fail(next, { code: 'eap/out-of-sequence', detail: `more than ${rounds - 1} rounds` })
  return advance(options, next, { kind: 'response', message: packet }, env)
}

function advance(
  options: EapServerOptions,
  state: EapServerState,
  input: AuthenticationInput,
  env: Env,
): ServerStep {
  const step = stepAuthentication(state.authentication, input, env)
  return step.outputs.reduce<ServerStep>(
    (done, output) => {
      const { state: next, outputs } = carryOut(options, done.state, output)
      return { state: next, outputs: [...done.outputs, ...outputs] }
    },
    { state: { ...state, authentication: step.state }, outputs: [] },
  )
}

function carryOut(
  options: EapServerOptions,
  state: EapServerState,
  output: AuthenticationOutput,
): ServerStep {
  switch (output.kind) {
    case 'request':
      return ask(state, output.message, ((state.identifier ?? 0) + 1) % 256)
    case 'ask':
      return { state, outputs: [output] }
    case 'over':
      return end(state, output.result)
    case 'ignored':
      return discard(options, state, output.detail)
  }
}

const ask = (state: EapServerState, message: EapMessage, identifier: number): ServerStep => ({
  state: { ...state, identifier },
  outputs: [{ kind: 'send', bytes: encodeEap({ code: EapCode.request, identifier, ...message }) }],
})

const ignore = (state: EapServerState, detail: string): ServerStep => ({
  state,
  outputs: [{ kind: 'report', report: { code: 'eap/ignored', detail } }],
})

/** RFC 3748 §4.1 wants such packets dropped in silence. A peer that sends nothing else is not waited for for ever. */
function discard(options: EapServerOptions, state: EapServerState, detail: string): ServerStep {
  const discards = state.discards + 1
  return discards > (options.discards ?? DISCARDS)
    ? fail(state, { code: 'eap/malformed', detail })
    : ignore({ ...state, discards }, detail)
}

const fail = (state: EapServerState, fault: EapFault): ServerStep =>
  end(state, { ok: false, fault })

/** RFC 3748 §4.2: Success and Failure carry the identifier of the response that they answer. */
function end(state: EapServerState, result: MethodResult): ServerStep {
  const { identity } = state.authentication
  const code = result.ok ? EapCode.success : EapCode.failure
  const bytes = encodeEap({ code, identifier: state.identifier ?? 0 })
  const inner = result.identity === undefined ? {} : { innerIdentity: result.identity }
  const report: EapReport = result.ok
    ? {
        code: 'eap/succeeded',
        identity: identity ?? '',
        ...inner,
        msk: result.msk,
        types: result.types,
        resumed: result.resumed ?? false,
      }
    : {
        code: 'eap/failed',
        ...(identity === undefined ? {} : { identity }),
        ...inner,
        fault: result.fault,
        types: result.types ?? typesTried(state.authentication),
      }
  return {
    state: { ...state, isOver: true },
    outputs: [
      { kind: 'send', bytes },
      { kind: 'report', report },
    ],
  }
}
