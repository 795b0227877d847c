/**
 * What a whole authentication costs inside a lab: Contoso's gateway asks NPS through the firewall, NPS the directory, and the client judges NPS.
 * CPU time of this process, user and system; lists and connections are warm, and no TLS session is resumed.
 */
import { contoso } from '../topologies/contoso/topology.ts'
import { buildLab, type Lab } from '../src/index.ts'
import { edit } from '../src/topology/edit.ts'
import { withNetworkPolicy } from '../src/topology/edit-nps.ts'
import type { Topology } from '../src/topology/topology.ts'
import { clock, median, round } from './measure.ts'

/** Each whole handshake of EAP-TLS needs somebody who was never here: a client offers the session that it has. */
const WARM_UP_RUNS = 400
const BATCH_RUNS = 50
const POLICY = 'Virtual Private Network (VPN) Connections'

const userName = (i: number): string => `user${i}`

/** `count` users beside Contoso's own, who sign in on the laptop with certificates of theirs. */
const withUsers = (count: number) => {
  const names = Array.from({ length: count }, (_, i) => userName(i))
  return edit(`${count} users more`, (topology: Topology): Topology => {
    const { directory } = topology
    const laptop = topology.nodes['laptop']
    if (directory === undefined || laptop?.kind !== 'host') throw new Error('Contoso has changed')
    return {
      ...topology,
      directory: {
        ...directory,
        users: { ...directory.users, ...Object.fromEntries(names.map((name) => [name, {}])) },
        groups: {
          ...directory.groups,
          'VPN Users': [...(directory.groups?.['VPN Users'] ?? []), ...names],
        },
      },
      nodes: {
        ...topology.nodes,
        laptop: {
          ...laptop,
          users: [...(laptop.users ?? []), ...names],
          certificates: names.map((name) => ({ name, template: 'vpnUser', for: name })),
        },
      },
    }
  })
}

type Method = 'eap-tls' | 'peap-tls'

const OTHER: Readonly<Record<Method, Method>> = { 'eap-tls': 'peap-tls', 'peap-tls': 'eap-tls' }

async function authenticate(lab: Lab, method: Method, i: number): Promise<void> {
  const report = await lab.nodes['gateway']!.authenticate({
    client: 'laptop',
    user: userName(i),
    certificate: userName(i),
    method,
  })
  if (report.outcome === 'accepted' && report.keysAgree === true && report.resumed !== true) return
  throw new Error(`${userName(i)} is not let in by a whole handshake: ${JSON.stringify(report)}`)
}

interface Cost {
  /** Milliseconds, medians of batches of {@link BATCH_RUNS}. */
  readonly cpuMs: number
  readonly wallMs: number
}

/** In a lab of its own. A round of the other method leaves everybody's certificate issued and key read, and nothing that could be resumed. */
async function costOf(topology: Topology, method: Method, batches: number): Promise<Cost> {
  const built = buildLab(topology, { traceLevel: 'recent' })
  if (!built.ok) throw new Error(JSON.stringify(built.error))
  const lab = built.value
  let next = 0
  const run = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await authenticate(lab, method, next++)
  }
  const users = usersFor(batches)
  for (let i = 0; i < users; i++) await authenticate(lab, OTHER[method], i)
  await run(WARM_UP_RUNS)
  const cpu: number[] = []
  const wall: number[] = []
  for (let batch = 0; batch < batches; batch++) {
    const [before, begin] = [process.cpuUsage(), clock()]
    await run(BATCH_RUNS)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1e3 / BATCH_RUNS)
    wall.push(((clock() - begin) * 1e3) / BATCH_RUNS)
  }
  return { cpuMs: round(median(cpu)), wallMs: round(median(wall)) }
}

const usersFor = (batches: number): number => WARM_UP_RUNS + batches * BATCH_RUNS

export async function timeLab(
  batches: number,
): Promise<{ readonly eapTls: Cost; readonly peapTls: Cost }> {
  const changes = [
    withUsers(usersFor(batches)),
    withNetworkPolicy<string, string, string>('nps1', POLICY, {
      constraints: {
        authentication: { eap: [{ type: 'peap', inner: ['tls'] }, { type: 'tls' }] },
      },
    }),
  ]
  const topology = changes.reduce<Topology>((so, change) => change.apply(so), contoso)
  return {
    eapTls: await costOf(topology, 'eap-tls', batches),
    peapTls: await costOf(topology, 'peap-tls', batches),
  }
}
