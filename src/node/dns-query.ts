/**
 * One DNS question to one or several servers: UDP first, TCP when the answer was cut short, tried again until somebody answers.
 * Not a resolver: whom to ask, and what the answer means, is the caller's. RFC 1035 §4.2, RFC 5452 (what counts as an answer).
 */
import type { Ipv4 } from '../base/address.ts'
import type { Duration } from '../base/time.ts'
import type { Host, TcpConnection, UdpSocket } from '../net/sockets.ts'
import { encodeMessage } from '../wire/dns/encode.ts'
import {
  decodeMessage,
  frameMessage,
  MessageStream,
  queryFor,
  type Message,
  type Question,
} from '../wire/dns/message.ts'
import { sameName } from '../wire/dns/name.ts'
import { RCODE } from '../wire/dns/registry.ts'

export const DNS_PORT = 53

/** Whom one attempt asks, at once, and how long it waits for them. */
export interface Attempt {
  readonly servers: readonly Ipv4[]
  readonly wait: Duration
}

export interface QueryResult {
  /** The first useful answer; else the last refusal; undefined: nobody answered at all. */
  readonly reply: { readonly message: Message; readonly from: Ipv4 } | undefined
  /** Everybody who was asked, in order, each once. */
  readonly asked: readonly Ipv4[]
}

/** A server that cannot or will not help: another may. */
const isRefusal = ({ rcode }: Message): boolean =>
  rcode === RCODE.SERVFAIL || rcode === RCODE.REFUSED || rcode === RCODE.NOTIMP

/**
 * Ask until somebody answers. `done` is called once, never before this returns. An attempt ends early when all it asked have
 * refused or are known to be unreachable.
 */
export function queryServers(
  host: Host,
  question: Question,
  attempts: readonly Attempt[],
  done: (result: QueryResult) => void,
): void {
  new Query(host, question, attempts, done).begin()
}

class Query {
  readonly #host: Host
  readonly #question: Question
  readonly #attempts: readonly Attempt[]
  readonly #done: (result: QueryResult) => void
  readonly #id: number
  readonly #asked: Ipv4[] = []
  #socket: UdpSocket | undefined
  #connection: TcpConnection | undefined
  #timer: { cancel(): void } | undefined
  #waitingFor = new Set<Ipv4>()
  #refusal: QueryResult['reply']
  #attempt = 0
  #isDone = false

  constructor(
    host: Host,
    question: Question,
    attempts: readonly Attempt[],
    done: (result: QueryResult) => void,
  ) {
    this.#host = host
    this.#question = question
    this.#attempts = attempts
    this.#done = done
    this.#id = host.rng.below(0x10000)
  }

  begin(): void {
    const opened = this.#host.udp.open({
      onDatagram: ({ bytes, from }) => {
        const decoded = decodeMessage(bytes)
        if (!decoded.ok) return decoded.error
        if (from.port === DNS_PORT) this.#receive(decoded.value, from.address)
        return undefined
      },
      onError: ({ to }) => this.#giveUpOn(to.address),
    })
    if (opened.ok) this.#socket = opened.value
    // Also with nobody to ask the answer comes later, so that callers need not care.
    this.#host.after(0 as Duration, () => this.#next())
  }

  #next(): void {
    const attempt = this.#attempts[this.#attempt++]
    if (attempt === undefined || this.#socket === undefined) return this.#finish(this.#refusal)
    this.#waitingFor = new Set(attempt.servers)
    this.#timer = this.#host.after(attempt.wait, () => this.#next())
    const bytes = encodeMessage(queryFor(this.#question, { id: this.#id, recursionDesired: true }))
    for (const address of attempt.servers) {
      if (!this.#asked.includes(address)) this.#asked.push(address)
      this.#socket.send({ address, port: DNS_PORT }, bytes)
    }
  }

  #receive(message: Message, from: Ipv4): void {
    if (!this.#isAnswer(message, from) || this.#isDone) return
    if (message.truncated) this.#askByTcp(from)
    else this.#take(message, from)
  }

  #take(message: Message, from: Ipv4): void {
    if (!isRefusal(message)) return this.#finish({ message, from })
    this.#refusal = { message, from }
    this.#giveUpOn(from)
  }

  /** Only the answer to this very question, from one who was asked, counts. */
  #isAnswer({ id, response, question }: Message, from: Ipv4): boolean {
    const [echoed] = question
    return (
      this.#asked.includes(from) &&
      response &&
      id === this.#id &&
      (echoed === undefined ||
        (echoed.type === this.#question.type && sameName(echoed.name, this.#question.name)))
    )
  }

  #giveUpOn(server: Ipv4): void {
    if (this.#isDone || !this.#waitingFor.delete(server) || this.#waitingFor.size > 0) return
    this.#timer?.cancel()
    this.#next()
  }

  #askByTcp(from: Ipv4): void {
    if (this.#connection !== undefined) return
    const stream = new MessageStream()
    const query = encodeMessage(queryFor(this.#question, { id: this.#id, recursionDesired: true }))
    const connection = this.#host.tcp.connect(
      { address: from, port: DNS_PORT },
      {
        onConnected: () => connection.send(frameMessage(query)),
        onData: (bytes) => {
          for (const whole of stream.push(bytes)) {
            const decoded = decodeMessage(whole)
            const isAnswer = decoded.ok && this.#isAnswer(decoded.value, from)
            if (isAnswer && !this.#isDone) this.#take(decoded.value, from)
          }
        },
        onEnd: () => connection.close(),
        onClosed: () => {
          this.#connection = undefined
          this.#giveUpOn(from)
        },
      },
    )
    this.#connection = connection
  }

  #finish(reply: QueryResult['reply']): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#timer?.cancel()
    this.#socket?.close()
    this.#connection?.close()
    this.#done({ reply, asked: this.#asked })
  }
}
