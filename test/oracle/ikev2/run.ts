/**
 * The IKEv2 judges: charon dials the twin's gateway, then the twin's client dials a gateway of charon with FreeRADIUS behind it, both made of one
 * topology. Each case must end as it must, with both sides seeing the same.
 * `npm run oracle -- ikev2 --seed N [--only WORDS] [--role responder|initiator] [--twin live] [--trace 1]`: `--twin live` has a whole lab answer, by
 * `sallyport live`, in those cases that leave it alone.
 */
import { mkdirSync } from 'node:fs'
import { rngFrom, type Rng } from '../../../src/base/rng.ts'
import { compileTopology, type Compiled } from '../../../src/lab/compile.ts'
import {
  renderStrongSwanClient,
  renderStrongSwanGateway,
  type StrongSwanFiles,
  type StrongSwanProof,
} from '../../../src/replica/render/strongswan.ts'
import { compose, type Edit } from '../../../src/topology/edit.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { refuse, type OracleOptions } from '../options.ts'
import { SERVER, startFreeRadius, type RadiusServer } from '../radius/freeradius.ts'
import type { Client, IkeCase, Role } from './case.ts'
import { drawCases } from './cases.ts'
import { Charon } from './charon.ts'
import { EngineInitiator, EngineResponder } from './engine/twins.ts'
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
  INSIDE_HOST,
  NPS_NAME,
  oracleTopology,
  type Secrets,
} from './topology.ts'

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
  const player = playerOf(role, twin, rng)
  const cases = drawCases({ role, rng: rng.fork(role), secrets }).filter(
    (test) =>
      (only === undefined || test.name.includes(only)) && (player.isLed || !isLedBy(test, role)),
  )
  // The whole hour before: certificates must be good by the machine's own clock.
  const start = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS)
    .toISOString()
    .replace('.000', '')
  const base = oracleTopology(secrets, start)
  const counts: Counts = { cases: 0, agreed: 0, listed: 0 }
  const stage = await setUp(role, base, secrets, player)
  const giveUp = (): void => void stage.takeDown().finally(() => process.exit(TERMINATED))
  process.once('SIGTERM', giveUp)
  try {
    for (const test of cases) {
      const { differences, trace: lines } = await play(test, compiledFor(base, test.edits), stage)
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

function playerOf(role: Role, twin: string | undefined, rng: Rng): Twin {
  if (twin === 'live') return role === 'responder' ? liveGateway : liveClient
  return role === 'responder'
    ? new EngineResponder(rng.fork('twin'))
    : new EngineInitiator(rng.fork('twin'))
}

/** Whether the twin must be told what to do. */
const isLedBy = ({ acts }: IkeCase, role: Role): boolean =>
  acts.some(
    (act) =>
      act.kind === 'collide' || (act.kind === 'move' ? role === 'initiator' : act.by === 'twin'),
  )

const setUp = (role: Role, base: Topology, secrets: Secrets, twin: Twin) =>
  role === 'responder' ? charonDials(base, twin) : charonAnswers(base, secrets, twin)

type SetUp = Stage & { takeDown(): Promise<void> }

const CLIENT_THERE: Wiring = {
  here: [`${GATEWAY_AT}/24`],
  there: [`${CLIENT_AT}/24`],
  behind: [],
}

async function charonDials(base: Topology, twin: Twin): Promise<SetUp> {
  const render = (client: Client, compiled: Compiled, directory: string): StrongSwanFiles =>
    renderStrongSwanClient({
      compiled,
      node: client.node,
      directory,
      proof: proofOf(client),
      gateway: { address: GATEWAY_AT, name: client.server ?? GATEWAY_NAME },
    })
  const first: Client = { node: 'laptop', manner: 'certificate', certificate: 'device' }
  const charon = await Charon.start(CLIENT_THERE, (directory) =>
    Promise.resolve(render(first, compiledFor(base, []), directory)),
  )
  return {
    role: 'responder',
    twin,
    charon,
    render: ({ client }, compiled) => render(client, compiled, charon.directory),
    takeDown: () => charon.stop(),
  }
}

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
  behind: [`${INSIDE_HOST}/32`],
}

async function charonAnswers(
  base: Topology,
  { radius: secret }: Secrets,
  twin: Twin,
): Promise<SetUp> {
  let nps: RadiusServer | undefined
  const render = (compiled: Compiled, directory: string): StrongSwanFiles =>
    renderStrongSwanGateway({
      compiled,
      node: 'gateway',
      directory,
      address: GATEWAY_AT,
      radius: [{ address: SERVER, secret, authenticationPort: nps!.port }],
    })
  const compiled = compiledFor(base, [])
  const charon = await Charon.start(GATEWAY_THERE, async (directory, namespace) => {
    nps = await startFreeRadius(compiled, {
      realAddress: () => SERVER,
      command: (program, ...args) => namespace.command(program, ...args),
    })
    return render(compiled, directory)
  }).catch(async (thrown: unknown) => {
    await nps?.stop()
    throw thrown
  })
  const folder = `${charon.directory}/pages`
  mkdirSync(folder)
  const site = ['-m', 'http.server', '80', '--bind', INSIDE_HOST, '--directory', folder]
  const closeSite = charon.namespace.start('python3', ...site)
  return {
    role: 'initiator',
    twin,
    charon,
    render: (_, each) => render(each, charon.directory),
    takeDown: async () => {
      closeSite()
      await nps?.stop()
      await charon.stop()
    },
  }
}
