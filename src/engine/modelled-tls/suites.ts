/**
 * Cipher suites by what shows of them: how long their records and messages are, and who can use them. Not their cryptography, which is modelled away.
 * RFC 5246 §6.2.3, RFC 8446 §5.2.
 */
import { rememberEach } from '../../base/remember.ts'
import { SCHANNEL_CIPHERS, type TlsVersion } from '../tls-context.ts'
import { TLS_SUITES } from '../tls-registry.ts'
import { MAC_BYTES, recordCipherOf } from '../tls-secrets.ts'

export interface Suite {
  /** IANA's number. */
  readonly id: number
  /** OpenSSL's. */
  readonly name: string
  readonly version: TlsVersion
  /** Of TLS 1.2: how the premaster secret comes about. */
  readonly exchange: 'ecdhe' | 'dhe' | 'rsa'
  /** The kind of key that signs; of TLS 1.3 any. */
  readonly signs: 'rsa' | 'ec' | 'any'
  /** `verify_data` of Finished. */
  readonly finishedBytes: number
  /** Octets of a record's body before the content. */
  readonly ivBytes: number
  /** Behind the content: MAC or tag; of TLS 1.3 the content's type, too. */
  readonly tagBytes: number
  /** A CBC cipher's, whose padding ends a block; 0: none. */
  readonly blockBytes: number
}

const FINISHED_TLS12 = 12
const AEAD_TAG = 16

function suiteOf(id: number, name: string): Suite {
  const cipher = recordCipherOf(name)
  const isTls13 = name.startsWith('TLS_')
  const isCbc = cipher.mac !== undefined
  return {
    id,
    name,
    version: isTls13 ? 'TLSv1.3' : 'TLSv1.2',
    exchange: name.startsWith('ECDHE') ? 'ecdhe' : name.startsWith('DHE') ? 'dhe' : 'rsa',
    signs: isTls13 ? 'any' : name.includes('ECDSA') ? 'ec' : 'rsa',
    finishedBytes: isTls13 ? MAC_BYTES[cipher.hash] : FINISHED_TLS12,
    ivBytes: isTls13 || cipher.kind === 'chacha' ? 0 : isCbc ? 16 : 8,
    tagBytes: cipher.mac === undefined ? AEAD_TAG + (isTls13 ? 1 : 0) : MAC_BYTES[cipher.mac],
    blockBytes: isCbc ? 16 : 0,
  }
}

const BY_NAME: ReadonlyMap<string, Suite> = new Map(
  [...TLS_SUITES].map(([id, name]) => [name, suiteOf(id, name)]),
)

export const BY_ID: ReadonlyMap<number, Suite> = new Map(
  [...BY_NAME.values()].map((suite) => [suite.id, suite]),
)

/** What an endpoint may agree to. */
export interface Offer {
  /** In order of preference: those of TLS 1.3 first, as OpenSSL has them. */
  readonly suites: readonly Suite[]
  readonly tls12: boolean
  readonly tls13: boolean
}

type Versions = Readonly<Record<'minimum' | 'maximum', TlsVersion>>

function newOffer(ciphers: readonly string[], { minimum, maximum }: Versions): Offer {
  const known = ciphers.flatMap((name) => BY_NAME.get(name) ?? [])
  const of = (version: TlsVersion): readonly Suite[] =>
    known.filter((suite) => suite.version === version)
  // A version without a suite is not offered.
  const tls13 = maximum === 'TLSv1.3' ? of('TLSv1.3') : []
  const tls12 = minimum === 'TLSv1.2' ? of('TLSv1.2') : []
  return { suites: [...tls13, ...tls12], tls12: tls12.length > 0, tls13: tls13.length > 0 }
}

const offersOf = rememberEach((_ciphers: readonly string[]) => new Map<string, Offer>())

export function offerOf(settings: Versions & { readonly ciphers?: readonly string[] }): Offer {
  const { ciphers = SCHANNEL_CIPHERS, minimum, maximum } = settings
  const offers = offersOf(ciphers)
  const key = minimum + maximum
  const known = offers.get(key)
  if (known !== undefined) return known
  const offer = newOffer(ciphers, settings)
  offers.set(key, offer)
  return offer
}

/**
 * A server's choice by its own preference. `ids`: what the client offers; `signs`: the kind of the server's key, if it has one. Without parameters of its own a server
 * has no use for DHE.
 */
export const chooseSuite = (
  { suites }: Offer,
  version: TlsVersion,
  ids: ReadonlySet<number>,
  signs: 'rsa' | 'ec' | undefined,
): Suite | undefined =>
  suites.find(
    (suite) =>
      suite.version === version &&
      suite.exchange !== 'dhe' &&
      (suite.signs === 'any' || suite.signs === signs) &&
      ids.has(suite.id),
  )

export const suiteWithId = ({ suites }: Offer, id: number): Suite | undefined =>
  suites.find((suite) => suite.id === id)
