/**
 * The IKE SA replaced by CREATE_CHILD_SA (RFC 7296 §1.3.2, §2.18), both sides; its children go over to the new one. And both at once (§2.8.2).
 */
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { notifyName, NotifyType } from '../../wire/ikev2/notify-types.ts'
import { SecurityProtocol } from '../../wire/ikev2/numbers.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { armLifetime, IKE_LIFETIME } from './children.ts'
import { addRoute, awaitDelete } from './ending.ts'
import { request, respond } from './exchange.ts'
import { IKE_SPI_BYTES, newIkeSpi, newNonce } from './fresh.ts'
import { find, findError, nonce, notify, ofU16 } from './payload.ts'
import { acceptedIke, chooseIke, ikeTransforms, proposalsOf, proposalText } from './proposals.ts'
import { secure } from './secure.ts'
import { lowestOf, tryAgain } from './rekey-child.ts'
import { compareBytes } from './selectors.ts'
import {
  arm,
  cryptographyOf,
  newIkeSa,
  say,
  type IkeAttempt,
  type IkeSa,
  type Run,
} from './state.ts'

export const RETRY_IKE_TIMER = 'retry/ike'
/** OWN: an authentic peer that replaces and does not delete has so many. */
const OTHERS_MAX = 8

// ── ours ──

/** What was agreed is offered again. */
export function askRekeyIke(run: Run, sa: IkeSa): void {
  const { rng } = run.env
  const { suite } = sa.protection!
  const ke = cryptographyOf(run).openKeyExchange(suite.group, rng)
  if (ke === undefined || sa !== run.state.sa) return
  const spi = newIkeSpi(run.env)
  const proposals = proposalsOf(SecurityProtocol.IKE, spi, [ikeTransforms(suite)])
  const attempt: IkeAttempt = { spi, nonce: newNonce(run.env), ke, proposals }
  request(
    run,
    sa,
    IkeExchange.createChildSa,
    [
      { kind: 'sa', proposals },
      nonce(attempt.nonce),
      { kind: 'ke', group: ke.group, data: ke.publicValue },
    ],
    { kind: 'rekey-ike', attempt },
  )
}

export function onRekeyIkeAnswer(
  run: Run,
  sa: IkeSa,
  payloads: readonly IkePayload[],
  attempt: IkeAttempt,
): void {
  const error = findError(payloads)
  if (error !== undefined) {
    const isWanted = sa.rival === undefined && error.type === NotifyType.TEMPORARY_FAILURE
    failed(run, notifyName(error.type), isWanted)
    return yieldToRival(run, sa)
  }
  const answer = find(payloads, 'sa')?.proposals ?? []
  const suite = acceptedIke(answer, attempt.proposals)
  const spiR = answer[0]?.spi
  const theirs = find(payloads, 'nonce')?.data
  const ke = find(payloads, 'ke')
  const shared = ke?.group === attempt.ke.group ? attempt.ke.shared(ke.data) : undefined
  if (!suite || spiR?.length !== IKE_SPI_BYTES || !theirs || !shared) {
    failed(run, 'INVALID_SYNTAX', false)
    return yieldToRival(run, sa)
  }
  const made = newIkeSa(run.state, 'initiator', attempt.spi, spiR.slice())
  secure(run, made, suite, { shared, nonceI: attempt.nonce, nonceR: theirs, old: secretOf(sa) })
  addRoute(run, made)
  const { rival } = sa
  sa.rival = undefined
  if (rival === undefined) {
    takeOver(run, sa, made)
    sa.queue.push({ kind: 'delete-ike' })
    return
  }
  const isLost = compareBytes(lowestOf(attempt.nonce, theirs), rival.lowest) < 0
  say(run, { kind: 'ike/simultaneous-rekey', what: 'IKE', loser: isLost ? 'own' : 'peer' })
  if (isLost) {
    remove(run.state.others, rival.sa)
    run.state.others.push(made)
  }
  const [winner, loser] = isLost ? [rival.sa, made] : [made, rival.sa]
  takeOver(run, sa, winner)
  awaitDelete(run, loser)
  // Who made the one that stays deletes the old one; who made the other, that.
  const ours = isLost ? made : sa
  ours.queue.push({ kind: 'delete-ike' })
}

/** Ours came to nothing, but the peer's stands already. */
export function yieldToRival(run: Run, sa: IkeSa): void {
  const { rival } = sa
  if (rival === undefined) return
  sa.rival = undefined
  remove(run.state.others, rival.sa)
  takeOver(run, sa, rival.sa)
}

function failed(run: Run, name: string, again: boolean): void {
  say(run, { kind: 'ike/rekey-failed', what: 'IKE', notify: name, again })
  if (again) arm(run, RETRY_IKE_TIMER, tryAgain(run))
}

const secretOf = (sa: IkeSa) => ({
  prf: sa.protection!.suite.prf,
  skD: sa.protection!.keys.skD,
})

/** The new one is the IKE SA of this session; the old one is only to be deleted. What waited for its turn goes over. */
function takeOver(run: Run, old: IkeSa, made: IkeSa): void {
  const { state } = run
  awaitDelete(run, old)
  made.state = 'up'
  made.queue.push(...old.queue.filter(({ kind }) => kind !== 'rekey-ike'))
  old.queue.length = 0
  state.others.push(old)
  state.sa = made
  armLifetime(run, IKE_LIFETIME, run.options.ikeLifetime)
  say(run, { kind: 'ike/rekeyed', text: proposalText(ikeTransforms(made.protection!.suite)) })
}

function remove(others: IkeSa[], sa: IkeSa): void {
  const at = others.indexOf(sa)
  if (at >= 0) others.splice(at, 1)
}

// ── theirs ──

/** The peer replaces the IKE SA. */
export function onRekeyIke(run: Run, sa: IkeSa, payloads: readonly IkePayload[]): void {
  const refuse = (type: number, data?: Uint8Array): void => {
    respond(run, sa, [notify(type, data)])
  }
  // RFC 7296 §2.25.2: not while a child is made or closed, and not one that is replaced already, or may yet be.
  const doing = sa.outstanding?.purpose.kind
  if (
    sa !== run.state.sa ||
    sa.rival !== undefined ||
    run.state.others.length >= OTHERS_MAX ||
    doing === 'rekey-child' ||
    doing === 'delete-children' ||
    doing === 'delete-ike'
  ) {
    return refuse(NotifyType.TEMPORARY_FAILURE)
  }
  const proposals = find(payloads, 'sa')?.proposals
  const theirs = find(payloads, 'nonce')?.data
  const ke = find(payloads, 'ke')
  if (!proposals || !theirs || !ke) return refuse(NotifyType.INVALID_SYNTAX)
  const suites = run.role === 'responder' ? run.options.ikeSuites : [sa.protection!.suite]
  const choice = chooseIke(proposals, suites)
  if (choice?.proposal.spi.length !== IKE_SPI_BYTES) {
    say(run, {
      kind: 'ike/no-proposal-chosen',
      by: 'own',
      exchange: 'CREATE_CHILD_SA',
      protocol: 'IKE',
      offered: proposals.map(({ transforms }) => proposalText(transforms)),
      accepted: suites.map((suite) => proposalText(ikeTransforms(suite))),
    })
    return refuse(NotifyType.NO_PROPOSAL_CHOSEN)
  }
  const { suite, proposal } = choice
  if (ke.group !== suite.group) return refuse(NotifyType.INVALID_KE_PAYLOAD, ofU16([suite.group]))
  const { rng } = run.env
  const own = cryptographyOf(run).openKeyExchange(suite.group, rng)
  const shared = own?.shared(ke.data)
  if (own === undefined || shared === undefined) return refuse(NotifyType.INVALID_SYNTAX)
  const made = newIkeSa(run.state, 'responder', proposal.spi.slice(), newIkeSpi(run.env))
  const nonceR = newNonce(run.env)
  respond(run, sa, [
    { kind: 'sa', proposals: [{ ...proposal, spi: made.spiR }] },
    nonce(nonceR),
    { kind: 'ke', group: suite.group, data: own.publicValue },
  ])
  secure(run, made, suite, { shared, nonceI: theirs, nonceR, old: secretOf(sa) })
  addRoute(run, made)
  if (doing !== 'rekey-ike') return takeOver(run, sa, made)
  sa.rival = { sa: made, lowest: lowestOf(theirs, nonceR) }
  made.state = 'up'
  run.state.others.push(made)
}
