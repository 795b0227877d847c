/**
 * The attributes that RRAS puts into an Access-Request for a VPN connection, and those that an operator wants otherwise.
 * Not credentials. A typical capture, and NPS's own dictionaries; the tunnel's number has no source and is left out unless it is given.
 */
import type { Ipv4 } from '../../base/address.ts'
import { formatIpv4 } from '../../base/address.ts'
import { utf8 } from '../../base/bytes.ts'
import { attribute, attributeFromText } from '../../wire/radius/attributes.ts'
import { definitionNamed } from '../../wire/radius/dictionary.ts'
import type { RadiusAttribute } from '../../wire/radius/packet.ts'
import {
  FramedProtocol,
  NasPortType,
  NetworkAccessServerType,
  ServiceType,
  TunnelMediumType,
} from '../../wire/radius/named-values.ts'
import { MICROSOFT_VENDOR } from '../../wire/radius/microsoft.ts'

export interface VpnConnection {
  readonly user: string
  /** `GATEWAY`. */
  readonly nasIdentifier: string
  /** Of the interface by which the server is reached. */
  readonly nasAddress: Ipv4
  /** Number of the port, from 1. */
  readonly port: number
  /** The gateway's outer address, as it sees it. */
  readonly calledStation: Ipv4
  /** The client's address after every translation. */
  readonly callingStation: Ipv4
  readonly sessionId: string
  /** Name of the client's computer. */
  readonly clientName?: string
}

/** By name: a number, text, or nothing to leave it out. */
export type AttributeChanges = Readonly<Record<string, string | number | undefined>>

/** What cannot be made of a change: no such attribute, or no such value. */
export function changesComplaint(changes: AttributeChanges): string | undefined {
  for (const [name, value] of Object.entries(changes)) {
    if (definitionNamed(name) === undefined) return `there is no RADIUS attribute '${name}'`
    if (value !== undefined && !attributeFromText(name, value).ok) {
      return `'${value}' is no value of ${name}`
    }
  }
  return undefined
}

/** In the order in which RRAS sends them; `changes` take their places, and what is new goes behind. */
export function connectionAttributes(
  connection: VpnConnection,
  changes: AttributeChanges = {},
): readonly RadiusAttribute[] {
  const named = rrasAttributes(connection)
  const kept = named.flatMap(([name, made]) => {
    if (!Object.hasOwn(changes, name)) return [made]
    return changed(name, changes[name])
  })
  const known = new Set(named.map(([name]) => name))
  const added = Object.entries(changes).flatMap(([name, value]) =>
    known.has(name) ? [] : changed(name, value),
  )
  return [...kept, ...added]
}

function changed(name: string, value: string | number | undefined): readonly RadiusAttribute[] {
  if (value === undefined) return []
  const made = attributeFromText(name, value)
  return made.ok ? [made.value] : []
}

function rrasAttributes(c: VpnConnection): readonly (readonly [string, RadiusAttribute])[] {
  const client = formatIpv4(c.callingStation)
  const server = formatIpv4(c.calledStation)
  return [
    ['User-Name', attribute('User-Name', c.user)],
    ['NAS-IP-Address', attribute('NAS-IP-Address', c.nasAddress)],
    ['NAS-Identifier', attribute('NAS-Identifier', c.nasIdentifier)],
    ['NAS-Port', attribute('NAS-Port', c.port)],
    ['NAS-Port-Type', attribute('NAS-Port-Type', NasPortType.Virtual)],
    ['Service-Type', attribute('Service-Type', ServiceType.Framed)],
    ['Framed-Protocol', attribute('Framed-Protocol', FramedProtocol.PPP)],
    ['Called-Station-Id', attribute('Called-Station-Id', server)],
    ['Calling-Station-Id', attribute('Calling-Station-Id', client)],
    [
      'Tunnel-Medium-Type',
      attribute('Tunnel-Medium-Type', { tag: 0, value: TunnelMediumType.IPv4 }),
    ],
    ['Tunnel-Client-Endpoint', attribute('Tunnel-Client-Endpoint', { tag: 0, value: client })],
    ['Tunnel-Server-Endpoint', attribute('Tunnel-Server-Endpoint', { tag: 0, value: server })],
    ['Acct-Session-Id', attribute('Acct-Session-Id', c.sessionId)],
    ['MS-RAS-Vendor', attribute('MS-RAS-Vendor', MICROSOFT_VENDOR)],
    ['MS-RAS-Version', attribute('MS-RAS-Version', 'MSRASV5.20')],
    [
      'MS-Network-Access-Server-Type',
      attribute('MS-Network-Access-Server-Type', NetworkAccessServerType['Remote-Access-Server']),
    ],
    ['MS-RAS-Correlation', attribute('MS-RAS-Correlation', utf8(`{${c.sessionId}}`))],
    ...(c.clientName === undefined
      ? []
      : ([
          ['MS-RAS-Client-Name', attribute('MS-RAS-Client-Name', c.clientName)],
          ['MS-RAS-Client-Version', attribute('MS-RAS-Client-Version', 'MSRASV5.20')],
        ] as const)),
  ]
}
