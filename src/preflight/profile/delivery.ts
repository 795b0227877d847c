/** L01, L02, L05 to L11: the switches of a profile, and which of them go together. */
import type { VpnProfile } from '../../windows/profile-xml.ts'
import { set, value, without, type Plan } from './edits.ts'
import { distinctHostsOf, elementAt, isOn, isSplit, rootAt } from './reading.ts'
import { error, info, warning, type ProfileRule, type Said, type Subject } from './rule.ts'

/** The purpose that Microsoft Entra writes into certificates of conditional access. */
const ENTRA_EKU = '1.3.6.1.4.1.311.87'

const withoutAt = (profile: VpnProfile, ...names: readonly string[]): Plan | undefined => {
  const element = elementAt(profile, ...names)
  return element && without(element)
}

const alwaysOn: ProfileRule = {
  id: 'L01',
  about: 'an Always On VPN profile says AlwaysOn',
  source: 'VPNv2 CSP, AlwaysOn',
  judge: ({ profile }) => [
    !isOn(profile.alwaysOn) &&
      !isOn(profile.deviceTunnel) &&
      !isOn(profile.lockDown) &&
      warning(
        profile.alwaysOn?.at ?? rootAt(profile),
        'AlwaysOn is not true: nobody is connected until they dial by hand or a trigger fires',
        'write <AlwaysOn>true</AlwaysOn>',
        set(profile.document, 'AlwaysOn', 'true'),
      ),
  ],
}

const rememberCredentials: ProfileRule = {
  id: 'L02',
  about: 'credentials are remembered only where there are some, and where they may be',
  source: 'VPNv2 CSP, RememberCredentials',
  judge: ({ profile }) => {
    const at = profile.rememberCredentials?.at
    if (at === undefined || !isOn(profile.rememberCredentials)) return []
    const { authentication, eap } = profile.nativeProfile ?? {}
    const isPassword =
      authentication?.userMethod?.value === 'MSChapv2' ||
      (eap?.innerType ?? eap?.type)?.value === 26
    return [
      isOn(profile.deviceTunnel) &&
        info(
          at,
          'a device tunnel has no credentials to remember',
          'leave RememberCredentials out',
          withoutAt(profile, 'RememberCredentials'),
        ),
      isPassword &&
        !isOn(profile.deviceTunnel) &&
        info(
          at,
          'the password is kept on the computer',
          'leave RememberCredentials out, or authenticate with certificates',
        ),
    ]
  },
}

const lockDown: ProfileRule = {
  id: 'L05',
  about:
    'LockDown stands alone: device context, force tunnel, IKEv2, no trusted network, no other profile',
  source: 'VPNv2 CSP, LockDown',
  withTopology: 'part',
  judge: ({ profile, context }) => {
    const at = profile.lockDown?.at
    if (at === undefined || !isOn(profile.lockDown)) return []
    const { nativeProfile: native, trustedNetworks } = profile
    const protocol = native?.nativeProtocolType
    const detection = trustedNetworks[0]
    const other = context.other === undefined ? undefined : 'the computer has another profile'
    return [
      warning(
        at,
        'LockDown blocks every network but the tunnel: a computer that cannot connect cannot be reached either',
        'try it on a computer at hand first',
      ),
      context.tunnel === 'user' &&
        error(at, 'LockDown is for the device context', 'install it as a device profile'),
      isSplit(profile) &&
        error(
          native!.routingPolicyType!.at,
          'LockDown with SplitTunnel',
          'write ForceTunnel',
          value(native!.routingPolicyType!.at, 'ForceTunnel'),
        ),
      protocol !== undefined &&
        protocol.value !== 'IKEv2' &&
        error(
          protocol.at,
          `LockDown with ${protocol.value}`,
          'write IKEv2',
          value(protocol.at, 'IKEv2'),
        ),
      profile.alwaysOn?.value === false &&
        error(
          profile.alwaysOn.at,
          'LockDown implies AlwaysOn, which is false here',
          'write true',
          value(profile.alwaysOn.at, 'true'),
        ),
      detection &&
        warning(
          detection.at,
          'LockDown with TrustedNetworkDetection: inside, no tunnel is dialled, and nothing else may pass',
          'leave TrustedNetworkDetection out',
          withoutAt(profile, 'TrustedNetworkDetection'),
        ),
      other !== undefined && error(at, `LockDown, and ${other}`, 'remove the other profile'),
    ]
  },
}

const deviceTunnel: ProfileRule = {
  id: 'L06',
  about: 'a device tunnel is IKEv2 with a machine certificate, always on, and nothing of a user',
  source: 'vpn-device-tunnel-config.md; VPNv2 CSP, DeviceTunnel',
  withTopology: 'part',
  judge: (subject) => {
    const { profile, context } = subject
    if (isOn(profile.deviceTunnel)) return deviceTunnelFaults(subject)
    return [
      context.tunnel === 'device' &&
        !isOn(profile.lockDown) &&
        error(
          profile.deviceTunnel?.at ?? rootAt(profile),
          'installed as the device tunnel, and DeviceTunnel is not true: it is not dialled before somebody signs in',
          'write <DeviceTunnel>true</DeviceTunnel>',
          set(profile.document, 'DeviceTunnel', 'true'),
        ),
    ]
  },
}

function deviceTunnelFaults({ profile, context }: Subject): readonly (Said | false | undefined)[] {
  const at = profile.deviceTunnel!.at
  const { nativeProfile: native } = profile
  const { userMethod, machineMethod, eapHostConfig } = native?.authentication ?? {}
  const protocol = native?.nativeProtocolType
  return [
    context.tunnel === 'user' &&
      error(at, 'DeviceTunnel in a user profile', 'install it as a device profile, as SYSTEM'),
    context.other !== undefined &&
      isOn(context.other.deviceTunnel) &&
      error(at, 'the computer has another device tunnel; it may have one', 'remove one of them'),
    protocol?.value !== 'IKEv2' &&
      error(
        protocol?.at ?? native?.at ?? at,
        `a device tunnel with ${protocol?.value ?? 'no NativeProtocolType'}; only IKEv2 takes a machine certificate`,
        'write <NativeProtocolType>IKEv2</NativeProtocolType>',
        set(elementAt(profile, 'NativeProfile'), 'NativeProtocolType', 'IKEv2'),
      ),
    machineMethod?.value !== 'Certificate' &&
      error(
        machineMethod?.at ?? native?.authentication?.at ?? native?.at ?? at,
        `a device tunnel with ${machineMethod === undefined ? 'no MachineMethod' : `MachineMethod ${machineMethod.value}`}`,
        'write <MachineMethod>Certificate</MachineMethod>',
        set(elementAt(profile, 'NativeProfile', 'Authentication'), 'MachineMethod', 'Certificate'),
      ),
    userMethod &&
      error(
        userMethod.at,
        'a device tunnel with a UserMethod',
        'leave UserMethod out',
        withoutAt(profile, 'NativeProfile', 'Authentication', 'UserMethod'),
      ),
    eapHostConfig &&
      error(
        eapHostConfig.at,
        'a device tunnel with an EAP configuration',
        'leave Eap out',
        withoutAt(profile, 'NativeProfile', 'Authentication', 'Eap'),
      ),
    !isOn(profile.alwaysOn) &&
      error(
        profile.alwaysOn?.at ?? at,
        'a device tunnel without AlwaysOn: it is never dialled',
        'write <AlwaysOn>true</AlwaysOn>',
        set(profile.document, 'AlwaysOn', 'true'),
      ),
  ]
}

const registerDns: ProfileRule = {
  id: 'L07',
  about: 'one tunnel of a computer registers its address in DNS, not both',
  source: 'richardhicks/aovpn, ProfileXML_User.xml',
  withTopology: 'all',
  judge: ({ profile, context }) => [
    profile.registerDns?.value === true &&
      isOn(context.other?.registerDns) &&
      warning(
        profile.registerDns.at,
        `RegisterDNS here and in ${context.other!.file}: the last to connect owns the name, the other address is stale`,
        'leave it in one of the two; manage-out wants the device tunnel',
      ),
  ],
}

const byPassForLocal: ProfileRule = {
  id: 'L08',
  about: 'ByPassForLocal is reserved',
  source: 'VPNv2 CSP, ByPassForLocal',
  judge: ({ profile }) => [
    profile.byPassForLocal &&
      info(
        profile.byPassForLocal.at,
        'ByPassForLocal is reserved in older texts of Microsoft, and keeps the local LAN out of a force tunnel in newer ones',
        'leave it out unless you have seen it work on the versions that you have',
        withoutAt(profile, 'ByPassForLocal'),
      ),
  ],
}

const proxy: ProfileRule = {
  id: 'L09',
  about: 'a proxy takes effect with force tunnel, set in one way',
  source: 'VPNv2 CSP, Proxy; richardhicks/aovpn, ProfileXML_User.xml',
  judge: ({ profile }) => {
    const { proxy: set } = profile
    if (set === undefined) return []
    return [
      isSplit(profile) &&
        warning(
          set.at,
          'Proxy with SplitTunnel: Windows ignores it',
          'leave Proxy out, or give the namespaces WebProxyServers',
        ),
      set.server &&
        set.autoConfigUrl &&
        warning(
          set.autoConfigUrl.at,
          'Proxy has both Manual and AutoConfigUrl',
          'keep one of the two',
        ),
      set.server !== undefined &&
        !/^[^\s/:]+:\d{1,5}$/.test(set.server.value) &&
        warning(
          set.server.at,
          `'${set.server.value}' is not host:port`,
          'write it as proxy.corp.example.com:8080',
        ),
    ]
  },
}

const deviceCompliance: ProfileRule = {
  id: 'L10',
  about:
    'conditional access filters for certificates of Microsoft Entra, and NPS takes them without a revocation list',
  source: 'how-to-aovpn-conditional-access.md',
  withTopology: 'part',
  judge: ({ profile, context }) => {
    const enabled = profile.deviceCompliance?.enabled
    if (!isOn(enabled)) return []
    const { at } = enabled!
    const tls = profile.nativeProfile?.eap?.tls
    const filter = [...(tls?.filter?.clientAuth ?? []), ...(tls?.filter?.anyPurpose ?? [])]
    return [
      !filter.includes(ENTRA_EKU) &&
        error(
          tls?.at ?? at,
          `DeviceCompliance is enabled, and no EAP-TLS filter asks for ${ENTRA_EKU}: any certificate for client authentication gets past it`,
          `list ${ENTRA_EKU} in ClientAuthEKUList of TLSExtensions/FilteringInfo`,
        ),
      context.ignoresNoRevocationCheck === false &&
        error(
          at,
          'DeviceCompliance is enabled, and NPS wants a revocation list, which these certificates do not name',
          'set IgnoreNoRevocationCheck to 1 below RasMan\\PPP\\EAP\\13 on NPS',
        ),
      context.ignoresNoRevocationCheck === undefined &&
        info(
          at,
          'with DeviceCompliance, NPS must have IgnoreNoRevocationCheck: its certificates name no revocation list',
          'set it to 1 below RasMan\\PPP\\EAP\\13 on NPS',
        ),
    ]
  },
}

const oneProfile: ProfileRule = {
  id: 'L11',
  about: 'exactly one of NativeProfile and PluginProfile',
  source: 'VPNv2 CSP',
  judge: ({ profile }) => {
    const { nativeProfile, pluginProfile } = profile
    return [
      nativeProfile &&
        pluginProfile &&
        error(pluginProfile.at, 'both NativeProfile and PluginProfile', 'keep one of the two'),
      nativeProfile === undefined &&
        pluginProfile === undefined &&
        error(
          rootAt(profile),
          'neither NativeProfile nor PluginProfile: there is nothing to dial',
          'add a <NativeProfile> with Servers, NativeProtocolType and Authentication',
        ),
      nativeProfile !== undefined &&
        distinctHostsOf(profile).length === 0 &&
        error(nativeProfile.at, '<NativeProfile> needs <Servers>', 'name the VPN server'),
    ]
  },
}

export const DELIVERY_RULES: readonly ProfileRule[] = [
  alwaysOn,
  rememberCredentials,
  lockDown,
  deviceTunnel,
  registerDns,
  byPassForLocal,
  proxy,
  deviceCompliance,
  oneProfile,
]
