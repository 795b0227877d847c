/**
 * The IKE header (RFC 7296 §3.1) and the non-ESP marker before it on port 4500 (RFC 3948 §2.2).
 * Not the payloads: what follows the header is carried as bytes, and `payload-chain.ts` reads them.
 */
import { concat, setU32 } from '../../base/bytes.ts'
import { decoder } from '../codec.ts'

export const IKE_HEADER_BYTES = 28
export const IKE_PORT = 500
export const NAT_T_PORT = 4500
/** Four zero bytes, where ESP would have its SPI. */
export const NON_ESP_MARKER_BYTES = 4

/** RFC 7296 §3.1. */
export const IkeExchange = { saInit: 34, auth: 35, createChildSa: 36, informational: 37 } as const
export const IkeFlag = { initiator: 0x08, version: 0x10, response: 0x20 } as const

const VERSION_2_0 = 0x20

export interface IkeMessage {
  /** 8 bytes each; the responder's is zero in the first request. */
  readonly initiatorSpi: Uint8Array
  readonly responderSpi: Uint8Array
  readonly nextPayload: number
  readonly exchange: number
  readonly flags: number
  readonly messageId: number
  /** Everything after the header. */
  readonly payloads: Uint8Array
}

/** Read a message without its marker. Only major version 2; Length must be the datagram's own. Views, not copies. */
export const decodeIke = decoder<IkeMessage>('ike', (r) => {
  const initiatorSpi = r.take(8, 'IKE SA Initiator SPI', 'RFC 7296 §3.1')
  const responderSpi = r.take(8, 'IKE SA Responder SPI', 'RFC 7296 §3.1')
  const nextPayload = r.u8('Next Payload', 'RFC 7296 §3.1')
  const version = r.u8('Version', 'RFC 7296 §3.1')
  const exchange = r.u8('Exchange Type', 'RFC 7296 §3.1')
  const flags = r.u8('Flags', 'RFC 7296 §3.1')
  const messageId = r.u32('Message ID', 'RFC 7296 §3.1')
  const length = r.u32('Length', 'RFC 7296 §3.1')
  if (version >>> 4 !== 2) r.reject('bad-value', 'Version', 'RFC 7296 §2.5')
  if (length > r.bytes.length) r.reject('truncated', 'Length', 'RFC 7296 §3.1')
  if (length < IKE_HEADER_BYTES) r.reject('bad-value', 'Length', 'RFC 7296 §3.1')
  const payloads = r.take(length - IKE_HEADER_BYTES, 'payloads', 'RFC 7296 §3.1')
  return { initiatorSpi, responderSpi, nextPayload, exchange, flags, messageId, payloads }
})

/** `28 + payloads` bytes, version 2.0. Throws RangeError for a SPI that is not 8 bytes. */
export function encodeIke(message: IkeMessage): Uint8Array {
  const { payloads } = message
  const out = newIkeMessage(message, message.nextPayload, payloads.length)
  out.set(payloads, IKE_HEADER_BYTES)
  return out
}

/** As {@link encodeIke}, with `length` bytes of payloads that are zero still. */
export function newIkeMessage(
  head: Omit<IkeMessage, 'nextPayload' | 'payloads'>,
  nextPayload: number,
  length: number,
): Uint8Array {
  const { initiatorSpi, responderSpi } = head
  if (initiatorSpi.length !== 8 || responderSpi.length !== 8) {
    throw new RangeError(
      `an IKE SPI has 8 bytes, not ${initiatorSpi.length}, ${responderSpi.length}`,
    )
  }
  const out = new Uint8Array(IKE_HEADER_BYTES + length)
  out.set(initiatorSpi, 0)
  out.set(responderSpi, 8)
  out[16] = nextPayload
  out[17] = VERSION_2_0
  out[18] = head.exchange
  out[19] = head.flags
  setU32(out, 20, head.messageId)
  setU32(out, 24, out.length)
  return out
}

export const withMarker = (message: Uint8Array): Uint8Array =>
  concat(new Uint8Array(NON_ESP_MARKER_BYTES), message)

/** The IKE message of a datagram on port 4500; undefined: ESP or a NAT keepalive (RFC 3948 §2). */
export function withoutMarker(datagram: Uint8Array): Uint8Array | undefined {
  const marker = datagram.subarray(0, NON_ESP_MARKER_BYTES)
  const isIke = marker.length === NON_ESP_MARKER_BYTES && marker.every((byte) => byte === 0)
  return isIke ? datagram.subarray(NON_ESP_MARKER_BYTES) : undefined
}
