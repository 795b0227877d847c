/** IKE messages of tests as frames of a capture: sent by whom, when, cut into fragments or not. Not an IKE session: nothing in them is encrypted. */
import { concat, setU16 } from '../../../src/base/bytes.ts'
import { after, instant, seconds } from '../../../src/base/time.ts'
import { encodeIke, IkeExchange, IkeFlag, withMarker } from '../../../src/wire/ikev2/header.ts'
import { encodePayloads } from '../../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import { writeHeaderChecksum } from '../../../src/wire/ipv4.ts'
import { encodePcapng } from '../../../src/wire/pcapng.ts'
import { ethernet, udpPacket } from '../../wire/frames.ts'

export const START = instant('2026-03-02T08:00:00Z')
const NOTHING = new Uint8Array()

export interface Sent {
  /** Seconds from the start. */
  readonly at: number
  readonly by: 'client' | 'gateway'
  readonly exchange: number
  readonly id?: number
  readonly payloads: readonly IkePayload[]
  /** Offsets of fragments that are there, of pieces of 1,400 octets. Default: one packet. */
  readonly pieces?: readonly number[]
  readonly spi?: number
}

export const { saInit, auth, informational } = IkeExchange

export const notify = (type: number, data: Uint8Array = NOTHING): IkePayload => ({
  kind: 'notify',
  protocol: 0,
  spi: NOTHING,
  type,
  data,
})

const suite = [
  { type: 1, id: 12, keyLength: 256 },
  { type: 2, id: 5 },
  { type: 3, id: 12 },
  { type: 4, id: 14 },
]

/** AES-256, SHA-256, group 14. */
export const offer: readonly IkePayload[] = [
  { kind: 'sa', proposals: [{ number: 1, protocol: 1, spi: NOTHING, transforms: suite }] },
  { kind: 'ke', group: 14, data: new Uint8Array(256).fill(7) },
  { kind: 'nonce', data: new Uint8Array(32).fill(8) },
]

/** As if it were encrypted: `first` is inside, and as many octets. */
export const sealed = (first: number, octets: number): readonly IkePayload[] => [
  // IV, padding to a block with its length, ICV.
  { kind: 'encrypted', first, body: new Uint8Array(16 + Math.ceil((octets + 1) / 16) * 16 + 16) },
]

let identification = 100

function packets({ by, exchange, id = 0, payloads, pieces, spi = 1 }: Sent): readonly Uint8Array[] {
  const isClient = by === 'client'
  const { first, bytes } = encodePayloads(payloads)
  const isFirst = exchange === saInit && isClient
  const message = encodeIke({
    initiatorSpi: new Uint8Array(8).fill(spi),
    responderSpi: new Uint8Array(8).fill(isFirst ? 0 : 9),
    nextPayload: first,
    exchange,
    flags: isClient ? IkeFlag.initiator : IkeFlag.response,
    messageId: id,
    payloads: bytes,
  })
  const port = exchange === saInit ? 500 : 4500
  const [client, gateway] = [`192.0.2.7:${port}`, `203.0.113.10:${port}`]
  const data = port === 500 ? message : withMarker(message)
  const packet = udpPacket(isClient ? client : gateway, isClient ? gateway : client, data)
  setU16(packet, 4, identification++)
  writeHeaderChecksum(packet, 0)
  return pieces === undefined ? [packet] : pieces.map((start) => cut(packet, start))
}

const PIECE = 1400

/** One fragment of a packet without options. */
function cut(packet: Uint8Array, start: number): Uint8Array {
  const end = Math.min(start + PIECE, packet.length - 20)
  const piece = concat(packet.subarray(0, 20), packet.subarray(20 + start, 20 + end))
  setU16(piece, 2, piece.length)
  setU16(piece, 6, (end < packet.length - 20 ? 0x2000 : 0) | (start >> 3))
  writeHeaderChecksum(piece, 0)
  return piece
}

/** A capture at one interface; `tail`: something else goes on for ten seconds. */
export function captureOfSent(all: readonly Sent[], tail = true): Uint8Array {
  const frames = all.flatMap((sent) =>
    packets(sent).map((packet) => ({ at: after(START, seconds(sent.at)), packet })),
  )
  const last = {
    at: after(START, seconds(60)),
    packet: udpPacket('192.0.2.7:5000', '192.0.2.1:53'),
  }
  return encodePcapng({
    application: 'test',
    interfaces: [{ name: 'eth0' }],
    frames: [...frames, ...(tail ? [last] : [])].map(({ at, packet }) => ({
      interface: 0,
      at,
      direction: 'outbound',
      frame: ethernet(packet),
    })),
  })
}

export const groupWanted = (group: number): Uint8Array => {
  const data = new Uint8Array(2)
  setU16(data, 0, group)
  return data
}
