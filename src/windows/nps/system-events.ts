/**
 * What NPS writes into the System log, and which of it follows from a packet that it throws away: a client that nobody knows, a secret
 * that differs, a controller that does not answer. Not the decisions: those are audited, {@link ./events.ts}.
 */
import type { Instant } from '../../base/time.ts'
import type { NpsSpec } from '../../topology/nps.ts'
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import { securityEvents, type AccessRecord, type WindowsEvent } from './events.ts'
import type { NpsReason } from './reasons.ts'

/** Why a packet is thrown away without an answer. */
export type DiscardCause =
  /** No entry has its address, or the entry is disabled. */
  | 'unknown-client'
  /** Message-Authenticator is there and does not verify: the secrets differ. */
  | 'bad-message-authenticator'
  /** The client's entry demands Message-Authenticator. */
  | 'missing-message-authenticator'
  /** The server demands it of all (`requiremsgauth`). */
  | 'missing-message-authenticator-all'
  /** Proxy-State without Message-Authenticator (`limitproxystate`). */
  | 'proxy-state'
  /** The Request Authenticator of an Accounting-Request, or the attributes of a packet, show another secret. */
  | 'bad-authenticator'
  | 'malformed'
  /** The log cannot be written, and requests are discarded then. */
  | 'logging-failed'
  /** An extension DLL discarded it, or failed. */
  | 'extension-discarded'
  | 'extension-failed'

interface Discard {
  /** In the System log; absent: nothing there. */
  readonly id?: SystemEventId
  /** In Security 6274; absent: it never came so far. */
  readonly reason?: NpsReason
}

const DISCARDS: Readonly<Record<DiscardCause, Discard>> = {
  'unknown-client': { id: 13 },
  'bad-message-authenticator': { id: 18 },
  'missing-message-authenticator': { id: 17 },
  'missing-message-authenticator-all': { id: 4419 },
  'proxy-state': { id: 4418 },
  'bad-authenticator': { id: 14 },
  malformed: { reason: 3 },
  'logging-failed': { reason: 80 },
  'extension-discarded': { reason: 9 },
  'extension-failed': { reason: 10 },
}

/** What is written into Security 6274 of it; undefined: nothing, since it never came so far. */
export const discardReason = (cause: DiscardCause): NpsReason | undefined => DISCARDS[cause].reason

/** What the System log says of it, if anything, and the assumption that this rests on. */
export function discardSystemEvent(
  cause: DiscardCause,
  { blastRadiusEvents }: Pick<Assumptions, 'blastRadiusEvents'>,
): { readonly id?: SystemEventId; readonly restsOn: readonly 'blastRadiusEvents'[] } {
  const { id } = DISCARDS[cause]
  if (id === undefined) return { restsOn: [] }
  if (id < FIRST_OF_BLAST_RADIUS) return { id, restsOn: [] }
  const restsOn = ['blastRadiusEvents'] as const
  return blastRadiusEvents === 'logged' ? { id, restsOn } : { restsOn }
}

/** Events of KB5040268. */
const FIRST_OF_BLAST_RADIUS = 4418

/** What each says, of a RADIUS client or a domain controller. */
const SYSTEM_EVENTS = {
  13: ['error', 'a RADIUS message came from an address that is no RADIUS client of this server'],
  14: ['error', 'a RADIUS message has a wrong authenticator: the shared secrets differ'],
  17: ['error', 'a RADIUS message lacks Message-Authenticator, which this client must send'],
  18: [
    'error',
    'the Message-Authenticator of a RADIUS message is wrong: the shared secrets differ',
  ],
  22: ['error', 'an answer could not be sent to a RADIUS client'],
  4400: ['information', 'an LDAP connection to a domain controller was established'],
  4401: ['warning', 'a domain controller does not answer: NPS goes to another'],
  4402: ['error', 'no domain controller is available'],
  4418: ['error', 'a RADIUS message has Proxy-State but no Message-Authenticator, and was dropped'],
  4419: ['error', 'a RADIUS message has no Message-Authenticator, and was dropped'],
  4420: ['warning', 'a RADIUS message has Proxy-State but no Message-Authenticator'],
  4421: ['warning', 'a RADIUS message has no Message-Authenticator'],
} as const satisfies Readonly<Record<number, readonly [WindowsEvent['level'], string]>>

export type SystemEventId = keyof typeof SYSTEM_EVENTS

export const SYSTEM_EVENT_IDS = Object.keys(SYSTEM_EVENTS).map(Number) as readonly SystemEventId[]

/** An event of source NPS; `about` is the client's address, or the controller's name and its domain. */
export function systemEvent(
  id: SystemEventId,
  at: Instant,
  about: Readonly<Record<string, string>>,
): WindowsEvent {
  const [level, text] = SYSTEM_EVENTS[id]
  const told = Object.values(about).join(', ')
  return {
    on: 'nps',
    channel: 'System',
    source: 'NPS',
    id,
    level,
    at,
    text: told === '' ? text : `${text} (${told})`,
    fields: Object.entries(about).map(([name, value]) => ({ name, value })),
  }
}

/** Everything that is logged of a packet that was thrown away. */
export function discardEvents(
  cause: DiscardCause,
  record: AccessRecord,
  {
    audit,
    assume = ASSUMPTIONS,
  }: { readonly audit?: NpsSpec['audit']; readonly assume?: Assumptions } = {},
): readonly WindowsEvent[] {
  const { id } = discardSystemEvent(cause, assume)
  const reason = discardReason(cause)
  const about = { 'RADIUS client': record.clientIpAddress ?? '-' }
  return [
    ...(id === undefined ? [] : [systemEvent(id, record.at, about)]),
    ...(reason === undefined
      ? []
      : securityEvents({ result: 'discarded', reason }, record, {
          assume,
          ...(audit !== undefined && { audit }),
        })),
  ]
}
