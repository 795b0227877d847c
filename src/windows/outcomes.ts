/**
 * The codes that authentication can lead to in Always On VPN: code, symbol, and what it means in our words. One table.
 * Not the codes of the network. Sources: raserror.h, winerror.h (which has the IPsec errors, too).
 */
import type { WindowsOutcome } from '../pki/profile/profile.ts'

interface KnownCode {
  readonly symbol: string
  readonly meaning: string
}

const known = (symbol: string, meaning: string): KnownCode => ({ symbol, meaning })

/** RAS errors (600 … 868) and IPsec errors (13800 …) in decimal, HRESULTs in hexadecimal. */
export const WINDOWS_CODES = {
  '646': known('ERROR_RESTRICTED_LOGON_HOURS', 'the account may not sign in at this hour'),
  '647': known('ERROR_ACCT_DISABLED', 'the account is disabled'),
  '648': known('ERROR_PASSWD_EXPIRED', 'the password has expired'),
  '691': known('ERROR_AUTHENTICATION_FAILURE', 'name, password or protocol were not accepted'),
  '709': known('ERROR_CHANGING_PASSWORD', 'the password could not be changed'),
  '718': known('ERROR_PPP_TIMEOUT', 'the server did not answer in time'),
  '798': known('ERROR_NO_EAPTLS_CERTIFICATE', 'the client has no certificate that EAP can use'),
  '809': known('ERROR_VPN_TIMEOUT', 'the server did not answer'),
  '812': known('ERROR_SERVER_POLICY', 'the server’s policy does not let the client in'),
  '853': known('ERROR_EAP_USER_CERT_INVALID', 'the user’s certificate was not accepted'),
  '854': known('ERROR_EAP_USER_CERT_EXPIRED', 'the user’s certificate has expired'),
  '855': known('ERROR_EAP_USER_CERT_REVOKED', 'the user’s certificate was revoked'),
  '856': known('ERROR_EAP_USER_CERT_OTHER_ERROR', 'something else about the user’s certificate'),
  '857': known('ERROR_EAP_SERVER_CERT_INVALID', 'the certificate of NPS was not accepted'),
  '858': known('ERROR_EAP_SERVER_CERT_EXPIRED', 'the certificate of NPS has expired'),
  '861': known('ERROR_EAP_USER_ROOT_CERT_NOT_FOUND', 'NPS does not trust the root of the user'),
  '862': known('ERROR_EAP_USER_ROOT_CERT_INVALID', 'the root of the user is not a good one'),
  '863': known('ERROR_EAP_USER_ROOT_CERT_EXPIRED', 'the root of the user has expired'),
  '864': known('ERROR_EAP_SERVER_ROOT_CERT_NOT_FOUND', 'the client does not trust the root of NPS'),
  '865': known('ERROR_EAP_SERVER_ROOT_CERT_INVALID', 'the root of NPS is not a good one'),
  '866': known('ERROR_EAP_SERVER_ROOT_CERT_NAME_REQUIRED', 'the certificate of NPS has no name'),
  '13801': known('ERROR_IPSEC_IKE_AUTH_FAIL', 'IKE did not accept a certificate'),
  '13806': known('ERROR_IPSEC_IKE_NO_CERT', 'IKE found no machine certificate to use'),
  '0x80070040': known('ERROR_NETNAME_DELETED', 'the server’s certificate is not for servers'),
  '0x80092010': known('CRYPT_E_REVOKED', 'the certificate was revoked'),
  '0x80092012': known('CRYPT_E_NO_REVOCATION_CHECK', 'there is no way to check for revocation'),
  '0x80092013': known('CRYPT_E_REVOCATION_OFFLINE', 'the revocation server cannot be reached'),
  '0x80093100': known('CRYPT_E_ASN1_ERROR', 'the certificate cannot be read'),
  '0x80096004': known('TRUST_E_CERT_SIGNATURE', 'a signature does not verify'),
  '0x80096019': known(
    'TRUST_E_BASIC_CONSTRAINTS',
    'an issuer is no authority, or the path too long',
  ),
  '0x800B0101': known('CERT_E_EXPIRED', 'a certificate is not within its dates'),
  '0x800B0105': known('CERT_E_CRITICAL', 'a critical extension is not known'),
  '0x800B0109': known('CERT_E_UNTRUSTEDROOT', 'the chain ends in a root that is not trusted'),
  '0x800B010A': known('CERT_E_CHAINING', 'no chain to a trusted root could be built'),
  '0x800B010F': known('CERT_E_CN_NO_MATCH', 'the certificate has another name'),
  '0x800B0110': known('CERT_E_WRONG_USAGE', 'the certificate is for another purpose'),
  '0x800B0111': known('TRUST_E_EXPLICIT_DISTRUST', 'the certificate is distrusted by name'),
  '0x800B0113': known('CERT_E_INVALID_POLICY', 'the certificate’s policies do not hold'),
  '0x800B0114': known('CERT_E_INVALID_NAME', 'a name is outside what its authority may name'),
} as const satisfies Readonly<Record<string, KnownCode>>

export type WindowsCode = keyof typeof WINDOWS_CODES

/** The outcome of a code, with what else is known of it. */
export const outcome = (
  code: WindowsCode,
  rest: Omit<WindowsOutcome, 'code' | 'name'> = {},
): WindowsOutcome => ({ code, name: WINDOWS_CODES[code].symbol, ...rest })
