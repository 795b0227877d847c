/**
 * A flood of rubbish on a lab that is live, each side in turn, beside a client that connects by IKEv2 all the while: datagrams of chance, real ones
 * of IKE and ESP changed, and knocks like real ones; at SSTP's port half-open TLS and junk. What must hold: nothing is thrown, memory stays, and who is
 * honest gets in as through a little loss.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { rngFrom } from '../src/base/rng.ts'
import type { Listening } from '../src/live/live.ts'
import { withNode } from '../src/topology/edit.ts'
import { withVpnGateway } from '../src/topology/edit-gateway.ts'
import type { Topology } from '../src/topology/topology.ts'
import { profileOf } from '../test/oracle/ikev2/profile.ts'
import { drawSecrets, GATEWAY_AT, oracleTopology } from '../test/oracle/ikev2/topology.ts'
import { IKE_PORT, NAT_T_PORT } from '../src/wire/ikev2/header.ts'
import type { Flooded, Guests, IkePair, LoadTask, Samples } from './hostile-load.ts'
import type { Dialled, TwinTask, TwinUse } from './hostile-twin.ts'
import { round, type BenchOptions, type Report } from './measure.ts'

const PER_SECOND = 20_000
const SSTP_PORT = 443
/** Between two connections of the honest client. */
const REST_MS = 1000

/** A script of the bench in a process of its own, which is asked one thing at a time. */
class Helper {
  readonly #child: ChildProcess

  constructor(name: string) {
    const file = fileURLToPath(new URL(name, import.meta.url))
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    this.#child = spawn(process.execPath, [file], { stdio: [...stdio] })
  }

  ask<T>(what: object | string): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: unknown): void => reject(new Error(`a process ended: ${String(why)}`))
      this.#child.once('exit', fail)
      this.#child.once('message', (said) => {
        this.#child.off('exit', fail)
        resolve(said as T)
      })
      this.#child.send(what)
    })
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}

/** The oracle's network, whose gateway listens for SSTP, too, and whose laptop has a profile. */
function network(): Topology {
  const oracle = oracleTopology(drawSecrets(rngFrom('bench')), '2026-03-02T08:00:00Z')
  const changes = [
    withVpnGateway('gateway', { sstp: true }),
    withNode('laptop', 'has a profile', (spec) =>
      spec.kind === 'host'
        ? { ...spec, profiles: { user: profileOf({ node: 'laptop', manner: 'eap-tls' }) } }
        : spec,
    ),
  ]
  return changes.reduce<Topology>((so, change) => change.apply(so), oracle)
}

const realPort = (listening: readonly Listening[], service: number): number | undefined =>
  listening.find(({ servicePort }) => servicePort === service)?.port

/** Connect until the flood is over; the first one begins with it. */
async function dialWhile(client: Helper, isOver: () => boolean): Promise<readonly Dialled[]> {
  const dialled: Dialled[] = []
  while (!isOver()) {
    dialled.push(await client.ask<Dialled>('dial'))
    await new Promise((resolve) => setTimeout(resolve, REST_MS))
  }
  return dialled
}

interface Ends {
  readonly flooded: Helper
  readonly client: Helper
  /** Without a flood. */
  readonly quiet: Dialled
  readonly flood: () => Promise<Flooded | Guests>
}

async function underFlood({ flooded, client, quiet, flood }: Ends): Promise<object> {
  const before = await flooded.ask<TwinUse>('use')
  let isOver = false
  const both = [flood().finally(() => (isOver = true)), dialWhile(client, () => isOver)] as const
  const [came, dialled] = await Promise.all(both)
  const after = await flooded.ask<TwinUse>('use')
  const spent = after.cpuSeconds - before.cpuSeconds
  const failed = dialled.filter(({ isCarried }) => !isCarried)
  return {
    ...('tcp' in came
      ? { tcp: came.tcp, sstpAnswered: `${came.answered} of ${came.asked}` }
      : { perSecond: Math.round(came.sent / came.seconds), cookies: came.cookies }),
    heard: after.counts.datagrams - before.counts.datagrams,
    exceptions: after.broken ?? 0,
    rssMb: `${round(before.rssMb)} -> ${round(after.rssMostMb)}`,
    rssGrowthMb: round(after.rssMostMb - before.rssMb),
    cpuSeconds: round(spent),
    dialled: dialled.length,
    failed: failed.length,
    ...(failed.length > 0 && { why: [...new Set(failed.flatMap(({ why }) => why))].join('; ') }),
    // A cookie costs one message more; whatever is beyond that was sent again.
    dialsThatRepeated: dialled.filter((each) => each.sent > quiet.sent + 1).length,
    datagramsMost: `${Math.max(...dialled.map((each) => each.sent))} (quiet ${quiet.sent})`,
    secondsMost: `${round(Math.max(...dialled.map(({ seconds }) => seconds)))} (quiet ${round(quiet.seconds)})`,
  }
}

/** `only`: `gateway` (its UDP ports), `sstp` (its TCP 443) or `client` alone. */
export async function benchHostile({ seconds, only }: BenchOptions): Promise<Report> {
  const gateway = new Helper('./hostile-twin.js')
  const client = new Helper('./hostile-twin.js')
  const [relay, stranger, guests] = [1, 2, 3].map(() => new Helper('./hostile-load.js'))
  const helpers = [gateway, client, relay!, stranger!, guests!]
  try {
    const topology = network()
    const listening = await gateway.ask<readonly Listening[]>({
      topology,
      node: 'gateway',
      remotes: [],
    } satisfies TwinTask)
    const ports: IkePair = {
      ike: realPort(listening, IKE_PORT)!,
      natT: realPort(listening, NAT_T_PORT)!,
    }
    const front = await relay!.ask<IkePair>({ kind: 'relay', gateway: ports } satisfies LoadTask)
    const at = { to: GATEWAY_AT, address: '127.0.0.1' }
    await client.ask({
      topology,
      node: 'laptop',
      remotes: [
        { ...at, port: IKE_PORT, realPort: front.ike },
        { ...at, port: NAT_T_PORT, realPort: front.natT },
      ],
    } satisfies TwinTask)
    // What is first of all costs more; the second is the measure.
    await client.ask('dial')
    const quiet = await client.ask<Dialled>('dial')
    if (!quiet.isCarried) throw new Error(`no connection without a flood: ${JSON.stringify(quiet)}`)
    const samples = await relay!.ask<Samples>({ kind: 'samples' } satisfies LoadTask)
    const rate = { seconds, perSecond: PER_SECOND }
    const port = realPort(listening, SSTP_PORT)!
    const floods = {
      gateway: () =>
        stranger!.ask<Flooded>({
          kind: 'flood-gateway',
          ...ports,
          ...rate,
          samples,
        } satisfies LoadTask),
      sstp: () => guests!.ask<Guests>({ kind: 'sstp', seconds, port } satisfies LoadTask),
      client: () => relay!.ask<Flooded>({ kind: 'flood-client', ...rate } satisfies LoadTask),
    }
    const costs: object[] = []
    for (const side of ['gateway', 'sstp', 'client'] as const) {
      if (only !== undefined && only !== side) continue
      const flooded = side === 'client' ? client : gateway
      const cost = await underFlood({ flooded, client, quiet, flood: floods[side] })
      costs.push({ side, ...cost })
    }
    return { name: 'hostile', unit: 'MB', seconds, costs }
  } finally {
    for (const helper of helpers) helper.stop()
  }
}
