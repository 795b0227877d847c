import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../../src/base/bytes.ts'
import { ms, seconds } from '../../../src/base/time.ts'
import { alone, message, status } from './alone.ts'
import { SstpPair } from './pair.ts'

describe('hello', () => {
  test('a minute of silence is followed by a question, and the answer by another minute', () => {
    const { client, server, clock } = new SstpPair().connect()
    clock.run(seconds(300))
    expect(client.messages().filter((each) => each === '> ECHO_REQUEST {}').length).toBeGreaterThan(
      1,
    )
    expect([client.tunnel, server.tunnel]).not.toContain(undefined)
  })

  test('traffic is a sign of life, too', () => {
    const pair = new SstpPair().connect()
    for (let n = 0; n < 20; n++) {
      pair.clock.run(seconds(30))
      pair.client.input({ kind: 'packet', bytes: fromHex('45') })
      pair.server.input({ kind: 'packet', bytes: fromHex('45') })
    }
    expect(pair.client.messages().some((each) => each.includes('ECHO'))).toBe(false)
  })

  test('a peer that is gone is given up two minutes after its last word, without another', () => {
    const pair = new SstpPair().connect()
    pair.isCut = true
    pair.clock.run(seconds(119))
    expect(pair.client.over).toBeUndefined()
    pair.clock.run(seconds(2))
    for (const side of [pair.client, pair.server]) {
      expect(side.over).toEqual({ kind: 'over', why: 'no-answer', abort: true })
      expect(side.messages().at(-1)).toBe('> ECHO_REQUEST {}')
      expect([side.tunnel, side.timers.size]).toEqual([undefined, 0])
    }
  })

  test('settings are heeded', () => {
    const pair = new SstpPair({ client: { timers: { hello: seconds(5) } } }).connect()
    pair.clock.run(seconds(6))
    expect(pair.client.messages().at(-1)).toBe('< ECHO_RESPONSE {}')
  })
})

describe('the end', () => {
  test.for(['client', 'server'] as const)('is said in order by a %s that closes', (who) => {
    const pair = new SstpPair().connect()
    const [own, peer] = who === 'client' ? [pair.client, pair.server] : [pair.server, pair.client]
    own.input({ kind: 'close', why: 'logoff' })
    expect(own.tunnel).toBeUndefined()
    pair.clock.run(seconds(10))
    expect(own.over).toEqual({ kind: 'over', why: 'closed', abort: false })
    expect(own.report('sstp/over')).toEqual({ kind: 'sstp/over', why: 'closed', detail: 'logoff' })
    expect(peer.over?.why).toBe('terminated-by-peer')
    expect(own.messages().some((each) => each.includes('CALL_DISCONNECT'))).toBe(true)
    expect(peer.messages().some((each) => each.includes('CALL_ABORT'))).toBe(false)
    expect([peer.tunnel, own.timers.size, peer.timers.size]).toEqual([undefined, 0, 0])
  })

  test('needs no words', () => {
    const { client } = new SstpPair().connect()
    const before = client.sent.length
    client.input({ kind: 'close', silent: true, why: 'network gone' })
    expect(client.over).toEqual({ kind: 'over', why: 'closed', abort: false })
    expect(client.sent).toHaveLength(before)
    const { length } = client.outputs
    client.input({ kind: 'stream', bytes: message(8) }).input({ kind: 'close' })
    expect(client.outputs).toHaveLength(length)
  })

  test('comes with the stream', () => {
    const { client } = new SstpPair().connect()
    client.input({ kind: 'stream-ended' })
    expect(client.over?.why).toBe('stream-ended')
    expect(client.tunnel).toBeUndefined()
  })

  test.for(['client', 'server'] as const)(
    'of a %s before anything was agreed is at once',
    (role) => {
      const { side } = alone(role)
      side.input({ kind: 'close' })
      expect(side.over?.why).toBe('closed')
    },
  )

  test('by CALL_ABORT is answered, and waited for a second', () => {
    const { client, clock } = new SstpPair().connect()
    client.deliver = () => {}
    client.input({ kind: 'stream', bytes: message(5, status(3, 7)) })
    expect(client.messages().at(-1)).toBe('> CALL_ABORT {STATUS_INFO(NO_ERROR: NO_ERROR)}')
    expect(client.tunnel).toBeUndefined()
    const before = client.sent.length
    client.input({ kind: 'stream', bytes: concat(message(5), message(6), message(8)) })
    expect(client.sent).toHaveLength(before)
    clock.run(ms(999))
    expect(client.over).toBeUndefined()
    clock.run(ms(2))
    expect(client.over?.why).toBe('aborted-by-peer')
  })

  test('by CALL_DISCONNECT is answered, and waited for a second', () => {
    const { client, clock } = new SstpPair().connect()
    client.deliver = () => {}
    client.input({ kind: 'stream', bytes: message(6, status(0, 0)) })
    expect(client.messages().at(-1)).toBe('> CALL_DISCONNECT_ACK {}')
    clock.run(ms(1001))
    expect(client.over?.why).toBe('disconnected-by-peer')
  })

  test('by CALL_DISCONNECT of both at once ends both', () => {
    const { client, clock } = new SstpPair().connect()
    client.deliver = () => {}
    client.input({ kind: 'close' })
    // PPP's Terminate-Ack, and the peer's own good-bye for ours.
    client.input({
      kind: 'stream',
      bytes: fromHex(
        `1000000c ff03c021 06${toHex(Uint8Array.of(client.state.ppp.lcp.identifier))}0004`,
      ),
    })
    expect(client.state.phase).toBe('disconnect-ack-pending')
    client.input({ kind: 'stream', bytes: message(6) })
    expect(client.messages().at(-1)).toBe('> CALL_DISCONNECT_ACK {}')
    clock.run(seconds(2))
    expect(client.over?.why).toBe('closed')
  })

  test('is waited for no longer than five seconds', () => {
    const { client, clock } = new SstpPair().connect()
    client.deliver = () => {}
    client.input({ kind: 'close' })
    // Two Terminate-Requests, three seconds each, then CALL_DISCONNECT.
    clock.run(seconds(6))
    expect(client.messages().at(-1)).toContain('> CALL_DISCONNECT')
    clock.run(ms(4900))
    expect(client.over).toBeUndefined()
    clock.run(ms(200))
    expect(client.over?.why).toBe('closed')
  })

  test('asks for no sign of life', () => {
    const { client, clock } = new SstpPair({
      client: { timers: { hello: seconds(8) } },
    }).connect()
    client.deliver = () => {}
    client.input({ kind: 'close' })
    clock.run(seconds(10))
    expect(client.state.phase).toBe('disconnect-ack-pending')
    expect(client.messages().some((each) => each.includes('ECHO'))).toBe(false)
  })

  test('leaves no packet behind', () => {
    const { client } = new SstpPair().connect()
    client.input({ kind: 'close' })
    client.input({ kind: 'stream', bytes: fromHex('1000000bff0300214500ab') })
    const before = client.sent.length
    client.input({ kind: 'packet', bytes: fromHex('45') })
    expect([client.packets, client.sent.length]).toEqual([[], before])
  })
})
