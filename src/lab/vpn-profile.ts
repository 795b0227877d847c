/**
 * The connections of a Windows client as its ProfileXML has them, ready to be dialled: what IKE offers, how it proves itself, which routes and
 * names come with it. Not the dialling (`node/vpn-client`), and not the lint (`preflight`).
 */
import type { Ipv4 } from '../base/address.ts'
import { minutes } from '../base/time.ts'
import type { IkeInitiatorOptions } from '../engine/ikev2/options.ts'
import type { Dial } from '../node/vpn-client/contract.ts'
import type { HostSpec } from '../topology/topology.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import { IPSEC_PARAMETERS, readIpsecPolicy } from '../windows/ipsec-policy.ts'
import type { CryptographySuite } from '../windows/profile/cryptography.ts'
import type { IpsecPolicySpec } from '../topology/ipsec.ts'
import { clientSuites, espTransforms, ikeTransforms } from '../windows/ipsec-suites.ts'
import type { VpnProfile } from '../windows/profile-xml.ts'
import { ConfigAttribute } from '../wire/ikev2/numbers.ts'
import type { TrafficSelector } from '../wire/ikev2/traffic-selectors.ts'

export type TunnelKind = 'user' | 'device'

/** OWN: what Windows asks of a gateway in CFG_REQUEST, as its captures show. */
const REQUESTED = [
  ConfigAttribute.INTERNAL_IP4_ADDRESS,
  ConfigAttribute.INTERNAL_IP4_DNS,
  ConfigAttribute.INTERNAL_IP4_NBNS,
  ConfigAttribute.INTERNAL_IP4_SERVER,
  ConfigAttribute.INTERNAL_IP6_ADDRESS,
  ConfigAttribute.INTERNAL_IP6_DNS,
  ConfigAttribute.INTERNAL_IP6_SERVER,
].map((type) => ({ type, value: new Uint8Array() }))

const ANY_PORT = { protocol: 0, startPort: 0, endPort: 0xffff } as const
/** Windows leaves it to the gateway to narrow. */
const EVERYTHING: readonly TrafficSelector[] = [
  { kind: 'ipv4', ...ANY_PORT, start: 0 as Ipv4, end: 0xffffffff as Ipv4 },
  {
    kind: 'ipv6',
    ...ANY_PORT,
    start: new Uint8Array(16),
    end: new Uint8Array(16).fill(0xff),
  },
]

/** Metric of the interface where the profile says nothing (OWN: Windows computes one from the speed). */
const METRIC_DEFAULT = 25
/** What a Windows client makes its fragments for (OWN). */
const FRAGMENT_PACKET = 1280
/** OWN: Windows asks for a sign of life when the gateway has been silent so long. */
const DEAD_PEER = minutes(5)

/** Phonebook NetworkOutageTime. */
const OUTAGE_DEFAULT = minutes(30)

/**
 * The servers of the profile, in the order in which they are tried: `host;friendly name,host;friendly name` (VPNv2 CSP). Empty: it names none.
 */
export function serversOf({ nativeProfile }: VpnProfile): readonly string[] {
  const written = (nativeProfile?.servers ?? []).map(({ value }) => value).join(';')
  const hosts = written.split(',').flatMap((entry) => entry.split(';')[0]?.trim() ?? [])
  return [...new Set(hosts.filter((host) => host !== ''))]
}

export type Protocol = 'IKEv2' | 'SSTP'

/**
 * What is tried, in order: Automatic takes SSTP before IKEv2 (Microsoft's VPNv2 CSP). A device dials IKEv2 only. PPTP and L2TP, which come last, are
 * not spoken here.
 */
export function protocolsOf(
  { nativeProfile }: VpnProfile,
  tunnel: TunnelKind,
): readonly [Protocol, ...Protocol[]] {
  const native = nativeProfile?.nativeProtocolType?.value
  if (tunnel === 'device') return ['IKEv2']
  if (native === 'Automatic') return ['SSTP', 'IKEv2']
  return native === 'SSTP' ? ['SSTP'] : ['IKEv2']
}

/** What of a dial comes from the profile and the client's own settings. */
export function dialOf(
  profile: VpnProfile,
  spec: Pick<HostSpec, 'os' | 'vpnClient'>,
  assume: Assumptions,
): Omit<Dial, 'authentication' | 'server'> {
  return {
    name: connectionName(profile),
    initiator: initiatorOf(profile, spec, assume),
    metric: profile.ipv4InterfaceMetric?.value ?? METRIC_DEFAULT,
    mtu: assume.tunnelMtu,
    outerDontFragment: assume.outerDontFragment,
    routing: profile,
    suffix: profile.dnsSuffixes[0]?.value,
    filters: profile.trafficFilters,
    mobility: {
      isEnabled: spec.vpnClient?.disableMobility !== true,
      outage: spec.vpnClient?.networkOutageTime ?? OUTAGE_DEFAULT,
    },
  }
}

/** The profile by which a client is locked down; undefined: it is not. Windows has it of the computer alone. */
export const lockDownOf = ({ device }: { readonly device?: VpnProfile }): VpnProfile | undefined =>
  device?.lockDown?.value === true ? device : undefined

/** What Windows calls the connection, and its interface: as ProfileName says, else as whoever installs it does. Here that is the name of the file. */
export const connectionName = ({ profileName, file }: VpnProfile): string =>
  profileName?.value ?? (file.split(/[\\/]/).at(-1) ?? file).replace(/\.[^.]*$/, '')

/** The CryptographySuite of a profile, if it is whole: Windows passes over one that is not (OWN), and the lint says so. */
function writtenPolicy(suite: CryptographySuite | undefined): IpsecPolicySpec | undefined {
  if (suite === undefined) return undefined
  const words = IPSEC_PARAMETERS.map((parameter) => [parameter, suite[parameter]?.value])
  const read = readIpsecPolicy(Object.fromEntries(words), 'profile-xml')
  return read.ok ? read.value : undefined
}

function initiatorOf(
  { nativeProfile }: VpnProfile,
  { os, vpnClient = {} }: Pick<HostSpec, 'os' | 'vpnClient'>,
  assume: Assumptions,
): Omit<IkeInitiatorOptions, 'role' | 'endpoints' | 'authentication'> {
  const { ipsec, negotiateDh2048Aes256, disableMobility, ikeFragmentation } = vpnClient
  const policy = writtenPolicy(nativeProfile?.cryptographySuite) ?? ipsec
  const { ike, esp } = clientSuites({ os, policy, negotiateDh2048Aes256 }, assume)
  const pfsGroup = esp[0]?.group
  return {
    ikeProposals: ike.map(ikeTransforms),
    espProposals: esp.map(espTransforms),
    ...(pfsGroup !== undefined && { pfsGroup }),
    configuration: REQUESTED,
    localSelectors: EVERYTHING,
    remoteSelectors: EVERYTHING,
    mobike: disableMobility !== true,
    deadPeer: DEAD_PEER,
    ...(ikeFragmentation !== false && { fragmentation: { packet: FRAGMENT_PACKET } }),
  }
}
