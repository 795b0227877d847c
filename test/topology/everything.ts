/**
 * A topology in which every field of every type is written. `Required` makes the compiler refuse this file when a type gains a field,
 * and a test fails when the schema does not know it.
 */
import { days, ms, seconds } from '../../src/base/time.ts'
import type {
  ComputerSpec,
  DirectorySpec,
  KdcSpec,
  PasswordPolicySpec,
  UserSpec,
} from '../../src/topology/directory.ts'
import type {
  FilterSpec,
  NatRouterSpec,
  NatRuleSpec,
  RuleSpec,
} from '../../src/topology/firewall.ts'
import type {
  AuthorityRenewal,
  AuthoritySpec,
  CertificateSpec,
  EkuName,
  RequestSpec,
} from '../../src/topology/pki.ts'
import type { NpsRevocationSpec, RevocationSpec } from '../../src/topology/revocation.ts'
import type {
  DhcpServerSpec,
  DnsServerSpec,
  DomainControllerSpec,
  ListenerSpec,
  WebServerSpec,
} from '../../src/topology/services.ts'
import type { TemplateSpec, TemplateSubject } from '../../src/topology/templates.ts'
import type {
  FirewallSpec,
  HostSpec,
  InterfaceSpec,
  NatRouterNodeSpec,
  NetworkSpec,
  SwitchSpec,
  Topology,
} from '../../src/topology/topology.ts'
import { gateway, vpnClient } from './everything-gateway.ts'
import { nps, weeklyHours } from './everything-nps.ts'

const file = { path: 'x.zone', text: '', encoding: 'utf-8' } as const

export const rule: Required<RuleSpec> = {
  name: 'everything',
  id: 'FW-E-01',
  hook: 'forward',
  verdict: { reject: 'tcp-reset' },
  from: 'inside',
  to: 'wan',
  source: ['10.0.0.0/8', '!10.1.0.0/16'],
  destination: '2001:db8::/32',
  protocol: 47,
  udp: [500, [4500, 4501]],
  tcp: [],
  sourcePorts: [0],
  icmp: [8, [3, 4]],
  tcpFlags: { mask: ['syn', 'ack'], set: ['syn'] },
  state: ['new', 'established', 'related', 'invalid'],
  log: true,
}
const nat: readonly NatRuleSpec[] = [
  { kind: 'dnat', name: 'in', from: 'wan', toAddress: '10.0.0.2', toPort: 1, udp: [1], tcp: [2] },
  { kind: 'snat', name: 'out', to: 'wan', toAddress: '192.0.2.1', toPorts: [1024, 65_535] },
  { kind: 'masquerade', name: 'rest', toPorts: [1, 2], protocol: 'esp', source: '10.0.0.0/8' },
]
const filter: Required<FilterSpec> = {
  zones: { inside: ['lan'] },
  rules: [rule],
  otherwise: {
    forward: { name: 'f', verdict: 'drop' },
    input: { name: 'i', verdict: 'drop' },
    output: { name: 'o', verdict: 'accept' },
  },
  nat,
  sessions: {
    udp: seconds(1),
    udpStream: seconds(1),
    icmp: seconds(1),
    generic: seconds(1),
    tcpSynSent: seconds(1),
    tcpSynReceived: seconds(1),
    tcpEstablished: seconds(1),
    tcpFinWait: seconds(1),
    tcpCloseWait: seconds(1),
    tcpLastAck: seconds(1),
    tcpTimeWait: seconds(1),
    tcpClose: seconds(1),
  } satisfies Required<FilterSpec['sessions']>,
}
const dnsServer: Required<DnsServerSpec> = {
  service: 'dns-server',
  zones: ['corp'],
  recursion: true,
  forwarders: ['192.0.2.53'],
  conditionalForwarders: { 'example.com': ['192.0.2.53'] },
  rootHints: ['192.0.2.53'],
  scopes: { outside: 'corp' },
  policies: [
    {
      name: 'p',
      action: 'allow',
      clientSubnet: '10.0.0.0/8',
      serverInterface: '10.0.0.1',
      fqdn: '*.example.com',
      scope: 'outside',
      recursion: false,
    } satisfies Required<NonNullable<DnsServerSpec['policies']>[number]>,
  ],
}
const dhcpServer: Required<DhcpServerSpec> = {
  service: 'dhcp-server',
  network: 'lan',
  pool: ['10.0.0.100', '10.0.0.200'],
  router: '10.0.0.1',
  dns: ['10.0.0.1'],
  suffix: 'corp.contoso.com',
  lease: days(8),
}
const webServer: Required<WebServerSpec> = {
  service: 'web-server',
  port: 80,
  certificate: 'ike',
  pages: { '/': 'hi' },
}
const listener: Required<ListenerSpec> = {
  service: 'listener',
  name: 'l',
  udp: [1],
  tcp: [2],
  speaks: 'ike',
}
const npsRevocation: Required<NpsRevocationSpec> = {
  ignoreNoRevocationCheck: true,
  ignoreRevocationOffline: true,
  noRevocationCheck: true,
  noRootRevocationCheck: true,
}
const revocation: Required<RevocationSpec> = {
  nps: { eapTls: npsRevocation, peap: npsRevocation },
  certAuthFlags: 4,
  certValidationLevel: 'RequireCrlCheck',
  noCertRevocationCheck: true,
}
const domainController: Required<DomainControllerSpec> = {
  service: 'domain-controller',
  globalCatalog: true,
}
const EKUS: readonly EkuName[] = [
  'serverAuth',
  'clientAuth',
  'ikeIntermediate',
  'smartCardLogon',
  'anyPurpose',
  'encryptingFileSystem',
  'emailProtection',
  'ocspSigning',
]
const certificate: Required<CertificateSpec> = {
  mirrors: { path: 'gateway.pem', base64: 'MAA=' },
  name: 'ike',
  issuer: 'root',
  subject: 'CN=vpn',
  dns: ['*.contoso.com'],
  upn: ['ada@contoso.com'],
  eku: EKUS,
  validFrom: days(-1),
  validFor: days(1),
  revoked: { at: days(-1), reason: 'certificateHold', releasedAt: days(1) },
  sendsChain: false,
  template: 'vpnUser',
  for: 'ada',
  request: {
    subject: 'CN=vpn',
    dns: ['vpn.contoso.com'],
    upn: ['ada@contoso.com'],
    sid: 'S-1-5-21-1-2-3-1105',
    keySize: 2048,
  } satisfies Required<RequestSpec>,
}
const template: Required<TemplateSpec> = {
  base: 'OCSP Response Signing',
  displayName: 'VPN User Authentication',
  oid: '1.3.6.1.4.1.311.21.8.1.2.3',
  schemaVersion: 4,
  majorVersion: 100,
  minorVersion: 7,
  subject: {
    from: 'directory',
    name: 'distinguished-name',
    emailInSubject: true,
    email: true,
    dns: true,
    upn: true,
    spn: true,
  } satisfies Required<TemplateSubject>,
  eku: EKUS,
  validFor: days(365),
  renewBefore: days(42),
  permissions: { 'VPN Users': ['read', 'enroll', 'autoenroll'], 'Domain Users': [] },
  exportable: true,
  providers: ['tpm', 'software-ksp', 'legacy-csp'],
  minimumKeySize: 2048,
  hash: 'sha384',
  publishInAd: true,
  supersedes: ['vpnUser'],
  certificate: 'user',
}
const authority: Required<AuthoritySpec> = {
  mirrors: { path: 'root.cer', base64: 'MAA=' },
  subject: 'CN=Issuing',
  issuer: 'root',
  validFrom: days(-1),
  validFor: days(1),
  crlUrls: ['http://a/x.crl', 'ldap:///CN=x'],
  aiaUrls: ['http://a/x.crt'],
  publishedOn: 'pc',
  crl: {
    thisUpdate: days(-1),
    every: days(7),
    overlap: days(1),
    delta: { every: days(1), overlap: days(0), urls: ['http://a/x+.crl'] },
  },
  ocsp: {
    urls: ['http://a/ocsp'],
    publishedOn: 'pc',
    validFor: days(1),
    signer: 'delegate',
    signerValidFor: days(7),
    nonces: true,
    fails: 'tryLater',
  },
  pathLength: 0,
  templates: ['vpnUser'],
  requesters: ['Authenticated Users'],
  runsOn: 'pc',
  sidExtension: false,
  maximumValidity: days(730),
  renewals: [{ at: days(5), key: 'new', validFor: days(9) } satisfies Required<AuthorityRenewal>],
}
export const nic: Required<InterfaceSpec> = {
  network: 'lan',
  address: '10.0.0.1/16',
  alsoAt: ['10.0.0.9'],
  gateway: '10.0.0.254',
  dns: ['10.0.0.1'],
  suffix: 'corp.contoso.com',
  metric: 25,
  category: 'domain',
}
const network: Required<NetworkSpec> = {
  prefix: '10.0.0.0/24',
  vlan: 10,
  latency: ms(1),
  jitter: ms(1),
  loss: 0.5,
  bandwidth: 1e9,
  queue: 10,
  mtu: 9000,
}
const ip = {
  interfaces: [nic],
  routes: [{ to: '0.0.0.0/0', via: '10.0.0.254', metric: 1 }],
  services: [dnsServer, dhcpServer, webServer, listener, gateway, nps, domainController],
  os: 'windows-11',
  clock: { offset: days(-400), driftPpm: -20 },
  certificates: [certificate],
  trusts: ['root'],
  intermediates: ['issuing'],
  distrusts: ['issuing'],
  revocation,
} as const
export const host: Required<HostSpec> = {
  kind: 'host',
  ...ip,
  forwards: true,
  firewall: filter,
  profiles: { user: file, device: file },
  roams: ['wan'],
  groupPolicyNrpt: [{ namespace: '.corp', servers: ['10.0.0.1'] }, { namespace: '*.x' }],
  suffixSearchList: ['contoso.com'],
  users: ['ada'],
  vpnClient,
}
const account = {
  created: days(-900),
  disabled: true,
  expires: days(1),
  sid: 'S-1-5-21-1-2-3-1105',
  altSecurityIdentities: ['X509:<SKI>00'],
  dialIn: 'policy',
  callerId: '203.0.113.9',
  framedIpAddress: '10.99.0.9',
} as const
const user: Required<UserSpec> = {
  ...account,
  name: 'Ada Lovelace',
  upn: 'ada@contoso.com',
  mail: 'ada@contoso.com',
  locked: true,
  password: 'Passw0rd!',
  passwordSet: days(-3),
  mustChangePassword: true,
  passwordNeverExpires: true,
  reversibleEncryption: true,
  smartCardRequired: true,
  logonHours: [weeklyHours],
  remoteAccessLocked: true,
}
const computer: Required<ComputerSpec> = {
  ...account,
  sid: 'S-1-5-21-1-2-3-1106',
  joined: true,
  dnsName: 'pc.contoso.com',
}
const directory: Required<DirectorySpec> = {
  domain: 'corp.contoso.com',
  netbios: 'CORP',
  users: { ada: user },
  computers: { pc: computer },
  groups: { 'VPN Users': ['ada', 'Everybody'], Everybody: ['VPN Users', 'Domain Users', 'pc'] },
  autoenrolment: { user: true, computer: false },
  ntAuth: ['issuing'],
  passwordPolicy: {
    maximumAge: days(42),
    minimumLength: 7,
    complexity: true,
    lockoutThreshold: 5,
  } satisfies Required<PasswordPolicySpec>,
  trustedDomains: ['fabrikam.com'],
  kdc: {
    strongCertificateBindingEnforcement: 1,
    certificateBackdatingCompensation: days(1),
    updatedUntil: '2025-01-14',
  } satisfies Required<KdcSpec>,
}
const natRouter: Required<NatRouterSpec> = {
  outside: 'lan',
  mapping: 'address-dependent',
  filtering: 'address-and-port-dependent',
  hairpinning: true,
  timeouts: { udp: seconds(1), tcp: seconds(1), icmp: seconds(1) },
  forwards: [{ name: 'f', udp: 1, tcp: 1, toAddress: '10.0.0.2', toPort: 2 }],
  blocks: [{ name: 'b', protocol: 'udp', ports: [1], exceptPorts: [[2, 3]] }],
  dropsFragments: true,
}
const router: Required<NatRouterNodeSpec> = { kind: 'nat-router', ...ip, nat: natRouter }
const edge: Required<FirewallSpec> = { kind: 'firewall', ...ip, filter }
const cabinet: Required<SwitchSpec> = {
  kind: 'switch',
  networks: ['lan'],
  trunks: [{ to: 'pc', allows: ['lan'] }],
}
export const everything: Required<Topology> = {
  name: 'everything',
  description: 'all fields',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: network, wan: { prefix: '192.0.2.0/24' } },
  zones: { corp: { origin: 'corp.contoso.com', file } },
  authorities: { root: { subject: 'CN=Root', validFor: days(1) }, issuing: authority },
  templates: { vpnUser: template },
  directory,
  nodes: { pc: host, edge, router, cabinet },
}
