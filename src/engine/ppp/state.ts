/**
 * What a PPP link remembers, and what one step may look at. Changed in place: a gateway has thousands. No step of the protocol is here.
 */
import type { Ipv4 } from '../../base/address.ts'
import type { Duration, Instant } from '../../base/time.ts'
import type { PppOption } from '../../wire/ppp/control.ts'
import type { Env } from '../engine.ts'
import type { AutomatonState } from './automaton.ts'
import type {
  PppEnd,
  PppLease,
  PppOptions,
  PppOutput,
  PppPhase,
  PppReport,
  PppTunnel,
} from './contract.ts'

/** One control protocol: where its automaton is, and what was asked and answered. */
export interface ControlState {
  readonly name: 'LCP' | 'IPCP'
  automaton: AutomatonState
  /** Of our last request; and of whatever we began last, a reject for one. */
  identifier: number
  lastIdentifier: number
  /** The options of our last Configure-Request. */
  requested: readonly PppOption[]
  /** It was answered: whatever comes for it again is late. */
  isAnswered: boolean
  /** The Restart counter (RFC 1661 §4.6). */
  counter: number
  /** Transmissions of our last request. */
  times: number
  /** Configure-Naks of ours; and Naks and Rejects of both sides with our repetitions. Since both were agreed last. */
  naks: number
  refusals: number
  /** The Configure-Request that we acknowledged last, for a peer that did not hear it. */
  acknowledged?: { readonly identifier: number; readonly data: Uint8Array }
}

export interface PppState {
  phase: PppPhase
  began: Instant
  readonly lcp: ControlState
  readonly ipcp: ControlState
  /** What we ask for in LCP; absent: the peer does not take the option. */
  mru?: number
  magic?: number
  peerMru: number
  /** The server wants to know who we are, by EAP. */
  peerAuthenticates: boolean
  /** The sides have no way in common to prove who is there. */
  isMismatched: boolean
  /** Whose packet of EAP is next. */
  eapTurn: 'host' | 'peer'
  /** EAP-Failure came: when the peer goes, this is why. */
  isRefused: boolean
  /** The last IPCP packet that came before this side was ready for it. */
  held?: Uint8Array
  lease?: PppLease
  /** What a client asks for in IPCP, by option type; what is rejected is gone. */
  readonly asks: Map<number, number>
  peerAddress: Ipv4
  tunnel?: PppTunnel
  /** Why the link ends, as soon as it is known. */
  end?: PppEnd
  readonly timers: Set<string>
}

/** One step: what it may look at, and what it asks for. */
export interface Run {
  readonly options: PppOptions
  readonly state: PppState
  readonly env: Env
  readonly outputs: PppOutput[]
}

export const say = ({ outputs }: Run, report: PppReport): void => {
  outputs.push({ kind: 'report', report })
}

export const ignore = (run: Run, what: string): void => say(run, { kind: 'ppp/ignored', what })

export function arm({ state, outputs }: Run, timer: string, after: Duration): void {
  state.timers.add(timer)
  outputs.push({ kind: 'arm', timer, after })
}

export function disarm({ state, outputs }: Run, timer: string): void {
  if (state.timers.delete(timer)) outputs.push({ kind: 'disarm', timer })
}

export const newControl = (name: ControlState['name']): ControlState => ({
  name,
  automaton: 'initial',
  identifier: 0,
  lastIdentifier: 0,
  requested: [],
  isAnswered: false,
  counter: 0,
  times: 0,
  naks: 0,
  refusals: 0,
})
