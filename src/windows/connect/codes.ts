/**
 * When the client shows which code: how far the dial had come, what usually causes it, and the code in its other spellings. Symbols and
 * meanings are in `outcomes.ts`. Sources: Microsoft's "RAS Connection Establishment Issues" for the stages of PPP's codes, its Always On VPN
 * troubleshooter and field reports for the causes. Beside them the codes of RRAS itself (mprerror.h).
 */
import { WINDOWS_CODES, type WindowsCode } from '../outcomes.ts'

/** `linking`: nothing but event 20222 before it. `authenticating`: after 20223 and 20224. `connected`: in event 20226, as the reason of an end. */
export type DialStage = 'linking' | 'authenticating' | 'connected'

interface Seen {
  readonly stage: DialStage
  readonly causes: readonly string[]
}

const linking = (...causes: string[]): Seen => ({ stage: 'linking', causes })
const authenticating = (...causes: string[]): Seen => ({ stage: 'authenticating', causes })
const connected = (...causes: string[]): Seen => ({ stage: 'connected', causes })

const CHANGED = linking('a firewall changes what it looks into')

/** Causes in Always On VPN, the most frequent first; none: it is not seen there, or says enough by itself. */
const SEEN: Readonly<Record<WindowsCode, Seen>> = {
  '619': linking('the server closed the connection'),
  '628': linking('the server closed the connection, or TLS was broken off'),
  '629': connected('the server ended the connection, or TLS was broken off'),
  '631': connected(),
  '633': linking('the WAN miniport is broken', 'another tunnel has the port'),
  '645': authenticating('a plug-in of EAP failed'),
  '646': authenticating(),
  '647': authenticating(),
  '648': authenticating(),
  '649': authenticating(),
  '651': linking('the driver of the miniport'),
  '691': authenticating('NPS rejected a user who came by SSTP, or by a password'),
  '708': authenticating(),
  '709': authenticating(),
  '717': authenticating('the pool of the gateway is used up, seen from SSTP'),
  '718': authenticating('no RADIUS server answers, seen from SSTP'),
  '720': authenticating(),
  '721': authenticating('no RADIUS server answers, seen from SSTP'),
  '736': authenticating(),
  '787': linking(),
  '788': linking(),
  '789': linking(),
  '792': linking(),
  '798': authenticating(
    'the user has no certificate',
    'its purposes do not pass the filter of the profile',
    'its key in the TPM is lost',
  ),
  '800': linking('TCP 443 and UDP 500 and 4500 are all blocked'),
  '801': authenticating('the certificate of NPS could not be validated'),
  '806': authenticating(),
  '807': linking('the server has no free port', 'latency'),
  '808': linking('nothing listens on the server'),
  '809': linking(
    'UDP 500 or 4500 is blocked or not forwarded',
    'fragments of IKE are dropped',
    'RemoteAccess does not run',
    'the gateway answers by another way',
  ),
  '810': linking(),
  '811': linking(),
  '812': authenticating(
    'no policy of NPS matches, or one that denies',
    'client and policy have no authentication method in common',
    'no RADIUS server answers',
  ),
  '823': authenticating(),
  '824': authenticating('RequireCryptoBinding against a server that does not send it'),
  '826': authenticating(),
  '827': linking('the services IKEEXT and BFE of the client'),
  '828': connected('the idle time of the server'),
  '829': connected('the way was gone for longer than the outage time', 'the server restarted'),
  '830': connected(),
  '832': connected(),
  '833': connected(),
  '834': connected(),
  '835': linking(),
  '839': linking('the miniport of the protocol is disabled'),
  '840': authenticating(),
  '841': authenticating(),
  '842': authenticating(),
  '843': connected('DisableMobility is set, and the client’s address changed'),
  '844': connected(),
  '845': authenticating(),
  '847': authenticating(),
  '850': authenticating('the EAP method of the profile is not on this computer'),
  '851': authenticating(),
  '852': authenticating(),
  '853': authenticating(
    'the issuing authority is not in NTAuth',
    'the certificate is not strongly mapped to the account',
    'Windows 11 21H2: letter case of the name of NPS',
  ),
  '854': authenticating(),
  '855': authenticating(),
  '856': authenticating(),
  '857': authenticating('the certificate of NPS is not for servers'),
  '858': authenticating(),
  '859': authenticating(),
  '860': authenticating(),
  '861': authenticating('the root of the user’s certificate is missing on NPS'),
  '862': authenticating(),
  '863': authenticating(),
  '864': authenticating(
    'the client does not trust the root of NPS, or the profile does not list it',
    'NPS has no certificate',
  ),
  '865': authenticating(),
  '866': authenticating('the subject of the certificate of NPS is empty'),
  '867': authenticating(),
  '868': linking(
    'the name is missing in public DNS',
    'a persistent NRPT rule sends the name inside while the tunnel is down',
  ),
  '13801': linking(
    'the name dialled is not in the gateway’s certificate',
    'the gateway’s certificate is not for servers, has expired, or its root is not trusted',
    'the gateway does not accept the certificate of the device',
  ),
  '13805': linking(),
  '13806': linking(
    'the gateway has no usable certificate',
    'the device has no certificate that the gateway would accept',
  ),
  '13817': linking(),
  '13819': linking(),
  '13820': linking(),
  '13826': linking(),
  '13829': CHANGED,
  '13830': CHANGED,
  '13831': CHANGED,
  '13832': CHANGED,
  '13833': CHANGED,
  '13834': CHANGED,
  '13835': CHANGED,
  '13836': CHANGED,
  '13837': CHANGED,
  '13838': CHANGED,
  '13839': CHANGED,
  '13840': CHANGED,
  '13841': CHANGED,
  '13842': CHANGED,
  '13843': CHANGED,
  '13847': linking(),
  '13848': linking(),
  '13864': linking(),
  '13865': linking(),
  '13867': CHANGED,
  '13868': linking('CryptographySuite of the profile and the policy of the gateway differ'),
  '13881': linking(),
  '13882': linking('many clients come from one address, a NAT or a load balancer'),
  '13886': connected(),
  '13887': linking(),
  '13899': authenticating('the pool of the gateway is used up'),
  '13900': authenticating(),
  '13901': linking(),
  '13903': linking('many clients come from one address, a NAT or a load balancer'),
  '13904': connected('the gateway moved, or the client did, and one of them cannot'),
  '13905': authenticating(),
  '0x800704C9': linking('the gateway has no free SSTP port', 'nothing listens on TCP 443'),
  '0x80070040': linking('the certificate of SSTP is not for servers'),
  '0x80072746': linking('no certificate is bound to SSTP'),
  '0x8007274C': linking('TCP 443 is blocked or not forwarded'),
  '0x80092010': linking(),
  '0x80092012': linking(),
  '0x80092013': linking('the list of revoked certificates is not published to the Internet'),
  '0x80093100': linking(),
  '0x80096004': linking(),
  '0x80096019': linking(),
  '0x80420014': authenticating('NPS knows no such user or realm', 'its policy has no EAP'),
  '0x800B0101': linking('the certificate of SSTP has expired'),
  '0x800B0105': linking(),
  '0x800B0109': linking('the root of the gateway’s certificate is not trusted'),
  '0x800B010A': linking(),
  '0x800B010F': linking('the name dialled is not in the certificate of SSTP'),
  '0x800B0110': linking(),
  '0x800B0111': linking(),
  '0x800B0113': linking(),
  '0x800B0114': linking(),
}

export interface VpnCode extends Seen {
  readonly code: WindowsCode
  /** As event 20227 prints it: 809, or −2146762495 for 0x800B0101. */
  readonly decimal: number
  /** `0x80070329` for 809. */
  readonly hresult: string
  readonly symbol: string
  readonly meaning: string
}

/** Everything known of a code. */
export function vpnCode(code: WindowsCode): VpnCode {
  const decimal = code.startsWith('0x') ? Number(code) | 0 : Number(code)
  const hresult = code.startsWith('0x') ? code : hex(0x8007_0000 + decimal)
  return { code, decimal, hresult, ...WINDOWS_CODES[code], ...SEEN[code] }
}

const hex = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`

/** `809`, `0x329`, `0x80070329`, `-2146762495`, `0x800B0101`: the code that is meant. Undefined: none that is known. */
export function windowsCode(written: string): WindowsCode | undefined {
  if (!/^(-?\d+|0x[0-9a-f]+)$/i.test(written)) return undefined
  const value = Number(written) >>> 0
  const isWin32 = value >>> 16 === 0x8007
  const candidates = [String(value), hex(value), ...(isWin32 ? [String(value & 0xffff)] : [])]
  return candidates.find((code): code is WindowsCode => Object.hasOwn(WINDOWS_CODES, code))
}

/** What RRAS says in its own events (mprerror.h). No client shows these. */
export const SERVER_CODES = {
  919: { symbol: 'ERROR_PEER_REFUSED_AUTH', meaning: 'the client refused to authenticate' },
  930: { symbol: 'ERROR_AUTH_SERVER_TIMEOUT', meaning: 'no RADIUS server answered' },
  938: { symbol: 'ERROR_NO_RADIUS_SERVERS', meaning: 'no RADIUS server is configured' },
  939: { symbol: 'ERROR_INVALID_RADIUS_RESPONSE', meaning: 'a RADIUS answer is not valid' },
  940: { symbol: 'ERROR_DIALIN_HOURS_RESTRICTION', meaning: 'not at this hour' },
  941: { symbol: 'ERROR_ALLOWED_PORT_TYPE_RESTRICTION', meaning: 'not by this type of port' },
  942: { symbol: 'ERROR_AUTH_PROTOCOL_RESTRICTION', meaning: 'not by this method' },
  949: {
    symbol: 'ERROR_INVALID_SIGNATURE_LENGTH',
    meaning: 'Message-Authenticator has a wrong length',
  },
  950: { symbol: 'ERROR_INVALID_SIGNATURE', meaning: 'Message-Authenticator is wrong' },
  951: { symbol: 'ERROR_NO_SIGNATURE', meaning: 'Message-Authenticator is missing' },
  952: {
    symbol: 'ERROR_INVALID_PACKET_LENGTH_OR_ID',
    meaning: 'a RADIUS packet has a wrong length or identifier',
  },
} as const

export type ServerCode = keyof typeof SERVER_CODES
