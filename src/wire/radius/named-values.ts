/**
 * Numbers inside RADIUS attributes that have names, for the attributes that people read (IANA "RADIUS Types").
 * Numbers stay numbers everywhere; one without a name prints as itself.
 */
import type { AttributeName } from './dictionary.ts'

/** RFC 2865 §5.6. */
export const ServiceType = {
  Login: 1,
  Framed: 2,
  'Callback-Login': 3,
  'Callback-Framed': 4,
  Outbound: 5,
  Administrative: 6,
  'NAS-Prompt': 7,
  'Authenticate-Only': 8,
  'Callback-NAS-Prompt': 9,
  'Call-Check': 10,
  'Callback-Administrative': 11,
} as const

/** RFC 2865 §5.7. */
export const FramedProtocol = {
  PPP: 1,
  SLIP: 2,
  ARAP: 3,
  'Gandalf-SLML': 4,
  'Xylogics-IPX-SLIP': 5,
  'X.75-Synchronous': 6,
} as const

/** RFC 2865 §5.41 and what was registered since. */
export const NasPortType = {
  Async: 0,
  Sync: 1,
  ISDN: 2,
  'ISDN-V.120': 3,
  'ISDN-V.110': 4,
  Virtual: 5,
  PIAFS: 6,
  'HDLC-Clear-Channel': 7,
  'X.25': 8,
  'X.75': 9,
  'G.3-Fax': 10,
  SDSL: 11,
  'ADSL-CAP': 12,
  'ADSL-DMT': 13,
  IDSL: 14,
  Ethernet: 15,
  xDSL: 16,
  Cable: 17,
  'Wireless-Other': 18,
  'Wireless-802.11': 19,
  'Token-Ring': 20,
  FDDI: 21,
} as const

/** RFC 2866 §5.1, RFC 2867 §3.1. */
export const AcctStatusType = {
  Start: 1,
  Stop: 2,
  'Interim-Update': 3,
  'Accounting-On': 7,
  'Accounting-Off': 8,
  'Tunnel-Start': 9,
  'Tunnel-Stop': 10,
  'Tunnel-Reject': 11,
  'Tunnel-Link-Start': 12,
  'Tunnel-Link-Stop': 13,
  'Tunnel-Link-Reject': 14,
  Failed: 15,
} as const

/** RFC 2866 §5.6. */
export const AcctAuthentic = { RADIUS: 1, Local: 2, Remote: 3, Diameter: 4 } as const

/** RFC 2866 §5.10. */
export const AcctTerminateCause = {
  'User-Request': 1,
  'Lost-Carrier': 2,
  'Lost-Service': 3,
  'Idle-Timeout': 4,
  'Session-Timeout': 5,
  'Admin-Reset': 6,
  'Admin-Reboot': 7,
  'Port-Error': 8,
  'NAS-Error': 9,
  'NAS-Request': 10,
  'NAS-Reboot': 11,
  'Port-Unneeded': 12,
  'Port-Preempted': 13,
  'Port-Suspended': 14,
  'Service-Unavailable': 15,
  Callback: 16,
  'User-Error': 17,
  'Host-Request': 18,
} as const

/** Why a session ended (RFC 2866 §5.10). */
export type TerminateCause = keyof typeof AcctTerminateCause

/** RFC 2868 §3.1. Microsoft's own numbers for SSTP and IKEv2 have no source that can be quoted, and are not here. */
export const TunnelType = {
  PPTP: 1,
  L2F: 2,
  L2TP: 3,
  ATMP: 4,
  VTP: 5,
  AH: 6,
  IP: 7,
  'MIN-IP': 8,
  ESP: 9,
  GRE: 10,
  DVS: 11,
  'IP-in-IP': 12,
  VLAN: 13,
} as const

/** RFC 2868 §3.2. */
export const TunnelMediumType = {
  IPv4: 1,
  IPv6: 2,
  NSAP: 3,
  HDLC: 4,
  'BBN-1822': 5,
  'IEEE-802': 6,
  'E.163': 7,
  'E.164': 8,
  'F.69': 9,
  'X.121': 10,
  IPX: 11,
  Appletalk: 12,
  'DecNet-IV': 13,
  'Banyan-Vines': 14,
  'E.164-NSAP': 15,
} as const

/** RFC 2548 and FreeRADIUS's dictionary.microsoft. */
export const NetworkAccessServerType = {
  Unspecified: 0,
  'Terminal-Server-Gateway': 1,
  'Remote-Access-Server': 2,
  'DHCP-Server': 3,
  'Wireless-Access-Point': 4,
  HRA: 5,
  'HCAP-Server': 6,
} as const

const NAMED: Partial<Readonly<Record<AttributeName, Readonly<Record<string, number>>>>> = {
  'Service-Type': ServiceType,
  'Framed-Protocol': FramedProtocol,
  'Framed-Compression': { None: 0, 'Van-Jacobson-TCP-IP': 1, 'IPX-Header': 2, 'Stac-LZS': 3 },
  'Termination-Action': { Default: 0, 'RADIUS-Request': 1 },
  'NAS-Port-Type': NasPortType,
  'Acct-Status-Type': AcctStatusType,
  'Acct-Authentic': AcctAuthentic,
  'Acct-Terminate-Cause': AcctTerminateCause,
  'Tunnel-Type': TunnelType,
  'Tunnel-Medium-Type': TunnelMediumType,
  'MS-MPPE-Encryption-Policy': { 'Encryption-Allowed': 1, 'Encryption-Required': 2 },
  'MS-Acct-Auth-Type': { PAP: 1, CHAP: 2, 'MS-CHAP-1': 3, 'MS-CHAP-2': 4, EAP: 5 },
  'MS-Network-Access-Server-Type': NetworkAccessServerType,
}

/** The first name of a number counts. */
const NAMES: ReadonlyMap<string, ReadonlyMap<number, string>> = new Map(
  Object.entries(NAMED).map(([attribute, named]) => [
    attribute,
    new Map(
      Object.entries(named)
        .toReversed()
        .map(([name, value]) => [value, name]),
    ),
  ]),
)

/** `Virtual` of NAS-Port-Type 5; the number in decimal where it has no name. */
export const valueName = (attribute: AttributeName, value: number): string =>
  NAMES.get(attribute)?.get(value) ?? String(value)

/** 5 of NAS-Port-Type `Virtual`, in whatever case. Undefined: no such name. */
export const valueNamed = (attribute: AttributeName, name: string): number | undefined =>
  Object.entries(NAMED[attribute] ?? {}).find(
    ([known]) => known.toLowerCase() === name.toLowerCase(),
  )?.[1]
