/**
 * The DHCP server of RFC 2131 §4.3: one network, one pool, a lease table on virtual time. Sans I/O: `node/dhcp-server.ts` has the socket.
 * Not modelled: reservations, failover, the ping before an offer, BOOTP clients, the agent's own options (RFC 3046).
 */
import { formatIpv4, maskOf, prefixContains, type Ipv4, type Prefix } from '../base/address.ts'
import { toHex } from '../base/bytes.ts'
import { after, seconds, type Duration, type Instant } from '../base/time.ts'
import { formatWireError } from '../wire/codec.ts'
import {
  addressIn,
  decodeDhcp,
  dhcpMessage,
  DhcpMessageType,
  DhcpOptionCode,
  dhcpTypeName,
  encodeDhcp,
  messageTypeOf,
  messageTypeOption,
  numbersOption,
  optionData,
  textOption,
  type DhcpMessage,
  type DhcpOption,
} from '../wire/dhcp.ts'
import { INFINITE_SECONDS } from './dhcp-lease.ts'
import type { AddressedOutput, Engine, Env, Step } from './engine.ts'

/** OWN: how long an offer holds its address; a client that wants it answers within one retransmission. */
const OFFER_HOLD: Duration = seconds(60)

export interface DhcpServerConfig {
  /** Its own address, which is its identifier (option 54). */
  readonly address: Ipv4
  readonly prefix: Prefix<Ipv4>
  /** First and last address of the pool. */
  readonly pool: readonly [first: Ipv4, last: Ipv4]
  readonly router?: Ipv4
  readonly dns: readonly Ipv4[]
  readonly suffix?: string
  readonly lease: Duration
}

/** `expires` in the past: the address is free, but goes first to the client that had it. */
export interface LeaseEntry {
  /** Option 61, or else the hardware address, in hexadecimal; `declined` for an address that a client found in use. */
  readonly client: string
  readonly address: Ipv4
  readonly expires: Instant
  /** An offer that nobody has taken yet. */
  readonly offered: boolean
}

/** Entries by address. */
export interface DhcpServerState {
  readonly leases: ReadonlyMap<Ipv4, LeaseEntry>
}

/** `length` bytes of UDP from a client. */
export interface DhcpServerInput {
  readonly kind: 'datagram'
  readonly bytes: Uint8Array
}

export type DhcpServerReport =
  | { readonly kind: 'leased'; readonly entry: LeaseEntry }
  | { readonly kind: 'exhausted' }

/** Port 68 at the address of the client, or of everyone; port 67 of the relay agent that brought the question (RFC 2131 §4.1). */
export type DhcpReplyTo =
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'client' | 'relay'; readonly address: Ipv4 }

type Out = AddressedOutput<DhcpServerReport, DhcpReplyTo>
type S = Step<DhcpServerState, Out>

const BROADCAST: DhcpReplyTo = { kind: 'broadcast' }

interface Query {
  readonly message: DhcpMessage
  readonly client: string
  /** Option 50. */
  readonly requested: Ipv4 | undefined
}

export const dhcpServer = (
  config: DhcpServerConfig,
): Engine<DhcpServerState, DhcpServerInput, DhcpServerReport, Out> => ({
  start: () => ({ state: { leases: new Map() }, outputs: [] }),
  step(state, input, env) {
    const ignored: S = { state, outputs: [] }
    const decoded = decodeDhcp(input.bytes)
    if (!decoded.ok) {
      env.log(`ignored a datagram: ${formatWireError(decoded.error)}`)
      return ignored
    }
    const message = decoded.value
    if (message.op !== 1) return ignored
    const id = optionData(message, DhcpOptionCode.clientIdentifier) ?? message.hardwareAddress
    const requested = addressIn(message, DhcpOptionCode.requestedAddress)
    const query: Query = { message, client: toHex(id), requested }
    switch (messageTypeOf(message)) {
      case DhcpMessageType.discover:
        return onDiscover(config, state, query, env)
      case DhcpMessageType.request:
        return onRequest(config, state, query, env)
      case DhcpMessageType.decline:
        return onDecline(config, state, query, env)
      case DhcpMessageType.release:
        return onRelease(state, query, env)
      case DhcpMessageType.inform:
        return { state, outputs: [ack(config, query, undefined)] }
      default:
        env.log(`ignored a ${dhcpTypeName(messageTypeOf(message))}`)
        return ignored
    }
  },
})

// ── the lease table ──

const withEntry = (state: DhcpServerState, entry: LeaseEntry): DhcpServerState => ({
  leases: new Map(state.leases).set(entry.address, entry),
})

const without = (state: DhcpServerState, address: Ipv4): DhcpServerState => {
  const leases = new Map(state.leases)
  leases.delete(address)
  return { leases }
}

const entryOf = (state: DhcpServerState, client: string): LeaseEntry | undefined =>
  [...state.leases.values()].find((entry) => entry.client === client)

const inPool = ({ pool, address, router }: DhcpServerConfig, wanted: Ipv4): boolean =>
  wanted >= pool[0] && wanted <= pool[1] && wanted !== address && wanted !== router

/** Nobody else holds it now. */
function isFree(state: DhcpServerState, address: Ipv4, client: string, now: Instant): boolean {
  const entry = state.leases.get(address)
  return entry === undefined || entry.client === client || entry.expires <= now
}

/** RFC 2131 §4.3.1: the client's own address, the one it asks for, a fresh one, the one that expired first. */
function choose(
  config: DhcpServerConfig,
  state: DhcpServerState,
  query: Query,
  now: Instant,
): Ipv4 | undefined {
  const usable = (address: Ipv4 | undefined): address is Ipv4 =>
    address !== undefined && inPool(config, address) && isFree(state, address, query.client, now)
  const own = entryOf(state, query.client)?.address
  if (usable(own)) return own
  if (usable(query.requested)) return query.requested
  for (let address = config.pool[0]; address <= config.pool[1]; address++) {
    if (!state.leases.has(address) && inPool(config, address)) return address
  }
  const [oldest] = [...state.leases.values()]
    .filter((entry) => usable(entry.address))
    .sort((a, b) => a.expires - b.expires)
  return oldest?.address
}

// ── what clients ask ──

function onDiscover(config: DhcpServerConfig, state: DhcpServerState, query: Query, env: Env): S {
  const address = choose(config, state, query, env.now)
  if (address === undefined) {
    env.log(`no address is left for ${query.client}: the pool ${poolText(config)} is used up`)
    return { state, outputs: [{ kind: 'report', report: { kind: 'exhausted' } }] }
  }
  const own = state.leases.get(address)
  const holds = own !== undefined && own.client === query.client && own.expires > env.now
  // A lease that runs is not shortened by a client that asks again.
  const entry: LeaseEntry = holds
    ? own
    : { client: query.client, address, expires: after(env.now, OFFER_HOLD), offered: true }
  const bytes = reply(config, query, DhcpMessageType.offer, address)
  return {
    state: withEntry(state, entry),
    outputs: [{ kind: 'send', to: toWhom(query, undefined), bytes }],
  }
}

const poolText = ({ pool }: DhcpServerConfig): string =>
  `${formatIpv4(pool[0])} to ${formatIpv4(pool[1])}`

/** RFC 2131 §4.3.2 tells four kinds of request apart by what they carry. */
function onRequest(config: DhcpServerConfig, state: DhcpServerState, query: Query, env: Env): S {
  const { message, client, requested } = query
  const chosen = addressIn(message, DhcpOptionCode.serverIdentifier)
  const own = entryOf(state, client)
  if (chosen !== undefined && chosen !== config.address) {
    // The client took another server's offer: ours is free again.
    return { state: own?.offered === true ? without(state, own.address) : state, outputs: [] }
  }
  const renewing = message.clientAddress !== 0
  const wanted = renewing ? message.clientAddress : requested
  if (wanted === undefined) {
    env.log(`ignored a DHCPREQUEST of ${client} that asks for no address`)
    return { state, outputs: [] }
  }
  const why = objection(config, state, { client, address: wanted, own }, env.now)
  if (why !== undefined) return nak(config, state, query, env, why)
  // INIT-REBOOT by a client that nobody here knows: another server may know it.
  if (!renewing && chosen === undefined && own === undefined) return { state, outputs: [] }
  const entry: LeaseEntry = {
    client,
    address: wanted,
    expires: after(env.now, config.lease),
    offered: false,
  }
  const cleared = own === undefined ? state : without(state, own.address)
  return {
    state: withEntry(cleared, entry),
    outputs: [ack(config, query, wanted), { kind: 'report', report: { kind: 'leased', entry } }],
  }
}

/** Why the client must not have the address; undefined: it may. */
function objection(
  config: DhcpServerConfig,
  state: DhcpServerState,
  wanted: { readonly client: string; readonly address: Ipv4; readonly own: LeaseEntry | undefined },
  now: Instant,
): string | undefined {
  const { address, client, own } = wanted
  if (!prefixContains(config.prefix, address)) return 'it belongs to another network'
  if (own !== undefined && own.address !== address) {
    return `${formatIpv4(own.address)} is recorded for this client`
  }
  if (!inPool(config, address)) return 'it is not in the pool'
  if (!isFree(state, address, client, now)) return 'somebody else has it'
  return undefined
}

function nak(
  config: DhcpServerConfig,
  state: DhcpServerState,
  query: Query,
  env: Env,
  why: string,
): S {
  const wanted = query.requested ?? query.message.clientAddress
  env.log(`refused ${formatIpv4(wanted)} to ${query.client}: ${why}`)
  const bytes = reply(config, query, DhcpMessageType.nak, undefined)
  return { state, outputs: [{ kind: 'send', to: toWhom(query, undefined), bytes }] }
}

/** RFC 2131 §4.3.3: the client found the address in use by somebody else. */
function onDecline(config: DhcpServerConfig, state: DhcpServerState, query: Query, env: Env): S {
  const address = query.requested
  if (address === undefined || state.leases.get(address)?.client !== query.client) {
    return { state, outputs: [] }
  }
  env.log(`${query.client} found ${formatIpv4(address)} in use: it is not given out for a while`)
  const expires = after(env.now, config.lease)
  const entry: LeaseEntry = { client: 'declined', address, expires, offered: false }
  return { state: withEntry(state, entry), outputs: [] }
}

function onRelease(state: DhcpServerState, query: Query, env: Env): S {
  const entry = state.leases.get(query.message.clientAddress)
  if (entry === undefined || entry.client !== query.client) return { state, outputs: [] }
  return { state: withEntry(state, { ...entry, expires: env.now }), outputs: [] }
}

// ── what it answers ──

/** `address` undefined: an answer to DHCPINFORM, which grants nothing. */
function ack(config: DhcpServerConfig, query: Query, address: Ipv4 | undefined): Out {
  const to = toWhom(query, query.message.clientAddress)
  return { kind: 'send', to, bytes: reply(config, query, DhcpMessageType.ack, address) }
}

/** RFC 2131 §4.1: back by the relay agent; else to the client where it has an address, or to everyone. */
function toWhom({ message }: Query, client: Ipv4 | undefined): DhcpReplyTo {
  const { relayAddress } = message
  if (relayAddress !== 0) return { kind: 'relay', address: relayAddress }
  return client === undefined || client === 0 ? BROADCAST : { kind: 'client', address: client }
}

function reply(
  config: DhcpServerConfig,
  query: Query,
  type: number,
  address: Ipv4 | undefined,
): Uint8Array {
  const { message } = query
  const refusal = type === DhcpMessageType.nak
  return encodeDhcp(
    dhcpMessage({
      op: 2,
      transaction: message.transaction,
      // RFC 2131 §4.3.2: the client of a relay agent has no address to which a refusal could be sent.
      broadcast: message.broadcast || (refusal && message.relayAddress !== 0),
      relayAddress: message.relayAddress,
      clientAddress: refusal ? (0 as Ipv4) : message.clientAddress,
      yourAddress: address ?? (0 as Ipv4),
      hardwareAddress: message.hardwareAddress,
      options: [
        messageTypeOption(type),
        numbersOption(DhcpOptionCode.serverIdentifier, config.address),
        ...(address === undefined ? [] : times(config.lease)),
        ...(refusal ? [] : settings(config)),
      ],
    }),
  )
}

function times(lease: Duration): DhcpOption[] {
  const whole = Math.min(Math.floor(lease / seconds(1)), INFINITE_SECONDS)
  return [
    numbersOption(DhcpOptionCode.leaseTime, whole),
    numbersOption(DhcpOptionCode.renewalTime, Math.floor(whole / 2)),
    numbersOption(DhcpOptionCode.rebindingTime, Math.floor((whole * 7) / 8)),
  ]
}

function settings(config: DhcpServerConfig): DhcpOption[] {
  const { prefix, router, dns, suffix } = config
  const mask = maskOf(prefix.length)
  return [
    numbersOption(DhcpOptionCode.subnetMask, mask),
    ...(router === undefined ? [] : [numbersOption(DhcpOptionCode.router, router)]),
    ...(dns.length === 0 ? [] : [numbersOption(DhcpOptionCode.domainNameServer, ...dns)]),
    ...(suffix === undefined ? [] : [textOption(DhcpOptionCode.domainName, suffix)]),
  ]
}
