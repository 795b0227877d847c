/**
 * The two hellos with the fields that OpenSSL writes for the contexts of this lab, in its order, and what is read of them. Not a list of all extensions:
 * what neither side asks for is passed over. RFC 5246 §7.4.1, RFC 8446 §4.1.
 */
import { concat, fromHex, setU16, u16, utf8 } from '../../base/bytes.ts'
import { ExtensionType, HandshakeType } from '../tls-registry.ts'
import type { Offer, Suite } from './suites.ts'

export const RANDOM_BYTES = 32
export const SESSION_ID_BYTES = 32
const KEY_SHARE_BYTES = 32

const TLS13 = 0x0304
const TLS12 = 0x0303

/** A handshake message: type, length of three bytes, body. */
export function message(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(4 + length)
  out[0] = type
  out[1] = length >>> 16
  setU16(out, 2, length)
  let at = 4
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** The length of `bytes` in two bytes, and they. */
export function sized(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + bytes.length)
  setU16(out, 0, bytes.length)
  out.set(bytes, 2)
  return out
}

const extension = (type: number, body: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(type >> 8, type & 0xff), sized(body))

/** The signature algorithms of `engine/tls-context.ts`, by number, with their length. */
export const SIGNATURE_ALGORITHMS = fromHex('0012 0804 0805 0806 0401 0501 0403 0503 0601 0603')
const POINT_FORMATS = fromHex('000b 0004 03 000102')
/** X25519, P-256, P-384. */
const GROUPS = fromHex('000a 0008 0006 001d 0017 0018')
const EXTENDED_MASTER_SECRET = fromHex('0017 0000')
const ALGORITHMS = extension(ExtensionType.signatureAlgorithms, SIGNATURE_ALGORITHMS)
const KEY_EXCHANGE_MODES = fromHex('002d 0002 0101')
const RENEGOTIATION_INFO = fromHex('ff01 0001 00')
/** Of a ClientHello: X25519 alone. */
const CLIENT_SHARE = fromHex('0033 0026 0024 001d 0020')
const SERVER_SHARE = fromHex('0033 0024 001d 0020')
const SERVER_VERSION = fromHex('002b 0002 0304')
const SERVER_PSK = fromHex('0029 0002 0000')
/** Of all that a client offers the last: that it knows secure renegotiation (RFC 5746 §3.3). */
const SCSV = 0x00ff
const NO_COMPRESSION = Uint8Array.of(1, 0)

/** What of a client's hello is the same every time. */
export interface HelloFrame {
  readonly suites: Uint8Array
  readonly extensions: Uint8Array
}

export function helloFrame(
  { suites, tls12, tls13 }: Offer,
  serverName: string | undefined,
): HelloFrame {
  const ids = new Uint8Array(2 + 2 * (suites.length + 1))
  setU16(ids, 0, ids.length - 2)
  for (const [at, { id }] of suites.entries()) setU16(ids, 2 + 2 * at, id)
  setU16(ids, ids.length - 2, SCSV)
  const hasCurves = suites.some(
    ({ version, exchange, signs }) =>
      version === 'TLSv1.3' || exchange === 'ecdhe' || signs === 'ec',
  )
  const versions = tls12 ? fromHex('04 0304 0303') : fromHex('02 0304')
  const parts = [
    ...(serverName === undefined ? [] : [serverNameOf(serverName)]),
    ...(hasCurves ? [POINT_FORMATS, GROUPS] : []),
    EXTENDED_MASTER_SECRET,
    ALGORITHMS,
    ...(tls13
      ? [extension(ExtensionType.supportedVersions, versions), KEY_EXCHANGE_MODES, CLIENT_SHARE]
      : []),
  ]
  return { suites: ids, extensions: concat(...parts) }
}

/** RFC 6066 §3. */
const serverNameOf = (name: string): Uint8Array =>
  extension(ExtensionType.serverName, sized(concat(Uint8Array.of(0), sized(utf8(name)))))

export interface ClientHelloContents {
  readonly random: Uint8Array
  /** Empty, or 32 bytes. */
  readonly sessionId: Uint8Array
  /** Of X25519; empty where TLS 1.3 is not offered. */
  readonly keyShare: Uint8Array
  /** A session of TLS 1.3. */
  readonly ticket?: { readonly id: Uint8Array; readonly binderBytes: number } | undefined
}

const AGE_BYTES = 4

function pskOf({ id, binderBytes }: NonNullable<ClientHelloContents['ticket']>): Uint8Array {
  const identity = concat(sized(id), new Uint8Array(AGE_BYTES))
  const binder = new Uint8Array(1 + binderBytes)
  binder[0] = binderBytes
  return extension(ExtensionType.preSharedKey, concat(sized(identity), sized(binder)))
}

const VERSION = Uint8Array.of(TLS12 >> 8, TLS12 & 0xff)
const NOTHING = new Uint8Array()

export function writeClientHello(frame: HelloFrame, contents: ClientHelloContents): Uint8Array {
  const { random, sessionId, keyShare, ticket } = contents
  const psk = ticket === undefined ? NOTHING : pskOf(ticket)
  const length = new Uint8Array(2)
  setU16(length, 0, frame.extensions.length + keyShare.length + psk.length)
  const idLength = Uint8Array.of(sessionId.length)
  const { suites, extensions } = frame
  return message(
    HandshakeType.clientHello,
    VERSION,
    random,
    idLength,
    sessionId,
    suites,
    NO_COMPRESSION,
    length,
    extensions,
    keyShare,
    psk,
  )
}

export interface ClientHello {
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly suites: ReadonlySet<number>
  readonly offersTls12: boolean
  readonly offersTls13: boolean
  /** Of the first pre-shared key. */
  readonly ticket: Uint8Array | undefined
}

/** Undefined: lengths that do not fit. `body` is without type and length. */
export function readClientHello(body: Uint8Array): ClientHello | undefined {
  const random = body.slice(2, 2 + RANDOM_BYTES)
  const idAt = 3 + RANDOM_BYTES
  const idLength = body[idAt - 1]
  if (idLength === undefined || idLength > SESSION_ID_BYTES) return undefined
  const suitesAt = idAt + idLength + 2
  if (suitesAt > body.length) return undefined
  const suitesEnd = suitesAt + u16(body, suitesAt - 2)
  if (suitesEnd >= body.length || (suitesEnd - suitesAt) % 2 !== 0) return undefined
  const suites = new Set<number>()
  for (let at = suitesAt; at < suitesEnd; at += 2) suites.add(u16(body, at))
  const extensionsAt = suitesEnd + 1 + body[suitesEnd]!
  const versions = extensionOf(body, extensionsAt, ExtensionType.supportedVersions)
  if (versions === 'malformed') return undefined
  const ticket = ticketOf(body, extensionsAt)
  const legacy = u16(body, 0)
  return {
    random,
    sessionId: body.slice(idAt, idAt + idLength),
    suites,
    offersTls12: versions === undefined ? legacy >= TLS12 : lists(body, versions, TLS12),
    offersTls13: versions !== undefined && lists(body, versions, TLS13),
    ticket,
  }
}

interface Range {
  readonly at: number
  readonly end: number
}

function lists(body: Uint8Array, { at, end }: Range, version: number): boolean {
  for (let next = at + 1; next + 1 < end; next += 2) if (u16(body, next) === version) return true
  return false
}

function ticketOf(body: Uint8Array, extensionsAt: number): Uint8Array | undefined {
  const found = extensionOf(body, extensionsAt, ExtensionType.preSharedKey)
  if (found === undefined || found === 'malformed' || found.at + 4 > found.end) return undefined
  const at = found.at + 4
  const end = at + u16(body, at - 2)
  return end <= found.end ? body.slice(at, end) : undefined
}

/** Its data. `at` is where the length of all of them stands; there may be none at all. */
function extensionOf(
  body: Uint8Array,
  at: number,
  wanted: number,
): Range | 'malformed' | undefined {
  if (at === body.length) return undefined
  if (at + 2 > body.length || at + 2 + u16(body, at) !== body.length) return 'malformed'
  let found: Range | undefined
  let next = at + 2
  while (next + 4 <= body.length) {
    const end = next + 4 + u16(body, next + 2)
    if (u16(body, next) === wanted) found = { at: next + 4, end }
    next = end
  }
  return next === body.length ? found : 'malformed'
}

export interface ServerHelloContents {
  readonly random: Uint8Array
  /** Of TLS 1.3 the client's own. */
  readonly sessionId: Uint8Array
  readonly suite: Suite
  readonly resumes: boolean
  /** Of TLS 1.3. */
  readonly keyShare: Uint8Array
}

export function writeServerHello(contents: ServerHelloContents): Uint8Array {
  const { random, sessionId, suite, resumes, keyShare } = contents
  const chosen = Uint8Array.of(suite.id >> 8, suite.id & 0xff, 0)
  const extensions =
    suite.version === 'TLSv1.3'
      ? concat(SERVER_VERSION, SERVER_SHARE, keyShare, resumes ? SERVER_PSK : NOTHING)
      : concat(
          RENEGOTIATION_INFO,
          suite.exchange === 'rsa' || resumes ? NOTHING : POINT_FORMATS,
          EXTENDED_MASTER_SECRET,
        )
  const idLength = Uint8Array.of(sessionId.length)
  return message(
    HandshakeType.serverHello,
    VERSION,
    random,
    idLength,
    sessionId,
    chosen,
    sized(extensions),
  )
}

export interface ServerHello {
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly suite: number
  readonly isTls13: boolean
  readonly resumesTicket: boolean
}

/** Undefined: lengths that do not fit. */
export function readServerHello(body: Uint8Array): ServerHello | undefined {
  const idAt = 3 + RANDOM_BYTES
  const idLength = body[idAt - 1]
  if (idLength === undefined || idLength > SESSION_ID_BYTES) return undefined
  const suiteAt = idAt + idLength
  if (suiteAt + 3 > body.length) return undefined
  const versions = extensionOf(body, suiteAt + 3, ExtensionType.supportedVersions)
  const psk = extensionOf(body, suiteAt + 3, ExtensionType.preSharedKey)
  if (versions === 'malformed' || psk === 'malformed') return undefined
  return {
    random: body.slice(2, 2 + RANDOM_BYTES),
    sessionId: body.slice(idAt, suiteAt),
    suite: u16(body, suiteAt),
    isTls13: versions !== undefined,
    resumesTicket: psk !== undefined,
  }
}

export const newKeyShare = (bytes: (length: number) => Uint8Array): Uint8Array =>
  bytes(KEY_SHARE_BYTES)
