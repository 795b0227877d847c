/**
 * The network that the twin and charon are both made of: one gateway, one NPS, one laptop, and a visitor whom nobody here vouches for. It begins
 * today, because charon and FreeRADIUS read the wall clock. Passwords come from the seed.
 */
import type { Rng } from '../../../src/base/rng.ts'
import { days, hours } from '../../../src/base/time.ts'
import { sourceFile } from '../../../src/topology/files.ts'
import { nps, vpnConnectionRequestPolicy, vpnNetworkPolicy } from '../../../src/topology/nps.ts'
import {
  dnsServer,
  domainController,
  vpnGateway,
  webServer,
} from '../../../src/topology/services.ts'
import {
  deviceTemplate,
  npsServerTemplate,
  vpnServerTemplate,
  vpnUserTemplate,
} from '../../../src/topology/templates.ts'
import { host, topology, type Topology } from '../../../src/topology/topology.ts'

export const DOMAIN = 'corp.contoso.com'
export const NPS_NAME = `nps.${DOMAIN}`
export const GATEWAY_NAME = 'vpn.contoso.com'

/** On the cable between the two. */
export const GATEWAY_AT = '10.1.0.1'
export const CLIENT_AT = '10.1.0.2'
export const CLIENT_MOVES_TO = '10.1.0.4'
const PUBLIC_DNS = '10.1.0.9'
/** Hosts behind the gateway, one of which answers pings, and its DNS server. */
export const INSIDE_HOST = '10.10.0.9'
export const INSIDE_DNS = '10.10.0.6'
/** What its web server says. */
export const INSIDE_PAGE = 'through the tunnel'
export const INSIDE_NAME = `intranet.${DOMAIN}`
/** More than nine tenths of 1,024 KB with its headers, at which an SA is renewed, and less than all of it. */
export const LARGE_PAGE = { path: '/large', bytes: 950_000 } as const

export const USERS = ['ada', 'carol'] as const
export type User = (typeof USERS)[number]

export interface Secrets {
  readonly radius: string
  readonly passwords: Readonly<Record<User, string>>
}

/** Spaces, quotes, backslashes and the characters that mean something in swanctl.conf are in them. */
export function drawSecrets(rng: Rng): Secrets {
  const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#%+-_ \\"\'{}=$,:'
  const drawn = (length: number): string =>
    Array.from({ length }, () => letters[rng.below(letters.length)]!).join('')
  return {
    radius: `s${drawn(18).replaceAll(/[^A-Za-z0-9]/g, 'x')}x`,
    passwords: Object.fromEntries(
      USERS.map((user) => [user, `P${drawn(8 + rng.below(13))}1a!`]),
    ) as Record<User, string>,
  }
}

const root = { trusts: ['rootCa'], intermediates: ['issuingCa'] } as const
const authority = {
  validFrom: days(-300),
  validFor: days(2000),
  crl: { thisUpdate: hours(-2), validFor: days(20) },
}
const crl = (name: string) =>
  ({ crlUrls: [`http://10.10.0.8/${name}.crl`], publishedOn: 'ca' }) as const
const device = (issuer?: 'strangerCa') =>
  ({
    name: 'device',
    issuer: issuer ?? 'issuingCa',
    subject: 'CN=laptop.corp.contoso.com',
    dns: ['laptop.corp.contoso.com'],
    eku: ['clientAuth', 'ikeIntermediate'],
    validFor: days(365),
  }) as const

/** As it stands when no case changes it: EAP-TLS and EAP-MSCHAPv2 for members of VPN Users, and computers by their certificates. */
export function oracleTopology({ radius, passwords }: Secrets, start: string): Topology {
  const oracle = topology({
    name: 'ikev2-oracle',
    start,
    networks: { outside: '10.1.0.0/24', inside: '10.10.0.0/24' },
    zones: {
      corp: { origin: DOMAIN, file: sourceFile(import.meta.url, './corp.zone') },
      public: { origin: 'contoso.com', file: sourceFile(import.meta.url, './contoso.com.zone') },
    },
    authorities: {
      rootCa: { ...authority, subject: 'CN=Oracle Root CA', ...crl('root') },
      issuingCa: {
        ...authority,
        subject: 'CN=Oracle Issuing CA',
        issuer: 'rootCa',
        templates: ['vpnUser', 'vpnServer', 'npsServer', 'vpnDevice'],
        ...crl('issuing'),
      },
      strangerCa: { ...authority, subject: 'CN=Stranger Root CA', ...crl('stranger') },
    },
    templates: {
      vpnUser: vpnUserTemplate({ permissions: { 'Domain Users': ['read', 'enroll'] } }),
      vpnServer: vpnServerTemplate(),
      npsServer: npsServerTemplate({
        permissions: { 'NPS Servers': ['read', 'enroll'] },
        certificate: 'autoenrolled',
      }),
      vpnDevice: deviceTemplate(),
    },
    directory: {
      domain: DOMAIN,
      users: Object.fromEntries(USERS.map((user) => [user, { password: passwords[user] }])),
      groups: {
        'VPN Users': ['ada'],
        'VPN Servers': ['gateway'],
        'NPS Servers': ['nps'],
        'RAS and IAS Servers': ['nps'],
      },
      ntAuth: ['issuingCa'],
      // FreeRADIUS maps certificates by name alone; so does a domain of that time.
      kdc: { strongCertificateBindingEnforcement: 1, updatedUntil: '2024-06-11' },
    },
    nodes: {
      dc: host(
        { inside: { address: INSIDE_DNS, dns: [INSIDE_DNS] } },
        {
          os: 'windows-server-2022',
          ...root,
          services: [dnsServer({ zones: ['corp'] }), domainController()],
        },
      ),
      ca: host(
        { inside: { address: '10.10.0.8', dns: [INSIDE_DNS] } },
        { os: 'windows-server-2022', ...root, services: [webServer()] },
      ),
      intranet: host(
        { inside: { address: INSIDE_HOST, dns: [INSIDE_DNS] } },
        {
          os: 'windows-server-2022',
          ...root,
          services: [
            webServer({
              pages: { '/': INSIDE_PAGE, [LARGE_PAGE.path]: 'x'.repeat(LARGE_PAGE.bytes) },
            }),
          ],
        },
      ),
      nps: host(
        { inside: { address: '10.10.0.7', dns: [INSIDE_DNS] } },
        {
          os: 'windows-server-2022',
          ...root,
          certificates: [{ name: 'nps', template: 'npsServer', dns: [NPS_NAME] }],
          services: [
            nps({
              certificate: 'nps',
              clients: [{ name: 'VPN1', address: '10.10.0.10', secret: radius }],
              connectionRequestPolicies: [vpnConnectionRequestPolicy()],
              networkPolicies: [
                vpnNetworkPolicy({
                  group: 'VPN Users',
                  constraints: { authentication: { eap: [{ type: 'tls' }, { type: 'mschapv2' }] } },
                }),
              ],
            }),
          ],
        },
      ),
      gateway: host(
        { outside: GATEWAY_AT, inside: { address: '10.10.0.10', dns: [INSIDE_DNS] } },
        {
          os: 'windows-server-2022',
          ...root,
          services: [
            vpnGateway({
              certificate: 'ike',
              radius: [{ server: 'nps', secret: radius }],
              pool: '10.10.0.128/25',
              authentication: ['eap', 'certificate'],
              deviceTunnel: { rootCertificateNames: ['CN=Oracle Root CA'] },
            }),
          ],
          certificates: [
            {
              name: 'ike',
              template: 'vpnServer',
              request: { subject: `CN=${GATEWAY_NAME}`, dns: [GATEWAY_NAME] },
              validFrom: days(-30),
            },
          ],
        },
      ),
      publicDns: host(
        { outside: PUBLIC_DNS },
        { os: 'linux', services: [dnsServer({ zones: ['public'] })] },
      ),
      laptop: host(
        { outside: { address: CLIENT_AT, dns: [PUBLIC_DNS] } },
        {
          os: 'windows-10',
          ...root,
          users: [...USERS],
          certificates: [
            device(),
            ...USERS.map((user) => ({ name: user, template: 'vpnUser', for: user })),
          ],
        },
      ),
      /** Trusts nobody whom the gateway could have its certificate from. */
      visitor: host(
        { outside: { address: '10.1.0.3', dns: [PUBLIC_DNS] } },
        {
          os: 'windows-10',
          trusts: ['strangerCa'],
          intermediates: ['issuingCa'],
          users: ['ada'],
          certificates: [device(), { name: 'ada', template: 'vpnUser', for: 'ada' }],
        },
      ),
      /** Shows a certificate that nobody behind the gateway trusts. */
      impostor: host(
        { outside: { address: '10.1.0.5', dns: [PUBLIC_DNS] } },
        { os: 'windows-10', ...root, certificates: [device('strangerCa')] },
      ),
    },
  })
  return oracle
}
