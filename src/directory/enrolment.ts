/**
 * What an enterprise CA answers to a request by template: a plan of the certificate, or why it is denied. A pure function.
 * Not the way to the CA, and not issuing. The rules are those of [MS-WCCE] §3.2.2.6.2.1.4 and of the template's own tabs; what no
 * source confirms says so in `restsOn`.
 */
import { days, formatInstant, type Duration, type Instant } from '../base/time.ts'
import { err, ok, type Result } from '../base/result.ts'
import { attributesOf } from '../pki/issuing/contents.ts'
import { denied, type Denial } from '../pki/issuing/denial.ts'
import { issuedUnder } from '../pki/issuing/generations.ts'
import type { NameAttribute } from '../pki/certificate/name.ts'
import { ATTRIBUTE_OIDS } from '../pki/encoding/oids.ts'
import type { CertificatePlan, SubjectNames } from '../pki/issuing/plan.ts'
import type { AuthoritySpec, RequestSpec } from '../topology/pki.ts'
import { isMember, type Account } from './directory.ts'
import { ekuOids, type Template } from './templates.ts'

/** ValidityPeriodUnits of an enterprise CA as it is installed: 2 years. */
export const MAXIMUM_VALIDITY = days(730)

export interface EnrolmentRequest {
  /** Key of the authority that is asked. */
  readonly issuer: string
  readonly template: Template
  readonly account: Account
  readonly request?: RequestSpec
  readonly at: Instant
}

/** What the CA knows besides the request. */
export interface CaContext {
  readonly authorities: Readonly<Record<string, AuthoritySpec>>
  /** Of the topology: authorities are dated from it. */
  readonly start: Instant
}

/** What the CA settles of a certificate. */
export type GrantedCertificate = Pick<
  CertificatePlan,
  'subject' | 'names' | 'keyUsage' | 'eku' | 'template' | 'sid' | 'isNotChecked' | 'validFor'
>

/** Decide on a request. Tested in this order; the first that objects is told. */
export function decideRequest(
  asked: EnrolmentRequest,
  context: CaContext,
): Result<GrantedCertificate, Denial> {
  for (const objection of OBJECTIONS) {
    const denial = objection(asked, context)
    if (denial !== undefined) return err(denial)
  }
  const { template, account, request = {} } = asked
  const { maximumValidity = MAXIMUM_VALIDITY, sidExtension } = context.authorities[asked.issuer]!
  const isOnline = template.subject.from === 'directory'
  return ok({
    ...(isOnline ? fromDirectory(template, account) : fromRequest(request)),
    keyUsage: template.keyUsage,
    eku: ekuOids(template),
    template: template.mark,
    // An offline request gets no SID of the CA's own: whoever asks could be anybody (KB5014754).
    ...(isOnline && sidExtension !== false && { sid: account.sid }),
    isNotChecked: template.base === 'OCSP Response Signing',
    validFor: Math.min(template.validFor, maximumValidity) as Duration,
  })
}

type Objection = (asked: EnrolmentRequest, context: CaContext) => Denial | undefined

const OBJECTIONS: readonly Objection[] = [
  accountInactive,
  authorityOutOfDate,
  notPublished,
  requesterDenied,
  templateDenied,
  wrongKind,
  nameMissing,
  keyTooShort,
]

function accountInactive({ account, at }: EnrolmentRequest): Denial | undefined {
  const { isDisabled, isLocked, expires } = account
  const isExpired = expires !== undefined && expires <= at
  if (!isDisabled && !isLocked && !isExpired) return undefined
  return denied('ERROR_ACCOUNT_DISABLED', {
    message: `${account.name} cannot sign in, so it cannot ask for a certificate`,
    expected: 'an account that is enabled, not locked and not expired',
    got: isDisabled ? 'disabled' : isLocked ? 'locked' : `expired ${formatInstant(expires!)}`,
    restsOn: 'the code is that of the failed sign-in; no source says what an enrolment shows',
  })
}

function authorityOutOfDate(asked: EnrolmentRequest, context: CaContext): Denial | undefined {
  const { issuer, at } = asked
  const { notBefore, notAfter } = issuedUnder(context.authorities, issuer, context.start, at)
  if (at >= notBefore && at <= notAfter) return undefined
  return denied('CERT_E_EXPIRED', {
    message: `the certificate of ${issuer} is not valid at this time`,
    expected: `${formatInstant(notBefore)} … ${formatInstant(notAfter)}`,
    got: formatInstant(at),
    restsOn: 'the certificate service does not start with such a certificate; the code is ours',
  })
}

function notPublished({ issuer, template }: EnrolmentRequest, context: CaContext) {
  const { templates = [] } = context.authorities[issuer]!
  if (templates.includes(template.key)) return undefined
  return denied('CERTSRV_E_UNSUPPORTED_CERT_TYPE', {
    message: `${issuer} does not issue '${template.displayName}': it is no Certificate Template to Issue there`,
    expected: template.key,
    got: templates.length === 0 ? 'no template at all' : templates.join(', '),
  })
}

function requesterDenied({ issuer, account }: EnrolmentRequest, context: CaContext) {
  const { requesters = ['Authenticated Users'] } = context.authorities[issuer]!
  if (requesters.some((group) => isMember(account, group))) return undefined
  return denied('CERTSRV_E_ENROLL_DENIED', {
    message: `${account.name} has no Request Certificates permission on ${issuer}`,
    expected: `a member of ${requesters.join(', ')}`,
    got: groupsOf(account),
  })
}

function templateDenied({ template, account }: EnrolmentRequest): Denial | undefined {
  const missing = (['read', 'enroll'] as const).find((right) => !mayUse(template, account, right))
  if (missing === undefined) return undefined
  const groups = groupsWith(template, missing)
  return denied('CERTSRV_E_TEMPLATE_DENIED', {
    message: `${account.name} has no ${RIGHT_NAMES[missing]} permission on '${template.displayName}'`,
    expected:
      groups.length === 0 ? 'a group that has it: none does' : `a member of ${groups.join(', ')}`,
    got: groupsOf(account),
    ...(missing === 'read' && {
      restsOn: 'who may not read a template does not see it, and no source gives the code',
    }),
  })
}

/** As the Security tab shows them. */
export const RIGHT_NAMES = { read: 'Read', enroll: 'Enroll', autoenroll: 'Autoenroll' } as const

const groupsOf = ({ groups }: Account): string => `a member of ${[...groups].join(', ')}`

const groupsWith = (
  { permissions }: Template,
  right: keyof typeof RIGHT_NAMES,
): readonly string[] =>
  [...permissions].flatMap(([group, rights]) => (rights.includes(right) ? [group] : []))

/** Whether one of the account's groups has the right; permissions add up. */
export const mayUse = (
  template: Template,
  account: Account,
  right: keyof typeof RIGHT_NAMES,
): boolean => groupsWith(template, right).some((group) => isMember(account, group))

/** A machine's template needs a computer object where a name comes from it ([MS-WCCE] §3.2.2.6.2.1.4.4.1). */
function wrongKind({ template, account }: EnrolmentRequest): Denial | undefined {
  const { subjectType, subject } = template
  if (subjectType === account.kind) return undefined
  const needsDnsName =
    subject.from === 'directory' &&
    (subject.dns || subject.name === 'common-name' || subject.name === 'dns-name')
  const told = {
    message: `'${template.displayName}' is for ${subjectType}s, and ${account.name} is a ${account.kind}`,
    expected: `a ${subjectType}`,
    got: `a ${account.kind}`,
  }
  if (subjectType === 'computer' && needsDnsName) {
    return denied('CERTSRV_E_SUBJECT_DNS_REQUIRED', told)
  }
  return denied('CERTSRV_E_TEMPLATE_DENIED', {
    ...told,
    restsOn: 'a Windows client does not send such a request, so no source gives the code',
  })
}

function nameMissing({ template, account, request }: EnrolmentRequest): Denial | undefined {
  const { subject } = template
  if (subject.from === 'request') return subjectMissing(template, request)
  if ((subject.email || subject.emailInSubject) && account.mail === undefined) {
    return denied('CERTSRV_E_SUBJECT_EMAIL_REQUIRED', {
      message: `${account.name} has no e-mail address, and '${template.displayName}' includes it`,
      expected: 'a mail attribute, or a template without e-mail name',
      got: 'none',
    })
  }
  return undefined
}

function subjectMissing({ displayName }: Template, request: RequestSpec = {}): Denial | undefined {
  const { subject, dns = [], upn = [] } = request
  if (subject !== undefined || dns.length > 0 || upn.length > 0) return undefined
  return denied('CERTSRV_E_BAD_REQUESTSUBJECT', {
    message: `'${displayName}' takes the subject from the request, and the request has none`,
    expected: 'a subject or an alternative name',
    got: 'neither',
    restsOn: 'Windows asks for more information before it sends one; the code is ours',
  })
}

function keyTooShort({ template, request }: EnrolmentRequest): Denial | undefined {
  const size = request?.keySize ?? template.minimumKeySize
  if (size >= template.minimumKeySize) return undefined
  return denied('CERTSRV_E_KEY_LENGTH', {
    message: `the key is shorter than '${template.displayName}' allows`,
    expected: `${template.minimumKeySize} bits`,
    got: `${size} bits`,
  })
}

/** The subject that the CA builds ([MS-WCCE] §3.2.2.6.2.1.4.5.9): a computer's common name is its DNS name. */
function fromDirectory(
  { subject }: Template,
  account: Account,
): Pick<CertificatePlan, 'subject' | 'names'> {
  const { dnsName, upn, mail } = account
  return {
    subject: [
      ...subjectAttributes(subject.name, account),
      ...(subject.emailInSubject && mail !== undefined
        ? [{ type: ATTRIBUTE_OIDS.E, value: mail }]
        : []),
    ],
    names: {
      dns: subject.dns && dnsName !== undefined ? [dnsName] : [],
      // The service principal name is the user principal name there, too ([MS-CRTD] §2.28).
      upn: (subject.upn || subject.spn) && upn !== undefined ? [upn] : [],
      email: subject.email && mail !== undefined ? [mail] : [],
      urls: [],
    },
  }
}

function subjectAttributes(
  format: Template['subject']['name'],
  { dnsName, commonName, distinguishedName }: Account,
): readonly NameAttribute[] {
  switch (format) {
    case 'none':
      return []
    case 'distinguished-name':
      return attributesOf(distinguishedName)
    case 'common-name':
    case 'dns-name':
      return [{ type: ATTRIBUTE_OIDS.CN, value: dnsName ?? commonName }]
  }
}

/** As the requester wrote it; the SID of KB5014754's URL is kept as asked. */
function fromRequest({ subject, dns = [], upn = [], sid }: RequestSpec): {
  readonly subject: readonly NameAttribute[]
  readonly names: SubjectNames
} {
  return {
    subject: subject === undefined ? [] : attributesOf(subject),
    names: {
      dns,
      upn,
      email: [],
      urls: sid === undefined ? [] : [`tag:microsoft.com,2022-09-14:sid:${sid}`],
    },
  }
}
