/** Real TCP clients of a simulated web server: whole answers, both ways of closing, and clients that mean harm. */
import http from 'node:http'
import type net from 'node:net'
import { expect, test } from 'vitest'
import { CONNECTIONS_MAX, WRITE_BYTES_MAX } from '../../src/live/tcp-door.ts'
import { echoLab, LONG_PAGE, liveOn, portOf, tcpClient } from './real.ts'

const GET = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: server\r\n${more}\r\n`

async function textOf(socket: net.Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks).toString()
}

/** As {@link textOf} of a connection that may end in a reset. */
async function endOf(socket: net.Socket): Promise<void> {
  socket.on('error', () => {})
  socket.resume()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

test('a real HTTP client keeps its connection and gets whole pages', async () => {
  await using live = await liveOn(echoLab, { node: 'server' })
  const port = portOf(live, 'tcp', 80)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const get = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = http.get({ host: '127.0.0.1', port, path, agent }, (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (body += chunk))
        response.on('end', () => resolve(`${response.statusCode} ${body}`))
      })
      asked.on('error', reject)
    })
  expect(await get('/')).toBe('200 hello')
  expect(await get('/long')).toBe(`200 ${LONG_PAGE}`)
  expect(await get('/nothing')).toMatch(/^404 /)
  expect(live.counts.connections).toBe(1)
  agent.destroy()
})

test('a client that closes its half first gets its answer', async () => {
  await using live = await liveOn(echoLab, { node: 'server' })
  const socket = await tcpClient(portOf(live, 'tcp', 80))
  const text = textOf(socket)
  socket.end(GET('/'))
  expect(await text).toMatch(/hello$/)
})

test('a service that closes first is heard to the end', async () => {
  await using live = await liveOn(echoLab, { node: 'server' })
  const socket = await tcpClient(portOf(live, 'tcp', 80))
  const text = textOf(socket)
  socket.write(GET('/long', 'Connection: close\r\n'))
  expect(await text).toContain(LONG_PAGE)
})

test('a slow reader gets every byte of many answers in a row', async () => {
  await using live = await liveOn(echoLab, { node: 'server' })
  const socket = await tcpClient(portOf(live, 'tcp', 80))
  socket.write(GET('/long').repeat(9) + GET('/long', 'Connection: close\r\n'))
  let octets = 0
  for await (const chunk of socket) {
    octets += (chunk as Buffer).length
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(octets).toBeGreaterThan(10 * LONG_PAGE.length)
})

test('one who asks for much and reads nothing is reset, and the next is served', async () => {
  await using live = await liveOn(echoLab, { node: 'server' })
  const port = portOf(live, 'tcp', 80)
  const greedy = await tcpClient(port)
  greedy.pause()
  const gone = new Promise((resolve) => greedy.once('error', resolve))
  const asks = Math.ceil((2 * WRITE_BYTES_MAX) / LONG_PAGE.length)
  greedy.write(GET('/long').repeat(asks))
  // Whoever reads nothing hears of the reset only by writing.
  const nagging = setInterval(() => greedy.write(GET('/')), 20)
  await gone
  clearInterval(nagging)
  const next = await tcpClient(port)
  const text = textOf(next)
  next.end(GET('/'))
  expect(await text).toMatch(/hello$/)
})

test('connections beyond the limit are turned away, and a place is free when one goes', async () => {
  await using live = await liveOn(echoLab, { node: 'server' })
  const port = portOf(live, 'tcp', 80)
  const open: net.Socket[] = []
  for (let i = 0; i < CONNECTIONS_MAX; i++) open.push(await tcpClient(port))
  await expect.poll(() => live.counts.connections).toBe(CONNECTIONS_MAX)
  // Turned away before it knows that it was connected, or just after.
  await tcpClient(port).then(endOf, () => {})
  await expect.poll(() => live.counts.refused).toBe(1)
  open.pop()!.destroy()
  await expect
    .poll(async () => {
      const socket = await tcpClient(port).catch(() => undefined)
      if (socket === undefined) return 'turned away'
      const text = textOf(socket)
      socket.on('error', () => {})
      socket.end(GET('/'))
      return text
    })
    .toMatch(/hello$/)
  for (const socket of open) socket.destroy()
})

test('stopping ends connections that are open, and the service hears it', async () => {
  const live = await liveOn(echoLab, { node: 'server' })
  const socket = await tcpClient(portOf(live, 'tcp', 80))
  await expect.poll(() => live.counts.connections).toBe(1)
  const ended = endOf(socket)
  await live.stop()
  await ended
})

test('garbage is answered as the service answers it, and hurts nobody', async () => {
  await using live = await liveOn(echoLab, { node: 'server' })
  const socket = await tcpClient(portOf(live, 'tcp', 80))
  const text = textOf(socket)
  socket.write(Buffer.alloc(5000, 0xfe))
  socket.write('\r\n\r\n')
  expect(await text).toMatch(/^HTTP\/1\.1 400 /)
})
