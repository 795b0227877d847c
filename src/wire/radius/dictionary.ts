/**
 * Names of RADIUS attributes with their numbers and kinds of value: RFC 2865 §5, 2866, 2867, 2868, 2869, 3162, 3579, 4372, 5176, and Microsoft's.
 * Not values and not packets. Checked against FreeRADIUS's dictionaries (CC BY 4.0, see NOTICE). What has no name here stays a number.
 */
import { MICROSOFT_ATTRIBUTES, MICROSOFT_VENDOR } from './microsoft.ts'
import type { AttributeRow, RadiusValues, ValueKind } from './value-kinds.ts'

const STANDARD_ATTRIBUTES = {
  'User-Name': [1, 'text'],
  'User-Password': [2, 'octets', 'secret'],
  'CHAP-Password': [3, 'octets', 'secret'],
  'NAS-IP-Address': [4, 'address'],
  'NAS-Port': [5, 'integer'],
  'Service-Type': [6, 'integer'],
  'Framed-Protocol': [7, 'integer'],
  'Framed-IP-Address': [8, 'address'],
  'Framed-IP-Netmask': [9, 'address'],
  'Framed-Routing': [10, 'integer'],
  'Filter-Id': [11, 'text'],
  'Framed-MTU': [12, 'integer'],
  'Framed-Compression': [13, 'integer'],
  'Login-IP-Host': [14, 'address'],
  'Login-Service': [15, 'integer'],
  'Login-TCP-Port': [16, 'integer'],
  'Reply-Message': [18, 'text'],
  'Callback-Number': [19, 'text'],
  'Callback-Id': [20, 'text'],
  'Framed-Route': [22, 'text'],
  'Framed-IPX-Network': [23, 'address'],
  State: [24, 'octets'],
  Class: [25, 'octets'],
  'Vendor-Specific': [26, 'octets'],
  'Session-Timeout': [27, 'integer'],
  'Idle-Timeout': [28, 'integer'],
  'Termination-Action': [29, 'integer'],
  'Called-Station-Id': [30, 'text'],
  'Calling-Station-Id': [31, 'text'],
  'NAS-Identifier': [32, 'text'],
  'Proxy-State': [33, 'octets'],
  'Login-LAT-Service': [34, 'text'],
  'Login-LAT-Node': [35, 'text'],
  'Login-LAT-Group': [36, 'octets'],
  'Framed-AppleTalk-Link': [37, 'integer'],
  'Framed-AppleTalk-Network': [38, 'integer'],
  'Framed-AppleTalk-Zone': [39, 'text'],
  'Acct-Status-Type': [40, 'integer'],
  'Acct-Delay-Time': [41, 'integer'],
  'Acct-Input-Octets': [42, 'integer'],
  'Acct-Output-Octets': [43, 'integer'],
  'Acct-Session-Id': [44, 'text'],
  'Acct-Authentic': [45, 'integer'],
  'Acct-Session-Time': [46, 'integer'],
  'Acct-Input-Packets': [47, 'integer'],
  'Acct-Output-Packets': [48, 'integer'],
  'Acct-Terminate-Cause': [49, 'integer'],
  'Acct-Multi-Session-Id': [50, 'text'],
  'Acct-Link-Count': [51, 'integer'],
  'Acct-Input-Gigawords': [52, 'integer'],
  'Acct-Output-Gigawords': [53, 'integer'],
  'Event-Timestamp': [55, 'date'],
  'CHAP-Challenge': [60, 'octets', 'secret'],
  'NAS-Port-Type': [61, 'integer'],
  'Port-Limit': [62, 'integer'],
  'Login-LAT-Port': [63, 'text'],
  'Tunnel-Type': [64, 'tagged-integer'],
  'Tunnel-Medium-Type': [65, 'tagged-integer'],
  'Tunnel-Client-Endpoint': [66, 'tagged-text'],
  'Tunnel-Server-Endpoint': [67, 'tagged-text'],
  'Acct-Tunnel-Connection': [68, 'text'],
  'Tunnel-Password': [69, 'tagged-octets', 'secret'],
  'ARAP-Password': [70, 'octets', 'secret'],
  'ARAP-Features': [71, 'octets'],
  'ARAP-Zone-Access': [72, 'integer'],
  'ARAP-Security': [73, 'integer'],
  'ARAP-Security-Data': [74, 'octets', 'secret'],
  'Password-Retry': [75, 'integer'],
  Prompt: [76, 'integer'],
  'Connect-Info': [77, 'text'],
  'Configuration-Token': [78, 'text'],
  'EAP-Message': [79, 'octets'],
  'Message-Authenticator': [80, 'octets'],
  'Tunnel-Private-Group-ID': [81, 'tagged-text'],
  'Tunnel-Assignment-ID': [82, 'tagged-text'],
  'Tunnel-Preference': [83, 'tagged-integer'],
  'ARAP-Challenge-Response': [84, 'octets', 'secret'],
  'Acct-Interim-Interval': [85, 'integer'],
  'Acct-Tunnel-Packets-Lost': [86, 'integer'],
  'NAS-Port-Id': [87, 'text'],
  'Framed-Pool': [88, 'text'],
  'Chargeable-User-Identity': [89, 'octets'],
  'Tunnel-Client-Auth-ID': [90, 'tagged-text'],
  'Tunnel-Server-Auth-ID': [91, 'tagged-text'],
  'NAS-IPv6-Address': [95, 'ipv6-address'],
  'Framed-Interface-Id': [96, 'octets'],
  'Framed-IPv6-Prefix': [97, 'ipv6-prefix'],
  'Login-IPv6-Host': [98, 'ipv6-address'],
  'Framed-IPv6-Route': [99, 'text'],
  'Framed-IPv6-Pool': [100, 'text'],
  'Error-Cause': [101, 'integer'],
} as const satisfies Readonly<Record<string, AttributeRow>>

const ROWS = { ...STANDARD_ATTRIBUTES, ...MICROSOFT_ATTRIBUTES } as const

export type AttributeName = keyof typeof ROWS

/** What the named attribute holds in memory: `string` for `User-Name`. */
export type AttributeValue<N extends AttributeName> = RadiusValues[(typeof ROWS)[N][1]]

export interface AttributeDefinition {
  readonly name: AttributeName
  /** 0 … 255, within the vendor's own numbers where there is one. */
  readonly type: number
  /** Absent: an attribute of the standard's. */
  readonly vendor?: number
  readonly kind: ValueKind
  /** Passwords, what proves one, and keys: never shown. */
  readonly secret: boolean
}

const isName = (name: string): name is AttributeName => Object.hasOwn(ROWS, name)

const DEFINITIONS: ReadonlyMap<AttributeName, AttributeDefinition> = new Map(
  Object.entries(ROWS as Readonly<Record<string, AttributeRow>>).map(([text, row]) => {
    const name = text as AttributeName
    const [type, kind, keep] = row
    const vendor = Object.hasOwn(MICROSOFT_ATTRIBUTES, name) ? { vendor: MICROSOFT_VENDOR } : {}
    return [name, { name, type, kind, secret: keep === 'secret', ...vendor }]
  }),
)

const keyOf = (type: number, vendor: number | undefined): number => (vendor ?? 0) * 256 + type

const BY_NUMBER: ReadonlyMap<number, AttributeDefinition> = new Map(
  [...DEFINITIONS.values()].map((found) => [keyOf(found.type, found.vendor), found]),
)

const BY_FOLDED_NAME: ReadonlyMap<string, AttributeDefinition> = new Map(
  [...DEFINITIONS.values()].map((found) => [found.name.toLowerCase(), found]),
)

export function definitionOf(name: AttributeName): AttributeDefinition {
  return DEFINITIONS.get(name)!
}

/** A name that somebody typed, in whatever case. Undefined: nothing of that name is known. */
export const definitionNamed = (name: string): AttributeDefinition | undefined =>
  isName(name) ? DEFINITIONS.get(name) : BY_FOLDED_NAME.get(name.toLowerCase())

export const definitionNumbered = (
  type: number,
  vendor?: number,
): AttributeDefinition | undefined => BY_NUMBER.get(keyOf(type, vendor))

/** `User-Name`; `Attribute-211` and `Vendor-9-Attribute-1` for what has no name. */
export const attributeName = (type: number, vendor?: number): string =>
  definitionNumbered(type, vendor)?.name ??
  (vendor === undefined ? `Attribute-${type}` : `Vendor-${vendor}-Attribute-${type}`)
