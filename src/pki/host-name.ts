/**
 * Whether a certificate names the host that was dialled (RFC 6125 §6, RFC 9525): dNSName with one left-most wildcard label, iPAddress,
 * and the common name where the relying party still reads it. Not distinguished names: {@link ./name.ts} compares those.
 */
import { formatIpv6, parseAddress, parseIpv6, type Address } from '../base/address.ts'
import { toHex } from '../base/bytes.ts'
import type { Certificate } from './certificate.ts'
import { commonName } from './name.ts'
import type { RelyingPartyProfile } from './profile.ts'

/** Whether `certificate` is for `name`: a host name, or an IP address in text. */
export function isNamed(
  certificate: Certificate,
  name: string,
  rule: RelyingPartyProfile['commonName'],
): boolean {
  const wanted = withoutLastDot(name)
  const address = parseAddress(wanted)
  if (address !== undefined ? hasAddress(certificate, address) : hasDnsName(certificate, wanted)) {
    return true
  }
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

const hasDnsName = (certificate: Certificate, wanted: string): boolean =>
  dnsNamesOf(certificate).some((pattern) => matchesDnsName(pattern, wanted))

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
