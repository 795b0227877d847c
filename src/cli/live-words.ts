/**
 * Ports, peers and remotes as they are written on the command line. Not what they mean to a lab: `live/live.ts` finds that out.
 */
import { InvalidArgumentError } from '@commander-js/extra-typings'
import type { RemoteSpec } from '../live/live.ts'
import type { PeerSpec } from '../live/speakers.ts'
import type { PortMapping } from './live.ts'

export function portOf(text: string): number {
  const port = numberOf(text)
  if (port === undefined || port < 1 || port > 65_535)
    throw new InvalidArgumentError('A port is a whole number from 1 to 65535.')
  return port
}

const numberOf = (text: string): number | undefined =>
  /^\d{1,5}$/.test(text) ? Number(text) : undefined

/** `1812`, or `1812=11812`; `=0`: any port that is free. */
export function portMappingOf(text: string): PortMapping {
  const [service, real, extra] = text.split('=')
  if (extra !== undefined) throw new InvalidArgumentError('A port is written 1812 or 1812=11812.')
  if (real === undefined) return { service: portOf(service!) }
  return { service: portOf(service!), real: real === '0' ? 0 : portOf(real) }
}

export function offsetOf(text: string): number {
  const offset = numberOf(text)
  if (offset === undefined || offset > 65_534)
    throw new InvalidArgumentError('An offset is a whole number from 0 to 65534.')
  return offset
}

/** Both sides of the `=`. */
function sidesOf(text: string, written: string): readonly [string, string] {
  const [left, right, extra] = text.split('=')
  if (!left || !right || extra !== undefined)
    throw new InvalidArgumentError(`It is written ${written}.`)
  return [left, right]
}

/** `127.0.0.1=gateway`. */
export function peerOf(text: string): PeerSpec {
  const [from, as] = sidesOf(text, '127.0.0.1=gateway')
  return { from, as }
}

/** `nps1=127.0.0.1`, `nps1:1812=127.0.0.1:11812`. */
export function remoteOf(text: string): RemoteSpec {
  const [left, right] = sidesOf(text, 'nps1:1812=127.0.0.1:11812')
  const [to, port] = withPort(left)
  const [address, realPort] = withPort(right)
  return {
    to,
    address,
    ...(port !== undefined && { port }),
    ...(realPort !== undefined && { realPort }),
  }
}

function withPort(text: string): readonly [string, number | undefined] {
  const colon = text.lastIndexOf(':')
  // Several colons: an IPv6 address, which is refused in words of its own.
  if (colon < 0 || text.indexOf(':') !== colon) return [text, undefined]
  return [text.slice(0, colon), portOf(text.slice(colon + 1))]
}
