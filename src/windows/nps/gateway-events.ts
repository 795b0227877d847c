/**
 * What RRAS logs as a RADIUS client: System, source RemoteAccess. Numbers from mprlog.h (ROUTER_LOG_BASE 20000), the shape of 20271 from
 * one that was published (the reason of NPS in hexadecimal, the RAS error as binary data).
 */
import type { Instant } from '../../base/time.ts'
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
  | { readonly id: 20169 }

const RADIUS_TIMEOUT = 930

/** The event as data. */
export function gatewayEvent(at: Instant, event: GatewayEvent): WindowsEvent {
  const { text, fields } = told(event)
  return {
    on: 'gateway',
    channel: 'System',
    source: 'RemoteAccess',
    id: event.id,
    level: 'warning',
    at,
    text,
    fields,
  }
}

const one = (name: string, value: string): readonly EventField[] => [{ name, value }]

function told(event: GatewayEvent): Pick<WindowsEvent, 'text' | 'fields'> {
  switch (event.id) {
    case 20271:
      return denied(event)
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
    case 20049: {
      const text = `${event.user} did not finish authentication in time`
      return { text, fields: one('User', event.user) }
    }
    case 20169:
      return {
        text: 'no DHCP server answered: clients get addresses of 169.254.0.0/16',
        fields: [],
      }
  }
}

function denied(
  event: Extract<GatewayEvent, { id: 20271 }>,
): Pick<WindowsEvent, 'text' | 'fields'> {
  const isSilent = 'silent' in event
  const why = isSilent ? 'no RADIUS server answered' : NPS_REASONS[event.reason].text
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
