/** Payloads of every kind for property tests, with the bits that are mostly zero now and then set. */
import * as fc from 'fast-check'
import type { Ipv4 } from '../../../src/base/address.ts'
import type { ConfigurationAttribute } from '../../../src/wire/ikev2/configuration.ts'
import type { IkePayload } from '../../../src/wire/ikev2/payloads.ts'
import type {
  IkeProposal,
  IkeTransform,
  TransformAttribute,
} from '../../../src/wire/ikev2/security-association.ts'
import type { TrafficSelector } from '../../../src/wire/ikev2/traffic-selectors.ts'

const u8 = fc.nat(0xff)
const u15 = fc.nat(0x7fff)
const u16 = fc.nat(0xffff)
const bytes = fc.uint8Array({ maxLength: 40 })
const role = fc.constantFrom('initiator' as const, 'responder' as const)
/** Absent where it is zero, as decoders leave it. */
const reserved = (bits: number) => fc.integer({ min: 1, max: 2 ** bits - 1 })
const bits: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  critical: fc.constant(true as const),
  reserved: reserved(7),
}

/** Of a kind; all keys of `model` are there, others now and then. */
const payload = (
  kind: IkePayload['kind'],
  model: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  optional: Readonly<Record<string, fc.Arbitrary<unknown>>> = {},
): fc.Arbitrary<IkePayload> =>
  fc
    .record({ ...bits, ...optional, ...model }, { requiredKeys: Object.keys(model) })
    .map((rest) => ({ kind, ...rest }) as unknown as IkePayload)

const attribute: fc.Arbitrary<TransformAttribute> = fc.oneof(
  fc.record({ type: u15, value: u16 }),
  fc.record({ type: u15, bytes }),
)
/** A Key Length in front and in the short form is read into its own place, so such a list has another name for the same bytes. */
const attributes = fc
  .array(attribute, { minLength: 1, maxLength: 3 })
  .filter(([first]) => !(first!.type === 14 && 'value' in first!))
const transform: fc.Arbitrary<IkeTransform> = fc.record(
  { type: u8, id: u16, keyLength: u16, attributes, reserved: reserved(16) },
  { requiredKeys: ['type', 'id'] },
)
const proposal: fc.Arbitrary<IkeProposal> = fc.record(
  {
    number: u8,
    protocol: u8,
    spi: bytes,
    transforms: fc.array(transform, { maxLength: 6 }),
    reserved: reserved(8),
  },
  { requiredKeys: ['number', 'protocol', 'spi', 'transforms'] },
)

const ports = { protocol: u8, startPort: u16, endPort: u16 }
const address4 = fc.nat(0xffff_ffff).map((n) => n as Ipv4)
const address6 = fc.uint8Array({ minLength: 16, maxLength: 16 })
const selector: fc.Arbitrary<TrafficSelector> = fc.oneof(
  fc.record({ kind: fc.constant('ipv4' as const), ...ports, start: address4, end: address4 }),
  fc.record({ kind: fc.constant('ipv6' as const), ...ports, start: address6, end: address6 }),
  fc.record({
    kind: fc.constant('unknown' as const),
    type: u8.filter((type) => type !== 7 && type !== 8),
    protocol: u8,
    data: bytes,
  }),
)
const configurationAttribute: fc.Arbitrary<ConfigurationAttribute> = fc.record(
  { type: u15, value: bytes, reserved: fc.constant(true as const) },
  { requiredKeys: ['type', 'value'] },
)

const spis = fc
  .integer({ min: 1, max: 8 })
  .chain((size) =>
    fc.array(fc.uint8Array({ minLength: size, maxLength: size }), { minLength: 1, maxLength: 4 }),
  )
const three = { bodyReserved: reserved(24) }
const KNOWN = new Set([0, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 53])

/** Any payload that others may follow. */
export const anyPayload: fc.Arbitrary<IkePayload> = fc.oneof(
  payload('sa', { proposals: fc.array(proposal, { minLength: 1, maxLength: 3 }) }),
  payload('ke', { group: u16, data: bytes }, { bodyReserved: reserved(16) }),
  payload('id', { role, type: u8, data: bytes }, three),
  payload('cert', { encoding: u8, data: bytes }),
  payload('certreq', { encoding: u8, authorities: bytes }),
  payload('auth', { method: u8, data: bytes }, three),
  payload('nonce', { data: fc.uint8Array({ minLength: 16, maxLength: 256 }) }),
  payload('notify', { protocol: u8, spi: bytes, type: u16, data: bytes }),
  payload('delete', { protocol: u8, spis }),
  payload('delete', { protocol: u8, spis: fc.constant([]) }, { spiSize: reserved(8) }),
  payload('vendor-id', { data: bytes }),
  payload('ts', { role, selectors: fc.array(selector, { maxLength: 4 }) }, three),
  payload(
    'configuration',
    { type: u8, attributes: fc.array(configurationAttribute, { maxLength: 4 }) },
    three,
  ),
  payload('eap', { packet: bytes }),
  payload('unknown', {
    type: u8.filter((type) => !KNOWN.has(type)),
    critical: fc.boolean(),
    data: bytes,
  }),
)

const lastPayload = fc.oneof(
  payload('encrypted', { first: u8, body: bytes }),
  fc
    .tuple(
      u16.filter((n) => n > 0),
      u16.filter((n) => n > 0),
    )
    .chain(([a, b]) =>
      payload('fragment', {
        first: u8,
        number: fc.constant(Math.min(a, b)),
        total: fc.constant(Math.max(a, b)),
        body: bytes,
      }),
    ),
)

export const anyChain: fc.Arbitrary<readonly IkePayload[]> = fc
  .tuple(fc.array(anyPayload, { maxLength: 6 }), fc.option(lastPayload))
  .map(([front, last]) => (last === null ? front : [...front, last]))
