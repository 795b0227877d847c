/** An Rng whose bytes are given: the private values of an RFC's example. */
import { rngFrom, type Rng } from '../../../src/base/rng.ts'

export const givenBytes = (bytes: Uint8Array): Rng => ({
  ...rngFrom('given'),
  bytes(length) {
    if (length !== bytes.length) throw new Error(`asked for ${length} bytes, not ${bytes.length}`)
    return Uint8Array.from(bytes)
  },
})
