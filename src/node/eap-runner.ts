/**
 * Runs one side of an EAP conversation on a host: feeds the engine, and answers what its methods ask: TLS turns, judgements, logons.
 * Not the engine, and not the way of the packets: whoever runs it carries them, in RADIUS or in IKE.
 */
import type {
  EapAnswer,
  EapAsk,
  LogonRequest,
  LogonResult,
  ChainAnswer,
} from '../engine/eap/method.ts'
import { carryOutTlsAsk } from '../engine/eap/tls-ask.ts'
import type { EapOutput, EapReport } from '../engine/eap/server.ts'
import type { Env, Step } from '../engine/engine.ts'
import { StepRunner, type StepHost } from './step-runner.ts'

export type EapEngineInput =
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  | { readonly kind: 'answer'; readonly answer: EapAnswer }

/** A peer, or a server (`engine/eap/`). */
export interface EapEngine<State> {
  start(env: Env): Step<State, EapOutput>
  step(state: State, input: EapEngineInput, env: Env): Step<State, EapOutput>
}

/** What only the host can answer. Each `done` is called once, at once or later. */
export interface EapHost {
  judge(
    chain: readonly Uint8Array[],
    isResumed: boolean,
    done: (verdict: ChainAnswer) => void,
  ): void
  logon(request: LogonRequest, done: (result: LogonResult) => void): void
  /** Undefined: nobody is there to type one. */
  newPassword(): string | undefined
}

export interface EapOwner extends EapHost {
  /** For the rng and the event log. */
  readonly source: string
  send(bytes: Uint8Array): void
  report(report: EapReport): void
}

export class EapRunner<State> {
  readonly #owner: EapOwner
  readonly #runner: StepRunner<State, EapEngineInput, EapOutput>

  constructor(host: StepHost, engine: EapEngine<State>, owner: EapOwner, label: string) {
    this.#owner = owner
    const { source } = owner
    this.#runner = new StepRunner(host, engine, {
      source,
      stream: `${source}/eap/${label}`,
      carry: (output) => this.#carry(output),
    })
  }

  start(): void {
    this.#runner.start()
  }

  /** A packet of the other side. */
  packet(bytes: Uint8Array): void {
    this.#runner.input({ kind: 'packet', bytes })
  }

  /** Answers that are still under way lead nowhere from now on. */
  stop(): void {
    this.#runner.stop()
  }

  #carry(output: EapOutput): void {
    switch (output.kind) {
      case 'send':
        return this.#owner.send(output.bytes)
      case 'report':
        return this.#owner.report(output.report)
      case 'ask':
        this.#ask(output.ask)
    }
  }

  #ask(ask: EapAsk): void {
    const answer = (told: EapAnswer): void => this.#runner.input({ kind: 'answer', answer: told })
    switch (ask.kind) {
      case 'tls':
        carryOutTlsAsk(ask, answer)
        break
      case 'judge':
        this.#owner.judge(ask.chain, ask.resumed, (verdict) => answer({ kind: 'judged', verdict }))
        break
      case 'logon':
        this.#owner.logon(ask.logon, (result) => answer({ kind: 'logon', result }))
        break
      case 'new-password': {
        const password = this.#owner.newPassword()
        answer({ kind: 'new-password', ...(password !== undefined && { password }) })
      }
    }
  }
}
