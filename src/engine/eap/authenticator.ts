/**
 * What an EAP server asks, in order: who is there, then one method after another until the peer takes one (RFC 3748 §2, §5.3).
 * Not packets: `server.ts` puts these messages into EAP packets, `peap-server.ts` into its tunnel.
 */
import { fromUtf8, u32 } from '../../base/bytes.ts'
import { decodeNak, EapType, type ExpandedType } from '../../wire/eap/packet.ts'
import type { Env } from '../engine.ts'
import {
  type EapAnswer,
  type EapAsk,
  type EapFault,
  type EapMethod,
  type MethodOutput,
  type MethodResult,
  type MethodStep,
} from './method.ts'

/** A method that may be proposed. `open` makes one for this conversation; it is called when its turn comes. */
export interface EapOffer {
  readonly type: number
  readonly open: () => EapMethod
}

/** A request or a response without what is around it. */
export interface EapMessage {
  readonly type: number
  /** Where `type` is 254. */
  readonly expanded?: ExpandedType
  readonly data: Uint8Array
  /** Of the packet that it came in. */
  readonly identifier?: number
}

export interface Authentication {
  readonly identity?: string
  /** Not proposed yet, in order of preference. */
  readonly remaining: readonly EapOffer[]
  readonly proposed: readonly number[]
  readonly current?: {
    readonly method: EapMethod
    readonly state: unknown
    /** The peer has answered it: it can no longer be turned down. */
    readonly isTaken: boolean
  }
  readonly isAsking: boolean
}

export type AuthenticationInput =
  | { readonly kind: 'response'; readonly message: EapMessage }
  | { readonly kind: 'answer'; readonly answer: EapAnswer }

export type AuthenticationOutput =
  | { readonly kind: 'request'; readonly message: EapMessage }
  | { readonly kind: 'ask'; readonly ask: EapAsk }
  | { readonly kind: 'over'; readonly result: MethodResult }
  /** A message that has no place here was passed over. */
  | { readonly kind: 'ignored'; readonly detail: string }

export interface AuthenticationStep {
  readonly state: Authentication
  readonly outputs: readonly AuthenticationOutput[]
}

export const authentication = (offers: readonly EapOffer[]): Authentication => ({
  remaining: offers,
  proposed: [],
  isAsking: false,
})

export const identityRequest: EapMessage = { type: EapType.identity, data: new Uint8Array() }

/** Types that were proposed, the last the one that was tried. */
export const typesTried = (state: Authentication): readonly number[] => state.proposed.slice(-1)

export function stepAuthentication(
  state: Authentication,
  input: AuthenticationInput,
  env: Env,
): AuthenticationStep {
  const { current } = state
  if (input.kind === 'answer') {
    if (!state.isAsking || current === undefined) return ignored(state, 'an answer unasked')
    return carry({ ...state, isAsking: false }, current.method.step(current.state, input, env))
  }
  if (state.isAsking) return ignored(state, 'a message before the last one was dealt with')
  const { type, data, identifier } = input.message
  if (state.identity === undefined) {
    return type === EapType.identity
      ? propose({ ...state, identity: fromUtf8(data) }, state.remaining, [], env)
      : over(state, { code: 'eap/out-of-sequence', detail: `type ${type}, not an identity` })
  }
  if (current === undefined) return ignored(state, 'a message after the end')
  if (type === current.method.type) {
    const taken = { ...state, current: { ...current, isTaken: true } }
    const given = { kind: 'data', data, ...(identifier !== undefined && { identifier }) } as const
    return carry(taken, current.method.step(current.state, given, env))
  }
  const wanted = wantedBy(input.message)
  if (wanted === undefined)
    return ignored(state, `type ${type} to a request of type ${current.method.type}`)
  // RFC 3748 §5.3.1: a Nak answers the first request of a method only.
  return current.isTaken
    ? ignored(state, 'a Nak after the method had begun')
    : propose(state, state.remaining, wanted, env)
}

/** The types that a Nak of either form asks for; undefined: no Nak, or none that can be read. */
function wantedBy(message: EapMessage): readonly number[] | undefined {
  const { type, expanded, data } = message
  if (type === EapType.nak) {
    const wanted = decodeNak(data)
    return wanted.ok ? wanted.value : undefined
  }
  // RFC 3748 §5.3.2: entries of eight bytes, each an expanded type; those of vendor 0 are the IETF's.
  if (expanded?.vendor !== 0 || expanded.type !== EapType.nak) return undefined
  const wanted: number[] = []
  for (let at = 0; at + 8 <= data.length; at += 8)
    if (u32(data, at) === EapType.expanded * 0x1000000) wanted.push(u32(data, at + 4))
  return wanted
}

/** The first of `offers` that is among `wanted`, or the first of all where the peer has said nothing yet. */
function propose(
  state: Authentication,
  offers: readonly EapOffer[],
  wanted: readonly number[],
  env: Env,
): AuthenticationStep {
  const isFirst = state.proposed.length === 0
  const offer = offers.find(({ type }) => isFirst || wanted.includes(type))
  if (offer === undefined) {
    const offered = [...state.proposed, ...state.remaining.map(({ type }) => type)]
    return over(state, { code: 'eap/no-common-type', offered, wanted })
  }
  const method = offer.open()
  const begun = method.start(env)
  const next: Authentication = {
    ...state,
    remaining: offers.filter((other) => other !== offer),
    proposed: [...state.proposed, offer.type],
    current: { method, state: begun.state, isTaken: false },
  }
  return carry(next, begun)
}

function carry(state: Authentication, step: MethodStep<unknown>): AuthenticationStep {
  const { current } = state
  if (current === undefined) return { state, outputs: [] }
  const outputs = step.outputs.map((output) => outward(current.method.type, output))
  const isOver = step.outputs.some(({ kind }) => kind === 'result')
  const { current: _, ...ended } = state
  return {
    state: isOver
      ? ended
      : {
          ...state,
          current: { ...current, state: step.state },
          isAsking: step.outputs.some(({ kind }) => kind === 'ask'),
        },
    outputs,
  }
}

function outward(type: number, output: MethodOutput): AuthenticationOutput {
  switch (output.kind) {
    case 'data':
      return { kind: 'request', message: { type, data: output.data } }
    case 'ask':
      return output
    case 'result':
      return { kind: 'over', result: output.result }
  }
}

const ignored = (state: Authentication, detail: string): AuthenticationStep => ({
  state,
  outputs: [{ kind: 'ignored', detail }],
})

const over = (state: Authentication, fault: EapFault): AuthenticationStep => {
  const { current: _, ...ended } = state
  return { state: ended, outputs: [{ kind: 'over', result: { ok: false, fault } }] }
}
