/**
 * How NPS decides an Access-Request: the connection request policy, whose account it is, the network policy, the credentials, and once
 * more the policy for whoever proved to have them. Not RADIUS: `nps.ts` receives and answers. Order: C02 of the field's corrections, FIDELITY.
 */
import {
  chooseConnectionRequestPolicy,
  type ConnectionRequestChoice,
} from '../../windows/nps/connection-request.ts'
import { choosePolicy } from '../../windows/nps/decision.ts'
import type { AccessRecord } from '../../windows/nps/events.ts'
import type { NpsRequest } from '../../windows/nps/request.ts'
import { attributeValue } from '../../wire/radius/attributes.ts'
import type { RadiusPacket } from '../../wire/radius/packet.ts'
import {
  decided,
  finish,
  policyServer,
  refusedBy,
  rejected,
  trailLines,
  whose,
  type AccessContext,
  type Case,
  type Done,
  type Known,
} from './cases.ts'
import type { AccountView } from './directory.ts'
import { beginEap } from './eap-conversation.ts'
import { factsOf, type Credentials } from './facts.ts'
import { NO_PROOF, verifyCredentials } from './passwords.ts'

/** Decide a request that begins something. `done` is called once, at once or later in virtual time. */
export function decideAccess(
  context: AccessContext,
  packet: RadiusPacket,
  credentials: Credentials | undefined,
  { record, client }: { readonly record: AccessRecord; readonly client: NpsRequest['client'] },
  done: Done,
): void {
  const userName = attributeValue(packet.attributes, 'User-Name')
  if (credentials === undefined || userName === undefined) {
    const got =
      userName === undefined
        ? 'an Access-Request without User-Name'
        : 'credentials of two kinds, or none that could be read'
    return done(rejected({ context, record }, { reason: 3, why: [got] }))
  }
  if (credentials.kind === 'unsupported') {
    const got = 'credentials of a method that NPS does not have'
    return done(rejected({ context, record }, { reason: 18, why: [got] }))
  }
  const facts = factsOf(packet, client, credentials, context.host.wallClock)
  const named = { ...record, authenticationType: shownType(facts) }
  byPolicy({ context, packet, credentials, facts, record: named }, done)
}

const SHOWN_TYPES: Readonly<Record<NpsRequest['authenticationType'], string>> = {
  pap: 'PAP',
  chap: 'CHAP',
  'ms-chap': 'MS-CHAPv1',
  'ms-chap-v2': 'MS-CHAPv2',
  eap: 'EAP',
  unauthenticated: 'Unauthenticated',
}

const shownType = ({ authenticationType }: NpsRequest): string => SHOWN_TYPES[authenticationType]

function byPolicy(asked: Case, done: Done): void {
  const { context, facts } = asked
  const { assume, spec } = policyServer(context)
  const choice = chooseConnectionRequestPolicy(spec, facts, assume!)
  const record =
    choice.to === 'none'
      ? asked.record
      : { ...asked.record, connectionRequestPolicy: choice.policy }
  const known = { ...asked, record }
  switch (choice.to) {
    case 'none':
      return done(
        rejected(known, { reason: 49, why: trailLines(choice.trail), trail: choice.trail }),
      )
    case 'forward': {
      const { group, userName } = choice
      const proxied = { ...record, authenticationProvider: 'RADIUS Proxy' }
      return done({
        kind: 'forward',
        group,
        record: proxied,
        ...(userName !== undefined && { userName }),
      })
    }
    case 'accept':
      return done({
        kind: 'accept',
        decision: decided({ ...known, record: { ...record, authenticationProvider: 'None' } }),
        proof: NO_PROOF,
      })
    case 'local': {
      const userName = choice.userName ?? facts.userName!
      const local = {
        ...known,
        facts: userName === facts.userName ? facts : { ...facts, userName },
        record: { ...record, authenticationProvider: 'Windows' },
      }
      // Where the connection request policy has the say over authentication, the name outside a tunnel need be nobody's.
      if (choice.authentication !== undefined && asked.credentials.kind === 'eap') {
        return byNetworkPolicy(local, choice, undefined, done)
      }
      return whose(
        local,
        userName,
        (account) => byNetworkPolicy(account.asked, choice, account.view, done),
        done,
      )
    }
  }
}

function byNetworkPolicy(
  asked: Case,
  connectionRequest: ConnectionRequestChoice,
  account: AccountView | undefined,
  done: Done,
): void {
  const { context } = asked
  const facts = account === undefined ? asked.facts : { ...asked.facts, account }
  const choice = choosePolicy(policyServer(context), facts, connectionRequest)
  if (choice.result === 'denied') return done(refusedBy({ ...asked, facts }, choice))
  // Which of the others it is was decided before anybody was looked up.
  if (choice.result !== 'local') return done({ kind: 'discard', detail: 'the policies changed' })
  const networkPolicy = choice.networkPolicy?.name
  const record = networkPolicy === undefined ? asked.record : { ...asked.record, networkPolicy }
  const known: Known = { ...asked, facts, record, choice, account }
  if (asked.credentials.kind === 'eap') return beginEap(known, asked.credentials.packet, done)
  const { authentication } = choice
  const isChange = asked.credentials.kind === 'ms-chap-v2-change'
  if (isChange && authentication.msChapV2PasswordChange !== true) {
    const why =
      'expected a policy that lets users change an expired password, got one that does not'
    return done(rejected(known, { reason: 72, why: [why] }))
  }
  verifyCredentials(
    asked.credentials,
    { user: facts.userName!, directory: context.deps.directory, rng: context.host.rng },
    (verified) => {
      if (verified.ok) return finish(known, { proof: verified.proof }, done)
      const { reason, detail, proof } = verified
      done(rejected(known, { reason, why: [detail] }, proof === undefined ? {} : { proof }))
    },
  )
}
