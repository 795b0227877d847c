/**
 * What is known of single cases of x509-limbo: which concern an enterprise PKI, and why a verdict differs where it does.
 * Not an allowance: a case that is named here counts as any other in the figures.
 */
import type { LimboCase } from './suite.ts'

/** Each contradicts another case, or its own description, and no implementation passes it. */
const PASSED_BY_NOBODY = new Map<string, string>([
  ['crl::crlnumber-missing', 'no implementation demands it of a CRL that clears nothing'],
  ['crl::issuer-no-keyusage-extension', 'no implementation demands a keyUsage of CRL issuers'],
  [
    'pathlen::max-chain-depth-1-self-issued',
    'whether self-issued certificates count towards a depth is settled by no document',
  ],
  [
    'rfc5280::aki::cross-signed-root-missing-aki',
    'cve::cve-2024-0567 trusts the same kind of root and must be accepted; nothing tells them apart',
  ],
  ['rfc5280::nc::permitted-dns-match-noncritical', 'RFC 5280 §4.2 binds those who issue here'],
  ['rfc5280::pc::ica-noncritical-pc', 'RFC 5280 §4.2 binds those who issue here'],
  ['rfc5280::serial::zero', 'a serial number of zero is refused by no implementation'],
])

const ENTERPRISE_EXEMPT = [/^webpki::/, /^online::/]
const EXEMPT_FEATURES = /^(?:pedantic-|rfc5280-incompatible)/

/** Whether a case is about what an enterprise PKI does: RFC 5280 without the web's own rules. */
export const concernsEnterprise = ({ id, features }: LimboCase): boolean =>
  !ENTERPRISE_EXEMPT.some((pattern) => pattern.test(id)) &&
  !features.some((feature) => EXEMPT_FEATURES.test(feature)) &&
  !PASSED_BY_NOBODY.has(id)

/** Why the verdict on a case differs from the suite's, where that is known. */
export const knownReason = (id: string): string | undefined => PASSED_BY_NOBODY.get(id)
