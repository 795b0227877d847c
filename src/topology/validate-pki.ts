/**
 * Authorities and certificates that cannot be issued: unknown or circular issuers, empty validity, malformed names and URLs.
 * Not a judgement: an expired, revoked or misnamed certificate is issued as asked; relying parties judge it.
 */
import type { Duration } from '../base/time.ts'
import type { AuthoritySpec, CertificateSpec } from './pki.ts'
import type { Complaint, Problems } from './problems.ts'
import type { Topology } from './topology.ts'
import { sidComplaint, unknownGroup } from './validate-directory.ts'
import { domainNameComplaint, subjectComplaint, unknownName, urlComplaint } from './values.ts'

export function validateAuthorities(t: Topology, problems: Problems): void {
  for (const [key, authority] of Object.entries(t.authorities)) {
    const here = problems.at(key)
    here.at('subject').add(subjectComplaint(authority.subject))
    here.at('issuer').add(issuerComplaint(t, key, authority))
    here.at('validFor').add(spanComplaint(authority.validFor))
    for (const list of ['crlUrls', 'aiaUrls'] as const) {
      authority[list]?.forEach((url, i) => here.at(list, i).add(urlComplaint(url)))
    }
    here.at('publishedOn').add(publisherComplaint(t, authority.publishedOn))
    validateCrl(authority, here.at('crl'))
    validateOcsp(t, authority, here.at('ocsp'))
    validateEnterprise(t, authority, here)
  }
}

function validateCrl({ crl }: AuthoritySpec, here: Problems): void {
  if (crl === undefined) return
  for (const span of ['validFor', 'every'] as const) {
    if (crl[span] !== undefined) here.at(span).add(spanComplaint(crl[span]))
  }
  if (crl.validFor !== undefined && crl.overlap !== undefined) {
    here.at('overlap').add('is what `validFor` leaves beyond `every`: write one of the two')
  }
  here.at('overlap').add(overlapComplaint(crl.overlap, crl.every))
  if (crl.delta === undefined) return
  here.at('delta', 'every').add(spanComplaint(crl.delta.every))
  here.at('delta', 'overlap').add(overlapComplaint(crl.delta.overlap, crl.delta.every))
  crl.delta.urls?.forEach((url, i) => here.at('delta', 'urls', i).add(urlComplaint(url)))
}

/** AD CS keeps an overlap within the period that it belongs to. */
function overlapComplaint(overlap: Duration | undefined, every: Duration | undefined): Complaint {
  if (overlap === undefined) return undefined
  if (every === undefined) return 'is how long a CRL outlives the next one: it needs `every`'
  return overlap >= 0 && overlap <= every ? undefined : 'must be within 0 and `every`'
}

function validateOcsp(t: Topology, { ocsp }: AuthoritySpec, here: Problems): void {
  if (ocsp === undefined) return
  ocsp.urls.forEach((url, i) => here.at('urls', i).add(urlComplaint(url)))
  here.at('publishedOn').add(publisherComplaint(t, ocsp.publishedOn))
  for (const span of ['validFor', 'signerValidFor'] as const) {
    if (ocsp[span] !== undefined) here.at(span).add(spanComplaint(ocsp[span]))
  }
}

function validateEnterprise(t: Topology, authority: AuthoritySpec, problems: Problems): void {
  authority.templates?.forEach((key, i) =>
    problems.at('templates', i).add(unknownName('template', key, t.templates ?? {})),
  )
  authority.requesters?.forEach((group, i) =>
    problems.at('requesters', i).add(unknownGroup(t, group)),
  )
  problems.at('runsOn').add(publisherComplaint(t, authority.runsOn))
  if (authority.maximumValidity !== undefined) {
    problems.at('maximumValidity').add(spanComplaint(authority.maximumValidity))
  }
  let last = authority.validFrom ?? Number.NEGATIVE_INFINITY
  authority.renewals?.forEach(({ at, validFor }, i) => {
    const here = problems.at('renewals', i)
    if (at <= last) here.at('at').add('is not after the certificate before it began')
    last = at
    if (validFor !== undefined) here.at('validFor').add(spanComplaint(validFor))
  })
}

export function validateCertificates(
  t: Topology,
  certificates: readonly CertificateSpec[],
  problems: Problems,
): void {
  certificates.forEach((certificate, i) => {
    const here = problems.at(i)
    if (certificates.findIndex(({ name }) => name === certificate.name) < i) {
      here.at('name').add(`there is another certificate '${certificate.name}' on this node`)
    }
    const { issuer, subject, dns, validFor } = certificate
    if (issuer !== undefined) {
      here.at('issuer').add(unknownName('authority', issuer, t.authorities))
    }
    if (subject !== undefined) here.at('subject').add(subjectComplaint(subject))
    dns?.forEach((name, j) => here.at('dns', j).add(dnsNameComplaint(name)))
    if (validFor !== undefined) here.at('validFor').add(spanComplaint(validFor))
    here.at('revoked', 'releasedAt').add(releaseComplaint(certificate))
    if (certificate.template === undefined) validateInstalled(certificate, here)
    else validateRequested(t, certificate, here)
  })
}

/** By hand, everything is written down, and nobody asked for it. */
function validateInstalled(certificate: CertificateSpec, problems: Problems): void {
  for (const key of ['issuer', 'subject', 'validFor'] as const) {
    if (certificate[key] === undefined) problems.at(key).add('is missing: there is no template')
  }
  for (const key of ['for', 'request'] as const) {
    if (certificate[key] !== undefined) problems.at(key).add('says nothing without a template')
  }
}

function validateRequested(t: Topology, certificate: CertificateSpec, problems: Problems): void {
  const { template, request } = certificate
  problems.at('template').add(unknownName('template', template!, t.templates ?? {}))
  if (t.directory === undefined) {
    problems.at('template').add('needs a directory: the topology has no domain')
  }
  if (certificate.for !== undefined) {
    problems.at('for').add(unknownName('user', certificate.for, t.directory?.users ?? {}))
  }
  const here = problems.at('request')
  if (request?.subject !== undefined) here.at('subject').add(subjectComplaint(request.subject))
  request?.dns?.forEach((name, i) => here.at('dns', i).add(dnsNameComplaint(name)))
  if (request?.sid !== undefined) here.at('sid').add(sidComplaint(request.sid))
}

/** dNSName is an IA5String: what is written there is rehearsable, but it must be writable. */
const dnsNameComplaint = (name: string): Complaint =>
  domainNameComplaint(name.replace(/\*/g, 'x')) === undefined
    ? undefined
    : domainNameComplaint(name)

/** Only a hold ends (RFC 5280 §5.3.1), and not before it began. */
function releaseComplaint({ revoked }: CertificateSpec): Complaint {
  if (revoked?.releasedAt === undefined) return undefined
  if (revoked.reason !== 'certificateHold') return 'only a certificateHold is released'
  return revoked.releasedAt > revoked.at ? undefined : 'must be later than `at`'
}

/** Something lasts longer than no time. */
export const spanComplaint = (span: Duration): Complaint =>
  span > 0 ? undefined : 'must be longer than 0'

function publisherComplaint(t: Topology, node: string | undefined): Complaint {
  if (node === undefined) return undefined
  const unknown = unknownName('node', node, t.nodes)
  if (unknown !== undefined) return unknown
  return t.nodes[node]?.kind === 'switch' ? `'${node}' is a switch: it serves no files` : undefined
}

function issuerComplaint(t: Topology, key: string, authority: AuthoritySpec): Complaint {
  if (authority.issuer === undefined) return undefined
  const unknown = unknownName('authority', authority.issuer, t.authorities)
  if (unknown !== undefined) return unknown
  // Each member of a circle says so for itself; those that merely hang on one do not.
  const chain = [key]
  for (let next: string | undefined = authority.issuer; next !== undefined;) {
    if (next === key)
      return `is a circle of issuers: ${[...chain, key].join(' → ')}; a root has none`
    if (chain.includes(next)) return undefined
    chain.push(next)
    next = Object.hasOwn(t.authorities, next) ? t.authorities[next]?.issuer : undefined
  }
  return undefined
}
