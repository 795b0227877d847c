/**
 * What an edit of a running lab leads to: the topology that comes into force, compiled, or a refusal. Not the taking into force: `build.ts`.
 */
import { rememberEach } from '../base/remember.ts'
import type { Signatures } from '../pki/keys/signature.ts'
import type { InForce } from '../topology/pending-restart.ts'
import type { NodeSpec, Topology } from '../topology/topology.ts'
import { compileTopology, type Compiled } from './compile.ts'
import { DHCP } from './network.ts'

/** What is in force may rest on something that is gone: then all counts at once. */
export function heldBack(
  whole: Compiled,
  { topology, waiting }: InForce,
  signatures: Signatures,
): { readonly compiled: Compiled; readonly waiting: InForce['waiting'] } {
  const held = waiting.size === 0 ? undefined : compileTopology(topology, signatures)
  return held?.ok === true
    ? { compiled: held.value, waiting }
    : { compiled: whole, waiting: new Map() }
}

/** Throws RangeError with what is wrong. */
export function compiledFor(what: string, topology: Topology, signatures: Signatures): Compiled {
  const compiled = compileTopology(topology, signatures)
  if (compiled.ok) return compiled.value
  const problems = compiled.error.map((problem) => problem.message).join('; ')
  throw new RangeError(`${what} makes a topology that cannot be built: ${problems}`)
}

/** What is laid once, when a lab is built: an edit of it is for a new lab. All else follows an edit while the lab runs. */
export function refuseRebuilding(what: string, before: Topology, now: Topology): void {
  if (laid(before) === laid(now)) return
  throw new RangeError(
    `${what}: nodes, networks, systems and interfaces are fixed once a lab runs; build another, or use moveTo`,
  )
}

const laid = (topology: Topology): string =>
  JSON.stringify([
    topology.networks,
    Object.entries(topology.nodes).map(([name, spec]) => [name, laidNode(spec)]),
  ])

// An edit leaves most nodes as they were.
const laidNode = rememberEach((spec: NodeSpec): string =>
  JSON.stringify(
    spec.kind === 'switch'
      ? spec.networks
      : [
          spec.kind,
          spec.os,
          spec.kind === 'host' && spec.forwards === true,
          spec.interfaces.map(({ network, address, alsoAt, metric }) => [
            network,
            address === DHCP,
            alsoAt,
            metric,
          ]),
        ],
  ),
)
