/**
 * To which session an IKE datagram belongs, by its header alone: keys for a table that the host keeps. Cheap: nothing is decoded, nothing remembered.
 */
import { toHex, u32 } from '../../base/bytes.ts'
import { formatIpv4 } from '../../base/address.ts'
import { IKE_HEADER_BYTES, IkeExchange, IkeFlag } from '../../wire/ikev2/header.ts'
import type { IkeEndpoint } from './options.ts'

export type IkeRoute =
  /** For the session that asked for this key (output `route`); without one: nobody's. */
  | { readonly kind: 'session'; readonly key: string }
  /** The first request of somebody: for the session of this key, or for the door where there is none. */
  | { readonly kind: 'first'; readonly key: string }
  | { readonly kind: 'none'; readonly why: 'too-short' | 'not-ikev2' }

/** `bytes` without marker, `remote` is who sent them. */
export function routeOf(bytes: Uint8Array, remote: IkeEndpoint): IkeRoute {
  if (bytes.length < IKE_HEADER_BYTES) return { kind: 'none', why: 'too-short' }
  if (bytes[17]! >>> 4 !== 2) return { kind: 'none', why: 'not-ikev2' }
  const flags = bytes[19]!
  const spiI = bytes.subarray(0, 8)
  if ((flags & IkeFlag.initiator) === 0)
    return { kind: 'session', key: routeKey('initiator', spiI) }
  const spiR = bytes.subarray(8, 16)
  const isFirst =
    bytes[18] === IkeExchange.saInit &&
    (flags & IkeFlag.response) === 0 &&
    u32(spiR, 0) === 0 &&
    u32(spiR, 4) === 0
  return isFirst
    ? { kind: 'first', key: firstKey(spiI, remote) }
    : { kind: 'session', key: routeKey('responder', spiR) }
}

/** Of an IKE SA in which this side is `role` and has this SPI. */
export const routeKey = (role: 'initiator' | 'responder', spi: Uint8Array): string =>
  `${role}/${toHex(spi)}`

/** Of IKE_SA_INIT requests, which know no SPI of the responder yet. */
export const firstKey = (spiI: Uint8Array, { address, port }: IkeEndpoint): string =>
  `first/${toHex(spiI)}/${formatIpv4(address)}:${port}`
