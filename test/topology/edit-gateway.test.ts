/** Edits of VPN gateways and clients: each does what it says, and throws where it would change nothing. */
import { expect, test } from 'vitest'
import { minutes } from '../../src/base/time.ts'
import {
  withGatewayIpsec,
  withRemoteAccess,
  withVpnClient,
  withVpnGateway,
} from '../../src/topology/edit-gateway.ts'
import type { Edit } from '../../src/topology/edit.ts'
import type { IpsecPolicySpec } from '../../src/topology/ipsec.ts'
import { validateTopology } from '../../src/topology/validate.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const STANDARD: IpsecPolicySpec = {
  encryptionMethod: 'AES128',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'AES128',
  authenticationTransformConstants: 'SHA256128',
  pfsGroup: 'PFS2048',
}
const custom = withGatewayIpsec<string, string, string>('gateway', STANDARD)

test.for<[edit: Edit, name: string, gateway: object]>([
  [
    withVpnGateway('gateway', { ports: { ikev2: 2 }, sstp: true, pool: undefined }),
    'gateway changes its VPN settings (ports, sstp, pool)',
    { ports: { ikev2: 2 }, sstp: true },
  ],
  [
    withVpnGateway('gateway', { idleDisconnect: minutes(5), authentication: ['eap'] }),
    'gateway changes its VPN settings (idleDisconnect, authentication)',
    { idleDisconnect: minutes(5), authentication: ['eap'] },
  ],
  [withRemoteAccess('gateway', 'stopped'), 'gateway stops RemoteAccess', { isRunning: false }],
  [
    custom,
    'the IPsec policy of gateway changes (encryptionMethod, integrityCheckMethod, dhGroup, cipherTransformConstants, authenticationTransformConstants, pfsGroup)',
    { ipsec: { customPolicy: STANDARD } },
  ],
])('$1', ([edit, name, wanted]) => {
  expect(edit.name).toBe(name)
  const changed = edit.apply(contoso)
  expect(validateTopology(changed)).toEqual([])
  expect(changed.nodes['gateway']).toMatchObject({ services: [wanted] })
})

test('one word of a custom policy changes, and it goes back to the default', () => {
  const changed = withGatewayIpsec('gateway', { dhGroup: 'ECP384' }).apply(custom.apply(contoso))
  const wanted = { ipsec: { customPolicy: { ...STANDARD, dhGroup: 'ECP384' } } }
  expect(changed.nodes['gateway']).toMatchObject({ services: [wanted] })
  const reverted = withGatewayIpsec('gateway', undefined).apply(changed)
  expect(reverted.nodes['gateway']).toHaveProperty('services.0.ipsec', {})
})

test('a policy of one word is not whole', () => {
  const changed = withGatewayIpsec('gateway', { dhGroup: 'ECP384' }).apply(contoso)
  expect(validateTopology(changed).map(({ message }) => message)).toContain(
    'is missing (DES, DES3, AES128, AES192, AES256, GCMAES128, GCMAES256)',
  )
})

test('a client is set, and set back', () => {
  const change = {
    edition: 'pro',
    negotiateDh2048Aes256: 2,
    disabledProfiles: ['Contoso'],
  } as const
  const edit = withVpnClient<string, string, string>('laptop', change)
  expect(edit.name).toBe(
    'laptop changes its VPN client (edition, negotiateDh2048Aes256, disabledProfiles)',
  )
  const changed = edit.apply(contoso)
  expect(validateTopology(changed)).toEqual([])
  expect(changed.nodes['laptop']).toMatchObject({ vpnClient: change })
  const back = withVpnClient('laptop', { edition: undefined }).apply(changed)
  expect(back.nodes['laptop']).toMatchObject({ vpnClient: { negotiateDh2048Aes256: 2 } })
})

test.for<[edit: Edit, complaint: string]>([
  [withRemoteAccess('nps1', 'stopped'), "nps1 has no service 'vpn-gateway'"],
  [withVpnGateway('gatway', { sstp: true }), "there is no node 'gatway'; did you mean 'gateway'?"],
  [withVpnClient('edgeFirewall', { edition: 'pro' }), 'edgeFirewall is a firewall, not a client'],
  [
    withVpnGateway('gateway', { certificate: 'ike' }),
    "'gateway changes its VPN settings (certificate)' changes nothing",
  ],
])('$1', ([edit, complaint]) => {
  expect(() => edit.apply(contoso)).toThrow(new RangeError(complaint))
})
