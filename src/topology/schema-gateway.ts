/**
 * The shape of a VPN gateway and of what a client has set for VPN, for zod.
 * Not the meaning: addresses, durations and what excludes what is `validate-gateway.ts`.
 */
import { z } from 'zod'
import type { Duration } from '../base/time.ts'
import {
  AUTHENTICATION_TRANSFORMS,
  CIPHER_TRANSFORMS,
  DH_GROUPS,
  ENCRYPTION_METHODS,
  GATEWAY_SECONDS,
  INTEGRITY_CHECK_METHODS,
  PFS_GROUPS,
  type GatewayIpsecSpec,
  type IpsecPolicySpec,
} from './ipsec.ts'
import { radiusServerShape, serviceTimeShape } from './schema-nps.ts'
import { flag, opt, text, texts } from './schema-words.ts'
import type { DeviceTunnelSpec, VpnClientSpec, VpnGatewaySpec } from './services.ts'

type Durations = z.ZodType<Duration>

const ipsecPolicy: z.ZodType<IpsecPolicySpec> = z
  .strictObject({
    encryptionMethod: z.enum(ENCRYPTION_METHODS),
    integrityCheckMethod: z.enum(INTEGRITY_CHECK_METHODS),
    dhGroup: z.enum(DH_GROUPS),
    cipherTransformConstants: z.enum(CIPHER_TRANSFORMS),
    authenticationTransformConstants: z.enum(AUTHENTICATION_TRANSFORMS),
    pfsGroup: z.enum(PFS_GROUPS),
  })
  .meta({ id: 'ipsecPolicy' })

const life = z.int().min(GATEWAY_SECONDS.min).max(GATEWAY_SECONDS.max)

const gatewayIpsec: z.ZodType<GatewayIpsecSpec> = z.strictObject({
  customPolicy: opt(ipsecPolicy),
  saLifeTimeSeconds: opt(life),
  mmSaLifeTimeSeconds: opt(life),
  saDataSizeForRenegotiationKilobytes: opt(z.int().min(1024).max(0xffff_ffff)),
})

/** 30,000 is where the scripts of the field stop: more has not been seen to work. */
const portCount = z.int().min(0).max(30_000)

const deviceTunnel: z.ZodType<DeviceTunnelSpec> = z.strictObject({
  rootCertificateNames: opt(texts),
  ekus: opt(texts),
})

export const gatewayShape = (duration: Durations) =>
  z.strictObject({
    service: z.literal('vpn-gateway'),
    isRunning: opt(flag),
    certificate: opt(text),
    radius: opt(z.array(radiusServerShape(duration))),
    accounting: opt(z.enum(['windows', 'radius'])),
    authentication: opt(z.array(z.enum(['eap', 'certificate']))),
    sstp: opt(flag),
    sstpCertificate: opt(text),
    ports: opt(z.strictObject({ ikev2: opt(portCount), sstp: opt(portCount) })),
    pool: opt(text),
    addressAssignment: opt(z.union([z.literal('dhcp'), z.strictObject({ pool: text })])),
    initialAddressPoolSize: opt(z.int().min(10).max(0xffff)),
    dhcpPrivilegesFixed: opt(flag),
    dnsServers: opt(texts),
    deviceTunnel: opt(deviceTunnel),
    ipsec: opt(gatewayIpsec),
    idleDisconnect: opt(duration),
    networkOutage: opt(duration),
    negotiateTime: opt(duration),
    serverFragmentation: opt(flag),
    maxSasPerPeer: opt(z.int().min(1).max(0xffff_ffff)),
    handshakeTime: opt(serviceTimeShape(duration)),
    ipv6Disabled: opt(flag),
  }) satisfies z.ZodType<VpnGatewaySpec>

export const vpnClientShape = (duration: Durations): z.ZodType<VpnClientSpec> =>
  z.strictObject({
    edition: opt(z.enum(['pro', 'enterprise', 'education'])),
    disableIkeNameEkuCheck: opt(flag),
    ipsec: opt(ipsecPolicy),
    negotiateDh2048Aes256: opt(z.union([z.literal(0), z.literal(1), z.literal(2)])),
    disableMobility: opt(flag),
    networkOutageTime: opt(duration),
    ikeFragmentation: opt(flag),
    disabledProfiles: opt(texts),
  })
