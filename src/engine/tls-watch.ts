/**
 * Reads along with one TLS connection: which keys each side sends under, at which record, and the certificates of the peer as it sent them.
 * Not a judge of what it reads: the platform's stack does the handshake, and what this cannot read it leaves alone. RFC 5246, RFC 8446.
 */
import { concat, u16 } from '../base/bytes.ts'
import { encodeAlert, type TlsAlert } from './tls-alert.ts'
import { readCertificates } from './tls-certificates.ts'
import {
  ContentType,
  ExtensionType,
  HandshakeType,
  RECORD_HEAD,
  TLS_SUITES,
} from './tls-registry.ts'
import {
  blockKeys,
  nextTrafficSecret,
  openTls13,
  readKeyLogLine,
  recordCipherOf,
  recordOf,
  sealTls12,
  sealTls13,
  trafficKeys,
  type RecordKeys,
} from './tls-secrets.ts'

/** A KeyUpdate of five bytes, its type and a tag of sixteen: no other record after the handshake has this length but by chance. */
const KEY_UPDATE_RECORD = RECORD_HEAD + 22

/** SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3), its first bytes. */
const RETRY = Uint8Array.of(0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11)

type Side = 'client' | 'server'

/** Under what a side's next record goes. */
type Protection = 'none' | 'handshake' | 'application' | 'tls12'

interface Direction {
  readonly side: Side
  /** Bytes of a record that is not whole yet. */
  rest: Uint8Array
  /** Bytes of a handshake message that is not whole yet. */
  messages: Uint8Array
  protection: Protection
  sequence: number
  keys: RecordKeys | undefined
  /** Traffic secret, once the application's keys are in use. */
  secret: Uint8Array | undefined
}

const direction = (side: Side): Direction => ({
  side,
  rest: new Uint8Array(),
  messages: new Uint8Array(),
  protection: 'none',
  sequence: 0,
  keys: undefined,
  secret: undefined,
})

interface Hellos {
  clientRandom?: Uint8Array
  serverRandom?: Uint8Array
  isTls13?: boolean
  suite?: string
  /** Of the first pre-shared key that the client offers: the session that it wants to resume. */
  offered?: Uint8Array
}

export class TlsWatch {
  readonly #own: Direction
  readonly #peer: Direction
  readonly #secrets = new Map<string, Uint8Array>()
  readonly #hellos: Hellos = {}
  #peerChain: readonly Uint8Array[] | undefined

  constructor(role: Side) {
    this.#own = direction(role)
    this.#peer = direction(role === 'client' ? 'server' : 'client')
  }

  /** A line of the key log. */
  learn(line: Uint8Array): void {
    const read = readKeyLogLine(line)
    if (read !== undefined) this.#secrets.set(read.label, read.secret)
  }

  /** What this side really sent. */
  sent(bytes: Uint8Array): void {
    this.#read(this.#own, bytes)
  }

  /** What the peer sent; the lines of the key log that follow from it must be known. */
  received(bytes: Uint8Array): void {
    // After its last handshake message there is nothing to learn from the peer.
    if (this.#peer.protection === 'application' || this.#peer.protection === 'tls12') return
    this.#read(this.#peer, bytes)
  }

  /** DER, the end entity first, order and superfluous ones kept; undefined: no Certificate message came. */
  get peerChain(): readonly Uint8Array[] | undefined {
    return this.#peerChain
  }

  /** The name of the session that the client offers to resume in TLS 1.3 (RFC 8446 §4.2.11). */
  get offered(): Uint8Array | undefined {
    return this.#hellos.offered
  }

  /** The record of an alert, as this side's next. */
  alert(alert: TlsAlert): Uint8Array {
    const own = this.#own
    const content = encodeAlert(alert)
    // A client's own secret is known when it has something to say, which may be long after ServerHello came.
    if (own.keys === undefined) this.#deriveTls13(own)
    const keys = own.protection === 'none' ? undefined : own.keys
    if (keys === undefined) return recordOf(ContentType.alert, content)
    const seal = own.protection === 'tls12' ? sealTls12 : sealTls13
    return seal(keys, own.sequence++, ContentType.alert, content)
  }

  #read(from: Direction, bytes: Uint8Array): void {
    const all = from.rest.length === 0 ? bytes : concat(from.rest, bytes)
    let at = 0
    while (at + RECORD_HEAD <= all.length) {
      const end = at + RECORD_HEAD + u16(all, at + 3)
      if (end > all.length) break
      this.#record(from, all.subarray(at, end))
      at = end
    }
    from.rest = all.slice(at)
  }

  #record(from: Direction, record: Uint8Array): void {
    const type = record[0]!
    const body = record.subarray(RECORD_HEAD)
    if (from.protection === 'tls12') {
      from.sequence += 1
    } else if (type === ContentType.changeCipherSpec) {
      // In TLS 1.3 it means nothing (RFC 8446 §D.4).
      if (this.#hellos.isTls13 !== true) this.#enterTls12(from)
    } else if (from.protection === 'none') {
      if (type === ContentType.handshake) this.#handshake(from, body)
    } else if (type === ContentType.applicationData) {
      this.#protectedRecord(from, record)
    }
  }

  #protectedRecord(from: Direction, record: Uint8Array): void {
    const sequence = from.sequence++
    const isLater = from.protection === 'application'
    if (isLater && record.length !== KEY_UPDATE_RECORD) return
    const opened = from.keys === undefined ? undefined : openTls13(from.keys, sequence, record)
    if (opened?.type !== ContentType.handshake) return
    if (!isLater) this.#handshake(from, opened.content)
    else if (opened.content[0] === HandshakeType.keyUpdate) this.#updateKeys(from)
  }

  /** Whole messages of the handshake. */
  #handshake(from: Direction, fragment: Uint8Array): void {
    const all = concat(from.messages, fragment)
    let at = 0
    while (at + 4 <= all.length) {
      const end = at + 4 + ((all[at + 1]! << 16) | u16(all, at + 2))
      if (end > all.length) break
      this.#message(from, all[at]!, all.slice(at + 4, end))
      at = end
    }
    from.messages = all.slice(at)
  }

  #message(from: Direction, type: number, body: Uint8Array): void {
    if (type === HandshakeType.clientHello && from.side === 'client') {
      this.#clientHello(body)
    } else if (type === HandshakeType.serverHello && from.side === 'server') {
      this.#serverHello(body)
    } else if (type === HandshakeType.certificate && from === this.#peer) {
      this.#peerChain = readCertificates(body, this.#hellos.isTls13 === true)
    } else if (type === HandshakeType.finished && from.protection === 'handshake') {
      this.#enterTls13(from, 'application')
    }
  }

  #clientHello(body: Uint8Array): void {
    if (body.length < 35) return
    this.#hellos.clientRandom = body.subarray(2, 34)
    const suites = 35 + body[34]!
    const methods = suites + 2 + (suites + 2 <= body.length ? u16(body, suites) : 0)
    const extensions = methods + 1 + (body[methods] ?? 0)
    const at = extensionAt(body, extensions, ExtensionType.preSharedKey)
    // The length of all identities, then of the first.
    if (at === undefined || at + 4 > body.length) return
    const end = at + 4 + u16(body, at + 2)
    if (end <= body.length) this.#hellos.offered = body.subarray(at + 4, end)
  }

  #serverHello(body: Uint8Array): void {
    if (body.length < 38) return
    const idEnd = 35 + body[34]!
    if (body.length < idEnd + 3) return
    const hellos = this.#hellos
    hellos.serverRandom = body.subarray(2, 34)
    const suite = TLS_SUITES.get(u16(body, idEnd))
    if (suite === undefined) delete hellos.suite
    else hellos.suite = suite
    hellos.isTls13 = extensionAt(body, idEnd + 3, ExtensionType.supportedVersions) !== undefined
    const isRetry = RETRY.every((byte, at) => body[2 + at] === byte)
    if (!hellos.isTls13 || isRetry) return
    this.#enterTls13(this.#own, 'handshake')
    this.#enterTls13(this.#peer, 'handshake')
  }

  #enterTls13(of: Direction, protection: 'handshake' | 'application'): void {
    of.protection = protection
    of.sequence = 0
    this.#deriveTls13(of)
  }

  #deriveTls13(of: Direction): void {
    if (of.protection !== 'handshake' && of.protection !== 'application') return
    const who = of.side.toUpperCase()
    const label =
      of.protection === 'handshake' ? `${who}_HANDSHAKE_TRAFFIC_SECRET` : `${who}_TRAFFIC_SECRET_0`
    const secret = this.#secrets.get(label)
    const { suite } = this.#hellos
    of.secret = secret
    of.keys =
      secret === undefined || suite === undefined
        ? undefined
        : trafficKeys(recordCipherOf(suite), secret)
  }

  #updateKeys(of: Direction): void {
    if (of.keys === undefined || of.secret === undefined) return
    of.secret = nextTrafficSecret(of.keys.cipher, of.secret)
    of.keys = trafficKeys(of.keys.cipher, of.secret)
    of.sequence = 0
  }

  #enterTls12(of: Direction): void {
    of.protection = 'tls12'
    of.sequence = 0
    const { suite, clientRandom, serverRandom } = this.#hellos
    const master = this.#secrets.get('CLIENT_RANDOM')
    if (suite === undefined || clientRandom === undefined) return
    if (serverRandom === undefined || master === undefined) return
    const randoms = { master, clientRandom, serverRandom }
    of.keys = blockKeys(recordCipherOf(suite), randoms, of.side)
  }
}

/** Where the data of an extension of a hello begins; `at` is where the length of all of them stands. */
function extensionAt(body: Uint8Array, at: number, wanted: number): number | undefined {
  for (let next = at + 2; next + 4 <= body.length; next += 4 + u16(body, next + 2)) {
    if (u16(body, next) === wanted) return next + 4
  }
  return undefined
}
