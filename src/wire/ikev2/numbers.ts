/**
 * The numbers of IKEv2 and their names (IANA "Internet Key Exchange Version 2 (IKEv2) Parameters"; RFC 7296 §3). Notify types are in
 * `notify-types.ts`. Not a limit on what may be sent: a number stays a number everywhere, and one without a name prints as itself.
 */
import { namer } from '../names.ts'

/** `exchangeName(34)`: `IKE_SA_INIT` (RFC 7296 §3.1; RFC 5723, RFC 9242). */
export const exchangeName = namer(
  {
    IKE_SA_INIT: 34,
    IKE_AUTH: 35,
    CREATE_CHILD_SA: 36,
    INFORMATIONAL: 37,
    IKE_SESSION_RESUME: 38,
    IKE_INTERMEDIATE: 43,
  },
  'exchange',
)

/** RFC 7296 §3.2, by the RFC's notation; SKF: RFC 7383 §2.5, GSPM: RFC 6467, PS: RFC 8019. A nonce's is `Ni` or `Nr` by who sends it. */
export const IkePayloadType = {
  none: 0,
  SA: 33,
  KE: 34,
  IDi: 35,
  IDr: 36,
  CERT: 37,
  CERTREQ: 38,
  AUTH: 39,
  Nonce: 40,
  N: 41,
  D: 42,
  V: 43,
  TSi: 44,
  TSr: 45,
  SK: 46,
  CP: 47,
  EAP: 48,
  GSPM: 49,
  SKF: 53,
  PS: 54,
} as const
export const payloadTypeName = namer(IkePayloadType, 'payload')

/** RFC 7296 §3.3.1. */
export const SecurityProtocol = { none: 0, IKE: 1, AH: 2, ESP: 3 } as const
export const securityProtocolName = namer(SecurityProtocol, 'protocol')

/** RFC 7296 §3.3.2; the additional key exchanges: RFC 9370. */
export const TransformType = {
  ENCR: 1,
  PRF: 2,
  INTEG: 3,
  DH: 4,
  ESN: 5,
  ADDKE1: 6,
  ADDKE2: 7,
  ADDKE3: 8,
  ADDKE4: 9,
  ADDKE5: 10,
  ADDKE6: 11,
  ADDKE7: 12,
} as const

/** Transform type 1 (RFC 7296 §3.3.2, RFC 4106, RFC 4309, RFC 4543, RFC 5529, RFC 7634, RFC 8750). */
export const EncryptionId = {
  ENCR_DES_IV64: 1,
  ENCR_DES: 2,
  ENCR_3DES: 3,
  ENCR_RC5: 4,
  ENCR_IDEA: 5,
  ENCR_CAST: 6,
  ENCR_BLOWFISH: 7,
  ENCR_3IDEA: 8,
  ENCR_DES_IV32: 9,
  ENCR_NULL: 11,
  ENCR_AES_CBC: 12,
  ENCR_AES_CTR: 13,
  ENCR_AES_CCM_8: 14,
  ENCR_AES_CCM_12: 15,
  ENCR_AES_CCM_16: 16,
  ENCR_AES_GCM_8: 18,
  ENCR_AES_GCM_12: 19,
  ENCR_AES_GCM_16: 20,
  ENCR_NULL_AUTH_AES_GMAC: 21,
  ENCR_CAMELLIA_CBC: 23,
  ENCR_CAMELLIA_CTR: 24,
  ENCR_CAMELLIA_CCM_8: 25,
  ENCR_CAMELLIA_CCM_12: 26,
  ENCR_CAMELLIA_CCM_16: 27,
  ENCR_CHACHA20_POLY1305: 28,
  ENCR_AES_CCM_8_IIV: 29,
  ENCR_AES_GCM_16_IIV: 30,
  ENCR_CHACHA20_POLY1305_IIV: 31,
} as const

/** Transform type 2 (RFC 7296 §3.3.2, RFC 4434, RFC 4615, RFC 4868). */
export const PrfId = {
  PRF_HMAC_MD5: 1,
  PRF_HMAC_SHA1: 2,
  PRF_HMAC_TIGER: 3,
  PRF_AES128_XCBC: 4,
  PRF_HMAC_SHA2_256: 5,
  PRF_HMAC_SHA2_384: 6,
  PRF_HMAC_SHA2_512: 7,
  PRF_AES128_CMAC: 8,
} as const

/** Transform type 3 (RFC 7296 §3.3.2, RFC 4494, RFC 4543, RFC 4595, RFC 4868). */
export const IntegrityId = {
  NONE: 0,
  AUTH_HMAC_MD5_96: 1,
  AUTH_HMAC_SHA1_96: 2,
  AUTH_DES_MAC: 3,
  AUTH_KPDK_MD5: 4,
  AUTH_AES_XCBC_96: 5,
  AUTH_HMAC_MD5_128: 6,
  AUTH_HMAC_SHA1_160: 7,
  AUTH_AES_CMAC_96: 8,
  AUTH_AES_128_GMAC: 9,
  AUTH_AES_192_GMAC: 10,
  AUTH_AES_256_GMAC: 11,
  AUTH_HMAC_SHA2_256_128: 12,
  AUTH_HMAC_SHA2_384_192: 13,
  AUTH_HMAC_SHA2_512_256: 14,
} as const

/**
 * Transform type 4 and the group of a KE payload. The registry has sentences for names ("2048-bit MODP Group with 256-bit Prime Order
 * Subgroup"), these are short for them (RFC 7296 §3.3.2 and appendix B, RFC 3526, RFC 5114, RFC 5903, RFC 6932, RFC 6954, RFC 8031).
 */
export const GroupId = {
  NONE: 0,
  MODP_768: 1,
  MODP_1024: 2,
  MODP_1536: 5,
  MODP_2048: 14,
  MODP_3072: 15,
  MODP_4096: 16,
  MODP_6144: 17,
  MODP_8192: 18,
  ECP_256: 19,
  ECP_384: 20,
  ECP_521: 21,
  MODP_1024_160: 22,
  MODP_2048_224: 23,
  MODP_2048_256: 24,
  ECP_192: 25,
  ECP_224: 26,
  brainpoolP224r1: 27,
  brainpoolP256r1: 28,
  brainpoolP384r1: 29,
  brainpoolP512r1: 30,
  Curve25519: 31,
  Curve448: 32,
} as const
export const groupName = namer(GroupId, 'group')

/** Transform type 5 (RFC 7296 §3.3.2). */
export const EsnId = { 'No Extended Sequence Numbers': 0, 'Extended Sequence Numbers': 1 } as const

const TRANSFORM_NAMERS: ReadonlyMap<number, (id: number) => string> = new Map([
  [TransformType.ENCR, namer(EncryptionId, 'ENCR')],
  [TransformType.PRF, namer(PrfId, 'PRF')],
  [TransformType.INTEG, namer(IntegrityId, 'INTEG')],
  [TransformType.DH, groupName],
  [TransformType.ESN, namer(EsnId, 'ESN')],
] as const)
const transformTypeName = namer(TransformType, 'transform type')

/** `transformName(1, 12)`: `ENCR_AES_CBC`; of an unknown one `ENCR 99`, `transform type 77 id 3`. */
export const transformName = (type: number, id: number): string =>
  TRANSFORM_NAMERS.get(type)?.(id) ?? `${transformTypeName(type)} id ${id}`

/** RFC 7296 §3.3.5: the only attribute that a transform has in IKEv2. */
export const TransformAttributeType = { keyLength: 14 } as const

/** RFC 7296 §3.5; ID_FC_NAME: RFC 4595, ID_NULL: RFC 7619. */
export const IdType = {
  ID_IPV4_ADDR: 1,
  ID_FQDN: 2,
  ID_RFC822_ADDR: 3,
  ID_IPV6_ADDR: 5,
  ID_DER_ASN1_DN: 9,
  ID_DER_ASN1_GN: 10,
  ID_KEY_ID: 11,
  ID_FC_NAME: 12,
  ID_NULL: 13,
} as const

/** RFC 7296 §3.6, by its numbers' meanings; OCSP content: RFC 4806, raw public key: RFC 7670. */
export const CertEncoding = {
  pkcs7: 1,
  pgp: 2,
  dnsSignedKey: 3,
  x509Signature: 4,
  kerberosToken: 6,
  crl: 7,
  arl: 8,
  spki: 9,
  x509Attribute: 10,
  rawRsaKey: 11,
  hashAndUrlOfCertificate: 12,
  hashAndUrlOfBundle: 13,
  ocspContent: 14,
  rawPublicKey: 15,
} as const

/** RFC 7296 §3.8; ECDSA: RFC 4754, secure password: RFC 6467, NULL: RFC 7619, Digital Signature: RFC 7427. */
export const AuthMethod = {
  rsaSignature: 1,
  sharedKey: 2,
  dssSignature: 3,
  ecdsaSha256P256: 9,
  ecdsaSha384P384: 10,
  ecdsaSha512P521: 11,
  genericSecurePassword: 12,
  null: 13,
  digitalSignature: 14,
} as const

/** RFC 7296 §3.13.1; Fibre Channel: RFC 4595. */
export const TrafficSelectorType = {
  TS_IPV4_ADDR_RANGE: 7,
  TS_IPV6_ADDR_RANGE: 8,
  TS_FC_ADDR_RANGE: 9,
} as const

/** RFC 7296 §3.15. */
export const ConfigType = { CFG_REQUEST: 1, CFG_REPLY: 2, CFG_SET: 3, CFG_ACK: 4 } as const
export const configTypeName = namer(ConfigType, 'CFG type')

/**
 * RFC 7296 §3.15.1 and what was registered since (RFC 5026, RFC 5739, RFC 7651, RFC 8598, RFC 9464). The last two are Microsoft's, in the
 * private range: addresses of the server inside the tunnel ([MS-IKEE] §2.2.8).
 */
export const ConfigAttribute = {
  INTERNAL_IP4_ADDRESS: 1,
  INTERNAL_IP4_NETMASK: 2,
  INTERNAL_IP4_DNS: 3,
  INTERNAL_IP4_NBNS: 4,
  INTERNAL_IP4_DHCP: 6,
  APPLICATION_VERSION: 7,
  INTERNAL_IP6_ADDRESS: 8,
  INTERNAL_IP6_DNS: 10,
  INTERNAL_IP6_DHCP: 12,
  INTERNAL_IP4_SUBNET: 13,
  SUPPORTED_ATTRIBUTES: 14,
  INTERNAL_IP6_SUBNET: 15,
  MIP6_HOME_PREFIX: 16,
  INTERNAL_IP6_LINK: 17,
  INTERNAL_IP6_PREFIX: 18,
  HOME_AGENT_ADDRESS: 19,
  P_CSCF_IP4_ADDRESS: 20,
  P_CSCF_IP6_ADDRESS: 21,
  INTERNAL_DNS_DOMAIN: 25,
  INTERNAL_DNSSEC_TA: 26,
  ENCDNS_IP4: 27,
  ENCDNS_IP6: 28,
  ENCDNS_DIGEST_INFO: 29,
  INTERNAL_IP4_SERVER: 23_456,
  INTERNAL_IP6_SERVER: 23_457,
} as const
export const configAttributeName = namer(ConfigAttribute, 'attribute')
