/**
 * `sallyport connect`: a Windows client dials its tunnel, as its ProfileXML says. Holds when the tunnel stands.
 * Not what goes through it afterwards: stories do that.
 */
import { existsSync } from 'node:fs'
import { ipNodeOf } from '../lab/inventory.ts'
import { causesOf } from '../lab/connect-matchers.ts'
import { renderConnect } from '../lab/render-connect.ts'
import type { ConnectReport } from '../lab/reports.ts'
import { profileOf, writeCapture } from '../scenario/capture.ts'
import type { Topology } from '../topology/topology.ts'
import { refused, type Answer, type Problem } from './answer.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import { openLab, unknownNode, type OpenLab } from './open-lab.ts'
import type { LabCommandOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

export interface ConnectCommandOptions extends LabCommandOptions {
  readonly client?: string | undefined
  readonly tunnel?: string | undefined
  readonly user?: string | undefined
  readonly network?: string | undefined
  readonly manual?: true | undefined
  readonly pcap?: string | undefined
  readonly crypto?: Cryptography['kind'] | undefined
}

export async function connect(
  topology: string | undefined,
  options: ConnectCommandOptions,
  { colors }: Terminal,
): Promise<Answer> {
  const opened = await openLab(topology, options)
  if (!opened.ok) return refused(...opened.error)
  const { lab } = opened.value
  const clients = clientsOf(opened.value.topology)
  const client = options.client ?? clients[0]
  const problem = problemOf(client, clients, options, opened.value)
  if (problem !== undefined) return refused(problem)
  const node = lab.nodes[client!]!
  if (options.network !== undefined) await node.moveTo(options.network)
  const report = await node.connect({
    tunnel: options.tunnel === 'device' ? 'device' : 'user',
    ...(options.user !== undefined && { user: options.user }),
    ...(options.manual === true && { trigger: 'manual' }),
  })
  const written =
    options.pcap === undefined
      ? []
      : openedBy(writeCapture(options.pcap, `connect-${client!}.pcapng`, lab))
  return {
    kind: 'answered',
    holds: report.outcome === 'connected',
    document: documentOf(report),
    lines: [...renderConnect(report, colors), ...written],
  }
}

const clientsOf = (topology: Topology): readonly string[] =>
  Object.entries(topology.nodes).flatMap(([name, node]) =>
    node.kind === 'host' && node.profiles !== undefined ? [name] : [],
  )

function problemOf(
  client: string | undefined,
  clients: readonly string[],
  { tunnel, user, network }: ConnectCommandOptions,
  opened: OpenLab,
): Problem | undefined {
  const { topology, file } = opened
  if (client === undefined) {
    return { file, message: `no node of topology '${topology.name}' has a VPN profile` }
  }
  const unknown = unknownNode('--client', client, opened)
  if (unknown !== undefined) return unknown
  if (tunnel !== undefined && tunnel !== 'user' && tunnel !== 'device') {
    return { message: `--tunnel '${tunnel}' is neither user nor device` }
  }
  const spec = ipNodeOf(topology, client)
  const installed = spec?.kind === 'host' ? (spec.profiles ?? {}) : {}
  const wanted = tunnel === 'device' ? 'device' : 'user'
  if (installed[wanted] === undefined) {
    const others = clients.length === 0 ? '' : `; ${clients.join(', ')} have profiles`
    return { file, message: `${client} has no profile of a ${wanted} tunnel${others}` }
  }
  const users = Object.keys(topology.directory?.users ?? {})
  if (user !== undefined && !users.includes(user)) {
    return { file, message: `there is no user '${user}' in topology '${topology.name}'` }
  }
  if (users.length === 0 && wanted === 'user') {
    return { file, message: `topology '${topology.name}' has no directory of users who could dial` }
  }
  if (wanted === 'user' && user === undefined && (spec?.kind !== 'host' || !spec.users?.length)) {
    return { file, message: `nobody signs in on ${client}: give --user (of ${users.join(', ')})` }
  }
  if (network !== undefined && !Object.hasOwn(topology.networks, network)) {
    return { file, message: `there is no network '${network}' in topology '${topology.name}'` }
  }
  return undefined
}

/** For scripts: what the dialog shows, the address, and the causes under names that other commands have, too. */
const documentOf = (report: ConnectReport) => ({
  ...report,
  errorCode: report.windows?.code ?? null,
  innerAddress: report.inner?.address ?? null,
  diagnosis: causesOf(report),
})

/** How Wireshark opens it. */
function openedBy(file: string): readonly string[] {
  const profile = profileOf(file)
  const config = existsSync(profile) ? `WIRESHARK_CONFIG_DIR=${profile} ` : ''
  return ['', `${config}tshark -r ${file}`]
}
