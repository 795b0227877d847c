/**
 * Rules that can never decide, because an earlier one takes every packet they would match, and rules that share a name.
 * Only plain cover is found: an earlier rule whose every condition stands in the later one too.
 */
import { isDeepStrictEqual } from 'node:util'
import type { FilterSpec, RuleSpec } from '../topology/firewall.ts'
import type { Topology } from '../topology/topology.ts'
import type { PreflightRule, TopologyFinding } from './finding.ts'

interface FoundFilter {
  readonly node: string
  readonly filter: FilterSpec
  readonly path: readonly (string | number)[]
}

function filtersOf(topology: Topology): FoundFilter[] {
  return Object.entries(topology.nodes).flatMap(([node, spec]) => {
    if (spec.kind === 'firewall')
      return [{ node, filter: spec.filter, path: ['nodes', node, 'filter'] }]
    if (spec.kind === 'host' && spec.firewall !== undefined)
      return [{ node, filter: spec.firewall, path: ['nodes', node, 'firewall'] }]
    return []
  })
}

/** What a rule demands of a packet, without how it is called and what it does. */
function conditionsOf(rule: RuleSpec): [string, unknown][] {
  const { name: _name, id: _id, verdict: _verdict, log: _log, hook: _hook, ...conditions } = rule
  return Object.entries(conditions)
}

function covers(earlier: RuleSpec, later: RuleSpec): boolean {
  if (earlier.verdict === 'continue' || earlier.hook !== later.hook) return false
  const demands = new Map(conditionsOf(later))
  return conditionsOf(earlier).every(([field, value]) =>
    isDeepStrictEqual(demands.get(field), value),
  )
}

export const shadowedRules: PreflightRule = (topology) =>
  filtersOf(topology).flatMap(({ node, filter, path }) =>
    filter.rules.flatMap((rule, i): TopologyFinding[] => {
      const cover = filter.rules.slice(0, i).find((earlier) => covers(earlier, rule))
      if (cover === undefined) return []
      return [
        {
          rule: 'FW-01',
          severity: 'warning',
          message: `on ${node}, rule '${rule.name}' never decides: '${cover.name}' before it takes all it would match`,
          fix: `move '${rule.name}' before '${cover.name}', or remove it`,
          path: [...path, 'rules', i],
        },
      ]
    }),
  )

export const rulesOfOneName: PreflightRule = (topology) =>
  filtersOf(topology).flatMap(({ node, filter, path }) =>
    filter.rules.flatMap((rule, i): TopologyFinding[] =>
      filter.rules.findIndex((other) => other.name === rule.name) === i
        ? []
        : [
            {
              rule: 'FW-02',
              severity: 'warning',
              message: `${node} has two rules named '${rule.name}'`,
              fix: 'give each rule a name of its own: it is what explanations quote',
              path: [...path, 'rules', i, 'name'],
            },
          ],
    ),
  )
