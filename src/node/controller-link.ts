/**
 * A member's standing LDAP connection to one of its domain's controllers, or catalogs: found, opened when needed, opened again when lost.
 * Not the questions. One connection, whoever asks; the next controller is tried where one does not answer.
 */
import { formatIpv4, type Ipv4 } from '../base/address.ts'
import type { Rng } from '../base/rng.ts'
import { minutes, type Duration, type Instant } from '../base/time.ts'
import type { Endpoint, Host } from '../net/sockets.ts'
import { locateControllers, type ControllerRole } from './controller-locator.ts'
import {
  LdapConnection,
  type ComputerIdentity,
  type LdapEnd,
  type LdapSearch,
  type SearchAnswer,
} from './ldap-connection.ts'
import type { StubResolver } from './stub-resolver.ts'

/** MaxConnIdleTime of the LDAP policies: longer than that no controller keeps a connection that nobody uses. */
export const IDLE_MAX = minutes(15)

export interface ControllerLinkOptions {
  readonly resolver: Pick<StubResolver, 'resolve'>
  readonly domain: string
  readonly role: ControllerRole
  readonly identity: () => ComputerIdentity | undefined
  readonly timeout: Duration
  /** An entry of the event log: 4400, 4401, 4402 of NPS. */
  log(id: 4400 | 4401 | 4402, text: string): void
}

/** No controller could be had; `why` in words. */
export interface NoController {
  readonly why: string
}

/** How the last connection ended. */
interface Lost {
  readonly why: string
  readonly cause: LdapEnd
}

type Opened = (
  got: { readonly connection: LdapConnection; readonly isFresh: boolean } | NoController,
) => void

export class ControllerLink {
  readonly #host: Host
  readonly #options: ControllerLinkOptions
  readonly #rng: Rng
  #connection: LdapConnection | undefined
  #opening: LdapConnection | undefined
  #lastUsed: Instant
  #waiting: Opened[] = []
  #lost: Lost = { why: 'no connection', cause: 'lost' }
  #isClosed = false

  constructor(host: Host, options: ControllerLinkOptions) {
    this.#host = host
    this.#options = options
    this.#rng = host.rng.fork(`LDAP/${options.role}`)
    this.#lastUsed = host.now
  }

  /** Ask all of them at once; `done` is called once. A connection that turns out to be lost is opened again, once. */
  ask(
    searches: readonly LdapSearch[],
    done: (answers: readonly SearchAnswer[] | NoController) => void,
  ): void {
    this.#use(undefined, (got) => {
      if ('why' in got) return done(got)
      this.#askOver(got.connection, searches, (answers, lost) => {
        if (answers !== undefined) return done(answers)
        if (got.isFresh) return done({ why: lost.why })
        // Who was silent once is not waited for again.
        const silent = lost.cause === 'silent' ? got.connection.to : undefined
        this.#use(silent, (again) => {
          if ('why' in again) return done(again)
          this.#askOver(again.connection, searches, (answered, gone) => {
            done(answered ?? { why: gone.why })
          })
        })
      })
    })
  }

  /** The address of the controller at the other end, which need not be asked anything for it. */
  address(done: (address: Ipv4 | NoController) => void): void {
    this.#use(undefined, (got) => done('why' in got ? got : got.connection.to.address))
  }

  /** Say goodbye; whoever waits is told that there is nobody. */
  close(): void {
    this.#isClosed = true
    this.#connection?.close()
    this.#opening?.close()
    this.#tell({ why: 'the service stops' })
  }

  #askOver(
    connection: LdapConnection,
    searches: readonly LdapSearch[],
    done: (answers: readonly SearchAnswer[] | undefined, lost: Lost) => void,
  ): void {
    connection.ask(searches, (answers) => {
      this.#lastUsed = this.#host.now
      done(answers, this.#lost)
    })
  }

  #use(except: Endpoint | undefined, done: Opened): void {
    if (this.#isClosed) return done({ why: 'the service stops' })
    const known = this.#connection
    if (known !== undefined && this.#host.now - this.#lastUsed <= IDLE_MAX) {
      return done({ connection: known, isFresh: false })
    }
    known?.close()
    this.#waiting.push(done)
    if (this.#waiting.length === 1) this.#open(except)
  }

  #open(except: Endpoint | undefined): void {
    const identity = this.#options.identity()
    const { resolver, domain, role } = this.#options
    if (identity === undefined) {
      return this.#fail(`${this.#host.name} is not a member of a domain`)
    }
    locateControllers(resolver, domain, role, (endpoints) => {
      const others = endpoints.filter(
        ({ address, port }) => address !== except?.address || port !== except.port,
      )
      if (others.length > 0) return this.#try(identity, others)
      this.#fail(endpoints.length > 0 ? this.#lost.why : `DNS names no ${role} of ${domain}`)
    })
  }

  #try(identity: ComputerIdentity, [to, ...others]: readonly Endpoint[]): void {
    if (this.#isClosed || to === undefined) return this.#fail(this.#lost.why)
    const connection = new LdapConnection(this.#host, {
      to,
      identity,
      rng: this.#rng,
      timeout: this.#options.timeout,
      onBound: () => {
        this.#opening = undefined
        this.#connection = connection
        this.#lastUsed = this.#host.now
        const at = `${formatIpv4(to.address)}:${to.port}`
        this.#options.log(4400, `LDAP connection with ${at} is established`)
        this.#tell({ connection, isFresh: true })
      },
      onClosed: (why, cause) => {
        const wasOpen = this.#connection === connection
        this.#connection = wasOpen ? undefined : this.#connection
        this.#opening = undefined
        this.#lost = { why, cause }
        if (cause === 'closed') return
        if (wasOpen || others.length > 0) this.#options.log(4401, why)
        if (!wasOpen) this.#try(identity, others)
      },
    })
    this.#opening = connection
  }

  #fail(why: string): void {
    this.#options.log(4402, `no ${this.#options.role} of ${this.#options.domain}: ${why}`)
    this.#tell({ why })
  }

  #tell(got: Parameters<Opened>[0]): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) each(got)
  }
}
