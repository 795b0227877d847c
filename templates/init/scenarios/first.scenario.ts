/**
 * What your network promises. A story holds or it does not; when it does not, it says which firewall dropped which packet by
 * which rule. Tell what must work, and beside it what must not.
 */
import { story } from 'sallyport'
import { scenario } from 'sallyport/scenario'
import network from '../topology.ts'

scenario(
  story({
    title: 'the gateway answers IKE from home, and nothing else',
    teaches: 'Always On VPN needs UDP 500 and UDP 4500 at the edge, and no other port.',
    topology: network,
    tags: ['core'],
    async run({ lab, expect }) {
      await lab.step('IKE and NAT-T arrive and are answered', async () => {
        for (const udp of [500, 4500])
          expect(await lab.probe({ from: 'laptop', to: 'gateway', udp })).toBeAnswered({
            at: 'gateway',
          })
      })
      await lab.step('Remote Desktop does not', async () => {
        const rdp = await lab.probe({ from: 'laptop', to: '203.0.113.10', tcp: 3389 })
        expect(rdp).toBeDropped({ at: 'edgeFirewall' })
      })
    },
  }),
)

scenario(
  story({
    title: 'the name of the gateway is public, the inside is not',
    teaches: 'Split DNS: the Internet learns vpn.example.com and no name of the inside.',
    topology: network,
    tags: ['core'],
    async run({ laptop, gateway, expect }) {
      expect(await laptop.resolve('vpn.example.com')).toResolveTo('203.0.113.10')
      expect(await laptop.resolve('dc1.corp.example.com')).toHaveRcode('NXDOMAIN')
      expect(await gateway.resolve('dc1.corp.example.com')).toResolveTo('10.10.0.6')
    },
  }),
)

scenario(
  story({
    title: 'the laptop trusts the certificate of the gateway',
    teaches:
      'Root, name, purpose and dates are right, and the revocation list can be fetched from home.',
    topology: network,
    async run({ laptop, expect }) {
      expect(await laptop.judge('gateway:ike')).toBeTrusted()
    },
  }),
)
