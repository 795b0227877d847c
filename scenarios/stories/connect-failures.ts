/**
 * Every way in which a dial of IKEv2 comes to no tunnel before the user is asked, in the order in which it meets them: what the client shows, how far
 * it came, and what the gateway logs. Not what goes wrong from there on: `connect-user-failures.ts`.
 */
import {
  compose,
  days,
  hours,
  withCertificate,
  withCertificateRevoked,
  withoutAuthorityOn,
  withoutMember,
  withoutNatRule,
  withoutRecord,
  withRemoteAccess,
  withVpnClient,
  withVpnGateway,
  type Story,
} from 'sallyport'
import { withRevocationSwitches } from './certificate-edits.ts'
import {
  GROUP_14,
  withGatewayPolicy,
  withoutGatewayCertificate,
  withOtherName,
} from './connect-edits.ts'
import { both, deviceFirst, rowStory, type Row } from './connect-rows.ts'

const away: readonly Row[] = [
  {
    title: 'In the office Windows does not dial, and logs nothing of it',
    teaches:
      'TrustedNetworkDetection compares the DNS suffix that DHCP hands out. No dial is no event: an empty log on a client that does not connect says the same.',
    before: ({ nodes }) => nodes.laptop.moveTo('office'),
    attempts: both('not-attempted', { windows: null, phase: 'P0', events: [] }),
  },
  {
    title: 'A tunnel that somebody disconnected by hand stays down',
    teaches:
      'A click on Disconnect puts the profile into AutoTriggerDisabledProfilesList; Always On is off for it until somebody connects it by hand.',
    cause: withVpnClient('laptop', { disabledProfiles: ['user-tunnel'] }),
    attempts: [{ fails: 'not-attempted', windows: null, phase: 'P0' }],
  },
  {
    title: 'A gateway without an address in public DNS shows 868',
    teaches:
      'The A record of the name in Servers must be in the zone that the Internet sees: the client asks the resolver of whatever network it is on.',
    cause: withoutRecord('contosoPublic', 'vpn', 'A'),
    attempts: both('name-unresolved', { windows: '868', phase: 'P1', events: [20221, 20227] }),
  },
]

const silent: readonly Row[] = [
  {
    title: 'In a hotel that blocks UDP, IKE ends with 809 after half a minute',
    teaches:
      'The first message goes out again and again, and nothing ever comes back: event 20222, then 20227 with 809.',
    attempts: both('no-answer', {
      windows: '809',
      phase: 'P2',
      events: [20221, 20222, 20227],
    }).map((attempt) => ({ ...attempt, on: 'hotelLaptop' as const })),
  },
  {
    title: 'Where the edge forwards UDP 500 and not 4500, IKE begins and ends with 809',
    teaches:
      'IKE_SA_INIT is answered on port 500; behind a NAT everything after it goes by 4500. The same code, one phase later.',
    cause: withoutNatRule('edgeFirewall', 'publish-nat-t'),
    attempts: both('no-answer', { windows: '809', phase: 'P3', events: [20222, 20227] }),
  },
  {
    title: 'A gateway whose service is stopped looks like a firewall',
    teaches: '809 again: who sees it from outside cannot tell a closed port from a dead service.',
    cause: withRemoteAccess('gateway', 'stopped'),
    attempts: both('no-answer', { windows: '809', phase: 'P2', events: [20227] }),
  },
  {
    title: 'A gateway without IPv6 stops right after it has started',
    teaches:
      'Somebody has set DisabledComponents, as old guides advise: RemoteAccess terminates with event 7024, and clients see 809.',
    cause: withVpnGateway('gateway', { ipv6Disabled: true }),
    attempts: both('no-answer', { windows: '809', phase: 'P2', events: [20227] }),
  },
]

const full: readonly Row[] = [
  {
    title: 'A gateway without a free port of IKEv2 answers nobody',
    teaches:
      'The number of WAN miniports is the number of clients that can be connected. What the client shows then, no source says for sure.',
    cause: withVpnGateway('gateway', { ports: { ikev2: 1 } }),
    before: deviceFirst,
    attempts: [{ fails: 'no-port', windows: '807', phase: 'P2', events: [20227] }],
  },
  {
    title: 'With IKEv2 switched off at the gateway no tunnel comes about',
    teaches: 'No ports of IKEv2: neither tunnel has anywhere to go.',
    cause: withVpnGateway('gateway', { ports: { ikev2: 0 } }),
    attempts: both('no-port', { windows: '807', phase: 'P2', events: [20227] }),
  },
  {
    title: 'Clients behind one NAT are one peer, and a peer may have so many IKE SAs',
    teaches:
      'IkeNumEstablishedForInitialQuery counts by address: a branch office or a load balancer without transparency uses it up for all.',
    cause: withVpnGateway('gateway', { maxSasPerPeer: 1 }),
    before: deviceFirst,
    attempts: [{ fails: 'too-many-sas', windows: '809', phase: 'P2', events: [20227] }],
  },
  {
    title: 'A device is one too many as a user is',
    teaches: 'The gateway counts IKE SAs, and does not ask whose they are.',
    cause: withVpnGateway('gateway', { maxSasPerPeer: 1 }),
    before: ({ nodes }) => nodes.laptop.connect(),
    attempts: [
      { fails: 'too-many-sas', windows: '809', phase: 'P2', events: [20227], tunnel: 'device' },
    ],
  },
  {
    title: 'A custom policy at the gateway alone is 13868 for every client',
    teaches:
      'Set-VpnServerConfiguration and the CryptographySuite of the profiles belong together: the gateway takes its one suite, and no default of Windows.',
    cause: withGatewayPolicy(GROUP_14),
    attempts: both('ike-proposal-mismatch', {
      windows: '13868',
      phase: 'P2',
      events: [20222, 20227],
    }),
  },
]

const gatewayProof: readonly Row[] = [
  {
    title: 'A gateway without a certificate shows 13806',
    teaches:
      'It logs 20168 and says no more than AUTHENTICATION_FAILED. On a client 13806 reads as if its own certificate were meant.',
    cause: withoutGatewayCertificate,
    attempts: both('server-certificate-missing', {
      windows: '13806',
      phase: 'P3',
      events: [20168, 20227],
    }),
  },
  {
    title: 'A gateway whose certificate has another name is refused with 13801',
    teaches:
      'The name in Servers must be in the subject or among the DNS names. NPS is never asked, and the gateway logs no user.',
    cause: withOtherName,
    tags: ['core'],
    attempts: [
      {
        fails: 'server-certificate-rejected',
        windows: '13801',
        phase: 'P3',
        events: [20222, 20227],
      },
    ],
  },
  {
    title:
      'A device refuses a gateway with another name as a user does, and has shown itself first',
    teaches:
      'A device sends its certificate with its first message of IKE_AUTH: the gateway has let it in (20250) before it hears that it is not wanted.',
    cause: withOtherName,
    attempts: [
      {
        fails: 'server-certificate-rejected',
        windows: '13801',
        phase: 'P3',
        events: [20250, 20227],
        tunnel: 'device',
      },
    ],
  },
  {
    title: 'An expired certificate of the gateway is 13801, too',
    teaches: 'Nobody renews a certificate that was requested by hand. Code and phase do not tell.',
    cause: withCertificate('gateway', 'ike', { validFor: days(29) }),
    attempts: both('server-certificate-rejected', { windows: '13801', phase: 'P3' }),
  },
  {
    title: 'A certificate of the gateway that is not for servers is 13801',
    teaches: 'Server Authentication must be among its purposes; IP security IKE intermediate may.',
    cause: withCertificate('gateway', 'ike', { eku: ['clientAuth'] }),
    attempts: both('server-certificate-rejected', { windows: '13801', phase: 'P3' }),
  },
  {
    title: 'A client without the root of the company refuses the gateway',
    teaches:
      'Group policy brings the root to members of the domain; a laptop that was set up apart lacks it. Of device tunnels the field reports 13806 as well.',
    cause: withoutAuthorityOn('laptop', 'rootCa'),
    attempts: [
      { fails: 'server-certificate-rejected', windows: '13801', phase: 'P3' },
      { fails: 'server-certificate-rejected', windows: '13801', phase: 'P3', tunnel: 'device' },
      {
        fails: 'server-certificate-rejected',
        windows: '13806',
        tunnel: 'device',
        options: { assume: { deviceCodeOfUntrustedServer: '13806' } },
      },
    ],
  },
  {
    title: 'A gateway that accepts certificates alone turns users away',
    teaches:
      'UserAuthProtocolAccepted without EAP: the device tunnel comes up, the user tunnel fails before NPS hears of it, and event 20276 says why.',
    cause: withVpnGateway('gateway', { authentication: ['certificate'] }),
    attempts: [{ fails: 'method-not-accepted', windows: '812', phase: 'P4', events: [20276] }],
  },
  {
    title: 'A gateway that accepts EAP alone turns devices away',
    teaches: 'UserAuthProtocolAccepted is EAP alone unless somebody adds Certificate.',
    cause: withVpnGateway('gateway', { authentication: ['eap'] }),
    attempts: [
      {
        fails: 'method-not-accepted',
        windows: '13801',
        phase: 'P3',
        events: [20276],
        tunnel: 'device',
      },
    ],
  },
]

const devices: readonly Row[] = [
  {
    title: 'A device without a certificate never shows one: 13806',
    teaches:
      'The computer was not in the group that may enrol. Nothing is sent after IKE_SA_INIT, and the gateway logs nothing.',
    cause: withoutMember('VPN Devices', 'laptop'),
    attempts: [
      {
        fails: 'device-certificate-missing',
        windows: '13806',
        phase: 'P3',
        events: [20222, 20227],
        tunnel: 'device',
      },
    ],
  },
  {
    title: 'A revoked device is kept out only by a gateway that looks',
    teaches:
      'CertAuthFlags=4 makes RRAS fetch the list. On the wire there is AUTHENTICATION_FAILED and nothing more: 13801, as for every other cause.',
    cause: compose(
      withCertificateRevoked('laptop', 'device', { at: hours(-3), reason: 'keyCompromise' }),
      withRevocationSwitches('gateway', { certAuthFlags: 4 }),
    ),
    attempts: [
      {
        fails: 'device-certificate-rejected',
        windows: '13801',
        phase: 'P3',
        events: [20222, 20227],
        tunnel: 'device',
      },
    ],
  },
  {
    title: 'A device that is refused by a gateway without a certificate hears of itself first',
    teaches:
      'A device shows its certificate in its first message, and is judged before the gateway has to show its own: of two faults this one is met, and 20168 is not logged.',
    cause: compose(
      withoutGatewayCertificate,
      withVpnGateway('gateway', {
        deviceTunnel: { rootCertificateNames: ['CN=Fabrikam Root CA'] },
      }),
    ),
    attempts: [
      { fails: 'device-certificate-rejected', windows: '13801', phase: 'P3', tunnel: 'device' },
      { fails: 'server-certificate-missing', windows: '13806', phase: 'P3', events: [20168] },
    ],
  },
  {
    title: 'A root filter with another name keeps every device out',
    teaches:
      'RootCertificateNameToAccept names a root that the gateway does not even trust: it asks for none in CERTREQ, the device shows what it has, and is refused.',
    cause: withVpnGateway('gateway', {
      deviceTunnel: { rootCertificateNames: ['CN=Fabrikam Root CA'] },
    }),
    attempts: [
      { fails: 'device-certificate-rejected', windows: '13801', phase: 'P3', tunnel: 'device' },
    ],
  },
]

export const connectFailures: readonly Story[] = [
  ...away,
  ...silent,
  ...full,
  ...gatewayProof,
  ...devices,
].map(rowStory)
