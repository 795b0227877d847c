import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIpv4, ipv4 } from '../../src/base/address.ts'
import { rngFrom } from '../../src/base/rng.ts'
import { after, hours, instant, minutes, type Duration } from '../../src/base/time.ts'
import {
  dhcpServer,
  type DhcpReplyTo,
  type DhcpServerConfig,
  type DhcpServerState,
} from '../../src/engine/dhcp-server.ts'
import {
  decodeDhcp,
  dhcpMessage,
  DhcpMessageType,
  dhcpTypeName,
  encodeDhcp,
  messageTypeOf,
  messageTypeOption,
  numbersOption,
  type DhcpMessage,
} from '../../src/wire/dhcp.ts'

const CONFIG: DhcpServerConfig = {
  address: ipv4('10.0.0.1'),
  prefix: { address: ipv4('10.0.0.0'), length: 24 },
  pool: [ipv4('10.0.0.1'), ipv4('10.0.0.4')],
  router: ipv4('10.0.0.2'),
  dns: [],
  lease: hours(1),
}

interface Ask {
  readonly requested?: string
  readonly server?: string
  readonly ciaddr?: string
}

class Driver {
  now = instant('2026-03-02T08:00:00Z')
  state: DhcpServerState
  readonly log: string[] = []
  sentTo: DhcpReplyTo | undefined
  readonly #engine = dhcpServer(CONFIG)

  constructor() {
    this.state = this.#engine.start(this.#env()).state
  }

  #env() {
    return { now: this.now, rng: rngFrom('x'), log: (text: string) => void this.log.push(text) }
  }

  wait(by: Duration): this {
    this.now = after(this.now, by)
    return this
  }

  bytes(bytes: Uint8Array): DhcpMessage | undefined {
    const { state, outputs } = this.#engine.step(
      this.state,
      { kind: 'datagram', bytes },
      this.#env(),
    )
    this.state = state
    const sent = outputs.find((output) => output.kind === 'send')
    if (sent?.kind === 'send') this.sentTo = sent.to
    const decoded = sent?.kind === 'send' ? decodeDhcp(sent.bytes) : undefined
    return decoded?.ok ? decoded.value : undefined
  }

  /** `DHCPACK 10.0.0.3`, or `silence`. */
  ask(client: number, type: number, { requested, server, ciaddr }: Ask = {}): string {
    const reply = this.bytes(
      encodeDhcp(
        dhcpMessage({
          op: 1,
          transaction: 9,
          hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, client),
          ...(ciaddr === undefined ? {} : { clientAddress: ipv4(ciaddr) }),
          options: [
            messageTypeOption(type),
            ...(requested === undefined ? [] : [numbersOption(50, ipv4(requested))]),
            ...(server === undefined ? [] : [numbersOption(54, ipv4(server))]),
          ],
        }),
      ),
    )
    if (reply === undefined) return 'silence'
    const address = reply.yourAddress === 0 ? '' : ` ${formatIpv4(reply.yourAddress)}`
    return `${dhcpTypeName(messageTypeOf(reply))}${address}`
  }

  /** The whole exchange; the address that came of it. */
  lease(client: number): string {
    const offered = this.ask(client, DISCOVER).split(' ')[1]!
    return this.ask(client, REQUEST, { requested: offered, server: '10.0.0.1' })
  }
}

const { discover: DISCOVER, request: REQUEST, decline: DECLINE, release: RELEASE } = DhcpMessageType

describe('addresses', () => {
  test('its own and the router are never given out; then the pool is empty, and that is logged', () => {
    const d = new Driver()
    expect([1, 2].map((client) => d.lease(client))).toEqual([
      'DHCPACK 10.0.0.3',
      'DHCPACK 10.0.0.4',
    ])
    expect(d.ask(3, DISCOVER)).toBe('silence')
    expect(d.log.join()).toContain('10.0.0.1 to 10.0.0.4 is used up')
  })

  test('a client gets its own again, while it runs and after it expired', () => {
    const d = new Driver()
    d.lease(1)
    d.lease(2)
    expect(d.lease(2)).toBe('DHCPACK 10.0.0.4')
    expect(d.wait(hours(2)).lease(2)).toBe('DHCPACK 10.0.0.4')
  })

  test('an expired one goes to a new client when nothing fresh is left, the oldest first', () => {
    const d = new Driver()
    d.lease(1)
    d.wait(minutes(1)).lease(2)
    expect(d.wait(hours(2)).lease(3)).toBe('DHCPACK 10.0.0.3')
  })

  test('an offer that nobody takes is free after a minute', () => {
    const d = new Driver()
    d.ask(1, DISCOVER)
    d.lease(2)
    expect(d.ask(3, DISCOVER)).toBe('silence')
    expect(d.wait(minutes(1)).ask(3, DISCOVER)).toBe('DHCPOFFER 10.0.0.3')
  })

  test('a client that took another server frees its offer at once', () => {
    const d = new Driver()
    d.ask(1, DISCOVER)
    d.lease(2)
    expect(d.ask(1, REQUEST, { requested: '10.0.0.3', server: '10.0.0.9' })).toBe('silence')
    expect(d.ask(3, DISCOVER)).toBe('DHCPOFFER 10.0.0.3')
  })

  test('asking again does not shorten a lease that runs', () => {
    const d = new Driver()
    d.lease(1)
    d.ask(1, DISCOVER)
    expect(d.wait(minutes(30)).state.leases.get(ipv4('10.0.0.3'))).toMatchObject({
      expires: after(d.now, minutes(30)),
      offered: false,
    })
  })

  test('a declined address rests for a lease', () => {
    const d = new Driver()
    d.lease(1)
    expect(d.ask(2, DECLINE, { requested: '10.0.0.3' })).toBe('silence')
    d.ask(1, DECLINE, { requested: '10.0.0.3' })
    expect(d.lease(1)).toBe('DHCPACK 10.0.0.4')
    expect(d.ask(2, DISCOVER)).toBe('silence')
    expect(d.wait(hours(1)).ask(2, DISCOVER)).toBe('DHCPOFFER 10.0.0.3')
  })

  test('a released address is free for others, and only its holder can release it', () => {
    const d = new Driver()
    d.lease(1)
    d.lease(2)
    d.ask(2, RELEASE, { ciaddr: '10.0.0.3' })
    expect(d.ask(3, DISCOVER)).toBe('silence')
    d.ask(1, RELEASE, { ciaddr: '10.0.0.3' })
    expect(d.ask(3, DISCOVER)).toBe('DHCPOFFER 10.0.0.3')
  })
})

describe('requests of a client that has, or had, a lease', () => {
  test.for([
    ['the wrong network', { requested: '192.168.1.100' }, 'DHCPNAK', 'another network'],
    ['another address than recorded', { requested: '10.0.0.4' }, 'DHCPNAK', 'recorded'],
    ['its own address', { requested: '10.0.0.3' }, 'DHCPACK 10.0.0.3', ''],
    ['renewal', { ciaddr: '10.0.0.3' }, 'DHCPACK 10.0.0.3', ''],
    ['renewal of a strange address', { ciaddr: '192.168.1.100' }, 'DHCPNAK', 'another network'],
    ['no address at all', {}, 'silence', 'asks for no address'],
  ] as const)('%s', ([, ask, answer, logged]) => {
    const d = new Driver()
    d.lease(1)
    expect(d.ask(1, REQUEST, ask)).toBe(answer)
    expect(d.log.join()).toContain(logged)
  })

  test.for([
    [
      'an unknown client that reboots is left to other servers',
      { requested: '10.0.0.4' },
      'silence',
    ],
    ['unless it asks for what another has', { requested: '10.0.0.3' }, 'DHCPNAK'],
    ['or for an address elsewhere', { requested: '172.16.0.1' }, 'DHCPNAK'],
    [
      'a renewal that this server forgot is granted while the address is free',
      { ciaddr: '10.0.0.4' },
      'DHCPACK 10.0.0.4',
    ],
    ['but not outside the pool', { ciaddr: '10.0.0.77' }, 'DHCPNAK'],
  ] as const)('%s', ([, ask, answer]) => {
    const d = new Driver()
    d.lease(1)
    expect(d.ask(2, REQUEST, ask)).toBe(answer)
  })
})

test('DHCPINFORM is told the settings and granted nothing', () => {
  const d = new Driver()
  expect(d.ask(1, DhcpMessageType.inform, { ciaddr: '10.0.0.200' })).toBe('DHCPACK')
  expect(d.state.leases.size).toBe(0)
})

test('what a relay agent brought goes back by it, and a refusal asks for a broadcast there (RFC 2131 §4.1, §4.3.2)', () => {
  const d = new Driver()
  const relayed = (type: number, requested?: string) =>
    d.bytes(
      encodeDhcp(
        dhcpMessage({
          op: 1,
          transaction: 9,
          hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
          relayAddress: ipv4('10.0.0.254'),
          options: [
            messageTypeOption(type),
            ...(requested === undefined ? [] : [numbersOption(50, ipv4(requested))]),
          ],
        }),
      ),
    )
  expect(relayed(DISCOVER)).toMatchObject({ relayAddress: ipv4('10.0.0.254'), broadcast: false })
  expect(d.sentTo).toEqual({ kind: 'relay', address: ipv4('10.0.0.254') })
  expect(relayed(REQUEST, '192.0.2.7')).toMatchObject({ broadcast: true })
  expect(d.sentTo).toEqual({ kind: 'relay', address: ipv4('10.0.0.254') })
})

test('replies and rubbish are ignored with a line in the log', () => {
  const d = new Driver()
  const base = {
    op: 1,
    transaction: 1,
    hardwareAddress: new Uint8Array(6),
    options: [messageTypeOption(1)],
  }
  expect(d.bytes(encodeDhcp(dhcpMessage({ ...base, op: 2 })))).toBeUndefined()
  expect(
    d.bytes(encodeDhcp(dhcpMessage({ ...base, options: [messageTypeOption(99)] }))),
  ).toBeUndefined()
  expect(d.bytes(new Uint8Array(10))).toBeUndefined()
  expect(d.log).toEqual([
    'ignored a DHCP type 99',
    'ignored a datagram: dhcp: truncated at header, byte 0 (RFC 2131 §2)',
  ])
})

test('whatever clients ask in any order, an address that one holds is granted to no other', () => {
  const ask = fc.record({
    client: fc.integer({ min: 1, max: 5 }),
    type: fc.constantFrom(DISCOVER, REQUEST, DECLINE, RELEASE),
    requested: fc.constantFrom(undefined, '10.0.0.3', '10.0.0.4', '10.9.9.9'),
    ciaddr: fc.constantFrom(undefined, '10.0.0.3', '10.0.0.4'),
    server: fc.constantFrom(undefined, '10.0.0.1', '10.0.0.9'),
    pause: fc.nat(90),
  })
  fc.assert(
    fc.property(fc.array(ask, { maxLength: 40 }), (asks) => {
      const d = new Driver()
      for (const { client, type, pause, ...rest } of asks) {
        d.wait(minutes(pause))
        const before = d.state.leases
        const given = Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined))
        const [verb, text] = d.ask(client, type, given).split(' ')
        if (verb !== 'DHCPACK' || text === undefined) continue
        const holder = before.get(ipv4(text))
        const mine = `02000000000${client}`
        expect(holder === undefined || holder.client === mine || holder.expires <= d.now).toBe(true)
        const clients = [...d.state.leases.values()].map((entry) => entry.client)
        expect(clients.filter((each) => each === mine)).toHaveLength(1)
      }
    }),
  )
})
