/**
 * Whose account is `ada`, `CORP\ada`, `ada@contoso.com`, `host/laptop.corp.contoso.com`? The forms of a name in which NPS is asked.
 * Not a logon. Names are cracked as DsCrackNames ([MS-DRSR] §4.1.4) does it, and compared without case.
 */
import { rememberEach } from '../base/remember.ts'
import type { Account, Directory } from './directory.ts'

/** A name taken apart; `domain` as it was written. */
export type AccountName =
  | { readonly form: 'plain'; readonly user: string }
  | { readonly form: 'netbios'; readonly user: string; readonly domain: string }
  /** Only a global catalog knows whose suffix it is. */
  | { readonly form: 'upn'; readonly user: string; readonly domain: string }
  /** `host/…`: a computer by what it is called. */
  | { readonly form: 'spn'; readonly host: string }
  | { readonly form: 'malformed' }

/** Take a name apart. The first backslash and the last `@` separate. */
export function parseAccountName(name: string): AccountName {
  // A name with control characters is nobody's.
  if (name === '' || /\p{Cc}/u.test(name)) return { form: 'malformed' }
  const backslash = name.indexOf('\\')
  if (backslash >= 0) {
    const [domain, user] = [name.slice(0, backslash), name.slice(backslash + 1)]
    const isWhole = domain !== '' && user !== '' && !user.includes('\\')
    return isWhole ? { form: 'netbios', user, domain } : { form: 'malformed' }
  }
  if (/^host\//i.test(name)) {
    const host = name.slice('host/'.length)
    return host === '' ? { form: 'malformed' } : { form: 'spn', host }
  }
  const at = name.lastIndexOf('@')
  if (at < 0) return { form: 'plain', user: name }
  const [user, domain] = [name.slice(0, at), name.slice(at + 1)]
  return user === '' || domain === '' ? { form: 'malformed' } : { form: 'upn', user, domain }
}

export interface NameAssumptions {
  /** The reason for a UPN whose suffix no domain of the forest or a trusted one has: the catalog just does not find it. */
  readonly reasonOfUnknownSuffix: 7 | 8
  /** The reason for what is no name at all. */
  readonly reasonOfMalformedName: 8 | 298
}

export const NAME_ASSUMPTIONS: NameAssumptions = {
  reasonOfUnknownSuffix: 8,
  reasonOfMalformedName: 8,
}

/** `reason`: what NPS gives for it (event 6273). */
export type NamedAccount =
  | { readonly kind: 'account'; readonly account: Account }
  | { readonly kind: 'unknown-user'; readonly reason: 8 }
  | { readonly kind: 'unknown-domain'; readonly reason: 7 | 8; readonly domain: string }
  /** A domain that is trusted, and none of its controllers is part of the lab. */
  | { readonly kind: 'trusted-domain'; readonly reason: 5; readonly domain: string }
  | { readonly kind: 'malformed'; readonly reason: 8 | 298 }

const UNKNOWN_USER: NamedAccount = { kind: 'unknown-user', reason: 8 }

/** Find the account of a name. One without a domain is looked for in the directory's own. */
export function accountNamed(
  directory: Directory,
  name: string,
  assume: NameAssumptions = NAME_ASSUMPTIONS,
): NamedAccount {
  const parsed = parseAccountName(name)
  const index = indexOf(directory)
  switch (parsed.form) {
    case 'malformed':
      return { kind: 'malformed', reason: assume.reasonOfMalformedName }
    case 'plain':
      return found(index.names.get(parsed.user.toLowerCase()))
    case 'spn':
      return found(index.hosts.get(parsed.host.toLowerCase()))
    case 'netbios':
      return isOwnDomain(directory, parsed.domain)
        ? found(index.names.get(parsed.user.toLowerCase()))
        : elsewhere(directory, parsed.domain, 7)
    case 'upn': {
      const explicit = index.upns.get(name.toLowerCase())
      if (explicit !== undefined) return found(explicit)
      return isOwnDomain(directory, parsed.domain)
        ? found(index.names.get(parsed.user.toLowerCase()))
        : elsewhere(directory, parsed.domain, assume.reasonOfUnknownSuffix)
    }
  }
}

const found = (account: Account | undefined): NamedAccount =>
  account === undefined ? UNKNOWN_USER : { kind: 'account', account }

const isOwnDomain = ({ domain, netbios }: Directory, written: string): boolean =>
  [domain.toLowerCase(), netbios.toLowerCase()].includes(written.toLowerCase())

/** The NetBIOS name of a trusted domain is taken to be its first label. */
function elsewhere(
  { accounts, trustedDomains }: Directory,
  domain: string,
  reason: 7 | 8,
): NamedAccount {
  const written = domain.toLowerCase()
  const isTrusted = trustedDomains.some(
    (trusted) =>
      trusted.toLowerCase() === written || trusted.toLowerCase().split('.')[0] === written,
  )
  if (isTrusted) return { kind: 'trusted-domain', reason: 5, domain }
  // A suffix that some account has is one of the forest's.
  const isSuffix = accounts.some(({ upn }) => upn?.toLowerCase().endsWith(`@${written}`) === true)
  return isSuffix && reason === 8 ? UNKNOWN_USER : { kind: 'unknown-domain', reason, domain }
}

interface Index {
  /** By sAMAccountName; all in lower case. */
  readonly names: ReadonlyMap<string, Account>
  readonly upns: ReadonlyMap<string, Account>
  /** Computers by dNSHostName and by the name before its first dot, as their service principal names have it. */
  readonly hosts: ReadonlyMap<string, Account>
}

const indexOf = rememberEach(({ accounts }: Directory): Index => {
  const fold = (entries: readonly (readonly [string | undefined, Account])[]) =>
    new Map(
      entries.flatMap(([key, account]) =>
        key === undefined ? [] : [[key.toLowerCase(), account] as const],
      ),
    )
  return {
    names: fold(accounts.map((account) => [account.name, account])),
    upns: fold(accounts.map((account) => [account.upn, account])),
    hosts: fold(
      accounts
        .filter(({ kind }) => kind === 'computer')
        .flatMap((account) => [
          [account.dnsName, account],
          [account.name.replace(/\$$/, ''), account],
        ]),
    ),
  }
})

/** servicePrincipalName of a computer, as `setspn -L` lists it. */
export const servicePrincipalNames = ({ kind, name, dnsName }: Account): readonly string[] =>
  kind === 'user'
    ? []
    : [...(dnsName === undefined ? [] : [`HOST/${dnsName}`]), `HOST/${name.replace(/\$$/, '')}`]
