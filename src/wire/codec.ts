/**
 * The reader that every decoder uses, and the shape of what is wrong with bytes on a wire.
 * Not a header: each header has a file of its own. No peer's bytes can raise an exception past {@link decoder}.
 */
import { u16, u32 } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'

export type WireFault = 'truncated' | 'trailing-bytes' | 'bad-value' | 'bad-checksum'

/** What is wrong, in which layer and field, at which offset from the start of that layer, by which rule. */
export interface WireError {
  readonly code: WireFault
  readonly layer: string
  readonly field: string
  readonly offset: number
  readonly rfc: string
}

/** Not an Error: it never leaves this file, and to note the stack costs more than to read a packet, which a flood of garbage would use. */
class Malformed {
  readonly fault: WireError
  constructor(fault: WireError) {
    this.fault = fault
  }
}

/** A cursor that moves forward only. Reading past the end rejects as `truncated`. */
export class Reader {
  offset = 0
  readonly layer: string
  readonly bytes: Uint8Array
  #end: number

  constructor(layer: string, bytes: Uint8Array) {
    this.layer = layer
    this.bytes = bytes
    this.#end = bytes.length
  }

  u8(field: string, rfc: string): number {
    return this.bytes[this.skip(1, field, rfc)]!
  }

  u16(field: string, rfc: string): number {
    return u16(this.bytes, this.skip(2, field, rfc))
  }

  u32(field: string, rfc: string): number {
    return u32(this.bytes, this.skip(4, field, rfc))
  }

  /** A view, not a copy: whoever keeps it beyond the call copies. */
  take(length: number, field: string, rfc: string): Uint8Array {
    const start = this.skip(length, field, rfc)
    return this.bytes.subarray(start, this.offset)
  }

  /** Move on by `length`; where that began. */
  skip(length: number, field: string, rfc: string): number {
    const start = this.offset
    const end = start + length
    if (end > this.#end) this.reject('truncated', field, rfc)
    this.offset = end
    return start
  }

  /** Nothing may be left. */
  end(field: string, rfc: string): void {
    if (this.remaining > 0) this.reject('trailing-bytes', field, rfc)
  }

  /** Let the next `length` bytes be all there is, until {@link leave} is given what comes back: the end that there was. */
  enter(length: number, field: string, rfc: string): number {
    const start = this.skip(length, field, rfc)
    const outer = this.#end
    this.#end = this.offset
    this.offset = start
    return outer
  }

  /** Go on behind what was entered, whether all of it was read or not. */
  leave(outer: number): void {
    this.offset = this.#end
    this.#end = outer
  }

  rest(): Uint8Array {
    return this.take(this.remaining, 'rest', '')
  }

  get remaining(): number {
    return this.#end - this.offset
  }

  reject(code: WireFault, field: string, rfc: string): never {
    throw new Malformed({ code, layer: this.layer, field, rfc, offset: this.offset })
  }
}

/** Wrap a reading function so that malformed input comes back as a value, never as an exception. */
export const decoder =
  <T>(layer: string, read: (r: Reader) => T) =>
  (bytes: Uint8Array): Result<T, WireError> => {
    const reader = new Reader(layer, bytes)
    try {
      const value = read(reader)
      if (reader.remaining > 0) reader.reject('trailing-bytes', 'message', '')
      return ok(value)
    } catch (thrown) {
      if (thrown instanceof Malformed) return err(thrown.fault)
      throw thrown
    }
  }

/** `dns: truncated at QNAME, byte 12 (RFC 1035 §4.1.2)` */
export const formatWireError = (e: WireError): string =>
  `${e.layer}: ${e.code} at ${e.field}, byte ${e.offset}${e.rfc === '' ? '' : ` (${e.rfc})`}`
