/**
 * Whether a certificate names the host that was dialled (RFC 6125 §6, RFC 9525): dNSName with one left-most wildcard label, iPAddress,
 * rfc822Name, and the common name where the relying party still reads it. Not distinguished names: {@link ../certificate/name.ts} compares those.
 */
import { formatIpv6, parseAddress, parseIpv6, type Address } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { commonName } from '../certificate/name.ts'
import type { RelyingPartyProfile } from './profile.ts'

/** How a relying party reads the names of a certificate. */
export type NameRule = Pick<RelyingPartyProfile, 'commonName' | 'isPublicSuffix'>

/** Whether `certificate` is for `name`: a host name, an IP address in text, or a mailbox. */
export function isNamed(certificate: Certificate, name: string, rules: NameRule): boolean {
  if (name.includes('@')) return hasMailbox(certificate, name)
  const { commonName: rule } = rules
  const wanted = withoutLastDot(name)
  const address = parseAddress(wanted)
  if (address === undefined) {
    if (hasDnsName(certificate, wanted, rules)) return true
  } else if (hasAddress(certificate, address)) return true
  const readsCommonName =
    rule === 'always' || (rule === 'without-dns-names' && dnsNamesOf(certificate).length === 0)
  const common = commonName(certificate.subject)
  if (!readsCommonName || common === undefined) return false
  return address === undefined ? matchesDnsName(common, wanted) : common === wanted
}

/** The names that a certificate is for, for a message: `DNS vpn.contoso.com, CN ada`. */
export function namesOf(certificate: Certificate): string {
  const common = commonName(certificate.subject)
  const names = [
    ...dnsNamesOf(certificate).map((name) => `DNS ${name}`),
    ...addressesOf(certificate).map((address) => `IP ${formatAddressBytes(address)}`),
    ...(common === undefined ? [] : [`CN ${common}`]),
  ]
  return names.length === 0 ? 'no name' : names.join(', ')
}

/** The dNSNames of a certificate, in order. */
export const dnsNamesOf = (certificate: Certificate): readonly string[] =>
  (certificate.subjectAltName ?? []).flatMap((n) => (n.kind === 'dns' ? [n.value] : []))

const addressesOf = (certificate: Certificate): readonly Uint8Array[] =>
  (certificate.subjectAltName ?? []).flatMap((n) => (n.kind === 'ip' ? [n.address] : []))

const hasDnsName = (
  certificate: Certificate,
  wanted: string,
  { isPublicSuffix }: NameRule,
): boolean =>
  dnsNamesOf(certificate).some(
    (pattern) =>
      matchesDnsName(pattern, wanted) &&
      !(pattern.startsWith('*.') && isPublicSuffix?.(pattern.slice(2)) === true),
  )

/** The local part as it is written, the host without case (RFC 5280 §7.5). */
function hasMailbox({ subjectAltName = [] }: Certificate, wanted: string): boolean {
  const at = wanted.lastIndexOf('@')
  return subjectAltName.some(
    (name) =>
      name.kind === 'email' &&
      name.value.slice(0, at + 1) === wanted.slice(0, at + 1) &&
      name.value.slice(at + 1).toLowerCase() === wanted.slice(at + 1).toLowerCase(),
  )
}

function hasAddress(certificate: Certificate, wanted: Address): boolean {
  const length = typeof wanted === 'number' ? 4 : 16
  const digits = wanted.toString(16).padStart(2 * length, '0')
  return addressesOf(certificate).some((address) => toHex(address) === digits)
}

/** An address of 4 or 16 bytes in text. */
export function formatAddressBytes(address: Uint8Array): string {
  if (address.length === 4) return address.join('.')
  const groups = toHex(address).match(/.{4}/g) ?? []
  return formatIpv6(parseIpv6(groups.join(':'))!)
}

const withoutLastDot = (name: string): string => (name.endsWith('.') ? name.slice(0, -1) : name)

const DNS_LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i

/**
 * Match a dNSName of a certificate against the name that was dialled; case does not count. `*` counts as a wildcard only as the
 * whole left-most label, stands for exactly one label, and needs two labels after it.
 */
export function matchesDnsName(pattern: string, wanted: string): boolean {
  const presented = pattern.toLowerCase().split('.')
  const reference = wanted.toLowerCase().split('.')
  if (presented.length !== reference.length) return false
  const isWildcard = presented[0] === '*'
  if (isWildcard && presented.length < 3) return false
  return presented.every(
    (label, i) => (isWildcard && i === 0) || (DNS_LABEL.test(label) && label === reference[i]),
  )
}
