/**
 * A failure that a peer or an operator can cause is a value of this shape, never an exception.
 * Not for our own bugs: those end in {@link ./invariant.ts}.
 */

export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E }

export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value })
export const err = <E>(error: E): Result<never, E> => ({ ok: false, error })
