/**
 * A session of modelled TLS as the stores of `engine/tls-sessions.ts` keep it. Not a secret: who reads it may resume it.
 */
import { setU16, setU32, u16, u32 } from '../../base/bytes.ts'
import type { TlsVersion } from '../tls-context.ts'
import { SESSION_ID_BYTES } from './hello.ts'

export interface Session {
  readonly version: TlsVersion
  /** Number of its suite. */
  readonly suite: number
  readonly secret: number
  /** The session id of TLS 1.2, or the ticket of TLS 1.3. */
  readonly id: Uint8Array
}

const ID_AT = 7

export function writeSession({ version, suite, secret, id }: Session): Buffer {
  const out = Buffer.alloc(ID_AT + SESSION_ID_BYTES)
  out[0] = version === 'TLSv1.3' ? 1 : 0
  setU16(out, 1, suite)
  setU32(out, 3, secret)
  out.set(id, ID_AT)
  return out
}

/** Undefined: no session of modelled TLS. */
export const readSession = (kept: Uint8Array): Session | undefined =>
  kept.length === ID_AT + SESSION_ID_BYTES
    ? {
        version: kept[0] === 1 ? 'TLSv1.3' : 'TLSv1.2',
        suite: u16(kept, 1),
        secret: u32(kept, 3) | 0,
        id: new Uint8Array(kept.subarray(ID_AT)),
      }
    : undefined
