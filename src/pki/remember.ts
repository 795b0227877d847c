/**
 * Things made when they are first asked for, and then kept.
 * Not a cache with a limit: it keeps as long as its owner lives.
 */

/** `rest` is what the key stands for already: it does not tell two values apart. */
export function remember<T, R extends readonly unknown[]>(
  make: (key: string, ...rest: R) => T,
): (key: string, ...rest: R) => T {
  const made = new Map<string, T>()
  return (key, ...rest) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key, ...rest)
    made.set(key, value)
    return value
  }
}
