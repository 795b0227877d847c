/**
 * All that the authorities of a topology have on web servers: CRLs, deltas, certificates and OCSP responders, as of any instant.
 * Not the schedule and not the answers: {@link ./publication.ts} and {@link ./responder.ts} have those.
 */
import { remember } from '../../base/remember.ts'
import { after, type Instant } from '../../base/time.ts'
import type { AuthoritySpec, OcspSpec } from '../../topology/pki.ts'
import type { Validity } from './generations.ts'
import { CERTIFICATE_VALID_FROM } from './issue-check.ts'
import {
  crlRound,
  deltaUrls,
  issueCrl,
  issueDeltaCrl,
  publicationsAt,
  type CrlIssuer,
  type Publication,
} from './publication.ts'
import {
  respondersAt,
  signerRound,
  signerValidity,
  type Responder,
  type ResponderSigner,
} from './responder.ts'
import type { SignRsa } from '../keys/signature.ts'
import { suffixed } from './signers.ts'

export interface PublisherDeps {
  /** By key, in topology order. */
  readonly authorities: Readonly<Record<string, AuthoritySpec>>
  readonly start: Instant
  readonly sign: SignRsa
  /** Of an authority's keys, oldest first: 0, 1, … */
  readonly keyIndexes: (key: string) => readonly number[]
  /** All certificates of an authority, oldest first, DER. */
  readonly certificates: (key: string) => readonly Uint8Array[]
  readonly issuer: (key: string, keyIndex: number) => CrlIssuer
  /** The authority's first certificate with that key, and the key. */
  readonly authority: (key: string, keyIndex: number) => ResponderSigner
  readonly ocspSigner: (key: string, order: OcspSignerOrder) => ResponderSigner
}

/** A certificate that one of the authority's keys signs for its OCSP delegate; `round` counts them from 0. */
export interface OcspSignerOrder {
  readonly keyIndex: number
  readonly round: number
  readonly validity: Validity
}

export interface Publisher {
  /**
   * The CRL, DER, as published at `at`: the last one of its schedule, with what was revoked by the time of its issue. Before the
   * first: the first. Each key of the authority has its own; `keyIndex` counts from 0. Undefined: there is no such authority or key.
   */
  crl(key: string, at: Instant, keyIndex?: number): Uint8Array | undefined
  /** The delta CRL, DER, as published at `at`. Undefined: there is no such authority or key, or it publishes none. */
  deltaCrl(key: string, at: Instant, keyIndex?: number): Uint8Array | undefined
  /** The HTTP URLs of all authorities that publish on a node: CRLs first, then deltas and CA certificates, in topology order. */
  publications(): readonly Publication[]
  /** The OCSP responders of all authorities, at each of their HTTP URLs. */
  responders(): readonly Responder[]
}

export function publisherOf(deps: PublisherDeps): Publisher {
  const { authorities, start } = deps
  const roundAt = (key: string, at: Instant) => crlRound(authorities[key]!, start, at)
  const complete = remember((label: string): Uint8Array => {
    const { key, numbers } = readLabel(label)
    const [keyIndex, round] = numbers
    return issueCrl(deps.issuer(key, keyIndex!), round!)
  })
  const delta = remember((label: string): Uint8Array | undefined => {
    const { key, numbers } = readLabel(label)
    const [keyIndex, round, number] = numbers
    return issueDeltaCrl(deps.issuer(key, keyIndex!), { round: round!, delta: number! })
  })
  const crl = (key: string, at: Instant, keyIndex: number): Uint8Array =>
    complete(`${keyIndex},${roundAt(key, at).round} ${key}`)
  const deltaCrl = (key: string, at: Instant, keyIndex: number): Uint8Array | undefined => {
    const { round, delta: number } = roundAt(key, at)
    return delta(`${keyIndex},${round},${number} ${key}`)
  }
  const firstSigner = after(start, CERTIFICATE_VALID_FROM)
  const signer = remember((label: string): ResponderSigner => {
    const { key, numbers } = readLabel(label)
    const [keyIndex, round] = numbers
    const validity = signerValidity(authorities[key]!.ocsp!, firstSigner, round!)
    return deps.ocspSigner(key, { keyIndex: keyIndex!, round: round!, validity })
  })

  const filesOf = (key: string, spec: AuthoritySpec): readonly Publication[] => {
    const file = { node: spec.publishedOn, authority: key }
    const list = { ...file, contentType: 'application/pkix-crl' } as const
    const certificate = { ...file, contentType: 'application/pkix-cert' } as const
    const keys = deps.keyIndexes(key)
    const each = (urls: readonly string[] | undefined, bytes: typeof deltaCrl) =>
      keys.flatMap((i) =>
        publicationsAt(suffixed(urls, i), { ...list, bytes: (at) => bytes(key, at, i)! }),
      )
    return [
      ...each(spec.crlUrls, crl),
      ...each(deltaUrls(spec), deltaCrl),
      ...deps
        .certificates(key)
        .flatMap((der, i) =>
          publicationsAt(suffixed(spec.aiaUrls, i), { ...certificate, bytes: () => der }),
        ),
    ]
  }
  const respondersOf = (key: string, spec: OcspSpec): readonly Responder[] =>
    respondersAt(key, authorities[key]!.publishedOn, {
      spec,
      sign: deps.sign,
      configurations: deps.keyIndexes(key).map((i) => ({
        authority: deps.authority(key, i).certificate,
        crls: (at) => [crl(key, at, i), deltaCrl(key, at, i)].filter((der) => der !== undefined),
        signer: (at) =>
          spec.signer === 'authority'
            ? deps.authority(key, i)
            : signer(`${i},${signerRound(spec, firstSigner, at)} ${key}`),
      })),
    })

  const has = (key: string, keyIndex: number): boolean =>
    Object.hasOwn(authorities, key) && deps.keyIndexes(key).includes(keyIndex)
  return {
    crl: (key, at, i = 0) => (has(key, i) ? crl(key, at, i) : undefined),
    deltaCrl: (key, at, i = 0) => (has(key, i) ? deltaCrl(key, at, i) : undefined),
    publications: () => Object.entries(authorities).flatMap(([key, spec]) => filesOf(key, spec)),
    responders: () =>
      Object.entries(authorities).flatMap(([key, { ocsp }]) =>
        ocsp === undefined ? [] : respondersOf(key, ocsp),
      ),
  }
}

/** `3,2 issuing`: places in a schedule, and whose. */
function readLabel(label: string): { readonly numbers: readonly number[]; readonly key: string } {
  const [, numbers, key] = /^([\d,]+) (.*)$/s.exec(label)!
  return { numbers: numbers!.split(',').map(Number), key: key! }
}
