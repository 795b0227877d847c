/**
 * The WAN miniport's ports of one protocol by number: who comes first has the last (`VPN2-127` of 128). Not TCP's or UDP's.
 */
export class PortNumbers {
  readonly #count: number
  /** Given back, to be used first; beyond them, all from `#used` on are free. */
  readonly #free: number[] = []
  #used = 0

  constructor(count: number) {
    this.#count = count
  }

  /** Undefined: none is free. */
  take(): number | undefined {
    const again = this.#free.pop()
    if (again !== undefined) return again
    return this.#used < this.#count ? this.#count - ++this.#used : undefined
  }

  get count(): number {
    return this.#count
  }

  get inUse(): number {
    return this.#used - this.#free.length
  }

  give(number: number): void {
    this.#free.push(number)
  }
}
