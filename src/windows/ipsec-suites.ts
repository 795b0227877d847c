/**
 * What an IPsec policy of Windows means on the wire, and what Windows offers and accepts without one, in IANA's numbers.
 *
 * The twelve default proposals for IKE stand in a capture of a real client, in this order; the six of Windows 11 and the five for ESP were
 * seen by strongSwan (docs.strongswan.org, "Windows Clients"). Microsoft names as default 3DES, SHA-1 and group 2, which is the first of the
 * list: so RRAS takes the first that it is offered, and has the same list. Not the negotiation itself.
 */
import type { OperatingSystem } from '../topology/topology.ts'
import type {
  AuthenticationTransform,
  CipherTransform,
  DhGroup,
  EncryptionMethod,
  GatewayIpsecSpec,
  IntegrityCheckMethod,
  IpsecPolicySpec,
  PfsGroup,
} from '../topology/ipsec.ts'
import {
  EncryptionId,
  EsnId,
  GroupId,
  IntegrityId,
  PrfId,
  TransformType,
} from '../wire/ikev2/numbers.ts'
import type { IkeTransform } from '../wire/ikev2/security-association.ts'
import { ASSUMPTIONS, type Assumption, type Assumptions } from './assumptions.ts'

interface Encryption {
  readonly id: number
  readonly keyBits?: number
}

/** As `crypto/ike` takes it. */
export interface IkeSuite {
  readonly encryption: Encryption
  /** Absent with AES-GCM. */
  readonly integrity?: number
  readonly prf: number
  readonly group: number
}

/** As `crypto/ike` takes it; `group` counts when keys are renewed, never for the first child (RFC 7296 §1.2). */
export interface EspSuite {
  readonly encryption: Encryption
  /** Absent with AES-GCM and GMAC, and where nothing proves integrity. */
  readonly integrity?: number
  readonly group?: number
}

/** What one side offers or accepts, the most wanted first. */
export interface IpsecSuites {
  readonly ike: readonly IkeSuite[]
  readonly esp: readonly EspSuite[]
  /** Why a custom policy has no suite: Windows would refuse to set it, or could use it for nothing. */
  readonly problems: readonly string[]
  /** Names of assumptions behind the lists. */
  readonly restsOn: readonly Assumption[]
}

const DES: Encryption = { id: EncryptionId.ENCR_DES }
const TRIPLE_DES: Encryption = { id: EncryptionId.ENCR_3DES }
const NULL: Encryption = { id: EncryptionId.ENCR_NULL }
const aes = (keyBits: number): Encryption => ({ id: EncryptionId.ENCR_AES_CBC, keyBits })
const gcm = (keyBits: number): Encryption => ({ id: EncryptionId.ENCR_AES_GCM_16, keyBits })
const gmac = (keyBits: number): Encryption => ({
  id: EncryptionId.ENCR_NULL_AUTH_AES_GMAC,
  keyBits,
})

const CIPHERS = {
  DES,
  DES3: TRIPLE_DES,
  AES128: aes(128),
  AES192: aes(192),
  AES256: aes(256),
  GCMAES128: gcm(128),
  GCMAES192: gcm(192),
  GCMAES256: gcm(256),
  None: NULL,
} as const satisfies Readonly<Record<CipherTransform | EncryptionMethod, Encryption>>

const INTEGRITY: Readonly<Record<IntegrityCheckMethod, { integrity: number; prf: number }>> = {
  MD5: { integrity: IntegrityId.AUTH_HMAC_MD5_96, prf: PrfId.PRF_HMAC_MD5 },
  SHA1: { integrity: IntegrityId.AUTH_HMAC_SHA1_96, prf: PrfId.PRF_HMAC_SHA1 },
  SHA256: { integrity: IntegrityId.AUTH_HMAC_SHA2_256_128, prf: PrfId.PRF_HMAC_SHA2_256 },
  SHA384: { integrity: IntegrityId.AUTH_HMAC_SHA2_384_192, prf: PrfId.PRF_HMAC_SHA2_384 },
}

const AUTHENTICATION: Readonly<Partial<Record<AuthenticationTransform, number>>> = {
  MD596: IntegrityId.AUTH_HMAC_MD5_96,
  SHA196: IntegrityId.AUTH_HMAC_SHA1_96,
  SHA256128: IntegrityId.AUTH_HMAC_SHA2_256_128,
}

const GROUPS: Readonly<Record<Exclude<DhGroup, 'None'>, number>> = {
  Group1: GroupId.MODP_768,
  Group2: GroupId.MODP_1024,
  Group14: GroupId.MODP_2048,
  ECP256: GroupId.ECP_256,
  ECP384: GroupId.ECP_384,
  Group24: GroupId.MODP_2048_256,
}

const PFS: Readonly<Record<Exclude<PfsGroup, 'None' | 'PFSMM'>, number>> = {
  PFS1: GroupId.MODP_768,
  PFS2: GroupId.MODP_1024,
  PFS2048: GroupId.MODP_2048,
  ECP256: GroupId.ECP_256,
  ECP384: GroupId.ECP_384,
  PFS24: GroupId.MODP_2048_256,
}

// ── Without a policy ─────────────────────────────────────────────────────────────────────────────

const HASHES = ['SHA1', 'SHA256', 'SHA384'] as const

/** Each cipher with each hash, by cipher. */
const ikeSuites = (ciphers: readonly Encryption[], group: number): IkeSuite[] =>
  ciphers.flatMap((encryption) =>
    HASHES.map((hash) => {
      const { integrity, prf } = INTEGRITY[hash]
      return isAead(encryption) ? { encryption, prf, group } : { encryption, integrity, prf, group }
    }),
  )

const isAead = ({ id }: Encryption): boolean =>
  id === EncryptionId.ENCR_AES_GCM_16 || id === EncryptionId.ENCR_NULL_AUTH_AES_GMAC

const DEFAULT_IKE = ikeSuites([TRIPLE_DES, aes(128), aes(192), aes(256)], GroupId.MODP_1024)
const GCM_IKE = ikeSuites([gcm(128), gcm(256)], GroupId.MODP_1024)
const DH2048_IKE = ikeSuites([aes(256)], GroupId.MODP_2048)

const DEFAULT_ESP: readonly EspSuite[] = [aes(256), aes(128), TRIPLE_DES, DES, NULL].map(
  (encryption) => ({ encryption, integrity: IntegrityId.AUTH_HMAC_SHA1_96 }),
)

/** Windows 11, and the servers of its line. */
const OFFERS_GCM: readonly OperatingSystem[] = [
  'windows-11-21h2',
  'windows-11',
  'windows-server-2022',
  'windows-server-2025',
]

const defaultIke = (os: OperatingSystem | undefined): readonly IkeSuite[] =>
  os !== undefined && OFFERS_GCM.includes(os) ? [...DEFAULT_IKE, ...GCM_IKE] : DEFAULT_IKE

export interface ClientOffer {
  readonly os?: OperatingSystem | undefined
  /** The profile's CryptographySuite, else what `Set-VpnConnectionIPsecConfiguration` set. It leaves no room for defaults. */
  readonly policy?: IpsecPolicySpec | undefined
  /** NegotiateDH2048_AES256; counts without a policy only. */
  readonly negotiateDh2048Aes256?: 0 | 1 | 2 | undefined
}

/** What a Windows client offers, in its order. */
export function clientSuites(
  { os, policy, negotiateDh2048Aes256 = 0 }: ClientOffer = {},
  assume: Assumptions = ASSUMPTIONS,
): IpsecSuites {
  if (policy !== undefined) return policySuites(policy)
  const none = { esp: DEFAULT_ESP, problems: [] }
  const usual = defaultIke(os)
  if (negotiateDh2048Aes256 === 0) return { ...none, ike: usual, restsOn: [] }
  if (negotiateDh2048Aes256 === 2) return { ...none, ike: DH2048_IKE, restsOn: [] }
  const isFirst = assume.dh2048Offered === 'first'
  const ike = isFirst ? [...DH2048_IKE, ...usual] : [...usual, ...DH2048_IKE]
  return { ...none, ike, restsOn: ['dh2048Offered'] }
}

/** What RRAS accepts, the most wanted first. */
export function gatewaySuites(
  { os, ipsec = {} }: { readonly os?: OperatingSystem; readonly ipsec?: GatewayIpsecSpec } = {},
  assume: Assumptions = ASSUMPTIONS,
): IpsecSuites {
  if (ipsec.customPolicy !== undefined) return policySuites(ipsec.customPolicy)
  const strong = assume.gatewayAcceptsDh2048 ? DH2048_IKE : []
  return {
    ike: [...defaultIke(os), ...strong],
    esp: DEFAULT_ESP,
    problems: [],
    restsOn: ['gatewayAcceptsDh2048'],
  }
}

// ── With one ─────────────────────────────────────────────────────────────────────────────────────

/** The one suite for IKE and the one for ESP of a custom policy. A policy that makes no sense has none, and says why. */
export function policySuites(policy: IpsecPolicySpec): IpsecSuites {
  const problems: string[] = []
  const ike = ikeSuiteOf(policy)
  if (ike === undefined) problems.push('DHGroup None: IKEv2 cannot begin without a group')
  const esp = espSuiteOf(policy)
  if (typeof esp === 'string') problems.push(esp)
  return {
    ike: ike === undefined ? [] : [ike],
    esp: typeof esp === 'string' ? [] : [esp],
    problems,
    restsOn: [],
  }
}

/** With AES-GCM the method of integrity names the PRF alone. */
function ikeSuiteOf(policy: IpsecPolicySpec): IkeSuite | undefined {
  if (policy.dhGroup === 'None') return undefined
  const encryption = CIPHERS[policy.encryptionMethod]
  const { integrity, prf } = INTEGRITY[policy.integrityCheckMethod]
  const group = GROUPS[policy.dhGroup]
  return isAead(encryption) ? { encryption, prf, group } : { encryption, integrity, prf, group }
}

/** AES-GCM is both or neither (netsh says so); authentication by it without a cipher is GMAC. A text: why there is none. */
function espSuiteOf(policy: IpsecPolicySpec): EspSuite | string {
  const { cipherTransformConstants: cipher, authenticationTransformConstants: proof } = policy
  const group = pfsGroupOf(policy)
  const renewed = group === undefined ? {} : { group }
  if (isGcm(proof) && cipher === 'None') {
    return { encryption: gmac(Number(proof.slice(-3))), ...renewed }
  }
  if ((isGcm(cipher) || isGcm(proof)) && cipher !== proof) {
    return `cipher ${cipher} with authentication ${proof}: AES-GCM must be both`
  }
  if (cipher === 'None' && proof === 'None') return 'neither a cipher nor authentication'
  const integrity = AUTHENTICATION[proof]
  return {
    encryption: CIPHERS[cipher],
    ...(integrity !== undefined && { integrity }),
    ...renewed,
  }
}

const isGcm = (word: string): boolean => word.startsWith('GCMAES')

/** PFSMM takes the group of the IKE SA. */
function pfsGroupOf({ pfsGroup, dhGroup }: IpsecPolicySpec): number | undefined {
  if (pfsGroup === 'None') return undefined
  if (pfsGroup !== 'PFSMM') return PFS[pfsGroup]
  return dhGroup === 'None' ? undefined : GROUPS[dhGroup]
}

// ── Weakness ─────────────────────────────────────────────────────────────────────────────────────

const WEAK_ENCRYPTION: ReadonlyMap<number, string> = new Map([
  [EncryptionId.ENCR_DES, 'DES'],
  [EncryptionId.ENCR_3DES, '3DES'],
  [EncryptionId.ENCR_NULL, 'no encryption'],
  [EncryptionId.ENCR_NULL_AUTH_AES_GMAC, 'no encryption'],
])
const WEAK_INTEGRITY: ReadonlyMap<number, string> = new Map([
  [IntegrityId.AUTH_HMAC_MD5_96, 'MD5'],
  [IntegrityId.AUTH_HMAC_SHA1_96, 'SHA-1'],
])
const WEAK_PRF: ReadonlyMap<number, string> = new Map([
  [PrfId.PRF_HMAC_MD5, 'MD5'],
  [PrfId.PRF_HMAC_SHA1, 'SHA-1'],
])
const WEAK_GROUP: ReadonlyMap<number, string> = new Map([
  [GroupId.MODP_768, 'group 1'],
  [GroupId.MODP_1024, 'group 2'],
  [GroupId.MODP_2048_256, 'group 24'],
])

/** What in a suite is too weak to be relied on, in words; each once. */
export function weaknessesOf(suite: IkeSuite | EspSuite): readonly string[] {
  const { encryption, integrity, group } = suite
  const open = integrity === undefined && !isAead(encryption) ? ['no integrity'] : []
  const told = [
    WEAK_ENCRYPTION.get(encryption.id),
    WEAK_INTEGRITY.get(integrity ?? IntegrityId.NONE),
    'prf' in suite ? WEAK_PRF.get(suite.prf) : undefined,
    WEAK_GROUP.get(group ?? GroupId.NONE),
  ]
  return [...new Set([...told.filter((word) => word !== undefined), ...open])]
}

// ── As transforms ────────────────────────────────────────────────────────────────────────────────

/** A proposal of one suite, in the order in which Windows writes transforms: ENCR, INTEG, PRF, D-H. */
export const ikeTransforms = (suite: IkeSuite): readonly IkeTransform[] => [
  encryptionTransform(suite.encryption),
  ...integrityTransform(suite.integrity),
  { type: TransformType.PRF, id: suite.prf },
  { type: TransformType.DH, id: suite.group },
]

/** Without the group: it is no part of the first child. */
export const espTransforms = (suite: EspSuite): readonly IkeTransform[] => [
  encryptionTransform(suite.encryption),
  ...integrityTransform(suite.integrity),
  { type: TransformType.ESN, id: EsnId['No Extended Sequence Numbers'] },
]

const encryptionTransform = ({ id, keyBits }: Encryption): IkeTransform =>
  keyBits === undefined
    ? { type: TransformType.ENCR, id }
    : { type: TransformType.ENCR, id, keyLength: keyBits }

const integrityTransform = (id: number | undefined): readonly IkeTransform[] =>
  id === undefined ? [] : [{ type: TransformType.INTEG, id }]
