/**
 * What each kind of payload holds behind its generic header (RFC 7296 §3.3 to §3.16, RFC 7383 §2.5), read and written.
 * Not the chain that they stand in: `payload-chain.ts` has that.
 */
import { concat } from '../../base/bytes.ts'
import type { Reader } from '../codec.ts'
import { configurationBytes, readConfiguration } from './configuration.ts'
import { readU24, u16Bytes, u24Bytes, u8Bytes } from './fields.ts'
import { IkePayloadType } from './numbers.ts'
import type {
  DeletePayload,
  FragmentPayload,
  IkePayload,
  NoncePayload,
  NotifyPayload,
  TsPayload,
} from './payloads.ts'
import { proposalBytes, readProposals } from './security-association.ts'
import { readTrafficSelector, trafficSelectorBytes } from './traffic-selectors.ts'

/** RFC 7296 §3.9. */
const NONCE_BYTES_MIN = 16
const NONCE_BYTES_MAX = 256

type Read = (r: Reader, next: number) => IkePayload

const bodyReserved = (value: number): { readonly bodyReserved?: number } =>
  value === 0 ? {} : { bodyReserved: value }

const READERS: ReadonlyMap<number, Read> = new Map<number, Read>([
  [IkePayloadType.SA, (r) => ({ kind: 'sa', proposals: readProposals(r) })],
  [IkePayloadType.KE, readKe],
  [IkePayloadType.IDi, (r) => readId(r, 'initiator')],
  [IkePayloadType.IDr, (r) => readId(r, 'responder')],
  [
    IkePayloadType.CERT,
    (r) => ({ kind: 'cert', encoding: r.u8('Cert Encoding', 'RFC 7296 §3.6'), data: r.rest() }),
  ],
  [
    IkePayloadType.CERTREQ,
    (r) => ({
      kind: 'certreq',
      encoding: r.u8('Cert Encoding', 'RFC 7296 §3.7'),
      authorities: r.rest(),
    }),
  ],
  [IkePayloadType.AUTH, readAuth],
  [IkePayloadType.Nonce, readNonce],
  [IkePayloadType.N, readNotify],
  [IkePayloadType.D, readDelete],
  [IkePayloadType.V, (r) => ({ kind: 'vendor-id', data: r.rest() })],
  [IkePayloadType.TSi, (r) => readSelectors(r, 'initiator')],
  [IkePayloadType.TSr, (r) => readSelectors(r, 'responder')],
  [IkePayloadType.SK, (r, next) => ({ kind: 'encrypted', first: next, body: r.rest() })],
  [IkePayloadType.CP, readCp],
  [IkePayloadType.EAP, (r) => ({ kind: 'eap', packet: r.rest() })],
  [IkePayloadType.SKF, readFragment],
])

/** The payload of a type, of whose body `r` holds all. `next`: Next Payload, which an encrypted payload has for its own. */
export function readBody(type: number, next: number, r: Reader): IkePayload {
  const read = READERS.get(type)
  if (read === undefined) return { kind: 'unknown', type, critical: false, data: r.rest() }
  const payload = read(r, next)
  r.end('Payload Length', 'RFC 7296 §3.2')
  return payload
}

function readKe(r: Reader): IkePayload {
  const group = r.u16('Diffie-Hellman Group Num', 'RFC 7296 §3.4')
  const reserved = r.u16('RESERVED', 'RFC 7296 §3.4')
  return { kind: 'ke', group, data: r.rest(), ...bodyReserved(reserved) }
}

function readId(r: Reader, role: 'initiator' | 'responder'): IkePayload {
  const type = r.u8('ID Type', 'RFC 7296 §3.5')
  const reserved = readU24(r, 'RESERVED', 'RFC 7296 §3.5')
  return { kind: 'id', role, type, data: r.rest(), ...bodyReserved(reserved) }
}

function readAuth(r: Reader): IkePayload {
  const method = r.u8('Auth Method', 'RFC 7296 §3.8')
  const reserved = readU24(r, 'RESERVED', 'RFC 7296 §3.8')
  return { kind: 'auth', method, data: r.rest(), ...bodyReserved(reserved) }
}

function readNonce(r: Reader): NoncePayload {
  if (r.remaining < NONCE_BYTES_MIN || r.remaining > NONCE_BYTES_MAX) {
    r.reject('bad-value', 'Nonce Data', 'RFC 7296 §3.9')
  }
  return { kind: 'nonce', data: r.rest() }
}

function readNotify(r: Reader): NotifyPayload {
  const protocol = r.u8('Protocol ID', 'RFC 7296 §3.10')
  const spiSize = r.u8('SPI Size', 'RFC 7296 §3.10')
  const type = r.u16('Notify Message Type', 'RFC 7296 §3.10')
  const spi = r.take(spiSize, 'SPI', 'RFC 7296 §3.10')
  return { kind: 'notify', protocol, spi, type, data: r.rest() }
}

/** SPIs of no size are refused: a few bytes could claim thousands of them. */
function readDelete(r: Reader): DeletePayload {
  const protocol = r.u8('Protocol ID', 'RFC 7296 §3.11')
  const spiSize = r.u8('SPI Size', 'RFC 7296 §3.11')
  const count = r.u16('Num of SPIs', 'RFC 7296 §3.11')
  if (spiSize === 0 && count > 0) r.reject('bad-value', 'Num of SPIs', 'RFC 7296 §3.11')
  const spis = Array.from({ length: count }, () => r.take(spiSize, 'SPI', 'RFC 7296 §3.11'))
  return { kind: 'delete', protocol, spis, ...(count === 0 && spiSize > 0 && { spiSize }) }
}

function readSelectors(r: Reader, role: 'initiator' | 'responder'): TsPayload {
  const count = r.u8('Number of TSs', 'RFC 7296 §3.13')
  const reserved = readU24(r, 'RESERVED', 'RFC 7296 §3.13')
  const selectors = Array.from({ length: count }, () => readTrafficSelector(r))
  return { kind: 'ts', role, selectors, ...bodyReserved(reserved) }
}

function readCp(r: Reader): IkePayload {
  const type = r.u8('CFG Type', 'RFC 7296 §3.15')
  const reserved = readU24(r, 'RESERVED', 'RFC 7296 §3.15')
  const attributes = readConfiguration(r)
  return { kind: 'configuration', type, attributes, ...bodyReserved(reserved) }
}

/** A number beyond the total, or none, makes the message invalid (RFC 7383 §2.6). */
function readFragment(r: Reader, next: number): FragmentPayload {
  const number = r.u16('Fragment Number', 'RFC 7383 §2.5')
  const total = r.u16('Total Fragments', 'RFC 7383 §2.5')
  if (number === 0 || number > total) r.reject('bad-value', 'Fragment Number', 'RFC 7383 §2.6')
  return { kind: 'fragment', first: next, number, total, body: r.rest() }
}

/** Its number in Next Payload of what stands before it (RFC 7296 §3.2). */
export function payloadTypeOf(payload: IkePayload): number {
  switch (payload.kind) {
    case 'id':
      return payload.role === 'initiator' ? IkePayloadType.IDi : IkePayloadType.IDr
    case 'ts':
      return payload.role === 'initiator' ? IkePayloadType.TSi : IkePayloadType.TSr
    case 'unknown':
      // It would end the chain.
      if (payload.type === IkePayloadType.none) throw new RangeError('a payload has no type 0')
      return payload.type
    default:
      return TYPES[payload.kind]
  }
}

const TYPES: Readonly<Record<Exclude<IkePayload['kind'], 'id' | 'ts' | 'unknown'>, number>> = {
  sa: IkePayloadType.SA,
  ke: IkePayloadType.KE,
  cert: IkePayloadType.CERT,
  certreq: IkePayloadType.CERTREQ,
  auth: IkePayloadType.AUTH,
  nonce: IkePayloadType.Nonce,
  notify: IkePayloadType.N,
  delete: IkePayloadType.D,
  'vendor-id': IkePayloadType.V,
  configuration: IkePayloadType.CP,
  eap: IkePayloadType.EAP,
  encrypted: IkePayloadType.SK,
  fragment: IkePayloadType.SKF,
}

/** Throws RangeError for what does not fit its field. */
export function bodyBytes(payload: IkePayload): Uint8Array {
  switch (payload.kind) {
    case 'sa':
      return proposalBytes(payload.proposals)
    case 'ke':
      return concat(
        u16Bytes(payload.group, 'Diffie-Hellman Group Num'),
        u16Bytes(payload.bodyReserved ?? 0, 'RESERVED'),
        payload.data,
      )
    case 'id':
      return concat(headBytes(payload.type, payload), payload.data)
    case 'auth':
      return concat(headBytes(payload.method, payload), payload.data)
    case 'cert':
      return concat(u8Bytes(payload.encoding, 'Cert Encoding'), payload.data)
    case 'certreq':
      return concat(u8Bytes(payload.encoding, 'Cert Encoding'), payload.authorities)
    case 'ts':
      return concat(
        headBytes(payload.selectors.length, payload),
        ...payload.selectors.map((selector) => trafficSelectorBytes(selector)),
      )
    case 'configuration':
      return concat(headBytes(payload.type, payload), configurationBytes(payload.attributes))
    case 'nonce':
      return nonceBytes(payload)
    case 'notify':
      return notifyBytes(payload)
    case 'delete':
      return deleteBytes(payload)
    case 'fragment':
      return fragmentBytes(payload)
    case 'encrypted':
      return payload.body
    case 'eap':
      return payload.packet
    case 'vendor-id':
    case 'unknown':
      return payload.data
  }
}

/** How ID, AUTH, TS and CP begin: one octet that means something, three RESERVED. */
const headBytes = (
  first: number,
  { kind, bodyReserved = 0 }: IkePayload & { readonly bodyReserved?: number },
): Uint8Array =>
  concat(u8Bytes(first, `the first octet of ${kind}`), u24Bytes(bodyReserved, 'RESERVED'))

function nonceBytes({ data }: NoncePayload): Uint8Array {
  if (data.length < NONCE_BYTES_MIN || data.length > NONCE_BYTES_MAX) {
    throw new RangeError(`a nonce has 16 to 256 bytes, not ${data.length}`)
  }
  return data
}

const notifyBytes = ({ protocol, spi, type, data }: NotifyPayload): Uint8Array =>
  concat(
    u8Bytes(protocol, 'Protocol ID'),
    u8Bytes(spi.length, 'SPI Size'),
    u16Bytes(type, 'Notify Message Type'),
    spi,
    data,
  )

function deleteBytes({ protocol, spis, spiSize = 0 }: DeletePayload): Uint8Array {
  const size = spis[0]?.length ?? spiSize
  if (spis.some(({ length }) => length !== size || length === 0)) {
    throw new RangeError('the SPIs of a Delete payload have one size, which is not zero')
  }
  return concat(
    u8Bytes(protocol, 'Protocol ID'),
    u8Bytes(size, 'SPI Size'),
    u16Bytes(spis.length, 'Num of SPIs'),
    ...spis,
  )
}

function fragmentBytes({ number, total, body }: FragmentPayload): Uint8Array {
  if (number < 1 || number > total)
    throw new RangeError(`there is no fragment ${number} of ${total}`)
  return concat(u16Bytes(number, 'Fragment Number'), u16Bytes(total, 'Total Fragments'), body)
}
