/**
 * The first child SA, which comes with the last IKE_AUTH (RFC 7296 §1.2): what a responder grants, and what an initiator makes of it. A refusal is about
 * the child only: the IKE SA stands (§2.21.2). No group: keys come from the IKE SA.
 */
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import { ConfigType } from '../../wire/ikev2/numbers.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'
import { newSpi, raiseChild, readSpi, spiBytes, sayChildRefused } from './children.ts'
import { establish, readMobike } from './establish.ts'
import { find, findError, notify, selectorsIn } from './payload.ts'
import { acceptedEsp, chooseEsp, espTransforms, proposalText } from './proposals.ts'
import { assignedSelectors, ipv4Selector, lieWithin, narrow } from './selectors.ts'
import { say, type InitiatorRun, type ResponderRun, type Run } from './state.ts'

// ── initiator ──

/** The last answer: the IKE SA stands, with or without a child. */
export function receiveFirstChild(run: InitiatorRun, payloads: readonly IkePayload[]): void {
  const { state } = run
  state.phase = { name: 'done' }
  readMobike(run, payloads)
  const refusal = findError(payloads)
  if (refusal !== undefined) {
    sayRefused(run, refusal.type)
    return establish(run, false)
  }
  establish(run, takeFirstChild(run, payloads))
}

function takeFirstChild(run: InitiatorRun, payloads: readonly IkePayload[]): boolean {
  const { state } = run
  const { proposals, selectorsI, selectorsR } = state.offer!
  const answer = find(payloads, 'sa')?.proposals ?? []
  const suite = acceptedEsp(answer, proposals)
  const remoteSpi = answer[0] && readSpi(answer[0].spi)
  const local = selectorsIn(payloads, 'initiator') ?? []
  const remote = selectorsIn(payloads, 'responder') ?? []
  const isWithin =
    local.length > 0 &&
    remote.length > 0 &&
    lieWithin(local, selectorsI) &&
    lieWithin(remote, selectorsR)
  if (suite === undefined || remoteSpi === undefined || !isWithin) {
    const type = isWithin ? NotifyType.NO_PROPOSAL_CHOSEN : NotifyType.TS_UNACCEPTABLE
    sayChildRefused(run, { by: 'own', exchange: 'IKE_AUTH' }, type)
    // The peer has a pair now that is none here.
    state.sa.queue.push({ kind: 'delete-children', spis: [state.firstSpi], isGone: true })
    return false
  }
  const configuration = find(payloads, 'configuration')
  const { nonceI, nonceR } = state.transcript!
  raiseChild(run, state.sa, {
    spi: state.firstSpi,
    remoteSpi,
    suite,
    asked: 'own',
    nonceI,
    nonceR,
    localSelectors: local,
    remoteSelectors: remote,
    ...(configuration?.type === ConfigType.CFG_REPLY && {
      configuration: configuration.attributes,
    }),
  })
  return true
}

/** The peer will have no child of this kind. */
export function sayRefused(run: InitiatorRun, type: number): void {
  const { proposals, selectorsI, selectorsR } = run.state.offer!
  if (type === NotifyType.NO_PROPOSAL_CHOSEN) {
    const offered = proposals.map(({ transforms }) => proposalText(transforms))
    const refusal = { exchange: 'IKE_AUTH', protocol: 'ESP', offered } as const
    say(run, { kind: 'ike/no-proposal-chosen', by: 'peer', ...refusal })
  }
  if (type === NotifyType.TS_UNACCEPTABLE) {
    const offered = { initiator: selectorsI, responder: selectorsR }
    say(run, { kind: 'ike/ts-unacceptable', by: 'peer', offered })
  }
  sayChildRefused(run, { by: 'peer', exchange: 'IKE_AUTH' }, type)
}

// ── responder ──

/** What goes into the last answer for the child; `raise` makes it, once that answer has gone. */
export interface Grant {
  readonly payloads: readonly IkePayload[]
  readonly raise?: () => void
}

const refused = (run: Run, type: number, payloads: readonly IkePayload[]): Grant => {
  sayChildRefused(run, { by: 'own', exchange: 'IKE_AUTH' }, type)
  return { payloads: [...payloads, notify(type)] }
}

/** `reply`: what the host assigned; undefined where it was asked and has nothing. */
export function grantFirstChild(
  run: ResponderRun,
  reply: readonly ConfigurationAttribute[] | undefined,
): Grant {
  const { options, state } = run
  const { proposals, selectorsI, selectorsR, configuration } = state.offer!
  if (configuration !== undefined && reply === undefined) {
    return refused(run, NotifyType.INTERNAL_ADDRESS_FAILURE, [])
  }
  const cp: readonly IkePayload[] =
    configuration === undefined || reply === undefined
      ? []
      : [{ kind: 'configuration', type: ConfigType.CFG_REPLY, attributes: reply }]
  const allowed = allowedRemote(run, reply ?? [])
  state.allowed = allowed
  const choice = chooseEsp(proposals, options.espSuites, false)
  const remoteSpi = choice && readSpi(choice.proposal.spi)
  if (choice === undefined || remoteSpi === undefined) {
    say(run, {
      kind: 'ike/no-proposal-chosen',
      by: 'own',
      exchange: 'IKE_AUTH',
      protocol: 'ESP',
      offered: proposals.map(({ transforms }) => proposalText(transforms)),
      accepted: options.espSuites.map((suite) => proposalText(espTransforms(suite))),
    })
    return refused(run, NotifyType.NO_PROPOSAL_CHOSEN, cp)
  }
  const remote = narrow(selectorsI, allowed)
  const local = narrow(selectorsR, options.localSelectors)
  if (remote.length === 0 || local.length === 0) {
    say(run, {
      kind: 'ike/ts-unacceptable',
      by: 'own',
      offered: { initiator: selectorsI, responder: selectorsR },
      accepted: { initiator: allowed, responder: options.localSelectors },
    })
    return refused(run, NotifyType.TS_UNACCEPTABLE, cp)
  }
  const spi = newSpi(run)
  const { nonceI, nonceR } = state.transcript!
  return {
    payloads: [
      ...cp,
      { kind: 'sa', proposals: [{ ...choice.proposal, spi: spiBytes(spi) }] },
      { kind: 'ts', role: 'initiator', selectors: remote },
      { kind: 'ts', role: 'responder', selectors: local },
    ],
    raise: () =>
      raiseChild(run, state.sa, {
        spi,
        remoteSpi,
        suite: choice.suite,
        asked: 'peer',
        nonceI,
        nonceR,
        localSelectors: local,
        remoteSelectors: remote,
        ...(cp.length > 0 && { configuration: reply! }),
      }),
  }
}

/** What the peer may be: what the host says, or its assigned addresses, or the address that it has. */
function allowedRemote(
  { options, state }: ResponderRun,
  reply: readonly ConfigurationAttribute[],
): readonly TrafficSelector[] {
  if (options.remoteSelectors !== undefined) return options.remoteSelectors
  const assigned = assignedSelectors(reply)
  return assigned.length > 0 ? assigned : [ipv4Selector(state.endpoints.remote.address)]
}
