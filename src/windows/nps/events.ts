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
  readonly channel: 'Security' | 'System'
  readonly level: 'information' | 'warning' | 'error'
  /** On the clock of the server. */
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
  const why = `reason code ${reason}: ${NPS_REASONS[reason].text}`
  return {
    on: 'nps',
    channel: 'Security',
    source: 'Microsoft-Windows-Security-Auditing',
    id,
    level: 'information',
    at: record.at,
    text: tells ? `${text}, ${why}` : text,
    fields: [
      ...told,
      ...(tells
        ? [
            field('Authentication Details', 'Reason Code', `${reason}`),
            field('Authentication Details', 'Reason', NPS_REASONS[reason].text),
          ]
        : []),
      ...(kind === 'full-access' ? [field('Quarantine Information', 'Result', 'Full Access')] : []),
    ],
  }
}

const field = (group: string, name: string, value: string | number | undefined): EventField => ({
  group,
  name,
  value: value === undefined || value === '' ? '-' : `${value}`,
})

function accessFields(r: AccessRecord): readonly EventField[] {
  const { user, machine = {} } = r
  const details = 'Authentication Details'
  return [
    field('User', 'Security ID', user.sid ?? 'NULL SID'),
    field('User', 'Account Name', user.name),
    field('User', 'Account Domain', user.domain),
    field('User', 'Fully Qualified Account Name', user.fullyQualifiedName),
    field('Client Machine', 'Security ID', machine.sid ?? 'NULL SID'),
    field('Client Machine', 'Account Name', machine.name),
    field('Client Machine', 'Fully Qualified Account Name', machine.fullyQualifiedName),
    field('Client Machine', 'Called Station Identifier', r.calledStationId),
    field('Client Machine', 'Calling Station Identifier', r.callingStationId),
    field('NAS', 'NAS IPv4 Address', r.nasIpv4Address),
    field('NAS', 'NAS IPv6 Address', r.nasIpv6Address),
    field('NAS', 'NAS Identifier', r.nasIdentifier),
    field('NAS', 'NAS Port-Type', r.nasPortType),
    field('NAS', 'NAS Port', r.nasPort),
    field('RADIUS Client', 'Client Friendly Name', r.clientFriendlyName),
    field('RADIUS Client', 'Client IP Address', r.clientIpAddress),
    field(details, 'Connection Request Policy Name', r.connectionRequestPolicy),
    field(details, 'Network Policy Name', r.networkPolicy),
    field(details, 'Authentication Provider', r.authenticationProvider),
    field(details, 'Authentication Server', r.authenticationServer),
    field(details, 'Authentication Type', r.authenticationType),
    field(details, 'EAP Type', r.eapType),
    field(details, 'Account Session Identifier', r.accountSessionIdentifier),
    field(details, 'Logging Results', r.loggingResults),
  ]
}

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
