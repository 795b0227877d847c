/**
 * The reason codes of NPS (events 6272 to 6274, and its log): kind, meaning in our words, and what the VPN client shows. One table.
 * Which failure of a certificate has which reason: {@link ./certificate-reasons.ts}. Sources: Microsoft's "NPS Reason Codes" (dd197464
 * and those after it), the IAS symbols of mprapi.h; client codes from raserror.h, RFC 2759 §6 and field reports.
 */
import type { Assumption, Assumptions } from '../assumptions.ts'
import type { WindowsCode } from '../outcomes.ts'

export type ReasonKind =
  | 'success'
  | 'server'
  | 'request'
  | 'extension'
  | 'account'
  | 'credentials'
  | 'policy'
  | 'eap'
  | 'proxy'
  | 'certificate'

/** A code, or the assumption that decides it. */
type Shown = WindowsCode | CodeAssumption
type CodeAssumption =
  | 'clientCodeWithoutCrl'
  | 'clientCodeOfAccountState'
  | 'clientCodeOfUnknownAccount'
  | 'clientCodeOfPurposeConstraint'
  | 'clientCodeOfSilence'

interface Reason {
  readonly kind: ReasonKind
  readonly text: string
  /** What the client of an IKEv2 tunnel shows that came with a certificate, or had not come as far as showing one. */
  readonly certificate: Shown
  /** The same for a password (MS-CHAP v2, alone or in EAP). */
  readonly password: Shown
}

/** Of a kind: the meaning, what the client shows, and what it shows for a password where that differs. */
const of =
  (kind: ReasonKind, certificate: Shown, password: Shown = certificate) =>
  (text: string, own: Shown = certificate, ownPassword?: Shown): Reason => ({
    kind,
    text,
    certificate: own,
    password: ownPassword ?? (own === certificate ? password : own),
  })

const server = of('server', '812')
const request = of('request', '812')
const extension = of('extension', 'clientCodeOfSilence')
const account = of('account', '812', '691')
const credentials = of('credentials', '812', '691')
const policy = of('policy', '812')
const eap = of('eap', '812')
const proxy = of('proxy', '812')
const certificate = of('certificate', '853')

export const NPS_REASONS = {
  0: of('success', '812')('access granted'),
  1: server('NPS failed inside; its System log says more'),
  2: server('NPS may not read the account: it is not registered in the directory'),
  3: request('the Access-Request is malformed'),
  4: server('no global catalog can be reached'),
  5: server('no domain controller of the account’s domain can be reached'),
  6: server('NPS is not available'),
  7: account('the domain does not exist'),
  8: account('no such account', 'clientCodeOfUnknownAccount', '691'),
  9: extension('an extension DLL discarded the request'),
  10: extension('an extension DLL failed'),
  16: credentials(
    'the password is wrong, or the certificate is not bound to the account that it names',
    '853',
    '691',
  ),
  17: credentials('the password could not be changed', '812', '709'),
  18: credentials('NPS does not support the authentication method'),
  19: credentials(
    'the account’s password is not stored with reversible encryption, which CHAP needs',
  ),
  20: credentials('LAN Manager authentication is off'),
  21: of('extension', '812')('an extension DLL rejected the request'),
  22: eap('client and server have no EAP type in common that the server can use'),
  23: eap('an error inside EAP'),
  32: account('NPS is in a workgroup and knows local users only'),
  33: account('the password must be changed first', '812', '648'),
  34: account('the account is disabled', 'clientCodeOfAccountState', '647'),
  35: account('the account has expired', 'clientCodeOfAccountState', '691'),
  36: account('the account is locked out', 'clientCodeOfAccountState', '691'),
  37: account('the account may not sign in at this hour', '812', '646'),
  38: account('a restriction of the account was not met'),
  48: policy('no network policy matches'),
  49: policy('no connection request policy matches'),
  64: policy('the account is locked out of remote access'),
  65: policy('the account’s dial-in page, or the policy that matched, denies access'),
  66: policy('the policy does not allow the authentication method'),
  67: policy('the caller’s number is not the one that the account is bound to'),
  68: policy('the policy allows nobody in at this hour'),
  69: policy('the policy does not allow the number that was called'),
  70: policy('the policy does not allow this type of port'),
  71: policy('a restriction of the policy means nothing'),
  72: policy('the password must be changed, which the policy does not allow', '812', '648'),
  73: of(
    'policy',
    'clientCodeOfPurposeConstraint',
  )('the certificate has none of the purposes that the policy allows'),
  80: of(
    'server',
    'clientCodeOfSilence',
  )('the log could not be written, and requests are discarded'),
  96: eap('the client left the EAP conversation'),
  97: request('the message does not belong to the conversation'),
  112: proxy('the remote RADIUS server turned the request down'),
  113: proxy('the remote RADIUS server group does not exist'),
  115: proxy('what arrived is neither an access nor an accounting request'),
  116: proxy('the request could not be sent to the remote RADIUS server'),
  117: proxy('the remote RADIUS server did not answer in time'),
  118: proxy('the remote RADIUS server’s answer is malformed'),
  256: certificate('the certificate was revoked', '855'),
  257: certificate(
    'revocation cannot be checked: Windows lacks the code for it',
    'clientCodeWithoutCrl',
  ),
  258: certificate('revocation cannot be checked: the certificate names no place', '812'),
  259: certificate(
    'revocation cannot be checked: the list cannot be had, or is too old',
    'clientCodeWithoutCrl',
  ),
  260: eap('the EAP message was changed on its way'),
  261: server('the directory, or the local account database, cannot be reached'),
  262: certificate('a signature does not verify'),
  263: eap('the credentials are incomplete'),
  264: certificate('the clocks of client and server differ'),
  265: certificate('the chain ends in a root that is not trusted', '861'),
  266: eap('a message of the conversation was not expected, or is malformed'),
  267: certificate('the certificate is not for client authentication'),
  268: certificate('the certificate has expired', '854'),
  269: eap('client and server have no TLS algorithm in common'),
  270: credentials('the policy demands a smart card'),
  271: server('NPS is shutting down or starting'),
  272: certificate('the certificate maps to several accounts'),
  273: certificate('Windows does not know the trust provider'),
  274: certificate('the trust provider does not know the action'),
  275: certificate('the trust provider does not know the form'),
  276: eap('the program that runs EAP is not trusted'),
  277: eap('the program that runs EAP is not signed'),
  278: certificate('a certificate of the chain is not within its dates'),
  279: certificate('the validity of the chain’s certificates is not nested'),
  280: certificate('an issuer in the chain is no certification authority'),
  281: certificate('the chain is longer than one of its authorities allows'),
  282: certificate('a critical extension is not known'),
  283: certificate('the application policies lack client authentication'),
  284: certificate('the issuer’s name is not that of the certificate above'),
  285: certificate('the certificate cannot be read'),
  286: certificate('an authority of the chain is not trusted'),
  287: certificate('no chain to a trusted root could be built'),
  288: certificate('the certificate is not trusted for another reason'),
  289: certificate('the certificate was revoked', '855'),
  290: certificate('the chain ends in a test root, which is not trusted'),
  291: certificate('the place of the revocation list cannot be reached', 'clientCodeWithoutCrl'),
  292: certificate('User-Name is not the common name in the certificate'),
  293: certificate('the certificate is for another purpose'),
  294: certificate('the certificate is distrusted by name'),
  295: certificate('the issuing authority may not sign people in: it is not in NTAuth'),
  296: certificate('the policies of the certificate do not hold'),
  297: certificate('the certificate has no name that is valid'),
  298: certificate('the certificate has no user principal name'),
  299: eap('what belongs to one signature came out of order'),
  300: certificate('there are no credentials in the certificate'),
  301: eap('the crypto-binding of PEAP is wrong: somebody may stand between'),
  302: eap('the crypto-binding of PEAP is missing'),
  303: eap('EAP failed for a reason that has no other number'),
} as const satisfies Readonly<Record<number, Reason>>

export type NpsReason = keyof typeof NPS_REASONS

/** In ascending order. */
export const NPS_REASON_CODES = Object.keys(NPS_REASONS).map(Number) as readonly NpsReason[]

/** `reason` as outcomes carry it. */
export const reasonOf = (code: NpsReason): { readonly code: NpsReason; readonly text: string } => ({
  code,
  text: NPS_REASONS[code].text,
})

/** How somebody came: it decides what the client's dialog says. */
export interface ClientManner {
  /** Default `certificate`, which is also what stands for a conversation that ended before any credential. */
  readonly credentials?: 'certificate' | 'password'
  /** Default `ikev2`. Over PPP, what has no number of its own looks like wrong credentials: 691. */
  readonly tunnel?: 'ikev2' | 'sstp'
}

/** What the client shows where NPS gives a reason, and the assumptions that this rests on. Reason 0 has no such code. */
export function clientCodeOf(
  code: NpsReason,
  assume: Assumptions,
  { credentials: shown = 'certificate', tunnel = 'ikev2' }: ClientManner = {},
): { readonly code: WindowsCode; readonly restsOn: readonly Assumption[] } {
  const entry: Reason = NPS_REASONS[code]
  const found = entry[shown]
  const [resolved, restsOn] = isAssumption(found)
    ? ([assume[found], [found]] as const)
    : ([found, []] as const)
  return { code: tunnel === 'sstp' && resolved === '812' ? '691' : resolved, restsOn }
}

const isAssumption = (shown: Shown): shown is CodeAssumption => shown.startsWith('clientCode')

export const isNpsReason = (code: number): code is NpsReason => Object.hasOwn(NPS_REASONS, code)
