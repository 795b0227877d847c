/** A profile written back: the order that Windows reads back, and nothing lost on the way. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sourceFile, type SourceFile } from '../../src/topology/files.ts'
import { ELEMENTS } from '../../src/windows/profile/elements.ts'
import { writeProfile } from '../../src/windows/profile/write.ts'
import { readProfile, type VpnProfile } from '../../src/windows/profile-xml.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const data = path.resolve(process.env['SALLYPORT_DATA'] ?? '../shared/data', 'profilexml')
const user = contoso.nodes.laptop.kind === 'host' ? contoso.nodes.laptop.profiles?.user : undefined
const written = (text: string): SourceFile => ({ path: 'p.xml', text, encoding: 'utf-8' })

function profileOf(file: SourceFile): VpnProfile {
  const read = readProfile(file)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}

/** What a profile says, wherever it stands: without places, notes, and blanks between the elements of EAP. */
function said(profile: VpnProfile): unknown {
  const { notes: _notes, document: _document, file: _file, ...values } = profile
  return JSON.parse(
    JSON.stringify(values, (key, value: unknown) => {
      if (['at', 'textAt', 'closeAt'].includes(key)) return undefined
      if (typeof value === 'bigint') return `${value}`
      if (key === 'text' && typeof value === 'string') return value.trim()
      if (key !== 'attributes' || !Array.isArray(value)) return value
      return (value as { name: string }[]).filter(({ name }) => !name.startsWith('xmlns'))
    }),
  )
}

/** Every element there is. */
const EVERYTHING = `<VPNProfile>
  <DisableIKEv2Fragmentation>false</DisableIKEv2Fragmentation><PrivateNetwork>true</PrivateNetwork>
  <DataEncryption>max</DataEncryption><UseRasCredentials>0</UseRasCredentials>
  <IPv6InterfaceMetric>9999</IPv6InterfaceMetric><IPv4InterfaceMetric>1</IPv4InterfaceMetric>
  <NetworkOutageTime>4294967295</NetworkOutageTime><RegisterDNS>TRUE</RegisterDNS>
  <ProfileName>Contoso &amp; Söhne &lt;1&gt;</ProfileName><EdpModeId>corp.contoso.com</EdpModeId>
  <RememberCredentials>true</RememberCredentials><AlwaysOn>1</AlwaysOn><AlwaysOnActive>0</AlwaysOnActive>
  <DeviceTunnel>false</DeviceTunnel><LockDown>false</LockDown>
  <DnsSuffix>a.x, b.x</DnsSuffix><TrustedNetworkDetection>a.x</TrustedNetworkDetection>
  <DisableAdvancedOptionsEditButton>true</DisableAdvancedOptionsEditButton>
  <DisableDisconnectButton>true</DisableDisconnectButton><ByPassForLocal>true</ByPassForLocal>
  <RequireVpnClientAppUI>false</RequireVpnClientAppUI>
  <Proxy><AutoConfigUrl>http://p/x.pac?a=1&amp;b=2</AutoConfigUrl><Manual><Server>p:8080</Server></Manual></Proxy>
  <APNBinding><ProviderId>1</ProviderId><AccessPointName>apn</AccessPointName><UserName>u</UserName>
    <Password>p</Password><IsCompressionEnabled>true</IsCompressionEnabled><AuthenticationType>PAP</AuthenticationType></APNBinding>
  <DeviceCompliance><Enabled>true</Enabled><Sso><Enabled>true</Enabled><Eku>1.3</Eku><IssuerHash>aa</IssuerHash></Sso></DeviceCompliance>
  <PluginProfile><ServerUrlList>a;b</ServerUrlList><CustomConfiguration><x y="1">2</x></CustomConfiguration>
    <PluginPackageFamilyName>P_1</PluginPackageFamilyName></PluginProfile>
  <AppTrigger><App><Id>C:\\a.exe</Id></App></AppTrigger><AppTrigger><App><Id>P_1</Id></App></AppTrigger>
  <DomainNameInformation><Persistent>true</Persistent><AutoTrigger>false</AutoTrigger><WebProxyServers>10.0.0.9</WebProxyServers>
    <DnsServers>10.0.0.1,10.0.0.2</DnsServers><DomainName>.a.x</DomainName></DomainNameInformation>
  <DomainNameInformation><DomainName>vpn.a.x</DomainName></DomainNameInformation>
  <TrafficFilter><Direction>Inbound</Direction><RoutingPolicyType>forcetunnel</RoutingPolicyType>
    <RemoteAddressRanges>10.0.0.0/8, 10.1.0.1-10.1.0.9,2001:db8::/32</RemoteAddressRanges>
    <LocalAddressRanges>10.0.0.1</LocalAddressRanges><RemotePortRanges>80,443</RemotePortRanges>
    <LocalPortRanges>1-65535</LocalPortRanges><Protocol>6</Protocol><Claims>c</Claims><App><Id>SYSTEM</Id></App></TrafficFilter>
  <Route><Metric>3</Metric><ExclusionRoute>true</ExclusionRoute><PrefixSize>48</PrefixSize><Address>2001:db8::</Address></Route>
  <NativeProfile><PlumbIKEv2TSAsRoutes>true</PlumbIKEv2TSAsRoutes>
    <DisableClassBasedDefaultRoute>false</DisableClassBasedDefaultRoute>
    <CryptographySuite><EncryptionMethod>aes_gcm_128</EncryptionMethod><IntegrityCheckMethod>SHA256</IntegrityCheckMethod>
      <DHGroup>Group14</DHGroup><PfsGroup>PFS2048</PfsGroup><CipherTransformConstants>GCMAES128</CipherTransformConstants>
      <AuthenticationTransformConstants>GCMAES128</AuthenticationTransformConstants></CryptographySuite>
    <Authentication><MachineMethod>EAP</MachineMethod><UserMethod>EAP</UserMethod><Certificate><Issuer>CN=A</Issuer><EKU>1.2</EKU></Certificate></Authentication>
    <L2tpPsk>psk</L2tpPsk>
    <ProtocolList><RetryTimeInHours>0</RetryTimeInHours><NativeProtocolList><NativeProtocol><Type>ikev2</Type></NativeProtocol>
      <NativeProtocol><Type>Sstp</Type></NativeProtocol></NativeProtocolList></ProtocolList>
    <NativeProtocolType>ProtocolList</NativeProtocolType><RoutingPolicyType>SplitTunnel</RoutingPolicyType>
    <Servers>vpn.a.x;vpn.a.x</Servers></NativeProfile>
</VPNProfile>`

describe('what is written says the same', () => {
  test('every element, in the order in which Windows gives it back', () => {
    const profile = profileOf(written(EVERYTHING))
    const text = writeProfile(profile)
    const again = profileOf(written(text))
    expect(said(again)).toEqual(said(profile))
    expect(again.notes).toEqual([])
    expect(writeProfile(again)).toBe(text)
    const order = [...new Set(again.document.children.map(({ name }) => name))]
    expect(order).toEqual(ELEMENTS['VPNProfile'])
    const native = again.document.children.find(({ name }) => name === 'NativeProfile')
    expect(native?.children.map(({ name }) => name)).toEqual(ELEMENTS['NativeProfile'])
  })

  test('the EAP configuration with its namespaces', () => {
    const profile = profileOf(user!)
    const again = profileOf(written(writeProfile(profile)))
    expect(said(again)).toEqual(said(profile))
  })

  test.skipIf(!existsSync(data)).for(['ProfileXML_User.xml', 'ProfileXML_Device.xml'])(
    '%s, which stands in that order already',
    (name) => {
      const profile = profileOf(sourceFile(path.join(data, 'x'), name))
      const again = profileOf(written(writeProfile(profile)))
      expect(said(again)).toEqual(said(profile))
      const names = ({ document }: VpnProfile) => document.children.map((child) => child.name)
      expect(names(again)).toEqual(names(profile))
    },
  )

  test('whatever is changed in a profile, what can be read can be written', () => {
    const text = EVERYTHING
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(30), fc.string({ maxLength: 6 }), (at, gone, put) => {
        const read = readProfile(written(text.slice(0, at) + put + text.slice(at + gone)))
        if (!read.ok) return
        expect(said(profileOf(written(writeProfile(read.value))))).toEqual(said(read.value))
      }),
      { numRuns: 300 },
    )
  })
})
