/** Two profiles about which no rule says a word, and what the tests of the rules do with them. */
import { lintProfile } from '../../../src/preflight/profile/lint.ts'
import type { ProfileContext, ProfileFinding } from '../../../src/preflight/profile/rule.ts'
import { positionAt } from '../../../src/topology/position.ts'

export const MICROSOFT = 'http://www.microsoft.com/provisioning'
export const ROOT = 'ee3c8b5c6287d6c2afc8756daf4614ec528ef4a6'

const validation = `<ServerValidation>
                <DisableUserPromptForServerValidation>true</DisableUserPromptForServerValidation>
                <ServerNames>nps1.corp.contoso.com</ServerNames>
                <TrustedRootCA>${ROOT}</TrustedRootCA>
              </ServerValidation>`

export const EAP = `<EapHostConfig xmlns="${MICROSOFT}/EapHostConfig">
          <EapMethod>
            <Type xmlns="${MICROSOFT}/EapCommon">25</Type>
          </EapMethod>
          <Config>
            <Eap xmlns="${MICROSOFT}/BaseEapConnectionPropertiesV1">
              <Type>25</Type>
              <EapType xmlns="${MICROSOFT}/MsPeapConnectionPropertiesV1">
              ${validation}
              <FastReconnect>true</FastReconnect>
              <Eap xmlns="${MICROSOFT}/BaseEapConnectionPropertiesV1">
                <Type>13</Type>
                <EapType xmlns="${MICROSOFT}/EapTlsConnectionPropertiesV1">
                  <CredentialsSource><CertificateStore>
                    <SimpleCertSelection>true</SimpleCertSelection>
                  </CertificateStore></CredentialsSource>
              ${validation}
                </EapType>
              </Eap>
              </EapType>
            </Eap>
          </Config>
        </EapHostConfig>`

/** As Windows 11 gives it back. */
export const USER = `<VPNProfile>
  <AlwaysOn>true</AlwaysOn>
  <DnsSuffix>corp.contoso.com</DnsSuffix>
  <TrustedNetworkDetection>corp.contoso.com</TrustedNetworkDetection>
  <NativeProfile>
    <Servers>vpn.contoso.com;vpn.contoso.com</Servers>
    <RoutingPolicyType>SplitTunnel</RoutingPolicyType>
    <NativeProtocolType>IKEv2</NativeProtocolType>
    <Authentication>
      <UserMethod>Eap</UserMethod>
      <MachineMethod>Eap</MachineMethod>
      <Eap><Configuration>
        ${EAP}
      </Configuration></Eap>
    </Authentication>
    <CryptographySuite>
      <AuthenticationTransformConstants>GCMAES128</AuthenticationTransformConstants>
      <CipherTransformConstants>GCMAES128</CipherTransformConstants>
      <PfsGroup>ECP256</PfsGroup>
      <DHGroup>Group14</DHGroup>
      <IntegrityCheckMethod>SHA256</IntegrityCheckMethod>
      <EncryptionMethod>AES_GCM_128</EncryptionMethod>
    </CryptographySuite>
    <DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>
  </NativeProfile>
  <Route>
    <Address>10.10.0.0</Address>
    <PrefixSize>16</PrefixSize>
  </Route>
  <DomainNameInformation>
    <DomainName>.corp.contoso.com</DomainName>
    <DnsServers>10.10.0.6</DnsServers>
  </DomainNameInformation>
</VPNProfile>
`

export const DEVICE = `<VPNProfile>
  <AlwaysOn>true</AlwaysOn>
  <DeviceTunnel>true</DeviceTunnel>
  <DnsSuffix>corp.contoso.com</DnsSuffix>
  <TrustedNetworkDetection>corp.contoso.com</TrustedNetworkDetection>
  <NativeProfile>
    <Servers>vpn.contoso.com;vpn.contoso.com</Servers>
    <RoutingPolicyType>SplitTunnel</RoutingPolicyType>
    <NativeProtocolType>IKEv2</NativeProtocolType>
    <Authentication>
      <MachineMethod>Certificate</MachineMethod>
    </Authentication>
    <DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>
  </NativeProfile>
  <Route>
    <Address>10.10.0.6</Address>
    <PrefixSize>32</PrefixSize>
  </Route>
  <RegisterDNS>true</RegisterDNS>
</VPNProfile>
`

export type Replacement = readonly [from: string, to: string]

/** Each replacement at its first place, which must be there. */
export function changed(text: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((now, [from, to]) => {
    if (!now.includes(from)) throw new Error(`the profile has no ${from}`)
    return now.replace(from, () => to)
  }, text)
}

/** Findings on a text; one that is no profile throws. */
export function findingsOn(text: string, context?: ProfileContext): readonly ProfileFinding[] {
  const linted = lintProfile({ path: 'profile.xml', text, encoding: 'utf-8' }, context)
  if (!linted.ok) throw new Error(JSON.stringify(linted.error))
  return linted.value.findings
}

/** `line:column` of the first place where `part` stands. */
export function placeOf(text: string, part: string): string {
  const offset = text.indexOf(part)
  if (offset < 0) throw new Error(`the profile has no ${part}`)
  const { line, column } = positionAt(text, offset)
  return `${line}:${column}`
}
