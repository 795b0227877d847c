/**
 * The IKEv2 judges: charon dials the twin's gateway, then the twin's client dials a gateway of charon with FreeRADIUS behind it, both made of one
 * topology. Each case must end as it must, with both sides seeing the same. A whole lab plays the twin, by `live`; its engines alone play what no
 * Windows machine can be told to do (`case.ts`).
 * `npm run oracle -- ikev2 --seed N [--only WORDS] [--role responder|initiator] [--twin live|engine] [--trace 1]`: `--twin live` leaves out what is the
 * engines', `--twin engine` has them play all.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { rngFrom, type Rng } from '../../../src/base/rng.ts'
import { compileTopology, type Compiled } from '../../../src/lab/compile.ts'
import { renderNamed } from '../../../src/replica/render/named.ts'
import {
  renderStrongSwanClient,
  type StrongSwanFiles,
  type StrongSwanProof,
} from '../../../src/replica/render/strongswan.ts'
import { compose, type Edit } from '../../../src/topology/edit.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { refuse, type OracleOptions } from '../options.ts'
import { whyByEngine, type Client, type IkeCase, type Role } from './case.ts'
import { drawCases } from './cases.ts'
import { Charon } from './charon.ts'
import { startCharonGateway } from './charon-gateway.ts'
import { EngineInitiator, EngineResponder, leaveHalfOpen } from './engine/twins.ts'
import { knownReason } from './known.ts'
import { liveClient, liveGateway } from './live-twin.ts'
import { isInside, missingJudge, runInside, type Wiring } from './namespace.ts'
import { play, type Stage } from './play.ts'
import type { Twin } from './twin.ts'
import {
  CLIENT_AT,
  CLIENT_MOVES_TO,
  DOMAIN,
  drawSecrets,
  GATEWAY_AT,
  GATEWAY_NAME,
  INSIDE_DNS,
  INSIDE_HOST,
  INSIDE_PAGE,
  NPS_NAME,
  oracleTopology,
  type Secrets,
} from './topology.ts'

/** Half-open SAs with which charon asks for cookies. More than a client alone causes, when it repeats itself to a machine that is slow. */
const CROWD = 4
const CROWD_MS_MAX = 20_000
const HOUR_MS = 3_600_000
/** As a shell has it: 128 and the number of the signal. */
const TERMINATED = 143
const ROLES = ['responder', 'initiator'] as const

/** Compare and print; the last lines are `ikev2-responder: cases=… agreed=… listed=… skipped=0 seed=N` and `ikev2-initiator: …`. Sets the exit status. */
export async function run(options: OracleOptions): Promise<void> {
  const missing = missingJudge()
  if (missing !== undefined) return refuse('ikev2', missing)
  if (!isInside()) {
    return runInside([
      'ikev2',
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ])
  }
  const { seed = '1', role: only } = options
  for (const role of ROLES) {
    if (only !== undefined && only !== role) continue
    const { cases, agreed, listed } = await judge(role, seed, options)
    console.log(
      `ikev2-${role}: cases=${cases} agreed=${agreed} listed=${listed} skipped=0 seed=${seed}`,
    )
    if (cases === 0 || agreed + listed < cases) process.exitCode = 1
  }
}

interface Counts {
  cases: number
  agreed: number
  listed: number
}

async function judge(
  role: Role,
  seed: string,
  { only, trace, twin }: OracleOptions,
): Promise<Counts> {
  const rng = rngFrom(`oracle/ikev2/${seed}`)
  const secrets = drawSecrets(rng.fork('secrets'))
  const players = playersOf(role, rng)
  const cases = drawCases({ role, rng: rng.fork(role), secrets }).filter(
    (test) =>
      (only === undefined || test.name.includes(only)) &&
      (twin !== 'live' || whyByEngine(test, role) === undefined),
  )
  // The whole hour before: certificates must be good by the machine's own clock.
  const start = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS)
    .toISOString()
    .replace('.000', '')
  const base = oracleTopology(secrets, start)
  const counts: Counts = { cases: 0, agreed: 0, listed: 0 }
  const stage = await setUp(role, base, secrets)
  const giveUp = (): void => void stage.takeDown().finally(() => process.exit(TERMINATED))
  process.once('SIGTERM', giveUp)
  try {
    for (const test of cases) {
      const because = whyByEngine(test, role)
      if (because !== undefined) console.log(`${role}: ${test.name}: by the engine: ${because}`)
      const player = because !== undefined || twin === 'engine' ? players.engine : players.live
      const compiled = compiledFor(base, test.edits)
      const { differences, trace: lines } = await play(test, compiled, { ...stage, twin: player })
      const why = knownReason(test.name)
      const isListed = why !== undefined && differences.length > 0
      counts.cases++
      if (isListed) counts.listed++
      else if (differences.length === 0 && why === undefined) counts.agreed++
      for (const each of differences)
        console.log(`${role}: ${test.name}: ${each}${isListed ? `: ${why}` : ''}`)
      if (trace !== undefined) console.log(lines.join('\n'))
    }
  } finally {
    process.off('SIGTERM', giveUp)
    await stage.takeDown()
  }
  return counts
}

function compiledFor(base: Topology, edits: readonly Edit[]): Compiled {
  const compiled = compileTopology(edits.length === 0 ? base : compose(...edits).apply(base))
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join('\n'))
  return compiled.value
}

function playersOf(role: Role, rng: Rng): { readonly live: Twin; readonly engine: Twin } {
  const [live, engine] = [rng.fork('live'), rng.fork('twin')]
  return role === 'responder'
    ? { live: liveGateway(live), engine: new EngineResponder(engine) }
    : { live: liveClient(live), engine: new EngineInitiator(engine) }
}

const setUp = (role: Role, base: Topology, secrets: Secrets) =>
  role === 'responder' ? charonDials(base) : charonAnswers(base, secrets)

type SetUp = Omit<Stage, 'twin'> & { takeDown(): Promise<void> }

const CLIENT_THERE: Wiring = {
  here: [`${GATEWAY_AT}/24`],
  there: [`${CLIENT_AT}/24`],
  behind: [],
}

async function charonDials(base: Topology): Promise<SetUp> {
  const render = (
    { client, ...test }: Pick<IkeCase, 'client' | 'charonAsksAfter'>,
    compiled: Compiled,
    directory: string,
  ): StrongSwanFiles =>
    renderStrongSwanClient({
      compiled,
      node: client.node,
      directory,
      ...asking(test),
      proof: proofOf(client),
      gateway: { address: GATEWAY_AT, name: client.server ?? GATEWAY_NAME },
    })
  const first: Client = { node: 'laptop', manner: 'certificate', certificate: 'device' }
  const charon = await Charon.start(CLIENT_THERE, (directory) =>
    Promise.resolve(render({ client: first }, compiledFor(base, []), directory)),
  )
  return {
    role: 'responder',
    charon,
    render: (test, compiled) => render(test, compiled, charon.directory),
    takeDown: () => charon.stop(),
  }
}

const asking = ({ charonAsksAfter }: Pick<IkeCase, 'charonAsksAfter'>) =>
  charonAsksAfter === undefined ? {} : { asksAfter: charonAsksAfter }

function proofOf({
  manner,
  certificate = 'device',
  user = '',
  password = '',
}: Client): StrongSwanProof {
  const identity = `${user}@${DOMAIN}`
  switch (manner) {
    case 'certificate':
      return { kind: manner, certificate }
    case 'eap-tls':
      return { kind: manner, certificate, identity, serverName: NPS_NAME }
    case 'eap-mschapv2':
      return { kind: manner, identity, password }
  }
}

const GATEWAY_THERE: Wiring = {
  here: [`${CLIENT_AT}/24`, `${CLIENT_MOVES_TO}/24`],
  there: [`${GATEWAY_AT}/24`],
  behind: [`${INSIDE_HOST}/32`, `${INSIDE_DNS}/32`],
}

async function charonAnswers(base: Topology, { radius: secret }: Secrets): Promise<SetUp> {
  const habits = { cookiesFrom: CROWD }
  const { charon, render, stop } = await startCharonGateway(
    compiledFor(base, []),
    secret,
    GATEWAY_THERE,
    habits,
  )
  const closeInside = startInside(base, charon)
  return {
    role: 'initiator',
    charon,
    render: (test, each) => render(each, { ...habits, ...asking(test) }),
    crowd: (each) => crowd(charon, each),
    takeDown: async () => {
      closeInside()
      await stop()
    },
  }
}

/** One after another: charon counts those who still wait in its queue, too. */
async function crowd(charon: Charon, compiled: Compiled): Promise<void> {
  const end = performance.now() + CROWD_MS_MAX
  for (let count = 1; count <= CROWD; count++) {
    const leave = await leaveHalfOpen(compiled, rngFrom(`half-open/${count}`))
    try {
      while ((await charon.sas()).length < count) {
        if (performance.now() > end) throw new Error('charon takes no notice of an IKE_SA_INIT')
      }
    } finally {
      await leave()
    }
  }
}

/** What is behind charon: a DNS server with the domain's zone, and the intranet's page. The returned function ends both. */
function startInside({ zones }: Topology, { directory, namespace }: Charon): () => void {
  const pages = path.join(directory, 'pages')
  mkdirSync(pages)
  writeFileSync(path.join(pages, 'index.html'), INSIDE_PAGE)
  const site = ['-m', 'http.server', '80', '--bind', INSIDE_HOST, '--directory', pages]
  const folder = path.join(directory, 'named')
  mkdirSync(folder)
  const rendered = renderNamed({
    spec: { service: 'dns-server', zones: ['corp'] },
    zones: zones ?? {},
    listen: { address: INSIDE_DNS, port: 53 },
    directory: folder,
  })
  for (const { name, text } of rendered.files) writeFileSync(path.join(folder, name), text)
  const ends = [
    namespace.start('python3', ...site),
    namespace.start('named', '-g', '-n', '1', '-c', path.join(folder, 'named.conf')),
  ]
  return () => ends.forEach((end) => end())
}
