/**
 * Whose certificate is this, beyond doubt? KB5014754 from its first day to the end of compatibility mode, and the ways to comply.
 * Not the other checks of NPS, which are in `nps-certificates.ts`.
 */
import {
  compose,
  days,
  edit,
  story,
  withAuthority,
  withKdc,
  withTemplate,
  withUser,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import { holding, withLongLeases, type ContosoEdit } from './certificate-edits.ts'

const NPS = { profile: 'nps-user' } as const

/** The authority has not taken the updates of May 2022: it writes no SID. */
const withoutSids: ContosoEdit = withAuthority('issuingCa', { sidExtension: false })

/** The deployment as it would have stood on that day, with lists and certificates that last through the years. */
function since(day: string, ...edits: readonly ContosoEdit[]) {
  const then: ContosoEdit = compose(
    withLongLeases,
    edit(`it is ${day}`, (topology) => ({ ...topology, start: `${day}T08:00:00Z` })),
    withAuthority('rootCa', { crl: { thisUpdate: days(-10), validFor: days(4000) } }),
    withAuthority('issuingCa', { maximumValidity: days(3000) }),
    withTemplate('vpnUser', { validFor: days(3000) }),
    ...edits,
  )
  return then.apply(contoso)
}

/** Domain controllers without any update since then: compatibility mode. */
const unpatched: ContosoEdit = withKdc({ updatedUntil: '2024-12-10' })

/** Ada's certificate by an offline template: what it says is what was written into the request. */
const requested = (request: { readonly sid?: string }): ContosoEdit =>
  compose(
    withTemplate('vpnUser', { subject: { from: 'request' } }),
    holding('laptop', {
      name: 'user',
      template: 'vpnUser',
      for: 'ada',
      request: { subject: 'CN=Ada Lovelace', upn: ['ada@corp.contoso.com'], ...request },
    }),
  )

export const strongMapping = [
  story({
    title: 'A certificate without a SID works, then works with a warning, then works no more',
    teaches:
      'Nothing was changed at Contoso in those years but Windows updates: unchecked until May 2022, warned about until February 2025, refused since.',
    topology: since('2022-05-02', withoutSids),
    tags: ['core'],
    run: async ({ lab, nps1, expect }) => {
      const before = await nps1.judge('laptop:user', NPS)
      expect(before).toBeTrusted()
      expect(before.warnings).toHaveLength(0)
      await lab.advance(days(10))
      expect(await nps1.judge('laptop:user', NPS)).toWarn(39)
      await lab.advance(days(1006))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/not-strongly-mapped', {
        subject: 'CN=Ada Lovelace, CN=Users, DC=corp, DC=contoso, DC=com',
        windows: '853',
        reason: 16,
        event: 39,
      })
    },
  }),
  story({
    title: 'The registry value 1 bought seven months, and 0 none',
    teaches:
      'StrongCertificateBindingEnforcement=1 held full enforcement off from February to September 2025. Since then nobody reads it.',
    topology: since('2025-02-20', withoutSids),
    run: async ({ lab, nps1, expect }) => {
      const enforcement = (value: 0 | 1): ContosoEdit =>
        withKdc({ strongCertificateBindingEnforcement: value })
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/not-strongly-mapped')
      {
        // Off has meant compatibility since April 2023.
        using _ = lab.apply(enforcement(0))
        expect(await nps1.judge('laptop:user', NPS)).toWarn(39)
      }
      using _ = lab.apply(enforcement(1))
      expect(await nps1.judge('laptop:user', NPS)).toWarn(39)
      await lab.advance(days(202))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/not-strongly-mapped', {
        reason: 16,
        event: 39,
      })
    },
  }),
  story({
    title: 'Domain controllers that take no updates stay in compatibility mode',
    teaches:
      'It is the update of the domain controller that counts, not the calendar: one of them patched first refuses what the others let in.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      using _ = lab.apply(withoutSids)
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/not-strongly-mapped')
      using _old = lab.apply(unpatched)
      expect(await nps1.judge('laptop:user', NPS)).toWarn(39)
    },
  }),
  story({
    title: 'A certificate older than its account is refused in compatibility mode, too',
    teaches:
      'An account that was created again has a new birthday: event 40 until the certificate is renewed, or backdating is compensated for.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      using _ = lab.apply(compose(withoutSids, unpatched))
      expect(await nps1.judge('laptop:user', NPS)).toWarn(39)
      using _new = lab.apply(withUser('ada', { created: days(0) }))
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/predated', {
        windows: '853',
        reason: 16,
        event: 40,
      })
      using _dated = lab.apply(withKdc({ certificateBackdatingCompensation: days(1500) }))
      expect(await nps1.judge('laptop:user', NPS)).toWarn(39)
    },
  }),
  story({
    title: 'A certificate with the SID of another account is refused in every mode',
    teaches:
      'Event 41 is the attack that the update was made for: a certificate that names ada and carries the SID of somebody else.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      using _ = lab.apply(requested({ sid: 'S-1-5-21-1-2-3-500' }))
      const shown = { windows: '853', reason: 16, event: 41 }
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/sid-mismatch', shown)
      using _old = lab.apply(unpatched)
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/sid-mismatch', shown)
    },
  }),
  story({
    title: 'An offline template writes no SID, unless the request carries it in a URL',
    teaches:
      'Certificates whose subject is supplied, those of Intune for instance, need the tag:microsoft.com URL in the subject alternative name.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      const sid = 'S-1-5-21-10-20-30-1105'
      using _account = lab.apply(withUser('ada', { sid }))
      {
        using _ = lab.apply(requested({}))
        expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/not-strongly-mapped', {
          windows: '853',
          reason: 16,
          event: 39,
        })
      }
      using _ = lab.apply(requested({ sid }))
      expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
    },
  }),
  story({
    title: 'An explicit mapping by issuer and serial number saves a certificate without a SID',
    teaches:
      'The bytes of the serial number are written last one first. A mapping by names is weak and saves nothing.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      using _ = lab.apply(withoutSids)
      const judged = await nps1.judge('laptop:user', NPS)
      expect(judged).toFailBecause('account/not-strongly-mapped')
      const serial = judged.path[0]?.serial ?? ''
      const issuer = '<I>CN=Contoso Issuing CA 1'
      const mapped = (mapping: string): ContosoEdit =>
        withUser('ada', { altSecurityIdentities: [`X509:${issuer}${mapping}`] })
      for (const useless of [
        `<SR>${serial}`,
        '<S>DC=com,DC=contoso,DC=corp,CN=Users,CN=Ada Lovelace',
      ]) {
        using _weak = lab.apply(mapped(useless))
        expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/not-strongly-mapped')
      }
      const reversed = (serial.match(/../g) ?? []).toReversed().join('')
      using _strong = lab.apply(mapped(`<SR>${reversed}`))
      expect(await nps1.judge('laptop:user', NPS)).toBeTrusted()
    },
  }),
  story({
    title: 'The gateway asks no domain controller about a device',
    teaches:
      'Strong mapping is a matter of users: a device tunnel works with certificates that no KDC would take.',
    topology: contoso,
    run: async ({ lab, gateway, nps1, expect }) => {
      using _ = lab.apply(withoutSids)
      const device = { profile: 'gateway-device' } as const
      expect(await gateway.judge('laptop:device', device)).toBeTrusted()
      expect(await nps1.judge('laptop:user', NPS)).toFailBecause('account/not-strongly-mapped')
    },
  }),
]
