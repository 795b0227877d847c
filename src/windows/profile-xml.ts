/**
 * ProfileXML of the VPNv2 configuration service provider, as far as names, routes and triggers need it: typed values, each with its place.
 * Not a judgement of the profile: what is merely unwise is `check`'s, which finds every element in `document`. Elements that no
 * Windows knows are noted, as Windows ignores them.
 */
import { parseAddress } from '../base/address.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { SourceFile } from '../topology/files.ts'
import { didYouMean } from '../topology/near-miss.ts'
import type { Position } from '../topology/position.ts'
import { readEapConfiguration, type EapConfiguration } from './eap-config.ts'
import {
  all,
  ElementReader,
  present,
  type Placed,
  type ProfileNote,
  type ProfileProblem,
} from './xml-values.ts'
import { parseXml, type XmlElement } from './xml.ts'

export interface VpnProfile {
  /** Path of the file, as a person would type it. */
  readonly file: string
  /** Absent in the file: undefined here; Windows then takes false. */
  readonly alwaysOn?: Placed<boolean>
  readonly deviceTunnel?: Placed<boolean>
  readonly registerDns?: Placed<boolean>
  /** The first is the connection-specific suffix; all go to the suffix search list. */
  readonly dnsSuffixes: readonly Placed<string>[]
  /** Suffixes or network names that mean "inside". */
  readonly trustedNetworks: readonly Placed<string>[]
  readonly nativeProfile?: NativeProfile
  readonly routes: readonly ProfileRoute[]
  readonly domainNameInformation: readonly DomainNameInformation[]
  /** What Windows ignores, and what was read with tolerance. */
  readonly notes: readonly ProfileNote[]
  /** The whole file, for rules about elements that have no field here. */
  readonly document: XmlElement
}

export interface NativeProfile {
  readonly at: Position
  /** The `;`-separated list as written, without blanks: host names, and the friendly name that Windows 11 repeats. */
  readonly servers: readonly Placed<string>[]
  /** Absent: force tunnel. */
  readonly routingPolicyType?: Placed<RoutingPolicyType>
  readonly nativeProtocolType?: Placed<NativeProtocolType>
  readonly disableClassBasedDefaultRoute?: Placed<boolean>
  /** What the user method Eap does; absent: the profile holds no EapHostConfig. */
  readonly eap?: EapConfiguration
}

export interface ProfileRoute {
  readonly at: Position
  readonly address: Placed<string>
  readonly prefixSize: Placed<number>
  readonly exclusionRoute?: Placed<boolean>
  readonly metric?: Placed<number>
}

/** One rule for the Name Resolution Policy Table. */
export interface DomainNameInformation {
  readonly at: Position
  /** `.corp.contoso.com` (a suffix), `app.corp.contoso.com` (that name), `.` (every name). */
  readonly domainName: Placed<string>
  /** Undefined: the element is omitted, which makes an exemption. Empty: it stands there and is blank. */
  readonly dnsServers?: readonly Placed<string>[]
  readonly webProxyServers?: Placed<string>
  readonly autoTrigger?: Placed<boolean>
  readonly persistent?: Placed<boolean>
}

/** The elements that each container may hold: XSD of the VPNv2 DDF, and the nodes that Windows 11 added. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  VPNProfile: words(`
    ProfileName EdpModeId RememberCredentials AlwaysOn AlwaysOnActive DnsSuffix TrustedNetworkDetection
    DisableAdvancedOptionsEditButton DisableDisconnectButton LockDown DeviceTunnel RegisterDNS ByPassForLocal
    RequireVpnClientAppUI Proxy APNBinding DeviceCompliance PluginProfile AppTrigger DomainNameInformation
    TrafficFilter NativeProfile Route NetworkOutageTime IPv4InterfaceMetric IPv6InterfaceMetric
    UseRasCredentials DataEncryption PrivateNetwork DisableIKEv2Fragmentation`),
  NativeProfile: words(`
    Servers RoutingPolicyType NativeProtocolType ProtocolList L2tpPsk DisableClassBasedDefaultRoute
    PlumbIKEv2TSAsRoutes CryptographySuite Authentication`),
  Route: words('Address PrefixSize ExclusionRoute Metric'),
  DomainNameInformation: words('DomainName DnsServers WebProxyServers AutoTrigger Persistent'),
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

const ROUTING_POLICY_TYPES = ['SplitTunnel', 'ForceTunnel'] as const
const NATIVE_PROTOCOL_TYPES = [
  'PPTP',
  'L2TP',
  'IKEv2',
  'Automatic',
  'SSTP',
  'ProtocolList',
] as const
export type RoutingPolicyType = (typeof ROUTING_POLICY_TYPES)[number]
export type NativeProtocolType = (typeof NATIVE_PROTOCOL_TYPES)[number]

/** Read a profile. The error lists everything that cannot be read; broken XML is one problem. */
export function readProfile(file: SourceFile): Result<VpnProfile, readonly ProfileProblem[]> {
  const parsed = parseXml(file)
  if (!parsed.ok) return err([{ file: file.path, code: 'xml', ...parsed.error }])
  const root = parsed.value
  if (root.name !== 'VPNProfile') {
    const message = `the root element is <${root.name}>, not <VPNProfile>`
    return err([{ file: file.path, code: 'not-a-profile', ...root.at, message }])
  }
  const reading = new Reading(file.path)
  const profile = reading.profile(root)
  return reading.problems.length === 0 ? ok(profile) : err(reading.problems)
}

/** One pass over a document that collects problems and notes. */
class Reading extends ElementReader {
  profile(root: XmlElement): VpnProfile {
    this.#noteStrangers(root)
    const native = this.one(root, 'NativeProfile')
    return {
      file: this.file,
      ...present('alwaysOn', this.flag(root, 'AlwaysOn')),
      ...present('deviceTunnel', this.flag(root, 'DeviceTunnel')),
      ...present('registerDns', this.flag(root, 'RegisterDNS')),
      dnsSuffixes: this.list(root, 'DnsSuffix') ?? [],
      trustedNetworks: this.list(root, 'TrustedNetworkDetection') ?? [],
      ...present('nativeProfile', native && this.#nativeProfile(native)),
      routes: all(root, 'Route').map((route) => this.#route(route)),
      domainNameInformation: all(root, 'DomainNameInformation').map((rule) => this.#rule(rule)),
      notes: this.notes,
      document: root,
    }
  }

  #nativeProfile(element: XmlElement): NativeProfile {
    this.#noteStrangers(element)
    return {
      at: element.at,
      servers: this.list(element, 'Servers', ';') ?? [],
      ...present(
        'routingPolicyType',
        this.choice(element, 'RoutingPolicyType', ROUTING_POLICY_TYPES),
      ),
      ...present(
        'nativeProtocolType',
        this.choice(element, 'NativeProtocolType', NATIVE_PROTOCOL_TYPES),
      ),
      ...present(
        'disableClassBasedDefaultRoute',
        this.flag(element, 'DisableClassBasedDefaultRoute'),
      ),
      ...present('eap', readEapConfiguration(element, this)),
    }
  }

  #route(element: XmlElement): ProfileRoute {
    this.#noteStrangers(element)
    const address = this.required(element, 'Address')
    const parsed = address.value === '' ? undefined : this.#address(address)
    const most = typeof parsed === 'bigint' ? 128 : 32
    this.required(element, 'PrefixSize')
    return {
      at: element.at,
      address,
      prefixSize: this.number(element, 'PrefixSize', most) ?? { value: 0, at: element.at },
      ...present('exclusionRoute', this.flag(element, 'ExclusionRoute')),
      ...present('metric', this.number(element, 'Metric', 0xffff_ffff)),
    }
  }

  #rule(element: XmlElement): DomainNameInformation {
    this.#noteStrangers(element)
    const servers = this.list(element, 'DnsServers')
    servers?.forEach((server) => this.#address(server))
    return {
      at: element.at,
      domainName: this.required(element, 'DomainName'),
      ...present('dnsServers', servers),
      ...present('webProxyServers', this.text(element, 'WebProxyServers')),
      ...present('autoTrigger', this.flag(element, 'AutoTrigger')),
      ...present('persistent', this.flag(element, 'Persistent')),
    }
  }

  /** Children that Windows does not know here, and text between elements. */
  #noteStrangers(element: XmlElement): void {
    const known = KNOWN[element.name]!
    for (const child of element.children) {
      if (known.includes(child.name)) continue
      const twin = known.find((name) => name.toLowerCase() === child.name.toLowerCase())
      const hint = twin === undefined ? didYouMean(child.name, known) : `; write <${twin}>`
      this.notes.push({
        code: twin === undefined ? 'unknown-element' : 'letter-case',
        at: child.at,
        message: `<${child.name}> is not an element of <${element.name}>${hint}`,
      })
    }
    const stray = element.text.trim()
    if (stray !== '') {
      const shown = stray.length > 20 ? `${stray.slice(0, 20)}…` : stray
      this.notes.push({
        code: 'stray-text',
        at: element.textAt,
        message: `text '${shown}' between the elements of <${element.name}>`,
      })
    }
  }

  #address({ value, at }: Placed<string>) {
    const address = parseAddress(value)
    if (address === undefined) this.problem('bad-value', at, `'${value}' is not an IP address`)
    return address
  }
}
