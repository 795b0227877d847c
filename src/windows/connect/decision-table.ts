/**
 * The decision table as data: each cause of a failed dial with its row, phase, the code of each column, and what it leaves in the logs of
 * gateway and NPS. Rows keep the numbers that administrators know them by; their order is {@link DECISION_ORDER}, the one in which a dial
 * meets them (RFC 7296 §1.2, §2.16, RFC 3579 §2). Not the verdict: {@link ./decisions.ts}.
 */
import type { Assumption, Assumptions } from '../assumptions.ts'
import type { GatewayEvent } from '../nps/gateway-events.ts'
import type { WindowsCode } from '../outcomes.ts'
import type { ConnectFailureKind, Dial } from './failures.ts'

/** P0 trigger · P1 name · P2 IKE_SA_INIT · P3 IKE_AUTH and the gateway's proof · P4 EAP and RADIUS · P5 end of IKE_AUTH · P6 interface · P7 data · P8 upkeep · P9 end. */
export type Phase = 'P0' | 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7' | 'P8' | 'P9'

/** Rows by the numbers of the table that they are known by; `5b`, `8b` and `15b` are beside it. */
export type DecisionRow =
  | '1'
  | '2'
  | '3'
  | '4'
  | '5'
  | '5b'
  | '6a'
  | '6b'
  | '7'
  | '8'
  | '8b'
  | '9'
  | '10'
  | '11'
  | '12'
  | '13'
  | '14'
  | '14b'
  | '15'
  | '15b'
  | '16'

/** In the order in which a dial meets them. A row that is not there cannot happen to that dial. */
export const DECISION_ORDER: Readonly<Record<Dial, readonly DecisionRow[]>> = {
  'ikev2-user': [
    ...(['1', '2', '3', '4', '5', '5b', '6a', '7', '8', '8b'] as const),
    ...(['13', '14', '14b', '12', '11', '15', '15b', '16', '6b'] as const),
  ],
  'ikev2-device': ['1', '2', '3', '5', '5b', '6a', '9', '8b', '10', '7', '8', '16', '6b'],
  'sstp-user': [
    ...(['1', '2', '3', '4', '5', '7', '8', '8b'] as const),
    ...(['13', '14', '14b', '12', '11', '15', '15b', '16'] as const),
  ],
}

/** High: Microsoft, an RFC, or two sources. Medium: one field report, or an inference. Low: a guess that somebody must confirm. */
export type Certainty = 'high' | 'medium' | 'low'

export type CodeAssumption = {
  [K in Assumption]: Assumptions[K] extends WindowsCode ? K : never
}[Assumption]

/** What a column of a row holds: a code, or the assumption that decides it; `outcome`: what the judge of the certificate says; `reason`: by NPS's reason. */
export type Shown = WindowsCode | CodeAssumption | 'outcome' | 'reason' | 'nothing'

export type Cell = readonly [
  shown: Shown,
  certainty: Certainty,
  /** Where it is not that of the row. */
  phase?: Phase,
]

/** What NPS did, if it was asked: let in (6272), said no for a reason of its own (6273), or was turned down by the client (6273). */
type NpsShare = 'granted' | 'reason' | 'outcome' | 'no-certificate' | 'silence'

export interface Entry {
  readonly row: DecisionRow
  readonly phase: Phase
  /** Absent: this cannot happen to that dial. */
  readonly user?: Cell
  readonly device?: Cell
  readonly sstp?: Cell
  /** What RemoteAccess logs, in order. */
  readonly gateway?: readonly GatewayEvent['id'][]
  /** Of users' tunnels; a device's never gets so far. Absent: NPS is not asked, or hears nothing that it would log. */
  readonly nps?: NpsShare
}

const everywhere = (cell: Cell): Pick<Entry, 'user' | 'device' | 'sstp'> => ({
  user: cell,
  device: cell,
  sstp: cell,
})
const ikev2 = (cell: Cell): Pick<Entry, 'user' | 'device'> => ({ user: cell, device: cell })
const users = (cell: Cell): Pick<Entry, 'user' | 'sstp'> => ({ user: cell, sstp: cell })

/** `nps-rejected` stands in three rows, by the reason. */
export const DECISIONS: Readonly<Record<ConnectFailureKind, Entry>> = {
  'not-attempted': { row: '1', phase: 'P0', ...everywhere(['nothing', 'high']) },
  'name-unresolved': { row: '2', phase: 'P1', ...everywhere(['868', 'high']) },
  'no-answer': {
    row: '3',
    phase: 'P2',
    ...ikev2(['809', 'high']),
    sstp: ['sstpNoAnswer', 'low'],
  },
  'automatic-all-failed': { row: '4', phase: 'P2', ...users(['800', 'high']) },
  'no-port': {
    row: '5',
    phase: 'P2',
    ...ikev2(['ikeWithoutPort', 'low']),
    sstp: ['0x800704C9', 'high'],
  },
  'too-many-sas': { row: '5b', phase: 'P2', ...ikev2(['809', 'medium']) },
  'ike-proposal-mismatch': { row: '6a', phase: 'P2', ...ikev2(['13868', 'high']) },
  'server-certificate-missing': {
    row: '7',
    phase: 'P3',
    ...ikev2(['13806', 'high']),
    sstp: ['sstpWithoutCertificate', 'low'],
    gateway: [20168],
  },
  'server-certificate-rejected': {
    row: '8',
    phase: 'P3',
    user: ['outcome', 'high'],
    device: ['outcome', 'medium'],
    sstp: ['outcome', 'high'],
  },
  // The gateway sees what a device comes with in its first message, what a user comes with in the first of EAP.
  'method-not-accepted': {
    row: '8b',
    phase: 'P4',
    user: ['clientCodeOfMethod', 'low'],
    device: ['deviceCodeOfMethod', 'low', 'P3'],
    sstp: ['812', 'medium'],
    gateway: [20276],
  },
  'device-certificate-missing': { row: '9', phase: 'P3', device: ['13806', 'high'] },
  'device-certificate-rejected': { row: '10', phase: 'P3', device: ['outcome', 'medium'] },
  'radius-silent': {
    row: '13',
    phase: 'P4',
    ...users(['clientCodeOfSilence', 'low']),
    gateway: [20146, 20271],
    nps: 'silence',
  },
  'nps-rejected': {
    row: '14',
    phase: 'P4',
    ...users(['reason', 'medium']),
    gateway: [20271],
    nps: 'reason',
  },
  'nps-certificate-missing': {
    row: '12',
    phase: 'P4',
    ...users(['864', 'medium']),
    gateway: [20271],
    nps: 'no-certificate',
  },
  // The client says why in an alert of TLS; NPS answers with a reject, which the gateway logs as any.
  'nps-certificate-rejected': {
    row: '12',
    phase: 'P4',
    ...users(['outcome', 'medium']),
    gateway: [20271],
    nps: 'outcome',
  },
  'no-user-certificate': { row: '11', phase: 'P4', ...users(['798', 'high']), gateway: [20255] },
  'negotiate-time-over': {
    row: '15b',
    phase: 'P4',
    ...users(['clientCodeOfSilence', 'low']),
    gateway: [20049],
  },
  'auth-mismatch': {
    row: '15b',
    phase: 'P5',
    user: ['13801', 'medium'],
    gateway: [20255],
    nps: 'granted',
  },
  'no-address': {
    row: '16',
    phase: 'P5',
    ...ikev2(['13899', 'medium']),
    sstp: ['717', 'medium'],
    gateway: [20250, 20167],
    nps: 'granted',
  },
  // In the last message of IKE_AUTH: after the certificate, after NPS, after the address.
  'esp-proposal-mismatch': {
    row: '6b',
    phase: 'P5',
    ...ikev2(['13868', 'medium']),
    gateway: [20250, 20255],
    nps: 'granted',
  },
  'ts-unacceptable': {
    row: '6b',
    phase: 'P5',
    ...ikev2(['clientCodeOfSelectors', 'low']),
    gateway: [20250, 20255],
    nps: 'granted',
  },
}
