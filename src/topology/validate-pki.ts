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
    for (const span of ['validFor', 'every'] as const) {
      const written = authority.crl?.[span]
      if (written !== undefined) here.at('crl', span).add(spanComplaint(written))
    }
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
  })
}

/** dNSName is an IA5String: what is written there is rehearsable, but it must be writable. */
const dnsNameComplaint = (name: string): Complaint =>
  domainNameComplaint(name.replace(/\*/g, 'x')) === undefined
    ? undefined
    : domainNameComplaint(name)

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
