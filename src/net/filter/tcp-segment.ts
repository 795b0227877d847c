/**
 * One TCP segment as connection tracking reads it, in place: kind, numbers, the options that matter to windows.
 * Not the codec (`wire/tcp.ts`) and not the state machine (`tcp-tracking.ts`). RFC 9293 §3.1, RFC 7323, RFC 2018.
 */
import { u16, u32 } from '../../base/bytes.ts'

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const ACK = 0x10
export const URG = 0x20

export const K_SYN = 0
export const K_SYNACK = 1
export const K_FIN = 2
export const K_ACK = 3
export const K_RST = 4
export const K_NONE = 5

/** Combinations of SYN, FIN, RST, ACK and URG that a sane sender can send; PSH, ECE and CWR never matter. */
const SANE_FLAGS = new Uint8Array(64)
for (const flags of [SYN, RST, ACK, SYN | ACK, RST | ACK, FIN | ACK, SYN | URG, ACK | URG])
  SANE_FLAGS[flags] = 1
SANE_FLAGS[FIN | ACK | URG] = 1

/** What one segment says. One is enough for a whole firewall: it is filled anew for each segment. */
export class Segment {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  flags = 0
  kind = K_NONE
  seq = 0
  ack = 0
  end = 0
  window = 0
  headerLength = 0

  /** Read the segment that begins at `at` and ends before `end`. False: cut short, or flags that make no sense. */
  read(b: Uint8Array, at: number, end: number): boolean {
    if (end - at < 20) return false
    this.headerLength = (b[at + 12]! >>> 4) << 2
    if (this.headerLength < 20 || end - at < this.headerLength) return false
    const flags = b[at + 13]!
    if (SANE_FLAGS[flags & (FIN | SYN | RST | ACK | URG)] === 0) return false
    this.bytes = b
    this.at = at
    this.flags = flags
    this.kind = kindOf(flags)
    this.seq = u32(b, at + 4) | 0
    this.ack = u32(b, at + 8) | 0
    this.window = u16(b, at + 14)
    const length = end - at - this.headerLength
    this.end = (this.seq + length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) | 0
    return true
  }

  /** Whether this segment may begin an entry: a SYN, or (loose pickup) an ACK. */
  get opens(): boolean {
    return this.kind === K_SYN || this.kind === K_ACK
  }

  get isReset(): boolean {
    return (this.flags & RST) !== 0
  }
}

function kindOf(flags: number): number {
  if (flags & RST) return K_RST
  if (flags & SYN) return flags & ACK ? K_SYNACK : K_SYN
  if (flags & FIN) return K_FIN
  return flags & ACK ? K_ACK : K_NONE
}

/** What a SYN's options say (RFC 7323, RFC 2018); `undefined` when there are none at all. */
export interface SynOptions {
  /** Present, and at most 14; `undefined`: this side does not scale. */
  readonly scale: number | undefined
  readonly sackPermitted: boolean
}

const WINDOW_SCALE_MAX = 14

export function readSynOptions(s: Segment): SynOptions | undefined {
  if (s.headerLength === 20) return undefined
  let scale: number | undefined
  let sackPermitted = false
  eachOption(s, (kind, at, length) => {
    if (kind === 4 && length === 2) sackPermitted = true
    else if (kind === 3 && length === 3) scale = Math.min(s.bytes[at + 2]!, WINDOW_SCALE_MAX)
    return true
  })
  return { scale, sackPermitted }
}

/** The highest right edge of the segment's SACK blocks (RFC 2018), or its acknowledgment number; int32. */
export function highestSack(s: Segment): number {
  if (s.headerLength === 20) return s.ack
  let highest = s.ack
  eachOption(s, (kind, at, length) => {
    if (kind !== 5 || length < 10 || (length - 2) % 8 !== 0) return true
    for (let edge = at + 6; edge < at + length; edge += 8) {
      const right = u32(s.bytes, edge) | 0
      if (((right - highest) | 0) > 0) highest = right
    }
    return false
  })
  return highest
}

/** Walk the options until one is malformed, the list ends, or `take` says false. */
function eachOption(s: Segment, take: (kind: number, at: number, length: number) => boolean): void {
  const end = s.at + s.headerLength
  for (let at = s.at + 20; at < end;) {
    const kind = s.bytes[at]!
    if (kind === 0) return
    if (kind === 1) {
      at++
      continue
    }
    const length = at + 1 < end ? s.bytes[at + 1]! : 0
    if (length < 2 || at + length > end || !take(kind, at, length)) return
    at += length
  }
}
