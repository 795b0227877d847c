/** A server and a peer of EAP-MSCHAPv2 in lock-step, with no network, and a directory of one account. */
import { rngFrom } from '../../../src/base/rng.ts'
import { instant } from '../../../src/base/time.ts'
import { ntPasswordHash } from '../../../src/crypto/ms-chap.ts'
import {
  decryptNewPassword,
  generateAuthenticatorResponse,
  hashNtPasswordHash,
  isNtResponse,
  isOldPasswordHash,
} from '../../../src/crypto/ms-chap-v2.ts'
import type {
  EapAnswer,
  EapAsk,
  EapMethod,
  LogonRequest,
  LogonResult,
  MethodInput,
  MethodOutput,
  MethodResult,
} from '../../../src/engine/eap/method.ts'
import { msChapV2Server } from '../../../src/engine/eap/ms-chap-v2-server.ts'
import type { Env } from '../../../src/engine/engine.ts'
import { describeEap } from '../../../src/wire/eap/describe.ts'
import { EapType, encodeEap } from '../../../src/wire/eap/packet.ts'

export const env: Env = { now: instant('2025-06-01'), rng: rngFrom('ms-chap-v2'), log: () => {} }

/** A directory of one account, as small as it can be. */
export interface Account {
  password: string
  readonly refusal?: 646 | 647 | 648 | 649
  /** What the policy says of a new password. */
  readonly refusesNewPassword?: boolean
}

const denied = (error: 646 | 647 | 648 | 649 | 691 | 709): LogonResult => ({
  ok: false,
  error,
  reason: error === 691 ? 16 : 99,
  retry: error === 691,
})

function logon(account: Account, request: LogonRequest): LogonResult {
  const old = ntPasswordHash(account.password)
  let hash = old
  if (request.kind === 'ms-chap-v2-change') {
    const password = decryptNewPassword(request.encryptedPassword, old)
    if (password === undefined) return denied(691)
    hash = ntPasswordHash(password)
    if (!isOldPasswordHash(request.encryptedHash, old, hash)) return denied(691)
    if (account.refusesNewPassword === true) return denied(709)
    account.password = password
  }
  if (!isNtResponse(request.ntResponse, request, hash)) return denied(691)
  if (account.refusal !== undefined && request.kind === 'ms-chap-v2') return denied(account.refusal)
  return {
    ok: true,
    authenticatorResponse: generateAuthenticatorResponse(request, hash, request.ntResponse),
    passwordHashHash: hashNtPasswordHash(hash),
  }
}

interface Played {
  /** The packets, in words. */
  readonly packets: readonly string[]
  readonly server: MethodResult | undefined
  readonly peer: MethodResult | undefined
}

interface Side {
  readonly method: EapMethod
  readonly code: 1 | 2
  state: unknown
  result: MethodResult | undefined
}

/** Server and peer in lock-step, with no network: what one says is the other's input, and questions are answered at once. */
export function play(
  server: EapMethod,
  peer: EapMethod,
  answer: (ask: EapAsk) => EapAnswer,
  change: (data: Uint8Array, packet: number) => Uint8Array = (data) => data,
): Played {
  const packets: string[] = []
  const sides: readonly [Side, Side] = [
    { method: server, code: 1, state: undefined, result: undefined },
    { method: peer, code: 2, state: undefined, result: undefined },
  ]
  const pending: { readonly to: Side; readonly data: Uint8Array }[] = []
  const take = (side: Side, outputs: readonly MethodOutput[]): void => {
    for (const output of outputs) {
      if (output.kind === 'result') side.result = output.result
      if (output.kind === 'ask') give(side, { kind: 'answer', answer: answer(output.ask) })
      if (output.kind !== 'data') continue
      const data = change(output.data, packets.length)
      const packet = encodeEap({ code: side.code, identifier: 0, type: EapType.mschapv2, data })
      packets.push(describeEap(packet).replace(/^EAP (Request|Response) #0 EAP-MSCHAPv2 /, ''))
      pending.push({ to: sides[side === sides[0] ? 1 : 0], data })
    }
  }
  const give = (side: Side, input: MethodInput): void => {
    const step = side.method.step(side.state, input, env)
    side.state = step.state
    take(side, step.outputs)
  }
  for (const side of [sides[1], sides[0]]) {
    const begun = side.method.start(env)
    side.state = begun.state
    take(side, begun.outputs)
  }
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    if (next.to.result === undefined) give(next.to, { kind: 'data', data: next.data })
  }
  return { packets, server: sides[0].result, peer: sides[1].result }
}

export const SETTINGS = { name: 'NPS1', allowsPasswordChange: true, retries: 2 }
export const SERVER = msChapV2Server(SETTINGS)

/** How the host of both answers, and what the user does about an expired password. */
export const host =
  (account: Account, newPassword?: string) =>
  (ask: EapAsk): EapAnswer => {
    if (ask.kind === 'logon') return { kind: 'logon', result: logon(account, ask.logon) }
    if (ask.kind === 'new-password') {
      return newPassword === undefined
        ? { kind: 'new-password' }
        : { kind: 'new-password', password: newPassword }
    }
    throw new Error(`nobody asks for ${ask.kind} here`)
  }
