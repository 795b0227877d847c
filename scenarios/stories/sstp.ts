/**
 * SSTP, the way in where IKE does not come through: who gets in by it, and what Windows shows who does not. Not the fallback's holes in the firewalls:
 * `perimeter.ts` has those.
 */
import { compose, story, withoutNatRule } from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import { holding, withService } from './certificate-edits.ts'
import { dialling, withSstp, withSstpPublished } from './sstp-edits.ts'

const PAGE = 'http://intranet.corp.contoso.com/'

/** The gateway's firewall is open, and nothing listens. */
const withSstpOff = withService('gateway', 'vpn-gateway', { sstp: false })

/** Everybody may dial SSTP. */
const offered = compose(withSstp, withSstpPublished)

export const sstp = [
  story({
    title: 'From the hotel that blocks UDP, Automatic connects by SSTP, and the inside answers',
    teaches: 'IKEv2 alone shows 809 here. TCP 443 is what every hotel lets through.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const { hotelLaptop } = lab.nodes
      using _offered = lab.apply(offered)
      lab.restartService('gateway', 'RemoteAccess')
      const ike = await lab.step('IKEv2 from the hotel', () => hotelLaptop.connect())
      expect(ike).toFailToConnect('no-answer', { windows: '809' })
      using _dial = lab.apply(dialling('hotelLaptop', 'Automatic'))
      const report = await lab.step('Automatic from the hotel', () => hotelLaptop.connect())
      expect(report).toBeConnected({ events: [20225, 20250, 20274, 6272] })
      expect(await hotelLaptop.resolve('intranet.corp.contoso.com')).toResolveTo('10.10.0.20')
      await hotelLaptop.disconnect()
      expect(await hotelLaptop.resolve('intranet.corp.contoso.com')).toHaveRcode('NXDOMAIN')
    },
  }),
  story({
    title: 'Automatic goes on to IKEv2 where TCP 443 is closed',
    teaches: 'Automatic tries SSTP first: it costs the time in which TCP gives up.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const { laptop } = lab.nodes
      using _dial = lab.apply(dialling('laptop', 'Automatic'))
      expect(await laptop.connect()).toBeConnected({ suite: 'ENCR_' })
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  story({
    title: 'Where everything is closed, Automatic shows 800',
    teaches: '800 means that no protocol got so far as to ask who is there: look at the firewalls.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      using _dial = lab.apply(dialling('hotelLaptop', 'Automatic'))
      const report = await lab.nodes.hotelLaptop.connect()
      expect(report).toFailToConnect('automatic-all-failed', {
        windows: '800',
        phase: 'P2',
        events: [20221, 20222, 20227],
      })
    },
  }),
  story({
    title: 'A closed port and a port without a listener look different to SSTP',
    teaches:
      'Silence is the firewall (809); a refusal is the gateway, where SSTP is not on (0x800704C9).',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const { laptop } = lab.nodes
      using _offered = lab.apply(compose(offered, dialling('laptop', 'SSTP')))
      lab.restartService('gateway', 'RemoteAccess')
      {
        using _shut = lab.apply(withoutNatRule('edgeFirewall', 'publish-sstp'))
        const closed = await laptop.connect()
        expect(closed).toFailToConnect('no-answer', { windows: '809', phase: 'P2' })
      }
      using _off = lab.apply(withSstpOff)
      lab.restartService('gateway', 'RemoteAccess')
      const refused = await laptop.connect()
      expect(refused).toFailToConnect('no-port', { windows: '0x800704C9' })
    },
  }),
  story({
    title: 'A name that the certificate does not have is 0x800B010F over SSTP',
    teaches: 'The name that is dialled must stand in the certificate that is bound to SSTP.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const { laptop } = lab.nodes
      using _offered = lab.apply(compose(offered, dialling('laptop', 'SSTP')))
      lab.restartService('gateway', 'RemoteAccess')
      using _other = lab.apply(
        holding('gateway', {
          name: 'ike',
          template: 'vpnServer',
          request: { subject: 'CN=ras.contoso.com', dns: ['ras.contoso.com'] },
        }),
      )
      expect(await laptop.connect()).toFailToConnect('server-certificate-rejected', {
        windows: '0x800B010F',
        phase: 'P3',
      })
    },
  }),
  story({
    title: 'SSTP may show a certificate of its own, to which its binding then holds',
    teaches:
      'A certificate of another authority is often bound to SSTP, since its lists are on the Internet anyway. IKEv2 goes on with the gateway’s own, and a client that dials both judges two.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const { laptop } = lab.nodes
      const own = holding('gateway', {
        name: 'sstp',
        template: 'vpnServer',
        request: { subject: 'CN=ras.contoso.com', dns: ['ras.contoso.com'] },
      })
      const bound = withService('gateway', 'vpn-gateway', { sstpCertificate: 'sstp' })
      using _offered = lab.apply(compose(offered, own, bound))
      lab.restartService('gateway', 'RemoteAccess')
      expect(await laptop.connect()).toBeConnected({ suite: 'ENCR_' })
      await laptop.disconnect()
      using _dial = lab.apply(dialling('laptop', 'SSTP'))
      // Its name is not the one that is dialled, and IKEv2's is.
      expect(await laptop.connect()).toFailToConnect('server-certificate-rejected', {
        windows: '0x800B010F',
      })
      using _named = lab.apply(
        holding('gateway', {
          name: 'sstp',
          template: 'vpnServer',
          request: { subject: 'CN=vpn.contoso.com', dns: ['vpn.contoso.com'] },
        }),
      )
      expect(await laptop.connect()).toBeConnected({ events: [20225, 20250] })
    },
  }),
  story({
    title: 'Without the list of revoked certificates SSTP does not connect, and IKEv2 does',
    teaches:
      'A private authority must publish its list to the Internet before SSTP is of use: 0x80092013.',
    topology: contoso,
    run: async ({ lab, expect }) => {
      const { laptop } = lab.nodes
      using _offered = lab.apply(compose(offered, withoutNatRule('edgeFirewall', 'publish-crl')))
      lab.restartService('gateway', 'RemoteAccess')
      {
        using _dial = lab.apply(dialling('laptop', 'SSTP'))
        expect(await laptop.connect()).toFailToConnect('server-certificate-rejected', {
          windows: '0x80092013',
          phase: 'P3',
        })
      }
      expect(await laptop.connect()).toBeConnected()
    },
  }),
]
