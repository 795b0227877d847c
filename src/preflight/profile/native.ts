/** L26 to L33: routing policy and protocols of the native profile. */
import { both, set, value, without } from './edits.ts'
import { elementAt, isOn, isSplit, tunnelPrefixes } from './reading.ts'
import { error, info, versionOf, warning, type ProfileRule } from './rule.ts'

const SOURCE = 'VPNv2 CSP, NativeProfile'
const PROTOCOLS_MAX = 4

const forceTunnelRoutes: ProfileRule = {
  id: 'L26',
  about: 'a force tunnel has exclusion routes only, and the class-based route is not switched off',
  source: `${SOURCE}/RoutingPolicyType; richardhicks/aovpn, ProfileXML_User.xml`,
  judge: ({ profile }) => {
    const { nativeProfile: native, routes } = profile
    if (native === undefined || isSplit(profile)) return []
    const policy =
      native.routingPolicyType === undefined
        ? 'no RoutingPolicyType, which is ForceTunnel'
        : 'ForceTunnel'
    const route = routes.find(({ exclusionRoute }) => !isOn(exclusionRoute))
    const off = native.disableClassBasedDefaultRoute
    return [
      route &&
        warning(
          route.at,
          `${policy}, and a Route that is no exclusion: everything goes through the tunnel anyway`,
          'write <RoutingPolicyType>SplitTunnel</RoutingPolicyType>, or keep exclusion routes only',
        ),
      off &&
        isOn(off) &&
        error(
          off.at,
          `${policy}, and DisableClassBasedDefaultRoute is true`,
          'write false, or leave DisableClassBasedDefaultRoute out',
          value(off.at, 'false'),
        ),
    ]
  },
}

const forcedDevice: ProfileRule = {
  id: 'L27',
  about: 'a device tunnel is a split tunnel',
  source: 'vpn-device-tunnel-config.md',
  judge: ({ profile }) => {
    const { nativeProfile: native } = profile
    if (native === undefined || !isOn(profile.deviceTunnel) || isSplit(profile)) return []
    return [
      error(
        native.routingPolicyType?.at ?? native.at,
        native.routingPolicyType === undefined
          ? 'a device tunnel without RoutingPolicyType, which is ForceTunnel: not supported'
          : 'a device tunnel with ForceTunnel: not supported',
        'write <RoutingPolicyType>SplitTunnel</RoutingPolicyType>',
        set(elementAt(profile, 'NativeProfile'), 'RoutingPolicyType', 'SplitTunnel'),
      ),
    ]
  },
}

const protocolType: ProfileRule = {
  id: 'L28',
  about: 'the protocol is IKEv2 or SSTP, and said',
  source: `${SOURCE}/NativeProtocolType; configure-vpn-protocols.md`,
  judge: ({ profile }) => {
    const { nativeProfile: native } = profile
    if (native === undefined) return []
    const protocol = native.nativeProtocolType
    const listed = native.protocolList?.protocols.find(({ value }) => /^(pptp|l2tp)$/i.test(value))
    const fix = 'write IKEv2'
    return [
      protocol === undefined &&
        error(
          native.at,
          '<NativeProfile> needs a <NativeProtocolType>',
          fix,
          set(elementAt(profile, 'NativeProfile'), 'NativeProtocolType', 'IKEv2'),
        ),
      protocol !== undefined &&
        /^(PPTP|L2TP)$/.test(protocol.value) &&
        warning(
          protocol.at,
          `${protocol.value} is off by default in new gateways, and outdated`,
          fix,
          value(protocol.at, 'IKEv2'),
        ),
      protocol?.value === 'Automatic' &&
        info(
          protocol.at,
          'Automatic tries SSTP, IKEv2, PPTP and L2TP in this order, whatever the gateway prefers',
          'write the protocol that is meant',
        ),
      listed &&
        warning(listed.at, `${listed.value} in the ProtocolList is outdated`, 'leave it out'),
    ]
  },
}

const sstp: ProfileRule = {
  id: 'L29',
  about: 'SSTP by name is for Windows 11',
  source: `${SOURCE}/NativeProtocolType; richardhicks/aovpn, ProfileXML_User.xml`,
  judge: ({ profile, context }) => {
    const protocol = profile.nativeProfile?.nativeProtocolType
    const version = versionOf(context)
    if (protocol?.value !== 'SSTP') return []
    const fix = 'write Automatic for Windows 10, which tries SSTP first'
    if (version === 'windows-10') {
      const message = 'Windows 10 does not know SSTP here: the profile is refused'
      return [error(protocol.at, message, fix, value(protocol.at, 'Automatic'))]
    }
    return [
      version === undefined &&
        warning(
          protocol.at,
          'SSTP by name: Windows 11 takes it, Windows 10 refuses the profile',
          fix,
        ),
    ]
  },
}

const protocolListThere: ProfileRule = {
  id: 'L30',
  about: 'ProtocolList as type comes with a ProtocolList, and not otherwise',
  source: `${SOURCE}/ProtocolList`,
  judge: ({ profile }) => {
    const { nativeProtocolType: protocol, protocolList: list } = profile.nativeProfile ?? {}
    return [
      protocol?.value === 'ProtocolList' &&
        (list === undefined || list.protocols.length === 0) &&
        error(
          protocol.at,
          'NativeProtocolType is ProtocolList, and no protocol is listed',
          'add <ProtocolList><NativeProtocolList><NativeProtocol><Type>Ikev2</Type>…',
        ),
      list &&
        protocol?.value !== 'ProtocolList' &&
        warning(
          list.at,
          `a ProtocolList, and NativeProtocolType is ${protocol?.value ?? 'missing'}: the list is not used`,
          'write <NativeProtocolType>ProtocolList</NativeProtocolType>',
        ),
    ]
  },
}

const protocolListContents: ProfileRule = {
  id: 'L31',
  about: 'a ProtocolList has up to four protocols, each once, and Windows 11 to read it',
  source: `${SOURCE}/ProtocolList (build 20207)`,
  valueFix: 'write Pptp, L2tp, Ikev2 or Sstp, and from 0 to 500000 hours',
  judge: ({ profile, context }) => {
    const list = profile.nativeProfile?.protocolList
    if (list === undefined) return []
    const { protocols } = list
    const fifth = protocols[PROTOCOLS_MAX]
    const twice = protocols.find(
      ({ value }, i) => protocols.findIndex((each) => each.value === value) < i,
    )
    const version = versionOf(context)
    const fix = 'write one NativeProtocolType for Windows 10'
    return [
      fifth && error(fifth.at, `more than ${PROTOCOLS_MAX} protocols`, 'leave the last ones out'),
      twice &&
        fifth === undefined &&
        warning(twice.at, `${twice.value} is listed twice`, 'leave one out'),
      version === 'windows-10' && error(list.at, 'Windows 10 does not know ProtocolList', fix),
      version === undefined && info(list.at, 'ProtocolList needs Windows 11 (build 20207)', fix),
    ]
  },
}

const preSharedKey: ProfileRule = {
  id: 'L32',
  about: 'no secret stands in a profile',
  source: `${SOURCE}/L2tpPsk`,
  judge: ({ profile }) => {
    const key = profile.nativeProfile?.l2tpPsk
    return [
      key &&
        key.value !== '' &&
        warning(
          key.at,
          'L2tpPsk: a secret in clear text, on every computer that has the profile',
          'authenticate with certificates',
        ),
    ]
  },
}

const classBasedRoute: ProfileRule = {
  id: 'L33',
  about:
    'without the class-based route there are routes, and the switch stands inside NativeProfile',
  source: `${SOURCE}/DisableClassBasedDefaultRoute`,
  judge: ({ profile }) => {
    const off = profile.nativeProfile?.disableClassBasedDefaultRoute
    const outside = profile.document.children.find(
      ({ name }) => name === 'DisableClassBasedDefaultRoute',
    )
    return [
      off !== undefined &&
        isOn(off) &&
        isSplit(profile) &&
        !isOn(profile.nativeProfile?.plumbIkev2TsAsRoutes) &&
        tunnelPrefixes(profile).length === 0 &&
        error(
          off.at,
          'DisableClassBasedDefaultRoute is true, and no Route leads into the tunnel: nothing is reached',
          'add a <Route> for each network inside',
        ),
      outside &&
        warning(
          outside.at,
          'DisableClassBasedDefaultRoute outside NativeProfile is ignored',
          'move it into <NativeProfile>',
          both(
            set(elementAt(profile, 'NativeProfile'), outside.name, outside.text.trim()),
            without(outside),
          ),
        ),
    ]
  },
}

export const NATIVE_RULES: readonly ProfileRule[] = [
  forceTunnelRoutes,
  forcedDevice,
  protocolType,
  sstp,
  protocolListThere,
  protocolListContents,
  preSharedKey,
  classBasedRoute,
]
