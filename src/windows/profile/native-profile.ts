/**
 * The NativeProfile of a ProfileXML: what the VPN client of Windows itself dials, and how it proves who it is.
 * Not the EAP methods inside, which `eap-config.ts` reads, and no judgement.
 */
import type { Position } from '../../topology/position.ts'
import { readEapConfiguration, type EapConfiguration } from '../eap-config.ts'
import { all, present, type ElementReader, type Placed } from '../xml-values.ts'
import type { XmlElement } from '../xml.ts'
import { readSuite, type CryptographySuite } from './cryptography.ts'
import { eapHostConfig } from './escaped-xml.ts'
import { ROUTING_POLICY_TYPES, type RoutingPolicyType } from './routing-policy.ts'

const NATIVE_PROTOCOL_TYPES = [
  'PPTP',
  'L2TP',
  'IKEv2',
  'Automatic',
  'SSTP',
  'ProtocolList',
] as const
export type NativeProtocolType = (typeof NATIVE_PROTOCOL_TYPES)[number]

const LISTED_PROTOCOLS = ['Pptp', 'L2tp', 'Ikev2', 'Sstp'] as const
export type ListedProtocol = (typeof LISTED_PROTOCOLS)[number]

const USER_METHODS = ['Eap', 'MSChapv2'] as const
const MACHINE_METHODS = ['Certificate', 'Eap'] as const

export const RETRY_TIME_HOURS_MAX = 500_000

export interface NativeProfile {
  readonly at: Position
  /** The `;`-separated list as written, without blanks: host names, and the friendly name that Windows 11 repeats. */
  readonly servers: readonly Placed<string>[]
  /** Absent: force tunnel. */
  readonly routingPolicyType?: Placed<RoutingPolicyType>
  readonly nativeProtocolType?: Placed<NativeProtocolType>
  /** Tried in this order; Windows 11. */
  readonly protocolList?: ProtocolList
  readonly l2tpPsk?: Placed<string>
  readonly authentication?: Authentication
  /** Absent: what Windows offers by itself. */
  readonly cryptographySuite?: CryptographySuite
  readonly disableClassBasedDefaultRoute?: Placed<boolean>
  readonly plumbIkev2TsAsRoutes?: Placed<boolean>
  /** What the user method Eap does; absent: the profile holds no EapHostConfig. */
  readonly eap?: EapConfiguration
}

export interface ProtocolList {
  readonly at: Position
  readonly protocols: readonly Placed<ListedProtocol>[]
  /** Absent: 168; 0: the protocol that worked is not remembered. */
  readonly retryTimeInHours?: Placed<number>
}

export interface Authentication {
  readonly at: Position
  readonly userMethod?: Placed<(typeof USER_METHODS)[number]>
  readonly machineMethod?: Placed<(typeof MACHINE_METHODS)[number]>
  /** Only for plug-ins and old profiles: issuer and purpose of the certificate. */
  readonly certificate?: CertificateChoice
  /** The EapHostConfig, written as elements or as escaped text; its places are those in the file. */
  readonly eapHostConfig?: XmlElement
}

export interface CertificateChoice {
  readonly at: Position
  readonly issuer?: Placed<string>
  readonly eku?: Placed<string>
}

export function readNativeProfile(element: XmlElement, read: ElementReader): NativeProfile {
  read.strangers(element)
  const list = read.one(element, 'ProtocolList')
  const suite = read.one(element, 'CryptographySuite')
  const written = read.one(element, 'Authentication')
  const authentication = written && readAuthentication(written, read)
  const host = authentication?.eapHostConfig
  return {
    at: element.at,
    servers: read.list(element, 'Servers', ';') ?? [],
    ...present(
      'routingPolicyType',
      read.choice(element, 'RoutingPolicyType', ROUTING_POLICY_TYPES),
    ),
    ...present(
      'nativeProtocolType',
      read.choice(element, 'NativeProtocolType', NATIVE_PROTOCOL_TYPES),
    ),
    ...present('protocolList', list && readProtocolList(list, read)),
    ...present('l2tpPsk', read.text(element, 'L2tpPsk')),
    ...present('authentication', authentication),
    ...present('cryptographySuite', suite && readSuite(suite, read)),
    ...present(
      'disableClassBasedDefaultRoute',
      read.flag(element, 'DisableClassBasedDefaultRoute'),
    ),
    ...present('plumbIkev2TsAsRoutes', read.flag(element, 'PlumbIKEv2TSAsRoutes')),
    ...present('eap', host && readEapConfiguration(host, read)),
  }
}

function readAuthentication(element: XmlElement, read: ElementReader): Authentication {
  read.strangers(element)
  const eap = read.one(element, 'Eap')
  if (eap !== undefined) read.strangers(eap)
  const configuration = eap && read.one(eap, 'Configuration')
  const certificate = read.one(element, 'Certificate')
  return {
    at: element.at,
    ...present('userMethod', read.choice(element, 'UserMethod', USER_METHODS)),
    ...present('machineMethod', read.choice(element, 'MachineMethod', MACHINE_METHODS)),
    ...present('certificate', certificate && readCertificate(certificate, read)),
    ...present('eapHostConfig', configuration && eapHostConfig(configuration, read)),
  }
}

function readCertificate(element: XmlElement, read: ElementReader): CertificateChoice {
  read.strangers(element)
  return {
    at: element.at,
    ...present('issuer', read.text(element, 'Issuer')),
    ...present('eku', read.text(element, 'EKU')),
  }
}

function readProtocolList(element: XmlElement, read: ElementReader): ProtocolList {
  read.strangers(element)
  const list = read.one(element, 'NativeProtocolList')
  if (list !== undefined) read.strangers(list)
  const protocols = list === undefined ? [] : all(list, 'NativeProtocol')
  return {
    at: element.at,
    protocols: protocols.flatMap((protocol) => {
      read.strangers(protocol)
      read.required(protocol, 'Type')
      return read.choice(protocol, 'Type', LISTED_PROTOCOLS) ?? []
    }),
    ...present(
      'retryTimeInHours',
      read.number(element, 'RetryTimeInHours', { most: RETRY_TIME_HOURS_MAX }),
    ),
  }
}
