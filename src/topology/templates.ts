/**
 * Certificate templates of AD CS as plain data, and the tutorial's four as constructors.
 * Not the rules: `directory/templates.ts` lays a template over its base, `directory/enrolment.ts` decides who gets what.
 */
import { days, type Duration } from '../base/time.ts'
import type { EkuName } from './pki.ts'

/** The templates that AD CS brings along, by their display names. */
export type TemplateBase =
  | 'User'
  | 'Computer'
  | 'Workstation Authentication'
  | 'RAS and IAS Server'
  | 'Web Server'
  | 'OCSP Response Signing'

export type TemplateRight = 'read' | 'enroll' | 'autoenroll'

/** Where the private key may be made, in order of preference: the Platform Crypto Provider is `tpm`. */
export type KeyProvider = 'tpm' | 'software-ksp' | 'legacy-csp'

/** How the subject is named. What is absent is as in the base template. */
export interface TemplateSubject {
  /** `directory`: the CA builds it from Active Directory. `request`: the requester supplies it. */
  readonly from?: 'directory' | 'request'
  /** Subject name format. */
  readonly name?: 'common-name' | 'distinguished-name' | 'dns-name' | 'none'
  /** Include the e-mail name in the subject. */
  readonly emailInSubject?: boolean
  /** Include in the subject alternative name: e-mail name, DNS name, user principal name, service principal name. */
  readonly email?: boolean
  readonly dns?: boolean
  readonly upn?: boolean
  readonly spn?: boolean
}

export interface TemplateSpec {
  readonly base: TemplateBase
  /** Default: the template's key. */
  readonly displayName?: string
  /** Default: below Microsoft's arc, made from the key. */
  readonly oid?: string
  /**
   * 1 is a template as AD CS brings it, 2 a duplicate for Windows Server 2003, 3 for 2008 and 4 for 2012 and later: what the
   * Compatibility tab decides. Default 4; a base of version 1 that is used as it is says 1.
   */
  readonly schemaVersion?: 1 | 2 | 3 | 4
  /** Default 100. Reenroll All Certificate Holders raises it. */
  readonly majorVersion?: number
  /** Default 2; each change that is saved raises it. */
  readonly minorVersion?: number
  readonly subject?: TemplateSubject
  /** Application policies; default those of the base. */
  readonly eku?: readonly EkuName[]
  /** Default that of the base. */
  readonly validFor?: Duration
  /** Renewal period: so long before the end autoenrolment renews. Default that of the base, six weeks in most. */
  readonly renewBefore?: Duration
  /** What groups may do. Everybody else may do nothing. */
  readonly permissions: Readonly<Record<string, readonly TemplateRight[]>>
  /** Default that of the base. */
  readonly exportable?: boolean
  readonly providers?: readonly KeyProvider[]
  /** Bits; default 2048. */
  readonly minimumKeySize?: number
  readonly hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  /** Publish certificate in Active Directory; default that of the base. */
  readonly publishInAd?: boolean
  /** Keys of templates that this one takes the place of: autoenrolment no longer uses those. */
  readonly supersedes?: readonly string[]
  /** Under which name a node holds what autoenrolment brings; default the template's key. */
  readonly certificate?: string
}

/** What the constructors leave open; what is given here goes before. */
type Rest = Partial<Omit<TemplateSpec, 'base'>>

const ENROLLED = ['read', 'enroll'] as const
const AUTOENROLLED = ['read', 'enroll', 'autoenroll'] as const

/** VPN User Authentication: from User, for the user tunnel. Held as `user`. */
export const vpnUserTemplate = (rest: Rest = {}): TemplateSpec => ({
  base: 'User',
  displayName: 'VPN User Authentication',
  subject: { email: false, emailInSubject: false, upn: true },
  permissions: { 'VPN Users': AUTOENROLLED },
  exportable: false,
  publishInAd: false,
  providers: ['tpm', 'software-ksp'],
  certificate: 'user',
  ...rest,
})

/** VPN Server Authentication: from RAS and IAS Server, with IP security IKE intermediate, subject in the request. */
export const vpnServerTemplate = (rest: Rest = {}): TemplateSpec => ({
  base: 'RAS and IAS Server',
  displayName: 'VPN Server Authentication',
  subject: { from: 'request' },
  eku: ['serverAuth', 'clientAuth', 'ikeIntermediate'],
  permissions: { 'VPN Servers': ENROLLED },
  ...rest,
})

/** NPS Server Authentication: from RAS and IAS Server, named after the server. Held as `nps`. */
export const npsServerTemplate = (rest: Rest = {}): TemplateSpec => ({
  base: 'RAS and IAS Server',
  displayName: 'NPS Server Authentication',
  permissions: { 'NPS Servers': AUTOENROLLED },
  providers: ['software-ksp'],
  certificate: 'nps',
  ...rest,
})

/** For the device tunnel: from Workstation Authentication, with IP security IKE intermediate. Held as `device`. */
export const deviceTemplate = (rest: Rest = {}): TemplateSpec => ({
  base: 'Workstation Authentication',
  displayName: 'VPN Device Authentication',
  subject: { name: 'dns-name', dns: true },
  eku: ['clientAuth', 'ikeIntermediate'],
  validFor: days(365),
  permissions: { 'Domain Computers': AUTOENROLLED },
  providers: ['tpm', 'software-ksp'],
  certificate: 'device',
  ...rest,
})
