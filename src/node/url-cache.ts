/**
 * What a host keeps of CRLs, issuers' certificates and OCSP responses that it fetched, by URL, as `certutil -urlcache` lists it.
 * Not an HTTP cache: how long something is kept is written in it, not in header fields. Not modelled: that Windows may look for a newer
 * CRL from Next CRL Publish on, and that after some 50 responses of one responder it takes the CRL instead.
 */
import type { Instant } from '../base/time.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import type { Crl } from '../pki/revocation/crl.ts'
import type { OcspResponse } from '../pki/revocation/ocsp-response.ts'

/** What was fetched. */
export type Retrieved =
  | { readonly kind: 'crl'; readonly crl: Crl }
  | { readonly kind: 'certificates'; readonly certificates: readonly Certificate[] }
  | { readonly kind: 'ocsp'; readonly response: OcspResponse }

export interface CacheEntry {
  /** Of an OCSP response: with the request in it, as a GET has it. */
  readonly url: string
  readonly kind: Retrieved['kind']
  /** nextUpdate; absent: kept until it is flushed. */
  readonly until?: Instant
}

export class UrlCache {
  readonly #kept = new Map<string, Retrieved>()

  /** The kept CRL while it is current. A newer one on the server is not seen until then. */
  crl(url: string, at: Instant): Crl | undefined {
    const kept = this.#current(url, at)
    return kept?.kind === 'crl' ? kept.crl : undefined
  }

  certificates(url: string): readonly Certificate[] | undefined {
    const kept = this.#kept.get(url)
    return kept?.kind === 'certificates' ? kept.certificates : undefined
  }

  /** The kept response while it is current: a revocation meanwhile is not seen either. */
  ocsp(url: string, at: Instant): OcspResponse | undefined {
    const kept = this.#current(url, at)
    return kept?.kind === 'ocsp' ? kept.response : undefined
  }

  keep(url: string, retrieved: Retrieved): void {
    this.#kept.set(url, retrieved)
  }

  /** What is kept, in the order in which it came. */
  entries(): readonly CacheEntry[] {
    return [...this.#kept].map(([url, retrieved]) => {
      const until = endOf(retrieved)
      return { url, kind: retrieved.kind, ...(until !== undefined && { until }) }
    })
  }

  /** Forget everything, as `certutil -urlcache * delete` does, or one kind: `certutil -urlcache ocsp delete`. */
  flush(kind?: Retrieved['kind']): void {
    for (const [url, retrieved] of this.#kept) {
      if (kind === undefined || kind === retrieved.kind) this.#kept.delete(url)
    }
  }

  #current(url: string, at: Instant): Retrieved | undefined {
    const kept = this.#kept.get(url)
    const until = kept === undefined ? undefined : endOf(kept)
    return until !== undefined && until >= at ? kept : undefined
  }
}

/** Until when it may be used; absent: it does not say. */
function endOf(retrieved: Retrieved): Instant | undefined {
  switch (retrieved.kind) {
    case 'certificates':
      return undefined
    case 'crl':
      return retrieved.crl.nextUpdate
    case 'ocsp': {
      const { response } = retrieved
      if (response.status !== 'successful') return undefined
      const ends = response.basic.responses.map(({ nextUpdate }) => nextUpdate)
      return ends.reduce((first, end) =>
        first === undefined || end === undefined || end > first ? first : end,
      )
    }
  }
}
