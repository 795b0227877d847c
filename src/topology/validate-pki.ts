/**
 * Authorities and certificates that cannot be issued: unknown or circular issuers, empty validity, malformed names and URLs.
 * Not a judgement: an expired, revoked or misnamed certificate is issued as asked; relying parties judge it.
 */
import type { Duration } from '../base/time.ts'
import type { AuthoritySpec, CertificateSpec } from './pki.ts'
import type { Complaint, Problems } from './problems.ts'
import type { Topology } from './topology.ts'
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
    here.at('issuer').add(unknownName('authority', certificate.issuer, t.authorities))
    here.at('subject').add(subjectComplaint(certificate.subject))
    certificate.dns?.forEach((name, j) => here.at('dns', j).add(dnsNameComplaint(name)))
    here.at('validFor').add(spanComplaint(certificate.validFor))
    here.at('revoked', 'releasedAt').add(releaseComplaint(certificate))
  })
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
