/**
 * Name constraints (RFC 5280 §4.2.1.10), held against the names of what stands below the authority that set them.
 * Not host-name matching: `*` is no wildcard in a constraint. Constraints on UPNs read as those on mailboxes, as Windows has it.
 */
import type { Certificate } from '../certificate/certificate.ts'
import type { GeneralName } from '../certificate/general-name.ts'
import { formatAddressBytes } from '../profile/host-name.ts'
import type { NameConstraints, Subtree } from '../certificate/name-constraint-extension.ts'
import { isWithin } from '../certificate/name.ts'
import { ATTRIBUTE_OIDS } from '../encoding/oids.ts'

/** Comparisons of one name with one subtree that one judgement may cost: what stops two long lists held against each other. */
export const NAME_COMPARISONS_MAX = 250_000

export interface NameViolation {
  readonly what: string
  readonly expected: string
  readonly got: string
}

/**
 * The names of `certificate` that constraints apply to: its subject, subjectAltName, and mailboxes in the subject.
 * `commonName`: a relying party that takes it for a host name where no dNSName stands constrains it as one.
 */
export function constrainedNames(
  { subject, subjectAltName = [] }: Certificate,
  commonName: boolean,
): readonly GeneralName[] {
  const attributes = subject.rdns.flat()
  const hasDns = subjectAltName.some(({ kind }) => kind === 'dns')
  return [
    ...(subject.rdns.length === 0 ? [] : [{ kind: 'directory', name: subject } as const]),
    ...subjectAltName,
    ...attributes.flatMap(({ type, value }): readonly GeneralName[] => {
      if (type === ATTRIBUTE_OIDS.E) return [{ kind: 'email', value }]
      const isHost = commonName && !hasDns && type === ATTRIBUTE_OIDS.CN && isHostName(value)
      return isHost ? [{ kind: 'dns', value }] : []
    }),
  ]
}

/** How many comparisons `constraints` cost on `names` at most: a directory name counts for each of its attributes. */
export function comparisons(
  { permitted, excluded }: NameConstraints,
  names: readonly GeneralName[],
): number {
  const parts = names.map((name) => (name.kind === 'directory' ? name.name.rdns.flat().length : 1))
  const count = parts.reduce((sum, part) => sum + part, 0)
  return (permitted.length + excluded.length) * (1 + count)
}

/** Constraints that cannot be applied to anything: what is wrong with the first. */
export function malformedConstraint(
  { permitted, excluded }: NameConstraints,
  allowsLeadingPeriod: boolean,
): NameViolation | undefined {
  for (const { base, bounded } of [...permitted, ...excluded]) {
    const expected = bounded ? 'no minimum and no maximum' : baseRule(base, allowsLeadingPeriod)
    if (expected === undefined) continue
    return { what: 'sets a malformed name constraint', expected, got: formatGeneralName(base) }
  }
  return undefined
}

/** The rule that a base breaks. */
function baseRule(base: GeneralName, allowsLeadingPeriod: boolean): string | undefined {
  switch (base.kind) {
    case 'dns': {
      const name = allowsLeadingPeriod ? base.value.replace(/^\./, '') : base.value
      return name === '' || isHostName(name) ? undefined : 'a host name'
    }
    case 'uri':
      return isHostName(base.value.replace(/^\./, '')) ? undefined : 'a host or .domain'
    case 'email':
    case 'upn': {
      const at = mailboxHostAt(base.value)
      if (at > 0) return isMailbox(base.value) ? undefined : 'a mailbox, a host or .domain'
      return base.value === '' || isHostName(base.value.replace(/^\./, ''))
        ? undefined
        : 'a mailbox, a host or .domain'
    }
    case 'ip':
      return isNetwork(base.address) ? undefined : 'an address and a prefix mask'
    case 'directory':
    case 'other':
      return undefined
  }
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/i

const isHostName = (text: string): boolean => text.split('.').every((label) => LABEL.test(label))

/** An address of 4 or 16 bytes and a mask of as many, ones before zeros. */
function isNetwork(bytes: Uint8Array): boolean {
  if (bytes.length !== 8 && bytes.length !== 32) return false
  const bits = [...bytes.subarray(bytes.length / 2)]
    .map((octet) => octet.toString(2).padStart(8, '0'))
    .join('')
  return !bits.includes('01')
}

/** A local part, as atoms or in quotes, and a host (RFC 5321 §4.1.2). */
export function isMailbox(text: string): boolean {
  const at = mailboxHostAt(text)
  return at > 1 && /^[^\s@]+$|^"[^"]+"$/.test(text.slice(0, at - 1)) && isHostName(text.slice(at))
}

/** Where the host of a mailbox begins; 0 where there is no `@`. */
const mailboxHostAt = (mailbox: string): number => mailbox.lastIndexOf('@') + 1

/** The first of `names` that `constraints`, which are well formed, do not let pass. */
export function nameViolation(
  { permitted, excluded }: NameConstraints,
  names: readonly GeneralName[],
): NameViolation | undefined {
  for (const name of names) {
    const form = formOf(name)
    const inForm = ({ base }: Subtree): boolean => formOf(base) === form
    const allowed = permitted.filter(inForm)
    const banned = excluded.filter(inForm)
    if (allowed.length + banned.length === 0) continue
    const got = formatGeneralName(name)
    if (!isComparable(name)) {
      const what = 'has a name that its authority’s constraints cannot be applied to'
      return { what, expected: 'a name of a form and shape that is processed here', got }
    }
    const covers = coverageOf(name)
    const ban = banned.find(({ base }) => covers(base, 'some'))
    if (ban !== undefined) {
      const what = 'has a name that its authority is barred from'
      return { what, expected: `no name within ${formatGeneralName(ban.base)}`, got }
    }
    if (allowed.length > 0 && !allowed.some(({ base }) => covers(base, 'all'))) {
      const within = allowed.slice(0, 4).map(({ base }) => formatGeneralName(base))
      const what = 'has a name outside those that its authority may certify'
      return { what, expected: `within ${within.join(' or ')}`, got }
    }
  }
  return undefined
}

/** Constraints of one form say nothing on names of another. */
const formOf = (name: GeneralName): string =>
  name.kind === 'other' ? `other ${name.tag}` : name.kind

/** A malformed name might be read as anything, so nothing can be said for it. */
function isComparable(name: GeneralName): boolean {
  switch (name.kind) {
    case 'dns':
      return isHostName(name.value.replace(/^\*\./, '').replace(/\.$/, ''))
    case 'email':
    case 'upn':
      return isMailbox(name.value)
    case 'uri':
      return hostOfUri(name.value) !== undefined
    case 'ip':
    case 'directory':
      return true
    case 'other':
      return false
  }
}

/** Whether `base` covers a name; of a wildcard name, some or all of the hosts that it stands for. */
type Coverage = (base: GeneralName, which: 'some' | 'all') => boolean

/** Taken apart once, `name` may be held against hundreds of bases. */
function coverageOf(name: GeneralName): Coverage {
  switch (name.kind) {
    case 'dns': {
      const host = name.value.toLowerCase().replace(/\.$/, '')
      return (base, which) => base.kind === 'dns' && coversDns(base.value, host, which)
    }
    case 'uri': {
      const host = (hostOfUri(name.value) ?? '').toLowerCase()
      return (base) => base.kind === 'uri' && coversHost(base.value, host)
    }
    case 'email':
    case 'upn': {
      const at = mailboxHostAt(name.value)
      const mailbox = { user: name.value.slice(0, at), host: name.value.slice(at).toLowerCase() }
      return (base) => base.kind === name.kind && coversMailbox(base.value, mailbox)
    }
    case 'directory':
      return (base) => base.kind === 'directory' && isWithin(name.name, base.name)
    case 'ip':
      return (base) => base.kind === 'ip' && coversAddress(base.address, name.address)
    case 'other':
      return () => false
  }
}

/** `presented` in lower case. */
function coversDns(base: string, presented: string, which: 'some' | 'all'): boolean {
  const wanted = base.toLowerCase()
  if (wanted === '') return true
  const isBelow = (host: string): boolean =>
    host.endsWith(wanted.startsWith('.') ? wanted : `.${wanted}`) || host === wanted
  if (!presented.startsWith('*.')) return isBelow(presented)
  // `*.example.com` may stand for the very host that is excluded, one label below.
  const parent = presented.slice(2)
  const first = wanted.indexOf('.')
  const mayBeBase = first > 0 && wanted.slice(first + 1) === parent
  return isBelow(presented) || isBelow(parent) || (which === 'some' && mayBeBase)
}

/** A host, or `.domain` for the hosts below it: the form of URI and mailbox constraints. `presented` in lower case. */
function coversHost(base: string, presented: string): boolean {
  const wanted = base.toLowerCase()
  return wanted.startsWith('.') ? presented.endsWith(wanted) : presented === wanted
}

/** The local part of a mailbox, with its `@`, is compared as it is written, its host without case (RFC 5321 §2.4). */
function coversMailbox(
  base: string,
  { user, host }: { readonly user: string; readonly host: string },
): boolean {
  if (base === '') return true
  const at = mailboxHostAt(base)
  return (at === 0 || base.slice(0, at) === user) && coversHost(base.slice(at), host)
}

/** The host of a URI with an authority; undefined without one, or where it is an address: those cannot be constrained. */
function hostOfUri(uri: string): string | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:@[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri)
  const name = host?.[1]
  return name === undefined || !isHostName(name) || /^[\d.]+$/.test(name) ? undefined : name
}

function coversAddress(base: Uint8Array, address: Uint8Array): boolean {
  if (base.length !== 2 * address.length) return false
  return address.every((octet, i) => {
    const mask = base[address.length + i]!
    return (octet & mask) === (base[i]! & mask)
  })
}

/** `DNS vpn.contoso.com`, for messages. */
export function formatGeneralName(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
      return `DNS ${name.value}`
    case 'directory':
      return `directory name ${name.name.text}`
    case 'ip':
      return `IP ${formatNetwork(name.address)}`
    case 'other':
      return `a name of form [${name.tag & 0x1f}]`
    default:
      return `${name.kind} ${name.value}`
  }
}

/** An address, or an address and its mask. */
function formatNetwork(bytes: Uint8Array): string {
  if (bytes.length === 4 || bytes.length === 16) return formatAddressBytes(bytes)
  const half = bytes.length / 2
  return bytes.length === 8 || bytes.length === 32
    ? `${formatAddressBytes(bytes.subarray(0, half))}/${formatAddressBytes(bytes.subarray(half))}`
    : `of ${bytes.length} bytes`
}
