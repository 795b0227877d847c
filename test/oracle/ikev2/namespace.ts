/**
 * Two network namespaces with a cable between them: this process is in one, charon alone in the other. Both are gone with the processes in them,
 * however those end: a namespace has no name here, and what is started dies with its parent.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../radius/clients.ts'

const INSIDE = 'SALLYPORT_IKEV2_INSIDE'
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const JITI = fileURLToPath(new URL('../../../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url))

/** Why this machine cannot judge, or undefined when it can. */
export function missingJudge(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root: no network namespaces'
  for (const argv of [
    ['ip', '-V'],
    ['unshare', '--version'],
    ['nsenter', '--version'],
    ['setpriv', '--version'],
    ['python3', '--version'],
    ['swanctl', '--version'],
    ['freeradius', '-v'],
    ['named', '-v'],
    ['dig', '-v'],
    ['curl', '-V'],
  ] as const) {
    const [program, ...args] = argv
    if (spawnSync(program, args).error !== undefined) return `${program} is not installed`
  }
  // charon-systemd knows no option that only asks: whatever it is told, it starts.
  return spawnSync('sh', ['-c', 'command -v charon-systemd']).status === 0
    ? undefined
    : 'charon-systemd is not installed'
}

export const isInside = (): boolean => process.env[INSIDE] !== undefined

/** Run this oracle again in a namespace of its own, and end as it does. */
export async function runInside(args: readonly string[]): Promise<void> {
  const command = ['setpriv', '--pdeathsig', 'TERM', process.execPath, JITI, MAIN, ...args]
  const child = spawn('unshare', ['--net', ...command], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  })
  const forward = (): void => void child.kill('SIGTERM')
  process.once('SIGINT', forward)
  process.once('SIGTERM', forward)
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 70))
  })
}

/** Run a program that must succeed. */
export async function must(program: string, ...args: readonly string[]): Promise<string> {
  const { status, log } = await runProgram(program, args)
  if (status === 0) return log
  throw new Error(`${program} ${args.join(' ')}: status ${status}\n${log}`)
}

/** Addresses with their prefix length, by interface. */
export interface Wiring {
  /** What is at this end of the cable. Default: the namespace of this process. */
  readonly from?: Namespace
  /** On the cable, this end. Absent: there is no cable, until another namespace is wired `from` that one. */
  readonly here?: readonly string[]
  readonly there: readonly string[]
  /** Behind the other end. */
  readonly behind: readonly string[]
}

const CABLE = 'cable'

/** A namespace that lives as long as the one program in it, which has not begun yet: {@link Namespace.release} lets it. */
export class Namespace {
  readonly #child: ChildProcess
  /** Of the one program in it. */
  readonly pid: string
  #unplug: () => Promise<void> = async () => {}

  private constructor(child: ChildProcess) {
    this.#child = child
    this.pid = `${child.pid}`
  }

  /** Make it, wire it, and have `argv` wait in it. `output`: whatever it prints. */
  static async open(
    wiring: Wiring,
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    output: (text: string) => void,
  ): Promise<Namespace> {
    // `read` is the shell's own, so that the one process becomes the program.
    const script = 'read go && exec "$@"'
    const child = spawn(
      'unshare',
      ['--net', 'setpriv', '--pdeathsig', 'TERM', 'sh', '-c', script, 'sh', ...argv],
      { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } },
    )
    child.stdout.on('data', (chunk: Buffer) => output(chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => output(chunk.toString()))
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    const namespace = new Namespace(child)
    try {
      await namespace.#whenApart()
      await namespace.#wire(wiring)
    } catch (thrown) {
      await namespace.close()
      throw thrown
    }
    return namespace
  }

  /** Until the process has left the namespace of this one. */
  async #whenApart(): Promise<void> {
    const own = await must('readlink', '/proc/self/ns/net')
    for (let tries = 0; tries < 200; tries++) {
      if ((await must('readlink', `/proc/${this.pid}/ns/net`)) !== own) return
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    throw new Error('unshare made no namespace')
  }

  async #wire({ from, here, there, behind }: Wiring): Promise<void> {
    await this.must('ip', 'link', 'set', 'lo', 'up')
    for (const address of behind) await this.must('ip', 'addr', 'add', address, 'dev', 'lo')
    if (here === undefined) return
    const run = from === undefined ? must : from.must.bind(from)
    const cable = ['link', 'add', CABLE, 'type', 'veth', 'peer', 'name', CABLE] as const
    await run('ip', ...cable, 'netns', this.pid)
    this.#unplug = async () => {
      const del = ['link', 'del', CABLE] as const
      await (from === undefined ? runProgram('ip', del) : from.run('ip', ...del))
    }
    await run('ip', 'link', 'set', 'lo', 'up')
    for (const address of here) await run('ip', 'addr', 'add', address, 'dev', CABLE)
    await run('ip', 'link', 'set', CABLE, 'up')
    for (const address of there) await this.must('ip', 'addr', 'add', address, 'dev', CABLE)
    await this.must('ip', 'link', 'set', CABLE, 'up')
  }

  /** The program begins. */
  release(): void {
    this.#child.stdin!.end('go\n')
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** How a program is started in there. */
  command(program: string, ...args: readonly string[]): readonly [string, readonly string[]] {
    return ['nsenter', ['--net=/proc/' + this.pid + '/ns/net', program, ...args]]
  }

  /** Start a program in there that stays; the returned function ends it. */
  start(program: string, ...args: readonly string[]): () => void {
    const child = spawn(...this.#detached(program, args), { stdio: 'ignore' })
    child.once('error', () => undefined)
    return () => void child.kill()
  }

  #detached(program: string, args: readonly string[]): [string, readonly string[]] {
    const [outer, inner] = this.command(program, ...args)
    return ['setpriv', ['--pdeathsig', 'TERM', outer, ...inner]]
  }

  run(program: string, ...args: readonly string[]): ReturnType<typeof runProgram> {
    return runProgram(...this.command(program, ...args))
  }

  must(program: string, ...args: readonly string[]): Promise<string> {
    const [outer, inner] = this.command(program, ...args)
    return must(outer, ...inner)
  }

  async close(): Promise<void> {
    if (!this.hasEnded) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.kill('SIGTERM')
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
      await gone
      clearTimeout(timer)
    }
    // Its end goes with the namespace, and this one with it; the kernel takes its time.
    await this.#unplug()
  }
}
