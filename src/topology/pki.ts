/**
 * Certification authorities and certificates as plain data: what should be issued, from when to when, and where its CRL is.
 * Not certificates: `pki` issues them when a lab is built, with keys from a fixed pool.
 */
import type { Duration } from '../base/time.ts'

export interface AuthoritySpec<H extends string = string> {
  /** Distinguished name, `CN=Contoso Root CA`. */
  readonly subject: string
  /** Key of the authority that signed this one; absent: a root. */
  readonly issuer?: string
  /** When its certificate begins, relative to the topology's start (negative: before). Default 30 days before. */
  readonly validFrom?: Duration
  readonly validFor: Duration
  /** HTTP URLs written into what it issues: where its CRL can be fetched (CDP). */
  readonly crlUrls?: readonly string[]
  /** HTTP URLs written into what it issues: where its own certificate can be fetched (AIA caIssuers). */
  readonly aiaUrls?: readonly string[]
  /** Node whose web server serves the CRL and the certificate at the paths of those URLs. */
  readonly publishedOn?: H
  readonly crl?: {
    /** thisUpdate relative to the topology's start; default 1 hour before. */
    readonly thisUpdate?: Duration
    /** From thisUpdate to nextUpdate; default 7 days. */
    readonly validFor?: Duration
    /** A new CRL is published this often; absent: never again (an offline root that somebody must remember). */
    readonly every?: Duration
  }
  /** basicConstraints pathLenConstraint; absent: none. */
  readonly pathLength?: number
}

export type EkuName =
  | 'serverAuth'
  | 'clientAuth'
  | 'ikeIntermediate'
  | 'smartCardLogon'
  | 'anyPurpose'

export interface CertificateSpec {
  /** Unique on its node: `chain --of gateway:ike` names it. */
  readonly name: string
  /** Key of the authority that issues it. */
  readonly issuer: string
  readonly subject: string
  /** dNSName entries of the subject alternative name. */
  readonly dns?: readonly string[]
  /** userPrincipalName otherName entries. */
  readonly upn?: readonly string[]
  readonly eku?: readonly EkuName[]
  /** Relative to the topology's start; default 1 day before. */
  readonly validFrom?: Duration
  readonly validFor: Duration
  /** Put on the issuer's CRL: when (relative to the start) and why (RFC 5280 §5.3.1). */
  readonly revoked?: { readonly at: Duration; readonly reason: RevocationReason }
  /** Whether its holder sends the intermediates along; default true. */
  readonly sendsChain?: boolean
}

export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'
