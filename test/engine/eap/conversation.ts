/** A peer and a server of EAP that hand each other their packets, with real TLS; whoever tests gives the verdicts. */
import type { ChainAnswer, EapAnswer, EapAsk } from '../../../src/engine/eap/method.ts'
import type { EapPeer, EapPeerState } from '../../../src/engine/eap/peer.ts'
import type {
  EapOutput,
  EapReport,
  EapServer,
  EapServerInput,
  EapServerState,
} from '../../../src/engine/eap/server.ts'
import { carryOutTlsAsk } from '../../../src/engine/eap/tls-ask.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import type { Instant } from '../../../src/base/time.ts'
import type { Env, Step } from '../../../src/engine/engine.ts'
import { host as answerOf, type Account } from './ms-chap-v2-play.ts'

/** Who answers what an engine asks. Default: every chain is good, the one account has the password `Passw0rd!`. */
export interface Host {
  readonly judge?: (chain: readonly Uint8Array[], resumed: boolean) => ChainAnswer
  readonly account?: Account
  readonly newPassword?: string
}

const ACCEPTED: ChainAnswer = { accepted: true }

export const envOf = (seed: string, lines: string[] = []): Env => ({
  now: 0 as Instant,
  rng: rngFrom(seed),
  log: (text) => void lines.push(text),
})

export function answerTo(ask: EapAsk, host: Host): Promise<EapAnswer> {
  switch (ask.kind) {
    case 'tls':
      return new Promise((resolve) => carryOutTlsAsk(ask, resolve))
    case 'judge': {
      const verdict = (host.judge ?? (() => ACCEPTED))(ask.chain, ask.resumed)
      return Promise.resolve({ kind: 'judged', verdict })
    }
    case 'logon':
    case 'new-password': {
      const { account = { password: 'Passw0rd!' }, newPassword } = host
      return Promise.resolve(answerOf(account, newPassword)(ask))
    }
  }
}

interface Engine<State> {
  start(env: Env): Step<State, EapOutput>
  step(state: State, input: EapServerInput, env: Env): Step<State, EapOutput>
}

/** One engine with its host: packets in, packets out, until it reports. */
export class Side<State> {
  readonly packets: Uint8Array[] = []
  readonly ignored: string[] = []
  report: Exclude<EapReport, { code: 'eap/ignored' }> | undefined
  readonly #engine: Engine<State>
  readonly #host: Host
  readonly #env: Env
  #state: State

  constructor(engine: Engine<State>, host: Host, env: Env) {
    this.#engine = engine
    this.#host = host
    this.#env = env
    this.#state = engine.start(env).state
  }

  /** What it sends for a packet. */
  async take(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    const sent: Uint8Array[] = []
    const inputs: EapServerInput[] = [{ kind: 'packet', bytes }]
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      const step = this.#engine.step(this.#state, input, this.#env)
      this.#state = step.state
      for (const output of step.outputs) {
        if (output.kind === 'send') sent.push(output.bytes)
        else if (output.kind === 'ask')
          inputs.push({ kind: 'answer', answer: await answerTo(output.ask, this.#host) })
        else if (output.report.code === 'eap/ignored') this.ignored.push(output.report.detail)
        else this.report = output.report
      }
    }
    this.packets.push(...sent)
    return sent
  }
}

export interface Talk {
  readonly peer: Side<EapPeerState>
  readonly server: Side<EapServerState>
  readonly rounds: number
}

export interface TalkOptions {
  readonly peerHost?: Host
  readonly serverHost?: Host
  readonly seed?: string
  readonly log?: string[]
  /** What becomes of a packet on its way. */
  readonly meddle?: (bytes: Uint8Array, to: 'peer' | 'server', round: number) => Uint8Array
}

/** From EAP-Start to the reports of both, or until nobody says anything more. */
export async function converse(
  peerEngine: EapPeer,
  serverEngine: EapServer,
  options: TalkOptions = {},
): Promise<Talk> {
  const { seed = 'eap', log, meddle = (bytes) => bytes } = options
  const peer = new Side<EapPeerState>(peerEngine, options.peerHost ?? {}, envOf(`${seed}/p`, log))
  const server = new Side<EapServerState>(
    serverEngine,
    options.serverHost ?? {},
    envOf(`${seed}/s`, log),
  )
  let [request] = await server.take(new Uint8Array())
  let rounds = 0
  for (; request !== undefined && rounds < 2000; rounds++) {
    const [response] = await peer.take(meddle(request, 'peer', rounds))
    if (response === undefined) break
    ;[request] = await server.take(meddle(response, 'server', rounds))
  }
  return { peer, server, rounds }
}
