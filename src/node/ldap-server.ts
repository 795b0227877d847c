/**
 * LDAP as a domain controller speaks it: the root DSE for everybody, accounts for members, dial-in properties for registered servers.
 * Not the directory, and nothing is written to it. RFC 4511; NTLM inside GSS-SPNEGO as [MS-ADTS] §5.1.1 allows it.
 */
import { utf8 } from '../base/bytes.ts'
import type { Rng } from '../base/rng.ts'
import { isNtlmV2Response } from '../crypto/ntlm.ts'
import { ntPasswordHash } from '../crypto/ms-chap.ts'
import { restrictionOf } from '../directory/account-restrictions.ts'
import { accountWithSid, isMember, type Account } from '../directory/directory.ts'
import type { DomainAuthority } from '../directory/domain-authority.ts'
import {
  accountsMatching,
  attributesOf,
  isDialInAttribute,
  ldapDnOf,
  namingContext,
} from '../directory/ldap-entries.ts'
import { accountNamed } from '../directory/names.ts'
import type { Host, TcpConnection, TcpHandlers } from '../net/sockets.ts'
import { formatWireError } from '../wire/codec.ts'
import {
  encodeLdapTogether,
  LdapResultCode,
  LdapStream,
  type LdapMessage,
  type LdapOperation,
} from '../wire/ldap.ts'
import { decodeNtlm, encodeNtlm, encodeTargetInfo, NTLM_FLAGS } from '../wire/ntlm.ts'

/** Whose servers may read dial-in properties: "Register server in Active Directory" puts them there. */
export const REGISTERED_SERVERS = 'RAS and IAS Servers'

const SOURCE = 'LDAP'
/** AbandonRequest wants no answer, and what it abandons was answered at once. */
const ABANDON = 0x50

type Search = Extract<LdapOperation, { kind: 'search-request' }>
type Bind = Extract<LdapOperation, { kind: 'bind-request' }>

export interface LdapServerOptions {
  /** For challenges. */
  readonly rng: Rng
  readonly authority: () => DomainAuthority | undefined
  /** Answers for the whole forest, with what the global catalog holds. */
  readonly isCatalog: boolean
  /** What the controller is called: `dc1.corp.contoso.com`. */
  readonly dnsName: () => string
}

/** Serve one connection. */
export const serveLdap = (
  host: Host,
  options: LdapServerOptions,
  connection: TcpConnection,
): TcpHandlers => {
  const session = new Session(host, options)
  const stream = new LdapStream()
  let isOpen = true
  const end = (why?: string): void => {
    if (why !== undefined) host.log(SOURCE, why)
    if (isOpen) connection.close()
    isOpen = false
  }
  return {
    onData: (bytes) => {
      const answers: LdapMessage[] = []
      let why: string | undefined
      let isLast = false
      for (const message of isOpen ? stream.push(bytes) : []) {
        if (!message.ok) why = `a message cannot be read: ${formatWireError(message.error)}`
        const said = message.ok ? session.answer(message.value) : 'end'
        isLast = said === 'end'
        if (!message.ok || said === 'end') break
        const { id } = message.value
        for (const operation of said) answers.push({ id, operation })
      }
      if (answers.length > 0) connection.send(encodeLdapTogether(answers))
      if (isLast) end(why)
    },
    onEnd: () => end(),
    onClosed: () => {
      isOpen = false
    },
  }
}

const resultOf = (resultCode: number, diagnosticMessage = '') => ({
  resultCode,
  matchedDn: '',
  diagnosticMessage,
})

class Session {
  readonly #host: Host
  readonly #options: LdapServerOptions
  #account: string | undefined
  #challenge: Uint8Array | undefined

  constructor(host: Host, options: LdapServerOptions) {
    this.#host = host
    this.#options = options
  }

  /** What to say; `end`: the connection is over. */
  answer({ operation }: LdapMessage): readonly LdapOperation[] | 'end' {
    switch (operation.kind) {
      case 'bind-request':
        return [{ kind: 'bind-response', ...this.#bind(operation) }]
      case 'search-request':
        return this.#search(operation)
      case 'other':
        return operation.tag === ABANDON ? [] : 'end'
      default:
        return 'end'
    }
  }

  #bind({ version, name, authentication }: Bind) {
    this.#account = undefined
    if (version !== 3) return resultOf(LdapResultCode.protocolError, 'version 3 is spoken')
    if (authentication.method === 'simple') {
      // Anonymous. With a name there is a password, which nobody should send in the clear.
      return name === ''
        ? resultOf(LdapResultCode.success)
        : resultOf(LdapResultCode.unwillingToPerform, 'a simple bind needs TLS')
    }
    const { mechanism, credentials = new Uint8Array() } = authentication
    if (mechanism !== 'GSS-SPNEGO') {
      return resultOf(LdapResultCode.authMethodNotSupported, `no mechanism ${mechanism}`)
    }
    return this.#ntlm(credentials)
  }

  #ntlm(credentials: Uint8Array) {
    const authority = this.#options.authority()
    const decoded = decodeNtlm(credentials)
    const challenge = this.#challenge
    this.#challenge = undefined
    if (!decoded.ok || authority === undefined) return invalid('52e')
    const message = decoded.value
    if (message.kind === 'negotiate') {
      const { netbios, domain } = authority.directory
      this.#challenge = this.#options.rng.bytes(8)
      const serverSaslCredentials = encodeNtlm({
        kind: 'challenge',
        flags: NTLM_FLAGS,
        targetName: netbios,
        serverChallenge: this.#challenge,
        targetInfo: encodeTargetInfo({
          netbios,
          domain,
          computer: this.#host.name.toUpperCase(),
          dnsName: this.#options.dnsName(),
        }),
      })
      return { ...resultOf(LdapResultCode.saslBindInProgress), serverSaslCredentials }
    }
    if (message.kind !== 'authenticate' || challenge === undefined) return invalid('52e')
    const { user, domain, ntResponse } = message
    const named = accountNamed(authority.directory, `${domain}\\${user}`)
    if (named.kind !== 'account') return invalid('525')
    const { account } = named
    const password = authority.state.passwordOf(account)
    const exchange = { user, domain, serverChallenge: challenge }
    const isProven =
      password.secret !== undefined &&
      isNtlmV2Response(ntResponse, exchange, ntPasswordHash(password.secret.reveal()))
    if (!isProven) return invalid('52e')
    const restriction = restrictionOf(authority.directory, account, password, authority.at)
    if (restriction !== undefined) return invalid(RESTRICTION_DATA[restriction])
    this.#account = account.sid
    return resultOf(LdapResultCode.success)
  }

  #search(request: Search): readonly LdapOperation[] {
    const authority = this.#options.authority()
    if (request.base === '' && request.scope === 'base') {
      return [...this.#rootDse(request, authority), done(LdapResultCode.success)]
    }
    const account =
      authority === undefined || this.#account === undefined
        ? undefined
        : accountWithSid(authority.directory, this.#account)
    if (authority === undefined || account === undefined) {
      return [done(LdapResultCode.operationsError, 'a successful bind must come first')]
    }
    const rights = {
      dialIn: isMember(account, REGISTERED_SERVERS),
      catalogOnly: this.#options.isCatalog,
    }
    // Active Directory would leave them out without a word; NPS would take that for an account without any.
    if (request.attributes.some(isDialInAttribute) && !rights.dialIn) {
      const why = `dial-in properties are for members of ${REGISTERED_SERVERS}`
      return [done(LdapResultCode.insufficientAccessRights, why)]
    }
    const { directory, state, at } = authority
    const context = { directory, state, at }
    const isInScope = this.#scopeOf(request, directory.domain)
    if (isInScope === undefined) return [done(LdapResultCode.noSuchObject)]
    const answer: LdapOperation[] = []
    for (const found of accountsMatching(request.filter, context, rights)) {
      if (!isInScope(found)) continue
      answer.push({
        kind: 'search-entry',
        dn: ldapDnOf(found),
        attributes: attributesOf(request.attributes, found, context, rights),
      })
    }
    answer.push(done(LdapResultCode.success))
    return answer
  }

  /** Undefined: there is no such base. */
  #scopeOf({ base, scope }: Search, domain: string): ((account: Account) => boolean) | undefined {
    const below = base.toLowerCase()
    if (below === '' && this.#options.isCatalog && scope === 'subtree') return () => true
    const top = namingContext(domain).toLowerCase()
    if (below !== top && !below.endsWith(`,${top}`)) return undefined
    if (below === top && scope === 'subtree') return () => true
    return (account) => {
      const dn = ldapDnOf(account).toLowerCase()
      if (scope === 'base') return dn === below
      const parent = dn.slice(dn.search(/(?<!\\),/) + 1)
      return scope === 'one' ? parent === below : dn === below || dn.endsWith(`,${below}`)
    }
  }

  /** [MS-ADTS] §3.1.1.3.2, as far as a client of ours looks at it. */
  #rootDse(
    { attributes }: Search,
    authority: DomainAuthority | undefined,
  ): readonly LdapOperation[] {
    if (authority === undefined) return []
    const context = namingContext(authority.directory.domain)
    const all: Readonly<Record<string, readonly string[]>> = {
      defaultNamingContext: [context],
      rootDomainNamingContext: [context],
      dnsHostName: [this.#options.dnsName()],
      supportedLDAPVersion: ['3'],
      supportedSASLMechanisms: ['GSS-SPNEGO'],
      isGlobalCatalogReady: [this.#options.isCatalog ? 'TRUE' : 'FALSE'],
    }
    const wanted = new Set(attributes.map((name) => name.toLowerCase()))
    const isWanted = (name: string) =>
      wanted.size === 0 || wanted.has('*') || wanted.has(name.toLowerCase())
    return [
      {
        kind: 'search-entry',
        dn: '',
        attributes: Object.entries(all)
          .filter(([type]) => isWanted(type))
          .map(([type, values]) => ({ type, values: values.map(utf8) })),
      },
    ]
  }
}

const done = (resultCode: number, diagnosticMessage = ''): LdapOperation => ({
  kind: 'search-done',
  ...resultOf(resultCode, diagnosticMessage),
})

/** The Win32 error in what Active Directory adds to invalidCredentials: by it people tell the cases apart. */
const invalid = (data: string) =>
  resultOf(LdapResultCode.invalidCredentials, `AcceptSecurityContext error, data ${data}`)

const RESTRICTION_DATA = {
  33: '773',
  34: '533',
  35: '701',
  37: '530',
  38: '52f',
  270: '52e',
} as const
