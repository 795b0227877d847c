/**
 * A DHCP relay agent on a router (RFC 1542 §4, RFC 2131 §4.1): it carries the questions of one network to servers elsewhere, and their answers
 * back. Not a server, and without options of its own (RFC 3046).
 */
import { ipv4, type Ipv4 } from '../base/address.ts'
import { setU32 } from '../base/bytes.ts'
import type { Datagram, Endpoint, Host, UdpSocket } from '../net/sockets.ts'
import type { Stack } from '../net/stack.ts'
import type { DhcpRelaySpec } from '../topology/services.ts'
import {
  decodeDhcp,
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  HOPS_AT,
  RELAY_ADDRESS_AT,
  type DhcpMessage,
} from '../wire/dhcp.ts'
import type { WireError } from '../wire/codec.ts'
import { openDhcpPort } from './dhcp-port.ts'

const SOURCE = 'DhcpRelay'
/** RFC 1542 §4.1.1: what has passed more agents than this goes in circles. */
const HOPS_MAX = 16
const EVERYONE = ipv4('255.255.255.255')
const REQUEST = 1

/** Of a host, what a relay agent needs. */
type RelayHost = Host & Pick<Stack, 'routeTo'>

/** Serve the network that `spec` names. The returned function stops it. */
export function startDhcpRelay(host: RelayHost, spec: DhcpRelaySpec): () => void {
  const relay = new Relay(host, spec)
  return () => relay.close()
}

class Relay {
  readonly #host: RelayHost
  readonly #network: string
  readonly #servers: readonly Ipv4[]
  /** By interface: answers come by any of them. */
  readonly #sockets = new Map<string, UdpSocket>()

  constructor(host: RelayHost, spec: DhcpRelaySpec) {
    this.#host = host
    this.#network = spec.network
    this.#servers = spec.servers.map(ipv4)
    for (const { name: nic, kind } of host.nics) {
      if (kind !== 'ethernet') continue
      const opened = openDhcpPort(host, { port: DHCP_SERVER_PORT, nic }, (datagram) =>
        this.#read(datagram),
      )
      if (opened.ok) this.#sockets.set(nic, opened.value)
      else host.log(SOURCE, `UDP port ${DHCP_SERVER_PORT} is taken on ${nic}`)
    }
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
  }

  get #address(): Ipv4 | undefined {
    return this.#host.nics.find(({ name }) => name === this.#network)?.address
  }

  #read({ bytes, nic }: Datagram): WireError | undefined {
    const decoded = decodeDhcp(bytes)
    if (!decoded.ok) return decoded.error
    const message = decoded.value
    if (message.op !== REQUEST) this.#toClient(message, bytes)
    else if (nic === this.#network) this.#toServers(message, bytes)
    return undefined
  }

  /** The message goes on as it came, but for the two fields that are an agent's. */
  #toServers({ hops, relayAddress }: DhcpMessage, bytes: Uint8Array): void {
    const own = this.#address
    if (own === undefined) return
    if (hops >= HOPS_MAX) {
      return this.#host.log(SOURCE, `a message has passed ${hops} agents: not carried on`)
    }
    bytes[HOPS_AT] = hops + 1
    // The first agent writes down where it came from; those behind it leave that as it is.
    if (relayAddress === 0) setU32(bytes, RELAY_ADDRESS_AT, own)
    for (const address of this.#servers) this.#send({ address, port: DHCP_SERVER_PORT }, bytes)
  }

  #send(to: Endpoint, bytes: Uint8Array): void {
    const route = this.#host.routeTo(to.address)
    if (route !== undefined) this.#sockets.get(route.nic.name)?.send(to, bytes)
  }

  #toClient({ relayAddress, clientAddress }: DhcpMessage, bytes: Uint8Array): void {
    if (relayAddress === 0 || relayAddress !== this.#address) return
    const address = clientAddress === 0 ? EVERYONE : clientAddress
    const socket = this.#sockets.get(this.#network)
    socket?.send({ address, port: DHCP_CLIENT_PORT }, bytes, { nic: this.#network })
  }
}
