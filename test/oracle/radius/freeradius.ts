/**
 * FreeRADIUS as a judge: a `freeradius` of our own on loopback and high ports, made of a topology by `replica/render/freeradius.ts`.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Compiled } from '../../../src/lab/compile.ts'
import { renderFreeRadius } from '../../../src/replica/render/freeradius.ts'
import { onLoopback } from './topology.ts'

export const SERVER = '127.0.0.1'
const START_MS_MAX = 60_000

export const freeRadiusIsInstalled = (): boolean =>
  [
    ['freeradius', '-v'],
    ['radclient', '-v'],
    ['eapol_test', '-v'],
  ].every(([program, option]) => spawnSync(program!, [option!]).error === undefined)

/** A RADIUS server under test, whichever it is. */
export interface RadiusServer {
  readonly port: number
  readonly accountingPort: number
  stop(): Promise<void>
}

/** UDP ports that nobody is bound to at the moment. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'))
  await Promise.all(
    sockets.map((socket) => new Promise<void>((ready) => socket.bind(0, SERVER, ready))),
  )
  const ports = sockets.map((socket) => socket.address().port)
  await Promise.all(sockets.map((socket) => new Promise<void>((gone) => socket.close(gone))))
  return ports
}

export interface FreeRadiusPlace {
  /** The loopback address that stands for an address of the network. Default {@link onLoopback}. */
  readonly realAddress?: (address: string) => string
  /** How a program is started where it is to run. Default: here. */
  readonly command?: (program: string, ...args: string[]) => readonly [string, readonly string[]]
}

/** Start FreeRADIUS as the NPS of a topology; rejects with its own log when it does not come up. */
export async function startFreeRadius(
  compiled: Compiled,
  {
    realAddress = onLoopback,
    command = (program, ...args) => [program, args],
  }: FreeRadiusPlace = {},
): Promise<RadiusServer & { readonly pid: number }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'sallyport-radius-'))
  const [port = 0, accountingPort = 0] = await freePorts(2)
  const listen = {
    address: SERVER,
    authenticationPorts: [port],
    accountingPorts: [accountingPort],
  }
  const node = 'nps'
  const rendered = renderFreeRadius({
    compiled,
    node,
    listen,
    directory,
    realAddress,
  })
  for (const { name, text } of rendered.files) {
    const file = path.join(directory, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text, { mode: 0o600 })
  }
  const [program, args] = command(
    ...(['freeradius', '-f', '-l', 'stdout', '-n', 'radiusd', '-d', directory] as const),
  )
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await gone
    }
    rmSync(directory, { recursive: true })
  }
  try {
    await whenReady(child)
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { port, accountingPort, pid: child.pid!, stop }
}

function whenReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    const fail = (why: string): void => reject(new Error(`freeradius ${why}:\n${log}`))
    const timer = setTimeout(() => fail('did not start in time'), START_MS_MAX)
    const hear = (chunk: Buffer): void => {
      log = `${log}${chunk.toString()}`.slice(-20_000)
      if (!log.includes('Ready to process requests')) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout!.on('data', hear)
    child.stderr!.on('data', hear)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with status ${code}`)
    })
  })
}
