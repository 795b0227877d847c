/** TLS over the simulated TCP: its client and its server, and peers that do not play along. */
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { ms, seconds } from '../../src/base/time.ts'
import {
  acceptTls,
  connectTls,
  type JudgeTls,
  type TlsVerdict,
} from '../../src/node/tls-connection.ts'
import type { TcpConnection, TcpHandlers } from '../../src/net/sockets.ts'
import { identityOf } from '../engine/tls-pair.ts'
import { Network } from '../net/network.ts'

const SERVER = { address: ipv4('10.0.0.2'), port: 443 }

function pair(loss = 0) {
  const net = new Network()
  net.segment('lan', { latency: ms(5), loss })
  return {
    net,
    client: net.stack('laptop', { lan: '10.0.0.1' }),
    server: net.stack('web', { lan: '10.0.0.2' }),
  }
}

type Pair = ReturnType<typeof pair>

/** All that the client's handlers heard, in order. */
function dial(
  { client }: Pair,
  judge: JudgeTls = (_chain, _name, done) => done({ accepted: true }),
  begin: (connection: TcpConnection) => void = () => undefined,
): string[] {
  const heard: string[] = []
  const connection = connectTls(
    client,
    SERVER,
    {
      onConnected: () => heard.push('connected'),
      onData: (bytes) => heard.push(`data ${Buffer.from(bytes).toString()}`),
      onEnd: () => heard.push('end'),
      onUntrusted: (detail) => heard.push(`untrusted ${detail}`),
      onTlsFailed: (detail) => heard.push(`failed ${detail}`),
      onClosed: (reason) => heard.push(`closed ${reason}`),
    },
    { name: 'nps.contoso.com', judge },
  )
  begin(connection)
  return heard
}

/** A server that says everything back, and closes after it. */
function echo({ server }: Pair): void {
  server.tcp.listen({ port: 443 }, (connection) =>
    acceptTls(server, connection, identityOf('nps'), (secured) => ({
      onData: (bytes) => {
        secured.send(bytes)
        secured.close()
      },
    })),
  )
}

const plainServer = ({ server }: Pair, serve: (connection: TcpConnection) => TcpHandlers): void => {
  server.tcp.listen({ port: 443 }, serve)
}

const wait = (of: Pair, time = seconds(30)): Promise<void> => of.net.world.advance(time)

describe('TLS over TCP', () => {
  test.each([0, 0.1])(
    'carries what was sent before the handshake, with a loss of %d',
    async (loss) => {
      const lan = pair(loss)
      echo(lan)
      const heard = dial(lan, undefined, (connection) => connection.send(Buffer.from('hello')))
      await wait(lan)
      expect(heard.slice(0, 3)).toEqual(['connected', 'data hello', 'end'])
    },
  )

  test('the handshake takes no virtual time beyond its packets', async () => {
    const lan = pair()
    echo(lan)
    let at: number | undefined
    const heard = dial(lan, (_chain, _name, done) => {
      at = lan.net.world.now
      done({ accepted: true })
    })
    const before = lan.net.world.now
    await wait(lan, seconds(1))
    expect(heard).toContain('connected')
    // ARP, SYN, and ClientHello, there and back: 5 ms each way.
    expect(at! - before).toBe(ms(30))
  })

  test('a judge may take its time, and the server hears nothing meanwhile', async () => {
    const lan = pair()
    echo(lan)
    let decide: ((verdict: TlsVerdict) => void) | undefined
    let dialled = ''
    const heard = dial(lan, (chain, name, done) => {
      dialled = `${name} ${chain.length}`
      decide = done
    })
    await wait(lan)
    expect(dialled).toBe('nps.contoso.com 2')
    expect(heard).toEqual([])
    decide!({ accepted: true })
    await wait(lan, seconds(1))
    expect(heard).toEqual(['connected'])
  })

  test('who is turned down hears why, in TLS’s words', async () => {
    const lan = pair()
    const told: string[] = []
    lan.server.tcp.listen({ port: 443 }, (connection) =>
      acceptTls(lan.server, connection, identityOf('nps'), () => ({
        onTlsFailed: (detail) => void told.push(detail),
      })),
    )
    const verdict = { accepted: false, detail: 'no such root', alert: 'unknown_ca' } as const
    const heard = dial(lan, (_chain, _name, done) => done(verdict))
    await wait(lan, seconds(1))
    expect(heard[0]).toBe('untrusted no such root')
    expect(told).toEqual(['the peer sent the alert unknown_ca'])
  })

  test('a server that speaks something else fails as TLS', async () => {
    const lan = pair()
    plainServer(lan, (connection) => ({
      onData: () => connection.send(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
    }))
    const heard = dial(lan)
    await wait(lan)
    expect(heard[0]).toMatch(/^failed bad-record: /)
  })

  test('a client that begins and goes away is let go', async () => {
    const lan = pair()
    const closed: string[] = []
    lan.server.tcp.listen({ port: 443 }, (connection) =>
      acceptTls(lan.server, connection, identityOf('nps'), () => ({
        onClosed: (reason) => closed.push(reason),
      })),
    )
    const beginning = lan.client.tcp.connect(SERVER, {
      onConnected: () => {
        // A ClientHello of which most is to come.
        beginning.send(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3))
        beginning.close()
      },
    })
    await wait(lan, seconds(5))
    expect(closed).toEqual(['closed'])
  })

  test('a server that closes, and one that resets, in the middle', async () => {
    for (const act of ['close', 'abort'] as const) {
      const lan = pair()
      plainServer(lan, (connection) => ({ onData: () => connection[act]() }))
      const heard = dial(lan)
      await wait(lan)
      expect(heard[0]).toBe(act === 'close' ? 'end' : 'closed reset')
    }
  })
})
