import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { fromHex } from '../../src/base/bytes.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { after, instant, seconds, type Instant } from '../../src/base/time.ts'
import type { Env } from '../../src/engine/engine.ts'
import {
  dhcpClient,
  type DhcpClientInput,
  type DhcpClientOptions,
  type DhcpClientState,
} from '../../src/engine/dhcp-client.ts'
import {
  addressIn,
  decodeDhcp,
  dhcpMessage,
  DhcpMessageType,
  DhcpOptionCode,
  encodeDhcp,
  messageTypeOf,
  messageTypeOption,
  numbersOption,
  type DhcpMessage,
  type DhcpOption,
} from '../../src/wire/dhcp.ts'

const MAC = fromHex('020000000001')
const SERVER = ipv4('10.0.0.1')
const OTHER = ipv4('10.0.0.9')
const MINE = ipv4('10.0.0.50')

type ClientEngine = ReturnType<typeof dhcpClient>

/** The engine with a hand on its clock: what it sent, what it reported, which timers run. */
class Driver {
  now: Instant = instant('2026-03-02T08:00:00Z')
  state: DhcpClientState
  readonly sent: DhcpMessage[] = []
  readonly to: unknown[] = []
  readonly reports: unknown[] = []
  readonly log: string[] = []
  readonly timers = new Map<string, Instant>()
  readonly #engine: ClientEngine
  readonly #env: Env

  constructor(options: Partial<DhcpClientOptions> = {}) {
    this.#engine = dhcpClient({ hardwareAddress: MAC, hostName: 'laptop', ...options })
    const clock = () => this.now
    this.#env = {
      get now() {
        return clock()
      },
      rng: rngFrom('dhcp'),
      log: (text: string) => void this.log.push(text),
    }
    this.state = { name: 'init' }
    this.#take(this.#engine.start(this.#env))
  }

  input(input: DhcpClientInput): this {
    this.#take(this.#engine.step(this.state, input, this.#env))
    return this
  }

  #take(step: ReturnType<ClientEngine['step']>): void {
    this.state = step.state
    for (const output of step.outputs) {
      if (output.kind === 'send') {
        const decoded = decodeDhcp(output.bytes)
        if (decoded.ok) this.sent.push(decoded.value)
        this.to.push(output.to)
      } else if (output.kind === 'report') this.reports.push(output.report)
      else if (output.kind === 'disarm') this.timers.delete(output.timer)
      else this.timers.set(output.timer, after(this.now, output.after))
    }
  }

  /** Let the next timer run out. Returns its name and the seconds that went by. */
  wait(): [string, number] {
    const [next] = [...this.timers].sort(([, a], [, b]) => a - b)
    if (next === undefined) throw new Error('no timer runs')
    const [timer, at] = next
    const waited = (at - this.now) / 1e6
    this.now = at
    this.timers.delete(timer)
    this.input({ kind: 'timer', timer })
    return [timer, waited]
  }

  /** The server says `type` to the last message, with `more` options. */
  hear(type: number, more: readonly DhcpOption[] = [], over: Partial<DhcpMessage> = {}): this {
    const bytes = encodeDhcp(
      dhcpMessage({
        op: 2,
        transaction: this.sent.at(-1)!.transaction,
        hardwareAddress: MAC,
        yourAddress: MINE,
        options: [messageTypeOption(type), ...more],
        ...over,
      }),
    )
    return this.input({ kind: 'datagram', bytes })
  }

  get types(): (number | undefined)[] {
    return this.sent.map(messageTypeOf)
  }
}

const from = (server: number): DhcpOption => numbersOption(DhcpOptionCode.serverIdentifier, server)
const lease = (time: number): DhcpOption => numbersOption(DhcpOptionCode.leaseTime, time)
const mask = numbersOption(DhcpOptionCode.subnetMask, 0xffffff00)
const GRANT = [from(SERVER), lease(86_400), mask]

const bound = (options: Partial<DhcpClientOptions> = {}, grant = GRANT): Driver =>
  new Driver(options).hear(DhcpMessageType.offer, [from(SERVER)]).hear(DhcpMessageType.ack, grant)

describe('getting a lease', () => {
  test('DISCOVER is repeated after 4, 8 and 16 s, each ± 1 s; after 32 more nobody is there', () => {
    const d = new Driver()
    const waits = Array.from({ length: 4 }, () => d.wait()[1])
    for (const [i, wait] of [4, 8, 16, 32].entries()) {
      expect(Math.abs(waits[i]! - wait)).toBeLessThanOrEqual(1)
      expect(waits[i]).not.toBe(wait)
    }
    expect(d.types).toEqual([1, 1, 1, 1])
    expect(new Set(d.sent.map((m) => m.transaction)).size).toBe(1)
    expect(d.sent.map((m) => m.secs)).toEqual([0, 4, 12, 28].map((s) => expect.closeTo(s, -1)))
    expect(d.reports).toEqual([{ kind: 'no-server' }])
    expect(d.wait()).toEqual(['retransmit', 300])
    expect(d.types).toEqual([1, 1, 1, 1, 1])
  })

  test('the first offer is asked for by name, and an ACK binds with T1 and T2', () => {
    const d = bound()
    expect(d.types).toEqual([DhcpMessageType.discover, DhcpMessageType.request])
    expect(addressIn(d.sent[1]!, DhcpOptionCode.requestedAddress)).toBe(MINE)
    expect(addressIn(d.sent[1]!, DhcpOptionCode.serverIdentifier)).toBe(SERVER)
    expect(d.sent.every((m) => m.broadcast && m.clientAddress === 0)).toBe(true)
    expect(d.reports).toMatchObject([{ kind: 'bound', lease: { address: MINE, prefixLength: 24 } }])
    const left = [...d.timers].map(([name, at]) => [name, (at - d.now) / 1e6])
    expect(left).toEqual([
      ['t1', 43_200],
      ['t2', 75_600],
      ['expiry', 86_400],
    ])
  })

  test.for([
    ['an offer to somebody else', { hardwareAddress: fromHex('020000000002') }],
    ['an offer for another exchange', { transaction: 1 }],
    ['a request that strayed', { op: 1 }],
    ['an offer of no address', { yourAddress: ipv4('0.0.0.0') }],
  ] as const)('%s is passed over', ([, over]) => {
    const d = new Driver().hear(DhcpMessageType.offer, [from(SERVER)], over)
    expect(d.state.name).toBe('selecting')
  })

  test('an ACK of a server that was not chosen is passed over', () => {
    const d = new Driver().hear(DhcpMessageType.offer, [from(SERVER)])
    d.hear(DhcpMessageType.ack, [from(OTHER), lease(60), mask])
    expect(d.state.name).toBe('requesting')
  })

  test.for([
    ['no lease time', [from(SERVER), mask], 'lease time'],
    ['a mask with a hole', [from(SERVER), lease(60), numbersOption(1, 0xff00ff00)], 'hole'],
  ] as const)('an ACK with %s is logged and ignored', ([, grant, why]) => {
    const d = bound({}, [...grant])
    expect(d.state.name).toBe('requesting')
    expect(d.log.join()).toContain(why)
  })

  test('T1 and T2 of the server count when they are in order', () => {
    const d = bound({}, [...GRANT, numbersOption(58, 100), numbersOption(59, 200)])
    expect(d.wait()).toEqual(['t1', 100])
    const wrong = bound({}, [...GRANT, numbersOption(58, 200), numbersOption(59, 100)])
    expect(wrong.wait()).toEqual(['t1', 43_200])
  })

  test('a lease for ever has no timers', () => {
    expect(bound({}, [from(SERVER), lease(0xffffffff), mask]).timers.size).toBe(0)
  })

  test('a NAK sends it back to the beginning after a second', () => {
    const d = new Driver().hear(DhcpMessageType.offer, [from(SERVER)])
    d.hear(DhcpMessageType.nak, [from(SERVER)])
    expect(d.wait()).toEqual(['retransmit', 1])
    expect(d.types.at(-1)).toBe(DhcpMessageType.discover)
  })
})

describe('keeping it', () => {
  test('at T1 the server is asked, at T2 everyone; at the end the address goes', () => {
    const d = bound()
    const heard: [string, number][] = []
    while (d.reports.length < 2) heard.push(d.wait())
    const names = heard.map(([name]) => name)
    expect(names[0]).toBe('t1')
    expect(d.to[2]).toEqual({ kind: 'server', address: SERVER, from: MINE })
    expect(d.to.at(-2)).toEqual({ kind: 'broadcast', from: MINE })
    expect(names.indexOf('t2')).toBeGreaterThan(1)
    expect(names.at(-1)).toBe('expiry')
    expect(heard.reduce((sum, [, waited]) => sum + waited, 0)).toBe(86_400)
    const pauses = heard.filter(([name]) => name === 'retransmit').map(([, waited]) => waited)
    expect(pauses.every((pause) => pause >= 60)).toBe(true)
    expect(d.reports.at(-1)).toEqual({ kind: 'lost', reason: 'expired' })
    expect(d.types.at(-1)).toBe(DhcpMessageType.discover)
  })

  test('a renewal carries the address as ciaddr and no option 50 or 54, and binds again', () => {
    const d = bound()
    d.wait()
    const request = d.sent.at(-1)!
    expect(request.clientAddress).toBe(MINE)
    expect(request.options.map((o) => o.code)).not.toContain(DhcpOptionCode.requestedAddress)
    expect(request.options.map((o) => o.code)).not.toContain(DhcpOptionCode.serverIdentifier)
    d.hear(DhcpMessageType.ack, GRANT)
    expect(d.state.name).toBe('bound')
    expect(d.wait()).toEqual(['t1', 43_200])
  })

  test('a NAK while renewing takes the address away at once', () => {
    const d = bound()
    d.wait()
    d.hear(DhcpMessageType.nak, [from(SERVER)])
    expect(d.reports.at(-1)).toEqual({ kind: 'lost', reason: 'refused' })
    expect([...d.timers.keys()]).toEqual(['retransmit'])
  })

  test('release tells the server first, then gives the address up', () => {
    const d = bound().input({ kind: 'release' })
    expect(d.types.at(-1)).toBe(DhcpMessageType.release)
    expect(d.reports.at(-1)).toEqual({ kind: 'lost', reason: 'released' })
    expect(d.timers.size).toBe(0)
    d.input({ kind: 'renew' })
    expect(d.types.at(-1)).toBe(DhcpMessageType.discover)
  })
})

describe('a remembered address', () => {
  test('is asked for without a server; silence after two tries leads to DISCOVER', () => {
    const d = new Driver({ remembered: MINE })
    expect(addressIn(d.sent[0]!, DhcpOptionCode.requestedAddress)).toBe(MINE)
    expect(addressIn(d.sent[0]!, DhcpOptionCode.serverIdentifier)).toBeUndefined()
    d.wait()
    d.wait()
    expect(d.types).toEqual([3, 3, 1])
  })

  test('is confirmed by an ACK', () => {
    const d = new Driver({ remembered: MINE }).hear(DhcpMessageType.ack, GRANT)
    expect(d.state.name).toBe('bound')
  })

  test('of a lease that runs is asked for when the link comes back', () => {
    const d = bound().input({ kind: 'reconnected' })
    expect(d.state).toMatchObject({ name: 'rebooting', address: MINE })
    expect([...d.timers.keys()]).toEqual(['retransmit'])
  })
})

test('no bytes and no order of events raise an exception', () => {
  const event = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ kind: 'datagram', bytes }) as const),
    fc
      .constantFrom('retransmit', 't1', 't2', 'expiry')
      .map((timer) => ({ kind: 'timer', timer }) as const),
    fc.constantFrom({ kind: 'renew' }, { kind: 'release' }, { kind: 'reconnected' } as const),
    fc.constantFrom(2, 5, 6).map((type) => ({ type })),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const d = new Driver()
      for (const each of events) {
        d.now = after(d.now, seconds(1))
        if ('type' in each) d.hear(each.type, GRANT)
        else d.input(each)
      }
      expect(d.timers.size).toBeLessThanOrEqual(4)
    }),
  )
})
