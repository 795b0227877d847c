/**
 * RADIUS packets and attributes in words, for traces and reports. Passwords, what proves one, and keys are shown as `…`, hidden or not.
 * Not decoding: what is malformed inside an attribute is shown in hexadecimal.
 */
import { formatAddress, formatPrefix } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import { formatInstant } from '../../base/time.ts'
import { eapPacket, readVendorSpecific } from './attributes.ts'
import { attributeName, definitionNumbered, type AttributeDefinition } from './dictionary.ts'
import { valueName } from './named-values.ts'
import {
  RadiusAttributeType,
  radiusCodeName,
  type RadiusAttribute,
  type RadiusPacket,
} from './packet.ts'
import { VALUE_CODECS } from './value-kinds.ts'

/** What the one line of a packet shows beside its EAP packet; of secrets, only that they are there. */
const IN_ONE_LINE: ReadonlySet<string> = new Set([
  'User-Name',
  'Acct-Status-Type',
  'Acct-Session-Id',
  'Acct-Terminate-Cause',
  'Reply-Message',
])

const TEXT_MAX = 64

/** `Access-Request #12 User-Name=ada EAP Response Identity`. */
export function describeRadiusPacket(packet: RadiusPacket): string {
  const shown = packet.attributes
    .flatMap(flatten)
    .filter(({ name, secret }) => secret || IN_ONE_LINE.has(name))
    .map(showPart)
  const eap = eapPacket(packet.attributes)
  const words = [`${radiusCodeName(packet.code)} #${packet.identifier}`, ...shown]
  return (eap === undefined ? words : [...words, describeEap(eap)]).join(' ')
}

/** `NAS-Port-Type=Virtual`, one a line; a Vendor-Specific gives a line for each attribute in it, EAP-Message and proofs their length. */
export const describeRadiusAttributes = (
  attributes: readonly RadiusAttribute[],
): readonly string[] => attributes.flatMap(flatten).map(showPart)

interface Part {
  readonly name: string
  readonly secret: boolean
  readonly definition: AttributeDefinition | undefined
  readonly value: Uint8Array
}

function flatten({ type, value }: RadiusAttribute): readonly Part[] {
  const inner = type === RadiusAttributeType.vendorSpecific ? readVendorSpecific(value) : []
  if (inner.length > 0) return inner.map((each) => partOf(each.value, each.type, each.vendor))
  return [partOf(value, type)]
}

function partOf(value: Uint8Array, type: number, vendor?: number): Part {
  const definition = definitionNumbered(type, vendor)
  const secret = definition?.secret ?? false
  return { name: attributeName(type, vendor), secret, definition, value }
}

const showPart = (part: Part): string => `${part.name}=${part.secret ? '…' : showValue(part)}`

/** Long, and different each time: their length says enough. */
const SHOWN_BY_LENGTH: ReadonlySet<string> = new Set(['EAP-Message', 'Message-Authenticator'])

function showValue({ name, definition, value }: Part): string {
  if (SHOWN_BY_LENGTH.has(name)) return `${value.length} B`
  return (definition === undefined ? undefined : showKnown(definition, value)) ?? hexOf(value)
}

/** Undefined: the bytes are no such value. */
function showKnown({ name, kind }: AttributeDefinition, bytes: Uint8Array): string | undefined {
  switch (kind) {
    case 'text':
      return printable(VALUE_CODECS.text.read(bytes)!)
    case 'octets':
      return hexOf(bytes)
    case 'integer':
      return when(VALUE_CODECS.integer.read(bytes), (value) => valueName(name, value))
    case 'address':
    case 'ipv6-address':
      return when(VALUE_CODECS[kind].read(bytes), formatAddress)
    case 'ipv6-prefix':
      return when(VALUE_CODECS[kind].read(bytes), formatPrefix)
    case 'date':
      return when(VALUE_CODECS.date.read(bytes), formatInstant)
    case 'tagged-integer':
      return when(VALUE_CODECS[kind].read(bytes), ({ tag, value }) =>
        tagged(tag, valueName(name, value)),
      )
    case 'tagged-text':
      return when(VALUE_CODECS[kind].read(bytes), ({ tag, value }) => tagged(tag, printable(value)))
    case 'tagged-octets':
      return when(VALUE_CODECS[kind].read(bytes), ({ tag, value }) => tagged(tag, hexOf(value)))
  }
}

const when = <T>(value: T | undefined, show: (value: T) => string): string | undefined =>
  value === undefined ? undefined : show(value)

const tagged = (tag: number, text: string): string => (tag === 0 ? text : `${tag}:${text}`)

const hexOf = (bytes: Uint8Array): string => `0x${cut(toHex(bytes))}`

const cut = (text: string): string =>
  text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`

/** A peer's text keeps to its one line: control characters and lone surrogates are shown as U+FFFD. */
const printable = (text: string): string =>
  cut(text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/gu, blankOr))

const blankOr = (character: string): string => (character === ' ' ? ' ' : '\u{fffd}')

const EAP_CODES: ReadonlyMap<number, string> = new Map([
  [1, 'Request'],
  [2, 'Response'],
  [3, 'Success'],
  [4, 'Failure'],
])
const EAP_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'Identity'],
  [2, 'Notification'],
  [3, 'Nak'],
  [4, 'MD5-Challenge'],
  [13, 'TLS'],
  [25, 'PEAP'],
  [26, 'MSCHAPv2'],
  [33, 'TLV'],
])
const EAP_HEADER_BYTES = 4

/** `EAP Response Identity` (RFC 3748 §4). */
function describeEap(packet: Uint8Array): string {
  if (packet.length < EAP_HEADER_BYTES) return 'EAP Start'
  const code = EAP_CODES.get(packet[0]!) ?? `code ${packet[0]}`
  const type = packet[EAP_HEADER_BYTES]
  if (type === undefined) return `EAP ${code}`
  return `EAP ${code} ${EAP_TYPES.get(type) ?? `type ${type}`}`
}
