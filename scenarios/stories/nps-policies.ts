/**
 * Who decides, and by which policy: NPS's two lists in their order, constraints, dial-in properties, and what overrides what.
 * Not passwords and accounts, which are in `nps-accounts.ts`, and not certificates, which have their own.
 */
import {
  compose,
  story,
  vpnNetworkPolicy,
  withConnectionRequestPolicy,
  withNetworkPolicy,
  withNps,
  withoutMember,
  withoutNetworkPolicy,
  withUser,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from './certificate-edits.ts'
import { allowing, DEFAULT_DENY, PASSWORDS, WIZARD, withPasswords } from './nps-edits.ts'

const withThem = withPasswords.apply(contoso)
const ADA = { user: 'ada', method: 'ms-chap-v2' } as const

const denyEverybody: ContosoEdit = withNetworkPolicy('nps1', 'Nobody at all', { access: 'deny' })

/** Behind the wizard's policy: one that lets everybody in who comes with PAP. */
const grantEverybody: ContosoEdit = withNps('nps1', {
  networkPolicies: [
    vpnNetworkPolicy({ group: 'VPN Users', constraints: { authentication: PASSWORDS } }),
    { name: 'Everybody', access: 'grant', constraints: { authentication: { pap: true } } },
  ],
})

const withAddress: ContosoEdit = withUser('ada', { framedIpAddress: '172.16.20.200' })
const withoutPolicy: ContosoEdit = withoutNetworkPolicy('nps1', WIZARD)

export const npsPolicies = [
  story({
    title: 'NPS lets in whom a policy names, and says which policy it was',
    teaches:
      'The first network policy whose conditions all hold decides. Who is in no group that a policy names ends at the ones that Windows brings, and those deny.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const ada = await gateway.authenticate({ client: 'laptop' })
      expect(ada).toBeAccepted({ policy: WIZARD })
      expect(ada.nps?.reason).toBe(0)
      expect(ada.keysAgree).toBe(true)
      expect(ada.events.map(({ id }) => id)).toContain(6272)
      using _ = lab.apply(withoutMember('VPN Users', 'ada'))
      const stranger = await gateway.authenticate({ client: 'laptop' })
      expect(stranger).toBeRejectedFor(48, { windows: '812', event: 6273 })
      expect(stranger.nps?.why[0]).toContain(DEFAULT_DENY)
      expect(stranger.nps?.why.join()).toContain('User Groups wants VPN Users')
      expect(stranger.restsOn).toContain('reasonOfDefaultDeny')
    },
  }),
  story({
    title: 'Without the policies that deny, nobody matches, and the reason is the same',
    teaches:
      'Reason 48 is "no policy matches". The two policies that Windows brings match everybody, so it is rarely true to the letter.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const off: ContosoEdit = compose(
        withNetworkPolicy('nps1', 'Connections to other access servers', {
          access: 'deny',
          enabled: false,
        }),
        withNetworkPolicy('nps1', DEFAULT_DENY, { access: 'deny', enabled: false }),
      )
      using _ = lab.apply(off)
      const report = await gateway.authenticate({ user: 'eve', method: 'pap' })
      expect(report).toBeRejectedFor(48, { windows: '812', event: 6273 })
      expect(report.nps?.networkPolicy).toBe(undefined)
      expect(report.nps?.why).toContain(`policy '${DEFAULT_DENY}' is disabled`)
      expect(report.restsOn ?? []).toHaveLength(0)
    },
  }),
  story({
    title:
      'A request that no connection request policy matches is turned down before anybody is looked up',
    teaches:
      'Connection request policies come first, and say who decides. Whoever disables the one that Windows brings turns away all that his own do not name.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const dialUpOnly: ContosoEdit = compose(
        withConnectionRequestPolicy('nps1', WIZARD, { conditions: { nasPortType: [0] } }),
        withConnectionRequestPolicy('nps1', 'Use Windows authentication for all users', {
          enabled: false,
          conditions: {},
        }),
      )
      using _ = lab.apply(dialUpOnly)
      const report = await gateway.authenticate({ user: 'nobody', method: 'pap', password: 'x' })
      expect(report).toBeRejectedFor(49, { windows: '812', event: 6273 })
      expect(report.nps?.why.join()).toContain('NAS Port Type wants 0, got 5')
    },
  }),
  story({
    title: 'A policy that denies wins by standing first, until the account says otherwise',
    teaches:
      'Network Access Permission of the Dial-in page has the last word, both ways, unless the policy ignores it.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _deny = lab.apply(denyEverybody)
      const denied = await gateway.authenticate(ADA)
      expect(denied).toBeRejectedFor(65, { windows: '812', event: 6273, policy: 'Nobody at all' })
      expect(denied.nps?.why[0]).toBe(
        "expected a policy that grants access, got 'Nobody at all', which denies it",
      )
      using _allow = lab.apply(withUser('ada', { dialIn: 'allow' }))
      // She is let in, and held to the constraints of the very policy that denies.
      expect(await gateway.authenticate(ADA)).toBeAccepted({ policy: 'Nobody at all' })
      using _ignore = lab.apply(withNetworkPolicy('nps1', 'Nobody at all', { ignoresDialIn: true }))
      expect(await gateway.authenticate(ADA)).toBeRejectedFor(65, { policy: 'Nobody at all' })
    },
  }),
  story({
    title: 'An account that is denied on its Dial-in page stays out, group or not',
    teaches: 'Reason 65 has two authors. Which it was, the line under it says.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      expect(await gateway.authenticate(ADA)).toBeAccepted()
      using _deny = lab.apply(withUser('ada', { dialIn: 'deny' }))
      const report = await gateway.authenticate(ADA)
      expect(report).toBeRejectedFor(65, { windows: '812', event: 6273, policy: WIZARD })
      expect(report.nps?.why[0]).toContain('Network Access Permission of the account')
      using _ = lab.apply(withNetworkPolicy('nps1', WIZARD, { ignoresDialIn: true }))
      expect(await gateway.authenticate(ADA)).toBeAccepted({ policy: WIZARD })
    },
  }),
  story({
    title: 'An NPS that nobody registered may not read the Dial-in page',
    teaches:
      'Registering puts the server into RAS and IAS Servers. Without it reason 2 is what Microsoft says; a policy that ignores dial-in properties needs no registration.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withoutMember('RAS and IAS Servers', 'nps1'))
      const report = await gateway.authenticate(ADA)
      expect(report).toBeRejectedFor(2, { windows: '812', event: 6273, policy: WIZARD })
      expect(report.restsOn).toContain('unregisteredNps')
      const lenient = { assume: { unregisteredNps: 'ignores-dial-in' } } as const
      expect(await gateway.authenticate({ ...ADA, ...lenient })).toBeAccepted()
      using _ignore = lab.apply(withNetworkPolicy('nps1', WIZARD, { ignoresDialIn: true }))
      expect(await gateway.authenticate(ADA)).toBeAccepted()
    },
  }),
  story({
    title: 'A constraint that is missed ends it: the next policy is never asked',
    teaches:
      'Conditions choose a policy, constraints judge by it. A policy behind that lets everybody in by PAP helps nobody whose own policy wants PEAP.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _all = lab.apply(grantEverybody)
      expect(await gateway.authenticate({ user: 'eve', method: 'pap' })).toBeAccepted({
        policy: 'Everybody',
      })
      using _peap = lab.apply(allowing({ eap: [{ type: 'peap', inner: ['tls'] }] }))
      const report = await gateway.authenticate({ user: 'ada', method: 'pap' })
      expect(report).toBeRejectedFor(66, { windows: '812', event: 6273, policy: WIZARD })
      expect(report.nps?.why).toContain('expected eap, got pap')
      expect(report.requests).toBe(1)
    },
  }),
  story({
    title: 'Hours, called number and port type each have a reason of their own',
    teaches:
      'The same time of day is a condition in one place and a constraint in another: the condition sends people on to the next policy, the constraint sends them home.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const constrained = (constraints: object): ContosoEdit =>
        withNetworkPolicy('nps1', WIZARD, {
          constraints: { authentication: PASSWORDS, ...constraints },
        })
      // Monday, 08:00.
      const weekend = [{ days: ['Sa', 'Su'] as const }]
      const cases = [
        [{ dayAndTime: weekend }, 68, 'Mo 08:00'],
        [
          { calledStationId: '^203\\.' },
          69,
          'expected Called-Station-Id ^203\\., got 172.16.10.10',
        ],
        [{ nasPortTypes: [15, 19] }, 70, 'expected NAS-Port-Type 15 or 19, got 5'],
      ] as const
      for (const [constraints, reason, why] of cases) {
        using _ = lab.apply(constrained(constraints))
        const report = await gateway.authenticate(ADA)
        expect(report).toBeRejectedFor(reason, { windows: '812', event: 6273, policy: WIZARD })
        expect(report.nps?.why.join()).toContain(why)
      }
      using _ = lab.apply(
        withNetworkPolicy('nps1', WIZARD, {
          conditions: { userGroups: ['VPN Users'], dayAndTime: weekend },
        }),
      )
      expect(await gateway.authenticate(ADA)).toBeRejectedFor(48, { windows: '812' })
    },
  }),
  story({
    title: 'Verify Caller-ID binds an account to one address',
    teaches: 'Calling-Station-Id of a VPN is the client’s address after every translation.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withUser('ada', { callerId: '192.168.1.100' }))
      const report = await gateway.authenticate({ ...ADA, client: 'laptop' })
      expect(report).toBeRejectedFor(67, { windows: '812', event: 6273, policy: WIZARD })
      expect(report.nps?.why[0]).toContain('got 198.51.100.2')
      using _outer = lab.apply(withUser('ada', { callerId: '198.51.100.2' }))
      expect(await gateway.authenticate({ ...ADA, client: 'laptop' })).toBeAccepted()
    },
  }),
  story({
    title: 'Remote access has a lockout of its own, which no policy overrules',
    teaches:
      'MaxDenials of RRAS counts failed attempts in the registry of NPS. Unlocking the account in Active Directory changes nothing.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _locked = lab.apply(withUser('ada', { remoteAccessLocked: true }))
      using _ignore = lab.apply(withNetworkPolicy('nps1', WIZARD, { ignoresDialIn: true }))
      const report = await gateway.authenticate(ADA)
      expect(report).toBeRejectedFor(64, { windows: '812', event: 6273 })
    },
  }),
  story({
    title: 'A policy sends what it is told to, and the account’s own address behind it',
    teaches:
      'Attributes of the policy come back in the Access-Accept, with the timeouts in seconds and the static address of the Dial-in page.',
    topology: withAddress.apply(withThem),
    run: async ({ gateway, expect }) => {
      const report = await gateway.authenticate(ADA)
      expect(report).toBeAccepted()
      expect(report.attributes).toEqual([
        { name: 'Framed-Protocol', value: 'PPP' },
        { name: 'Service-Type', value: 'Framed' },
        { name: 'Framed-IP-Address', value: '172.16.20.200' },
        ...report.attributes.slice(3),
      ])
    },
  }),
  story({
    title: 'A name that is rewritten is looked up under its new form',
    teaches:
      'Attribute manipulation of the connection request policy turns what users type into what the directory knows, before anybody is looked up.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      const typed = { user: 'ada', identity: 'ada@contoso.com', method: 'pap' } as const
      const unknown = await gateway.authenticate(typed)
      expect(unknown).toBeRejectedFor(8, { windows: '691', event: 6273 })
      using _ = lab.apply(
        withConnectionRequestPolicy('nps1', WIZARD, {
          rewritesUserName: { find: '@contoso\\.com$', replace: '@corp.contoso.com' },
        }),
      )
      expect(await gateway.authenticate(typed)).toBeAccepted({ policy: WIZARD })
    },
  }),
  story({
    title: 'Accepting without validating credentials asks nobody for anything',
    teaches:
      'The provider "accept users without validating credentials" lets in a wrong password, an account that does not exist, and no account at all, by no network policy.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(withConnectionRequestPolicy('nps1', WIZARD, { provider: 'accept' }))
      const nobody = { user: 'mallory', password: 'anything', method: 'pap' } as const
      const report = await gateway.authenticate(nobody)
      expect(report).toBeAccepted({ policy: WIZARD })
      expect(report.nps?.networkPolicy).toBe(undefined)
      expect(report.keysAgree).toBe(undefined)
    },
  }),
  story({
    title:
      'An anonymous name outside the tunnel works only where the connection request policy authenticates',
    teaches:
      'NPS looks the outer identity up before there is a tunnel. "Override network policy authentication settings" moves that behind it, and the user inside is the one who is judged.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const masked = { client: 'laptop', identity: 'anonymous@corp.contoso.com' } as const
      const looked = await gateway.authenticate(masked)
      expect(looked).toBeRejectedFor(8, { event: 6273 })
      expect(looked.requests).toBe(1)
      using _ = lab.apply(
        withConnectionRequestPolicy('nps1', WIZARD, {
          authentication: { eap: [{ type: 'peap', inner: ['tls'] }] },
        }),
      )
      const report = await gateway.authenticate(masked)
      expect(report).toBeAccepted({ policy: WIZARD })
      using _out = lab.apply(withoutMember('VPN Users', 'ada'))
      expect(await gateway.authenticate(masked)).toBeRejectedFor(48, { windows: '812' })
    },
  }),
  story({
    title: 'An extension DLL may pass, reject, discard, or fail, and only one of the four is heard',
    teaches:
      'The extension of multi-factor authentication sits in front of all policies. A request that it throws away is silence to the gateway, and event 6274 to NPS.',
    topology: withThem,
    run: async ({ lab, gateway, expect }) => {
      {
        using _ = lab.apply(withNps('nps1', { extension: 'rejects' }))
        expect(await gateway.authenticate(ADA)).toBeRejectedFor(21, { windows: '812', event: 6273 })
      }
      for (const [extension, reason] of [
        ['discards', 9],
        ['fails', 10],
      ] as const) {
        using _ = lab.apply(withNps('nps1', { extension }))
        const report = await gateway.authenticate(ADA)
        expect(report).toBeDiscardedFor(reason, { windows: '812', event: 6274 })
        expect(report).toGetNoAnswer({ servers: ['nps1'] })
      }
      using _ = lab.apply(withNps('nps1', { extension: 'passes' }))
      expect(await gateway.authenticate(ADA)).toBeAccepted()
    },
  }),
  story({
    title: 'Without the wizard’s policy nobody is let in, however good the certificate',
    teaches: 'An NPS with a certificate, a client and a domain, and no policy, denies everybody.',
    topology: withoutPolicy.apply(contoso),
    run: async ({ gateway, expect }) => {
      const report = await gateway.authenticate({ client: 'laptop' })
      expect(report).toBeRejectedFor(48, { windows: '812', event: 6273 })
      expect(report.requests).toBe(1)
    },
  }),
]
