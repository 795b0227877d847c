/**
 * What the two firewalls let through, seen from where people are: home, hotel, carrier, office, and the gateway itself.
 * Not the tables row by row: those are in `firewall-tables.ts`.
 */
import {
  allow,
  minutes,
  story,
  withGateway,
  withNatRule,
  withoutNatRule,
  withoutRule,
  withoutTrunkVlan,
  withRule,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'

export const perimeter = [
  story({
    title: 'IKE reaches the gateway from home, and nothing else does',
    teaches:
      'Always On VPN needs two holes in the edge firewall: UDP 500 and UDP 4500, both to the gateway.',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, expect }) => {
      for (const port of [500, 4500]) {
        const probe = await lab.step(`UDP ${port} from home`, () =>
          lab.probe({ from: 'laptop', to: 'gateway', udp: port }),
        )
        expect(probe).toBeAnswered({ at: 'gateway' })
      }
      for (const port of [53, 1701, 1812, 3389]) {
        const probe = await lab.probe({ from: 'laptop', to: '203.0.113.10', udp: port })
        expect(probe).toBeDropped({ at: 'edgeFirewall' })
      }
      for (const port of [443, 1723, 3389]) {
        const probe = await lab.probe({ from: 'laptop', to: '203.0.113.10', tcp: port })
        expect(probe).toBeDropped({ at: 'edgeFirewall' })
      }
    },
  }),
  story({
    title: 'IKE passes two layers of translation on a mobile phone',
    teaches:
      'A phone that shares its connection translates once, the carrier translates again; IKE must not care.',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, expect }) => {
      for (const port of [500, 4500]) {
        const probe = await lab.probe({ from: 'mobileLaptop', to: 'gateway', udp: port })
        expect(probe).toBeAnswered({ at: 'gateway' })
        expect(probe).toBeTranslatedBy(['phone', 'carrier', 'edgeFirewall'])
      }
    },
  }),
  story({
    title: 'A hotel that blocks UDP kills IKE before it leaves the building',
    teaches:
      'Some guest networks only let the web through. Nothing at the company can change that.',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, hotelLaptop, expect }) => {
      for (const port of [500, 4500]) {
        const probe = await lab.probe({ from: 'hotelLaptop', to: 'gateway', udp: port })
        expect(probe).toBeDropped({ at: 'hotelRouter', rule: 'hotel-blocks-udp' })
      }
      const page = await hotelLaptop.get('http://pki.contoso.com/issuing.crl')
      expect(page).toHaveStatus(200)
    },
  }),
  story({
    title: 'The laptop takes its luck with it when it moves',
    teaches:
      'The same laptop, three networks: what works at home dies in the hotel and works again on the phone.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      expect(await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })).toBeAnswered()
      await lab.step('to the hotel', () => laptop.moveTo('hotelLan'))
      expect(await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })).toBeDropped({
        at: 'hotelRouter',
        rule: 'hotel-blocks-udp',
      })
      await lab.step('to the phone', () => laptop.moveTo('hotspot'))
      expect(await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })).toBeAnswered()
    },
  }),
  story({
    title: 'A missing rule at the edge is named',
    teaches:
      'Who forgets FW-E-02 gets error 809 on the client; the edge firewall is where the packet dies.',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, expect }) => {
      using _ = lab.apply(withoutRule('edgeFirewall', 'nat-t-to-gateway'))
      const probe = await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })
      expect(probe).toBeDropped({ at: 'edgeFirewall', rule: 'edge-default-deny' })
      expect(await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })).toBeAnswered()
    },
  }),
  story({
    title: 'A port forward that is missing leaves the packet with the firewall itself',
    teaches:
      "Without the translation the public address is the edge firewall's own, and nobody listens there.",
    topology: contoso,
    run: async ({ lab, expect }) => {
      using _ = lab.apply(withoutNatRule('edgeFirewall', 'publish-ike'))
      const probe = await lab.probe({ from: 'laptop', to: '203.0.113.10', udp: 500 })
      expect(probe).toBeDropped({ at: 'edgeFirewall' })
      expect(await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })).toBeAnswered()
    },
  }),
  story({
    title: 'SSTP passes only where the edge opens TCP 443',
    teaches: 'The fallback for hotels is one more rule and one more port forward (variant V3).',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const closed = await lab.probe({ from: 'hotelLaptop', to: '203.0.113.10', tcp: 443 })
      expect(closed).toBeDropped({ at: 'edgeFirewall' })
      using _rule = lab.apply(
        withRule(
          'edgeFirewall',
          allow('sstp-to-gateway', {
            id: 'FW-E-04',
            from: 'outside',
            destination: '172.16.10.10',
            tcp: [443],
          }),
        ),
      )
      using _forward = lab.apply(
        withNatRule('edgeFirewall', {
          kind: 'dnat',
          name: 'publish-sstp',
          destination: '203.0.113.10',
          tcp: [443],
          toAddress: '172.16.10.10',
        }),
      )
      const open = await lab.probe({ from: 'hotelLaptop', to: '203.0.113.10', tcp: 443 })
      expect(open).toBeDropped({ at: 'gateway', rule: 'windows-inbound-default' })
    },
  }),
  story({
    title: "RADIUS passes from the gateway's inner side to nps1, and from nowhere else",
    teaches: 'NPS sees one client: the inner address of the gateway (FW-I-01, FW-I-02).',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, expect }) => {
      for (const port of [1812, 1813]) {
        const inner = await lab.probe({ from: 'gateway', to: 'nps1', udp: port })
        expect(inner).toBeAnswered({ at: 'nps1' })
        const office = await lab.probe({ from: 'officePc', to: 'nps1', udp: port })
        expect(office).toBeDropped({ at: 'nps1', rule: 'windows-inbound-default' })
        const outside = await lab.probe({ from: 'laptop', to: '10.10.0.7', udp: port })
        expect(outside).toFailWith('no-route', { at: 'internet' })
      }
    },
  }),
  story({
    title: 'Replies leave by the outer adapter, until somebody adds a second default gateway',
    teaches:
      'Two default gateways on one server send answers into the wrong network (TOPO-05, F28).',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, expect }) => {
      const good = await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })
      expect(good).toBeAnswered({ by: 'perimeterExternal' })
      using _ = lab.apply(withGateway('gateway', 'perimeterInternal', '172.16.20.1'))
      const bad = await lab.probe({ from: 'laptop', to: 'gateway', udp: 500 })
      expect(bad).toArrive({ at: 'gateway' })
      expect(bad).toGoUnanswered({ at: 'innerFirewall' })
    },
  }),
  story({
    title: 'A VLAN that the trunk does not carry cuts the gateway off',
    teaches:
      'A gateway that is a virtual machine lives on a tagged cable; a forgotten VLAN is silence.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      using _ = lab.apply(withoutTrunkVlan('perimeterSwitch', 'gateway', 'perimeterExternal'))
      const probe = await lab.probe({ from: 'laptop', to: '203.0.113.10', udp: 500 })
      expect(probe).not.toArrive({ at: 'gateway' })
      expect(lab.trace.dropCount('perimeterSwitch', 'vlan-not-allowed')).toBeGreaterThan(0)
      expect(await lab.probe({ from: 'gateway', to: 'nps1', udp: 1812 })).toBeAnswered()
    },
  }),
  story({
    title: 'A reply that comes too late finds the session gone',
    teaches:
      'Firewalls forget idle UDP flows; the keepalive every 20 seconds is what holds them (FW-E-12).',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const first = await lab.probe({ from: 'laptop', to: 'gateway', udp: 4500 })
      expect(first).toBeAnswered()
      await lab.advance(minutes(10))
      const later = await lab.probe({ from: 'gateway', to: '198.51.100.2', udp: 4500 })
      expect(later).toBeDropped({ at: 'homeRouter' })
    },
  }),
]
