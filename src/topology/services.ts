/**
 * What a node offers, as plain data. One type a role; `node` has the running ones.
 * Not an open set: a service that stands here is modelled, and one that is not modelled does not stand here.
 */
import type { Duration } from '../base/time.ts'
import type { NpsSpec, RadiusServerSpec } from './nps.ts'

export type ServiceSpec<H extends string = string, Z extends string = string> =
  | DnsServerSpec<Z>
  | DhcpServerSpec
  | WebServerSpec
  | ListenerSpec
  | VpnGatewaySpec<H>
  | NpsSpec<H>
  | DomainControllerSpec

/** Authoritative for `zones`, and, where allowed, recursive for the rest. */
export interface DnsServerSpec<Z extends string = string> {
  readonly service: 'dns-server'
  readonly zones?: readonly Z[]
  /** Answer for names outside the zones. Default false: REFUSED. */
  readonly recursion?: boolean
  /** Ask these first (recursion). Without: root hints. */
  readonly forwarders?: readonly string[]
  /** Zone name → servers. The longest suffix decides. */
  readonly conditionalForwarders?: Readonly<Record<string, readonly string[]>>
  /** Addresses of root servers, for recursion without forwarders. */
  readonly rootHints?: readonly string[]
  /** Further views of a zone (Windows zone scopes): scope name → the key of a zone with the same origin. */
  readonly scopes?: Readonly<Record<string, Z>>
  /** Query resolution policies, tried in order; the first that matches decides. */
  readonly policies?: readonly DnsPolicySpec[]
}

/** A Windows DNS query resolution policy (Add-DnsServerQueryResolutionPolicy). Every criterion given must match. */
export interface DnsPolicySpec {
  readonly name: string
  readonly action: 'allow' | 'deny' | 'ignore'
  readonly clientSubnet?: string
  /** The server's own address that the query arrived on. */
  readonly serverInterface?: string
  /** `www.contoso.com`, or `*.contoso.com` for all below. */
  readonly fqdn?: string
  /** With `allow`: answer from this scope of the zone. A record absent there is absent. */
  readonly scope?: string
  /** With `allow` and no scope: whether recursion is allowed for these queries. */
  readonly recursion?: boolean
}

/** RFC 2131. Serves the network on which the node has `serverAddress`' interface. */
export interface DhcpServerSpec {
  readonly service: 'dhcp-server'
  /** Key of the network it serves; the node must have an interface there. */
  readonly network: string
  readonly pool: readonly [first: string, last: string]
  readonly router?: string
  readonly dns?: readonly string[]
  readonly suffix?: string
  /** Default 8 days, Windows' own. */
  readonly lease?: Duration
}

/** HTTP/1.1. Paths published by authorities are added to `pages`. */
export interface WebServerSpec {
  readonly service: 'web-server'
  /** Default 80; with a certificate 443. */
  readonly port?: number
  /** Name of the certificate (LocalMachine\\My) that it shows: HTTPS. Absent: HTTP. */
  readonly certificate?: string
  /** Path → body. A path that is absent answers 404. */
  readonly pages?: Readonly<Record<string, string>>
}

/** Ports that are open: datagrams are answered as `speaks` says, TCP connections are accepted. */
export interface ListenerSpec {
  readonly service: 'listener'
  readonly name: string
  readonly udp?: readonly number[]
  readonly tcp?: readonly number[]
  /** `ike` answers an IKE header with an IKE header (with the non-ESP marker on 4500), `radius` answers Status-Server, `echo` repeats, `silent` says nothing. Default `echo`. */
  readonly speaks?: 'ike' | 'radius' | 'echo' | 'silent'
}

/** The RRAS gateway, as far as its ports and its certificate go. */
export interface VpnGatewaySpec<H extends string = string> {
  readonly service: 'vpn-gateway'
  /** Name of the certificate (LocalMachine\My) that IKEv2 presents. */
  readonly certificate?: string
  /** RADIUS servers that it asks. Absent: Windows authentication, which no tunnel of the tutorial uses. */
  readonly radius?: readonly RadiusServerSpec<H>[]
  /** Accounting provider: `radius` reports sessions to the same servers. Default `windows`. */
  readonly accounting?: 'windows' | 'radius'
  /** Listen for SSTP on TCP 443. Default false. */
  readonly sstp?: boolean
  /** Addresses for clients, `10.99.0.0/24`. */
  readonly pool?: string
  /** How it judges the certificates of computers. */
  readonly deviceTunnel?: DeviceTunnelSpec
}

/** Machine certificate authentication for IKEv2. */
export interface DeviceTunnelSpec {
  /** RootCertificateNameToAccept: subject names of roots, `CN=Contoso Root CA`. Absent: every trusted root will do. */
  readonly rootCertificateNames?: readonly string[]
  /** CertificateEKUsToAccept: OIDs. Absent: Client Authentication. */
  readonly ekus?: readonly string[]
}

/**
 * A domain controller of the topology's directory: LDAP, Kerberos, RPC, SMB and, by default, the global catalog. Members find it by the
 * SRV records of their DNS.
 */
export interface DomainControllerSpec {
  readonly service: 'domain-controller'
  /** Default true. */
  readonly globalCatalog?: boolean
}

/** What decides how a Windows client judges VPN servers, beside its ProfileXML. */
export interface VpnClientSpec {
  /** Phonebook flag DisableIKENameEkuCheck. Default false. */
  readonly disableIkeNameEkuCheck?: boolean
}

export const dnsServer = <const Z extends string = never>(
  rest: Omit<DnsServerSpec<Z>, 'service'>,
): DnsServerSpec<Z> => ({ service: 'dns-server', ...rest })
export const dhcpServer = (rest: Omit<DhcpServerSpec, 'service'>): DhcpServerSpec => ({
  service: 'dhcp-server',
  ...rest,
})
export const webServer = (rest: Omit<WebServerSpec, 'service'> = {}): WebServerSpec => ({
  service: 'web-server',
  ...rest,
})
export const listener = (rest: Omit<ListenerSpec, 'service'>): ListenerSpec => ({
  service: 'listener',
  ...rest,
})
export const vpnGateway = <const H extends string = never>(
  rest: Omit<VpnGatewaySpec<H>, 'service'> = {},
): VpnGatewaySpec<H> => ({ service: 'vpn-gateway', ...rest })
export const domainController = (
  rest: Omit<DomainControllerSpec, 'service'> = {},
): DomainControllerSpec => ({ service: 'domain-controller', ...rest })
