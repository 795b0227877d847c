/**
 * A few words about what a UDP datagram or a TCP segment carries, by its port: DNS, DHCP, IKE, ESP in UDP, RADIUS, HTTP.
 * Not decoding for its own sake: a header that tells the kind is enough. Undefined: nothing known about these bytes.
 */
import { formatIpv4 } from '../base/address.ts'
import { fromUtf8 } from '../base/bytes.ts'
import { decodeDhcp, dhcpTypeName, messageTypeOf } from './dhcp.ts'
import { decodeMessage, type Message } from './dns/message.ts'
import { showName } from './dns/name.ts'
import { rcodeName, typeName } from './dns/registry.ts'
import { decodeEsp, kindOfNatT } from './esp.ts'
import { describeIke } from './ikev2/describe.ts'
import { NON_ESP_MARKER_BYTES } from './ikev2/header.ts'
import { describeRadiusPacket } from './radius/describe.ts'
import { decodeRadius } from './radius/packet.ts'

/** `port` is either end's; `esp` means that the bytes are an ESP packet. */
export function describeMessage(bytes: Uint8Array, port: number | 'esp'): string | undefined {
  switch (port) {
    case 'esp':
      return describeEsp(bytes)
    case 53:
      return describeDns(bytes)
    case 67:
    case 68:
      return describeDhcp(bytes)
    case 500:
      return describeIke(bytes)
    case 4500:
      return describeNatTraversal(bytes)
    case 1645:
    case 1646:
    case 1812:
    case 1813:
      return describeRadius(bytes)
    default:
      return undefined
  }
}

/** The beginning of a TCP stream's message, where a segment holds it. */
export function describeStream(bytes: Uint8Array, port: number): string | undefined {
  if (bytes.length === 0) return undefined
  if (port === 53) return bytes.length > 2 ? describeDns(bytes.subarray(2)) : undefined
  return describeHttp(bytes)
}

function describeDns(bytes: Uint8Array): string | undefined {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok) return undefined
  const message = decoded.value
  const [question] = message.question
  const asked =
    question === undefined ? '' : ` ${typeName(question.type)} ${showName(question.name)}`
  if (!message.response) return `DNS query${asked}`
  return `DNS${asked} ${answerWords(message)}`
}

function answerWords(message: Message): string {
  const rcode = rcodeName(message.rcode)
  const cut = message.truncated ? ', truncated' : ''
  const count = message.answer.length
  const records =
    message.rcode === 0 || count > 0 ? `, ${count} record${count === 1 ? '' : 's'}` : ''
  return `${rcode}${records}${cut}`
}

/** With the address that the server gives, where it gives one. */
function describeDhcp(bytes: Uint8Array): string | undefined {
  const decoded = decodeDhcp(bytes)
  if (!decoded.ok) return undefined
  const { yourAddress } = decoded.value
  const given = yourAddress === 0 ? '' : ` ${formatIpv4(yourAddress)}`
  return `${dhcpTypeName(messageTypeOf(decoded.value))}${given}`
}

/** RFC 3948 §2. */
function describeNatTraversal(bytes: Uint8Array): string | undefined {
  switch (kindOfNatT(bytes)) {
    case 'keepalive':
      return 'NAT-keepalive'
    case 'ike':
      return describeIke(bytes.subarray(NON_ESP_MARKER_BYTES))
    case 'esp':
      return describeEsp(bytes)
    case 'malformed':
      return undefined
  }
}

function describeEsp(bytes: Uint8Array): string | undefined {
  const esp = decodeEsp(bytes)
  if (!esp.ok) return undefined
  return `ESP SPI 0x${esp.value.spi.toString(16).padStart(8, '0')} seq ${esp.value.sequence}`
}

function describeRadius(bytes: Uint8Array): string | undefined {
  const decoded = decodeRadius(bytes)
  return decoded.ok ? `RADIUS ${describeRadiusPacket(decoded.value)}` : undefined
}

const HTTP_LINE_MAX = 100

/** A request or status line (RFC 9112 §3, §4), without the version. */
function describeHttp(bytes: Uint8Array): string | undefined {
  const [line] = fromUtf8(bytes.subarray(0, HTTP_LINE_MAX)).split('\r\n')
  const request = /^([A-Z]+ [\x21-\x7e]+) HTTP\/1\.[01]$/.exec(line!)
  const status = /^HTTP\/1\.[01] (\d{3}[\x20-\x7e]*)$/.exec(line!)
  const said = request?.[1] ?? status?.[1]
  return said === undefined ? undefined : `HTTP ${said}`
}
