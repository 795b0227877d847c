/**
 * What no source confirms about the programs that judge certificates, as named defaults that can be set. An answer that rests on one
 * names it. Not the facts themselves: those stand with the profile that follows them.
 */
import type { KdcAssumptions } from '../directory/kdc.ts'
import { minutes, seconds, type Duration } from '../base/time.ts'
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
  /** Where a client with NegotiateDH2048_AES256=1 puts AES-256 with group 14: before its usual proposals, or behind. */
  readonly dh2048Offered: 'first' | 'last'
  /** What becomes of a CryptographySuite where NativeProtocolType is Automatic; the author of the field's scripts says it is not looked at. */
  readonly suiteWithAutomatic: 'ignored' | 'used'
  /** Whether RRAS without a custom policy takes AES-256 with group 14. Clients of other makers reach it with group 2. */
  readonly gatewayAcceptsDh2048: boolean
  /** What IKEv2 shows where the gateway has no free port, or none at all: the text of 807 names a full server, field reports have the others. */
  readonly ikeWithoutPort: '807' | '808' | '809' | '13868'
  /** What SSTP shows where TCP 443 does not answer. */
  readonly sstpNoAnswer: '809' | '0x8007274C'
  /** What SSTP shows where no certificate is bound to its port. */
  readonly sstpWithoutCertificate: '0x80072746' | '0x80070040'
  /** What a device tunnel shows where the device does not trust the root of the gateway's certificate; field reports have both. */
  readonly deviceCodeOfUntrustedServer: '13801' | '13806'
  /** What a device tunnel shows where the gateway does not trust the chain of the device; field reports have both. */
  readonly deviceCodeOfUntrustedDevice: '13801' | '13806'
  /** What a user tunnel of IKEv2 shows where UserAuthProtocolAccepted lacks EAP: event 20276 is told with 812, field reports have the other. */
  readonly clientCodeOfMethod: '812' | '13868'
  /** What a device tunnel shows where UserAuthProtocolAccepted lacks Certificate. */
  readonly deviceCodeOfMethod: '13801' | '13868'
  /** What IKEv2 shows where the traffic selectors have nothing in common: 842 by its name, or as for every other disagreement. */
  readonly clientCodeOfSelectors: '842' | '13868'
  /** When a user without a certificate is found out: inside TLS, after the certificate of NPS, or when EAP asks who is there. */
  readonly userCertificateMissed: 'inside-tls' | 'at-identity'
  /**
   * Which events IKEv2 logs before it fails. `as-ppp`: 20223 and 20224 before a user is authenticated, as PPP is documented. `at-once`: both
   * before IKE begins, since they stand five seconds before an 809 in a log of Windows 10. `none`: with 20225 only.
   */
  readonly rasClientStagesOfIke: 'as-ppp' | 'at-once' | 'none'
  /** Whether the gateway logs 20255 where a client gives up, or its last message is refused. */
  readonly gatewayLogsAbandonedDials: boolean
  /** Which event tells of a connection whose link failed by itself: the one with the user, or the older one with the device. */
  readonly rasClientEventOfLostLink: 20226 | 20220
  /** What ends a connection whose client moved with DisableMobility set: the code named after it, or that of a lost link. */
  readonly codeOfMoveWithoutMobility: '829' | '843'
  /** What ends a connection that could not agree on new keys, since PfsGroup differs. */
  readonly codeOfFailedRekey: '829' | '13868'
  /** Whether RRAS logs the coming and going of a device (20250, 20272, 20274, 20275) as that of a user. */
  readonly gatewayLogsDevices: 'as-users' | 'none'
  /** Whether RRAS gives a client the Framed-IP-Address that NPS wants, though it is none of the pool's or of DHCP's. */
  readonly framedAddressOutsidePool: 'given' | 'from-pool'
  /** Whether trusted network detection wants the network to be private or of a domain, as Microsoft writes, or takes its suffix alone. */
  readonly trustedNetworkCategory: 'private' | 'any'
  /** Largest packet inside an IKEv2 tunnel, in bytes, at both ends. Seen in the field; Microsoft does not say. */
  readonly tunnelMtu: number
  /** What ESP's outer header makes of the inner packet's DF (RFC 4301 §8.1). Cleared: what is too long outside is fragmented there. */
  readonly outerDontFragment: 'cleared' | 'copied'
  /** What becomes of a tunnel that stands when its computer comes to a trusted network: Microsoft speaks of triggers only. */
  readonly tunnelOnTrustedNetwork: 'stays' | 'ended'
  /** Whether Always On dials again where the gateway has hung up, for want of traffic too, or only where the link failed. */
  readonly redialsEndedByGateway: boolean
  /** How many dials follow each other after {@link redialPause}: RedialAttempts of a VPN's phonebook entry. */
  readonly redialAttempts: number
  /** Between those: RedialSeconds. That Always On keeps to the phonebook here is not confirmed. */
  readonly redialPause: Duration
  /** Between all that follow. A change of network is answered at once in any case. */
  readonly redialPauseLater: Duration
  /** Whether Windows Pro, which may have the profile, dials a device tunnel by itself. */
  readonly deviceTunnelOnPro: 'by-hand' | 'dialled'
  /** What becomes of a Route whose address has bits beyond its prefix: a field report misses such routes. */
  readonly routeWithHostBits: 'left-out' | 'cleared'
  /** Who has a network that is on-link at home and just as long in the profile: the wire at home, or the lower metric. */
  readonly samePrefixAtHome: 'home' | 'metric'
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
  dh2048Offered: 'first',
  suiteWithAutomatic: 'ignored',
  gatewayAcceptsDh2048: false,
  ikeWithoutPort: '807',
  sstpNoAnswer: '809',
  sstpWithoutCertificate: '0x80072746',
  deviceCodeOfUntrustedServer: '13801',
  deviceCodeOfUntrustedDevice: '13801',
  clientCodeOfMethod: '812',
  deviceCodeOfMethod: '13801',
  clientCodeOfSelectors: '842',
  userCertificateMissed: 'inside-tls',
  rasClientStagesOfIke: 'as-ppp',
  gatewayLogsAbandonedDials: true,
  rasClientEventOfLostLink: 20226,
  codeOfMoveWithoutMobility: '843',
  codeOfFailedRekey: '829',
  gatewayLogsDevices: 'as-users',
  framedAddressOutsidePool: 'given',
  trustedNetworkCategory: 'private',
  tunnelMtu: 1400,
  outerDontFragment: 'cleared',
  tunnelOnTrustedNetwork: 'stays',
  redialsEndedByGateway: true,
  redialAttempts: 3,
  redialPause: seconds(60),
  redialPauseLater: minutes(15),
  deviceTunnelOnPro: 'by-hand',
  routeWithHostBits: 'left-out',
  samePrefixAtHome: 'home',
  blastRadiusEvents: 'logged',
  sha1PublicKeyOf: 'certificate',
  compatibilityEnds: '2025-09-09',
}
