/**
 * Where things stand in an ESP packet (RFC 4303 §2), and its parts in clear.
 * Not their protection: `esp-cipher.ts`. Every packet of a tunnel passes here, so memory is kept and not asked for anew where nobody can see it.
 */
import { setU32 } from '../../base/bytes.ts'
import type { Encryption } from './transforms.ts'

/** SPI and Sequence Number. */
export const ESP_HEADER_BYTES = 8
/** Pad Length and Next Header. */
export const TRAILER_BYTES = 2
/** Next Header ends a word (RFC 4303 §2.4). */
const WORD_BYTES = 4

const UPPER = 2 ** 32

/** The upper half of an extended sequence number. */
export const upperHalf = (sequence: number): number => Math.floor(sequence / UPPER)

/** The packets of one SA, in bytes. */
export interface EspLayout {
  readonly ivBytes: number
  readonly icvBytes: number
  /** Payload, padding and trailer are a multiple of this. */
  readonly unit: number
  readonly payloadAt: number
  /** The most that a packet grows by. */
  readonly overhead: number
  /** Whether an IV need only be another one each time. */
  readonly isCounting: boolean
}

export function espLayout({ kind, ivBytes, blockBytes }: Encryption, icvBytes: number): EspLayout {
  const unit = Math.max(blockBytes, WORD_BYTES)
  const payloadAt = ESP_HEADER_BYTES + ivBytes
  const overhead = payloadAt + TRAILER_BYTES + icvBytes + unit - 1
  return { ivBytes, icvBytes, unit, payloadAt, overhead, isCounting: kind !== 'cbc' }
}

/** Payload, padding and trailer. */
const plainLength = ({ unit }: EspLayout, payload: number): number =>
  Math.ceil((payload + TRAILER_BYTES) / unit) * unit

/** Bytes of the whole packet around a payload. */
export const sealedLength = (layout: EspLayout, payload: number): number =>
  layout.payloadAt + plainLength(layout, payload) + layout.icvBytes

/** Payload, padding of 1, 2, 3, … and trailer. What comes back is written over by the next call. */
export function plaintextWriter(
  layout: EspLayout,
): (nextHeader: number, payload: Uint8Array) => Uint8Array {
  // Most packets of a transfer are of one length.
  let kept: Uint8Array = new Uint8Array()
  return (nextHeader, payload) => {
    const length = plainLength(layout, payload.length)
    const out = kept.length === length ? kept : new Uint8Array(length)
    kept = out
    out.set(payload)
    const end = length - TRAILER_BYTES
    let padding = 0
    for (let at = payload.length; at < end; at++) out[at] = ++padding
    out[end] = padding
    out[end + 1] = nextHeader
    return out
  }
}

const SLAB_BYTES = 16_384

/** New packets of zeros, several in one piece of memory: a piece for each takes three times as long. */
export function packetMemory(): (length: number) => Uint8Array {
  let slab = new ArrayBuffer(0)
  let used = 0
  return (length) => {
    if (length > SLAB_BYTES / 4) return new Uint8Array(length)
    if (used + length > slab.byteLength) {
      // Each twice as large as the one before: a gateway has thousands of SAs, and most carry little.
      const size = Math.max(2 * slab.byteLength, 4 * length)
      slab = new ArrayBuffer(Math.min(size, SLAB_BYTES))
      used = 0
    }
    const at = used
    used += length
    return new Uint8Array(slab, at, length)
  }
}

/**
 * The header, and the IV: `iv`, or where it need only be another one each time, the sequence number (RFC 4106 §3.1). Throws RangeError for an IV of another
 * length, or none where it must not be foreseen.
 */
export function writeHeader(
  out: Uint8Array,
  { ivBytes, isCounting }: EspLayout,
  spi: number,
  sequence: number,
  iv: Uint8Array | undefined,
): void {
  if (iv === undefined ? !isCounting : iv.length !== ivBytes) {
    throw new RangeError(`an IV has ${ivBytes} bytes, not ${iv?.length ?? 0}`)
  }
  setU32(out, 0, spi)
  setU32(out, 4, sequence)
  if (iv !== undefined) out.set(iv, ESP_HEADER_BYTES)
  else if (ivBytes > 0) {
    setU32(out, ESP_HEADER_BYTES, upperHalf(sequence))
    setU32(out, ESP_HEADER_BYTES + 4, sequence)
  }
}

/** What an ESP packet held. `payload` is in memory of its own. */
export interface EspContent {
  readonly nextHeader: number
  readonly payload: Uint8Array
}

/** Why there is none: a length that the cipher does not make; no packet of this SA; one of it whose padding is longer than all. */
export type EspFault = 'malformed' | 'bad-icv' | 'bad-padding'

/** Payload and Next Header of a plaintext. What stands in the padding is not looked at: the ICV has vouched for it. */
export function contentOf(plain: Uint8Array): EspContent | 'bad-padding' {
  const end = plain.length - TRAILER_BYTES
  const length = end - (plain[end] ?? 0)
  if (length < 0) return 'bad-padding'
  const payload = new Uint8Array(plain.buffer, plain.byteOffset, length)
  return { nextHeader: plain[end + 1]!, payload }
}
