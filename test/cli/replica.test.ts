/** `sallyport replica` as a process of its own: what it says, what it leaves behind, and how it ends. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { startFakeEngine } from '../replica/fake-engine.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Ended {
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

function start(...args: readonly string[]): {
  readonly child: ChildProcess
  end(): Promise<Ended>
} {
  const child = spawn(process.execPath, ['bin/sallyport.js', 'replica', ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, DOCKER_HOST: undefined },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  return {
    child,
    async end() {
      const [status, signal] = await closed
      return { status, signal, stdout, stderr }
    },
  }
}

const run = (...args: readonly string[]): Promise<Ended> => start(...args).end()

describe('a replica', () => {
  test('goes up, is told node by node, signs in, and goes down', async () => {
    await using fake = await startFakeEngine({
      images: ['my-base'],
      run: ([program]) => {
        if (program === 'ip') return { status: 0, output: 'inet 172.16.20.130/32' }
        if (program === 'cat') return { status: 0, output: 'nameserver 10.10.0.6 # by strongSwan' }
        if (program === 'dig') return { status: 0, output: '10.10.0.20\n' }
        return { status: 0, output: program === 'curl' ? 'Welcome\n' : '' }
      },
    })
    const engine = ['--engine', fake.socket]
    const up = await run('up', ...engine, '--base', 'my-base')
    expect(up).toMatchObject({ status: 0, stderr: '' })
    expect(up.stdout).toMatch(/^contoso is up: 14 containers on 11 networks\n/)
    expect(up.stdout).toContain('  unlike the topology: ')

    const status = await run('status', ...engine, '--json')
    expect(status.status).toBe(0)
    expect(JSON.parse(status.stdout)).toMatchObject({ topology: 'contoso', missing: [] })

    const url = 'http://intranet.corp.contoso.com/'
    const signIn = await run('sign-in', ...engine, '--fetch', url)
    expect(signIn).toMatchObject({ status: 0 })
    expect(signIn.stdout).toBe(
      'laptop is connected to vpn.contoso.com: 172.16.20.130, DNS 10.10.0.6\nWelcome\n',
    )

    const down = await run('down', ...engine)
    expect(down.stdout).toBe('removed 14 containers, 11 networks, 0 images\n')
    const gone = await run('status', ...engine)
    expect(gone.status).toBe(1)
    expect(gone.stdout).toContain('not there: laptop, homeRouter')
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s half-way leaves nothing behind', async (signal) => {
    const running: ChildProcess[] = []
    await using fake = await startFakeEngine({
      images: ['my-base'],
      onRequest: async (what) => {
        if (!what.endsWith('/start') || fake.containers.size !== 5) return
        running[0]?.kill(signal)
        await new Promise((resolve) => setTimeout(resolve, 100))
      },
    })
    const up = start('up', '--engine', fake.socket, '--base', 'my-base')
    running.push(up.child)
    expect(await up.end()).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr: 'error: called off; what was started is gone\n',
    })
    expect(fake.containers.size).toBe(0)
    expect(fake.networks.size).toBe(0)
  })

  test('who does not get the tunnel is told why, with status 1', async () => {
    await using fake = await startFakeEngine({
      images: ['my-base'],
      run: (command) =>
        command.includes('--initiate')
          ? { status: 22, output: '[IKE] received AUTHENTICATION_FAILED notify error\n' }
          : { status: 0 },
    })
    await run('up', '--engine', fake.socket, '--base', 'my-base')
    const { status, stdout } = await run('sign-in', '--engine', fake.socket)
    expect(status).toBe(1)
    expect(stdout).toBe(
      'laptop does not get its tunnel to vpn.contoso.com:\n[IKE] received AUTHENTICATION_FAILED notify error\n',
    )
  })
})

describe('what is refused, in one line with status 2', () => {
  test.each([
    [['up', '--engine', '/nowhere.sock'], 'error: no engine at /nowhere.sock: connect ENOENT'],
    [
      ['up', '--client', 'lapto'],
      "error: ./topologies/contoso/topology.ts: --client 'lapto' is no",
    ],
    [['sign-in', '--fetch', 'ftp://x/'], "error: --fetch 'ftp://x/' is no http(s) URL"],
    [['up', '--bas', 'x'], "error: unknown option '--bas'"],
  ])('%s', async (args, line) => {
    const { status, stdout, stderr } = await run(...args)
    expect({ status, stdout, stderr: stderr.slice(0, line.length) }).toEqual({
      status: 2,
      stdout: '',
      stderr: line,
    })
  })
})

test('render writes what is committed, and names what is not of it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-render-'))
  try {
    const first = await run('render', folder)
    expect(first.stdout).toMatch(/^wrote \d+ files into /)
    const names = readdirSync(folder).toSorted()
    expect(names).toEqual(readdirSync(path.join(ROOT, 'docker')).toSorted())
    const other = await run('render', folder, '--client', 'hotelLaptop', '--json')
    const { stale } = JSON.parse(other.stdout) as { readonly stale: readonly string[] }
    expect(stale).toContain('client/laptop/nftables.conf')
    expect(stale.some((name) => name.includes('gateway'))).toBe(false)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
