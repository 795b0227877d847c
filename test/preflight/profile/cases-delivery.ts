/** L01 to L11, L23 to L25: switches and names. */
import { parseAddress } from '../../../src/base/address.ts'
import { add, device, profileOf, user, type Case } from './cases.ts'
import { DEVICE, USER } from './profiles.ts'

const ON = '<AlwaysOn>true</AlwaysOn>'
const SPLIT = '<RoutingPolicyType>SplitTunnel</RoutingPolicyType>'
const FORCE = '<RoutingPolicyType>ForceTunnel</RoutingPolicyType>'
const IKE = '<NativeProtocolType>IKEv2</NativeProtocolType>'
const TND = '<TrustedNetworkDetection>corp.contoso.com</TrustedNetworkDetection>'
const MACHINE = '<MachineMethod>Certificate</MachineMethod>'
const SERVERS = 'vpn.contoso.com;vpn.contoso.com'

const LOCKED: readonly [string, string][] = [
  [ON, `${ON}<LockDown>true</LockDown>`],
  [TND, ''],
  [SPLIT, FORCE],
]
const caution = ['warning', 'true</LockDown>', /cannot be reached/] as const

const FILTERED = [
  '<CredentialsSource>',
  `<TLSExtensions><FilteringInfo><EKUMapping><EKUMap><EKUName>Entra</EKUName>
   <EKUOID>1.3.6.1.4.1.311.87</EKUOID></EKUMap></EKUMapping><ClientAuthEKUList Enabled="true">
   <EKUMapInList><EKUName>Entra</EKUName></EKUMapInList></ClientAuthEKUList></FilteringInfo></TLSExtensions><CredentialsSource>`,
] as const
const COMPLIANCE = add('<DeviceCompliance><Enabled>true</Enabled></DeviceCompliance>')

export const DELIVERY_CASES: readonly Case[] = [
  user('L01', 'not said', [[ON, '']], [['warning', '<VPNProfile>', /nobody is connected/]]),
  user('L01', 'false', [[ON, '<AlwaysOn>0</AlwaysOn>']], [['warning', '0</', /AlwaysOn is not/]]),
  user('L01', '1', [[ON, '<AlwaysOn>1</AlwaysOn>']]),
  device('L01', 'a device tunnel has a rule of its own', [[ON, '']]),

  device(
    'L02',
    'on a device tunnel',
    [add('<RememberCredentials>true</RememberCredentials>')],
    [['info', 'true</Remember', /no credentials/]],
  ),
  user(
    'L02',
    'with passwords',
    [
      add('<RememberCredentials>true</RememberCredentials>'),
      ['<UserMethod>Eap', '<UserMethod>MSChapv2'],
    ],
    [['info', 'true</Remember', /password is kept/]],
  ),
  user('L02', 'with certificates', [add('<RememberCredentials>true</RememberCredentials>')]),

  user(
    'L03',
    'none',
    [['<DnsSuffix>corp.contoso.com</DnsSuffix>', '']],
    [['warning', '<VPNProfile>', /short names/]],
  ),
  user(
    'L03',
    'a suffix with a dot in front',
    [['<DnsSuffix>', '<DnsSuffix>contoso.com, .']],
    [['error', '.corp', /'.corp.contoso.com' is not a domain/]],
  ),
  user('L03', 'two', [['<DnsSuffix>', '<DnsSuffix>contoso.com,']]),

  user('L04', 'none', [[TND, '']], [['warning', '<VPNProfile>', /inside the office/]]),
  user(
    'L04',
    'blanks',
    [['<TrustedNetworkDetection>', '<TrustedNetworkDetection>a.com, ']],
    [['warning', 'a.com, ', /blanks/]],
  ),
  user('L04', 'two', [['<TrustedNetworkDetection>', '<TrustedNetworkDetection>a.com,']]),

  user('L05', 'as it should be', LOCKED, [caution], { tunnel: 'device' }),
  user(
    'L05',
    'split, by SSTP, in the office, for a user',
    [
      [ON, '<AlwaysOn>false</AlwaysOn><LockDown>true</LockDown>'],
      [IKE, '<NativeProtocolType>SSTP</NativeProtocolType>'],
    ],
    [
      caution,
      ['error', 'true</LockDown>', /device context/],
      ['error', 'SplitTunnel', /SplitTunnel/],
      ['error', 'SSTP', /SSTP/],
      ['error', 'false</AlwaysOn>', /implies AlwaysOn/],
      ['warning', 'corp.contoso.com</Trusted', /nothing else may pass/],
    ],
    { tunnel: 'user' },
  ),
  user(
    'L05',
    'beside another profile',
    LOCKED,
    [caution, ['error', 'true</LockDown>', /another profile/]],
    { other: profileOf(DEVICE) },
  ),
  user('L05', 'off', [[ON, `${ON}<LockDown>false</LockDown>`]]),

  device('L06', 'as it should be', [], [], { tunnel: 'device' }),
  device(
    'L06',
    'with everything of a user',
    [
      [ON, ''],
      [IKE, '<NativeProtocolType>Automatic</NativeProtocolType>'],
      [MACHINE, '<UserMethod>Eap</UserMethod><MachineMethod>Eap</MachineMethod>'],
    ],
    [
      ['error', 'Automatic', /only IKEv2/],
      ['error', 'Eap</MachineMethod>', /MachineMethod Eap/],
      ['error', 'Eap</UserMethod>', /UserMethod/],
      ['error', 'true</DeviceTunnel>', /without AlwaysOn/],
    ],
  ),
  user(
    'L06',
    'with the EAP configuration left in',
    [[ON, `${ON}<DeviceTunnel>true</DeviceTunnel>`]],
    [
      ['error', 'Eap</MachineMethod>', /MachineMethod Eap/],
      ['error', 'Eap</UserMethod>', /UserMethod/],
      ['error', '<EapHostConfig', /EAP configuration/],
    ],
  ),
  device(
    'L06',
    'installed for a user, beside another',
    [],
    [
      ['error', 'true</DeviceTunnel>', /in a user profile/],
      ['error', 'true</DeviceTunnel>', /another device tunnel/],
    ],
    { tunnel: 'user', other: profileOf(DEVICE) },
  ),
  user('L06', 'installed as one and none', [], [['error', '<VPNProfile>', /is not true/]], {
    tunnel: 'device',
  }),

  user(
    'L07',
    'on both',
    [add('<RegisterDNS>true</RegisterDNS>')],
    [['warning', 'true</RegisterDNS>', /other\.xml/]],
    { other: profileOf(DEVICE) },
  ),
  user('L07', 'on the other', [], [], { other: profileOf(DEVICE) }),
  device('L07', 'alone', []),

  user(
    'L08',
    'there',
    [add('<ByPassForLocal>false</ByPassForLocal>')],
    [['info', 'false</ByPass', /reserved/]],
  ),
  user('L08', 'not there', []),

  user(
    'L09',
    'in a split tunnel, twice, without a port',
    [
      add(
        '<Proxy><Manual><Server>proxy</Server></Manual><AutoConfigUrl>http://p/a</AutoConfigUrl></Proxy>',
      ),
    ],
    [
      ['warning', '<Proxy>', /SplitTunnel/],
      ['warning', 'http://p/a', /both/],
      ['warning', 'proxy</', /host:port/],
    ],
  ),
  user('L09', 'in a force tunnel', [
    [SPLIT, FORCE],
    add('<Proxy><Manual><Server>proxy.corp.contoso.com:8080</Server></Manual></Proxy>'),
  ]),

  user(
    'L10',
    'without a filter',
    [COMPLIANCE],
    [
      ['error', `<EapType xmlns="http://www.microsoft.com/provisioning/EapTls`, /311\.87/],
      ['error', 'true</Enabled>', /wants a revocation list/],
    ],
    { ignoresNoRevocationCheck: false },
  ),
  user(
    'L10',
    'whatever NPS does',
    [COMPLIANCE, FILTERED],
    [['info', 'true</Enabled>', /must have IgnoreNo/]],
  ),
  user('L10', 'with a filter, and NPS set', [COMPLIANCE, FILTERED], [], {
    ignoresNoRevocationCheck: true,
  }),
  user('L10', 'off', [add('<DeviceCompliance><Enabled>false</Enabled></DeviceCompliance>')]),

  user(
    'L11',
    'both',
    [
      add(
        '<PluginProfile><ServerUrlList>a.x</ServerUrlList><PluginPackageFamilyName>P_1</PluginPackageFamilyName></PluginProfile>',
      ),
    ],
    [['error', '<PluginProfile>', /both/]],
  ),
  user(
    'L11',
    'neither',
    [
      ['<NativeProfile>', '<!--'],
      ['</NativeProfile>', '-->'],
    ],
    [['error', '<VPNProfile>', /nothing to dial/]],
  ),
  user('L11', 'no server', [[SERVERS, '']], [['error', '<NativeProfile>', /needs <Servers>/]]),
  user('L11', 'one of them', []),

  user(
    'L23',
    'an address',
    [[SERVERS, '203.0.113.10']],
    [['warning', '203.0.113.10', /an address/]],
  ),
  user(
    'L23',
    'one label',
    [[SERVERS, 'vpn,vpn.contoso.com']],
    [['warning', 'vpn,', /not fully qualified/]],
  ),
  user(
    'L23',
    'no name',
    [[SERVERS, 'https://vpn.contoso.com/']],
    [['error', 'https', /not a host name/]],
  ),
  user('L23', 'a friendly name behind', [[SERVERS, 'vpn.contoso.com;Contoso VPN']]),

  user(
    'L24',
    'once',
    [[SERVERS, 'vpn.contoso.com']],
    [['info', 'vpn.contoso.com', /gives Servers/]],
  ),
  user('L24', 'once, for Windows 10', [[SERVERS, 'vpn.contoso.com']], [], { os: 'windows-10' }),
  user('L24', 'twice', []),

  user(
    'L25',
    'below the suffix of the inside',
    [[SERVERS, 'vpn.corp.contoso.com']],
    [['warning', 'vpn.corp', /which means inside/]],
  ),
  user('L25', 'unknown in public', [], [['error', SERVERS, /no address for vpn.contoso.com/]], {
    publicAddresses: () => [],
  }),
  user('L25', 'known in public', [[SERVERS, 'vpn.corp.contoso.com']], [], {
    publicAddresses: () => [parseAddress('203.0.113.10')!],
  }),
  user('L25', 'another name', []),
]

/** Both are what the tables change, and neither has anything to be said about. */
export const SILENT: readonly string[] = [USER, DEVICE]
