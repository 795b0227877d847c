/**
 * CHAP with MD5 (RFC 1994 §4.1), as PPP and RADIUS carry it.
 * Not MS-CHAP. Whoever verifies must know the password itself: Active Directory does only where it is stored reversibly.
 */
import { createHash } from 'node:crypto'
import { utf8 } from '../base/bytes.ts'
import { isSameSecret } from './same-secret.ts'

/** 16 bytes. `identifier` is 0 … 255. */
export const chapResponse = (
  identifier: number,
  password: string,
  challenge: Uint8Array,
): Uint8Array =>
  new Uint8Array(
    createHash('md5')
      .update(Uint8Array.of(identifier))
      .update(utf8(password))
      .update(challenge)
      .digest(),
  )

/** Whether `response` (RADIUS: the last 16 bytes of CHAP-Password) was made with `password`. In constant time. */
export const isChapResponse = (
  response: Uint8Array,
  identifier: number,
  password: string,
  challenge: Uint8Array,
): boolean => isSameSecret(response, chapResponse(identifier, password, challenge))
