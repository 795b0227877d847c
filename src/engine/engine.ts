/**
 * The shape of every protocol engine: a state, an input, and what to do about it. Not a service: no sockets, no clock, no
 * chance of its own. `node` joins an engine to a host; a table test drives it with no network at all.
 */
import type { Rng } from '../base/rng.ts'
import type { Duration, Instant } from '../base/time.ts'

/** What an engine may ask of its surroundings, at this step. */
export interface Env {
  readonly now: Instant
  readonly rng: Rng
  /** One line for the host's event log. */
  log(text: string): void
}

/** The state after an input, and what is to be done, in order. */
export interface Step<State, Out> {
  readonly state: State
  readonly outputs: readonly Out[]
}

type Common<Report> =
  /** Arming a timer that is armed already moves it. */
  | { readonly kind: 'arm'; readonly timer: string; readonly after: Duration }
  | { readonly kind: 'disarm'; readonly timer: string }
  | { readonly kind: 'report'; readonly report: Report }

/** What an engine with one peer asks for. */
export type Output<Report> = { readonly kind: 'send'; readonly bytes: Uint8Array } | Common<Report>

/** What an engine that chooses whom to speak to asks for. */
export type AddressedOutput<Report, To> =
  | { readonly kind: 'send'; readonly to: To; readonly bytes: Uint8Array }
  | Common<Report>

/** `start` and `step` are pure but for the draws from `env.rng` and the lines given to `env.log`. */
export interface Engine<State, Input, Report, Out = Output<Report>> {
  start(env: Env): Step<State, Out>
  step(state: State, input: Input, env: Env): Step<State, Out>
}
