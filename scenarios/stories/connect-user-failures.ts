/**
 * Dials of IKEv2 that fail once the gateway has proved itself: RADIUS, NPS, the user's certificate, and what the last message of IKE_AUTH brings.
 * Not what fails before: `connect-failures.ts`.
 */
import {
  compose,
  fault,
  hours,
  seconds,
  withCertificateRevoked,
  withoutMember,
  withoutNtAuth,
  withoutRule,
  withoutTemplateAt,
  withProfileText,
  withNetworkPolicy,
  withRadiusClient,
  withRadiusSecret,
  withUser,
  withVpnGateway,
  type Story,
} from 'sallyport'
import { withService, type ContosoEdit } from './certificate-edits.ts'
import { OTHER_ESP, withGatewayPolicy, withOtherName, withTinyPool } from './connect-edits.ts'
import { both, deviceFirst, rowStory, type Row } from './connect-rows.ts'
import { offering } from './eap-edits.ts'

/** NPS has nothing that it could show. */
const withoutNpsCertificate = compose(
  withService('nps1', 'nps', { certificate: undefined }),
  withoutTemplateAt('issuingCa', 'npsServer'),
)

const radius: readonly Row[] = [
  {
    title: 'With another shared secret on either side users see 812, and devices come in',
    teaches:
      'NPS throws the request away with event 18; the gateway logs 20146 and 20271. A device needs no NPS.',
    cause: withRadiusSecret('gateway', 'mistyped'),
    attempts: [
      { fails: 'radius-silent', windows: '812', phase: 'P4', events: [18, 20146, 20271, 20227] },
    ],
  },
  {
    title: 'NPS hears no gateway whose address it does not know',
    teaches: 'Event 13 at NPS has the address; to the user it is 812 like much else.',
    cause: withRadiusClient('nps1', 'VPN1', { address: '172.16.10.10' }),
    attempts: [{ fails: 'radius-silent', windows: '812', phase: 'P4', events: [13, 20146, 20271] }],
  },
  {
    title: 'Without UDP 1812 through the inner firewall nobody is authenticated',
    teaches:
      'The gateway has proved itself, the user has not: the dial is in P4, and NPS has logged nothing.',
    cause: withoutRule('innerFirewall', 'radius-authentication'),
    attempts: [{ fails: 'radius-silent', windows: '812', phase: 'P4', events: [20146, 20271] }],
  },
  {
    title: 'Who is in no group that a policy names sees 812',
    teaches: 'Event 6273 with reason 48, and the policy that denied is the one that catches all.',
    before: (lab) => lab.apply(withoutMember('VPN Users', 'ada')),
    attempts: [
      { fails: 'nps-rejected', windows: '812', phase: 'P4', reason: 48, events: [6273, 20271] },
    ],
  },
  {
    title: 'A disabled account is rejected before its certificate counts',
    teaches: 'Reason 34; the certificate is good for another year, and nobody lets it in.',
    before: (lab) => lab.apply(withUser('ada', { disabled: true })),
    attempts: [
      { fails: 'nps-rejected', windows: '812', phase: 'P4', reason: 34, events: [6273, 20271] },
    ],
  },
  {
    title: 'A policy that offers another EAP than the profile has ends with reason 22',
    teaches:
      'PEAP on the client, plain EAP-TLS at NPS: both are sound, and they have nothing in common.',
    cause: offering([{ type: 'tls' }]),
    attempts: [
      { fails: 'nps-rejected', windows: '812', phase: 'P4', reason: 22, events: [6273, 20271] },
    ],
  },
  {
    title: 'NPS without a certificate has no PEAP to offer',
    teaches: 'The client is told that the root of the server cannot be found: 864.',
    cause: withoutNpsCertificate,
    attempts: [
      {
        fails: 'nps-certificate-missing',
        windows: '864',
        phase: 'P4',
        reason: 23,
        events: [6273, 20271],
      },
    ],
  },
  {
    title: 'A client that does not know NPS by its root gives up with 864',
    teaches:
      'TrustedRootCA in the profile is a thumbprint: a new root needs a new profile. NPS logs 265, as if the user had done it.',
    cause: withProfileText('laptop', (text) =>
      text.replace(/<TrustedRootCA>../g, '<TrustedRootCA>00'),
    ),
    attempts: [
      { fails: 'nps-certificate-rejected', windows: '864', phase: 'P4', events: [6273, 20271] },
    ],
  },
  {
    title: 'A client that expects another server name gives up on NPS',
    teaches: 'ServerNames lists every NPS that may ever answer; nps2 was added without it.',
    cause: withProfileText('laptop', (text) =>
      text.replaceAll('<ServerNames>nps1.', '<ServerNames>nps2.'),
    ),
    attempts: [{ fails: 'nps-certificate-rejected', windows: '812', phase: 'P4', events: [6273] }],
  },
  {
    title: 'A user without a certificate sees 798',
    teaches:
      'Nobody has signed in on that laptop where it could have enrolled. The gateway has proved itself; NPS has never heard of the user.',
    attempts: [
      {
        fails: 'no-user-certificate',
        windows: '798',
        phase: 'P4',
        events: [20227, 20255],
        on: 'mobileLaptop',
        options: { user: 'ada' },
      },
    ],
  },
  {
    title: 'A revoked user certificate ends with 6273',
    teaches: 'NPS looks at revocation by default, the gateway does not.',
    cause: withCertificateRevoked('laptop', 'user', { at: hours(-3), reason: 'keyCompromise' }),
    attempts: [
      { fails: 'nps-rejected', windows: '855', phase: 'P4', reason: 256, events: [6273, 20271] },
    ],
  },
  {
    title: 'An issuing authority that is not in NTAuth makes every user certificate 853',
    teaches: 'A chain that is sound for everything else is not enough to sign in with.',
    cause: withoutNtAuth('issuingCa'),
    attempts: [{ fails: 'nps-rejected', windows: '853', phase: 'P4', events: [6273, 20271] }],
  },
]

/** NPS thinks for a while about everything that it is asked. */
const slowNps = fault('NPS is slow', ({ udp }) =>
  udp?.sourcePort === 1812 ? { kind: 'deliver', after: seconds(3) } : { kind: 'pass' },
).from('nps1')

/** Somebody has put a key into the policy by hand: it goes into the answer before those of EAP. */
const withForeignKey: ContosoEdit = withNetworkPolicy(
  'nps1',
  'Virtual Private Network (VPN) Connections',
  {
    attributes: [{ name: 'MS-MPPE-Recv-Key', value: `0x80${'11'.repeat(49)}` }],
  },
)

const last: readonly Row[] = [
  {
    title: 'Keys of EAP that differ end a dial that NPS has let in',
    teaches:
      'Client and gateway prove the end of EAP by its key, which the gateway knows from MS-MPPE-Recv-Key: whoever meddles with it on the way, a policy or a proxy, breaks the last AUTH. NPS says 6272, and the client 13801.',
    cause: withForeignKey,
    attempts: [
      {
        fails: 'auth-mismatch',
        windows: '13801',
        phase: 'P5',
        events: [6272, 20255, 20227],
      },
    ],
  },
  {
    title: 'Who is not authenticated within NegotiateTime is dropped without a word',
    teaches:
      'NPS answers each question after three seconds, and PEAP has many. The gateway logs 20049; what the client shows then, no source says for sure.',
    cause: withVpnGateway('gateway', { negotiateTime: seconds(10) }),
    before: (lab) => lab.inject(slowNps),
    attempts: [
      { fails: 'negotiate-time-over', windows: '812', phase: 'P4', events: [20049, 20227] },
    ],
  },
  {
    title: 'When the pool is used up everything is right, and there is no tunnel',
    teaches:
      'NPS has let the user in (6272), the gateway has connected him (20250), and then there is no address (20167): 13899.',
    cause: withTinyPool,
    before: deviceFirst,
    attempts: [
      {
        fails: 'no-address',
        windows: '13899',
        phase: 'P5',
        events: [6272, 20250, 20167, 20227],
      },
    ],
  },
  {
    title: 'A device finds the pool used up as a user does',
    teaches: 'Every tunnel takes an address of its own: a laptop with both needs two.',
    cause: withTinyPool,
    before: ({ nodes }) => nodes.laptop.connect(),
    attempts: [
      {
        fails: 'no-address',
        windows: '13899',
        phase: 'P5',
        events: [20167, 20227],
        tunnel: 'device',
      },
    ],
  },
  {
    title: 'A mismatch of ESP shows in the last message, after everything else went well',
    teaches:
      'CipherTransformConstants is for the child: IKE stands and the user is in (6272) when NO_PROPOSAL_CHOSEN comes. It is 13868, three phases later than for IKE.',
    cause: withGatewayPolicy(OTHER_ESP),
    attempts: [
      {
        fails: 'esp-proposal-mismatch',
        windows: '13868',
        phase: 'P5',
        events: [6272, 20250, 20255, 20227],
      },
      {
        fails: 'esp-proposal-mismatch',
        windows: '13868',
        phase: 'P5',
        events: [20255, 20227],
        tunnel: 'device',
      },
    ],
  },
  {
    title: 'Of two faults the client shows the one that it meets first',
    teaches:
      'ESP does not fit, and the certificate is for another name: 13801. Whoever mends that sees 13868 next, and has broken nothing.',
    cause: compose(withGatewayPolicy(OTHER_ESP), withOtherName),
    attempts: both('server-certificate-rejected', { windows: '13801', phase: 'P3' }),
  },
]

export const connectUserFailures: readonly Story[] = [...radius, ...last].map(rowStory)
