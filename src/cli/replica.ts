/**
 * `sallyport replica`: a topology as containers. Not the replica itself (`replica/`): this reads the topology, finds the engine, and puts answers into words.
 */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { err, ok, type Result } from '../base/result.ts'
import { asOfNow } from '../lab/as-of-now.ts'
import { loadTopology } from '../lab/load.ts'
import { placeProblems } from '../lab/problem-place.ts'
import { contextOf } from '../replica/context.ts'
import { reachEngine, type Engine } from '../replica/engine.ts'
import { planReplica, type ReplicaPlan } from '../replica/plan.ts'
import { removeReplica, replicaState, type ReplicaProblem } from '../replica/replica.ts'
import { fetchPage, signIn as signInTo, type Page, type SignIn } from '../replica/sign-in.ts'
import { startReplica } from '../replica/start.ts'
import { shownPath } from '../topology/files.ts'
import { refused, type Answer, type Problem } from './answer.ts'
import { fileOf, unknownNode } from './open-lab.ts'
import type { CommonOptions } from './options.ts'
import { untilSignalled } from './signals.ts'
import type { Terminal } from './terminal.ts'

interface PlanOptions extends CommonOptions {
  readonly client?: string | undefined
}

interface EngineOptions extends PlanOptions {
  readonly engine?: string | undefined
}

type Planned = Result<ReplicaPlan, readonly Problem[]>

const HOUR_MS = 3_600_000

/** The whole hour before: certificates must be good already, by the clock of whoever looks at them. */
const now = (): string =>
  new Date(Math.floor(new Date().getTime() / HOUR_MS) * HOUR_MS).toISOString().replace('.000', '')

/** `start`: as of when; default the topology's own start. */
async function planOf(
  argument: string | undefined,
  { client }: PlanOptions,
  start?: string,
): Promise<Planned> {
  const file = fileOf(argument)
  if (!file.ok) return file
  const loaded = await loadTopology(file.value)
  if (!loaded.ok) return loaded
  const { topology } = loaded.value
  const unknown =
    client === undefined
      ? undefined
      : unknownNode('--client', client, { topology, file: file.value })
  if (unknown !== undefined) return err([unknown])
  const plan = planReplica(start === undefined ? topology : asOfNow(topology, start), { client })
  if (plan.ok) return plan
  return err(await placeProblems(plan.error, topology, loaded.value.file))
}

interface Opened {
  readonly plan: ReplicaPlan
  readonly engine: Engine
}

async function open(
  argument: string | undefined,
  options: EngineOptions,
): Promise<Result<Opened, readonly Problem[]>> {
  const plan = await planOf(argument, options, now())
  if (!plan.ok) return plan
  const engine = await reachEngine(options.engine)
  if (!engine.ok) return err([{ message: engine.error.message }])
  return ok({ plan: plan.value, engine: engine.value })
}

const refusal = ({ message }: ReplicaProblem): Answer => refused({ message })

export async function up(
  argument: string | undefined,
  options: EngineOptions & { readonly base: string },
  terminal: Terminal,
): Promise<Answer> {
  const opened = await open(argument, options)
  if (!opened.ok) return refused(...opened.error)
  const { plan, engine } = opened.value
  const calledOff = new AbortController()
  void untilSignalled().then(() => calledOff.abort())
  const started = await startReplica(engine, plan, {
    base: options.base,
    signal: calledOff.signal,
    onProgress: (what) => terminal.progress(what),
  })
  terminal.progress('')
  if (!started.ok) return refusal(started.error)
  const { name, nodes, networks, client, notRendered } = plan
  return {
    kind: 'answered',
    holds: true,
    document: {
      topology: name,
      client: client.node,
      nodes: nodes.map(({ name: node, role }) => ({ node, role })),
      networks,
      notRendered,
    },
    lines: [
      `${name} is up: ${nodes.length} containers on ${networks.length} networks`,
      ...notRendered.map((line) => `  unlike the topology: ${line}`),
      `next: sallyport replica sign-in   ${client.node} dials ${client.gateway}`,
    ],
  }
}

export async function status(
  argument: string | undefined,
  options: EngineOptions,
): Promise<Answer> {
  const opened = await open(argument, options)
  if (!opened.ok) return refused(...opened.error)
  const { plan, engine } = opened.value
  const found = await replicaState(engine, plan.name)
  if (!found.ok) return refusal(found.error)
  const missing = plan.nodes
    .map(({ name }) => name)
    .filter((name) => !found.value.some(({ node }) => node === name))
  return {
    kind: 'answered',
    holds: missing.length === 0 && found.value.every(({ state }) => state === 'running'),
    document: { topology: plan.name, nodes: found.value, missing },
    lines: [
      ...found.value.map(({ node, role, state }) => `${node} (${role}) ${state}`),
      ...(missing.length === 0 ? [] : [`not there: ${missing.join(', ')}`]),
    ],
  }
}

export async function signIn(
  argument: string | undefined,
  options: EngineOptions & { readonly fetch?: string | undefined },
): Promise<Answer> {
  const url = options.fetch === undefined ? undefined : urlOf(options.fetch)
  if (url === 'none') return refused({ message: `--fetch '${options.fetch}' is no http(s) URL` })
  const opened = await open(argument, options)
  if (!opened.ok) return refused(...opened.error)
  const { plan, engine } = opened.value
  const dialled = await signInTo(engine, plan)
  if (!dialled.ok) return refusal(dialled.error)
  const [server] = dialled.value.dns
  const page =
    url === undefined || server === undefined
      ? undefined
      : await fetchPage(engine, plan, url, server)
  if (page?.ok === false) return refusal(page.error)
  const { isConnected } = dialled.value
  return {
    kind: 'answered',
    holds: isConnected && (url === undefined || page?.value.body !== undefined),
    document: { client: plan.client.node, ...dialled.value, ...(page && { page: page.value }) },
    lines: signInLines(plan, dialled.value, page?.value),
  }
}

function urlOf(text: string): URL | 'none' {
  if (!URL.canParse(text)) return 'none'
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : 'none'
}

/** What strongSwan says last is that it gave up; why stands before. */
const LAST_LINES = 6

function signInLines(
  { client }: ReplicaPlan,
  { isConnected, address, dns, log }: SignIn,
  page: Page | undefined,
): readonly string[] {
  if (!isConnected)
    return [
      `${client.node} does not get its tunnel to ${client.gateway}:`,
      ...log.slice(-LAST_LINES),
    ]
  const at = address ?? 'no address'
  return [
    `${client.node} is connected to ${client.gateway}: ${at}, DNS ${dns.join(', ') || 'none'}`,
    ...(page === undefined ? [] : [page.body?.trimEnd() ?? `no page: ${page.why ?? ''}`]),
  ]
}

export async function down(
  argument: string | undefined,
  options: EngineOptions & { readonly images?: true | undefined },
): Promise<Answer> {
  const opened = await open(argument, options)
  if (!opened.ok) return refused(...opened.error)
  const { plan, engine } = opened.value
  const removed = await removeReplica(engine, plan.name, { images: options.images === true })
  if (!removed.ok) return refusal(removed.error)
  const { containers, networks, images } = removed.value
  return {
    kind: 'answered',
    holds: true,
    document: removed.value,
    lines: [`removed ${containers} containers, ${networks} networks, ${images} images`],
  }
}

export async function render(
  dir: string,
  options: PlanOptions & { readonly topology?: string | undefined },
): Promise<Answer> {
  const plan = await planOf(options.topology, options)
  if (!plan.ok) return refused(...plan.error)
  const files = contextOf(plan.value)
  try {
    for (const { name, bytes, mode } of files) {
      const file = path.join(dir, name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, bytes, { mode })
    }
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    return refused({ message: `cannot write into ${shownPath(path.resolve(dir))}: ${why}` })
  }
  const written = files.map(({ name }) => name)
  const stale = filesBelow(dir).filter((name) => !written.includes(name))
  return {
    kind: 'answered',
    holds: true,
    document: { files: written, stale },
    lines: [
      `wrote ${written.length} files into ${shownPath(path.resolve(dir))}`,
      ...stale.map((name) => `not of this replica: ${name}`),
    ],
  }
}

/** Of the folder, with slashes. */
const filesBelow = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(dir, name)).isFile())
    .map((name) => name.split(path.sep).join('/'))
    .toSorted()
