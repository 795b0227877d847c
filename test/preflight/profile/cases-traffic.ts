/** L12 to L22, L47 to L51: namespaces, traffic filters and routes. */
import { parseAddress, parsePrefix, type Address, type Prefix } from '../../../src/base/address.ts'
import { add, device, profileOf, user, type Case } from './cases.ts'
import { USER } from './profiles.ts'

const SPLIT = '<RoutingPolicyType>SplitTunnel</RoutingPolicyType>'
const FORCE = '<RoutingPolicyType>ForceTunnel</RoutingPolicyType>'
const NAMESPACE = '.corp.contoso.com'
const SERVER = '<DnsServers>10.10.0.6</DnsServers>'
const ROUTE = '<Address>10.10.0.0</Address>\n    <PrefixSize>16</PrefixSize>'
const NO_CLASS_ROUTE = '<DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>'

const address = (text: string): Address => parseAddress(text)!
function prefix(text: string): Prefix {
  const read = parsePrefix(text)
  if (!read.ok) throw new Error(read.error)
  return read.value
}
const namespace = (name: string, servers = '', more = ''): readonly [string, string] =>
  add(
    `<DomainNameInformation><DomainName>${name}</DomainName>${servers}${more}</DomainNameInformation>`,
  )
const called = (name: string): readonly [string, string] => [
  '<DomainName>.corp.contoso.com',
  `<DomainName>${name}`,
]
const filter = (inside: string): readonly [string, string] =>
  add(`<TrafficFilter>${inside}</TrafficFilter>`)
const route = (network: string, size: number, more = ''): readonly [string, string] =>
  add(`<Route><Address>${network}</Address><PrefixSize>${size}</PrefixSize>${more}</Route>`)
const GATEWAY = { publicAddresses: () => [address('203.0.113.10')] }

export const TRAFFIC_CASES: readonly Case[] = [
  user(
    'L12',
    'no dot in front of a known domain',
    [called('corp.contoso.com')],
    [['warning', 'corp.contoso.com</DomainName>', /no dot in front/]],
  ),
  user(
    'L12',
    'two labels with servers of their own',
    [called('fabrikam.com')],
    [['warning', 'fabrikam', /no dot in front/]],
  ),
  user('L12', 'a star', [called('*.corp.contoso.com')], [['error', '*.corp', /star/]]),
  user('L12', 'no name', [called('corp..contoso.com')], [['error', 'corp..', /not a name/]]),
  user('L12', 'one label', [called('hrweb')], [['warning', 'hrweb', /one label/]]),
  user('L12', 'one host', [namespace('app.corp.contoso.com', SERVER)]),
  user('L12', 'an exemption of two labels', [namespace('fabrikam.com')]),
  user('L12', 'every name', [called('.')]),

  user(
    'L13',
    'no address',
    [['10.10.0.6', 'dc1.corp.contoso.com']],
    [['error', 'dc1.corp', /not an IP address/]],
  ),
  user(
    'L13',
    'no route',
    [['10.10.0.6', '10.10.0.6,10.20.0.6']],
    [['error', '10.20.0.6', /no route leads/]],
  ),
  user(
    'L13',
    'no route but that of the class, perhaps',
    [
      [NO_CLASS_ROUTE, ''],
      ['10.10.0.6', '10.20.0.6'],
    ],
    [['warning', '10.20.0.6', /unless/]],
  ),
  user(
    'L13',
    'the route of the class leads there',
    [
      [NO_CLASS_ROUTE, ''],
      ['10.10.0.6', '10.20.0.6'],
    ],
    [],
    { pool: prefix('10.99.0.0/24') },
  ),
  user(
    'L13',
    'the route of the class leads elsewhere',
    [
      [NO_CLASS_ROUTE, ''],
      ['10.10.0.6', '10.20.0.6'],
    ],
    [['error', '10.20.0.6', /nor does/]],
    { pool: prefix('192.168.99.0/24') },
  ),
  user(
    'L13',
    'excluded',
    [route('10.10.0.6', 32, '<ExclusionRoute>true</ExclusionRoute>')],
    [['error', '10.10.0.6</Dns', /excluded/]],
  ),
  user(
    'L13',
    'public',
    [[SERVER, '<DnsServers>198.51.100.53</DnsServers>']],
    [['warning', '198.51.100.53', /outside the tunnel/]],
  ),
  user(
    'L13',
    'public, for the VPN server',
    [namespace('vpn.contoso.com', '<DnsServers>198.51.100.53</DnsServers>')],
    [['info', '198.51.100.53', /outside the tunnel/]],
  ),
  user(
    'L13',
    'blank',
    [[SERVER, '<DnsServers> </DnsServers>']],
    [['warning', '<DomainNameInformation>', /blank/]],
  ),
  user('L13', 'nobody has it', [], [['error', '10.10.0.6', /no DNS server of the topology/]], {
    dnsServers: [address('10.10.0.7')],
  }),
  user('L13', 'somebody has it', [], [], { dnsServers: [address('10.10.0.6')] }),
  user('L13', 'in a force tunnel', [
    [SPLIT, FORCE],
    ['10.10.0.6', '10.20.0.6'],
  ]),

  user(
    'L14',
    'the server is below the namespace',
    [called('.contoso.com')],
    [['warning', '.contoso.com</DomainName>', /while the tunnel is up/]],
  ),
  user(
    'L14',
    'and the rule is there always',
    [called('.contoso.com'), [SERVER, `${SERVER}<Persistent>true</Persistent>`]],
    [['error', '.contoso.com</DomainName>', /868/]],
  ),
  user(
    'L14',
    'public addresses that the tunnel leads to',
    [
      called('.contoso.com'),
      [SERVER, '<DnsServers>198.51.100.53</DnsServers>'],
      route('198.51.100.0', 24),
    ],
    [['warning', '.contoso.com</DomainName>', /VPN server/]],
  ),
  user('L14', 'with an exemption', [called('.contoso.com'), namespace('vpn.contoso.com')]),
  user('L14', 'the server has an address', [
    called('.'),
    ['vpn.contoso.com;vpn.contoso.com', '203.0.113.10'],
  ]),

  user(
    'L15',
    'twice',
    [namespace('.CORP.contoso.com', SERVER)],
    [['warning', '.CORP', /not documented/]],
  ),
  user('L15', 'the name and what is below', [namespace('corp.contoso.com', SERVER)]),

  user(
    'L16',
    'as the old sample has them',
    [
      ['<DomainNameInformation>', '<DomainNameInformationList>'],
      ['</DomainNameInformation>', '</DomainNameInformationList>'],
      ['<DnsServers>', '<DNSServers>'],
      ['</DnsServers>', '</DNSServers>'],
    ],
    [
      ['error', '<DomainNameInformationList>', /not read/],
      ['error', '<DNSServers>', /not read/],
    ],
  ),
  user('L16', 'as they are called', []),

  device(
    'L17',
    'beside who knows what',
    [namespace(NAMESPACE, SERVER)],
    [['info', '<DomainNameInformation>', /the rules of the two mix/]],
  ),
  device(
    'L17',
    'beside the user tunnel',
    [namespace(NAMESPACE, SERVER)],
    [['warning', '<DomainNameInformation>', /other\.xml/]],
    { other: profileOf(USER) },
  ),
  device('L17', 'none', [], [], { other: profileOf(USER) }),
  user('L17', 'on the user tunnel', []),

  user(
    'L18',
    'no protocol',
    [filter('<RemotePortRanges>443</RemotePortRanges>')],
    [['error', '443', /no Protocol/]],
  ),
  user(
    'L18',
    'ICMP',
    [filter('<Protocol>1</Protocol><LocalPortRanges>50000</LocalPortRanges>')],
    [['error', '50000', /Protocol 1/]],
  ),
  user('L18', 'no number', [filter('<Protocol>TCP</Protocol>')], [['error', 'TCP', /'TCP'/]]),
  user('L18', 'TCP', [filter('<Protocol>6</Protocol><RemotePortRanges>443</RemotePortRanges>')]),

  user(
    'L19',
    'broken ranges',
    [
      filter(
        `<Protocol>6</Protocol><LocalPortRanges>90000</LocalPortRanges><RemotePortRanges>80;443</RemotePortRanges>
         <LocalAddressRanges>10.0.0.9-10.0.0.1</LocalAddressRanges><RemoteAddressRanges>10.0.0.1, 10.0.0.0/33</RemoteAddressRanges>`,
      ),
    ],
    [
      ['error', '90000', /LocalPortRanges/],
      ['error', '80;443', /'80;443'/],
      ['error', '10.0.0.9-', /LocalAddressRanges/],
      ['error', '10.0.0.0/33', /'10.0.0.0\/33'/],
    ],
  ),
  user('L19', 'ranges of all kinds', [
    filter(
      `<Protocol>6</Protocol><RemotePortRanges>80, 52000-52112</RemotePortRanges>
       <RemoteAddressRanges>10.0.0.1,10.0.0.0/24, 10.0.1.1-10.0.1.9,2001:db8::/32</RemoteAddressRanges>`,
    ),
  ]),

  user(
    'L20',
    'HTTPS alone',
    [filter('<Protocol>6</Protocol><RemotePortRanges>443</RemotePortRanges>')],
    [['warning', '<TrafficFilter>', /DNS \(UDP 53\) or Kerberos/]],
  ),
  user(
    'L20',
    'DNS to another server',
    [
      filter(
        '<Protocol>17</Protocol><RemotePortRanges>53</RemotePortRanges><RemoteAddressRanges>10.10.0.7</RemoteAddressRanges>',
      ),
      filter('<Protocol>6</Protocol><RemotePortRanges>88</RemotePortRanges>'),
    ],
    [['warning', '<TrafficFilter>', /DNS \(UDP 53\) through/]],
  ),
  user('L20', 'both', [
    filter(
      '<Protocol>17</Protocol><RemotePortRanges>53</RemotePortRanges><RemoteAddressRanges>10.10.0.0/24</RemoteAddressRanges>',
    ),
    filter('<Protocol>6</Protocol><RemotePortRanges>80-90</RemotePortRanges>'),
  ]),
  user('L20', 'everything inside', [
    filter('<RemoteAddressRanges>10.10.0.0/16</RemoteAddressRanges>'),
  ]),
  user('L20', 'no filter at all', []),

  user(
    'L21',
    'an IPv6 route',
    [route('2001:db8:1::', 48), filter('<RemoteAddressRanges>10.10.0.0/16</RemoteAddressRanges>')],
    [['warning', '<TrafficFilter>', /IPv6/]],
  ),
  user('L21', 'IPv4', [filter('<RemoteAddressRanges>10.10.0.0/16</RemoteAddressRanges>')]),

  user(
    'L22',
    'the port of a server',
    [filter('<Protocol>6</Protocol><LocalPortRanges>3389</LocalPortRanges>')],
    [['warning', '3389', /above 49151/]],
  ),
  user('L22', 'inbound', [
    filter(
      '<Protocol>6</Protocol><LocalPortRanges>3389</LocalPortRanges><Direction>Inbound</Direction>',
    ),
  ]),
  user('L22', 'ports of a client', [
    filter('<Protocol>6</Protocol><LocalPortRanges>49152-65535</LocalPortRanges>'),
  ]),

  user('L47', 'IPv4', [route('10.20.0.0', 33)], [['error', '33</PrefixSize>', /from 0 to 32/]]),
  user('L47', 'IPv6', [route('2001:db8::', 129)], [['error', '129</', /from 0 to 128/]]),
  user('L47', 'the longest', [route('10.20.0.1', 32), route('2001:db8::1', 128)]),

  user(
    'L48',
    'host bits',
    [['<PrefixSize>16', '<PrefixSize>15'], route('10.20.1.0', 16)],
    [['warning', '10.20.1.0', /host bits/]],
  ),
  user('L48', 'none', [route('2001:db8::', 48)]),

  user(
    'L49',
    'what many have',
    [route('192.168.0.0', 16)],
    [['info', '<Route><Address>192.', /many/]],
  ),
  user('L49', 'what this client has', [], [['warning', '<Route>', /where this client is/]], {
    localNetworks: [{ name: 'homeLan', prefix: prefix('10.10.5.0/24') }],
  }),
  user('L49', 'elsewhere', [route('192.168.2.0', 24)], [], {
    localNetworks: [{ name: 'homeLan', prefix: prefix('192.168.1.0/24') }],
  }),
  user('L49', 'excluded', [route('192.168.0.0', 16, '<ExclusionRoute>true</ExclusionRoute>')]),

  user(
    'L50',
    'the gateway inside',
    [route('203.0.113.0', 24)],
    [['error', '<Route><Address>203', /through the tunnel/]],
    GATEWAY,
  ),
  user(
    'L50',
    'the gateway, by its address',
    [['vpn.contoso.com;vpn.contoso.com', '203.0.113.10'], route('203.0.113.0', 24)],
    [['error', '<Route><Address>203', /the gateway itself/]],
  ),
  user(
    'L50',
    'a public resolver inside',
    [route('8.0.0.0', 8)],
    [['error', '<Route><Address>8.', /8\.8\.8\.8/]],
  ),
  user(
    'L50',
    'taken out again',
    [route('203.0.113.0', 24), route('203.0.113.10', 32, '<ExclusionRoute>true</ExclusionRoute>')],
    [],
    GATEWAY,
  ),
  user('L50', 'in a force tunnel', [[SPLIT, FORCE], route('0.0.0.0', 0)], [], GATEWAY),

  user(
    'L51',
    'more than the private range',
    [
      ['10.10.0.0', '172.0.0.0'],
      ['>16<', '>8<'],
    ],
    [['warning', '<Route>', /public addresses/]],
  ),
  user('L51', 'everything', [route('0.0.0.0', 0)], [['warning', '<Route><Address>0', /public/]]),
  user('L51', 'the private range', [route('172.16.0.0', 12), route('198.51.0.0', 16)]),
  user('L51', 'no route', [[ROUTE, '<Address>10.0.0.0</Address><PrefixSize>8</PrefixSize>']]),
]
