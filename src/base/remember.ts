/**
 * Functions that compute each value once: of a text, or of an object that never changes.
 * Not a cache with a size: a value stays as long as the function does, or its object.
 */

/** A function of a text; what else it is given must follow from the text. Nothing is forgotten: only for what a caller keeps anyway. */
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

/** A function of an object, by its identity: only for what is frozen, or what nobody changes. */
export function rememberEach<K extends object, T>(make: (of: K) => T): (of: K) => T {
  const made = new WeakMap<K, { readonly value: T }>()
  return (of) => {
    const known = made.get(of)
    if (known !== undefined) return known.value
    const value = make(of)
    made.set(of, { value })
    return value
  }
}
