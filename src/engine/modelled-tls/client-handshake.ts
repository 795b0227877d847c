/** The client's side of a modelled handshake (RFC 5246 §7.3, RFC 8446 §2). Not its records. */
import { equalBytes } from '../../base/bytes.ts'
import { rememberEach } from '../../base/remember.ts'
import { mix, mixAll } from '../../crypto/modelled/mix.ts'
import { isTlsAddress } from '../tls-context.ts'
import { HandshakeType } from '../tls-registry.ts'
import { CLIENT_SESSION } from '../tls-sessions.ts'
import { encryptedBytes, leafSeed } from './certificates.ts'
import {
  Handshake,
  isSigned,
  BAD_SIGNATURE,
  MISFIT,
  NO_VERSION,
  UNEXPECTED,
  type Said,
} from './handshake.ts'
import {
  helloFrame,
  message,
  newKeyShare,
  RANDOM_BYTES,
  readServerHello,
  SESSION_ID_BYTES,
  writeClientHello,
  type HelloFrame,
} from './hello.ts'
import { readSession, writeSession, type Session } from './session.ts'
import { BY_ID, suiteWithId, type Offer } from './suites.ts'

const NOTHING = new Uint8Array()
const UNKNOWN_CIPHER: Said = {
  code: 'no-shared-cipher',
  detail: 'unknown cipher returned',
  alert: 'illegal_parameter',
}

/** Curve type, curve, length and point of X25519 (RFC 8422 §5.4). */
export const ECDHE_PARAMETERS_BYTES = 36

const framesOf = rememberEach((_offer: Offer) => new Map<string, HelloFrame>())

function frameOf(offer: Offer, serverName: string | undefined): HelloFrame {
  const frames = framesOf(offer)
  const key = serverName ?? ''
  const known = frames.get(key)
  if (known !== undefined) return known
  const frame = helloFrame(offer, serverName)
  frames.set(key, frame)
  return frame
}

type Expected =
  | 'server-hello'
  | 'encrypted-extensions'
  | 'request'
  | 'certificate'
  | 'key-exchange'
  | 'verify'
  | 'hello-done'
  | 'change'
  | 'finished'
  | 'ticket'

export class ClientHandshake extends Handshake {
  readonly side = 'client'
  protected expected: Expected = 'server-hello'
  #random: Uint8Array = NOTHING
  #serverRandom: Uint8Array = NOTHING
  #sessionId: Uint8Array = NOTHING
  #session: Session | undefined
  #isAsked = false

  protected begin(): void {
    const { offer, settings } = this
    const { serverName, sessions } = settings
    const name = serverName === undefined || isTlsAddress(serverName) ? undefined : serverName
    this.#random = this.random(RANDOM_BYTES)
    this.#session = this.#usable(sessions?.find(CLIENT_SESSION)?.session)
    const session = this.#session
    const old = session?.version === 'TLSv1.2' ? session.id : undefined
    this.say(
      writeClientHello(frameOf(offer, name), {
        random: this.#random,
        sessionId: old ?? (offer.tls13 ? this.random(SESSION_ID_BYTES) : NOTHING),
        keyShare: offer.tls13 ? newKeyShare(this.random) : NOTHING,
        ticket:
          session?.version === 'TLSv1.3'
            ? { id: session.id, binderBytes: BY_ID.get(session.suite)!.finishedBytes }
            : undefined,
      }),
    )
  }

  #usable(kept: Uint8Array | undefined): Session | undefined {
    const session = kept === undefined ? undefined : readSession(kept)
    const isOffered = session?.version === 'TLSv1.3' ? this.offer.tls13 : this.offer.tls12
    return isOffered ? session : undefined
  }

  protected receive(type: number, body: Uint8Array, before: number): Said | undefined {
    switch (this.expected) {
      case 'server-hello':
        return type === HandshakeType.serverHello ? this.#hello(body) : UNEXPECTED
      case 'encrypted-extensions':
        return this.#step(
          type === HandshakeType.encryptedExtensions,
          this.isResumed ? 'finished' : 'request',
        )
      case 'request':
        if (type !== HandshakeType.certificateRequest) return this.#chain(type, body)
        this.#isAsked = true
        return this.#step(true, 'certificate')
      case 'certificate':
        return this.#chain(type, body)
      case 'verify':
        if (type !== HandshakeType.certificateVerify) return UNEXPECTED
        this.expected = 'finished'
        return this.takeProof(body, before)
      case 'key-exchange':
        return type === HandshakeType.serverKeyExchange ? this.#keyExchange(body) : UNEXPECTED
      case 'hello-done':
        if (type === HandshakeType.certificateRequest && !this.#isAsked) {
          this.#isAsked = true
          return undefined
        }
        return type === HandshakeType.serverHelloDone ? this.#answer() : UNEXPECTED
      case 'finished':
        return type === HandshakeType.finished ? this.#finished(body, before) : UNEXPECTED
      case 'ticket':
        return type === HandshakeType.newSessionTicket && this.isTls13
          ? this.#ticket(body)
          : UNEXPECTED
      case 'change':
        return UNEXPECTED
    }
  }

  #step(isRight: boolean, next: Expected): Said | undefined {
    this.expected = next
    return isRight ? undefined : UNEXPECTED
  }

  #hello(body: Uint8Array): Said | undefined {
    const hello = readServerHello(body)
    if (hello === undefined) return MISFIT
    const { isTls13 } = hello
    const isVersion =
      body[0] === 3 && body[1] === 3 && (isTls13 ? this.offer.tls13 : this.offer.tls12)
    if (!isVersion) return NO_VERSION
    const suite = suiteWithId(this.offer, hello.suite)
    if (suite === undefined || (suite.version === 'TLSv1.3') !== isTls13) return UNKNOWN_CIPHER
    const session = this.#session
    const resumes =
      session !== undefined &&
      session.version === suite.version &&
      (isTls13 ? hello.resumesTicket : equalBytes(hello.sessionId, session.id))
    this.#serverRandom = hello.random
    this.#sessionId = hello.sessionId
    this.agree(suite, resumes ? session.secret : undefined, this.#random, hello.random)
    if (isTls13) {
      this.sendsProtected()
      this.receivesProtected()
      this.expected = 'encrypted-extensions'
    } else {
      this.expected = resumes ? 'change' : 'certificate'
    }
    return undefined
  }

  #chain(type: number, body: Uint8Array): Said | undefined {
    if (type !== HandshakeType.certificate) return UNEXPECTED
    const fault = this.takeChain(body)
    if (fault !== undefined) return fault
    if (this.isTls13) this.expected = 'verify'
    else this.expected = this.suite.exchange === 'rsa' ? 'hello-done' : 'key-exchange'
    return undefined
  }

  #keyExchange(body: Uint8Array): Said | undefined {
    this.expected = 'hello-done'
    const parameters = body.subarray(0, ECDHE_PARAMETERS_BYTES)
    const seed = mixAll(
      leafSeed(this.peerChain ?? []),
      this.#random,
      this.#serverRandom,
      parameters,
    )
    return isSigned(body.subarray(ECDHE_PARAMETERS_BYTES), seed) ? undefined : BAD_SIGNATURE
  }

  /** Of TLS 1.2: all that a client says to a server's hello. */
  #answer(): undefined {
    if (this.#isAsked) this.showsChain()
    const isRsa = this.suite.exchange === 'rsa'
    const length = isRsa ? encryptedBytes(this.peerChain ?? []) : RANDOM_BYTES
    const lengthBytes = isRsa ? Uint8Array.of(length >> 8, length & 0xff) : Uint8Array.of(length)
    this.say(message(HandshakeType.clientKeyExchange, lengthBytes, this.random(length)))
    if (this.#isAsked && this.own !== undefined) this.provesChain(this.own)
    this.#change()
    this.expected = 'change'
  }

  #change(): void {
    this.host.changeCipherSpec()
    if (!this.isTls13) this.sendsProtected()
    else if (this.#isAsked) {
      this.showsChain()
      if (this.own !== undefined) this.provesChain(this.own)
    }
    this.saysFinished()
  }

  #finished(body: Uint8Array, before: number): Said | undefined {
    const fault = this.takeFinished(body, before)
    if (fault !== undefined) return fault
    if (this.isTls13 || this.isResumed) this.#change()
    if (!this.isTls13 && !this.isResumed) this.#keep(this.#sessionId, this.secret)
    this.expected = 'ticket'
    this.finish()
    return undefined
  }

  #ticket(body: Uint8Array): Said | undefined {
    const id = body.slice(TICKET_AT, TICKET_AT + SESSION_ID_BYTES)
    if (id.length < SESSION_ID_BYTES) return MISFIT
    this.#keep(id, mix(this.secret, id))
    return undefined
  }

  #keep(id: Uint8Array, secret: number): void {
    const { sessions } = this.settings
    if (sessions === undefined || id.length === 0) return
    const { version, id: suite } = this.suite
    sessions.keep(CLIENT_SESSION, writeSession({ version, suite, secret, id }), CLIENT_SESSION)
  }
}

/** Behind lifetime, age_add, the nonce of eight bytes with its length, and the ticket's length (RFC 8446 §4.6.1). */
const TICKET_AT = 4 + 4 + 1 + 8 + 2
