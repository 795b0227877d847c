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
    /** From thisUpdate to nextUpdate; default `every` and `overlap` together, without `every` 7 days. */
    readonly validFor?: Duration
    /** A new CRL is published this often (CRLPeriod); absent: never again (an offline root that somebody must remember). */
    readonly every?: Duration
    /** How long a CRL outlives the next one (CRLOverlapPeriod); default a tenth of `every`, 12 hours at most. */
    readonly overlap?: Duration
    /** Delta CRLs between the complete ones; absent: none. */
    readonly delta?: {
      /** CRLDeltaPeriod. */
      readonly every: Duration
      /** CRLDeltaOverlapPeriod; default as above. */
      readonly overlap?: Duration
      /** Written into complete CRLs (freshestCRL); default the `crlUrls` with a plus sign, `issuing+.crl`. */
      readonly urls?: readonly string[]
    }
  }
  /** An OCSP responder that answers from the CRLs as published; absent: none. */
  readonly ocsp?: OcspSpec<H>
  /** basicConstraints pathLenConstraint; absent: none. */
  readonly pathLength?: number
  /** Of an enterprise CA: keys of the templates that it issues (Certificate Templates in its console). Absent: it issues none. */
  readonly templates?: readonly string[]
  /** Groups that may request certificates of it; default `Authenticated Users`. */
  readonly requesters?: readonly string[]
  /** Node on which the enterprise CA answers requests; default `publishedOn`. */
  readonly runsOn?: H
  /** Whether it writes the SID extension (KB5014754); default true. False is a CA without the updates of May 2022. */
  readonly sidExtension?: boolean
  /** ValidityPeriodUnits: nothing that it issues by template is valid for longer. Default 2 years. */
  readonly maximumValidity?: Duration
  /** When its own certificate was, or will be, renewed, in that order. */
  readonly renewals?: readonly AuthorityRenewal[]
}

/** Renew CA Certificate: from then on it signs with the new certificate. */
export interface AuthorityRenewal {
  /** Relative to the topology's start. */
  readonly at: Duration
  /** A new key begins a CRL of its own, `name(1).crl` beside `name.crl`. */
  readonly key: 'same' | 'new'
  /** Default: as long as before. */
  readonly validFor?: Duration
}

/** An Online Responder for one authority. */
export interface OcspSpec<H extends string = string> {
  /** HTTP URLs written into what the authority issues (AIA ocsp). */
  readonly urls: readonly string[]
  /** Node whose web server answers at the paths of those URLs; default the authority's `publishedOn`. */
  readonly publishedOn?: H
  /** From an answer to its nextUpdate, which the CRL's own is a limit to; default that of the CRL. */
  readonly validFor?: Duration
  /** Who signs: a delegate with a short-lived certificate (default, as AD CS has it), or the authority itself. */
  readonly signer?: 'delegate' | 'authority'
  /** Lifetime of the delegate's certificates, each of which is replaced when a seventh is left; default 14 days. */
  readonly signerValidFor?: Duration
  /** Answer requests that carry a nonce; default no, as an Online Responder is installed: they get `unauthorized`. */
  readonly nonces?: boolean
  /** Answer everything with this error status. */
  readonly fails?: 'internalError' | 'tryLater' | 'unauthorized'
}

export type EkuName =
  | 'serverAuth'
  | 'clientAuth'
  | 'ikeIntermediate'
  | 'smartCardLogon'
  | 'anyPurpose'
  | 'encryptingFileSystem'
  | 'emailProtection'
  | 'ocspSigning'

/**
 * A certificate that a node holds: installed by hand (`issuer`, `subject` and `validFor` say what it is), or requested of an
 * enterprise CA (`template`). Of a requested one, what template and directory give holds wherever nothing is written here: a field
 * beside `template` stands for a mistake that is rehearsed, and no rule is asked.
 */
export interface CertificateSpec {
  /** Unique on its node: `chain --of gateway:ike` names it. */
  readonly name: string
  /** Key of the authority that issues it. Default, with a template: the first that issues it. */
  readonly issuer?: string
  readonly subject?: string
  /** dNSName entries of the subject alternative name. */
  readonly dns?: readonly string[]
  /** userPrincipalName otherName entries. */
  readonly upn?: readonly string[]
  readonly eku?: readonly EkuName[]
  /** Relative to the topology's start; default 1 day before. */
  readonly validFrom?: Duration
  readonly validFor?: Duration
  /**
   * Put on the issuer's CRL: when (relative to the start) and why (RFC 5280 §5.3.1); of several certificates in a row, the one held
   * then. `releasedAt`: a certificateHold ends then, and the certificate is good again.
   */
  readonly revoked?: {
    readonly at: Duration
    readonly reason: RevocationReason
    readonly releasedAt?: Duration
  }
  /** Whether its holder sends the intermediates along; default true. */
  readonly sendsChain?: boolean
  /** Key of the template by which it was requested. */
  readonly template?: string
  /** Logon name of the user who requested it here; absent: the node's own account did. */
  readonly for?: string
  readonly request?: RequestSpec
}

/** What a certificate request says. A template that builds the subject from the directory ignores names. */
export interface RequestSpec {
  /** `CN=vpn.contoso.com`. */
  readonly subject?: string
  readonly dns?: readonly string[]
  readonly upn?: readonly string[]
  /** A SID in a URL of the subject alternative name, `tag:microsoft.com,2022-09-14:sid:…`. */
  readonly sid?: string
  /** Bits; default what the template asks for. */
  readonly keySize?: number
}

/** A certificate that was not requested: all that it is stands in the topology. */
export type InstalledCertificate = CertificateSpec &
  Required<Pick<CertificateSpec, 'issuer' | 'subject' | 'validFor'>>

/** Whether the certificate is installed by hand; in a topology that was validated, the others have a template. */
export const isInstalled = (spec: CertificateSpec): spec is InstalledCertificate =>
  spec.template === undefined

/** CRLReason (RFC 5280 §5.3.1), as far as an operator of AD CS can choose one. */
export const REVOCATION_REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
] as const

export type RevocationReason = (typeof REVOCATION_REASONS)[number]
