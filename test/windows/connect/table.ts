/**
 * What is expected of the decision table: as Microsoft's pages, the RFCs and field reports have it, column by column; nothing of it is read out
 * of the code. Where a certificate is judged, the real relying party judges.
 */
import type { PathFailureCode } from '../../../src/pki/profile/failure.ts'
import type { WindowsOutcome } from '../../../src/pki/profile/profile.ts'
import type { ConnectFailure, Dial } from '../../../src/windows/connect/failures.ts'
import { outcome } from '../../../src/windows/outcomes.ts'
import type { NpsReason } from '../../../src/windows/nps/reasons.ts'
import { gatewayDevice } from '../../../src/windows/relying-parties/gateway-device.ts'
import { ikeClient } from '../../../src/windows/relying-parties/ike-client.ts'
import { peapClient, PEAP_DEFAULTS } from '../../../src/windows/relying-parties/peap-client.ts'
import { sstpClient } from '../../../src/windows/relying-parties/sstp-client.ts'

export const USER = 'ikev2-user'
export const DEVICE = 'ikev2-device'
export const SSTP = 'sstp-user'

/** The judge of the gateway's certificate. */
const judgeOf = (dial: Dial) => (dial === SSTP ? sstpClient() : ikeClient())
const silent = peapClient({ ...PEAP_DEFAULTS, prompt: 'never' })
const device = gatewayDevice()

export type Made = ConnectFailure | ((dial: Dial) => ConnectFailure)

export const gatewayCertificate =
  (failure: PathFailureCode): Made =>
  (dial) => ({
    kind: 'server-certificate-rejected',
    failure,
    outcome: judgeOf(dial).outcomes[failure]!,
  })
export const deviceCertificate = (failure: PathFailureCode): ConnectFailure => ({
  kind: 'device-certificate-rejected',
  failure,
  outcome: device.outcomes[failure]!,
})
export const npsCertificate = (outcomeOf: WindowsOutcome | PathFailureCode): ConnectFailure => ({
  kind: 'nps-certificate-rejected',
  outcome: typeof outcomeOf === 'string' ? silent.outcomes[outcomeOf]! : outcomeOf,
})
export const nps = (reason: NpsReason, credentials?: 'password'): ConnectFailure => ({
  kind: 'nps-rejected',
  reason,
  ...(credentials && { credentials }),
})
export const silence = (dial: Dial): ConnectFailure => ({
  kind: 'no-answer',
  waitedFor: dial === SSTP ? 'TCP' : 'IKE_SA_INIT',
  port: dial === SSTP ? 443 : 500,
})
const AUTH_SILENCE: ConnectFailure = { kind: 'no-answer', waitedFor: 'IKE_AUTH', port: 4500 }

/** `-`: cannot happen to that dial. `none`: nothing is shown. `*` behind it: it rests on an assumption about the code. */
type Expected = readonly [
  row: string,
  what: string,
  failure: Made,
  phase: string,
  user: string,
  device: string,
  sstp: string,
]

export const TABLE: readonly Expected[] = [
  [
    '1',
    'TND inside',
    { kind: 'not-attempted', why: 'inside-a-trusted-network' },
    'P0',
    'none',
    'none',
    'none',
  ],
  [
    '1',
    'disabled',
    { kind: 'not-attempted', why: 'disabled-by-user' },
    'P0',
    'none',
    'none',
    'none',
  ],
  ['2', 'no name', { kind: 'name-unresolved', name: 'vpn.contoso.com' }, 'P1', '868', '868', '868'],
  ['3', 'UDP 500 or TCP 443', silence, 'P2', '809', '809', '809*'],
  ['3', 'UDP 4500, fragments', AUTH_SILENCE, 'P3', '809', '809', '809*'],
  ['4', 'Automatic', { kind: 'automatic-all-failed', failures: [] }, 'P2', '800', '-', '800'],
  ['5', 'no free port', { kind: 'no-port' }, 'P2', '807*', '807*', '0x800704C9'],
  ['5b', 'SAs of one address', { kind: 'too-many-sas' }, 'P2', '809', '809', '-'],
  ['6a', 'IKE suite', { kind: 'ike-proposal-mismatch' }, 'P2', '13868', '13868', '-'],
  [
    '7',
    'none on the gateway',
    { kind: 'server-certificate-missing' },
    'P3',
    '13806',
    '13806',
    '0x80072746*',
  ],
  ['8', 'its name', gatewayCertificate('pki/name-mismatch'), 'P3', '13801', '13801', '0x800B010F'],
  ['8', 'its purpose', gatewayCertificate('pki/wrong-eku'), 'P3', '13801', '13801', '0x80070040*'],
  [
    '8',
    'its dates',
    gatewayCertificate('pki/certificate-expired'),
    'P3',
    '13801',
    '13801',
    '0x800B0101',
  ],
  [
    '8',
    'its root',
    gatewayCertificate('pki/untrusted-root'),
    'P3',
    '13801',
    '13801*',
    '0x800B0109',
  ],
  ['8b', 'EAP', { kind: 'method-not-accepted', method: 'eap' }, 'P4', '812*', '13801*', '812'],
  ['9', 'none on the device', { kind: 'device-certificate-missing' }, 'P3', '-', '13806', '-'],
  ['10', 'root filter', deviceCertificate('pki/root-not-accepted'), 'P3', '-', '13801', '-'],
  ['10', 'EKU filter', deviceCertificate('pki/eku-not-accepted'), 'P3', '-', '13801', '-'],
  ['10', 'expired', deviceCertificate('pki/certificate-expired'), 'P3', '-', '13801', '-'],
  ['10', 'revoked', deviceCertificate('pki/revoked'), 'P3', '-', '13801*', '-'],
  ['10', 'its root', deviceCertificate('pki/untrusted-root'), 'P3', '-', '13801*', '-'],
  ['11', 'no user certificate', { kind: 'no-user-certificate' }, 'P4', '798', '-', '798'],
  ['12', 'NPS has none', { kind: 'nps-certificate-missing' }, 'P4', '864', '-', '864'],
  ['12', 'root of NPS', npsCertificate('pki/untrusted-root'), 'P4', '864*', '-', '864*'],
  ['12', 'NPS expired', npsCertificate('pki/certificate-expired'), 'P4', '858', '-', '858'],
  ['12', 'NPS revoked', npsCertificate(outcome('859')), 'P4', '859', '-', '859'],
  ['12', 'letter case, 21H2', npsCertificate('pki/name-case-mismatch'), 'P4', '853', '-', '853'],
  ['12', 'name of NPS, no prompt', npsCertificate('pki/name-mismatch'), 'P4', '812', '-', '812'],
  ['13', 'RADIUS', { kind: 'radius-silent' }, 'P4', '812*', '-', '691*'],
  ['14', 'no network policy', nps(48), 'P4', '812', '-', '691'],
  ['14', 'no connection request policy', nps(49), 'P4', '812', '-', '691'],
  ['14', 'dial-in denied', nps(65), 'P4', '812', '-', '691'],
  ['14', 'method not enabled', nps(66), 'P4', '812', '-', '691'],
  ['14', 'time of day', nps(68), 'P4', '812', '-', '691'],
  ['14', 'NAS port type', nps(70), 'P4', '812', '-', '691'],
  ['14', 'no such user', nps(8), 'P4', '853*', '-', '853*'],
  ['14', 'no such domain', nps(7), 'P4', '812', '-', '691'],
  ['14', 'no controller', nps(5), 'P4', '812', '-', '691'],
  ['14b', 'EAP type', nps(22), 'P4', '812', '-', '691'],
  ['14b', 'no TLS algorithm', nps(269), 'P4', '812', '-', '691'],
  ['15', 'mapping', nps(16), 'P4', '853', '-', '853'],
  ['15', 'password', nps(16, 'password'), 'P4', '691', '-', '691'],
  ['15', 'expired', nps(268), 'P4', '854', '-', '854'],
  ['15', 'revoked', nps(256), 'P4', '855', '-', '855'],
  ['15', 'revoked, the other', nps(289), 'P4', '855', '-', '855'],
  ['15', 'root', nps(265), 'P4', '861', '-', '861'],
  ['15', 'NTAuth', nps(295), 'P4', '853', '-', '853'],
  ['15', 'CRL not accessible', nps(258), 'P4', '812', '-', '691'],
  ['15', 'CRL offline', nps(259), 'P4', '812*', '-', '691*'],
  ['15', 'CRL place', nps(291), 'P4', '812*', '-', '691*'],
  ['15', 'Allowed-Certificate-OID', nps(73), 'P4', '812*', '-', '691*'],
  ['15b', 'NegotiateTime', { kind: 'negotiate-time-over' }, 'P4', '812*', '-', '691*'],
  ['15b', 'keys of EAP', { kind: 'auth-mismatch' }, 'P5', '13801', '-', '-'],
  ['16', 'pool', { kind: 'no-address' }, 'P5', '13899', '13899', '717'],
  ['6b', 'ESP suite', { kind: 'esp-proposal-mismatch' }, 'P5', '13868', '13868', '-'],
  ['6b', 'selectors', { kind: 'ts-unacceptable' }, 'P5', '842*', '842*', '-'],
]

export const failureFor = (made: Made, dial: Dial): ConnectFailure =>
  typeof made === 'function' ? made(dial) : made

export interface Case {
  readonly row: string
  readonly what: string
  readonly dial: Dial
  readonly failure: ConnectFailure
  readonly phase: string
  readonly expected: string
}

/** One for each row and column. */
export const CASES: readonly Case[] = TABLE.flatMap(([row, what, made, phase, ...columns]) =>
  ([USER, DEVICE, SSTP] as const).map((dial, i) => ({
    row,
    what,
    dial,
    failure: failureFor(made, dial),
    // A device shows what it comes with in IKE_AUTH, a user in EAP.
    phase: row === '8b' && dial === DEVICE ? 'P3' : phase,
    expected: columns[i]!,
  })),
)
export const MET = CASES.filter(({ expected }) => expected !== '-')
export const NEVER_MET = CASES.filter(({ expected }) => expected === '-')
