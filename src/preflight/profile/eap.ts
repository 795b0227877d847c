/** L38 to L46: authentication, and the EAP configuration. */
import type { Position } from '../../topology/position.ts'
import type { ServerValidation } from '../../windows/eap-config.ts'
import type { VpnProfile } from '../../windows/profile-xml.ts'
import type { XmlElement } from '../../windows/xml.ts'
import { serverNameComplaint } from '../../windows/server-names.ts'
import { inTag, set, value as valueAt } from './edits.ts'
import { descendants, isOn } from './reading.ts'
import {
  error,
  info,
  versionOf,
  warning,
  type ProfileContext,
  type ProfileRule,
  type Said,
} from './rule.ts'

const EAP_SOURCE = 'EapHostConfig, MsPeap and EapTls connection property schemas'
const W11EAP = 'windows-11-changes.md; network-access.md (EAP)'

const noPasswords: ProfileRule = {
  id: 'L38',
  about: 'IKEv2 takes EAP or a machine certificate',
  source: 'VPNv2 CSP, Authentication',
  judge: ({ profile }) => {
    const { nativeProtocolType: protocol, authentication } = profile.nativeProfile ?? {}
    const { userMethod, machineMethod } = authentication ?? {}
    return [
      protocol?.value === 'IKEv2' &&
        userMethod?.value === 'MSChapv2' &&
        error(userMethod.at, 'UserMethod MSChapv2 with IKEv2', 'write Eap, with a configuration'),
      protocol !== undefined &&
        protocol.value !== 'IKEv2' &&
        machineMethod?.value === 'Certificate' &&
        !isOn(profile.deviceTunnel) &&
        error(
          machineMethod.at,
          `MachineMethod Certificate with ${protocol.value}: only IKEv2 takes it`,
          'write <NativeProtocolType>IKEv2</NativeProtocolType>',
        ),
    ]
  },
}

const configured: ProfileRule = {
  id: 'L39',
  about: 'UserMethod Eap comes with a configuration',
  source: 'VPNv2 CSP, Authentication/Eap/Configuration',
  judge: ({ profile, problems }) => {
    const { nativeProfile: native } = profile
    if (native === undefined) return []
    const { authentication } = native
    const method = authentication?.userMethod
    const host = authentication?.eapHostConfig
    const isBroken = problems.some(({ element }) => element === 'Eap/Configuration')
    const fix =
      'paste the EapHostConfig of a connection that works: (Get-VpnConnection NAME).EapConfigXmlStream.InnerXml'
    return [
      method?.value === 'Eap' &&
        host === undefined &&
        !isBroken &&
        error(method.at, 'UserMethod is Eap, and Configuration holds no EapHostConfig', fix),
      host !== undefined &&
        !host.children.some(({ name }) => name === 'Config' || name === 'ConfigBlob') &&
        warning(host.at, '<EapHostConfig> has no <Config>: the method has no settings', fix),
      method === undefined &&
        !isOn(profile.deviceTunnel) &&
        authentication?.machineMethod?.value !== 'Certificate' &&
        error(
          authentication?.at ?? native.at,
          'neither UserMethod nor MachineMethod Certificate: nobody proves who they are',
          'write <UserMethod>Eap</UserMethod> with a configuration',
        ),
    ]
  },
}

const configurationText: ProfileRule = {
  id: 'L40',
  about: 'the configuration is an EapHostConfig, as elements or as escaped text',
  source: `${EAP_SOURCE}; both forms are found in the field`,
  valueFix: 'paste <EapHostConfig> whole, as elements',
}

const EAP_NAMESPACES: Readonly<Record<number, RegExp>> = {
  13: /\/EapTlsConnectionPropertiesV\d$/i,
  25: /\/MsPeapConnectionPropertiesV\d$/i,
  26: /\/MsChapV2ConnectionPropertiesV\d$/i,
}
const NAMES: Readonly<Record<number, string>> = { 13: 'EAP-TLS', 25: 'PEAP', 26: 'EAP-MSCHAPv2' }

/** The element of the configuration at a place, or one further down. */
function below(
  profile: VpnProfile,
  at: Position,
  ...names: readonly string[]
): XmlElement | undefined {
  const host = hostOf(profile)
  const from = host && descendants(host).find((each) => each.at === at)
  return names.reduce((element, name) => element?.children.find((each) => each.name === name), from)
}

const hostOf = ({ nativeProfile }: VpnProfile) => nativeProfile?.authentication?.eapHostConfig

const methodNamespaces: ProfileRule = {
  id: 'L41',
  about: 'the number of a method is that of its settings, outside and inside',
  source: EAP_SOURCE,
  valueFix: 'write 25 (PEAP), 13 (EAP-TLS) or 26 (EAP-MSCHAPv2), the same in EapMethod and Config',
  judge: ({ profile }) => {
    const host = hostOf(profile)
    if (host === undefined) return []
    return descendants(host)
      .filter(({ name }) => name === 'Eap')
      .map((eap) => {
        const type = eap.children.find(({ name }) => name === 'Type')
        const settings = eap.children.find(({ name }) => name === 'EapType')
        const number = Number(type?.text)
        const wanted = EAP_NAMESPACES[number]
        if (type === undefined || settings === undefined || wanted === undefined) return false
        // What is no namespace of Microsoft's at all is another rule's.
        if (wanted.test(settings.namespace) || !settings.namespace.includes('/provisioning/'))
          return false
        const found = settings.namespace.replace(/^.*\//, '')
        return error(
          type.textAt,
          `<Type> is ${number} (${NAMES[number]}), and its settings are ${found}`,
          'let the number and the namespace of EapType name the same method',
        )
      })
  },
}

/** How the server is checked, outside and inside PEAP; alone, EAP-TLS has one. */
function validations({ nativeProfile }: VpnProfile): readonly ServerValidation[] {
  const eap = nativeProfile?.eap
  return [...new Set([eap?.server, eap?.tls?.server])].filter((each) => each !== undefined)
}

const serverNames: ProfileRule = {
  id: 'L42',
  about: 'ServerNames name the servers, separated by semicolons alone',
  source: `${EAP_SOURCE}; network-access.md: a name with a * is a regular expression`,
  judge: ({ profile, context }) =>
    validations(profile)
      .filter(({ performs }) => performs)
      .flatMap((server) => [
        server.acceptsServerName &&
          server.serverNames.length === 0 &&
          warning(
            server.at,
            'ServerNames is empty: any server with a certificate below the root is taken for NPS',
            'write the names in the certificates of your NPS, separated by ;',
          ),
        ...server.serverNames.map(({ value, at }) => {
          const complaint = serverNameComplaint(value)
          if (complaint === undefined) return letterCase(value, at, context)
          const message = `server name '${value}' ${complaint}: it matches no certificate`
          const right = separated(value)
          return right === value
            ? warning(at, message, 'write names, or a simpler pattern')
            : warning(at, message, `write ${right}`, valueAt(at, separated))
        }),
      ]),
}

/** Names however they were separated, as they should be. */
const separated = (written: string): string =>
  written
    .split(/[\s"',;]+/)
    .filter((name) => name !== '')
    .join(';')

function letterCase(value: string, at: Said['at'], context: ProfileContext): Said | undefined {
  if (value === value.toLowerCase() || value.includes('*')) return undefined
  const version = versionOf(context)
  const fix = 'write the name letter by letter as it is in the certificate'
  if (version === 'windows-11-21h2') {
    return warning(at, `server name '${value}': Windows 11 21H2 compares letter case (853)`, fix)
  }
  return version === undefined
    ? info(at, `server name '${value}': Windows 11 21H2, and no other, compares letter case`, fix)
    : undefined
}

const trustedRoots: ProfileRule = {
  id: 'L43',
  about: 'TrustedRootCA is the thumbprint of a root',
  source: W11EAP,
  valueFix: 'write the SHA-1 thumbprint of the root: 40 hexadecimal digits',
  withTopology: 'part',
  judge: ({ profile, context }) =>
    validations(profile).flatMap((server) => {
      if (!server.performs) {
        return [
          warning(
            server.at,
            'PerformServerValidation is false: the client tells anybody who it is',
            'write true, with ServerNames and TrustedRootCA',
          ),
        ]
      }
      if (server.trustedRoots.length === 0) {
        return [noRoot(server, context)]
      }
      return server.trustedRoots.map(({ value, at }) => rootFault(value, at, context))
    }),
}

function noRoot({ at }: ServerValidation, context: ProfileContext): Said | undefined {
  const fix = 'write the thumbprint of the root of the certificate of NPS'
  switch (versionOf(context)) {
    case 'windows-10':
      return warning(at, 'no TrustedRootCA: Windows 10 takes any root that is installed', fix)
    case undefined:
      return warning(
        at,
        'no TrustedRootCA: Windows 10 takes any root that is installed, Windows 11 refuses the server (853)',
        fix,
      )
    default:
      return error(at, 'no TrustedRootCA: Windows 11 refuses the server (853)', fix)
  }
}

function rootFault(
  value: string,
  at: Said['at'],
  { authorities }: ProfileContext,
): Said | undefined {
  // What is no thumbprint was complained of where it was read.
  if (authorities === undefined || !/^[0-9a-f]{40}$/.test(value)) return undefined
  const found = authorities.find(({ thumbprint }) => thumbprint === value)
  const roots = authorities.filter(({ isRoot }) => isRoot)
  const list = roots.map(({ name, thumbprint }) => `${thumbprint} (${name})`).join(', ')
  if (found === undefined) {
    const message = `TrustedRootCA ${value} is the thumbprint of no authority of the topology`
    return error(at, message, `write that of a root: ${list}`)
  }
  return found.isRoot
    ? undefined
    : error(at, `TrustedRootCA is ${found.name}, which is no root`, `write that of a root: ${list}`)
}

const noPrompts: ProfileRule = {
  id: 'L44',
  about: 'nobody is asked about the server',
  source: `${W11EAP}; always on leaves nobody to answer`,
  judge: ({ profile }) =>
    validations(profile).map(
      (server) =>
        server.performs &&
        server.prompt !== 'never' &&
        warning(
          server.at,
          'DisableUserPromptForServerValidation is not true: users may be asked whom they trust, and no tunnel comes up by itself',
          'write <DisableUserPromptForServerValidation>true</DisableUserPromptForServerValidation>',
          set(below(profile, server.at), 'DisableUserPromptForServerValidation', 'true'),
        ),
    ),
}

const simpleSelection: ProfileRule = {
  id: 'L45',
  about: 'Windows picks the certificate by itself',
  source: EAP_SOURCE,
  valueFix: 'give each purpose a name and an OID in EKUMapping',
  judge: ({ profile }) => {
    const tls = profile.nativeProfile?.eap?.tls
    return [
      tls?.credentials === 'certificate-store' &&
        !isOn(tls.simpleCertSelection) &&
        warning(
          tls.simpleCertSelection?.at ?? tls.at,
          'SimpleCertSelection is not true: with several certificates the user is asked, and no tunnel comes up by itself',
          'write <SimpleCertSelection>true</SimpleCertSelection>',
          set(
            below(profile, tls.at, 'CredentialsSource', 'CertificateStore'),
            'SimpleCertSelection',
            'true',
          ),
        ),
    ]
  },
}

const PROVISIONING = 'http://www.microsoft.com/provisioning/'

const namespaces: ProfileRule = {
  id: 'L46',
  about: `the namespaces of EAP begin with ${PROVISIONING}`,
  source: 'MicrosoftDocs/windowsserverdocs pull request 4329',
  judge: ({ profile }) => {
    const host = hostOf(profile)
    if (host === undefined) return []
    const seen = new Set<string>()
    return descendants(host).map(({ name, namespace, at }) => {
      if (namespace.startsWith(PROVISIONING) || seen.has(namespace)) return false
      seen.add(namespace)
      const said = namespace === '' ? 'no namespace' : `the namespace ${namespace}`
      return error(
        at,
        `<${name}> has ${said}: the profile cannot be installed`,
        namespace.startsWith('https:')
          ? `write http:, not https:, in front of ${PROVISIONING.slice(5)}`
          : `write xmlns="${PROVISIONING}…" as Windows exports it`,
        inTag(at, 'https://www.microsoft.com/provisioning/', PROVISIONING),
      )
    })
  },
}

export const EAP_RULES: readonly ProfileRule[] = [
  noPasswords,
  configured,
  configurationText,
  methodNamespaces,
  serverNames,
  trustedRoots,
  noPrompts,
  simpleSelection,
  namespaces,
]
