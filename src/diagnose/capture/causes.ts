/**
 * What a capture can show to be wrong with a dial, in words: the cause, where to look, what mends it, and which causes of the decision table look like this
 * from outside, by which the client's code is known. Not the proof, which is `verdict.ts`'s, and nothing that is encrypted.
 */
import type { ConnectFailure, Dial } from '../../windows/connect/failures.ts'
import { outcome } from '../../windows/outcomes.ts'

export type CaptureCause = keyof typeof CAUSES

export interface CauseWords {
  readonly text: string
  /** Where somebody finds out more. */
  readonly look: readonly string[]
  readonly fix: readonly string[]
  /** What the decision table knows that looks like this from outside, the most frequent first. */
  readonly failures: readonly (readonly [Dial, ConnectFailure])[]
}

const user = (failure: ConnectFailure) => ['ikev2-user', failure] as const
const device = (failure: ConnectFailure) => ['ikev2-device', failure] as const

const noAnswer = (waitedFor: 'IKE_SA_INIT' | 'IKE_AUTH', port: number): CauseWords['failures'] => [
  user({ kind: 'no-answer', waitedFor, port }),
]

const FRAGMENTATION = [
  'enable IKE fragmentation (RFC 7383): EnableServerFragmentation=1 below RemoteAccess\\Parameters\\Ikev2 of the gateway and a restart of RemoteAccess; clients from Windows 10 1803 on offer it, unless DisableIKEv2Fragmentation is set',
  'let IP fragments of UDP 500 and 4500 pass on every firewall and NAT between client and gateway',
  'make the message smaller: fewer trusted roots on the client (each is 20 octets of CERTREQ), shorter chains, ECDSA instead of RSA 4096',
]

const SUITES_FIX = [
  'the same CryptographySuite in the profile (Set-VpnConnectionIPsecConfiguration) as in the policy of the gateway (Set-VpnServerConfiguration -CustomPolicy), then restart RemoteAccess',
]

export const CAUSES = {
  'sa-init-unanswered': {
    text: 'IKE_SA_INIT is never answered: UDP 500 is closed or forwarded to nobody, RemoteAccess does not run, or the answer goes another way',
    look: [
      'the edge firewall: does UDP 500 arrive, and is it forwarded to the gateway’s external address?',
      'the gateway: a capture on its external interface, the service RemoteAccess, its routes (two default gateways send answers elsewhere)',
      'the network of the client: hotels block UDP 500',
    ],
    fix: ['open and forward UDP 500 and UDP 4500 to the same gateway, and start RemoteAccess'],
    failures: noAnswer('IKE_SA_INIT', 500),
  },
  'fragments-lost': {
    text: 'fragments of IKE_AUTH are lost: the message is larger than a packet may be, travels in IP fragments, and never arrives whole',
    look: [
      'a capture on the gateway’s external interface: which offsets arrive there?',
      'firewalls, NATs and load balancers between: counters of dropped fragments',
    ],
    fix: FRAGMENTATION,
    failures: noAnswer('IKE_AUTH', 4500),
  },
  'answer-fragments-lost': {
    text: 'fragments of the gateway’s answer are lost: it arrives in pieces of which some never come',
    look: [
      'a capture on the gateway’s external interface: do all fragments leave it?',
      'firewalls, NATs and load balancers between: counters of dropped fragments',
    ],
    fix: FRAGMENTATION,
    failures: noAnswer('IKE_AUTH', 4500),
  },
  'auth-unanswered': {
    text: 'IKE_SA_INIT is answered and IKE_AUTH is not: UDP 4500 is closed or forwarded to another host than UDP 500',
    look: [
      'the edge firewall: is UDP 4500 forwarded, and to the same host as UDP 500?',
      'a load balancer: do both ports of a client go to one gateway?',
    ],
    fix: ['open and forward UDP 4500 to the gateway that answers UDP 500'],
    failures: noAnswer('IKE_AUTH', 4500),
  },
  'answer-lost': {
    text: 'the gateway answers, and the client goes on asking: the answer is lost behind this place',
    look: ['what stands between here and the client: its NAT, its firewall, a second way back'],
    fix: ['let answers from UDP 500 and 4500 back to the client, by the way on which it asked'],
    failures: noAnswer('IKE_AUTH', 4500),
  },
  'ike-proposal-mismatch': {
    text: 'NO_PROPOSAL_CHOSEN: the gateway takes none of the IKE suites that the client offers',
    look: ['Get-VpnServerConfiguration on the gateway, CryptographySuite in the profile'],
    fix: SUITES_FIX,
    failures: [user({ kind: 'ike-proposal-mismatch' })],
  },
  'group-refused': {
    text: 'INVALID_KE_PAYLOAD: the gateway wants another Diffie-Hellman group, and the client does not come back with it',
    look: ['DHGroup of both sides, NegotiateDH2048_AES256 of the client'],
    fix: SUITES_FIX,
    failures: [user({ kind: 'ike-proposal-mismatch' })],
  },
  'cookie-not-returned': {
    text: 'the gateway asks for a cookie, and none comes back that it takes: somebody changes the client’s address on the way, or the client got no answer',
    look: ['a load balancer or carrier NAT that maps each packet anew', 'the load of the gateway'],
    fix: ['let packets of one client keep one address and one gateway'],
    failures: noAnswer('IKE_SA_INIT', 500),
  },
  'refused-in-clear': {
    text: 'the gateway refuses IKE_SA_INIT',
    look: ['the log of the gateway'],
    fix: ['see what the notification means: its name is in the evidence'],
    failures: noAnswer('IKE_SA_INIT', 500),
  },
  'nothing-after-sa-init': {
    text: 'the client says nothing after IKE_SA_INIT: it has no certificate that it could show for the device, or packets to UDP 4500 were left out of the capture',
    look: [
      'certificates of the computer (certlm.msc), CERTREQ of the gateway',
      'the filter of the capture',
    ],
    fix: ['enrol the computer for a certificate below an authority that the gateway trusts'],
    failures: [device({ kind: 'device-certificate-missing' })],
  },
  'refused-at-once': {
    text: 'the gateway refuses the first IKE_AUTH, before EAP: it has no certificate to show, does not accept the one of the device, or not what the client comes with',
    look: [
      'events of RemoteAccess on the gateway: 20168 its own certificate, 20276 UserAuthProtocolAccepted',
      'RootCertificateNameToAccept and CertificateEKUsToAccept of the gateway, its trusted roots, the certificate of the device',
    ],
    fix: [
      'give the gateway a certificate for servers with the dialled name, and accept what clients come with (Set-VpnAuthProtocol)',
    ],
    failures: [
      device({ kind: 'device-certificate-rejected', outcome: outcome('13801') }),
      user({ kind: 'server-certificate-missing' }),
      user({ kind: 'method-not-accepted', method: 'eap' }),
    ],
  },
  'gateway-not-wanted': {
    text: 'the client goes no further when the gateway has shown its certificate: it does not accept that certificate, has nothing for EAP, or, as a device, is refused address or ESP',
    look: [
      'the certificate of the gateway: the dialled name, Server Authentication, dates, and its root on the client',
    ],
    fix: [
      'a certificate with the name in Servers of the profile, below a root that the client trusts',
    ],
    failures: [
      user({
        kind: 'server-certificate-rejected',
        failure: 'pki/name-mismatch',
        outcome: outcome('13801'),
      }),
      user({ kind: 'server-certificate-missing' }),
      device({ kind: 'no-address' }),
      device({ kind: 'esp-proposal-mismatch' }),
    ],
  },
  'gateway-silent-in-eap': {
    text: 'EAP has begun, and the gateway stops answering: no RADIUS server answers it, or the way was lost meanwhile',
    look: [
      'events 20146, 20271 and 20049 of RemoteAccess on the gateway; 13 and 18 of NPS',
      'UDP 1812 through the inner firewall, the RADIUS client and the shared secret of NPS',
    ],
    fix: ['let the gateway reach NPS on UDP 1812, with the same secret on both sides'],
    failures: [user({ kind: 'radius-silent' }), ...noAnswer('IKE_AUTH', 4500)],
  },
  'eap-refused': {
    text: 'EAP ends with a refusal: NPS said no, or was not accepted by the client, or no RADIUS server answered',
    look: [
      'event 6273 in the Security log of NPS: its reason; none there: events 13 and 18 of NPS, 20146 of RemoteAccess',
    ],
    fix: ['what the reason of NPS asks for: group, policy, method, or certificate of the user'],
    failures: [
      user({ kind: 'nps-rejected', reason: 48 }),
      user({ kind: 'nps-rejected', reason: 16 }),
      user({ kind: 'nps-certificate-missing' }),
    ],
  },
  'client-stopped-in-eap': {
    text: 'the client stops in the middle of EAP: it has no certificate for the user, or does not accept that of NPS',
    look: [
      'certificates of the user (certmgr.msc); ServerNames and TrustedRootCA of the profile against the certificate of NPS',
    ],
    fix: ['enrol the user, or mend ServerNames and TrustedRootCA'],
    failures: [user({ kind: 'no-user-certificate' }), user({ kind: 'nps-certificate-missing' })],
  },
  'refused-at-end': {
    text: 'the gateway refuses the last IKE_AUTH: client and gateway have different keys of EAP',
    look: ['RADIUS proxies on the way and MS-MPPE keys in the Access-Accept'],
    fix: ['the same shared secret along the whole chain of RADIUS servers'],
    failures: [user({ kind: 'auth-mismatch' })],
  },
  'no-child': {
    text: 'authentication succeeds, and there is no tunnel: the last answer is too short for one, so it refuses the ESP suite, the address or the traffic',
    look: [
      'event 20167 of RemoteAccess: no address; CipherTransformConstants and AuthenticationTransformConstants of both sides',
    ],
    fix: ['enlarge the pool of the gateway', ...SUITES_FIX],
    failures: [
      user({ kind: 'no-address' }),
      user({ kind: 'esp-proposal-mismatch' }),
      user({ kind: 'ts-unacceptable' }),
    ],
  },
  'ike-v1': {
    text: 'the client dials with IKEv1: L2TP/IPsec, which Always On VPN does not use',
    look: ['NativeProtocolType of the profile: Automatic tries L2TP last'],
    fix: ['IKEv2 in NativeProtocolType'],
    failures: [],
  },
} as const satisfies Readonly<Record<string, CauseWords>>
