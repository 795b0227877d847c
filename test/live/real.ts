/** Real clients for the tests of live: what they send leaves this process's own sockets. */
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { dnsServer, host, listener, topology, webServer, type Topology } from 'sallyport'
import { startLive, type LiveOptions, type LiveSession } from '../../src/live/live.ts'
import { encodeMessage } from '../../src/wire/dns/encode.ts'
import { queryFor } from '../../src/wire/dns/message.ts'
import { parseName } from '../../src/wire/dns/name.ts'
import { CLASS, TYPE } from '../../src/wire/dns/registry.ts'

export const LONG_PAGE = 'x'.repeat(300_000)

/**  asker ── lan ── server    Echo on UDP 7, a web page on TCP 80. */
export const echoLab = topology({
  name: 'echo',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: '10.9.0.0/24' },
  nodes: {
    asker: host({ lan: '10.9.0.5' }),
    server: host(
      { lan: '10.9.0.2' },
      {
        services: [
          listener({ name: 'echo', udp: [7] }),
          webServer({ pages: { '/': 'hello', '/long': LONG_PAGE } }),
        ],
      },
    ),
  },
})

/** A session on any free ports; it must start. */
export async function liveOn(
  network: Topology,
  options: LiveOptions,
): Promise<LiveSession & AsyncDisposable> {
  const started = await startLive(network, { realPort: () => 0, ...options })
  if (!started.ok) throw new Error(JSON.stringify(started.error))
  return Object.assign(started.value, {
    [Symbol.asyncDispose]: async () => void (await started.value.stop()),
  })
}

export function portOf(session: LiveSession, protocol: 'udp' | 'tcp', servicePort: number): number {
  const door = session.listening.find(
    (each) => each.protocol === protocol && each.servicePort === servicePort,
  )
  if (door === undefined) throw new Error(`${protocol} ${servicePort} is not served`)
  return door.port
}

export interface Client extends AsyncDisposable {
  readonly port: number
  send(bytes: Uint8Array, port: number): void
  /** The next datagram that arrives, or has arrived. */
  receive(): Promise<{ readonly bytes: Buffer; readonly port: number }>
}

export async function udpClient(address = '127.0.0.1', port = 0): Promise<Client> {
  const socket = dgram.createSocket('udp4')
  const arrived: { bytes: Buffer; port: number }[] = []
  const waiting: ((one: { bytes: Buffer; port: number }) => void)[] = []
  socket.on('message', (bytes, from) => {
    const one = { bytes, port: from.port }
    const next = waiting.shift()
    if (next === undefined) arrived.push(one)
    else next(one)
  })
  socket.bind(port, address)
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    send: (bytes, to) => socket.send(bytes, to, '127.0.0.1'),
    receive: () =>
      new Promise((resolve) => {
        const one = arrived.shift()
        if (one === undefined) waiting.push(resolve)
        else resolve(one)
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        socket.close(() => resolve())
      }),
  }
}

export async function tcpClient(port: number): Promise<net.Socket> {
  const socket = net.connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  return socket
}

/**  asker ── lan ── server    A DNS server with a zone of its own that forwards the rest to an address where nobody simulated is. */
export const dnsLab = topology({
  name: 'dns',
  start: '2026-03-02T08:00:00Z',
  networks: { lan: '10.9.0.0/24' },
  zones: {
    example: {
      origin: 'example.com',
      file: {
        path: 'example.com.zone',
        encoding: 'utf-8',
        text: '@ 60 IN SOA ns hostmaster 1 60 60 60 60\n@ IN NS ns\nns IN A 10.9.0.2\nhere IN A 10.9.0.3\n',
      },
    },
  },
  nodes: {
    asker: host({ lan: { address: '10.9.0.5', dns: ['10.9.0.2'] } }),
    server: host(
      { lan: '10.9.0.2' },
      { services: [dnsServer({ zones: ['example'], recursion: true, forwarders: ['10.9.0.9'] })] },
    ),
  },
})

export function question(name: string): Uint8Array {
  const parsed = parseName(name)
  if (!parsed.ok) throw new Error(name)
  const asked = { name: parsed.value, type: TYPE.A, class: CLASS.IN }
  return encodeMessage(queryFor(asked, { id: 4711, recursionDesired: true }))
}
