/**
 * One side of a PPP link whose peer the test plays, and the options that the peer asks for.
 */
import { ipv4 } from '../../../src/base/address.ts'
import { fromHex } from '../../../src/base/bytes.ts'
import { ms } from '../../../src/base/time.ts'
import type { PppOption } from '../../../src/wire/ppp/control.ts'
import { u16Option, u32Option } from '../../../src/wire/ppp/options.ts'
import { Clock } from './clock.ts'
import { PppSide } from './pair.ts'

export const mru = (value: number): PppOption => u16Option(1, value)
export const auth = (...bytes: readonly number[]): PppOption => ({
  type: 3,
  data: Uint8Array.of(...bytes),
})
export const magic = (value = 0x51a2411c): PppOption => u32Option(5, value)
export const flag = (type: number, hex = ''): PppOption => ({ type, data: fromHex(hex) })
export const address = (text: string): PppOption => u32Option(3, ipv4(text))

/** One side alone, whose peer the test plays. */
export function alone(role: 'client' | 'server', options: object = {}) {
  const clock = new Clock()
  const side = new PppSide(clock, { role, ...options })
  side.input({ kind: 'up' })
  const said = (): readonly string[] => side.packetsTold().filter((each) => each.startsWith('>'))
  const hears = (...frames: readonly Uint8Array[]): void => {
    for (const bytes of frames) side.input({ kind: 'frame', bytes })
    clock.run(ms(1))
  }
  /** Acknowledge what it asked last. */
  const agrees = (): void => {
    const bytes = side.frames.findLast((frame) => frame[3] === 0x21 && frame[4] === 1)!
    const acknowledgement = bytes.slice()
    acknowledgement[4] = 2
    hears(acknowledgement)
  }
  return { clock, side, said, hears, agrees }
}
