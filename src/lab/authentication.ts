/**
 * The verb `authenticate`: a gateway asks its RADIUS servers about a user, as it would for a VPN connection.
 * Not the gateway's RADIUS (`node/nas/`) and not NPS (`node/nps/`); what came of it is told by `authentication-report.ts`.
 */
import { ok, type Result } from '../base/result.ts'
import { accountOf } from '../directory/directory.ts'
import { changesComplaint } from '../node/nas/attributes.ts'
import type { Claim } from '../node/nas/nas.ts'
import { alertOf } from '../node/chain-alert.ts'
import { EapPeerSession, type EapPeerSettings } from '../node/eap-peer.ts'
import type { ChainJudgement } from '../node/relying-party.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import {
  reportingOf,
  isEap,
  type Attempt,
  type AuthenticationEnv,
} from './authentication-report.ts'
import {
  mannerOf,
  methodsOf,
  sessionKey,
  type EapManner,
  type NothingToShow,
} from './eap-client.ts'
import { ipNodeOf } from './inventory.ts'
import type { AuthenticateOptions } from './lab.ts'
import { outerAddress } from './outer-address.ts'
import { roughened } from './rough-peer.ts'
import type { ServiceContext, ServiceNode } from './service-context.ts'
import type { AuthenticationReport } from './reports.ts'

/** Check what is asked; the returned function asks, and calls `done` once. Throws RangeError for what the script has got wrong. */
export function authenticationOf(
  env: AuthenticationEnv,
  options: AuthenticateOptions,
): (done: (report: AuthenticationReport) => void) => void {
  const complaint = changesComplaint(options.attributes ?? {})
  if (complaint !== undefined) throw new RangeError(complaint)
  const wanted = options.method ?? 'profile'
  const manner =
    wanted === 'profile' ? mannerOf(env.gateway.context.current(), env.client?.name) : wanted
  const attempt: Attempt = { env, options, manner, user: userOf(env, options) }
  return (done) => ask(attempt, done)
}

function ask(attempt: Attempt, done: (report: AuthenticationReport) => void): void {
  const { env, options, user } = attempt
  const { gateway, client } = env
  const sessionId = gateway.nextSessionId()
  const reporting = reportingOf(attempt, sessionId)
  const claim = claimOf(attempt)
  if ('windows' in claim) return done(reporting.notAttempted(claim))
  const { network, current } = gateway.context
  const caller = {
    sessionId,
    user: options.identity ?? user.name,
    attributes: options.attributes,
    ...(client !== undefined && {
      callingStation: outerAddress(network, current().topology, client.name),
      clientName: client.name.toUpperCase(),
    }),
  }
  gateway.ask(caller, claim.claim, (outcome) => done(reporting.report(outcome, claim.peer?.end)))
}

type Claimed = { readonly claim: Claim; readonly peer?: EapPeerSession } | NothingToShow

export function userOf(
  { home, client }: Pick<AuthenticationEnv, 'home' | 'client'>,
  { user, password }: AuthenticateOptions,
): { readonly name: string; readonly password: string } {
  const { topology, directory } = home.current()
  const spec = client === undefined ? undefined : ipNodeOf(topology, client.name)
  const key = user ?? (spec?.kind === 'host' ? spec.users?.[0] : undefined)
  if (key === undefined) throw new RangeError('who comes in? Name a user, or a client with one')
  const own = topology.directory?.users?.[key]
  const upn = directory && accountOf(directory, 'user', key)?.upn
  return { name: upn ?? key, password: password ?? own?.password ?? '' }
}

function claimOf(attempt: Attempt): Claimed {
  const { options, manner } = attempt
  if (manner === 'none') return { claim: { kind: 'none' } }
  if (!isEap(manner)) return { claim: passwordClaim(manner, attempt) }
  const { home, client, assume } = attempt.env
  const seat = { home, client, assume, user: attempt.user, options }
  const opened = eapPeerOf(
    {
      ...seat,
      onJudged: (judgement) => {
        attempt.judgement = judgement
      },
    },
    manner,
  )
  if (!opened.ok) return opened.error
  const peer = opened.value
  return { claim: { kind: 'eap', peer: roughened(peer, options) }, peer }
}

/** What the client's side of EAP needs to be known. */
export interface EapSeat {
  /** Where the user sits; of the gateway itself where nobody does. */
  readonly home: ServiceContext
  readonly client: ServiceNode | undefined
  readonly user: { readonly name: string; readonly password: string }
  readonly options: AuthenticateOptions
  readonly assume: Assumptions
  /** Called when the client has judged NPS. */
  readonly onJudged: (judgement: ChainJudgement) => void
}

/** The client's side of EAP, begun anew; or what it shows where it has nothing to come with. */
export function eapPeerOf(
  { home, client, user, options, assume, onJudged }: EapSeat,
  manner: EapManner,
): Result<EapPeerSession, NothingToShow> {
  const { stack, current, node } = home
  const who = { client: client?.name, compiled: current(), manner, user, options }
  const key = sessionKey(who)
  const methods = methodsOf({
    ...who,
    at: stack.wallClock,
    sessions: key === undefined ? undefined : node.tlsSessions(key),
    cryptography: stack.cryptography,
    hold: () => stack.hold(),
    onKeyLog: (line) => stack.trace.addSecret(line),
  })
  if (!methods.ok) return methods
  const settings: EapPeerSettings = {
    identity: options.identity ?? user.name,
    methods: methods.value,
    newPassword: () => options.newPassword,
    judge: (chain, _, then) => {
      if (client === undefined) return then({ accepted: true })
      client.judgePresented(chain, { as: 'peap-client', assume }, (judgement) => {
        onJudged(judgement)
        if (judgement.valid) return then({ accepted: true })
        const [first] = judgement.failures
        const failure = first === undefined ? 'not trusted' : `${first.subject} ${first.message}`
        then({ accepted: false, failure, alert: alertOf(first?.code) })
      })
    },
  }
  return ok(new EapPeerSession(stack, settings, `${home.nextConnection()}`))
}

const passwordClaim = (
  kind: Extract<Claim, { readonly password: string }>['kind'],
  { options: { identity, newPassword }, user }: Attempt,
): Claim => ({
  kind,
  user: identity ?? user.name,
  password: user.password,
  ...(newPassword !== undefined && { newPassword }),
})
