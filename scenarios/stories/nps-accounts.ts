/**
 * Accounts and passwords as NPS and its domain controllers see them: wrong, expired, locked, restricted, and controllers out of reach.
 * Not certificates, and not the policies, which are in `nps-policies.ts`.
 */
import {
  compose,
  days,
  delay,
  edit,
  lose,
  minutes,
  ms,
  seconds,
  story,
  withMember,
  withNode,
  withoutMember,
  withUser,
  type Lab,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from './certificate-edits.ts'
import { allowing, blockedAtDc1, PASSWORDS, withPasswords } from './nps-edits.ts'

const withThem = withPasswords.apply(contoso)
const ADA = { user: 'ada', method: 'ms-chap-v2' } as const
const NEW_PASSWORD = 'Difference-Engine-1822'

const passwordPolicy = (passwordPolicy: object): ContosoEdit =>
  edit('the domain has a password policy', (topology) => ({
    ...topology,
    directory: { ...topology.directory!, passwordPolicy },
  }))

/** nps1 is in no domain: it knows its own accounts only. */
const inWorkgroup: ContosoEdit = compose(
  withoutMember('NPS Servers', 'nps1'),
  withoutMember('RAS and IAS Servers', 'nps1'),
  edit('nps1 leaves the domain', (topology) => ({
    ...topology,
    directory: { ...topology.directory!, computers: { nps1: { joined: false } } },
  })),
  withNode('nps1', 'has no certificate of the domain', (spec) =>
    spec.kind === 'host' ? { ...spec, certificates: [] } : spec,
  ),
)

const locked: ContosoEdit = withUser('ada', { locked: true })

/** What hosts have logged since: numbers of events of NPS's own in the System log. */
const systemEvents = (lab: Lab): readonly number[] =>
  lab.trace
    .ofKind('logged')
    .flatMap(({ source, eventId }) => (source === 'NPS' && eventId !== undefined ? [eventId] : []))

export const npsAccounts = [
  story({
    title: 'A wrong password is reason 16, and 691 to the client',
    teaches:
      'Reason 16 is for the password methods what it is for a certificate that is nobody’s. The client shows 691, not 853.',
    topology: withThem,
    tags: ['core'],
    run: async ({ gateway, expect }) => {
      expect(await gateway.authenticate(ADA)).toBeAccepted()
      const wrong = await gateway.authenticate({ ...ADA, password: 'Guessed-1' })
      expect(wrong).toBeRejectedFor(16, { windows: '691', event: 6273 })
    },
  }),

  story({
    title: 'Whatever carries a wrong password, the reason is 16',
    teaches:
      'PAP, MS-CHAP and EAP-MSCHAPv2 differ in what NPS gets to see of a password. What it says of a wrong one is the same.',
    topology: withThem,
    run: async ({ gateway, expect }) => {
      for (const method of ['pap', 'ms-chap', 'eap-mschapv2'] as const) {
        expect(await gateway.authenticate({ user: 'ada', method })).toBeAccepted()
        const wrong = await gateway.authenticate({ user: 'ada', method, password: 'Guessed-1' })
        expect(wrong).toBeRejectedFor(16, { windows: '691', event: 6273 })
      }
    },
  }),

  story({
    title: 'PEAP with a password proves both sides, and keys come with it',
    teaches:
      'In PEAP-MSCHAPv2 NPS shows a certificate, the user a password, and the server proves to know it. A wrong one is asked for again inside the tunnel.',
    topology: withThem,
    run: async ({ gateway, expect }) => {
      const peap = { client: 'laptop', method: 'peap-mschapv2' } as const
      const report = await gateway.authenticate(peap)
      expect(report).toBeAccepted()
      expect(report.keysAgree).toBe(true)
      const wrong = await gateway.authenticate({ ...peap, user: 'bob', password: 'Guessed-1' })
      expect(wrong).toBeRejectedFor(16, { windows: '691', event: 6273 })
      expect(wrong.attributes.map(({ name }) => name)).toEqual([])
    },
  }),
  story({
    title:
      'Each state of an account has a reason of its own, told to those only who know the password',
    teaches:
      'Disabled is 34, expired 35, outside its hours 37, and the client hears 647, 691 and 646. Whoever has the password wrong hears 16 of all of them.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const states = [
        [{ disabled: true }, 34, '647'],
        [{ expires: days(-1) }, 35, '691'],
        [{ logonHours: [{ days: ['Sa', 'Su'] }] }, 37, '646'],
        [{ mustChangePassword: true }, 33, '648'],
        [{ smartCardRequired: true }, 270, '691'],
      ] as const
      for (const [change, reason, windows] of states) {
        using _ = lab.apply(withUser('ada', change))
        expect(await gateway.authenticate(ADA)).toBeRejectedFor(reason, { windows, event: 6273 })
        if (reason === 270) continue
        const guessed = await gateway.authenticate({ ...ADA, password: 'Guessed-1' })
        expect(guessed).toBeRejectedFor(16, { windows: '691' })
      }
    },
  }),
  story({
    title: 'A locked account is told first: its password is not looked at',
    teaches: 'Reason 36 comes to right and wrong passwords alike.',
    topology: locked.apply(withThem),
    run: async ({ gateway, expect }) => {
      expect(await gateway.authenticate(ADA)).toBeRejectedFor(36, { windows: '691', event: 6273 })
      expect(await gateway.authenticate({ ...ADA, password: 'Guessed-1' })).toBeRejectedFor(36)
    },
  }),
  story({
    title: 'Somebody who guesses locks the owner out',
    teaches:
      'Three wrong passwords from outside lock the account in the whole domain: a VPN with passwords is a way to lock people out.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(passwordPolicy({ lockoutThreshold: 3 }))
      for (const password of ['Guess-1', 'Guess-2', 'Guess-3'])
        expect(await gateway.authenticate({ ...ADA, password })).toBeRejectedFor(16)
      expect(await gateway.authenticate(ADA)).toBeRejectedFor(36, { windows: '691', event: 6273 })
      expect(await gateway.authenticate({ ...ADA, user: 'bob' })).toBeAccepted()
    },
  }),
  story({
    title: 'An expired password is changed on the way in, over MS-CHAP v2 and inside PEAP',
    teaches:
      'Error 648 asks for a new password. What is set travels encrypted under the old one, and from then on the domain knows no other.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(passwordPolicy({ maximumAge: days(42) }))
      using _old = lab.apply(withUser('ada', { passwordSet: days(-43) }))
      using _older = lab.apply(withUser('bob', { passwordSet: days(-43) }))
      expect(await gateway.authenticate(ADA)).toBeRejectedFor(33, { windows: '648', event: 6273 })
      const changed = await gateway.authenticate({ ...ADA, newPassword: NEW_PASSWORD })
      expect(changed).toBeAccepted()
      expect(changed.requests).toBe(2)
      expect(changed.keysAgree).toBe(true)
      expect(await gateway.authenticate(ADA)).toBeRejectedFor(16)
      expect(await gateway.authenticate({ ...ADA, password: NEW_PASSWORD })).toBeAccepted()

      const peap = { user: 'bob', client: 'hotelLaptop', method: 'peap-mschapv2' } as const
      const inside = await gateway.authenticate({ ...peap, newPassword: 'Protocol-Suite-1983' })
      expect(inside).toBeAccepted()
      expect(await gateway.authenticate({ user: 'bob', method: 'pap' })).toBeRejectedFor(16)
    },
  }),
  story({
    title:
      'A new password that the domain does not take, or that the policy does not allow, leaves the old one',
    teaches:
      'Too short a password is reason 17 and error 709. A network policy without "User can change password after it has expired" answers a change with 72.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withUser('ada', { mustChangePassword: true }))
      const short = await gateway.authenticate({ ...ADA, newPassword: 'Ab1' })
      expect(short).toBeRejectedFor(17, { windows: '709', event: 6273 })
      const inside = await gateway.authenticate({
        user: 'ada',
        method: 'eap-mschapv2',
        newPassword: 'Ab1',
      })
      expect(inside).toBeRejectedFor(17, { windows: '709', event: 6273 })
      using _fixed = lab.apply(allowing({ ...PASSWORDS, msChapV2PasswordChange: false }))
      const fixed = await gateway.authenticate({ ...ADA, newPassword: NEW_PASSWORD })
      expect(fixed).toBeRejectedFor(72, { windows: '648', event: 6273 })
      expect(fixed.requests).toBe(2)
      expect(await gateway.authenticate(ADA)).toBeRejectedFor(33)
    },
  }),
  story({
    title: 'CHAP wants the password itself, and the domain keeps hashes',
    teaches:
      'Reason 19 until the account stores its password with reversible encryption, which nobody should want.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const chap = { user: 'ada', method: 'chap' } as const
      expect(await gateway.authenticate(chap)).toBeRejectedFor(19, { windows: '691', event: 6273 })
      using _ = lab.apply(withUser('ada', { reversibleEncryption: true }))
      expect(await gateway.authenticate(chap)).toBeAccepted()
    },
  }),
  story({
    title: 'Protected Users sign in by Kerberos only: with the right password, and in vain',
    teaches:
      'NPS verifies passwords by NTLM, which members of Protected Users may not use: reason 38. Their certificates are good.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withMember('Protected Users', 'ada'))
      const report = await gateway.authenticate(ADA)
      expect(report).toBeRejectedFor(38, { windows: '691', event: 6273 })
      using _peap = lab.apply(allowing({ eap: [{ type: 'peap', inner: ['tls'] }] }))
      expect(await gateway.authenticate({ client: 'laptop' })).toBeAccepted()
    },
  }),
  story({
    title: 'Old and odd credentials are turned down each in its way',
    teaches:
      'A LAN Manager response alone is reason 20, AppleTalk’s 18, two kinds of credentials at once 3, and a State that nobody gave out 97.',
    topology: withThem,
    run: async ({ gateway, expect }) => {
      const raw = { user: 'ada', method: 'none' } as const
      const zeros = (bytes: number): string => `0x${'00'.repeat(bytes)}`
      const lanManager = await gateway.authenticate({
        ...raw,
        attributes: { 'MS-CHAP-Challenge': zeros(8), 'MS-CHAP-Response': zeros(50) },
      })
      expect(lanManager).toBeRejectedFor(20, { windows: '691', event: 6273 })
      const apple = await gateway.authenticate({
        ...raw,
        attributes: { 'ARAP-Password': zeros(16) },
      })
      expect(apple).toBeRejectedFor(18, { windows: '691', event: 6273 })
      const both = await gateway.authenticate({
        user: 'ada',
        method: 'pap',
        attributes: { 'CHAP-Password': zeros(17) },
      })
      expect(both).toBeRejectedFor(3, { windows: '812', event: 6273 })
      const nameless = await gateway.authenticate({
        user: 'ada',
        method: 'pap',
        attributes: { 'User-Name': undefined },
      })
      expect(nameless).toBeRejectedFor(3)
      const stale = await gateway.authenticate({
        client: 'laptop',
        attributes: { State: zeros(16) },
      })
      expect(stale).toBeRejectedFor(97, { windows: '812', event: 6273 })
      expect(stale.requests).toBe(1)
    },
  }),
  story({
    title: 'Without credentials only a policy for nobody in particular lets in',
    teaches:
      '"Allow clients to connect without negotiating an authentication method" is the box that must stay empty.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const bare = { user: 'ada', method: 'none' } as const
      expect(await gateway.authenticate(bare)).toBeRejectedFor(66, { windows: '812', event: 6273 })
      using _ = lab.apply(allowing({ ...PASSWORDS, unauthenticated: true }))
      const report = await gateway.authenticate(bare)
      expect(report).toBeAccepted()
      expect(report.keysAgree).toBe(undefined)
    },
  }),
  story({
    title: 'No such domain is 7, no such account 8, and a server outside the domain knows neither',
    teaches:
      'A server in a workgroup answers 32 to every name: its own accounts are the only ones that it can look up.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const named = (identity: string) =>
        gateway.authenticate({ user: 'ada', identity, method: 'pap' })
      expect(await named('CORP\\ada')).toBeAccepted()
      expect(await named('FABRIKAM\\ada')).toBeRejectedFor(7, { windows: '691', event: 6273 })
      expect(await named('CORP\\mallory')).toBeRejectedFor(8, { windows: '691', event: 6273 })
      using _ = lab.apply(inWorkgroup)
      expect(await named('CORP\\ada')).toBeRejectedFor(32, { windows: '691', event: 6273 })
    },
  }),
  story({
    title: 'Which port to the domain controller is shut shows in the reason',
    teaches:
      'NPS needs 3268 for user principal names (4), 389 for accounts (5), 445 for passwords (5) and 88 for certificates (261). A name without a suffix needs no catalog.',
    topology: withThem,
    run: async ({ lab, gateway, nps1, expect }) => {
      const plain = { ...ADA, identity: 'CORP\\ada', method: 'pap' } as const
      {
        using _ = lab.apply(blockedAtDc1(3268))
        lab.reboot('nps1')
        const upn = await gateway.authenticate(ADA)
        expect(upn).toBeRejectedFor(4, { windows: '812', event: 6273 })
        expect(upn.events.map(({ id }) => id)).toContain(4402)
        expect(await gateway.authenticate(plain)).toBeAccepted()
      }
      {
        using _ = lab.apply(blockedAtDc1(389))
        lab.reboot('nps1')
        expect(await gateway.authenticate(plain)).toBeRejectedFor(5, {
          windows: '812',
          event: 4402,
        })
      }
      {
        using _ = lab.apply(blockedAtDc1(445))
        lab.reboot('nps1')
        expect(await gateway.authenticate(plain)).toBeRejectedFor(5, {
          windows: '812',
          event: 6273,
        })
      }
      using _certificates = lab.apply(allowing({ eap: [{ type: 'peap', inner: ['tls'] }] }))
      using _ = lab.apply(blockedAtDc1(88))
      lab.reboot('nps1')
      const certificate = await gateway.authenticate({ client: 'laptop' })
      expect(certificate).toBeRejectedFor(261, { windows: '812', event: 6273 })
      expect(certificate.nps?.why.join()).toContain('10.10.0.6:88')
      expect(await nps1.resolve('dc1.corp.contoso.com')).toResolveTo('10.10.0.6')
    },
  }),
  story({
    title: 'NPS that is stopped in the middle of a request answers it never',
    teaches:
      'What was under way is written down with reason 271, the gateway sends again, and whoever runs by then decides.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const slow = lab.inject(delay(seconds(1)).to('dc1'))
      const asking = gateway.authenticate(ADA)
      await lab.advance(ms(500))
      lab.reboot('nps1')
      slow[Symbol.dispose]()
      const logged = lab.trace.ofKind('logged').filter(({ eventId }) => eventId === 6274)
      expect(logged.map(({ text }) => text).join()).toContain('reason code 271')
      const report = await asking
      expect(report).toBeAccepted()
      expect(report.requests).toBe(2)
    },
  }),
  story({
    title: 'A controller that falls silent is waited for, then given up',
    teaches:
      'A connection to the controller that dies is opened again. While there is none, 4401 and 4402 tell the story that reason 5 sums up.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      expect(await gateway.authenticate(ADA)).toBeAccepted()
      {
        using _ = lab.inject(lose(1).to('dc1'))
        const report = await gateway.authenticate({ ...ADA, identity: 'CORP\\ada' })
        expect(report).toBeRejectedFor(5, { windows: '812', event: 6273 })
        expect(systemEvents(lab)).toContain(4402)
      }
      await lab.advance(minutes(1))
      expect(await gateway.authenticate(ADA)).toBeAccepted()
    },
  }),
]
