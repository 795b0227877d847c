/**
 * DHCP messages and options (RFC 2131 §2, RFC 2132). Options that nobody here knows survive a round trip.
 * Not a client or a server: `engine/dhcp-client.ts`, `engine/dhcp-server.ts`. `sname` and `file` hold options (overload) or nothing.
 */
import type { Ipv4 } from '../base/address.ts'
import { concat, fromUtf8, setU16, setU32, u32, utf8 } from '../base/bytes.ts'
import { decoder, type Reader } from './codec.ts'

export const DHCP_SERVER_PORT = 67
export const DHCP_CLIENT_PORT = 68

/** Option 53 (RFC 2132 §9.6). */
export const DhcpMessageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const

/** `DHCPOFFER`; `DHCP type 42` for what RFC 2132 does not know. */
export function dhcpTypeName(type: number | undefined): string {
  const name = Object.entries(DhcpMessageType).find(([, value]) => value === type)?.[0]
  return name === undefined ? `DHCP type ${type}` : `DHCP${name.toUpperCase()}`
}

/** Option codes (RFC 2132; 81 is RFC 4702). */
export const DhcpOptionCode = {
  subnetMask: 1,
  router: 3,
  domainNameServer: 6,
  hostName: 12,
  domainName: 15,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverIdentifier: 54,
  parameterRequestList: 55,
  renewalTime: 58,
  rebindingTime: 59,
  vendorClass: 60,
  clientIdentifier: 61,
  clientFqdn: 81,
} as const

export interface DhcpOption {
  readonly code: number
  readonly data: Uint8Array
}

export interface DhcpMessage {
  /** 1 BOOTREQUEST, 2 BOOTREPLY. */
  readonly op: number
  /** Relay agents that it has passed (RFC 1542 §4.1.1). */
  readonly hops: number
  readonly transaction: number
  /** Seconds since the client began. */
  readonly secs: number
  /** The client cannot take unicast before it has an address (RFC 2131 §4.1). */
  readonly broadcast: boolean
  /** ciaddr: the address that the client has and uses. */
  readonly clientAddress: Ipv4
  /** yiaddr: the address that the client gets. */
  readonly yourAddress: Ipv4
  /** siaddr: the next server of a boot; 0 here. */
  readonly nextServer: Ipv4
  /** giaddr. */
  readonly relayAddress: Ipv4
  /** chaddr: 1 … 16 bytes; Ethernet's six here. */
  readonly hardwareAddress: Uint8Array
  readonly options: readonly DhcpOption[]
}

const NO_ADDRESS = 0 as Ipv4
const ETHERNET = 1
const HEADER_BYTES = 236
/** What a relay agent writes into a message that it carries on: one byte, four bytes. */
export const HOPS_AT = 3
export const RELAY_ADDRESS_AT = 24
const SNAME_AT = 44
const FILE_AT = 108
const COOKIE = 0x63825363
/** BOOTP's size (RFC 951); relays and old clients drop less. */
const MESSAGE_BYTES_MIN = 300
const PAD = 0
const END = 255
const BROADCAST_FLAG = 0x8000

/** Options up to END or the end of the field. A code that comes again continues the one before (RFC 3396). */
function readOptions(r: Reader, end: number, into: Map<number, Uint8Array>): void {
  while (r.offset < end) {
    const code = r.u8('option code', 'RFC 2132 §2')
    if (code === PAD) continue
    if (code === END) {
      r.take(end - r.offset, 'padding', 'RFC 2132 §3.2')
      return
    }
    const length = r.u8('option length', 'RFC 2132 §2')
    if (r.offset + length > end) r.reject('truncated', `option ${code}`, 'RFC 2132 §2')
    const data = r.take(length, `option ${code}`, 'RFC 2132 §2').slice()
    const before = into.get(code)
    into.set(code, before === undefined ? data : concat(before, data))
  }
}

/** Lengths that RFC 2132 fixes: exact, or a multiple of four with at least one address. */
const EXACT_LENGTHS: Readonly<Record<number, number>> = {
  [DhcpOptionCode.subnetMask]: 4,
  [DhcpOptionCode.requestedAddress]: 4,
  [DhcpOptionCode.leaseTime]: 4,
  [DhcpOptionCode.overload]: 1,
  [DhcpOptionCode.messageType]: 1,
  [DhcpOptionCode.serverIdentifier]: 4,
  [DhcpOptionCode.renewalTime]: 4,
  [DhcpOptionCode.rebindingTime]: 4,
}
const ADDRESS_LISTS: readonly number[] = [DhcpOptionCode.router, DhcpOptionCode.domainNameServer]

function checkLengths(r: Reader, options: ReadonlyMap<number, Uint8Array>): void {
  for (const [code, { length }] of options) {
    const exact = EXACT_LENGTHS[code]
    const wrong = exact !== undefined && exact !== length
    const wrongList = ADDRESS_LISTS.includes(code) && (length === 0 || length % 4 !== 0)
    if (wrong || wrongList) r.reject('bad-value', `option ${code} length`, 'RFC 2132')
  }
}

function readMessage(r: Reader): DhcpMessage {
  const header = r.take(HEADER_BYTES, 'header', 'RFC 2131 §2')
  const hardwareLength = header[2]!
  if (hardwareLength < 1 || hardwareLength > 16) r.reject('bad-value', 'hlen', 'RFC 2131 §2')
  if (r.u32('magic cookie', 'RFC 2131 §3') !== COOKIE) {
    r.reject('bad-value', 'magic cookie', 'RFC 2131 §3')
  }
  const options = new Map<number, Uint8Array>()
  readOptions(r, r.bytes.length, options)
  const at = r.offset
  // Option 52 says which of the two fields hold options (RFC 2131 §4.1): first `file`, then `sname`.
  const overload = options.get(DhcpOptionCode.overload)?.[0] ?? 0
  for (const [bit, from, end] of [
    [1, FILE_AT, HEADER_BYTES],
    [2, SNAME_AT, FILE_AT],
  ] as const) {
    if ((overload & bit) === 0) continue
    r.offset = from
    readOptions(r, end, options)
  }
  r.offset = at
  checkLengths(r, options)
  return {
    op: header[0]!,
    hops: header[HOPS_AT]!,
    transaction: u32(header, 4),
    secs: (header[8]! << 8) | header[9]!,
    broadcast: (header[10]! & 0x80) !== 0,
    clientAddress: u32(header, 12) as Ipv4,
    yourAddress: u32(header, 16) as Ipv4,
    nextServer: u32(header, 20) as Ipv4,
    relayAddress: u32(header, RELAY_ADDRESS_AT) as Ipv4,
    hardwareAddress: header.slice(28, 28 + hardwareLength),
    options: [...options].map(([code, data]) => ({ code, data })),
  }
}

/** Read a message; options are copies. */
export const decodeDhcp = decoder<DhcpMessage>('dhcp', readMessage)

/** `max(300, 240 + options + 1)` bytes. Throws RangeError for an option above 255 bytes. */
export function encodeDhcp(message: DhcpMessage): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES + 4)
  header[0] = message.op
  header[1] = ETHERNET
  header[2] = message.hardwareAddress.length
  header[HOPS_AT] = message.hops
  setU32(header, 4, message.transaction)
  setU16(header, 8, message.secs)
  setU16(header, 10, message.broadcast ? BROADCAST_FLAG : 0)
  setU32(header, 12, message.clientAddress)
  setU32(header, 16, message.yourAddress)
  setU32(header, 20, message.nextServer)
  setU32(header, RELAY_ADDRESS_AT, message.relayAddress)
  header.set(message.hardwareAddress, 28)
  setU32(header, HEADER_BYTES, COOKIE)
  const options = message.options.map(({ code, data }) => {
    if (data.length > 255) throw new RangeError(`DHCP option ${code} has ${data.length} bytes`)
    return concat(Uint8Array.of(code, data.length), data)
  })
  const out = concat(header, ...options, Uint8Array.of(END))
  const padding = new Uint8Array(Math.max(0, MESSAGE_BYTES_MIN - out.length))
  return concat(out, padding)
}

/** A message with everything empty that `fields` does not give. */
export const dhcpMessage = (
  fields: Pick<DhcpMessage, 'op' | 'transaction' | 'hardwareAddress' | 'options'> &
    Partial<DhcpMessage>,
): DhcpMessage => ({
  hops: 0,
  secs: 0,
  broadcast: false,
  clientAddress: NO_ADDRESS,
  yourAddress: NO_ADDRESS,
  nextServer: NO_ADDRESS,
  relayAddress: NO_ADDRESS,
  ...fields,
})

// ── one option: reading ──

export const optionData = (m: DhcpMessage, code: number): Uint8Array | undefined =>
  m.options.find((option) => option.code === code)?.data

export const messageTypeOf = (m: DhcpMessage): number | undefined =>
  optionData(m, DhcpOptionCode.messageType)?.[0]

/** The addresses of an option that holds one or more; the decoder has checked its length. */
export function addressesIn(m: DhcpMessage, code: number): Ipv4[] {
  const data = optionData(m, code) ?? new Uint8Array()
  return Array.from({ length: data.length >>> 2 }, (_, i) => u32(data, 4 * i) as Ipv4)
}

export const addressIn = (m: DhcpMessage, code: number): Ipv4 | undefined => addressesIn(m, code)[0]

/** A time in seconds, or any other 32-bit number. */
export function numberIn(m: DhcpMessage, code: number): number | undefined {
  const data = optionData(m, code)
  return data === undefined ? undefined : u32(data, 0)
}

/** Text without the NUL that some servers append. */
export function textIn(m: DhcpMessage, code: number): string | undefined {
  const data = optionData(m, code)
  return data === undefined ? undefined : fromUtf8(data).replace(/\0+$/, '')
}

// ── one option: writing ──

export const messageTypeOption = (type: number): DhcpOption => ({
  code: DhcpOptionCode.messageType,
  data: Uint8Array.of(type),
})

export function numbersOption(code: number, ...numbers: readonly number[]): DhcpOption {
  const data = new Uint8Array(4 * numbers.length)
  for (const [i, number] of numbers.entries()) setU32(data, 4 * i, number)
  return { code, data }
}

export const textOption = (code: number, text: string): DhcpOption => ({ code, data: utf8(text) })
