/**
 * ESP's two fields in the clear (RFC 4303 §2), and what else a datagram on port 4500 may be (RFC 3948 §2).
 * Not what is behind them: IV, ciphertext and ICV have the lengths of the SA's algorithms, which only its ends know.
 */
import { concat, setU32, u32 } from '../base/bytes.ts'
import { decoder } from './codec.ts'

export const ESP_HEADER_BYTES = 8

export interface EspPacket {
  /** 1 to 255 are reserved by IANA. */
  readonly spi: number
  /** The low 32 bits, where extended sequence numbers are in use. */
  readonly sequence: number
  /** IV, ciphertext, ICV. */
  readonly rest: Uint8Array
}

/** An SPI of zero is never on the wire. A view, not a copy. */
export const decodeEsp = decoder<EspPacket>('esp', (r) => {
  const spi = r.u32('SPI', 'RFC 4303 §2.1')
  if (spi === 0) r.reject('bad-value', 'SPI', 'RFC 4303 §2.1')
  const sequence = r.u32('Sequence Number', 'RFC 4303 §2.2')
  return { spi, sequence, rest: r.rest() }
})

/** `8 + rest` bytes. Throws RangeError for an SPI of zero, and for numbers of more than 32 bits. */
export function encodeEsp({ spi, sequence, rest }: EspPacket): Uint8Array {
  if (!isU32(spi) || spi === 0 || !isU32(sequence)) {
    throw new RangeError(`ESP has no SPI ${spi} with sequence number ${sequence}`)
  }
  const header = new Uint8Array(ESP_HEADER_BYTES)
  setU32(header, 0, spi)
  setU32(header, 4, sequence)
  return concat(header, rest)
}

const isU32 = (value: number): boolean => value >>> 0 === value

const KEEPALIVE = 0xff

/** One byte that is neither ESP nor IKE; a receiver ignores it (RFC 3948 §2.3). */
export const natKeepalive = (): Uint8Array => Uint8Array.of(KEEPALIVE)

/**
 * What a UDP datagram on port 4500 carries: four zero bytes mark IKE, where ESP has its SPI (RFC 3948 §2.2). By these alone: an IKE message
 * or ESP packet may still be malformed. `malformed`: too short for any of the three.
 */
export function kindOfNatT(datagram: Uint8Array): 'ike' | 'esp' | 'keepalive' | 'malformed' {
  if (datagram.length === 1 && datagram[0] === KEEPALIVE) return 'keepalive'
  if (datagram.length >= 4 && u32(datagram, 0) === 0) return 'ike'
  return datagram.length >= ESP_HEADER_BYTES ? 'esp' : 'malformed'
}
