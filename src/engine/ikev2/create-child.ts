/**
 * Child SAs that the peer replaces, or makes besides those that there are, by CREATE_CHILD_SA (RFC 7296 §1.3.1, §1.3.3): what is granted, and what is not.
 */
import type { EspSuite } from '../../crypto/ike/transforms.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import type { TrafficSelector } from '../../wire/ikev2/traffic-selectors.ts'
import {
  childByRemote,
  isFull,
  newSpi,
  raiseChild,
  readSpi,
  spiBytes,
  sayChildRefused,
} from './children.ts'
import { respond } from './exchange.ts'
import { newNonce } from './fresh.ts'
import { find, findNotify, nonce, notify, ofU16, selectorsIn } from './payload.ts'
import { chooseEsp, espTransforms, proposalText, withGroup } from './proposals.ts'
import { asked, keyExchange, lowestOf } from './rekey-child.ts'
import { narrow } from './selectors.ts'
import { cryptographyOf, say, type Child, type IkeSa, type Run } from './state.ts'

/** The peer replaces a child, or wants another. */
export function onCreateChild(run: Run, sa: IkeSa, payloads: readonly IkePayload[]): void {
  const rekey = findNotify(payloads, NotifyType.REKEY_SA)
  if (isBusy(sa)) {
    respond(run, sa, [notify(NotifyType.TEMPORARY_FAILURE)])
    return
  }
  if (isFull(run)) return refuse(run, sa, NotifyType.NO_ADDITIONAL_SAS)
  if (rekey === undefined) return onAnotherChild(run, sa, payloads)
  const spi = readSpi(rekey.spi)
  const old = spi === undefined ? undefined : childByRemote(run, spi)
  // It may be about the pair that we are asking for, whose SPI the answer will say.
  if (old === undefined && asked(sa) !== undefined) {
    respond(run, sa, [notify(NotifyType.TEMPORARY_FAILURE)])
    return
  }
  if (old === undefined) {
    const unknown = {
      ...notify(NotifyType.CHILD_SA_NOT_FOUND),
      protocol: rekey.protocol,
      spi: rekey.spi,
    }
    respond(run, sa, [unknown])
    return
  }
  // RFC 7296 §2.25.1; and what has been replaced is about to be closed.
  if (old.closing || old.replaced !== undefined || old.rival !== undefined) {
    respond(run, sa, [notify(NotifyType.TEMPORARY_FAILURE)])
    return
  }
  const { localSelectors, remoteSelectors } = old.child
  grant(run, sa, payloads, { suites: suitesFor(run, old), localSelectors, remoteSelectors, old })
}

/** RFC 7296 §2.25.2: nothing is made on an IKE SA that is being replaced, or has been. */
const isBusy = (sa: IkeSa): boolean =>
  sa.state === 'replaced' ||
  ['rekey-ike', 'delete-ike'].includes(sa.outstanding?.purpose.kind ?? '')

/** A responder by its policy; an initiator takes again what it has, with the group that it would ask for. */
function suitesFor(run: Run, { child }: Child): readonly EspSuite[] {
  if (run.role === 'responder') return run.options.espSuites
  const { group: _, ...suite } = child.suite
  const { pfsGroup } = run.options
  return [pfsGroup === undefined ? suite : { ...suite, group: pfsGroup }]
}

function onAnotherChild(run: Run, sa: IkeSa, payloads: readonly IkePayload[]): void {
  if (run.role === 'initiator' || run.state.allowed === undefined) {
    return refuse(run, sa, NotifyType.NO_ADDITIONAL_SAS)
  }
  const { espSuites, localSelectors } = run.options
  grant(run, sa, payloads, {
    suites: espSuites,
    localSelectors,
    remoteSelectors: run.state.allowed,
  })
}

interface Terms {
  readonly suites: readonly EspSuite[]
  readonly localSelectors: readonly TrafficSelector[]
  readonly remoteSelectors: readonly TrafficSelector[]
  readonly old?: Child
}

function refuse(run: Run, sa: IkeSa, type: number, data?: Uint8Array): void {
  respond(run, sa, [notify(type, data)])
  sayChildRefused(run, { by: 'own', exchange: 'CREATE_CHILD_SA' }, type)
}

function grant(run: Run, sa: IkeSa, payloads: readonly IkePayload[], terms: Terms): void {
  const proposals = find(payloads, 'sa')?.proposals
  const theirs = find(payloads, 'nonce')?.data
  const selectorsI = selectorsIn(payloads, 'initiator')
  const selectorsR = selectorsIn(payloads, 'responder')
  if (!proposals || !theirs || !selectorsI || !selectorsR) {
    return refuse(run, sa, NotifyType.INVALID_SYNTAX)
  }
  const choice = chooseEsp(proposals, terms.suites, true)
  const remoteSpi = choice && readSpi(choice.proposal.spi)
  if (choice === undefined || remoteSpi === undefined) {
    say(run, {
      kind: 'ike/no-proposal-chosen',
      by: 'own',
      exchange: 'CREATE_CHILD_SA',
      protocol: 'ESP',
      offered: proposals.map(({ transforms }) => proposalText(transforms)),
      accepted: terms.suites.map((suite) =>
        proposalText(withGroup(espTransforms(suite), suite.group)),
      ),
    })
    return refuse(run, sa, NotifyType.NO_PROPOSAL_CHOSEN)
  }
  const ke = find(payloads, 'ke')
  const { suite } = choice
  if (suite.group !== undefined && ke?.group !== suite.group) {
    return refuse(run, sa, NotifyType.INVALID_KE_PAYLOAD, ofU16([suite.group]))
  }
  const own =
    suite.group === undefined
      ? undefined
      : cryptographyOf(run).openKeyExchange(suite.group, run.env.rng)
  const shared = ke && own?.shared(ke.data)
  if (own !== undefined && shared === undefined) return refuse(run, sa, NotifyType.INVALID_SYNTAX)
  const remote = narrow(selectorsI, terms.remoteSelectors)
  const local = narrow(selectorsR, terms.localSelectors)
  if (remote.length === 0 || local.length === 0) return refuse(run, sa, NotifyType.TS_UNACCEPTABLE)
  const made = { spi: newSpi(run), nonce: newNonce(run.env) }
  respond(run, sa, [
    { kind: 'sa', proposals: [{ ...choice.proposal, spi: spiBytes(made.spi) }] },
    nonce(made.nonce),
    ...keyExchange(own),
    { kind: 'ts', role: 'initiator', selectors: remote },
    { kind: 'ts', role: 'responder', selectors: local },
  ])
  const { old } = terms
  raiseChild(run, sa, {
    spi: made.spi,
    remoteSpi,
    suite,
    asked: 'peer',
    nonceI: theirs,
    nonceR: made.nonce,
    ...(shared !== undefined && { shared }),
    localSelectors: local,
    remoteSelectors: remote,
    ...(old !== undefined && { replaces: old.child.spi }),
  })
  if (old === undefined) return
  if (old.rekeying) old.rival = { spi: made.spi, lowest: lowestOf(theirs, made.nonce) }
  else old.replaced = 'rekeyed'
}
