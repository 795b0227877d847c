/**
 * What IKE and ESP cost: key exchanges, key derivation, signatures, ciphers. Behind one contract, so that a lab of many clients may have them modelled
 * (`crypto/modelled/ike.ts`). Not the exchanges of messages: `engine/ikev2`.
 */
import type { KeyObject } from 'node:crypto'
import type { Rng } from '../../base/rng.ts'
import { sharedKeyAuth, signAuth, signedOctets, verifyAuth, type AuthData } from './auth.ts'
import { espCipher, type EspCipher, type EspCipherKeys } from './esp-cipher.ts'
import { openKeyExchange, type KeyExchange } from './groups.ts'
import { ikeCipher, type IkeCipher, type IkeCipherKeys } from './ike-cipher.ts'
import {
  childKeys,
  ikeKeys,
  type ChildKeys,
  type ChildKeySources,
  type IkeKeys,
  type IkeKeySources,
} from './keys.ts'
import type { EspSuite, IkeSuite } from './transforms.ts'

/** Each method is as the function of its name; the modelled ones give and take as many bytes, and refuse the same. */
export interface IkeCryptography {
  /** `modelled`: its keys open nothing, so nobody is to write them down for Wireshark. */
  readonly kind: 'real' | 'modelled'
  readonly openKeyExchange: (group: number, rng: Rng) => KeyExchange | undefined
  readonly ikeKeys: (suite: IkeSuite, from: IkeKeySources) => IkeKeys
  readonly childKeys: (suite: EspSuite, from: ChildKeySources) => ChildKeys
  readonly ikeCipher: (
    suite: Pick<IkeSuite, 'encryption' | 'integrity'>,
    keys: IkeCipherKeys,
  ) => IkeCipher
  readonly espCipher: (suite: EspSuite, keys: EspCipherKeys) => EspCipher
  readonly signedOctets: (
    message: Uint8Array,
    peerNonce: Uint8Array,
    prfId: number,
    skP: Uint8Array,
    idBody: Uint8Array,
  ) => Uint8Array
  readonly sharedKeyAuth: (prfId: number, key: Uint8Array, octets: Uint8Array) => Uint8Array
  readonly signAuth: (
    octets: Uint8Array,
    key: KeyObject,
    peerHashes?: readonly number[],
  ) => AuthData
  readonly verifyAuth: (octets: Uint8Array, key: KeyObject, auth: AuthData) => boolean
}

export const REAL_IKE: IkeCryptography = {
  kind: 'real',
  openKeyExchange,
  ikeKeys,
  childKeys,
  ikeCipher,
  espCipher,
  signedOctets,
  sharedKeyAuth,
  signAuth,
  verifyAuth,
}
