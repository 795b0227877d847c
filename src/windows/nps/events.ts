/**
 * The events of NPS: Security 6272, 6273, 6274 and 6278 (audit subcategory "Network Policy Server"), and System, source NPS, for what never
 * came to a decision. As data: fields in the order of the event, values as Windows writes them, a text of ours. No secret is a field.
 *
 * Numbers and fields: Microsoft, "Event ID 6273" (cc735399), cc735357 (14), cc735373 (22), KB5040268 (4418 to 4421, not confirmed here).
 */
import type { Instant } from '../../base/time.ts'
import type { LoggedEvent } from '../../pki/profile/profile.ts'
import type { NpsSpec } from '../../topology/nps.ts'
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import { NPS_REASONS, type NpsReason } from './reasons.ts'

export interface EventField {
  /** Heading above it in the Security log, `RADIUS Client`. */
  readonly group?: string
  readonly name: string
  /** `-` where there is none. */
  readonly value: string
}

/** An entry of a Windows event log, whole. */
export interface WindowsEvent extends LoggedEvent {
  readonly channel: 'Security' | 'System' | 'Application'
  readonly level: 'information' | 'warning' | 'error'
  /** On the clock of the computer that logs it. */
  readonly at: Instant
  readonly fields: readonly EventField[]
}

interface Who {
  readonly sid?: string
  readonly name?: string
  readonly domain?: string
  readonly fullyQualifiedName?: string
}

/** What the Security events of one request say of it. */
export interface AccessRecord {
  readonly at: Instant
  readonly user: Who
  readonly machine?: Omit<Who, 'domain'>
  readonly calledStationId?: string
  readonly callingStationId?: string
  readonly nasIpv4Address?: string
  readonly nasIpv6Address?: string
  readonly nasIdentifier?: string
  /** `Virtual`. */
  readonly nasPortType?: string
  readonly nasPort?: number
  readonly clientFriendlyName?: string
  readonly clientIpAddress?: string
  readonly connectionRequestPolicy?: string
  readonly networkPolicy?: string
  /** `Windows`, `RADIUS Proxy`, `None`. */
  readonly authenticationProvider?: string
  readonly authenticationServer?: string
  /** `PEAP`, `EAP`, `MS-CHAPv2`. */
  readonly authenticationType?: string
  /** `Microsoft: Smart Card or other certificate`. */
  readonly eapType?: string
  readonly accountSessionIdentifier?: string
  readonly loggingResults?: string
}

/** A record while it is being filled. */
export type OpenRecord = { -readonly [Name in keyof AccessRecord]: AccessRecord[Name] }

export type Verdict =
  | { readonly result: 'granted' }
  | { readonly result: 'denied' | 'discarded'; readonly reason: NpsReason }

const SECURITY = {
  granted: { id: 6272, text: 'access granted' },
  denied: { id: 6273, text: 'access denied' },
  discarded: { id: 6274, text: 'request discarded' },
  'full-access': { id: 6278, text: 'full access granted' },
} as const

/** What is audited of a verdict: nothing, one event, or 6272 and 6278. Both halves of the audit are on unless a topology says otherwise. */
export function securityEvents(
  verdict: Verdict,
  record: AccessRecord,
  {
    audit = {},
    assume = ASSUMPTIONS,
  }: { readonly audit?: NpsSpec['audit']; readonly assume?: Assumptions } = {},
): readonly WindowsEvent[] {
  const { success = true, failure = true } = audit
  if (verdict.result !== 'granted') {
    return failure ? [securityEvent(verdict.result, record, verdict.reason)] : []
  }
  if (!success) return []
  // Both say the same of the request, so its fields are made once.
  const told = accessFields(record)
  const granted = securityEvent('granted', record, 0, told)
  return assume.logsFullAccess
    ? [granted, securityEvent('full-access', record, 0, told)]
    : [granted]
}

function securityEvent(
  kind: keyof typeof SECURITY,
  record: AccessRecord,
  reason: NpsReason,
  told: readonly EventField[] = accessFields(record),
): WindowsEvent {
  const { id, text } = SECURITY[kind]
  const tells = kind === 'denied' || kind === 'discarded'
  return {
    on: 'nps',
    channel: 'Security',
    source: 'Microsoft-Windows-Security-Auditing',
    id,
    level: 'information',
    at: record.at,
    text: tells ? `${text}, reason code ${reason}: ${NPS_REASONS[reason].text}` : text,
    fields: tells
      ? told.concat(reasonFields(reason))
      : kind === 'granted'
        ? told
        : told.concat(FULL_ACCESS),
  }
}

const reasonFields = (reason: NpsReason): readonly EventField[] => [
  { group: DETAILS, name: 'Reason Code', value: `${reason}` },
  { group: DETAILS, name: 'Reason', value: NPS_REASONS[reason].text },
]

const DETAILS = 'Authentication Details'
const FULL_ACCESS: EventField = {
  group: 'Quarantine Information',
  name: 'Result',
  value: 'Full Access',
}

/** A field of every Security event; `absent` is what stands there where the record has nothing, as most have of half of them. */
const field = (
  group: string,
  name: string,
  read: (record: AccessRecord) => string | number | undefined,
) => ({ group, name, read, absent: { group, name, value: '-' } })

const ACCESS_FIELDS = [
  field('User', 'Security ID', ({ user }) => user.sid ?? 'NULL SID'),
  field('User', 'Account Name', ({ user }) => user.name),
  field('User', 'Account Domain', ({ user }) => user.domain),
  field('User', 'Fully Qualified Account Name', ({ user }) => user.fullyQualifiedName),
  field('Client Machine', 'Security ID', ({ machine }) => machine?.sid ?? 'NULL SID'),
  field('Client Machine', 'Account Name', ({ machine }) => machine?.name),
  field(
    'Client Machine',
    'Fully Qualified Account Name',
    ({ machine }) => machine?.fullyQualifiedName,
  ),
  field('Client Machine', 'Called Station Identifier', (r) => r.calledStationId),
  field('Client Machine', 'Calling Station Identifier', (r) => r.callingStationId),
  field('NAS', 'NAS IPv4 Address', (r) => r.nasIpv4Address),
  field('NAS', 'NAS IPv6 Address', (r) => r.nasIpv6Address),
  field('NAS', 'NAS Identifier', (r) => r.nasIdentifier),
  field('NAS', 'NAS Port-Type', (r) => r.nasPortType),
  field('NAS', 'NAS Port', (r) => r.nasPort),
  field('RADIUS Client', 'Client Friendly Name', (r) => r.clientFriendlyName),
  field('RADIUS Client', 'Client IP Address', (r) => r.clientIpAddress),
  field(DETAILS, 'Connection Request Policy Name', (r) => r.connectionRequestPolicy),
  field(DETAILS, 'Network Policy Name', (r) => r.networkPolicy),
  field(DETAILS, 'Authentication Provider', (r) => r.authenticationProvider),
  field(DETAILS, 'Authentication Server', (r) => r.authenticationServer),
  field(DETAILS, 'Authentication Type', (r) => r.authenticationType),
  field(DETAILS, 'EAP Type', (r) => r.eapType),
  field(DETAILS, 'Account Session Identifier', (r) => r.accountSessionIdentifier),
  field(DETAILS, 'Logging Results', (r) => r.loggingResults),
]

const accessFields = (record: AccessRecord): readonly EventField[] =>
  ACCESS_FIELDS.map(({ group, name, read, absent }) => {
    const value = read(record)
    return value === undefined || value === '' ? absent : { group, name, value: `${value}` }
  })

/** The event as people read it: what happened, then the fields under their headings. */
export function renderEvent({ channel, source, id, text, fields }: WindowsEvent): string {
  const lines = [`${channel} ${id} (${source}): ${text}`]
  let under: string | undefined
  for (const { group, name, value } of fields) {
    if (group !== under && group !== undefined) lines.push(`${group}:`)
    under = group
    lines.push(`  ${name}: ${value}`)
  }
  return lines.join('\n')
}
