/** What the readers of both formats of captures give, and what they share: times, views. Not a reader: `capture-file.ts` is, and `pcapng-blocks.ts`. */
import type { Instant } from '../base/time.ts'

export interface ReadInterface {
  /** if_name; a pcap file has none. */
  readonly name?: string
  /** What its frames begin with, by tcpdump's LINKTYPE_ numbers: 1 Ethernet, 101 IP. */
  readonly linkType: number
}

export interface ReadFrame {
  /** From 1, as Wireshark counts. */
  readonly number: number
  /** Index into the file's interfaces. */
  readonly interface: number
  /** Microseconds; absent: the record has no time. */
  readonly at?: Instant
  /** What was captured: a view, and less than was on the wire where a snap length cut it. */
  readonly bytes: Uint8Array
  /** Octets on the wire. */
  readonly length: number
}

export interface CaptureFile {
  readonly format: 'pcap' | 'pcapng'
  readonly interfaces: readonly ReadInterface[]
  readonly frames: readonly ReadFrame[]
  /** Why reading stopped before the end of the file. */
  readonly damage?: string
}

/** Dates beyond this say that the record is damaged: the year 2242 (nothing captures later, and later has no date in the platform's terms). */
const SECONDS_MAX = 2 ** 33

/** The instant of so many parts of a second; undefined: beyond any date that a capture could have. */
export function instantOfParts(parts: bigint, partsPerSecond: bigint): Instant | undefined {
  const micros = (parts * 1_000_000n) / partsPerSecond
  return micros < 0n || micros > BigInt(SECONDS_MAX) * 1_000_000n
    ? undefined
    : (Number(micros) as Instant)
}

export const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, length)

/** With the time left out where there is none. */
export const frameOf = ({
  at,
  ...frame
}: Omit<ReadFrame, 'at'> & { readonly at: Instant | undefined }): ReadFrame =>
  at === undefined ? frame : { ...frame, at }
