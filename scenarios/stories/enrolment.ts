/**
 * Where certificates come from: templates, groups, Group Policy, and a CA that must be within reach. A certificate that is missing is
 * rarely lost; somebody was never allowed to have it.
 */
import {
  days,
  story,
  withAutoenrolment,
  withoutMember,
  withoutRule,
  withoutTemplateAt,
  withTemplate,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'

type Node = keyof (typeof contoso)['nodes']

const REQUEST = { subject: 'CN=vpn.contoso.com', dns: ['vpn.contoso.com'] }

export const enrolment = [
  story({
    title: 'Group Policy brings the laptop its certificates, and nobody has to ask',
    teaches:
      'Read, Enroll and Autoenroll on the template, the policy in both halves, and a CA that issues it.',
    topology: contoso,
    tags: ['core'],
    run: async ({ laptop, nps1, expect }) => {
      expect(laptop.certificateNames()).toEqual(['device', 'user'])
      expect(nps1.certificateNames()).toEqual(['nps'])
      expect(await nps1.autoenrol()).toEqual([])
    },
  }),
  story({
    title: 'A certificate of autoenrolment is renewed before it ends',
    teaches:
      'Windows renews when four fifths of the lifetime have passed and the renewal period has begun.',
    topology: withTemplate<string, Node, string>('npsServer', { validFor: days(30) }).apply(
      contoso,
    ),
    run: async ({ lab, officePc, expect }) => {
      const first = await officePc.judge('nps1:nps')
      expect(first).toBeTrusted()
      await lab.advance(days(28))
      const renewed = await officePc.judge('nps1:nps')
      expect(renewed).toBeTrusted()
      expect(renewed.path[0]?.serial === first.path[0]?.serial).toBe(false)
    },
  }),
  story({
    title: 'A server outside its group is denied the template',
    teaches: 'Enroll is a permission of groups: 0x80094012 names the template, not the CA.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withoutMember('VPN Servers', 'gateway'))
      const report = await gateway.enrol('vpnServer', { request: REQUEST })
      expect(report.denial?.name).toBe('CERTSRV_E_TEMPLATE_DENIED')
      expect(report.denial?.code).toBe('0x80094012')
      // What it had it keeps: permissions do not reach into stores.
      expect(gateway.certificateNames()).toContain('ike')
    },
  }),
  story({
    title: 'A template that the CA does not issue helps nobody',
    teaches: 'Making a template is one step; Certificate Template to Issue at the CA is another.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withoutTemplateAt('issuingCa', 'vpnServer'))
      const report = await gateway.enrol('vpnServer', { request: REQUEST })
      expect(report.denial?.code).toBe('0x80094800')
    },
  }),
  story({
    title: 'A user without e-mail address gets no certificate from a copy of User',
    teaches:
      'The User template includes the e-mail name; who has none is turned down, so the guide clears both boxes.',
    topology: withTemplate<string, Node, string>('vpnUser', { subject: { upn: true } }).apply(
      contoso,
    ),
    run: async ({ laptop, expect }) => {
      expect(laptop.certificateNames()).toEqual(['device'])
      const [denied] = laptop.enrolments().filter(({ template }) => template === 'vpnUser')
      expect(denied?.denial?.name).toBe('CERTSRV_E_SUBJECT_EMAIL_REQUIRED')
    },
  }),
  story({
    title: 'With half of the policy off, users go without',
    teaches: 'Autoenrolment is two policies: computers may have theirs while users have none.',
    topology: withAutoenrolment<string, Node, string>({ user: false }).apply(contoso),
    run: async ({ laptop, expect }) => {
      expect(laptop.certificateNames()).toEqual(['device'])
    },
  }),
  story({
    title: 'Who does not reach the CA hears that the RPC server is unavailable',
    teaches: 'Enrolment is RPC: TCP 135 from the gateway to the CA, or 0x800706BA.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withoutRule('innerFirewall', 'enrolment'))
      const report = await gateway.enrol('vpnServer', { request: REQUEST })
      expect(report.denial?.code).toBe('0x800706BA')
      expect(report.denial?.got).toBe('timed-out at 10.10.0.8:135')
    },
  }),
]
