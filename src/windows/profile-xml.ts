/**
 * ProfileXML of the VPNv2 configuration service provider: typed values, each with its place. The parts are read in `profile/`.
 * Not a judgement of the profile: what is merely unwise is `check`'s, which finds every element in `document`. Elements that no
 * Windows knows are noted, as Windows ignores them.
 */
import { parseAddress } from '../base/address.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { SourceFile } from '../topology/files.ts'
import { positionAt, type Position } from '../topology/position.ts'
import { readNativeProfile, type NativeProfile } from './profile/native-profile.ts'
import {
  readApnBinding,
  readDeviceCompliance,
  readPluginProfile,
  readProxy,
  readWindows11,
  type ApnBinding,
  type DeviceCompliance,
  type PluginProfile,
  type ProxySettings,
  type Windows11Settings,
} from './profile/settings.ts'
import { readAppTriggers, readTrafficFilter, type TrafficFilter } from './profile/traffic-filter.ts'
import {
  ElementReader,
  present,
  type Placed,
  type ProfileNote,
  type ProfileProblem,
} from './xml-values.ts'
import { parseXml, type XmlElement } from './xml.ts'

export interface VpnProfile extends Windows11Settings {
  /** Path of the file, as a person would type it. */
  readonly file: string
  readonly profileName?: Placed<string>
  /** Windows Information Protection, which is deprecated. */
  readonly edpModeId?: Placed<string>
  readonly rememberCredentials?: Placed<boolean>
  /** Absent in the file: undefined here; Windows then takes false. */
  readonly alwaysOn?: Placed<boolean>
  /** Absent: true. */
  readonly alwaysOnActive?: Placed<boolean>
  readonly deviceTunnel?: Placed<boolean>
  readonly lockDown?: Placed<boolean>
  /** The first is the connection-specific suffix; all go to the suffix search list. */
  readonly dnsSuffixes: readonly Placed<string>[]
  /** Suffixes or network names that mean "inside". */
  readonly trustedNetworks: readonly Placed<string>[]
  readonly disableAdvancedOptionsEditButton?: Placed<boolean>
  readonly disableDisconnectButton?: Placed<boolean>
  readonly byPassForLocal?: Placed<boolean>
  readonly requireVpnClientAppUi?: Placed<boolean>
  readonly proxy?: ProxySettings
  readonly apnBinding?: ApnBinding
  readonly deviceCompliance?: DeviceCompliance
  readonly pluginProfile?: PluginProfile
  /** Programs that start the tunnel: paths or package family names. */
  readonly appTriggers: readonly Placed<string>[]
  readonly nativeProfile?: NativeProfile
  readonly routes: readonly ProfileRoute[]
  /** With one filter, everything that no filter lets through is blocked. */
  readonly trafficFilters: readonly TrafficFilter[]
  readonly domainNameInformation: readonly DomainNameInformation[]
  readonly registerDns?: Placed<boolean>
  /** What Windows ignores, and what was read with tolerance. */
  readonly notes: readonly ProfileNote[]
  /** The whole file, for rules about elements that have no field here. */
  readonly document: XmlElement
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

/** A profile as far as it can be read, and what is wrong with its values. */
export interface InspectedProfile {
  readonly profile: VpnProfile
  /** Without one, Windows can install it. */
  readonly problems: readonly ProfileProblem[]
}

/** Read a profile. The error lists everything that cannot be read; broken XML is one problem. */
export function readProfile(file: SourceFile): Result<VpnProfile, readonly ProfileProblem[]> {
  const inspected = inspectProfile(file)
  if (!inspected.ok) return err([inspected.error])
  const { profile, problems } = inspected.value
  return problems.length === 0 ? ok(profile) : err(problems)
}

/** Read as much of a profile as there is; only what is no XML, or no profile, is an error. */
export function inspectProfile(file: SourceFile): Result<InspectedProfile, ProfileProblem> {
  const begin = textInFront(file)
  if (begin !== undefined) return err({ file: file.path, code: 'xml', ...begin })
  const parsed = parseXml(file)
  if (!parsed.ok) return err({ file: file.path, code: 'xml', ...parsed.error })
  const root = parsed.value
  if (root.name !== 'VPNProfile') {
    const message = `the root element is <${root.name}>, not <VPNProfile>`
    return err({ file: file.path, code: 'not-a-profile', ...root.at, message })
  }
  const read = new ElementReader(file)
  const profile = readRoot(root, read)
  return ok({ profile, problems: read.problems })
}

/** A file that begins as text is a script with a profile in it, or a profile made ready for the WMI bridge. */
function textInFront({ text }: SourceFile): (Position & { message: string }) | undefined {
  const word = /[^\s<]\S{0,19}|</.exec(text)
  if (word === null || word[0] === '<') return undefined
  const message = word[0].startsWith('&lt;')
    ? 'this is XML with its < and > escaped, as the WMI bridge takes it: check it as it was before'
    : `the file begins with '${word[0]}', not with an element`
  return { ...positionAt(text, word.index), message }
}

function readRoot(root: XmlElement, read: ElementReader): VpnProfile {
  read.strangers(root)
  const part = <T>(name: string, of: (element: XmlElement, read: ElementReader) => T) => {
    const element = read.one(root, name)
    return element && of(element, read)
  }
  return {
    file: read.file,
    ...readSwitches(root, read),
    dnsSuffixes: read.list(root, 'DnsSuffix') ?? [],
    trustedNetworks: read.list(root, 'TrustedNetworkDetection') ?? [],
    ...present('proxy', part('Proxy', readProxy)),
    ...present('apnBinding', part('APNBinding', readApnBinding)),
    ...present('deviceCompliance', part('DeviceCompliance', readDeviceCompliance)),
    ...present('pluginProfile', part('PluginProfile', readPluginProfile)),
    appTriggers: readAppTriggers(root, read),
    ...present('nativeProfile', part('NativeProfile', readNativeProfile)),
    routes: read.each(root, 'Route').map((route) => readRoute(route, read)),
    trafficFilters: read
      .each(root, 'TrafficFilter')
      .map((filter) => readTrafficFilter(filter, read)),
    domainNameInformation: read
      .each(root, 'DomainNameInformation')
      .map((rule) => readRule(rule, read)),
    ...readWindows11(root, read),
    notes: read.notes,
    document: root,
  }
}

function readSwitches(root: XmlElement, read: ElementReader) {
  return {
    ...present('profileName', read.text(root, 'ProfileName')),
    ...present('edpModeId', read.text(root, 'EdpModeId')),
    ...present('rememberCredentials', read.flag(root, 'RememberCredentials')),
    ...present('alwaysOn', read.flag(root, 'AlwaysOn')),
    ...present('alwaysOnActive', read.flag(root, 'AlwaysOnActive')),
    ...present('deviceTunnel', read.flag(root, 'DeviceTunnel')),
    ...present('lockDown', read.flag(root, 'LockDown')),
    ...present(
      'disableAdvancedOptionsEditButton',
      read.flag(root, 'DisableAdvancedOptionsEditButton'),
    ),
    ...present('disableDisconnectButton', read.flag(root, 'DisableDisconnectButton')),
    ...present('byPassForLocal', read.flag(root, 'ByPassForLocal')),
    ...present('requireVpnClientAppUi', read.flag(root, 'RequireVpnClientAppUI')),
    ...present('registerDns', read.flag(root, 'RegisterDNS')),
  }
}

function readRoute(element: XmlElement, read: ElementReader): ProfileRoute {
  read.strangers(element)
  const address = read.required(element, 'Address')
  const parsed = address.value === '' ? undefined : readAddress(address, 'Route/Address', read)
  const most = typeof parsed === 'bigint' ? 128 : 32
  read.required(element, 'PrefixSize')
  return {
    at: element.at,
    address,
    prefixSize: read.number(element, 'PrefixSize', { most }) ?? { value: 0, at: element.at },
    ...present('exclusionRoute', read.flag(element, 'ExclusionRoute')),
    ...present('metric', read.number(element, 'Metric', { most: 0xffff_ffff })),
  }
}

function readRule(element: XmlElement, read: ElementReader): DomainNameInformation {
  read.strangers(element)
  const servers = read.list(element, 'DnsServers')
  servers?.forEach((server) => readAddress(server, 'DomainNameInformation/DnsServers', read))
  return {
    at: element.at,
    domainName: read.required(element, 'DomainName'),
    ...present('dnsServers', servers),
    ...present('webProxyServers', read.text(element, 'WebProxyServers')),
    ...present('autoTrigger', read.flag(element, 'AutoTrigger')),
    ...present('persistent', read.flag(element, 'Persistent')),
  }
}

function readAddress({ value, at }: Placed<string>, path: string, read: ElementReader) {
  const address = parseAddress(value)
  if (address === undefined) read.problem('bad-value', at, `'${value}' is not an IP address`, path)
  return address
}
