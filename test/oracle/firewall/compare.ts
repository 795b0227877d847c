/**
 * Does the twin's outcome equal the kernel's? Frames byte for byte from the IPv4 header on, and the rules that matched, in order.
 * Left out: MAC addresses, and the identification of packets that a router made itself, which each draws as it likes.
 */
import { checksum, setU16, toHex, u16 } from '../../../src/base/bytes.ts'
import type { Judgement, Outcome } from './kernel.ts'
import { ICMP, isIcmpError, quotedBy, read, TCP, UDP, type Read } from './packets.ts'

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
        : inputs.findLastIndex((input, i) => i < index && wasLate(seen, input))
      out[owner === -1 ? index : owner]!.frames.push(record)
    }
  }
  return out
}

/** Numbers repeat by chance: a late packet must also be as long as it went in. */
const wasLate = (seen: Read, input: Read): boolean =>
  stemsFrom(seen, input) && (isIcmpError(seen) || seen.packet.length === input.packet.length)

const stemsFrom = (seen: Read, input: Read): boolean =>
  isForwarded(seen, input) || (isIcmpError(seen) && quotedBy(seen).id === input.id)

/** The same packet, translated perhaps; not one that a router made about it, whose number may be the same by chance. */
export const isForwarded = (seen: Read, input: Read): boolean =>
  seen.id === input.id &&
  seen.protocol === input.protocol &&
  (seen.protocol !== ICMP || isLater(seen) || isLater(input) || typeOf(seen) === typeOf(input))

const isLater = (r: Read): boolean => (u16(r.packet, 6) & 0x1fff) !== 0
const typeOf = (r: Read): number | undefined => r.packet[r.l4]

/** One line a frame and one a rule, in which only what may differ is made equal. */
export function describe(outcome: Outcome, input: Read): readonly string[] {
  return [
    ...outcome.frames.map(({ port, frame }) => describeFrame(port, packetOf(frame), input)),
    // Each router logs to a reader of its own: between routers there is no order.
    ...outcome.logs
      .toSorted((a, b) => a.router - b.router)
      .map(({ router, tag }) => `router ${router}: ${tag}`),
  ]
}

/**
 * Both forwarded the packet alike, but for the source port: each had drawn one of the same class, when the flow began, where nobody
 * could see it. (What a router draws is otherwise seen, and told to the twin.)
 */
export function differsByDraw(kernel: Outcome, twin: Outcome, input: Read): boolean {
  const [a, b] = [kernel, twin].map(({ frames }) => frames.map(({ frame }) => packetOf(frame)))
  const isAlike = a!.length > 0 && a!.length === b!.length
  return isAlike && a!.every((packet, i) => isAlikeButPort(packet.slice(), b![i]!.slice(), input))
}

function isAlikeButPort(a: Uint8Array, b: Uint8Array, input: Read): boolean {
  const ports: number[] = []
  for (const packet of [a, b]) {
    const seen = read(packet)
    if (!isForwarded(seen, input) || isLater(seen) || !(seen.protocol in PORT_CHECKSUMS))
      return false
    ports.push(seen.sourcePort)
    setU16(packet, seen.l4, 0)
    setU16(packet, seen.l4 + PORT_CHECKSUMS[seen.protocol]!, 0)
  }
  const isDrawn = ports.every((port) => port !== input.sourcePort)
  return isDrawn && classOf(ports[0]!) === classOf(ports[1]!) && toHex(a) === toHex(b)
}

/** Where a checksum covers the ports. */
const PORT_CHECKSUMS: Readonly<Record<number, number>> = { [TCP]: 16, [UDP]: 6 }
/** Linux draws a new port from among those below 512, those up to 1023, or the rest. */
const classOf = (port: number): number => (port < 512 ? 0 : port < 1024 ? 1 : 2)

function describeFrame(port: number, packet: Uint8Array, input: Read): string {
  const b = packet.slice()
  const seen = read(b)
  if (checksum(b, 0, seen.l4) !== 0) return `bad header checksum ${toHex(b)}`
  setU16(b, 10, 0)
  // 0 and 0xffff are one number to the Internet checksum.
  const field = seen.l4 + 16
  if (seen.protocol === TCP && b.length >= field + 2 && u16(b, field) === 0xffff)
    setU16(b, field, 0)
  if (isForwarded(seen, input)) return `port ${port}: ${toHex(b)}`
  maskOwn(b, 0, seen.protocol)
  if (isIcmpError(seen) && quotedBy(seen).id !== input.id) maskOwn(b, seen.l4 + 8, b[seen.l4 + 17]!)
  return `port ${port}: ${toHex(b)}`
}

/** A router's own packet: its identification is anybody's guess, but for a reset's, which is 0. */
function maskOwn(b: Uint8Array, at: number, protocol: number): void {
  if (protocol === TCP) return
  setU16(b, at + 4, 0)
  setU16(b, at + 10, 0)
}
