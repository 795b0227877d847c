/**
 * A client and a server of SSTP over a stream in memory, as TLS would yield it: in order, without loss, in pieces of the test's choosing. Hosts answer as
 * the test has them; EAP is the toy of the links alone.
 */
import { toHex } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { ms, seconds, type Duration } from '../../../src/base/time.ts'
import type { PppLease, PppReport, PppTunnel } from '../../../src/engine/ppp/contract.ts'
import type {
  SstpClientOptions,
  SstpInput,
  SstpOptions,
  SstpOutput,
  SstpReport,
  SstpServerOptions,
} from '../../../src/engine/sstp/contract.ts'
import { sstpSession, type SstpSession } from '../../../src/engine/sstp/session.ts'
import type { SstpState } from '../../../src/engine/sstp/state.ts'
import { Clock } from '../ppp/clock.ts'
import { LATENCY, LEASE, toyClient, toyServer, type Manners } from '../ppp/pair.ts'

export const CERTIFICATE = Uint8Array.of(0x30, 0x82, 1, 2, 3)
export const CORRELATION_ID = '{F7FC0718-C386-4D9A-B529-973927075AA7}'

export interface SstpManners extends Omit<Manners, 'eap'> {
  readonly eap?: (packet: Uint8Array | undefined, round: number) => SstpInput | undefined
  readonly port?: () => SstpInput | undefined
}

type AnyReport = SstpReport | PppReport

export class SstpSide {
  readonly reports: AnyReport[] = []
  readonly outputs: SstpOutput[] = []
  readonly sent: Uint8Array[] = []
  readonly packets: string[] = []
  readonly timers = new Map<string, number>()
  tunnel: PppTunnel | undefined
  over: Extract<SstpOutput, { kind: 'over' }> | undefined
  readonly session: SstpSession
  readonly state: SstpState
  /** Where bytes go. */
  deliver: (bytes: Uint8Array) => void = () => {}
  onOver: () => void = () => {}
  readonly #clock: Clock
  readonly #env
  readonly #manners: SstpManners
  readonly #eap: NonNullable<SstpManners['eap']>
  readonly #opening: readonly SstpOutput[]
  #round = 0

  constructor(clock: Clock, options: SstpOptions, manners: SstpManners = {}) {
    this.#clock = clock
    this.#manners = manners
    this.#eap = manners.eap ?? (options.role === 'client' ? toyClient : toyServer)
    this.#env = {
      get now() {
        return clock.now
      },
      rng: rngFrom(`sstp/${options.role}`),
      log: () => {},
    }
    this.session = sstpSession(options)
    const { state, outputs } = this.session.start(this.#env)
    this.state = state
    this.#opening = outputs
  }

  begin(): this {
    this.#carryOutAll(this.#opening)
    return this
  }

  input(input: SstpInput): this {
    this.#carryOutAll(this.session.step(this.state, input, this.#env).outputs)
    return this
  }

  #carryOutAll(outputs: readonly SstpOutput[]): void {
    for (const output of outputs) {
      this.outputs.push(output)
      this.#carryOut(output)
    }
  }

  #carryOut(output: SstpOutput): void {
    switch (output.kind) {
      case 'send':
        this.sent.push(output.bytes)
        return this.deliver(output.bytes)
      case 'arm': {
        const serial = this.#clock.after(output.after, () => {
          if (this.timers.get(output.timer) !== serial) return
          this.timers.delete(output.timer)
          this.input({ kind: 'timer', timer: output.timer })
        })
        this.timers.set(output.timer, serial)
        return
      }
      case 'disarm':
        this.timers.delete(output.timer)
        return
      case 'report':
        this.reports.push(output.report)
        return
      case 'ask-port':
        return this.#answer(
          this.#manners.port === undefined ? { kind: 'port', granted: true } : this.#manners.port(),
        )
      case 'eap':
        return this.#answer(this.#eap(output.packet, this.#round++))
      case 'ask-address': {
        const lease: PppLease | undefined =
          this.#manners.address === undefined ? LEASE : this.#manners.address()
        return this.#answer({ kind: 'address', ...(lease !== undefined && { lease }) })
      }
      case 'up':
        this.tunnel = output.tunnel
        return
      case 'packet':
        this.packets.push(toHex(output.bytes))
        return
      case 'down':
        this.tunnel = undefined
        return
      case 'over':
        this.over = output
        return this.onOver()
    }
  }

  #answer(input: SstpInput | undefined): void {
    if (input === undefined) return
    this.#clock.after(this.#manners.thinks ?? ms(0), () => this.input(input))
  }

  report<K extends AnyReport['kind']>(kind: K): Extract<AnyReport, { kind: K }> | undefined {
    return this.reports.find((each): each is Extract<AnyReport, { kind: K }> => each.kind === kind)
  }

  /** `> CALL_ABORT {STATUS_INFO(…)}`: control messages in order. */
  messages(): readonly string[] {
    return this.reports.flatMap((each) =>
      each.kind === 'sstp/message'
        ? [
            `${each.direction === 'sent' ? '>' : '<'} ${each.message} {${each.attributes.join(', ')}}`,
          ]
        : [],
    )
  }
}

export interface PairOptions {
  readonly client?: Partial<SstpClientOptions>
  readonly server?: Partial<SstpServerOptions>
  readonly clientManners?: SstpManners
  readonly serverManners?: SstpManners
  /** What becomes of bytes on their way; pieces arrive in order. */
  readonly stream?: (bytes: Uint8Array, from: 'client' | 'server') => readonly Uint8Array[]
}

export const clientOptions = (rest: Partial<SstpClientOptions> = {}): SstpClientOptions => ({
  role: 'client',
  host: 'vpn.contoso.com',
  correlationId: CORRELATION_ID,
  certificate: CERTIFICATE,
  ...rest,
})

export const serverOptions = (rest: Partial<SstpServerOptions> = {}): SstpServerOptions => ({
  role: 'server',
  certificate: CERTIFICATE,
  ...rest,
})

export class SstpPair {
  readonly clock = new Clock()
  readonly client: SstpSide
  readonly server: SstpSide
  /** Nothing goes through any more. */
  isCut = false

  constructor(options: PairOptions = {}) {
    const { stream = (bytes) => [bytes] } = options
    this.client = new SstpSide(this.clock, clientOptions(options.client), options.clientManners)
    this.server = new SstpSide(this.clock, serverOptions(options.server), options.serverManners)
    const join = (own: SstpSide, from: 'client' | 'server', to: () => SstpSide): void => {
      own.deliver = (sent) => {
        for (const bytes of stream(sent, from)) {
          this.clock.after(LATENCY, () => {
            if (!this.isCut) to().input({ kind: 'stream', bytes: bytes.slice() })
          })
        }
      }
      own.onOver = () =>
        void this.clock.after(LATENCY, () => {
          if (!this.isCut) to().input({ kind: 'stream-ended' })
        })
    }
    join(this.client, 'client', () => this.server)
    join(this.server, 'server', () => this.client)
  }

  connect(limit: Duration = seconds(1)): this {
    this.server.begin()
    this.client.begin()
    this.clock.run(limit)
    return this
  }
}
