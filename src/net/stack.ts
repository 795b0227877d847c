/**
 * A host on the network: interfaces, routes, IPv4, UDP and TCP, and the settings that DHCP or a person changes at run time.
 * Not a firewall (hooks are given) and not a service. Receives and sends as a weak host (Linux) or, as Windows that does not forward, a strong
 * one (RFC 1122 §3.3.4.2).
 */
import { formatIpv4, type Ipv4, type Prefix } from '../base/address.ts'
import type { Rng } from '../base/rng.ts'
import type { Duration, Instant } from '../base/time.ts'
import { drawMac, formatMac } from '../wire/ethernet.ts'
import { UNREACHABLE } from '../wire/icmp.ts'
import { guarded, type PacketGuard } from './guards.ts'
import { unreachableBy } from './icmp.ts'
import type { LocalHeader, OutgoingPacket, Sent } from './ip-service.ts'
import { IpLayer } from './ip.ts'
import {
  isMoved,
  METRIC_DEFAULT,
  Nic,
  type IpInterface,
  type NicConfig,
  type NicHost,
} from './nic.ts'
import type { PacketHooks } from './packet.ts'
import { RawLayer, type RawIp } from './raw.ts'
import type { Route } from './routes.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import { Routing, type StaticRoute } from './routing.ts'
import type { Segment } from './segment.ts'
import type {
  EventField,
  Host,
  NetworkChange,
  NicSettings,
  NicView,
  Raw,
  RawHandlers,
  SecretTable,
  Tunnel,
  TunnelPacketHandler,
  TunnelRoute,
  TunnelSettings,
} from './sockets.ts'
import type { Trunk } from './switch.ts'
import { TcpLayer } from './tcp.ts'
import type { Trace } from './trace.ts'
import type { Transit } from './transit.ts'
import { Transports } from './transports.ts'
import { Tunnels, type TunnelHost, type TunnelNic } from './tunnel.ts'
import { UdpLayer, type UdpIp } from './udp.ts'
import type { Timer, World } from './world.ts'

const ADDRESS_CONFLICT_EVENT = 4199
const TTL_WINDOWS = 128
const TTL_LINUX = 64

export interface StackOptions {
  readonly name: string
  /** Routes packets between its interfaces. */
  readonly forwards?: boolean
  /** Windows: TTL 128, strong host unless it forwards. Default `linux`: TTL 64, weak host. */
  readonly os?: 'windows' | 'linux'
  /** Default: a stream of the world's, forked by the name. */
  readonly rng?: Rng
  /** What this host's clock shows at a world's instant. Default: the same. */
  readonly wallClock?: (now: Instant) => Instant
  /** Default true. */
  readonly respondsToPing?: boolean
}

export interface NicOptions extends NicConfig {
  /** 6 bytes; default: a locally administered one from the host's rng. */
  readonly mac?: Uint8Array
  readonly metric?: number
  /** Plug in by way of this tagged cable. */
  readonly trunk?: Trunk
}

export class Stack implements Host, UdpIp, RawIp, NicHost, TunnelHost {
  readonly name: string
  readonly world: World
  readonly trace: Trace
  readonly rng: Rng
  readonly udp: UdpLayer
  readonly tcp: TcpLayer
  readonly raw: Raw
  readonly #options: StackOptions
  readonly #ip: IpLayer
  readonly #transports: Transports
  /** Those with a cable. */
  readonly #nics: Nic[] = []
  readonly #tunnels: Tunnels
  /** All that IP sends by: those with a cable first. */
  readonly #interfaces: IpInterface[] = []
  readonly #routing: Routing
  readonly #conflicts = new Set<string>()
  /** Who wants this host to forward: itself, as a router, and services. */
  readonly #forwarders = new Set<symbol>()
  readonly #linkListeners: ((nic: string) => void)[] = []
  readonly #changeListeners = new Set<(change: NetworkChange) => void>()
  /** Of a firewall or a NAT; guards stand before them. */
  #hooks: PacketHooks | undefined
  readonly #guards = new Set<PacketGuard>()
  #program: string | undefined
  #isDown = false

  constructor(world: World, trace: Trace, options: StackOptions) {
    const { name, forwards = false, os = 'linux' } = options
    this.name = name
    this.world = world
    this.trace = trace
    this.rng = options.rng ?? world.rng.fork(`node/${name}`)
    this.#options = options
    if (forwards) this.startForwarding()
    const isForwarding = (): boolean => this.#forwarders.size > 0
    this.#ip = new IpLayer(world, trace, {
      settings: {
        name,
        get forwards() {
          return isForwarding()
        },
        get strongHost() {
          return os === 'windows' && !isForwarding()
        },
        ttl: os === 'windows' ? TTL_WINDOWS : TTL_LINUX,
        rng: this.rng.fork('ip'),
      },
      nics: this.#interfaces,
      deliver: (packet, nic) => this.#transports.deliver(packet, nic),
    })
    this.#tunnels = new Tunnels(this)
    const { routes, locals } = this.#ip
    this.#routing = new Routing({ routes, locals, nics: this.#nics, tunnels: this.#tunnels })
    this.udp = new UdpLayer(this)
    this.tcp = new TcpLayer(this)
    this.raw = new RawLayer(this)
    this.#transports = new Transports(
      { node: name, respondsToPing: options.respondsToPing ?? true, clock: () => world.now },
      trace,
      { ip: this.#ip, udp: this.udp, tcp: this.tcp },
    )
  }

  // Host

  get now(): Instant {
    return this.world.now
  }

  get wallClock(): Instant {
    const { now } = this.world
    return this.#options.wallClock?.(now) ?? now
  }

  get nics(): readonly NicView[] {
    return this.#interfaces.map((nic) => ({ ...nic.view, metric: this.#routing.metricOf(nic) }))
  }

  openTunnel(settings: TunnelSettings, onPacket: TunnelPacketHandler): Tunnel {
    return this.#tunnels.openTunnel(settings, onPacket)
  }

  after(delay: Duration, run: () => void): Timer {
    return this.world.schedule(delay, run, undefined)
  }

  get cryptography(): Cryptography {
    return this.world.cryptography
  }

  hold(): () => void {
    return this.world.hold()
  }

  addSecret(line: string, table?: SecretTable): void {
    this.trace.addSecret(line, table)
  }

  log(source: string, text: string, id?: number, fields: readonly EventField[] = []): void {
    this.trace.add({
      kind: 'logged',
      node: this.name,
      source,
      text,
      ...(id !== undefined && { eventId: id }),
      ...(fields.length > 0 && { fields }),
    })
  }

  configure(nicName: string, settings: NicSettings | undefined): void {
    const nic = this.#nic(nicName)
    const had = nic.config
    const { alsoAt = [] } = had
    nic.config = { ...settings, alsoAt }
    this.#rebuild()
    if (settings !== undefined) nic.neighbours.announce(settings.address)
    if (isMoved(had, nic.config)) this.#tell({ nic: nicName, kind: 'address' })
  }

  onNetworkChange(listener: (change: NetworkChange) => void): () => void {
    this.#changeListeners.add(listener)
    return () => void this.#changeListeners.delete(listener)
  }

  pinRoute(to: Ipv4 | Prefix<Ipv4>): () => void {
    return this.#routing.pin(typeof to === 'number' ? { address: to, length: 32 } : to)
  }

  startForwarding(): () => void {
    const who = Symbol('forwarding')
    this.#forwarders.add(who)
    return () => void this.#forwarders.delete(who)
  }

  // Building and changing

  /** Firewall or NAT; may be given and exchanged at any time. */
  set hooks(hooks: PacketHooks | undefined) {
    this.#hooks = hooks
    this.#ip.hooks = guarded(hooks, [...this.#guards])
  }

  get hooks(): PacketHooks | undefined {
    return this.#hooks
  }

  /** Have `guard` look at all that this host sends and gets, until the returned function is called. */
  addGuard(guard: PacketGuard): () => void {
    this.#guards.add(guard)
    this.hooks = this.#hooks
    return () => {
      if (this.#guards.delete(guard)) this.hooks = this.#hooks
    }
  }

  /** The program whose packets are being sent; undefined: none has said. */
  get program(): string | undefined {
    return this.#program
  }

  /** What `run` sends at once is `program`'s: a path, or a package family name. */
  runAs<T>(program: string | undefined, run: () => T): T {
    const before = this.#program
    this.#program = program
    try {
      return run()
    } finally {
      this.#program = before
    }
  }

  /** Throw away every IP fragment that arrives; may be changed at any time. */
  set dropsFragments(drops: boolean) {
    this.#ip.dropsFragments = drops
  }

  /** Plug a new interface into `segment`. Without `prefixLength`, an address stands alone (32). */
  addNic(segment: Segment, options: NicOptions = {}): void {
    const { mac, metric = METRIC_DEFAULT, trunk, ...config } = options
    const label = `mac/${segment.name}/${this.#nics.length}`
    const nic = new Nic(this, segment, {
      mac: mac ?? drawMac(this.rng.fork(label)),
      metric,
      ...(trunk === undefined ? {} : { trunk }),
    })
    nic.config = config
    this.#nics.push(nic)
    this.#rebuild()
  }

  /** Unplug an interface and plug it in elsewhere: all its settings are gone, and it is named after the new network. */
  moveNic(nicName: string, segment: Segment, trunk?: Trunk): void {
    const nic = this.#nic(nicName)
    nic.config = {}
    nic.plugInto(segment, trunk)
    this.#rebuild()
    this.#linkChanged(nic)
  }

  /** Pull the cable; the settings stay, but for the routes. Plug it in again with {@link moveNic} or {@link plug}. */
  unplug(nicName: string): void {
    const nic = this.#nic(nicName)
    nic.unplug()
    this.#rebuild()
    this.#linkChanged(nic)
  }

  /** Put the cable back that {@link unplug} pulled. */
  plug(nicName: string, segment: Segment, trunk?: Trunk): void {
    const nic = this.#nic(nicName)
    nic.plugInto(segment, trunk)
    this.#rebuild()
    this.#linkChanged(nic)
  }

  /** Called with an interface's name after its cable was plugged, pulled or moved. */
  onLinkChange(listener: (nic: string) => void): void {
    this.#linkListeners.push(listener)
  }

  addRoute(route: StaticRoute): void {
    this.#routing.addStatic(route)
  }

  /** Replace all routes that were added; those of interfaces and gateways stay. */
  setRoutes(routes: readonly StaticRoute[]): void {
    this.#routing.setStatics(routes)
  }

  /** A host that is down hears and says nothing; its timers run on. */
  setDown(isDown: boolean): void {
    this.#isDown = isDown
  }

  get isDown(): boolean {
    return this.#isDown
  }

  /** Tell every link of this host's addresses, as Windows does at boot; so a duplicate shows at once. */
  announce(): void {
    for (const nic of this.#nics) {
      const { address, alsoAt = [] } = nic.config
      if (address !== undefined) nic.neighbours.announce(address)
      for (const also of alsoAt) nic.neighbours.announce(also.address)
    }
  }

  /** The route table as it is now, longest prefix first. */
  get routes(): readonly Route<IpInterface>[] {
    return this.#ip.routes.all
  }

  /** The route that a packet to `destination` takes; undefined: there is none. */
  routeTo(destination: Ipv4): Route<IpInterface> | undefined {
    return this.#ip.routes.lookup(destination)
  }

  /** Whether `address` is one of this host's own. */
  hasAddress(address: Ipv4): boolean {
    return this.#ip.locals.isUnicast(address)
  }

  /** What ARP knows on one interface. */
  neighboursOf(nicName: string): readonly { readonly address: Ipv4; readonly mac: Uint8Array }[] {
    return this.#nic(nicName).neighbours.known
  }

  // IpService

  sourceFor(destination: Ipv4): Ipv4 | undefined {
    return this.#ip.sourceFor(destination)
  }

  mtuTo(destination: Ipv4): number {
    return this.#ip.mtuTo(destination)
  }

  /** Send one IPv4 packet; the payload is copied. */
  send(packet: OutgoingPacket & LocalHeader): Sent {
    return this.#ip.send(packet, packet.payload)
  }

  frameFor(length: number): Uint8Array {
    return this.#ip.frameFor(length)
  }

  sendFrame(header: LocalHeader, frame: Uint8Array): Sent {
    return this.#ip.sendFrame(header, frame)
  }

  /** Read packets of one protocol, ICMP errors included, until the returned function is called. */
  openRaw(protocol: number, handlers: RawHandlers): () => void {
    return this.#transports.openRaw(protocol, handlers)
  }

  /** The first address of the interface on `network`. */
  addressOf(network: string): Ipv4 | undefined {
    return this.#interfaces.find((nic) => nic.name === network)?.config.address
  }

  isBroadcast(address: Ipv4): boolean {
    return this.#ip.locals.get(address)?.kind === 'broadcast'
  }

  // NicHost

  receiveIpv4(nic: IpInterface, packet: Transit): void {
    this.#ip.receive(nic, packet)
  }

  answersArp(nic: Nic, address: Ipv4): boolean {
    const isStrong = this.#options.os === 'windows'
    const isOwn = isStrong ? nic.has(address) : this.#ip.locals.isUnicast(address)
    return isOwn || this.#tunnels.answersArp(nic, address)
  }

  onUnreachable(nic: Nic, packet: Transit, address: Ipv4): void {
    const asked = `${formatIpv4(address)} does not answer ARP on ${nic.name}`
    this.#ip.drop(packet, 'no-neighbour', asked)
    if (packet.inNic === undefined) this.#transports.onUnreachable(packet)
    else this.#ip.reportError(packet, unreachableBy(UNREACHABLE.host))
  }

  onConflict(nic: Nic, address: Ipv4, mac: Uint8Array): void {
    const who = formatMac(mac)
    const key = `${nic.name} ${address} ${who}`
    if (this.#conflicts.has(key)) return
    this.#conflicts.add(key)
    this.log(
      'Tcpip',
      `The system detected an address conflict for IP address ${formatIpv4(address)} with the system having network hardware address ${who}.`,
      ADDRESS_CONFLICT_EVENT,
    )
  }

  #nic(name: string): Nic {
    const nic = this.nicNamed(name)
    if (nic === undefined) {
      const known = this.#nics.map((n) => n.name).join(', ')
      throw new RangeError(`${this.name} has no interface on '${name}', only on ${known}`)
    }
    return nic
  }

  // TunnelHost

  nicNamed(name: string): Nic | undefined {
    return this.#nics.find((nic) => nic.name === name)
  }

  onTunnelChanged(nic: string, kind?: NetworkChange['kind']): void {
    this.#rebuild()
    if (kind !== undefined) this.#tell({ nic, kind })
  }

  onTunnelRoute(change: 'added' | 'removed', tunnel: TunnelNic, route: TunnelRoute): void {
    if (change === 'added') this.#routing.addTunnelRoute(tunnel, route)
    else this.#routing.removeTunnelRoute(tunnel, route.to)
  }

  #linkChanged(nic: Nic): void {
    for (const listener of this.#linkListeners) listener(nic.name)
    this.#tell({ nic: nic.name, kind: 'link' })
  }

  #tell(change: NetworkChange): void {
    for (const listener of this.#changeListeners) listener(change)
  }

  /** Interfaces, routes and addresses follow from what is plugged in and open now. */
  #rebuild(): void {
    this.#interfaces.splice(0, Infinity, ...this.#nics, ...this.#tunnels.open)
    this.#routing.rebuild()
  }
}
