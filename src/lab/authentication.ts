/**
 * The verb `authenticate`: a gateway asks its RADIUS servers about a user, as it would for a VPN connection.
 * Not the gateway's RADIUS (`node/nas/`) and not NPS (`node/nps/`); what came of it is told by `authentication-report.ts`.
 */
import { formatIpv4 } from '../base/address.ts'
import { accountOf } from '../directory/directory.ts'
import {
  changesComplaint,
  connectionAttributes,
  type VpnConnection,
} from '../node/nas/attributes.ts'
import { authenticate, type Claim, type NasOutcome } from '../node/nas/nas.ts'
import { alertOf } from '../node/chain-alert.ts'
import { EapPeerSession } from '../node/eap-peer.ts'
import {
  reportingOf,
  isEap,
  type Attempt,
  type AuthenticationEnv,
} from './authentication-report.ts'
import { mannerOf, methodsOf, sessionKey, type NothingToShow } from './eap-client.ts'
import { ipNodeOf } from './inventory.ts'
import type { AuthenticateOptions } from './lab.ts'
import { outerAddress } from './outer-address.ts'
import { roughened } from './rough-peer.ts'
import type { AuthenticationReport } from './reports.ts'
import { definitionNamed } from '../wire/radius/dictionary.ts'
import type { RadiusAttribute, RadiusPacket } from '../wire/radius/packet.ts'

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
  const { gateway } = attempt.env
  const { stack } = gateway.context
  const reporting = reportingOf(attempt, `${stack.name}-${gateway.next()}`)
  const claim = claimOf(attempt)
  if ('windows' in claim) return done(reporting.notAttempted(claim))
  const { sessionId } = reporting
  const connection = connectionOf(attempt, sessionId)
  const attributes = connectionAttributes(connection, attempt.options.attributes)
  authenticate(
    {
      client: gateway.client,
      attributes,
      secretOf: (server) => gateway.secretOf(server),
      rng: stack.rng.fork(`RemoteAccess/${sessionId}`),
    },
    claim.claim,
    (outcome) => {
      logOutcome(attempt, outcome, connection)
      if (outcome.kind === 'accepted') {
        const session = accountedSession(attributes, outcome.packet)
        gateway.accounted.set(sessionId, { sessionId, began: stack.wallClock, attributes: session })
      }
      done(reporting.report(outcome, claim.peer?.end))
    },
  )
}

/** RFC 2866 §5: what the request said of the connection, with the Class and the address of the answer; the session's own come with it. */
const accountedSession = (
  asked: readonly RadiusAttribute[],
  { attributes }: RadiusPacket,
): readonly RadiusAttribute[] => [
  ...asked.filter(({ type }) => type !== typeOf('Acct-Session-Id')),
  ...attributes.filter(({ type }) => RETURNED.includes(type)),
]

const typeOf = (name: string): number | undefined => definitionNamed(name)?.type
const RETURNED: readonly (number | undefined)[] = [typeOf('Class'), typeOf('Framed-IP-Address')]

type Claimed = { readonly claim: Claim; readonly peer?: EapPeerSession } | NothingToShow

function userOf(
  { gateway, client }: AuthenticationEnv,
  { user, password }: AuthenticateOptions,
): { readonly name: string; readonly password: string } {
  const { topology, directory } = gateway.context.current()
  const spec = client === undefined ? undefined : ipNodeOf(topology, client.name)
  const key = user ?? (spec?.kind === 'host' ? spec.users?.[0] : undefined)
  if (key === undefined) throw new RangeError('who comes in? Name a user, or a client with one')
  const own = topology.directory?.users?.[key]
  const upn = directory && accountOf(directory, 'user', key)?.upn
  return { name: upn ?? key, password: password ?? own?.password ?? '' }
}

function claimOf(attempt: Attempt): Claimed {
  const { env, options, manner, user } = attempt
  const { gateway, client } = env
  if (manner === 'none') return { claim: { kind: 'none' } }
  if (!isEap(manner)) return { claim: passwordClaim(manner, attempt) }
  const { stack, current } = gateway.context
  const who = { client: client?.name, compiled: current(), manner, user, options }
  const key = sessionKey(who)
  const methods = methodsOf({
    ...who,
    at: (client ?? gateway.context.node).stack.wallClock,
    sessions: key === undefined ? undefined : gateway.sessionsOf(key),
    hold: () => stack.hold(),
    onKeyLog: (line) => stack.trace.addSecret(line),
  })
  if (!methods.ok) return methods.error
  const peer = new EapPeerSession(
    (client ?? gateway.context.node).stack,
    {
      identity: options.identity ?? user.name,
      methods: methods.value,
      newPassword: () => options.newPassword,
      judge: (chain, _, then) => {
        if (client === undefined) return then({ accepted: true })
        client.judgePresented(chain, { as: 'peap-client', assume: env.assume }, (judgement) => {
          attempt.judgement = judgement
          if (judgement.valid) return then({ accepted: true })
          const [first] = judgement.failures
          const failure = first === undefined ? 'not trusted' : `${first.subject} ${first.message}`
          then({ accepted: false, failure, alert: alertOf(first?.code) })
        })
      },
    },
    `${gateway.next()}`,
  )
  return { claim: { kind: 'eap', peer: roughened(peer, options) }, peer }
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

function connectionOf({ env, user, options }: Attempt, sessionId: string): VpnConnection {
  const { gateway, client } = env
  const { stack, network, current } = gateway.context
  const server = gateway.first.address()
  const route = server === undefined ? undefined : stack.routeTo(server)
  const inner = stack.nics.find(({ name }) => name === route?.nic.name)?.address
  const outer = stack.nics[0]!.address!
  return {
    user: options.identity ?? user.name,
    nasIdentifier: stack.name.toUpperCase(),
    nasAddress: inner ?? outer,
    port: gateway.next(),
    calledStation: outer,
    callingStation:
      (client === undefined ? undefined : outerAddress(network, current().topology, client.name)) ??
      outer,
    sessionId,
    ...(client !== undefined && { clientName: client.name.toUpperCase() }),
  }
}

function logOutcome(
  { env, user, options }: Attempt,
  outcome: NasOutcome,
  { sessionId, callingStation }: VpnConnection,
): void {
  const { gateway } = env
  const address = formatIpv4(callingStation)
  const name = options.identity ?? user.name
  if (outcome.kind === 'no-answer') {
    return gateway.log({ id: 20271, user: name, address, silent: true })
  }
  if (outcome.kind !== 'rejected') return
  const reason = env.decisionOf(sessionId, [outcome.server])?.reason ?? 16
  gateway.log({ id: 20271, user: name, address, reason, code: 691 })
}
