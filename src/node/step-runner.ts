/**
 * Runs an engine on a host: its state, its surroundings, its timers on the host's clock, one input after the other. Not a socket, and not what its
 * outputs mean: whoever runs it carries out all but those about timers.
 */
import type { Env, Step } from '../engine/engine.ts'
import type { Duration } from '../base/time.ts'
import type { Host } from '../net/sockets.ts'
import type { Timer } from '../net/world.ts'

/** Of a host, what an engine is run on. */
export type StepHost = Pick<Host, 'now' | 'rng' | 'log' | 'after'>

export interface TimerInput {
  readonly kind: 'timer'
  readonly timer: string
}

type TimerOutput =
  | { readonly kind: 'arm'; readonly timer: string; readonly after: Duration }
  | { readonly kind: 'disarm'; readonly timer: string }

/** An engine's two functions. One that arms timers takes {@link TimerInput}, too. */
interface Steps<State, Input, Out> {
  start(env: Env): Step<State, Out>
  step(state: State, input: Input, env: Env): Step<State, Out>
}

export interface StepOwner<Out> {
  /** For the event log. */
  readonly source: string
  /** Tells its stream of chance from those of others on this host. */
  readonly stream: string
  readonly carry: (output: Exclude<Out, TimerOutput>) => void
}

export class StepRunner<State, Input, Out extends { readonly kind: string }> {
  readonly #host: StepHost
  readonly #engine: Steps<State, Input, Out>
  readonly #owner: StepOwner<Out>
  readonly #env: Env
  readonly #timers = new Map<string, Timer>()
  /** Went off while it was suspended. */
  readonly #due: string[] = []
  readonly #inputs: Input[] = []
  #state: State | undefined
  #isSuspended = false
  #isBusy = false
  #isOver = false

  constructor(host: StepHost, engine: Steps<State, Input, Out>, owner: StepOwner<Out>) {
    this.#host = host
    this.#engine = engine
    this.#owner = owner
    this.#env = {
      get now() {
        return host.now
      },
      rng: host.rng.fork(owner.stream),
      log: (text) => host.log(owner.source, text),
    }
  }

  start(): void {
    this.#isBusy = true
    this.#take(this.#engine.start(this.#env))
    this.#work()
  }

  /** What comes while outputs are carried out waits until all of them are: the engine named an order. */
  input(input: Input): void {
    this.#inputs.push(input)
    if (this.#isBusy || this.#state === undefined) return
    this.#isBusy = true
    this.#work()
  }

  /** Timers run on, and wait to go off until {@link resume}. */
  suspend(): void {
    this.#isSuspended = true
  }

  resume(): void {
    this.#isSuspended = false
    for (const timer of this.#due.splice(0)) this.#goOff(timer)
  }

  /** Forget all timers; later inputs do nothing. */
  stop(): void {
    this.#isOver = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #work(): void {
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
      if (!this.#isOver) this.#take(this.#engine.step(this.#state!, input, this.#env))
    }
    this.#isBusy = false
  }

  #take({ state, outputs }: Step<State, Out>): void {
    this.#state = state
    for (const output of outputs) {
      if (isOfTimers(output)) this.#time(output)
      else this.#owner.carry(output as Exclude<Out, TimerOutput>)
    }
  }

  #time(output: TimerOutput): void {
    const { timer } = output
    if (this.#due.includes(timer)) this.#due.splice(this.#due.indexOf(timer), 1)
    this.#timers.get(timer)?.cancel()
    this.#timers.delete(timer)
    if (output.kind === 'disarm') return
    const goesOff = (): void => {
      this.#timers.delete(timer)
      if (this.#isSuspended) this.#due.push(timer)
      else this.#goOff(timer)
    }
    this.#timers.set(timer, this.#host.after(output.after, goesOff))
  }

  #goOff(timer: string): void {
    const input: TimerInput = { kind: 'timer', timer }
    // Whoever arms timers takes them.
    this.input(input as Input)
  }
}

const isOfTimers = (output: { readonly kind: string }): output is TimerOutput =>
  output.kind === 'arm' || output.kind === 'disarm'
