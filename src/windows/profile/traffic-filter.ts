/**
 * Traffic filters of a ProfileXML, ranges read into numbers. Filters are alternatives; what stands inside one must hold together.
 * Source: VPNv2 CSP, TrafficFilterList. Not a firewall: nothing is filtered here.
 */
import {
  broadcastOf,
  isIpv4,
  parseAddress,
  parseInterfaceAddress,
  type Address,
  type Ipv6,
  type Prefix,
} from '../../base/address.ts'
import type { Position } from '../../topology/position.ts'
import { present, type ElementReader, type Placed } from '../xml-values.ts'
import type { XmlElement } from '../xml.ts'
import { ROUTING_POLICY_TYPES, type RoutingPolicyType } from './routing-policy.ts'

export interface PortRange {
  readonly written: string
  readonly first: number
  readonly last: number
}

export interface AddressRange {
  readonly written: string
  readonly first: Address
  readonly last: Address
}

const DIRECTIONS = ['Outbound', 'Inbound'] as const

export interface TrafficFilter {
  readonly at: Position
  /** A path, a package family name, or `SYSTEM`. */
  readonly app?: Placed<string>
  readonly claims?: Placed<string>
  /** 6 TCP, 17 UDP. */
  readonly protocol?: Placed<number>
  readonly localPorts?: readonly Placed<PortRange>[]
  readonly remotePorts?: readonly Placed<PortRange>[]
  readonly localAddresses?: readonly Placed<AddressRange>[]
  readonly remoteAddresses?: readonly Placed<AddressRange>[]
  /** Only with `app`. */
  readonly routingPolicyType?: Placed<RoutingPolicyType>
  /** Absent: outbound. */
  readonly direction?: Placed<(typeof DIRECTIONS)[number]>
}

export function readTrafficFilter(element: XmlElement, read: ElementReader): TrafficFilter {
  read.strangers(element)
  const app = read.one(element, 'App')
  if (app !== undefined) read.strangers(app)
  return {
    at: element.at,
    ...present('app', app && read.text(app, 'Id')),
    ...present('claims', read.text(element, 'Claims')),
    ...present('protocol', read.number(element, 'Protocol', { most: 255 })),
    ...present('localPorts', ranges(element, 'LocalPortRanges', read, portRange)),
    ...present('remotePorts', ranges(element, 'RemotePortRanges', read, portRange)),
    ...present('localAddresses', ranges(element, 'LocalAddressRanges', read, addressRange)),
    ...present('remoteAddresses', ranges(element, 'RemoteAddressRanges', read, addressRange)),
    ...present(
      'routingPolicyType',
      read.choice(element, 'RoutingPolicyType', ROUTING_POLICY_TYPES),
    ),
    ...present('direction', read.choice(element, 'Direction', DIRECTIONS)),
  }
}

/** Programs that start the tunnel. */
export function readAppTriggers(root: XmlElement, read: ElementReader): readonly Placed<string>[] {
  return read.each(root, 'AppTrigger').flatMap((trigger) => {
    read.strangers(trigger)
    const app = read.one(trigger, 'App')
    if (app === undefined) {
      read.problem('missing', trigger.at, '<AppTrigger> needs an <App>', 'AppTrigger/App')
      return []
    }
    read.strangers(app)
    return [read.required(app, 'Id')]
  })
}

interface Range {
  readonly written: string
}

function ranges<R extends Range>(
  element: XmlElement,
  name: string,
  read: ElementReader,
  parse: (written: string) => R | string,
): readonly Placed<R>[] | undefined {
  const list = read.list(element, name)
  return list?.flatMap(({ value, at }) => {
    const range = parse(value)
    if (typeof range !== 'string') return [{ value: range, at }]
    read.problem('bad-value', at, `<${name}> has '${value}', ${range}`, `${element.name}/${name}`)
    return []
  })
}

function portRange(written: string): PortRange | string {
  const m = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(written)
  const first = Number(m?.[1])
  const last = Number(m?.[2] ?? m?.[1])
  return m === null || last > 65_535 || first > last
    ? 'not a port or a range of ports such as 80 or 52000-52112'
    : { written, first, last }
}

const NO_ADDRESSES =
  'not an address, a prefix or a range such as 10.0.0.1, 10.0.0.0/24 or 10.0.0.1-10.0.0.9'

function addressRange(written: string): AddressRange | string {
  if (written.includes('/')) {
    const read = parseInterfaceAddress(written)
    if (!read.ok) return NO_ADDRESSES
    const { prefix } = read.value
    return { written, first: prefix.address, last: lastOf(prefix) }
  }
  const ends = written.split('-').map((end) => parseAddress(end.trim()))
  const [first, last = first] = ends
  if (first === undefined || last === undefined || ends.length > 2) return NO_ADDRESSES
  return typeof first === typeof last && first <= last ? { written, first, last } : NO_ADDRESSES
}

const lastOf = ({ address, length }: Prefix): Address =>
  isIpv4(address)
    ? broadcastOf({ address, length })
    : ((address | ((1n << BigInt(128 - length)) - 1n)) as Ipv6)
