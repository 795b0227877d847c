/**
 * The smaller parts of a ProfileXML: proxy, conditional access, plug-in, access point, and the numbers that Windows 11 added.
 * Source: VPNv2 CSP. Values with their places, no judgement.
 */
import type { Position } from '../../topology/position.ts'
import { present, type ElementReader, type Placed } from '../xml-values.ts'
import type { XmlElement } from '../xml.ts'

export interface ProxySettings {
  readonly at: Position
  /** Manual/Server, `proxy.corp.contoso.com:8080`. */
  readonly server?: Placed<string>
  readonly autoConfigUrl?: Placed<string>
}

/** Conditional access: a short-lived certificate of Microsoft Entra authenticates the tunnel. */
export interface DeviceCompliance {
  readonly at: Position
  readonly enabled?: Placed<boolean>
  readonly sso?: SingleSignOn
}

/** Which certificate signs on inside; absent: that of the tunnel. */
export interface SingleSignOn {
  readonly at: Position
  readonly enabled?: Placed<boolean>
  readonly eku?: Placed<string>
  readonly issuerHash?: Placed<string>
}

export interface PluginProfile {
  readonly at: Position
  readonly serverUrls: readonly Placed<string>[]
  /** What only the plug-in reads: text, or elements of its own. */
  readonly customConfiguration?: XmlElement
  readonly packageFamilyName: Placed<string>
}

export interface ApnBinding {
  readonly at: Position
  readonly providerId?: Placed<string>
  readonly accessPointName?: Placed<string>
  readonly userName?: Placed<string>
  readonly password?: Placed<string>
  readonly isCompressionEnabled?: Placed<boolean>
  readonly authenticationType?: Placed<string>
}

const DATA_ENCRYPTIONS = ['None', 'Require', 'Max', 'Optional'] as const

/** Elements of Windows 11. */
export interface Windows11Settings {
  /** Seconds; 0: without limit. */
  readonly networkOutageTime?: Placed<number>
  readonly ipv4InterfaceMetric?: Placed<number>
  readonly ipv6InterfaceMetric?: Placed<number>
  readonly useRasCredentials?: Placed<boolean>
  /** Absent: Require. */
  readonly dataEncryption?: Placed<(typeof DATA_ENCRYPTIONS)[number]>
  readonly privateNetwork?: Placed<boolean>
  readonly disableIkev2Fragmentation?: Placed<boolean>
}

export function readWindows11(root: XmlElement, read: ElementReader): Windows11Settings {
  const metric = { least: 1, most: 9999 }
  return {
    ...present(
      'networkOutageTime',
      read.number(root, 'NetworkOutageTime', { most: 4_294_967_295 }),
    ),
    ...present('ipv4InterfaceMetric', read.number(root, 'IPv4InterfaceMetric', metric)),
    ...present('ipv6InterfaceMetric', read.number(root, 'IPv6InterfaceMetric', metric)),
    ...present('useRasCredentials', read.flag(root, 'UseRasCredentials')),
    ...present('dataEncryption', read.choice(root, 'DataEncryption', DATA_ENCRYPTIONS)),
    ...present('privateNetwork', read.flag(root, 'PrivateNetwork')),
    ...present('disableIkev2Fragmentation', read.flag(root, 'DisableIKEv2Fragmentation')),
  }
}

export function readProxy(element: XmlElement, read: ElementReader): ProxySettings {
  read.strangers(element)
  const manual = read.one(element, 'Manual')
  if (manual !== undefined) read.strangers(manual)
  return {
    at: element.at,
    ...present('server', manual && read.text(manual, 'Server')),
    ...present('autoConfigUrl', read.text(element, 'AutoConfigUrl')),
  }
}

export function readDeviceCompliance(element: XmlElement, read: ElementReader): DeviceCompliance {
  read.strangers(element)
  const sso = read.one(element, 'Sso')
  return {
    at: element.at,
    ...present('enabled', read.flag(element, 'Enabled')),
    ...present('sso', sso && readSso(sso, read)),
  }
}

function readSso(element: XmlElement, read: ElementReader): SingleSignOn {
  read.strangers(element)
  return {
    at: element.at,
    ...present('enabled', read.flag(element, 'Enabled')),
    ...present('eku', read.text(element, 'Eku')),
    ...present('issuerHash', read.text(element, 'IssuerHash')),
  }
}

export function readPluginProfile(element: XmlElement, read: ElementReader): PluginProfile {
  read.strangers(element)
  read.required(element, 'ServerUrlList')
  return {
    at: element.at,
    serverUrls: read.list(element, 'ServerUrlList', ';') ?? [],
    ...present('customConfiguration', read.one(element, 'CustomConfiguration')),
    packageFamilyName: read.required(element, 'PluginPackageFamilyName'),
  }
}

export function readApnBinding(element: XmlElement, read: ElementReader): ApnBinding {
  read.strangers(element)
  return {
    at: element.at,
    ...present('providerId', read.text(element, 'ProviderId')),
    ...present('accessPointName', read.text(element, 'AccessPointName')),
    ...present('userName', read.text(element, 'UserName')),
    ...present('password', read.text(element, 'Password')),
    ...present('isCompressionEnabled', read.flag(element, 'IsCompressionEnabled')),
    ...present('authenticationType', read.text(element, 'AuthenticationType')),
  }
}
