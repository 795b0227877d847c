/**
 * One VPN connection of a Windows client over IKEv2: IKEEXT's share. Not its interface (`vpn-interface.ts`), and not the other protocol
 * (`sstp-connection.ts`).
 */
import type { Ipv4 } from '../../base/address.ts'
import { setU32, toHex, u32 } from '../../base/bytes.ts'
import type { ChildDownReason, IkeChild } from '../../engine/ikev2/contract.ts'
import type { IkeCertificate, IkeEndpoints, IkeIdentity } from '../../engine/ikev2/options.ts'
import type { IkeReport, OverReason } from '../../engine/ikev2/report.ts'
import { ikeSession } from '../../engine/ikev2/session.ts'
import type { Timer } from '../../net/world.ts'
import type { ConnectionEnd } from '../../windows/connect/ends.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import { IKE_PORT, NAT_T_PORT } from '../../wire/ikev2/header.ts'
import { ConfigAttribute, IdType } from '../../wire/ikev2/numbers.ts'
import { EspPath } from '../ike/esp-path.ts'
import type { IkeEnd, IkePorts } from '../ike/ike-ports.ts'
import { IkeRunner, type IkeOwner, type Judged } from '../ike/ike-runner.ts'
import type { ClientPorts } from './client-ports.ts'
import type {
  ClientHost,
  Connected,
  DialEnd,
  Dialling,
  Standing,
  VpnConnection,
} from './contract.ts'
import { EapEnd } from './eap-end.ts'
import { VpnInterface } from './vpn-interface.ts'

/** Dial once; `done` is called once, and the connection lives on where it is `connected`. */
export class IkeConnection implements VpnConnection, IkeOwner, IkeEnd {
  readonly #host: ClientHost
  readonly #shared: ClientPorts
  readonly #dial: Standing
  /** Undefined: the dial is over. What a tunnel that stands for months does not need is let go with it. */
  #dialling: Dialling | undefined
  /** Of chance: another dial draws other SPIs, nonces and keys. */
  readonly #stream: string
  readonly #path: EspPath
  readonly #routes = new Set<string>()
  readonly #spis = new Set<number>()
  readonly #interface: VpnInterface
  readonly #server: Ipv4
  #eap: EapEnd | undefined
  #runner: IkeRunner | undefined
  #ports: IkePorts | undefined
  #standing: Connected | undefined
  /** This host's address towards the gateway, as the session knows it; undefined: there is no way to the gateway. */
  #own: Ipv4 | undefined
  #outage: Timer | undefined
  #stopWatching: (() => void) | undefined
  /** Why this side has said good-bye; undefined: somebody asked it to. */
  #hungUp: ConnectionEnd | undefined
  #isKnown = false
  onLost: ((why: ConnectionEnd) => void) | undefined

  constructor(host: ClientHost, ports: ClientPorts, dialling: Dialling) {
    const { server, dial, deps } = dialling
    const { authentication: _, ...standing } = dial
    this.#host = host
    this.#shared = ports
    this.#dial = standing
    this.#dialling = dialling
    this.#stream = `client/${dial.name}/${host.now}`
    this.#server = server
    this.#interface = new VpnInterface(host, standing)
    this.#eap = new EapEnd({ dial, deps }, (answer) => this.#runner?.input(answer))
    this.#path = new EspPath({
      get now() {
        return host.now
      },
      rng: host.rng.fork(`esp/${this.#stream}`),
      cryptography: host.cryptography.ike,
      outerDontFragment: standing.outerDontFragment,
      mtuTo: (address) => host.mtuTo(address),
      send: (to, packet, carriage) => this.#ports?.sendEsp(to, packet, carriage),
      deliver: (packet, within) => this.#interface.deliver(packet, within),
      wears: (spi, limit) => this.#runner?.input({ kind: 'child-wears', spi, limit }),
    })
  }

  close(why: string): void {
    this.#runner?.input({ kind: 'close', why })
  }

  vanish(): void {
    this.#release()
  }

  // ── the session ──

  start(): void {
    const server = this.#server
    this.#interface.pin(server)
    const own = this.#host.sourceFor(server)
    if (own === undefined) return this.#end({ kind: 'no-network' })
    const opened = this.#shared.join()
    if (!opened.ok) return this.#end({ kind: 'port-taken', port: opened.error })
    this.#ports = opened.value
    this.#own = own
    const authentication = this.#dialling?.dial.authentication
    const session = ikeSession({
      ...this.#dial.initiator,
      role: 'initiator',
      cryptography: this.#host.cryptography.ike,
      endpoints: {
        local: { address: own, port: IKE_PORT },
        remote: { address: server, port: IKE_PORT },
      },
      authentication:
        authentication?.kind === 'eap'
          ? { kind: 'eap', identity: ipv4Identity(own) }
          : { kind: 'certificate' },
      espTraffic: () => this.#path.traffic,
      isSpiFree: (spi) => this.#ports?.isSpiFree(spi) ?? true,
    })
    this.#runner = new IkeRunner(this.#host, session, this, this.#stream)
    this.#runner.start()
  }

  onIke(bytes: Uint8Array, endpoints: IkeEndpoints): void {
    this.#runner?.input({ kind: 'datagram', bytes, endpoints })
  }

  onEsp(packet: Uint8Array, within: number): void {
    this.#path.receive(packet, within)
  }

  #end(end: DialEnd): void {
    const dialling = this.#dialling
    if (dialling === undefined) return
    this.#dialling = undefined
    this.#eap = undefined
    // IKE stands: the gateway is told that it is not wanted.
    if (end.kind === 'no-child') this.close('there is no child')
    else if (end.kind !== 'connected') this.#release()
    dialling.done(end)
  }

  #release(): void {
    this.#runner?.stop()
    for (const key of this.#routes) this.#ports?.route('remove', key, this)
    for (const spi of this.#spis) this.#ports?.spi('remove', spi, this)
    if (this.#ports !== undefined) this.#shared.leave()
    this.#ports = undefined
    this.#takeDown()
  }

  /** What the computer has of the connection is gone; what is left to say to the gateway is said. */
  #takeDown(): void {
    this.#interface.close()
    this.#stopWatching?.()
    this.#outage?.cancel()
  }

  // ── the network under it ──

  #onNetworkChange(): void {
    const { mobility } = this.#dial
    const own = this.#host.sourceFor(this.#server)
    if (own === this.#own) return
    this.#own = own
    if (!mobility.isEnabled) return this.#lose('moved-without-mobility')
    if (own === undefined) return this.#wait()
    this.#outage?.cancel()
    this.#outage = undefined
    this.#runner?.resume()
    this.#runner?.input({ kind: 'moved', local: { address: own, port: NAT_T_PORT } })
  }

  /** Windows keeps a tunnel without a network for a while: it is dormant, and nothing of it runs out meanwhile. */
  #wait(): void {
    const { outage } = this.#dial.mobility
    this.#runner?.suspend()
    if (this.#outage !== undefined || outage === 0) return
    this.#outage = this.#host.after(outage, () => this.#lose('link-lost'))
  }

  #lose(why: ConnectionEnd): void {
    this.#release()
    this.#tellLost(why)
  }

  #tellLost(why: ConnectionEnd): void {
    const { onLost } = this
    this.onLost = undefined
    onLost?.(why)
  }

  /** The session is at its end, but for answers to a gateway that repeats itself. Who asked for it waits until the gateway has heard. */
  #ending(why: OverReason): void {
    this.#takeDown()
    const isAsked = why === 'closed' && this.#hungUp === undefined
    if (!isAsked) this.#tellLost(this.#endOf(why))
  }

  #endOf(why: OverReason): ConnectionEnd {
    // Children go with an IKE SA that the gateway ends, too: then they are not the reason.
    const own = why === 'closed' ? this.#hungUp : undefined
    return own ?? ENDS[why] ?? 'link-lost'
  }

  // ── what the session asks and tells ──

  sendIke(endpoints: IkeEndpoints, bytes: Uint8Array, marker: boolean): void {
    if (!this.#isKnown) {
      this.#isKnown = true
      this.#dialling?.deps.onKnown(toHex(bytes.subarray(0, 8)))
    }
    this.#ports?.sendIke(endpoints, bytes, marker)
  }

  report(report: IkeReport): void {
    this.#dialling?.deps.onReport(report)
    if (report.kind === 'ike/over' && this.#dialling === undefined) return this.#ending(report.why)
    if (report.kind !== 'ike/established') return
    if (this.#standing === undefined) return this.#end({ kind: 'no-child' })
    this.#stopWatching = this.#host.onNetworkChange(() => this.#onNetworkChange())
    this.#end(this.#standing)
  }

  route(change: 'add' | 'remove', key: string): void {
    this.#ports?.route(change, key, this)
    if (change === 'add') this.#routes.add(key)
    else this.#routes.delete(key)
  }

  eap(packet: Uint8Array | undefined): void {
    if (packet !== undefined) this.#eap?.packet(packet)
  }

  judge(
    { chain }: { readonly chain: readonly Uint8Array[] },
    done: (judged: Judged) => void,
  ): void {
    this.#dialling?.deps.judge(chain, this.#dial.server, done)
  }

  certificate(authorities: readonly Uint8Array[]): IkeCertificate | undefined {
    const authentication = this.#dialling?.dial.authentication
    return authentication?.kind === 'certificate' ? authentication.choose(authorities) : undefined
  }

  assign(_request: unknown, _peer: unknown, done: (reply: undefined) => void): void {
    // A client gives nobody an address.
    done(undefined)
  }

  childUp(child: IkeChild): void {
    this.#path.up(child)
    this.#spis.add(child.spi)
    this.#ports?.spi('add', child.spi, this)
    if (child.replaces !== undefined) return
    const { configuration = [] } = child
    const address = addressesOf(configuration, ConfigAttribute.INTERNAL_IP4_ADDRESS)[0]
    if (address === undefined) return this.#end({ kind: 'no-child' })
    const dns = addressesOf(configuration, ConfigAttribute.INTERNAL_IP4_DNS)
    const given = { address, dns }
    this.#dialling?.deps.onPhase('P5', this.#interface.describe(given))
    const routes = this.#interface.open(given, (packet) => this.#path.send(packet))
    const carriage = child.encapsulates ? 'udp' : 'esp'
    this.#standing = { kind: 'connected', server: this.#server, ...given, routes, carriage }
  }

  childDown(spi: number, why: ChildDownReason): void {
    this.#path.down(spi)
    this.#spis.delete(spi)
    this.#ports?.spi('remove', spi, this)
    // Nothing can be carried any more: new keys could not be agreed on in time.
    if (this.#spis.size > 0 || this.#dialling !== undefined || !WORN_OUT.includes(why)) return
    this.#hungUp = 'rekey-failed'
    this.close('there is no child any more')
  }

  moved(endpoints: IkeEndpoints, encapsulates: boolean): void {
    this.#path.move(endpoints, encapsulates)
  }

  over(why: OverReason): void {
    if (this.#dialling !== undefined) return this.#end({ kind: 'over', why })
    this.#lose(this.#endOf(why))
  }
}

/** Ways of the last pair of ESP SAs to go while IKE stands: its time is over here, or was over at the gateway. */
const WORN_OUT: readonly ChildDownReason[] = ['expired', 'deleted-by-peer']

/** What an end of the IKE SA is to the client. */
const ENDS: Readonly<Partial<Record<OverReason, ConnectionEnd>>> = {
  closed: 'user',
  'deleted-by-peer': 'remote',
  'timed-out': 'link-lost',
  expired: 'rekey-failed',
}

/** Windows' IDi before EAP is its own address, whatever NAT makes of it. */
function ipv4Identity(address: Ipv4): IkeIdentity {
  const data = new Uint8Array(4)
  setU32(data, 0, address)
  return { type: IdType.ID_IPV4_ADDR, data }
}

const addressesOf = (
  configuration: readonly ConfigurationAttribute[],
  wanted: number,
): readonly Ipv4[] =>
  configuration.flatMap(({ type, value }) =>
    type === wanted && value.length >= 4 ? [u32(value, 0) as Ipv4] : [],
  )
