/**
 * The custom IPsec policy of Windows' VPN server and client, in PowerShell's own words, and how long the security associations of a server
 * last. Not what the words stand for on the wire, nor ProfileXML's spelling of them: `windows/ipsec-policy.ts` has both.
 */

/** `-EncryptionMethod`: the cipher of the IKE SA. */
export const ENCRYPTION_METHODS = [
  'DES',
  'DES3',
  'AES128',
  'AES192',
  'AES256',
  'GCMAES128',
  'GCMAES256',
] as const
/** `-IntegrityCheckMethod`: integrity of the IKE SA, and its PRF. */
export const INTEGRITY_CHECK_METHODS = ['MD5', 'SHA1', 'SHA256', 'SHA384'] as const
/** `-DHGroup`: the key exchange of the IKE SA. */
export const DH_GROUPS = [
  'None',
  'Group1',
  'Group2',
  'Group14',
  'ECP256',
  'ECP384',
  'Group24',
] as const
/** `-CipherTransformConstants`: the cipher of ESP. */
export const CIPHER_TRANSFORMS = [
  'DES',
  'DES3',
  'AES128',
  'AES192',
  'AES256',
  'GCMAES128',
  'GCMAES192',
  'GCMAES256',
  'None',
] as const
/** `-AuthenticationTransformConstants`: integrity of ESP. */
export const AUTHENTICATION_TRANSFORMS = [
  'MD596',
  'SHA196',
  'SHA256128',
  'GCMAES128',
  'GCMAES192',
  'GCMAES256',
  'None',
] as const
/** `-PfsGroup`: the key exchange when ESP gets new keys. */
export const PFS_GROUPS = [
  'None',
  'PFS1',
  'PFS2',
  'PFS2048',
  'ECP256',
  'ECP384',
  'PFSMM',
  'PFS24',
] as const

export type EncryptionMethod = (typeof ENCRYPTION_METHODS)[number]
export type IntegrityCheckMethod = (typeof INTEGRITY_CHECK_METHODS)[number]
export type DhGroup = (typeof DH_GROUPS)[number]
export type CipherTransform = (typeof CIPHER_TRANSFORMS)[number]
export type AuthenticationTransform = (typeof AUTHENTICATION_TRANSFORMS)[number]
export type PfsGroup = (typeof PFS_GROUPS)[number]

/**
 * One suite for IKE and one for ESP, and nothing beside them: `Set-VpnServerConfiguration -CustomPolicy` and
 * `Set-VpnConnectionIPsecConfiguration`. The second demands all six; the first says nothing of what becomes of one that is left out, so
 * all six are demanded here.
 */
export interface IpsecPolicySpec {
  readonly encryptionMethod: EncryptionMethod
  readonly integrityCheckMethod: IntegrityCheckMethod
  readonly dhGroup: DhGroup
  readonly cipherTransformConstants: CipherTransform
  readonly authenticationTransformConstants: AuthenticationTransform
  readonly pfsGroup: PfsGroup
}

/** What `Set-VpnServerConfiguration` says of IPsec. Windows reads it when RemoteAccess starts. */
export interface GatewayIpsecSpec {
  /** Absent: what Windows accepts by default (`-RevertToDefault`). */
  readonly customPolicy?: IpsecPolicySpec
  /** Life of an ESP SA, 300 … 17,279,999 s. Default 28,800. */
  readonly saLifeTimeSeconds?: number
  /** Life of an IKE SA, 300 … 17,279,999 s. Default 28,800. */
  readonly mmSaLifeTimeSeconds?: number
  /** What an ESP SA may carry before it gets new keys, at least 1024. Default 102,400. */
  readonly saDataSizeForRenegotiationKilobytes?: number
}

/** Limits of RRAS (MS-RRASM) in seconds: of an SA's life and of the idle time. */
export const GATEWAY_SECONDS = { min: 300, max: 17_279_999 } as const
