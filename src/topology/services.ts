/**
 * What a node offers, as plain data. One type a role; `node` has the running ones.
 * Not an open set: a service that stands here is modelled, and one that is not modelled does not stand here.
 */
import type { Duration } from '../base/time.ts'
import type { GatewayIpsecSpec, IpsecPolicySpec } from './ipsec.ts'
import type { NpsSpec, RadiusServerSpec } from './nps.ts'
import type { ServiceTimeSpec } from './service-time.ts'

export type ServiceSpec<H extends string = string, Z extends string = string> =
  | DnsServerSpec<Z>
  | DhcpServerSpec
  | DhcpRelaySpec
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

/** RFC 2131: one scope of a server. */
export interface DhcpServerSpec {
  readonly service: 'dhcp-server'
  /** Key of the network it serves: one of the node's own, or one from which relay agents bring what is asked. */
  readonly network: string
  readonly pool: readonly [first: string, last: string]
  readonly router?: string
  readonly dns?: readonly string[]
  readonly suffix?: string
  /** Default 8 days, Windows' own. */
  readonly lease?: Duration
}

/** A DHCP relay agent (RFC 1542 §4): carries what is asked on one network to servers elsewhere. */
export interface DhcpRelaySpec {
  readonly service: 'dhcp-relay'
  /** Key of the network on which clients ask; the node must have an interface there. */
  readonly network: string
  /** Addresses of DHCP servers, each of which is asked. */
  readonly servers: readonly string[]
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

/**
 * The RRAS gateway. Absent fields are as Windows is installed. Windows reads nearly all of it when the service RemoteAccess starts: what
 * stands here is what was in force at the start of a lab, and an edit to a running one waits for a restart (`pendingRestart`); until then
 * the gateway goes on with what it read. At once come: certificates, the pool's free addresses, the RADIUS servers' answers.
 */
export interface VpnGatewaySpec<H extends string = string> {
  readonly service: 'vpn-gateway'
  /** Whether the service RemoteAccess runs. Default true; stopped, nothing listens on its ports. */
  readonly isRunning?: boolean
  /** Name of the certificate (LocalMachine\My) that IKEv2 presents. */
  readonly certificate?: string
  /** RADIUS servers that it asks. Absent: Windows authentication, which no tunnel of the tutorial uses. */
  readonly radius?: readonly RadiusServerSpec<H>[]
  /** Accounting provider: `radius` reports sessions to the same servers. Default `windows`. */
  readonly accounting?: 'windows' | 'radius'
  /** UserAuthProtocolAccepted, as far as IKEv2 has it. Default: both with `deviceTunnel`, else `eap` alone. */
  readonly authentication?: readonly GatewayAuthentication[]
  /** Listen for SSTP on TCP 443. Default false. */
  readonly sstp?: boolean
  /** Name of the certificate (LocalMachine\My) that is bound to SSTP. Default: the one of IKEv2. */
  readonly sstpCertificate?: string
  /** How many clients can be connected by each protocol; 0 switches it off. Default 128. */
  readonly ports?: { readonly ikev2?: number; readonly sstp?: number }
  /** Addresses for clients, `10.99.0.0/24`: `addressAssignment: { pool }` in short. */
  readonly pool?: string
  /**
   * A pool of its own, of which RRAS keeps the first address for itself, or addresses of a DHCP server inside, borrowed ten at a time;
   * where none answers, clients get 169.254.0.0/16 and reach nothing. Default: `pool`; without one, DHCP.
   */
  readonly addressAssignment?: 'dhcp' | { readonly pool: string }
  /** `…\RemoteAccess\Parameters\Ip\InitialAddressPoolSize`: how many addresses are borrowed of DHCP at once, at least 10. Default 10. */
  readonly initialAddressPoolSize?: number
  /**
   * On Windows Server 2019, whether the DHCP client service has got the privilege without which RRAS gets no leases. Default true; elsewhere it
   * means nothing.
   */
  readonly dhcpPrivilegesFixed?: boolean
  /** DNS servers that clients are given. Default: those of the inner interface. */
  readonly dnsServers?: readonly string[]
  /** How it judges the certificates of computers; whether it looks at revocation is `revocation.certAuthFlags` of the node. */
  readonly deviceTunnel?: DeviceTunnelSpec
  /** A custom policy, and how long security associations last. */
  readonly ipsec?: GatewayIpsecSpec
  /** A connection that carries nothing for so long is ended, 300 … 17,279,999 s. Default 5 minutes. */
  readonly idleDisconnect?: Duration
  /** A client that cannot be reached is kept so long, at least 2 minutes. Default 30 minutes. */
  readonly networkOutage?: Duration
  /** A connection must be authenticated within (NegotiateTime; event 20049). Default 150 seconds. */
  readonly negotiateTime?: Duration
  /** `…\RemoteAccess\Parameters\Ikev2\EnableServerFragmentation`: IKEv2 fragmentation (RFC 7383). Default false. */
  readonly serverFragmentation?: boolean
  /**
   * `…\IKEEXT\Parameters\IkeNumEstablishedForInitialQuery`: IKE SAs that one peer address may have; a NAT is one peer. Windows' own
   * limit has no source: absent, there is none.
   */
  readonly maxSasPerPeer?: number
  /** How long it works at a new IKE SA, in which nobody else of its `workers` has it. No source: absent, no time. */
  readonly handshakeTime?: ServiceTimeSpec
  /** `…\Tcpip6\Parameters\DisabledComponents` is not 0: RemoteAccess stops right after it starts (TOPO-10, event 7024). Default false. */
  readonly ipv6Disabled?: boolean
}

export type GatewayAuthentication = 'eap' | 'certificate'

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

/** What a Windows client has set for VPN beside its ProfileXML. Absent fields are as Windows is installed. */
export interface VpnClientSpec {
  /** Default `enterprise`. `pro` starts no device tunnel. */
  readonly edition?: WindowsEdition
  /** Phonebook flag DisableIKENameEkuCheck. Default false. */
  readonly disableIkeNameEkuCheck?: boolean
  /** `Set-VpnConnectionIPsecConfiguration`, for profiles without a CryptographySuite. Absent: what Windows offers by default. */
  readonly ipsec?: IpsecPolicySpec
  /**
   * `HKLM\SYSTEM\CurrentControlSet\Services\RasMan\Parameters\NegotiateDH2048_AES256`: 1 offers AES-256 with group 14, too, 2 offers
   * nothing else. Default 0.
   */
  readonly negotiateDh2048Aes256?: 0 | 1 | 2
  /** Phonebook flag DisableMobility: no MOBIKE. Default false. */
  readonly disableMobility?: boolean
  /** Phonebook NetworkOutageTime: how long a tunnel waits for its network; 0 for ever. Without mobility it means nothing. Default 30 minutes. */
  readonly networkOutageTime?: Duration
  /** IKEv2 fragmentation (RFC 7383). Default: yes, as Windows since 1803. */
  readonly ikeFragmentation?: boolean
  /** AutoTriggerDisabledProfilesList: names of profiles that somebody disconnected by hand. They are not dialled by themselves. */
  readonly disabledProfiles?: readonly string[]
}

export type WindowsEdition = 'pro' | 'enterprise' | 'education'

export const dnsServer = <const Z extends string = never>(
  rest: Omit<DnsServerSpec<Z>, 'service'>,
): DnsServerSpec<Z> => ({ service: 'dns-server', ...rest })
export const dhcpServer = (rest: Omit<DhcpServerSpec, 'service'>): DhcpServerSpec => ({
  service: 'dhcp-server',
  ...rest,
})
export const dhcpRelay = (rest: Omit<DhcpRelaySpec, 'service'>): DhcpRelaySpec => ({
  service: 'dhcp-relay',
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
