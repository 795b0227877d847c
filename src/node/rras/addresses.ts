/**
 * Where a gateway's clients get their addresses from, as its inside asks for them: a pool of its own, or a DHCP server (`dhcp-addresses.ts`).
 */
import type { Ipv4 } from '../../base/address.ts'
import type { AddressPool } from './address-pool.ts'

export interface AddressSource {
  /** Of the interface Internal; undefined: it has none yet, or there is none. */
  readonly server: Ipv4 | undefined
  /** How many clients it has room for now: a DHCP server may lend more. */
  readonly size: number
  /** Whether this address is one of those that it gives or keeps. */
  has(address: Ipv4): boolean
  /** `done` is called once, now or later; without an address: there is none. `wanted` where it is free. */
  take(wanted: Ipv4 | undefined, done: (address: Ipv4 | undefined) => void): void
  /** Nobody has it any more. */
  give(back: Ipv4): void
  stop(): void
}

/** A static pool: it answers at once. */
export const fromPool = (pool: AddressPool): AddressSource => ({
  server: pool.serverAddress,
  size: pool.size,
  has: (address) => pool.has(address),
  take: (wanted, done) => done(pool.take(wanted)),
  give: (back) => pool.give(back),
  stop: () => {},
})

/** No pool, and nobody to ask. */
export const NO_ADDRESSES: AddressSource = {
  server: undefined,
  size: 0,
  has: () => false,
  take: (_wanted, done) => done(undefined),
  give: () => {},
  stop: () => {},
}
