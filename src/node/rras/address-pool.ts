/**
 * The static address pool of a gateway: who has which address, and which is next. Not DHCP, from which RRAS takes blocks instead.
 * The server keeps the first address for its own Internal interface; the others are given out in turn, so that one that was just
 * returned is the last to be given again (OWN: Windows' order is not documented).
 */
import { maskOf, type Ipv4, type Prefix } from '../../base/address.ts'

export class AddressPool {
  readonly #first: number
  readonly #last: number
  readonly #taken = new Set<number>()
  #next: number

  /** Network and broadcast address of the prefix are nobody's. A prefix that holds fewer than two addresses gives none out. */
  constructor({ address, length }: Prefix<Ipv4>) {
    const network = (address & maskOf(length)) >>> 0
    const broadcast = (network | ~maskOf(length)) >>> 0
    const hasEnds = length < 31
    this.#first = hasEnds ? network + 1 : network
    this.#last = hasEnds ? broadcast - 1 : broadcast
    this.#next = this.#first + 1
  }

  /** Of the server's own Internal interface. */
  get serverAddress(): Ipv4 {
    return this.#first as Ipv4
  }

  /** How many clients it has room for. */
  get size(): number {
    return Math.max(0, this.#last - this.#first)
  }

  has(address: Ipv4): boolean {
    return address >= this.#first && address <= this.#last
  }

  /** An address that nobody has; `wanted` where it is free. Undefined: all are taken. */
  take(wanted?: Ipv4): Ipv4 | undefined {
    if (wanted !== undefined && this.#isFree(wanted)) return this.#give(wanted)
    for (let tried = 0; tried < this.size; tried++) {
      const candidate = this.#next
      this.#next = candidate >= this.#last ? this.#first + 1 : candidate + 1
      if (this.#isFree(candidate)) return this.#give(candidate)
    }
    return undefined
  }

  give(back: Ipv4): void {
    this.#taken.delete(back)
  }

  #isFree(address: number): boolean {
    return address > this.#first && address <= this.#last && !this.#taken.has(address)
  }

  #give(address: number): Ipv4 {
    this.#taken.add(address)
    return address as Ipv4
  }
}
