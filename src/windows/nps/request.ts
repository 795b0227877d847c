/**
 * What NPS's policies look at: the facts of one Access-Request, of the RADIUS client that sent it, and of the account that it names.
 * Not the packet: whoever decodes it fills this in, and nothing secret is among it.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { Instant } from '../../base/time.ts'
import type { DialInPermission } from '../../topology/directory.ts'
import type { AuthenticationType, EapTypeName } from '../../topology/nps.ts'

/** The entry of the RADIUS client that sent the request. */
export interface ClientFacts {
  readonly friendlyName: string
  /** Where the packet came from. */
  readonly address: string
  readonly vendor: 'standard' | 'microsoft'
}

/** What is read of an account; those of `directory/` have it all. */
export interface AccountFacts {
  readonly kind: 'user' | 'computer'
  /** Names of the groups it is in, nested ones included, in lower case. */
  readonly groups: ReadonlySet<string>
  readonly dialIn?: {
    readonly permission: DialInPermission
    /** "Verify Caller-ID". */
    readonly callerId?: string
    readonly framedIpAddress?: Ipv4
    /** Locked out by failed attempts at remote access. */
    readonly isLockedOut?: boolean
  }
}

export interface NpsRequest {
  /** When it came, on the server's clock. */
  readonly at: Instant
  readonly client: ClientFacts
  readonly authenticationType: AuthenticationType
  /** Of the first answer that proposes or accepts one; an identity alone names none. */
  readonly eapType?: EapTypeName
  readonly userName?: string
  readonly nasIdentifier?: string
  readonly nasIpv4Address?: string
  readonly nasIpv6Address?: string
  readonly nasPortType?: number
  readonly serviceType?: number
  readonly framedProtocol?: number
  readonly calledStationId?: string
  readonly callingStationId?: string
  readonly tunnelType?: number
  /** 311 is Microsoft. */
  readonly msRasVendor?: number
  /** MS-Location. */
  readonly locationGroups?: readonly string[]
  /** The account that the request names; absent: none was found, or nobody has looked yet. */
  readonly account?: AccountFacts
  /** The computer that the user sits at, where the request tells. */
  readonly machine?: AccountFacts
}

/** A request whose facts are still being gathered. */
export type OpenRequest = { -readonly [Name in keyof NpsRequest]: NpsRequest[Name] }
