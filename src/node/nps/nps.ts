/**
 * A Network Policy Server on a host: RADIUS in and out, one request after another through policies, directory and EAP to an answer, or to
 * silence. Not how a request is decided: `access.ts`. RFC 2865, 2866, 3579, 5997.
 */
import { formatIpv4 } from '../../base/address.ts'
import { setU16, setU32, setU64, toHex } from '../../base/bytes.ts'
import { RequestHistory } from '../../engine/radius/duplicates.ts'
import {
  ACCOUNTING_RESPONSE,
  receiveRequest,
  respond,
  aliveReply,
  type RadiusDiscard,
  type RadiusPortKind,
  type RadiusReply,
} from '../../engine/radius/server.ts'
import type { Datagram, Host, UdpSocket } from '../../net/sockets.ts'
import type { RadiusClientSpec } from '../../topology/nps.ts'
import type { AccessRecord } from '../../windows/nps/events.ts'
import type { DiscardCause } from '../../windows/nps/system-events.ts'
import {
  attribute,
  attributeFromText,
  attributeValue,
  eapMessage,
  eapPacket,
} from '../../wire/radius/attributes.ts'
import type { WireError } from '../../wire/codec.ts'
import { RadiusCode, type RadiusPacket } from '../../wire/radius/packet.ts'
import { decideAccess } from './access.ts'
import { NpsBook, recordOf } from './book.ts'
import type { AccessContext, AccessOutcome, Conversation } from './cases.ts'
import { RadiusClients } from './clients.ts'
import { Conversations } from './conversations.ts'
import type { NpsDecision } from './decision.ts'
import type { NpsDeps } from './deps.ts'
import { failureFor } from './eap-refusal.ts'
import { credentialsOf } from './facts.ts'
import { Forwarder } from './forward.ts'
import { tlsMemory } from './offers.ts'
import { NO_PROOF } from './passwords.ts'
import { WorkQueue, type WorkLoad } from '../work-queue.ts'

const AUTHENTICATION_PORTS: readonly number[] = [1812, 1645]
const ACCOUNTING_PORTS: readonly number[] = [1813, 1646]

/** One request under way. */
interface Exchange {
  readonly packet: RadiusPacket
  readonly client: RadiusClientSpec
  readonly datagram: Datagram
  readonly socket: UdpSocket
  readonly record: AccessRecord
}

export class Nps {
  readonly book: NpsBook
  readonly #host: Host
  readonly #deps: NpsDeps
  readonly #clients: RadiusClients
  readonly #history = new RequestHistory()
  readonly #conversations = new Conversations()
  readonly #access: AccessContext
  readonly #forwarder: Forwarder
  readonly #sockets: UdpSocket[] = []
  /** What of them waits for its turn. */
  readonly #work: WorkQueue
  /** Access-Requests that are being decided. */
  readonly #underWay = new Set<Exchange>()
  #isStopped = false
  readonly #started: number
  #serial = 0

  /** Starts at once: client entries and ports count as they are now, until it is started again. `book`: what it has written before. */
  constructor(host: Host, deps: NpsDeps, book = new NpsBook(host, deps)) {
    this.#host = host
    this.#deps = deps
    this.book = book
    this.#clients = new RadiusClients(deps.spec(), deps.resolve)
    this.#forwarder = new Forwarder(host, deps)
    this.#started = host.wallClock
    this.#work = new WorkQueue(host, () => deps.spec().requestTime)
    const states = host.rng.fork('NPS/state')
    this.#access = {
      host,
      deps,
      memory: tlsMemory(host),
      nextState: () => states.bytes(16),
      onAbandoned: (conversation, decision) => {
        this.#conversations.delete(conversation.id)
        // What it was still thinking about is decided with it.
        for (const exchange of this.#underWay) {
          if (stateOf(exchange) === conversation.id) this.#underWay.delete(exchange)
        }
        this.book.decide(decision, NOTHING)
      },
    }
    const { authenticationPorts = AUTHENTICATION_PORTS, accountingPorts = ACCOUNTING_PORTS } =
      deps.spec()
    for (const port of authenticationPorts) this.#open(port, 'authentication')
    for (const port of accountingPorts) this.#open(port, 'accounting')
  }

  /** Requests under way are never answered: reason 271. */
  stop(): void {
    this.#isStopped = true
    this.#work.stop()
    for (const { record, packet } of this.#underWay) {
      const decision = this.#denied(record, 271, 'NPS stopped while the request was under way')
      this.book.decide({ ...decision, result: 'discarded' }, packet)
    }
    this.#underWay.clear()
    for (const socket of this.#sockets) socket.close()
    this.#conversations.stop()
    this.#forwarder.close()
  }

  /** How much there is to do, where that takes time. */
  get load(): WorkLoad {
    return this.#work.load
  }

  #open(port: number, kind: RadiusPortKind): void {
    const onDatagram = (datagram: Datagram): WireError | undefined =>
      opened.ok ? this.#onDatagram(kind, opened.value, datagram) : undefined
    const opened = this.#host.udp.open({ onDatagram }, { port })
    if (opened.ok) this.#sockets.push(opened.value)
    else this.#host.log('NPS', `UDP port ${port} is taken`)
  }

  #onDatagram(kind: RadiusPortKind, socket: UdpSocket, datagram: Datagram): WireError | undefined {
    const { from, bytes } = datagram
    const spec = this.#deps.spec()
    const client = this.#clients.find(from.address)
    if (client === undefined) {
      this.book.discard('unknown-client', () => this.#stranger(datagram))
      return undefined
    }
    const rules = {
      secret: client.secret,
      requiresMessageAuthenticator:
        client.requiresMessageAuthenticator === true || spec.requireMessageAuthenticator === true,
      limitsProxyState: spec.limitProxyState === true,
    }
    const arrival = { bytes, port: kind, from: `${formatIpv4(from.address)}:${from.port}` }
    const received = receiveRequest(arrival, rules, this.#history, this.#host.now)
    switch (received.kind) {
      case 'resend':
        this.#send(socket, datagram, received.bytes)
        return undefined
      case 'request': {
        const record = this.#recordOf(received.packet, datagram, client)
        this.#take(kind, { packet: received.packet, client, datagram, socket, record })
        return undefined
      }
      case 'discard': {
        const { cause, packet } = received
        const told = discardCause(cause, {
          isClients: client.requiresMessageAuthenticator === true,
        })
        const record = (): AccessRecord =>
          packet === undefined ? this.#stranger(datagram) : this.#recordOf(packet, datagram, client)
        if (told !== undefined) this.book.discard(told, record)
        return cause.code === 'radius/malformed' ? cause.error : undefined
      }
    }
  }

  #stranger({ from }: Datagram): AccessRecord {
    return {
      at: this.#host.wallClock,
      user: {},
      clientIpAddress: formatIpv4(from.address),
      authenticationServer: this.#deps.serverName,
    }
  }

  #recordOf(packet: RadiusPacket, { from }: Datagram, client: RadiusClientSpec): AccessRecord {
    const server = this.#deps.serverName
    return recordOf(packet, this.#host.wallClock, { from: from.address, client, server })
  }

  #take(kind: RadiusPortKind, exchange: Exchange): void {
    const { packet, record } = exchange
    if (packet.code === RadiusCode.statusServer) return this.#reply(exchange, aliveReply(kind))
    if (this.book.isStuck) return this.#drop(exchange, 'logging-failed')
    switch (this.#deps.spec().extension ?? 'passes') {
      case 'passes':
        break
      case 'discards':
        return this.#drop(exchange, 'extension-discarded')
      case 'fails':
        return this.#drop(exchange, 'extension-failed')
      case 'rejects':
        if (packet.code !== RadiusCode.accessRequest) break
        return this.#reject(exchange, this.#denied(record, 21, 'an extension DLL turned it down'))
    }
    if (packet.code === RadiusCode.accountingRequest) return this.#account(exchange)
    this.book.request(1, packet, record)
    // What comes again meanwhile is known, and passed over.
    if (this.#work.take(() => this.#decide(exchange))) return
    this.#history.forget(fromOf(exchange), packet, this.#host.now)
  }

  #decide(exchange: Exchange): void {
    const { packet, client, record } = exchange
    this.#underWay.add(exchange)
    const state = attributeValue(packet.attributes, 'State')
    const eap = eapPacket(packet.attributes)
    const done = (outcome: AccessOutcome): void => this.#conclude(exchange, outcome)
    if (state !== undefined && eap !== undefined) {
      const known = this.#conversations.find(toHex(state), client.name)
      if (known !== undefined) return known.packet(eap, record, done)
      if (!this.#forwarder.knows(state)) {
        this.#underWay.delete(exchange)
        const why = 'its State is of no conversation that goes on here'
        return this.#reject(exchange, this.#denied(record, 97, why))
      }
    }
    decideAccess(
      this.#access,
      packet,
      credentialsOf(packet, client.secret),
      {
        record,
        client: {
          friendlyName: client.name,
          address: record.clientIpAddress!,
          vendor: client.vendor ?? 'standard',
        },
      },
      done,
    )
  }

  #conclude(exchange: Exchange, outcome: AccessOutcome): void {
    // What is asked of the directory may be answered when nobody is there any more.
    if (this.#isStopped) return
    if (outcome.kind !== 'forward') this.#underWay.delete(exchange)
    const { packet, client } = exchange
    switch (outcome.kind) {
      case 'challenge':
        return this.#challenge(exchange, outcome.eap, outcome.conversation)
      case 'reject': {
        this.#end(exchange)
        const { decision, eap, proof = NO_PROOF } = outcome
        const hop = { request: packet, secret: client.secret, rng: this.#host.rng }
        return this.#reject(exchange, decision, [
          ...(eap === undefined ? [] : eapMessage(eap)),
          ...proof.attributes(hop),
        ])
      }
      case 'accept':
        this.#end(exchange)
        return this.#accept(exchange, outcome)
      case 'discard':
        this.#history.forget(fromOf(exchange), packet, this.#host.now)
        this.#host.log('NPS', `a request was passed over: ${outcome.detail}`)
        if (outcome.decision !== undefined) this.book.decide(outcome.decision, packet)
        return undefined
      case 'forward':
        return this.#forward(exchange, outcome)
    }
  }

  #forward(
    exchange: Exchange,
    { group, record, userName }: Extract<AccessOutcome, { kind: 'forward' }>,
  ): void {
    const { packet, client } = exchange
    this.#forwarder.forward({ packet, secret: client.secret, group, userName }, (answer) => {
      if (this.#isStopped) return
      if ('reply' in answer) {
        this.#underWay.delete(exchange)
        const { reply, remote } = answer
        const known = { ...record, authenticationServer: remote }
        if (reply.code === RadiusCode.accessAccept) {
          this.book.decide({ ...this.#denied(known, 0, ''), result: 'granted', why: [] }, packet)
        }
        if (reply.code === RadiusCode.accessReject) {
          this.book.decide(this.#denied(known, 112, `${remote} turned it down`), packet)
        }
        return this.#reply(exchange, reply)
      }
      // A server that has no answer gives none: the client is to try another.
      const decision = this.#denied(record, answer.reason, answer.detail)
      this.#conclude(exchange, {
        kind: 'discard',
        decision: { ...decision, result: 'discarded' },
        detail: answer.detail,
      })
    })
  }

  #challenge(exchange: Exchange, eap: Uint8Array, conversation: Conversation): void {
    const { id } = conversation
    this.#conversations.keep(conversation, exchange.client.name)
    const timeout = Math.floor(this.#deps.eapTimeout() / 1e6)
    this.#reply(exchange, {
      code: RadiusCode.accessChallenge,
      attributes: [
        ...eapMessage(eap),
        attribute('State', Buffer.from(id, 'hex')),
        attribute('Session-Timeout', timeout),
      ],
    })
  }

  #end(exchange: Exchange): void {
    const state = stateOf(exchange)
    if (state !== undefined) this.#conversations.delete(state)
  }

  #accept(
    exchange: Exchange,
    { decision, proof, eap }: Extract<AccessOutcome, { kind: 'accept' }>,
  ): void {
    const { packet, client } = exchange
    this.book.decide(decision, packet)
    const settings = decision.attributes.flatMap(({ name, value }) => {
      const made = attributeFromText(name, value)
      return made.ok ? [made.value] : []
    })
    const hop = { request: packet, secret: client.secret, rng: this.#host.rng }
    this.#reply(exchange, {
      code: RadiusCode.accessAccept,
      attributes: [
        ...settings,
        attribute('Class', this.#class(exchange)),
        ...(eap === undefined ? [] : eapMessage(eap)),
        ...proof.attributes(hop),
      ],
    })
  }

  /** Unlike every other: vendor, version, address and start of the server, and a serial number (as NPS's log shows it). */
  #class({ datagram }: Exchange): Uint8Array {
    const told = new Uint8Array(26)
    setU32(told, 0, 311)
    setU16(told, 4, 1)
    setU32(told, 6, datagram.to.address)
    setU64(told, 10, this.#started)
    this.#serial += 1
    setU64(told, 18, this.#serial)
    return told
  }

  #reject(
    exchange: Exchange,
    decision: NpsDecision,
    attributes: RadiusReply['attributes'] = [],
  ): void {
    const { packet } = exchange
    this.book.decide(decision, packet)
    const all = [...attributes, ...failureFor(packet, attributes)]
    this.#reply(exchange, { code: RadiusCode.accessReject, attributes: all })
  }

  #denied(record: AccessRecord, reason: NpsDecision['reason'], why: string): NpsDecision {
    return {
      at: this.#host.wallClock,
      result: 'denied',
      reason,
      record,
      why: [why],
      trail: [],
      attributes: [],
      isResumed: false,
      restsOn: [],
    }
  }

  #drop(exchange: Exchange, cause: DiscardCause): void {
    const { packet, record } = exchange
    this.#history.forget(fromOf(exchange), packet, this.#host.now)
    this.book.discard(cause, () => record)
  }

  #account(exchange: Exchange): void {
    const { packet, client, record } = exchange
    this.book.request(4, packet, record)
    this.#forwarder.account({ packet, secret: client.secret, record })
    this.#reply(exchange, ACCOUNTING_RESPONSE)
  }

  #reply(exchange: Exchange, reply: RadiusReply): void {
    const { packet, client, datagram, socket } = exchange
    const made = respond(reply, packet, client.secret)
    if (!made.ok) {
      this.book.system(22, { 'RADIUS client': client.name })
      return
    }
    if (packet.code !== RadiusCode.statusServer) {
      this.#history.answer(fromOf(exchange), packet, made.value, this.#host.now)
    }
    this.#send(socket, datagram, made.value)
  }

  #send(socket: UdpSocket, { from, to }: Datagram, bytes: Uint8Array): void {
    socket.send(from, bytes, { source: to.address, dontFragment: false })
  }
}

/** For the log of what no packet goes with any more. */
const NOTHING: RadiusPacket = {
  code: RadiusCode.accessRequest,
  identifier: 0,
  authenticator: new Uint8Array(16),
  attributes: [],
}

/** In hexadecimal. */
function stateOf({ packet }: Exchange): string | undefined {
  const state = attributeValue(packet.attributes, 'State')
  return state && toHex(state)
}

const fromOf = ({ datagram: { from } }: Exchange): string =>
  `${formatIpv4(from.address)}:${from.port}`

/** What NPS's log says of a packet that is dropped; undefined: nothing. */
function discardCause(
  cause: RadiusDiscard,
  { isClients }: { readonly isClients: boolean },
): DiscardCause | undefined {
  switch (cause.code) {
    case 'radius/malformed':
      return 'malformed'
    case 'radius/message-authenticator-wrong':
    case 'radius/message-authenticator-repeated':
      return 'bad-message-authenticator'
    case 'radius/message-authenticator-missing':
      return cause.because === 'client-setting' && !isClients
        ? 'missing-message-authenticator-all'
        : 'missing-message-authenticator'
    case 'radius/proxy-state-without-message-authenticator':
      return 'proxy-state'
    case 'radius/accounting-authenticator-wrong':
      return 'bad-authenticator'
    case 'radius/wrong-port':
    case 'radius/unexpected-code':
    case 'radius/duplicate-in-progress':
      return undefined
  }
}
