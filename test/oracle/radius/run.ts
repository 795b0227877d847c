/**
 * The RADIUS judges: the same clients ask the twin's NPS and a FreeRADIUS made of the same topology, and both must decide alike;
 * then the twin's own client asks that FreeRADIUS, and must fare as they did.
 * `npm run oracle -- radius --seed N [--only WORDS] [--judge freeradius]`: `--judge` asks FreeRADIUS alone, and holds it against the table.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { rngFrom, type Rng } from '../../../src/base/rng.ts'
import { compileTopology } from '../../../src/lab/compile.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { refuse, type OracleOptions } from '../options.ts'
import { reasonOf, type RadiusCase } from './case.ts'
import { drawCases } from './cases.ts'
import type { Outcome, Target } from './clients.ts'
import { runEapol, writeCredentials } from './eapol.ts'
import { freeRadiusIsInstalled, startFreeRadius } from './freeradius.ts'
import { clientVerdict, questionOf, TwinGateway } from './gateway.ts'
import { knownReason } from './known.ts'
import { runLoad, type LoadCounts } from './load.ts'
import { runRadclient } from './radclient.ts'
import { drawSecrets, oracleTopology, type Secrets } from './topology.ts'
import { startTwin, type TwinServer } from './twin.ts'
import { variantsOf, type Variant } from './variants.ts'

/** Clients under way at once with one server. */
const WINDOW = 4
const HOUR_MS = 3_600_000

function printLoad({ requests, answered, lost, twice, wrong }: LoadCounts, seed: string): void {
  for (const line of wrong) console.log(`load: ${line}`)
  console.log(
    `radius-load: requests=${requests} answered=${answered} lost=${lost} twice=${twice} seed=${seed}`,
  )
  if (requests < 1000 || lost > 0 || twice > 0 || wrong.length > 0) process.exitCode = 1
}

/** Who is the twin: what clients ask, or who asks. */
const DIRECTIONS = ['server', 'client'] as const
type Direction = (typeof DIRECTIONS)[number]

export interface Counts {
  readonly cases: number
  readonly agreed: number
  readonly listed: number
  readonly skipped: number
}

/** Compare and print; the last lines are `radius-server: cases=… agreed=… listed=… skipped=0 seed=N` and `radius-client: …`. Sets the exit status. */
export async function run({ seed = '1', only, judge }: OracleOptions): Promise<void> {
  if (!freeRadiusIsInstalled()) {
    refuse(
      'radius',
      'needs freeradius, radclient and eapol_test (Debian: freeradius freeradius-utils eapoltest)',
    )
    return
  }
  const counts = await compareAll({
    seed,
    print: (line) => console.log(line),
    ...(only !== undefined && { only }),
    judgeAlone: judge === 'freeradius',
  })
  if (counts.load !== undefined) printLoad(counts.load, seed)
  for (const direction of DIRECTIONS) {
    const { cases, agreed, listed, skipped } = counts[direction]
    console.log(
      `radius-${direction}: cases=${cases} agreed=${agreed} listed=${listed} skipped=${skipped} seed=${seed}`,
    )
    if (cases === 0 || agreed + listed < cases) process.exitCode = 1
  }
}

export interface JudgeOptions {
  readonly seed: string
  readonly print: (line: string) => void
  /** Only cases whose name or variant has these words. */
  readonly only?: string
  /** Hold FreeRADIUS against the table, without the twin. */
  readonly judgeAlone?: boolean
}

export async function compareAll(
  options: JudgeOptions,
): Promise<Readonly<Record<Direction, Counts>> & { readonly load: LoadCounts | undefined }> {
  const rng = rngFrom(`oracle/radius/${options.seed}`)
  const secrets = drawSecrets(rng.fork('secrets'))
  // The whole hour before: certificates and lists must be good by the machine's own clock.
  const start = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS)
    .toISOString()
    .replace('.000', '')
  const base = oracleTopology(secrets, start)
  const variants = variantsOf(start)
  const { only, judgeAlone } = options
  const cases = drawCases({ rng: rng.fork('cases'), secrets }).filter(
    ({ name, variant }) => only === undefined || name.includes(only) || variant === only,
  )
  let load: LoadCounts | undefined
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-cases-'))
  const none = { cases: 0, agreed: 0, listed: 0, skipped: 0 }
  const tally = { server: { ...none }, client: { ...none } }
  try {
    for (const [variant, group] of grouped(shuffled(rng.fork('order'), cases))) {
      const edit = variants[variant]
      const topology = edit === undefined ? base : edit.apply(base)
      const round: Round = { topology, secrets, folder: path.join(folder, variant) }
      for (const compared of await compareGroup(round, group, options)) {
        const { direction, kind, line } = compared
        tally[direction].cases++
        if (kind !== 'differs') tally[direction][kind]++
        if (kind !== 'agreed') options.print(`${direction}: ${line}`)
      }
    }
    if (only === undefined && judgeAlone !== true) {
      const topology = variants.passwords.apply(base)
      load = await loadTwin({ topology, secrets, folder }, rng.fork('load'))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...tally, load }
}

interface Round {
  readonly topology: Topology
  readonly secrets: Secrets
  readonly folder: string
}

interface Compared {
  readonly direction: Direction
  readonly kind: 'agreed' | 'listed' | 'differs'
  readonly line: string
}

/** All cases of one topology, with both servers and the twin's gateway up meanwhile. */
async function compareGroup(
  round: Round,
  cases: readonly RadiusCase[],
  { judgeAlone = false }: JudgeOptions,
): Promise<readonly Compared[]> {
  const compiled = compileTopology(round.topology)
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join('\n'))
  writeCredentials(compiled.value, path.join(round.folder, 'credentials'))
  const judge = await startFreeRadius(compiled.value)
  const gateway = new TwinGateway(round.topology, judge, round.secrets.secret)
  let twin: TwinServer | undefined
  try {
    if (!judgeAlone) twin = await startTwin(round.topology)
    const waiting = cases.map((test, place) => ({ test, place }))
    const compared: Compared[][] = []
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { test, place } = next
        const theirs = await ask(test, judge, round, `${place}-judge`)
        const session = `${place}-twin`
        const ours =
          twin === undefined
            ? undefined
            : { ...(await ask(test, twin, round, session)), reason: twin.reasonOf(session) }
        const question = judgeAlone ? undefined : questionOf(test)
        compared[place] = [
          compareServers(test, ours, theirs),
          ...(question === undefined
            ? []
            : [compareClients(test, await gateway.ask(test, question), theirs)]),
        ]
      }
    }
    await Promise.all(Array.from({ length: WINDOW }, worker))
    return compared.flat()
  } finally {
    await Promise.all([judge.stop(), twin?.stop(), gateway.stop()])
  }
}

async function loadTwin({ topology, secrets }: Round, rng: Rng): Promise<LoadCounts> {
  const twin = await startTwin(topology)
  try {
    return await runLoad(twin, secrets, rng)
  } finally {
    await twin.stop()
  }
}

function ask(
  { client }: RadiusCase,
  target: Target,
  { secrets: { secret }, folder }: Round,
  session: string,
): Promise<Outcome> {
  return client.program === 'radclient'
    ? runRadclient(client, target, { secret, session })
    : runEapol(client, target, {
        directory: path.join(folder, session),
        credentials: path.join(folder, 'credentials'),
        secret,
        session,
      })
}

function shown({ client }: RadiusCase, { verdict, keysAgree, tls }: Outcome): string {
  if (keysAgree === false) return `${verdict}, but the keys differ`
  const wanted = client.program === 'eapol_test' ? client.tls : undefined
  return wanted === undefined || wanted === tls ? verdict : `${verdict}, but with TLS ${tls}`
}

/** Both must decide alike, and as the table says; where FreeRADIUS cannot, the difference is listed. */
function compareServers(
  test: RadiusCase,
  ours: (Outcome & { readonly reason: number | undefined }) | undefined,
  theirs: Outcome,
): Compared {
  const direction = 'server'
  const twin = ours === undefined ? test.expect : shown(test, ours)
  const judge = shown(test, theirs)
  const due = reasonOf(test)
  if (test.expect === 'reject' && due === undefined) throw new Error(`no reason: ${test.name}`)
  const isRight = ours === undefined || ours.reason === due
  const why = knownReason(test.name)
  const told = ours?.reason === undefined ? '' : ` (reason ${ours.reason})`
  const line = `${test.variant}: ${test.name}: twin ${twin}${told}, FreeRADIUS ${judge}, the table ${test.expect} (${test.source})`
  if (twin !== test.expect || !isRight) return { direction, kind: 'differs', line }
  if (why !== undefined) {
    const kind = judge === twin ? 'differs' : 'listed'
    return { direction, kind, line: `${line}: ${why}` }
  }
  return { direction, kind: judge === twin ? 'agreed' : 'differs', line }
}

/** The twin's client must fare with FreeRADIUS as the judge's own clients do. */
function compareClients(test: RadiusCase, ours: string, theirs: Outcome): Compared {
  const judge = clientVerdict(theirs)
  return {
    direction: 'client',
    kind: ours === judge ? 'agreed' : 'differs',
    line: `${test.variant}: ${test.name}: twin ${ours}, the client of FreeRADIUS ${judge}`,
  }
}

function grouped(cases: readonly RadiusCase[]): ReadonlyMap<Variant, readonly RadiusCase[]> {
  const groups = new Map<Variant, RadiusCase[]>()
  for (const test of cases) groups.set(test.variant, [...(groups.get(test.variant) ?? []), test])
  return groups
}

function shuffled<T>(rng: Rng, items: readonly T[]): readonly T[] {
  const left = [...items]
  return items.map(() => left.splice(rng.below(left.length), 1)[0]!)
}
