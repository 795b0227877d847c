/** A domain with people who have passwords, and what a client sends for them. */
import { days, instant, minutes } from '../../src/base/time.ts'
import { directoryOf } from '../../src/directory/accounts.ts'
import type { Directory } from '../../src/directory/directory.ts'
import type { DirectorySpec } from '../../src/topology/directory.ts'
import { host, topology } from '../../src/topology/topology.ts'
import { validateTopology } from '../../src/topology/validate.ts'
import { chapResponse } from '../../src/crypto/chap.ts'
import {
  encryptNewPassword,
  encryptOldPasswordHash,
  generateNtResponse,
} from '../../src/crypto/ms-chap-v2.ts'
import { ntChallengeResponse, ntPasswordHash } from '../../src/crypto/ms-chap.ts'
import type { MsChapV2Logon, PasswordLogon } from '../../src/directory/logon.ts'

export const START = instant('2026-03-02T08:00:00Z')
export const PASSWORD = 'Analytical-Engine-1'

const people: DirectorySpec = {
  domain: 'corp.contoso.com',
  trustedDomains: ['fabrikam.com'],
  users: {
    ada: { name: 'Ada Lovelace', password: PASSWORD },
    bob: { upn: 'bob@contoso.com', password: PASSWORD, reversibleEncryption: true },
    nobody: {},
    swap: {},
    other: { upn: 'swap@corp.contoso.com' },
    disabled: { password: PASSWORD, disabled: true },
    expired: { password: PASSWORD, expires: minutes(-1) },
    locked: { password: PASSWORD, locked: true },
    night: { password: PASSWORD, logonHours: [{ from: '20:00' }] },
    fresh: { password: PASSWORD, mustChangePassword: true },
    aged: { password: PASSWORD, passwordSet: days(-43) },
    ageless: { password: PASSWORD, passwordSet: days(-43), passwordNeverExpires: true },
    card: { password: PASSWORD, smartCardRequired: true },
  },
}

export function domain(spec: Partial<DirectorySpec> = {}): Directory {
  const made = {
    ...topology({
      name: 'people',
      start: '2026-03-02T08:00:00Z',
      networks: { lan: '10.0.0.0/24' },
      nodes: { laptop: host({ lan: '10.0.0.2' }, { os: 'windows-11' }) },
    }),
    directory: { ...people, ...spec },
  }
  const problems = validateTopology(made)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return directoryOf(made, START)!
}

export const DOMAIN = domain()

const CHALLENGE = Uint8Array.from({ length: 16 }, (_, i) => i)
const PEER_CHALLENGE = Uint8Array.from({ length: 16 }, (_, i) => 100 + i)

export const pap = (user: string, password = PASSWORD): PasswordLogon => ({
  kind: 'pap',
  user,
  password,
})

export const chap = (user: string, password = PASSWORD): PasswordLogon => ({
  kind: 'chap',
  user,
  identifier: 7,
  challenge: CHALLENGE,
  response: chapResponse(7, password, CHALLENGE),
})

export const msChap = (user: string, password = PASSWORD): PasswordLogon => ({
  kind: 'ms-chap',
  user,
  challenge: CHALLENGE.subarray(0, 8),
  ntResponse: ntChallengeResponse(CHALLENGE.subarray(0, 8), ntPasswordHash(password)),
})

export function msChapV2(user: string, password = PASSWORD): MsChapV2Logon {
  const exchange = {
    user,
    authenticatorChallenge: CHALLENGE,
    peerChallenge: PEER_CHALLENGE,
  }
  const ntResponse = generateNtResponse(exchange, ntPasswordHash(password))
  return { kind: 'ms-chap-v2', ...exchange, ntResponse }
}

export function passwordChange(user: string, next: string, old = PASSWORD): MsChapV2Logon {
  const [oldHash, nextHash] = [ntPasswordHash(old), ntPasswordHash(next)]
  return {
    ...msChapV2(user, next),
    kind: 'ms-chap-v2-change',
    encryptedPassword: encryptNewPassword(next, oldHash, new Uint8Array(512)),
    encryptedHash: encryptOldPasswordHash(oldHash, nextHash),
  }
}
