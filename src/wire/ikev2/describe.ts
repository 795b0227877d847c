/**
 * An IKE message in a few words, for people: exchange, request or response, message id, and its payloads by the notation of RFC 7296 §1.2.
 * Not what is encrypted, and no numbers of what is in the clear: any bytes are described, and what is malformed is said to be.
 */
import { formatWireError } from '../codec.ts'
import { decodeIke, IkeFlag, type IkeMessage } from './header.ts'
import { notifyName } from './notify-types.ts'
import { configTypeName, exchangeName, payloadTypeName, securityProtocolName } from './numbers.ts'
import { payloadTypeOf } from './payload-bodies.ts'
import { decodePayloads } from './payload-chain.ts'
import type { IkePayload } from './payloads.ts'

const VERSION_AT = 17
const EXCHANGE_AT = 18
const NAMES_MAX = 24

/**
 * `IKE_SA_INIT request: SA KE Ni N(NAT_DETECTION_SOURCE_IP) V×4`, `IKE_AUTH request #1: SK (fragment 2 of 3)`; the message id is left out
 * while it is 0. Undefined: too short to be IKE, or of neither version.
 */
export function describeIke(bytes: Uint8Array): string | undefined {
  const major = (bytes[VERSION_AT] ?? 0) >> 4
  const exchange = bytes[EXCHANGE_AT]
  if (exchange === undefined || (major !== 1 && major !== 2)) return undefined
  if (major === 1) return `IKEv1 exchange ${exchange}`
  const decoded = decodeIke(bytes)
  return decoded.ok
    ? `IKE ${describeMessage(decoded.value)}`
    : `IKE ${exchangeName(exchange)}, ${formatWireError(decoded.error)}`
}

function describeMessage(message: IkeMessage): string {
  const { exchange, flags, messageId, nextPayload } = message
  const isResponse = (flags & IkeFlag.response) !== 0
  const way = isResponse ? 'response' : 'request'
  const line = `${exchangeName(exchange)} ${way}${messageId === 0 ? '' : ` #${messageId}`}`
  const decoded = decodePayloads(nextPayload, message.payloads)
  if (!decoded.ok) return `${line}, ${formatWireError(decoded.error)}`
  const names = decoded.value.map((payload) => payloadName(payload, isResponse))
  return names.length === 0 ? line : `${line}: ${listed(counted(names))}`
}

/** A datagram has room for sixteen thousand payloads, a line has not. */
const listed = (names: readonly string[]): string =>
  names.length <= NAMES_MAX
    ? names.join(' ')
    : `${names.slice(0, NAMES_MAX).join(' ')} and ${names.length - NAMES_MAX} more`

/** `V×4` for four in a row. */
function counted(names: readonly string[]): readonly string[] {
  const runs: { readonly name: string; count: number }[] = []
  for (const name of names) {
    const last = runs.at(-1)
    if (last?.name === name) last.count++
    else runs.push({ name, count: 1 })
  }
  return runs.map(({ name, count }) => (count === 1 ? name : `${name}×${count}`))
}

/** `SA`, `Nr`, `N(COOKIE)`, `CP(CFG_REQUEST)`, `SK (fragment 1 of 3)`. A nonce's and nothing else's depends on whose message it is. */
export function payloadName(payload: IkePayload, isResponse: boolean): string {
  switch (payload.kind) {
    case 'nonce':
      return isResponse ? 'Nr' : 'Ni'
    case 'notify':
      return `N(${notifyName(payload.type)})`
    case 'delete':
      return `D(${securityProtocolName(payload.protocol)})`
    case 'configuration':
      return `CP(${configTypeName(payload.type)})`
    case 'fragment':
      return `SK (fragment ${payload.number} of ${payload.total})`
    default:
      return payloadTypeName(payloadTypeOf(payload))
  }
}
