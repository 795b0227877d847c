/**
 * What no source confirms about the programs that judge certificates, as named defaults that can be set. An answer that rests on one
 * names it. Not the facts themselves: those stand with the profile that follows them.
 */
import type { KdcAssumptions } from '../directory/kdc.ts'
import { SWITCH_DEFAULTS, type SwitchDefaults } from './revocation-switches.ts'

export interface Assumptions extends KdcAssumptions, SwitchDefaults {
  /** What the client shows where NPS could not check revocation (reasons 257, 259, 291). For 258, 812 was seen in the field. */
  readonly clientCodeWithoutCrl: '812' | '853'
  /** What the client shows for an account that is disabled, expired or locked (reasons 34, 35, 36). */
  readonly clientCodeOfAccountState: '812' | '853'
  /** What the client shows where no account has the name in the certificate (reason 8). */
  readonly clientCodeOfUnknownAccount: '812' | '853'
  /** What the client shows where the policy of NPS demands a purpose that the certificate lacks (reason 73). */
  readonly clientCodeOfPurposeConstraint: '812' | '853'
  /** Which of its two reasons for a revoked certificate NPS gives. */
  readonly reasonOfRevoked: 256 | 289
  /** Reason and code of a certificate whose dates lie ahead: two reasons speak of dates, one of clocks. */
  readonly reasonOfNotYetValid: 264 | 278
  /** The reason where no list can be had; of the three, only 258 (no place at all) is seen in the field. */
  readonly reasonOfUnreachableList: 259 | 291 | 257
  /** The reason for a certificate that is not for client authentication: three of them say so. */
  readonly reasonOfWrongPurpose: 267 | 283 | 293
  /** The reason for a root that NPS does not trust. */
  readonly reasonOfUntrustedRoot: 265 | 286
  /** The reason for a good certificate that is not that of whoever says to come. */
  readonly reasonOfOtherHolder: 298 | 292
  /** What SSTP shows for a certificate that is not for servers: Microsoft's troubleshooter says the first, the SSL policy the second. */
  readonly sstpWrongPurpose: '0x80070040' | '0x800B0110'
  /** What a device sees when the gateway could not check revocation: on the wire there is AUTHENTICATION_FAILED only. */
  readonly deviceCodeWithoutCrl: '13801' | '13806'
  /** What PEAP shows for a trusted root that the profile does not list. */
  readonly peapRootNotListed: '853' | '864' | '812'
  /** What PEAP shows for a certificate of NPS that is not for servers, or broken in another way that has no code of its own. */
  readonly peapOtherFault: '857' | '812'
  /** How a server name with a `*` is read. Microsoft says as a regular expression, yet its example takes the star for one character. */
  readonly serverNamePattern: 'regular-expression' | 'one-character'
  /** What NPS logs when the client turns its certificate down for its root; field reports say 265. */
  readonly reasonOfClientDistrust: 265 | 23
  /** The reason that NPS gives where it has no certificate that it could use. */
  readonly reasonOfNoServerCertificate: 22 | 23
  /** Whether letter case counts in the patterns of NPS's policies. */
  readonly npsPatternCase: 'ignored' | 'counts'
  /** The reason where one of the two policies matched that Windows brings and that deny: field reports have both. */
  readonly reasonOfDefaultDeny: 48 | 65
  /** The reason where a policy matched that somebody wrote to deny. */
  readonly reasonOfDenyPolicy: 65 | 48
  /** What NPS does that may not read dial-in properties, because it is not registered: Microsoft says they count, the field that they do not. */
  readonly unregisteredNps: 'denies' | 'ignores-dial-in'
  /** What the client shows where no RADIUS server answers, or NPS discards what it gets. */
  readonly clientCodeOfSilence: '812' | '691' | '718' | '809'
  /** Whether NPS adds event 6278 to each 6272 though no health policy is at work. */
  readonly logsFullAccess: boolean
  /** Events that Windows is said to log since KB5040268 where Message-Authenticator or Proxy-State is amiss; the numbers are not confirmed. */
  readonly blastRadiusEvents: 'logged' | 'none'
}

export type Assumption = keyof Assumptions

export const ASSUMPTIONS: Assumptions = {
  ...SWITCH_DEFAULTS,
  clientCodeWithoutCrl: '812',
  clientCodeOfAccountState: '812',
  clientCodeOfUnknownAccount: '853',
  clientCodeOfPurposeConstraint: '812',
  reasonOfRevoked: 256,
  reasonOfNotYetValid: 278,
  reasonOfUnreachableList: 259,
  reasonOfWrongPurpose: 267,
  reasonOfUntrustedRoot: 265,
  reasonOfOtherHolder: 298,
  sstpWrongPurpose: '0x80070040',
  deviceCodeWithoutCrl: '13801',
  peapRootNotListed: '864',
  peapOtherFault: '857',
  serverNamePattern: 'regular-expression',
  reasonOfClientDistrust: 265,
  reasonOfNoServerCertificate: 23,
  npsPatternCase: 'ignored',
  reasonOfDefaultDeny: 48,
  reasonOfDenyPolicy: 65,
  unregisteredNps: 'denies',
  clientCodeOfSilence: '812',
  logsFullAccess: true,
  blastRadiusEvents: 'logged',
  sha1PublicKeyOf: 'certificate',
  compatibilityEnds: '2025-09-09',
}
