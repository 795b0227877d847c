/**
 * EAP-MSCHAPv2 as a server runs it ([MS-CHAP] §3.3): a challenge, the logon that the host looks up, and what RFC 2759 says about it.
 * Not the directory: whether a response is right, and what a refusal is called, is the answer to its question.
 */
import { concat } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import { mppeKeys, mskOfMppeKeys, type MppeKeys } from '../../crypto/mppe.ts'
import { formatWireError } from '../../wire/codec.ts'
import {
  decodeMsChapV2Response,
  encodeMsChapV2Request,
  type MsChapV2Response,
} from '../../wire/eap/ms-chap-v2.ts'
import { EapType } from '../../wire/eap/packet.ts'
import type { Env } from '../engine.ts'
import type {
  EapFault,
  EapMethod,
  LogonRequest,
  LogonResult,
  MethodInput,
  MethodStep,
} from './method.ts'

export interface MsChapV2ServerSettings {
  /** The server's name, which its challenge tells. */
  readonly name: string
  /** "Allow client to change password after it has expired". */
  readonly allowsPasswordChange: boolean
  /** "Number of authentication retries"; NPS comes with 2. */
  readonly retries: number
}

/** A refusal that was sent, and the fault that the method will end with. */
type Refusal = Extract<EapFault, { readonly code: 'eap/credentials-refused' }>

/** A try that the peer may make. */
interface Awaited {
  /** 16 bytes, the authenticator's challenge. */
  readonly challenge: Uint8Array
  readonly retriesLeft: number
  /** Why the try before it failed. */
  readonly refusal?: Refusal
}

type MsChapV2ServerState =
  | ({ readonly name: 'awaiting-response' } & Awaited)
  | ({
      readonly name: 'awaiting-logon'
      readonly id: number
      readonly logon: LogonRequest
    } & Awaited)
  /** The password has expired, and the peer may send another. */
  | {
      readonly name: 'awaiting-change'
      readonly challenge: Uint8Array
      readonly user: string
      readonly refusal: Refusal
    }
  | {
      readonly name: 'awaiting-acknowledgement'
      readonly keys: MppeKeys
      readonly user: string
    }
  | { readonly name: 'awaiting-farewell'; readonly refusal: Refusal }
  | { readonly name: 'over' }

type ServerStep = MethodStep<MsChapV2ServerState>

/** Change-Password of version 3 is the only one there is in RFC 2759 §6. */
const CHANGE_VERSION = 3

export function msChapV2Server(settings: MsChapV2ServerSettings): EapMethod<MsChapV2ServerState> {
  return {
    type: EapType.mschapv2,
    start: (env) => {
      const challenge = env.rng.bytes(16)
      const id = env.rng.below(256)
      const data = encodeMsChapV2Request({ op: 'challenge', id, challenge, name: settings.name })
      const state = { name: 'awaiting-response', challenge, retriesLeft: settings.retries } as const
      return { state, outputs: [{ kind: 'data', data }] }
    },
    step: (state, input, env) => {
      if (input.kind === 'answer') return answered(settings, state, input, env)
      invariant(
        state.name !== 'awaiting-logon' && state.name !== 'over',
        `a packet reached EAP-MSCHAPv2 while it was ${state.name}`,
      )
      const decoded = decodeMsChapV2Response(input.data)
      if (!decoded.ok) {
        return failed({ code: 'eap/malformed', detail: formatWireError(decoded.error) })
      }
      return received(state, decoded.value)
    },
  }
}

const failed = (fault: EapFault): ServerStep => ({
  state: { name: 'over' },
  outputs: [{ kind: 'result', result: { ok: false, fault } }],
})

type Listening = Exclude<MsChapV2ServerState, { readonly name: 'awaiting-logon' | 'over' }>

function received(state: Listening, packet: MsChapV2Response): ServerStep {
  const { op } = packet
  switch (state.name) {
    case 'awaiting-response':
      if (op === 'response') return ask(state, packet)
      // The peer has no other password to try.
      if (op === 'failure-acknowledged' && state.refusal !== undefined) return failed(state.refusal)
      return outOfSequence(state, op)
    case 'awaiting-change':
      if (op === 'change-password') return askForChange(state, packet)
      if (op === 'failure-acknowledged') return failed(state.refusal)
      return outOfSequence(state, op)
    case 'awaiting-acknowledgement':
      if (op === 'success-acknowledged') return succeeded(state)
      // The peer did not find in our answer that we know its password (RFC 2759 §5).
      if (op === 'failure-acknowledged') {
        return failed({ code: 'eap/mutual-authentication-failed' })
      }
      return outOfSequence(state, op)
    case 'awaiting-farewell':
      return op === 'failure-acknowledged' ? failed(state.refusal) : outOfSequence(state, op)
  }
}

const outOfSequence = (state: MsChapV2ServerState, op: string): ServerStep =>
  failed({ code: 'eap/out-of-sequence', detail: `EAP-MSCHAPv2 ${op} while ${state.name}` })

function ask(
  state: Awaited,
  packet: Extract<MsChapV2Response, { readonly op: 'response' }>,
): ServerStep {
  const { challenge, retriesLeft } = state
  const { id, name: user, peerChallenge, ntResponse } = packet
  const logon = {
    kind: 'ms-chap-v2',
    user,
    authenticatorChallenge: challenge,
    // Views of the packet, and the host may answer long after it is gone.
    peerChallenge: peerChallenge.slice(),
    ntResponse: ntResponse.slice(),
  } as const
  return {
    state: { name: 'awaiting-logon', id, logon, challenge, retriesLeft },
    outputs: [{ kind: 'ask', ask: { kind: 'logon', logon } }],
  }
}

function askForChange(
  state: Extract<MsChapV2ServerState, { readonly name: 'awaiting-change' }>,
  packet: Extract<MsChapV2Response, { readonly op: 'change-password' }>,
): ServerStep {
  const { challenge, user } = state
  const logon = {
    kind: 'ms-chap-v2-change',
    user,
    authenticatorChallenge: challenge,
    peerChallenge: packet.peerChallenge.slice(),
    ntResponse: packet.ntResponse.slice(),
    encryptedPassword: packet.encryptedPassword.slice(),
    encryptedHash: packet.encryptedHash.slice(),
  } as const
  return {
    // Whoever fails to change a password does not try again ([MS-CHAP] §3.3.5).
    state: { name: 'awaiting-logon', id: packet.id, logon, challenge, retriesLeft: 0 },
    outputs: [{ kind: 'ask', ask: { kind: 'logon', logon } }],
  }
}

function answered(
  settings: MsChapV2ServerSettings,
  state: MsChapV2ServerState,
  input: Extract<MethodInput, { readonly kind: 'answer' }>,
  env: Env,
): ServerStep {
  const { answer } = input
  invariant(
    state.name === 'awaiting-logon' && answer.kind === 'logon',
    `EAP-MSCHAPv2 was ${state.name} and was told '${answer.kind}'`,
  )
  const { result } = answer
  return result.ok ? accepted(state, result) : refused(settings, state, result, env)
}

type Asked = Extract<MsChapV2ServerState, { readonly name: 'awaiting-logon' }>

function accepted(state: Asked, result: Extract<LogonResult, { readonly ok: true }>): ServerStep {
  const { id, logon } = state
  const keys = mppeKeys(result.passwordHashHash, logon.ntResponse)
  const { authenticatorResponse } = result
  const data = encodeMsChapV2Request({ op: 'success', id, authenticatorResponse, message: '' })
  return {
    state: { name: 'awaiting-acknowledgement', keys, user: logon.user },
    outputs: [{ kind: 'data', data }],
  }
}

/** [MS-CHAP] §3.3.5.2. Each refusal brings a challenge of its own, which the next try or the change of password uses. */
function refused(
  settings: MsChapV2ServerSettings,
  state: Asked,
  result: Extract<LogonResult, { readonly ok: false }>,
  env: Env,
): ServerStep {
  const { error, reason } = result
  const refusal: Refusal = { code: 'eap/credentials-refused', error, reason }
  const isExpired = error === 648 && state.logon.kind === 'ms-chap-v2'
  // Without the offer of a change Windows sends no Failure-Request at all.
  if (isExpired && !settings.allowsPasswordChange) return failed(refusal)
  const retry = error === 691 && result.retry && state.retriesLeft > 0
  const challenge = env.rng.bytes(16)
  const failure = { error, retry, challenge, version: CHANGE_VERSION }
  const data = encodeMsChapV2Request({ op: 'failure', id: state.id, failure })
  return {
    state: isExpired
      ? { name: 'awaiting-change', challenge, user: state.logon.user, refusal }
      : retry
        ? {
            name: 'awaiting-response',
            challenge,
            retriesLeft: state.retriesLeft - 1,
            refusal,
          }
        : { name: 'awaiting-farewell', refusal },
    outputs: [{ kind: 'data', data }],
  }
}

const succeeded = ({
  keys,
  user,
}: Extract<MsChapV2ServerState, { readonly name: 'awaiting-acknowledgement' }>): ServerStep => ({
  state: { name: 'over' },
  outputs: [
    {
      kind: 'result',
      result: {
        ok: true,
        msk: mskOfMppeKeys(keys),
        innerKeys: concat(keys.fromPeer, keys.toPeer),
        identity: user,
        types: [EapType.mschapv2],
      },
    },
  ],
})
