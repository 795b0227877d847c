/**
 * What NPS finds wrong with a user's certificate, told through real authentications: the reason in event 6273, and what the client shows.
 * The same rules without EAP around them are in `nps-certificates.ts` and `strong-mapping.ts`. Each refusal stands beside what is accepted.
 */
import {
  compose,
  days,
  seconds,
  story,
  withAuthority,
  withCertificateRevoked,
  withNode,
  withoutAuthorityOn,
  withoutNtAuth,
  withUser,
  type LabNode,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import { withRevocationSwitches, type ContosoEdit } from './certificate-edits.ts'
import { offering, oddOne, withOdd, withOddBelow } from './eap-edits.ts'

/** By EAP-TLS and inside PEAP the same certificate is judged by the same rules. */
const BOTH = offering([{ type: 'tls' }, { type: 'peap', inner: ['tls'] }])
const topology = BOTH.apply(contoso)

type Asked = Parameters<LabNode['authenticate']>[0]

const own = { client: 'laptop', method: 'eap-tls' } as const
const odd = { ...own, certificate: 'odd' } as const

/** Microsoft's list has another reason for the same failure, which NPS may as well give. */
const assuming = (assume: NonNullable<NonNullable<Asked>['assume']>): Asked => ({ ...own, assume })

const noWebServer: ContosoEdit = withNode('ca1', 'stops its web server', (node) =>
  node.kind === 'host' ? { ...node, services: [] } : node,
)

/** Its lists are at one place only. */
const withOnePlace: ContosoEdit = compose(
  withAuthority('rootCa', { crlUrls: ['http://pki.corp.contoso.com/root.crl'] }),
  withAuthority('issuingCa', { crlUrls: ['http://pki.corp.contoso.com/issuing.crl'] }),
)

const distrusting = (authority: string): ContosoEdit =>
  withNode('nps1', `distrusts ${authority}`, (node) =>
    node.kind === 'host' ? { ...node, distrusts: [authority] } : node,
  )

const chains = [
  story({
    title: 'Whatever is wrong with the authorities above a user has a reason of its own',
    teaches:
      'One code on the client, 853, and a handful of reasons at NPS: whoever reads event 6273 knows which certificate of the chain to look at.',
    topology,
    run: async ({ lab, gateway, expect }) => {
      expect(await gateway.authenticate(own)).toBeAccepted()
      const faults = [
        // A server's certificate that somebody used to sign with.
        [280, withOddBelow(oddOne('not-a-ca'))],
        // The issuing authority may have none below it.
        [
          281,
          withOddBelow({
            subject: 'CN=Contoso Issuing CA 2',
            issuer: 'issuingCa',
            validFor: days(900),
          }),
        ],
        // An authority that demands policies, which its certificates do not have.
        [296, withOddBelow(oddOne('strict-ca'))],
        // A partner's authority, held to the partner's names.
        [297, withOddBelow(oddOne('partner-ca'), { dns: ['laptop.corp.contoso.com'] })],
        // Nobody but the client knows who issued it.
        [
          287,
          withOddBelow(
            { subject: 'CN=Contoso Issuing CA 3', validFor: days(900) },
            { sendsChain: false },
          ),
        ],
        // In the forest's eyes it issues to printers.
        [295, withOddBelow({ subject: 'CN=Contoso Issuing CA 3', validFor: days(900) })],
      ] as const
      for (const [reason, change] of faults) {
        using _ = lab.apply(change)
        const report = await gateway.authenticate(odd)
        expect(report).toBeRejectedFor(reason, { windows: '853', event: 6273 })
      }
    },
  }),
  story({
    title: 'A certificate that does not verify, or says more than anybody understands, is refused',
    teaches:
      'A signature of somebody else is 262, before NPS asks anything further; an extension that is critical and unknown is 282.',
    topology,
    run: async ({ lab, gateway, expect }) => {
      {
        using _ = lab.apply(withOddBelow(oddOne('signing-ca'), oddOne('forged')))
        expect(await gateway.authenticate(odd)).toBeRejectedFor(262, { windows: '853' })
      }
      using _ = lab.apply(withOdd(oddOne('unknown-extension')))
      expect(await gateway.authenticate(odd)).toBeRejectedFor(282, { windows: '853' })
    },
  }),
  story({
    title: 'NPS trusts the root, or nobody below it comes in',
    teaches:
      'The root is missing on NPS: 265, and 861 on every client at once. What lies in its store of untrusted certificates is 294, whoever vouches for it.',
    topology,
    run: async ({ lab, gateway, nps1, expect }) => {
      {
        using _ = lab.apply(withoutAuthorityOn('nps1', 'rootCa'))
        const untrusted = await gateway.authenticate(own)
        expect(untrusted).toBeRejectedFor(265, { windows: '861' })
        expect(untrusted.restsOn).toContain('reasonOfUntrustedRoot')
        const other = await gateway.authenticate(assuming({ reasonOfUntrustedRoot: 286 }))
        expect(other).toBeRejectedFor(286)
      }
      {
        using _ = lab.apply(distrusting('issuingCa'))
        expect(await gateway.authenticate(own)).toBeRejectedFor(294, { windows: '853' })
      }
      using _ = lab.apply(withoutNtAuth('issuingCa'))
      nps1.flushCaches()
      expect(await gateway.authenticate(own)).toBeRejectedFor(295, { windows: '853' })
    },
  }),
]

const leaves = [
  story({
    title: 'What the certificate is for, and when, is looked at in EAP as everywhere',
    teaches:
      'Purpose 267, past 268, future 278: the clock of NPS decides, and the client’s codes are 853 and 854.',
    topology,
    run: async ({ lab, gateway, expect }) => {
      {
        using _ = lab.apply(withOdd({ eku: ['serverAuth'] }))
        expect(await gateway.authenticate(odd)).toBeRejectedFor(267, { windows: '853' })
        for (const reasonOfWrongPurpose of [283, 293] as const) {
          const report = await gateway.authenticate({ ...odd, assume: { reasonOfWrongPurpose } })
          expect(report).toBeRejectedFor(reasonOfWrongPurpose)
        }
      }
      {
        using _ = lab.apply(withOdd({ validFrom: days(-100), validFor: days(50) }))
        expect(await gateway.authenticate(odd)).toBeRejectedFor(268, { windows: '854' })
      }
      using _ = lab.apply(withOdd({ validFrom: days(3) }))
      expect(await gateway.authenticate(odd)).toBeRejectedFor(278, { windows: '853' })
    },
  }),
  story({
    title: 'A server whose clock is behind takes a new certificate for one of tomorrow',
    teaches:
      'Dates are compared with the clock of NPS. Field reports have 264 for it, too, which says what is the matter.',
    topology,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withOdd({ validFrom: days(-2) }))
      {
        // Other reasons are nearer, but its dates are in order.
        const report = await gateway.authenticate(odd)
        expect(report).toBeRejectedFor(16, { windows: '853' })
      }
      using _clock = lab.skewClock('nps1', days(-3))
      const late = await gateway.authenticate({ ...odd, assume: { reasonOfNotYetValid: 264 } })
      expect(late).toBeRejectedFor(264, { windows: '853' })
      expect(late.restsOn).toContain('reasonOfNotYetValid')
    },
  }),
  story({
    title: 'A purpose that the policy demands is reason 73, where all else is in order',
    teaches:
      'Allowed-Certificate-OID keeps out who has not passed conditional access, by a reason that looks like a fault of the certificate.',
    topology,
    run: async ({ lab, gateway, expect }) => {
      const demanding = (oid: string): ContosoEdit =>
        offering([{ type: 'tls' }], { allowedCertificateOids: [oid] })
      {
        using _ = lab.apply(demanding('1.3.6.1.5.5.7.3.2'))
        expect(await gateway.authenticate(own)).toBeAccepted()
      }
      lab.reboot('nps1')
      using _ = lab.apply(demanding('1.3.6.1.4.1.311.87'))
      expect(await gateway.authenticate(own)).toBeRejectedFor(73, { windows: '812' })
    },
  }),
]

const holders = [
  story({
    title: 'A good certificate must lead to one account, and to that of whoever says to come',
    teaches:
      'No name 298, a name of nobody 8, a name of two 272, another’s certificate 298: all are 853 at the client.',
    topology,
    run: async ({ lab, gateway, expect }) => {
      {
        using _ = lab.apply(withOdd({ upn: [] }))
        expect(await gateway.authenticate(odd)).toBeRejectedFor(298, { windows: '853' })
      }
      {
        using _ = lab.apply(withOdd({ upn: ['countess@corp.contoso.com'] }))
        expect(await gateway.authenticate(odd)).toBeRejectedFor(8, { windows: '853' })
      }
      {
        using _ = lab.apply(
          compose(
            withOdd({ upn: ['twins@corp.contoso.com'] }),
            withUser('bob', { upn: 'twins@corp.contoso.com' }),
            withUser('eve', { upn: 'twins@corp.contoso.com' }),
          ),
        )
        expect(await gateway.authenticate(odd)).toBeRejectedFor(272, { windows: '853' })
      }
      const asBob = { ...own, user: 'bob', certificate: 'user' } as const
      expect(await gateway.authenticate(asBob)).toBeRejectedFor(298, { windows: '853' })
      const assume = { reasonOfOtherHolder: 292 } as const
      expect(await gateway.authenticate({ ...asBob, assume })).toBeRejectedFor(292)
      expect(await gateway.authenticate(own)).toBeAccepted()
    },
  }),
  story({
    title: 'A certificate without a SID is not bound to its account, in PEAP as in EAP-TLS',
    teaches:
      'Since September 2025 the controller wants more than a name: reason 16 reads like a wrong password, and there was none.',
    topology,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withOdd())
      for (const method of ['eap-tls', 'peap-tls'] as const) {
        const report = await gateway.authenticate({ ...odd, method })
        expect(report).toBeRejectedFor(16, { windows: '853' })
      }
    },
  }),
]

const revocation = [
  story({
    title: 'A revoked user is out, unless a session is resumed',
    teaches:
      'NPS looks at the list when it looks at the certificate. Fast reconnect looks at neither, until NPS has forgotten the session.',
    topology,
    run: async ({ lab, gateway, nps1, expect }) => {
      expect(await gateway.authenticate(own)).toBeAccepted()
      using _ = lab.apply(
        withCertificateRevoked('laptop', 'user', { at: days(-1), reason: 'keyCompromise' }),
      )
      nps1.flushCaches()
      const resumed = await gateway.authenticate(own)
      expect(resumed).toBeAccepted()
      expect(resumed.resumed).toBe(true)
      lab.reboot('nps1')
      expect(await gateway.authenticate(own)).toBeRejectedFor(256, { windows: '855' })
      const other = await gateway.authenticate(assuming({ reasonOfRevoked: 289 }))
      expect(other).toBeRejectedFor(289, { windows: '855' })
    },
  }),
  story({
    title: 'A certificate that names no list is refused, until a registry value lets it pass',
    teaches:
      'Conditional access issues such certificates. IgnoreNoRevocationCheck=1 counts when the server has rebooted.',
    topology: compose(BOTH, withAuthority('issuingCa', { crlUrls: [] })).apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      expect(await gateway.authenticate(own)).toBeRejectedFor(258, { windows: '812' })
      using _ = lab.apply(
        withRevocationSwitches('nps1', { nps: { eapTls: { ignoreNoRevocationCheck: true } } }),
      )
      expect(await gateway.authenticate(own)).toBeRejectedFor(258)
      lab.reboot('nps1')
      expect(await gateway.authenticate(own)).toBeAccepted()
    },
  }),
  story({
    title: 'A list that cannot be fetched keeps everybody out',
    teaches:
      'The web server of the authority is down, and nobody signs in: 259, or 291, or 257; all of them mean that the list was not there.',
    topology: compose(BOTH, withOnePlace).apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(noWebServer)
      const report = await gateway.authenticate(own)
      expect(report).toBeRejectedFor(259, { windows: '812' })
      expect(report.restsOn).toContain('reasonOfUnreachableList')
      for (const reasonOfUnreachableList of [291, 257] as const) {
        const other = await gateway.authenticate(assuming({ reasonOfUnreachableList }))
        expect(other).toBeRejectedFor(reasonOfUnreachableList, { windows: '812' })
      }
    },
  }),
  story({
    title: 'A list that does not answer at all makes NPS too late for its answer',
    teaches:
      'NPS waits for the list longer than the gateway waits for NPS: the gateway logs a silent server, and NPS, later, why nobody came in.',
    topology,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.pause('ca1')
      expect(await gateway.authenticate(own)).toGetNoAnswer()
      await lab.advance(seconds(60))
      const logged = lab.trace.ofKind('logged').findLast(({ eventId }) => eventId === 6273)
      expect(logged?.text).toContain('reason code 259')
    },
  }),
]

export const npsUserCertificates = [...chains, ...leaves, ...holders, ...revocation]
