/**
 * The tutorial's deployment at Contoso: one gateway between two firewalls, NAT at the edge (UDP 500 and 4500 forwarded).
 *
 *   laptop ─ homeRouter ─┐                                  ┌─ perimeterExternal ─┐
 *   hotelLaptop ─ hotel ─┼─ internet ─ edgeFirewall ────────┤                  gateway (a virtual machine: both
 *   mobileLaptop ─ phone ┘      │           │               └─ perimeterInternal ─┘   VLANs ride one trunk)
 *          carrier (CGNAT)      │           │ transit             │
 *                    ispDns rootDns publicDns └──────── innerFirewall ── corp: dc1 nps1 ca1 intranet files
 *                                                                        └ coreRouter ── office: officePc
 */
import {
  allow,
  allowEstablished,
  days,
  deviceTemplate,
  dhcpServer,
  dnsServer,
  domainController,
  ethernetSwitch,
  firewall,
  host,
  hours,
  listener,
  minutes,
  ms,
  natRouter,
  nps,
  npsServerTemplate,
  seconds,
  sourceFile,
  topology,
  vpnConnectionRequestPolicy,
  vpnGateway,
  vpnNetworkPolicy,
  vpnServerTemplate,
  vpnUserTemplate,
  webServer,
} from 'sallyport'

const file = (name: string) => sourceFile(import.meta.url, name)

/** A member of the domain: it trusts the root and knows the issuing authority. */
const domainMember = { trusts: ['rootCa'], intermediates: ['issuingCa'] }

/** What a Windows client carries with it wherever it is. */
const client = {
  os: 'windows-11',
  ...domainMember,
  profiles: { user: file('./user-tunnel.xml') },
  // Windows' own firewall: answers and leases come in, and nobody calls a client.
  firewall: {
    rules: [allowEstablished('windows-replies'), allow('dhcp-in', { udp: [68] })],
    otherwise: { input: { name: 'windows-inbound-default', verdict: 'drop' } },
  },
} as const

/** A laptop has the device tunnel, too: it dials by itself, with the certificate of the computer. */
const portable = {
  ...client,
  profiles: { ...client.profiles, device: file('./device-tunnel.xml') },
} as const

/** What the gateway and NPS share, and nobody else. A lab's own: never one that is in use. */
const RADIUS_SECRET = 'gateway-and-nps1'

export const contoso = topology({
  name: 'contoso',
  description: 'Always On VPN as the tutorial deploys it: NAT at the edge, IKEv2, one gateway.',
  start: '2026-03-02T08:00:00Z',

  networks: {
    homeLan: { prefix: '192.168.1.0/24', latency: ms(2), jitter: ms(1) },
    homeAccess: { prefix: '198.51.100.0/29', latency: ms(8) },
    hotelLan: { prefix: '172.31.0.0/22', latency: ms(4), jitter: ms(3) },
    hotelAccess: { prefix: '198.51.100.8/29', latency: ms(12) },
    hotspot: { prefix: '192.168.43.0/24', latency: ms(2) },
    carrierLan: { prefix: '100.64.10.0/24', latency: ms(35), jitter: ms(10) },
    carrierAccess: { prefix: '198.51.100.16/29', latency: ms(5) },
    publicServices: { prefix: '198.51.100.64/27', latency: ms(5) },
    edgeAccess: { prefix: '203.0.113.0/28', latency: ms(3) },
    transit: '172.16.30.0/24',
    perimeterExternal: { prefix: '172.16.10.0/24', vlan: 110 },
    perimeterInternal: { prefix: '172.16.20.0/24', vlan: 120 },
    corp: '10.10.0.0/24',
    office: '10.10.8.0/24',
  },

  zones: {
    root: { origin: '.', file: file('./zones/root.zone') },
    com: { origin: 'com', file: file('./zones/com.zone') },
    contosoPublic: { origin: 'contoso.com', file: file('./zones/contoso.com.zone') },
    contosoInside: { origin: 'contoso.com', file: file('./zones/contoso.com.inside.zone') },
    corpContoso: { origin: 'corp.contoso.com', file: file('./zones/corp.contoso.com.zone') },
    corpReverse: { origin: '10.10.in-addr.arpa', file: file('./zones/10.10.in-addr.arpa.zone') },
  },

  authorities: {
    /** Kept offline. Somebody must remember to publish its revocation list twice a year. */
    rootCa: {
      subject: 'CN=Contoso Root CA',
      validFrom: days(-400),
      validFor: days(7300),
      crlUrls: ['http://pki.corp.contoso.com/root.crl', 'http://pki.contoso.com/root.crl'],
      aiaUrls: ['http://pki.corp.contoso.com/root.crt', 'http://pki.contoso.com/root.crt'],
      publishedOn: 'ca1',
      crl: { thisUpdate: days(-10), validFor: days(190) },
    },
    issuingCa: {
      subject: 'CN=Contoso Issuing CA 1',
      issuer: 'rootCa',
      validFrom: days(-390),
      validFor: days(3650),
      crlUrls: ['http://pki.corp.contoso.com/issuing.crl', 'http://pki.contoso.com/issuing.crl'],
      aiaUrls: ['http://pki.corp.contoso.com/issuing.crt', 'http://pki.contoso.com/issuing.crt'],
      publishedOn: 'ca1',
      crl: { thisUpdate: hours(-2), validFor: days(8), every: days(7) },
      pathLength: 0,
      templates: ['vpnUser', 'vpnServer', 'npsServer', 'vpnDevice'],
    },
  },

  /** Duplicates of the templates that AD CS brings, as the tutorial makes them. */
  templates: {
    vpnUser: vpnUserTemplate(),
    vpnServer: vpnServerTemplate({ validFor: days(730) }),
    npsServer: npsServerTemplate(),
    vpnDevice: deviceTemplate({
      permissions: { 'VPN Devices': ['read', 'enroll', 'autoenroll'] },
    }),
  },

  directory: {
    domain: 'corp.contoso.com',
    users: {
      ada: { name: 'Ada Lovelace', password: 'Analytical-Engine-1843' },
      bob: { name: 'Bob Kahn', password: 'Packets-1974' },
      // Has no business on the network from outside.
      eve: { name: 'Eve Online', password: 'Apple-Of-4000' },
    },
    groups: {
      'VPN Users': ['ada', 'bob'],
      'VPN Servers': ['gateway'],
      'NPS Servers': ['nps1'],
      'VPN Devices': ['laptop', 'hotelLaptop', 'mobileLaptop'],
      'RAS and IAS Servers': ['nps1'],
    },
    /** The "Autoenrollment Policy", linked at the domain, with both halves on. */
    autoenrolment: { user: true, computer: true },
    ntAuth: ['issuingCa'],
  },

  nodes: {
    // ── Where people are ────────────────────────────────────────────────────────────────────────
    laptop: host(
      { homeLan: 'dhcp' },
      {
        ...portable,
        roams: ['hotelLan', 'hotspot', 'office'],
        // Her certificate and the laptop's own come by autoenrolment: laptop:user and laptop:device.
        users: ['ada'],
      },
    ),
    hotelLaptop: host({ hotelLan: 'dhcp' }, { ...portable, users: ['bob'] }),
    mobileLaptop: host({ hotspot: 'dhcp' }, portable),
    officePc: host({ office: 'dhcp' }, { ...client, os: 'windows-10' }),

    homeRouter: natRouter(
      { homeLan: '192.168.1.1', homeAccess: { address: '198.51.100.2', gateway: '198.51.100.1' } },
      {
        nat: {
          outside: 'homeAccess',
          mapping: 'endpoint-independent',
          filtering: 'address-and-port-dependent',
        },
        services: [
          dnsServer({ recursion: true, forwarders: ['198.51.100.68'] }),
          dhcpServer({
            network: 'homeLan',
            pool: ['192.168.1.100', '192.168.1.199'],
            router: '192.168.1.1',
            dns: ['192.168.1.1'],
            suffix: 'home.arpa',
            lease: days(1),
          }),
        ],
      },
    ),
    /** Lets guests browse, and nothing else that goes by UDP: IKE dies here. */
    hotelRouter: natRouter(
      {
        hotelLan: '172.31.0.1',
        hotelAccess: { address: '198.51.100.10', gateway: '198.51.100.9' },
      },
      {
        nat: {
          outside: 'hotelAccess',
          mapping: 'address-and-port-dependent',
          filtering: 'address-and-port-dependent',
          timeouts: { udp: seconds(30) },
          blocks: [{ name: 'hotel-blocks-udp', protocol: 'udp', exceptPorts: [53] }],
        },
        services: [
          dnsServer({ recursion: true, forwarders: ['198.51.100.68'] }),
          dhcpServer({
            network: 'hotelLan',
            pool: ['172.31.0.50', '172.31.3.250'],
            router: '172.31.0.1',
            dns: ['172.31.0.1'],
            suffix: 'guest.hotel.example',
            lease: hours(12),
          }),
        ],
      },
    ),
    /** A phone that shares its connection: the first of two address translations. */
    phone: natRouter(
      { hotspot: '192.168.43.1', carrierLan: 'dhcp' },
      {
        nat: { outside: 'carrierLan', mapping: 'endpoint-independent' },
        services: [
          dnsServer({ recursion: true, forwarders: ['198.51.100.68'] }),
          dhcpServer({
            network: 'hotspot',
            pool: ['192.168.43.20', '192.168.43.60'],
            router: '192.168.43.1',
            dns: ['192.168.43.1'],
            lease: days(1),
          }),
        ],
      },
    ),
    /** Carrier-grade NAT: the second. */
    carrier: natRouter(
      {
        carrierLan: '100.64.10.1',
        carrierAccess: { address: '198.51.100.18', gateway: '198.51.100.17' },
      },
      {
        nat: {
          outside: 'carrierAccess',
          mapping: 'endpoint-independent',
          filtering: 'address-and-port-dependent',
          timeouts: { udp: minutes(2) },
        },
        services: [
          dhcpServer({
            network: 'carrierLan',
            pool: ['100.64.10.50', '100.64.10.250'],
            router: '100.64.10.1',
            dns: ['198.51.100.68'],
            lease: days(1),
          }),
        ],
      },
    ),

    // ── The Internet ────────────────────────────────────────────────────────────────────────────
    internet: host(
      {
        homeAccess: '198.51.100.1',
        hotelAccess: '198.51.100.9',
        carrierAccess: '198.51.100.17',
        publicServices: '198.51.100.65',
        edgeAccess: '203.0.113.1',
      },
      { forwards: true, os: 'linux' },
    ),
    rootDns: host(
      { publicServices: { address: '198.51.100.66', gateway: '198.51.100.65' } },
      { os: 'linux', services: [dnsServer({ zones: ['root', 'com'] })] },
    ),
    publicDns: host(
      { publicServices: { address: '198.51.100.67', gateway: '198.51.100.65' } },
      { os: 'linux', services: [dnsServer({ zones: ['contosoPublic'] })] },
    ),
    ispDns: host(
      { publicServices: { address: '198.51.100.68', gateway: '198.51.100.65' } },
      {
        os: 'linux',
        services: [dnsServer({ recursion: true, rootHints: ['198.51.100.66'] })],
      },
    ),

    // ── The edge ────────────────────────────────────────────────────────────────────────────────
    edgeFirewall: firewall(
      {
        edgeAccess: {
          address: '203.0.113.2',
          alsoAt: ['203.0.113.10', '203.0.113.11'],
          gateway: '203.0.113.1',
        },
        perimeterExternal: '172.16.10.1',
        transit: '172.16.30.1',
      },
      {
        routes: [
          { to: '10.10.0.0/16', via: '172.16.30.2' },
          { to: '172.16.20.0/24', via: '172.16.30.2' },
        ],
        filter: {
          zones: { outside: ['edgeAccess'], perimeter: ['perimeterExternal'], inside: ['transit'] },
          rules: [
            allowEstablished('replies'),
            allow('ike-to-gateway', {
              id: 'FW-E-01',
              from: 'outside',
              destination: '172.16.10.10',
              udp: [500],
            }),
            allow('nat-t-to-gateway', {
              id: 'FW-E-02',
              from: 'outside',
              destination: '172.16.10.10',
              udp: [4500],
            }),
            allow('crl-to-ca1', {
              id: 'FW-E-07',
              from: 'outside',
              destination: '10.10.0.8',
              tcp: [80],
            }),
            allow('gateway-to-internet', { id: 'FW-E-09', from: 'perimeter', to: 'outside' }),
            allow('inside-to-internet', { from: 'inside', to: 'outside' }),
          ],
          otherwise: {
            forward: { name: 'edge-default-deny', verdict: 'drop' },
            input: { name: 'edge-itself-deny', verdict: 'drop' },
          },
          nat: [
            {
              kind: 'dnat',
              name: 'publish-ike',
              id: 'FW-E-01',
              destination: '203.0.113.10',
              udp: [500],
              toAddress: '172.16.10.10',
            },
            {
              kind: 'dnat',
              name: 'publish-nat-t',
              id: 'FW-E-02',
              destination: '203.0.113.10',
              udp: [4500],
              toAddress: '172.16.10.10',
            },
            {
              kind: 'dnat',
              name: 'publish-crl',
              id: 'FW-E-07',
              destination: '203.0.113.11',
              tcp: [80],
              toAddress: '10.10.0.8',
            },
            {
              kind: 'snat',
              name: 'gateway-out',
              id: 'FW-E-09',
              to: 'outside',
              source: '172.16.10.10',
              toAddress: '203.0.113.10',
            },
            { kind: 'masquerade', name: 'everyone-out', to: 'outside' },
          ],
          // FW-E-12: a NAT keepalive comes every 20 seconds; two minutes forgive five lost ones.
          sessions: { udp: minutes(2), udpStream: minutes(3) },
        },
      },
    ),
    /** The virtualisation host's uplink: both perimeter VLANs reach the gateway over one tagged cable. */
    perimeterSwitch: ethernetSwitch({
      networks: ['perimeterExternal', 'perimeterInternal'],
      trunks: [{ to: 'gateway', allows: ['perimeterExternal', 'perimeterInternal'] }],
    }),

    // ── The gateway ─────────────────────────────────────────────────────────────────────────────
    gateway: host(
      {
        // The one default gateway is outside (TOPO-05); the inside is reached by a static route.
        perimeterExternal: { address: '172.16.10.10', gateway: '172.16.10.1' },
        perimeterInternal: {
          address: '172.16.20.10',
          metric: 15,
          dns: ['10.10.0.6'],
          suffix: 'corp.contoso.com',
        },
      },
      {
        os: 'windows-server-2022',
        ...domainMember,
        routes: [{ to: '10.10.0.0/16', via: '172.16.20.1' }],
        services: [
          vpnGateway({
            certificate: 'ike',
            radius: [{ server: 'nps1', secret: RADIUS_SECRET }],
            accounting: 'radius',
            pool: '172.16.20.128/25',
            deviceTunnel: { rootCertificateNames: ['CN=Contoso Root CA'] },
          }),
        ],
        // Requested by hand: its name is not one of the domain, so it stands in the request, and nobody renews it.
        certificates: [
          {
            name: 'ike',
            template: 'vpnServer',
            request: { subject: 'CN=vpn.contoso.com', dns: ['vpn.contoso.com'] },
            validFrom: days(-30),
          },
        ],
        firewall: {
          rules: [
            allowEstablished('windows-replies'),
            allow('rras-ikev2', { from: 'perimeterExternal', udp: [500, 4500] }),
            allow('ping', { icmp: [8] }),
          ],
          otherwise: { input: { name: 'windows-inbound-default', verdict: 'drop' } },
        },
      },
    ),

    // ── The inner firewall ──────────────────────────────────────────────────────────────────────
    innerFirewall: firewall(
      {
        perimeterInternal: '172.16.20.1',
        transit: { address: '172.16.30.2', gateway: '172.16.30.1' },
        corp: '10.10.0.1',
      },
      {
        routes: [{ to: '10.10.8.0/24', via: '10.10.0.2' }],
        filter: {
          rules: [
            allowEstablished('replies'),
            allow('radius-authentication', {
              id: 'FW-I-01',
              from: 'perimeterInternal',
              source: '172.16.20.10',
              destination: '10.10.0.7',
              udp: [1812],
            }),
            allow('radius-accounting', {
              id: 'FW-I-02',
              from: 'perimeterInternal',
              source: '172.16.20.10',
              destination: '10.10.0.7',
              udp: [1813],
            }),
            allow('dns-to-dc1', {
              id: 'FW-I-06',
              from: 'perimeterInternal',
              source: ['172.16.20.10', '172.16.20.128/25'],
              destination: '10.10.0.6',
              udp: [53],
              tcp: [53],
            }),
            allow('domain-member', {
              id: 'FW-I-07',
              from: 'perimeterInternal',
              source: '172.16.20.10',
              destination: '10.10.0.6',
              tcp: [88, 135, 389, 445, 3268, [49152, 65535]],
              udp: [88, 123, 389],
            }),
            allow('crl-from-gateway', {
              id: 'FW-I-08',
              from: 'perimeterInternal',
              source: '172.16.20.10',
              destination: '10.10.0.8',
              tcp: [80],
            }),
            allow('enrolment', {
              id: 'FW-I-09',
              from: 'perimeterInternal',
              source: '172.16.20.10',
              destination: '10.10.0.8',
              tcp: [135, [49152, 65535]],
            }),
            allow('clients-to-corp', {
              id: 'FW-I-10',
              from: 'perimeterInternal',
              source: '172.16.20.128/25',
              destination: '10.10.0.0/16',
              tcp: [80, 88, 389, 443, 445, 3389],
              udp: [88, 389],
            }),
            allow('manage-out', {
              id: 'FW-I-11',
              from: 'corp',
              source: '10.10.0.6',
              destination: '172.16.20.128/25',
              tcp: [445, 3389, 5985],
            }),
            allow('crl-from-internet', {
              id: 'FW-E-07',
              from: 'transit',
              destination: '10.10.0.8',
              tcp: [80],
            }),
            allow('corp-to-internet', { from: 'corp', to: 'transit' }),
          ],
          otherwise: {
            forward: { name: 'inner-default-deny', verdict: 'drop' },
            input: { name: 'inner-itself-deny', verdict: 'drop' },
          },
        },
      },
    ),

    // ── Inside ──────────────────────────────────────────────────────────────────────────────────
    coreRouter: host(
      { corp: { address: '10.10.0.2', gateway: '10.10.0.1' }, office: '10.10.8.1' },
      {
        forwards: true,
        os: 'linux',
        services: [
          dhcpServer({
            network: 'office',
            pool: ['10.10.8.100', '10.10.8.250'],
            router: '10.10.8.1',
            dns: ['10.10.0.6'],
            suffix: 'corp.contoso.com',
          }),
        ],
      },
    ),
    dc1: host(
      { corp: { address: '10.10.0.6', gateway: '10.10.0.2', dns: ['10.10.0.6'] } },
      {
        os: 'windows-server-2022',
        ...domainMember,
        services: [
          dnsServer({
            zones: ['corpContoso', 'corpReverse'],
            recursion: true,
            forwarders: ['198.51.100.68'],
          }),
          domainController(),
        ],
      },
    ),
    nps1: host(
      { corp: { address: '10.10.0.7', gateway: '10.10.0.2', dns: ['10.10.0.6'] } },
      {
        os: 'windows-server-2022',
        ...domainMember,
        services: [
          nps({
            certificate: 'nps',
            clients: [{ name: 'VPN1', address: '172.16.20.10', secret: RADIUS_SECRET }],
            connectionRequestPolicies: [vpnConnectionRequestPolicy()],
            networkPolicies: [vpnNetworkPolicy({ group: 'VPN Users' })],
          }),
        ],
        firewall: {
          rules: [
            allowEstablished('windows-replies'),
            allow('nps-radius', { source: '172.16.20.10', udp: [1812, 1813, 1645, 1646] }),
            allow('ping', { icmp: [8] }),
          ],
          otherwise: { input: { name: 'windows-inbound-default', verdict: 'drop' } },
        },
      },
    ),
    ca1: host(
      { corp: { address: '10.10.0.8', gateway: '10.10.0.2', dns: ['10.10.0.6'] } },
      {
        os: 'windows-server-2022',
        ...domainMember,
        services: [webServer(), listener({ name: 'enrolment', tcp: [135] })],
      },
    ),
    intranet: host(
      { corp: { address: '10.10.0.20', gateway: '10.10.0.2', dns: ['10.10.0.6'] } },
      {
        os: 'windows-server-2022',
        ...domainMember,
        services: [
          webServer({ pages: { '/': 'Welcome to the Contoso intranet.\n' } }),
          webServer({
            certificate: 'web',
            pages: { '/': 'Welcome to the Contoso intranet.\n' },
          }),
        ],
        certificates: [
          {
            name: 'web',
            issuer: 'issuingCa',
            subject: 'CN=intranet.corp.contoso.com',
            dns: ['intranet.corp.contoso.com'],
            eku: ['serverAuth'],
            validFrom: days(-60),
            validFor: days(365),
          },
        ],
      },
    ),
    files: host(
      { corp: { address: '10.10.0.21', gateway: '10.10.0.2', dns: ['10.10.0.6'] } },
      {
        os: 'windows-server-2022',
        ...domainMember,
        services: [listener({ name: 'smb', tcp: [445] })],
      },
    ),
  },
})
