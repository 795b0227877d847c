/**
 * Type-data of the EAP types that carry TLS: flags, the whole message's length, and a fragment of it (RFC 5216 §3, [MS-PEAP] §2.2.2).
 * Not TLS, and not the turns that fragments are sent in (RFC 5216 §2.1.5).
 */
import { concat, setU32 } from '../../base/bytes.ts'
import { decoder } from '../codec.ts'

const LENGTH_INCLUDED = 0x80
const MORE_FRAGMENTS = 0x40
const START = 0x20
/** PEAP's own; EAP-TLS has zeros here and ignores them. */
const VERSION = 0x07

export interface TlsFragment {
  readonly start: boolean
  readonly more: boolean
  /** PEAP version, 0 … 7; Windows speaks 0. In EAP-TLS always 0. */
  readonly version: number
  /** Bytes of the whole message, where the sender says so: it must with the first of several fragments. */
  readonly total?: number
  /** Empty, with no flag: an acknowledgement, "send the next fragment". */
  readonly data: Uint8Array
}

/** Longest message that is taken: sixteen times what a long chain needs. A peer's word for more is a wrong value. */
export const TLS_MESSAGE_BYTES_MAX = 65_536

/** Views, not copies. */
export const decodeTlsFragment = decoder<TlsFragment>('eap-tls', (r) => {
  const flags = r.u8('Flags', 'RFC 5216 §3.1')
  const fragment = {
    start: (flags & START) !== 0,
    more: (flags & MORE_FRAGMENTS) !== 0,
    version: flags & VERSION,
  }
  if ((flags & LENGTH_INCLUDED) === 0) return { ...fragment, data: r.rest() }
  const total = r.u32('TLS Message Length', 'RFC 5216 §3.1')
  if (total > TLS_MESSAGE_BYTES_MAX || total < r.remaining) {
    r.reject('bad-value', 'TLS Message Length', 'RFC 5216 §3.1')
  }
  return { ...fragment, total, data: r.rest() }
})

export function encodeTlsFragment(fragment: TlsFragment): Uint8Array {
  const { start, more, version, total, data } = fragment
  const head = new Uint8Array(total === undefined ? 1 : 5)
  if (total !== undefined) setU32(head, 1, total)
  head[0] =
    (total === undefined ? 0 : LENGTH_INCLUDED) |
    (more ? MORE_FRAGMENTS : 0) |
    (start ? START : 0) |
    (version & VERSION)
  return concat(head, data)
}

/** Nothing but "go on". */
export const isTlsAcknowledgement = (fragment: TlsFragment): boolean =>
  fragment.data.length === 0 && !fragment.start && !fragment.more
