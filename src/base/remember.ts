/**
 * A function of a text that computes each value once; what else it is given must follow from the text.
 * Not a cache: nothing is ever forgotten, so only for what a caller keeps anyway.
 */
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
