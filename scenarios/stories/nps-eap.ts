/**
 * EAP between a client and NPS, carried in RADIUS: which methods agree, what makes it quick, what is too big for the way, and how it fails.
 * Not what NPS thinks of a user's certificate, which is `nps-user-certificates.ts`.
 */
import {
  compose,
  days,
  fault,
  seconds,
  story,
  withoutAuthorityOn,
  withoutTemplateAt,
  withProfileText,
  type Lab,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import { holding, withOs, withService, type ContosoEdit } from './certificate-edits.ts'
import { offering, withTls13 } from './eap-edits.ts'

/** A certificate of NPS that nobody renews. */
const BY_HAND = {
  name: 'nps',
  issuer: 'issuingCa',
  subject: 'CN=nps1.corp.contoso.com',
  dns: ['nps1.corp.contoso.com'],
  eku: ['serverAuth'],
} as const

const VPN = 'Virtual Private Network (VPN) Connections'

const PEAP_TLS = { type: 'peap', inner: ['tls'] } as const
const TLS = { type: 'tls' } as const
const everything = offering([
  { type: 'peap', inner: ['tls', 'mschapv2'] },
  TLS,
  { type: 'mschapv2' },
])

const TLS13 = { minimum: '1.3', maximum: '1.3' } as const

const laptop = { client: 'laptop' } as const

/** As somebody writes a name who reads it off a label. */
const inCapitals = (text: string): string =>
  text.replaceAll('<ServerNames>nps1.corp.contoso.com', '<ServerNames>NPS1.CORP.CONTOSO.COM')

const shouting: ContosoEdit = withProfileText('laptop', inCapitals)

/** NPS names no certificate, and nobody issues one to it. */
const withoutNpsCertificates = compose(
  withService('nps1', 'nps', { certificate: undefined }),
  withoutTemplateAt('issuingCa', 'npsServer'),
)

/** As a firewall with "block fragmented packets" does, and some load balancers by themselves. */
const droppingFragments = fault('fragments are dropped', ({ ipv4 }) =>
  ipv4 !== undefined && (ipv4.moreFragments || ipv4.fragmentOffset > 0)
    ? { kind: 'drop', why: 'a fragment' }
    : { kind: 'pass' },
).to('gateway', 'nps1')

/** What a node wrote into its event log, the last first. */
const lastLogged = (lab: Lab, node: string, eventId: number): string | undefined =>
  lab.trace.ofKind('logged').findLast((event) => event.node === node && event.eventId === eventId)
    ?.text

const methods = [
  story({
    title: 'PEAP with EAP-TLS lets ada in, and both ends have the same keys',
    teaches:
      'The tutorial’s way: a tunnel to NPS, in it the user’s certificate, and keys for IKEv2 that travel to the gateway under the shared secret.',
    topology: contoso,
    run: async ({ gateway, expect }) => {
      const report = await gateway.authenticate(laptop)
      expect(report).toBeAccepted({ policy: VPN })
      expect(report.method).toBe('PEAP with EAP-TLS')
      expect(report.keysAgree).toBe(true)
    },
  }),
  story({
    title: 'Every method of the policy ends with keys on which both ends agree',
    teaches:
      'PEAP, EAP-TLS and EAP-MSCHAP v2 prove different things in different numbers of round trips; for IKEv2 only the keys at the end count.',
    topology: everything.apply(contoso),
    run: async ({ gateway, expect }) => {
      for (const method of ['peap-tls', 'peap-mschapv2', 'eap-tls', 'eap-mschapv2'] as const) {
        const report = await gateway.authenticate({ ...laptop, method })
        expect(report).toBeAccepted()
        expect(report.keysAgree).toBe(true)
      }
    },
  }),
  story({
    title: 'EAP-TLS works over TLS 1.3, where certificates are encrypted',
    teaches:
      'With TLS 1.3 keys are derived otherwise (RFC 9190, RFC 9427), and the server says in a byte of its own that it is done.',
    topology: compose(everything, withTls13).apply(contoso),
    run: async ({ gateway, expect }) => {
      for (const method of ['eap-tls', 'peap-tls', 'peap-mschapv2'] as const) {
        const report = await gateway.authenticate({ ...laptop, method, tls: TLS13 })
        expect(report).toBeAccepted()
        expect(report.keysAgree).toBe(true)
      }
      expect(await gateway.authenticate({ ...laptop, method: 'eap-tls' })).toBeAccepted()
    },
  }),
  story({
    title: 'Client and policy that have no EAP type in common end with reason 22',
    teaches:
      'The client’s Nak names what it wants, and NPS has nothing of it: a profile and a policy that were not written for each other.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      for (const method of ['eap-tls', 'eap-mschapv2'] as const) {
        const report = await gateway.authenticate({ ...laptop, method })
        expect(report).toBeRejectedFor(22, { windows: '812', policy: VPN })
      }
      // In the tunnel the same words are spoken once more.
      const inner = await gateway.authenticate({ ...laptop, method: 'peap-mschapv2' })
      expect(inner).toBeRejectedFor(22, { windows: '812' })
      using _ = lab.apply(everything)
      for (const method of ['eap-tls', 'eap-mschapv2', 'peap-mschapv2'] as const) {
        expect(await gateway.authenticate({ ...laptop, method })).toBeAccepted()
      }
    },
  }),
]

const reconnecting = [
  story({
    title: 'A second connection is quick, until NPS has restarted',
    teaches:
      'Fast reconnect resumes the tunnel of PEAP and leaves out what is in it. NPS keeps its sessions in memory.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const first = await gateway.authenticate(laptop)
      expect(first).toBeAccepted()
      const second = await gateway.authenticate(laptop)
      expect(second).toBeAccepted()
      expect(second.resumed).toBe(true)
      expect(second.keysAgree).toBe(true)
      expect(second.requests).toBeLessThan(first.requests)
      lab.reboot('nps1')
      const third = await gateway.authenticate(laptop)
      expect(third).toBeAccepted()
      expect(third.resumed).toBe(undefined)
      expect(third.requests).toBe(first.requests)
    },
  }),
  story({
    title: 'Fast reconnect needs both sides',
    teaches:
      'The box in the policy of NPS and FastReconnect in the ProfileXML: either is enough to switch it off.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const twice = async (resumes: true | undefined): Promise<void> => {
        expect(await gateway.authenticate(laptop)).toBeAccepted()
        const again = await gateway.authenticate(laptop)
        expect(again).toBeAccepted()
        expect(again.resumed).toBe(resumes)
      }
      {
        using _ = lab.apply(offering([{ ...PEAP_TLS, fastReconnect: false }]))
        await twice(undefined)
      }
      {
        using _ = lab.apply(
          withProfileText('laptop', (text) =>
            text.replace('<FastReconnect>true', '<FastReconnect>false'),
          ),
        )
        await twice(undefined)
      }
      await twice(true)
    },
  }),
  story({
    title: 'A session is resumed for whom it was made, and nobody else',
    teaches:
      'Another certificate is another credential: it is looked at, though the computer has a session that NPS would resume.',
    topology: offering([TLS]).apply(contoso),
    run: async ({ gateway, expect }) => {
      const asAda = { ...laptop, method: 'eap-tls' } as const
      expect(await gateway.authenticate(asAda)).toBeAccepted()
      expect((await gateway.authenticate(asAda)).resumed).toBe(true)
      const none = await gateway.authenticate({ ...asAda, certificate: 'none' })
      expect(none).toBeRejectedFor(300, { windows: '853' })
    },
  }),
]

const fragments = [
  story({
    title: 'Small EAP packets make many round trips',
    teaches:
      'A chain of certificates is larger than a packet: each fragment waits for the other side’s word. What is slow to connect may be this.',
    topology: offering([TLS]).apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      const counted: number[] = []
      for (const fragmentSize of [200, 600, 1400]) {
        // Nobody resumes a session of a server that has forgotten it.
        lab.reboot('nps1')
        const report = await gateway.authenticate({ ...laptop, method: 'eap-tls', fragmentSize })
        expect(report).toBeAccepted()
        expect(report.keysAgree).toBe(true)
        counted.push(report.requests)
      }
      const [tiny = 0, small = 0, usual = 0] = counted
      expect(tiny).toBeGreaterThan(small)
      expect(small).toBeGreaterThan(usual)
      using _ = lab.apply(offering([TLS], { framedMtu: 200 }))
      lab.reboot('nps1')
      const byPolicy = await gateway.authenticate({ ...laptop, method: 'eap-tls' })
      expect(byPolicy).toBeAccepted()
      expect(byPolicy.requests).toBeGreaterThan(usual)
    },
  }),
  story({
    title:
      'A firewall that drops fragments hangs every authentication with a certificate, and Framed-MTU 1344 cures it',
    teaches:
      'NPS fills its EAP packets up to 1500 bytes, and RADIUS around them needs two IP packets. Passwords get through, certificates do not, and no log says why.',
    topology: offering([TLS, { type: 'mschapv2' }]).apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      const withCertificate = { ...laptop, method: 'eap-tls', fragmentSize: 1100 } as const
      const withPassword = { ...laptop, method: 'eap-mschapv2' } as const
      using _ = lab.inject(droppingFragments)
      expect(await gateway.authenticate(withPassword)).toBeAccepted()
      const hung = await gateway.authenticate(withCertificate)
      expect(hung).toGetNoAnswer()
      expect(hung.windows?.code).toBe('812')
      // All that NPS ever says of it, half a minute later.
      await lab.advance(seconds(30))
      expect(lastLogged(lab, 'nps1', 6273)).toContain('reason code 96')
      using _mtu = lab.apply(offering([TLS, { type: 'mschapv2' }], { framedMtu: 1344 }))
      expect(await gateway.authenticate(withCertificate)).toBeAccepted()
      // What the client sends goes the same way, and no setting of NPS makes it smaller.
      const large = { ...laptop, method: 'eap-tls', fragmentSize: 1450 } as const
      lab.reboot('nps1')
      expect(await gateway.authenticate(large)).toGetNoAnswer()
    },
  }),
]

const servers = [
  story({
    title: 'NPS without a certificate that it could use has no EAP to offer',
    teaches:
      'The certificate expired, or nobody enrolled one: PEAP and EAP-TLS are gone, and the reason reads as if the client were at fault.',
    topology: withoutNpsCertificates.apply(contoso),
    run: async ({ gateway, expect }) => {
      const report = await gateway.authenticate(laptop)
      expect(report).toBeRejectedFor(23, { windows: '864' })
      expect(report.restsOn).toContain('reasonOfNoServerCertificate')
      const assume = { reasonOfNoServerCertificate: 22 } as const
      expect(await gateway.authenticate({ ...laptop, assume })).toBeRejectedFor(22)
    },
  }),
  story({
    title: 'A client gives up on a server that it cannot verify, and NPS logs that somebody left',
    teaches:
      'Root, name, purpose and dates: the client’s code tells them apart, the log of NPS has 265 for the root and 23 for all else.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      {
        using _ = lab.apply(withoutAuthorityOn('laptop', 'rootCa'))
        const distrusted = await gateway.authenticate(laptop)
        expect(distrusted).toBeAbandoned({ windows: '864', event: 6273 })
        expect(distrusted.nps?.reason).toBe(265)
        const assume = { reasonOfClientDistrust: 23 } as const
        expect((await gateway.authenticate({ ...laptop, assume })).nps?.reason).toBe(23)
      }
      const other = [
        ['812', (text: string) => text.replaceAll('<ServerNames>nps1.', '<ServerNames>nps2.')],
        ['864', (text: string) => text.replace(/<TrustedRootCA>../g, '<TrustedRootCA>00')],
      ] as const
      for (const [windows, change] of other) {
        using _ = lab.apply(withProfileText('laptop', change))
        expect(await gateway.authenticate(laptop)).toBeAbandoned({ windows })
      }
      {
        const eku = ['clientAuth'] as const
        using _ = lab.apply(holding('nps1', { name: 'nps', template: 'npsServer', eku }))
        const unfit = await gateway.authenticate(laptop)
        expect(unfit).toBeAbandoned({ windows: '857' })
        expect(unfit.nps?.reason).toBe(23)
      }
      {
        const dates = { validFrom: days(-300), validFor: days(299) }
        using _ = lab.apply(holding('nps1', { ...BY_HAND, ...dates }))
        expect(await gateway.authenticate(laptop)).toBeAbandoned({ windows: '858' })
      }
      expect(await gateway.authenticate(laptop)).toBeAccepted()
    },
  }),
  story({
    title: 'In Windows 11 21H2 the letter case of a server name keeps a client out',
    teaches: 'NPS1 and nps1 are one server to every other version: an upgrade makes 853 go away.',
    topology: withOs('laptop', 'windows-11-21h2').apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      expect(await gateway.authenticate(laptop)).toBeAccepted()
      using _ = lab.apply(shouting)
      expect(await gateway.authenticate(laptop)).toBeAbandoned({ windows: '853' })
    },
  }),
  story({
    title: 'In every other Windows the letter case of a server name does not count',
    teaches: 'The same profile as in Windows 11 21H2, on a client of today.',
    topology: shouting.apply(contoso),
    run: async ({ gateway, expect }) => {
      expect(await gateway.authenticate(laptop)).toBeAccepted()
    },
  }),
  story({
    title: 'TLS without a common version or algorithm ends with reason 269',
    teaches:
      'A client that was hardened past what NPS has: both ends are right, each by its own list, and no packet of a certificate is ever sent.',
    topology: offering([TLS, PEAP_TLS]).apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      for (const method of ['eap-tls', 'peap-tls'] as const) {
        const newer = await gateway.authenticate({ ...laptop, method, tls: TLS13 })
        expect(newer).toBeRejectedFor(269, { windows: '812' })
        const tls = { ciphers: ['DHE-RSA-CHACHA20-POLY1305'] }
        const other = await gateway.authenticate({ ...laptop, method, tls })
        expect(other).toBeRejectedFor(269, { windows: '812' })
      }
      using _ = lab.apply(withTls13)
      const report = await gateway.authenticate({ ...laptop, method: 'eap-tls', tls: TLS13 })
      expect(report).toBeAccepted()
    },
  }),
]

const peers = [
  story({
    title: 'Crypto-binding tells a client from somebody in its place',
    teaches:
      'Who relays an inner method through a tunnel of his own cannot make its MAC: 301. Without the box in the policy he need not: no TLV at all is let in.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const answering = (cryptoBinding: 'none' | 'wrong') =>
        gateway.authenticate({ ...laptop, cryptoBinding })
      {
        const demanding = { ...PEAP_TLS, requiresCryptoBinding: true }
        using _ = lab.apply(offering([demanding]))
        expect(await answering('none')).toBeRejectedFor(302, { windows: '812' })
        expect(await answering('wrong')).toBeRejectedFor(301, { windows: '812' })
        expect(await gateway.authenticate(laptop)).toBeAccepted()
      }
      lab.reboot('nps1')
      expect(await answering('none')).toBeAccepted()
      lab.reboot('nps1')
      expect(await answering('wrong')).toBeRejectedFor(301)
    },
  }),
  story({
    title: 'What is changed on its way is noticed, whoever signed the RADIUS packet',
    teaches:
      'Message-Authenticator vouches for the gateway only: between client and gateway it is TLS that finds out, as 260, 266 or 299.',
    topology: offering([PEAP_TLS, TLS]).apply(contoso),
    run: async ({ gateway, expect }) => {
      for (const method of ['peap-tls', 'eap-tls'] as const) {
        for (const [tampering, reason] of [
          ['record', 260],
          ['message', 266],
          ['sequence', 299],
        ] as const) {
          const report = await gateway.authenticate({ ...laptop, method, tampering })
          expect(report).toBeRejectedFor(reason, { windows: '812', event: 6273 })
        }
      }
    },
  }),
  story({
    title: 'A client that leaves in the middle is logged half a minute later',
    teaches:
      'Reason 96 has the time at which NPS gave up, not that at which somebody closed the lid. Nobody is answered.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      for (const leavesAfter of [1, 3]) {
        const report = await gateway.authenticate({ ...laptop, leavesAfter })
        expect(report.outcome).toBe('abandoned')
        expect(report.nps).toBe(undefined)
        const before = lab.trace.ofKind('logged').length
        await lab.advance(seconds(20))
        expect(lab.trace.ofKind('logged').slice(before).some(isDenial)).toBe(false)
        await lab.advance(seconds(11))
        expect(lastLogged(lab, 'nps1', 6273)).toContain('reason code 96')
      }
    },
  }),
  story({
    title: 'A client without a certificate never asks, and one that shows none is told so',
    teaches:
      'Windows without a certificate to choose does not dial: 798. Another client may come with an empty list, and gets reason 300.',
    topology: offering([PEAP_TLS, TLS]).apply(contoso),
    run: async ({ gateway, expect }) => {
      // Nobody has ever signed in on the phone's laptop, so it has enrolled nothing for a user.
      const unable = await gateway.authenticate({ client: 'mobileLaptop', user: 'ada' })
      expect(unable.outcome).toBe('not-attempted')
      expect(unable.windows?.code).toBe('798')
      expect(unable.requests).toBe(0)
      for (const method of ['peap-tls', 'eap-tls'] as const) {
        const empty = await gateway.authenticate({ ...laptop, method, certificate: 'none' })
        expect(empty).toBeRejectedFor(300, { windows: '853' })
      }
    },
  }),
]

const isDenial = ({ eventId }: { readonly eventId?: number }): boolean => eventId === 6273

export const npsEap = [...methods, ...reconnecting, ...fragments, ...servers, ...peers]
