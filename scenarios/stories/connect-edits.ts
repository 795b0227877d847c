/** Edits of the Contoso topology that the stories of dialling make: what the gateway accepts and shows, and what a profile says. */
import {
  compose,
  withCertificate,
  withGatewayIpsec,
  withNode,
  withProfileText,
  withVpnGateway,
  type IpsecPolicySpec,
} from 'sallyport'
import { withService, type ContosoEdit } from './certificate-edits.ts'

/** The policy that Microsoft gives as an example in its page on the IKEv2 parameters. */
export const GROUP_14: IpsecPolicySpec = {
  encryptionMethod: 'AES256',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'GCMAES128',
  authenticationTransformConstants: 'GCMAES128',
  pfsGroup: 'PFS2048',
}

/** As its IKE SA stands in every default of Windows, with an ESP that stands in none. */
export const OTHER_ESP: IpsecPolicySpec = {
  encryptionMethod: 'AES256',
  integrityCheckMethod: 'SHA1',
  dhGroup: 'Group2',
  cipherTransformConstants: 'GCMAES256',
  authenticationTransformConstants: 'GCMAES256',
  pfsGroup: 'None',
}

export const withGatewayPolicy = (policy: IpsecPolicySpec): ContosoEdit =>
  withGatewayIpsec('gateway', policy)

/** A policy of the gateway, and after how many seconds its ESP SAs get new keys. */
export const withGatewayPolicyFor = (
  customPolicy: IpsecPolicySpec,
  saLifeTimeSeconds: number,
): ContosoEdit => withVpnGateway('gateway', { ipsec: { customPolicy, saLifeTimeSeconds } })

/** What a policy is called in ProfileXML, where GCM and SHA-1 are spelt otherwise. */
const inProfileWords = (policy: IpsecPolicySpec): string => {
  const {
    encryptionMethod,
    integrityCheckMethod,
    dhGroup,
    cipherTransformConstants,
    authenticationTransformConstants,
    pfsGroup,
  } = policy
  const words = [
    ['AuthenticationTransformConstants', authenticationTransformConstants],
    ['CipherTransformConstants', cipherTransformConstants],
    ['EncryptionMethod', encryptionMethod.replace('GCMAES', 'AES_GCM_')],
    ['IntegrityCheckMethod', integrityCheckMethod.replace('SHA1', 'SHA196')],
    ['DHGroup', dhGroup],
    ['PfsGroup', pfsGroup],
  ]
  return `<CryptographySuite>${words.map(([name, word]) => `<${name}>${word}</${name}>`).join('')}</CryptographySuite>`
}

const MORE = '<DisableClassBasedDefaultRoute>true</DisableClassBasedDefaultRoute>'

/** The profile has a suite of its own. */
export const withProfileSuite = (
  policy: IpsecPolicySpec,
  tunnel: 'user' | 'device' = 'user',
): ContosoEdit =>
  withProfileText('laptop', (text) => text.replace(MORE, inProfileWords(policy) + MORE), tunnel)

const ROUTE =
  '<Route>\n    <Address>10.10.0.0</Address>\n    <PrefixSize>16</PrefixSize>\n  </Route>'

const routeText = (address: string, size: number, isExcluded: boolean): string =>
  `<Route><Address>${address}</Address><PrefixSize>${size}</PrefixSize>${isExcluded ? '<ExclusionRoute>true</ExclusionRoute>' : ''}</Route>`

/** The user tunnel has one more route. */
export const withProfileRoute = (address: string, size: number, excluded = false): ContosoEdit =>
  withProfileText('laptop', (text) =>
    text.replace(ROUTE, `${ROUTE}${routeText(address, size, excluded)}`),
  )

/** Everything goes into the user tunnel. */
export const withForceTunnel: ContosoEdit = withProfileText('laptop', (text) =>
  text.replace('SplitTunnel', 'ForceTunnel').replace(MORE, '').replace(ROUTE, ''),
)

/** The user tunnel has no route of its own, and leaves it to the class of its address. */
export const withoutProfileRoute: ContosoEdit = withProfileText('laptop', (text) =>
  text.replace(MORE, '').replace(ROUTE, ''),
)

/** The gateway has no certificate at all. */
export const withoutGatewayCertificate: ContosoEdit = compose(
  withService('gateway', 'vpn-gateway', { certificate: undefined }),
  withNode('gateway', 'has lost its certificate', (spec) =>
    spec.kind === 'host' ? { ...spec, certificates: [] } : spec,
  ),
)

/** The gateway shows a certificate for another name. */
export const withOtherName: ContosoEdit = withCertificate('gateway', 'ike', {
  request: { subject: 'CN=gateway.corp.contoso.com', dns: ['gateway.corp.contoso.com'] },
})

/** Room for the gateway itself and one client. */
export const withTinyPool: ContosoEdit = withVpnGateway('gateway', { pool: '172.16.20.128/30' })

/** The laptop's user tunnel is dialled by hand, and not again by itself when it is gone. */
export const byHand: ContosoEdit = withProfileText('laptop', (text) =>
  text.replace('<AlwaysOn>true</AlwaysOn>', '<AlwaysOn>false</AlwaysOn>'),
)
