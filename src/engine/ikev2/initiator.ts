/**
 * The initiator's first exchanges (RFC 7296 §1.2): IKE_SA_INIT with cookies and another group, then IKE_AUTH by signature or by EAP, to the first child.
 */
import { u16 } from '../../base/bytes.ts'
import { EapCode } from '../../wire/eap/packet.ts'
import { IkeExchange, type IkeMessage } from '../../wire/ikev2/header.ts'
import { notifyName, NotifyType } from '../../wire/ikev2/notify-types.ts'
import { ConfigType, SecurityProtocol } from '../../wire/ikev2/numbers.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import { invariant } from '../../base/invariant.ts'
import { newSpi, spiBytes } from './children.ts'
import { addRoute, finish, lower } from './ending.ts'
import {
  authenticated,
  capabilities,
  certificateRequest,
  disbelieve,
  mobikeSupported,
  readAuthorities,
  readCapabilities,
} from './establish.ts'
import { request, settle, startAnew } from './exchange.ts'
import { receiveFirstChild } from './first-child.ts'
import { newNonce } from './fresh.ts'
import { askDeleteIke } from './informational.ts'
import { natDetection } from './nat-detection.ts'
import type { IkeCertificate, IkeEndpoints } from './options.ts'
import { find, findError, findId, findNotify, idPayload, kept, nonce, notify } from './payload.ts'
import { acceptedIke, groupsOf, proposalsOf, proposalText } from './proposals.ts'
import type { AuthenticationFault, OverReason } from './report.ts'
import {
  checkProof,
  checkSharedProof,
  isSameIdentity,
  proof,
  secure,
  sharedProof,
} from './secure.ts'
import { cryptographyOf, say, type InitiatorPhase, type InitiatorRun } from './state.ts'

/** OWN: a responder that asks for a cookie so often is none. */
const COOKIES_MAX = 3
const NAT_TRAVERSAL = 4500

type SaInitPhase = Extract<InitiatorPhase, { name: 'sa-init' }>

const offersOf = ({ options }: InitiatorRun) =>
  proposalsOf(SecurityProtocol.IKE, new Uint8Array(), options.ikeProposals)

// ── IKE_SA_INIT ──

export function begin(run: InitiatorRun): void {
  const { options, env, state } = run
  addRoute(run, state.sa)
  const group = options.firstGroup ?? groupsOf(options.ikeProposals)[0]
  const ke = group === undefined ? undefined : cryptographyOf(run).openKeyExchange(group, env.rng)
  if (ke === undefined) throw new RangeError(`no key exchange in group ${group ?? 'none'}`)
  sendSaInit(run, { ke, nonce: newNonce(env), cookies: 0, groups: [ke.group] })
}

function sendSaInit(run: InitiatorRun, with_: Omit<SaInitPhase, 'name' | 'message'>): void {
  const { state } = run
  const { ke, cookie } = with_
  const payloads: readonly IkePayload[] = [
    ...(cookie === undefined ? [] : [notify(NotifyType.COOKIE, cookie)]),
    { kind: 'sa', proposals: offersOf(run) },
    { kind: 'ke', group: ke.group, data: ke.publicValue },
    nonce(with_.nonce),
    ...natDetection(state.sa, state.endpoints),
    ...capabilities(run),
  ]
  startAnew(state.sa)
  const [message] = request(run, state.sa, IkeExchange.saInit, payloads, { kind: 'sa-init' })
  state.phase = { ...with_, name: 'sa-init', message: message! }
}

/** An answer that is no answer is passed over: anybody may have sent it. */
export function onSaInit(
  run: InitiatorRun,
  message: IkeMessage,
  bytes: Uint8Array,
  payloads: readonly IkePayload[],
  endpoints: IkeEndpoints,
): void {
  const { state } = run
  const { phase, sa } = state
  if (phase.name !== 'sa-init') return
  const answer = find(payloads, 'sa')
  if (answer === undefined) return onSaInitRefusal(run, phase, message, payloads)
  const suite = acceptedIke(answer.proposals, offersOf(run))
  const ke = find(payloads, 'ke')
  const theirs = find(payloads, 'nonce')
  const isZero = message.responderSpi.every((byte) => byte === 0)
  if (suite === undefined || ke?.group !== suite.group || theirs === undefined || isZero) {
    return say(run, {
      kind: 'ike/unexpected',
      expected: ['one of the proposals', 'KE of its group', 'Nr', "the responder's SPI"],
      got: answer.proposals.map(({ transforms }) => proposalText(transforms)).join(', '),
      exchange: 'IKE_SA_INIT',
    })
  }
  const shared = suite.group === phase.ke.group ? phase.ke.shared(ke.data) : undefined
  if (shared === undefined) {
    return say(run, {
      kind: 'ike/unexpected',
      expected: [`a public value of group ${phase.ke.group}`],
      got: `KE of group ${ke.group}, ${ke.data.length} bytes`,
      exchange: 'IKE_SA_INIT',
    })
  }
  settle(run, sa, message)
  sa.spiR = message.responderSpi.slice()
  state.transcript = {
    messageI: phase.message,
    messageR: bytes,
    nonceI: phase.nonce,
    nonceR: theirs.data,
  }
  const text = secure(run, sa, suite, { shared, nonceI: phase.nonce, nonceR: theirs.data })
  say(run, { kind: 'ike/agreed', suite, text })
  readAuthorities(run, payloads)
  if (readCapabilities(run, message, payloads, endpoints)) float(run)
  beginAuth(run)
}

/** RFC 7296 §2.23: from port 4500, whether there is a NAT or not; MOBIKE needs it so (RFC 4555 §3.3). */
function float({ state, options }: InitiatorRun): void {
  const { local, remote } = state.endpoints
  const ports = options.natTraversalPorts ?? { local: NAT_TRAVERSAL, remote: NAT_TRAVERSAL }
  state.endpoints = {
    local: { ...local, port: ports.local },
    remote: { ...remote, port: ports.remote },
  }
}

function onSaInitRefusal(
  run: InitiatorRun,
  phase: SaInitPhase,
  message: IkeMessage,
  payloads: readonly IkePayload[],
): void {
  const cookie = findNotify(payloads, NotifyType.COOKIE)?.data
  if (cookie !== undefined) {
    if (phase.cookies >= COOKIES_MAX) return
    settle(run, run.state.sa, message)
    say(run, { kind: 'ike/cookie-demanded' })
    return sendSaInit(run, { ...phase, cookie: cookie.slice(), cookies: phase.cookies + 1 })
  }
  const error = findError(payloads)
  if (error === undefined) return
  const { type, data } = error
  if (type === NotifyType.INVALID_KE_PAYLOAD && data.length === 2) {
    return onInvalidKe(run, phase, message, u16(data, 0))
  }
  settle(run, run.state.sa, message)
  if (type === NotifyType.NO_PROPOSAL_CHOSEN) {
    const offered = run.options.ikeProposals.map(proposalText)
    const refusal = { exchange: 'IKE_SA_INIT', protocol: 'IKE', offered } as const
    say(run, { kind: 'ike/no-proposal-chosen', by: 'peer', ...refusal })
    return finish(run, 'no-proposal-chosen')
  }
  say(run, { kind: 'ike/refused', exchange: 'IKE_SA_INIT', notify: notifyName(type), type })
  finish(run, 'refused-by-peer', notifyName(type))
}

/** Once for each group that was offered (RFC 7296 §1.2). */
function onInvalidKe(
  run: InitiatorRun,
  phase: SaInitPhase,
  message: IkeMessage,
  wanted: number,
): void {
  const offered = groupsOf(run.options.ikeProposals)
  const ke =
    offered.includes(wanted) && !phase.groups.includes(wanted)
      ? cryptographyOf(run).openKeyExchange(wanted, run.env.rng)
      : undefined
  settle(run, run.state.sa, message)
  say(run, {
    kind: 'ike/invalid-ke',
    exchange: 'IKE_SA_INIT',
    sent: phase.ke.group,
    wanted,
    offered,
    retries: ke !== undefined,
  })
  if (ke === undefined) return finish(run, 'invalid-ke-payload')
  sendSaInit(run, { ...phase, ke, groups: [...phase.groups, wanted] })
}

// ── IKE_AUTH ──

function beginAuth(run: InitiatorRun): void {
  const { authentication } = run.options
  if (authentication.kind === 'eap' || authentication.certificate !== undefined) {
    return sendAuth(run, authentication.kind === 'eap' ? undefined : authentication.certificate)
  }
  run.state.phase = { name: 'ask-certificate' }
  run.outputs.push({ kind: 'ask-certificate', authorities: run.state.authorities })
}

export function onCertificate(run: InitiatorRun, certificate: IkeCertificate | undefined): void {
  if (run.state.phase.name !== 'ask-certificate') return
  if (certificate !== undefined) return sendAuth(run, certificate)
  say(run, { kind: 'ike/authentication-failed', by: 'own', fault: { code: 'no-certificate' } })
  finish(run, 'no-certificate')
}

/** Without AUTH: by EAP (RFC 7296 §2.16). */
function sendAuth(run: InitiatorRun, certificate: IkeCertificate | undefined): void {
  const { state, options } = run
  const { authentication, wantedResponder, configuration = [] } = options
  const identity = authentication.kind === 'eap' ? authentication.identity : certificate!.identity
  const id = idPayload('initiator', identity)
  state.ownId = identity
  state.firstSpi = newSpi(run)
  const proposals = proposalsOf(
    SecurityProtocol.ESP,
    spiBytes(state.firstSpi),
    options.espProposals,
  )
  const { localSelectors, remoteSelectors } = options
  state.offer = { proposals, selectorsI: localSelectors, selectorsR: remoteSelectors }
  const shown = certificate === undefined ? [] : proof(run, id, certificate)
  const payloads: readonly IkePayload[] = [
    id,
    ...shown.filter(({ kind }) => kind === 'cert'),
    ...certificateRequest(run),
    ...(wantedResponder === undefined ? [] : [idPayload('responder', wantedResponder)]),
    ...shown.filter(({ kind }) => kind === 'auth'),
    ...(configuration.length === 0
      ? []
      : [
          {
            kind: 'configuration',
            type: ConfigType.CFG_REQUEST,
            attributes: configuration,
          } as const,
        ]),
    { kind: 'sa', proposals },
    { kind: 'ts', role: 'initiator', selectors: localSelectors },
    { kind: 'ts', role: 'responder', selectors: remoteSelectors },
    ...mobikeSupported(run),
  ]
  state.phase = { name: 'auth-sent' }
  request(run, state.sa, IkeExchange.auth, payloads, { kind: 'auth' })
}

/** An answer to any IKE_AUTH; it is authentic as to the keys of IKE_SA_INIT. */
export function onAuth(run: InitiatorRun, payloads: readonly IkePayload[]): void {
  const { phase } = run.state
  const refusal = refusalOf(payloads)
  if (refusal !== undefined) return onRefusal(run, refusal)
  switch (phase.name) {
    case 'auth-sent':
      return onFirstAuth(run, payloads)
    case 'eap-peer':
      return onEap(run, payloads)
    case 'final': {
      const auth = find(payloads, 'auth')
      if (auth === undefined) return missing(run, ['AUTH'])
      const fault = checkSharedProof(run, run.state.peer!, auth)
      return fault === undefined ? receiveFirstChild(run, payloads) : refuse(run, fault)
    }
    default:
      invariant(false, `an answer to IKE_AUTH in ${phase.name}`)
  }
}

/** An error without AUTH is about the IKE SA; with it, about the child only (RFC 7296 §2.21.2). */
const refusalOf = (payloads: readonly IkePayload[]) =>
  find(payloads, 'auth') === undefined ? findError(payloads) : undefined

function onRefusal(run: InitiatorRun, { type }: { readonly type: number }): void {
  if (type === NotifyType.AUTHENTICATION_FAILED) {
    say(run, { kind: 'ike/authentication-failed', by: 'peer' })
    return finish(run, 'authentication-failed')
  }
  say(run, { kind: 'ike/refused', exchange: 'IKE_AUTH', notify: notifyName(type), type })
  finish(run, 'refused-by-peer', notifyName(type))
}

function missing(run: InitiatorRun, expected: readonly string[]): void {
  refuse(run, { code: 'missing-payload', expected })
}

/** We do not believe the responder: it is told so in an exchange of its own (RFC 7296 §2.21.2). */
function refuse(
  run: InitiatorRun,
  fault: AuthenticationFault,
  why: OverReason = 'authentication-failed',
): void {
  const { sa } = run.state
  disbelieve(run, fault)
  lower(run, why)
  run.state.phase = { name: 'done' }
  request(run, sa, IkeExchange.informational, [notify(NotifyType.AUTHENTICATION_FAILED)], {
    kind: 'delete-ike',
  })
}

/** The responder shows who it is; then comes EAP, or the child. */
function onFirstAuth(run: InitiatorRun, payloads: readonly IkePayload[]): void {
  const { state, options } = run
  const eap = find(payloads, 'eap')
  const id = findId(payloads, 'responder')
  if (id === undefined) return missing(run, ['IDr'])
  state.peer = kept(id)
  const { wantedResponder } = options
  if (wantedResponder !== undefined && !isSameIdentity(id, wantedResponder)) {
    return refuse(run, { code: 'other-identity', wanted: wantedResponder })
  }
  const proved = checkProof(run, id, payloads)
  if ('fault' in proved) return refuse(run, proved.fault)
  if (options.authentication.kind === 'eap' && eap === undefined) return missing(run, ['EAP'])
  state.phase = { name: 'judging', payloads }
  const { type, data } = id
  run.outputs.push({
    kind: 'ask-judge',
    subject: 'responder',
    chain: proved.chain,
    identity: { type, data },
  })
}

export function onJudged(run: InitiatorRun, failure: string | undefined): void {
  const { phase } = run.state
  if (phase.name !== 'judging') return
  if (failure !== undefined) return refuse(run, { code: 'certificate-refused', failure })
  authenticated(run, 'certificate')
  if (run.options.authentication.kind === 'eap') return onEap(run, phase.payloads)
  receiveFirstChild(run, phase.payloads)
}

// ── EAP ──

function onEap(run: InitiatorRun, payloads: readonly IkePayload[]): void {
  const eap = find(payloads, 'eap')
  if (eap === undefined) return missing(run, ['EAP'])
  run.state.phase = { name: 'eap-host', isRefused: eap.packet[0] === EapCode.failure }
  run.outputs.push({ kind: 'eap', packet: eap.packet })
}

export function onEapPacket(run: InitiatorRun, packet: Uint8Array): void {
  const { state } = run
  if (state.phase.name !== 'eap-host') return
  state.phase = { name: 'eap-peer' }
  request(run, state.sa, IkeExchange.auth, [{ kind: 'eap', packet }], { kind: 'auth' })
}

export function onEapSuccess(run: InitiatorRun, msk: Uint8Array | undefined): void {
  const { state } = run
  if (state.phase.name !== 'eap-host' || state.peer === undefined) return
  if (msk !== undefined) state.msk = msk
  state.phase = { name: 'final' }
  const auth = sharedProof(run, idPayload('initiator', state.ownId!))
  request(run, state.sa, IkeExchange.auth, [auth], { kind: 'auth' })
}

/** The responder has said so, or is told: nobody waits for an answer that will not come. */
export function onEapFailure(run: InitiatorRun, why: string | undefined): void {
  const { phase, sa } = run.state
  if (phase.name !== 'eap-host') return
  const fault = { code: 'eap-failed', ...(why !== undefined && { why }) } as const
  say(run, { kind: 'ike/authentication-failed', by: 'own', fault })
  if (phase.isRefused) return finish(run, 'eap-failed')
  lower(run, 'eap-failed')
  run.state.phase = { name: 'done' }
  askDeleteIke(run, sa)
}
