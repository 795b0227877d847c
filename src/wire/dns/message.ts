/**
 * DNS messages (RFC 1035 §4) with EDNS(0) (RFC 6891): the types, the decoder, and the TCP length prefix.
 * Not the encoder: {@link ./encode.ts} compresses and truncates. Malformed bytes come back as a value.
 */
import { u16 } from '../../base/bytes.ts'
import { decoder, type Reader } from '../codec.ts'
import { type Name } from './name.ts'
import { readName, readRdata } from './rdata.ts'
import { CLASS, TYPE } from './registry.ts'

export const HEADER_OCTETS = 12
/** The largest UDP payload without EDNS (RFC 1035 §4.2.1). */
export const UDP_OCTETS_MAX = 512
/** The largest message: what two octets of TCP length can say. */
export const MESSAGE_OCTETS_MAX = 65_535

export interface Question {
  readonly name: Name
  readonly type: number
  readonly class: number
}

export interface ResourceRecord {
  readonly name: Name
  readonly type: number
  readonly class: number
  /** Seconds, 0 … 2³¹ − 1. */
  readonly ttl: number
  /** Uncompressed RDATA. */
  readonly data: Uint8Array
}

export interface EdnsOption {
  readonly code: number
  readonly data: Uint8Array
}

/** The OPT pseudo-record, taken out of the additional section (RFC 6891 §6.1). */
export interface Edns {
  readonly version: number
  /** The sender's UDP payload size in octets, as it stands on the wire. */
  readonly payloadSize: number
  /** DNSSEC OK (RFC 3225). */
  readonly dnssecOk: boolean
  readonly options: readonly EdnsOption[]
}

export interface Header {
  readonly id: number
  readonly response: boolean
  readonly opcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  readonly authenticData: boolean
  readonly checkingDisabled: boolean
}

export interface Message extends Header {
  /** All twelve bits where EDNS is present. */
  readonly rcode: number
  readonly question: readonly Question[]
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
  readonly edns?: Edns
}

/** A query with one question: the plain beginning of every exchange. */
export function queryFor(
  question: Question,
  options: { readonly id: number; readonly recursionDesired: boolean; readonly edns?: Edns },
): Message {
  return {
    id: options.id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: options.recursionDesired,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: 0,
    question: [question],
    answer: [],
    authority: [],
    additional: [],
    ...(options.edns === undefined ? {} : { edns: options.edns }),
  }
}

function headerOf(id: number, flags: number): Header {
  const bit = (position: number): boolean => (flags & (1 << position)) !== 0
  return {
    id,
    response: bit(15),
    opcode: (flags >> 11) & 15,
    authoritative: bit(10),
    truncated: bit(9),
    recursionDesired: bit(8),
    recursionAvailable: bit(7),
    authenticData: bit(5),
    checkingDisabled: bit(4),
  }
}

/** The first twelve octets of what may be no message otherwise: enough to answer FORMERR. Undefined: too short even for that. */
export const peekHeader = (bytes: Uint8Array): Header | undefined =>
  bytes.length < HEADER_OCTETS ? undefined : headerOf(u16(bytes, 0), u16(bytes, 2))

/** The question section of a message whose rest may be unreadable, to be repeated beside FORMERR. Empty: unreadable itself. */
export function peekQuestions(bytes: Uint8Array): readonly Question[] {
  const questions = readQuestions(bytes)
  return questions.ok ? questions.value : []
}

const readQuestions = decoder('dns', (r) => {
  r.take(4, 'header', 'RFC 1035 §4.1.1')
  const count = r.u16('QDCOUNT', 'RFC 1035 §4.1.1')
  r.take(6, 'header', 'RFC 1035 §4.1.1')
  const questions = repeat(count, () => readQuestion(r))
  r.rest()
  return questions
})

export const decodeMessage = decoder<Message>('dns', (r) => {
  const id = r.u16('ID', 'RFC 1035 §4.1.1')
  const flags = r.u16('flags', 'RFC 1035 §4.1.1')
  const counts = ['QDCOUNT', 'ANCOUNT', 'NSCOUNT', 'ARCOUNT'].map((field) =>
    r.u16(field, 'RFC 1035 §4.1.1'),
  )
  const question = repeat(counts[0]!, () => readQuestion(r))
  const answer = repeat(counts[1]!, () => readRecord(r))
  const authority = repeat(counts[2]!, () => readRecord(r))
  const rest = repeat(counts[3]!, () => readRecord(r))
  if ([...answer, ...authority].some((record) => record.type === TYPE.OPT)) {
    r.reject('bad-value', 'OPT', 'RFC 6891 §6.1.1')
  }
  // What follows the last record is not the message's: BIND and Windows pass over it too.
  r.rest()
  const opts = rest.filter((record) => record.type === TYPE.OPT)
  if (opts.length > 1) r.reject('bad-value', 'OPT', 'RFC 6891 §6.1.1')
  const edns = opts[0] === undefined ? undefined : readEdns(r, opts[0])
  const extended = opts[0] === undefined ? 0 : (opts[0].ttl >>> 24) << 4
  return {
    ...headerOf(id, flags),
    rcode: extended | (flags & 15),
    question,
    answer,
    authority,
    additional: rest.filter((record) => record.type !== TYPE.OPT),
    ...(edns === undefined ? {} : { edns }),
  }
})

function repeat<T>(count: number, read: () => T): T[] {
  const out: T[] = []
  for (let i = 0; i < count; i++) out.push(read())
  return out
}

function readQuestion(r: Reader): Question {
  return {
    name: readName(r, 'QNAME'),
    type: r.u16('QTYPE', 'RFC 1035 §4.1.2'),
    class: r.u16('QCLASS', 'RFC 1035 §4.1.2'),
  }
}

function readRecord(r: Reader): ResourceRecord {
  const name = readName(r, 'NAME')
  const type = r.u16('TYPE', 'RFC 1035 §4.1.3')
  const rclass = r.u16('CLASS', 'RFC 1035 §4.1.3')
  const ttl = r.u32('TTL', 'RFC 1035 §4.1.3')
  const length = r.u16('RDLENGTH', 'RFC 1035 §4.1.3')
  // Only of the Internet class is it known what RDATA looks like.
  const data =
    rclass === CLASS.IN
      ? readRdata(r, type, length)
      : r.take(length, 'RDATA', 'RFC 3597 §3').slice()
  // A TTL with its highest bit set means zero (RFC 2181 §8); OPT keeps flags there.
  return { name, type, class: rclass, ttl: type !== TYPE.OPT && ttl > 0x7fffffff ? 0 : ttl, data }
}

function readEdns(r: Reader, opt: ResourceRecord): Edns {
  if (opt.name.length > 0) r.reject('bad-value', 'OPT NAME', 'RFC 6891 §6.1.2')
  const options: EdnsOption[] = []
  for (let at = 0; at < opt.data.length;) {
    const length = at + 4 <= opt.data.length ? u16(opt.data, at + 2) : Number.POSITIVE_INFINITY
    if (at + 4 + length > opt.data.length) r.reject('truncated', 'OPT option', 'RFC 6891 §6.1.2')
    options.push({ code: u16(opt.data, at), data: opt.data.subarray(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return {
    version: (opt.ttl >>> 16) & 255,
    payloadSize: opt.class,
    dnssecOk: (opt.ttl & 0x8000) !== 0,
    options,
  }
}

/** A message with its length in front, for TCP (RFC 1035 §4.2.2). */
export function frameMessage(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(message.length + 2)
  out[0] = message.length >>> 8
  out[1] = message.length
  out.set(message, 2)
  return out
}

/** Collects a TCP byte stream and hands out whole messages. Holds at most one message and its prefix beyond what was handed out. */
export class MessageStream {
  #held: Uint8Array = new Uint8Array(0)

  push(bytes: Uint8Array): Uint8Array[] {
    const joined = new Uint8Array(this.#held.length + bytes.length)
    joined.set(this.#held)
    joined.set(bytes, this.#held.length)
    const out: Uint8Array[] = []
    let at = 0
    while (at + 2 <= joined.length && at + 2 + u16(joined, at) <= joined.length) {
      const length = u16(joined, at)
      out.push(joined.slice(at + 2, at + 2 + length))
      at += 2 + length
    }
    this.#held = joined.slice(at)
    return out
  }
}
