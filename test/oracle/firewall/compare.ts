/**
 * Does the twin's outcome equal the kernel's? Frames byte for byte from the IPv4 header on, and the rules that matched, in order.
 * Left out: MAC addresses, and the identification of packets that a router made itself, which each draws as it likes.
 */
import { checksum, setU16, toHex, u16 } from '../../../src/base/bytes.ts'
import type { Judgement, Outcome } from './kernel.ts'
import { isIcmpError, quotedBy, read, TCP, type Read } from './packets.ts'

const ETHERNET = 14

/** IPv4 packet of a frame, without padding. */
export const packetOf = (frame: Uint8Array): Uint8Array =>
  frame.subarray(ETHERNET, ETHERNET + u16(frame, ETHERNET + 2))

/**
 * Give each frame to the input it stems from. The kernel nearly always answers before the next input is sent; where it was late, the
 * identification tells, or what the frame quotes.
 */
export function settle(judgement: Judgement, inputs: readonly Read[]): readonly Outcome[] {
  const out: Outcome[] = judgement.outcomes.map(({ logs }) => ({ frames: [], logs }))
  for (const [index, { frames }] of judgement.outcomes.entries()) {
    for (const record of frames) {
      const seen = read(packetOf(record.frame))
      const owner = stemsFrom(seen, inputs[index]!)
        ? index
        : inputs.findLastIndex((input, i) => i < index && stemsFrom(seen, input))
      out[owner === -1 ? index : owner]!.frames.push(record)
    }
  }
  return out
}

const stemsFrom = (seen: Read, input: Read): boolean =>
  isForwarded(seen, input) || (isIcmpError(seen) && quotedBy(seen).id === input.id)

/** The same packet, translated perhaps; not one that a router made about it. */
export const isForwarded = (seen: Read, input: Read): boolean =>
  seen.id === input.id &&
  seen.protocol === input.protocol &&
  !(isIcmpError(seen) && !isIcmpError(input))

/** One line a frame and one a rule, in which only what may differ is made equal. */
export function describe(outcome: Outcome, input: Read): readonly string[] {
  return [
    ...outcome.frames.map(
      ({ port, frame }) => `port ${port}: ${canonical(packetOf(frame), input)}`,
    ),
    // Each router logs to a reader of its own: between routers there is no order.
    ...outcome.logs
      .toSorted((a, b) => a.router - b.router)
      .map(({ router, tag }) => `router ${router}: ${tag}`),
  ]
}

function canonical(packet: Uint8Array, input: Read): string {
  const b = packet.slice()
  const seen = read(b)
  if (checksum(b, 0, seen.l4) !== 0) return `bad header checksum ${toHex(b)}`
  if (!isForwarded(seen, input)) setU16(b, 4, 0)
  if (seen.protocol === TCP && !isForwarded(seen, input)) setU16(b, 6, 0) // TEMP
  setU16(b, 10, 0)
  // 0 and 0xffff are one number to the Internet checksum.
  const field = seen.l4 + 16
  if (seen.protocol === TCP && b.length >= field + 2 && u16(b, field) === 0xffff)
    setU16(b, field, 0)
  return toHex(b)
}
