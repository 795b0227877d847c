/**
 * The shape of RDATA: one row of fields a type, from which reading, writing with compression, and text are all derived.
 * RDATA is kept as uncompressed wire octets, so unknown types (RFC 3597) are the plain case and equality is octet equality.
 */
import { isIpv4, type Address, type Ipv4, type Ipv6 } from '../../base/address.ts'
import { concat, u32 } from '../../base/bytes.ts'
import type { Reader } from '../codec.ts'
import {
  LABEL_OCTETS_MAX,
  NAME_OCTETS_MAX,
  nameAt,
  nameBytes,
  nameOctets,
  type Name,
} from './name.ts'
import { TYPE } from './registry.ts'

/**
 * What one field is. `compressed-name` may be written with pointers (RFC 1035 types, RFC 3597 §4); `name` is written plain but read
 * with pointers, which older senders used; `plain-name` has never had any. The kinds from `strings` on take all that is left.
 */
export type FieldKind =
  | 'compressed-name'
  | 'name'
  | 'plain-name'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'period'
  | 'time'
  | 'type'
  | 'ipv4'
  | 'ipv6'
  | 'string'
  | 'tag'
  | 'strings'
  | 'text'
  | 'hex'
  | 'base64'
  | 'bitmap'

const FIELDS = new Map<number, readonly FieldKind[]>([
  [TYPE.A, ['ipv4']],
  [TYPE.NS, ['compressed-name']],
  [TYPE.CNAME, ['compressed-name']],
  [TYPE.SOA, ['compressed-name', 'compressed-name', 'u32', 'period', 'period', 'period', 'period']],
  [TYPE.MB, ['compressed-name']],
  [TYPE.MG, ['compressed-name']],
  [TYPE.MR, ['compressed-name']],
  [TYPE.PTR, ['compressed-name']],
  [TYPE.HINFO, ['string', 'string']],
  [TYPE.MINFO, ['compressed-name', 'compressed-name']],
  [TYPE.MX, ['u16', 'compressed-name']],
  [TYPE.TXT, ['strings']],
  [TYPE.RP, ['name', 'name']],
  [TYPE.AFSDB, ['u16', 'name']],
  [TYPE.AAAA, ['ipv6']],
  [TYPE.SRV, ['u16', 'u16', 'u16', 'name']],
  [TYPE.NAPTR, ['u16', 'u16', 'string', 'string', 'string', 'name']],
  [TYPE.KX, ['u16', 'name']],
  [TYPE.DNAME, ['plain-name']],
  [TYPE.DS, ['u16', 'u8', 'u8', 'hex']],
  [TYPE.SSHFP, ['u8', 'u8', 'hex']],
  [TYPE.RRSIG, ['type', 'u8', 'u8', 'u32', 'time', 'time', 'u16', 'plain-name', 'base64']],
  [TYPE.NSEC, ['plain-name', 'bitmap']],
  [TYPE.DNSKEY, ['u16', 'u8', 'u8', 'base64']],
  [TYPE.TLSA, ['u8', 'u8', 'u8', 'hex']],
  [TYPE.SPF, ['strings']],
  [TYPE.CAA, ['u8', 'tag', 'text']],
])

/** The fields of a type in order; undefined: RDATA is opaque here. */
export const fieldKindsOf = (type: number): readonly FieldKind[] | undefined => FIELDS.get(type)

const FIXED_OCTETS: Partial<Record<FieldKind, number>> = {
  u8: 1,
  u16: 2,
  type: 2,
  u32: 4,
  period: 4,
  time: 4,
  ipv4: 4,
  ipv6: 16,
}

const isNameKind = (kind: FieldKind): boolean =>
  kind === 'compressed-name' || kind === 'name' || kind === 'plain-name'

/** Read a name, following pointers backwards only, so that no octet is read twice and no loop can exist (RFC 1035 §4.1.4). */
export function readName(r: Reader, field: string, pointers = true): Name {
  const labels: string[] = []
  let octets = 1
  let resume: number | undefined
  // This run of labels began at `start` and must end before `limit`, where the run that pointed here began.
  let start = r.offset
  let limit = r.bytes.length
  for (;;) {
    const length = r.u8(field, 'RFC 1035 §3.1')
    if (length === 0) break
    if (length >= 0xc0 && pointers) {
      const target = ((length & 0x3f) << 8) | r.u8(field, 'RFC 1035 §4.1.4')
      resume ??= r.offset
      if (target >= start) r.reject('bad-value', field, 'RFC 1035 §4.1.4')
      limit = start
      start = target
      r.offset = target
      continue
    }
    octets += length + 1
    const tooLong = length > LABEL_OCTETS_MAX || octets > NAME_OCTETS_MAX
    if (tooLong) r.reject('bad-value', field, 'RFC 1035 §3.1')
    labels.push(String.fromCharCode(...r.take(length, field, 'RFC 1035 §3.1')))
    if (r.offset >= limit) r.reject('bad-value', field, 'RFC 1035 §4.1.4')
  }
  if (resume !== undefined) r.offset = resume
  return labels
}

/** Read RDATA of `length` octets; names come out uncompressed. Rejects what the type's fields do not allow. */
export function readRdata(r: Reader, type: number, length: number): Uint8Array {
  const end = r.offset + length
  if (end > r.bytes.length) r.reject('truncated', 'RDATA', 'RFC 1035 §3.2.1')
  const kinds = FIELDS.get(type)
  if (kinds === undefined) return r.take(length, 'RDATA', 'RFC 3597 §3').slice()
  const parts = kinds.map((kind) => {
    const part = readField(r, kind, end)
    if (r.offset > end) r.reject('bad-value', 'RDLENGTH', 'RFC 1035 §3.2.1')
    return part
  })
  if (r.offset !== end) r.reject('bad-value', 'RDLENGTH', 'RFC 1035 §3.2.1')
  return concat(...parts)
}

function readField(r: Reader, kind: FieldKind, end: number): Uint8Array {
  if (isNameKind(kind)) return nameBytes(readName(r, 'RDATA', kind !== 'plain-name'))
  const fixed = FIXED_OCTETS[kind]
  if (fixed !== undefined) return r.take(fixed, 'RDATA', 'RFC 1035 §3.3').slice()
  if (kind === 'string' || kind === 'tag') {
    const length = r.u8('RDATA', 'RFC 1035 §3.3')
    r.offset--
    return r.take(length + 1, 'RDATA', 'RFC 1035 §3.3').slice()
  }
  if (r.offset > end) r.reject('truncated', 'RDATA', 'RFC 1035 §3.3')
  const rest = r.take(end - r.offset, 'RDATA', 'RFC 1035 §3.3').slice()
  if (kind === 'strings' && !areStrings(rest)) r.reject('bad-value', 'RDATA', 'RFC 1035 §3.3.14')
  if (kind === 'bitmap' && !isBitmap(rest)) r.reject('bad-value', 'RDATA', 'RFC 4034 §4.1.2')
  return rest
}

/** One or more character-strings that end exactly where the data ends. */
function areStrings(data: Uint8Array): boolean {
  let at = 0
  while (at < data.length) at += 1 + data[at]!
  return data.length > 0 && at === data.length
}

/** Windows in rising order, each of 1 … 32 octets, the last of which is not zero. */
function isBitmap(data: Uint8Array): boolean {
  let last = -1
  let at = 0
  while (at + 2 <= data.length) {
    const length = data[at + 1]!
    if (data[at]! <= last || length < 1 || length > 32 || data[at + 1 + length] === 0) return false
    last = data[at]!
    at += 2 + length
  }
  return at === data.length
}

/** One field of RDATA that was decoded or parsed before. */
export interface Field {
  readonly kind: FieldKind
  readonly bytes: Uint8Array
}

/** Split uncompressed RDATA into its fields; undefined: the type is opaque here, or the data is not of its shape. */
export function fieldsOf(type: number, data: Uint8Array): readonly Field[] | undefined {
  const kinds = FIELDS.get(type)
  if (kinds === undefined) return undefined
  let at = 0
  const fields = kinds.map((kind) => {
    const start = at
    at += fieldOctets(kind, data, at)
    return { kind, bytes: data.subarray(start, at) }
  })
  return at === data.length ? fields : undefined
}

function fieldOctets(kind: FieldKind, data: Uint8Array, at: number): number {
  if (isNameKind(kind)) return nameOctets(nameAt(data, at))
  if (kind === 'string' || kind === 'tag') return 1 + (data[at] ?? 0)
  return FIXED_OCTETS[kind] ?? Math.max(0, data.length - at)
}

/** RDATA with its names in lower case (RFC 4034 §6.2): what two records are compared by. */
export function canonicalRdata(type: number, data: Uint8Array): Uint8Array {
  const fields = fieldsOf(type, data)
  if (fields === undefined || !fields.some(({ kind }) => isNameKind(kind))) return data
  // Length octets are at most 63 and so never look like a letter.
  const fold = (octet: number): number => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet)
  return concat(...fields.map(({ kind, bytes }) => (isNameKind(kind) ? bytes.map(fold) : bytes)))
}

/** A domain name's place in RDATA, for the types of which a resolver follows the name. */
const TARGET_OFFSET = new Map<number, number>([
  [TYPE.NS, 0],
  [TYPE.CNAME, 0],
  [TYPE.MB, 0],
  [TYPE.PTR, 0],
  [TYPE.DNAME, 0],
  [TYPE.MX, 2],
  [TYPE.AFSDB, 2],
  [TYPE.KX, 2],
  [TYPE.SRV, 6],
])

/** The name that a record points to: CNAME, DNAME, NS, MB, PTR, MX, SRV, KX, AFSDB, NAPTR; undefined for other types. */
export function targetOf(record: {
  readonly type: number
  readonly data: Uint8Array
}): Name | undefined {
  if (record.type === TYPE.NAPTR) {
    const replacement = fieldsOf(TYPE.NAPTR, record.data)?.[5]
    return replacement === undefined ? undefined : nameAt(replacement.bytes)
  }
  const offset = TARGET_OFFSET.get(record.type)
  return offset === undefined ? undefined : nameAt(record.data, offset)
}

/** The address in an A or AAAA record. */
export function addressOf(record: {
  readonly type: number
  readonly data: Uint8Array
}): Address | undefined {
  if (record.type === TYPE.A && record.data.length === 4) return u32(record.data, 0) as Ipv4
  if (record.type !== TYPE.AAAA || record.data.length !== 16) return undefined
  return record.data.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n) as Ipv6
}

/** The RDATA of an A or AAAA record. */
export function addressData(address: Address): Uint8Array {
  if (isIpv4(address)) return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address)
  return Uint8Array.from({ length: 16 }, (_, i) => Number((address >> BigInt(120 - 8 * i)) & 255n))
}

export interface Soa {
  readonly mname: Name
  readonly rname: Name
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  readonly minimum: number
}

export function soaOf(data: Uint8Array): Soa {
  const mname = nameAt(data)
  const at = nameOctets(mname)
  const rname = nameAt(data, at)
  const numbers = at + nameOctets(rname)
  const [serial, refresh, retry, expire, minimum] = [0, 4, 8, 12, 16].map((i) =>
    u32(data, numbers + i),
  )
  return {
    mname,
    rname,
    serial: serial!,
    refresh: refresh!,
    retry: retry!,
    expire: expire!,
    minimum: minimum!,
  }
}
