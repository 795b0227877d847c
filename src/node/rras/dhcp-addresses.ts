/**
 * The addresses that RRAS borrows from a DHCP server for its clients, ten at a time, over its inner interface. The first one is for its own interface
 * Internal; options that come with them are thrown away. Where no server answers, clients get addresses of 169.254.0.0/16 (APIPA), with which
 * they reach nothing. Not the protocol: `engine/dhcp-client.ts`, once for each address.
 */
import { ipv4, type Ipv4, type Prefix } from '../../base/address.ts'
import { concat, setU32, utf8 } from '../../base/bytes.ts'
import {
  dhcpClient,
  type DhcpClientInput,
  type DhcpClientReport,
  type DhcpDestination,
} from '../../engine/dhcp-client.ts'
import { microseconds } from '../../base/time.ts'
import type { Host, UdpSocket } from '../../net/sockets.ts'
import { decodeDhcp, DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from '../../wire/dhcp.ts'
import { openDhcpPort } from '../dhcp-port.ts'
import { EngineRunner } from '../engine-runner.ts'
import { AddressPool } from './address-pool.ts'
import type { AddressSource } from './addresses.ts'

const SOURCE = 'RemoteAccess'
/** What Windows starts the identifiers of such leases with: the DHCP console shows them as RAS. OWN: what follows, its interface and a number. */
const IDENTIFIER_PREFIX = 'RAS '
const EVERYONE = ipv4('255.255.255.255')
/** TechNet: 169.254.0.1 to 169.254.255.254, the first for the server. */
const AUTOMATIC: Prefix<Ipv4> = { address: ipv4('169.254.0.0'), length: 16 }

export interface DhcpAddressSettings {
  /** The interface behind which the server is asked. */
  readonly nic: string
  /** InitialAddressPoolSize: how many are asked for at once. */
  readonly block: number
  /** Whether RRAS may use the DHCP client at all; without, nothing is ever asked. */
  readonly isAllowed: boolean
}

export interface DhcpAddressEvents {
  /** The first block is here, or nobody answered; called once. */
  onReady(): void
  /** No server answered: from now on addresses are automatic ones, of which this is the server's own. */
  onAutomatic(server: Ipv4): void
  /** An address must not be used any more, whoever has it. */
  onLost(address: Ipv4): void
}

type Runner = EngineRunner<unknown, DhcpClientInput, DhcpClientReport, DhcpDestination>

/** One address that is asked for, or borrowed. */
interface Loan {
  readonly runner: Runner
  address: Ipv4 | undefined
  /** It has heard neither yes nor no. */
  isOpen: boolean
}

export class DhcpAddresses implements AddressSource {
  readonly #host: Host
  readonly #settings: DhcpAddressSettings
  readonly #events: DhcpAddressEvents
  readonly #automatic = new AddressPool(AUTOMATIC)
  readonly #loans = new Set<Loan>()
  /** Borrowed, and nobody has them: the one that is free longest is given out next. */
  readonly #free: Ipv4[] = []
  readonly #waiting: { wanted: Ipv4 | undefined; done: (address: Ipv4 | undefined) => void }[] = []
  #socket: UdpSocket | undefined
  #own: Ipv4 | undefined
  #isAutomatic = false
  #isReady = false
  #isStopped = false
  #asked = 0

  constructor(host: Host, settings: DhcpAddressSettings, events: DhcpAddressEvents) {
    this.#host = host
    this.#settings = settings
    this.#events = events
    if (settings.isAllowed && this.#open()) this.#ask(settings.block)
    // The owner has this in its hands only after the present instant.
    else host.after(microseconds(0), () => this.#settle())
  }

  get server(): Ipv4 | undefined {
    return this.#own ?? (this.#isAutomatic ? this.#automatic.serverAddress : undefined)
  }

  get size(): number {
    let size = this.#isAutomatic ? this.#automatic.size : 0
    for (const { address } of this.#loans)
      if (address !== undefined && address !== this.#own) size++
    return size
  }

  take(wanted: Ipv4 | undefined, done: (address: Ipv4 | undefined) => void): void {
    this.#waiting.push({ wanted, done })
    this.#serve()
  }

  has(address: Ipv4): boolean {
    return this.#isBorrowed(address) || this.#automatic.has(address)
  }

  #isBorrowed(wanted: Ipv4): boolean {
    for (const { address } of this.#loans) if (address === wanted) return true
    return false
  }

  give(back: Ipv4): void {
    if (this.#isBorrowed(back) && back !== this.#own) this.#free.push(back)
    else this.#automatic.give(back)
    this.#serve()
  }

  /** RRAS gives everything back when its service stops. */
  stop(): void {
    this.#isStopped = true
    for (const { runner } of this.#loans) {
      runner.input({ kind: 'release' })
      runner.stop()
    }
    this.#loans.clear()
    this.#waiting.length = 0
    this.#socket?.close()
  }

  #open(): boolean {
    const { nic } = this.#settings
    const opened = openDhcpPort(this.#host, { port: DHCP_CLIENT_PORT, nic }, ({ bytes }) => {
      const decoded = decodeDhcp(bytes)
      if (!decoded.ok) return decoded.error
      // Each looks for its own transaction.
      for (const { runner } of this.#loans) runner.input({ kind: 'datagram', bytes })
      return undefined
    })
    if (opened.ok) this.#socket = opened.value
    return opened.ok
  }

  // ── asking ──

  #ask(count: number): void {
    for (let i = 0; i < count; i++) this.#askOne()
  }

  #askOne(): void {
    const number = ++this.#asked
    const hardwareAddress = this.#mac
    const engine = dhcpClient({
      hardwareAddress,
      hostName: this.#host.name,
      clientIdentifier: identifierOf(hardwareAddress, number),
      forOther: true,
    })
    const runner: Runner = new EngineRunner(
      this.#host,
      engine,
      {
        source: SOURCE,
        send: (to, bytes) => this.#send(to, bytes),
        report: (report) => this.#report(loan, report),
      },
      `dhcp/${number}`,
    )
    const loan: Loan = { runner, address: undefined, isOpen: true }
    this.#loans.add(loan)
    runner.start()
  }

  get #mac(): Uint8Array {
    return this.#host.nics.find(({ name }) => name === this.#settings.nic)?.mac ?? new Uint8Array(6)
  }

  #send(to: DhcpDestination, bytes: Uint8Array): void {
    const isBroadcast = to.kind === 'broadcast'
    const address = isBroadcast ? EVERYONE : to.address
    // What goes to the server alone, a release, bears this host's own address: the borrowed one is nobody's.
    const options = isBroadcast ? { source: to.from } : {}
    this.#socket?.send({ address, port: DHCP_SERVER_PORT }, bytes, options)
  }

  // ── what came of it ──

  #report(loan: Loan, report: DhcpClientReport): void {
    if (this.#isStopped) return
    loan.isOpen = false
    switch (report.kind) {
      case 'bound':
        return this.#bound(loan, report.lease.address)
      case 'no-server':
        return this.#settle()
      case 'lost':
        // The client goes on, and asks for another one.
        loan.isOpen = true
        return this.#lost(loan)
    }
  }

  #bound(loan: Loan, address: Ipv4): void {
    // A renewal.
    if (loan.address === address) return
    loan.address = address
    if (this.#own === undefined) this.#own = address
    else this.#free.push(address)
    if (this.#isAutomatic) {
      // Somebody answers again: the rest of the block.
      this.#isAutomatic = false
      this.#ask(this.#settings.block - 1)
    }
    this.#settle()
  }

  #lost(loan: Loan): void {
    const { address } = loan
    loan.address = undefined
    if (address === undefined) return
    const at = this.#free.indexOf(address)
    if (at >= 0) this.#free.splice(at, 1)
    else if (address === this.#own) this.#own = this.#free.shift()
    else this.#events.onLost(address)
  }

  /** Once all that were asked for have been heard of: who waits is served, and where nothing came, nothing is asked for. */
  #settle(): void {
    if (this.#isAsking) return
    const isNothingLeft = this.#free.length === 0
    const without = [...this.#loans].filter(({ address }) => address === undefined)
    // Where nobody answers, one goes on asking every five minutes.
    for (const loan of isNothingLeft ? without.slice(1) : without) {
      loan.runner.stop()
      this.#loans.delete(loan)
    }
    if (isNothingLeft && !this.#isAutomatic) {
      this.#isAutomatic = true
      this.#events.onAutomatic(this.server ?? this.#automatic.serverAddress)
    }
    this.#serve()
    if (this.#isReady) return
    this.#isReady = true
    this.#events.onReady()
  }

  get #isAsking(): boolean {
    for (const { isOpen } of this.#loans) if (isOpen) return true
    return false
  }

  // ── giving ──

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const address = this.#next(next.wanted)
      if (address === undefined) return
      this.#waiting.shift()
      next.done(address)
    }
  }

  /** Undefined: not yet. The last one that is free brings the next block. */
  #next(wanted: Ipv4 | undefined): Ipv4 | undefined {
    const at = wanted === undefined ? -1 : this.#free.indexOf(wanted)
    const [address] = this.#free.splice(Math.max(at, 0), 1)
    const isUsedUp = this.#free.length === 0 && !this.#isAsking && !this.#isAutomatic
    if (isUsedUp && !this.#isStopped) this.#ask(this.#settings.block)
    if (address !== undefined || this.#isAsking) return address
    return this.#automatic.take(wanted)
  }
}

/** `RAS `, the interface, and the number of the address: 16 bytes. */
function identifierOf(mac: Uint8Array, number: number): Uint8Array {
  const tail = new Uint8Array(6)
  setU32(tail, 2, number)
  return concat(utf8(IDENTIFIER_PREFIX), mac, tail)
}
