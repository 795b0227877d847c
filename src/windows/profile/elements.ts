/**
 * Which elements each container of a ProfileXML may hold, in the order in which Windows gives a profile back. Not the schema's own
 * order: Intune on Windows 11 compares what it sent with what it reads, so what is read back is what counts.
 * Sources: the XSD of the VPNv2 DDF and CSP; the order of the samples in richardhicks/aovpn. What those leave out stands where the XSD has it.
 */

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

export const ELEMENTS: Readonly<Record<string, readonly string[]>> = {
  VPNProfile: words(`
    ProfileName EdpModeId RememberCredentials AlwaysOn AlwaysOnActive DeviceTunnel LockDown DnsSuffix
    TrustedNetworkDetection DisableAdvancedOptionsEditButton DisableDisconnectButton ByPassForLocal
    RequireVpnClientAppUI Proxy APNBinding DeviceCompliance PluginProfile AppTrigger NativeProfile Route
    TrafficFilter DomainNameInformation RegisterDNS NetworkOutageTime IPv4InterfaceMetric
    IPv6InterfaceMetric UseRasCredentials DataEncryption PrivateNetwork DisableIKEv2Fragmentation`),
  NativeProfile: words(`
    Servers RoutingPolicyType NativeProtocolType ProtocolList L2tpPsk Authentication CryptographySuite
    DisableClassBasedDefaultRoute PlumbIKEv2TSAsRoutes`),
  Authentication: words('UserMethod MachineMethod Eap Certificate'),
  Certificate: words('Issuer EKU'),
  Eap: words('Configuration Type'),
  CryptographySuite: words(`
    AuthenticationTransformConstants CipherTransformConstants PfsGroup DHGroup IntegrityCheckMethod
    EncryptionMethod`),
  ProtocolList: words('NativeProtocolList RetryTimeInHours'),
  NativeProtocolList: words('NativeProtocol'),
  NativeProtocol: words('Type'),
  Route: words('Address PrefixSize ExclusionRoute Metric'),
  DomainNameInformation: words('DomainName DnsServers WebProxyServers AutoTrigger Persistent'),
  TrafficFilter: words(`
    App Claims Protocol LocalPortRanges RemotePortRanges LocalAddressRanges RemoteAddressRanges
    RoutingPolicyType Direction`),
  AppTrigger: words('App'),
  App: words('Id Type'),
  Proxy: words('Manual AutoConfigUrl'),
  Manual: words('Server'),
  APNBinding: words(`
    ProviderId AccessPointName UserName Password IsCompressionEnabled AuthenticationType`),
  DeviceCompliance: words('Enabled Sso'),
  Sso: words('Enabled Eku IssuerHash'),
  PluginProfile: words('ServerUrlList CustomConfiguration PluginPackageFamilyName'),
}

/** Elements whose place in what Windows reads back a source shows; the places of the others are a guess, and nobody is told off for them. */
export const PLACED: Readonly<Record<string, ReadonlySet<string>>> = {
  VPNProfile: new Set(
    words(`
      RememberCredentials AlwaysOn DeviceTunnel DnsSuffix TrustedNetworkDetection
      DisableAdvancedOptionsEditButton DisableDisconnectButton Proxy NativeProfile Route TrafficFilter
      DomainNameInformation RegisterDNS NetworkOutageTime IPv4InterfaceMetric IPv6InterfaceMetric
      UseRasCredentials DataEncryption PrivateNetwork DisableIKEv2Fragmentation`),
  ),
  NativeProfile: new Set(
    words(`
      Servers RoutingPolicyType NativeProtocolType Authentication CryptographySuite
      DisableClassBasedDefaultRoute`),
  ),
}
