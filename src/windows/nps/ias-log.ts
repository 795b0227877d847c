/**
 * NPS's log file (`IN2603.log`), a line an event: DTS (XML, the default), ODBC (66 columns that databases import) and the old IAS format
 * (pairs of number and value). From plain values, not from packets. There is no column for a password or a key, so none is written.
 *
 * Columns: Microsoft, "Interpret NPS Database Format Log Files" (cc771748) and the troubleshooting page of Always On VPN. Numbers: RFC 2865
 * and sdoias.h (ATTRIBUTEID).
 */
import { formatInstant, type Instant } from '../../base/time.ts'
import type { AuthenticationType, NpsAccountingSpec } from '../../topology/nps.ts'

/** How DTS types a value: a number, text, bytes in hexadecimal, an address, a time. */
type Kind = 'number' | 'text' | 'bytes' | 'address' | 'time'

interface Column {
  /** Number in the IAS format. */
  readonly id: number
  readonly kind: Kind
  /** Name of the element in DTS, where it differs from the column's. */
  readonly dts?: string
}

const column = (id: number, kind: Kind = 'number', dts?: string): Column => ({
  id,
  kind,
  ...(dts !== undefined && { dts }),
})

/** The columns of ODBC behind the first five, in their order: name by name what a record may say. */
const COLUMNS = {
  'User-Name': column(1, 'text'),
  // Spelled so by Windows.
  'Fully-Qualified-Distinguished-Name': column(4130, 'text', 'Fully-Qualifed-User-Name'),
  'Called-Station-ID': column(30, 'text', 'Called-Station-Id'),
  'Calling-Station-ID': column(31, 'text', 'Calling-Station-Id'),
  'Callback-Number': column(19, 'text'),
  'Framed-IP-Address': column(8, 'address'),
  'NAS-Identifier': column(32, 'text'),
  'NAS-IP-Address': column(4, 'address'),
  'NAS-Port': column(5),
  'Client-Vendor': column(4116),
  'Client-IP-Address': column(4108, 'address'),
  'Client-Friendly-Name': column(4128, 'text'),
  'Event-Timestamp': column(55, 'time'),
  'Port-Limit': column(62),
  'NAS-Port-Type': column(61),
  'Connect-Info': column(77, 'text'),
  'Framed-Protocol': column(7),
  'Service-Type': column(6),
  'Authentication-Type': column(4127),
  'Policy-Name': column(4149, 'text', 'NP-Policy-Name'),
  'Reason-Code': column(4142),
  Class: column(25, 'text'),
  'Session-Timeout': column(27),
  'Idle-Timeout': column(28),
  'Termination-Action': column(29),
  'EAP-Friendly-Name': column(4132, 'text'),
  'Acct-Status-Type': column(40),
  'Acct-Delay-Time': column(41),
  'Acct-Input-Octets': column(42),
  'Acct-Output-Octets': column(43),
  'Acct-Session-Id': column(44, 'text'),
  'Acct-Authentic': column(45),
  'Acct-Session-Time': column(46),
  'Acct-Input-Packets': column(47),
  'Acct-Output-Packets': column(48),
  'Acct-Terminate-Cause': column(49),
  'Acct-Multi-Ssn-ID': column(50, 'text', 'Acct-Multi-Session-Id'),
  'Acct-Link-Count': column(51),
  'Acct-Interim-Interval': column(85),
  'Tunnel-Type': column(64),
  'Tunnel-Medium-Type': column(65),
  'Tunnel-Client-Endpt': column(66, 'text'),
  'Tunnel-Server-Endpt': column(67, 'text'),
  'Acct-Tunnel-Conn': column(68, 'text'),
  'Tunnel-Pvt-Group-ID': column(81, 'text'),
  'Tunnel-Assignment-ID': column(82, 'text'),
  'Tunnel-Preference': column(83),
  'MS-Acct-Auth-Type': column(4134),
  'MS-Acct-EAP-Type': column(4135),
  'MS-RAS-Version': column(4148, 'text'),
  'MS-RAS-Vendor': column(4147),
  'MS-CHAP-Error': column(4121, 'bytes'),
  'MS-CHAP-Domain': column(4120, 'bytes'),
  'MS-MPPE-Encryption-Types': column(0xffff_ffa6),
  'MS-MPPE-Encryption-Policy': column(0xffff_ffa7),
  'Proxy-Policy-Name': column(4154, 'text'),
  'Provider-Type': column(4155),
  'Provider-Name': column(4156, 'text'),
  'Remote-Server-Address': column(4157, 'address'),
  'MS-RAS-Client-Name': column(4159, 'text'),
  'MS-RAS-Client-Version': column(4160, 'text'),
} as const satisfies Readonly<Record<string, Column>>

export type LoggedValue = keyof typeof COLUMNS

/** Values of Authentication-Type (AUTHENTICATION_TYPE of sdoias.h). */
export const LOGGED_AUTHENTICATION_TYPES: Readonly<Record<AuthenticationType | 'peap', number>> = {
  pap: 1,
  chap: 2,
  'ms-chap': 3,
  'ms-chap-v2': 4,
  eap: 5,
  unauthenticated: 7,
  peap: 11,
}

const NAMES = Object.keys(COLUMNS) as readonly LoggedValue[]

/** The header that people put above the file: 66 columns. */
export const ODBC_COLUMNS: readonly string[] = [
  'ComputerName',
  'ServiceName',
  'Record-Date',
  'Record-Time',
  'Packet-Type',
  ...NAMES,
]

export interface LogRecord {
  /** On the server's clock. */
  readonly at: Instant
  /** `NPS1`. */
  readonly computerName: string
  /** RADIUS code: 1 request, 2 accept, 3 reject, 4 accounting, 5 its answer, 11 challenge. */
  readonly packetType: 1 | 2 | 3 | 4 | 5 | 11
  /** DOMAIN\account; only DTS and IAS have it. */
  readonly samAccountName?: string
  /** Times as {@link formatLogTime} has them, bytes as hexadecimal digits. */
  readonly values: Readonly<Partial<Record<LoggedValue, string | number>>>
}

/** One line, without its end. `none`: undefined, there is no file. */
export function logLine(
  record: LogRecord,
  format: NonNullable<NpsAccountingSpec['format']> = 'dts',
): string | undefined {
  switch (format) {
    case 'dts':
      return dtsLine(record)
    case 'odbc':
      return odbcLine(record)
    case 'ias':
      return iasLine(record)
    case 'none':
      return undefined
  }
}

/** `IN2603.log`: a file a month. */
export const logFileName = (at: Instant): string => {
  const [year, month] = formatInstant(at).split('-')
  return `IN${year!.slice(2)}${month}.log`
}

/** `03/02/2026 08:00:00`. */
export function formatLogTime(at: Instant): string {
  const text = formatInstant(at)
  return `${dateIn(text)} ${text.slice(11, 19)}`
}

const dateOf = (at: Instant): string => dateIn(formatInstant(at))

/** `2026-03-02T…` as `03/02/2026`. */
const dateIn = (text: string): string =>
  `${text.slice(5, 7)}/${text.slice(8, 10)}/${text.slice(0, 4)}`

const timeOf = (at: Instant): string => formatInstant(at).slice(11, 19)

const DTS_TYPES: Readonly<Record<Kind, number>> = {
  number: 0,
  text: 1,
  bytes: 2,
  address: 3,
  time: 4,
}

const dtsElement = (name: string, kind: Kind, value: string | number): string =>
  `<${name} data_type="${DTS_TYPES[kind]}">${escapeXml(`${value}`)}</${name}>`

/** The columns as elements, in order; Reason-Code stands last of all. */
const DTS_COLUMNS = NAMES.filter((name) => name !== 'Reason-Code').map((name) => {
  const { kind, dts = name }: Column = COLUMNS[name]
  return { name, kind, dts }
})

function dtsLine({ at, computerName, packetType, samAccountName, values }: LogRecord): string {
  const milliseconds = String(Math.floor((((at % 1e6) + 1e6) % 1e6) / 1e3)).padStart(3, '0')
  const { 'Reason-Code': reason = 0 } = values
  // A server writes two of these for every request: one text grows, and no lists are made.
  let line =
    '<Event>' +
    dtsElement('Timestamp', 'time', `${formatLogTime(at)}.${milliseconds}`) +
    dtsElement('Computer-Name', 'text', computerName) +
    dtsElement('Event-Source', 'text', 'IAS')
  for (const { name, kind, dts } of DTS_COLUMNS) {
    const value = values[name]
    if (value !== undefined) line += dtsElement(dts, kind, value)
  }
  if (samAccountName !== undefined) line += dtsElement('SAM-Account-Name', 'text', samAccountName)
  return `${line}${dtsElement('Packet-Type', 'number', packetType)}${dtsElement('Reason-Code', 'number', reason)}</Event>`
}

/** Letters, digits and signs that mean nothing in XML: most values are nothing else. */
const PLAIN = /^[\x20-\x25\x27-\x3b\x3d\x3f-\x7e]*$/

/** Characters that XML 1.0 cannot hold at all become `?`: they are a peer's. */
const escapeXml = (text: string): string => (PLAIN.test(text) ? text : escaped(text))

const escaped = (text: string): string =>
  text
    .replace(/(?![\t\n\r])[\p{Cc}\p{Surrogate}\ufffe\uffff]/gu, '?')
    .replace(/[\r\n]+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')

function odbcLine({ at, computerName, packetType, values }: LogRecord): string {
  return [
    quoted(computerName),
    '"IAS"',
    dateOf(at),
    timeOf(at),
    `${packetType}`,
    ...NAMES.map((name) => {
      const value = values[name]
      if (value === undefined) return ''
      const { kind }: Column = COLUMNS[name]
      return kind === 'number' || kind === 'time' ? plain(value) : quoted(`${value}`)
    }),
  ].join(',')
}

/** A quotation mark is doubled, and a line stays a line. */
const quoted = (text: string): string => `"${plain(text).replace(/"/g, '""')}"`

const plain = (value: string | number): string => `${value}`.replace(/[\r\n]+/g, ' ')

/** What stands in front of the pairs, and is not repeated among them. */
const IAS_HEADER: readonly LoggedValue[] = ['NAS-IP-Address', 'User-Name']

const SAM_ACCOUNT_NAME = 4129
const PACKET_TYPE = 4136

function iasLine({ at, computerName, packetType, samAccountName, values }: LogRecord): string {
  const pairs = NAMES.filter((name) => !IAS_HEADER.includes(name)).flatMap((name) => {
    const value = values[name]
    return value === undefined || name === 'Reason-Code'
      ? []
      : [COLUMNS[name].id, iasValue(`${value}`)]
  })
  return [
    ...IAS_HEADER.map((name) => iasValue(`${values[name] ?? ''}`)),
    dateOf(at),
    timeOf(at),
    'IAS',
    computerName,
    ...pairs,
    ...(samAccountName === undefined ? [] : [SAM_ACCOUNT_NAME, iasValue(samAccountName)]),
    PACKET_TYPE,
    packetType,
    COLUMNS['Reason-Code'].id,
    values['Reason-Code'] ?? 0,
  ].join(',')
}

/** What cannot be printed, or has a comma, is written in hexadecimal (cc785145). */
const iasValue = (text: string): string =>
  /^[\x20-\x2b\x2d-\x7e]*$/.test(text) ? text : `0x${Buffer.from(text, 'utf8').toString('hex')}`
