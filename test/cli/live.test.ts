/** `sallyport live` as a process of its own: what it prints, whom it answers, and how it ends. */
import { spawn, type ChildProcess } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { LINES_PER_SECOND, logLine, LogLines } from '../../src/cli/log-lines.ts'
import { instant } from '../../src/base/time.ts'
import { encodeMessage } from '../../src/wire/dns/encode.ts'
import { decodeMessage, queryFor } from '../../src/wire/dns/message.ts'
import { parseName } from '../../src/wire/dns/name.ts'
import { CLASS, TYPE } from '../../src/wire/dns/registry.ts'
import { startedFolder, type Folder } from './sallyport.ts'

const BIN = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url))

interface Running extends AsyncDisposable {
  readonly process: ChildProcess
  /** The next line of standard output. */
  line(): Promise<string>
  /** All that was printed after what {@link line} took, and how it ended. */
  end(): Promise<{ status: number | null; signal: string | null; stdout: string; stderr: string }>
}

function start(folder: Folder, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [BIN, 'live', 'topology.ts', ...args], {
    cwd: folder.path,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, LC_ALL: 'C.UTF-8' },
  })
  const lines: string[] = []
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const next = waiting.shift()
    if (next === undefined) lines.push(line)
    else next(line)
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  return {
    process: child,
    line: () =>
      new Promise((resolve, reject) => {
        const line = lines.shift()
        if (line !== undefined) resolve(line)
        else waiting.push(resolve)
        void closed.then(() => reject(new Error(`it ended: ${stderr}`)))
      }),
    async end() {
      const [status, signal] = await closed
      return { status, signal, stdout: lines.join('\n'), stderr }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await closed
    },
  }
}

interface Ready {
  readonly listening: readonly { node: string; protocol: string; address: string; port: number }[]
}

async function ask(port: number, name: string): Promise<number | undefined> {
  const parsed = parseName(name)
  if (!parsed.ok) throw new Error(name)
  const asked = { name: parsed.value, type: TYPE.A, class: CLASS.IN }
  const socket = dgram.createSocket('udp4')
  socket.send(encodeMessage(queryFor(asked, { id: 1, recursionDesired: false })), port, '127.0.0.1')
  const [bytes] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  const answer = decodeMessage(bytes)
  return answer.ok ? answer.value.answer.length : undefined
}

const ANY_PORT = ['--node', 'publicDns', '--port', '53=0']

describe('a live node', () => {
  test('says in one line of JSON what it listens on, answers, and ends with 0 on Ctrl-C', async () => {
    using folder = startedFolder()
    await using running = start(folder, ...ANY_PORT, '--json')
    const { listening } = JSON.parse(await running.line()) as Ready
    expect(listening).toMatchObject([
      { node: 'publicDns', protocol: 'udp', address: '127.0.0.1' },
      { node: 'publicDns', protocol: 'tcp', address: '127.0.0.1' },
    ])
    expect(await ask(listening[0]!.port, 'vpn.example.com')).toBe(1)
    running.process.kill('SIGINT')
    expect(await running.end()).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
  })

  test('tells people the same, and on SIGTERM what it has served', async () => {
    using folder = startedFolder()
    await using running = start(folder, ...ANY_PORT)
    expect(await running.line()).toMatch(/^publicDns of .* is live; Ctrl-C stops it$/)
    const udp = await running.line()
    expect(udp).toMatch(/^ {2}UDP {2}127\.0\.0\.1:\d+ {2}\(its port 53\)$/)
    expect(await ask(Number(/:(\d+)/.exec(udp)![1]), 'vpn.example.com')).toBe(1)
    running.process.kill('SIGTERM')
    const { status, stdout, stderr } = await running.end()
    expect(status).toBe(0)
    expect(stderr).toBe('')
    expect(stdout.split('\n').at(-1)).toBe('stopped: 1 datagrams taken and 1 sent, 0 connections')
  })

  test('with --expose the warning names the lab keys, on standard error', async () => {
    using folder = startedFolder()
    await using running = start(folder, ...ANY_PORT, '--json', '--expose')
    await running.line()
    running.process.kill('SIGINT')
    const { status, stderr } = await running.end()
    expect(status).toBe(0)
    expect(stderr).toMatch(/^warning: others can reach this\. The lab keys, private keys of /)
    expect(stderr.trimEnd().split('\n')).toHaveLength(2)
  })
})

describe('is refused in one line, with 2', () => {
  test.for([
    ['no node', [], "required option '--node <node>' not specified"],
    ['a node that is not there', ['--node', 'publicDn'], "did you mean 'publicDns'?"],
    ['an address that others reach', [...ANY_PORT, '--bind', '0.0.0.0'], '--expose'],
    ['IPv6', [...ANY_PORT, '--bind', '::1'], 'live sockets are IPv4 only'],
    ['a port that it does not serve', [...ANY_PORT, '--port', '99'], 'does not serve port 99'],
    ['a port that is no port', ['--node', 'publicDns', '--port', '53=x'], 'whole number'],
    ['half a peer', [...ANY_PORT, '--peer', '127.0.0.1'], '127.0.0.1=gateway'],
    ['a server without an address', [...ANY_PORT, '--to', 'gateway=there'], "'there' is not"],
    ['another instant', [...ANY_PORT, '--at', '2026-03-02'], "unknown option '--at'"],
  ] as const)('%s', ([, args, words]) => {
    using folder = startedFolder()
    const { status, stdout, complaints } = folder.run('live', 'topology.ts', ...args)
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(complaints.length).toBeGreaterThanOrEqual(1)
    expect(complaints.length).toBeLessThanOrEqual(2)
    expect(complaints.join('\n')).toContain(words)
  })

  test('a port in use, which is named', async () => {
    using folder = startedFolder()
    const taken = dgram.createSocket('udp4')
    taken.bind(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address()
    const ran = folder.run('live', 'topology.ts', '--node', 'publicDns', '--port', `53=${port}`)
    taken.close()
    expect(ran.status).toBe(2)
    expect(ran.complaints).toEqual([`error: UDP 127.0.0.1:${port} is in use by another program`])
  })
})

describe('the event log on a terminal', () => {
  const at = instant('2026-03-02T08:00:00.5Z')

  test('is a line an entry, whatever peers wrote into it', () => {
    const text = 'User: \u001b[2Jmallory\u202e\nDenied'
    expect(logLine({ at, source: 'NPS', eventId: 6273, text })).toBe(
      '2026-03-02T08:00:00.500000Z NPS 6273 User: \\u{1b}[2Jmallory\\u{202e}; Denied',
    )
    expect(logLine({ at, source: 'DNS', text: 'a\r\nb\u2028c' })).toBe(
      '2026-03-02T08:00:00.500000Z DNS a\\u{d}; b\\u{2028}c',
    )
  })

  test('long texts are cut', () => {
    expect(logLine({ at, source: 'x', text: 'y'.repeat(100_000) }).length).toBeLessThan(2100)
  })

  test('a flood is counted, not printed', () => {
    const lines: string[] = []
    const log = new LogLines((line) => lines.push(line))
    for (let i = 0; i < 5000; i++) log.add({ at, source: 'NPS', text: `${i}` })
    expect(lines).toHaveLength(LINES_PER_SECOND)
    log.add({ at: instant('2026-03-02T08:00:01Z'), source: 'NPS', text: 'calm' })
    expect(lines.slice(LINES_PER_SECOND)).toEqual([
      `… and ${5000 - LINES_PER_SECOND} entries more`,
      '2026-03-02T08:00:01Z NPS calm',
    ])
    log.flush()
    expect(lines).toHaveLength(LINES_PER_SECOND + 2)
  })
})
