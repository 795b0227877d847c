/**
 * What a forwarding RADIUS server changes between two neighbours: its own Proxy-State (RFC 2865 §5.33), and what is hidden with a secret that the next
 * hop does not share. Not choosing a server and not sending: the request that comes out of here goes to `client.ts`.
 */
import { concat, equalBytes } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'
import {
  hideUserPassword,
  rehideSalted,
  revealUserPassword,
  type Hop,
} from '../../crypto/radius-hiding.ts'
import {
  attribute,
  readVendorSpecific,
  vendorSpecific,
  type VendorAttribute,
} from '../../wire/radius/attributes.ts'
import { MICROSOFT_ATTRIBUTES, MICROSOFT_VENDOR } from '../../wire/radius/microsoft.ts'
import {
  RadiusAttributeType,
  type RadiusAttribute,
  type RadiusPacket,
} from '../../wire/radius/packet.ts'
import type { RadiusReply } from './server.ts'

/** What goes on: attributes without what belongs to this hop, and the password in clear for the next hop's hiding. */
export interface ForwardedRequest {
  readonly attributes: readonly RadiusAttribute[]
  readonly userPassword?: Uint8Array
}

/** What does not go on: a value that is hidden so that nobody can reveal it, or an answer that lost our mark. */
export type RadiusForwardError =
  | { readonly code: 'radius/hidden-malformed'; readonly attribute: string }
  | { readonly code: 'radius/proxy-state-lost' }

const isType =
  (...types: readonly number[]) =>
  (a: RadiusAttribute): boolean =>
    types.includes(a.type)

/**
 * `secret` is the client's. `proxyState` (1 … 253 bytes) tells us the answer's request again; it stands after those of others. A CHAP-Password
 * whose challenge is the Request Authenticator gets it as CHAP-Challenge, since the next hop's is another (RFC 2865 §2.2).
 */
export function forwardRequest(
  request: RadiusPacket,
  secret: string,
  proxyState: Uint8Array,
): Result<ForwardedRequest, RadiusForwardError> {
  const { userPassword: password, messageAuthenticator } = RadiusAttributeType
  const hidden = request.attributes.find(isType(password))
  const kept = request.attributes.filter((a) => !isType(password, messageAuthenticator)(a))
  const attributes = [
    ...kept,
    ...challengeOf(request),
    { type: RadiusAttributeType.proxyState, value: proxyState },
  ]
  if (hidden === undefined) return ok({ attributes })
  const userPassword = revealUserPassword(hidden.value, secret, request.authenticator)
  return userPassword === undefined
    ? err({ code: 'radius/hidden-malformed', attribute: 'User-Password' })
    : ok({ attributes, userPassword })
}

function challengeOf({ attributes, authenticator }: RadiusPacket): RadiusAttribute[] {
  const needs =
    attributes.some(isType(RadiusAttributeType.chapPassword)) &&
    !attributes.some(isType(RadiusAttributeType.chapChallenge))
  return needs ? [attribute('CHAP-Challenge', authenticator)] : []
}

/**
 * The answer as the client is to have it: `from` is the hop on which it came, `to` the client's. Without any Proxy-State, since `respond` copies the
 * client's own; keys are hidden anew with the salts that they had.
 */
export function returnReply(
  answer: RadiusPacket,
  proxyState: Uint8Array,
  from: Hop,
  to: Hop,
): Result<RadiusReply, RadiusForwardError> {
  const { proxyState: state, messageAuthenticator } = RadiusAttributeType
  const last = answer.attributes.findLast(isType(state))
  if (last === undefined || !equalBytes(last.value, proxyState)) {
    return err({ code: 'radius/proxy-state-lost' })
  }
  const attributes: RadiusAttribute[] = []
  for (const a of answer.attributes.filter((each) => !isType(state, messageAuthenticator)(each))) {
    const anew = rehidden(a, from, to)
    if (!anew.ok) return anew
    attributes.push(anew.value)
  }
  return ok({ code: answer.code, attributes })
}

const malformed = (name: string): Result<never, RadiusForwardError> =>
  err({ code: 'radius/hidden-malformed', attribute: name })

function rehidden(
  a: RadiusAttribute,
  from: Hop,
  to: Hop,
): Result<RadiusAttribute, RadiusForwardError> {
  switch (a.type) {
    case RadiusAttributeType.tunnelPassword: {
      const value = rehideSalted(a.value.subarray(1), from, to)
      if (value === undefined) return malformed('Tunnel-Password')
      // The first octet is the tag's place, whatever it holds.
      return ok({ type: a.type, value: concat(a.value.subarray(0, 1), value) })
    }
    case RadiusAttributeType.vendorSpecific:
      return rehiddenVendor(a, from, to)
    default:
      return ok(a)
  }
}

/** How Microsoft's attributes are hidden that hold keys: with a salt, or as User-Password is (RFC 2548 §2.4). */
const HIDDEN_KEYS: ReadonlyMap<
  number,
  'MS-MPPE-Send-Key' | 'MS-MPPE-Recv-Key' | 'MS-CHAP-MPPE-Keys'
> = new Map(
  (['MS-MPPE-Send-Key', 'MS-MPPE-Recv-Key', 'MS-CHAP-MPPE-Keys'] as const).map((name) => [
    MICROSOFT_ATTRIBUTES[name][0],
    name,
  ]),
)

function rehiddenVendor(
  a: RadiusAttribute,
  from: Hop,
  to: Hop,
): Result<RadiusAttribute, RadiusForwardError> {
  const inner = readVendorSpecific(a.value)
  if (!inner.some((each) => hiddenName(each) !== undefined)) return ok(a)
  const anew: RadiusAttribute[] = []
  for (const each of inner) {
    const name = hiddenName(each)
    const value = name === undefined ? each.value : rehiddenKey(name, each.value, from, to)
    if (value === undefined) return malformed(name!)
    anew.push({ type: each.type, value })
  }
  return ok(vendorSpecific(MICROSOFT_VENDOR, anew))
}

const hiddenName = ({ vendor, type }: VendorAttribute): string | undefined =>
  vendor === MICROSOFT_VENDOR ? HIDDEN_KEYS.get(type) : undefined

function rehiddenKey(name: string, value: Uint8Array, from: Hop, to: Hop): Uint8Array | undefined {
  if (name !== 'MS-CHAP-MPPE-Keys') return rehideSalted(value, from, to)
  const plain = revealUserPassword(value, from.secret, from.requestAuthenticator)
  if (plain === undefined) return undefined
  // 24 bytes of keys in 32: they may end in zeros, which revealing takes for filling, and hiding fills again.
  const whole = new Uint8Array(value.length)
  whole.set(plain)
  return hideUserPassword(whole, to.secret, to.requestAuthenticator)
}
