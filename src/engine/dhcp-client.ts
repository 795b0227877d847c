/**
 * The DHCP client of RFC 2131 §4.4, with the habits of Windows. Sans I/O: `node/dhcp-client.ts` owns socket and interface.
 * Not modelled: DHCPINFORM, DHCPDECLINE (no address conflict detection), more than the first offer.
 */
import type { Ipv4 } from '../base/address.ts'
import { equalBytes, concat } from '../base/bytes.ts'
import { after, between, minutes, seconds, type Duration, type Instant } from '../base/time.ts'
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
  textOption,
  type DhcpMessage,
  type DhcpOption,
} from '../wire/dhcp.ts'
import { readLease, type Lease } from './dhcp-lease.ts'
import type { AddressedOutput, Engine, Env, Step } from './engine.ts'

/** RFC 2131 §4.1: 4, 8, 16, 32 s, each ± 1 s. Windows stops there, about 60 s after it began. */
const RETRANSMISSION_SECONDS = [4, 8, 16, 32] as const
/** RFC 2131 §4.4.5: a renewal is not repeated sooner. */
const RENEWAL_RETRY_MIN: Duration = seconds(60)
/** Windows looks for a server again at this pace while it has an automatic private address (KB 220874). */
export const SEARCH_AGAIN: Duration = minutes(5)
/** OWN: a refused client pauses, so that a server that always refuses cannot spin the clock. */
const AFTER_NAK: Duration = seconds(1)
/** A server that is silent about the remembered address this often does not know it. */
const REBOOT_TRIES = 2
export interface DhcpClientOptions {
  readonly hardwareAddress: Uint8Array
  readonly hostName: string
  /** An address from an earlier lease, to be asked for first (INIT-REBOOT). */
  readonly remembered?: Ipv4
  /** Option 61; default the hardware address. */
  readonly clientIdentifier?: Uint8Array
  /**
   * The address is for somebody else, as those that RRAS borrows for its clients are: it is asked for again by a broadcast that names it (as in
   * INIT-REBOOT), because an answer to the address itself would not come here. Default false.
   */
  readonly forOther?: boolean
}

/** One exchange: its number, when it began, and how often it was sent. */
interface Attempt {
  readonly transaction: number
  readonly began: Instant
  readonly tries: number
}

export type DhcpClientState =
  | { readonly name: 'init' }
  | { readonly name: 'rebooting'; readonly attempt: Attempt; readonly address: Ipv4 }
  | { readonly name: 'selecting'; readonly attempt: Attempt }
  | {
      readonly name: 'requesting'
      readonly attempt: Attempt
      readonly address: Ipv4
      readonly server: Ipv4
    }
  | { readonly name: 'bound'; readonly lease: Lease }
  | { readonly name: 'renewing'; readonly attempt: Attempt; readonly lease: Lease }
  | { readonly name: 'rebinding'; readonly attempt: Attempt; readonly lease: Lease }
  | { readonly name: 'released' }

export type DhcpClientInput =
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array }
  | { readonly kind: 'timer'; readonly timer: string }
  /** `ipconfig /renew`. */
  | { readonly kind: 'renew' }
  /** `ipconfig /release`. */
  | { readonly kind: 'release' }
  /** The link was down and is up, perhaps on another network. */
  | { readonly kind: 'reconnected' }

export type DhcpClientReport =
  | { readonly kind: 'bound'; readonly lease: Lease }
  /** Nobody answered; the search goes on every five minutes. */
  | { readonly kind: 'no-server' }
  /** The address must not be used any more. */
  | { readonly kind: 'lost'; readonly reason: 'expired' | 'refused' | 'released' }

/** `from` is the source address: 0.0.0.0 until the client has a lease (RFC 2131 §4.1), and always for somebody else's address. */
export type DhcpDestination =
  | { readonly kind: 'broadcast'; readonly from: Ipv4 }
  | { readonly kind: 'server'; readonly address: Ipv4; readonly from: Ipv4 }

type Out = AddressedOutput<DhcpClientReport, DhcpDestination>
type S = Step<DhcpClientState, Out>
type InState<N extends DhcpClientState['name']> = Extract<DhcpClientState, { readonly name: N }>

const BROADCAST: DhcpDestination = { kind: 'broadcast', from: 0 as Ipv4 }
const DISARM_ALL: readonly Out[] = ['retransmit', 't1', 't2', 'expiry'].map((timer) => ({
  kind: 'disarm',
  timer,
}))

export const dhcpClient = (
  options: DhcpClientOptions,
): Engine<DhcpClientState, DhcpClientInput, DhcpClientReport, Out> => ({
  start: (env) => begin(options, env, options.remembered),
  step(state, input, env) {
    switch (input.kind) {
      case 'datagram':
        return onDatagram(options, state, input.bytes, env)
      case 'timer':
        return onTimer(options, state, input.timer, env)
      case 'renew':
        return onRenew(options, state, env)
      case 'release':
        return onRelease(options, state, env)
      case 'reconnected':
        return joined(DISARM_ALL, begin(options, env, leaseOf(state)?.address))
    }
  },
})

const joined = (first: readonly Out[], step: S): S => ({
  state: step.state,
  outputs: [...first, ...step.outputs],
})

const leaseOf = (state: DhcpClientState): Lease | undefined =>
  'lease' in state ? state.lease : undefined

// ── messages ──

/** What Windows asks for (option 55), in its order, as far as it is modelled. */
const WANTED = Uint8Array.of(
  DhcpOptionCode.subnetMask,
  DhcpOptionCode.router,
  DhcpOptionCode.domainNameServer,
  DhcpOptionCode.domainName,
)

function write(
  options: DhcpClientOptions,
  type: number,
  attempt: Attempt,
  env: Env,
  fields: { readonly clientAddress?: Ipv4; readonly more?: readonly DhcpOption[] } = {},
): Uint8Array {
  const { hardwareAddress } = options
  const id = options.clientIdentifier ?? concat(Uint8Array.of(1), hardwareAddress)
  const asks = type === DhcpMessageType.discover || type === DhcpMessageType.request
  const secs = Math.min(0xffff, Math.floor(between(attempt.began, env.now) / seconds(1)))
  return encodeDhcp(
    dhcpMessage({
      op: 1,
      transaction: attempt.transaction,
      hardwareAddress,
      secs,
      // Nobody resolves an address by ARP that is not configured yet.
      broadcast: fields.clientAddress === undefined,
      ...(fields.clientAddress === undefined ? {} : { clientAddress: fields.clientAddress }),
      options: [
        messageTypeOption(type),
        { code: DhcpOptionCode.clientIdentifier, data: id },
        ...(fields.more ?? []),
        ...(asks ? identity(options) : []),
      ],
    }),
  )
}

const identity = (options: DhcpClientOptions): DhcpOption[] => [
  textOption(DhcpOptionCode.hostName, options.hostName),
  textOption(DhcpOptionCode.vendorClass, 'MSFT 5.0'),
  { code: DhcpOptionCode.parameterRequestList, data: WANTED },
]

const newAttempt = (env: Env): Attempt => ({
  transaction: env.rng.below(2 ** 32),
  began: env.now,
  tries: 1,
})

/** RFC 2131 §4.1: the next wait, randomized by plus or minus one second. */
function retransmitAfter(tries: number, env: Env): Out {
  const wait = RETRANSMISSION_SECONDS[tries - 1] ?? 32
  const jitter = (env.rng.fraction() * 2 - 1) * seconds(1)
  return { kind: 'arm', timer: 'retransmit', after: Math.round(seconds(wait) + jitter) as Duration }
}

// ── getting a lease ──

function begin(options: DhcpClientOptions, env: Env, remembered: Ipv4 | undefined): S {
  const attempt = newAttempt(env)
  return remembered === undefined
    ? discover(options, attempt, env)
    : reboot(options, { name: 'rebooting', attempt, address: remembered }, env)
}

function discover(options: DhcpClientOptions, attempt: Attempt, env: Env): S {
  const bytes = write(options, DhcpMessageType.discover, attempt, env)
  return {
    state: { name: 'selecting', attempt },
    outputs: [{ kind: 'send', to: BROADCAST, bytes }, retransmitAfter(attempt.tries, env)],
  }
}

/** RFC 2131 §3.2: is the address of an earlier lease still mine, here? */
function reboot(options: DhcpClientOptions, state: InState<'rebooting'>, env: Env): S {
  const more = [numbersOption(DhcpOptionCode.requestedAddress, state.address)]
  const bytes = write(options, DhcpMessageType.request, state.attempt, env, { more })
  return {
    state,
    outputs: [{ kind: 'send', to: BROADCAST, bytes }, retransmitAfter(state.attempt.tries, env)],
  }
}

function request(options: DhcpClientOptions, state: InState<'requesting'>, env: Env): S {
  const more = [
    numbersOption(DhcpOptionCode.requestedAddress, state.address),
    numbersOption(DhcpOptionCode.serverIdentifier, state.server),
  ]
  const bytes = write(options, DhcpMessageType.request, state.attempt, env, { more })
  return {
    state,
    outputs: [{ kind: 'send', to: BROADCAST, bytes }, retransmitAfter(state.attempt.tries, env)],
  }
}

// ── answers ──

function onDatagram(
  options: DhcpClientOptions,
  state: DhcpClientState,
  bytes: Uint8Array,
  env: Env,
): S {
  const ignored: S = { state, outputs: [] }
  const decoded = decodeDhcp(bytes)
  if (!decoded.ok) {
    env.log(`ignored a datagram: ${formatWireError(decoded.error)}`)
    return ignored
  }
  const message = decoded.value
  const mine =
    'attempt' in state &&
    message.op === 2 &&
    message.transaction === state.attempt.transaction &&
    equalBytes(message.hardwareAddress, options.hardwareAddress)
  if (!mine) return ignored
  switch (state.name) {
    case 'selecting':
      return onOffer(options, state, message, env)
    case 'rebooting':
    case 'requesting':
    case 'renewing':
    case 'rebinding':
      return onReply(options, state, message, env)
  }
}

/** Windows takes the first offer that it can use. */
function onOffer(
  options: DhcpClientOptions,
  state: InState<'selecting'>,
  message: DhcpMessage,
  env: Env,
): S {
  const server = addressIn(message, DhcpOptionCode.serverIdentifier)
  const offered = messageTypeOf(message) === DhcpMessageType.offer && message.yourAddress !== 0
  if (!offered || server === undefined) return { state, outputs: [] }
  // RFC 2131 §4.4.1: the request carries the transaction number of the offer.
  const attempt = { ...state.attempt, tries: 1 }
  const next = { name: 'requesting', attempt, address: message.yourAddress, server } as const
  return request(options, next, env)
}

function onReply(
  options: DhcpClientOptions,
  state: InState<'rebooting' | 'requesting' | 'renewing' | 'rebinding'>,
  message: DhcpMessage,
  env: Env,
): S {
  const type = messageTypeOf(message)
  const server = addressIn(message, DhcpOptionCode.serverIdentifier)
  const fromOther = state.name === 'requesting' && server !== state.server
  if (fromOther) return { state, outputs: [] }
  if (type === DhcpMessageType.nak) return refused(state)
  if (type !== DhcpMessageType.ack) return { state, outputs: [] }
  const lease = readLease(message, env.now)
  if (typeof lease === 'string') {
    env.log(`ignored a ${dhcpTypeName(type)}: ${lease}`)
    return { state, outputs: [] }
  }
  return bind(lease)
}

function refused(state: DhcpClientState): S {
  const lost: readonly Out[] =
    leaseOf(state) === undefined && state.name !== 'rebooting'
      ? []
      : [{ kind: 'report', report: { kind: 'lost', reason: 'refused' } }]
  return {
    state: { name: 'init' },
    outputs: [...DISARM_ALL, ...lost, { kind: 'arm', timer: 'retransmit', after: AFTER_NAK }],
  }
}

function bind(lease: Lease): S {
  const timer = (name: string, after: Duration | undefined): Out[] =>
    after === undefined ? [] : [{ kind: 'arm', timer: name, after }]
  return {
    state: { name: 'bound', lease },
    outputs: [
      ...DISARM_ALL,
      { kind: 'report', report: { kind: 'bound', lease } },
      ...timer('t1', lease.renewAfter),
      ...timer('t2', lease.rebindAfter),
      ...timer('expiry', lease.duration),
    ],
  }
}

// ── time ──

function onTimer(options: DhcpClientOptions, state: DhcpClientState, timer: string, env: Env): S {
  const lease = leaseOf(state)
  if (lease !== undefined && timer === 't1') return renew(options, newAttempt(env), lease, env)
  if (lease !== undefined && timer === 't2') return rebind(options, newAttempt(env), lease, env)
  if (timer === 'expiry') {
    const lost: Out = { kind: 'report', report: { kind: 'lost', reason: 'expired' } }
    return joined([...DISARM_ALL, lost], begin(options, env, undefined))
  }
  return onRetransmit(options, state, env)
}

function onRetransmit(options: DhcpClientOptions, state: DhcpClientState, env: Env): S {
  const again = (attempt: Attempt): Attempt => ({ ...attempt, tries: attempt.tries + 1 })
  switch (state.name) {
    case 'init':
      return begin(options, env, undefined)
    case 'rebooting':
      return state.attempt.tries < REBOOT_TRIES
        ? reboot(options, { ...state, attempt: again(state.attempt) }, env)
        : discover(options, newAttempt(env), env)
    case 'selecting':
      return state.attempt.tries < RETRANSMISSION_SECONDS.length
        ? discover(options, again(state.attempt), env)
        : giveUp()
    case 'requesting':
      return state.attempt.tries < RETRANSMISSION_SECONDS.length
        ? request(options, { ...state, attempt: again(state.attempt) }, env)
        : begin(options, env, undefined)
    case 'renewing':
      return renew(options, again(state.attempt), state.lease, env)
    case 'rebinding':
      return rebind(options, again(state.attempt), state.lease, env)
    case 'bound':
    case 'released':
      return { state, outputs: [] }
  }
}

const giveUp = (): S => ({
  state: { name: 'init' },
  outputs: [
    { kind: 'report', report: { kind: 'no-server' } },
    { kind: 'arm', timer: 'retransmit', after: SEARCH_AGAIN },
  ],
})

/** RFC 2131 §4.4.5: half of what is left until `limit`, down to a minute. */
function halfUntil(lease: Lease, limit: Duration | undefined, env: Env): Out[] {
  if (limit === undefined) return []
  const left = between(env.now, after(lease.obtained, limit))
  const wait = Math.max(RENEWAL_RETRY_MIN, Math.floor(left / 2)) as Duration
  return [{ kind: 'arm', timer: 'retransmit', after: wait }]
}

const isForOther = ({ forOther = false }: DhcpClientOptions): boolean => forOther

/** How a request names the lease that it is to prolong: by ciaddr, or by option 50 where the address is not this host's. */
const held = (options: DhcpClientOptions, { address }: Lease): Parameters<typeof write>[4] =>
  isForOther(options)
    ? { more: [numbersOption(DhcpOptionCode.requestedAddress, address)] }
    : { clientAddress: address }

/** Ask the server that granted the lease. */
function renew(options: DhcpClientOptions, attempt: Attempt, lease: Lease, env: Env): S {
  const bytes = write(options, DhcpMessageType.request, attempt, env, held(options, lease))
  const to: DhcpDestination = isForOther(options)
    ? BROADCAST
    : { kind: 'server', address: lease.server, from: lease.address }
  return {
    state: { name: 'renewing', attempt, lease },
    outputs: [{ kind: 'send', to, bytes }, ...halfUntil(lease, lease.rebindAfter, env)],
  }
}

/** Ask any server. */
function rebind(options: DhcpClientOptions, attempt: Attempt, lease: Lease, env: Env): S {
  const bytes = write(options, DhcpMessageType.request, attempt, env, held(options, lease))
  const to: DhcpDestination = isForOther(options)
    ? BROADCAST
    : { kind: 'broadcast', from: lease.address }
  return {
    state: { name: 'rebinding', attempt, lease },
    outputs: [{ kind: 'send', to, bytes }, ...halfUntil(lease, lease.duration, env)],
  }
}

// ── the operator ──

function onRenew(options: DhcpClientOptions, state: DhcpClientState, env: Env): S {
  const lease = leaseOf(state)
  if (lease !== undefined) return renew(options, newAttempt(env), lease, env)
  return joined(DISARM_ALL, begin(options, env, undefined))
}

function onRelease(options: DhcpClientOptions, state: DhcpClientState, env: Env): S {
  const lease = leaseOf(state)
  if (lease === undefined) return { state: { name: 'released' }, outputs: DISARM_ALL }
  const more = [numbersOption(DhcpOptionCode.serverIdentifier, lease.server)]
  const fields = { clientAddress: lease.address, more }
  const bytes = write(options, DhcpMessageType.release, newAttempt(env), env, fields)
  const from = isForOther(options) ? BROADCAST.from : lease.address
  const to: DhcpDestination = { kind: 'server', address: lease.server, from }
  return {
    state: { name: 'released' },
    outputs: [
      ...DISARM_ALL,
      // Sent while the address is still there to send from.
      { kind: 'send', to, bytes },
      { kind: 'report', report: { kind: 'lost', reason: 'released' } },
    ],
  }
}
