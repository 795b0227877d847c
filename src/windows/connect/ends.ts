/**
 * How a connection that stood came to its end (phases P8 and P9): the reason that event 20226 gives, and what the gateway logs. Not a failed
 * dial: {@link ./decisions.ts}. Sources: raserror.h for the codes, mprlog.h for 20139 and 20140.
 */
import { ASSUMPTIONS, type Assumptions } from '../assumptions.ts'
import type { GatewayEvent } from '../nps/gateway-events.ts'
import type { WindowsCode } from '../outcomes.ts'
import type { RasClientEvent } from '../ras-client-events.ts'
import type { Certainty, Phase } from './decision-table.ts'

export type ConnectionEnd =
  /** Somebody clicked on Disconnect. Windows does not dial again by itself. */
  | 'user'
  | 'signed-out'
  | 'suspended'
  | 'hibernated'
  /** The computer came to a trusted network, and Windows hung up (`tunnelOnTrustedNetwork`). */
  | 'inside'
  /** RasMan was stopped. */
  | 'service-stopped'
  /** The gateway's idle time was over. */
  | 'idle'
  /** Session-Timeout, as NPS said. */
  | 'session-limit'
  /** The gateway hung up: an administrator did, or the service stopped in good order. */
  | 'remote'
  /** Nothing came back for longer than the outage time. */
  | 'link-lost'
  /** The gateway has forgotten the connection: it was restarted. */
  | 'gateway-restarted'
  /** The client has another address, and DisableMobility is set. */
  | 'moved-without-mobility'
  /** The client has another address, and the gateway knows no MOBIKE. */
  | 'moved-without-mobike'
  /** New keys could not be agreed on: PfsGroup differs. */
  | 'rekey-failed'

interface End {
  readonly phase: Phase
  readonly code: WindowsCode | 'codeOfMoveWithoutMobility' | 'codeOfFailedRekey'
  readonly certainty: Certainty
  /** Before the statistics of the session: who says on the gateway why. */
  readonly gateway?: readonly GatewayEvent['id'][]
}

const ENDS: Readonly<Record<ConnectionEnd, End>> = {
  user: { phase: 'P9', code: '631', certainty: 'high' },
  'signed-out': { phase: 'P9', code: '830', certainty: 'high' },
  suspended: { phase: 'P9', code: '833', certainty: 'high' },
  hibernated: { phase: 'P9', code: '832', certainty: 'high' },
  inside: { phase: 'P9', code: '631', certainty: 'low' },
  'service-stopped': { phase: 'P9', code: '834', certainty: 'high' },
  idle: { phase: 'P9', code: '828', certainty: 'high', gateway: [20139] },
  'session-limit': { phase: 'P9', code: '629', certainty: 'medium', gateway: [20140] },
  remote: { phase: 'P9', code: '629', certainty: 'high' },
  'link-lost': { phase: 'P8', code: '829', certainty: 'high' },
  'gateway-restarted': { phase: 'P8', code: '829', certainty: 'medium' },
  'moved-without-mobility': { phase: 'P8', code: 'codeOfMoveWithoutMobility', certainty: 'low' },
  'moved-without-mobike': { phase: 'P8', code: '13904', certainty: 'medium' },
  'rekey-failed': { phase: 'P8', code: 'codeOfFailedRekey', certainty: 'low', gateway: [20255] },
}

export interface EndVerdict {
  readonly phase: Phase
  readonly code: WindowsCode
  readonly certainty: Certainty
  readonly restsOn: readonly string[]
  readonly client: readonly RasClientEvent['id'][]
  /** A gateway that was restarted has nothing to say of sessions before. */
  readonly gateway: readonly GatewayEvent['id'][]
}

const SESSION_OVER = [20272, 20275] as const

/** Ends for which the client hears nothing: the older event names the device that lost its link. */
const LOST: readonly ConnectionEnd[] = ['link-lost', 'gateway-restarted']

/** What Windows shows and logs when a connection ends. */
export function connectionEnd(end: ConnectionEnd, assume: Assumptions = ASSUMPTIONS): EndVerdict {
  const { phase, code, certainty, gateway = [] } = ENDS[end]
  const isAssumed = code === 'codeOfMoveWithoutMobility' || code === 'codeOfFailedRekey'
  const isLost = LOST.includes(end)
  return {
    phase,
    code: isAssumed ? assume[code] : code,
    certainty,
    restsOn: [
      ...(isAssumed ? [code] : []),
      ...(isLost ? ['rasClientEventOfLostLink'] : []),
      ...(end === 'inside' ? ['tunnelOnTrustedNetwork'] : []),
    ],
    client: [isLost ? assume.rasClientEventOfLostLink : 20226],
    gateway: end === 'gateway-restarted' ? [] : [...gateway, ...SESSION_OVER],
  }
}
