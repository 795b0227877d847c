/**
 * How a RADIUS server knows a retransmission: the requests of the last seconds and the replies to them (RFC 5080 §2.2.2, RFC 2865 §2.5).
 * Not a store without bounds: entries end with their window, and beyond a size the oldest goes, so that a flood cannot grow it.
 */
import { equalBytes } from '../../base/bytes.ts'
import { after, seconds, type Duration, type Instant } from '../../base/time.ts'
import type { RadiusPacket } from '../../wire/radius/packet.ts'

export interface HistoryLimits {
  /** How long a reply is kept, and how long a request may be in progress before it counts as new. */
  readonly window: Duration
  readonly entriesMax: number
}

/** OWN: as long as the longest patience of RFC 5080 §2.2.1 (MRD), and replies of 16 MB at most. */
export const HISTORY_LIMITS: HistoryLimits = { window: seconds(30), entriesMax: 4096 }

export type RequestKnown =
  | { readonly kind: 'new' }
  | { readonly kind: 'in-progress' }
  | { readonly kind: 'answered'; readonly reply: Uint8Array }

interface Entry {
  readonly authenticator: Uint8Array
  readonly until: Instant
  readonly reply?: Uint8Array
}

const NEW: RequestKnown = { kind: 'new' }

/** `from` is the sender's address and port, `172.16.20.10:49152`. */
export class RequestHistory {
  readonly #limits: HistoryLimits
  /** In the order in which they end: an entry that is written anew goes to the end. */
  readonly #entries = new Map<string, Entry>()

  constructor(limits: HistoryLimits = HISTORY_LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  /** What is known of this request; one that is new is in progress from here on, in place of whatever had its identifier before. */
  note(from: string, request: RadiusPacket, now: Instant): RequestKnown {
    const key = keyOf(from, request)
    const known = this.#find(key, request, now)
    if (known === undefined) {
      // The packet is a view of a datagram, which must not stay alive for sixteen of its bytes.
      this.#put(key, { authenticator: request.authenticator.slice(), until: this.#end(now) }, now)
      return NEW
    }
    return known.reply === undefined
      ? { kind: 'in-progress' }
      : { kind: 'answered', reply: known.reply }
  }

  /** Keep the reply. False: the client has taken the identifier for another request, or the window is over, and nobody waits for this reply. */
  answer(from: string, request: RadiusPacket, reply: Uint8Array, now: Instant): boolean {
    const key = keyOf(from, request)
    const known = this.#find(key, request, now)
    if (known === undefined) return false
    const { authenticator } = known
    this.#put(key, { authenticator, until: this.#end(now), reply }, now)
    return true
  }

  /** The request is given up without a reply: a retransmission of it is new. */
  forget(from: string, request: RadiusPacket, now: Instant): void {
    const key = keyOf(from, request)
    if (this.#find(key, request, now) !== undefined) this.#entries.delete(key)
  }

  #find(key: string, request: RadiusPacket, now: Instant): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.until <= now) return undefined
    return equalBytes(entry.authenticator, request.authenticator) ? entry : undefined
  }

  #end(now: Instant): Instant {
    return after(now, this.#limits.window)
  }

  #put(key: string, entry: Entry, now: Instant): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    for (const [oldest, { until: end }] of this.#entries) {
      if (end > now && this.#entries.size <= this.#limits.entriesMax) break
      this.#entries.delete(oldest)
    }
  }
}

const keyOf = (from: string, { code, identifier }: RadiusPacket): string =>
  `${from} ${code} ${identifier}`
