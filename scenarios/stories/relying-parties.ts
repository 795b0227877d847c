/**
 * Who checks which certificate, and what Windows shows: the clients that judge the gateway and NPS, and the gateway that judges devices.
 * Not NPS that judges users, which is `nps-certificates.ts`. Each refusal stands beside what is accepted.
 */
import {
  compose,
  days,
  edit,
  story,
  withCertificate,
  withCertificateRevoked,
  withNode,
  withoutAuthorityOn,
  withoutNatRule,
  withoutRule,
  withProfileText,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import {
  holding,
  trusting,
  withOs,
  withRevocationSwitches,
  withService,
  type ContosoEdit,
} from './certificate-edits.ts'

const IKE = { profile: 'ike-client' } as const
const SSTP = { profile: 'sstp-client' } as const
const PEAP = { profile: 'peap-client' } as const
const DEVICE = { profile: 'gateway-device' } as const

const withDeviceTunnel = (deviceTunnel: {
  readonly rootCertificateNames?: readonly string[]
  readonly ekus?: readonly string[]
}): ContosoEdit => withService('gateway', 'vpn-gateway', { deviceTunnel })

const clients = [
  story({
    title: 'Everybody accepts what the deployment issues to the others',
    teaches:
      'Five parties judge four certificates, each by rules of its own: this is what it looks like when all is well.',
    topology: contoso,
    tags: ['core'],
    run: async ({ laptop, gateway, nps1, expect }) => {
      expect(await laptop.judge('gateway:ike', IKE)).toBeTrusted()
      expect(await laptop.judge('gateway:ike', SSTP)).toBeTrusted()
      expect(await laptop.judge('nps1:nps', PEAP)).toBeTrusted()
      expect(await nps1.judge('laptop:user', { profile: 'nps-user' })).toBeTrusted()
      expect(await gateway.judge('laptop:device', DEVICE)).toBeTrusted()
    },
  }),
  story({
    title: 'Whatever is wrong with the gateway’s certificate, IKEv2 says 13801',
    teaches:
      'Root, dates, purpose and name are four different faults with four different cures, and the user reads out one number.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const shown = { windows: '13801' }
      const other = { ...IKE, name: 'aov-vpn.contoso.com' }
      expect(await laptop.judge('gateway:ike', other)).toFailBecause('pki/name-mismatch', shown)
      {
        using _ = lab.apply(withoutAuthorityOn('laptop', 'rootCa'))
        const untrusted = await laptop.judge('gateway:ike', IKE)
        expect(untrusted).toFailBecause('pki/untrusted-root', shown)
      }
      {
        using _ = lab.apply(withCertificate('gateway', 'ike', { eku: ['clientAuth'] }))
        expect(await laptop.judge('gateway:ike', IKE)).toFailBecause('pki/wrong-eku', shown)
      }
      expect(await laptop.judge('gateway:ike', IKE)).toBeTrusted()
      using _ = lab.skewClock('laptop', days(800))
      expect(await laptop.judge('gateway:ike', IKE)).toFailBecause('pki/certificate-expired', shown)
    },
  }),
  story({
    title: 'A phonebook flag makes IKEv2 blind to name and purpose',
    teaches:
      'DisableIKENameEkuCheck makes 13801 go away, and with it the difference between the gateway and any other computer of the company.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const other = { ...IKE, name: 'aov-vpn.contoso.com' }
      expect(await laptop.judge('gateway:ike', other)).toFailBecause('pki/name-mismatch')
      using _ = lab.apply(
        withNode('laptop', 'dials without name and EKU check', (node) =>
          node.kind === 'host' ? { ...node, vpnClient: { disableIkeNameEkuCheck: true } } : node,
        ),
      )
      const blind = await laptop.judge('nps1:nps', other)
      expect(blind).toBeTrusted()
      expect(blind.tolerated?.map(({ code }) => code)).toContain('pki/name-mismatch')
    },
  }),
  story({
    title: 'A revoked gateway is still welcome in IKEv2, until IPsec is told to look',
    teaches:
      'Windows’ IPsec does not ask for revocation lists by default: revoking a stolen gateway certificate protects nobody by itself.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const revoked = { at: days(-1), reason: 'keyCompromise' } as const
      using _ = lab.apply(withCertificate('gateway', 'ike', { revoked }))
      expect(await laptop.judge('gateway:ike', IKE)).toBeTrusted()
      using _set = lab.apply(
        withRevocationSwitches('laptop', { certValidationLevel: 'RequireCrlCheck' }),
      )
      expect(await laptop.judge('gateway:ike', IKE)).toFailBecause('pki/revoked', {
        subject: 'CN=vpn.contoso.com',
        windows: '13801',
      })
    },
  }),
  story({
    title: 'SSTP names each fault by an error of its own',
    teaches:
      'SSTP shows what the TLS library found: root, purpose, name and dates can be told apart from the code alone.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.judge('gateway:ike', SSTP)).toBeTrusted()
      const other = await laptop.judge('gateway:ike', { ...SSTP, name: 'sstp.contoso.com' })
      expect(other).toFailBecause('pki/name-mismatch', { windows: '0x800B010F' })
      {
        using _ = lab.apply(withoutAuthorityOn('laptop', 'rootCa'))
        const untrusted = await laptop.judge('gateway:ike', SSTP)
        expect(untrusted).toFailBecause('pki/untrusted-root', { windows: '0x800B0109' })
      }
      {
        using _ = lab.apply(withCertificate('gateway', 'ike', { eku: ['clientAuth'] }))
        const client = await laptop.judge('gateway:ike', SSTP)
        expect(client).toFailBecause('pki/wrong-eku', { windows: '0x80070040' })
      }
      using _ = lab.skewClock('laptop', days(800))
      const expired = await laptop.judge('gateway:ike', SSTP)
      expect(expired).toFailBecause('pki/certificate-expired', { windows: '0x800B0101' })
    },
  }),
  story({
    title: 'SSTP does not connect without the revocation list, unless the registry says so',
    teaches:
      'A private authority whose list is not published to the Internet breaks SSTP for everybody: 0x80092013.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const revoked = { at: days(-1), reason: 'keyCompromise' } as const
      {
        using _ = lab.apply(withCertificate('gateway', 'ike', { revoked }))
        const judged = await laptop.judge('gateway:ike', SSTP)
        expect(judged).toFailBecause('pki/revoked', { windows: '0x80092010' })
      }
      laptop.flushCaches()
      using _ = lab.apply(withoutNatRule('edgeFirewall', 'publish-crl'))
      const offline = await laptop.judge('gateway:ike', SSTP)
      expect(offline).toFailBecause('pki/crl-unreachable', { windows: '0x80092013' })
      using _set = lab.apply(withRevocationSwitches('laptop', { noCertRevocationCheck: true }))
      expect(await laptop.judge('gateway:ike', SSTP)).toBeTrusted()
    },
  }),
]

const peap = [
  story({
    title: 'The client turns NPS down without the root, without its thumbprint, or for its name',
    teaches:
      'PEAP asks for the root that the profile names, not for any root: 864 for the root, 812 for the name, 858 for the dates; NPS logs 265 or 23.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.judge('nps1:nps', PEAP)).toBeTrusted()
      {
        using _ = lab.apply(withoutAuthorityOn('laptop', 'rootCa'))
        const untrusted = await laptop.judge('nps1:nps', PEAP)
        expect(untrusted).toFailBecause('pki/untrusted-root', { windows: '864', reason: 265 })
      }
      {
        using _ = lab.apply(
          withProfileText('laptop', (text) =>
            text.replace(/<TrustedRootCA>../g, '<TrustedRootCA>00'),
          ),
        )
        const unlisted = await laptop.judge('nps1:nps', PEAP)
        expect(unlisted).toFailBecause('pki/root-not-accepted', { windows: '864', reason: 265 })
      }
      {
        using _ = lab.apply(
          withProfileText('laptop', (text) =>
            text.replaceAll('<ServerNames>nps1.corp', '<ServerNames>nps2.corp'),
          ),
        )
        const misnamed = await laptop.judge('nps1:nps', PEAP)
        expect(misnamed).toFailBecause('pki/name-mismatch', { windows: '812', reason: 23 })
      }
      {
        using _ = lab.apply(
          holding('nps1', { name: 'nps', template: 'npsServer', eku: ['clientAuth'] }),
        )
        const client = await laptop.judge('nps1:nps', PEAP)
        expect(client).toFailBecause('pki/wrong-eku', { windows: '857' })
      }
      using _ = lab.skewClock('laptop', days(800))
      const expired = await laptop.judge('nps1:nps', PEAP)
      expect(expired).toFailBecause('pki/certificate-expired', { windows: '858', reason: 23 })
    },
  }),
  story({
    title: 'A profile without a root works on Windows 10 and fails after the upgrade',
    teaches:
      'To Windows 10 an empty list of roots meant any trusted root; to Windows 11 it means none. Write the thumbprint into the profile before you upgrade.',
    topology: contoso,
    run: async ({ lab, laptop, officePc, expect }) => {
      const rootless = (text: string) => text.replace(/<TrustedRootCA>[^<]*<\/TrustedRootCA>/g, '')
      using _ = lab.apply(withProfileText('laptop', rootless))
      using _old = lab.apply(withProfileText('officePc', rootless))
      expect(await officePc.judge('nps1:nps', PEAP)).toBeTrusted()
      expect(await laptop.judge('nps1:nps', PEAP)).toFailBecause('pki/root-not-accepted', {
        windows: '864',
      })
    },
  }),
  story({
    title: 'The letter case of a server name counts in one version of Windows only',
    teaches:
      'NPS1 for nps1 is error 853 on Windows 11 21H2, and on nothing before or after: the next upgrade cures it, too.',
    topology: withOs('hotelLaptop', 'windows-11-21h2').apply(contoso),
    run: async ({ lab, laptop, hotelLaptop, officePc, expect }) => {
      const inCapitals = (text: string) => text.replaceAll('<ServerNames>nps1', '<ServerNames>NPS1')
      expect(await hotelLaptop.judge('nps1:nps', PEAP)).toBeTrusted()
      using _now = lab.apply(withProfileText('laptop', inCapitals))
      using _then = lab.apply(withProfileText('hotelLaptop', inCapitals))
      using _old = lab.apply(withProfileText('officePc', inCapitals))
      expect(await laptop.judge('nps1:nps', PEAP)).toBeTrusted()
      expect(await officePc.judge('nps1:nps', PEAP)).toBeTrusted()
      expect(await hotelLaptop.judge('nps1:nps', PEAP)).toFailBecause('pki/name-case-mismatch', {
        windows: '853',
      })
    },
  }),
  story({
    title: 'A server name with a star is a regular expression, and only then',
    teaches:
      'nps1.corp matches itself alone; nps\\d*\\.corp\\.contoso\\.com matches every NPS to come.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      const named = (pattern: string): ContosoEdit =>
        withProfileText('laptop', (text) =>
          text.replaceAll('<ServerNames>nps1.corp.contoso.com', `<ServerNames>${pattern}`),
        )
      {
        using _ = lab.apply(named('nps\\d*\\.corp\\.contoso\\.com'))
        const judged = await laptop.judge('nps1:nps', PEAP)
        expect(judged).toBeTrusted()
        expect(judged.restsOn).toContain('serverNamePattern')
      }
      using _ = lab.apply(named('nps\\d*\\.lab\\.contoso\\.com'))
      expect(await laptop.judge('nps1:nps', PEAP)).toFailBecause('pki/name-mismatch')
    },
  }),
  story({
    title: 'Who may ask the user is asked only where the root is installed',
    teaches:
      'Letting users click through a prompt does not even help where the root is missing: that fails without a word.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(
        withProfileText('laptop', (text) =>
          text
            .replaceAll('Validation>true</Disable', 'Validation>false</Disable')
            .replaceAll('<ServerNames>nps1.corp', '<ServerNames>nps2.corp'),
        ),
      )
      const asked = await laptop.judge('nps1:nps', PEAP)
      expect(asked.windows?.prompt).toMatch(/Continue connecting/)
      using _root = lab.apply(withoutAuthorityOn('laptop', 'rootCa'))
      const silent = await laptop.judge('nps1:nps', PEAP)
      expect(silent).toFailBecause('pki/untrusted-root', { windows: '864' })
      expect(silent.windows?.prompt).toBe(undefined)
    },
  }),
  story({
    title: 'A client that does not validate hands its credentials to anybody',
    teaches:
      'PerformServerValidation=false lets everything connect, the machine of an attacker included: it is no cure for 864.',
    topology: contoso,
    run: async ({ lab, laptop, expect }) => {
      using _ = lab.apply(withoutAuthorityOn('laptop', 'rootCa'))
      expect(await laptop.judge('nps1:nps', PEAP)).not.toBeTrusted()
      using _off = lab.apply(
        withProfileText('laptop', (text) =>
          text.replace(/(<PerformServerValidation[^>]*>)true/g, '$1false'),
        ),
      )
      const judged = await laptop.judge('nps1:nps', PEAP)
      expect(judged).toBeTrusted()
      expect(judged.tolerated?.map(({ code }) => code)).toContain('pki/untrusted-root')
    },
  }),
]

/** A second root with the name of the first, on the gateway, and a device certificate below it. */
const twinRoot: ContosoEdit = compose(
  edit('another authority calls itself Contoso Root CA', (topology) => ({
    ...topology,
    authorities: {
      ...topology.authorities,
      twin: { subject: 'CN=Contoso Root CA', validFor: days(3650) },
    },
  })),
  trusting('gateway', 'twin'),
  holding('laptop', {
    name: 'other',
    issuer: 'twin',
    subject: 'CN=laptop.corp.contoso.com',
    dns: ['laptop.corp.contoso.com'],
    eku: ['clientAuth'],
    validFor: days(365),
  }),
)

const devices = [
  story({
    title:
      'A gateway that names no root lets every certificate in, and one that does goes by the name',
    teaches:
      'Set RootCertificateNameToAccept, or any client certificate below any trusted root opens the tunnel. It is a name: another root of that name will do.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const named = await gateway.judge('laptop:device', DEVICE)
      expect(named).toBeTrusted()
      expect(named.tolerated).toHaveLength(0)
      {
        using _ = lab.apply(withDeviceTunnel({}))
        lab.restartService('gateway', 'RemoteAccess')
        const anyRoot = await gateway.judge('laptop:device', DEVICE)
        expect(anyRoot).toBeTrusted()
        expect(anyRoot.tolerated?.map(({ code }) => code)).toContain('pki/root-not-accepted')
      }
      {
        const rootCertificateNames = ['CN=Fabrikam Root CA']
        using _ = lab.apply(withDeviceTunnel({ rootCertificateNames }))
        lab.restartService('gateway', 'RemoteAccess')
        expect(await gateway.judge('laptop:device', DEVICE)).toFailBecause(
          'pki/root-not-accepted',
          { subject: 'CN=Contoso Root CA', windows: '13801' },
        )
      }
      using _ = lab.apply(twinRoot)
      lab.restartService('gateway', 'RemoteAccess')
      expect(await gateway.judge('laptop:other', DEVICE)).toBeTrusted()
    },
  }),
  story({
    title: 'A gateway may ask devices for a purpose of its own',
    teaches:
      'CertificateEKUsToAccept takes the place of Client Authentication: certificates of other tools then no longer open the tunnel.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      expect(await gateway.judge('nps1:nps', DEVICE)).toBeTrusted()
      using _ = lab.apply(
        withDeviceTunnel({
          rootCertificateNames: ['CN=Contoso Root CA'],
          ekus: ['1.3.6.1.5.5.8.2.2'],
        }),
      )
      lab.restartService('gateway', 'RemoteAccess')
      expect(await gateway.judge('nps1:nps', DEVICE)).toFailBecause('pki/eku-not-accepted', {
        windows: '13801',
      })
      expect(await gateway.judge('laptop:device', DEVICE)).toBeTrusted()
    },
  }),
  story({
    title: 'A stolen laptop connects until the gateway is told to look at revocation',
    teaches:
      'Without CertAuthFlags=4 a revoked device gets in; with it, and the list out of reach, no device does. Both look like 13801 to the user.',
    topology: contoso,
    run: async ({ lab, gateway, expect }) => {
      const stolen: ContosoEdit = withCertificateRevoked('laptop', 'device', {
        at: days(-1),
        reason: 'keyCompromise',
      })
      const looks = withRevocationSwitches('gateway', { certAuthFlags: 4 })
      {
        using _ = lab.apply(stolen)
        expect(await gateway.judge('laptop:device', DEVICE)).toBeTrusted()
        using _flags = lab.apply(looks)
        expect(await gateway.judge('laptop:device', DEVICE)).toFailBecause('pki/revoked', {
          windows: '13801',
          event: 13848,
        })
      }
      using _ = lab.apply(looks)
      gateway.flushCaches()
      expect(await gateway.judge('laptop:device', DEVICE)).toBeTrusted()
      gateway.flushCaches()
      using _closed = lab.apply(withoutRule('innerFirewall', 'crl-from-gateway'))
      expect(await gateway.judge('laptop:device', DEVICE)).toFailBecause('pki/crl-unreachable', {
        windows: '13801',
      })
    },
  }),
]

export const relyingParties = [...clients, ...peap, ...devices]
