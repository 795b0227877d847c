/**
 * One client of a gateway by IKEv2: its IKE session, and the packets that it sends and gets.
 * Not the service (`remote-access.ts`), not IKE (`engine/ikev2`), and not the user's authentication, which is NPS's.
 */
import type { Ipv4 } from '../../base/address.ts'
import { fromUtf8, toHex } from '../../base/bytes.ts'
import type { Cryptography } from '../../engine/cryptography.ts'
import type { Rng } from '../../base/rng.ts'
import type { Duration, Instant } from '../../base/time.ts'
import type { TunnelUsage } from '../../engine/tunnel-usage.ts'
import type { TunnelRefusal } from '../../net/sockets.ts'
import type { ChildDownReason, IkeChild, IkePeer } from '../../engine/ikev2/contract.ts'
import type { IkeCertificate, IkeEndpoints, IkeIdentity } from '../../engine/ikev2/options.ts'
import type { IkeReport, OverReason } from '../../engine/ikev2/report.ts'
import type { Assumptions } from '../../windows/assumptions.ts'
import { commonName, readName } from '../../pki/certificate/name.ts'
import { readDer } from '../../pki/encoding/der.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import { IdType } from '../../wire/ikev2/numbers.ts'
import { EspPath } from '../ike/esp-path.ts'
import type { IkeEnd, IkePorts } from '../ike/ike-ports.ts'
import type { IkeOwner, IkeRunner, Judged } from '../ike/ike-runner.ts'
import type { NasOutcome } from '../nas/nas.ts'
import { framedAddress, type Authenticate, type RasClient, type RasEnding } from './client.ts'
import { EapRelay } from './eap-relay.ts'
import { SessionWatch, termsOf, type WatchHost } from './session-watch.ts'

/** What a connection asks of the service that it belongs to. */
export interface RasServer extends WatchHost {
  /** For the IVs of all connections. */
  readonly espRng: Rng
  readonly cryptography: Cryptography
  readonly ports: IkePorts
  /** A connection that carries nothing for so long is ended, unless the RADIUS server has said otherwise. */
  readonly idleDisconnect: Duration
  readonly outerDontFragment: Assumptions['outerDontFragment']
  /** Of the path to an address outside, in bytes. */
  mtuTo(address: Ipv4): number
  /** A packet of the client, out of its tunnel. */
  deliver(connection: RasConnection, packet: Uint8Array, within: number | undefined): void
  /** Ask the RADIUS servers about who comes. */
  readonly authenticate: Authenticate
  judgeDevice(
    chain: readonly Uint8Array[],
    connection: RasConnection,
    done: (judged: Judged) => void,
  ): void
  /** `wanted`: what the RADIUS server has said. `done` without attributes: there is none. */
  takeAddress(
    connection: RasConnection,
    wanted: Ipv4 | undefined,
    done: (reply: readonly ConfigurationAttribute[] | undefined) => void,
  ): void
  established(connection: RasConnection): void
  /** How it goes is to be told. */
  interim(connection: RasConnection): void
  report(connection: RasConnection, report: IkeReport): void
  over(connection: RasConnection, why: OverReason): void
}

export class RasConnection implements RasClient, IkeOwner, IkeEnd {
  readonly protocol = 'ikev2'
  readonly #server: RasServer
  readonly path: EspPath
  runner!: IkeRunner
  /** The address from which it was opened. */
  readonly opened: Ipv4
  readonly port: number
  endpoints: IkeEndpoints
  address: Ipv4 | undefined
  /** The initiator's SPI, in hexadecimal. */
  readonly key: string
  isEstablished = false
  endedFor: RasEnding | undefined
  readonly #eap: EapRelay
  readonly #watch: SessionWatch
  readonly #since: Instant
  /** The subject of a certificate. */
  #device: string | undefined

  constructor(
    server: RasServer,
    endpoints: IkeEndpoints,
    as: { readonly key: string; readonly port: number },
  ) {
    this.#server = server
    this.endpoints = endpoints
    this.opened = endpoints.remote.address
    this.#since = server.now
    this.#watch = new SessionWatch(server, {
      carried: () => this.#carried,
      end: (why) => this.end(why),
      interim: () => server.interim(this),
    })
    this.port = as.port
    this.key = as.key
    this.path = new EspPath({
      get now() {
        return server.now
      },
      rng: server.espRng,
      cryptography: server.cryptography.ike,
      outerDontFragment: server.outerDontFragment,
      mtuTo: (address) => server.mtuTo(address),
      send: (to, packet, carriage) => server.ports.sendEsp(to, packet, carriage),
      deliver: (packet, within) => server.deliver(this, packet, within),
      wears: (spi, limit) => this.runner.input({ kind: 'child-wears', spi, limit }),
    })
    this.#eap = new EapRelay({
      answer: (answer) => this.runner.input(answer),
      authenticate: (user, peer, done) =>
        server.authenticate({ user, address: this.from, key: this.key }, peer, done),
    })
  }

  get from(): Ipv4 {
    return this.endpoints.remote.address
  }

  get user(): string | undefined {
    return this.#eap.user ?? this.#device
  }

  get session(): string | undefined {
    return this.#eap.session
  }

  get outcome(): NasOutcome | undefined {
    return this.#eap.outcome
  }

  get usage(): TunnelUsage {
    return this.path.usage
  }

  send(packet: Uint8Array): TunnelRefusal | void {
    return this.path.send(packet)
  }

  end(why: RasEnding): void {
    this.endedFor = why
    this.runner.input({ kind: 'close', why })
  }

  // ── IKE ──

  onIke(bytes: Uint8Array, endpoints: IkeEndpoints): void {
    this.runner.input({ kind: 'datagram', bytes, endpoints })
  }

  onEsp(packet: Uint8Array, within: number): void {
    this.path.receive(packet, within)
  }

  sendIke(endpoints: IkeEndpoints, bytes: Uint8Array, marker: boolean): void {
    this.#server.ports.sendIke(endpoints, bytes, marker)
  }

  report(report: IkeReport): void {
    if (report.kind === 'ike/established') {
      this.isEstablished = true
      this.endpoints = report.endpoints
      this.#watch.start({ idle: this.#server.idleDisconnect, ...termsOf(this.outcome) })
      this.#server.established(this)
    }
    this.#server.report(this, report)
    // The session lives on for a while, to answer a good-bye that is repeated; the client is gone already.
    if (report.kind === 'ike/over') this.over(report.why)
  }

  route(change: 'add' | 'remove', key: string): void {
    this.#server.ports.route(change, key, this)
  }

  judge(
    { chain }: { readonly chain: readonly Uint8Array[] },
    done: (judged: Judged) => void,
  ): void {
    this.#server.judgeDevice(chain, this, done)
  }

  certificate(): IkeCertificate | undefined {
    // A responder's is settled when its session is opened.
    return undefined
  }

  childUp(child: IkeChild): void {
    this.path.up(child)
    this.#server.ports.spi('add', child.spi, this)
  }

  childDown(spi: number, _why: ChildDownReason): void {
    this.path.down(spi)
    this.#server.ports.spi('remove', spi, this)
  }

  moved(endpoints: IkeEndpoints, encapsulates: boolean): void {
    this.endpoints = endpoints
    this.path.move(endpoints, encapsulates)
  }

  over(why: OverReason): void {
    this.stop()
    this.#server.over(this, why)
  }

  /** Its timers go off no more. */
  stop(): void {
    this.#watch.stop()
  }

  get #carried(): Instant {
    const { heard = this.#since, sent = this.#since } = this.path.traffic
    return heard > sent ? heard : sent
  }

  eap(packet: Uint8Array | undefined): void {
    this.#eap.packet(packet)
  }

  assign(
    _request: readonly ConfigurationAttribute[],
    peer: IkePeer,
    done: (reply: readonly ConfigurationAttribute[] | undefined) => void,
  ): void {
    this.#device = displayName(peer.identity)
    this.#server.takeAddress(this, framedAddress(this.outcome), done)
  }
}

/** What people call a peer: of a subject its common name. */
function displayName({ type, data }: IkeIdentity): string {
  if (type !== IdType.ID_DER_ASN1_DN) return fromUtf8(data)
  const name = readDer(data, 'identity', (reader) => readName(reader, 'identity'))
  return name.ok ? (commonName(name.value) ?? name.value.text) : toHex(data)
}
