/**
 * What a NAS tells of a session: the attributes of Accounting-Requests (RFC 2866 §5, RFC 2869 §5.1, §5.2). Pure; sending is the client's.
 */
import { between, type Instant, seconds } from '../../base/time.ts'
import { attribute } from '../../wire/radius/attributes.ts'
import {
  AcctAuthentic,
  AcctStatusType,
  AcctTerminateCause,
} from '../../wire/radius/named-values.ts'
import type { RadiusAttribute } from '../../wire/radius/packet.ts'

export interface AccountedSession {
  /** The same in all records of a session, and of no other (RFC 2866 §5.5). */
  readonly sessionId: string
  readonly began: Instant
  /** Who and where, as in the Access-Request and the Access-Accept: User-Name, NAS-…, Class, Framed-IP-Address, Tunnel-…. */
  readonly attributes: readonly RadiusAttribute[]
  /** Default RADIUS. */
  readonly authentic?: keyof typeof AcctAuthentic
}

/** As the NAS counts: input comes from the user. Whole numbers from 0. */
export interface SessionUsage {
  readonly inputOctets: number
  readonly outputOctets: number
  readonly inputPackets: number
  readonly outputPackets: number
}

const UINT32 = 2 ** 32

export const accountingStart = (session: AccountedSession, now: Instant): RadiusAttribute[] => [
  ...head('Start', session.attributes, now),
  ...identity(session),
]

export const accountingInterim = (
  session: AccountedSession,
  usage: SessionUsage,
  now: Instant,
): RadiusAttribute[] => [
  ...head('Interim-Update', session.attributes, now),
  ...identity(session),
  ...used(session, usage, now),
]

export const accountingStop = (
  session: AccountedSession,
  usage: SessionUsage,
  cause: keyof typeof AcctTerminateCause,
  now: Instant,
): RadiusAttribute[] => [
  ...head('Stop', session.attributes, now),
  ...identity(session),
  ...used(session, usage, now),
  attribute('Acct-Terminate-Cause', AcctTerminateCause[cause]),
]

/** The NAS itself begins or ends; `attributes` say which it is (RFC 2866 §5.1). */
export const accountingOfNas = (
  status: 'Accounting-On' | 'Accounting-Off',
  attributes: readonly RadiusAttribute[],
  now: Instant,
): RadiusAttribute[] => head(status, attributes, now)

/** Acct-Delay-Time begins at 0: the client counts it on while it sends again (RFC 2866 §5.2). */
const head = (
  status: keyof typeof AcctStatusType,
  attributes: readonly RadiusAttribute[],
  now: Instant,
): RadiusAttribute[] => [
  attribute('Acct-Status-Type', AcctStatusType[status]),
  ...attributes,
  attribute('Event-Timestamp', now),
  attribute('Acct-Delay-Time', 0),
]

const identity = ({ sessionId, authentic = 'RADIUS' }: AccountedSession): RadiusAttribute[] => [
  attribute('Acct-Session-Id', sessionId),
  attribute('Acct-Authentic', AcctAuthentic[authentic]),
]

function used(session: AccountedSession, usage: SessionUsage, now: Instant): RadiusAttribute[] {
  const lasted = Math.floor(between(session.began, now) / seconds(1))
  return [
    attribute('Acct-Session-Time', clamped(lasted)),
    attribute('Acct-Input-Octets', usage.inputOctets % UINT32),
    attribute('Acct-Output-Octets', usage.outputOctets % UINT32),
    ...gigawords('Acct-Input-Gigawords', usage.inputOctets),
    ...gigawords('Acct-Output-Gigawords', usage.outputOctets),
    attribute('Acct-Input-Packets', usage.inputPackets % UINT32),
    attribute('Acct-Output-Packets', usage.outputPackets % UINT32),
  ]
}

/** RFC 2869 §5.1: how often the octets have gone past 2³²; left out while they have not. */
const gigawords = (
  name: 'Acct-Input-Gigawords' | 'Acct-Output-Gigawords',
  octets: number,
): RadiusAttribute[] =>
  octets < UINT32 ? [] : [attribute(name, clamped(Math.floor(octets / UINT32)))]

const clamped = (value: number): number => Math.min(UINT32 - 1, Math.max(0, value))
