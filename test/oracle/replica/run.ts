/**
 * The replica of Contoso as the judge of the twin: real daemons in containers, one client that signs in through two firewalls, and a page of the intranet. Each case changes
 * one thing in both; both must end alike, and packets drawn by the seed must come through both or neither.
 * `npm run oracle -- replica [--engine SOCKET] [--base IMAGE] [--seed N] [--only WORDS] [--knocks N]`. Where no engine runs: one line, exit status 0.
 */
import { isDeepStrictEqual } from 'node:util'
import { rngFrom } from '../../../src/base/rng.ts'
import { asOfNow } from '../../../src/lab/as-of-now.ts'
import { buildLab } from '../../../src/lab/build.ts'
import { serviceOf } from '../../../src/lab/inventory.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import { BASE_DEFAULT } from '../../../src/replica/base-image.ts'
import { reachEngine, type Engine } from '../../../src/replica/engine.ts'
import { planReplica, type ReplicaPlan } from '../../../src/replica/plan.ts'
import { containerName, removeReplica } from '../../../src/replica/replica.ts'
import { fetchPage, lookUp, signIn, signOut } from '../../../src/replica/sign-in.ts'
import { changeReplica, startReplica, type StartedReplica } from '../../../src/replica/start.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { contoso } from '../../../topologies/contoso/topology.ts'
import { refuse, type OracleOptions } from '../options.ts'
import { CASES, drawKnocks, type Knock, type ReplicaCase } from './cases.ts'

const HOUR_MS = 3_600_000
const CLIENT = 'laptop'
const PAGES = ['http://intranet.corp.contoso.com/', 'https://intranet.corp.contoso.com/'] as const
/** Who remembers the answers of others. */
const RESOLVERS = Object.keys(contoso.nodes).filter(
  (node) => serviceOf(contoso as Topology, node, 'dns-server')?.recursion === true,
)
const PUBLIC_NAME = 'vpn.contoso.com'
/** Nobody answers within: dropped. Nothing here is farther away than a few bridges. */
const KNOCK_SECONDS = 2

interface Counts {
  cases: number
  mismatches: number
  signedIn: number
  pages: number
  knocks: number
}

export async function run(options: OracleOptions): Promise<void> {
  const { seed = '1', only, engine: address, base = BASE_DEFAULT, knocks = '16' } = options
  const reached = await reachEngine(address)
  if (!reached.ok) {
    if (process.env['SALLYPORT_JUDGES'] === 'required' && address !== undefined)
      return refuse('replica', reached.error.message)
    console.log(`replica: skipped: ${reached.error.message}`)
    return
  }
  const engine = reached.value
  const now = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS).toISOString()
  const topology = asOfNow(contoso, now.replace('.000', ''))
  const calledOff = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => calledOff.abort())
  const settings = { base, signal: calledOff.signal }
  const counts: Counts = { cases: 0, mismatches: 0, signedIn: 0, pages: 0, knocks: 0 }
  const first = planOf(topology)
  const started = await startReplica(engine, first, settings)
  if (!started.ok) return refuse('replica', started.error.message)
  let standing: StartedReplica = started.value
  let before = topology
  try {
    for (const test of CASES.filter(({ name }) => only === undefined || name.includes(only))) {
      if (calledOff.signal.aborted) break
      const changed = test.edit?.apply(topology) ?? topology
      const anew = isDeepStrictEqual(changed.zones, before.zones) ? [] : RESOLVERS
      const plan = planOf(changed)
      const next = await changeReplica(engine, standing, { ...settings, plan, anew })
      if (!next.ok) return refuse('replica', `${test.name}: ${next.error.message}`)
      standing = next.value
      before = changed
      const drawn = test.edit === undefined ? drawKnocks(rngFrom(seed), Number(knocks)) : []
      await judge(test, { engine, plan: standing.plan, topology: changed, drawn, seed, counts })
    }
  } finally {
    const removed = await removeReplica(engine, first.name)
    if (!removed.ok) refuse('replica', removed.error.message)
  }
  const { cases, mismatches, signedIn, pages, knocks: tried } = counts
  console.log(
    `replica: cases=${cases} mismatches=${mismatches} signed-in=${signedIn} pages=${pages} knocks=${tried} seed=${seed}`,
  )
  if (cases === 0 || mismatches > 0 || calledOff.signal.aborted) process.exitCode = 1
}

function planOf(topology: Topology): ReplicaPlan {
  const plan = planReplica(topology, { client: CLIENT })
  if (!plan.ok) throw new Error(plan.error.map(({ message }) => message).join('\n'))
  return plan.value
}

interface Stage {
  readonly engine: Engine
  readonly plan: ReplicaPlan
  readonly topology: Topology
  readonly drawn: readonly Knock[]
  readonly seed: string
  readonly counts: Counts
}

/** Sign in on both sides, and ask the same of both. */
async function judge({ name }: ReplicaCase, stage: Stage): Promise<void> {
  const { topology, seed, counts } = stage
  const built = buildLab(topology, { seed: Number(seed) })
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join('\n'))
  const lab = built.value
  const said: string[] = []
  const same = (what: string, twin: string, replica: string): void => {
    if (twin !== replica) said.push(`${what}: the twin ${twin}, the replica ${replica}`)
  }
  const theirs = await theReplica(stage)
  const ours = await theTwin(
    lab,
    theirs.knocks.map(({ knock }) => knock),
  )
  same('the name of the gateway', ours.gateway, theirs.gateway)
  same('the tunnel', ours.tunnel, theirs.tunnel)
  for (const [at, page] of PAGES.entries()) same(page, ours.pages[at]!, theirs.pages[at]!)
  for (const [at, { knock, passes }] of theirs.knocks.entries()) {
    const { protocol, to, port } = knock
    same(`${protocol} ${to}:${port}`, ours.knocks[at]!, passes)
  }
  counts.cases++
  counts.knocks += theirs.knocks.length
  if (theirs.isConnected) counts.signedIn++
  counts.pages += theirs.pages.filter((page) => page.includes('Welcome')).length
  if (said.length > 0) counts.mismatches++
  for (const line of said) console.log(`${name}: ${line}`)
  if (said.length > 0 && !theirs.isConnected) console.log(theirs.log.join('\n'))
}

const NO_PAGE = 'no page'
const pageText = (body: string | undefined): string =>
  body === undefined ? NO_PAGE : JSON.stringify(body)

/** A closed port is no firewall's doing. */
const ARRIVED: ReadonlySet<string> = new Set(['delivered', 'no-listener'])

async function theTwin(lab: Lab, knocks: readonly Knock[]) {
  const client = lab.nodes[CLIENT]!
  const { rcode, answers } = await client.resolve(PUBLIC_NAME)
  const { outcome, inner } = await client.connect({ trigger: 'manual' })
  const pages: string[] = []
  for (const page of PAGES) {
    const { status, body } = await client.get(page)
    pages.push(pageText(status === 200 ? body : undefined))
  }
  const passes: string[] = []
  for (const { protocol, to, port } of knocks) {
    const { disposition } = await lab.probe({ from: CLIENT, to, [protocol]: port })
    passes.push(ARRIVED.has(disposition) ? 'lets it through' : 'drops it')
  }
  return {
    gateway: rcode === 'NOERROR' ? answers.map(({ data }) => data).join() : 'nothing',
    tunnel: outcome === 'connected' ? `stands: ${inner?.address ?? ''}` : 'does not stand',
    pages,
    knocks: passes,
  }
}

async function theReplica({ engine, plan, drawn }: Stage) {
  const container = containerName(plan.name, CLIENT)
  const must = <T>(
    result: { ok: true; value: T } | { ok: false; error: { message: string } },
  ): T => {
    if (!result.ok) throw new Error(result.error.message)
    return result.value
  }
  const resolver = must(await engine.run(container, ['cat', '/etc/resolv.conf'])).output
  const [, outside = ''] = /^nameserver (\S+)/m.exec(resolver) ?? []
  const gateway = must(await lookUp(engine, plan, PUBLIC_NAME, outside))
  const { isConnected, address = '', dns, log } = must(await signIn(engine, plan))
  const pages: string[] = []
  for (const page of PAGES) {
    const [server] = dns
    const fetched =
      server === undefined ? {} : must(await fetchPage(engine, plan, new URL(page), server))
    pages.push(pageText(fetched.body))
  }
  const knocks: { readonly knock: Knock; readonly passes: string }[] = []
  for (const knock of isConnected ? drawn : []) {
    const { output } = must(await engine.run(container, knockCommand(knock)))
    knocks.push({ knock, passes: isThrough(knock, output) ? 'lets it through' : 'drops it' })
  }
  // The next case begins without a tunnel, at both ends.
  must(await signOut(engine, plan))
  return {
    gateway: gateway.join() || 'nothing',
    tunnel: isConnected ? `stands: ${address}` : 'does not stand',
    isConnected,
    log,
    pages,
    knocks,
  }
}

const TELL = ['--write-out', '%{exitcode} %{time_connect}'] as const

const knockCommand = ({ protocol, to, port }: Knock): readonly string[] =>
  protocol === 'udp'
    ? ['dig', `+time=${KNOCK_SECONDS}`, '+tries=1', '-p', String(port), `@${to}`, '.', 'SOA']
    : ['curl', '--silent', '--max-time', String(KNOCK_SECONDS), ...TELL, `telnet://${to}:${port}`]

/** A closed port says so: what is refused has come through. */
function isThrough({ protocol }: Knock, output: string): boolean {
  if (protocol === 'udp') return /status: |connection refused/.test(output)
  const [status, connected] = output.trim().split(' ').slice(-2)
  return status === '7' || Number(connected) > 0
}
