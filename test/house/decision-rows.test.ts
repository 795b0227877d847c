/**
 * Every cell of the decision table of Always On VPN has a story, for a user's tunnel and for a device's: one that claims the cause together with the code, the
 * phase and the events. What no story can cause stands in FIDELITY with why. What counts is what is claimed of a dial while stories are played.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { connect } from '../../scenarios/stories/connect.ts'
import { connectFailures } from '../../scenarios/stories/connect-failures.ts'
import { connectSuites } from '../../scenarios/stories/connect-suites.ts'
import { connectUserFailures } from '../../scenarios/stories/connect-user-failures.ts'
import { sstp } from '../../scenarios/stories/sstp.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { ConnectPlace } from '../../src/lab/connect-matchers.ts'
import { expect as expectOfStories, type Expect } from '../../src/lab/expect.ts'
import type { ConnectReport } from '../../src/lab/reports.ts'
import type { Story, StoryContext } from '../../src/lab/story.ts'
import {
  DECISION_ORDER,
  DECISIONS,
  type DecisionRow,
} from '../../src/windows/connect/decision-table.ts'
import { decisionRow } from '../../src/windows/connect/decisions.ts'
import type { ConnectFailureKind } from '../../src/windows/connect/failures.ts'
import { isNpsReason } from '../../src/windows/nps/reasons.ts'
import { valueOf } from '../wire/results.ts'
import { ROOT } from './sources.ts'

const HEADING = '## Causes of failed dials that no story plays'

interface Claim {
  readonly report: ConnectReport
  readonly kind: ConnectFailureKind
  readonly where: ConnectPlace
}

const isDial = (received: unknown): received is ConnectReport =>
  typeof received === 'object' && received !== null && 'connection' in received

/** What the story claims of dials that failed, every claim of which holds. */
async function claimsOf(story: Story): Promise<readonly Claim[]> {
  const claims: Claim[] = []
  const noting = (received: unknown) => {
    const checks = expectOfStories(received as ConnectReport)
    if (!isDial(received)) return checks
    const toFailToConnect: typeof checks.toFailToConnect = (kind, where = {}) => {
      checks.toFailToConnect(kind, where)
      claims.push({ report: received, kind, where })
    }
    return { ...checks, toFailToConnect }
  }
  const lab = valueOf(buildLab(story.topology, { seed: 1 }))
  await story.run({ ...lab.nodes, lab, expect: noting as Expect } as StoryContext)
  return claims
}

/** `user nps-rejected 14b`: reasons of NPS fall into several rows. */
const cellOf = (tunnel: 'user' | 'device', row: DecisionRow, kind: ConnectFailureKind): string =>
  `${tunnel} ${kind} ${row}`

function rowOf({ report, kind }: Claim): DecisionRow {
  const { reason = 0 } = report.nps ?? {}
  return kind === 'nps-rejected' && isNpsReason(reason)
    ? decisionRow({ kind, reason })
    : DECISIONS[kind].row
}

/** With code, phase and events; of a dial that Windows does not begin there are none. */
const isFull = ({ kind, where: { windows, phase, events } }: Claim): boolean =>
  windows !== undefined &&
  phase !== undefined &&
  (kind === 'not-attempted' || (events !== undefined && events.length > 0))

function wanted(): readonly string[] {
  const kinds = Object.keys(DECISIONS) as ConnectFailureKind[]
  return (['user', 'device'] as const).flatMap((tunnel) =>
    kinds.flatMap((kind) => {
      if (DECISIONS[kind][tunnel] === undefined) return []
      const rows: readonly DecisionRow[] =
        kind === 'nps-rejected' ? ['14', '14b', '15'] : [DECISIONS[kind].row]
      return rows.map((row) => cellOf(tunnel, row, kind))
    }),
  )
}

/** Cells of the table in FIDELITY. */
function excused(): ReadonlyMap<string, string> {
  const text = readFileSync(path.join(ROOT, 'docs/FIDELITY.md'), 'utf8')
  const [, section = ''] = text.split(HEADING)
  const [table = ''] = section.split('\n## ')
  const rows = [...table.matchAll(/^\| *((?:user|device) [\w -]+?) *\| *(.+?) *\|$/gm)]
  return new Map(rows.map(([, cell, why]) => [cell!, why!]))
}

test('every cell has a story, or an excuse', { timeout: 120_000 }, async () => {
  const stories = [
    ...connect,
    ...connectFailures,
    ...connectUserFailures,
    ...connectSuites,
    ...sstp,
  ]
  const told = new Set<string>()
  for (const story of stories) {
    for (const claim of await claimsOf(story)) {
      if (isFull(claim)) told.add(cellOf(claim.report.tunnel, rowOf(claim), claim.kind))
    }
  }
  const excuses = excused()
  const missing = wanted().filter((cell) => !told.has(cell) && !excuses.has(cell))
  const inVain = [...excuses.keys()].filter((cell) => told.has(cell) || !wanted().includes(cell))
  expect({ missing, inVain }).toEqual({ missing: [], inVain: [] })
  expect([...excuses].filter(([, why]) => why.length < 20)).toEqual([])
})

test('the cells are those of all rows that a dial can meet', () => {
  for (const [tunnel, dial] of [
    ['user', 'ikev2-user'],
    ['device', 'ikev2-device'],
  ] as const) {
    const rows = wanted().flatMap((cell) => (cell.startsWith(tunnel) ? [cell.split(' ')[2]] : []))
    expect(new Set(rows)).toEqual(new Set(DECISION_ORDER[dial]))
  }
})
