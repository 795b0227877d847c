/**
 * TCP as two ends might speak it, with a good part of nonsense: segments in order, repeated, out of window, with odd flags.
 * Not a TCP: nobody waits for anything, so that every state of connection tracking meets every kind of segment.
 */
import type { Rng } from '../../../src/base/rng.ts'
import { setU32 } from '../../../src/base/bytes.ts'
import type { SegmentFields } from './packets.ts'

const FIN = 1
const SYN = 2
const RST = 4
const PSH = 8
const ACK = 16
const URG = 32

export interface TcpEnds {
  /** Next sequence number of the near and of the far end. */
  readonly next: [near: number, far: number]
  /** The far end may be a router of the twin's: keep to what its own TCP understands. */
  readonly plain: boolean
  phase: number
  last: SegmentFields | undefined
}

export const newTcp = (rng: Rng, plain: boolean): TcpEnds => ({
  plain,
  next: [rng.below(2 ** 32), rng.below(2 ** 32)],
  phase: rng.chance(0.12) ? 3 : 0,
  last: undefined,
})

interface DrawnSegment {
  readonly fields: SegmentFields
  readonly features: readonly string[]
}

const NONE = new Uint8Array(0)
const DISTANCES = [
  1,
  -1,
  100,
  -100,
  5000,
  -5000,
  65_535,
  70_000,
  -70_000,
  2 ** 20,
  -(2 ** 20),
  2 ** 31,
]

export function drawSegment(rng: Rng, ends: TcpEnds, fromNear: boolean): DrawnSegment {
  const features: string[] = []
  let fields =
    rng.chance(0.06) && ends.last !== undefined ? ends.last : inOrder(rng, ends, fromNear)
  if (fields === ends.last) features.push('tcp: repeated')
  if (rng.chance(0.2)) fields = spoil(rng, fields, features)
  ends.last = fields
  features.push(`tcp flags: ${flagNames(fields.flags)}`)
  return { fields, features }
}

export const flagNames = (flags: number): string =>
  ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'].filter((_name, bit) => flags & (1 << bit)).join('+') ||
  'none'

function inOrder(rng: Rng, ends: TcpEnds, fromNear: boolean): SegmentFields {
  const me = fromNear ? 0 : 1
  const seq = ends.next[me]
  const ack = ends.next[1 - me]!
  const window = rng.pick([0, 1, 1000, 29_200, 65_535])
  const say = (
    flags: number,
    data: Uint8Array = NONE,
    options: Uint8Array = NONE,
  ): SegmentFields => {
    const length = data.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
    ends.next[me] = (seq + length) >>> 0
    return { seq, ack: flags & ACK ? ack : 0, flags, window, options, data }
  }
  if (ends.phase === 0) {
    if (fromNear) ends.phase = 1
    return say(SYN, NONE, synOptions(rng))
  }
  if (ends.phase === 1) {
    if (fromNear) return { ...say(SYN, NONE, synOptions(rng)), seq: (seq - 1) >>> 0 }
    ends.phase = 2
    return say(SYN | ACK, NONE, synOptions(rng))
  }
  const draw = rng.fraction()
  if (ends.phase === 2 && fromNear) ends.phase = 3
  if (draw < 0.55)
    return say(ACK | (rng.chance(0.3) ? PSH : 0), rng.bytes(rng.below(60)), ackOptions(rng, ack))
  if (draw < 0.75) return say(ACK)
  if (draw < 0.88) {
    ends.phase = Math.min(ends.phase + 1, 5)
    return say(FIN | ACK)
  }
  if (draw < 0.93) return say(RST | (rng.chance(0.5) ? ACK : 0))
  if (ends.phase >= 4 || rng.chance(0.3)) {
    // Begin again with the same ports, beyond what was used, or below.
    ends.phase = fromNear ? 1 : 2
    ends.next[me] = (seq + rng.pick([100_000, -100_000])) >>> 0
    return inOrder(rng, { ...ends, phase: 0 }, fromNear)
  }
  return say(ACK | URG, rng.bytes(1))
}

function synOptions(rng: Rng): Uint8Array {
  const out: number[] = []
  if (rng.chance(0.5)) out.push(2, 4, 5, 180)
  if (rng.chance(0.4)) out.push(4, 2)
  if (rng.chance(0.4)) out.push(1, 3, 3, rng.below(17))
  // Nobody minds an option that lies about its length, but its followers are not read.
  if (rng.chance(0.05)) out.push(1, 1, rng.pick([2, 3, 8, 99]), rng.pick([0, 1, 9, 40]))
  return Uint8Array.from(out)
}

/** SACK blocks (RFC 2018) around what is acknowledged, or a timestamp. */
function ackOptions(rng: Rng, ack: number): Uint8Array {
  if (rng.chance(0.7)) return NONE
  if (rng.chance(0.3)) return Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2)
  const blocks = 1 + rng.below(2)
  const out = new Uint8Array(4 + 8 * blocks)
  out.set([1, 1, 5, 2 + 8 * blocks])
  for (let i = 0; i < blocks; i++) {
    const left = (ack + rng.pick([-100, 10, 200, 100_000])) >>> 0
    setU32(out, 4 + 8 * i, left)
    setU32(out, 8 + 8 * i, (left + rng.below(100)) >>> 0)
  }
  return out
}

function spoil(rng: Rng, fields: SegmentFields, features: string[]): SegmentFields {
  const away = (value: number): number => (value + rng.pick(DISTANCES)) >>> 0
  switch (rng.below(7)) {
    case 0:
      return { ...fields, flags: rng.below(64) }
    case 1:
    case 2:
      features.push('tcp: sequence number out of order')
      return { ...fields, seq: away(fields.seq) }
    case 3:
      features.push('tcp: acknowledgment out of order')
      return { ...fields, ack: away(fields.ack) }
    case 4:
      return { ...fields, window: rng.pick([0, 1, 65_535]) }
    case 5:
      return {
        ...fields,
        flags: rng.pick([RST, RST | ACK]),
        ...(rng.chance(0.3) ? { seq: 0 } : {}),
      }
    default:
      return {
        ...fields,
        flags: rng.pick([SYN, SYN | ACK, ACK, FIN | ACK, SYN | URG, FIN | ACK | URG]),
      }
  }
}
