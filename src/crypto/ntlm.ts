/**
 * The response of NTLM version 2 ([MS-NLMP] §3.3.2): what a computer proves with its account's password.
 * Not version 1, which domain controllers refuse since LmCompatibilityLevel 5, and no session keys.
 */
import { createHmac } from 'node:crypto'
import { concat } from '../base/bytes.ts'
import { unicodeOf } from './ms-chap.ts'
import { isSameSecret } from './same-secret.ts'

export interface NtlmExchange {
  readonly user: string
  readonly domain: string
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array
}

const PROOF_BYTES = 16

const hmacMd5 = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHmac('md5', key)
      .update(concat(...parts))
      .digest(),
  )

/** NTOWFv2: of `passwordHash` (16 bytes), the user's name in capitals, and the domain as it was written. */
const ntowfV2 = ({ user, domain }: NtlmExchange, passwordHash: Uint8Array): Uint8Array =>
  hmacMd5(passwordHash, unicodeOf(user.toUpperCase() + domain))

/** NTLMv2_CLIENT_CHALLENGE (§2.2.2.7). `time`: 8 bytes, a FILETIME; `clientChallenge`: 8 bytes. */
export const clientChallenge = (
  time: Uint8Array,
  challenge: Uint8Array,
  targetInfo: Uint8Array,
): Uint8Array =>
  concat(
    Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0),
    time,
    challenge,
    new Uint8Array(4),
    targetInfo,
    new Uint8Array(4),
  )

/** 16 bytes of proof, and `client` behind them. */
export const ntlmV2Response = (
  exchange: NtlmExchange,
  passwordHash: Uint8Array,
  client: Uint8Array,
): Uint8Array =>
  concat(hmacMd5(ntowfV2(exchange, passwordHash), exchange.serverChallenge, client), client)

/** Whether the response was made with the password of this hash. In constant time. */
export function isNtlmV2Response(
  response: Uint8Array,
  exchange: NtlmExchange,
  passwordHash: Uint8Array,
): boolean {
  const client = response.subarray(PROOF_BYTES)
  return client.length > 0 && isSameSecret(response, ntlmV2Response(exchange, passwordHash, client))
}
