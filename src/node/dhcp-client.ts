/**
 * The DHCP client of one interface: joins the engine to a UDP socket and configures the host from what it learns.
 * Not the protocol: `engine/dhcp-client.ts`. Without a server the interface takes 169.254.x.y as Windows does (APIPA, RFC 3927).
 */
import { formatIpv4, ipv4, type Ipv4 } from '../base/address.ts'
import { formatDuration, microseconds } from '../base/time.ts'
import {
  dhcpClient,
  type DhcpClientInput,
  type DhcpClientReport,
  type DhcpClientState,
  type DhcpDestination,
} from '../engine/dhcp-client.ts'
import type { Lease } from '../engine/dhcp-lease.ts'
import type { Host, NicSettings, UdpSocket } from '../net/sockets.ts'
import { decodeDhcp, DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from '../wire/dhcp.ts'
import { openDhcpPort } from './dhcp-port.ts'
import { EngineRunner } from './engine-runner.ts'

const SOURCE = 'Dhcp-Client'
/** Microsoft-Windows-Dhcp-Client, as the event log numbers them. */
const EVENT = { leaseLost: 1000, notAssigned: 1001, refused: 1002, automatic: 1007 } as const
const EVERYONE = ipv4('255.255.255.255')
/** 169.254.1.0 … 169.254.254.255 (RFC 3927 §2.1). */
const AUTOMATIC_FIRST = ipv4('169.254.1.0')
const AUTOMATIC_COUNT = 254 * 256
const AUTOMATIC_PREFIX_LENGTH = 16

/** What became of asking. `automatic`: nobody answered for a minute, and the host gave itself an address. */
export type DhcpResult =
  | { readonly kind: 'leased'; readonly lease: Lease }
  | { readonly kind: 'automatic'; readonly address: Ipv4 }
  /** Another program of this host holds UDP port 68. */
  | { readonly kind: 'port-in-use' }

export interface DhcpClient {
  /** Give the lease back and stop, as when the user leaves a network in good order. */
  release(): void
  /** `ipconfig /renew`: also after {@link release}. */
  renew(): void
}

/** A host that says when the cable of an interface was pulled, plugged or moved. */
export type LinkedHost = Host & { onLinkChange(listener: (nic: string) => void): void }

export interface DhcpClientSettings {
  /** An address from an earlier visit, to be asked for first (INIT-REBOOT). */
  readonly remembered?: Ipv4
}

/**
 * Ask for an address on interface `nic`, and keep it. `done` hears each outcome: the first lease or automatic address, and each later
 * one (renewals too). Never called before this returns. When the cable is pulled and plugged in again, the client asks whether its address
 * is still good; when the interface is moved to another network, which is another name, the client ends without a word.
 */
export function startDhcpClient(
  host: LinkedHost,
  nic: string,
  done: (result: DhcpResult) => void = () => {},
  settings: DhcpClientSettings = {},
): DhcpClient {
  const running = new RunningClient(host, nic, done, settings)
  running.start()
  return running
}

class RunningClient implements DhcpClient {
  readonly #host: Host
  readonly #nic: string
  readonly #done: (result: DhcpResult) => void
  readonly #runner: EngineRunner<
    DhcpClientState,
    DhcpClientInput,
    DhcpClientReport,
    DhcpDestination
  >
  #socket: UdpSocket | undefined
  #address: Ipv4 | undefined

  constructor(
    host: LinkedHost,
    nic: string,
    done: (result: DhcpResult) => void,
    settings: DhcpClientSettings,
  ) {
    this.#host = host
    this.#nic = nic
    this.#done = done
    const hardwareAddress = this.#view?.mac ?? new Uint8Array(6)
    this.#runner = new EngineRunner(
      host,
      dhcpClient({ hardwareAddress, hostName: host.name, ...settings }),
      {
        source: SOURCE,
        send: (to, bytes) => this.#send(to, bytes),
        report: (report) => this.#report(report),
      },
      nic,
    )
    host.onLinkChange((changed) => this.#linkChanged(changed))
  }

  get #view() {
    return this.#host.nics.find((each) => each.name === this.#nic)
  }

  start(): void {
    if (this.#open()) this.#runner.start()
  }

  #open(): boolean {
    const bind = { port: DHCP_CLIENT_PORT, nic: this.#nic }
    const opened = openDhcpPort(this.#host, bind, ({ bytes }) => {
      const decoded = decodeDhcp(bytes)
      if (!decoded.ok) return decoded.error
      return this.#runner.input({ kind: 'datagram', bytes })
    })
    if (opened.ok) this.#socket = opened.value
    else this.#tell({ kind: 'port-in-use' })
    return opened.ok
  }

  renew(): void {
    if (this.#socket !== undefined || this.#open()) this.#runner.input({ kind: 'renew' })
  }

  release(): void {
    this.#runner.input({ kind: 'release' })
    this.#socket?.close()
    this.#socket = undefined
  }

  #linkChanged(nic: string): void {
    if (this.#socket === undefined) return
    if (this.#view === undefined) this.#retire()
    else if (nic === this.#nic && this.#view.up) this.#runner.input({ kind: 'reconnected' })
  }

  /** The interface was plugged in elsewhere and goes by another name: whoever moved it starts a client there. */
  #retire(): void {
    this.#runner.stop()
    this.#socket?.close()
    this.#socket = undefined
  }

  #send(to: DhcpDestination, bytes: Uint8Array): void {
    const everyone = to.kind === 'broadcast'
    const address = everyone ? EVERYONE : to.address
    const options = everyone ? { nic: this.#nic, source: to.from } : { source: to.from }
    this.#socket?.send({ address, port: DHCP_SERVER_PORT }, bytes, options)
  }

  #report(report: DhcpClientReport): void {
    switch (report.kind) {
      case 'bound':
        return this.#bound(report.lease)
      case 'no-server':
        return this.#takeAutomatic()
      case 'lost': {
        const address = this.#address
        const id = report.reason === 'refused' ? EVENT.refused : EVENT.leaseLost
        const was = address === undefined ? 'the remembered address' : formatIpv4(address)
        this.#host.log(SOURCE, `${this.#nic}: ${was} is no longer ours: ${report.reason}`, id)
        this.#configure(undefined)
      }
    }
  }

  #bound(lease: Lease): void {
    const { address, prefixLength, router, dns, suffix, duration } = lease
    const time = duration === undefined ? 'for ever' : `for ${formatDuration(duration)}`
    const from = formatIpv4(lease.server)
    this.#host.log(
      SOURCE,
      `${this.#nic}: ${formatIpv4(address)}/${prefixLength} from ${from} ${time}`,
    )
    this.#configure({
      address,
      prefixLength,
      dns,
      ...(router === undefined ? {} : { gateway: router }),
      ...(suffix === undefined ? {} : { suffix }),
    })
    this.#tell({ kind: 'leased', lease })
  }

  #takeAutomatic(): void {
    this.#host.log(SOURCE, `${this.#nic}: no DHCP server answered`, EVENT.notAssigned)
    // One address an interface, drawn once: RFC 3927 §2.1 wants the same again after a restart.
    const drawn = this.#host.rng.fork(`apipa/${this.#nic}`).below(AUTOMATIC_COUNT)
    const address = (AUTOMATIC_FIRST + drawn) as Ipv4
    this.#configure({ address, prefixLength: AUTOMATIC_PREFIX_LENGTH })
    this.#host.log(SOURCE, `${this.#nic}: took ${formatIpv4(address)} by itself`, EVENT.automatic)
    this.#tell({ kind: 'automatic', address })
  }

  /** A renewal that changes nothing leaves the interface, and what runs over it, alone. */
  #configure(settings: NicSettings | undefined): void {
    this.#address = settings?.address
    const view = this.#view
    const present = [view?.address, view?.prefixLength, view?.gateway, view?.dns, view?.suffix]
    const { address, prefixLength, gateway, dns = [], suffix } = settings ?? {}
    const wanted = [address, prefixLength, gateway, dns, suffix]
    if (JSON.stringify(present) !== JSON.stringify(wanted)) {
      this.#host.configure(this.#nic, settings)
    }
  }

  #tell(result: DhcpResult): void {
    this.#host.after(microseconds(0), () => this.#done(result))
  }
}
