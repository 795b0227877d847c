/**
 * The one object that carries a frame through links and stacks: who holds it owns the frame and may rewrite it.
 * Not a decoder, and not kept by anybody: traces and captures copy the bytes.
 */
import type { Packet } from './packet.ts'

export class Transit implements Packet {
  frame: Uint8Array
  readonly id: number
  inNic: string | undefined = undefined
  outNic: string | undefined = undefined
  track: unknown = undefined
  /** Size in bytes of the largest fragment it was put together from, or must be cut into; 0: whatever the MTU says. */
  fragmentMax = 0

  constructor(frame: Uint8Array, id: number) {
    this.frame = frame
    this.id = id
  }

  /** A copy for another receiver of the same frame. */
  copy(): Transit {
    return new Transit(this.frame.slice(), this.id)
  }

  /** Forget what the last host noted, before the frame goes on a link. */
  reset(): void {
    this.inNic = undefined
    this.outNic = undefined
    this.track = undefined
    this.fragmentMax = 0
  }
}
