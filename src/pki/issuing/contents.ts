/**
 * What stands in an end entity's certificate: its extensions from a plan, and the plan of one that is installed by hand.
 * Not keys, serial numbers, dates or the issuer's URLs, which {@link ./issue.ts} adds.
 */
import { invariant } from '../../base/invariant.ts'
import { after, type Instant } from '../../base/time.ts'
import type { CertificateSpec, InstalledCertificate } from '../../topology/pki.ts'
import * as extend from '../certificate/extension-writer.ts'
import type { Extension } from '../certificate/extensions.ts'
import { CERTIFICATE_VALID_FROM } from './issue-check.ts'
import { parseName, type NameAttribute } from '../certificate/name.ts'
import { EKU_OIDS } from '../encoding/oids.ts'
import type { CertificatePlan, PlannedRevocation, TemplateMark } from './plan.ts'

/** The attributes of a name that was checked, in encoding order. */
export function attributesOf(subject: string): readonly NameAttribute[] {
  const name = parseName(subject)
  invariant(name.ok, `'${subject}' was checked before`)
  return name.value
}

/** The plan of a certificate that was installed by hand: what the topology says, and nothing else. */
export function installedPlan(
  node: string,
  spec: InstalledCertificate,
  start: Instant,
): CertificatePlan {
  const { name, issuer, validFor, eku = [], dns = [], upn = [], revoked } = spec
  return {
    node,
    name,
    issuer,
    // A mirror has the name of its original, octet by octet.
    subject: spec.mirrors === undefined ? attributesOf(spec.subject) : [],
    names: { dns, upn, email: [], urls: [] },
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    eku: eku.map((purpose) => EKU_OIDS[purpose]),
    isNotChecked: false,
    notBefore: after(start, spec.validFrom ?? CERTIFICATE_VALID_FROM),
    validFor,
    ...(revoked !== undefined && { revoked: revocationOf(revoked, start) }),
    ...(spec.mirrors !== undefined && { mirrors: spec.mirrors }),
    sendsChain: spec.sendsChain !== false,
  }
}

/** Spans of the topology as instants. */
export const revocationOf = (
  { at, reason, releasedAt }: NonNullable<CertificateSpec['revoked']>,
  start: Instant,
): PlannedRevocation => ({
  at: after(start, at),
  reason,
  ...(releasedAt !== undefined && { releasedAt: after(start, releasedAt) }),
})

/** The extensions that depend on nobody but the holder. */
export function holderExtensions(plan: CertificatePlan): readonly Extension[] {
  const { eku, template, sid, subject } = plan
  const names = alternativeNames(plan)
  const alternative = extend.subjectAltName(names)
  return [
    extend.keyUsage(...plan.keyUsage),
    ...(eku.length === 0 ? [] : [extend.extKeyUsage(eku)]),
    // Where the subject is empty the names are all there is, and who cannot read them must not go on (RFC 5280 §4.2.1.6).
    ...(names.length === 0 ? [] : [{ ...alternative, critical: subject.length === 0 }]),
    ...(template === undefined ? [] : templateExtensions(template, eku)),
    ...(sid === undefined ? [] : [extend.sidExtension(sid)]),
    ...(plan.isNotChecked ? [extend.ocspNoCheck()] : []),
  ]
}

const alternativeNames = ({ names: { dns, upn, email, urls } }: CertificatePlan) => [
  ...dns.map(extend.dnsName),
  ...upn.map(extend.upnName),
  ...email.map(extend.emailName),
  ...urls.map(extend.uriName),
]

/** Version 1 says its name; later ones their OID and version, and the application policies beside the EKU. */
const templateExtensions = (
  template: TemplateMark,
  eku: readonly string[],
): readonly Extension[] =>
  'name' in template
    ? [extend.templateName(template.name)]
    : [
        extend.templateInformation(template.oid, template.major, template.minor),
        ...(eku.length === 0 ? [] : [extend.applicationPolicies(eku)]),
      ]
