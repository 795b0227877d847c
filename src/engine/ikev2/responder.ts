/**
 * The responder's first exchanges (RFC 7296 §1.2): IKE_SA_INIT by its own order of preference, then IKE_AUTH by signature or by EAP, to the first child.
 */
import { EapCode, encodeEap } from '../../wire/eap/packet.ts'
import type { IkeMessage } from '../../wire/ikev2/header.ts'
import { NotifyType } from '../../wire/ikev2/notify-types.ts'
import { ConfigType } from '../../wire/ikev2/numbers.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { addRoute, finish, finishSlowly } from './ending.ts'
import {
  authenticated,
  capabilities,
  certificateRequest,
  disbelieve,
  establish,
  ESTABLISH_TIMER,
  mobikeSupported,
  readAuthorities,
  readCapabilities,
  readMobike,
} from './establish.ts'
import { respond, takeUp } from './exchange.ts'
import { grantFirstChild } from './first-child.ts'
import { newIkeSpi, newNonce } from './fresh.ts'
import { natDetection } from './nat-detection.ts'
import { ESTABLISH_WITHIN, type IkeEndpoints } from './options.ts'
import { find, findId, idPayload, kept, nonce, notify, ofU16, selectorsIn } from './payload.ts'
import { chooseIke, ikeTransforms, proposalText } from './proposals.ts'
import type { AuthenticationFault } from './report.ts'
import { firstKey } from './route.ts'
import { checkProof, checkSharedProof, proof, secure, sharedProof } from './secure.ts'
import { arm, cryptographyOf, say, type IkeSa, type ResponderRun } from './state.ts'

// ── IKE_SA_INIT ──

/** The first message of all. What leads nowhere ends the session at once: nothing is remembered of it. */
export function onSaInit(
  run: ResponderRun,
  message: IkeMessage,
  bytes: Uint8Array,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): void {
  const { options, state, env } = run
  const sa: IkeSa = { ...state.sa, spiI: message.initiatorSpi.slice() }
  state.sa = sa
  state.endpoints = endpoints
  const offered = find(payloads, 'sa')
  const ke = find(payloads, 'ke')
  const theirs = find(payloads, 'nonce')
  if (offered === undefined || ke === undefined || theirs === undefined) {
    say(run, {
      kind: 'ike/unexpected',
      expected: ['SA', 'KE', 'Ni'],
      got: 'less',
      exchange: 'IKE_SA_INIT',
    })
    return finish(run, 'invalid-syntax')
  }
  takeUp(sa, message, bytes, endpoints)
  const choice = chooseIke(offered.proposals, options.ikeSuites)
  if (choice === undefined)
    return refuseProposals(
      run,
      offered.proposals.map(({ transforms }) => proposalText(transforms)),
    )
  const { suite, proposal } = choice
  if (ke.group !== suite.group) return refuseGroup(run, ke.group, suite.group)
  const own = cryptographyOf(run).openKeyExchange(suite.group, env.rng)
  const shared = own?.shared(ke.data)
  if (own === undefined || shared === undefined) {
    respond(run, sa, [notify(NotifyType.INVALID_SYNTAX)])
    return finish(
      run,
      'invalid-syntax',
      `KE of ${ke.data.length} bytes is no value of group ${ke.group}`,
    )
  }
  sa.spiR = newIkeSpi(env)
  const nonceR = newNonce(env)
  const [messageR] = respond(run, sa, [
    { kind: 'sa', proposals: [proposal] },
    { kind: 'ke', group: suite.group, data: own.publicValue },
    nonce(nonceR),
    ...natDetection(sa, endpoints),
    ...certificateRequest(run),
    ...capabilities(run),
  ])
  state.transcript = { messageI: bytes, messageR: messageR!, nonceI: theirs.data, nonceR }
  const text = secure(run, sa, suite, { shared, nonceI: theirs.data, nonceR })
  say(run, { kind: 'ike/agreed', suite, text })
  readCapabilities(run, message, payloads, endpoints)
  state.phase = { name: 'auth' }
  state.firstRoute = firstKey(sa.spiI, endpoints.remote)
  run.outputs.push({ kind: 'route', change: 'add', key: state.firstRoute })
  addRoute(run, sa)
  arm(run, ESTABLISH_TIMER, options.establishWithin ?? ESTABLISH_WITHIN)
}

function refuseProposals(run: ResponderRun, offered: readonly string[]): void {
  respond(run, run.state.sa, [notify(NotifyType.NO_PROPOSAL_CHOSEN)])
  say(run, {
    kind: 'ike/no-proposal-chosen',
    by: 'own',
    exchange: 'IKE_SA_INIT',
    protocol: 'IKE',
    offered,
    accepted: run.options.ikeSuites.map((suite) => proposalText(ikeTransforms(suite))),
  })
  finish(run, 'no-proposal-chosen')
}

function refuseGroup(run: ResponderRun, sent: number, wanted: number): void {
  respond(run, run.state.sa, [notify(NotifyType.INVALID_KE_PAYLOAD, ofU16([wanted]))])
  say(run, {
    kind: 'ike/invalid-ke',
    exchange: 'IKE_SA_INIT',
    sent,
    wanted,
    offered: [sent],
    retries: false,
  })
  finish(run, 'invalid-ke-payload')
}

// ── IKE_AUTH ──

/** A request that has been taken up; it is authentic as to the keys of IKE_SA_INIT. */
export function onAuth(run: ResponderRun, payloads: readonly IkePayload[]): void {
  const { phase } = run.state
  switch (phase.name) {
    case 'auth':
      return onFirstAuth(run, payloads)
    case 'eap-peer': {
      const eap = find(payloads, 'eap')
      if (eap === undefined) return invalid(run, ['EAP'])
      run.state.phase = { name: 'eap-host', begun: true }
      run.state.lastEap = eap.packet
      run.outputs.push({ kind: 'eap', packet: eap.packet })
      return
    }
    case 'final': {
      const auth = find(payloads, 'auth')
      if (auth === undefined) return invalid(run, ['AUTH'])
      const fault = checkSharedProof(run, run.state.peer!, auth)
      if (fault !== undefined) return refuse(run, fault)
      authenticated(run, 'eap')
      return assign(run)
    }
    default:
      return invalid(run, [])
  }
}

/** The peer breaks the order of the exchange. */
function invalid(run: ResponderRun, expected: readonly string[]): void {
  say(run, { kind: 'ike/unexpected', expected, got: 'none of it', exchange: 'IKE_AUTH' })
  respond(run, run.state.sa, [notify(NotifyType.INVALID_SYNTAX)])
  finishSlowly(run, 'invalid-syntax')
}

function refuse(run: ResponderRun, fault: AuthenticationFault): void {
  const { sa } = run.state
  disbelieve(run, fault)
  respond(run, sa, [notify(NotifyType.AUTHENTICATION_FAILED)])
  finishSlowly(run, fault.code === 'no-certificate' ? 'no-certificate' : 'authentication-failed')
}

function onFirstAuth(run: ResponderRun, payloads: readonly IkePayload[]): void {
  const { state, options } = run
  const id = findId(payloads, 'initiator')
  const proposals = find(payloads, 'sa')?.proposals
  const selectorsI = selectorsIn(payloads, 'initiator')
  const selectorsR = selectorsIn(payloads, 'responder')
  if (!id || !proposals || !selectorsI || !selectorsR)
    return invalid(run, ['IDi', 'SA', 'TSi', 'TSr'])
  state.peer = kept(id)
  const configuration = find(payloads, 'configuration')
  state.offer = {
    proposals,
    selectorsI,
    selectorsR,
    ...(configuration?.type === ConfigType.CFG_REQUEST && {
      configuration: configuration.attributes,
    }),
  }
  readAuthorities(run, payloads)
  readMobike(run, payloads)
  const got = find(payloads, 'auth') === undefined ? 'eap' : 'certificate'
  if (!options.accepts[got]) {
    const accepted = (['eap', 'certificate'] as const).filter((each) => options.accepts[each])
    return refuse(run, { code: 'method-not-accepted', got, accepted })
  }
  const { type, data } = id
  if (got === 'eap') {
    if (options.certificate === undefined) return refuse(run, { code: 'no-certificate' })
    state.phase = { name: 'eap-host', begun: false }
    run.outputs.push({ kind: 'eap', identity: { type, data } })
    return
  }
  const proved = checkProof(run, id, payloads)
  if ('fault' in proved) return refuse(run, proved.fault)
  state.phase = { name: 'judging' }
  const identity = { type, data }
  run.outputs.push({ kind: 'ask-judge', subject: 'initiator', chain: proved.chain, identity })
}

export function onJudged(run: ResponderRun, failure: string | undefined): void {
  if (run.state.phase.name !== 'judging') return
  if (failure !== undefined) return refuse(run, { code: 'certificate-refused', failure })
  // Whoever comes with a certificate is judged before anything of the responder's own is wanted.
  if (run.options.certificate === undefined) return refuse(run, { code: 'no-certificate' })
  authenticated(run, 'certificate')
  assign(run)
}

/** IDr, CERT and AUTH: who we are, by signature. */
function ownProof(run: ResponderRun): readonly IkePayload[] {
  const { certificate } = run.options
  const id = idPayload('responder', certificate!.identity)
  return [id, ...proof(run, id, certificate!)]
}

// ── EAP ──

/** The first answer has what proves who we are, too (RFC 7296 §2.16). */
function respondEap(run: ResponderRun, packet: Uint8Array): void {
  const { phase, sa } = run.state
  const isFirst = phase.name === 'eap-host' && !phase.begun
  respond(run, sa, [...(isFirst ? ownProof(run) : []), { kind: 'eap', packet }])
}

export function onEapPacket(run: ResponderRun, packet: Uint8Array): void {
  const { state } = run
  if (state.phase.name !== 'eap-host') return
  respondEap(run, packet)
  state.phase = { name: 'eap-peer' }
}

export function onEapSuccess(
  run: ResponderRun,
  packet: Uint8Array | undefined,
  msk: Uint8Array | undefined,
): void {
  const { state } = run
  if (state.phase.name !== 'eap-host') return
  if (msk !== undefined) state.msk = msk
  respondEap(
    run,
    packet ?? encodeEap({ code: EapCode.success, identifier: state.lastEap?.[1] ?? 0 }),
  )
  state.phase = { name: 'final' }
}

export function onEapFailure(
  run: ResponderRun,
  packet: Uint8Array | undefined,
  why: string | undefined,
): void {
  const { state } = run
  if (state.phase.name !== 'eap-host') return
  const fault = { code: 'eap-failed', ...(why !== undefined && { why }) } as const
  disbelieve(run, fault)
  if (packet === undefined) respond(run, state.sa, [notify(NotifyType.AUTHENTICATION_FAILED)])
  else respondEap(run, packet)
  finishSlowly(run, 'eap-failed', why)
}

// ── the last answer ──

function assign(run: ResponderRun): void {
  const { state } = run
  const { configuration } = state.offer!
  if (configuration === undefined) return conclude(run, undefined)
  state.phase = { name: 'addressing' }
  const { type, data } = state.peer!
  const peer = {
    identity: { type, data },
    authenticated: state.authenticated!,
    endpoints: state.endpoints,
  }
  run.outputs.push({ kind: 'ask-address', request: configuration, peer })
}

export function onAddress(
  run: ResponderRun,
  reply: readonly ConfigurationAttribute[] | undefined,
): void {
  if (run.state.phase.name === 'addressing') conclude(run, reply)
}

function conclude(run: ResponderRun, reply: readonly ConfigurationAttribute[] | undefined): void {
  const { state, options } = run
  const shown =
    state.authenticated === 'certificate'
      ? ownProof(run)
      : [sharedProof(run, idPayload('responder', options.certificate!.identity))]
  const grant = grantFirstChild(run, reply)
  respond(run, state.sa, [
    ...shown,
    ...grant.payloads,
    ...(state.mobike ? mobikeSupported(run) : []),
  ])
  state.phase = { name: 'done' }
  grant.raise?.()
  establish(run, grant.raise !== undefined)
}

/** The peer must be done by now. */
export function onEstablishTimer(run: ResponderRun): void {
  if (!run.state.established) finish(run, 'not-established')
}
