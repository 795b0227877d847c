/**
 * What an endpoint of TLS may use: the suites, groups and signature algorithms that Schannel offers, and its identity.
 * Not a judgement: no trust anchors are given to the platform, and it refuses no certificate.
 */
import { constants, type KeyObject } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { remember, rememberEach } from '../base/remember.ts'
import { pemOf } from '../pki/encoding/pem.ts'

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

export interface TlsIdentity {
  /** DER, the end entity first, and what is sent along. */
  readonly chain: readonly Uint8Array[]
  readonly key: KeyObject
}

/**
 * Suites that Schannel of Windows Server 2022 enables by default, in its order, by the names OpenSSL gives them ("TLS Cipher Suites in Windows
 * Server 2022 and later", learn.microsoft.com). Absent: the two NULL suites, which SCH_USE_STRONG_CRYPTO filters out.
 */
export const SCHANNEL_CIPHERS: readonly string[] = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-RSA-AES128-SHA',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
  'AES256-SHA256',
  'AES128-SHA256',
  'AES256-SHA',
  'AES128-SHA',
]

/** Schannel's default order of curves since Windows 10 ("TLS Elliptic Curves in Windows 10 version 1607 and later"). */
const GROUPS = 'X25519:P-256:P-384'

/** As Windows 10 and Server 2022 send them, less DSA and SHA-1, which OpenSSL 3 does not sign with. */
const SIGNATURE_ALGORITHMS = [
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'rsa_pkcs1_sha512',
  'ecdsa_secp521r1_sha512',
].join(':')

/** OpenSSL counts a session's age by the machine's clock: more than any run takes. */
const PLATFORM_SESSION_SECONDS = 604_800

/** What decides about a context, beside who shows itself with it. */
export interface ContextSettings {
  readonly minimum: TlsVersion
  readonly maximum: TlsVersion
  readonly identity?: TlsIdentity
  readonly ciphers?: readonly string[]
}

const NOBODY = {}

/** Keys are few, and each is shown by many. */
const pemOfKey = rememberEach((key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }))

// Making a context reads the key and the certificates: dear, so once for each identity (or none) and choice of algorithms.
const contextsOf = rememberEach((_identity: object) =>
  remember((_key: string, settings: ContextSettings) => make(settings)),
)

/** The platform's context. Throws what the platform throws where it cannot read the key or a certificate. */
export function contextFor(settings: ContextSettings): SecureContext {
  const { identity = NOBODY, ciphers = SCHANNEL_CIPHERS } = settings
  const key = `${settings.minimum} ${settings.maximum} ${ciphers.join(':')}`
  return contextsOf(identity)(key, settings)
}

function make(settings: ContextSettings): SecureContext {
  const { identity, maximum, ciphers = SCHANNEL_CIPHERS } = settings
  const isTls13 = (name: string): boolean => name.startsWith('TLS_')
  const hasTls12 = !ciphers.every(isTls13)
  return createSecureContext({
    // A version without a suite is not offered. OpenSSL wants one for TLS 1.2 in any case.
    minVersion: hasTls12 ? settings.minimum : 'TLSv1.3',
    maxVersion: ciphers.some(isTls13) ? maximum : 'TLSv1.2',
    // Level 0: OpenSSL is not to judge sizes of keys and digests of certificates, pki does.
    ciphers: [...ciphers, ...(hasTls12 ? [] : ['AES128-SHA']), '@SECLEVEL=0'].join(':'),
    ecdhCurve: GROUPS,
    sigalgs: SIGNATURE_ALGORITHMS,
    honorCipherOrder: true,
    // Neither trust anchors nor, from a server, names of authorities: the peer shows whatever it has.
    ca: [],
    // By session id, as Schannel's servers do; in TLS 1.3 a ticket is an id then. A sealed one has another length in other runs.
    // Schannel has no encrypt-then-MAC (RFC 7366).
    secureOptions:
      constants.SSL_OP_NO_TICKET |
      // The platform counts renegotiations by the machine's clock, and nothing here needs one.
      constants.SSL_OP_NO_RENEGOTIATION |
      constants.SSL_OP_NO_ENCRYPT_THEN_MAC |
      constants.SSL_OP_NO_COMPRESSION,
    sessionTimeout: PLATFORM_SESSION_SECONDS,
    sessionIdContext: 'sallyport',
    ...(identity === undefined
      ? {}
      : {
          cert: identity.chain.map((der) => pemOf('CERTIFICATE', der)).join(''),
          key: pemOfKey(identity.key),
        }),
  })
}

/** Not sent as a server's name (RFC 6066 §3). */
export const isTlsAddress = (name: string): boolean => /^[\d.]+$|:/.test(name)
