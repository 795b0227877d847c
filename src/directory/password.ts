/**
 * A password that can be used and not shown: it is neither in JSON, nor in what a debugger prints, nor in a comparison's report.
 * Not encryption: whoever holds the object can read it by {@link Password.reveal}, and only logons do.
 */
import { utf8 } from '../base/bytes.ts'
import { isSameSecret } from '../crypto/same-secret.ts'

export class Password {
  readonly #text: string
  readonly #bytes: Uint8Array

  constructor(text: string) {
    this.#text = text
    this.#bytes = utf8(text)
  }

  /** The text, for the arithmetic of a logon: a result of this goes into a hash and nowhere else. */
  reveal(): string {
    return this.#text
  }

  /** In a time that depends on the lengths only. */
  equals(other: Password): boolean {
    return isSameSecret(this.#bytes, other.#bytes)
  }

  toJSON(): string {
    return '(hidden)'
  }
}
