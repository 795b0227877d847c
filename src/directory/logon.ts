/**
 * A domain controller verifies credentials: PAP, CHAP, MS-CHAP and its version 2, and the change of a password.
 * Not a protocol and not a state: pure, what a logon leaves behind is in its result. Errors: RFC 2759 §6; reasons: event 6273 of NPS.
 */
import type { Instant } from '../base/time.ts'
import { isChapResponse } from '../crypto/chap.ts'
import {
  decryptNewPassword,
  generateAuthenticatorResponse,
  hashNtPasswordHash,
  isNtResponse,
  isOldPasswordHash,
} from '../crypto/ms-chap-v2.ts'
import { isNtChallengeResponse, ntPasswordHash } from '../crypto/ms-chap.ts'
import { restrictionOf, type Restriction } from './account-restrictions.ts'
import type { Account, Directory } from './directory.ts'
import type { AccountChange, AccountStates, CurrentPassword } from './domain-state.ts'
import { accountNamed, NAME_ASSUMPTIONS, type NameAssumptions } from './names.ts'
import { passwordFault } from './password-policy.ts'
import { Password } from './password.ts'

/** What a plain logon is asked with. `user` is the name as it came, in any form of {@link ./names.ts}. */
export type PasswordLogon =
  | { readonly kind: 'pap'; readonly user: string; readonly password: string }
  | {
      readonly kind: 'chap'
      readonly user: string
      /** 0 … 255. */
      readonly identifier: number
      readonly challenge: Uint8Array
      /** 16 bytes. */
      readonly response: Uint8Array
    }
  | {
      readonly kind: 'ms-chap'
      readonly user: string
      /** 8 bytes. */
      readonly challenge: Uint8Array
      /** 24 bytes; absent: the client gave a LAN Manager response only. */
      readonly ntResponse?: Uint8Array
    }

/** The questions of EAP-MSCHAPv2 and of MS-CHAP v2 in RADIUS: sizes as RFC 2759 §8 has them. */
export type MsChapV2Logon =
  | (MsChapV2Exchange & { readonly kind: 'ms-chap-v2' })
  | (MsChapV2Exchange & {
      readonly kind: 'ms-chap-v2-change'
      /** 516 bytes: the new password under the old one's hash. `ntResponse` is made with the new one. */
      readonly encryptedPassword: Uint8Array
      /** 16 bytes. */
      readonly encryptedHash: Uint8Array
    })

interface MsChapV2Exchange {
  readonly user: string
  readonly authenticatorChallenge: Uint8Array
  readonly peerChallenge: Uint8Array
  readonly ntResponse: Uint8Array
}

/**
 * 4, 5, 7, 8, 32, 261, 298: no account is found, or nobody can be asked. 16: the password is wrong, or there is none. 17: a new one was not taken. 19: it is not stored
 * reversibly. 20: LAN Manager. 36: locked out.
 */
export type LogonReason = Restriction | 4 | 5 | 7 | 8 | 16 | 17 | 19 | 20 | 32 | 36 | 261 | 298

export type MsChapError = 646 | 647 | 648 | 649 | 691 | 709

export interface LogonRefused {
  readonly ok: false
  readonly reason: LogonReason
  readonly error: MsChapError
  /** Whether the user may try again at once. */
  readonly retry: boolean
  /** Absent: none has the name. */
  readonly account?: Account
}

export type PasswordResult =
  | {
      readonly ok: true
      readonly account: Account
      /** With `ms-chap`: 16 bytes, the end of MS-CHAP-MPPE-Keys (RFC 2548 §2.4.1). */
      readonly passwordHashHash?: Uint8Array
    }
  | LogonRefused

export type MsChapV2Result =
  | {
      readonly ok: true
      readonly account: Account
      /** 20 bytes, the digest of `S=…` (RFC 2759 §8.7). */
      readonly authenticatorResponse: Uint8Array
      /** 16 bytes (RFC 3079 §3). */
      readonly passwordHashHash: Uint8Array
    }
  | LogonRefused

/** What no source confirms about logons, as settings. */
export interface LogonAssumptions extends NameAssumptions {
  /**
   * Whether a wrong password is told before a restriction: NTLM, as far as is known, shows the state of an account to those only who know
   * its password. A lockout is told first either way: the password is not looked at.
   */
  readonly tellsFirst: 'wrong-password' | 'restriction'
  /** Of an account that wants a smart card: its own reason, or, since its password is a random one, "wrong". */
  readonly reasonOfSmartCardRequired: 270 | 16
}

export const LOGON_ASSUMPTIONS: LogonAssumptions = {
  ...NAME_ASSUMPTIONS,
  tellsFirst: 'wrong-password',
  reasonOfSmartCardRequired: 270,
}

/** What a logon is verified against. */
export interface LogonContext {
  readonly directory: Directory
  readonly states: AccountStates
  /** What the controller's clock shows. */
  readonly at: Instant
  readonly assume: LogonAssumptions
}

/** A result, and what it leaves behind; without `change` nothing. */
export interface Verified<R> {
  readonly result: R
  readonly change?: { readonly account: Account; readonly what: AccountChange }
}

/** Which error of RFC 2759 §6 a client is told for a reason: those that have one of their own, and 691 for the rest. */
export function msChapErrorOf(reason: number): MsChapError {
  switch (reason) {
    case 17:
      return 709
    case 33:
      return 648
    case 34:
      return 647
    case 37:
      return 646
    // No permission to dial in: by the account, by policy, or by the method.
    case 20:
    case 48:
    case 64:
    case 65:
    case 66:
    case 67:
    case 68:
    case 69:
    case 70:
      return 649
    default:
      return 691
  }
}

/** A refusal for a reason. Only after a wrong password is there a point in trying again. */
export const refused = (reason: LogonReason, account?: Account): LogonRefused => ({
  ok: false,
  reason,
  error: msChapErrorOf(reason),
  retry: reason === 16,
  ...(account !== undefined && { account }),
})

const is = (
  account: Account,
  kind: AccountChange['kind'] & ('good-password' | 'bad-password'),
) => ({
  change: { account, what: { kind } },
})

/** Verify a password, or a response that was made with it. */
export function verifyPassword(
  request: PasswordLogon,
  context: LogonContext,
): Verified<PasswordResult> {
  const subject = subjectOf(request.user, context)
  if (!subject.ok) return { result: subject }
  const { account } = subject
  if (request.kind === 'chap' && !account.password.isReversible) {
    return { result: refused(19, account) }
  }
  if (request.kind === 'ms-chap' && request.ntResponse === undefined) {
    return { result: refused(20, account) }
  }
  const checked = check(subject, context, (password) => proves(request, password))
  if (!checked.ok) return { result: checked.refusal, ...checked.left }
  const passwordHashHash =
    request.kind === 'ms-chap' ? hashNtPasswordHash(hashOf(checked.password)) : undefined
  return {
    result: { ok: true, account, ...(passwordHashHash !== undefined && { passwordHashHash }) },
    ...is(account, 'good-password'),
  }
}

/** Verify a response of version 2, or change a password with one. A new password is in the result's `change`. */
export function verifyMsChapV2(
  request: MsChapV2Logon,
  context: LogonContext,
): Verified<MsChapV2Result> {
  const subject = subjectOf(request.user, context)
  if (!subject.ok) return { result: subject }
  if (request.kind === 'ms-chap-v2-change') return changePassword(request, subject, context)
  const checked = check(subject, context, (password) =>
    isNtResponse(request.ntResponse, request, hashOf(password)),
  )
  if (!checked.ok) return { result: checked.refusal, ...checked.left }
  return {
    result: granted(request, subject.account, checked.password),
    ...is(subject.account, 'good-password'),
  }
}

function granted(request: MsChapV2Exchange, account: Account, password: Password): MsChapV2Result {
  const hash = hashOf(password)
  return {
    ok: true,
    account,
    authenticatorResponse: generateAuthenticatorResponse(request, hash, request.ntResponse),
    passwordHashHash: hashNtPasswordHash(hash),
  }
}

/** RFC 2759 §7: who knows the old password and whose new one the policy takes is logged on with it. */
function changePassword(
  request: Extract<MsChapV2Logon, { kind: 'ms-chap-v2-change' }>,
  subject: Subject,
  context: LogonContext,
): Verified<MsChapV2Result> {
  const { account, current } = subject
  let next: Password | undefined
  const checked = check({ ...subject, isChanging: true }, context, (password) => {
    const oldHash = hashOf(password)
    const text = decryptNewPassword(request.encryptedPassword, oldHash)
    if (text === undefined) return false
    next = new Password(text)
    return isOldPasswordHash(request.encryptedHash, oldHash, hashOf(next))
  })
  if (!checked.ok) return { result: checked.refusal, ...checked.left }
  const { passwordPolicy } = context.directory
  const isTaken =
    next !== undefined &&
    isNtResponse(request.ntResponse, request, hashOf(next)) &&
    passwordFault(passwordPolicy, account, next, current.history) === undefined
  if (next === undefined || !isTaken) return { result: refused(17, account) }
  return {
    result: granted(request, account, next),
    change: { account, what: { kind: 'password-changed', password: next } },
  }
}

/** Whose logon it is, and what the controller knows of the password. */
interface Subject {
  readonly ok: true
  readonly account: Account
  readonly current: CurrentPassword
  /** Who changes a password may do so because the old one is over. */
  readonly isChanging?: boolean
}

function subjectOf(
  user: string,
  { directory, states, at, assume }: LogonContext,
): Subject | LogonRefused {
  const named = accountNamed(directory, user, assume)
  if (named.kind !== 'account') return refused(named.reason)
  const { account } = named
  return states.isLocked(account, at)
    ? refused(36, account)
    : { ok: true, account, current: states.passwordOf(account) }
}

type Checked =
  | { readonly ok: true; readonly password: Password }
  | {
      readonly ok: false
      readonly refusal: LogonRefused
      readonly left?: Pick<Verified<never>, 'change'>
    }

function check(
  { account, current, isChanging = false }: Subject,
  { directory, at, assume }: LogonContext,
  proven: (password: Password) => boolean,
): Checked {
  const restriction = restrictionOf(directory, account, current, at)
  const holds = restriction === 33 && isChanging ? undefined : restriction
  if (account.password.smartCardRequired && assume.reasonOfSmartCardRequired === 16) {
    return { ok: false, refusal: refused(16, account) }
  }
  const isTold = holds === 270 || assume.tellsFirst === 'restriction'
  if (holds !== undefined && isTold) return { ok: false, refusal: refused(holds, account) }
  const { secret } = current
  if (secret === undefined || !proven(secret)) {
    return { ok: false, refusal: refused(16, account), left: is(account, 'bad-password') }
  }
  return holds === undefined
    ? { ok: true, password: secret }
    : { ok: false, refusal: refused(holds, account), left: is(account, 'good-password') }
}

/** The password's hash stays with the controller, as in the directory's database: making it costs more than a response. */
const hashes = new WeakMap<Password, Uint8Array>()

function hashOf(password: Password): Uint8Array {
  const known = hashes.get(password) ?? ntPasswordHash(password.reveal())
  hashes.set(password, known)
  return known
}

function proves(request: PasswordLogon, password: Password): boolean {
  switch (request.kind) {
    case 'pap':
      return password.equals(new Password(request.password))
    case 'chap':
      return isChapResponse(
        request.response,
        request.identifier,
        password.reveal(),
        request.challenge,
      )
    case 'ms-chap':
      return (
        request.ntResponse !== undefined &&
        isNtChallengeResponse(request.ntResponse, request.challenge, hashOf(password))
      )
  }
}
