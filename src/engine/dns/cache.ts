/**
 * What a resolver has learned, for as long as it may keep it (RFC 1034 §4.3.4, RFC 2308): RRsets, and names and types that are not there.
 * Not a policy of what to believe: bailiwick is checked before anything gets here. Time is an argument.
 */
import { after, seconds, type Instant } from '../../base/time.ts'
import type { ResourceRecord } from '../../wire/dns/message.ts'
import { nameKey, type Name } from '../../wire/dns/name.ts'

export interface CacheLimits {
  /** Longest time that anything is kept, in seconds. */
  readonly ttlMax: number
  /** Longest time that an absence is kept, in seconds. */
  readonly negativeTtlMax: number
  /** RRsets and absences; beyond this the oldest goes. */
  readonly entriesMax: number
}

export type Cached =
  | { readonly kind: 'records'; readonly records: readonly ResourceRecord[] }
  /** `soa`: what proves the absence, to be sent along. */
  | { readonly kind: 'absent'; readonly rcode: number; readonly soa: readonly ResourceRecord[] }

interface Entry {
  readonly until: Instant
  readonly what: Cached
}

export class DnsCache {
  readonly #limits: CacheLimits
  readonly #entries = new Map<string, Entry>()

  constructor(limits: CacheLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  /** Keep an RRset: all of `records` have one name and type. A TTL of 0 is not kept. */
  keep(records: readonly ResourceRecord[], now: Instant): void {
    const first = records[0]
    if (first === undefined) return
    const ttl = Math.min(this.#limits.ttlMax, ...records.map((record) => record.ttl))
    this.#put(first.name, first.type, ttl, { kind: 'records', records }, now)
  }

  /** Keep that `name` has no `type` (NOERROR) or is not there at all (NXDOMAIN), for as long as the SOA says (RFC 2308 §5). */
  keepAbsence(absence: {
    readonly name: Name
    readonly type: number
    readonly rcode: number
    readonly soa: readonly ResourceRecord[]
    readonly now: Instant
  }): void {
    const { name, type, rcode, soa, now } = absence
    if (soa.length === 0) return
    const ttl = Math.min(this.#limits.negativeTtlMax, ...soa.map((record) => record.ttl))
    this.#put(name, type, ttl, { kind: 'absent', rcode, soa }, now)
  }

  /** What is known now, TTLs counted down; undefined: nothing. */
  find(name: Name, type: number, now: Instant): Cached | undefined {
    const key = keyOf(name, type)
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.until <= now) {
      this.#entries.delete(key)
      return undefined
    }
    // As servers with a clock of whole seconds count: what was learned in this second keeps its full TTL.
    const left = Math.ceil((entry.until - now) / seconds(1))
    const aged = (record: ResourceRecord): ResourceRecord => ({ ...record, ttl: left })
    return entry.what.kind === 'records'
      ? { kind: 'records', records: entry.what.records.map(aged) }
      : { ...entry.what, soa: entry.what.soa.map(aged) }
  }

  flush(): void {
    this.#entries.clear()
  }

  #put(name: Name, type: number, ttl: number, what: Cached, now: Instant): void {
    if (ttl <= 0) return
    const key = keyOf(name, type)
    this.#entries.delete(key)
    this.#entries.set(key, { until: after(now, seconds(ttl)), what })
    if (this.#entries.size <= this.#limits.entriesMax) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      break
    }
  }
}

const keyOf = (name: Name, type: number): string => `${type} ${nameKey(name)}`
