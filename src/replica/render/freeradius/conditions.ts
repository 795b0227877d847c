/**
 * Conditions and constraints of NPS policies as conditions of unlang, FreeRADIUS's policy language.
 * Not the policies: `policies.ts` puts them in order. Clock, groups and account are attributes that `site.ts` has set by then.
 */
import { WEEKDAYS, type AuthenticationType, type NpsConditions } from '../../../topology/nps.ts'
import type { WeeklyHours } from '../../../topology/nps.ts'
import { all, any, word } from './text.ts'

/** What carries each kind of credentials in an Access-Request. */
export const CREDENTIALS: Readonly<Record<Exclude<AuthenticationType, 'unauthenticated'>, string>> =
  {
    pap: '&User-Password',
    chap: '&CHAP-Password',
    'ms-chap': '&MS-CHAP-Response',
    'ms-chap-v2': '&MS-CHAP2-Response',
    eap: '&EAP-Message',
  }

/** Attributes that patterns look at. */
const PATTERNS = {
  userName: '%{User-Name}',
  nasIdentifier: '%{NAS-Identifier}',
  nasIpv4Address: '%{NAS-IP-Address}',
  nasIpv6Address: '%{NAS-IPv6-Address}',
  clientFriendlyName: '%{client:friendly_name}',
  clientIpv4Address: '%{Packet-Src-IP-Address}',
  clientIpv6Address: '%{Packet-Src-IPv6-Address}',
  calledStationId: '%{Called-Station-Id}',
  callingStationId: '%{Calling-Station-Id}',
  msRasVendor: '%{MS-RAS-Vendor}',
} as const

const NUMBERS = {
  nasPortType: 'NAS-Port-Type',
  framedProtocol: 'Framed-Protocol',
  serviceType: 'Service-Type',
  tunnelType: 'Tunnel-Type',
} as const

export interface RenderedCondition {
  readonly text: string
  /** Names of the conditions that FreeRADIUS cannot be asked. */
  readonly unknown: readonly string[]
}

const isGiven = <T>(value: T | undefined): value is T => value !== undefined

/** All conditions of a policy as one. */
export function conditionText(conditions: NpsConditions = {}): RenderedCondition {
  const { allowedEapTypes, locationGroups, ...known } = conditions
  const unknown = Object.entries({ allowedEapTypes, locationGroups })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
  const patterns = Object.entries(PATTERNS).flatMap(([name, attribute]) => {
    const pattern = known[name as keyof typeof PATTERNS]
    return pattern === undefined ? [] : [patternText(attribute, pattern)]
  })
  const numbers = Object.entries(NUMBERS).flatMap(([name, attribute]) => {
    const values = known[name as keyof typeof NUMBERS]
    return values === undefined ? [] : [numberText(attribute, values)]
  })
  const others = [
    groupsText(known.windowsGroups),
    groupsText(known.userGroups, 'user'),
    groupsText(known.machineGroups, 'computer'),
    known.dayAndTime && hoursText(known.dayAndTime),
    known.clientVendor && `"%{client:vendor}" == ${word(known.clientVendor)}`,
    known.authenticationType && any(known.authenticationType.map(credentialText)),
  ]
  return { text: all([...others.filter(isGiven), ...numbers, ...patterns]), unknown }
}

const credentialText = (type: AuthenticationType): string =>
  type === 'unauthenticated'
    ? all(Object.values(CREDENTIALS).map((attribute) => `!${attribute}`))
    : CREDENTIALS[type]

function groupsText(
  groups: readonly string[] | undefined,
  kind?: 'user' | 'computer',
): string | undefined {
  if (groups === undefined) return undefined
  const member = any(
    groups.map((group) => `&control:Sallyport-Group[*] == ${word(group.toLowerCase())}`),
  )
  return kind === undefined ? member : all([`&control:Sallyport-Kind == ${word(kind)}`, member])
}

/** NPS's patterns look anywhere, without case. A slash would end the expression. */
export const patternText = (attribute: string, pattern: string): string =>
  `"${attribute}" =~ /${pattern.replace(/\//g, '\\/')}/i`

export const numberText = (attribute: string, values: readonly number[]): string =>
  any(values.map((value) => `&${attribute} == ${value}`))

/** Whether it is one of those hours of the week, UTC. */
export const hoursText = (hours: readonly WeeklyHours[]): string =>
  any(
    hours.map(({ days = WEEKDAYS, from = '00:00', to = '24:00' }) =>
      all([
        any(days.map((day) => `&control:Sallyport-Weekday == ${WEEKDAYS.indexOf(day)}`)),
        `&control:Sallyport-Minute >= ${minuteOf(from)}`,
        `&control:Sallyport-Minute < ${minuteOf(to)}`,
      ]),
    ),
  )

function minuteOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  return hour * 60 + minute
}
