/**
 * `sallyport live`: real clients and servers talk to one simulated node, until it is stopped. Holds when it was stopped.
 * Not the sockets: `live/live.ts` opens them.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { err, ok, type Result } from '../base/result.ts'
import { formatInstant } from '../base/time.ts'
import { loadTopology } from '../lab/load.ts'
import { placeProblems } from '../lab/problem-place.ts'
import type { LiveCounts } from '../live/counts.ts'
import { keyFilesOf } from '../live/keys.ts'
import { startLive, type LiveOptions, type LiveSession, type LogEntry } from '../live/live.ts'
import type { PeerSpec } from '../live/speakers.ts'
import { refused, type Answer } from './answer.ts'
import { LogLines } from './log-lines.ts'
import type { CommonOptions } from './options.ts'
import { fileOf, unknownNode } from './open-lab.ts'
import { collectGarbage, growSlowly } from './steady-memory.ts'
import { untilSignalled } from './signals.ts'
import type { Terminal } from './terminal.ts'

export interface LiveCommandOptions extends CommonOptions {
  readonly seed: number
  readonly node: string
  readonly bind: string
  readonly expose?: true | undefined
  /** `1812=11812`: the service's port and the real one. Given at least once: only these are served. */
  readonly port?: readonly PortMapping[] | undefined
  readonly portOffset: number
  readonly peer?: readonly PeerSpec[] | undefined
  readonly to?: NonNullable<LiveOptions['remotes']> | undefined
  readonly quiet?: true | undefined
  /** A folder for the lab's certificates and keys. */
  readonly export?: string | undefined
}

export interface PortMapping {
  readonly service: number
  /** Default: the service's port and the offset. */
  readonly real?: number
}

/** A switch's ports and interfaces need no mapping: only what services listen on. */
function realPortOf({ port: mappings, portOffset }: LiveCommandOptions) {
  return (port: number): number | undefined => {
    if (mappings === undefined) return port + portOffset
    const mapping = mappings.find(({ service }) => service === port)
    return mapping === undefined ? undefined : (mapping.real ?? port + portOffset)
  }
}

export async function live(
  argument: string | undefined,
  options: LiveCommandOptions,
  terminal: Terminal,
): Promise<Answer> {
  growSlowly()
  const file = fileOf(argument)
  if (!file.ok) return refused(...file.error)
  const loaded = await loadTopology(file.value)
  if (!loaded.ok) return refused(...loaded.error)
  const { topology } = loaded.value
  const unknown = unknownNode('--node', options.node, { topology, file: file.value })
  if (unknown !== undefined) return refused(unknown)

  const stopped = untilSignalled()
  const log = new LogLines((line) => terminal.print(line))
  const isSilent = options.json === true || options.quiet === true
  const started = await startLive(topology, {
    node: options.node,
    bind: options.bind,
    seed: options.seed,
    realPort: realPortOf(options),
    ...(options.expose === true && { exposes: true }),
    ...(options.peer !== undefined && { peers: options.peer }),
    ...(options.to !== undefined && { remotes: options.to }),
    ...(!isSilent && { onLog: (entry: LogEntry) => log.add(entry) }),
  })
  if (!started.ok) {
    const { error } = started
    if (error.kind === 'live') return refused({ message: error.message })
    return refused(...(await placeProblems(error.problems, topology, loaded.value.file)))
  }
  const session = started.value
  const missing = options.port?.find(
    ({ service }) => !session.listening.some(({ servicePort }) => servicePort === service),
  )
  if (missing !== undefined) {
    await session.stop()
    return refused({ message: `${options.node} does not serve port ${missing.service}` })
  }
  const written = options.export === undefined ? ok([]) : exportKeys(session, options.export)
  if (!written.ok) {
    await session.stop()
    return refused({ message: written.error })
  }
  if (options.expose === true) for (const line of warning(session)) terminal.complain(line)
  collectGarbage()
  announce(session, options, terminal)

  const end = await Promise.race([session.ended, stopped])
  const counts = await session.stop()
  if (end.kind === 'broken') throw end.thrown
  log.flush()
  return {
    kind: 'answered',
    holds: true,
    document: undefined,
    lines: options.quiet === true ? [] : [summary(counts)],
  }
}

/** For real peers that are to hold what the lab issues: written before anybody is served. */
function exportKeys({ lab }: LiveSession, folder: string): Result<readonly string[], string> {
  const files = keyFilesOf(lab.topology, lab.now)
  try {
    for (const { path: name, text, isPrivate } of files) {
      const file = path.join(folder, name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, text, { mode: isPrivate ? 0o600 : 0o644 })
    }
    return ok(files.map(({ path: name }) => name))
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    return err(`cannot write into ${folder}: ${why}`)
  }
}

/** For people as they come; for a script one line, when everything is open. */
function announce(session: LiveSession, options: LiveCommandOptions, terminal: Terminal): void {
  const { listening, speaksAs, lab } = session
  if (options.json === true) {
    const start = formatInstant(lab.now)
    terminal.print(JSON.stringify({ listening, speaksAs, start }))
    return
  }
  const { colors } = terminal
  const { name } = lab.topology
  terminal.print(`${colors.bold(options.node)} of ${name} is live; Ctrl-C stops it`)
  for (const { protocol, address, port, servicePort } of listening) {
    const own = port === servicePort ? '' : `  (its port ${servicePort})`
    terminal.print(`  ${protocol.toUpperCase()}  ${address}:${port}${own}`)
  }
  for (const { from, as, node } of speaksAs)
    terminal.print(`  ${from} speaks as ${as}${node === undefined ? '' : `, ${node}`}`)
}

function warning({ lab }: LiveSession): string[] {
  const authorities = Object.keys(lab.topology.authorities)
  const whose = authorities.length === 0 ? 'this lab' : authorities.join(', ')
  return [
    `warning: others can reach this. The lab keys, private keys of ${whose} and of every certificate of the lab, are public:`,
    'warning: they ship with sallyport. Trust nothing that they signed elsewhere, and give nobody a password that is in use.',
  ]
}

function summary(counts: Readonly<LiveCounts>): string {
  const { datagrams, answers, connections } = counts
  const troubles = (['malformed', 'dropped', 'unsent', 'refused'] as const)
    .filter((each) => counts[each] > 0)
    .map((each) => `, ${counts[each]} ${each}`)
  return `stopped: ${datagrams} datagrams taken and ${answers} sent, ${connections} connections${troubles.join('')}`
}
