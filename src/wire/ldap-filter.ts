/**
 * Search filters of LDAP on the wire (RFC 4511 §4.5.1.7) and as people write them (RFC 4515).
 * Not their evaluation: `directory` knows the entries. Substrings and extensible matches are kept as bytes, and match nothing there.
 */
import { toHex } from '../base/bytes.ts'
import { invariant } from '../base/invariant.ts'
import { BER, element, octetString, readElement, readTagged, textOf } from './ber.ts'
import { Reader } from './codec.ts'

export type LdapFilter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly LdapFilter[] }
  | { readonly kind: 'not'; readonly filter: LdapFilter }
  | {
      readonly kind: 'equal' | 'at-least' | 'at-most' | 'approximately'
      readonly attribute: string
      readonly value: Uint8Array
    }
  | { readonly kind: 'present'; readonly attribute: string }
  | { readonly kind: 'other'; readonly tag: number; readonly contents: Uint8Array }

const TAG = {
  and: 0xa0,
  or: 0xa1,
  not: 0xa2,
  equal: 0xa3,
  'at-least': 0xa5,
  'at-most': 0xa6,
  present: 0x87,
  approximately: 0xa8,
} as const
const SUBSTRINGS = 0xa4
const EXTENSIBLE = 0xa9

const RFC = 'RFC 4511 §4.5.1.7'
/** Deeper than anybody writes, and shallow enough for the stack. */
export const FILTER_DEPTH_MAX = 32

export function readFilter(r: Reader, depth = 0): LdapFilter {
  if (depth > FILTER_DEPTH_MAX) r.reject('bad-value', 'filter depth', RFC)
  const { tag, contents } = readElement(r, 'filter')
  const inner = new Reader('ldap', contents)
  switch (tag) {
    case TAG.and:
    case TAG.or: {
      const of: LdapFilter[] = []
      while (inner.remaining > 0) of.push(readFilter(inner, depth + 1))
      return { kind: tag === TAG.and ? 'and' : 'or', of }
    }
    case TAG.not: {
      const filter = readFilter(inner, depth + 1)
      endOf(inner)
      return { kind: 'not', filter }
    }
    case TAG.equal:
      return readAssertion('equal', inner)
    case TAG['at-least']:
      return readAssertion('at-least', inner)
    case TAG['at-most']:
      return readAssertion('at-most', inner)
    case TAG.approximately:
      return readAssertion('approximately', inner)
    case TAG.present:
      return { kind: 'present', attribute: textOf(contents) }
    case SUBSTRINGS:
    case EXTENSIBLE:
      return { kind: 'other', tag, contents }
    default:
      return r.reject('bad-value', 'filter tag', RFC)
  }
}

type Assertion = Extract<LdapFilter, { readonly value: Uint8Array }>

function readAssertion(kind: Assertion['kind'], r: Reader): LdapFilter {
  const attribute = textOf(readTagged(r, BER.octetString, 'attributeDesc'))
  const value = readTagged(r, BER.octetString, 'assertionValue')
  endOf(r)
  return { kind, attribute, value }
}

function endOf(r: Reader): void {
  if (r.remaining > 0) r.reject('trailing-bytes', 'filter', RFC)
}

export function encodeFilter(filter: LdapFilter): Uint8Array {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return element(TAG[filter.kind], ...filter.of.map(encodeFilter))
    case 'not':
      return element(TAG.not, encodeFilter(filter.filter))
    case 'present':
      return octetString(filter.attribute, TAG.present)
    case 'other':
      invariant((filter.tag & 0x1f) !== 0x1f, `not a filter's tag: ${filter.tag}`)
      return element(filter.tag, filter.contents)
    default:
      return element(TAG[filter.kind], octetString(filter.attribute), octetString(filter.value))
  }
}

const SIGNS = { equal: '=', 'at-least': '>=', 'at-most': '<=', approximately: '~=' } as const

/** As RFC 4515 writes it: `(&(objectClass=user)(sAMAccountName=ada))`. */
export function formatFilter(filter: LdapFilter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${filter.kind === 'and' ? '&' : '|'}${filter.of.map(formatFilter).join('')})`
    case 'not':
      return `(!${formatFilter(filter.filter)})`
    case 'present':
      return `(${filter.attribute}=*)`
    case 'other':
      return `(${filter.tag === SUBSTRINGS ? 'substrings' : 'extensible'})`
    default:
      return `(${filter.attribute}${SIGNS[filter.kind]}${escapeValue(filter.value)})`
  }
}

/** RFC 4515 §3: what is no printable character of ASCII, and what a filter is made of, in hexadecimal. */
const escapeValue = (value: Uint8Array): string =>
  Array.from(value, (byte) =>
    byte >= 0x20 && byte < 0x7f && !'()*\\'.includes(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `\\${toHex(Uint8Array.of(byte))}`,
  ).join('')
