/**
 * What an EAP peer answers: its identity, the methods it has, Nak to all others (RFC 3748 §5).
 * Not packets: `peer.ts` takes these messages out of EAP packets, `peap-peer.ts` out of its tunnel.
 */
import { utf8 } from '../../base/bytes.ts'
import { EapType, encodeNak } from '../../wire/eap/packet.ts'
import type { Env } from '../engine.ts'
import type { EapMessage, EapOffer } from './authenticator.ts'
import { type EapAnswer, type EapAsk, type EapMethod, type MethodResult } from './method.ts'

export interface SupplicantOptions {
  /** The name that it gives: `ada@corp.contoso.com`, `CORP\ada`, `anonymous`. */
  readonly identity: string
  /** The methods that it has, in order of preference: the order of types in its Nak. */
  readonly methods: readonly EapOffer[]
}

export interface Supplication {
  readonly current?: { readonly method: EapMethod; readonly state: unknown }
  readonly isAsking: boolean
  /** The method's result; nothing more is answered then. */
  readonly result?: MethodResult
  /** The type that the last Nak turned down. */
  readonly refused?: number
}

export type SupplicationInput =
  | { readonly kind: 'request'; readonly message: EapMessage }
  | { readonly kind: 'answer'; readonly answer: EapAnswer }

export type SupplicationOutput =
  | { readonly kind: 'response'; readonly message: EapMessage }
  | { readonly kind: 'ask'; readonly ask: EapAsk }
  | { readonly kind: 'over'; readonly result: MethodResult }
  | { readonly kind: 'ignored'; readonly detail: string }

export interface SupplicationStep {
  readonly state: Supplication
  readonly outputs: readonly SupplicationOutput[]
}

export const supplication: Supplication = { isAsking: false }

export function stepSupplication(
  options: SupplicantOptions,
  state: Supplication,
  input: SupplicationInput,
  env: Env,
): SupplicationStep {
  if (input.kind === 'answer') {
    const { current } = state
    if (!state.isAsking || current === undefined) return ignored(state, 'an answer unasked')
    return carry({ ...state, isAsking: false }, current, input, env)
  }
  if (state.isAsking) return ignored(state, 'a request before the last one was dealt with')
  const { type, data } = input.message
  if (type === EapType.identity)
    return answers(state, { type: EapType.identity, data: utf8(options.identity) })
  if (type === EapType.notification)
    return answers(state, { type: EapType.notification, data: new Uint8Array() })
  if (state.result !== undefined) return ignored(state, 'a request after the method was over')
  if (state.current !== undefined) {
    // RFC 3748 §2.1: one method in one conversation.
    return type === state.current.method.type
      ? carry(state, state.current, { kind: 'data', data }, env)
      : ignored(state, `type ${type} while a method of type ${state.current.method.type} runs`)
  }
  const offer = options.methods.find((method) => method.type === type)
  if (offer === undefined) return turnDown(options, state, type)
  const method = offer.open()
  const begun = method.start(env)
  return carry(state, { method, state: begun.state }, { kind: 'data', data }, env)
}

/** RFC 3748 §5.3.1: the types that it would take, or 0 for none. */
function turnDown(options: SupplicantOptions, state: Supplication, type: number): SupplicationStep {
  const data = encodeNak(options.methods.map((method) => method.type))
  return answers({ ...state, refused: type }, { type: EapType.nak, data })
}

function carry(
  state: Supplication,
  current: NonNullable<Supplication['current']>,
  input: Parameters<EapMethod['step']>[1],
  env: Env,
): SupplicationStep {
  const { method } = current
  const step = method.step(current.state, input, env)
  const outputs = step.outputs.map((output): SupplicationOutput => {
    if (output.kind === 'data')
      return { kind: 'response', message: { type: method.type, data: output.data } }
    return output.kind === 'ask' ? output : { kind: 'over', result: output.result }
  })
  const result = step.outputs.find((output) => output.kind === 'result')?.result
  return {
    state: {
      ...state,
      current: { method, state: step.state },
      isAsking: step.outputs.some(({ kind }) => kind === 'ask'),
      ...(result === undefined ? {} : { result }),
    },
    outputs,
  }
}

const answers = (state: Supplication, message: EapMessage): SupplicationStep => ({
  state,
  outputs: [{ kind: 'response', message }],
})

const ignored = (state: Supplication, detail: string): SupplicationStep => ({
  state,
  outputs: [{ kind: 'ignored', detail }],
})
