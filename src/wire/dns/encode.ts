/**
 * Writing DNS messages: name compression (RFC 1035 §4.1.4, in RDATA only where RFC 3597 §4 allows it) and truncation (RFC 2181 §9).
 * Not the decoder. Compression minds case, as BIND's does, so that an owner comes back as its zone spells it (RFC 4343 §4.1).
 */
import { invariant } from '../../base/invariant.ts'
import { formatName, NAME_OCTETS_MAX, nameAt, nameKey, type Name } from './name.ts'
import {
  HEADER_OCTETS,
  MESSAGE_OCTETS_MAX,
  type Edns,
  type Header,
  type Message,
  type ResourceRecord,
} from './message.ts'
import { fieldsOf } from './rdata.ts'
import { CLASS, TYPE } from './registry.ts'

/** Pointers have fourteen bits. */
const POINTER_MAX = 0x3fff

/**
 * Of each name, the whole and the name above it are remembered and looked for, as BIND 9.18 does: a little less than
 * could be saved, and messages are cut at the same octet as BIND's.
 */
const COMPRESSED_TAILS = 2

/** What a message is cut at, and which records must not be missing without saying so. */
export interface EncodeLimits {
  /** Octets; default 65535. */
  readonly octetsMax?: number
  /** Additional records that a referral needs: without one of them TC is set (RFC 9471). */
  readonly glue?: (record: ResourceRecord) => boolean
}

/**
 * The wire form. Additional RRsets that do not fit are left out. Where the answer or the authority section does not fit, nothing
 * but the question is sent, with TC: half an answer is of no use to anybody (RFC 2181 §9, and what BIND 9.18 does).
 */
export function encodeMessage(message: Message, limits: EncodeLimits = {}): Uint8Array {
  const writer = new Writer()
  const reserved = message.edns === undefined ? 0 : ednsOctets(message.edns)
  const room = Math.min(limits.octetsMax ?? MESSAGE_OCTETS_MAX, MESSAGE_OCTETS_MAX) - reserved
  writer.skip(HEADER_OCTETS)
  for (const question of message.question) {
    writer.name(question.name)
    writer.u16(question.type)
    writer.u16(question.class)
  }
  const bare = writer.mark()
  const whole = [...message.answer, ...message.authority].every((r) => writeRecord(writer, r, room))
  if (!whole) writer.rollback(bare)
  const additional = whole ? writeWhatFits(writer, message.additional, room) : []
  const missing = message.additional.filter((record) => !additional.includes(record))
  const truncated = message.truncated || !whole || missing.some((r) => limits.glue?.(r) === true)
  if (message.edns !== undefined) writeEdns(writer, message.edns, message.rcode)
  const out = writer.finish()
  writeHeader(out, { ...message, truncated }, message.rcode)
  const counts = [
    message.question.length,
    whole ? message.answer.length : 0,
    whole ? message.authority.length : 0,
    additional.length + (message.edns === undefined ? 0 : 1),
  ]
  counts.forEach((count, i) => {
    out[4 + 2 * i] = count >>> 8
    out[5 + 2 * i] = count
  })
  return out
}

/** Whole RRsets that fit: half a set of addresses would look like all of them (RFC 2181 §9). */
function writeWhatFits(
  writer: Writer,
  records: readonly ResourceRecord[],
  room: number,
): ResourceRecord[] {
  const written: ResourceRecord[] = []
  for (let from = 0; from < records.length;) {
    const first = records[from]!
    let to = from + 1
    while (to < records.length && sameSet(first, records[to]!)) to++
    const set = records.slice(from, to)
    const mark = writer.mark()
    if (set.every((record) => writeRecord(writer, record, room))) written.push(...set)
    else {
      writer.rollback(mark)
      break
    }
    from = to
  }
  return written
}

const sameSet = (a: ResourceRecord, b: ResourceRecord): boolean =>
  a.type === b.type && nameKey(a.name) === nameKey(b.name)

/** Writes the record and says true, or leaves the writer as it was. */
function writeRecord(writer: Writer, record: ResourceRecord, room: number): boolean {
  const mark = writer.mark()
  writer.name(record.name)
  writer.u16(record.type)
  writer.u16(record.class)
  writer.u32(record.ttl)
  const lengthAt = writer.length
  writer.u16(0)
  const fields = record.class === CLASS.IN ? fieldsOf(record.type, record.data) : undefined
  if (fields === undefined) writer.bytes(record.data)
  else {
    for (const { kind, bytes } of fields) {
      if (kind === 'compressed-name') writer.name(nameAt(bytes))
      else if (kind === 'name' || kind === 'plain-name') writer.plainName(nameAt(bytes))
      else writer.bytes(bytes)
    }
  }
  writer.patchU16(lengthAt, writer.length - lengthAt - 2)
  if (writer.length <= room) return true
  writer.rollback(mark)
  return false
}

const ednsOctets = (edns: Edns): number =>
  11 + edns.options.reduce((sum, option) => sum + 4 + option.data.length, 0)

function writeEdns(writer: Writer, edns: Edns, rcode: number): void {
  writer.bytes(Uint8Array.of(0))
  writer.u16(TYPE.OPT)
  writer.u16(edns.payloadSize)
  writer.u32((((rcode >> 4) << 24) | (edns.version << 16) | (edns.dnssecOk ? 0x8000 : 0)) >>> 0)
  writer.u16(ednsOctets(edns) - 11)
  for (const option of edns.options) {
    writer.u16(option.code)
    writer.u16(option.data.length)
    writer.bytes(option.data)
  }
}

function writeHeader(out: Uint8Array, header: Header, rcode: number): void {
  const bits = [
    [header.response, 15],
    [header.authoritative, 10],
    [header.truncated, 9],
    [header.recursionDesired, 8],
    [header.recursionAvailable, 7],
    [header.authenticData, 5],
    [header.checkingDisabled, 4],
  ] as const
  const flags = bits.reduce((sum, [set, at]) => (set ? sum | (1 << at) : sum), 0)
  const word = flags | (header.opcode << 11) | (rcode & 15)
  out[0] = header.id >>> 8
  out[1] = header.id
  out[2] = word >>> 8
  out[3] = word
}

interface Mark {
  readonly length: number
  readonly offsets: number
}

/** A growing buffer that remembers where each name, and each tail of a name, was written. */
class Writer {
  #buffer = new Uint8Array(512)
  length = 0
  readonly #offsets = new Map<string, number>()
  // In the order in which they were added, so that a rollback can take them out again.
  readonly #added: string[] = []

  skip(octets: number): void {
    this.#reserve(octets)
    this.length += octets
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  u16(value: number): void {
    this.bytes(Uint8Array.of(value >>> 8, value))
  }

  u32(value: number): void {
    this.bytes(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value))
  }

  patchU16(at: number, value: number): void {
    this.#buffer[at] = value >>> 8
    this.#buffer[at + 1] = value
  }

  /** A tail that stands in the message already becomes a pointer. */
  name(name: Name): void {
    this.#name(name, true)
  }

  /** A name without pointers, at which later ones may point (RFC 3597 §4). */
  plainName(name: Name): void {
    this.#name(name, false)
  }

  #name(name: Name, compress: boolean): void {
    const start = this.length
    for (let i = 0; i < name.length; i++) {
      if (i < COMPRESSED_TAILS) {
        const key = formatName(name.slice(i))
        const seen = this.#offsets.get(key)
        if (seen !== undefined && compress) return this.u16(0xc000 | seen)
        if (seen === undefined && this.length <= POINTER_MAX) {
          this.#offsets.set(key, this.length)
          this.#added.push(key)
        }
      }
      const label = name[i]!
      this.bytes(Uint8Array.of(label.length, ...Array.from(label, (c) => c.charCodeAt(0))))
    }
    this.bytes(Uint8Array.of(0))
    invariant(this.length - start <= NAME_OCTETS_MAX, `a name of ${this.length - start} octets`)
  }

  mark(): Mark {
    return { length: this.length, offsets: this.#added.length }
  }

  rollback(mark: Mark): void {
    this.length = mark.length
    for (const key of this.#added.splice(mark.offsets)) this.#offsets.delete(key)
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.length)
  }

  #reserve(octets: number): void {
    if (this.length + octets <= this.#buffer.length) return
    const grown = new Uint8Array(2 * (this.length + octets))
    grown.set(this.#buffer)
    this.#buffer = grown
  }
}
