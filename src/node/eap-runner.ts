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
import type { Host } from '../net/sockets.ts'

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
  readonly #engine: EapEngine<State>
  readonly #owner: EapOwner
  readonly #env: Env
  #state: State | undefined
  #isOver = false

  constructor(
    host: Pick<Host, 'now' | 'rng' | 'log'>,
    engine: EapEngine<State>,
    owner: EapOwner,
    label: string,
  ) {
    this.#engine = engine
    this.#owner = owner
    this.#env = {
      get now() {
        return host.now
      },
      rng: host.rng.fork(`${owner.source}/eap/${label}`),
      log: (text) => host.log(owner.source, text),
    }
  }

  start(): void {
    const { state, outputs } = this.#engine.start(this.#env)
    this.#state = state
    this.#carryOut(outputs)
  }

  /** A packet of the other side. */
  packet(bytes: Uint8Array): void {
    this.#input({ kind: 'packet', bytes })
  }

  /** Answers that are still under way lead nowhere from now on. */
  stop(): void {
    this.#isOver = true
  }

  #input(input: EapEngineInput): void {
    if (this.#isOver || this.#state === undefined) return
    const { state, outputs } = this.#engine.step(this.#state, input, this.#env)
    this.#state = state
    this.#carryOut(outputs)
  }

  #carryOut(outputs: readonly EapOutput[]): void {
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          this.#owner.send(output.bytes)
          break
        case 'report':
          this.#owner.report(output.report)
          break
        case 'ask':
          this.#ask(output.ask)
      }
    }
  }

  #ask(ask: EapAsk): void {
    const answer = (told: EapAnswer): void => this.#input({ kind: 'answer', answer: told })
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
