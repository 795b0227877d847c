/**
 * radclient (FreeRADIUS) as a judge: single requests without EAP. What it prints says how the server decided.
 */
import { runProgram, type Outcome, type Target, type Verdict } from './clients.ts'
import { SERVER } from './freeradius.ts'
import { CLIENTS, onLoopback } from './topology.ts'

export interface RadclientCase {
  readonly program: 'radclient'
  readonly from?: string
  readonly secret?: string
  readonly request: 'auth' | 'acct' | 'status'
  /** Seconds after which no answer is silence. */
  readonly patience?: number
  /** To the accounting port; default for `acct`. */
  readonly toAccounting?: boolean
  /** What the attributes come from, where a gateway could ask the same. */
  readonly claim?: {
    readonly method: 'pap' | 'chap' | 'ms-chap' | 'ms-chap-v2' | 'none'
    readonly user: string
    readonly password?: string
    readonly attributes?: Readonly<Record<string, number>>
  }
  /** Lines such as `User-Name = "ada"`. */
  readonly attributes: readonly string[]
}

/** A machine may be busy. */
const PATIENCE_SECONDS = 30

const VERDICTS: Readonly<Record<string, Verdict>> = {
  'Access-Accept': 'accept',
  'Accounting-Response': 'accept',
  'Access-Reject': 'reject',
}

/** Run one case against a server. An answer whose authenticator is wrong is none. */
export async function runRadclient(
  test: RadclientCase,
  target: Target,
  { secret, session }: { readonly secret: string; readonly session: string },
): Promise<Outcome> {
  const isAccounting = test.toAccounting ?? test.request === 'acct'
  const port = isAccounting ? target.accountingPort : target.port
  const { log } = await runProgram(
    'radclient',
    [
      '-x',
      '-r1',
      `-t${test.patience ?? PATIENCE_SECONDS}`,
      `${SERVER}:${port}`,
      test.request,
      test.secret ?? secret,
    ],
    [
      ...test.attributes,
      ...(test.request === 'auth' ? [`Acct-Session-Id = "${session}"`] : []),
      `Packet-Src-IP-Address = ${onLoopback(test.from ?? CLIENTS.gateway)}`,
      '',
    ].join('\n'),
  )
  const [, code = ''] = /^Received (\S+) Id /m.exec(log) ?? []
  const isForged = /invalid Response Authenticator|Reply verification failed/.test(log)
  const verdict = isForged ? 'silence' : (VERDICTS[code] ?? 'silence')
  return { verdict, roundTrips: verdict === 'silence' ? 0 : 1, log }
}
