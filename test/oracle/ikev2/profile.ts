/**
 * ProfileXML for the proofs of the cases, and little else that a deployment has: what a client of the lab dials by. It is dialled by hand, and its low
 * metric has Windows ask the DNS server of the tunnel first.
 */
import type { SourceFile } from '../../../src/topology/files.ts'
import type { Client } from './case.ts'
import { GATEWAY_NAME, NPS_NAME } from './topology.ts'

const COMMON = 'http://www.microsoft.com/provisioning/EapCommon'
const BASE = 'http://www.microsoft.com/provisioning/BaseEapConnectionPropertiesV1'
const TLS = 'http://www.microsoft.com/provisioning/EapTlsConnectionPropertiesV1'
const PASSWORD = 'http://www.microsoft.com/provisioning/MsChapV2ConnectionPropertiesV1'
const HOST = 'http://www.microsoft.com/provisioning/EapHostConfig'

export function profileOf({ manner, server = GATEWAY_NAME }: Client): SourceFile {
  const isDevice = manner === 'certificate'
  return {
    path: `${manner}.xml`,
    encoding: 'utf-8',
    text: `<VPNProfile>
  <AlwaysOn>false</AlwaysOn>
  ${isDevice ? '<DeviceTunnel>true</DeviceTunnel>' : ''}
  <NativeProfile>
    <Servers>${server}</Servers>
    <RoutingPolicyType>SplitTunnel</RoutingPolicyType>
    <NativeProtocolType>IKEv2</NativeProtocolType>
    <Authentication>
      ${isDevice ? '<MachineMethod>Certificate</MachineMethod>' : userMethod(manner)}
    </Authentication>
    <DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>
  </NativeProfile>
  <IPv4InterfaceMetric>3</IPv4InterfaceMetric>
  <Route><Address>10.10.0.0</Address><PrefixSize>16</PrefixSize></Route>
</VPNProfile>
`,
  }
}

function userMethod(manner: 'eap-tls' | 'eap-mschapv2'): string {
  const type = manner === 'eap-tls' ? 13 : 26
  return `<UserMethod>Eap</UserMethod>
      <Eap>
        <Configuration>
          <EapHostConfig xmlns="${HOST}">
            <EapMethod>
              <Type xmlns="${COMMON}">${type}</Type>
              <VendorId xmlns="${COMMON}">0</VendorId>
              <VendorType xmlns="${COMMON}">0</VendorType>
              <AuthorId xmlns="${COMMON}">0</AuthorId>
            </EapMethod>
            <Config xmlns="${HOST}">
              <Eap xmlns="${BASE}">
                <Type>${type}</Type>
                ${type === 13 ? TLS_TYPE : PASSWORD_TYPE}
              </Eap>
            </Config>
          </EapHostConfig>
        </Configuration>
      </Eap>`
}

const TLS_TYPE = `<EapType xmlns="${TLS}">
                  <CredentialsSource><CertificateStore /></CredentialsSource>
                  <ServerValidation>
                    <DisableUserPromptForServerValidation>true</DisableUserPromptForServerValidation>
                    <ServerNames>${NPS_NAME}</ServerNames>
                  </ServerValidation>
                  <DifferentUsername>false</DifferentUsername>
                </EapType>`
const PASSWORD_TYPE = `<EapType xmlns="${PASSWORD}">
                  <UseWinLogonCredentials>false</UseWinLogonCredentials>
                </EapType>`
