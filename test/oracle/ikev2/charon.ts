/**
 * A charon of our own in its namespace: loads what a case renders, says what it sees, and is told when to renew, to move and to end.
 * Not a judge of the case: `compare.ts` holds what it saw against the twin.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StrongSwanFiles } from '../../../src/replica/render/strongswan.ts'
import { Namespace, type Wiring } from './namespace.ts'
import { readSas, type CharonSa } from './vici-text.ts'

const PING = fileURLToPath(new URL('ping.py', import.meta.url))
const START_MS_MAX = 20_000
const POLL_MS = 20

type Render = (directory: string, namespace: Namespace) => Promise<StrongSwanFiles>

export class Charon {
  readonly directory: string
  readonly namespace: Namespace
  readonly #output: string[]

  private constructor(directory: string, namespace: Namespace, output: string[]) {
    this.directory = directory
    this.namespace = namespace
    this.#output = output
  }

  /** `render` is told the folder, and where charon will be. Only `strongswan.conf` counts now. */
  static async start(wiring: Wiring, render: Render): Promise<Charon> {
    const charon = await Charon.prepare(wiring, render)
    try {
      await charon.begin()
      return charon
    } catch (thrown) {
      await charon.stop()
      throw thrown
    }
  }

  /** Everything that it needs stands, and it has not begun. */
  static async prepare(wiring: Wiring, render: Render): Promise<Charon> {
    const directory = mkdtempSync(path.join(tmpdir(), 'sallyport-charon-'))
    const output: string[] = []
    const namespace = await Namespace.open(
      wiring,
      ['charon-systemd'],
      { STRONGSWAN_CONF: path.join(directory, 'strongswan.conf') },
      (text) => output.push(text),
    )
    const charon = new Charon(directory, namespace, output)
    try {
      writeFiles(directory, await render(directory, namespace))
      return charon
    } catch (thrown) {
      await charon.stop()
      throw thrown
    }
  }

  async begin(): Promise<void> {
    this.namespace.release()
    await this.#whenReady()
  }

  async #whenReady(): Promise<void> {
    const end = performance.now() + START_MS_MAX
    while (performance.now() < end && !this.namespace.hasEnded) {
      if ((await this.#swanctl('--stats')).status === 0) return
      await sleep(POLL_MS)
    }
    throw new Error(`charon does not start:\n${this.#output.join('')}${this.log()}`)
  }

  #swanctl(...args: readonly string[]) {
    return this.namespace.run(
      'env',
      `SWANCTL_DIR=${this.directory}/swanctl`,
      `STRONGSWAN_CONF=${this.directory}/strongswan.conf`,
      'swanctl',
      ...args,
      '--uri',
      `unix://${this.directory}/charon.vici`,
    )
  }

  /** Connections, secrets, certificates: nothing of what was loaded before stays. */
  async load(files: StrongSwanFiles): Promise<void> {
    rmSync(path.join(this.directory, 'swanctl'), { recursive: true, force: true })
    writeFiles(this.directory, files)
    await this.#swanctl('--flush-certs')
    const { status, log } = await this.#swanctl('--load-all', '--clear')
    if (status !== 0) throw new Error(`swanctl --load-all: status ${status}\n${log}`)
  }

  /** Until the tunnel stands, or charon gave up; true: it stands. */
  async initiate(child: string, seconds: number): Promise<boolean> {
    const { status } = await this.#swanctl(
      '--initiate',
      '--child',
      child,
      '--timeout',
      `${seconds}`,
    )
    return status === 0
  }

  async rekey(what: 'ike' | 'child', name: string): Promise<void> {
    await this.#swanctl('--rekey', `--${what}`, name)
  }

  async terminate(name: string): Promise<void> {
    await this.#swanctl('--terminate', '--ike', name, '--timeout', '3')
  }

  /** Whatever is still up goes without a word, so that the next case begins with nothing. */
  async forget(): Promise<void> {
    for (const { uniqueId } of await this.sas()) {
      await this.#swanctl('--terminate', '--ike-id', uniqueId, '--force', '--timeout', '1')
    }
  }

  async sas(): Promise<readonly CharonSa[]> {
    return readSas((await this.#swanctl('--list-sas', '--raw')).log)
  }

  /** Replies to `count` pings, one each 20 ms. */
  async ping(from: string, to: string, count: number): Promise<number> {
    const { log } = await this.namespace.run('python3', PING, from, to, `${count}`)
    return Number(/^\d+$/m.exec(log)?.[0] ?? 0)
  }

  /** The DNS servers that it was given, as it writes them for the resolver. */
  dns(): readonly string[] {
    const text = readText(path.join(this.directory, 'resolv.conf'))
    return [...text.matchAll(/^nameserver (\S+)/gm)].map(([, address]) => address!)
  }

  log(): string {
    return readText(path.join(this.directory, 'charon.log'))
  }

  async stop(): Promise<void> {
    await this.namespace.close()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Not written yet.
    return ''
  }
}

function writeFiles(directory: string, { files }: StrongSwanFiles): void {
  for (const { name, text } of files) {
    const file = path.join(directory, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text, { mode: 0o600 })
  }
}
