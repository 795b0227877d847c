/**
 * Runs an engine on a host: its timers on the host's clock, its lines in the host's log, its sends and reports to the owner.
 * Not a socket: whoever runs an engine binds one and feeds it.
 */
import type { AddressedOutput, Engine, Env } from '../engine/engine.ts'
import type { Host } from '../net/sockets.ts'
import type { Timer } from '../net/world.ts'

export interface EngineOwner<Report, To> {
  /** For the event log and the rng: `Dhcp-Client`. */
  readonly source: string
  send(to: To, bytes: Uint8Array): void
  report(report: Report): void
}

type TimerInput = { readonly kind: 'timer'; readonly timer: string }

/** Give it an input; {@link stop} forgets all timers, and later inputs do nothing. */
export class EngineRunner<State, Input, Report, To> {
  readonly #host: Host
  readonly #engine: Engine<State, Input | TimerInput, Report, AddressedOutput<Report, To>>
  readonly #owner: EngineOwner<Report, To>
  readonly #env: Env
  readonly #timers = new Map<string, Timer>()
  #state: State | undefined
  #stopped = false

  constructor(
    host: Host,
    engine: Engine<State, Input | TimerInput, Report, AddressedOutput<Report, To>>,
    owner: EngineOwner<Report, To>,
    label: string,
  ) {
    this.#host = host
    this.#engine = engine
    this.#owner = owner
    this.#env = {
      get now() {
        return host.now
      },
      rng: host.rng.fork(`${owner.source}/${label}`),
      log: (text) => host.log(owner.source, text),
    }
  }

  start(): void {
    const { state, outputs } = this.#engine.start(this.#env)
    this.#state = state
    this.#carryOut(outputs)
  }

  input(input: Input | TimerInput): void {
    if (this.#stopped || this.#state === undefined) return
    const { state, outputs } = this.#engine.step(this.#state, input, this.#env)
    this.#state = state
    this.#carryOut(outputs)
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #carryOut(outputs: readonly AddressedOutput<Report, To>[]): void {
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          this.#owner.send(output.to, output.bytes)
          break
        case 'report':
          this.#owner.report(output.report)
          break
        case 'disarm':
          this.#disarm(output.timer)
          break
        case 'arm':
          this.#disarm(output.timer)
          this.#timers.set(
            output.timer,
            this.#host.after(output.after, () => {
              this.#timers.delete(output.timer)
              this.input({ kind: 'timer', timer: output.timer })
            }),
          )
      }
    }
  }

  #disarm(timer: string): void {
    this.#timers.get(timer)?.cancel()
    this.#timers.delete(timer)
  }
}
