/**
 * Search filters of LDAP on the wire (RFC 4511 §4.5.1.7) and as people write them (RFC 4515).
 * Not their evaluation: `directory` knows the entries. Substrings and extensible matches are kept as bytes, and match nothing there.
 */
import { toHex } from '../base/bytes.ts'
import { invariant } from '../base/invariant.ts'
import {
  BER,
  contentsOf,
  nameOf,
  readName,
  readTag,
  readTagged,
  within,
  type BackwardWriter,
} from './ber.ts'
import type { Reader } from './codec.ts'

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
  const tag = readTag(r, 'filter')
  switch (tag) {
    case TAG.and:
    case TAG.or: {
      const outer = within(r, 'filter')
      const of: LdapFilter[] = []
      while (r.remaining > 0) of.push(readFilter(r, depth + 1))
      r.leave(outer)
      return { kind: tag === TAG.and ? 'and' : 'or', of }
    }
    case TAG.not: {
      const outer = within(r, 'filter')
      const filter = readFilter(r, depth + 1)
      leave(r, outer)
      return { kind: 'not', filter }
    }
    case TAG.equal:
      return readAssertion('equal', r)
    case TAG['at-least']:
      return readAssertion('at-least', r)
    case TAG['at-most']:
      return readAssertion('at-most', r)
    case TAG.approximately:
      return readAssertion('approximately', r)
    case TAG.present:
      return { kind: 'present', attribute: nameOf(r, 'filter') }
    case SUBSTRINGS:
    case EXTENSIBLE:
      return { kind: 'other', tag, contents: contentsOf(r, 'filter') }
    default:
      return r.reject('bad-value', 'filter tag', RFC)
  }
}

type Assertion = Extract<LdapFilter, { readonly value: Uint8Array }>

function readAssertion(kind: Assertion['kind'], r: Reader): LdapFilter {
  const outer = within(r, 'filter')
  const attribute = readName(r, 'attributeDesc')
  const value = readTagged(r, BER.octetString, 'assertionValue')
  leave(r, outer)
  return { kind, attribute, value }
}

function leave(r: Reader, outer: number): void {
  if (r.remaining > 0) r.reject('trailing-bytes', 'filter', RFC)
  r.leave(outer)
}

export function writeFilter(w: BackwardWriter, filter: LdapFilter): void {
  const from = w.written
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const each of filter.of.toReversed()) writeFilter(w, each)
      return w.wrap(TAG[filter.kind], from)
    case 'not':
      writeFilter(w, filter.filter)
      return w.wrap(TAG.not, from)
    case 'present':
      return w.octetString(filter.attribute, TAG.present)
    case 'other':
      invariant((filter.tag & 0x1f) !== 0x1f, `not a filter's tag: ${filter.tag}`)
      return w.octetString(filter.contents, filter.tag)
    default:
      w.octetString(filter.value)
      w.octetString(filter.attribute)
      return w.wrap(TAG[filter.kind], from)
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
