/**
 * The small networks in which the kernel and the twin are compared: stations, one or two routers in a row, three networks each.
 * Plain data and the commands that build it from namespaces; nothing is run here. All addresses live inside namespaces only.
 */
import { ipv4, parsePrefix, type Ipv4, type Prefix } from '../../../src/base/address.ts'

export interface LabNetwork {
  readonly name: string
  readonly mtu: number
  /** The stations on it, all behind one MAC: neighbours that routers send to. */
  readonly stationMac: Uint8Array
  readonly stations: readonly Ipv4[]
  /** Place of its cable among all stations' cables; undefined: a link between routers. */
  readonly port: number | undefined
}

export interface LabNic {
  readonly network: string
  readonly address: Ipv4
  readonly prefixLength: number
  readonly mac: Uint8Array
  /** The Linux interface. */
  readonly device: string
}

export interface LabRoute {
  readonly to: Prefix<Ipv4>
  readonly via: Ipv4
}

export interface LabRouter {
  readonly name: string
  readonly nics: readonly LabNic[]
  readonly routes: readonly LabRoute[]
}

export interface Lab {
  readonly name: string
  readonly networks: readonly LabNetwork[]
  readonly routers: readonly LabRouter[]
}

/** Hosts that talk, by the network behind which they are. */
export const HOSTS: Readonly<Record<'inside' | 'outside' | 'dmz', readonly Ipv4[]>> = {
  inside: ['10.1.0.2', '192.168.1.5', '192.168.1.200', '192.168.77.3'].map(ipv4),
  outside: ['10.2.0.2', '172.16.0.1', '172.16.5.9', '172.17.200.1', '198.18.0.7'].map(ipv4),
  dmz: ['10.3.0.2', '10.9.1.1', '10.9.2.2'].map(ipv4),
}

/** Addresses that no host has and that rules translate to or from. */
export const VIRTUAL: readonly Ipv4[] = ['198.18.9.1', '198.18.9.2', '172.16.99.1'].map(ipv4)

const prefix = (text: string): Prefix<Ipv4> => {
  const read = parsePrefix(text)
  if (!read.ok) throw new RangeError(read.error)
  return read.value as Prefix<Ipv4>
}

const route = (to: string, via: string): LabRoute => ({ to: prefix(to), via: ipv4(via) })
const mac = (lab: number, role: number, which: number): Uint8Array =>
  Uint8Array.of(2, 0x5a, lab, role, 0, which)

const INSIDE_ROUTES = [['192.168.0.0/16', '10.1.0.2']] as const
const OUTSIDE_ROUTES = [
  ['172.16.0.0/12', '10.2.0.2'],
  ['198.18.0.0/15', '10.2.0.2'],
] as const
const DMZ_ROUTES = [['10.9.0.0/16', '10.3.0.2']] as const

/** One router between three networks; the outside is narrower, so that packets must be cut. */
function single(name: string, lab: number, firstPort: number): Lab {
  const network = (
    which: number,
    networkName: string,
    station: string,
    mtu = 1500,
  ): LabNetwork => ({
    name: networkName,
    mtu,
    stationMac: mac(lab, 1, which),
    stations: [ipv4(station)],
    port: firstPort + which,
  })
  const nic = (which: number, networkName: string, address: string): LabNic => ({
    network: networkName,
    address: ipv4(address),
    prefixLength: 16,
    mac: mac(lab, 2, which),
    device: `r${which}`,
  })
  return {
    name,
    networks: [
      network(0, 'inside', '10.1.0.2'),
      network(1, 'outside', '10.2.0.2', 1200),
      network(2, 'dmz', '10.3.0.2'),
    ],
    routers: [
      {
        name: 'r',
        nics: [
          nic(0, 'inside', '10.1.0.1'),
          nic(1, 'outside', '10.2.0.1'),
          nic(2, 'dmz', '10.3.0.1'),
        ],
        routes: [...INSIDE_ROUTES, ...OUTSIDE_ROUTES, ...DMZ_ROUTES].map(([to, via]) =>
          route(to, via),
        ),
      },
    ],
  }
}

/** Two routers in a row: inside and dmz behind the inner one, the outside behind the outer one. */
function pair(name: string, lab: number, firstPort: number): Lab {
  const inner = mac(lab, 2, 3)
  const outer = mac(lab, 3, 3)
  return {
    name,
    networks: [
      {
        name: 'inside',
        mtu: 1500,
        stationMac: mac(lab, 1, 0),
        stations: [ipv4('10.1.0.2')],
        port: firstPort,
      },
      {
        name: 'outside',
        mtu: 1200,
        stationMac: mac(lab, 1, 1),
        stations: [ipv4('10.2.0.2')],
        port: firstPort + 1,
      },
      {
        name: 'dmz',
        mtu: 1500,
        stationMac: mac(lab, 1, 2),
        stations: [ipv4('10.3.0.2')],
        port: firstPort + 2,
      },
      { name: 'transfer', mtu: 1500, stationMac: inner, stations: [], port: undefined },
    ],
    routers: [
      {
        name: 'inner',
        nics: [
          nicOf('inside', '10.1.0.1', mac(lab, 2, 0), 'r0'),
          nicOf('transfer', '10.4.0.1', inner, 'r3'),
          nicOf('dmz', '10.3.0.1', mac(lab, 2, 2), 'r2'),
        ],
        routes: [
          ...[...INSIDE_ROUTES, ...DMZ_ROUTES].map(([to, via]) => route(to, via)),
          route('0.0.0.0/0', '10.4.0.2'),
        ],
      },
      {
        name: 'outer',
        nics: [
          nicOf('transfer', '10.4.0.2', outer, 'r3'),
          nicOf('outside', '10.2.0.1', mac(lab, 3, 1), 'r1'),
        ],
        routes: [
          ...OUTSIDE_ROUTES.map(([to, via]) => route(to, via)),
          ...['192.168.0.0/16', '10.1.0.0/16', '10.3.0.0/16', '10.9.0.0/16'].map((to) =>
            route(to, '10.4.0.1'),
          ),
        ],
      },
    ],
  }
}

const nicOf = (network: string, address: string, nicMac: Uint8Array, device: string): LabNic => ({
  network,
  address: ipv4(address),
  prefixLength: 16,
  mac: nicMac,
  device,
})

export const LABS = {
  single: single('single', 1, 0),
  pair: pair('pair', 2, 3),
  slow: single('slow', 3, 6),
} as const

export type LabName = keyof typeof LABS
