/**
 * The child SAs of a session (RFC 7296 §2.17): their SPIs, keys and lifetimes, from the moment that both sides agree to their end. Not the exchanges that
 * make and replace them, and no ESP packet: `engine/esp`.
 */
import { u32 } from '../../base/bytes.ts'
import { microseconds, type Duration } from '../../base/time.ts'
import type { EspSuite } from '../../crypto/ike/transforms.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import { notifyName } from '../../wire/ikev2/notify-types.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'
import type { ChildDownReason, EspKeys, IkeChild } from './contract.ts'
import type { Lifetime } from './options.ts'
import { espTransforms, proposalText, withGroup } from './proposals.ts'
import type { ExchangeName, Side } from './report.ts'
import {
  arm,
  cryptographyOf,
  disarm,
  say,
  tellSecrets,
  type Child,
  type IkeSa,
  type Run,
} from './state.ts'

/** RFC 4303 §2.1: those up to 255 are reserved. */
const SPI_MIN = 0x100
const SPI_BYTES = 4
/** OWN: a child is replaced when it has carried nine tenths of what it may. */
const SOFT_BYTES = 0.9
/** OWN: many children are replaced at many times. */
const MARGIN = 0.1
const JITTER = 0.5

const SOFT = '/soft'
const HARD = '/hard'
const PREFIX = 'child/'

/** An inbound SPI that nobody has. */
export function newSpi({ state, options, env }: Run): number {
  for (;;) {
    const spi = u32(env.rng.bytes(SPI_BYTES), 0)
    const isFree = spi >= SPI_MIN && !state.children.has(spi) && options.isSpiFree?.(spi) !== false
    if (isFree) return spi
  }
}

export const spiBytes = (spi: number): Uint8Array =>
  Uint8Array.of(spi >>> 24, spi >>> 16, spi >>> 8, spi)

/** Undefined: no SPI of ESP. */
export const readSpi = (bytes: Uint8Array): number | undefined =>
  bytes.length === SPI_BYTES ? u32(bytes, 0) : undefined

export interface Agreement {
  readonly spi: number
  readonly remoteSpi: number
  readonly suite: EspSuite
  /** Whose nonce is the first. */
  readonly asked: 'own' | 'peer'
  readonly nonceI: Uint8Array
  readonly nonceR: Uint8Array
  readonly shared?: Uint8Array
  readonly localSelectors: readonly TrafficSelector[]
  readonly remoteSelectors: readonly TrafficSelector[]
  readonly replaces?: number
  readonly configuration?: readonly ConfigurationAttribute[]
}

/** Both sides have agreed: the pair stands. */
export function raiseChild(run: Run, sa: IkeSa, made: Agreement): IkeChild {
  const { state } = run
  const { suite, nonceI, nonceR, shared, asked, ...rest } = made
  const { skD } = sa.protection!.keys
  const keys = cryptographyOf(run).childKeys(suite, {
    prf: sa.protection!.suite.prf,
    skD,
    nonceI,
    nonceR,
    ...(shared !== undefined && { shared }),
  })
  const ofInitiator: EspKeys = { encryption: keys.encryptionI, integrity: keys.integrityI }
  const ofResponder: EspKeys = { encryption: keys.encryptionR, integrity: keys.integrityR }
  const isOwn = asked === 'own'
  const limit = run.options.childLifetime?.bytes
  const child: IkeChild = {
    ...rest,
    asked,
    suite,
    inbound: isOwn ? ofResponder : ofInitiator,
    outbound: isOwn ? ofInitiator : ofResponder,
    endpoints: state.endpoints,
    encapsulates: encapsulates(run),
    ...(limit !== undefined && { bytes: { soft: Math.floor(limit * SOFT_BYTES), hard: limit } }),
  }
  state.children.set(child.spi, {
    child,
    replaced: undefined,
    closing: false,
    rekeying: false,
    rival: undefined,
  })
  armLifetime(run, `${PREFIX}${child.spi}`, run.options.childLifetime)
  run.outputs.push({ kind: 'child-up', child })
  tell(run, child)
  return child
}

function tell(run: Run, child: IkeChild): void {
  const { spi, remoteSpi, suite, inbound, outbound, replaces } = child
  const { local, remote } = child.endpoints
  const secret = { kind: 'esp', suite } as const
  tellSecrets(run, { ...secret, ...inbound, spi, from: remote, to: local })
  tellSecrets(run, { ...secret, ...outbound, spi: remoteSpi, from: local, to: remote })
  say(run, {
    kind: 'ike/child-established',
    spi,
    remoteSpi,
    suite,
    text: proposalText(withGroup(espTransforms(suite), suite.group)),
    ...(replaces !== undefined && { replaces }),
  })
}

/** In UDP, where somebody is behind a NAT (RFC 7296 §2.23). */
export const encapsulates = ({ state }: Run): boolean => state.behind.own || state.behind.peer

export function dropChild(run: Run, spi: number, why: ChildDownReason): void {
  const found = run.state.children.get(spi)
  if (found === undefined) return
  run.state.children.delete(spi)
  disarmLifetime(run, `${PREFIX}${spi}`)
  run.outputs.push({ kind: 'child-down', spi, why })
  say(run, { kind: 'ike/child-over', spi, remoteSpi: found.child.remoteSpi, why })
}

export const dropChildren = (run: Run, why: ChildDownReason): void => {
  for (const spi of run.state.children.keys()) dropChild(run, spi, why)
}

/** As a `Delete` of the peer, or the answer to ours, says: the pair is gone on both sides. */
export const goneBecause = (
  { replaced, rival }: Child,
  otherwise: ChildDownReason,
): ChildDownReason => replaced ?? (rival === undefined ? otherwise : 'rekeyed')

/** By the SPI that the peer receives with, as its REKEY_SA and Delete name it. */
export const childByRemote = ({ state }: Run, remoteSpi: number): Child | undefined =>
  [...state.children.values()].find(({ child }) => child.remoteSpi === remoteSpi)

/** The newest is used for what is sent. */
export const isCurrent = ({ replaced, closing, rival }: Child): boolean =>
  replaced === undefined && rival === undefined && !closing

/** OWN: an authentic peer may have so many pairs, the replaced ones among them. */
const CHILDREN_MAX = 32

export const isFull = ({ state }: Run): boolean => state.children.size >= CHILDREN_MAX

// ── lifetimes ──

/** Two timers: when to replace it, and when to end it. */
export function armLifetime(run: Run, name: string, lifetime: Lifetime | undefined): void {
  const { time, margin, jitter } = lifetime ?? {}
  if (time === undefined) return
  arm(run, `${name}${SOFT}`, softAfter({ time, margin, jitter }, run.env.rng.fraction()))
  arm(run, `${name}${HARD}`, time)
}

function softAfter(
  {
    time,
    margin,
    jitter,
  }: { time: Duration; margin: Duration | undefined; jitter: Duration | undefined },
  fraction: number,
): Duration {
  const before = margin ?? time * MARGIN
  const spread = jitter ?? before * JITTER
  return microseconds(Math.max(1, time - before - fraction * spread))
}

function disarmLifetime(run: Run, name: string): void {
  disarm(run, `${name}${SOFT}`)
  disarm(run, `${name}${HARD}`)
}

export interface LifetimeTimer {
  readonly of: { readonly kind: 'child'; readonly spi: number } | { readonly kind: 'ike' }
  readonly limit: 'soft' | 'hard'
}

export const IKE_LIFETIME = 'ike'

/** Undefined: another timer. */
export function lifetimeTimer(timer: string): LifetimeTimer | undefined {
  const limit = timer.endsWith(SOFT) ? 'soft' : timer.endsWith(HARD) ? 'hard' : undefined
  if (limit === undefined) return undefined
  const name = timer.slice(0, -SOFT.length)
  const of = name.startsWith(PREFIX)
    ? ({ kind: 'child', spi: Number(name.slice(PREFIX.length)) } as const)
    : ({ kind: 'ike' } as const)
  return { of, limit }
}

/** No child comes of it. */
export function sayChildRefused(
  run: Run,
  of: { readonly by: Side; readonly exchange: ExchangeName },
  type: number,
): void {
  say(run, { kind: 'ike/child-refused', ...of, notify: notifyName(type), type })
}
