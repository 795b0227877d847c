/**
 * NPS as a RADIUS proxy: requests that a connection request policy sends on to another server, and what comes back of them.
 * Not accounting, which stays with the first.
 */
import {
  compose,
  seconds,
  story,
  withConnectionRequestPolicy,
  withNps,
  withoutMember,
  withRadiusServer,
  type NpsSpec,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from './certificate-edits.ts'
import { beside, logged, NPS2, PASSWORDS, SECRETS, WIZARD } from './nps-edits.ts'

const PAP = { user: 'ada', method: 'pap' } as const

/** nps1 sends every request on to the servers of a group. */
const forwarding = (group: NonNullable<NpsSpec['remoteGroups']>[string]): ContosoEdit =>
  compose(
    withNps('nps1', { remoteGroups: { Headquarters: group as never } }),
    withConnectionRequestPolicy('nps1', WIZARD, { provider: { forwardTo: 'Headquarters' } }),
  )

const toNps2 = forwarding([{ address: NPS2, secret: SECRETS.hop }])

export const npsProxy = [
  story({
    title: 'A proxy passes on what the other server says, keys and all',
    teaches:
      'The connection request policy forwards to a remote group. Keys are hidden anew for the gateway’s own secret, so EAP works across; a rejection is reason 112 at the proxy and the true one behind it.',
    topology: compose(
      beside({
        networkPolicies: [
          {
            name: 'Headquarters',
            access: 'grant',
            conditions: { userGroups: ['VPN Users'] },
            constraints: { authentication: { ...PASSWORDS, eap: [{ type: 'mschapv2' }] } },
          },
        ],
      }),
      toNps2,
    ).apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      const eap = await gateway.authenticate({ user: 'ada', method: 'eap-mschapv2' })
      expect(eap).toBeAccepted({ policy: WIZARD })
      expect(eap.server).toBe('nps1')
      expect(eap.keysAgree).toBe(true)
      expect(await gateway.authenticate(PAP)).toBeAccepted()
      using _ = lab.apply(withoutMember('VPN Users', 'ada'))
      const denied = await gateway.authenticate(PAP)
      expect(denied).toBeRejectedFor(112, { windows: '812', event: 6273, policy: WIZARD })
      const reasons = denied.events.filter(({ id }) => id === 6273)
      expect(reasons.map(({ node }) => node)).toEqual(['nps2', 'nps1'])
      expect(reasons[0]?.text).toContain('reason code 48')
    },
  }),
  story({
    title: 'A proxy that gets no answer gives none, and each way of getting none has its number',
    teaches:
      'A server whose name leads nowhere is 116, one that is silent 117: both are discarded, event 6274, so that the gateway may try another server.',
    topology: beside().apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      const groups = [
        [[{ address: 'nps9.corp.contoso.com', secret: SECRETS.hop }], 116],
        [[{ address: NPS2, secret: 'mistyped' }], 117],
      ] as const
      for (const [group, reason] of groups) {
        using _ = lab.apply(forwarding(group))
        using _patient = lab.apply(withRadiusServer('gateway', { timeout: seconds(30) }))
        const report = await gateway.authenticate({ user: 'ada', method: 'eap-mschapv2' })
        expect(report).toBeDiscardedFor(reason, { windows: '812', event: 6274, policy: WIZARD })
      }
    },
  }),
  story({
    title: 'An answer of a remote server that cannot be read is as good as none',
    teaches:
      'A server behind the proxy that sends keys which are no keys: its answer verifies and still cannot be passed on. Reason 118.',
    topology: compose(
      beside({
        networkPolicies: [
          {
            name: 'Keys that are none',
            access: 'grant',
            constraints: { authentication: { pap: true } },
            attributes: [{ name: 'MS-MPPE-Send-Key', value: '0x0102' }],
          },
        ],
      }),
      toNps2,
    ).apply(contoso),
    run: async ({ gateway, expect }) => {
      const report = await gateway.authenticate(PAP)
      expect(report).toBeDiscardedFor(118, { windows: '812', event: 6274 })
      expect(logged(report, 'nps2')).toContain(6272)
    },
  }),
  story({
    title: 'Limiting Proxy-State stops a proxy that sends PAP without Message-Authenticator',
    teaches:
      'The other switch against Blast-RADIUS: a request that came by way of a proxy must be protected. The proxy hears nothing, and says 117.',
    topology: compose(beside({ limitProxyState: true }), toNps2).apply(contoso),
    run: async ({ lab, gateway, expect }) => {
      using _patient = lab.apply(withRadiusServer('gateway', { timeout: seconds(30) }))
      const report = await gateway.authenticate(PAP)
      expect(report).toBeDiscardedFor(117, { windows: '812', event: 6274 })
      expect(logged(report, 'nps2')).toEqual([4418])
      const protectedHop = [{ address: NPS2, secret: SECRETS.hop, sendsMessageAuthenticator: true }]
      using _ = lab.apply(withNps('nps1', { remoteGroups: { Headquarters: protectedHop } }))
      expect(await gateway.authenticate(PAP)).toBeAccepted()
    },
  }),
]
