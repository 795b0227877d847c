/**
 * Flights of TLS in the type-data of EAP-TLS and PEAP: fragments, acknowledgements, reassembly (RFC 5216 §2.1.5, §3.1).
 * Not TLS, and not the EAP packets around: it knows neither code nor identifier.
 */
import { concat } from '../../base/bytes.ts'
import { formatWireError } from '../../wire/codec.ts'
import {
  decodeTlsFragment,
  encodeTlsFragment,
  isTlsAcknowledgement,
  TLS_MESSAGE_BYTES_MAX,
  type TlsFragment,
} from '../../wire/eap/eap-tls.ts'

/** Code, identifier, length and type of the EAP packet around the type-data. */
const EAP_HEADER_BYTES = 5
const FLAGS_BYTES = 1
const LENGTH_BYTES = 4

/** The smallest EAP packet that a fragment may have: Framed-MTU is 64 at least (RFC 2865 §5.12). */
export const FRAGMENT_SIZE_MIN = 64

export interface CarrierOptions {
  /** Bytes of a whole EAP packet, header and type included: 64 … 65 535. */
  readonly fragmentSize: number
  /** The TLS length in messages of one fragment, too. RFC 5216 §2.1.5 wants it in the first of several. */
  readonly lengthInEveryMessage: boolean
}

/** Flights in both directions. At most one is under way: EAP is in lock-step. */
export interface Carrier extends CarrierOptions {
  readonly incoming?: {
    readonly parts: readonly Uint8Array[]
    readonly length: number
    /** The TLS length that the first fragment gave. */
    readonly total?: number
  }
  /** What of a flight has not been sent yet. */
  readonly outgoing?: { readonly flight: Uint8Array; readonly at: number }
}

export type Carried =
  | { readonly kind: 'start'; readonly version: number }
  /** A fragment came, and there are more: acknowledge it. */
  | { readonly kind: 'more'; readonly carrier: Carrier }
  | { readonly kind: 'flight'; readonly carrier: Carrier; readonly bytes: Uint8Array }
  /** An empty message; with `outgoing`, it asks for the next fragment. */
  | { readonly kind: 'acknowledgement' }
  | { readonly kind: 'malformed'; readonly detail: string }

const malformed = (detail: string): Carried => ({ kind: 'malformed', detail })

/** Take in the type-data of one packet. */
export function receive(carrier: Carrier, typeData: Uint8Array): Carried {
  const decoded = decodeTlsFragment(typeData)
  if (!decoded.ok) return malformed(formatWireError(decoded.error))
  const part = decoded.value
  if (part.start) return { kind: 'start', version: part.version }
  if (carrier.outgoing !== undefined) {
    return isTlsAcknowledgement(part)
      ? { kind: 'acknowledgement' }
      : malformed('data before all fragments of the last flight were acknowledged')
  }
  return carrier.incoming === undefined && isTlsAcknowledgement(part)
    ? { kind: 'acknowledgement' }
    : reassemble(carrier, part)
}

function reassemble(carrier: Carrier, part: TlsFragment): Carried {
  const total = carrier.incoming?.total ?? part.total
  const length = (carrier.incoming?.length ?? 0) + part.data.length
  // A first fragment without the whole length is against RFC 5216 §2.1.5, and taken all the same, within bounds.
  const most = total ?? TLS_MESSAGE_BYTES_MAX
  if (length > most) return malformed(`${length} bytes of a TLS message of at most ${most}`)
  const parts = [...(carrier.incoming?.parts ?? []), part.data.slice()]
  const { incoming: _, ...idle } = carrier
  if (part.more) {
    const incoming = { parts, length, ...(total === undefined ? {} : { total }) }
    return { kind: 'more', carrier: { ...idle, incoming } }
  }
  if (total !== undefined && length !== total)
    return malformed(`a TLS message of ${total} bytes ended after ${length}`)
  return { kind: 'flight', carrier: idle, bytes: concat(...parts) }
}

/** Begin a flight: the carrier after it, and the type-data of its first fragment. */
export const send = (carrier: Carrier, flight: Uint8Array): readonly [Carrier, Uint8Array] =>
  fragment(carrier, flight, 0)

/** The next fragment of the flight that is under way, or an acknowledgement when none is. */
export const proceed = (carrier: Carrier): readonly [Carrier, Uint8Array] =>
  carrier.outgoing === undefined
    ? [carrier, acknowledgement()]
    : fragment(carrier, carrier.outgoing.flight, carrier.outgoing.at)

function fragment(
  carrier: Carrier,
  flight: Uint8Array,
  at: number,
): readonly [Carrier, Uint8Array] {
  const { outgoing: _, ...idle } = carrier
  const room = Math.max(carrier.fragmentSize, FRAGMENT_SIZE_MIN) - EAP_HEADER_BYTES - FLAGS_BYTES
  const isWhole =
    flight.length - at + (at === 0 && carrier.lengthInEveryMessage ? LENGTH_BYTES : 0) <= room
  const hasLength = at === 0 && (carrier.lengthInEveryMessage || !isWhole)
  const end = isWhole ? flight.length : at + room - (hasLength ? LENGTH_BYTES : 0)
  const typeData = encodeTlsFragment({
    version: 0,
    start: false,
    more: !isWhole,
    data: flight.subarray(at, end),
    ...(hasLength ? { total: flight.length } : {}),
  })
  return [isWhole ? idle : { ...idle, outgoing: { flight, at: end } }, typeData]
}

const plain = (start: boolean): Uint8Array =>
  encodeTlsFragment({ version: 0, start, more: false, data: new Uint8Array() })

/** The type-data that acknowledges a fragment or a last flight. */
export const acknowledgement = (): Uint8Array => plain(false)

/** The type-data with which a server begins. The version of PEAP is 0, which EAP-TLS keeps as reserved bits. */
export const startMessage = (): Uint8Array => plain(true)
