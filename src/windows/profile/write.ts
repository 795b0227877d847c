/**
 * A profile as ProfileXML, in the order in which Windows gives it back, so that Intune on Windows 11 finds what it sent. Two spaces a
 * level, LF, no declaration. What was read with tolerance is written properly; comments and elements that no Windows knows are gone.
 */
import type { DomainNameInformation, ProfileRoute, VpnProfile } from '../profile-xml.ts'
import type { Placed } from '../xml-values.ts'
import type { XmlElement } from '../xml.ts'
import { IPSEC_PARAMETERS } from '../ipsec-policy.ts'
import type { CryptographySuite } from './cryptography.ts'
import type { Authentication, NativeProfile, ProtocolList } from './native-profile.ts'
import type { ApnBinding, DeviceCompliance, PluginProfile, ProxySettings } from './settings.ts'
import type { TrafficFilter } from './traffic-filter.ts'

/** An element: a value, or lines of elements. Undefined: it is not written. */
type Lines = readonly string[]
type Scalar = Placed<string | number | boolean> | undefined

/** `read(write(profile))` is `profile`, but for places. */
export const writeProfile = (profile: VpnProfile): string =>
  `${within('VPNProfile', rootLines(profile)).join('\n')}\n`

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;')

const within = (name: string, lines: Lines): Lines =>
  lines.length === 0
    ? [`<${name}></${name}>`]
    : [`<${name}>`, ...lines.map((line) => `  ${line}`), `</${name}>`]

/** A container that is written if there is one. */
const part = <T>(name: string, value: T | undefined, lines: (value: T) => Lines): Lines =>
  value === undefined ? [] : within(name, lines(value))

const leaf = (name: string, value: Scalar): Lines =>
  value === undefined ? [] : [`<${name}>${escaped(String(value.value))}</${name}>`]

const list = (
  name: string,
  values: readonly Placed<string>[] | undefined,
  separator = ',',
): Lines =>
  values === undefined
    ? []
    : [`<${name}>${escaped(values.map(({ value }) => value).join(separator))}</${name}>`]

const some = <T>(values: readonly T[]): readonly T[] | undefined =>
  values.length === 0 ? undefined : values

const number = (flag: Placed<boolean> | undefined): Scalar =>
  flag && { ...flag, value: Number(flag.value) }

const rootLines = (profile: VpnProfile): Lines => [
  ...leaf('ProfileName', profile.profileName),
  ...leaf('EdpModeId', profile.edpModeId),
  ...leaf('RememberCredentials', profile.rememberCredentials),
  ...leaf('AlwaysOn', profile.alwaysOn),
  ...leaf('AlwaysOnActive', number(profile.alwaysOnActive)),
  ...leaf('DeviceTunnel', profile.deviceTunnel),
  ...leaf('LockDown', profile.lockDown),
  ...list('DnsSuffix', some(profile.dnsSuffixes)),
  ...list('TrustedNetworkDetection', some(profile.trustedNetworks)),
  ...leaf('DisableAdvancedOptionsEditButton', profile.disableAdvancedOptionsEditButton),
  ...leaf('DisableDisconnectButton', profile.disableDisconnectButton),
  ...leaf('ByPassForLocal', profile.byPassForLocal),
  ...leaf('RequireVpnClientAppUI', profile.requireVpnClientAppUi),
  ...part('Proxy', profile.proxy, proxyLines),
  ...part('APNBinding', profile.apnBinding, apnLines),
  ...part('DeviceCompliance', profile.deviceCompliance, complianceLines),
  ...part('PluginProfile', profile.pluginProfile, pluginLines),
  ...profile.appTriggers.flatMap((id) => within('AppTrigger', within('App', leaf('Id', id)))),
  ...part('NativeProfile', profile.nativeProfile, nativeLines),
  ...profile.routes.flatMap((route) => within('Route', routeLines(route))),
  ...profile.trafficFilters.flatMap((filter) => within('TrafficFilter', filterLines(filter))),
  ...profile.domainNameInformation.flatMap((rule) =>
    within('DomainNameInformation', ruleLines(rule)),
  ),
  ...leaf('RegisterDNS', profile.registerDns),
  ...leaf('NetworkOutageTime', profile.networkOutageTime),
  ...leaf('IPv4InterfaceMetric', profile.ipv4InterfaceMetric),
  ...leaf('IPv6InterfaceMetric', profile.ipv6InterfaceMetric),
  ...leaf('UseRasCredentials', profile.useRasCredentials),
  ...leaf('DataEncryption', profile.dataEncryption),
  ...leaf('PrivateNetwork', profile.privateNetwork),
  ...leaf('DisableIKEv2Fragmentation', profile.disableIkev2Fragmentation),
]

const nativeLines = (native: NativeProfile): Lines => [
  ...list('Servers', some(native.servers), ';'),
  ...leaf('RoutingPolicyType', native.routingPolicyType),
  ...leaf('NativeProtocolType', native.nativeProtocolType),
  ...part('ProtocolList', native.protocolList, protocolLines),
  ...leaf('L2tpPsk', native.l2tpPsk),
  ...part('Authentication', native.authentication, authenticationLines),
  ...part('CryptographySuite', native.cryptographySuite, suiteLines),
  ...leaf('DisableClassBasedDefaultRoute', native.disableClassBasedDefaultRoute),
  ...leaf('PlumbIKEv2TSAsRoutes', native.plumbIkev2TsAsRoutes),
]

const protocolLines = ({ protocols, retryTimeInHours }: ProtocolList): Lines => [
  ...part('NativeProtocolList', some(protocols), (each) =>
    each.flatMap((type) => within('NativeProtocol', leaf('Type', type))),
  ),
  ...leaf('RetryTimeInHours', retryTimeInHours),
]

const authenticationLines = (authentication: Authentication): Lines => [
  ...leaf('UserMethod', authentication.userMethod),
  ...leaf('MachineMethod', authentication.machineMethod),
  ...part('Eap', authentication.eapHostConfig, (host) =>
    within('Configuration', elementLines(unmixed(host), '')),
  ),
  ...part('Certificate', authentication.certificate, ({ issuer, eku }) => [
    ...leaf('Issuer', issuer),
    ...leaf('EKU', eku),
  ]),
]

const suiteLines = (suite: CryptographySuite): Lines =>
  IPSEC_PARAMETERS.flatMap((name) => leaf(name, suite[name]))

const proxyLines = ({ server, autoConfigUrl }: ProxySettings): Lines => [
  ...part('Manual', server, (value) => leaf('Server', value)),
  ...leaf('AutoConfigUrl', autoConfigUrl),
]

const complianceLines = ({ enabled, sso }: DeviceCompliance): Lines => [
  ...leaf('Enabled', enabled),
  ...part('Sso', sso, ({ enabled, eku, issuerHash }) => [
    ...leaf('Enabled', enabled),
    ...leaf('Eku', eku),
    ...leaf('IssuerHash', issuerHash),
  ]),
]

const pluginLines = ({ serverUrls, customConfiguration, ...plugin }: PluginProfile): Lines => [
  ...list('ServerUrlList', serverUrls, ';'),
  ...(customConfiguration === undefined ? [] : elementLines(customConfiguration, '')),
  ...leaf('PluginPackageFamilyName', plugin.packageFamilyName),
]

const apnLines = (apn: ApnBinding): Lines => [
  ...leaf('ProviderId', apn.providerId),
  ...leaf('AccessPointName', apn.accessPointName),
  ...leaf('UserName', apn.userName),
  ...leaf('Password', apn.password),
  ...leaf('IsCompressionEnabled', apn.isCompressionEnabled),
  ...leaf('AuthenticationType', apn.authenticationType),
]

const routeLines = ({ address, prefixSize, exclusionRoute, metric }: ProfileRoute): Lines => [
  ...leaf('Address', address),
  ...leaf('PrefixSize', prefixSize),
  ...leaf('ExclusionRoute', exclusionRoute),
  ...leaf('Metric', metric),
]

const filterLines = (filter: TrafficFilter): Lines => [
  ...part('App', filter.app, (id) => leaf('Id', id)),
  ...leaf('Claims', filter.claims),
  ...leaf('Protocol', filter.protocol),
  ...list('LocalPortRanges', filter.localPorts?.map(asWritten)),
  ...list('RemotePortRanges', filter.remotePorts?.map(asWritten)),
  ...list('LocalAddressRanges', filter.localAddresses?.map(asWritten)),
  ...list('RemoteAddressRanges', filter.remoteAddresses?.map(asWritten)),
  ...leaf('RoutingPolicyType', filter.routingPolicyType),
  ...leaf('Direction', filter.direction),
]

const asWritten = ({ value, at }: Placed<{ readonly written: string }>): Placed<string> => ({
  value: value.written,
  at,
})

const ruleLines = (rule: DomainNameInformation): Lines => [
  ...leaf('DomainName', rule.domainName),
  ...list('DnsServers', rule.dnsServers),
  ...leaf('WebProxyServers', rule.webProxyServers),
  ...leaf('AutoTrigger', rule.autoTrigger),
  ...leaf('Persistent', rule.persistent),
]

/** What EAP has no use for: text beside elements. */
const unmixed = (element: XmlElement): XmlElement =>
  element.children.length === 0
    ? element
    : { ...element, text: '', children: element.children.map(unmixed) }

/** Any element, its namespace declared where it changes. Attributes with a prefix, which no configuration of Windows has, are left out. */
function elementLines(element: XmlElement, inherited: string): Lines {
  const { name, namespace, children, text } = element
  const attributes = element.attributes
    .filter((each) => each.name !== 'xmlns' && !each.name.includes(':'))
    .map((each) => ` ${each.name}="${quoted(each.value)}"`)
  const declared = namespace === inherited ? '' : ` xmlns="${quoted(namespace)}"`
  const open = `<${name}${declared}${attributes.join('')}>`
  if (children.length === 0) return [`${open}${escaped(text)}</${name}>`]
  const words = text.trim() === '' ? [] : [escaped(text.trim())]
  const inside = [...words, ...children.flatMap((child) => elementLines(child, namespace))]
  return [open, ...inside.map((line) => `  ${line}`), `</${name}>`]
}

const quoted = (text: string): string =>
  escaped(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
