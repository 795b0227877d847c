/**
 * Messages in words for reports: `['SA', 'KE', 'Ni', 'N(COOKIE)']`, by the notation of RFC 7296 §1.2. Not the numbers' own names: `wire/ikev2`.
 */
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { notifyName } from '../../wire/ikev2/notify-types.ts'
import { configTypeName, payloadTypeName, securityProtocolName } from '../../wire/ikev2/numbers.ts'
import type { IkePayload } from '../../wire/ikev2/payloads.ts'
import type { ExchangeName } from './report.ts'

const EXCHANGES = new Map<number, ExchangeName>([
  [IkeExchange.saInit, 'IKE_SA_INIT'],
  [IkeExchange.auth, 'IKE_AUTH'],
  [IkeExchange.createChildSa, 'CREATE_CHILD_SA'],
  [IkeExchange.informational, 'INFORMATIONAL'],
])

/** Undefined: none that this engine speaks. */
export const exchangeName = (exchange: number): ExchangeName | undefined => EXCHANGES.get(exchange)

export const payloadNames = (
  payloads: readonly IkePayload[],
  isResponse: boolean,
): readonly string[] => payloads.map((each) => payloadName(each, isResponse))

function payloadName(payload: IkePayload, isResponse: boolean): string {
  switch (payload.kind) {
    case 'sa':
      return 'SA'
    case 'ke':
      return 'KE'
    case 'nonce':
      return isResponse ? 'Nr' : 'Ni'
    case 'id':
      return payload.role === 'initiator' ? 'IDi' : 'IDr'
    case 'cert':
      return 'CERT'
    case 'certreq':
      return 'CERTREQ'
    case 'auth':
      return 'AUTH'
    case 'notify':
      return `N(${notifyName(payload.type)})`
    case 'delete':
      return `D(${securityProtocolName(payload.protocol)})`
    case 'vendor-id':
      return 'V'
    case 'ts':
      return payload.role === 'initiator' ? 'TSi' : 'TSr'
    case 'configuration':
      return `CP(${configTypeName(payload.type)})`
    case 'eap':
      return 'EAP'
    case 'encrypted':
      return 'SK'
    case 'fragment':
      return 'SKF'
    case 'unknown':
      return payloadTypeName(payload.type)
  }
}
