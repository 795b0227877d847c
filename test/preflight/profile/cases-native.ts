/** L26 to L37: the native profile and its IPsec policy. */
import type { IpsecPolicySpec } from '../../../src/topology/ipsec.ts'
import { add, device, user, type Case } from './cases.ts'

const SPLIT = '<RoutingPolicyType>SplitTunnel</RoutingPolicyType>'
const IKE = '<NativeProtocolType>IKEv2</NativeProtocolType>'
const NO_CLASS_ROUTE = '<DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>'
const NATIVE_END = '</NativeProfile>'
const protocol = (type: string, more = ''): readonly [string, string] => [
  IKE,
  `<NativeProtocolType>${type}</NativeProtocolType>${more}`,
]
const listed = (...types: readonly string[]): string =>
  `<ProtocolList><NativeProtocolList>${types
    .map((type) => `<NativeProtocol><Type>${type}</Type></NativeProtocol>`)
    .join('')}</NativeProtocolList><RetryTimeInHours>24</RetryTimeInHours></ProtocolList>`
const suite = (element: string, from: string, to: string): readonly [string, string] => [
  `<${element}>${from}<`,
  `<${element}>${to}<`,
]
const NO_ROUTES: readonly (readonly [string, string])[] = [
  ['<Route>', '<!-- <Route>'],
  ['</Route>', '</Route> -->'],
]

/** That of the profile. */
const POLICY: IpsecPolicySpec = {
  authenticationTransformConstants: 'GCMAES128',
  cipherTransformConstants: 'GCMAES128',
  pfsGroup: 'ECP256',
  dhGroup: 'Group14',
  integrityCheckMethod: 'SHA256',
  encryptionMethod: 'GCMAES128',
}
const gateway = (policy: Partial<IpsecPolicySpec> = {}) => ({
  gateway: { ipsec: { customPolicy: { ...POLICY, ...policy } } },
})

export const NATIVE_CASES: readonly Case[] = [
  user(
    'L26',
    'a route, and the class-based one off',
    [[SPLIT, '<RoutingPolicyType>ForceTunnel</RoutingPolicyType>']],
    [
      ['warning', '<Route>', /ForceTunnel, and a Route/],
      ['error', 'true</DisableClass', /ForceTunnel, and Disable/],
    ],
  ),
  user(
    'L26',
    'nothing said, which is force',
    [
      [SPLIT, ''],
      [NO_CLASS_ROUTE, ''],
    ],
    [['warning', '<Route>', /no RoutingPolicyType/]],
  ),
  user('L26', 'exclusions alone', [
    [SPLIT, '<RoutingPolicyType>ForceTunnel</RoutingPolicyType>'],
    [NO_CLASS_ROUTE, '<DisableClassBasedDefaultRoute>false</DisableClassBasedDefaultRoute>'],
    [
      '<PrefixSize>16</PrefixSize>',
      '<PrefixSize>16</PrefixSize><ExclusionRoute>1</ExclusionRoute>',
    ],
  ]),
  user('L26', 'split', []),

  device(
    'L27',
    'forced',
    [[SPLIT, '<RoutingPolicyType>ForceTunnel</RoutingPolicyType>']],
    [['error', 'ForceTunnel', /not supported/]],
  ),
  device('L27', 'not said', [[SPLIT, '']], [['error', '<NativeProfile>', /not supported/]]),
  device('L27', 'split', []),
  user('L27', 'a user tunnel', [[SPLIT, '<RoutingPolicyType>ForceTunnel</RoutingPolicyType>']]),

  user('L28', 'none', [[IKE, '']], [['error', '<NativeProfile>', /needs a <NativeProtocolType>/]]),
  user('L28', 'L2TP', [protocol('L2TP')], [['warning', 'L2TP', /outdated/]]),
  user('L28', 'Automatic', [protocol('Automatic')], [['info', 'Automatic', /SSTP, IKEv2, PPTP/]]),
  user(
    'L28',
    'PPTP in a list',
    [protocol('ProtocolList', listed('Ikev2', 'Pptp'))],
    [['warning', 'Pptp', /ProtocolList is outdated/]],
  ),
  user('L28', 'IKEv2', []),

  user('L29', 'for who knows what', [protocol('SSTP')], [['warning', 'SSTP', /refuses/]]),
  user('L29', 'for Windows 10', [protocol('SSTP')], [['error', 'SSTP', /does not know/]], {
    os: 'windows-10',
  }),
  user('L29', 'for Windows 11', [protocol('SSTP')], [], { os: 'windows-11' }),

  user('L30', 'no list', [protocol('ProtocolList')], [['error', 'ProtocolList', /no protocol/]]),
  user(
    'L30',
    'an empty list',
    [protocol('ProtocolList', listed())],
    [['error', 'ProtocolList', /no protocol/]],
  ),
  user(
    'L30',
    'a list that is not asked for',
    [protocol('IKEv2', listed('Ikev2'))],
    [['warning', '<ProtocolList>', /not used/]],
  ),
  user('L30', 'a list', [protocol('ProtocolList', listed('Ikev2', 'Sstp'))]),

  user(
    'L31',
    'five',
    [protocol('ProtocolList', listed('Ikev2', 'Sstp', 'L2tp', 'Pptp', 'Ikev2'))],
    [
      ['error', 'Ikev2</Type></NativeProtocol></NativeProtocolList>', /more than 4/],
      ['info', '<ProtocolList>', /build 20207/],
    ],
  ),
  user(
    'L31',
    'twice, for Windows 10',
    [protocol('ProtocolList', listed('Sstp', 'Ikev2', 'Ikev2'))],
    [
      ['warning', 'Ikev2</Type></NativeProtocol></NativeProtocolList>', /listed twice/],
      ['error', '<ProtocolList>', /Windows 10/],
    ],
    { os: 'windows-10' },
  ),
  user(
    'L31',
    'an unknown one, and no number of hours',
    [protocol('ProtocolList', listed('Ikev2', 'WireGuard')), ['>24<', '>500001<']],
    [
      ['error', 'WireGuard', /'WireGuard'/],
      ['error', '500001', /from 0 to 500000/],
    ],
    { os: 'windows-11' },
  ),
  user('L31', 'two, for Windows 11', [protocol('ProtocolList', listed('Ikev2', 'Sstp'))], [], {
    os: 'windows-11',
  }),

  user(
    'L32',
    'a secret',
    [protocol('L2TP', '<L2tpPsk>hunter2</L2tpPsk>')],
    [['warning', 'hunter2', /clear text/]],
  ),
  user('L32', 'blank', [protocol('L2TP', '<L2tpPsk></L2tpPsk>')]),

  user('L33', 'no route', NO_ROUTES, [['error', 'true</DisableClass', /nothing is reached/]]),
  user(
    'L33',
    'outside NativeProfile',
    [[NO_CLASS_ROUTE, ''], add(NO_CLASS_ROUTE)],
    [['warning', NO_CLASS_ROUTE, /is ignored/]],
  ),
  user('L33', 'the gateway’s selectors as routes', [
    ...NO_ROUTES,
    add('<PlumbIKEv2TSAsRoutes>true</PlumbIKEv2TSAsRoutes>', NATIVE_END),
  ]),
  user('L33', 'a route', []),

  user(
    'L34',
    'PowerShell’s words, and None',
    [
      suite('EncryptionMethod', 'AES_GCM_128', 'GCMAES128'),
      suite('IntegrityCheckMethod', 'SHA256', 'SHA1'),
      suite('PfsGroup', 'ECP256', 'None'),
    ],
    [
      ['error', 'GCMAES128</EncryptionMethod>', /AES_GCM_128/],
      ['error', 'SHA1</', /'SHA1'/],
      ['error', 'None</', /'None'/],
    ],
  ),
  user(
    'L34',
    'GCM that protects alone',
    [suite('CipherTransformConstants', 'GCMAES128', 'AES256')],
    [['error', 'AES256', /GCM does both/]],
  ),
  user(
    'L34',
    'GCM that encrypts alone',
    [suite('AuthenticationTransformConstants', 'GCMAES128', 'SHA256128')],
    [['error', 'SHA256128', /GCM does both/]],
  ),
  user(
    'L34',
    'GMAC',
    [suite('CipherTransformConstants', 'GCMAES128', 'None')],
    [['warning', 'None', /clear text/]],
  ),
  user(
    'L34',
    'two lengths of GCM',
    [suite('CipherTransformConstants', 'GCMAES128', 'GCMAES256')],
    [['error', 'GCMAES128</Authentication', /GCM does both/]],
  ),
  user('L34', 'CBC and SHA-2', [
    suite('CipherTransformConstants', 'GCMAES128', 'AES256'),
    suite('AuthenticationTransformConstants', 'GCMAES128', 'SHA256128'),
  ]),

  user(
    'L35',
    'no PfsGroup',
    [['<PfsGroup>ECP256</PfsGroup>', '']],
    [['warning', '<CryptographySuite>', /without PfsGroup/]],
  ),
  user('L35', 'all six', []),

  user(
    'L36',
    'everything weak',
    [
      suite('AuthenticationTransformConstants', 'GCMAES128', 'SHA196'),
      suite('CipherTransformConstants', 'GCMAES128', 'DES3'),
      suite('PfsGroup', 'ECP256', 'PFS24'),
      suite('DHGroup', 'Group14', 'Group2'),
      suite('IntegrityCheckMethod', 'SHA256', 'MD5'),
      suite('EncryptionMethod', 'AES_GCM_128', 'DES'),
    ],
    [
      ['warning', 'SHA196', /SHA196 is weak/],
      ['warning', 'DES3', /DES3 is weak/],
      ['warning', 'PFS24', /PFS24 is weak/],
      ['warning', 'Group2', /Group2 is weak/],
      ['warning', 'MD5', /MD5 is weak/],
      ['warning', 'DES</', /DES is weak/],
    ],
  ),
  user('L36', 'strong', []),

  user(
    'L37',
    'another cipher',
    [],
    [['error', 'AES_GCM_128', /takes AES_GCM_256 alone: clients see 13868/]],
    gateway({ encryptionMethod: 'GCMAES256' }),
  ),
  user(
    'L37',
    'another group for new keys',
    [],
    [['warning', 'ECP256', /takes None alone: .* first rekey/]],
    gateway({ pfsGroup: 'None' }),
  ),
  user('L37', 'no policy over there', [], [['error', '<CryptographySuite>', /no IKE suite/]], {
    gateway: {},
  }),
  device('L37', 'none here', [], [['error', '<NativeProfile>', /takes no IKE suite/]], gateway()),
  device(
    'L37',
    'none here, and ESP that Windows does not offer',
    [],
    [['error', '<NativeProfile>', /takes no ESP suite/]],
    gateway({ encryptionMethod: 'AES256', integrityCheckMethod: 'SHA256', dhGroup: 'Group2' }),
  ),
  device('L37', 'set beside the profile', [], [], { ...gateway(), client: { policy: POLICY } }),
  device('L37', 'none on either side', [], [], { gateway: {} }),
  user('L37', 'the same in the other spelling', [], [], gateway()),
  user('L37', 'by SSTP', [protocol('SSTP')], [], { gateway: {} }),
]
