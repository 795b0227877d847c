/**
 * Keys that an MS-CHAP v2 exchange leaves to both sides (RFC 3079 §3), and the MSK made of them ([MS-CHAP] §3.1.5.1).
 * Not how RADIUS hides them, and 128 bits only: nobody offers 40 or 56.
 */
import { createHash } from 'node:crypto'
import { concat, utf8 } from '../base/bytes.ts'

const MASTER_KEY = utf8('This is the MPPE Master Key')
const CLIENT_SEND = utf8(
  'On the client side, this is the send key; on the server side, it is the receive key.',
)
const CLIENT_RECEIVE = utf8(
  'On the client side, this is the receive key; on the server side, it is the send key.',
)
const PAD1 = new Uint8Array(40)
const PAD2 = new Uint8Array(40).fill(0xf2)

const sha1Of16 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha1')
      .update(concat(...parts))
      .digest(),
  ).subarray(0, 16)

/** GetMasterKey (RFC 3079 §3.4), 16 bytes. `passwordHashHash` is 16 bytes, `ntResponse` 24. */
export const getMasterKey = (passwordHashHash: Uint8Array, ntResponse: Uint8Array): Uint8Array =>
  sha1Of16(passwordHashHash, ntResponse, MASTER_KEY)

/** Start keys of 16 bytes by direction: the same on both sides, so nobody has to ask whose "send" is meant. */
export interface MppeKeys {
  /** Send key of the peer, MS-MPPE-Recv-Key of the server. */
  readonly fromPeer: Uint8Array
  /** Receive key of the peer, MS-MPPE-Send-Key of the server. */
  readonly toPeer: Uint8Array
}

/** GetAsymmetricStartKey (RFC 3079 §3.4) for both directions. */
export function mppeKeys(passwordHashHash: Uint8Array, ntResponse: Uint8Array): MppeKeys {
  const master = getMasterKey(passwordHashHash, ntResponse)
  return {
    fromPeer: sha1Of16(master, PAD1, CLIENT_SEND, PAD2),
    toPeer: sha1Of16(master, PAD1, CLIENT_RECEIVE, PAD2),
  }
}

/** MSK of EAP-MSCHAPv2, 64 bytes: the server's receive key, its send key, and 32 zeros ([MS-CHAP] §3.1.5.1). */
export const mskOfMppeKeys = (keys: MppeKeys): Uint8Array =>
  concat(keys.fromPeer, keys.toPeer, new Uint8Array(32))
