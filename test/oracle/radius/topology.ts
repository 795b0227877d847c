/**
 * The network that both RADIUS servers are made of: one NPS, one domain, and a client that holds every kind of certificate.
 * It begins today, because FreeRADIUS and eapol_test read the wall clock. Passwords come from the seed.
 */
import type { Rng } from '../../../src/base/rng.ts'
import { days, hours } from '../../../src/base/time.ts'
import { nps, vpnConnectionRequestPolicy, vpnNetworkPolicy } from '../../../src/topology/nps.ts'
import {
  dnsServer,
  domainController,
  vpnGateway,
  webServer,
} from '../../../src/topology/services.ts'
import { npsServerTemplate, vpnUserTemplate } from '../../../src/topology/templates.ts'
import { host, topology, type HostSpec, type Topology } from '../../../src/topology/topology.ts'
import type { UserSpec } from '../../../src/topology/directory.ts'
import { profileFor } from './profile.ts'
import { sourceFile } from '../../../src/topology/files.ts'

export const DOMAIN = 'corp.contoso.com'
export const NPS_NAME = 'nps.corp.contoso.com'

/** Addresses that clients ask from; the last two are none that NPS answers. */
export const CLIENTS = {
  gateway: '10.0.0.10',
  strict: '10.0.0.11',
  range: '10.0.0.70',
  disabled: '10.0.0.12',
  unknown: '10.0.0.13',
} as const

/** The loopback address that stands for an address of the network. */
export const onLoopback = (address: string): string => address.replace(/^10\.0\.0\./, '127.0.0.')

export const USERS = [
  'ada',
  'bob',
  'carol',
  'dave',
  'erin',
  'frank',
  'grace',
  'heidi',
  'ivan',
  'judy',
  'ken',
  'lea',
] as const
export type User = (typeof USERS)[number]

/** What is particular about each user; the others are as ada is. */
const PARTICULARS: Readonly<Partial<Record<User, UserSpec>>> = {
  bob: { reversibleEncryption: true },
  dave: { disabled: true },
  erin: { expires: days(-2) },
  frank: { logonHours: [] },
  grace: { dialIn: 'deny' },
  heidi: { locked: true },
  ivan: { mustChangePassword: true },
  judy: { passwordSet: days(-60) },
  ken: { smartCardRequired: true },
  lea: { dialIn: 'allow' },
}

export interface Secrets {
  readonly secret: string
  readonly passwords: Readonly<Record<User, string>>
}

/** Words that are typed with care: spaces, quotes and letters outside ASCII are in them. */
export function drawSecrets(rng: Rng): Secrets {
  const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#%+-_ \\"\''
  const drawn = (length: number): string =>
    Array.from({ length }, () => letters[rng.below(letters.length)]!).join('')
  return {
    secret: `s${drawn(18).replaceAll(/[ #'-]/g, 'x')}x`,
    passwords: Object.fromEntries(
      USERS.map((user) => [user, `P${drawn(8 + rng.below(13))}1a!`]),
    ) as Record<User, string>,
  }
}

const root = { trusts: ['rootCa'], intermediates: ['issuingCa'] } as const
const PUBLISHED = 'ca'
const authority = {
  validFrom: days(-300),
  validFor: days(2000),
  crl: { thisUpdate: hours(-2), validFor: days(20) },
}

/** As it stands when no case changes it: PEAP with certificates inside, for members of VPN Users, on virtual ports. */
export function oracleTopology({ secret, passwords }: Secrets, start: string): Topology {
  const crl = (name: string) =>
    ({ crlUrls: [`http://10.0.0.8/${name}.crl`], publishedOn: PUBLISHED }) as const
  const users = Object.fromEntries(
    USERS.map((user) => [user, { password: passwords[user], ...PARTICULARS[user] }]),
  )
  const oracle = topology({
    name: 'radius-oracle',
    start,
    networks: { lan: '10.0.0.0/24' },
    zones: {
      corp: { origin: DOMAIN, file: sourceFile(import.meta.url, './corp.zone') },
    },
    authorities: {
      rootCa: { ...authority, subject: 'CN=Oracle Root CA', ...crl('root') },
      issuingCa: {
        ...authority,
        subject: 'CN=Oracle Issuing CA',
        issuer: 'rootCa',
        templates: ['vpnUser', 'npsServer'],
        ...crl('issuing'),
      },
      /** Below the same root, but nobody let it sign people in. */
      partnerCa: {
        ...authority,
        subject: 'CN=Oracle Partner CA',
        templates: ['vpnUser'],
        issuer: 'rootCa',
        ...crl('partner'),
      },
      /** In NTAuth, but its list is not where it says. */
      silentCa: {
        ...authority,
        subject: 'CN=Oracle Silent CA',
        templates: ['vpnUser'],
        issuer: 'rootCa',
        crlUrls: ['http://10.0.0.8/silent.crl'],
      },
      strangerCa: {
        ...authority,
        subject: 'CN=Stranger Root CA',
        templates: ['vpnUser'],
        ...crl('stranger'),
      },
    },
    templates: {
      vpnUser: vpnUserTemplate({ permissions: { 'Domain Users': ['read', 'enroll'] } }),
      npsServer: npsServerTemplate({
        permissions: { 'NPS Servers': ['read', 'enroll'] },
        certificate: 'autoenrolled',
      }),
    },
    directory: {
      domain: DOMAIN,
      users,
      groups: {
        Staff: USERS.filter((user) => user !== 'carol' && user !== 'bob'),
        'VPN Users': ['Staff', 'bob'],
        'NPS Servers': ['nps'],
        'RAS and IAS Servers': ['nps'],
      },
      ntAuth: ['issuingCa', 'silentCa'],
      // FreeRADIUS maps by name alone; so does a domain of that time, and accounts that may not enrol can hold a certificate made by hand.
      kdc: { strongCertificateBindingEnforcement: 1, updatedUntil: '2024-06-11' },
    },
    nodes: {
      nps: host(
        { lan: { address: '10.0.0.7', dns: ['10.0.0.6'] } },
        {
          os: 'windows-server-2022',
          ...root,
          intermediates: ['issuingCa', 'silentCa'],
          certificates: [{ name: 'nps', template: 'npsServer', dns: [NPS_NAME] }],
          services: [
            nps({
              certificate: 'nps',
              clients: [
                { name: 'VPN1', address: CLIENTS.gateway, secret },
                { name: 'The twin’s own gateway', address: '10.0.0.1', secret },
                {
                  name: 'Strict',
                  address: CLIENTS.strict,
                  secret,
                  requiresMessageAuthenticator: true,
                },
                { name: 'Branches', address: '10.0.0.64/28', secret },
                { name: 'Old', address: CLIENTS.disabled, secret, enabled: false },
              ],
              connectionRequestPolicies: [vpnConnectionRequestPolicy()],
              networkPolicies: [vpnNetworkPolicy({ group: 'VPN Users' })],
            }),
          ],
        },
      ),
      dc: host(
        { lan: { address: '10.0.0.6', dns: ['10.0.0.6'] } },
        {
          os: 'windows-server-2022',
          ...root,
          services: [dnsServer({ zones: ['corp'] }), domainController()],
        },
      ),
      ca: host(
        { lan: { address: '10.0.0.8', dns: ['10.0.0.6'] } },
        { os: 'windows-server-2022', ...root, services: [webServer()] },
      ),
      gateway: host(
        { lan: { address: CLIENTS.gateway, dns: ['10.0.0.6'] } },
        { os: 'windows-server-2022', ...root, services: [vpnGateway()] },
      ),
      /** Trusts nobody whom NPS could have its certificate from. */
      visitor: client('10.0.0.21', { trusts: ['strangerCa'] }),
      certain: client('10.0.0.22', { ...root, profiles: { user: profileFor(NPS_NAME) } }),
      mistaken: client('10.0.0.23', {
        ...root,
        profiles: { user: profileFor('other.corp.contoso.com') },
      }),
      laptop: host(
        { lan: { address: '10.0.0.20', dns: ['10.0.0.6'] } },
        {
          // It takes every root that the machine trusts; Windows 11 wants a profile that lists one.
          os: 'windows-10',
          ...root,
          users: [...USERS],
          certificates: [
            ...USERS.map(certificateOf),
            adas('ada-server-only', { eku: ['serverAuth'] }),
            adas('ada-any-purpose', { eku: ['anyPurpose'] }),
            adas('ada-stranger', { issuer: 'strangerCa' }),
            adas('ada-partner', { issuer: 'partnerCa' }),
            adas('ada-silent', { issuer: 'silentCa' }),
            adas('ada-expired', { validFrom: days(-100), validFor: days(50) }),
            adas('ada-future', { validFrom: days(5), validFor: days(50) }),
            adas('ada-revoked', { revoked: { at: days(-1), reason: 'keyCompromise' } }),
            adas('ada-nameless', { upn: ['nobody@nowhere.example'] }),
            adas('ada-no-chain', { sendsChain: false }),
          ],
        },
      ),
    },
  })
  return oracle
}

/** Who is disabled, expired or locked out is given nothing by a CA any more: such a certificate is from before. */
const certificateOf = (name: User) =>
  ['dave', 'erin', 'heidi'].includes(name)
    ? ({
        name,
        issuer: 'issuingCa',
        subject: `CN=${name}`,
        upn: [`${name}@${DOMAIN}`],
        eku: ['clientAuth'],
        validFrom: days(-100),
        validFor: days(365),
      } as const)
    : ({ name, template: 'vpnUser', for: name } as const)

/** Where ada signs in. */
const client = (address: string, spec: Pick<HostSpec, 'trusts' | 'intermediates' | 'profiles'>) =>
  host(
    { lan: { address, dns: ['10.0.0.6'] } },
    { os: 'windows-10', users: ['ada'], certificates: [certificateOf('ada')], ...spec },
  )

const adas = <const C extends object>(name: string, change: C) =>
  ({ name, template: 'vpnUser', for: 'ada', ...change }) as const
