/**
 * The options of LCP (RFC 1661 §6) and of IPCP (RFC 1332 §3, RFC 1877), as far as they mean something here, and their values. Every other stays bytes.
 */
import { formatIpv4, type Ipv4 } from '../../base/address.ts'
import { setU32, toHex, u16, u32 } from '../../base/bytes.ts'
import type { PppOption } from './control.ts'
import { pppProtocolName } from './frame.ts'

/** LCP option types (RFC 1661 §6; 2: RFC 1662 §7.1; 13: RFC 1570 §2.3; 17, 19: RFC 1990 §5.1). */
export const LcpOption = {
  maximumReceiveUnit: 1,
  asyncControlCharacterMap: 2,
  authenticationProtocol: 3,
  magicNumber: 5,
  protocolFieldCompression: 7,
  addressAndControlFieldCompression: 8,
  callback: 13,
  multilinkMrru: 17,
  endpointDiscriminator: 19,
} as const

/** IPCP option types (RFC 1332 §3; from 129 on: RFC 1877 §1). NBNS is WINS. */
export const IpcpOption = {
  ipCompressionProtocol: 2,
  ipAddress: 3,
  primaryDns: 129,
  primaryNbns: 130,
  secondaryDns: 131,
  secondaryNbns: 132,
} as const

export const u16Option = (type: number, value: number): PppOption => ({
  type,
  data: Uint8Array.of(value >>> 8, value),
})

export function u32Option(type: number, value: number): PppOption {
  const data = new Uint8Array(4)
  setU32(data, 0, value)
  return { type, data }
}

/** Undefined: the option is of another length. */
export const u16Of = ({ data }: PppOption): number | undefined =>
  data.length === 2 ? u16(data, 0) : undefined
export const u32Of = ({ data }: PppOption): number | undefined =>
  data.length === 4 ? u32(data, 0) : undefined

/** The protocol of an Authentication-Protocol option; undefined: too short to have one. */
export const authenticationOf = ({ data }: PppOption): number | undefined =>
  data.length >= 2 ? u16(data, 0) : undefined

const LCP_NAMES: Readonly<Record<number, string>> = {
  1: 'MRU',
  2: 'ACCM',
  3: 'AUTH',
  5: 'MAGIC',
  7: 'PFC',
  8: 'ACFC',
  13: 'CALLBACK',
  17: 'MRRU',
  19: 'EPDISC',
}
const IPCP_NAMES: Readonly<Record<number, string>> = {
  2: 'COMP',
  3: 'ADDR',
  129: 'DNS1',
  130: 'NBNS1',
  131: 'DNS2',
  132: 'NBNS2',
}

/** `MRU 4091`, `AUTH EAP`, `PFC`; what is not read stays hexadecimal. */
export function describeLcpOption(option: PppOption): string {
  const name = LCP_NAMES[option.type] ?? `option ${option.type}`
  const mru = u16Of(option)
  if (option.type === LcpOption.maximumReceiveUnit && mru !== undefined) return `${name} ${mru}`
  const protocol = authenticationOf(option)
  if (option.type === LcpOption.authenticationProtocol && protocol !== undefined) {
    return `${name} ${pppProtocolName(protocol)}`
  }
  return withBytes(name, option.data)
}

/** `ADDR 10.20.100.7`, `DNS1 0.0.0.0`. */
export function describeIpcpOption(option: PppOption): string {
  const name = IPCP_NAMES[option.type]
  const address = u32Of(option)
  return name === undefined ||
    address === undefined ||
    option.type === IpcpOption.ipCompressionProtocol
    ? withBytes(name ?? `option ${option.type}`, option.data)
    : `${name} ${formatIpv4(address as Ipv4)}`
}

const withBytes = (name: string, data: Uint8Array): string =>
  data.length === 0 ? name : `${name} ${toHex(data)}`
