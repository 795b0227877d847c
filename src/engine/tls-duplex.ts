/**
 * The pipe under the platform's TLS: what is pushed in is the peer's, what comes out is collected until somebody takes it.
 * Not a connection. It says for certain when the platform has finished with what it was given.
 */
import { Duplex } from 'node:stream'
import { concat } from '../base/bytes.ts'

type Written = (error?: Error | null) => void

const NOTHING = new Uint8Array()

/**
 * Each write of the platform stays unanswered until {@link settle}: it cannot begin another before, so an unanswered write is all that it can
 * still have to say. Answering one has its effect within one turn of `setImmediate`, queued before whatever is queued after.
 */
export class TlsPipe extends Duplex {
  #out: Uint8Array[] = []
  #written: Written | undefined

  constructor() {
    // No limit of its own: a flight goes in whole.
    super({ highWaterMark: 1 << 24, allowHalfOpen: true })
    // What the platform says when it gives up it says to the TLS socket above.
    this.on('error', () => undefined)
  }

  override _read(): void {
    // Bytes come when the peer's flight does.
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, written: Written): void {
    this.#out.push(chunk)
    this.#written = written
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], written: Written): void {
    for (const { chunk } of chunks) this.#out.push(chunk)
    this.#written = written
  }

  /** What was written since it was last taken: a copy. */
  flight(): Uint8Array {
    if (this.#out.length === 0) return NOTHING
    const all = concat(...this.#out)
    this.#out = []
    return all
  }

  /** Answer a write that waits. True: there was one, or bytes were not read yet, so another turn is needed. */
  settle(): boolean {
    const written = this.#written
    this.#written = undefined
    if (written !== undefined) {
      written()
      return true
    }
    return !this.destroyed && this.readableLength > 0
  }
}
