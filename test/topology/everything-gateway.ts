/** A VPN gateway and a client with every field written; see {@link ./everything.ts}. */
import { seconds } from '../../src/base/time.ts'
import type { GatewayIpsecSpec, IpsecPolicySpec } from '../../src/topology/ipsec.ts'
import type {
  DeviceTunnelSpec,
  VpnClientSpec,
  VpnGatewaySpec,
} from '../../src/topology/services.ts'
import { radiusServer } from './everything-nps.ts'

const deviceTunnel: Required<DeviceTunnelSpec> = {
  rootCertificateNames: ['CN=Contoso Root CA'],
  ekus: ['1.3.6.1.5.5.8.2.2'],
}
const ipsecPolicy: Required<IpsecPolicySpec> = {
  encryptionMethod: 'GCMAES128',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'GCMAES128',
  authenticationTransformConstants: 'GCMAES128',
  pfsGroup: 'ECP256',
}
/** Where addresses come from, the pool says. */
export const gateway: Required<Omit<VpnGatewaySpec, 'addressAssignment'>> = {
  service: 'vpn-gateway',
  isRunning: true,
  certificate: 'ike',
  radius: [radiusServer],
  accounting: 'radius',
  sstp: true,
  sstpCertificate: 'ike',
  pool: '10.99.0.0/24',
  initialAddressPoolSize: 10,
  dhcpPrivilegesFixed: true,
  deviceTunnel,
  authentication: ['eap', 'certificate'],
  ports: { ikev2: 500, sstp: 0 },
  dnsServers: ['10.0.0.53'],
  ipsec: {
    customPolicy: ipsecPolicy,
    saLifeTimeSeconds: 28_800,
    mmSaLifeTimeSeconds: 86_400,
    saDataSizeForRenegotiationKilobytes: 1_024_000,
  } satisfies Required<GatewayIpsecSpec>,
  idleDisconnect: seconds(300),
  networkOutage: seconds(120),
  negotiateTime: seconds(150),
  serverFragmentation: true,
  maxSasPerPeer: 50_000,
  handshakeTime: { each: seconds(1), workers: 4, queue: 100 },
  ipv6Disabled: true,
}
export const vpnClient: Required<VpnClientSpec> = {
  edition: 'education',
  disableIkeNameEkuCheck: true,
  ipsec: ipsecPolicy,
  negotiateDh2048Aes256: 2,
  ikeFragmentation: false,
  disabledProfiles: ['Contoso VPN'],
  disableMobility: false,
  networkOutageTime: seconds(60),
}
