/**
 * Packets of LCP and of the network control protocols, and the options in them (RFC 1661 §5, §6; RFC 1332 §2). Not the meaning of an option:
 * `options.ts`.
 */
import { concat, setU16 } from '../../base/bytes.ts'
import { decoder } from '../codec.ts'
import { namer } from '../names.ts'

/** Codes (RFC 1661 §5; the last two: RFC 1570 §2). IPCP has the first seven. */
export const ControlCode = {
  'Configure-Request': 1,
  'Configure-Ack': 2,
  'Configure-Nak': 3,
  'Configure-Reject': 4,
  'Terminate-Request': 5,
  'Terminate-Ack': 6,
  'Code-Reject': 7,
  'Protocol-Reject': 8,
  'Echo-Request': 9,
  'Echo-Reply': 10,
  'Discard-Request': 11,
  Identification: 12,
  'Time-Remaining': 13,
} as const
export const controlCodeName = namer(ControlCode, 'code')

export interface ControlPacket {
  readonly code: number
  /** 0 … 255. */
  readonly identifier: number
  readonly data: Uint8Array
}

export interface PppOption {
  readonly type: number
  readonly data: Uint8Array
}

const HEADER_BYTES = 4
const OPTION_HEADER_BYTES = 2

/** A view, not a copy. Octets beyond the length are padding and ignored (RFC 1661 §5). */
export const decodeControl = decoder<ControlPacket>('ppp-control', (r) => {
  const rule = 'RFC 1661 §5'
  const code = r.u8('Code', rule)
  const identifier = r.u8('Identifier', rule)
  const length = r.u16('Length', rule)
  if (length < HEADER_BYTES) r.reject('bad-value', 'Length', rule)
  const data = r.take(length - HEADER_BYTES, 'Data', rule)
  r.rest()
  return { code, identifier, data }
})

/** Throws RangeError for what does not fit the length field. */
export function encodeControl({ code, identifier, data }: ControlPacket): Uint8Array {
  const length = HEADER_BYTES + data.length
  if (length > 0xffff) throw new RangeError(`a control packet of ${length} bytes does not fit`)
  const header = Uint8Array.of(code, identifier, 0, 0)
  setU16(header, 2, length)
  return concat(header, data)
}

/** The data of the four Configure packets. Views, not copies. */
export const decodePppOptions = decoder<readonly PppOption[]>('ppp-options', (r) => {
  const options: PppOption[] = []
  while (r.remaining > 0) {
    const type = r.u8('Type', 'RFC 1661 §6')
    const length = r.u8('Length', 'RFC 1661 §6')
    if (length < OPTION_HEADER_BYTES) r.reject('bad-value', 'Length', 'RFC 1661 §6')
    options.push({ type, data: r.take(length - OPTION_HEADER_BYTES, 'Data', 'RFC 1661 §6') })
  }
  return options
})

/** Throws RangeError for data of more than 253 bytes. */
export const encodePppOptions = (options: readonly PppOption[]): Uint8Array =>
  concat(
    ...options.map(({ type, data }) => {
      const length = OPTION_HEADER_BYTES + data.length
      if (length > 255) throw new RangeError(`a PPP option of ${length} bytes does not fit`)
      return concat(Uint8Array.of(type, length), data)
    }),
  )
