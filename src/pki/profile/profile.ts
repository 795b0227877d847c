/**
 * What a relying party demands of a certificate path, as data, and what it shows when that is not met.
 * Not the checks: {@link ../path/path-rules.ts} makes them. The parties themselves: {@link ./profiles.ts}, and Windows' in `windows`.
 */
import type { Instant } from '../../base/time.ts'
import { subjectOf, type Certificate } from '../certificate/certificate.ts'
import type { KeyUsageBit } from '../certificate/extensions.ts'
import type { PathFailure, PathFailureCode } from './failure.ts'

/**
 * How revocation is looked at. `none`: not at all. `soft`: a certificate on a list is refused, a list that cannot be had is not held
 * against it. `hard`: each certificate below the root must be cleared by a current CRL or OCSP response.
 */
export type RevocationMode = 'none' | 'soft' | 'hard'

/** An entry of an event log, or of a trace, that a judgement leaves behind; the text is ours. */
export interface LoggedEvent {
  readonly on: 'client' | 'gateway' | 'nps' | 'dc'
  readonly source: string
  readonly id: number
  readonly text: string
}

/** An error as Windows shows it: a RAS or IPsec error in decimal, an HRESULT in hexadecimal. */
export interface WindowsOutcome {
  readonly code: string
  readonly name: string
  /** The reason code that NPS writes into its event 6273, with a text of ours. */
  readonly reason?: { readonly code: number; readonly text: string }
  readonly events?: readonly LoggedEvent[]
  /** The user is asked this first, and sees the code after saying no. */
  readonly prompt?: string
  /** Names of assumptions that no source confirms and without which it could be another. */
  readonly restsOn?: readonly string[]
}

export type Outcomes = Readonly<Partial<Record<PathFailureCode, WindowsOutcome>>>

/** What is too weak to be relied on. */
export interface StrengthRule {
  /** Bits of an RSA or DSA modulus. */
  readonly modulusMin: number
  /** Bits of an elliptic curve's field. */
  readonly curveMin: number
  /** Signatures over SHA-1 digests below the anchor. */
  readonly allowsSha1: boolean
  /** OIDs of the signature algorithms that count below the anchor, as in TLS (RFC 8446 §4.2.3); absent: all that can be verified. */
  readonly algorithms?: readonly string[]
}

/**
 * How much of a trust anchor's certificate counts beside its name and key, which is all that RFC 5280 §6.1.1 (d) takes. What is
 * written in it can be held to as well (RFC 5937).
 */
export interface AnchorRules {
  readonly dates: boolean
  /** cA, keyUsage, extKeyUsage, pathLenConstraint and name constraints, where they stand, and what RFC 5280 §4 demands. */
  readonly constraints: boolean
  /** Beside the constraints, basicConstraints must be there; a certificate below version 3 cannot have any and needs none. */
  readonly basicConstraints: boolean
  /** Its certificate policies and their constraints, as if it stood below an anchor. */
  readonly policies: boolean
  /** The end entity itself may be the anchor. */
  readonly endEntities: boolean
}

/** Windows, OpenSSL and browsers hold a root to what it says, but for policies. */
export const WHOLE_ANCHORS: AnchorRules = {
  dates: true,
  constraints: true,
  basicConstraints: true,
  policies: false,
  endEntities: true,
}

/** What is wrong with a path, and what was looked over because the relying party does not insist. */
export interface PathFindings {
  readonly failures: readonly PathFailure[]
  readonly tolerated: readonly PathFailure[]
}

export const NO_FINDINGS: PathFindings = { failures: [], tolerated: [] }

export interface RelyingPartyProfile {
  readonly name: string
  /** Key purpose OIDs: extKeyUsage, wherever in the path it stands, must have the same one of these; none: any will do. */
  readonly purposes: readonly string[]
  /** anyExtendedKeyUsage stands for every purpose. RFC 5280 §4.2.1.12 leaves that to the application. */
  readonly anyPurposeSuffices: boolean
  /**
   * Microsoft's application policies take the place of extKeyUsage, which is ignored in a certificate that has both (Microsoft, "Using
   * Application Policies", cc776986). Absent: they say nothing.
   */
  readonly readsApplicationPolicies?: boolean
  /** Extensions beyond RFC 5280 that it processes, and may meet as critical. Absent: none. */
  readonly processes?: ReadonlySet<string>
  /** keyUsage bits that the end entity must all have where it has the extension; absent: none. */
  readonly keyUsage?: readonly KeyUsageBit[]
  /** Absent: {@link WHOLE_ANCHORS}. */
  readonly anchorRules?: AnchorRules
  /** Whether the subject's common name can match: never, only where no dNSName stands, or beside the dNSNames. */
  readonly commonName: 'never' | 'without-dns-names' | 'always'
  /** Domains below which names are registered by anybody: a wildcard directly below one matches no host. Absent: none are known. */
  readonly isPublicSuffix?: (domain: string) => boolean
  /** Hold the subject's common name to dNSName constraints where no dNSName stands, whatever name was dialled: Windows does. */
  readonly constrainsCommonName: boolean
  readonly revocation: RevocationMode
  /** What a hard check lets pass all the same: doubts by these codes are noted, as a soft check does. Never `pki/revoked`. */
  readonly toleratedRevocation?: readonly PathFailureCode[]
  /**
   * A CRL that points to deltas counts only together with a current one, as Windows holds it. Absent: without a delta the complete CRL
   * counts alone (RFC 5280 §6.3.3 (c)).
   */
  readonly demandsDelta?: boolean
  /** Look at the root, too, where it names a CRL or a responder. Absent: no. */
  readonly checksRootRevocation?: boolean
  /** Ask a responder before any CRL, and CRLs only where none answers; false: the other way round. Absent: yes, as Windows does. */
  readonly prefersOcsp?: boolean
  /**
   * The nonce of OCSP requests. `none` (absent, and Windows): requests carry none, responses are kept until nextUpdate. `offered`: a
   * response may leave it out (RFC 9654 §2.1). `demanded`: it may not.
   */
  readonly ocspNonce?: 'none' | 'offered' | 'demanded'
  /** Refuse what RFC 5280 §4 forbids authorities to issue, beyond what the path validation of §6.1 looks at. */
  readonly demandsConformance: boolean
  readonly strength: StrengthRule
  /** Fetch an issuer's certificate that is missing from its AIA caIssuers URL. */
  readonly fetchesIntermediates: boolean
  /**
   * What it wants beside all that, of a path (end entity first) that ends in a trust anchor: an account, a root of its own choice.
   * Part of the search: where another path meets it, that one is taken.
   */
  readonly demands?: (path: readonly Certificate[], at: Instant) => PathFindings
  /** Codes in the order in which it looks, the first first; those that are absent follow in the common order. */
  readonly order?: readonly PathFailureCode[]
  /**
   * What it does not hold against a path (end entity first) though a rule is broken: a setting switches that check off, or the
   * certificate itself is known. It is told among what was tolerated.
   */
  readonly overlooks?: (failure: PathFailure, path: readonly Certificate[]) => boolean
  /** What the user or the log shows for a failure; empty where no Windows program is modelled. */
  readonly outcomes: Outcomes
  /** The same for failures of the trust anchor itself, where Windows has codes of their own for it. */
  readonly anchorOutcomes?: Outcomes
  /** What is logged where a failure is tolerated. */
  readonly warns?: Readonly<Partial<Record<PathFailureCode, LoggedEvent>>>
  /**
   * By name, assumptions that no source confirms, and the failures that each may make or unmake. What is accepted rests on all of
   * them, a refusal on those that have to do with its cause.
   */
  readonly restsOn?: Readonly<Record<string, readonly PathFailureCode[]>>
}

/** What Windows shows for a failure. Some have a code of their own where it is the path's `anchor` that breaks the rule. */
export function outcomeOf(
  { outcomes, anchorOutcomes }: RelyingPartyProfile,
  failure: PathFailure | undefined,
  anchor: Certificate | undefined,
): WindowsOutcome | undefined {
  if (failure === undefined) return undefined
  const isAnchors = anchor !== undefined && failure.subject === subjectOf(anchor)
  return (isAnchors ? anchorOutcomes?.[failure.code] : undefined) ?? outcomes[failure.code]
}
