/**
 * Your network, as far as Always On VPN touches it. Change names, addresses and rules until it is yours; nothing here is real.
 *
 *   laptop ── homeRouter ── isp ── edgeFirewall ── perimeter ── gateway
 *                            │           └──────── corp ── dc1, ca1
 *                        publicDns
 *
 * After each change:   npx sallyport check topology.ts     what is wrong before it runs
 *                      npx sallyport run                   do the stories in scenarios/ still hold?
 */
import {
  allow,
  allowEstablished,
  days,
  dhcpServer,
  dnsServer,
  firewall,
  host,
  listener,
  ms,
  natRouter,
  sourceFile,
  topology,
  vpnGateway,
  webServer,
} from 'sallyport'

// Zone files and the ProfileXML are the real ones that you will deploy, read as they are.
const file = (name: string) => sourceFile(import.meta.url, name)

export default topology({
  name: 'my-network',
  // The lab's calendar begins here; the clock of this machine is never read. Certificates are dated from it.
  start: '2026-03-02T08:00:00Z',

  // A network is one broadcast domain. Latency is one way; loss, jitter, bandwidth and MTU can be given too.
  networks: {
    homeLan: '192.168.1.0/24',
    homeAccess: { prefix: '198.51.100.0/29', latency: ms(8) },
    internet: { prefix: '203.0.113.0/24', latency: ms(4) },
    perimeter: '172.16.10.0/24',
    corp: '10.10.0.0/24',
  },

  // DNS zones; servers name them by these keys.
  zones: {
    public: { origin: 'example.com', file: file('./zones/example.com.zone') },
    internal: { origin: 'corp.example.com', file: file('./zones/corp.example.com.zone') },
  },

  // Certification authorities; certificates name them by these keys.
  authorities: {
    rootCa: {
      subject: 'CN=Example Root CA',
      validFor: days(3650),
      crlUrls: ['http://pki.example.com/root.crl'],
      publishedOn: 'ca1',
      crl: { validFor: days(7), every: days(6) },
    },
  },

  nodes: {
    laptop: host(
      { homeLan: 'dhcp' },
      { os: 'windows-11', trusts: ['rootCa'], profiles: { user: file('./user-tunnel.xml') } },
    ),
    homeRouter: natRouter(
      {
        homeLan: '192.168.1.1',
        homeAccess: { address: '198.51.100.2', gateway: '198.51.100.1' },
      },
      {
        nat: { outside: 'homeAccess', filtering: 'address-and-port-dependent' },
        services: [
          dnsServer({ recursion: true, forwarders: ['203.0.113.53'] }),
          dhcpServer({
            network: 'homeLan',
            pool: ['192.168.1.100', '192.168.1.199'],
            router: '192.168.1.1',
            dns: ['192.168.1.1'],
          }),
        ],
      },
    ),
    // The Internet, in one router: it knows public addresses only.
    isp: host(
      { homeAccess: '198.51.100.1', internet: '203.0.113.1' },
      { os: 'linux', forwards: true },
    ),
    publicDns: host(
      { internet: { address: '203.0.113.53', gateway: '203.0.113.1' } },
      { os: 'linux', services: [dnsServer({ zones: ['public'] })] },
    ),

    edgeFirewall: firewall(
      {
        // The firewall holds the public addresses that it forwards: .10 for the gateway, .11 for the revocation list.
        internet: {
          address: '203.0.113.2',
          alsoAt: ['203.0.113.10', '203.0.113.11'],
          gateway: '203.0.113.1',
        },
        perimeter: '172.16.10.1',
        corp: '10.10.0.1',
      },
      {
        filter: {
          // Tried in order; the first that matches decides. Explanations quote the names.
          rules: [
            allowEstablished('replies'),
            allow('ike-to-gateway', {
              id: 'FW-E-01',
              from: 'internet',
              destination: '172.16.10.10',
              udp: [500],
            }),
            allow('nat-t-to-gateway', {
              id: 'FW-E-02',
              from: 'internet',
              destination: '172.16.10.10',
              udp: [4500],
            }),
            allow('crl-to-ca1', {
              id: 'FW-E-07',
              from: 'internet',
              destination: '10.10.0.8',
              tcp: [80],
            }),
            allow('dns-to-dc1', {
              id: 'FW-I-06',
              from: 'perimeter',
              destination: '10.10.0.6',
              udp: [53],
              tcp: [53],
            }),
            allow('inside-to-internet', { from: 'corp', to: 'internet' }),
          ],
          otherwise: { forward: { name: 'default-deny', verdict: 'drop' } },
          // Addresses are translated before the rules above see a packet: they match what stands behind.
          nat: [
            {
              kind: 'dnat',
              name: 'publish-gateway',
              destination: '203.0.113.10',
              udp: [500, 4500],
              toAddress: '172.16.10.10',
            },
            {
              kind: 'dnat',
              name: 'publish-crl',
              destination: '203.0.113.11',
              tcp: [80],
              toAddress: '10.10.0.8',
            },
            { kind: 'masquerade', name: 'everyone-out', to: 'internet' },
          ],
        },
      },
    ),

    gateway: host(
      {
        // One default gateway, on the outer side. With a second adapter inside, use routes there instead.
        perimeter: { address: '172.16.10.10', gateway: '172.16.10.1', dns: ['10.10.0.6'] },
      },
      {
        os: 'windows-server-2022',
        trusts: ['rootCa'],
        services: [vpnGateway({ certificate: 'ike' })],
        certificates: [
          {
            name: 'ike',
            issuer: 'rootCa',
            subject: 'CN=vpn.example.com',
            dns: ['vpn.example.com'],
            eku: ['serverAuth', 'ikeIntermediate'],
            validFor: days(365),
          },
        ],
      },
    ),
    dc1: host(
      { corp: { address: '10.10.0.6', gateway: '10.10.0.1' } },
      {
        os: 'windows-server-2022',
        services: [
          dnsServer({ zones: ['internal'], recursion: true, forwarders: ['203.0.113.53'] }),
          // Ports that are open, whatever stands behind them.
          listener({ name: 'domain-controller', tcp: [88, 389, 445] }),
        ],
      },
    ),
    // The authority publishes its revocation list here, at the path of its URL.
    ca1: host(
      { corp: { address: '10.10.0.8', gateway: '10.10.0.1', dns: ['10.10.0.6'] } },
      { os: 'windows-server-2022', services: [webServer()] },
    ),
  },
})
