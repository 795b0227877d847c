/**
 * The automaton that every control protocol of PPP runs (RFC 1661 §4). Events and a state give actions and the next state; what an action does to whom is
 * `control-protocol.ts`'s affair.
 */
import { invariant } from '../../base/invariant.ts'

const AUTOMATON_STATES = [
  'initial',
  'starting',
  'closed',
  'stopped',
  'closing',
  'stopping',
  'req-sent',
  'ack-rcvd',
  'ack-sent',
  'opened',
] as const
export type AutomatonState = (typeof AUTOMATON_STATES)[number]

/** RFC 1661 §4.3. */
export type AutomatonEvent =
  | 'up'
  | 'down'
  | 'open'
  | 'close'
  /** Timeout with the counter above zero, and at zero. */
  | 'to+'
  | 'to-'
  /** Configure-Request, acceptable or not. */
  | 'rcr+'
  | 'rcr-'
  | 'rca'
  /** Configure-Nak or Configure-Reject. */
  | 'rcn'
  | 'rtr'
  | 'rta'
  /** An unknown code. */
  | 'ruc'
  /** Code-Reject or Protocol-Reject, of something that can be done without or not. */
  | 'rxj+'
  | 'rxj-'
  /** Echo-Request, Echo-Reply, Discard-Request. */
  | 'rxr'

/** RFC 1661 §4.4. */
const AUTOMATON_ACTIONS = [
  'tlu',
  'tld',
  'tls',
  'tlf',
  'irc',
  'zrc',
  'scr',
  'sca',
  'scn',
  'str',
  'sta',
  'scj',
  'ser',
] as const
export type AutomatonAction = (typeof AUTOMATON_ACTIONS)[number]

export interface Transition {
  readonly actions: readonly AutomatonAction[]
  readonly state: AutomatonState
}

/** The table of RFC 1661 §4.1, a column for each state; `-` cannot happen, and nothing comes of it. */
const TABLE = `
  up   2     irc,scr/6 -         -             -     -     -         -         -         -
  down -     -         0         tls/1         0     1     1         1         1         tld/1
  open tls/1 1         irc,scr/6 3             5     5     6         7         8         9
  close 0    tlf/0     2         2             4     4     irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4
  to+  -     -         -         -             str/4 str/5 scr/6     scr/6     scr/8     -
  to-  -     -         -         -             tlf/2 tlf/3 tlf/3     tlf/3     tlf/3     -
  rcr+ -     -         sta/2     irc,scr,sca/8 4     5     sca/8     sca,tlu/9 sca/8     tld,scr,sca/8
  rcr- -     -         sta/2     irc,scr,scn/6 4     5     scn/6     scn/7     scn/6     tld,scr,scn/6
  rca  -     -         sta/2     sta/3         4     5     irc/7     scr/6     irc,tlu/9 tld,scr/6
  rcn  -     -         sta/2     sta/3         4     5     irc,scr/6 scr/6     irc,scr/8 tld,scr/6
  rtr  -     -         sta/2     sta/3         sta/4 sta/5 sta/6     sta/6     sta/6     tld,zrc,sta/5
  rta  -     -         2         3             tlf/2 tlf/3 6         6         8         tld,scr/6
  ruc  -     -         scj/2     scj/3         scj/4 scj/5 scj/6     scj/7     scj/8     scj/9
  rxj+ -     -         2         3             4     5     6         6         8         9
  rxj- -     -         tlf/2     tlf/3         tlf/2 tlf/3 tlf/3     tlf/3     tlf/3     tld,irc,str/5
  rxr  -     -         2         3             4     5     6         7         8         ser/9
`

function readCell(cell: string): Transition | undefined {
  if (cell === '-') return undefined
  const [last, names] = cell.split('/').reverse()
  const state = AUTOMATON_STATES[Number(last)]
  const actions = (names?.split(',') ?? []).map((name) =>
    AUTOMATON_ACTIONS.find((action) => action === name),
  )
  invariant(state !== undefined && !actions.includes(undefined), `no transition '${cell}'`)
  return { state, actions: actions as AutomatonAction[] }
}

const TRANSITIONS: ReadonlyMap<string, readonly (Transition | undefined)[]> = new Map(
  TABLE.trim()
    .split('\n')
    .map((row) => {
      const [event = '', ...cells] = row.trim().split(/\s+/)
      return [event, cells.map(readCell)]
    }),
)

/** Undefined: the event cannot happen in this state, and nothing comes of it. */
export const transition = (state: AutomatonState, event: AutomatonEvent): Transition | undefined =>
  TRANSITIONS.get(event)?.[AUTOMATON_STATES.indexOf(state)]

/** The states in which the Restart timer runs (RFC 1661 §4.2). */
export const waits = (state: AutomatonState): boolean =>
  state === 'closing' ||
  state === 'stopping' ||
  state === 'req-sent' ||
  state === 'ack-rcvd' ||
  state === 'ack-sent'
