/**
 * Two clients and a gateway with ESP between them, keys given; no IKE.
 *
 *   client, other ── access ── router ── wan ── gateway ── corp ── server
 */
import { REAL_IKE } from '../../../src/crypto/ike/cryptography.ts'
import { ipv4, type Ipv4 } from '../../../src/base/address.ts'
import { concat } from '../../../src/base/bytes.ts'
import type { EspSuite } from '../../../src/crypto/ike/transforms.ts'
import type { IkeChild } from '../../../src/engine/ikev2/contract.ts'
import type { IkeEndpoints } from '../../../src/engine/ikev2/options.ts'
import { ALL_IPV4 } from '../../../src/engine/ikev2/selectors.ts'
import type { Tunnel } from '../../../src/net/sockets.ts'
import type { Stack } from '../../../src/net/stack.ts'
import { EspPath } from '../../../src/node/ike/esp-path.ts'
import { IkePorts } from '../../../src/node/ike/ike-ports.ts'
import type { Assumptions } from '../../../src/windows/assumptions.ts'
import { EncryptionId, IntegrityId } from '../../../src/wire/ikev2/numbers.ts'
import { decodeIpv4, isFragment, type Ipv4Packet } from '../../../src/wire/ipv4.ts'
import { at, Network } from '../../net/network.ts'
import { routes, tunnelAt } from '../../net/tunnels.ts'

export const GCM: EspSuite = { encryption: { id: EncryptionId.ENCR_AES_GCM_16, keyBits: 256 } }
export const CBC: EspSuite = {
  encryption: { id: EncryptionId.ENCR_AES_CBC, keyBits: 256 },
  integrity: IntegrityId.AUTH_HMAC_SHA1_96,
}

export interface EspOptions {
  readonly suite?: EspSuite
  readonly encapsulates?: boolean
  readonly outerDontFragment?: Assumptions['outerDontFragment']
  readonly mtu?: number
  /** Of the network between the router and the gateway. */
  readonly wanMtu?: number
}

const GATEWAY = ipv4('192.0.2.10')

const keysOf = ({ integrity }: EspSuite, filled: number) => ({
  encryption: new Uint8Array(integrity === undefined ? 36 : 32).fill(filled),
  integrity: new Uint8Array(integrity === undefined ? 0 : 20).fill(filled),
})

/** One end's view of a pair of SAs. The client's SPIs are even. */
function childOf(
  { suite = GCM, encapsulates = true }: EspOptions,
  n: number,
  local: 'client' | 'gateway',
  endpoints: IkeEndpoints,
): IkeChild {
  const [client, gateway] = [2 * n + 1000, 2 * n + 1001]
  const [up, down] = [keysOf(suite, n), keysOf(suite, n + 100)]
  return {
    ...(local === 'client'
      ? { spi: client, remoteSpi: gateway, inbound: down, outbound: up }
      : { spi: gateway, remoteSpi: client, inbound: up, outbound: down }),
    suite,
    asked: 'own',
    localSelectors: [ALL_IPV4],
    remoteSelectors: [ALL_IPV4],
    endpoints,
    encapsulates,
  }
}

/** An end: its path, and the ports by which it is reached. */
function pathOn(
  stack: Stack,
  { outerDontFragment = 'cleared' }: EspOptions,
  tunnel: () => Tunnel,
  ports: () => IkePorts,
): EspPath {
  return new EspPath({
    get now() {
      return stack.now
    },
    cryptography: REAL_IKE,
    rng: stack.rng.fork('esp'),
    outerDontFragment,
    mtuTo: (address) => stack.mtuTo(address),
    send: (to, packet, carriage) => ports().sendEsp(to, packet, carriage),
    deliver: (packet, within) => void tunnel().deliver(packet, within),
    wears: () => undefined,
  })
}

function open(stack: Stack): IkePorts {
  const opened = IkePorts.open(stack)
  if (!opened.ok) throw new Error(`port ${opened.error} is taken`)
  return opened.value
}

function up(ports: IkePorts, path: EspPath, child: IkeChild): void {
  path.up(child)
  const onEsp = (packet: Uint8Array, within: number): void => path.receive(packet, within)
  ports.spi('add', child.spi, { onIke: () => undefined, onEsp })
}

export function espTunnel(options: EspOptions = {}) {
  const { mtu = 1400, wanMtu = 1500 } = options
  const net = new Network()
  net.segment('wan', { mtu: wanMtu })
  const router = net.stack(
    'router',
    { access: '198.51.100.1', wan: '192.0.2.1' },
    { forwards: true },
  )
  const wan = at('192.0.2.10/24', { gateway: ipv4('192.0.2.1') })
  const gateway = net.stack('gateway', { wan, corp: '10.0.0.1' }, { os: 'windows', forwards: true })
  const server = net.stack('server', { corp: at('10.0.0.5/24', { gateway: ipv4('10.0.0.1') }) })
  const settings = tunnelAt('10.9.0.1', { name: 'Internal', mtu })
  const atGateway: { readonly inner: Ipv4; readonly path: EspPath }[] = []
  const internal = gateway.openTunnel(settings, (packet) => {
    const inner = decodeIpv4(packet)
    const to = atGateway.find((each) => inner.ok && inner.value.destination === each.inner)
    return to === undefined ? 'host-unreachable' : to.path.send(packet)
  })
  const gatewayPorts = open(gateway)

  const join = (name: string, n: number) => {
    const outer = ipv4(`198.51.100.${n}`)
    const inner = ipv4(`10.9.0.${n}`)
    const nic = at(`198.51.100.${n}/24`, { gateway: ipv4('198.51.100.1') })
    const stack = net.stack(name, { access: nic }, { os: 'windows' })
    const path: EspPath = pathOn(
      stack,
      options,
      () => tunnel,
      () => ports,
    )
    const ports = open(stack)
    const tunnel = stack.openTunnel(tunnelAt(`10.9.0.${n}`, { mtu }), (packet) => path.send(packet))
    stack.pinRoute(GATEWAY)
    tunnel.setRoutes(routes('10.0.0.0/8'))
    const local = { address: outer, port: 4500 }
    const remote = { address: GATEWAY, port: 4500 }
    up(ports, path, childOf(options, n, 'client', { local, remote }))
    const far = pathOn(
      gateway,
      options,
      () => internal,
      () => gatewayPorts,
    )
    up(gatewayPorts, far, childOf(options, n, 'gateway', { local: remote, remote: local }))
    atGateway.push({ inner, path: far })
    internal.addRoute({ to: { address: inner, length: 32 } })
    return stack
  }
  const client = join('client', 2)
  const other = join('other', 3)
  return { net, router, client, other, gateway, server }
}

/** IP packets that one interface sent, as captured. */
export const sentBy = (net: Network, node: string, nic: string): readonly Uint8Array[] =>
  net.trace
    .ofKind('sent')
    .filter((event) => event.node === node && event.nic === nic && event.frame[13] === 0)
    .map(({ frame }) => frame.subarray(14))

export const receivedBy = (net: Network, node: string, nic: string): readonly Uint8Array[] =>
  net.trace
    .ofKind('received')
    .filter((event) => event.node === node && event.nic === nic && event.frame[13] === 0)
    .map(({ frame }) => frame.subarray(14))

export function ip(bytes: Uint8Array): Ipv4Packet {
  const decoded = decodeIpv4(bytes)
  if (!decoded.ok) throw new Error(`${decoded.error.code} at ${decoded.error.field}`)
  return decoded.value
}

/** Payloads of captured packets, fragments of one identification joined in the order of their offsets. */
export function reassembled(packets: readonly Uint8Array[]): readonly Uint8Array[] {
  const groups = new Map<string, Ipv4Packet[]>()
  packets.forEach((bytes, i) => {
    const key = isFragment(bytes, 0) ? `id ${ip(bytes).identification}` : `whole ${i}`
    groups.set(key, [...(groups.get(key) ?? []), ip(bytes)])
  })
  return [...groups.values()].map((pieces) =>
    concat(
      ...pieces
        .toSorted((a, b) => a.fragmentOffset - b.fragmentOffset)
        .map(({ payload }) => payload),
    ),
  )
}
