/**
 * What the VPN client of Windows logs: Application, source RasClient, 20220 to 20227. Fields as the events have them, a text of ours. Codes are
 * signed decimals, HRESULTs too. Sources: Microsoft, "RAS Connection Establishment" (cc773769); field names from published logs of Windows 10.
 * Not when each appears: `connect/decisions.ts` for a dial, `connect/ends.ts` for its end.
 */
import { invariant } from '../base/invariant.ts'
import type { Instant } from '../base/time.ts'
import { vpnCode } from './connect/codes.ts'
import type { EventField, WindowsEvent } from './nps/events.ts'
import type { WindowsCode } from './outcomes.ts'

export interface RasDial {
  /** `CORP\ada`, or `SYSTEM` for a device tunnel. */
  readonly user: string
  /** Name of the profile. */
  readonly connection: string
  /** CoId, the same in all events of one dial. */
  readonly correlation?: string
}

/** The device that carries the link. */
export interface RasLink {
  /** As the profile has it: a name, mostly. */
  readonly server: string
  readonly protocol: 'IKEv2' | 'SSTP'
  /** `VPN2-1`. */
  readonly port: string
}

/** What the profile says, as far as it is dumped. */
export interface RasSettings {
  readonly allUsers: boolean
  readonly strategy: 'IKEv2' | 'SSTP' | 'Automatic'
  /** `EAP <Microsoft: Protected EAP (PEAP) (encryption enabled)>`, `Machine Certificate`. */
  readonly authentication: string
  readonly forceTunnel: boolean
  readonly mobility: boolean
  /** Default `Require`. */
  readonly dataEncryption?: 'None' | 'Optional' | 'Require' | 'Max'
  /** Default true: the credentials of the tunnel are those of the session. */
  readonly useRasCredentials?: boolean
}

export type RasClientEvent =
  /** Dialling begins. */
  | ({ readonly id: 20221 } & RasSettings)
  | { readonly id: 20222 | 20223; readonly link: RasLink }
  | { readonly id: 20224 }
  | { readonly id: 20225; readonly address: string }
  /** A connection ended: 631 by the user, 829 with its link. */
  | { readonly id: 20226; readonly code: WindowsCode }
  | { readonly id: 20227; readonly code: WindowsCode }
  /** The device lost its link: the older event, which names the device and not the user. */
  | { readonly id: 20220; readonly link: RasLink; readonly code: WindowsCode }

/** What is known of a dial when its events are written. */
export interface RasFacts {
  readonly settings: RasSettings
  readonly link: RasLink
  /** Inner address, once there is one. */
  readonly address?: string
  /** Why it failed, or ended. */
  readonly code?: WindowsCode
}

/** The events of these numbers, in this order. An event for which a fact is missing is a mistake of the caller's. */
export const rasClientEvents = (
  ids: readonly RasClientEvent['id'][],
  facts: RasFacts,
): readonly RasClientEvent[] => ids.map((id) => filled(id, facts))

function filled(
  id: RasClientEvent['id'],
  { settings, link, address, code }: RasFacts,
): RasClientEvent {
  switch (id) {
    case 20221:
      return { id, ...settings }
    case 20222:
    case 20223:
      return { id, link }
    case 20224:
      return { id }
    case 20225:
      invariant(address !== undefined, `event ${id} without an inner address`)
      return { id, address }
    case 20226:
    case 20227:
      invariant(code !== undefined, `event ${id} without a code`)
      return { id, code }
    case 20220:
      invariant(code !== undefined, `event ${id} without a code`)
      return { id, link, code }
  }
}

/** The event as data. */
export function rasClientEvent(at: Instant, dial: RasDial, event: RasClientEvent): WindowsEvent {
  const { text, fields } = told(dial, event)
  return {
    on: 'client',
    channel: 'Application',
    source: 'RasClient',
    id: event.id,
    level: event.id === 20227 || event.id === 20220 ? 'error' : 'information',
    at,
    text,
    fields: [
      ...(dial.correlation === undefined ? [] : [field('CoId', dial.correlation)]),
      field('User', dial.user),
      field('Connection', dial.connection),
      ...fields,
    ],
  }
}

const field = (name: string, value: string): EventField => ({ name, value })
const yes = (value: boolean): string => (value ? 'Yes' : 'No')

function told(
  { user, connection }: RasDial,
  event: RasClientEvent,
): Pick<WindowsEvent, 'text' | 'fields'> {
  switch (event.id) {
    case 20220: {
      const { decimal, meaning } = vpnCode(event.code)
      const text = `the link to ${event.link.server} by ${deviceName(event.link)} ended, ${decimal}: ${meaning}`
      return { text, fields: [...device(event.link), field('Error Code', `${decimal}`)] }
    }
    case 20221:
      return { text: `${user} dials ${connection}`, fields: settings(event) }
    case 20222:
      return { text: `${user} seeks a link to ${event.link.server}`, fields: device(event.link) }
    case 20223:
      return { text: `${user} has a link to ${event.link.server}`, fields: device(event.link) }
    case 20224:
      return { text: `all links of ${connection} are there`, fields: [] }
    case 20225:
      return {
        text: `${user} is connected by ${connection}`,
        fields: [field('TunnelIpAddress', event.address), field('TunnelIpv6Address', 'None')],
      }
    case 20226:
    case 20227: {
      const { decimal, meaning } = vpnCode(event.code)
      const what = event.id === 20226 ? 'has ended' : 'failed'
      const name = event.id === 20226 ? 'Reason Code' : 'Error Code'
      const text = `${connection} of ${user} ${what}, ${decimal}: ${meaning}`
      return { text, fields: [field(name, `${decimal}`)] }
    }
  }
}

/** The part of the dump that anybody reads. */
const settings = (event: RasSettings): readonly EventField[] => [
  field('Profile', event.allUsers ? 'all-user' : 'per-user'),
  field('VpnStrategy', event.strategy),
  field('DataEncryption', event.dataEncryption ?? 'Require'),
  field('UseRasCredentials', yes(event.useRasCredentials ?? true)),
  field('Authentication Type', event.authentication),
  field('Ipv4DefaultGateway', yes(event.forceTunnel)),
  field('Ipv4AddressAssignment', 'By Server'),
  field('Ipv4DNSServerAssignment', 'By Server'),
  field('Mobility enabled for IKEv2', yes(event.mobility)),
]

const deviceName = ({ protocol }: RasLink): string => `WAN Miniport (${protocol})`

const device = (link: RasLink): readonly EventField[] => [
  field('Server address/Phone Number', link.server),
  field('Device', deviceName(link)),
  field('Port', link.port),
  field('MediaType', 'VPN'),
]
