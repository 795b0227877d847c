/**
 * Functions that compute each value once: of a text, or of an object that never changes.
 * A value stays as long as the function does, or its object; of what strangers bring, as long as it is among the latest.
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

/** A function of a text that a stranger may have chosen: of as many as `most`, those that were asked for last. */
export function rememberLatest<T, R extends readonly unknown[]>(
  most: number,
  make: (key: string, ...rest: R) => T,
): (key: string, ...rest: R) => T {
  const made = new Latest<{ readonly value: T }>(most)
  return (key, ...rest) => {
    const known = made.get(key)
    if (known !== undefined) return known.value
    const value = make(key, ...rest)
    made.set(key, { value })
    return value
  }
}

/** A map by text of as many entries as `most`: those that were set or found last. */
export class Latest<V> {
  readonly #most: number
  /** In that order. */
  readonly #entries = new Map<string, V>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#most && oldest !== undefined) this.#entries.delete(oldest)
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
