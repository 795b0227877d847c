/**
 * RADIUS attributes by name: made of values, read as values; vendors' attributes within Vendor-Specific (RFC 2865 §5.26), and EAP packets in pieces
 * (RFC 3579 §3.1). Not hiding or revealing: what is hidden is octets here, and `crypto/radius-hiding.ts` knows the secret's part.
 */
import { isIpv4, parseAddress, parsePrefix, type Ipv6, type Prefix } from '../../base/address.ts'
import { concat, fromHex, setU32, u32, utf8 } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { parseInstant } from '../../base/time.ts'
import {
  definitionNamed,
  definitionOf,
  type AttributeDefinition,
  type AttributeName,
  type AttributeValue,
} from './dictionary.ts'
import { valueNamed } from './named-values.ts'
import { RADIUS_VALUE_BYTES_MAX, RadiusAttributeType, type RadiusAttribute } from './packet.ts'
import { VALUE_CODECS, type RadiusValues, type ValueKind } from './value-kinds.ts'

const VENDOR_HEADER_BYTES = 4

/** One of a vendor's own attributes. */
export interface VendorAttribute {
  readonly vendor: number
  readonly type: number
  readonly value: Uint8Array
}

type Attributes = readonly RadiusAttribute[]

// ── making ──

/** `attribute('NAS-Port-Type', 5)`. A vendor's comes in a Vendor-Specific of its own. Throws RangeError for a number out of its range. */
export function attribute<N extends AttributeName>(
  name: N,
  value: AttributeValue<N>,
): RadiusAttribute {
  return wrapped(definitionOf(name), value)
}

function wrapped(definition: AttributeDefinition, value: RadiusValues[ValueKind]): RadiusAttribute {
  // Name, kind and value belong together by the types of `attribute`.
  const bytes = VALUE_CODECS[definition.kind].write(value as never)
  const { type, vendor } = definition
  return vendor === undefined
    ? { type, value: bytes }
    : vendorSpecific(vendor, [{ type, value: bytes }])
}

/** One Vendor-Specific with several attributes of that vendor in it (RFC 2865 §5.26: "MAY"). */
export function vendorSpecific(vendor: number, inner: Attributes): RadiusAttribute {
  const head = new Uint8Array(VENDOR_HEADER_BYTES)
  setU32(head, 0, vendor)
  const parts = inner.map(({ type, value }) => concat(Uint8Array.of(type, 2 + value.length), value))
  return { type: RadiusAttributeType.vendorSpecific, value: concat(head, ...parts) }
}

/** An EAP packet as attributes of at most 253 bytes. An empty one says EAP-Start (RFC 3579 §2.1). */
export function eapMessage(packet: Uint8Array): RadiusAttribute[] {
  const pieces: RadiusAttribute[] = []
  const type = RadiusAttributeType.eapMessage
  for (let at = 0; at === 0 || at < packet.length; at += RADIUS_VALUE_BYTES_MAX) {
    pieces.push({ type, value: packet.subarray(at, at + RADIUS_VALUE_BYTES_MAX) })
  }
  return pieces
}

export interface AttributeTextError {
  readonly code: 'radius/no-such-attribute' | 'radius/no-such-value'
  readonly name: string
  readonly got: string
  /** Kind of value that the attribute has. */
  readonly expected?: ValueKind
}

/** An attribute as an operator writes it: `('Framed-Protocol', 'PPP')`, `('Framed-IP-Address', '10.0.0.5')`. Octets are `0x…`, or their text in UTF-8. */
export function attributeFromText(
  name: string,
  value: string | number,
): Result<RadiusAttribute, AttributeTextError> {
  const got = String(value)
  const definition = definitionNamed(name)
  if (definition === undefined) return err({ code: 'radius/no-such-attribute', name, got })
  const read = valueFromText(definition, got)
  return read === undefined
    ? err({ code: 'radius/no-such-value', name, got, expected: definition.kind })
    : ok(wrapped(definition, read))
}

function valueFromText(
  definition: AttributeDefinition,
  text: string,
): RadiusValues[ValueKind] | undefined {
  switch (definition.kind) {
    case 'text':
      return text
    case 'octets':
      return octetsFromText(text)
    case 'integer':
      return numberFromText(definition, text, 2 ** 32)
    case 'address':
    case 'ipv6-address': {
      const address = parseAddress(text)
      if (address === undefined) return undefined
      return isIpv4(address) === (definition.kind === 'address') ? address : undefined
    }
    case 'ipv6-prefix': {
      const prefix = parsePrefix(text)
      return prefix.ok && !isIpv4(prefix.value.address) ? (prefix.value as Prefix<Ipv6>) : undefined
    }
    case 'date': {
      const at = parseInstant(text)
      return at === undefined || at < 0 || at >= 2 ** 32 * 1e6 ? undefined : at
    }
    case 'tagged-integer': {
      const value = numberFromText(definition, text, 2 ** 24)
      return value === undefined ? undefined : { tag: 0, value }
    }
    case 'tagged-text':
      return { tag: 0, value: text }
    case 'tagged-octets':
      return { tag: 0, value: octetsFromText(text) }
  }
}

const octetsFromText = (text: string): Uint8Array =>
  /^0x([0-9a-f]{2})+$/i.test(text) ? fromHex(text.slice(2)) : utf8(text)

function numberFromText(
  definition: AttributeDefinition,
  text: string,
  bound: number,
): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return valueNamed(definition.name, text)
  return Number(text) < bound ? Number(text) : undefined
}

// ── reading ──

/** The first of that name whose bytes are such a value. */
export function attributeValue<N extends AttributeName>(
  attributes: Attributes,
  name: N,
): AttributeValue<N> | undefined {
  const { kind, type, vendor } = definitionOf(name)
  // A server asks for some fifty names of each request, most of which are not there: no lists are made.
  for (const a of attributes) {
    if (a.type !== (vendor === undefined ? type : RadiusAttributeType.vendorSpecific)) continue
    const inside = vendor === undefined ? [a] : readVendorSpecific(a.value)
    for (const each of inside) {
      if ('vendor' in each && (each.vendor !== vendor || each.type !== type)) continue
      const value = VALUE_CODECS[kind].read(each.value)
      if (value !== undefined) return value as AttributeValue<N>
    }
  }
  return undefined
}

/** All of that name, in order. What is malformed is not among them. */
export function attributeValues<N extends AttributeName>(
  attributes: Attributes,
  name: N,
): readonly AttributeValue<N>[] {
  const { kind, type, vendor } = definitionOf(name)
  const found =
    vendor === undefined
      ? attributes.filter((a) => a.type === type)
      : vendorAttributes(attributes).filter((a) => a.vendor === vendor && a.type === type)
  return found
    .map(({ value }) => VALUE_CODECS[kind].read(value))
    .filter((value) => value !== undefined) as AttributeValue<N>[]
}

export const hasAttribute = (attributes: Attributes, name: AttributeName): boolean =>
  attributeValues(attributes, name).length > 0

/** What vendors have put in, in order. A Vendor-Specific that is not made as RFC 2865 §5.26 recommends has nothing to read in it. */
export const vendorAttributes = (attributes: Attributes): readonly VendorAttribute[] =>
  attributes.flatMap((a) =>
    a.type === RadiusAttributeType.vendorSpecific ? readVendorSpecific(a.value) : [],
  )

export function readVendorSpecific(bytes: Uint8Array): readonly VendorAttribute[] {
  if (bytes.length < VENDOR_HEADER_BYTES) return []
  const vendor = u32(bytes, 0)
  const found: VendorAttribute[] = []
  let at = VENDOR_HEADER_BYTES
  while (at < bytes.length) {
    const size = bytes[at + 1] ?? 0
    if (size < 2 || at + size > bytes.length) return []
    found.push({ vendor, type: bytes[at]!, value: bytes.subarray(at + 2, at + size) })
    at += size
  }
  return found
}

/** The EAP packet of all EAP-Message attributes together; empty: EAP-Start. Undefined: none there. */
export function eapPacket(attributes: Attributes): Uint8Array | undefined {
  const pieces = attributes.filter((a) => a.type === RadiusAttributeType.eapMessage)
  return pieces.length === 0 ? undefined : concat(...pieces.map((piece) => piece.value))
}
