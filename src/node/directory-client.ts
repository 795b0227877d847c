/**
 * How NPS asks its domain: accounts over LDAP, UPNs at a global catalog, logons by way of Netlogon, certificates by way of Kerberos.
 * Not the decisions. What a blocked port leads to is a reason code of event 6273; those that no source confirms can be set.
 */
import type { Ipv4 } from '../base/address.ts'
import { utf8 } from '../base/bytes.ts'
import { seconds, type Duration } from '../base/time.ts'
import type { Account, Sid } from '../directory/directory.ts'
import type { DomainAuthority } from '../directory/domain-authority.ts'
import type { CertificateMapping, KdcAssumptions } from '../directory/kdc.ts'
import { namingContext } from '../directory/ldap-entries.ts'
import {
  refused,
  type LogonReason,
  type LogonRefused,
  type MsChapV2Logon,
  type MsChapV2Result,
  type PasswordLogon,
  type PasswordResult,
} from '../directory/logon.ts'
import { accountNamed, parseAccountName, type AccountName } from '../directory/names.ts'
import type { Host } from '../net/sockets.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import { LdapResultCode } from '../wire/ldap.ts'
import type { LdapFilter } from '../wire/ldap-filter.ts'
import {
  ACCOUNT_ATTRIBUTES,
  textOf,
  viewOf,
  WITH_DIAL_IN_ATTRIBUTES,
  type AccountView,
} from './account-view.ts'
import { ControllerLink, type NoController } from './controller-link.ts'
import { KERBEROS_PORT } from './domain-controller.ts'
import type { LdapSearch, SearchAnswer } from './ldap-connection.ts'
import { reachPort, SecureChannel } from './secure-channel.ts'
import type { StubResolver } from './stub-resolver.ts'

/** What no source confirms about NPS and unreachable controllers, as settings. */
export interface DirectoryClientAssumptions {
  /** How long NPS waits for a controller before it goes to the next, or gives up. */
  readonly controllerTimeout: Duration
  /** No controller answers LDAP, or none takes the server's own account. */
  readonly reasonOfNoController: 5 | 261
  /** A UPN, and no global catalog answers. */
  readonly reasonOfNoCatalog: 4 | 5 | 261
  /** A password, and Netlogon cannot be reached. */
  readonly reasonOfNoSecureChannel: 5 | 261
  /** A certificate, and Kerberos cannot be reached. */
  readonly reasonOfNoKerberos: 5 | 261
}

export const DIRECTORY_CLIENT_ASSUMPTIONS: DirectoryClientAssumptions = {
  controllerTimeout: seconds(3),
  reasonOfNoController: 5,
  reasonOfNoCatalog: 4,
  reasonOfNoSecureChannel: 5,
  reasonOfNoKerberos: 261,
}

export interface DirectoryClientOptions {
  /** The node's own. */
  readonly resolver: Pick<StubResolver, 'resolve'>
  /** The account of this computer; undefined: it is in no domain. */
  readonly computer: () => Account | undefined
  /** The domain whose controllers are asked; its knowledge is used once they have answered. Undefined: there is none. */
  readonly authority: () => DomainAuthority | undefined
  /** What the KDC is assumed to do. */
  readonly kdcAssume: () => KdcAssumptions
  readonly assume?: Partial<DirectoryClientAssumptions>
}

export interface NotFound {
  readonly ok: false
  readonly reason: LogonReason
  /** In words, for a report. */
  readonly detail: string
}

export type LookupResult = { readonly ok: true; readonly account: AccountView } | NotFound
/** `sid` and `name` are absent where the KDC found no account, or several. */
export type MappingResult =
  | {
      readonly ok: true
      readonly sid?: Sid
      readonly name?: string
      readonly mapping: CertificateMapping
    }
  | NotFound

/** Each `done` is called once, never before the call returns but where the service stops. */
export interface DirectoryClient {
  /** Find an account by a name in any of the forms of `directory/names.ts`. */
  lookup(name: string, done: (result: LookupResult) => void): void
  logon(request: PasswordLogon, done: (result: PasswordResult) => void): void
  logonMsChapV2(request: MsChapV2Logon, done: (result: MsChapV2Result) => void): void
  /** Whose certificate it is, in the eyes of the KDC. */
  mapCertificate(certificate: Certificate, done: (result: MappingResult) => void): void
  /** Close all connections. */
  close(): void
}

export const createDirectoryClient = (
  host: Host,
  options: DirectoryClientOptions,
): DirectoryClient => new Client(host, options)

const equal = (attribute: string, value: string): LdapFilter => ({
  kind: 'equal',
  attribute,
  value: utf8(value),
})

const search = (base: string, filter: LdapFilter, attributes: readonly string[]): LdapSearch => ({
  kind: 'search-request',
  base,
  scope: 'subtree',
  sizeLimit: 0,
  timeLimit: 0,
  filter,
  attributes,
})

const failed = (reason: LogonReason, detail: string): NotFound => ({ ok: false, reason, detail })

class Client implements DirectoryClient {
  readonly #host: Host
  readonly #options: DirectoryClientOptions
  readonly #assume: DirectoryClientAssumptions
  readonly #channel: SecureChannel
  #controllers: ControllerLink | undefined
  #catalogs: ControllerLink | undefined
  #domain = ''
  #isClosed = false

  constructor(host: Host, options: DirectoryClientOptions) {
    this.#host = host
    this.#options = options
    this.#assume = { ...DIRECTORY_CLIENT_ASSUMPTIONS, ...options.assume }
    this.#channel = new SecureChannel(host, this.#assume.controllerTimeout)
  }

  lookup(name: string, done: (result: LookupResult) => void): void {
    const parsed = parseAccountName(name)
    const authority = this.#joined()
    if (authority === undefined) return this.#soon(() => done(this.#notJoined()))
    if (parsed.form === 'upn') return this.#lookupUpn(name, parsed, authority, done)
    this.#lookupInDomain(name, filterOf(parsed), authority, done)
  }

  logon(request: PasswordLogon, done: (result: PasswordResult) => void): void {
    this.#overNetlogon((refusal, authority) => done(refusal ?? authority!.logon(request)))
  }

  logonMsChapV2(request: MsChapV2Logon, done: (result: MsChapV2Result) => void): void {
    this.#overNetlogon((refusal, authority) => done(refusal ?? authority!.logonMsChapV2(request)))
  }

  mapCertificate(certificate: Certificate, done: (result: MappingResult) => void): void {
    const authority = this.#joined()
    if (authority === undefined) return this.#soon(() => done(this.#notJoined()))
    this.#controllerAddress(authority, (address) => {
      if (typeof address !== 'number') {
        return done(failed(this.#assume.reasonOfNoController, address.why))
      }
      const { controllerTimeout: timeout, reasonOfNoKerberos } = this.#assume
      reachPort(this.#host, { address, port: KERBEROS_PORT, timeout }, (why) => {
        if (why !== undefined) return done(failed(reasonOfNoKerberos, why))
        const mapping = authority.mapCertificate(certificate, this.#options.kdcAssume())
        const { account } = mapping
        done({ ok: true, mapping, ...(account && { sid: account.sid, name: account.name }) })
      })
    })
  }

  close(): void {
    this.#isClosed = true
    this.#controllers?.close()
    this.#catalogs?.close()
    this.#channel.close()
  }

  #soon(run: () => void): void {
    this.#host.after(seconds(0), run)
  }

  #joined(): DomainAuthority | undefined {
    return this.#options.computer() === undefined ? undefined : this.#options.authority()
  }

  #notJoined(): NotFound {
    return failed(32, `${this.#host.name} is not a member of a domain`)
  }

  /** The connections to one domain's servers; an edit of its name makes new ones. */
  #links(authority: DomainAuthority): {
    readonly controllers: ControllerLink
    readonly catalogs: ControllerLink
  } {
    const { domain } = authority.directory
    if (domain !== this.#domain) {
      this.#controllers?.close()
      this.#catalogs?.close()
      this.#controllers = undefined
      this.#catalogs = undefined
      this.#domain = domain
    }
    const { resolver } = this.#options
    const link = (role: 'controller' | 'catalog') =>
      new ControllerLink(this.#host, {
        resolver,
        domain,
        role,
        timeout: this.#assume.controllerTimeout,
        identity: () => {
          const account = this.#options.computer()
          return account && { account, netbios: authority.directory.netbios }
        },
        log: (id, text) => {
          if (!this.#isClosed) this.#host.log('NPS', text, id)
        },
      })
    this.#controllers ??= link('controller')
    this.#catalogs ??= link('catalog')
    return { controllers: this.#controllers, catalogs: this.#catalogs }
  }

  #controllerAddress(
    authority: DomainAuthority,
    done: (address: Ipv4 | NoController) => void,
  ): void {
    this.#links(authority).controllers.address(done)
  }

  #overNetlogon(
    done: (refusal: LogonRefused | undefined, authority: DomainAuthority | undefined) => void,
  ): void {
    const authority = this.#joined()
    if (authority === undefined) return this.#soon(() => done(refused(32), undefined))
    this.#controllerAddress(authority, (address) => {
      if (typeof address !== 'number') {
        return done(refused(this.#assume.reasonOfNoController), undefined)
      }
      this.#channel.prove(address, (why) => {
        if (why === undefined) return done(undefined, authority)
        this.#host.log('NPS', `no secure channel: ${why}`)
        done(refused(this.#assume.reasonOfNoSecureChannel), undefined)
      })
    })
  }

  /** The catalog knows whose suffix it is; what it does not hold is read from a controller. */
  #lookupUpn(
    name: string,
    { user }: Extract<AccountName, { form: 'upn' }>,
    authority: DomainAuthority,
    done: (result: LookupResult) => void,
  ): void {
    const explicit = equal('userPrincipalName', name)
    const asked = search('', { kind: 'or', of: [explicit, equal('sAMAccountName', user)] }, [
      'sAMAccountName',
      'userPrincipalName',
    ])
    this.#links(authority).catalogs.ask([asked], (answers) => {
      if ('why' in answers) return done(failed(this.#assume.reasonOfNoCatalog, answers.why))
      const entries = answers[0]?.entries ?? []
      const folded = name.toLowerCase()
      const byUpn = entries.find(
        (entry) => textOf(entry, 'userPrincipalName')?.toLowerCase() === folded,
      )
      const isOwn = accountNamed(authority.directory, name).kind === 'account'
      const account = byUpn ?? (isOwn ? entries[0] : undefined)
      const found = account && textOf(account, 'sAMAccountName')
      if (found === undefined) return done(nobody(name, authority))
      this.#lookupInDomain(name, equal('sAMAccountName', found), authority, done)
    })
  }

  #lookupInDomain(
    name: string,
    filter: LdapFilter | undefined,
    authority: DomainAuthority,
    done: (result: LookupResult) => void,
  ): void {
    const { controllers } = this.#links(authority)
    const base = namingContext(authority.directory.domain)
    // Which domains there are is the controllers' knowledge, too: without one nothing is said of another domain.
    const isElsewhere = filter === undefined || isOtherDomain(name, authority)
    if (isElsewhere) {
      return controllers.address((address) =>
        done(
          typeof address === 'number'
            ? nobody(name, authority)
            : failed(this.#assume.reasonOfNoController, address.why),
        ),
      )
    }
    const ask = (attributes: readonly string[], then: (answer: SearchAnswer) => void): void =>
      controllers.ask([search(base, filter, attributes)], (answers) => {
        if ('why' in answers) done(failed(this.#assume.reasonOfNoController, answers.why))
        else then(answers[0]!)
      })
    const tell = (answer: SearchAnswer, isRegistered: boolean): void => {
      const view = viewOf(answer, isRegistered, authority.directory)
      done(view === undefined ? nobody(name, authority) : { ok: true, account: view })
    }
    ask(WITH_DIAL_IN_ATTRIBUTES, (answer) => {
      if (answer.resultCode !== LdapResultCode.insufficientAccessRights) return tell(answer, true)
      // Whoever may not read dial-in properties may still read the rest.
      ask(ACCOUNT_ATTRIBUTES, (rest) => tell(rest, false))
    })
  }
}

/** Undefined: it names nothing that could be looked for. */
function filterOf(parsed: AccountName): LdapFilter | undefined {
  switch (parsed.form) {
    case 'plain':
    case 'netbios':
      return equal('sAMAccountName', parsed.user)
    case 'spn':
      return equal('servicePrincipalName', `HOST/${parsed.host}`)
    case 'upn':
    case 'malformed':
      return undefined
  }
}

function isOtherDomain(name: string, { directory, assume }: DomainAuthority): boolean {
  const { kind } = accountNamed(directory, name, assume)
  return kind === 'unknown-domain' || kind === 'trusted-domain'
}

/** Why nobody was found, once a controller has said so. */
function nobody(name: string, { directory, assume }: DomainAuthority): NotFound {
  const named = accountNamed(directory, name, assume)
  switch (named.kind) {
    case 'unknown-domain':
      return failed(named.reason, `there is no domain ${named.domain}`)
    case 'trusted-domain':
      return failed(named.reason, `no controller of ${named.domain} can be asked`)
    case 'malformed':
      return failed(named.reason, `'${name}' is no name of an account`)
    default:
      return failed(8, `nobody in ${directory.domain} is called '${name}'`)
  }
}
