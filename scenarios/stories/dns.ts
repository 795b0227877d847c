/**
 * Which names resolve where, and who was asked: split DNS as the deployment guide wants it, and the NRPT of the client.
 * Rules are written as Persistent, and the laptop sits in the office: so they count without a tunnel, and their servers are reached. With one: `connect.ts`.
 */
import {
  dnsServer,
  minutes,
  seconds,
  story,
  withoutRecord,
  withGroupPolicyNrpt,
  withNode,
  withProfileText,
  withRecord,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit } from './certificate-edits.ts'

const swap = (from: string, to: string) => (text: string) => text.replace(from, to)
const DOMAIN = '<DomainName>.corp.contoso.com</DomainName>'
const SERVERS = '<DnsServers>10.10.0.6</DnsServers>'
const ALWAYS = '<Persistent>true</Persistent>'
const persistently: ContosoEdit = withProfileText('laptop', swap(SERVERS, SERVERS + ALWAYS))

export const dns = [
  story({
    title: 'Public names resolve outside, private ones do not, and inside both do',
    teaches:
      'Split DNS: the Internet must not learn the inside, and the inside must still see the Internet.',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, laptop, officePc, expect }) => {
      await lab.step('at home', async () => {
        expect(await laptop.resolve('www.contoso.com')).toResolveTo(['203.0.113.12'])
        expect(await laptop.resolve('intranet.corp.contoso.com')).toHaveRcode('NXDOMAIN')
        expect(await laptop.resolve('_ldap._tcp.corp.contoso.com', 'SRV')).toHaveRcode('NXDOMAIN')
      })
      await lab.step('in the office', async () => {
        expect(await officePc.resolve('www.contoso.com')).toResolveTo(['203.0.113.12'])
        expect(await officePc.resolve('intranet.corp.contoso.com')).toResolveTo(['10.10.0.20'])
      })
    },
  }),
  story({
    title: 'The name of the gateway resolves to its public address wherever a client may be',
    teaches:
      'vpn.contoso.com is the one name that must mean the same thing everywhere (DNS-01, DNS-02, DNS-05).',
    topology: contoso,
    run: async ({ laptop, hotelLaptop, mobileLaptop, officePc, expect }) => {
      for (const node of [laptop, hotelLaptop, mobileLaptop, officePc]) {
        expect(await node.resolve('vpn.contoso.com')).toResolveTo(['203.0.113.10'])
      }
    },
  }),
  story({
    title: 'Without its record the gateway is nowhere',
    teaches:
      'No A record for the dialled name: the client shows error 868 and never sends a packet to the gateway.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(withoutRecord('contosoPublic', 'vpn', 'A'))
      expect(await laptop.resolve('vpn.contoso.com')).toHaveRcode('NXDOMAIN')
    },
  }),
  story({
    title: 'A changed record is believed only when the cached one has run out',
    teaches:
      'TTLs are promises: for an hour after a move, resolvers give the old address in good faith.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.resolve('vpn.contoso.com')).toResolveTo(['203.0.113.10'])
      using _gone = lab.apply(withoutRecord('contosoPublic', 'vpn', 'A'))
      using _new = lab.apply(withRecord('contosoPublic', 'vpn 3600 IN A 203.0.113.14'))
      await lab.advance(minutes(30))
      laptop.flushCaches()
      expect(await laptop.resolve('vpn.contoso.com')).toResolveTo(['203.0.113.10'])
      await lab.advance(minutes(31))
      expect(await laptop.resolve('vpn.contoso.com')).toResolveTo(['203.0.113.14'])
    },
  }),
  story({
    title: 'A suffix rule takes the domain and all below it to the inside server',
    teaches:
      'NRPT rules begin with a dot: .corp.contoso.com matches the apex and every name below.',
    topology: contoso,
    tags: ['core'],
    run: async ({ lab, laptop, expect }) => {
      await laptop.moveTo('office')
      {
        using _ = lab.apply(persistently)
        const below = await laptop.resolve('intranet.corp.contoso.com')
        expect(below).toResolveTo(['10.10.0.20'])
        expect(below).toUseRule('.corp.contoso.com')
        expect(await laptop.resolve('corp.contoso.com')).toUseRule('.corp.contoso.com')
        expect(await laptop.resolve('www.contoso.com')).toUseRule(undefined)
      }
      laptop.flushCaches()
      expect(await laptop.resolve('intranet.corp.contoso.com')).toUseRule(undefined)
    },
  }),
  story({
    title: 'Without the leading dot a rule is for one name only',
    teaches: 'corp.contoso.com without its dot matches the apex and nothing below (F24).',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(persistently)
      using _dot = lab.apply(
        withProfileText('laptop', swap('<DomainName>.corp', '<DomainName>corp')),
      )
      await laptop.moveTo('office')
      expect(await laptop.resolve('corp.contoso.com')).toUseRule('corp.contoso.com')
      expect(await laptop.resolve('intranet.corp.contoso.com')).toUseRule(undefined)
    },
  }),
  story({
    title: 'A star in a rule matches nothing',
    teaches:
      'The namespace *.corp.contoso.com is taken literally: the rule is listed, and never used (F84).',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(persistently)
      using _star = lab.apply(withProfileText('laptop', swap('<DomainName>.', '<DomainName>*.')))
      await laptop.moveTo('office')
      expect(await laptop.resolve('intranet.corp.contoso.com')).toUseRule(undefined)
    },
  }),
  story({
    title: 'A rule without servers exempts a name from the suffix around it',
    teaches:
      'The more specific rule wins, and one without DnsServers hands the name back to the interface.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(
        withProfileText(
          'laptop',
          swap(
            SERVERS,
            `${SERVERS}${ALWAYS}</DomainNameInformation><DomainNameInformation><DomainName>files.corp.contoso.com</DomainName>${ALWAYS}`,
          ),
        ),
      )
      const exempt = await laptop.resolve('files.corp.contoso.com')
      expect(exempt).toUseRule('files.corp.contoso.com')
      expect(exempt).toHaveAsked('192.168.1.1')
      expect(exempt).toHaveRcode('NXDOMAIN')
    },
  }),
  story({
    title: 'A rule for every name takes every name',
    teaches:
      'The namespace . sends all questions to the inside server, the one for the gateway included.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(persistently)
      using _any = lab.apply(
        withProfileText('laptop', swap('.corp.contoso.com</DomainName>', '.</DomainName>')),
      )
      await laptop.moveTo('office')
      const any = await laptop.resolve('www.contoso.com')
      expect(any).toUseRule('.')
      expect(any).toHaveAsked('10.10.0.6')
      expect(any).toResolveTo(['203.0.113.12'])
    },
  }),
  story({
    title: 'A persistent rule works against its owner when the tunnel is down',
    teaches:
      "Persistent rules stay without a tunnel; a suffix that covers the gateway's own name gives 868 (F53).",
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(
        withProfileText('laptop', (text) =>
          text
            .replace(DOMAIN, '<DomainName>.contoso.com</DomainName>')
            .replace(SERVERS, `${SERVERS}<Persistent>true</Persistent>`),
        ),
      )
      const vpn = await laptop.resolve('vpn.contoso.com')
      expect(vpn).toUseRule('.contoso.com')
      expect(vpn).toHaveRcode('TIMEOUT')
    },
  }),
  story({
    title: 'nslookup does not see the rules',
    teaches:
      "nslookup asks the interface's server whatever the NRPT says; Resolve-DnsName tells the truth.",
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(persistently)
      const nslookup = await laptop.resolve('intranet.corp.contoso.com', 'A', { mode: 'nslookup' })
      expect(nslookup).toUseRule(undefined)
      expect(nslookup).toHaveAsked('192.168.1.1')
      expect(nslookup).toHaveRcode('NXDOMAIN')
    },
  }),
  story({
    title: 'An empty policy key hides every rule of the profile',
    teaches:
      'If Group Policy has an NRPT, even an empty one, the rules of the profile are listed and not used (F55).',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(persistently)
      using _policy = lab.apply(withGroupPolicyNrpt('laptop', []))
      await laptop.moveTo('office')
      expect(await laptop.resolve('intranet.corp.contoso.com')).toUseRule(undefined)
    },
  }),
  story({
    title: 'One server gives two views of one zone',
    teaches:
      'Split-brain by zone scope: a policy picks the view by who asks, and a view that lacks a record denies it.',
    topology: contoso,
    run: async ({ lab, officePc, gateway, expect }) => {
      using _ = lab.apply(
        withNode('dc1', 'serves two views of contoso.com', (node) => ({
          ...node,
          services: [
            dnsServer({
              zones: ['corpContoso', 'corpReverse', 'contosoPublic'],
              scopes: { inside: 'contosoInside' },
              policies: [
                { name: 'office', action: 'allow', clientSubnet: '10.10.8.0/24', scope: 'inside' },
              ],
              recursion: true,
              forwarders: ['198.51.100.68'],
            }),
          ],
        })),
      )
      expect(await officePc.resolve('www.contoso.com')).toResolveTo(['10.10.0.20'])
      expect(await gateway.resolve('www.contoso.com')).toResolveTo(['203.0.113.12'])
      expect(await officePc.resolve('vpn.contoso.com')).toResolveTo(['203.0.113.10'])
      expect(await officePc.resolve('mail.contoso.com')).toHaveRcode('NXDOMAIN')
      expect(await gateway.resolve('mail.contoso.com')).toResolveTo(['203.0.113.13'])
    },
  }),
  story({
    title: 'The laptop knows the office by its DNS suffix',
    teaches:
      "Trusted-network detection compares the suffix that DHCP hands out with the profile's list; a guest network that hands out the same one fools it (F38).",
    topology: contoso,
    run: async ({ laptop, expect }) => {
      expect(await laptop.trustedNetwork()).toEqual({ inside: false, suffixes: ['home.arpa'] })
      await laptop.moveTo('office')
      expect(await laptop.trustedNetwork()).toEqual({
        inside: true,
        suffixes: ['corp.contoso.com'],
        matched: 'corp.contoso.com',
      })
    },
  }),
  story({
    title: 'A short name finds its suffix',
    teaches: 'DnsSuffix of the profile makes \\\\fs1 work; without it only full names do.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      await laptop.moveTo('office')
      expect(await laptop.resolve('intranet')).toResolveTo(['10.10.0.20'])
      await laptop.moveTo('homeLan')
      await lab.advance(seconds(5))
      expect(await laptop.resolve('intranet')).not.toResolveTo(['10.10.0.20'])
    },
  }),
]
