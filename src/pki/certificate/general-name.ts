/**
 * The names of a subjectAltName, a distribution point or a name constraint (RFC 5280 §4.2.1.6), read into plain data.
 * Not a comparison: {@link ../profile/host-name.ts} and {@link ../path/name-constraints.ts} make those.
 */
import { fromUtf8 } from '../../base/bytes.ts'
import { contextConstructed, contextPrimitive, TAG, type DerReader } from '../encoding/der.ts'
import { readName, type Name } from './name.ts'
import { OID } from '../encoding/oids.ts'

export type GeneralName =
  | { readonly kind: 'dns' | 'email' | 'uri' | 'upn'; readonly value: string }
  /** 4 or 16 bytes. */
  | { readonly kind: 'ip'; readonly address: Uint8Array }
  | { readonly kind: 'directory'; readonly name: Name }
  /** Another choice, or an otherName that is not a UPN: the whole element's identifier octet and contents. */
  | { readonly kind: 'other'; readonly tag: number; readonly contents: Uint8Array }

/** Read GeneralNames (RFC 5280 §4.2.1.6). */
export const readGeneralNames = (r: DerReader, field: string): readonly GeneralName[] =>
  r.sequence(field).each(field, (list) => readGeneralName(list, field))

/** Read one GeneralName. An iPAddress has the length of an address; in a name constraint, `any` length is kept for the judgement. */
export function readGeneralName(
  r: DerReader,
  field: string,
  addressLength: 'address' | 'any' = 'address',
): GeneralName {
  const tag = r.nextTag
  switch (tag) {
    case contextConstructed(0):
      return readOtherName(r, field)
    case contextPrimitive(1):
      return { kind: 'email', value: r.ia5String(field, tag) }
    case contextPrimitive(2):
      return { kind: 'dns', value: r.ia5String(field, tag) }
    case contextPrimitive(6):
      return { kind: 'uri', value: r.ia5String(field, tag) }
    case contextPrimitive(7):
      return { kind: 'ip', address: readIpAddress(r, field, tag, addressLength) }
    case contextConstructed(4): {
      // A CHOICE cannot be tagged implicitly: Name sits whole inside [4].
      const inner = r.constructed(field, tag)
      const name = readName(inner, field)
      inner.end(field)
      return { kind: 'directory', name }
    }
    case contextConstructed(3):
    case contextConstructed(5):
    case contextPrimitive(8):
      return { kind: 'other', tag, contents: r.element(field).contents }
    default:
      return r.reject(field, 'not a GeneralName (RFC 5280 §4.2.1.6)')
  }
}

function readIpAddress(
  r: DerReader,
  field: string,
  tag: number,
  lengths: 'address' | 'any',
): Uint8Array {
  const { contents, offset } = r.element(field, tag)
  if (lengths === 'address' && contents.length !== 4 && contents.length !== 16) {
    r.reject(field, `an iPAddress of ${contents.length} bytes (RFC 5280 §4.2.1.6)`, offset)
  }
  return contents
}

function readOtherName(r: DerReader, field: string): GeneralName {
  const whole = r.element(field, contextConstructed(0))
  const inner = r.inside(whole, field)
  const type = inner.oid(`${field} otherName type`)
  const value = inner.constructed(`${field} otherName value`, contextConstructed(0))
  const element = value.element(`${field} otherName value`)
  value.end(field)
  inner.end(field)
  return type === OID.userPrincipalName && element.tag === TAG.utf8String
    ? { kind: 'upn', value: fromUtf8(element.contents) }
    : { kind: 'other', tag: whole.tag, contents: whole.contents }
}
