/**
 * `sallyport capacity`: a crowd of clients dials within a span of time. Holds when all of them connect.
 * Not the measuring: `lab/capacity.ts`. The crowd is put into the topology here (`topology/edit-crowd.ts`).
 */
import type { Duration } from '../base/time.ts'
import type { Cryptography } from '../engine/cryptography.ts'
import { measureCapacity } from '../lab/capacity.ts'
import { serviceOf } from '../lab/inventory.ts'
import { loadTopology } from '../lab/load.ts'
import { placeProblems } from '../lab/problem-place.ts'
import { renderCapacity } from '../lab/render-capacity.ts'
import { withCrowd } from '../topology/edit-crowd.ts'
import { shownPath } from '../topology/files.ts'
import type { Topology } from '../topology/topology.ts'
import { refused, type Answer } from './answer.ts'
import { fileOf } from './open-lab.ts'
import type { LabCommandOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

export interface CapacityCommandOptions extends LabCommandOptions {
  readonly clients: number
  readonly within: Duration
  readonly perSite: number
  readonly like?: string | undefined
  readonly gateway?: string | undefined
  readonly through?: string | undefined
  readonly dns?: string | undefined
  readonly group?: string | undefined
  readonly crypto?: Cryptography['kind'] | undefined
}

export async function capacity(
  argument: string | undefined,
  options: CapacityCommandOptions,
  { colors }: Terminal,
): Promise<Answer> {
  const found = fileOf(argument)
  if (!found.ok) return refused(...found.error)
  const loaded = await loadTopology(found.value)
  if (!loaded.ok) return refused(...loaded.error)
  const { topology, file } = loaded.value
  const crowd = crowdOf(topology, options)
  const { like, through, dns, group, gateway } = crowd
  if (!like || !through || !dns || !group || !gateway) {
    const missing = Object.entries(crowd).filter(([, value]) => value === undefined)
    const wanted = missing.map(([name]) => `--${name}`).join(', ')
    const message = `topology '${topology.name}' does not say it by itself: give ${wanted}`
    return refused({ file: shownPath(file), message })
  }
  const { clients, within, perSite, seed, at, crypto } = options
  let crowded: Topology
  try {
    crowded = withCrowd({ like, clients, perSite, through, dns, group }).apply(topology)
    if (serviceOf(topology, gateway, 'vpn-gateway') === undefined)
      throw new RangeError(`--gateway '${gateway}' is no VPN gateway`)
  } catch (thrown) {
    // What somebody asks for and the topology cannot give; anything else is ours.
    if (!(thrown instanceof RangeError)) throw thrown
    return refused({ file: shownPath(file), message: thrown.message })
  }
  const measured = await measureCapacity(crowded, {
    clients,
    within,
    gateway,
    seed,
    ...(at !== undefined && { at }),
    ...(crypto !== undefined && { crypto }),
  })
  if (!measured.ok) return refused(...(await placeProblems(measured.error, topology, file)))
  return {
    kind: 'answered',
    holds: measured.value.failed === 0,
    document: measured.value,
    lines: renderCapacity(measured.value, colors),
  }
}

/** What is not said, as the topology has it; undefined: it has none, or several. */
function crowdOf(topology: Topology, options: CapacityCommandOptions) {
  const hosts = Object.entries(topology.nodes).flatMap(([name, node]) =>
    node.kind === 'host' ? [{ name, node }] : [],
  )
  const like =
    options.like ??
    hosts.find(({ node }) => node.profiles?.user !== undefined && node.users?.length)?.name
  const gateway =
    options.gateway ?? hosts.find(({ name }) => serviceOf(topology, name, 'vpn-gateway'))?.name
  // The one that joins most networks and has no way out of its own: whoever routes for the Internet.
  const through =
    options.through ??
    hosts
      .filter(
        ({ node }) =>
          node.forwards === true && node.interfaces.every((nic) => nic.gateway === undefined),
      )
      .toSorted((a, b) => b.node.interfaces.length - a.node.interfaces.length)[0]?.name
  const reached = topology.nodes[through ?? '']
  const beside =
    reached === undefined || reached.kind === 'switch'
      ? []
      : reached.interfaces.map(({ network }) => network)
  const dns =
    options.dns ??
    hosts
      .filter(({ name }) => serviceOf(topology, name, 'dns-server')?.recursion === true)
      .flatMap(({ node }) => node.interfaces.filter(({ network }) => beside.includes(network)))[0]
      ?.address.replace(/\/.*/, '')
  const [user] =
    (like === undefined ? undefined : hosts.find(({ name }) => name === like))?.node.users ?? []
  const granted = hosts.flatMap(({ name }) =>
    (serviceOf(topology, name, 'nps')?.networkPolicies ?? []).flatMap(({ access, conditions }) =>
      access === 'grant' ? (conditions?.userGroups ?? []) : [],
    ),
  )
  const group =
    options.group ??
    Object.entries(topology.directory?.groups ?? {}).find(
      ([name, members]) => granted.includes(name) && user !== undefined && members.includes(user),
    )?.[0]
  return { like, gateway, through, dns, group }
}
