/**
 * One LDAP connection of a computer to a controller: it binds with the computer's account, and then asks, several things at once if need be.
 * Not the choice of the controller. RFC 4511; NTLM inside GSS-SPNEGO.
 */
import { formatIpv4 } from '../base/address.ts'
import type { Rng } from '../base/rng.ts'
import type { Duration } from '../base/time.ts'
import { clientChallenge, ntlmV2Response } from '../crypto/ntlm.ts'
import { ntPasswordHash } from '../crypto/ms-chap.ts'
import type { Account } from '../directory/directory.ts'
import { fileTime } from '../directory/ldap-entries.ts'
import type { Endpoint, Host, TcpConnection } from '../net/sockets.ts'
import type { Timer } from '../net/world.ts'
import {
  encodeLdap,
  encodeLdapTogether,
  LdapResultCode,
  ldapResultName,
  LdapStream,
  type LdapMessage,
  type LdapOperation,
} from '../wire/ldap.ts'
import { decodeNtlm, encodeNtlm, NTLM_FLAGS } from '../wire/ntlm.ts'

export type LdapSearch = Extract<LdapOperation, { kind: 'search-request' }>
export type LdapEntry = Extract<LdapOperation, { kind: 'search-entry' }>

export interface SearchAnswer {
  readonly resultCode: number
  readonly entries: readonly LdapEntry[]
}

/** What a computer signs in with. */
export interface ComputerIdentity {
  readonly account: Account
  /** NetBIOS name of its domain. */
  readonly netbios: string
}

export interface LdapConnectionOptions {
  readonly to: Endpoint
  readonly identity: ComputerIdentity
  /** For what the computer adds to a challenge. */
  readonly rng: Rng
  /** For the connection, for the bind and for each question: without an answer the connection is given up. */
  readonly timeout: Duration
  /** Called once: it is bound. */
  onBound(): void
  /** Called once, with why in words. Questions that are open are answered with undefined right after. */
  onClosed(why: string, cause: LdapEnd): void
}

/** `silent`: the other side gave no answer in time. `closed`: we said goodbye. */
export type LdapEnd = 'silent' | 'lost' | 'closed'

interface Waiting {
  readonly entries: LdapEntry[]
  readonly done: (answer: SearchAnswer | undefined) => void
}

export class LdapConnection {
  readonly #host: Host
  readonly #options: LdapConnectionOptions
  readonly #tcp: TcpConnection
  readonly #stream = new LdapStream()
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #timer: Timer | undefined
  #isClosed = false
  #isBound = false

  constructor(host: Host, options: LdapConnectionOptions) {
    this.#host = host
    this.#options = options
    this.#tcp = host.tcp.connect(options.to, {
      onConnected: () => this.#bind({ kind: 'negotiate', flags: NTLM_FLAGS }),
      onData: (bytes) => this.#receive(bytes),
      onEnd: () => this.#end('the controller closed the connection'),
      onClosed: (reason) => this.#end(`the connection was ${reason}`),
    })
    this.#watch()
  }

  get to(): Endpoint {
    return this.#options.to
  }

  /** Ask all of them in one go; `done` has their answers in order, or undefined: the connection failed. Only when bound. */
  ask(
    searches: readonly LdapSearch[],
    done: (answers: readonly SearchAnswer[] | undefined) => void,
  ) {
    const answers: (SearchAnswer | undefined)[] = searches.map(() => undefined)
    let open = searches.length
    const messages = searches.map((operation, i) => {
      const id = this.#nextId++
      this.#waiting.set(id, {
        entries: [],
        done: (answer) => {
          answers[i] = answer
          open -= 1
          if (open > 0) return
          const whole = answers.filter((each) => each !== undefined)
          done(whole.length === searches.length ? whole : undefined)
        },
      })
      return { id, operation }
    })
    this.#watch()
    this.#tcp.send(encodeLdapTogether(messages))
  }

  /** Say goodbye. */
  close(): void {
    if (this.#isClosed) return
    this.#tcp.send(encodeLdap({ id: this.#nextId++, operation: { kind: 'unbind-request' } }))
    this.#end('closed', 'closed')
  }

  #bind(message: Parameters<typeof encodeNtlm>[0]): void {
    this.#tcp.send(
      encodeLdap({
        id: this.#nextId++,
        operation: {
          kind: 'bind-request',
          version: 3,
          name: '',
          authentication: {
            method: 'sasl',
            mechanism: 'GSS-SPNEGO',
            credentials: encodeNtlm(message),
          },
        },
      }),
    )
    this.#unwatch()
    this.#watch()
  }

  #receive(bytes: Uint8Array): void {
    for (const message of this.#stream.push(bytes)) {
      if (this.#isClosed) return
      if (!message.ok) return this.#end('the controller sent what cannot be read')
      this.#heard(message.value)
    }
  }

  #heard({ id, operation }: LdapMessage): void {
    const waiting = this.#waiting.get(id)
    switch (operation.kind) {
      case 'bind-response':
        return this.#bindAnswered(operation)
      case 'search-entry':
        waiting?.entries.push(operation)
        return
      case 'search-done':
        this.#waiting.delete(id)
        this.#unwatch()
        if (this.#waiting.size > 0) this.#watch()
        waiting?.done({ resultCode: operation.resultCode, entries: waiting.entries })
        return
      default:
        return this.#end('the controller said what was not asked for')
    }
  }

  #bindAnswered({
    resultCode,
    diagnosticMessage,
    serverSaslCredentials,
  }: Extract<LdapOperation, { kind: 'bind-response' }>): void {
    if (this.#isBound) return
    if (resultCode === LdapResultCode.success) {
      this.#unwatch()
      this.#isBound = true
      return this.#options.onBound()
    }
    const challenge = decodeNtlm(serverSaslCredentials ?? new Uint8Array())
    const isChallenge =
      resultCode === LdapResultCode.saslBindInProgress &&
      challenge.ok &&
      challenge.value.kind === 'challenge'
    if (!isChallenge) {
      return this.#end(`the bind was refused: ${ldapResultName(resultCode)} ${diagnosticMessage}`)
    }
    this.#authenticate(challenge.value)
  }

  #authenticate({
    serverChallenge,
    targetInfo,
  }: {
    readonly serverChallenge: Uint8Array
    readonly targetInfo: Uint8Array
  }): void {
    const { account, netbios } = this.#options.identity
    const exchange = { user: account.name, domain: netbios, serverChallenge }
    const time = new Uint8Array(8)
    new DataView(time.buffer).setBigUint64(0, BigInt(fileTime(this.#host.wallClock)), true)
    const client = clientChallenge(time, this.#options.rng.bytes(8), targetInfo)
    const hash = ntPasswordHash(account.password.secret?.reveal() ?? '')
    this.#bind({
      kind: 'authenticate',
      flags: NTLM_FLAGS,
      domain: netbios,
      user: account.name,
      workstation: account.commonName,
      lmResponse: new Uint8Array(24),
      ntResponse: ntlmV2Response(exchange, hash, client),
    })
  }

  /** Something is awaited: not for longer than the timeout since the controller last said something, or had nothing to say. */
  #watch(): void {
    this.#timer ??= this.#host.after(this.#options.timeout, () =>
      this.#end('the controller does not answer', 'silent'),
    )
  }

  #unwatch(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #end(why: string, cause: LdapEnd = 'lost'): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unwatch()
    if (cause === 'closed') this.#tcp.close()
    else this.#tcp.abort()
    const { address, port } = this.#options.to
    this.#options.onClosed(`${formatIpv4(address)}:${port}: ${why}`, cause)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const each of waiting) each.done(undefined)
  }
}
