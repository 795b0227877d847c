/**
 * How NPS decides an Access-Request: the connection request policy, whose account it is, the network policy, the credentials, and once
 * more the policy for whoever proved to have them. Not RADIUS: `nps.ts` receives and answers. Order: C02 of the field's corrections, FIDELITY.
 */
import {
  chooseConnectionRequestPolicy,
  type ConnectionRequestChoice,
} from '../../windows/nps/connection-request.ts'
import { choosePolicy } from '../../windows/nps/decision.ts'
import type { AccessRecord, OpenRecord } from '../../windows/nps/events.ts'
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
  // The log has its own already, of the request as it came. The spread comes last: behind one, V8 gives every object a hidden class of its own.
  const own: OpenRecord = { authenticationType: shownType(facts), ...record }
  byPolicy({ context, packet, credentials, facts, record: own }, done)
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
  const { context, facts, record } = asked
  const { deps } = context
  const choice = chooseConnectionRequestPolicy(deps.spec(), facts, deps.assume())
  if (choice.to !== 'none') record.connectionRequestPolicy = choice.policy
  switch (choice.to) {
    case 'none':
      return done(
        rejected(asked, { reason: 49, why: trailLines(choice.trail), trail: choice.trail }),
      )
    case 'forward': {
      const { group, userName } = choice
      record.authenticationProvider = 'RADIUS Proxy'
      return done({
        kind: 'forward',
        group,
        record,
        ...(userName !== undefined && { userName }),
      })
    }
    case 'accept':
      record.authenticationProvider = 'None'
      return done({ kind: 'accept', decision: decided(asked), proof: NO_PROOF })
    case 'local': {
      const userName = choice.userName ?? facts.userName!
      facts.userName = userName
      record.authenticationProvider = 'Windows'
      // Where the connection request policy has the say over authentication, the name outside a tunnel need be nobody's.
      if (choice.authentication !== undefined && asked.credentials.kind === 'eap') {
        return byNetworkPolicy(asked, choice, undefined, done)
      }
      return whose(
        asked,
        userName,
        (account) => byNetworkPolicy(asked, choice, account, done),
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
  const { context, packet, credentials, facts, record } = asked
  if (account !== undefined) facts.account = account
  const choice = choosePolicy(policyServer(context), facts, connectionRequest)
  if (choice.result === 'denied') return done(refusedBy(asked, choice))
  // Which of the others it is was decided before anybody was looked up.
  if (choice.result !== 'local') return done({ kind: 'discard', detail: 'the policies changed' })
  if (choice.networkPolicy !== undefined) record.networkPolicy = choice.networkPolicy.name
  const known: Known = { context, packet, credentials, facts, record, choice, account }
  if (credentials.kind === 'eap') return beginEap(known, credentials.packet, done)
  const { authentication } = choice
  const isChange = credentials.kind === 'ms-chap-v2-change'
  if (isChange && authentication.msChapV2PasswordChange !== true) {
    const why =
      'expected a policy that lets users change an expired password, got one that does not'
    return done(rejected(known, { reason: 72, why: [why] }))
  }
  verifyCredentials(
    credentials,
    { user: facts.userName!, directory: context.deps.directory, rng: context.host.rng },
    (verified) => {
      if (verified.ok) return finish(known, { proof: verified.proof }, done)
      const { reason, detail, proof } = verified
      done(rejected(known, { reason, why: [detail] }, proof === undefined ? {} : { proof }))
    },
  )
}
