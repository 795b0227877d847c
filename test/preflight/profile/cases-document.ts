/** L52 to L58, and the rules without a number: versions, spelling, order. */
import { add, user, type Case } from './cases.ts'

const ON = '<AlwaysOn>true</AlwaysOn>'
const BUTTON: readonly [string, string] = [
  '<NativeProfile>',
  '<DisableDisconnectButton>true</DisableDisconnectButton><NativeProfile>',
]
const METRIC = add('<IPv4InterfaceMetric>3</IPv4InterfaceMetric>')

export const DOCUMENT_CASES: readonly Case[] = [
  user('L52', 'on who knows what', [BUTTON], [['info', '<DisableDis', /Windows 11 only/]]),
  user('L52', 'on Windows 10', [BUTTON], [['warning', '<DisableDis', /Windows 10/]], {
    os: 'windows-10',
  }),
  user('L52', 'on 21H2', [BUTTON], [['info', '<DisableDis', /22H2 by field reports/]], {
    os: 'windows-11-21h2',
  }),
  user('L52', 'on Windows 11', [BUTTON], [], { os: 'windows-11' }),

  user('L53', 'on Windows 10', [METRIC], [['warning', '<IPv4Int', /IPv4InterfaceMetric/]], {
    os: 'windows-10',
  }),
  user(
    'L53',
    'values',
    [
      add(
        `<NetworkOutageTime>4294967296</NetworkOutageTime><IPv6InterfaceMetric>0</IPv6InterfaceMetric>
         <DataEncryption>Maximum</DataEncryption>`,
      ),
    ],
    [
      ['error', '4294967296', /4294967295/],
      ['error', '0</IPv6', /from 1 to 9999/],
      ['error', 'Maximum', /'Maximum'/],
    ],
    { os: 'windows-11' },
  ),
  user('L53', 'on Windows 11', [METRIC], [], { os: 'windows-11' }),

  user(
    'L55',
    'an element of nobody',
    [[ON, `${ON}<AlwaysOnline/>`]],
    [['warning', '<AlwaysOnline/>', /ignores.*not an element of <VPNProfile>/]],
  ),
  user(
    'L55',
    'an element in the wrong place',
    [add('<Servers>vpn.contoso.com</Servers>', '</Route>')],
    [['warning', '<Servers>vpn.contoso.com</Servers></Route>', /of <Route>/]],
  ),
  user('L55', 'known elements', [METRIC]),

  user('L56', 'capitals', [[ON, '<AlwaysOn>True</AlwaysOn>']], [['warning', 'True<', /'true'/]]),
  user('L56', 'no boolean', [[ON, '<AlwaysOn>yes</AlwaysOn>']], [['error', 'yes', /not true or/]]),
  user('L56', '1', [[ON, '<AlwaysOn>1</AlwaysOn>']]),

  user(
    'L57',
    'letter case',
    [[ON, '<alwaysOn>true</alwaysOn>']],
    [['error', '<alwaysOn>', /write <AlwaysOn>/]],
  ),
  user('L57', 'as the schema has it', []),

  user(
    'L58',
    'a rest of a comment',
    [[ON, `${ON}<!-- always -->>`]],
    [['warning', '>\n  <DnsSuffix>', /text '>'/]],
  ),
  user(
    'L58',
    'inside the EAP configuration',
    [['<EapMethod>', '<!-- PEAP -->><EapMethod>']],
    [['warning', '><EapMethod>', /text '>' between the elements of <EapHostConfig>/]],
  ),
  user(
    'L58',
    'beside the EAP configuration',
    [['</Configuration>', 'EAP</Configuration>']],
    [['warning', 'EAP</Conf', /of <Configuration>/]],
  ),
  user('L58', 'a comment', [[ON, `${ON}<!-- always -->`]]),

  user(
    'PX-01',
    'a route without a prefix',
    [['<PrefixSize>16</PrefixSize>', '']],
    [['error', '<Route>', /needs a <PrefixSize>/]],
  ),
  user('PX-01', 'with one', []),

  user(
    'PX-02',
    'values without an owner',
    [
      ['10.10.0.0', '10.10'],
      add('<TrafficFilter><RoutingPolicyType>ForceTunnel</RoutingPolicyType></TrafficFilter>'),
      ['</DnsServers>', '</DnsServers><WebProxyServers>10.1.1.1,10.1.1.2</WebProxyServers>'],
    ],
    [
      ['error', '10.10<', /not an IP address/],
      ['warning', 'ForceTunnel', /without App/],
      ['warning', '10.1.1.1', /one server/],
    ],
  ),
  user(
    'PX-02',
    'a trigger that triggers nothing',
    [['<DnsServers>10.10.0.6</DnsServers>', '<AutoTrigger>true</AutoTrigger>']],
    [['warning', 'true</AutoTrigger>', /starts no tunnel/]],
  ),
  user('PX-02', 'good ones', [['</DnsServers>', '</DnsServers><AutoTrigger>true</AutoTrigger>']]),

  user('PX-03', 'twice', [[ON, ON + ON]], [['warning', `${ON}\n`, /more than once/]]),
  user('PX-03', 'two routes', [
    add('<Route><Address>10.20.0.0</Address><PrefixSize>16</PrefixSize></Route>', '<Domain'),
  ]),

  user(
    'PX-04',
    'the order of the schema',
    [['<Route>', '<RegisterDNS>true</RegisterDNS><Route>']],
    [['warning', '<Route>', /stands behind <RegisterDNS>/]],
  ),
  user('PX-04', 'for Windows 10', [['<Route>', '<RegisterDNS>true</RegisterDNS><Route>']], [], {
    os: 'windows-10',
  }),
  user('PX-04', 'read-back', [add('<RegisterDNS>true</RegisterDNS>')]),

  user(
    'PX-05',
    'not there',
    [['<MachineMethod>Eap</MachineMethod>', '']],
    [['info', 'Eap</UserMethod>', /Intune/]],
  ),
  user('PX-05', 'there', []),
]
