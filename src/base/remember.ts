/**
 * A function of a text that computes each value once.
 * Not a cache: nothing is ever forgotten, so only for what a caller keeps anyway.
 */
export function remember<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}
