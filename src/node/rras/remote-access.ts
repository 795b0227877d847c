/**
 * Routing and Remote Access as a VPN server: who knocks on UDP 500 and 4500 for IKEv2, and who may come in; SSTP beside it, with the same inside
 * (`inside.ts`). Not the sessions (`connection.ts`), not the service of SSTP (`sstp-service.ts`) and not RADIUS (`node/nas`).
 * Settings are those with which the service was started.
 */
import type { Ipv4, Prefix } from '../../base/address.ts'
import { setU32, toHex } from '../../base/bytes.ts'
import type { Cryptography } from '../../engine/cryptography.ts'
import type { Rng } from '../../base/rng.ts'
import { ok, type Result } from '../../base/result.ts'
import type { Duration, Instant } from '../../base/time.ts'
import type { Env } from '../../engine/engine.ts'
import { IkeDoor, type IkeDoorOptions } from '../../engine/ikev2/door.ts'
import type {
  IkeCertificate,
  IkeEndpoints,
  IkeResponderOptions,
} from '../../engine/ikev2/options.ts'
import type { IkeReport, OverReason } from '../../engine/ikev2/report.ts'
import { ikeSession } from '../../engine/ikev2/session.ts'
import type { Host } from '../../net/sockets.ts'
import type { Stack } from '../../net/stack.ts'
import type { Timer } from '../../net/world.ts'
import type { ServiceTimeSpec } from '../../topology/service-time.ts'
import type { Assumptions } from '../../windows/assumptions.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import { ConfigAttribute } from '../../wire/ikev2/numbers.ts'
import type { WireError } from '../../wire/codec.ts'
import { IKE_PORT } from '../../wire/ikev2/header.ts'
import { IkePorts } from '../ike/ike-ports.ts'
import { IkeRunner, type Judged } from '../ike/ike-runner.ts'
import type { Authenticate, RasClient, RasEnd } from './client.ts'
import { RasConnection, type RasServer } from './connection.ts'
import { AddressPool } from './address-pool.ts'
import { fromPool, NO_ADDRESSES, type AddressSource } from './addresses.ts'
import { DhcpAddresses, type DhcpAddressSettings } from './dhcp-addresses.ts'
import { Inside, type InsideSettings, type Taken } from './inside.ts'
import { PortNumbers } from './port-numbers.ts'
import { WorkQueue, type WorkLoad } from '../work-queue.ts'
import { SstpService, type SstpDeps, type SstpSettings } from './sstp-service.ts'

/** A pool of its own, or a DHCP server; undefined: a pool that says nothing. */
export type AddressSettings =
  | { readonly pool: Prefix<Ipv4> }
  | { readonly dhcp: DhcpAddressSettings }
  | undefined

/** As the service read them when it started. */
export interface RemoteAccessSettings extends InsideSettings {
  readonly responder: Omit<
    IkeResponderOptions,
    'role' | 'certificate' | 'authorities' | 'espTraffic' | 'isSpiFree' | 'name'
  >
  readonly door: IkeDoorOptions
  /** How many clients IKEv2 may have at once. */
  readonly ports: number
  /** Absent: it does not listen for SSTP. */
  readonly sstp?: Pick<SstpSettings, 'ports' | 'acceptsEap'>
  readonly dns: readonly Ipv4[]
  readonly addresses: AddressSettings
  /** IKE SAs that one peer address may have. Undefined: as many as come. */
  readonly maxSasPerPeer: number | undefined
  /** Undefined: to open an SA takes no time. */
  readonly handshakeTime: ServiceTimeSpec | undefined
  readonly idleDisconnect: Duration
  readonly outerDontFragment: Assumptions['outerDontFragment']
}

/** What of it is used, of what there is. */
export interface RemoteAccessLoad {
  /** IKE SAs that do not stand yet. */
  readonly halfOpen: number
  /** How often a stranger was asked for a cookie (RFC 7296 §2.6). */
  readonly cookies: number
  readonly ports: { readonly inUse: number; readonly size: number }
  readonly addresses: { readonly inUse: number; readonly size: number }
  /** IKE SAs that one address has had at once, at most. */
  readonly mostOfOnePeer: number
  readonly work: WorkLoad
}

export interface RemoteAccessDeps {
  /** As it is at this moment: certificates are read when somebody calls. */
  certificate(): IkeCertificate | undefined
  authorities(): Uint8Array
  readonly authenticate: Authenticate
  /** What TLS shows where SSTP listens. */
  readonly identity: SstpDeps['identity']
  judgeDevice(
    chain: readonly Uint8Array[],
    connection: RasConnection,
    done: (judged: Judged) => void,
  ): void
  onReport(report: IkeReport, connection: RasConnection): void
  /** A client is in, and out again. */
  onEstablished(client: RasClient): void
  /** Acct-Interim-Interval is over, once more. */
  onInterim(client: RasClient): void
  /** The RADIUS server wants an address for this client that is not among those to give: whether it gets it all the same. */
  givesOutsidePool(client: RasClient): boolean
  onOver(client: RasClient, why: RasEnd): void
  /** `spi`: the initiator's, in hexadecimal. */
  onRefused(why: 'no-port' | 'too-many-from-one', endpoints: IkeEndpoints, spi: string): void
  onNoAddress(): void
  /** No DHCP server answers: clients get automatic addresses, of which this is the server's own. */
  onAutomaticAddresses(server: Ipv4): void
  /** The service has what it gives to clients, or has given up asking for it. Called once, within the call that starts it or later. */
  onAddressesReady(): void
  onMethodRefused(client: RasClient): void
  onNoCertificate(): void
  /** Somebody else has TCP 443. */
  onSstpPortTaken(): void
}

/** Of a host, what the service needs. */
export type RasHost = Host & Pick<Stack, 'mtuTo'>

export class RemoteAccess implements RasServer {
  readonly #host: RasHost
  readonly #settings: RemoteAccessSettings
  readonly #deps: RemoteAccessDeps
  readonly #door: IkeDoor
  readonly #env: Env
  readonly espRng: Rng
  readonly cryptography: Cryptography
  readonly #inside: Inside
  readonly #sstp: SstpService | undefined
  readonly #connections = new Set<RasConnection>()
  /** IKE SAs by the address from which they were opened. */
  readonly #byPeer = new Map<Ipv4, number>()
  readonly ports: IkePorts
  readonly #stopForwarding: () => void
  readonly #portNumbers: PortNumbers
  readonly #work: WorkQueue
  /** First messages that wait for their turn, by SPI and sender: they come again meanwhile. */
  readonly #knocking = new Set<string>()
  #halfOpen = 0
  #cookies = 0
  #mostOfOnePeer = 0
  #opened = 0
  /** Of chance: a service that starts again draws other SPIs, nonces and keys. */
  readonly #stream: string

  private constructor(
    host: RasHost,
    settings: RemoteAccessSettings,
    deps: RemoteAccessDeps,
    ports: IkePorts,
  ) {
    this.#host = host
    this.#settings = settings
    this.#deps = deps
    this.ports = ports
    this.#door = new IkeDoor(settings.door)
    this.#env = {
      get now() {
        return host.now
      },
      rng: host.rng.fork(`ike/door/${host.now}`),
      log: (text) => host.log('IKEEXT', text),
    }
    this.#stream = `server/${host.now}`
    this.cryptography = host.cryptography
    this.espRng = host.rng.fork(`esp/${this.#stream}`)
    this.#stopForwarding = host.startForwarding()
    const source = this.#addresses(settings.addresses)
    this.#inside = new Inside(host, settings, source, (client) => deps.givesOutsidePool(client))
    this.#portNumbers = new PortNumbers(settings.ports)
    this.#work = new WorkQueue(host, () => settings.handshakeTime)
    this.#sstp = this.#startSstp()
  }

  /** The error: the UDP port that somebody else has. */
  static start(
    host: RasHost,
    settings: RemoteAccessSettings,
    deps: RemoteAccessDeps,
  ): Result<RemoteAccess, number> {
    const ports = IkePorts.open(host, (bytes, endpoints) => service?.knock(bytes, endpoints))
    if (!ports.ok) return ports
    const service = new RemoteAccess(host, settings, deps, ports.value)
    return ok(service)
  }

  #addresses(from: AddressSettings): AddressSource {
    if (from !== undefined && 'dhcp' in from) {
      return new DhcpAddresses(this.#host, from.dhcp, {
        onReady: () => this.#deps.onAddressesReady(),
        onAutomatic: (server) => this.#deps.onAutomaticAddresses(server),
        onLost: (address) => this.#inside.clientAt(address)?.end('address-lost'),
      })
    }
    this.#deps.onAddressesReady()
    return from === undefined ? NO_ADDRESSES : fromPool(new AddressPool(from.pool))
  }

  #startSstp(): SstpService | undefined {
    const { sstp, dns, idleDisconnect } = this.#settings
    if (sstp === undefined) return undefined
    const settings = { ...sstp, dns, idleDisconnect }
    const started = SstpService.start(this.#host, settings, this.#deps, this.#inside)
    if (started.ok) return started.value
    this.#deps.onSstpPortTaken()
    return undefined
  }

  /** How full it is. */
  get load(): RemoteAccessLoad {
    return {
      halfOpen: this.#halfOpen,
      cookies: this.#cookies,
      ports: { inUse: this.#portNumbers.inUse, size: this.#portNumbers.count },
      addresses: this.#inside.addresses,
      mostOfOnePeer: this.#mostOfOnePeer,
      work: this.#work.load,
    }
  }

  get now(): Instant {
    return this.#host.now
  }

  /** Everybody is told, and the ports are closed. */
  stop(): void {
    for (const connection of this.#connections) {
      connection.runner.input({ kind: 'close', why: 'the service stops' })
      connection.runner.stop()
      connection.stop()
    }
    this.#connections.clear()
    this.#work.stop()
    this.ports.close()
    this.#sstp?.stop()
    this.#inside.close()
    this.#stopForwarding()
  }

  // ── who comes ──

  knock(bytes: Uint8Array, endpoints: IkeEndpoints): WireError | undefined {
    const knock = this.#door.knock(bytes, endpoints, this.#halfOpen, this.#env)
    switch (knock.kind) {
      case 'ignored':
        return knock.error
      case 'answer':
        this.#cookies++
        this.ports.sendIke(endpoints, knock.bytes, endpoints.local.port !== IKE_PORT)
        return undefined
      case 'open':
        this.#queue(bytes, endpoints)
        return undefined
    }
  }

  #queue(bytes: Uint8Array, endpoints: IkeEndpoints): void {
    if (this.#settings.handshakeTime === undefined) return this.#letIn(bytes, endpoints)
    const { address, port } = endpoints.remote
    const key = `${keyOf(bytes)} ${address}:${port}`
    if (this.#knocking.has(key)) return
    this.#knocking.add(key)
    const isTaken = this.#work.take(() => {
      this.#knocking.delete(key)
      this.#letIn(bytes, endpoints)
    })
    if (!isTaken) this.#knocking.delete(key)
  }

  #letIn(bytes: Uint8Array, endpoints: IkeEndpoints): void {
    const { maxSasPerPeer = Infinity } = this.#settings
    const isTooMany = (this.#byPeer.get(endpoints.remote.address) ?? 0) >= maxSasPerPeer
    const port = isTooMany ? undefined : this.#portNumbers.take()
    if (port !== undefined) return this.#open(bytes, endpoints, port)
    this.#deps.onRefused(isTooMany ? 'too-many-from-one' : 'no-port', endpoints, keyOf(bytes))
  }

  #open(bytes: Uint8Array, endpoints: IkeEndpoints, port: number): void {
    const certificate = this.#deps.certificate()
    const connection = new RasConnection(this, endpoints, { key: keyOf(bytes), port })
    const session = ikeSession({
      ...this.#settings.responder,
      role: 'responder',
      cryptography: this.cryptography.ike,
      authorities: this.#deps.authorities(),
      espTraffic: () => connection.path.traffic,
      isSpiFree: (spi) => this.ports.isSpiFree(spi),
      ...(certificate !== undefined && { certificate }),
    })
    this.#opened++
    connection.runner = new IkeRunner(
      this.#host,
      session,
      connection,
      `${this.#stream}/${this.#opened}`,
    )
    this.#connections.add(connection)
    this.#halfOpen++
    this.#count(endpoints.remote.address, 1)
    connection.runner.start()
    connection.runner.input({ kind: 'datagram', bytes, endpoints })
  }

  // ── for connections ──

  get idleDisconnect(): Duration {
    return this.#settings.idleDisconnect
  }

  after(delay: Duration, run: () => void): Timer {
    return this.#host.after(delay, run)
  }

  mtuTo(address: Ipv4): number {
    return this.#host.mtuTo(address)
  }

  get outerDontFragment(): Assumptions['outerDontFragment'] {
    return this.#settings.outerDontFragment
  }

  get authenticate(): Authenticate {
    return this.#deps.authenticate
  }

  judgeDevice(...asked: Parameters<RemoteAccessDeps['judgeDevice']>): void {
    this.#deps.judgeDevice(...asked)
  }

  takeAddress(
    connection: RasConnection,
    wanted: Ipv4 | undefined,
    done: (reply: readonly ConfigurationAttribute[] | undefined) => void,
  ): void {
    this.#inside.take(connection, wanted, (taken) => {
      if (taken === undefined) this.#deps.onNoAddress()
      done(taken && this.#configuration(taken))
    })
  }

  #configuration({ address }: Taken): readonly ConfigurationAttribute[] {
    return [
      { type: ConfigAttribute.INTERNAL_IP4_ADDRESS, value: ipv4Bytes(address) },
      { type: ConfigAttribute.INTERNAL_IP4_NETMASK, value: Uint8Array.of(255, 255, 255, 255) },
      ...this.#settings.dns.map((server) => ({
        type: ConfigAttribute.INTERNAL_IP4_DNS,
        value: ipv4Bytes(server),
      })),
    ]
  }

  deliver(connection: RasConnection, packet: Uint8Array, within: number | undefined): void {
    this.#inside.deliver(connection, packet, within)
  }

  established(connection: RasConnection): void {
    this.#halfOpen--
    this.#deps.onEstablished(connection)
  }

  interim(connection: RasConnection): void {
    this.#deps.onInterim(connection)
  }

  report(connection: RasConnection, report: IkeReport): void {
    this.#deps.onReport(report, connection)
  }

  over(connection: RasConnection, why: OverReason): void {
    if (!this.#connections.delete(connection)) return
    const { opened, isEstablished, port } = connection
    this.#portNumbers.give(port)
    if (!isEstablished) this.#halfOpen--
    this.#count(opened, -1)
    this.#inside.give(connection)
    this.#deps.onOver(connection, why)
  }

  #count(peer: Ipv4, by: number): void {
    const count = (this.#byPeer.get(peer) ?? 0) + by
    if (count > this.#mostOfOnePeer) this.#mostOfOnePeer = count
    if (count > 0) this.#byPeer.set(peer, count)
    else this.#byPeer.delete(peer)
  }
}

function ipv4Bytes(address: Ipv4): Uint8Array {
  const bytes = new Uint8Array(4)
  setU32(bytes, 0, address)
  return bytes
}

/** What both sides know an IKE SA by from its first message on: the initiator's SPI. */
const keyOf = (bytes: Uint8Array): string => toHex(bytes.subarray(0, 8))
