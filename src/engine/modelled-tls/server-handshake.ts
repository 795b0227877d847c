/** The server's side of a modelled handshake (RFC 5246 §7.3, RFC 8446 §2). Not its records. */
import { concat, fromHex, toHex } from '../../base/bytes.ts'
import { mix, mixAll } from '../../crypto/modelled/mix.ts'
import { HandshakeType } from '../tls-registry.ts'
import { hasBrokenLink, type Shown } from './certificates.ts'
import { Handshake, MISFIT, NO_VERSION, signed, UNEXPECTED, type Said } from './handshake.ts'
import {
  message,
  newKeyShare,
  RANDOM_BYTES,
  readClientHello,
  SESSION_ID_BYTES,
  SIGNATURE_ALGORITHMS,
  sized,
  writeServerHello,
  type ClientHello,
} from './hello.ts'
import { readSession, writeSession, type Session } from './session.ts'
import { BY_ID, chooseSuite, type Suite } from './suites.ts'

/** OpenSSL looks at the signatures of a client's chain though nobody asks it, and ends with that of the first that does not verify. */
const BROKEN_LINK = { code: 'bad-signature', detail: 'invalid padding' } as const

const NOTHING = new Uint8Array()
const NO_SHARED_CIPHER: Said = {
  code: 'no-shared-cipher',
  detail: 'no shared cipher',
  alert: 'handshake_failure',
}

/** Of TLS 1.3, whose suites say nothing of keys. */
const NO_SIGNATURE: Said = { ...NO_SHARED_CIPHER, detail: 'no suitable signature algorithm' }

/** Kinds of certificate, signature algorithms, no authorities (RFC 5246 §7.4.4). */
const REQUEST_12 = message(
  HandshakeType.certificateRequest,
  fromHex('02 0140'),
  SIGNATURE_ALGORITHMS,
  fromHex('0000'),
)
/** No context, and one extension (RFC 8446 §4.3.2). */
const REQUEST_13 = message(
  HandshakeType.certificateRequest,
  fromHex('00'),
  sized(concat(fromHex('000d'), sized(SIGNATURE_ALGORITHMS))),
)
const NO_EXTENSIONS = message(HandshakeType.encryptedExtensions, fromHex('0000'))
const HELLO_DONE = message(HandshakeType.serverHelloDone)
/** Named curve X25519, and the length of its point (RFC 8422 §5.4). */
const CURVE = fromHex('03 001d 20')

/** Lifetime and what is added to its age, a nonce of eight bytes (RFC 8446 §4.6.1). */
const TICKET_HEAD_BYTES = 4 + 4
const TICKET_NONCE = concat(Uint8Array.of(8), new Uint8Array(8))
const TICKETS = 2

type Expected =
  | 'client-hello'
  | 'certificate'
  | 'key-exchange'
  | 'verify'
  | 'change'
  | 'finished'
  | 'nothing'

export class ServerHandshake extends Handshake {
  readonly side = 'server'
  protected expected: Expected = 'client-hello'
  #sessionId: Uint8Array = NOTHING

  protected begin(): void {
    // A server waits.
  }

  protected receive(type: number, body: Uint8Array, before: number): Said | undefined {
    switch (this.expected) {
      case 'client-hello':
        return type === HandshakeType.clientHello ? this.#hello(body) : UNEXPECTED
      case 'certificate':
        return type === HandshakeType.certificate ? this.#chain(body) : UNEXPECTED
      case 'key-exchange':
        if (type !== HandshakeType.clientKeyExchange) return UNEXPECTED
        this.expected = (this.peerChain ?? []).length > 0 ? 'verify' : 'change'
        return undefined
      case 'verify':
        if (type !== HandshakeType.certificateVerify) return UNEXPECTED
        this.expected = this.isTls13 ? 'finished' : 'change'
        return this.takeProof(body, before)
      case 'finished':
        return type === HandshakeType.finished ? this.#finished(body, before) : UNEXPECTED
      case 'change':
      case 'nothing':
        return UNEXPECTED
    }
  }

  #hello(body: Uint8Array): Said | undefined {
    const hello = readClientHello(body)
    if (hello === undefined) return MISFIT
    const { offer, own } = this
    const isTls13 = offer.tls13 && hello.offersTls13
    if (!isTls13 && !(offer.tls12 && hello.offersTls12)) return NO_VERSION
    const version = isTls13 ? 'TLSv1.3' : 'TLSv1.2'
    const chosen = chooseSuite(offer, version, hello.suites, own?.signs)
    if (chosen === undefined) return NO_SHARED_CIPHER
    if (own === undefined) return NO_SIGNATURE
    const session = this.#offered(hello, chosen)
    const suite = (session && BY_ID.get(session.suite)) ?? chosen
    const random = this.random(RANDOM_BYTES)
    this.agree(suite, session?.secret, hello.random, random)
    if (isTls13) this.#sessionId = hello.sessionId
    else this.#sessionId = session?.id ?? this.random(SESSION_ID_BYTES)
    this.say(
      writeServerHello({
        random,
        sessionId: this.#sessionId,
        suite,
        resumes: this.isResumed,
        keyShare: isTls13 ? newKeyShare(this.random) : NOTHING,
      }),
    )
    if (isTls13) this.#answer13(own)
    else if (this.isResumed) this.#resume()
    else this.#answer12(own, hello, random)
    return undefined
  }

  /** The session that the client wants to resume, if it can be. */
  #offered({ sessionId, suites, ticket }: ClientHello, { version }: Suite): Session | undefined {
    const id = version === 'TLSv1.3' ? ticket : sessionId
    if (id === undefined || id.length === 0) return undefined
    const found = this.settings.sessions?.find(toHex(id))
    const session = found && readSession(found.session)
    if (session?.version !== version || !suites.has(session.suite)) return undefined
    this.sessionKey = found?.key
    return session
  }

  #answer12(own: Shown, hello: ClientHello, random: Uint8Array): void {
    const { requestsCertificate = false } = this.settings
    this.showsChain()
    if (this.suite.exchange === 'ecdhe') {
      const parameters = concat(CURVE, newKeyShare(this.random))
      const seed = mixAll(own.leafSeed, hello.random, random, parameters)
      this.say(message(HandshakeType.serverKeyExchange, parameters, signed(own, seed)))
    }
    if (requestsCertificate) this.say(REQUEST_12)
    this.say(HELLO_DONE)
    this.expected = requestsCertificate ? 'certificate' : 'key-exchange'
  }

  #answer13(own: Shown): void {
    const isAsking = this.settings.requestsCertificate === true && !this.isResumed
    this.host.changeCipherSpec()
    this.sendsProtected()
    this.receivesProtected()
    this.say(NO_EXTENSIONS)
    if (isAsking) this.say(REQUEST_13)
    if (!this.isResumed) {
      this.showsChain()
      this.provesChain(own)
    }
    this.saysFinished()
    this.expected = isAsking ? 'certificate' : 'finished'
  }

  #resume(): void {
    this.#change()
    this.expected = 'change'
  }

  #change(): void {
    this.host.changeCipherSpec()
    this.sendsProtected()
    this.saysFinished()
  }

  #chain(body: Uint8Array): Said | undefined {
    const fault = this.takeChain(body)
    if (fault !== undefined) return fault
    if (!this.isTls13) this.expected = 'key-exchange'
    else this.expected = (this.peerChain ?? []).length > 0 ? 'verify' : 'finished'
    return undefined
  }

  #finished(body: Uint8Array, before: number): Said | undefined {
    const fault = this.takeFinished(body, before)
    if (fault !== undefined) return fault
    this.expected = 'nothing'
    if (this.isTls13) this.#tickets()
    else if (!this.isResumed) {
      this.#change()
      this.#keep(this.#sessionId, this.secret)
    }
    this.finish()
    if (hasBrokenLink(this.peerChain ?? [])) this.host.breakOff(BROKEN_LINK)
    return undefined
  }

  #tickets(): void {
    for (let ticket = 0; ticket < (this.isResumed ? 1 : TICKETS); ticket++) {
      const id = this.random(SESSION_ID_BYTES)
      const head = this.random(TICKET_HEAD_BYTES)
      this.#keep(id, mix(this.secret, id))
      this.say(
        message(HandshakeType.newSessionTicket, head, TICKET_NONCE, sized(id), new Uint8Array(2)),
      )
    }
  }

  #keep(id: Uint8Array, secret: number): void {
    const { sessions } = this.settings
    if (sessions === undefined) return
    const name = toHex(id)
    this.sessionKey ??= name
    const { version, id: suite } = this.suite
    sessions.keep(name, writeSession({ version, suite, secret, id }), this.sessionKey)
  }
}
