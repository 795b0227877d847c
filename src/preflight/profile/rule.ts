/**
 * What a rule on a ProfileXML is given, and what it says. Most rules need the file alone; what a topology adds stands in the context, and
 * a rule that has no use for the file without it is silent.
 */
import type { Address, Prefix } from '../../base/address.ts'
import type { Position } from '../../topology/position.ts'
import type { SourceFile } from '../../topology/files.ts'
import type { GatewayIpsecSpec } from '../../topology/ipsec.ts'
import type { OperatingSystem } from '../../topology/topology.ts'
import type { ClientOffer } from '../../windows/ipsec-suites.ts'
import type { VpnProfile } from '../../windows/profile-xml.ts'
import type { ProfileProblem } from '../../windows/xml-values.ts'
import type { Severity } from '../finding.ts'
import type { Plan, TextEdit } from './edits.ts'

export interface ProfileFinding {
  readonly rule: string
  readonly severity: Severity
  /** What is there, and what was expected. */
  readonly message: string
  readonly fix: string
  /** Where it is written that this matters. */
  readonly source: string
  /** The fix as a change of the text, where it follows from what is there; all of it, or nothing. */
  readonly edits?: readonly TextEdit[]
  readonly at: Position & { readonly file: string }
}

/** A finding before its rule has signed it. */
export interface Said {
  readonly severity: Severity
  readonly message: string
  readonly fix: string
  readonly at: Position
  readonly plan?: Plan | undefined
}

/** A network that the client sits on outside. */
export interface LocalNetwork {
  readonly name: string
  readonly prefix: Prefix
}

export interface KnownAuthority {
  readonly name: string
  /** SHA-1, lower-case hexadecimal. */
  readonly thumbprint: string
  readonly isRoot: boolean
}

/** What is known of the deployment; every part may be missing. */
export interface ProfileContext {
  /** Of the client on which the profile is installed. */
  readonly os?: OperatingSystem | undefined
  /** As what it is installed. */
  readonly tunnel?: 'user' | 'device'
  /** The other tunnel of the same computer. */
  readonly other?: VpnProfile | undefined
  /** Addresses that public DNS gives for a name; empty: none. Undefined: nobody knows. */
  readonly publicAddresses?: (name: string) => readonly Address[] | undefined
  /** Addresses that the gateway hands out. */
  readonly pool?: Prefix | undefined
  /** DNS servers that there are. */
  readonly dnsServers?: readonly Address[]
  readonly localNetworks?: readonly LocalNetwork[]
  readonly gateway?: { readonly os?: OperatingSystem; readonly ipsec?: GatewayIpsecSpec }
  /** What the client was told of IPsec beside its profile. */
  readonly client?: Pick<ClientOffer, 'policy' | 'negotiateDh2048Aes256'>
  readonly authorities?: readonly KnownAuthority[]
  /** Whether NPS lets pass certificates that name no revocation list. */
  readonly ignoresNoRevocationCheck?: boolean
}

export interface Subject {
  readonly file: SourceFile
  readonly profile: VpnProfile
  /** What the reader made of values that Windows does not take. */
  readonly problems: readonly ProfileProblem[]
  readonly context: ProfileContext
}

export interface ProfileRule {
  /** `L01` … `L58` of the deployment guide; `PX-01` … are ours. */
  readonly id: string
  /** One line: what should be so. */
  readonly about: string
  readonly source: string
  /** What to do about a value that cannot be read, where this rule owns its element. */
  readonly valueFix?: string | ((problem: ProfileProblem) => string)
  /** The right word for one that cannot be read, where there is one. */
  readonly respell?: (problem: ProfileProblem, written: string) => string | undefined
  /** Without a topology the rule says nothing, or less. */
  readonly withTopology?: 'all' | 'part'
  readonly judge?: (subject: Subject) => readonly (Said | false | undefined)[]
}

/** What every finding on a Windows version says of itself. */
export type Version = 'windows-10' | 'windows-11-21h2' | 'windows-11'

/** The client's version, as far as profiles tell them apart; undefined: not known, or no client. */
export function versionOf({ os }: ProfileContext): Version | undefined {
  return os === 'windows-10' || os === 'windows-11-21h2' || os === 'windows-11' ? os : undefined
}

const saying =
  (severity: Severity) =>
  (at: Position, message: string, fix: string, plan?: Plan): Said => ({
    severity,
    message,
    fix,
    at,
    plan,
  })

export const error = saying('error')
export const warning = saying('warning')
export const info = saying('info')
