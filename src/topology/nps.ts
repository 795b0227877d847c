/**
 * The Network Policy Server and the RADIUS clients that ask it, as plain data in the words of its console: clients, connection request
 * policies, network policies, remote server groups, accounting. Not how they are evaluated: `windows/nps/` does that.
 *
 * Type parameter H: the nodes.
 */
import type { Duration } from '../base/time.ts'
import type { ServiceTimeSpec } from './service-time.ts'

/** `[Mo-Fr 08:00-18:00]`: days of the week and a span of the day, in the server's local time (which is UTC in a lab). */
export interface WeeklyHours {
  /** Default: every day. */
  readonly days?: readonly Weekday[]
  /** `08:00`; default `00:00`. */
  readonly from?: string
  /** `18:00`, exclusive; default `24:00`. */
  readonly to?: string
}

export const WEEKDAYS = ['Su', 'Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** A RADIUS client as NPS knows it. */
export interface RadiusClientSpec {
  /** Friendly name. */
  readonly name: string
  /** `172.16.20.10`, a DNS name that NPS resolves when it starts, or a range `172.16.20.0/24`. */
  readonly address: string
  readonly secret: string
  /** Default true. */
  readonly enabled?: boolean
  /** Client-Vendor; default RADIUS Standard. */
  readonly vendor?: 'standard' | 'microsoft'
  /** "Access-Request messages must contain the Message-Authenticator attribute". Default false. */
  readonly requiresMessageAuthenticator?: boolean
}

/** A RADIUS server as a gateway, or an NPS that forwards, knows it: exactly one of `server` and `address`. */
export interface RadiusServerSpec<H extends string = string> {
  /** A node; it is asked at the address by which it is reached. */
  readonly server?: H
  /** An address, or a DNS name that is resolved where it is needed. */
  readonly address?: string
  readonly secret: string
  /** Default 1812. */
  readonly port?: number
  /** Default 1813. */
  readonly accountingPort?: number
  /** How long to wait for an answer; default 5 s, as RRAS does. */
  readonly timeout?: Duration
  /** Initial score of RRAS, priority of NPS: the highest is asked first. Default 30. */
  readonly score?: number
  /** Send Message-Authenticator with every request; requests with EAP always have it. Default false. */
  readonly sendsMessageAuthenticator?: boolean
}

export type AuthenticationType =
  | 'pap'
  | 'chap'
  | 'ms-chap'
  | 'ms-chap-v2'
  | 'eap'
  | 'unauthenticated'

/** What a request must have. Every condition given must hold; within one that lists several, any will do. */
export interface NpsConditions {
  /** Groups of the user or the computer. */
  readonly windowsGroups?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly machineGroups?: readonly string[]
  readonly dayAndTime?: readonly WeeklyHours[]
  /** Patterns of NPS, which are regular expressions: `^5$`. Without anchors they match anywhere. */
  readonly userName?: string
  readonly nasIdentifier?: string
  readonly nasIpv4Address?: string
  readonly nasIpv6Address?: string
  readonly clientFriendlyName?: string
  readonly clientIpv4Address?: string
  readonly clientIpv6Address?: string
  readonly calledStationId?: string
  readonly callingStationId?: string
  /** Vendor of the RADIUS client's entry. */
  readonly clientVendor?: 'standard' | 'microsoft'
  /** MS-RAS-Vendor as a number in text: `^311$`. */
  readonly msRasVendor?: string
  /** Numbers of RFC 2865 §5.41; 5 is Virtual (VPN). */
  readonly nasPortType?: readonly number[]
  readonly framedProtocol?: readonly number[]
  readonly serviceType?: readonly number[]
  readonly tunnelType?: readonly number[]
  readonly authenticationType?: readonly AuthenticationType[]
  /** EAP types of the request's first answer. */
  readonly allowedEapTypes?: readonly EapTypeName[]
  /** Names of location groups that the request must come with (MS-Location). */
  readonly locationGroups?: readonly string[]
}

export type EapTypeName = 'peap' | 'tls' | 'mschapv2'

/** One EAP type of a policy, with its properties. */
export type EapTypeSpec =
  | {
      readonly type: 'peap'
      /** Name of NPS's certificate; default the service's own. */
      readonly certificate?: string
      /** In order of preference. */
      readonly inner: readonly ('tls' | 'mschapv2')[]
      /** Default true. */
      readonly fastReconnect?: boolean
      /** "Disconnect clients without cryptobinding". Default false. */
      readonly requiresCryptoBinding?: boolean
      /** Of EAP-MSCHAPv2 inside. Default true. */
      readonly allowsPasswordChange?: boolean
    }
  | { readonly type: 'tls'; readonly certificate?: string }
  | { readonly type: 'mschapv2'; readonly allowsPasswordChange?: boolean }

/** The Authentication Methods page. What is absent is not allowed. */
export interface AuthenticationMethods {
  /** In order of preference: the first is proposed. */
  readonly eap?: readonly EapTypeSpec[]
  readonly msChapV2?: boolean
  /** "User can change password after it has expired", for MS-CHAP v2. */
  readonly msChapV2PasswordChange?: boolean
  readonly msChap?: boolean
  readonly chap?: boolean
  readonly pap?: boolean
  /** "Allow clients to connect without negotiating an authentication method". */
  readonly unauthenticated?: boolean
}

export interface NpsConstraints {
  readonly authentication?: AuthenticationMethods
  /** Sent as Idle-Timeout. */
  readonly idleTimeout?: Duration
  /** Sent as Session-Timeout. */
  readonly sessionTimeout?: Duration
  /** A pattern. */
  readonly calledStationId?: string
  readonly dayAndTime?: readonly WeeklyHours[]
  readonly nasPortTypes?: readonly number[]
}

/** An attribute that a policy sends. `vendor` and `type` as numbers, or the dictionary's name. */
export interface RadiusAttributeSetting {
  /** `Framed-MTU`, `Filter-Id`, `Class`. */
  readonly name: string
  readonly value: string | number
}

export interface NetworkPolicySpec {
  readonly name: string
  /** Default true. */
  readonly enabled?: boolean
  readonly conditions?: NpsConditions
  readonly access: 'grant' | 'deny'
  /** "Ignore user account dial-in properties". Default false. */
  readonly ignoresDialIn?: boolean
  readonly constraints?: NpsConstraints
  /** Sent with Access-Accept; the wizard's own are Framed-Protocol PPP and Service-Type Framed. */
  readonly attributes?: readonly RadiusAttributeSetting[]
  /** Framed-MTU of the policy: NPS makes its EAP fragments no larger. 64 … 1500. */
  readonly framedMtu?: number
  /** Allowed-Certificate-OID. */
  readonly allowedCertificateOids?: readonly string[]
}

export interface ConnectionRequestPolicySpec {
  readonly name: string
  /** Default true. */
  readonly enabled?: boolean
  readonly conditions?: NpsConditions
  /** Default `local`. */
  readonly provider?:
    | 'local'
    /** "Accept users without validating credentials". */
    | 'accept'
    /** Key of `remoteGroups`. */
    | { readonly forwardTo: string }
  /** "Override network policy authentication settings": these hold, and identity privacy works. */
  readonly authentication?: AuthenticationMethods
  /** Where accounting of these connections goes, beside this server: key of `remoteGroups`. */
  readonly accountingTo?: string
  /** Attribute manipulation of User-Name: the first pattern that matches is replaced. */
  readonly rewritesUserName?: { readonly find: string; readonly replace: string }
}

export interface NpsAccountingSpec {
  /** Lines of the local text file; default `dts`. `none`: no file. */
  readonly format?: 'dts' | 'odbc' | 'ias' | 'none'
  /** Bytes free on the disk of the log; absent: enough. */
  readonly diskFree?: number
  /** "If logging fails, discard connection requests". Default true, as Windows has it. */
  readonly discardsWhenLoggingFails?: boolean
}

/** The Network Policy Server. A new one has the two policies that deny everybody, and knows no client. */
export interface NpsSpec<H extends string = string> {
  readonly service: 'nps'
  /** Name of the certificate (LocalMachine\My) that EAP types use which name none. */
  readonly certificate?: string
  readonly clients?: readonly RadiusClientSpec[]
  /** Before the one that Windows brings, "Use Windows authentication for all users". */
  readonly connectionRequestPolicies?: readonly ConnectionRequestPolicySpec[]
  /** Before the two that Windows brings, which deny. */
  readonly networkPolicies?: readonly NetworkPolicySpec[]
  /** Remote RADIUS server groups by name. */
  readonly remoteGroups?: Readonly<Record<string, readonly RadiusServerSpec<H>[]>>
  /** Default 1812 and 1645. */
  readonly authenticationPorts?: readonly number[]
  /** Default 1813 and 1646. */
  readonly accountingPorts?: readonly number[]
  readonly accounting?: NpsAccountingSpec
  /** Audit subcategory "Network Policy Server"; default both, as a server is installed. Off: no events 6272 to 6278. */
  readonly audit?: { readonly success?: boolean; readonly failure?: boolean }
  /** `netsh nps set requiremsgauth all=enable` (KB5040268). Default false. */
  readonly requireMessageAuthenticator?: boolean
  /** `netsh nps set limitproxystate all=enable` (KB5040268). Default false. */
  readonly limitProxyState?: boolean
  /** Whether the edition takes ranges as client addresses: Datacenter of Windows Server 2016, every one since. Default true. */
  readonly allowsClientRanges?: boolean
  /** Windows Server 2019: whether `sc sidtype IAS unrestricted` was run, without which the firewall's own RADIUS rules do not count. Default true. */
  readonly firewallSidFixed?: boolean
  /** An extension DLL, such as that of multi-factor authentication, and what it does to every request. Absent: none. */
  readonly extension?: 'passes' | 'discards' | 'fails' | 'rejects'
  /**
   * Newest TLS of EAP (`TlsVersion` below `…\\RasMan\\PPP\\EAP\\13`). Default 1.2: Schannel of Windows Server 2022 has TLS 1.3, and NPS offers it
   * to nobody.
   */
  readonly tlsMaximum?: '1.2' | '1.3'
  /** Seconds after which a conversation that the peer left is given up (reason 96); default 30. */
  readonly eapTimeout?: Duration
  /** How long it works at one Access-Request, of which a sign-in by PEAP takes about ten. No source: absent, no time. */
  readonly requestTime?: ServiceTimeSpec
}

export const nps = <const H extends string = never>(
  rest: Omit<NpsSpec<H>, 'service'> = {},
): NpsSpec<H> => ({ service: 'nps', ...rest })

/** What the wizard "RADIUS server for Dial-Up or VPN Connections" makes: PEAP with a certificate inside, for one group. */
export const vpnNetworkPolicy = (
  rest: Partial<NetworkPolicySpec> & { readonly group: string },
): NetworkPolicySpec => {
  const { group, ...others } = rest
  return {
    name: 'Virtual Private Network (VPN) Connections',
    conditions: { nasPortType: [5], userGroups: [group] },
    access: 'grant',
    constraints: { authentication: { eap: [{ type: 'peap', inner: ['tls'] }] } },
    attributes: [
      { name: 'Framed-Protocol', value: 1 },
      { name: 'Service-Type', value: 2 },
    ],
    ...others,
  }
}

/** The wizard's connection request policy: requests of VPN servers are decided here. */
export const vpnConnectionRequestPolicy = (
  rest: Partial<ConnectionRequestPolicySpec> = {},
): ConnectionRequestPolicySpec => ({
  name: 'Virtual Private Network (VPN) Connections',
  conditions: { nasPortType: [5] },
  ...rest,
})
