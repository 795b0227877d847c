/**
 * NPS judges the certificate of a user: each check with the reason code in event 6273 and with what the user sees.
 * Not how a certificate is bound to its account, which is `strong-mapping.ts`.
 */
import {
  days,
  story,
  vpnNetworkPolicy,
  withCertificateRevoked,
  withoutAuthorityOn,
  withoutNtAuth,
  withUser,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import {
  holding,
  withLongLeases,
  withRevocationSwitches,
  withService,
} from './certificate-edits.ts'

const NPS = { profile: 'nps-user' } as const
const ADA = 'CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso, DC=com'

/** Ada's certificate by the template of the deployment, with a mistake. */
const adas = (mistake: {
  readonly eku?: readonly 'serverAuth'[]
  readonly upn?: readonly string[]
}) => holding('laptop', { name: 'user', template: 'vpnUser', for: 'ada', ...mistake })

export const npsCertificates = [
  story({
    title: 'An authority that is not in NTAuth signs nobody in',
    teaches:
      'Trust is not enough to sign people in: the issuing authority itself must be in the NTAuth store, and its root there does not help.',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, nps1, expect }) => {
      expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
      using _ = lab.apply(withoutNtAuth('issuingCa'))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/not-in-ntauth', {
        subject: 'CN=Contoso Issuing CA 1',
        windows: '853',
        reason: 295,
        event: 6273,
      })
    },
  }),
  story({
    title: 'A root that NPS does not trust is the user’s 861',
    teaches:
      'The user’s root is judged on the server: the laptop is fine, and yet its user is told that a root was not found.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      using _ = lab.apply(withoutAuthorityOn('nps1', 'rootCa'))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/untrusted-root', {
        windows: '861',
        reason: 265,
      })
    },
  }),
  story({
    title:
      'A certificate without Client Authentication, or without the purpose of the policy, is not a user’s',
    teaches:
      'Allowed-Certificate-OID keeps certificates from elsewhere out, those of conditional access for instance: it needs to be on every NPS.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      {
        using _ = lab.apply(adas({ eku: ['serverAuth'] }))
        expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/wrong-eku', {
          subject: ADA,
          windows: '853',
          reason: 267,
        })
      }
      const allows = (oid: string) =>
        withService('nps1', 'nps', {
          networkPolicies: [
            vpnNetworkPolicy({ group: 'VPN Users', allowedCertificateOids: [oid] }),
          ],
        })
      {
        using _ = lab.apply(allows('1.3.6.1.5.5.7.3.2'))
        expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
      }
      using _ = lab.apply(allows('1.3.6.1.4.1.311.87'))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/eku-not-accepted', {
        subject: ADA,
        reason: 73,
      })
    },
  }),
  story({
    title: 'A server whose clock runs ahead lets every certificate expire',
    teaches:
      'One wrong clock on NPS looks like a hundred expired certificates: 854 for everybody at once.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      {
        using _ = lab.skewClock('nps1', days(200))
        nps1.flushCaches()
        expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/crl-expired')
      }
      using _ = lab.skewClock('nps1', days(800))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/certificate-expired', {
        subject: ADA,
        windows: '854',
        reason: 268,
      })
    },
  }),
  story({
    title: 'The state of an account counts, however good its certificate is',
    teaches:
      'Disabled, expired, locked, renamed: the certificate does not show it, event 6273 does, by reasons 34, 35, 36 and 8.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
      const states = [
        ['account/disabled', 34, { disabled: true }],
        ['account/expired', 35, { expires: days(-1) }],
        ['account/locked', 36, { locked: true }],
      ] as const
      for (const [code, reason, change] of states) {
        using _ = lab.apply(withUser('ada', change))
        const judged = await nps1.judge('laptop:user', NPS)
        expect(judged).toFailBecause(code, { windows: '812', reason })
        expect(judged.restsOn).toContain('clientCodeOfAccountState')
      }
      using _ = lab.apply(adas({ upn: ['countess@corp.contoso.com'] }))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/unknown', { reason: 8 })
    },
  }),
  story({
    title: 'Without a user principal name NPS does not know whose certificate it is',
    teaches: 'The template must put the user principal name into the certificate: reason 298.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      using _ = lab.apply(adas({ upn: [] }))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/no-account-name', {
        subject: ADA,
        windows: '853',
        reason: 298,
      })
    },
  }),
  story({
    title: 'Two accounts with one name are nobody’s certificate',
    teaches: 'A user principal name must be unique in the forest, or neither account gets in.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      using _ = lab.apply(withUser('bob', { upn: 'ada@corp.contoso.com' }))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/ambiguous', {
        windows: '853',
        reason: 272,
      })
    },
  }),
  story({
    title: 'A revoked user is out when the list says so',
    teaches: 'NPS looks at revocation by default, unlike the gateway: 855 on the client.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
      using _ = lab.apply(
        withCertificateRevoked('laptop', 'user', { at: days(-1), reason: 'keyCompromise' }),
      )
      // The list that is cached is good until its nextUpdate.
      expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
      nps1.flushCaches()
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/revoked', {
        subject: ADA,
        windows: '855',
        reason: 256,
      })
    },
  }),
  story({
    title:
      'When the revocation list is out of reach nobody signs in, and the switch against it needs a reboot',
    teaches:
      'NPS refuses all users at once, and IgnoreRevocationOffline counts when the server has rebooted, not when its service has restarted.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      using _ = lab.pause('ca1')
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/crl-unreachable', {
        windows: '812',
        reason: 259,
      })
      using _switch = lab.apply(
        withRevocationSwitches('nps1', { nps: { eapTls: { ignoreRevocationOffline: true } } }),
      )
      const pending = await nps1.judge('laptop:user', NPS)
      expect(pending).toFailBecause('pki/crl-unreachable')
      expect(pending.notes).toHaveLength(1)
      lab.reboot('nps1')
      expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
    },
  }),
  story({
    title: 'The list of the offline root counts as much as that of the issuing authority',
    teaches:
      'Every certificate below the root is looked up. When the root’s list runs out, half a year after the ceremony, all users are out on one day.',
    topology: withLongLeases.apply(contoso),
    run: async ({ lab, nps1, expect }) => {
      await lab.advance(days(179))
      expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
      await lab.advance(days(2))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('pki/crl-expired', {
        subject: 'CN=Contoso Issuing CA 1',
        windows: '812',
        reason: 259,
      })
    },
  }),
]
