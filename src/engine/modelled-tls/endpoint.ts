/**
 * TLS 1.2 and 1.3 without cryptography: the flights, sizes, alerts and failures of the platform's stack for the settings of this lab, and the same keys on both
 * sides. NOTHING IS HIDDEN OR PROVED: for labs that talk to themselves. Not modelled: renegotiation, KeyUpdate, HelloRetryRequest.
 * RFC 5246, RFC 8446.
 */
import { concat, u16 } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import { mix, mixText, spreadBytes } from '../../crypto/modelled/mix.ts'
import { alertNamed, alertReason, encodeAlert, type TlsAlert } from '../tls-alert.ts'
import type { TlsVersion } from '../tls-context.ts'
import type { TlsFailure } from '../tls-failure.ts'
import { ContentType, RECORD_HEAD } from '../tls-registry.ts'
import type { TlsEndpoint, TlsSettings, TlsTurn } from '../tls.ts'
import { BODY_MAX, clearRecords, openRecord, sealedRecords, type Keys } from './records.ts'
import { ClientHandshake } from './client-handshake.ts'
import { UNEXPECTED, type Handshake, type HandshakeHost, type Said } from './handshake.ts'
import { ServerHandshake } from './server-handshake.ts'

const NOTHING = new Uint8Array()
const CCS = Uint8Array.of(1)

/** OWN: of the numbers that stand for an exporter's keys. */
const OF_EXPORT = 0x6578

export type Random = (length: number) => Uint8Array
/** Calls `run` with `arg`. */
export type Later = <A>(run: (arg: A) => void, arg: A) => void

export class ModelledTls implements TlsEndpoint, HandshakeHost {
  readonly #settings: TlsSettings
  readonly #later: Later
  readonly #handshake: Handshake
  #state: TlsTurn['handshake'] = 'under-way'
  #isClosed = false
  /** Bytes of a record, and of a handshake message, that are not whole yet. */
  #rest: Uint8Array = NOTHING
  #messages: Uint8Array = NOTHING
  #reads: Keys | undefined
  #writes: Keys | undefined
  /** What the peer knows to be in force, as long as the last turn's flight has not gone out. */
  #writesBefore: Keys | undefined
  #records = 0
  #flight: Uint8Array[] = []
  #data: Uint8Array[] = []
  #received: TlsAlert | undefined
  #failure: TlsFailure | undefined

  /** `later` calls back in the same instant, when what goes on at present is over. */
  constructor(settings: TlsSettings, random: Random, later: Later) {
    this.#settings = settings
    this.#later = later
    this.#handshake =
      settings.role === 'client'
        ? new ClientHandshake(this, settings, random)
        : new ServerHandshake(this, settings, random)
  }

  get role(): 'client' | 'server' {
    return this.#settings.role
  }

  get version(): TlsVersion | undefined {
    return this.#state === 'under-way' ? undefined : this.#handshake.done?.version
  }

  get cipher(): string | undefined {
    return this.#state === 'under-way' ? undefined : this.#handshake.done?.name
  }

  get isResumed(): boolean {
    return this.#handshake.done !== undefined && this.#handshake.isResumed
  }

  get sessionKey(): string | undefined {
    return this.#handshake.sessionKey
  }

  feed(bytes: Uint8Array, done: (turn: TlsTurn) => void): void {
    this.#begin()
    if (this.#state !== 'failed') {
      this.#start()
      if (bytes.length > 0) this.#read(bytes)
    }
    this.#later(done, this.#outcome())
  }

  write(data: Uint8Array, done: (turn: TlsTurn) => void): void {
    this.#begin()
    if (this.#state === 'under-way') this.#fail('closed', 'no handshake yet')
    else if (data.length > 0 && this.#state === 'done') this.#say(ContentType.applicationData, data)
    this.#later(done, this.#outcome())
  }

  exportKey(label: string, length: number, context?: Uint8Array): Uint8Array {
    invariant(
      this.#state === 'done' && !this.#isClosed,
      `keying material '${label}' was asked for before the handshake was done, or after the end`,
    )
    const { secret, done } = this.#handshake
    const named = mixText(secret ^ OF_EXPORT, label)
    // An empty context is not the same as none, until TLS 1.3 (RFC 5705 §4, RFC 8446 §7.5).
    const given = done?.version === 'TLSv1.3' ? (context ?? NOTHING) : context
    return spreadBytes(given === undefined ? named : ~mix(named, given), length)
  }

  refuse(alert: TlsAlert, flightSent = false): Uint8Array {
    const keys = flightSent ? this.#writes : this.#writesBefore
    const content = encodeAlert(alert)
    this.#fail('refused', `refused with ${alert}`)
    this.close()
    return keys === undefined
      ? clearRecords(ContentType.alert, content)
      : sealedRecords(keys, ContentType.alert, content)
  }

  close(): void {
    if (this.#state === 'under-way') this.#fail('closed', 'closed')
    this.#isClosed = true
  }

  // ── for the handshake ──

  message(bytes: Uint8Array): void {
    this.#say(ContentType.handshake, bytes)
  }

  changeCipherSpec(): void {
    this.#flight.push(clearRecords(ContentType.changeCipherSpec, CCS))
  }

  sendUnder(keys: Keys): void {
    this.#writes = keys
  }

  receiveUnder(keys: Keys): void {
    this.#reads = keys
    // From ServerHello on a client of TLS 1.3 speaks under keys, whatever of its flight goes out.
    if (this.role === 'client' && keys.suite.version === 'TLSv1.3')
      this.#writesBefore ??= this.#writes
  }

  finish(): void {
    this.#state = 'done'
  }

  breakOff({ code, detail }: TlsFailure): void {
    this.#fail(code, detail)
  }

  // ── turns ──

  #begin(): void {
    // Whoever goes on has sent what the turn before gave.
    this.#writesBefore = this.#writes
    if (this.#isClosed) this.#fail('closed', 'the endpoint is closed')
  }

  #start(): void {
    const fault = this.#handshake.start()
    if (fault !== undefined) this.#fail('identity', fault)
  }

  #outcome(): TlsTurn {
    const flight = this.#flight.length === 1 ? this.#flight[0]! : concat(...this.#flight)
    const data = this.#data.length === 1 ? this.#data[0]! : concat(...this.#data)
    this.#flight = []
    this.#data = []
    return {
      flight,
      data,
      handshake: this.#state,
      peerChain: this.#handshake.peerChain,
      received: this.#received,
      failure: this.#failure,
    }
  }

  #say(type: number, content: Uint8Array): void {
    const keys = this.#writes
    if (keys !== undefined) this.#flight.push(sealedRecords(keys, type, content))
    else this.#flight.push(clearRecords(type, content, this.#isFirst ? 1 : 3))
  }

  /** A client's first record says TLS 1.0 (RFC 8446 §D.2). */
  get #isFirst(): boolean {
    return this.role === 'client' && !this.#handshake.hasBegun
  }

  #fail(code: TlsFailure['code'], detail: string): void {
    this.#failure ??= { code, detail }
    this.#state = 'failed'
  }

  /** What it had to say is not said: the peer hears the alert alone. */
  #refuse({ code, detail, alert }: Said): void {
    this.#flight = []
    if (alert !== undefined) this.#say(ContentType.alert, encodeAlert(alert))
    this.#fail(code, detail)
  }

  // ── reading ──

  #read(bytes: Uint8Array): void {
    const all = this.#rest.length === 0 ? bytes : concat(this.#rest, bytes)
    let at = 0
    while (at + RECORD_HEAD <= all.length && this.#state !== 'failed' && !this.#isOver) {
      const length = u16(all, at + 3)
      const fault = this.#headFault(all, at, length)
      if (fault !== undefined) return this.#refuse(fault)
      const end = at + RECORD_HEAD + length
      if (end > all.length) break
      this.#records += 1
      this.#record(all.subarray(at, end))
      at = end
    }
    this.#rest = all.slice(at)
  }

  get #isOver(): boolean {
    return this.#received === 'close_notify'
  }

  #headFault(all: Uint8Array, at: number, length: number): Said | undefined {
    if (this.#records === 0) {
      if (isHttp(all)) return { code: 'bad-record', detail: 'http request' }
      if (all[at + 1] !== 3) return { code: 'bad-record', detail: 'wrong version number' }
    } else if (all[at + 1] !== 3 || (this.#handshake.isAgreed && all[at + 2] !== 3)) {
      return { ...WRONG_VERSION, alert: 'protocol_version' }
    }
    return length > BODY_MAX
      ? { code: 'bad-record', detail: 'packet length too long', alert: 'record_overflow' }
      : undefined
  }

  #record(record: Uint8Array): void {
    const type = record[0]!
    const keys = this.#reads
    if (type === ContentType.changeCipherSpec && (keys === undefined || this.#handshake.isTls13)) {
      const isRight = record.length === RECORD_HEAD + 1 && record[RECORD_HEAD] === 1
      // In TLS 1.3 it means nothing (RFC 8446 §D.4).
      if (isRight && this.#handshake.isTls13) return
      const said = isRight ? this.#handshake.changed() : BAD_CHANGE
      if (said !== undefined) this.#refuse(said)
      return
    }
    if (keys === undefined) return this.#content(type, record.subarray(RECORD_HEAD))
    const opened = openRecord(keys, record)
    if (opened === undefined) return this.#refuse(badMac(keys))
    this.#content(opened.type, opened.content)
  }

  #content(type: number, content: Uint8Array): void {
    switch (type) {
      case ContentType.handshake:
        return this.#handshakeMessages(content)
      case ContentType.alert:
        return this.#alert(content)
      case ContentType.applicationData:
        if (this.#state !== 'done') return this.#refuse(UNEXPECTED)
        this.#data.push(content.slice())
        return
      default:
        this.#refuse(this.#records === 1 ? UNEXPECTED : UNEXPECTED_RECORD)
    }
  }

  #alert([level, number]: Uint8Array): void {
    if (this.role === 'server' && !this.#handshake.hasBegun) return this.#refuse(UNEXPECTED)
    const alert = alertNamed(number ?? -1)
    const isClose = alert === 'close_notify'
    // Warnings but this one, and what is none, mean nothing.
    if (isClose ? level !== 1 : level !== 2) return
    if (alert !== undefined) this.#received ??= alert
    if (!isClose) this.#fail('alert-received', alertReason(number ?? -1))
    else if (this.#state === 'under-way') this.#fail('alert-received', 'close_notify')
  }

  #handshakeMessages(fragment: Uint8Array): void {
    const all = this.#messages.length === 0 ? fragment : concat(this.#messages, fragment)
    let at = 0
    while (at + 4 <= all.length) {
      const length = (all[at + 1]! << 16) | u16(all, at + 2)
      if (length > MESSAGE_MAX) return this.#refuse(TOO_LARGE)
      const end = at + 4 + length
      if (end > all.length) break
      const said = this.#handshake.take(all.subarray(at, end))
      if (said !== undefined) return this.#refuse(said)
      at = end
    }
    this.#messages = at === all.length ? NOTHING : all.slice(at)
  }
}

/** Of a certificate list, OpenSSL's bound for what a peer may send. */
const MESSAGE_MAX = 102_400

const UNEXPECTED_RECORD: Said = { ...UNEXPECTED, detail: 'unexpected record' }
const BAD_CHANGE: Said = { ...UNEXPECTED, detail: 'bad change cipher spec' }
const WRONG_VERSION: Said = { code: 'bad-record', detail: 'wrong version number' }
/** OpenSSL has words of its own for an AEAD of TLS 1.2. */
const badMac = ({ suite: { version, blockBytes } }: Keys): Said => ({
  code: 'bad-record',
  detail:
    version === 'TLSv1.2' && blockBytes === 0
      ? 'cipher operation failed'
      : 'decryption failed or bad record mac',
  alert: 'bad_record_mac',
})
const TOO_LARGE: Said = {
  code: 'other',
  detail: 'excessive message size',
  alert: 'illegal_parameter',
}

const HTTP_METHODS = ['GET ', 'POST', 'HEAD', 'PUT ']
const isHttp = (bytes: Uint8Array): boolean =>
  HTTP_METHODS.includes(String.fromCharCode(...bytes.subarray(0, 4)))
