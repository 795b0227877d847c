/**
 * Which of its certificates a client, a gateway or NPS shows: the part that goes wrong before anybody judges.
 */
import { days, story, withProfileText } from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import { holding, withService } from './certificate-edits.ts'

export const certificateSelection = [
  story({
    title: 'A client without a certificate that fits sees 798, and nothing leaves it',
    teaches:
      'The profile’s filter decides what is offered: 798 means that nothing was, and the log of NPS has no trace of it.',
    topology: contoso,
    run: async ({ lab, laptop, mobileLaptop, expect }) => {
      expect(await laptop.selectCertificate('eap-tls')).toSelect('user')
      expect(await mobileLaptop.selectCertificate('eap-tls')).toFindNone({ windows: '798' })
      using _ = lab.apply(
        withProfileText('laptop', (text) =>
          text.replace(
            '<ClientAuthEKUList Enabled="true" />',
            `<EKUMapping><EKUMap><EKUName>Entra</EKUName><EKUOID>1.3.6.1.4.1.311.87</EKUOID></EKUMap></EKUMapping>
             <ClientAuthEKUList Enabled="true"><EKUMapInList><EKUName>Entra</EKUName></EKUMapInList></ClientAuthEKUList>`,
          ),
        ),
      )
      expect(await laptop.selectCertificate('eap-tls')).toFindNone({ windows: '798' })
    },
  }),
  story({
    title:
      'Of several certificates simple selection takes the newest, and otherwise the user is asked',
    teaches:
      'SimpleCertSelection keeps a dialogue away from people who cannot answer it: which of two certificates of the same name is yours?',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(
        holding('laptop', {
          name: 'second',
          template: 'vpnUser',
          for: 'ada',
          validFrom: days(-300),
        }),
      )
      const simple = await laptop.selectCertificate('eap-tls')
      expect(simple).toSelect('user')
      expect(simple.passedOver.map(({ name }) => name)).toContain('second')
      using _ask = lab.apply(
        withProfileText('laptop', (text) =>
          text.replace('<SimpleCertSelection>true', '<SimpleCertSelection>false'),
        ),
      )
      expect((await laptop.selectCertificate('eap-tls')).asks).toEqual(['user', 'second'])
    },
  }),
  story({
    title:
      'A device shows the certificate that is marked for IKE, and one that the gateway’s roots issued',
    teaches:
      'A second certificate for clients makes device tunnels fail now and then, unless one of the two is marked IP security IKE intermediate.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const to = { to: 'gateway' } as const
      const mdm = {
        name: 'mdm',
        issuer: 'issuingCa',
        subject: 'CN=laptop',
        eku: ['clientAuth'],
        validFor: days(365),
      } as const
      expect(await laptop.selectCertificate('device-tunnel', to)).toSelect('device')
      using _ = lab.apply(holding('laptop', mdm))
      expect(await laptop.selectCertificate('device-tunnel', to)).toSelect('device')
      {
        using _unmarked = lab.apply(
          holding('laptop', { name: 'device', template: 'vpnDevice', eku: ['clientAuth'] }),
        )
        const doubtful = await laptop.selectCertificate('device-tunnel', to)
        expect(doubtful.equals).toHaveLength(1)
      }
      using _root = lab.apply(
        withService('gateway', 'vpn-gateway', {
          deviceTunnel: { rootCertificateNames: ['CN=Fabrikam Root CA'] },
        }),
      )
      lab.restartService('gateway', 'RemoteAccess')
      expect(await laptop.selectCertificate('device-tunnel', to)).toFindNone({ windows: '13806' })
    },
  }),
  story({
    title: 'A gateway with two certificates for servers shows the one that is marked for IKE',
    teaches:
      'Install a web certificate on the gateway, and clients see 13801 now and then, unless the VPN certificate is marked IP security IKE intermediate.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      using _ = lab.apply(
        holding('gateway', {
          name: 'web',
          issuer: 'issuingCa',
          subject: 'CN=gateway.corp.contoso.com',
          eku: ['serverAuth'],
          validFor: days(365),
        }),
      )
      expect(await gateway.selectCertificate('ike')).toSelect('ike')
      using _unmarked = lab.apply(
        holding('gateway', {
          name: 'ike',
          template: 'vpnServer',
          request: { subject: 'CN=vpn.contoso.com', dns: ['vpn.contoso.com'] },
          eku: ['serverAuth'],
        }),
      )
      expect((await gateway.selectCertificate('ike')).equals).toHaveLength(1)
    },
  }),
  story({
    title: 'NPS uses the certificate that its policy names, and no better one beside it',
    teaches:
      'Autoenrolment renews the certificate of NPS, and the policy goes on naming the old one: select the new one by hand.',
    topology: contoso,
    run: async ({ lab, nps1, expect }) => {
      expect(await nps1.selectCertificate('nps')).toSelect('nps')
      using _ = lab.apply(withService('nps1', 'nps', { certificate: 'gone' }))
      const none = await nps1.selectCertificate('nps')
      expect(none).toFindNone({ windows: '864', reason: 23, event: 6273 })
      expect(none.passedOver).toEqual([
        { name: 'nps', why: 'is not selected in the network policy' },
      ])
    },
  }),
]
