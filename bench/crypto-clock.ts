/**
 * How long node:crypto's own functions take while the product runs: they are replaced by themselves with a stopwatch around them.
 * Not a profiler: only what the verification of certificate chains calls is timed, and reading the clock counts as ours.
 */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { clock } from './measure.ts'

const TIMED = ['createPublicKey', 'verify'] as const

/** Run `work`; seconds in all, and those of them that went into node:crypto. */
export function timeCrypto(work: () => void): { readonly all: number; readonly inside: number } {
  const originals = TIMED.map((name) => [name, crypto[name]] as const)
  let inside = 0
  for (const [name, original] of originals) {
    const timed = (...args: never[]): unknown => {
      const begin = clock()
      try {
        return Reflect.apply(original, crypto, args)
      } finally {
        inside += clock() - begin
      }
    }
    Object.assign(crypto, { [name]: timed })
  }
  // Named imports follow what the module object holds only when they are told to.
  syncBuiltinESMExports()
  try {
    const begin = clock()
    work()
    return { all: clock() - begin, inside }
  } finally {
    for (const [name, original] of originals) Object.assign(crypto, { [name]: original })
    syncBuiltinESMExports()
  }
}
