/**
 * Runs one IKE session on a host: its timers on the host's clock, its questions to the owner, its datagrams to the ports.
 * Not the session (`engine/ikev2/session.ts`), and not what its owner makes of it.
 */
import { espKeyLine, ikeKeyLine } from '../../crypto/ike/wireshark.ts'
import type { Env } from '../../engine/engine.ts'
import type {
  ChildDownReason,
  IkeChild,
  IkeInput,
  IkeOutput,
  IkePeer,
} from '../../engine/ikev2/contract.ts'
import type { IkeCertificate, IkeEndpoints, IkeIdentity } from '../../engine/ikev2/options.ts'
import type { IkeReport, IkeSecrets, OverReason } from '../../engine/ikev2/report.ts'
import type { IkeSession } from '../../engine/ikev2/session.ts'
import type { IkeState } from '../../engine/ikev2/state.ts'
import type { Host } from '../../net/sockets.ts'
import type { Timer } from '../../net/world.ts'
import type { ConfigurationAttribute } from '../../wire/ikev2/configuration.ts'

export type Judged =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly failure: string }

export interface IkeOwner {
  sendIke(endpoints: IkeEndpoints, bytes: Uint8Array, marker: boolean): void
  report(report: IkeReport): void
  route(change: 'add' | 'remove', key: string): void
  /** A packet of the other side of EAP; without one: begin. Answered by an input, now or later. */
  eap(packet: Uint8Array | undefined, identity: IkeIdentity | undefined): void
  judge(
    asked: { readonly chain: readonly Uint8Array[]; readonly identity: IkeIdentity },
    done: (judged: Judged) => void,
  ): void
  certificate(authorities: readonly Uint8Array[]): IkeCertificate | undefined
  /** What shall this peer be given? */
  assign(
    request: readonly ConfigurationAttribute[],
    peer: IkePeer,
    done: (reply: readonly ConfigurationAttribute[] | undefined) => void,
  ): void
  childUp(child: IkeChild): void
  childDown(spi: number, why: ChildDownReason): void
  moved(endpoints: IkeEndpoints, encapsulates: boolean): void
  /** The IKE SA has keys: it is known by the initiator's SPI. */
  known?(spiI: Uint8Array): void
  over(why: OverReason): void
}

type IkeRunnerHost = Pick<Host, 'now' | 'rng' | 'log' | 'after' | 'addSecret'>

export class IkeRunner {
  readonly #host: IkeRunnerHost
  readonly #session: IkeSession
  readonly #owner: IkeOwner
  readonly #env: Env
  readonly #timers = new Map<string, Timer>()
  readonly #inputs: IkeInput[] = []
  #state: IkeState | undefined
  /** Went off while there was no network. */
  readonly #due: string[] = []
  #isSuspended = false
  #isBusy = false
  #isOver = false

  /** `label` tells its stream of chance from those of other sessions. */
  constructor(host: IkeRunnerHost, session: IkeSession, owner: IkeOwner, label: string) {
    this.#host = host
    this.#session = session
    this.#owner = owner
    this.#env = {
      get now() {
        return host.now
      },
      rng: host.rng.fork(`ike/${label}`),
      log: (text) => host.log('IKEEXT', text),
    }
  }

  start(): void {
    const { state, outputs } = this.#session.start(this.#env)
    this.#state = state
    this.#isBusy = true
    this.#carryOut(outputs)
    this.#isBusy = false
    this.#work()
  }

  /** Answers that come while outputs are carried out wait until all of them are: the session named an order. */
  input(input: IkeInput): void {
    this.#inputs.push(input)
    this.#work()
  }

  #work(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
      if (this.#isOver || this.#state === undefined) continue
      const { state, outputs } = this.#session.step(this.#state, input, this.#env)
      this.#state = state
      this.#carryOut(outputs)
    }
    this.#isBusy = false
  }

  /** There is no network: timers run, and wait to go off until {@link resume}. */
  suspend(): void {
    this.#isSuspended = true
  }

  resume(): void {
    this.#isSuspended = false
    for (const timer of this.#due.splice(0)) this.input({ kind: 'timer', timer })
  }

  /** Forget it without a word. */
  stop(): void {
    this.#isOver = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #carryOut(outputs: readonly IkeOutput[]): void {
    for (const output of outputs) this.#carry(output)
  }

  #carry(output: IkeOutput): void {
    const owner = this.#owner
    switch (output.kind) {
      case 'send':
        return owner.sendIke(output.endpoints, output.bytes, output.marker)
      case 'arm':
        return this.#arm(output.timer, output.after)
      case 'disarm':
        return this.#disarm(output.timer)
      case 'report':
        return owner.report(output.report)
      case 'route':
        return owner.route(output.change, output.key)
      case 'eap':
        return owner.eap(output.packet, output.identity)
      case 'ask-judge':
        return owner.judge(output, (judged) => this.input({ kind: 'judged', ...judged }))
      case 'ask-certificate': {
        const certificate = owner.certificate(output.authorities)
        return this.input({
          kind: 'certificate',
          ...(certificate !== undefined && { certificate }),
        })
      }
      case 'ask-address':
        return owner.assign(output.request, output.peer, (reply) =>
          this.input({ kind: 'address', ...(reply !== undefined && { reply }) }),
        )
      case 'child-up':
        return owner.childUp(output.child)
      case 'child-down':
        return owner.childDown(output.spi, output.why)
      case 'moved':
        return owner.moved(output.endpoints, output.encapsulates)
      case 'secrets':
        if (output.secrets.kind === 'ike') owner.known?.(output.secrets.spiI)
        return keep(this.#host, output.secrets)
      case 'over':
        this.stop()
        return owner.over(output.why)
    }
  }

  #arm(timer: string, after: Parameters<Host['after']>[0]): void {
    this.#disarm(timer)
    this.#timers.set(
      timer,
      this.#host.after(after, () => {
        this.#timers.delete(timer)
        if (this.#isSuspended) this.#due.push(timer)
        else this.input({ kind: 'timer', timer })
      }),
    )
  }

  #disarm(timer: string): void {
    if (this.#due.includes(timer)) this.#due.splice(this.#due.indexOf(timer), 1)
    this.#timers.get(timer)?.cancel()
    this.#timers.delete(timer)
  }
}

/** For captures: both ends have the same lines. Addresses are left open, since NAT has others on either side. */
function keep(host: IkeRunnerHost, secrets: IkeSecrets): void {
  if (secrets.kind === 'ike') {
    const line = ikeKeyLine(secrets.suite, secrets, secrets)
    if (line !== undefined) host.addSecret(line, 'ikev2')
    return
  }
  const path = { source: '*', destination: '*', spi: secrets.spi }
  const line = espKeyLine(secrets.suite, path, secrets)
  if (line !== undefined) host.addSecret(line, 'esp')
}
