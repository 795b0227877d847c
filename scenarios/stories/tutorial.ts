/**
 * The tutorial, module by module: what to do, why, and the stories in which its verifications hold. Verifications that no other story has are told here. Not the
 * walkthrough itself, and no list of faults: a module names stories that hold when it was done well.
 */
import { story, withoutRule, type Story } from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'

export type ModuleId =
  | 'M0'
  | 'M1'
  | 'M2'
  | 'M3'
  | 'M4'
  | 'M5'
  | 'M6'
  | 'M7'
  | 'M8'
  | 'M9'
  | 'M10'
  | 'M11'
  | 'M12'
  | 'M13'
  | 'M14'
  | 'M15'

export interface TutorialModule {
  readonly title: string
  /** What to do, in order. */
  readonly steps: readonly string[]
  readonly why: string
  /** Titles of stories, of this file or another. */
  readonly verifiedBy: readonly string[]
}

const PAGE = 'https://intranet.corp.contoso.com/'
const RADIUS_PORTS = [1812, 1813] as const

const own = {
  reach: story({
    title: 'M0: The two firewalls let through what the plan says, and nothing else',
    teaches:
      'A matrix of who reaches whom, drawn before anything is installed, is what later faults are held against.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const reaches = [
        { from: 'laptop', to: 'gateway', udp: 500 },
        { from: 'laptop', to: 'gateway', udp: 4500 },
        { from: 'gateway', to: 'nps1', udp: 1812 },
        { from: 'gateway', to: 'dc1', udp: 53 },
      ] as const
      for (const query of reaches) expect(await lab.probe(query)).toArrive({ at: query.to })
      const blocked = [
        { from: 'laptop', to: 'gateway', tcp: 3389 },
        { from: 'laptop', to: 'nps1', udp: 1812 },
        { from: 'gateway', to: 'nps1', tcp: 3389 },
      ] as const
      for (const query of blocked) expect(await lab.probe(query)).not.toArrive({ at: query.to })
    },
  }),
  controller: story({
    title: 'M1: The domain controller is found by its service records',
    teaches:
      'Members find a controller by _ldap and _kerberos below the domain; its own address must be in the same zone.',
    topology: contoso,
    run: async ({ officePc, nps1, expect }) => {
      for (const name of ['_ldap._tcp.dc._msdcs', '_kerberos._tcp.dc._msdcs', '_ldap._tcp']) {
        for (const host of [officePc, nps1]) {
          const report = await host.resolve(`${name}.corp.contoso.com`, 'SRV')
          expect(report).toHaveRcode('NOERROR')
        }
      }
      expect(await officePc.resolve('dc1.corp.contoso.com')).toResolveTo(['10.10.0.6'])
    },
  }),
  radiusPorts: story({
    title: 'M3: The gateway reaches NPS on both ports of RADIUS',
    teaches:
      '1812 authenticates, 1813 accounts; what Windows’ own firewall lets in is asked of both firewalls, the one between and the one on the server.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      for (const udp of RADIUS_PORTS) {
        expect(await lab.probe({ from: 'gateway', to: 'nps1', udp })).toArrive({ at: 'nps1' })
      }
    },
  }),
  radiusPing: story({
    title: 'M7: A request for nobody is rejected, and a rejection proves path and secret',
    teaches:
      'A RADIUS ping: whoever is rejected was heard, by a server that knows the secret. Silence says that one of the two is wrong.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const nobody = { method: 'pap', user: 'nobody', password: 'nothing' } as const
      {
        using _ = lab.apply(withoutRule('innerFirewall', 'radius-authentication'))
        expect(await gateway.authenticate(nobody)).not.toBeRejectedFor(8)
      }
      expect(await gateway.authenticate(nobody)).toBeRejectedFor(8)
    },
  }),
  byHand: story({
    title: 'M12: Dialled by hand the tunnel comes up, and both logs say so',
    teaches:
      'The test connection must succeed once before its EAP settings are exported: 20225 on the client, 6272 at NPS.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      const report = await laptop.connect({ trigger: 'manual' })
      expect(report).toBeConnected({ events: [20225, 6272, 20250] })
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  unplugged: story({
    title: 'M14: Moved from the office to home, the laptop dials by itself, and only there',
    teaches:
      'The trigger looks at the network of the moment: inside it keeps quiet, outside it dials without anybody’s click.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      await laptop.moveTo('office')
      expect(await laptop.connect()).toFailToConnect('not-attempted', { windows: null })
      expect(await laptop.get(PAGE)).toHaveStatus(200)
      await laptop.moveTo('homeLan')
      expect(await laptop.connect()).toBeConnected()
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
} as const satisfies Readonly<Record<string, Story>>

/** Stories of modules that no other file tells. */
export const tutorial: readonly Story[] = Object.values(own)

export const TUTORIAL: Readonly<Record<ModuleId, TutorialModule>> = {
  M0: {
    title: 'Topology',
    steps: [
      'draw networks: Internet, outer and inner perimeter, company, and where clients sit',
      'put the gateway between the two firewalls, with one interface in each perimeter',
      'one default gateway, outside; static routes to the company; a route back to the pool',
    ],
    why: 'Most faults that are looked for in certificates later are routes and rules.',
    verifiedBy: [
      own.reach.title,
      'Replies leave by the outer adapter, until somebody adds a second default gateway',
      'A VLAN that the trunk does not carry cuts the gateway off',
      'Connected without traffic: the inner firewall does not know the pool',
    ],
  },
  M1: {
    title: 'Domain controller, DNS and authority',
    steps: [
      'a forest with corp.contoso.com and its zone in DNS',
      'an enterprise CA below the offline root, both in the stores of every member, the CA in NTAuth',
    ],
    why: 'NPS maps certificates to accounts by way of NTAuth and the controller.',
    verifiedBy: [
      own.controller.title,
      'Public names resolve outside, private ones do not, and inside both do',
      'An issuing authority that is not in NTAuth makes every user certificate 853',
    ],
  },
  M2: {
    title: 'Autoenrolment by Group Policy',
    steps: ['enable autoenrolment in both halves of the policy, with renewal and removal'],
    why: 'The computer’s half brings certificates of devices and servers, the user’s half those of people.',
    verifiedBy: [
      'Group Policy brings the laptop its certificates, and nobody has to ask',
      'With half of the policy off, users go without',
    ],
  },
  M3: {
    title: 'NPS host',
    steps: [
      'join the domain, install Network Policy and Access Services, register the server in Active Directory',
      'put the computer into NPS Servers; on Windows Server 2019: sc sidtype IAS unrestricted',
    ],
    why: 'An NPS that is not registered may not read dial-in properties.',
    verifiedBy: [
      own.radiusPorts.title,
      'An NPS that nobody registered may not read the Dial-in page',
      'On Windows Server 2019 the firewall’s own rules for RADIUS count for nothing',
    ],
  },
  M4: {
    title: 'VPN host',
    steps: [
      'two interfaces: DNS servers on the inner one alone, the default gateway on the outer one',
      'join the domain, put the computer into VPN Servers, open UDP 500 and 4500 in its firewall',
    ],
    why: 'The group is what the template of its certificate asks for.',
    verifiedBy: [
      'IKE reaches the gateway from home, and nothing else does',
      'A server outside its group is denied the template',
      'Replies leave by the outer adapter, until somebody adds a second default gateway',
    ],
  },
  M5: {
    title: 'RRAS',
    steps: [
      'install the role, custom configuration, VPN access',
      'a static pool, ports of IKEv2, RADIUS as provider with the secret, certificates of machines, accounting',
      'restart RemoteAccess: what was set counts from then on',
    ],
    why: 'Pool and ports bound how many people can be in at once.',
    verifiedBy: [
      'From home a laptop gets its tunnel, and with it the intranet, by name and by HTTPS',
      'When the pool is used up everything is right, and there is no tunnel',
      'A gateway without a free port of IKEv2 answers nobody',
      'Start, interim and stop of a session are on file, under the Class that NPS gave it',
    ],
  },
  M6: {
    title: 'Client and user',
    steps: ['join the client to the domain, create the user, put the user into VPN Users'],
    why: 'The group is what the policy of NPS asks for; it counts when a connection begins.',
    verifiedBy: [
      'NPS lets in whom a policy names, and says which policy it was',
      'A user who has left the group keeps the tunnel, and gets no other',
    ],
  },
  M7: {
    title: 'RADIUS pairing',
    steps: ['add the gateway at NPS by its inner address, with the same secret, and restart NPS'],
    why: 'A wrong secret or address is silence, which looks like a firewall.',
    verifiedBy: [
      own.radiusPing.title,
      'With another secret NPS and the gateway are strangers, and nobody is told so',
      'NPS hears nobody whose address it does not know',
    ],
  },
  M8: {
    title: 'Network policy',
    steps: [
      'the wizard for VPN connections: PEAP with smart card or other certificate inside, VPN Users, no MS-CHAP v2',
    ],
    why: 'The policy is chosen before any certificate is seen.',
    verifiedBy: [
      'PEAP with EAP-TLS lets ada in, and both ends have the same keys',
      'Without the wizard’s policy nobody is let in, however good the certificate',
      'Client and policy that have no EAP type in common end with reason 22',
    ],
  },
  M9: {
    title: 'Certificate templates',
    steps: [
      'VPN User Authentication, VPN Server Authentication with IP security IKE intermediate, NPS Server Authentication',
      'Read, Enroll and Autoenroll for the right groups; publish all three at the CA',
    ],
    why: 'A template that is not published, or not readable, is not offered to anybody.',
    verifiedBy: [
      'A template that the CA does not issue helps nobody',
      'A user without e-mail address gets no certificate from a copy of User',
      'A gateway with two certificates for servers shows the one that is marked for IKE',
    ],
  },
  M10: {
    title: 'Enrolment',
    steps: [
      'gpupdate on the client; on the gateway a request with the public name as subject and DNS name; NPS by its group',
      'look at each: valid from today, purposes, chain',
    ],
    why: 'Each party judges in its own way: the name counts for the client, NTAuth for NPS.',
    verifiedBy: [
      'The chain of the gateway is good to a laptop at home',
      'The dialled name must stand in the certificate',
      'A certificate for clients does not make a server',
    ],
  },
  M11: {
    title: 'Public DNS and firewalls',
    steps: [
      'an A record for vpn.contoso.com; UDP 500 and 4500 forwarded to one host',
      'RADIUS and the pool through the inner firewall',
    ],
    why: 'What is missing here is 868 or 809, whatever else is right.',
    verifiedBy: [
      'The name of the gateway resolves to its public address wherever a client may be',
      "RADIUS passes from the gateway's inner side to nps1, and from nowhere else",
      'Where the edge forwards UDP 500 and not 4500, IKE begins and ends with 809',
    ],
  },
  M12: {
    title: 'Test connection by hand',
    steps: [
      'IKEv2, PEAP with the names and the root of NPS, connect; then export the EAP settings',
    ],
    why: 'What does not work by hand will not work by profile.',
    verifiedBy: [
      own.byHand.title,
      'A client that expects another server name gives up on NPS',
      'A client that does not know NPS by its root gives up with 864',
    ],
  },
  M13: {
    title: 'ProfileXML',
    steps: [
      'AlwaysOn, TrustedNetworkDetection, names, routes and the exported EAP settings in one file; sallyport check reads it',
    ],
    why: 'Windows says “a general error” of nearly every mistake in it.',
    verifiedBy: [
      'With a split tunnel only the company’s networks go into it',
      'Without a Route the class of the inner address decides, and the company is not reached',
      'A suffix rule takes the domain and all below it to the inside server',
    ],
  },
  M14: {
    title: 'Behaviour',
    steps: [
      'sign in outside and inside; resolve names with and without the tunnel; look at routes',
    ],
    why: 'Always On is right when nobody notices it, in the office least of all.',
    verifiedBy: [
      own.unplugged.title,
      'In the office names and pages come without a tunnel',
      'The rules of names count for programs while the tunnel stands, and never for nslookup',
      'With a force tunnel everything goes into it, but what keeps it up',
      'An exclusion route takes a piece out of a larger route',
      'At a home that uses the company’s network for itself the tunnel stands, and is of no use',
    ],
  },
  M15: {
    title: 'Device tunnel',
    steps: [
      'a certificate for the computer, the root filter of RRAS, a profile in SYSTEM’s context with routes to controllers',
    ],
    why: 'Somebody who has never signed in on a laptop needs a controller before there is a user.',
    verifiedBy: [
      'Before anybody signs in the device tunnel reaches the domain controller, and nothing else',
      'Device and user tunnel stand side by side, each with an address of its own',
      'A root filter with another name keeps every device out',
    ],
  },
}
