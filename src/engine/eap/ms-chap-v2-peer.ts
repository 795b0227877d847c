/**
 * EAP-MSCHAPv2 as a peer runs it ([MS-CHAP] §3.2): a password proved without being sent, and a server that must prove it in turn.
 * Not a user: a password that has expired is a question to the host.
 */
import { concat } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import { mppeKeys, mskOfMppeKeys, type MppeKeys } from '../../crypto/mppe.ts'
import { ntPasswordHash } from '../../crypto/ms-chap.ts'
import {
  encryptNewPassword,
  encryptOldPasswordHash,
  generateAuthenticatorResponse,
  generateNtResponse,
  hashNtPasswordHash,
  PASSWORD_LENGTH_MAX,
} from '../../crypto/ms-chap-v2.ts'
import { isSameSecret } from '../../crypto/same-secret.ts'
import { formatWireError } from '../../wire/codec.ts'
import {
  decodeMsChapV2Request,
  encodeMsChapV2Response,
  type MsChapV2Failure,
  type MsChapV2Request,
} from '../../wire/eap/ms-chap-v2.ts'
import { EapType } from '../../wire/eap/packet.ts'
import type { Env } from '../engine.ts'
import type { EapFault, EapMethod, MethodInput, MethodStep } from './method.ts'

export interface MsChapV2PeerSettings {
  /** As it is sent: `CORP\ada`, `ada@corp.contoso.com`. */
  readonly user: string
  readonly password: string
  /** What the user types when told that it was wrong and that another try is allowed, in turn. Default: gives up. */
  readonly furtherPasswords?: readonly string[]
}

type MsChapV2PeerState =
  | { readonly name: 'awaiting-challenge' }
  | {
      readonly name: 'awaiting-verdict'
      /** Which of the passwords it was, from 0. */
      readonly attempt: number
      /** 20 bytes, which only a server makes that knows the password. */
      readonly expected: Uint8Array
      readonly keys: MppeKeys
      /** After a change of password: nothing more is tried. */
      readonly isChange: boolean
    }
  | {
      readonly name: 'awaiting-new-password'
      readonly attempt: number
      /** Of the Failure-Request. */
      readonly id: number
      readonly challenge: Uint8Array
      readonly error: number
    }
  | { readonly name: 'over' }

type PeerStep = MethodStep<MsChapV2PeerState>

export function msChapV2Peer(settings: MsChapV2PeerSettings): EapMethod<MsChapV2PeerState> {
  return {
    type: EapType.mschapv2,
    start: () => ({ state: { name: 'awaiting-challenge' }, outputs: [] }),
    step: (state, input, env) => {
      if (input.kind === 'answer') return answered(settings, state, input, env)
      invariant(
        state.name !== 'awaiting-new-password' && state.name !== 'over',
        `a packet reached EAP-MSCHAPv2 while it was ${state.name}`,
      )
      const decoded = decodeMsChapV2Request(input.data)
      if (!decoded.ok) {
        return ended({ code: 'eap/malformed', detail: formatWireError(decoded.error) })
      }
      return received(settings, state, decoded.value, env)
    },
  }
}

/** The end, with a last packet where one is owed. */
const ended = (fault: EapFault, ...last: readonly Uint8Array[]): PeerStep => ({
  state: { name: 'over' },
  outputs: [
    ...last.map((data) => ({ kind: 'data', data }) as const),
    { kind: 'result', result: { ok: false, fault } },
  ],
})

const FAREWELL = encodeMsChapV2Response({ op: 'failure-acknowledged' })

/** What a server refused. Reasons are NPS's own and stay there: 0. */
const refusal = (error: number): EapFault => ({
  code: 'eap/credentials-refused',
  error,
  reason: 0,
})

type Listening = Exclude<MsChapV2PeerState, { readonly name: 'awaiting-new-password' | 'over' }>

function received(
  settings: MsChapV2PeerSettings,
  state: Listening,
  request: MsChapV2Request,
  env: Env,
): PeerStep {
  if (state.name === 'awaiting-challenge') {
    return request.op === 'challenge'
      ? respond(settings, 0, request.id, request.challenge, env)
      : outOfSequence(state, request.op)
  }
  switch (request.op) {
    case 'success':
      return concluded(settings, state, request.authenticatorResponse)
    case 'failure':
      return refused(settings, state, request, env)
    case 'challenge':
      return outOfSequence(state, request.op)
  }
}

const outOfSequence = (state: MsChapV2PeerState, op: string): PeerStep =>
  ended({ code: 'eap/out-of-sequence', detail: `EAP-MSCHAPv2 ${op} while ${state.name}` })

const passwordOf = (settings: MsChapV2PeerSettings, attempt: number): string | undefined =>
  attempt === 0 ? settings.password : settings.furtherPasswords?.[attempt - 1]

/** The proof for one password, and what must come back for it. `challenge` is a view of a packet. */
function prove(
  user: string,
  passwordHash: Uint8Array,
  challenge: Uint8Array,
  env: Env,
): {
  readonly peerChallenge: Uint8Array
  readonly ntResponse: Uint8Array
  readonly expected: Uint8Array
  readonly keys: MppeKeys
} {
  const peerChallenge = env.rng.bytes(16)
  const exchange = { user, authenticatorChallenge: challenge, peerChallenge }
  const ntResponse = generateNtResponse(exchange, passwordHash)
  return {
    peerChallenge,
    ntResponse,
    expected: generateAuthenticatorResponse(exchange, passwordHash, ntResponse),
    keys: mppeKeys(hashNtPasswordHash(passwordHash), ntResponse),
  }
}

function respond(
  settings: MsChapV2PeerSettings,
  attempt: number,
  id: number,
  challenge: Uint8Array,
  env: Env,
): PeerStep {
  const { user } = settings
  const password = passwordOf(settings, attempt)
  invariant(password !== undefined, `there is no password number ${attempt}`)
  const proof = prove(user, ntPasswordHash(password), challenge, env)
  const { peerChallenge, ntResponse, expected, keys } = proof
  const data = encodeMsChapV2Response({
    op: 'response',
    id,
    peerChallenge,
    ntResponse,
    name: user,
  })
  return {
    state: { name: 'awaiting-verdict', attempt, expected, keys, isChange: false },
    outputs: [{ kind: 'data', data }],
  }
}

type Waiting = Extract<MsChapV2PeerState, { readonly name: 'awaiting-verdict' }>

function concluded(
  { user }: MsChapV2PeerSettings,
  { expected, keys }: Waiting,
  authenticatorResponse: Uint8Array,
): PeerStep {
  // A server that does not know the password is not the one that the user wants (RFC 2759 §5).
  if (!isSameSecret(authenticatorResponse, expected)) {
    return ended({ code: 'eap/mutual-authentication-failed' }, FAREWELL)
  }
  const data = encodeMsChapV2Response({ op: 'success-acknowledged' })
  return {
    state: { name: 'over' },
    outputs: [
      { kind: 'data', data },
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
  }
}

const nextId = (id: number): number => (id + 1) & 0xff

/** [MS-CHAP] §3.2.5.4: another try, another password, or the end. The identifier goes up with each answer to a failure (RFC 2759 §7). */
function refused(
  settings: MsChapV2PeerSettings,
  state: Waiting,
  request: { readonly id: number; readonly failure: MsChapV2Failure },
  env: Env,
): PeerStep {
  const { id, failure } = request
  const { error, retry, challenge, version } = failure
  const attempt = state.attempt + 1
  if (challenge === undefined || state.isChange) return ended(refusal(error), FAREWELL)
  if (error === 648 && version === 3) {
    return {
      state: {
        name: 'awaiting-new-password',
        attempt: state.attempt,
        id,
        challenge: challenge.slice(),
        error,
      },
      outputs: [{ kind: 'ask', ask: { kind: 'new-password' } }],
    }
  }
  if (retry && passwordOf(settings, attempt) !== undefined) {
    return respond(settings, attempt, nextId(id), challenge, env)
  }
  return ended(refusal(error), FAREWELL)
}

function answered(
  settings: MsChapV2PeerSettings,
  state: MsChapV2PeerState,
  input: Extract<MethodInput, { readonly kind: 'answer' }>,
  env: Env,
): PeerStep {
  const { answer } = input
  invariant(
    state.name === 'awaiting-new-password' && answer.kind === 'new-password',
    `EAP-MSCHAPv2 was ${state.name} and was told '${answer.kind}'`,
  )
  const { password } = answer
  // A password that no packet can carry is as good as none.
  if (password === undefined || password.length > PASSWORD_LENGTH_MAX) {
    return ended(refusal(state.error), FAREWELL)
  }
  return change(settings, state, password, env)
}

/** Change-Password (RFC 2759 §7): from here on the new password is the one that both sides prove. */
function change(
  settings: MsChapV2PeerSettings,
  state: Extract<MsChapV2PeerState, { readonly name: 'awaiting-new-password' }>,
  password: string,
  env: Env,
): PeerStep {
  const old = ntPasswordHash(passwordOf(settings, state.attempt)!)
  const fresh = ntPasswordHash(password)
  const proof = prove(settings.user, fresh, state.challenge, env)
  const { peerChallenge, ntResponse, expected, keys } = proof
  const data = encodeMsChapV2Response({
    op: 'change-password',
    id: nextId(state.id),
    encryptedPassword: encryptNewPassword(password, old, env.rng.bytes(512)),
    encryptedHash: encryptOldPasswordHash(old, fresh),
    peerChallenge,
    ntResponse,
  })
  return {
    state: { name: 'awaiting-verdict', attempt: state.attempt, expected, keys, isChange: true },
    outputs: [{ kind: 'data', data }],
  }
}
