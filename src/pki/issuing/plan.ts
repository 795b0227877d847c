/**
 * Certificates that will be issued, as plain data: who holds it, what it says, when it begins and whether it is renewed.
 * Not certificates: {@link ./issue.ts} signs them when they are asked for. Not decisions: those are made where the plans are.
 */
import type { Duration, Instant } from '../../base/time.ts'
import type { AccountKey } from '../../topology/accounts.ts'
import type { MirrorSource, RevocationReason } from '../../topology/pki.ts'
import type { Denial } from './denial.ts'
import type { KeyUsageBit } from '../certificate/extensions.ts'
import type { NameAttribute } from '../certificate/name.ts'

export interface CertificatePlan {
  readonly node: string
  /** Unique on its node. */
  readonly name: string
  /** Key of the authority that issues it. */
  readonly issuer: string
  /** In encoding order. Empty: the names below are all that it is called. */
  readonly subject: readonly NameAttribute[]
  readonly names: SubjectNames
  readonly keyUsage: readonly KeyUsageBit[]
  /** Key purpose OIDs; none: the extension is left out. */
  readonly eku: readonly string[]
  /** What a template adds; absent: it was not requested by one. */
  readonly template?: TemplateMark
  /** objectSid of the account (KB5014754). */
  readonly sid?: string
  /** id-pkix-ocsp-nocheck, and no word on where to ask (RFC 6960 §4.2.2.2.1). */
  readonly isNotChecked: boolean
  /** Of the first; renewed ones begin when they are issued. */
  readonly notBefore: Instant
  readonly validFor: Duration
  readonly renewal?: RenewalPlan
  readonly revoked?: PlannedRevocation
  /** It is the mirror of a real one, and says what that says. */
  readonly mirrors?: MirrorSource
  /** Whether its holder sends the intermediates along. */
  readonly sendsChain: boolean
}

/** Of one certificate: the one that is held at `at`. */
export interface PlannedRevocation {
  readonly at: Instant
  readonly reason: RevocationReason
  /** Of a certificateHold: when it is released again. */
  readonly releasedAt?: Instant
}

/** What goes into the subject alternative name, in this order. */
export interface SubjectNames {
  readonly dns: readonly string[]
  readonly upn: readonly string[]
  readonly email: readonly string[]
  readonly urls: readonly string[]
}

/** How a certificate says by which template it was issued: version 1 by name, later ones by OID and version. */
export type TemplateMark =
  | { readonly name: string }
  | { readonly oid: string; readonly major: number; readonly minor: number }

export interface RenewalPlan {
  /** Not before so little is left. */
  readonly before: Duration
  /** From this instant the account gets nothing more. */
  readonly until?: Instant
}

/** How a member of the domain fared when it asked for a certificate. */
export interface EnrolmentOutcome {
  readonly node: string
  readonly account: AccountKey
  /** Key of the template. */
  readonly template: string
  /** Name under which the node holds the certificate, or would. */
  readonly name: string
  readonly by: 'autoenrolment' | 'request'
  /** Absent: it was issued. */
  readonly denial?: Denial
}
