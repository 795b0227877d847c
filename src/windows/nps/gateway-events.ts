/**
 * What RRAS logs: System, source RemoteAccess; and what the service control manager logs of RRAS. Numbers from mprlog.h (ROUTER_LOG_BASE
 * 20000), the shape of 20271 from one that was published (the reason of NPS in hexadecimal, the RAS error as binary data), 20276 from
 * Microsoft's Always On VPN troubleshooter. Texts are ours. Which of them a dial leaves: `connect/decisions.ts`.
 */
import type { Instant } from '../../base/time.ts'
import { SERVER_CODES, type ServerCode } from '../connect/codes.ts'
import type { EventField, WindowsEvent } from './events.ts'
import { NPS_REASONS, type NpsReason } from './reasons.ts'

export type GatewayEvent =
  | {
      readonly id: 20271
      readonly user: string
      readonly address: string
      readonly reason: NpsReason
      /** RAS error, 691. */ readonly code: number
    }
  /** No RADIUS server answered the request of this user: error 930. */
  | { readonly id: 20271; readonly user: string; readonly address: string; readonly silent: true }
  /** The server that was asked first did not answer: its name, or address. */
  | { readonly id: 20146 | 20148; readonly server: string }
  | { readonly id: 20152; readonly provider: string }
  | { readonly id: 20049; readonly user: string }
  /** No DHCP server inside: clients get addresses that lead nowhere, of which this is the server's own. */
  | { readonly id: 20169; readonly address: string }
  /** No address is left for a client. */
  | { readonly id: 20167 }
  /** The certificate that it should show cannot be had. */
  | { readonly id: 20168 }
  | { readonly id: 20250; readonly user: string; readonly port: string }
  /** The negotiation failed; the user is not always known yet. `code`: RAS or IPsec error. */
  | {
      readonly id: 20255
      readonly port: string
      readonly user?: string
      readonly code: number
      readonly why: string
    }
  /** How a session went, when it ends. */
  | {
      readonly id: 20272
      readonly user: string
      readonly port: string
      readonly seconds: number
      readonly bytesSent: number
      readonly bytesReceived: number
      readonly why: string
    }
  | { readonly id: 20274; readonly user: string; readonly port: string; readonly address: string }
  | { readonly id: 20275; readonly user: string; readonly port: string }
  /** What the client came with is not among UserAuthProtocolAccepted. */
  | { readonly id: 20276; readonly user?: string; readonly address: string }
  /** The service RasMan did not start, and RemoteAccess with it. `code`: Windows error. */
  | { readonly id: 20063; readonly code: number }
  /** The interface could not be added with the router manager. */
  | { readonly id: 20106; readonly interface: string; readonly code: number }
  /** The link is up, and one side of it has no address: the gateway's own, or the client's. */
  | { readonly id: 20165 | 20166; readonly port: string; readonly interface: string }
  /** PPTP and L2TP: something between lets TCP 1723 through and GRE not. */
  | { readonly id: 20209; readonly address: string }
  /** The service terminated. Of RemoteAccess: IPv6 is disabled on the computer. */
  | { readonly id: 7024; readonly service: string; readonly why: string }
  /** The session was idle, or reached its limit. */
  | { readonly id: 20139 | 20140; readonly user: string; readonly port: string }

const RADIUS_TIMEOUT = 930 satisfies ServerCode

/** Nobody need do anything about these. */
const INFORMATION: readonly GatewayEvent['id'][] = [20139, 20140, 20250, 20272, 20274, 20275]
/** The service does not do what it is there for. */
const ERRORS: readonly GatewayEvent['id'][] = [7024, 20063, 20106, 20152, 20168]

const levelOf = (id: GatewayEvent['id']): WindowsEvent['level'] =>
  INFORMATION.includes(id) ? 'information' : ERRORS.includes(id) ? 'error' : 'warning'

/** `VPN2-12`: how RRAS calls a port of IKEv2 and SSTP, the last ones first. */
export const rasPort = (protocol: 'ikev2' | 'sstp', number: number): string =>
  `VPN${protocol === 'ikev2' ? 2 : 0}-${number}`

/** The event as data. */
export function gatewayEvent(at: Instant, event: GatewayEvent): WindowsEvent {
  const { text, fields } = told(event)
  return {
    on: 'gateway',
    channel: 'System',
    source: event.id === 7024 ? 'Service Control Manager' : 'RemoteAccess',
    id: event.id,
    level: levelOf(event.id),
    at,
    text,
    fields,
  }
}

type Told = Pick<WindowsEvent, 'text' | 'fields'>

const one = (name: string, value: string): readonly EventField[] => [{ name, value }]

function told(event: GatewayEvent): Told {
  switch (event.id) {
    case 20139:
    case 20140:
    case 20250:
    case 20255:
    case 20272:
    case 20274:
    case 20275:
      return toldOfPort(event)
    case 20049:
    case 20271:
    case 20276:
      return toldOfAuthentication(event)
    case 20146:
    case 20148:
    case 20152:
      return toldOfProvider(event)
    case 20106:
    case 20165:
    case 20166:
    case 20167:
    case 20169:
      return toldOfAddresses(event)
    case 20063: {
      const text = `RasMan did not start, error ${event.code}`
      return { text, fields: one('Error', `${event.code}`) }
    }
    case 20168:
      return { text: 'the certificate that the gateway should show cannot be had', fields: [] }
    case 20209: {
      const text = `${event.address} is connected, but its tunnel is not: GRE (protocol 47) is blocked`
      return { text, fields: one('Address', event.address) }
    }
    case 7024: {
      const text = `the service ${event.service} terminated: ${event.why}`
      return { text, fields: [...one('Service', event.service), ...one('Error', event.why)] }
    }
  }
}

function toldOfAuthentication(event: Extract<GatewayEvent, { id: 20049 | 20271 | 20276 }>): Told {
  switch (event.id) {
    case 20049: {
      const text = `${event.user} did not finish authentication in time`
      return { text, fields: one('User', event.user) }
    }
    case 20271:
      return denied(event)
    case 20276: {
      const who = event.user ?? NOBODY
      return {
        text: `${who} from ${event.address} came with a method that is not accepted here`,
        fields: [...one('User', who), ...one('Address', event.address)],
      }
    }
  }
}

function toldOfProvider(event: Extract<GatewayEvent, { id: 20146 | 20148 | 20152 }>): Told {
  switch (event.id) {
    case 20146: {
      const text = `the RADIUS server ${event.server} did not answer: check its name, address and the shared secret`
      return { text, fields: one('Server', event.server) }
    }
    case 20148: {
      const text = `the name of the RADIUS server ${event.server} could not be resolved`
      return { text, fields: one('Server', event.server) }
    }
    case 20152: {
      const text = `the authentication provider ${event.provider} could not be loaded`
      return { text, fields: one('Provider', event.provider) }
    }
  }
}

type OfAddresses = Extract<GatewayEvent, { id: 20106 | 20165 | 20166 | 20167 | 20169 }>

function toldOfAddresses(event: OfAddresses): Told {
  switch (event.id) {
    case 20106: {
      const text = `the interface ${event.interface} could not be added, error ${event.code}`
      const fields = [...one('Interface', event.interface), ...one('Error', `${event.code}`)]
      return { text, fields }
    }
    case 20165:
    case 20166: {
      const whose = event.id === 20165 ? 'this server' : 'the other side'
      const text = `${event.port} by ${event.interface} is up, but ${whose} has no address`
      return { text, fields: [...one('Port', event.port), ...one('Interface', event.interface)] }
    }
    case 20167:
      return { text: 'no address is left for a client', fields: [] }
    case 20169: {
      const text = 'no DHCP server answered: clients get addresses of 169.254.0.0/16'
      return { text, fields: one('Address', event.address) }
    }
  }
}

/** RRAS's word for a user whom it does not know yet. */
const NOBODY = '<Unauthenticated User>'

type OfPort = Exclude<Extract<GatewayEvent, { port: string }>, { interface: string }>

/** Every event of one port begins with the port and the user. */
function toldOfPort(event: OfPort): Told {
  const user = event.user ?? NOBODY
  const { text, fields = [] } = toldOf(event, user)
  return { text, fields: [...one('Port', event.port), ...one('User', user), ...fields] }
}

function toldOf(
  event: OfPort,
  user: string,
): { readonly text: string; readonly fields?: readonly EventField[] } {
  switch (event.id) {
    case 20139:
      return { text: `${user} was disconnected from ${event.port}: idle for too long` }
    case 20140:
      return { text: `${user} was disconnected from ${event.port}: the session was long enough` }
    case 20250:
      return { text: `${user} was connected to ${event.port}` }
    case 20255:
      return {
        text: `negotiation with ${user} on ${event.port} failed: ${event.why}`,
        fields: [...one('Reason', event.why), ...one('Binary', littleEndian(event.code))],
      }
    case 20272:
      return {
        text: `${user} was on ${event.port} for ${event.seconds} s: ${event.why}`,
        fields: [
          ...one('Seconds', `${event.seconds}`),
          ...one('Bytes Sent', `${event.bytesSent}`),
          ...one('Bytes Received', `${event.bytesReceived}`),
          ...one('Reason', event.why),
        ],
      }
    case 20274:
      return {
        text: `${user} on ${event.port} was given the address ${event.address}`,
        fields: one('Address', event.address),
      }
    case 20275:
      return { text: `${user} on ${event.port} was disconnected` }
  }
}

function denied(event: Extract<GatewayEvent, { id: 20271 }>): Told {
  const isSilent = 'silent' in event
  const why = isSilent ? SERVER_CODES[RADIUS_TIMEOUT].meaning : NPS_REASONS[event.reason].text
  const error = isSilent ? RADIUS_TIMEOUT : event.code
  return {
    text: `${event.user} from ${event.address} was not authenticated: ${why}`,
    fields: [
      { name: 'User', value: event.user },
      { name: 'Address', value: event.address },
      { name: 'Reason', value: why },
      { name: 'Reason Code', value: isSilent ? '-' : `0x${event.reason.toString(16)}` },
      { name: 'Binary', value: littleEndian(error) },
    ],
  }
}

/** `B3020000` is 691. */
function littleEndian(code: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(code)
  return bytes.toString('hex').toUpperCase()
}
