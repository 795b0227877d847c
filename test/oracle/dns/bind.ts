/**
 * BIND as a judge: a `named` of our own on a loopback address and a high port, asked over UDP and TCP with many questions under way.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket as TcpSocket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { renderNamed } from '../../../src/replica/render/named.ts'
import type { DnsServerSpec } from '../../../src/topology/services.ts'
import type { ZoneSpec } from '../../../src/topology/topology.ts'
import { frameMessage, MessageStream } from '../../../src/wire/dns/message.ts'

const ADDRESS = '127.0.0.1'
const START_MS_MAX = 10_000
const ANSWER_MS_MAX = 1000

export const namedIsInstalled = (): boolean => spawnSync('named', ['-v']).status === 0

export interface Bind {
  ask(bytes: Uint8Array, transport: 'udp' | 'tcp'): Promise<Uint8Array | undefined>
  stop(): Promise<void>
}

/** A TCP port that nobody listens on at the moment. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, ADDRESS, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

/** Start `named` with these zones; rejects with its own log when it does not come up with all of them. */
export async function startBind(
  spec: DnsServerSpec,
  zones: Readonly<Record<string, ZoneSpec>>,
): Promise<Bind> {
  const directory = mkdtempSync(path.join(tmpdir(), 'sallyport-named-'))
  const port = await freePort()
  for (const file of renderNamed({ spec, zones, listen: { address: ADDRESS, port }, directory })
    .files) {
    writeFileSync(path.join(directory, file.name), file.text)
  }
  const child = spawn('named', ['-g', '-n', '1', '-c', path.join(directory, 'named.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    await whenRunning(child)
  } catch (thrown) {
    child.kill()
    rmSync(directory, { recursive: true })
    throw thrown
  }
  const udp = await udpAsker(port)
  const tcp = await tcpAsker(port)
  return {
    ask: (bytes, transport) => (transport === 'udp' ? udp : tcp).ask(bytes),
    stop: async () => {
      udp.close()
      tcp.close()
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await gone
      rmSync(directory, { recursive: true })
    },
  }
}

function whenRunning(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    const fail = (why: string): void => reject(new Error(`named ${why}:\n${log}`))
    const timer = setTimeout(() => fail('did not start in time'), START_MS_MAX)
    child.stderr!.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (/not loaded due to errors|loading from master file .* failed/.test(log))
        fail('refused a zone')
      if (!/ running$/m.test(log)) return
      clearTimeout(timer)
      resolve()
    })
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with ${code}`)
    })
  })
}

interface Asker {
  ask(bytes: Uint8Array): Promise<Uint8Array | undefined>
  close(): void
}

/** Answers are matched by message id, so ids under way must differ. */
class Waiting {
  readonly #waiting = new Map<number, (bytes: Uint8Array | undefined) => void>()

  until(id: number): Promise<Uint8Array | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, undefined), ANSWER_MS_MAX)
      this.#waiting.set(id, (bytes) => {
        clearTimeout(timer)
        resolve(bytes)
      })
    })
  }

  receive(bytes: Uint8Array): void {
    this.#settle((bytes[0]! << 8) | bytes[1]!, bytes)
  }

  #settle(id: number, bytes: Uint8Array | undefined): void {
    const settle = this.#waiting.get(id)
    this.#waiting.delete(id)
    settle?.(bytes)
  }
}

const idOf = (bytes: Uint8Array): number => (bytes[0]! << 8) | bytes[1]!

function udpAsker(port: number): Promise<Asker> {
  const waiting = new Waiting()
  const socket: Socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })
  socket.on('message', (message) => waiting.receive(new Uint8Array(message)))
  return new Promise((resolve) => {
    socket.connect(port, ADDRESS, () =>
      resolve({
        ask(bytes) {
          const answered = waiting.until(idOf(bytes))
          socket.send(bytes)
          return answered
        },
        close: () => socket.close(),
      }),
    )
  })
}

function tcpAsker(port: number): Promise<Asker> {
  const waiting = new Waiting()
  return new Promise((resolve, reject) => {
    let socket: TcpSocket
    const open = (ready: () => void): void => {
      const stream = new MessageStream()
      socket = connect(port, ADDRESS, ready)
      socket.setNoDelay(true)
      socket.on('data', (chunk) => {
        for (const message of stream.push(new Uint8Array(chunk))) waiting.receive(message)
      })
      socket.on('error', reject)
    }
    const asker: Asker = {
      ask(bytes) {
        const answered = waiting.until(idOf(bytes))
        const send = (): void => void socket.write(frameMessage(bytes))
        // BIND closes a connection on which it met a message that it cannot read.
        if (socket.readyState === 'open') send()
        else open(send)
        return answered
      },
      close: () => socket.destroy(),
    }
    open(() => resolve(asker))
  })
}
