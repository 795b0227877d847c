/**
 * All that the authorities of a topology have on web servers: CRLs, deltas, certificates and OCSP responders, as of any instant.
 * Not the schedule and not the answers: {@link ./publication.ts} and {@link ./responder.ts} have those.
 */
import { remember } from '../base/remember.ts'
import { after, type Instant } from '../base/time.ts'
import type { AuthoritySpec, OcspSpec } from '../topology/pki.ts'
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
  type SignerValidity,
} from './responder.ts'

export interface PublisherDeps {
  /** By key, in topology order. */
  readonly authorities: Readonly<Record<string, AuthoritySpec>>
  readonly start: Instant
  readonly issuer: (key: string) => CrlIssuer
  /** The authority's own certificate and key. */
  readonly authority: (key: string) => ResponderSigner
  /** A certificate that the authority issues to its OCSP delegate; `round` counts them from 0. */
  readonly ocspSigner: (key: string, round: number, validity: SignerValidity) => ResponderSigner
}

export interface Publisher {
  /**
   * The CRL, DER, as published at `at`: the last one of its schedule, with what was revoked by the time of its issue. Before the
   * first: the first. Undefined: the topology has no such authority.
   */
  crl(key: string, at: Instant): Uint8Array | undefined
  /** The delta CRL, DER, as published at `at`. Undefined: the topology has no such authority, or it publishes none. */
  deltaCrl(key: string, at: Instant): Uint8Array | undefined
  /** The HTTP URLs of all authorities that publish on a node: CRLs first, then deltas and CA certificates, in topology order. */
  publications(): readonly Publication[]
  /** The OCSP responders of all authorities, at each of their HTTP URLs. */
  responders(): readonly Responder[]
}

export function publisherOf(deps: PublisherDeps): Publisher {
  const { authorities, start } = deps
  const issuer = remember(deps.issuer)
  const roundAt = (key: string, at: Instant) => crlRound(authorities[key]!, start, at)
  const complete = remember((label: string): Uint8Array => {
    const { key, numbers } = readLabel(label)
    return issueCrl(issuer(key), numbers[0]!)
  })
  const delta = remember((label: string): Uint8Array | undefined => {
    const { key, numbers } = readLabel(label)
    return issueDeltaCrl(issuer(key), { round: numbers[0]!, delta: numbers[1]! })
  })
  const crl = (key: string, at: Instant): Uint8Array => complete(`${roundAt(key, at).round} ${key}`)
  const deltaCrl = (key: string, at: Instant): Uint8Array | undefined => {
    const { round, delta: number } = roundAt(key, at)
    return delta(`${round},${number} ${key}`)
  }
  const signer = remember((label: string): ResponderSigner => {
    const { key, numbers } = readLabel(label)
    const [round] = numbers
    const validity = signerValidity(authorities[key]!.ocsp!, firstSigner, round!)
    return deps.ocspSigner(key, round!, validity)
  })
  const firstSigner = after(start, CERTIFICATE_VALID_FROM)

  const filesOf = (key: string, spec: AuthoritySpec): readonly Publication[] => {
    const file = { node: spec.publishedOn, authority: key }
    const list = { ...file, contentType: 'application/pkix-crl' } as const
    const bytes = () => deps.authority(key).certificate.der
    return [
      ...publicationsAt(spec.crlUrls, { ...list, bytes: (at) => crl(key, at) }),
      ...publicationsAt(deltaUrls(spec), { ...list, bytes: (at) => deltaCrl(key, at)! }),
      ...publicationsAt(spec.aiaUrls, { ...file, contentType: 'application/pkix-cert', bytes }),
    ]
  }
  const respondersOf = (key: string, spec: OcspSpec): readonly Responder[] =>
    respondersAt(key, authorities[key]!.publishedOn, {
      spec,
      authority: deps.authority(key).certificate,
      crls: (at) => [crl(key, at), deltaCrl(key, at)].filter((der) => der !== undefined),
      signer: (at) =>
        spec.signer === 'authority'
          ? deps.authority(key)
          : signer(`${signerRound(spec, firstSigner, at)} ${key}`),
    })

  return {
    crl: (key, at) => (Object.hasOwn(authorities, key) ? crl(key, at) : undefined),
    deltaCrl: (key, at) => (Object.hasOwn(authorities, key) ? deltaCrl(key, at) : undefined),
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
