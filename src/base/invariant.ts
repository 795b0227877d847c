/**
 * Stops the run when a promise of our own code is broken.
 * Not for input of any kind: what a peer or an operator sends is a Result.
 */

export class InvariantError extends Error {
  override name = 'InvariantError'
}

/** Throws {@link InvariantError} unless `condition` holds. `message` quotes the values that broke it. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}
