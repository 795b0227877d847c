/**
 * Child SAs replaced by this side (RFC 7296 §1.3.3), with and without a group of their own; and what happens when both replace the same at once (§2.8.1).
 * What the peer asks for is `create-child.ts`.
 */
import { u16 } from '../../base/bytes.ts'
import { microseconds, seconds, type Duration } from '../../base/time.ts'
import type { KeyExchange } from '../../crypto/ike/groups.ts'
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { notifyName, NotifyType } from '../../wire/ikev2/notify-types.ts'
import { SecurityProtocol } from '../../wire/ikev2/numbers.ts'
import type { IkePayload, NotifyPayload } from '../../wire/ikev2/payloads.ts'
import {
  dropChild,
  goneBecause,
  isCurrent,
  newSpi,
  raiseChild,
  readSpi,
  spiBytes,
} from './children.ts'
import { request } from './exchange.ts'
import { newNonce } from './fresh.ts'
import { find, findError, nonce, notify, selectorsIn } from './payload.ts'
import {
  acceptedEsp,
  espTransforms,
  groupsOf,
  proposalsOf,
  proposalText,
  withGroup,
} from './proposals.ts'
import { compareBytes, lieWithin } from './selectors.ts'
import {
  arm,
  cryptographyOf,
  say,
  type Child,
  type ChildAttempt,
  type IkeSa,
  type Run,
} from './state.ts'

/** OWN: a peer that says TEMPORARY_FAILURE is asked again after 10 to 15 s: by chance, since it may have been told the same at the same time. */
const TRY_AGAIN = seconds(10)
const TRY_AGAIN_JITTER = seconds(5)
export const tryAgain = ({ env }: Run): Duration =>
  microseconds(TRY_AGAIN + env.rng.fraction() * TRY_AGAIN_JITTER)
const RETRY = 'retry/child/'

/** The inbound SPI of a timer; undefined: it is another timer. */
export const retriedChild = (timer: string): number | undefined =>
  timer.startsWith(RETRY) ? Number(timer.slice(RETRY.length)) : undefined

export const lowestOf = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  compareBytes(a, b) < 0 ? a : b

/** Nothing is asked where it is not needed any more. */
export function askRekeyChild(run: Run, sa: IkeSa, spi: number, group?: number): void {
  const old = run.state.children.get(spi)
  if (old === undefined || !isCurrent(old) || old.rekeying) return
  const wanted = group ?? run.options.pfsGroup ?? groupInUse(run, old)
  const ke =
    wanted === undefined ? undefined : cryptographyOf(run).openKeyExchange(wanted, run.env.rng)
  const attempt: ChildAttempt = {
    old,
    spi: newSpi(run),
    nonce: newNonce(run.env),
    ...(ke !== undefined && { ke }),
    proposals: [],
    localSelectors: old.child.localSelectors,
    remoteSelectors: old.child.remoteSelectors,
  }
  const transforms = offered(run, old).map((each) => withGroup(each, ke?.group))
  const proposals = proposalsOf(SecurityProtocol.ESP, spiBytes(attempt.spi), transforms)
  old.rekeying = true
  const { localSelectors, remoteSelectors } = attempt
  request(
    run,
    sa,
    IkeExchange.createChildSa,
    [
      about(NotifyType.REKEY_SA, spi),
      { kind: 'sa', proposals },
      nonce(attempt.nonce),
      ...keyExchange(ke),
      { kind: 'ts', role: 'initiator', selectors: localSelectors },
      { kind: 'ts', role: 'responder', selectors: remoteSelectors },
    ],
    { kind: 'rekey-child', attempt: { ...attempt, proposals } },
  )
}

/** An initiator offers what it offered first; a responder what was agreed. */
const offered = (run: Run, { child }: Child) =>
  run.role === 'initiator' ? run.options.espProposals : [espTransforms(child.suite)]

const groupInUse = (run: Run, { child }: Child): number | undefined =>
  run.role === 'responder' ? child.suite.group : undefined

export const keyExchange = (ke: KeyExchange | undefined): readonly IkePayload[] =>
  ke === undefined ? [] : [{ kind: 'ke', group: ke.group, data: ke.publicValue }]

/** A notification about an ESP SA, by the SPI that its sender receives with. */
const about = (type: number, spi: number): NotifyPayload => ({
  ...notify(type),
  protocol: SecurityProtocol.ESP,
  spi: spiBytes(spi),
})

export function onRekeyChildAnswer(
  run: Run,
  sa: IkeSa,
  payloads: readonly IkePayload[],
  attempt: ChildAttempt,
): void {
  const { old } = attempt
  old.rekeying = false
  const error = findError(payloads)
  if (error !== undefined) {
    yieldToRival(old)
    return onRefusal(run, sa, attempt, error)
  }
  const answer = find(payloads, 'sa')?.proposals ?? []
  const suite = acceptedEsp(answer, attempt.proposals)
  const remoteSpi = answer[0] && readSpi(answer[0].spi)
  const theirs = find(payloads, 'nonce')?.data
  const local = selectorsIn(payloads, 'initiator') ?? []
  const remote = selectorsIn(payloads, 'responder') ?? []
  const ke = find(payloads, 'ke')
  const isKeyed = suite?.group === undefined || ke?.group === suite.group
  const shared = suite?.group === undefined ? undefined : ke && attempt.ke?.shared(ke.data)
  const isWithin =
    lieWithin(local, attempt.localSelectors) && lieWithin(remote, attempt.remoteSelectors)
  const isWhole = isKeyed && (suite?.group === undefined) === (shared === undefined)
  if (!suite || remoteSpi === undefined || !theirs || !isWithin || !isWhole) {
    yieldToRival(old)
    // The peer has a pair now that is none here.
    sa.queue.push({ kind: 'delete-children', spis: [attempt.spi], isGone: true })
    return failed(run, 'INVALID_SYNTAX', false)
  }
  if (remoteSpi === attempt.deleted) {
    // As if both had been there: the old one has been replaced, too, in the eyes of the peer.
    old.replaced = 'rekeyed'
    sa.queue.push({ kind: 'delete-children', spis: [old.child.spi] })
    return
  }
  raiseChild(run, sa, {
    spi: attempt.spi,
    remoteSpi,
    suite,
    asked: 'own',
    nonceI: attempt.nonce,
    nonceR: theirs,
    ...(shared !== undefined && { shared }),
    localSelectors: local,
    remoteSelectors: remote,
    replaces: old.child.spi,
  })
  settleRivals(run, sa, old, attempt.spi, lowestOf(attempt.nonce, theirs))
}

/** Ours came to nothing, but the peer's stands already. */
function yieldToRival(old: Child): void {
  if (old.rival === undefined) return
  old.replaced = 'rekeyed'
  old.rival = undefined
}

/** Who made the surviving pair deletes the old one; who made the one with the lowest nonce deletes that. */
function settleRivals(run: Run, sa: IkeSa, old: Child, made: number, lowest: Uint8Array): void {
  const { rival } = old
  old.replaced = 'rekeyed'
  if (rival === undefined) {
    sa.queue.push({ kind: 'delete-children', spis: [old.child.spi] })
    return
  }
  const isLost = compareBytes(lowest, rival.lowest) < 0
  say(run, { kind: 'ike/simultaneous-rekey', what: 'ESP', loser: isLost ? 'own' : 'peer' })
  const loser = run.state.children.get(isLost ? made : rival.spi)
  if (loser !== undefined) loser.replaced = 'redundant'
  sa.queue.push({ kind: 'delete-children', spis: [isLost ? made : old.child.spi] })
}

function onRefusal(
  run: Run,
  sa: IkeSa,
  attempt: ChildAttempt,
  { type, data }: NotifyPayload,
): void {
  const name = notifyName(type)
  const { spi } = attempt.old.child
  switch (type) {
    case NotifyType.TEMPORARY_FAILURE: {
      const isWanted = isCurrent(attempt.old) && run.state.children.has(spi)
      failed(run, name, isWanted)
      return isWanted ? arm(run, `${RETRY}${spi}`, tryAgain(run)) : undefined
    }
    case NotifyType.CHILD_SA_NOT_FOUND:
      failed(run, name, false)
      return dropChild(run, spi, goneBecause(attempt.old, 'deleted-by-peer'))
    case NotifyType.INVALID_KE_PAYLOAD: {
      const groups = groupsOf(attempt.proposals.map(({ transforms }) => transforms))
      const wanted = data.length === 2 ? u16(data, 0) : 0
      const isOffered = groups.includes(wanted) && wanted !== attempt.ke?.group
      say(run, {
        kind: 'ike/invalid-ke',
        exchange: 'CREATE_CHILD_SA',
        sent: attempt.ke?.group ?? 0,
        wanted,
        offered: groups,
        retries: isOffered,
      })
      if (!isOffered) return failed(run, name, false)
      sa.queue.unshift({ kind: 'rekey-child', spi, group: wanted })
      return
    }
    case NotifyType.NO_PROPOSAL_CHOSEN:
      say(run, {
        kind: 'ike/no-proposal-chosen',
        by: 'peer',
        exchange: 'CREATE_CHILD_SA',
        protocol: 'ESP',
        offered: attempt.proposals.map(({ transforms }) => proposalText(transforms)),
      })
      return failed(run, name, false)
    default:
      failed(run, name, false)
  }
}

const failed = (run: Run, name: string, again: boolean): void =>
  say(run, { kind: 'ike/rekey-failed', what: 'ESP', notify: name, again })

/** Our rekeying of a child that waits for its answer. */
export const asked = ({ outstanding }: IkeSa): ChildAttempt | undefined =>
  outstanding?.purpose.kind === 'rekey-child' ? outstanding.purpose.attempt : undefined

/** The peer deletes a pair that is none here: it may have answered already, and that answer is late. */
export function noteDeleted(sa: IkeSa, remoteSpi: number): void {
  const attempt = asked(sa)
  if (attempt !== undefined) attempt.deleted = remoteSpi
}
