/**
 * NPS's books: the event log, the accounting log, and the decisions behind them. Written once a request is done with.
 * Not the decisions themselves. Both logs outlive the service, as files do. What a full disk does is told here, too: a server that cannot write may have to be silent.
 */
import { formatIpv4, type Ipv4 } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import { seconds, type Instant } from '../../base/time.ts'
import type { Host } from '../../net/sockets.ts'
import type { NpsAccountingSpec, NpsSpec, RadiusClientSpec } from '../../topology/nps.ts'
import type { Assumptions } from '../../windows/assumptions.ts'
import { NPS_REASONS } from '../../windows/nps/reasons.ts'
import {
  securityEvents,
  type AccessRecord,
  type OpenRecord,
  type WindowsEvent,
} from '../../windows/nps/events.ts'
import {
  LOGGED_AUTHENTICATION_TYPES,
  logLine,
  type LoggedValue,
  type LogRecord,
} from '../../windows/nps/ias-log.ts'
import {
  discardEvents,
  discardReason,
  systemEvent,
  type DiscardCause,
} from '../../windows/nps/system-events.ts'
import { attributeValue } from '../../wire/radius/attributes.ts'
import type { AttributeName } from '../../wire/radius/dictionary.ts'
import { valueName } from '../../wire/radius/named-values.ts'
import type { RadiusPacket } from '../../wire/radius/packet.ts'
import type { NpsDecision } from './decision.ts'
import { ipv4Text } from './facts.ts'

/** Lines that are kept at least; a file on a disk has room for more. */
const LINES_MAX = 1024
/** Decisions that are kept at least. */
const DECISIONS_MAX = 1024
/**
 * OWN: packets thrown away that are told one by one in a second; of more their count is told, once that second is over. A flood of garbage would
 * push everything else out of the log, and keep the server from those whom it knows.
 */
const DISCARDS_TOLD_MAX = 256
const SECOND = seconds(1)

export class NpsBook {
  readonly #host: Host
  readonly #computerName: string
  readonly #spec: () => NpsSpec
  readonly #assume: () => Assumptions
  #discardsSince: Instant | undefined
  #discards = 0
  readonly #lines: (() => string | undefined)[] = []
  readonly decisions: NpsDecision[] = []

  constructor(
    host: Host,
    of: {
      readonly computerName: string
      readonly spec: () => NpsSpec
      readonly assume: () => Assumptions
    },
  ) {
    this.#host = host
    this.#computerName = of.computerName
    this.#spec = of.spec
    this.#assume = of.assume
  }

  /** Of the accounting log, oldest first. A line is worded when it is first read: most never are, and a server writes two for every request. */
  get lines(): readonly string[] {
    return this.#lines.flatMap((line) => line() ?? [])
  }

  /** The disk is full, and a server that cannot write its log answers nobody. */
  get isStuck(): boolean {
    const { diskFree, format, discardsWhenLoggingFails = true } = this.#accounting
    return diskFree === 0 && format !== 'none' && discardsWhenLoggingFails
  }

  get #accounting(): NpsAccountingSpec {
    return this.#spec().accounting ?? {}
  }

  event(event: WindowsEvent): void {
    this.#host.log(event.source, event.text, event.id, event.fields)
  }

  /** A packet that was thrown away; `recordOf` is asked where it is told. */
  discard(cause: DiscardCause, recordOf: () => AccessRecord): void {
    if (!this.#tellsDiscard()) return
    const record = recordOf()
    const { audit } = this.#spec()
    const settings = { assume: this.#assume(), ...(audit !== undefined && { audit }) }
    const reason = discardReason(cause)
    if (reason !== undefined) keep(this.decisions, discarded(reason, record), DECISIONS_MAX)
    for (const event of discardEvents(cause, record, settings)) this.event(event)
  }

  #tellsDiscard(): boolean {
    const { now } = this.#host
    if (this.#discardsSince === undefined || now - this.#discardsSince >= SECOND) {
      const untold = this.#discards - DISCARDS_TOLD_MAX
      if (untold > 0) this.#host.log('NPS', `${untold} more packets were thrown away`)
      this.#discardsSince = now
      this.#discards = 0
    }
    this.#discards += 1
    return this.#discards <= DISCARDS_TOLD_MAX
  }

  system(id: Parameters<typeof systemEvent>[0], about: Readonly<Record<string, string>>): void {
    this.event(systemEvent(id, this.#host.wallClock, about))
  }

  /** A request that was decided: the events, and the line of its answer. */
  decide(decision: NpsDecision, packet: RadiusPacket): void {
    keep(this.decisions, decision, DECISIONS_MAX)
    const { result, reason, record } = decision
    const { audit } = this.#spec()
    const settings = { assume: this.#assume(), ...(audit !== undefined && { audit }) }
    const verdict = result === 'granted' ? { result } : { result, reason }
    for (const event of securityEvents(verdict, record, settings)) this.event(event)
    if (result === 'discarded') return
    const values: Partial<Record<LoggedValue, string | number>> = { 'Reason-Code': reason }
    if (record.networkPolicy !== undefined) values['Policy-Name'] = record.networkPolicy
    if (record.eapType !== undefined) values['EAP-Friendly-Name'] = record.eapType
    this.#write(result === 'granted' ? 2 : 3, { packet, record, values })
  }

  /** A request as it came: Access-Request (1) or Accounting-Request (4). */
  request(packetType: 1 | 4, packet: RadiusPacket, record: AccessRecord): void {
    this.#write(packetType, { packet, record, values: {} })
  }

  #write(
    packetType: LogRecord['packetType'],
    {
      packet,
      record,
      values,
    }: {
      readonly packet: RadiusPacket
      readonly record: AccessRecord
      readonly values: LogRecord['values']
    },
  ): void {
    const { format, diskFree } = this.#accounting
    if (diskFree === 0 || format === 'none') return
    const { connectionRequestPolicy, user } = record
    const at = this.#host.wallClock
    const word = (): string | undefined =>
      logLine(
        {
          at,
          computerName: this.#computerName,
          packetType,
          ...(user.name !== undefined && { samAccountName: accountText(user) }),
          values: {
            ...loggedValues(packet, record),
            ...(connectionRequestPolicy !== undefined && {
              'Proxy-Policy-Name': connectionRequestPolicy,
            }),
            ...values,
          },
        },
        format,
      )
    let line: string | undefined
    keep(this.#lines, () => (line ??= word()), LINES_MAX)
  }
}

const discarded = (reason: NpsDecision['reason'], record: AccessRecord): NpsDecision => ({
  at: record.at,
  result: 'discarded',
  reason,
  record,
  why: [NPS_REASONS[reason].text],
  trail: [],
  attributes: [],
  isResumed: false,
  restsOn: [],
})

function keep<T>(list: T[], entry: T, most: number): void {
  list.push(entry)
  // Many at once: to move a long list at every entry would cost more than the entry.
  if (list.length >= most + most / 4) list.splice(0, list.length - most)
}

const accountText = ({ domain, name }: AccessRecord['user']): string =>
  domain === undefined ? name! : `${domain}\\${name}`

/** Attributes of a packet that the log has a column for, by the column. */
const LOGGED: readonly (readonly [AttributeName, LoggedValue])[] = [
  ['User-Name', 'User-Name'],
  ['Called-Station-Id', 'Called-Station-ID'],
  ['Calling-Station-Id', 'Calling-Station-ID'],
  ['NAS-Identifier', 'NAS-Identifier'],
  ['NAS-Port', 'NAS-Port'],
  ['NAS-Port-Type', 'NAS-Port-Type'],
  ['Connect-Info', 'Connect-Info'],
  ['Framed-Protocol', 'Framed-Protocol'],
  ['Service-Type', 'Service-Type'],
  ['Acct-Status-Type', 'Acct-Status-Type'],
  ['Acct-Delay-Time', 'Acct-Delay-Time'],
  ['Acct-Input-Octets', 'Acct-Input-Octets'],
  ['Acct-Output-Octets', 'Acct-Output-Octets'],
  ['Acct-Session-Id', 'Acct-Session-Id'],
  ['Acct-Authentic', 'Acct-Authentic'],
  ['Acct-Session-Time', 'Acct-Session-Time'],
  ['Acct-Input-Packets', 'Acct-Input-Packets'],
  ['Acct-Output-Packets', 'Acct-Output-Packets'],
  ['Acct-Terminate-Cause', 'Acct-Terminate-Cause'],
  ['MS-RAS-Version', 'MS-RAS-Version'],
  ['MS-RAS-Vendor', 'MS-RAS-Vendor'],
  ['MS-RAS-Client-Name', 'MS-RAS-Client-Name'],
  ['MS-RAS-Client-Version', 'MS-RAS-Client-Version'],
]

function loggedValues({ attributes }: RadiusPacket, record: AccessRecord): LogRecord['values'] {
  const values: Partial<Record<LoggedValue, string | number>> = {}
  for (const [name, column] of LOGGED) {
    const value = attributeValue(attributes, name)
    if (typeof value === 'string' || typeof value === 'number') values[column] = value
  }
  for (const [name, column] of [
    ['NAS-IP-Address', 'NAS-IP-Address'],
    ['Framed-IP-Address', 'Framed-IP-Address'],
  ] as const) {
    const address = ipv4Text(attributeValue(attributes, name))
    if (address !== undefined) values[column] = address
  }
  const told = attributeValue(attributes, 'Class')
  if (told !== undefined) values.Class = toHex(told)
  const type = record.authenticationType?.toLowerCase().replace('chapv2', 'chap-v2')
  if (type !== undefined && Object.hasOwn(LOGGED_AUTHENTICATION_TYPES, type)) {
    values['Authentication-Type'] =
      LOGGED_AUTHENTICATION_TYPES[type as keyof typeof LOGGED_AUTHENTICATION_TYPES]
  }
  if (record.clientIpAddress !== undefined) values['Client-IP-Address'] = record.clientIpAddress
  if (record.clientFriendlyName !== undefined) {
    values['Client-Friendly-Name'] = record.clientFriendlyName
  }
  return values
}

/** What is known of a request before anybody has looked who asks. */
export function recordOf(
  { attributes }: RadiusPacket,
  at: AccessRecord['at'],
  {
    from,
    client,
    server,
  }: {
    readonly from: Ipv4
    readonly client?: RadiusClientSpec
    readonly server: string
  },
): AccessRecord {
  const name = attributeValue(attributes, 'User-Name')
  const record: OpenRecord = {
    at,
    user: name === undefined ? {} : { name },
    clientIpAddress: formatIpv4(from),
    authenticationServer: server,
  }
  // One by one: every request has a record, and to leave members out of an object made whole costs many times more.
  const calledStationId = attributeValue(attributes, 'Called-Station-Id')
  if (calledStationId !== undefined) record.calledStationId = calledStationId
  const callingStationId = attributeValue(attributes, 'Calling-Station-Id')
  if (callingStationId !== undefined) record.callingStationId = callingStationId
  const nasIpv4Address = ipv4Text(attributeValue(attributes, 'NAS-IP-Address'))
  if (nasIpv4Address !== undefined) record.nasIpv4Address = nasIpv4Address
  const nasIdentifier = attributeValue(attributes, 'NAS-Identifier')
  if (nasIdentifier !== undefined) record.nasIdentifier = nasIdentifier
  const portType = attributeValue(attributes, 'NAS-Port-Type')
  if (portType !== undefined) record.nasPortType = valueName('NAS-Port-Type', portType)
  const nasPort = attributeValue(attributes, 'NAS-Port')
  if (nasPort !== undefined) record.nasPort = nasPort
  if (client !== undefined) record.clientFriendlyName = client.name
  const session = attributeValue(attributes, 'Acct-Session-Id')
  if (session !== undefined) record.accountSessionIdentifier = session
  return record
}
