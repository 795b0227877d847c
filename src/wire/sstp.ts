/**
 * SSTP packets ([MS-SSTP] §2.2): a header of four bytes, then a PPP frame, or a control message of attributes. Not the HTTP exchange before them
 * (`sstp-http.ts`), and not whether a message may come at that moment.
 */
import { concat, setU16, setU32 } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'
import { decoder, type Reader, type WireError, type WireFault } from './codec.ts'
import { namer } from './names.ts'

/** Message types ([MS-SSTP] §2.2.2), without their prefix `SSTP_MSG_`. */
export const SstpMessageType = {
  CALL_CONNECT_REQUEST: 1,
  CALL_CONNECT_ACK: 2,
  CALL_CONNECT_NAK: 3,
  CALL_CONNECTED: 4,
  CALL_ABORT: 5,
  CALL_DISCONNECT: 6,
  CALL_DISCONNECT_ACK: 7,
  ECHO_REQUEST: 8,
  ECHO_RESPONSE: 9,
} as const
export const sstpMessageName = namer(SstpMessageType, 'message')

/** Attribute IDs ([MS-SSTP] §2.2.4), without their prefix `SSTP_ATTRIB_`. */
export const SstpAttributeId = {
  NO_ERROR: 0,
  ENCAPSULATED_PROTOCOL_ID: 1,
  STATUS_INFO: 2,
  CRYPTO_BINDING: 3,
  CRYPTO_BINDING_REQ: 4,
} as const
const attributeName = namer(SstpAttributeId, 'attribute')

/** What a Status Info says ([MS-SSTP] §2.2.8), without the prefix `ATTRIB_STATUS_`. */
export const SstpStatus = {
  NO_ERROR: 0,
  DUPLICATE_ATTRIBUTE: 1,
  UNRECOGNIZED_ATTRIBUTE: 2,
  INVALID_ATTRIB_VALUE_LENGTH: 3,
  VALUE_NOT_SUPPORTED: 4,
  UNACCEPTED_FRAME_RECEIVED: 5,
  RETRY_COUNT_EXCEEDED: 6,
  INVALID_FRAME_RECEIVED: 7,
  NEGOTIATION_TIMEOUT: 8,
  ATTRIB_NOT_SUPPORTED_IN_MSG: 9,
  REQUIRED_ATTRIBUTE_MISSING: 10,
  STATUS_INFO_NOT_SUPPORTED_IN_MSG: 11,
} as const
export const sstpStatusName = namer(SstpStatus, 'status')

/** Bits of the Hash Protocol Bitmask ([MS-SSTP] §2.2.6). */
export const SstpHash = { SHA1: 1, SHA256: 2 } as const
/** The only Encapsulated Protocol ID ([MS-SSTP] §2.2.5). */
export const SSTP_PROTOCOL_PPP = 1

export type SstpAttribute =
  | { readonly kind: 'encapsulated-protocol'; readonly protocol: number }
  /** `attribute` is the ID that the status is about; `value`: up to 64 bytes of what was turned down. */
  | {
      readonly kind: 'status-info'
      readonly attribute: number
      readonly status: number
      readonly value: Uint8Array
    }
  /** `hash`: one of {@link SstpHash}. Nonce, hash and MAC 32 bytes each; those of SHA-1 are 20 with zeros behind. */
  | {
      readonly kind: 'crypto-binding'
      readonly hash: number
      readonly nonce: Uint8Array
      readonly certificateHash: Uint8Array
      readonly compoundMac: Uint8Array
    }
  /** `hashes`: bits of {@link SstpHash}. */
  | {
      readonly kind: 'crypto-binding-request'
      readonly hashes: number
      readonly nonce: Uint8Array
    }
  /** A known attribute with a value of a length that it cannot have. */
  | { readonly kind: 'bad-length'; readonly id: number; readonly value: Uint8Array }
  | { readonly kind: 'unknown'; readonly id: number; readonly value: Uint8Array }

export type SstpPacket =
  | { readonly kind: 'data'; readonly payload: Uint8Array }
  | {
      readonly kind: 'control'
      readonly type: number
      readonly attributes: readonly SstpAttribute[]
    }

export const SSTP_HEADER_BYTES = 4
/** Twelve bits of length. */
export const SSTP_PACKET_BYTES_MAX = 4095
export const SSTP_NONCE_BYTES = 32
/** Where the Compound MAC of a whole CALL_CONNECTED message of 112 bytes begins. */
export const COMPOUND_MAC_AT = 80
export const CALL_CONNECTED_BYTES = 112

const VERSION = 0x10
const CONTROL = 1
const LENGTH = 0x0fff
const ATTRIBUTE_HEADER_BYTES = 4
const STATUS_VALUE_BYTES_MAX = 64
const PACKET = '[MS-SSTP] §2.2.1'

const fault = (code: WireFault, field: string, offset: number): Result<never, WireError> =>
  err({ code, layer: 'sstp', field, offset, rfc: PACKET })

/**
 * How many bytes the packet at the beginning of a stream has; undefined: too little of it is there to tell. An error: nobody can say where the next one
 * begins ([MS-SSTP] §3.1.5.1).
 */
export function sstpPacketLength(stream: Uint8Array): Result<number | undefined, WireError> {
  if (stream.length > 0 && stream[0] !== VERSION) return fault('bad-value', 'Version', 0)
  if (stream.length < SSTP_HEADER_BYTES) return ok(undefined)
  const length = ((stream[2]! << 8) | stream[3]!) & LENGTH
  return length < SSTP_HEADER_BYTES ? fault('bad-value', 'Length', 2) : ok(length)
}

/** One packet and nothing behind it. Views, not copies. Reserved bits are passed over. */
export const decodeSstp = decoder<SstpPacket>('sstp', (r) => {
  if (r.u8('Version', PACKET) !== VERSION) r.reject('bad-value', 'Version', PACKET)
  const isControl = (r.u8('C', PACKET) & CONTROL) !== 0
  const length = r.u16('Length', PACKET) & LENGTH
  if (length !== r.bytes.length) r.reject('bad-value', 'Length', PACKET)
  if (!isControl) return { kind: 'data', payload: r.rest() }
  const type = r.u16('Message Type', '[MS-SSTP] §2.2.2')
  const count = r.u16('Num Attributes', '[MS-SSTP] §2.2.2')
  const attributes: SstpAttribute[] = []
  for (let n = 0; n < count; n++) attributes.push(readAttribute(r))
  r.end('Attributes', '[MS-SSTP] §2.2.2')
  return { kind: 'control', type, attributes }
})

function readAttribute(r: Reader): SstpAttribute {
  const rule = '[MS-SSTP] §2.2.4'
  r.skip(1, 'Reserved', rule)
  const id = r.u8('Attribute ID', rule)
  const length = r.u16('Length', rule) & LENGTH
  if (length < ATTRIBUTE_HEADER_BYTES) r.reject('bad-value', 'Length', rule)
  const value = r.take(length - ATTRIBUTE_HEADER_BYTES, 'Value', rule)
  return attributeOf(id, value) ?? { kind: 'bad-length', id, value }
}

/** Undefined: the value has a length that the attribute cannot have. */
function attributeOf(id: number, value: Uint8Array): SstpAttribute | undefined {
  const { length } = value
  switch (id) {
    case SstpAttributeId.ENCAPSULATED_PROTOCOL_ID:
      return length === 2
        ? { kind: 'encapsulated-protocol', protocol: (value[0]! << 8) | value[1]! }
        : undefined
    case SstpAttributeId.STATUS_INFO:
      return length >= 8 && length <= 8 + STATUS_VALUE_BYTES_MAX ? statusInfo(value) : undefined
    case SstpAttributeId.CRYPTO_BINDING:
      return length === 100
        ? {
            kind: 'crypto-binding',
            hash: value[3]!,
            nonce: value.subarray(4, 36),
            certificateHash: value.subarray(36, 68),
            compoundMac: value.subarray(68),
          }
        : undefined
    case SstpAttributeId.CRYPTO_BINDING_REQ:
      return length === 36
        ? { kind: 'crypto-binding-request', hashes: value[3]!, nonce: value.subarray(4) }
        : undefined
    default:
      return { kind: 'unknown', id, value }
  }
}

const statusInfo = (value: Uint8Array): SstpAttribute => ({
  kind: 'status-info',
  attribute: value[3]!,
  status: ((value[4]! << 24) | (value[5]! << 16) | (value[6]! << 8) | value[7]!) >>> 0,
  value: value.subarray(8),
})

/** Throws RangeError for what does not fit the fields. */
export function encodeSstp(packet: SstpPacket): Uint8Array {
  if (packet.kind === 'data') return withHeader(0, packet.payload)
  const head = new Uint8Array(4)
  setU16(head, 0, packet.type)
  setU16(head, 2, packet.attributes.length)
  return withHeader(CONTROL, head, ...packet.attributes.map(encodeAttribute))
}

function withHeader(flags: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const packet = concat(Uint8Array.of(VERSION, flags, 0, 0), ...parts)
  if (packet.length > SSTP_PACKET_BYTES_MAX) {
    throw new RangeError(`an SSTP packet of ${packet.length} bytes does not fit`)
  }
  setU16(packet, 2, packet.length)
  return packet
}

function encodeAttribute(attribute: SstpAttribute): Uint8Array {
  const value = valueOf(attribute)
  const header = Uint8Array.of(0, sstpAttributeId(attribute), 0, 0)
  setU16(header, 2, ATTRIBUTE_HEADER_BYTES + value.length)
  return concat(header, value)
}

const RESERVED = new Uint8Array(3)

/** The bytes behind an attribute's header. */
export function valueOf(attribute: SstpAttribute): Uint8Array {
  switch (attribute.kind) {
    case 'encapsulated-protocol':
      return Uint8Array.of(attribute.protocol >>> 8, attribute.protocol)
    case 'status-info': {
      const { value } = attribute
      if (value.length > STATUS_VALUE_BYTES_MAX) {
        throw new RangeError(`a Status Info holds 64 bytes of a value, not ${value.length}`)
      }
      const head = new Uint8Array(8)
      setU32(head, 4, attribute.status)
      head[3] = attribute.attribute
      return concat(head, value)
    }
    case 'crypto-binding': {
      const { hash, nonce, certificateHash, compoundMac } = attribute
      return concat(
        RESERVED,
        Uint8Array.of(hash),
        sized(nonce),
        sized(certificateHash),
        sized(compoundMac),
      )
    }
    case 'crypto-binding-request':
      return concat(RESERVED, Uint8Array.of(attribute.hashes), sized(attribute.nonce))
    case 'bad-length':
    case 'unknown':
      return attribute.value
  }
}

function sized(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== SSTP_NONCE_BYTES) {
    throw new RangeError(`${bytes.length} bytes in a field of ${SSTP_NONCE_BYTES}`)
  }
  return bytes
}

const IDS = {
  'encapsulated-protocol': SstpAttributeId.ENCAPSULATED_PROTOCOL_ID,
  'status-info': SstpAttributeId.STATUS_INFO,
  'crypto-binding': SstpAttributeId.CRYPTO_BINDING,
  'crypto-binding-request': SstpAttributeId.CRYPTO_BINDING_REQ,
} as const

export const sstpAttributeId = (attribute: SstpAttribute): number =>
  'id' in attribute ? attribute.id : IDS[attribute.kind]

/** `CRYPTO_BINDING`, `STATUS_INFO(CRYPTO_BINDING: INVALID_FRAME_RECEIVED)`, for people. */
export const describeSstpAttribute = (attribute: SstpAttribute): string =>
  attribute.kind === 'status-info'
    ? `STATUS_INFO(${attributeName(attribute.attribute)}: ${sstpStatusName(attribute.status)})`
    : attributeName(sstpAttributeId(attribute))
