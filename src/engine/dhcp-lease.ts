/**
 * What a DHCPACK grants (RFC 2131 §4.3.1), read strictly enough that an interface can be configured from it.
 * Not a client: `dhcp-client.ts` decides when a lease is asked for, renewed and lost.
 */
import { maskOf, type Ipv4 } from '../base/address.ts'
import { seconds, type Duration, type Instant } from '../base/time.ts'
import {
  addressesIn,
  addressIn,
  DhcpOptionCode,
  numberIn,
  textIn,
  type DhcpMessage,
} from '../wire/dhcp.ts'

/** RFC 2131 §3.3: all ones is for ever. */
export const INFINITE_SECONDS = 0xffffffff

export interface Lease {
  readonly address: Ipv4
  readonly prefixLength: number
  readonly router?: Ipv4
  readonly dns: readonly Ipv4[]
  readonly suffix?: string
  readonly server: Ipv4
  readonly obtained: Instant
  /** Undefined: for ever. */
  readonly duration?: Duration
  /** T1 and T2 (RFC 2131 §4.4.5), counted from `obtained`; only with a duration. */
  readonly renewAfter?: Duration
  readonly rebindAfter?: Duration
}

/** The lease that an ACK grants, or why it cannot be used. */
export function readLease(message: DhcpMessage, now: Instant): Lease | string {
  const mask = numberIn(message, DhcpOptionCode.subnetMask)
  const server = addressIn(message, DhcpOptionCode.serverIdentifier)
  const time = numberIn(message, DhcpOptionCode.leaseTime)
  if (message.yourAddress === 0) return 'it grants no address'
  if (server === undefined) return 'it names no server (option 54)'
  if (time === undefined || time === 0) return 'it has no lease time (option 51)'
  const prefixLength = mask === undefined ? classOf(message.yourAddress) : lengthOf(mask)
  if (prefixLength === undefined) return `its subnet mask ${mask?.toString(16)} has a hole`
  const [router] = addressesIn(message, DhcpOptionCode.router)
  const suffix = textIn(message, DhcpOptionCode.domainName)
  return {
    address: message.yourAddress,
    prefixLength,
    ...(router === undefined ? {} : { router }),
    dns: addressesIn(message, DhcpOptionCode.domainNameServer),
    ...(suffix === undefined || suffix === '' ? {} : { suffix }),
    server,
    obtained: now,
    ...(time === INFINITE_SECONDS ? {} : timesOf(message, time)),
  }
}

/** RFC 2131 §4.4.5: half and seven eighths of the lease, unless the server says otherwise in good order. */
function timesOf(message: DhcpMessage, time: number) {
  const t1 = numberIn(message, DhcpOptionCode.renewalTime) ?? time * 0.5
  const t2 = numberIn(message, DhcpOptionCode.rebindingTime) ?? time * 0.875
  const inOrder = t1 < t2 && t2 < time
  return {
    duration: seconds(time),
    renewAfter: seconds(inOrder ? t1 : time * 0.5),
    rebindAfter: seconds(inOrder ? t2 : time * 0.875),
  }
}

/** The prefix length of a mask; undefined when its ones are not all in front. */
function lengthOf(mask: number): number | undefined {
  const length = Math.clz32(~mask >>> 0)
  return mask === maskOf(length) ? length : undefined
}

/** Without option 1, the classes of RFC 791 count, as on Windows. */
const classOf = (address: Ipv4): number =>
  address >>> 31 === 0 ? 8 : address >>> 30 === 0b10 ? 16 : 24
