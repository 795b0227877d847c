/**
 * What is legal and unwise in a topology, as data. Not a build error: a lab with findings runs, and people rehearse them.
 * Rule ids are those of the deployment guide (TOPO-05) where it has one, ours (NET-01, FW-01) elsewhere.
 */
import type { Topology } from '../topology/topology.ts'

/** The worst first. */
export const SEVERITIES = ['error', 'warning', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface TopologyFinding {
  readonly rule: string
  readonly severity: Severity
  readonly message: string
  readonly fix: string
  /** Into the topology as data: `['nodes', 'gateway', 'interfaces', 1, 'gateway']`. */
  readonly path: readonly (string | number)[]
}

/** One rule of the check: everything in the topology that it objects to, in the order in which it stands there. */
export type PreflightRule = (topology: Topology) => readonly TopologyFinding[]
