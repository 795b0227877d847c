/**
 * Checks of single values that a topology writes as text or numbers: addresses, prefixes, ports, names, dates.
 * Not the parsers (`base/address.ts`, `base/time.ts`): these say in one sentence why a value is refused, or nothing.
 */
import {
  isIpv4,
  parseAddress,
  parseInterfaceAddress,
  parseIpv4,
  parseIpv6,
  parsePrefix,
} from '../base/address.ts'
import { parseInstant } from '../base/time.ts'
import { nearMiss } from './near-miss.ts'
import type { Complaint } from './problems.ts'

/** Names that vitest gives to its own fixtures. */
const FIXTURE_NAMES = [
  'lab',
  'task',
  'expect',
  'skip',
  'signal',
  'annotate',
  'onTestFailed',
  'onTestFinished',
]
/** ECMA-262 §12.7.2, those that are in camel case anyway. A story takes its nodes as `({ gateway }) =>`. */
const RESERVED_WORDS =
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield'.split(
    ' ',
  )

/** A node or network name. */
export function identifierComplaint(name: string): Complaint {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) {
    const camel = name
      .replace(/[^A-Za-z0-9]+(.?)/g, (_, next: string) => next.toUpperCase())
      .replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (head) => head.toLowerCase())
    const meant = /^[a-z][A-Za-z0-9]*$/.test(camel) ? `, such as ${camel}` : ''
    return `'${name}' is not a name for a node or network: write a camelCase identifier${meant}`
  }
  return undefined
}

/** A node's name is an identifier that a story can take as a fixture. */
export function nodeNameComplaint(name: string): Complaint {
  if (FIXTURE_NAMES.includes(name)) return `'${name}' is taken: stories get it from vitest`
  if (RESERVED_WORDS.includes(name)) return `'${name}' is a reserved word of JavaScript`
  return identifierComplaint(name)
}

/** `name` should be one of `known`, a list or the keys of a record; `what` says what such a thing is called. */
export function unknownName(
  what: string,
  name: string,
  known: readonly string[] | Readonly<Record<string, unknown>>,
): Complaint {
  const listed = Array.isArray(known)
  if (listed ? known.includes(name) : Object.hasOwn(known, name)) return undefined
  const names: readonly string[] = listed ? known : Object.keys(known)
  const near = nearMiss(name, names)
  if (near !== undefined) return `there is no ${what} '${name}'; did you mean '${near}'?`
  if (names.length === 0) return `there is no ${what} '${name}': none is defined`
  const shown = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '')
  return `there is no ${what} '${name}' (there is ${shown})`
}

/** Why a text with dots is not four decimal octets. */
function octetsComplaint(text: string): string {
  const octets = text.split('.')
  if (!/^[\d.]+$/.test(text)) return ''
  if (octets.length !== 4) return ` (it has ${octets.length} octets, not 4)`
  const large = octets.find((octet) => Number(octet) > 255)
  if (large !== undefined) return ` (${large} is above 255)`
  return octets.some((octet) => /^0\d/.test(octet))
    ? ' (a leading zero reads as octal in places)'
    : ''
}

/** An IPv4 address. IPv6 travels in DNS answers, not yet on interfaces. */
export function ipv4Complaint(text: string): Complaint {
  if (parseIpv4(text) !== undefined) return undefined
  if (parseIpv6(text) !== undefined) return `'${text}' is an IPv6 address; IPv4 is modelled so far`
  return `'${text}' is not an IPv4 address${octetsComplaint(text)}`
}

export function prefixComplaint(text: string): Complaint {
  const read = parsePrefix(text)
  if (!read.ok) {
    const [address] = text.split('/')
    const bad = text.includes('/') && parseAddress(address!) === undefined
    return bad ? ipv4Complaint(address!) : read.error
  }
  return isIpv4(read.value.address)
    ? undefined
    : `'${text}' is an IPv6 prefix; IPv4 is modelled so far`
}

/** An address that an interface has: `192.0.2.10` or `192.0.2.10/28`. */
export function interfaceAddressComplaint(text: string): Complaint {
  const [address] = text.split('/')
  const wrong = ipv4Complaint(address!)
  if (wrong !== undefined || !text.includes('/')) return wrong
  const read = parseInterfaceAddress(text)
  return read.ok ? undefined : read.error
}

/** What a rule matches: an address or prefix of either family, with `!` in front for everything else. */
export function prefixMatchComplaint(text: string): Complaint {
  const bare = text.startsWith('!') ? text.slice(1) : text
  if (bare.includes('/')) {
    const read = parsePrefix(bare)
    if (read.ok) return undefined
    return parseAddress(bare.split('/')[0]!) === undefined
      ? ipv4Complaint(bare.split('/')[0]!)
      : read.error
  }
  return parseAddress(bare) === undefined ? ipv4Complaint(bare) : undefined
}

/** A DNS name without the last dot; `.` is the root. RFC 1035 §2.3.4; `_` passes (SRV), and `/` (RFC 2317). */
export function domainNameComplaint(text: string): Complaint {
  if (text === '.') return undefined
  if (text.endsWith('.')) return `'${text}' ends in a dot: write '${text.slice(0, -1)}'`
  const labels = text.split('.')
  if (text === '' || labels.includes('')) return `'${text}' is not a domain name: a label is empty`
  const long = labels.find((label) => label.length > 63)
  if (long !== undefined) return `'${text}' has a label of ${long.length} octets, more than 63`
  if (text.length > 253) return `'${text}' has ${text.length} octets, more than 253`
  return /^[\w./-]+$/.test(text)
    ? undefined
    : `'${text}' is not a domain name: letters, digits, '-' and '_' between dots`
}

export const instantComplaint = (text: string): Complaint =>
  parseInstant(text) === undefined
    ? `'${text}' is not a date such as 2026-03-02T08:00:00Z (UTC)`
    : undefined

/** An `http:` or `https:` URL; `ldap:` is written into real certificates, too. */
export const urlComplaint = (text: string): Complaint =>
  URL.canParse(text) && /^(https?|ldaps?):/i.test(text)
    ? undefined
    : `'${text}' is not a URL such as http://pki.contoso.com/root.crl`

/** A distinguished name as RFC 4514 writes it, `CN=Contoso Root CA`. */
export const subjectComplaint = (text: string): Complaint =>
  /^\s*[A-Za-z][\w.-]*\s*=\s*\S/.test(text)
    ? undefined
    : `'${text}' is not a distinguished name such as CN=Contoso Root CA`

export const oidComplaint = (text: string): Complaint =>
  /^([01]\.[1-3]?\d|2\.(0|[1-9]\d{0,8}))(\.(0|[1-9]\d{0,9})){1,30}$/.test(text)
    ? undefined
    : `'${text}' is not an object identifier such as 1.3.6.1.4.1.311.21.8.1.2.3`
