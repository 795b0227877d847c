/** Logons at a domain controller: who is let in by which proof, in which order faults are told, and what wrong passwords leave. */
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { after, days, minutes, seconds, type Instant } from '../../src/base/time.ts'
import { hashNtPasswordHash, isAuthenticatorResponse } from '../../src/crypto/ms-chap-v2.ts'
import { ntPasswordHash } from '../../src/crypto/ms-chap.ts'
import { accountOf, type Directory } from '../../src/directory/directory.ts'
import { DomainState, LOCKOUT_DURATION, LOCKOUT_WINDOW } from '../../src/directory/domain-state.ts'
import {
  LOGON_ASSUMPTIONS,
  msChapErrorOf,
  verifyMsChapV2,
  verifyPassword,
  type LogonAssumptions,
  type MsChapV2Logon,
  type PasswordLogon,
} from '../../src/directory/logon.ts'
import { Password } from '../../src/directory/password.ts'
import {
  chap,
  domain,
  DOMAIN,
  msChap,
  msChapV2,
  pap,
  PASSWORD,
  passwordChange,
  START,
} from './people.ts'

/** A controller: logons one after the other, each leaving what it leaves. */
class Controller {
  readonly state = new DomainState()
  readonly #assume: LogonAssumptions
  directory: Directory
  at: Instant = START

  constructor(directory: Directory = DOMAIN, assume: Partial<LogonAssumptions> = {}) {
    this.directory = directory
    this.#assume = { ...LOGON_ASSUMPTIONS, ...assume }
  }

  logOn(request: PasswordLogon | MsChapV2Logon) {
    const context = {
      directory: this.directory,
      states: this.state,
      at: this.at,
      assume: this.#assume,
    }
    const { result, change } =
      request.kind === 'ms-chap-v2' || request.kind === 'ms-chap-v2-change'
        ? verifyMsChapV2(request, context)
        : verifyPassword(request, context)
    if (change !== undefined) {
      this.state.apply(this.directory, change.account, change.what, this.at)
    }
    return result
  }

  /** 0: let in. */
  reason(request: PasswordLogon | MsChapV2Logon): number {
    const result = this.logOn(request)
    return result.ok ? 0 : result.reason
  }
}

const reasonOf = (request: PasswordLogon | MsChapV2Logon, assume?: Partial<LogonAssumptions>) =>
  new Controller(DOMAIN, assume).reason(request)

describe('a password is proven', () => {
  test.for([
    ['PAP', pap],
    ['MS-CHAP', msChap],
    ['MS-CHAP v2', msChapV2],
  ] as const)('by %s, and a wrong one is reason 16', ([, by]) => {
    expect(reasonOf(by('ada'))).toBe(0)
    expect(reasonOf(by('ada', 'analytical-Engine-1'))).toBe(16)
    expect(reasonOf(by('ada', ''))).toBe(16)
  })

  test('by CHAP where it is stored reversibly, else reason 19 for right and wrong alike', () => {
    expect(reasonOf(chap('bob'))).toBe(0)
    expect(reasonOf(chap('bob', 'wrong'))).toBe(16)
    expect(reasonOf(chap('ada'))).toBe(19)
    expect(reasonOf(chap('ada', 'wrong'))).toBe(19)
  })

  test('not by a LAN Manager response alone: reason 20', () => {
    const { ntResponse: _, ...lanManager } = msChap('ada') as Extract<
      PasswordLogon,
      { kind: 'ms-chap' }
    >
    expect(reasonOf(lanManager)).toBe(20)
  })

  test('never for an account without one', () => {
    expect(reasonOf(pap('nobody', ''))).toBe(16)
    expect(reasonOf(msChapV2('LAPTOP$', ''))).toBe(16)
  })

  test('under each form of the name; version 2 hashes it as the client wrote it', () => {
    for (const name of ['CORP\\ada', 'ada@corp.contoso.com', 'ADA']) {
      expect(reasonOf(msChapV2(name))).toBe(0)
    }
    expect(reasonOf({ ...msChapV2('ada'), user: 'ADA' })).toBe(16)
    expect(reasonOf({ ...msChapV2('ada'), user: 'CORP\\ada' })).toBe(0)
  })

  test('and version 2 proves the controller in turn, and leaves the hash of the hash', () => {
    const request = msChapV2('ada')
    const context = { directory: DOMAIN, states: new DomainState(), at: START }
    const { result } = verifyMsChapV2(request, { ...context, assume: LOGON_ASSUMPTIONS })
    if (!result.ok) throw new Error(`refused: ${result.reason}`)
    const hash = ntPasswordHash(PASSWORD)
    const { authenticatorResponse: told, passwordHashHash } = result
    expect(isAuthenticatorResponse(told, request, hash, request.ntResponse)).toBe(true)
    expect(toHex(passwordHashHash)).toBe(toHex(hashNtPasswordHash(hash)))
    expect(result.account.key).toBe('ada')
  })
})

describe('a restriction has its reason and its MS-CHAP error', () => {
  test.for([
    ['disabled', 34, 647],
    ['expired', 35, 691],
    ['locked', 36, 691],
    ['night', 37, 646],
    ['fresh', 33, 648],
    ['aged', 33, 648],
    ['card', 270, 691],
    ['zoe', 8, 691],
    ['NOWHERE\\ada', 7, 691],
    ['FABRIKAM\\zoe', 5, 691],
  ] as const)('%s: %i, %i', ([user, reason, error]) => {
    const result = new Controller().logOn(msChapV2(user))
    expect(result).toMatchObject({ ok: false, reason, error, retry: false })
  })

  test('a wrong password may be tried again; nothing else', () => {
    expect(new Controller().logOn(msChapV2('ada', 'wrong'))).toMatchObject({
      error: 691,
      retry: true,
    })
  })

  test('who does not know the password learns of the lockout and the smart card only', () => {
    const told = ['disabled', 'expired', 'night', 'fresh', 'aged', 'locked', 'card'].map((user) =>
      reasonOf(pap(user, 'wrong')),
    )
    expect(told).toEqual([16, 16, 16, 16, 16, 36, 270])
  })

  test('the order can be set, and what a smart card account is told', () => {
    const first = { tellsFirst: 'restriction' } as const
    expect(reasonOf(pap('disabled', 'wrong'), first)).toBe(34)
    expect(reasonOf(pap('ada', 'wrong'), first)).toBe(16)
    expect(reasonOf(pap('card'), { reasonOfSmartCardRequired: 16 })).toBe(16)
  })

  test('the hours and the age of a password follow the clock', () => {
    const dc = new Controller()
    dc.at = after(START, minutes(12 * 60))
    expect(dc.reason(pap('night'))).toBe(0)
    expect(dc.reason(pap('ageless'))).toBe(0)
    dc.at = after(START, days(41 - 1 / 86_400))
    expect(dc.reason(pap('ada'))).toBe(0)
    dc.at = after(START, days(41))
    expect(dc.reason(pap('ada'))).toBe(33)
    expect(
      new Controller(domain({ passwordPolicy: { maximumAge: days(0) } })).reason(pap('aged')),
    ).toBe(0)
  })

  test('dial-in by policy and by account is error 649', () => {
    expect([65, 64, 67, 20].map(msChapErrorOf)).toEqual([649, 649, 649, 649])
  })
})

describe('a password is changed', () => {
  const NEXT = 'Difference-Engine-2'

  test('and from then on the new one is right, and the old one wrong', () => {
    const dc = new Controller()
    expect(dc.reason(passwordChange('fresh', NEXT))).toBe(0)
    expect(dc.reason(pap('fresh', NEXT))).toBe(0)
    expect(dc.reason(msChapV2('fresh', NEXT))).toBe(0)
    expect(dc.reason(pap('fresh'))).toBe(16)
    expect(new Controller().reason(pap('fresh', NEXT))).toBe(16)
  })

  test('by whom it has aged away from, and not by whom else may not log on', () => {
    expect(reasonOf(passwordChange('aged', NEXT))).toBe(0)
    expect(reasonOf(passwordChange('disabled', NEXT))).toBe(34)
    expect(reasonOf(passwordChange('locked', NEXT))).toBe(36)
  })

  test('not without the old one: reason 16', () => {
    expect(reasonOf(passwordChange('ada', NEXT, 'wrong'))).toBe(16)
  })

  test.for([
    ['too short', 'Ab1!'],
    ['of two kinds only', 'differenceengine2'],
    ['with the name in it', 'Lovelace-1842'],
    ['with the logon name in it', 'xADAx-Engine-1'],
    ['the one it was', PASSWORD],
  ])('not to one that is %s: reason 17, error 709', ([, next]) => {
    const dc = new Controller()
    expect(dc.logOn(passwordChange('ada', next!))).toMatchObject({ reason: 17, error: 709 })
    expect(dc.reason(pap('ada'))).toBe(0)
  })

  test('a policy without demands takes anything but one of the last', () => {
    const lax = domain({ passwordPolicy: { minimumLength: 0, complexity: false } })
    const dc = new Controller(lax)
    expect(dc.reason(passwordChange('ada', ''))).toBe(0)
    expect(dc.reason(passwordChange('ada', 'b', ''))).toBe(0)
    expect(dc.reason(passwordChange('ada', PASSWORD, 'b'))).toBe(17)
  })

  test('an edit that gives the account another password wins', () => {
    const dc = new Controller()
    dc.logOn(passwordChange('ada', NEXT))
    dc.directory = domain({ users: { ada: { password: 'Reset-by-admin-1' } } })
    expect(dc.reason(pap('ada', NEXT))).toBe(16)
    expect(dc.reason(pap('ada', 'Reset-by-admin-1'))).toBe(0)
  })

  test('a response of another exchange is no proof', () => {
    const change = passwordChange('ada', NEXT)
    expect(reasonOf({ ...change, ntResponse: new Uint8Array(24) })).toBe(17)
    const cut = { ...change, encryptedPassword: new Uint8Array(515) } as MsChapV2Logon
    expect(reasonOf(cut)).toBe(16)
  })
})

describe('wrong passwords in a row', () => {
  const strict = domain({ passwordPolicy: { lockoutThreshold: 3 } })
  const wrong = pap('ada', 'wrong')

  test('lock the account at the threshold, for right ones as well, and for its time', () => {
    const dc = new Controller(strict)
    expect([wrong, wrong, wrong, wrong].map((each) => dc.reason(each))).toEqual([16, 16, 16, 36])
    expect(dc.reason(pap('ada'))).toBe(36)
    dc.at = after(START, (LOCKOUT_DURATION - 1) as typeof LOCKOUT_DURATION)
    expect(dc.reason(pap('ada'))).toBe(36)
    dc.at = after(START, LOCKOUT_DURATION)
    expect(dc.reason(pap('ada'))).toBe(0)
  })

  test('a right one between them, or time, starts the count again', () => {
    const dc = new Controller(strict)
    for (const request of [wrong, wrong, pap('ada'), wrong, wrong]) dc.logOn(request)
    expect(dc.reason(pap('ada'))).toBe(0)
    for (const request of [wrong, wrong]) dc.logOn(request)
    dc.at = after(START, LOCKOUT_WINDOW)
    dc.logOn(wrong)
    expect(dc.state.badPasswordsOf(accountOf(strict, 'user', 'ada')!, dc.at)).toBe(1)
    expect(dc.reason(pap('ada'))).toBe(0)
  })

  test('an administrator unlocks it', () => {
    const dc = new Controller(strict)
    for (const request of [wrong, wrong, wrong]) dc.logOn(request)
    dc.state.unlock(accountOf(strict, 'user', 'ada')!)
    expect(dc.reason(pap('ada'))).toBe(0)
  })

  test('never lock where no threshold is set, nor the account of another', () => {
    const lax = new Controller()
    for (let i = 0; i < 50; i++) lax.logOn(wrong)
    expect(lax.reason(pap('ada'))).toBe(0)
    const dc = new Controller(strict)
    for (let i = 0; i < 5; i++) dc.logOn(wrong)
    expect(dc.reason(pap('bob'))).toBe(0)
  })

  test('count for a restricted account, too, whose right password resets them', () => {
    const dc = new Controller(strict)
    const requests = [
      pap('disabled', 'a'),
      pap('disabled', 'b'),
      pap('disabled'),
      pap('disabled', 'c'),
    ]
    expect(requests.map((each) => dc.reason(each))).toEqual([16, 16, 34, 16])
    dc.at = after(dc.at, seconds(1))
    expect(dc.reason(pap('disabled'))).toBe(34)
  })
})

test('a password shows itself nowhere: not in JSON, not to a debugger, not in the directory', () => {
  const shown = [
    JSON.stringify(DOMAIN),
    inspect(DOMAIN, { depth: 9, showHidden: true }),
    `${JSON.stringify(new Password(PASSWORD))} ${inspect(new Password(PASSWORD))}`,
    JSON.stringify(new Controller().logOn(msChapV2('ada', 'wrong'))),
  ]
  for (const text of shown) expect(text).not.toContain(PASSWORD)
})

test('Protected Users are refused by NTLM with the right password, and told of it as anybody is', () => {
  const members = domain({ groups: { 'Protected Users': ['ada'] } })
  for (const request of [pap('ada'), msChapV2('ada')]) {
    const told = new Controller(members).logOn(request)
    expect(told).toMatchObject({ ok: false, reason: 38, error: 691, retry: false })
  }
  expect(new Controller(members).logOn(pap('ada', 'Guessed-1'))).toMatchObject({ reason: 16 })
  expect(new Controller(members).logOn(pap('bob'))).toMatchObject({ ok: true })
})
