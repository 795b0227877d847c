/**
 * A LockDown profile, from its installation on: the tunnel alone carries traffic, whether it is up or not. What the tunnel itself needs passes by other
 * interfaces: IKE and ESP, leases, and DNS for the gateway's name (OWN: Microsoft says only that all else is blocked). Source: VPNv2 CSP, LockDown.
 */
import type { PacketGuard } from '../../net/guards.ts'
import type { Packet, Stop } from '../../net/packet.ts'
import type { NicView } from '../../net/sockets.ts'
import { IKE_PORT, NAT_T_PORT } from '../../wire/ikev2/header.ts'
import { PROTOCOL } from '../../wire/ipv4.ts'
import { flowOf, flowText, type SeenFlow } from './flow.ts'

const DNS_PORT = 53
const DHCP_CLIENT = 68
const DHCP_SERVER = 67

export interface LockedHost {
  readonly nics: readonly NicView[]
}

export class LockDown implements PacketGuard {
  readonly #host: LockedHost
  readonly #connection: string

  /** `connection`: name of the profile. */
  constructor(host: LockedHost, connection: string) {
    this.#host = host
    this.#connection = connection
  }

  output(packet: Packet): Stop | undefined {
    return this.#judge(packet, packet.outNic, true)
  }

  input(packet: Packet): Stop | undefined {
    return this.#judge(packet, packet.inNic, false)
  }

  #judge(packet: Packet, by: string | undefined, sent: boolean): Stop | undefined {
    const nic = this.#host.nics.find(({ name }) => name === by)
    if (nic?.kind === 'tunnel' && nic.name === this.#connection) return undefined
    const flow = flowOf(packet, sent)
    if (isCarrier(flow) || isLease(flow) || isDnsOf(flow, nic)) return undefined
    if (!sent && flow.isIcmpError) return undefined
    const rule = `${this.#connection}/LockDown`
    const detail = `${flowText(flow, sent)} by ${by}: only ${this.#connection} carries traffic`
    return { kind: 'drop', reason: 'filter', rule, detail }
  }
}

const isIkePort = (port: number | undefined): boolean => port === IKE_PORT || port === NAT_T_PORT

const isCarrier = ({ protocol, localPort, remotePort }: SeenFlow): boolean =>
  protocol === PROTOCOL.esp ||
  (protocol === PROTOCOL.udp && isIkePort(localPort) && isIkePort(remotePort))

const isLease = ({ protocol, localPort, remotePort }: SeenFlow): boolean =>
  protocol === PROTOCOL.udp && localPort === DHCP_CLIENT && remotePort === DHCP_SERVER

/** Of a server that the network itself has named. */
const isDnsOf = ({ remote, remotePort }: SeenFlow, nic: NicView | undefined): boolean =>
  remotePort === DNS_PORT && nic?.dns.includes(remote) === true
