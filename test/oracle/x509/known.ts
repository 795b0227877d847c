/**
 * What is known of single cases of x509-limbo: which concern an enterprise PKI, and why a verdict differs where it does.
 * Not an allowance: a case that is named here counts as any other in the figures.
 */
import type { LimboCase } from './suite.ts'

/** Seven cases, of which some contradict another one. */
const PASSED_BY_NOBODY = new Map<string, string>([
  ['crl::crlnumber-missing', 'passed by no implementation'],
  ['crl::issuer-no-keyusage-extension', 'passed by no implementation'],
  ['pathlen::max-chain-depth-1-self-issued', 'passed by no implementation'],
  [
    'rfc5280::aki::cross-signed-root-missing-aki',
    'cve::cve-2024-0567 trusts the same kind of root and must be accepted; nothing tells them apart',
  ],
  ['rfc5280::nc::permitted-dns-match-noncritical', 'passed by no implementation'],
  ['rfc5280::pc::ica-noncritical-pc', 'passed by no implementation'],
  ['rfc5280::serial::zero', 'passed by no implementation'],
])

const ENTERPRISE_EXEMPT = [/^webpki::/, /^online::/]
const EXEMPT_FEATURES = /^(?:pedantic-|rfc5280-incompatible)/

/** Whether a case is about what an enterprise PKI does: RFC 5280 without the web's own rules. */
export const concernsEnterprise = ({ id, features }: LimboCase): boolean =>
  !ENTERPRISE_EXEMPT.some((pattern) => pattern.test(id)) &&
  !features.some((feature) => EXEMPT_FEATURES.test(feature)) &&
  !PASSED_BY_NOBODY.has(id)

/** Why the verdict of a profile on a case differs from the suite's, where that is known. */
export function knownReason(id: string, profile: string): string | undefined {
  if (profile !== 'webpki' && id.startsWith('webpki::')) {
    return 'a rule of the CA/Browser Forum, which this profile does not follow'
  }
  return PASSED_BY_NOBODY.get(id)
}
