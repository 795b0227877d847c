/**
 * Certificate templates as a CA reads them: what the topology writes, laid over the template that it duplicates.
 * Not permissions of accounts and not decisions: {@link ./enrolment.ts} has those. The bases are those of Windows Server's AD CS.
 */
import { createHash } from 'node:crypto'
import { days, type Duration } from '../base/time.ts'
import type { KeyUsageBit } from '../pki/certificate/extensions.ts'
import { EKU_OIDS } from '../pki/encoding/oids.ts'
import type { TemplateMark } from '../pki/issuing/plan.ts'
import type { EkuName } from '../topology/pki.ts'
import type {
  KeyProvider,
  TemplateBase,
  TemplateRight,
  TemplateSpec,
  TemplateSubject,
} from '../topology/templates.ts'

/** A template with nothing left open. */
export interface Template {
  readonly key: string
  readonly base: TemplateBase
  readonly displayName: string
  /** Whom it is for: CT_FLAG_MACHINE_TYPE or not ([MS-CRTD] §2.4). */
  readonly subjectType: 'user' | 'computer'
  readonly schemaVersion: 1 | 2 | 3 | 4
  readonly mark: TemplateMark
  readonly subject: Required<TemplateSubject>
  readonly eku: readonly EkuName[]
  readonly keyUsage: readonly KeyUsageBit[]
  readonly validFor: Duration
  readonly renewBefore: Duration
  /** By group, in lower case. */
  readonly permissions: ReadonlyMap<string, readonly TemplateRight[]>
  readonly exportable: boolean
  readonly providers: readonly KeyProvider[]
  readonly minimumKeySize: number
  readonly hash: NonNullable<TemplateSpec['hash']>
  readonly publishInAd: boolean
  readonly supersedes: readonly string[]
  /** Under which name a node holds what autoenrolment brings. */
  readonly certificate: string
}

type Base = Pick<
  Template,
  'subjectType' | 'subject' | 'eku' | 'keyUsage' | 'validFor' | 'exportable' | 'publishInAd'
> & {
  /** The name in the extension of version 1. */
  readonly commonName: string
  readonly renewBefore?: Duration
}

/** Six weeks: the renewal period of most templates that AD CS brings. */
const RENEW_BEFORE = days(42)
const YEAR = days(365)

const FROM_REQUEST: Required<TemplateSubject> = {
  from: 'request',
  name: 'none',
  emailInSubject: false,
  email: false,
  dns: false,
  upn: false,
  spn: false,
}
const FROM_DIRECTORY: Required<TemplateSubject> = { ...FROM_REQUEST, from: 'directory' }
const SIGN_AND_ENCRYPT: readonly KeyUsageBit[] = ['digitalSignature', 'keyEncipherment']

/** What a machine's template has, where nothing else is said. */
const COMPUTER = {
  subjectType: 'computer',
  keyUsage: SIGN_AND_ENCRYPT,
  validFor: YEAR,
  exportable: false,
  publishInAd: false,
} as const

const BASES: Readonly<Record<TemplateBase, Base>> = {
  User: {
    commonName: 'User',
    subjectType: 'user',
    subject: {
      ...FROM_DIRECTORY,
      name: 'distinguished-name',
      emailInSubject: true,
      email: true,
      upn: true,
    },
    eku: ['encryptingFileSystem', 'emailProtection', 'clientAuth'],
    keyUsage: SIGN_AND_ENCRYPT,
    validFor: YEAR,
    exportable: true,
    publishInAd: true,
  },
  Computer: {
    ...COMPUTER,
    commonName: 'Machine',
    subject: { ...FROM_DIRECTORY, name: 'dns-name', dns: true },
    eku: ['clientAuth', 'serverAuth'],
  },
  'Workstation Authentication': {
    ...COMPUTER,
    commonName: 'Workstation',
    subject: { ...FROM_DIRECTORY, dns: true },
    eku: ['clientAuth'],
  },
  'RAS and IAS Server': {
    ...COMPUTER,
    commonName: 'RASAndIASServer',
    subject: { ...FROM_DIRECTORY, name: 'common-name', dns: true },
    eku: ['clientAuth', 'serverAuth'],
  },
  'Web Server': {
    ...COMPUTER,
    commonName: 'WebServer',
    subject: FROM_REQUEST,
    eku: ['serverAuth'],
    validFor: days(730),
  },
  'OCSP Response Signing': {
    ...COMPUTER,
    commonName: 'OCSPResponseSigning',
    subject: { ...FROM_DIRECTORY, name: 'dns-name', dns: true },
    eku: ['ocspSigning'],
    keyUsage: ['digitalSignature'],
    validFor: days(14),
    renewBefore: days(2),
  },
}

/** Lay a template over its base. */
export function templateOf(key: string, spec: TemplateSpec): Template {
  const base = BASES[spec.base]
  const schemaVersion = spec.schemaVersion ?? 4
  return {
    key,
    base: spec.base,
    displayName: spec.displayName ?? key,
    subjectType: base.subjectType,
    schemaVersion,
    mark:
      schemaVersion === 1
        ? { name: base.commonName }
        : {
            oid: spec.oid ?? templateOid(key),
            major: spec.majorVersion ?? 100,
            minor: spec.minorVersion ?? 2,
          },
    subject: spec.subject?.from === 'request' ? FROM_REQUEST : { ...base.subject, ...spec.subject },
    eku: spec.eku ?? base.eku,
    keyUsage: base.keyUsage,
    validFor: spec.validFor ?? base.validFor,
    renewBefore: spec.renewBefore ?? base.renewBefore ?? RENEW_BEFORE,
    permissions: new Map(
      Object.entries(spec.permissions).map(([group, rights]) => [group.toLowerCase(), rights]),
    ),
    exportable: spec.exportable ?? base.exportable,
    providers: spec.providers ?? (schemaVersion > 2 ? ['software-ksp'] : ['legacy-csp']),
    minimumKeySize: spec.minimumKeySize ?? 2048,
    hash: spec.hash ?? 'sha256',
    publishInAd: spec.publishInAd ?? base.publishInAd,
    supersedes: spec.supersedes ?? [],
    certificate: spec.certificate ?? key,
  }
}

/** Whether a certificate by this template may serve the purpose; anyPurpose serves all. */
export const serves = ({ eku }: Template, purpose: EkuName): boolean =>
  eku.includes(purpose) || eku.includes('anyPurpose')

export const ekuOids = ({ eku }: Template): readonly string[] => eku.map((name) => EKU_OIDS[name])

/** Below the arc of enterprise templates, as AD CS makes one up when a template is duplicated. */
function templateOid(key: string): string {
  const hash = createHash('sha256').update(`template ${key}`).digest()
  const parts = [0, 3, 6, 9, 12, 15].map((at) => 1 + (hash.readUIntBE(at, 3) % 16_000_000))
  return `1.3.6.1.4.1.311.21.8.${parts.join('.')}`
}
