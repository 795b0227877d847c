/**
 * Runs an engine that speaks and reports, and asks nothing: its sends and reports go to the owner. Not a socket: whoever runs an engine binds one
 * and feeds it.
 */
import type { AddressedOutput, Engine } from '../engine/engine.ts'
import { StepRunner, type StepHost, type TimerInput } from './step-runner.ts'

export interface EngineOwner<Report, To> {
  /** For the event log and the rng: `Dhcp-Client`. */
  readonly source: string
  send(to: To, bytes: Uint8Array): void
  report(report: Report): void
}

/** Give it an input; `stop` forgets all timers, and later inputs do nothing. */
export class EngineRunner<State, Input, Report, To> extends StepRunner<
  State,
  Input | TimerInput,
  AddressedOutput<Report, To>
> {
  constructor(
    host: StepHost,
    engine: Engine<State, Input | TimerInput, Report, AddressedOutput<Report, To>>,
    owner: EngineOwner<Report, To>,
    label: string,
  ) {
    const { source } = owner
    super(host, engine, {
      source,
      stream: `${source}/${label}`,
      carry: (output) => {
        if (output.kind === 'send') owner.send(output.to, output.bytes)
        else owner.report(output.report)
      },
    })
  }
}
