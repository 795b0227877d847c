/** A ProfileXML for PEAP that says one thing alone: what NPS is called. Not a whole deployment's. */
import type { SourceFile } from '../../../src/topology/files.ts'

const COMMON = 'http://www.microsoft.com/provisioning/EapCommon'
const BASE = 'http://www.microsoft.com/provisioning/BaseEapConnectionPropertiesV1'
const PEAP = 'http://www.microsoft.com/provisioning/MsPeapConnectionPropertiesV'
const TLS = 'http://www.microsoft.com/provisioning/EapTlsConnectionPropertiesV1'
const HOST = 'http://www.microsoft.com/provisioning/EapHostConfig'

/** The client takes no server but this, whoever vouches for it that the machine trusts. */
export const profileFor = (serverName: string): SourceFile => ({
  path: `${serverName}.xml`,
  encoding: 'utf-8',
  text: `<VPNProfile>
  <NativeProfile>
    <Servers>vpn.contoso.com</Servers>
    <NativeProtocolType>IKEv2</NativeProtocolType>
    <Authentication>
      <UserMethod>Eap</UserMethod>
      <Eap>
        <Configuration>
          <EapHostConfig xmlns="${HOST}">
            <EapMethod>
              <Type xmlns="${COMMON}">25</Type>
              <VendorId xmlns="${COMMON}">0</VendorId>
              <VendorType xmlns="${COMMON}">0</VendorType>
              <AuthorId xmlns="${COMMON}">0</AuthorId>
            </EapMethod>
            <Config xmlns="${HOST}">
              <Eap xmlns="${BASE}">
                <Type>25</Type>
                <EapType xmlns="${PEAP}1">
                  <ServerValidation>
                    <DisableUserPromptForServerValidation>true</DisableUserPromptForServerValidation>
                    <ServerNames>${serverName}</ServerNames>
                  </ServerValidation>
                  <FastReconnect>false</FastReconnect>
                  <InnerEapOptional>false</InnerEapOptional>
                  <Eap xmlns="${BASE}">
                    <Type>13</Type>
                    <EapType xmlns="${TLS}">
                      <CredentialsSource><CertificateStore /></CredentialsSource>
                      <ServerValidation>
                        <DisableUserPromptForServerValidation>true</DisableUserPromptForServerValidation>
                        <ServerNames>${serverName}</ServerNames>
                      </ServerValidation>
                      <DifferentUsername>false</DifferentUsername>
                    </EapType>
                  </Eap>
                  <EnableQuarantineChecks>false</EnableQuarantineChecks>
                  <RequireCryptoBinding>false</RequireCryptoBinding>
                  <PeapExtensions>
                    <PerformServerValidation xmlns="${PEAP}2">true</PerformServerValidation>
                    <AcceptServerName xmlns="${PEAP}2">true</AcceptServerName>
                  </PeapExtensions>
                </EapType>
              </Eap>
            </Config>
          </EapHostConfig>
        </Configuration>
      </Eap>
    </Authentication>
  </NativeProfile>
</VPNProfile>
`,
})
