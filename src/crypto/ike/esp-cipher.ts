/**
 * ESP packets of one SA, sealed and opened (RFC 4303): AES-GCM (RFC 4106), GMAC (RFC 4543), ChaCha20-Poly1305 (RFC 7634), and CBC ciphers (RFC 2451,
 * RFC 3602) or NULL (RFC 2410) with HMAC (RFC 2404, RFC 4868). Not the SA: sequence numbers, windows and what travels inside belong to `engine/esp`.
 */
import { concat, setU32 } from '../../base/bytes.ts'
import { aeadOf, cbcOf, integrityWith, type Aead, type Cbc } from './cipher-key.ts'
import {
  contentOf,
  ESP_HEADER_BYTES,
  espLayout,
  packetMemory,
  plaintextWriter,
  sealedLength,
  TRAILER_BYTES,
  upperHalf,
  writeHeader,
  type EspContent,
  type EspFault,
  type EspLayout,
} from './esp-frame.ts'
import { protectionOf, type Encryption, type EspSuite, type KeyedDigest } from './transforms.ts'

/** One direction of an ESP SA: packets in, packets out. */
export interface EspCipher {
  readonly ivBytes: number
  /** The most that a packet grows by: header, IV, padding, trailer, ICV. */
  readonly overhead: number
  /** Bytes of the whole ESP packet around a payload. */
  sealedLength(payload: number): number
  /**
   * A whole ESP packet. `sequence` is the full one: with extended sequence numbers its upper half is protected, but does not travel. `iv` is `ivBytes`
   * bytes; without it the sequence number is the IV, which AEADs may have (RFC 4106 §3.1) and CBC may not: RangeError.
   */
  seal(
    spi: number,
    sequence: number,
    nextHeader: number,
    payload: Uint8Array,
    iv?: Uint8Array,
  ): Uint8Array
  /** `sequenceHigh`: the upper half of an extended sequence number, as the window has it (RFC 4303 §A2). */
  open(packet: Uint8Array, sequenceHigh?: number): EspContent | EspFault
}

/** The keys of one direction of `ChildKeys`. */
export interface EspCipherKeys {
  readonly encryption: Uint8Array
  readonly integrity: Uint8Array
}

/** Throws RangeError for a suite that cannot be carried out, or keys of another length. */
export function espCipher(suite: EspSuite, keys: EspCipherKeys): EspCipher {
  const { encryption, integrity } = protectionOf(suite)
  const isExtended = suite.esn === true
  const protection =
    integrity === undefined
      ? aeadProtection(encryption, keys, isExtended)
      : macProtection({ encryption, integrity }, keys, isExtended)
  return framed(espLayout(encryption, integrity?.icvBytes ?? encryption.icvBytes), protection)
}

/** What a kind of cipher does with a packet whose header and IV are written. */
export interface EspProtection {
  /** Write ciphertext and ICV into `packet`. */
  close(packet: Uint8Array, plain: Uint8Array, sequenceHigh: number): void
  /** Payload, padding and trailer. `end` is where the ICV begins. Undefined: the ICV is wrong. */
  open(packet: Uint8Array, end: number, sequenceHigh: number): Uint8Array | undefined
}

/** Packets of this layout, whatever protects them. */
export function framed(layout: EspLayout, protection: EspProtection): EspCipher {
  const { ivBytes, icvBytes, unit, payloadAt, overhead } = layout
  const plaintext = plaintextWriter(layout)
  const newPacket = packetMemory()
  return {
    ivBytes,
    overhead,
    sealedLength: (payload) => sealedLength(layout, payload),
    seal(spi, sequence, nextHeader, payload, iv) {
      const plain = plaintext(nextHeader, payload)
      const packet = newPacket(payloadAt + plain.length + icvBytes)
      writeHeader(packet, layout, spi, sequence, iv)
      protection.close(packet, plain, upperHalf(sequence))
      return packet
    },
    open(packet, sequenceHigh = 0) {
      const end = packet.length - icvBytes
      const length = end - payloadAt
      if (length < TRAILER_BYTES || length % unit !== 0) return 'malformed'
      const plain = protection.open(packet, end, sequenceHigh)
      return plain === undefined ? 'bad-icv' : contentOf(plain)
    },
  }
}

/** Header and, with extended sequence numbers, the upper half between SPI and lower half (RFC 4106 §5, RFC 4543 §3.3). Written over by the next call. */
function additionalOf(isExtended: boolean): (packet: Uint8Array, high: number) => Uint8Array {
  const lowAt = isExtended ? 8 : 4
  const additional = new Uint8Array(lowAt + 4)
  return (packet, high) => {
    if (isExtended) setU32(additional, 4, high)
    for (let at = 0; at < 4; at++) {
      additional[at] = packet[at]!
      additional[lowAt + at] = packet[4 + at]!
    }
    return additional
  }
}

/** The salt, and the IV of a packet. Written over by the next call: OpenSSL reads it at once. */
function nonceOf(
  aead: Aead,
  { saltBytes, ivBytes }: Encryption,
): (packet: Uint8Array) => Uint8Array {
  const nonce = aead.newNonce()
  return (packet) => {
    for (let at = 0; at < ivBytes; at++) nonce[saltBytes + at] = packet[ESP_HEADER_BYTES + at]!
    return nonce
  }
}

/** GCM and ChaCha20-Poly1305; and GMAC, which has all in clear as additional data, IV and all (RFC 4543 §3.3). */
function aeadProtection(
  encryption: Encryption,
  keys: EspCipherKeys,
  isExtended: boolean,
): EspProtection {
  const { ivBytes } = encryption
  const payloadAt = ESP_HEADER_BYTES + ivBytes
  const isClear = encryption.kind === 'gmac'
  const aead = aeadOf(encryption, keys.encryption)
  const nonce = nonceOf(aead, encryption)
  const header = additionalOf(isExtended)
  const additional = (packet: Uint8Array, end: number, high: number): Uint8Array =>
    isClear
      ? concat(header(packet, high), packet.subarray(ESP_HEADER_BYTES, end))
      : header(packet, high)
  return {
    close(packet, plain, high) {
      const end = payloadAt + plain.length
      if (isClear) packet.set(plain, payloadAt)
      const sealer = aead.sealer(nonce(packet))
      sealer.setAAD(additional(packet, end, high))
      if (!isClear) packet.set(sealer.update(plain), payloadAt)
      sealer.final()
      packet.set(sealer.getAuthTag(), end)
    },
    open(packet, end, high) {
      const opener = aead.opener(nonce(packet))
      opener.setAAD(additional(packet, end, high))
      opener.setAuthTag(packet.subarray(end))
      const plain = isClear
        ? Uint8Array.from(packet.subarray(payloadAt, end))
        : opener.update(packet.subarray(payloadAt, end))
      try {
        opener.final()
      } catch {
        // The one error there: the tag is wrong.
        return undefined
      }
      return plain
    },
  }
}

/** NULL (RFC 2410): a copy, since what was opened has memory of its own. */
const NO_CIPHER: Cbc = {
  encrypt: (_, bytes) => bytes,
  decrypt: (_, bytes) => Uint8Array.from(bytes),
}

/** Encrypted first, then authenticated (RFC 4303 §3.3.2). With NULL the bytes stay as they are. */
function macProtection(
  transforms: { readonly encryption: Encryption; readonly integrity: KeyedDigest },
  keys: EspCipherKeys,
  isExtended: boolean,
): EspProtection {
  const { encryption, integrity } = transforms
  const mac = integrityWith(integrity, keys.integrity)
  const cbc = encryption.kind === 'cbc' ? cbcOf(encryption, keys.encryption) : NO_CIPHER
  const payloadAt = ESP_HEADER_BYTES + encryption.ivBytes
  const ivOf = (packet: Uint8Array): Uint8Array => packet.subarray(ESP_HEADER_BYTES, payloadAt)
  /** Of an extended sequence number the upper half stands behind the packet, unsent (RFC 4303 §2.2.1). */
  const coveredOf = (packet: Uint8Array, end: number, high: number): readonly Uint8Array[] => {
    const sent = packet.subarray(0, end)
    if (!isExtended) return [sent]
    const upper = new Uint8Array(4)
    setU32(upper, 0, high)
    return [sent, upper]
  }
  return {
    close(packet, plain, high) {
      const end = payloadAt + plain.length
      packet.set(cbc.encrypt(ivOf(packet), plain), payloadAt)
      packet.set(mac.icv(...coveredOf(packet, end, high)), end)
    },
    open(packet, end, high) {
      if (!mac.isRight(packet.subarray(end), ...coveredOf(packet, end, high))) return undefined
      return cbc.decrypt(ivOf(packet), packet.subarray(payloadAt, end))
    },
  }
}
