/** A host that judges without a network: its web is what the authorities publish, and what a test puts in the way. */
import { REAL_CRYPTOGRAPHY } from '../../src/engine/cryptography.ts'
import { ipv4 } from '../../src/base/address.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { judge, type ChainJudgement, type JudgementInput } from '../../src/node/relying-party.ts'
import { UrlCache } from '../../src/node/url-cache.ts'
import type { HttpOutcome } from '../../src/node/web-client.ts'
import type { Pki } from '../../src/pki/issuing/issue.ts'
import { requestOfTarget } from '../../src/pki/revocation/ocsp-request.ts'
import { PROFILES } from '../../src/windows/relying-parties.ts'
import { held, rootOf, START } from '../pki/contoso.ts'

export const SERVER = { address: ipv4('10.0.0.5'), port: 80 }
export const response = (url: string, status: number, body: Uint8Array): HttpOutcome => ({
  kind: 'response',
  status,
  headers: [],
  body,
  url,
  to: SERVER,
})
export const TIMED_OUT: HttpOutcome = { kind: 'timed-out', to: SERVER }

/** A laptop, and the web as it sees it: what the authorities publish, unless `blocked` says otherwise. */
export class Laptop {
  wallClock: Instant = START
  readonly cryptography = REAL_CRYPTOGRAPHY
  readonly cache = new UrlCache()
  /** URLs of GETs. */
  readonly asked: string[] = []
  readonly posted: string[] = []
  /** Nonces drawn so far. */
  nonces = 0
  /** By URL, or the URL of a responder. */
  readonly blocked = new Map<
    string,
    HttpOutcome | ((url: string, posted?: Uint8Array) => HttpOutcome)
  >()
  readonly pki: Pki

  constructor(pki: Pki) {
    this.pki = pki
  }

  judge(change: Partial<JudgementInput> = {}): ChainJudgement {
    const waiting: (() => void)[] = []
    let judgement: ChainJudgement | undefined
    const { certificate, chain } = held(this.pki)
    judge(
      this,
      {
        cache: this.cache,
        httpGet: (url, done) => {
          this.asked.push(url)
          waiting.push(() => done(this.#answer(url)))
        },
        httpPost: (url, body, done) => {
          this.posted.push(url)
          waiting.push(() => done(this.#answer(url, body)))
        },
        nonce: () => {
          this.nonces += 1
          return new Uint8Array(32).fill(this.nonces)
        },
      },
      {
        presented: [certificate, ...chain].map(({ der }) => der),
        intermediates: [],
        anchors: [rootOf(this.pki)],
        profile: PROFILES['sstp-client'],
        name: 'vpn.contoso.com',
        ...change,
      },
      (done) => {
        if (judgement !== undefined) throw new Error('done was called twice')
        judgement = done
      },
    )
    for (const answer of waiting) answer()
    return judgement!
  }

  #answer(url: string, posted?: Uint8Array): HttpOutcome {
    for (const [prefix, outcome] of this.blocked) {
      if (url === prefix || url.startsWith(`${prefix}/`)) {
        return typeof outcome === 'function' ? outcome(url, posted) : outcome
      }
    }
    const found = this.pki.publications().find((publication) => publication.url === url)
    if (found !== undefined) return response(url, 200, found.bytes(this.wallClock))
    for (const responder of this.pki.responders()) {
      const below = `${responder.url}/`
      if (url !== responder.url && !url.startsWith(below)) continue
      const request = posted ?? requestOfTarget(url.slice(below.length)) ?? new Uint8Array()
      return response(url, 200, responder.answer(request, this.wallClock))
    }
    return response(url, 404, utf8('Not Found'))
  }
}
