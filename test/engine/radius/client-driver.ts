/** Drives the RADIUS client of a test with a hand on its clock, and answers as a server would. */
import { rngFrom } from '../../../src/base/rng.ts'
import { after, between, instant, type Duration, type Instant } from '../../../src/base/time.ts'
import type { Env } from '../../../src/engine/engine.ts'
import type {
  RadiusClientInput,
  RadiusClientOptions,
  RadiusClientReport,
  RadiusClientRequest,
  RadiusDestination,
  RadiusServerOptions,
} from '../../../src/engine/radius/client-report.ts'
import { radiusClient, type RadiusClientState } from '../../../src/engine/radius/client.ts'
import { respond } from '../../../src/engine/radius/server.ts'
import { attribute } from '../../../src/wire/radius/attributes.ts'
import {
  decodeRadius,
  RadiusCode,
  type RadiusAttribute,
  type RadiusPacket,
} from '../../../src/wire/radius/packet.ts'
import { valueOf } from '../../wire/results.ts'

export const BEGAN = instant('2026-03-02T08:00:00Z')
export const ADA: RadiusClientRequest = {
  id: 'ada',
  code: RadiusCode.accessRequest,
  attributes: [attribute('User-Name', 'ada')],
}
export const server = (
  key: string,
  rest: Partial<RadiusServerOptions> = {},
): RadiusServerOptions => ({
  key,
  secret: `secret of ${key}`,
  ...rest,
})

export interface Sent {
  readonly at: Duration
  readonly to: RadiusDestination
  readonly bytes: Uint8Array
  readonly packet: RadiusPacket
}

/** The engine with a hand on its clock: what it sent and when, what it reported, which timers run. */
export class Driver {
  now: Instant = BEGAN
  readonly sent: Sent[] = []
  readonly reports: RadiusClientReport[] = []
  readonly timers = new Map<string, Instant>()
  readonly state: RadiusClientState
  readonly #engine: ReturnType<typeof radiusClient>
  readonly #env: Env

  constructor(options: RadiusClientOptions) {
    this.#engine = radiusClient(options)
    const clock = () => this.now
    this.#env = {
      get now() {
        return clock()
      },
      rng: rngFrom('radius'),
      log: () => {},
    }
    this.state = this.#engine.start(this.#env).state
  }

  input(input: RadiusClientInput): this {
    for (const output of this.#engine.step(this.state, input, this.#env).outputs) {
      switch (output.kind) {
        case 'send': {
          const packet = valueOf(decodeRadius(output.bytes))
          const at = between(BEGAN, this.now)
          this.sent.push({ at, to: output.to, bytes: output.bytes, packet })
          break
        }
        case 'report':
          this.reports.push(output.report)
          break
        case 'arm':
          this.timers.set(output.timer, after(this.now, output.after))
          break
        case 'disarm':
          this.timers.delete(output.timer)
      }
    }
    return this
  }

  ask(request: Partial<RadiusClientRequest> = {}): this {
    return this.input({ kind: 'request', request: { ...ADA, ...request } })
  }

  /** The next timer goes off. */
  wait(): this {
    const [timer, at] = [...this.timers].reduce((first, each) =>
      each[1] < first[1] ? each : first,
    )
    this.now = at
    this.timers.delete(timer)
    return this.input({ kind: 'timer', timer })
  }

  untilQuiet(): this {
    while (this.timers.size > 0) this.wait()
    return this
  }

  answer(sent: Sent, code: number = RadiusCode.accessAccept, rest: Answer = {}): this {
    const { secret = `secret of ${sent.to.server}`, attributes = [], signsAll = true } = rest
    const bytes = valueOf(respond({ code, attributes }, sent.packet, secret, { signsAll }))
    return this.input({ kind: 'datagram', from: sent.to, bytes })
  }
}

export interface Answer {
  readonly secret?: string
  readonly attributes?: readonly RadiusAttribute[]
  readonly signsAll?: boolean
}

export const kinds = (driver: Driver): readonly string[] => driver.reports.map(({ kind }) => kind)
export const inSeconds = (driver: Driver): readonly number[] =>
  driver.sent.map(({ at }) => at / 1e6)
