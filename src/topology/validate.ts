/**
 * Why a topology cannot be built: every name that does not exist and every value that means nothing, with its path.
 * Not an opinion: two default gateways, a duplicate address, overlapping networks or a VLAN missing on a trunk build and run;
 * `check` speaks of them. Zone files and profiles are read by those who use them.
 */
import { prefixComplaint, domainNameComplaint, identifierComplaint } from './values.ts'
import { instantComplaint, nodeNameComplaint } from './values.ts'
import { Problems, type TopologyProblem } from './problems.ts'
import { topologyShape } from './schema.ts'
import { shapeFailure } from './shape-problems.ts'
import type { NetworkSpec, NodeSpec, Topology } from './topology.ts'
import { validateDirectory } from './validate-directory.ts'
import { validateAuthorities } from './validate-pki.ts'
import { validateNode } from './validate-nodes.ts'
import { validateTemplates } from './validate-templates.ts'

/** Answers for topologies that can no longer change: every story of a run builds the same few. */
const answers = new WeakMap<Topology, readonly TopologyProblem[]>()

/** All problems of a topology; empty when it can be built. */
export function validateTopology(t: Topology): readonly TopologyProblem[] {
  const known = answers.get(t)
  if (known !== undefined) return known
  const problems = allProblems(t)
  if (Object.isFrozen(t)) answers.set(t, problems)
  return problems
}

/** Nodes of the right shape, for good: an edit leaves most of them as they were. */
const shapely = new WeakSet<NodeSpec>()

/** The topology without the nodes whose shape is known. Nothing is known yet of what it is made of, so nodes may be anything. */
function unseenPart(t: Topology): Topology {
  const { nodes }: { readonly nodes: unknown } = t
  if (!isRecord(nodes) || !Object.isFrozen(t)) return t
  const unseen = Object.entries(nodes).filter(([, node]) => !shapely.has(node as NodeSpec))
  return { ...t, nodes: Object.fromEntries(unseen) }
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

function allProblems(t: Topology): readonly TopologyProblem[] {
  const shape = topologyShape.safeParse(unseenPart(t))
  if (shape.success && Object.isFrozen(t)) {
    for (const node of Object.values(t.nodes)) shapely.add(node)
  }
  const failure = shape.success
    ? { problems: [], rangesOnly: true }
    : shapeFailure(topologyShape, t, shape.error.issues)
  // With a list where a text belongs, nothing further can be said safely.
  if (!failure.rangesOnly) return failure.problems
  return [...failure.problems, ...meaningProblems(t)]
}

function meaningProblems(t: Topology): readonly TopologyProblem[] {
  const problems = new Problems()
  problems.at('start').add(instantComplaint(t.start))
  for (const [name, network] of Object.entries(t.networks)) {
    validateNetwork(name, network, problems.at('networks', name))
  }
  for (const [key, zone] of Object.entries(t.zones)) {
    problems.at('zones', key, 'origin').add(domainNameComplaint(zone.origin))
  }
  validateAuthorities(t, problems.at('authorities'))
  validateTemplates(t, problems.at('templates'))
  validateDirectory(t, problems.at('directory'))
  for (const name of Object.keys(t.nodes)) {
    problems.at('nodes', name).add(nodeNameComplaint(name))
    validateNode(t, name, problems.at('nodes', name))
  }
  return problems.found
}

function validateNetwork(name: string, network: NetworkSpec, problems: Problems): void {
  problems.add(identifierComplaint(name))
  problems.at('prefix').add(prefixComplaint(network.prefix))
  for (const key of ['latency', 'jitter'] as const) {
    const span = network[key]
    if (span !== undefined && span < 0) problems.at(key).add('is negative: a delay is 0 or more')
  }
}
