/**
 * The codes that Always On VPN can lead to: code, symbol, and what it means in our words. One table; when each is seen stands in
 * `connect/codes.ts`. Sources: raserror.h, winerror.h (which has the IPsec errors, too), winsock2.h, eaphosterror.h.
 */
import type { WindowsOutcome } from '../pki/profile/profile.ts'

interface KnownCode {
  readonly symbol: string
  readonly meaning: string
}

const known = (symbol: string, meaning: string): KnownCode => ({ symbol, meaning })

/** RAS errors (600 … 868) and IPsec errors (13800 …) in decimal, HRESULTs in hexadecimal. */
export const WINDOWS_CODES = {
  '619': known('ERROR_PORT_DISCONNECTED', 'the port was disconnected'),
  '628': known('ERROR_DISCONNECTION', 'the port was disconnected while it was connecting'),
  '629': known('ERROR_REMOTE_DISCONNECTION', 'the server disconnected'),
  '631': known('ERROR_USER_DISCONNECTION', 'the user disconnected'),
  '633': known('ERROR_PORT_NOT_AVAILABLE', 'the port is in use, or not set up for dialling out'),
  '645': known('ERROR_AUTH_INTERNAL', 'authentication failed inside the client'),
  '646': known('ERROR_RESTRICTED_LOGON_HOURS', 'the account may not sign in at this hour'),
  '647': known('ERROR_ACCT_DISABLED', 'the account is disabled'),
  '648': known('ERROR_PASSWD_EXPIRED', 'the password has expired'),
  '649': known('ERROR_NO_DIALIN_PERMISSION', 'the account may not dial in'),
  '651': known('ERROR_FROM_DEVICE', 'the device reported an error'),
  '691': known('ERROR_AUTHENTICATION_FAILURE', 'name, password or protocol were not accepted'),
  '708': known('ERROR_ACCT_EXPIRED', 'the account has expired'),
  '709': known('ERROR_CHANGING_PASSWORD', 'the password could not be changed'),
  '717': known('ERROR_NO_IP_ADDRESSES', 'the server’s pool has no free address'),
  '718': known('ERROR_PPP_TIMEOUT', 'the server did not answer in time'),
  '720': known(
    'ERROR_PPP_NO_PROTOCOLS_CONFIGURED',
    'client and server have no network protocol in common',
  ),
  '721': known('ERROR_PPP_NO_RESPONSE', 'the server’s PPP does not answer'),
  '736': known('ERROR_PPP_NCP_TERMINATED', 'the server ended the negotiation of addresses'),
  '787': known('ERROR_OAKLEY_AUTH_FAIL', 'L2TP: the server could not be authenticated'),
  '788': known('ERROR_OAKLEY_ATTRIB_FAIL', 'L2TP: no security parameters in common'),
  '789': known(
    'ERROR_OAKLEY_GENERAL_PROCESSING',
    'L2TP: certificate or shared key do not fit, or a NAT is in the way',
  ),
  '792': known('ERROR_OAKLEY_TIMED_OUT', 'L2TP: security negotiation took too long'),
  '798': known('ERROR_NO_EAPTLS_CERTIFICATE', 'the client has no certificate that EAP can use'),
  '800': known('ERROR_AUTOMATIC_VPN_FAILED', 'no protocol that was tried led to a tunnel'),
  '801': known('ERROR_VALIDATING_SERVER_CERT', 'the server’s certificate could not be validated'),
  '806': known('ERROR_VPN_GRE_BLOCKED', 'PPTP: GRE is blocked'),
  '807': known('ERROR_VPN_DISCONNECT', 'the connection was interrupted, or the server is full'),
  '808': known('ERROR_VPN_REFUSED', 'the server refused the connection'),
  '809': known('ERROR_VPN_TIMEOUT', 'the server did not answer'),
  '810': known('ERROR_VPN_BAD_CERT', 'L2TP: a certificate is wrong or has expired'),
  '811': known('ERROR_VPN_BAD_PSK', 'L2TP: the shared key is wrong'),
  '812': known('ERROR_SERVER_POLICY', 'the server’s policy does not let the client in'),
  '823': known('ERROR_PEAP_CRYPTOBINDING_INVALID', 'the crypto-binding of PEAP is wrong'),
  '824': known('ERROR_PEAP_CRYPTOBINDING_NOTRECEIVED', 'the crypto-binding of PEAP is missing'),
  '826': known(
    'ERROR_EAPTLS_CACHE_CREDENTIALS_INVALID',
    'the certificate that was remembered is no longer good',
  ),
  '827': known('ERROR_IPSEC_SERVICE_STOPPED', 'IKEEXT or the Base Filtering Engine does not run'),
  '828': known('ERROR_IDLE_TIMEOUT', 'the connection was idle for too long'),
  '829': known('ERROR_LINK_FAILURE', 'the link failed'),
  '830': known('ERROR_USER_LOGOFF', 'the user signed out'),
  '832': known('ERROR_HIBERNATION', 'the computer went into hibernation'),
  '833': known('ERROR_SYSTEM_SUSPENDED', 'the computer went to sleep'),
  '834': known('ERROR_RASMAN_SERVICE_STOPPED', 'RasMan stopped'),
  '835': known('ERROR_INVALID_SERVER_CERT', 'L2TP: the server’s certificate has another name'),
  '839': known('ERROR_PROTOCOL_ENGINE_DISABLED', 'the protocol’s miniport is disabled'),
  '840': known('ERROR_INTERNAL_ADDRESS_FAILURE', 'no inner address could be agreed on'),
  '841': known('ERROR_FAILED_CP_REQUIRED', 'the client must ask for an inner address'),
  '842': known('ERROR_TS_UNACCEPTABLE', 'no traffic selectors could be agreed on'),
  '843': known('ERROR_MOBIKE_DISABLED', 'mobility is switched off for the connection'),
  '844': known(
    'ERROR_CANNOT_INITIATE_MOBIKE_UPDATE',
    'the connection is not up yet, so it cannot move',
  ),
  '845': known('ERROR_PEAP_SERVER_REJECTED_CLIENT_TLV', 'NPS did not accept a TLV of PEAP'),
  '847': known(
    'ERROR_EAPTLS_SCARD_CACHE_CREDENTIALS_INVALID',
    'the smart card credential that was remembered is no longer good',
  ),
  '850': known('ERROR_EAP_METHOD_NOT_INSTALLED', 'the EAP method is not installed'),
  '851': known('ERROR_EAP_METHOD_DOES_NOT_SUPPORT_SSO', 'the EAP method has no single sign-on'),
  '852': known(
    'ERROR_EAP_METHOD_OPERATION_NOT_SUPPORTED',
    'the EAP method cannot do what was asked',
  ),
  '853': known('ERROR_EAP_USER_CERT_INVALID', 'the user’s certificate was not accepted'),
  '854': known('ERROR_EAP_USER_CERT_EXPIRED', 'the user’s certificate has expired'),
  '855': known('ERROR_EAP_USER_CERT_REVOKED', 'the user’s certificate was revoked'),
  '856': known('ERROR_EAP_USER_CERT_OTHER_ERROR', 'something else about the user’s certificate'),
  '857': known('ERROR_EAP_SERVER_CERT_INVALID', 'the certificate of NPS was not accepted'),
  '858': known('ERROR_EAP_SERVER_CERT_EXPIRED', 'the certificate of NPS has expired'),
  '859': known('ERROR_EAP_SERVER_CERT_REVOKED', 'the certificate of NPS was revoked'),
  '860': known('ERROR_EAP_SERVER_CERT_OTHER_ERROR', 'something else about the certificate of NPS'),
  '861': known('ERROR_EAP_USER_ROOT_CERT_NOT_FOUND', 'NPS does not trust the root of the user'),
  '862': known('ERROR_EAP_USER_ROOT_CERT_INVALID', 'the root of the user is not a good one'),
  '863': known('ERROR_EAP_USER_ROOT_CERT_EXPIRED', 'the root of the user has expired'),
  '864': known('ERROR_EAP_SERVER_ROOT_CERT_NOT_FOUND', 'the client does not trust the root of NPS'),
  '865': known('ERROR_EAP_SERVER_ROOT_CERT_INVALID', 'the root of NPS is not a good one'),
  '866': known('ERROR_EAP_SERVER_ROOT_CERT_NAME_REQUIRED', 'the certificate of NPS has no name'),
  '867': known('ERROR_PEAP_IDENTITY_MISMATCH', 'PEAP’s outer name is not the inner one'),
  '868': known('ERROR_DNSNAME_NOT_RESOLVABLE', 'the server’s name did not resolve'),
  '13801': known('ERROR_IPSEC_IKE_AUTH_FAIL', 'IKE did not accept a certificate'),
  '13805': known('ERROR_IPSEC_IKE_TIMED_OUT', 'IKE took too long'),
  '13806': known('ERROR_IPSEC_IKE_NO_CERT', 'IKE found no machine certificate to use'),
  '13817': known('ERROR_IPSEC_IKE_CRL_FAILED', 'IKE could not check revocation'),
  '13819': known(
    'ERROR_IPSEC_IKE_INVALID_CERT_TYPE',
    'the certificate is of a kind that IKE cannot use',
  ),
  '13820': known('ERROR_IPSEC_IKE_NO_PRIVATE_KEY', 'the machine certificate has no private key'),
  '13826': known('ERROR_IPSEC_IKE_INVALID_SIGNATURE', 'the signature of the other side is wrong'),
  '13829': known('ERROR_IPSEC_IKE_PROCESS_ERR', 'an error payload could not be processed'),
  '13830': known('ERROR_IPSEC_IKE_PROCESS_ERR_SA', 'an SA payload could not be processed'),
  '13831': known('ERROR_IPSEC_IKE_PROCESS_ERR_PROP', 'a proposal payload could not be processed'),
  '13832': known('ERROR_IPSEC_IKE_PROCESS_ERR_TRANS', 'a transform payload could not be processed'),
  '13833': known('ERROR_IPSEC_IKE_PROCESS_ERR_KE', 'a key exchange payload could not be processed'),
  '13834': known(
    'ERROR_IPSEC_IKE_PROCESS_ERR_ID',
    'an identification payload could not be processed',
  ),
  '13835': known(
    'ERROR_IPSEC_IKE_PROCESS_ERR_CERT',
    'a certificate payload could not be processed',
  ),
  '13836': known(
    'ERROR_IPSEC_IKE_PROCESS_ERR_CERT_REQ',
    'a certificate request payload could not be processed',
  ),
  '13837': known('ERROR_IPSEC_IKE_PROCESS_ERR_HASH', 'a hash payload could not be processed'),
  '13838': known('ERROR_IPSEC_IKE_PROCESS_ERR_SIG', 'a signature payload could not be processed'),
  '13839': known('ERROR_IPSEC_IKE_PROCESS_ERR_NONCE', 'a nonce payload could not be processed'),
  '13840': known(
    'ERROR_IPSEC_IKE_PROCESS_ERR_NOTIFY',
    'a notification payload could not be processed',
  ),
  '13841': known('ERROR_IPSEC_IKE_PROCESS_ERR_DELETE', 'a delete payload could not be processed'),
  '13842': known(
    'ERROR_IPSEC_IKE_PROCESS_ERR_VENDOR',
    'a vendor ID payload could not be processed',
  ),
  '13843': known('ERROR_IPSEC_IKE_INVALID_PAYLOAD', 'a payload is not valid'),
  '13847': known(
    'ERROR_IPSEC_IKE_NO_PEER_CERT',
    'the other side sent no valid machine certificate',
  ),
  '13848': known(
    'ERROR_IPSEC_IKE_PEER_CRL_FAILED',
    'revocation of the other side’s certificate could not be checked',
  ),
  '13864': known('ERROR_IPSEC_IKE_DH_FAILURE', 'the key exchange failed'),
  '13865': known('ERROR_IPSEC_IKE_INVALID_GROUP', 'the group of the key exchange is not accepted'),
  '13867': known('ERROR_IPSEC_IKE_DECRYPT', 'a message could not be decrypted'),
  '13868': known(
    'ERROR_IPSEC_IKE_POLICY_MATCH',
    'client and server have no IPsec policy in common',
  ),
  '13881': known('ERROR_IPSEC_IKE_INVALID_CERT_KEYLEN', 'the key in the certificate is too small'),
  '13882': known(
    'ERROR_IPSEC_IKE_MM_LIMIT',
    'the other side has as many security associations as it may have',
  ),
  '13886': known('ERROR_IPSEC_IKE_PEER_MM_ASSUMED_INVALID', 'the other side fell silent'),
  '13887': known(
    'ERROR_IPSEC_IKE_CERT_CHAIN_POLICY_MISMATCH',
    'the certificate has no chain to the root that the policy names',
  ),
  '13899': known('ERROR_IPSEC_IKE_INNER_IP_ASSIGNMENT_FAILURE', 'the server gave no inner address'),
  '13900': known(
    'ERROR_IPSEC_IKE_REQUIRE_CP_PAYLOAD_MISSING',
    'the server’s answer has no configuration',
  ),
  '13901': known(
    'ERROR_IPSEC_KEY_MODULE_IMPERSONATION_NEGOTIATION_PENDING',
    'another negotiation for the same principal is under way',
  ),
  '13903': known('ERROR_IPSEC_IKE_RATELIMIT_DROP', 'dropped, since this address sent too much'),
  '13904': known('ERROR_IPSEC_IKE_PEER_DOESNT_SUPPORT_MOBIKE', 'the other side has no MOBIKE'),
  '13905': known('ERROR_IPSEC_IKE_AUTHORIZATION_FAILURE', 'the other side is not authorised'),
  '0x80070040': known('ERROR_NETNAME_DELETED', 'the server’s certificate is not for servers'),
  '0x800704C9': known(
    'ERROR_CONNECTION_REFUSED',
    'the server refused the connection, or has no free port',
  ),
  '0x80072746': known('WSAECONNRESET', 'the server broke the connection off'),
  '0x8007274C': known('WSAETIMEDOUT', 'the server did not answer the connection attempt'),
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
  '0x80420014': known(
    'EAP_E_EAPHOST_IDENTITY_UNKNOWN',
    'the authenticator does not know the identity',
  ),
} as const satisfies Readonly<Record<string, KnownCode>>

export type WindowsCode = keyof typeof WINDOWS_CODES

/** The outcome of a code, with what else is known of it. */
export const outcome = (
  code: WindowsCode,
  rest: Omit<WindowsOutcome, 'code' | 'name'> = {},
): WindowsOutcome => ({ code, name: WINDOWS_CODES[code].symbol, ...rest })
