/**
 * A topology with everything read that it only names: zones parsed, profiles read, certificates issued. Done once a topology.
 * Not a running lab. What cannot be read is a list of problems with file, line and column where there is one.
 */
import { err, ok, type Result } from '../base/result.ts'
import { instant, type Instant } from '../base/time.ts'
import { directoryOf } from '../directory/accounts.ts'
import type { Directory } from '../directory/directory.ts'
import {
  enrolmentsOf,
  enterpriseOf,
  type Enrolments,
  type Enterprise,
} from '../directory/enrolments.ts'
import { parseZone } from '../engine/dns/zone-file.ts'
import type { Zone } from '../engine/dns/zone.ts'
import type { Certificate } from '../pki/certificate.ts'
import { issuePki, type Pki } from '../pki/issue.ts'
import type { Topology } from '../topology/topology.ts'
import { validateTopology } from '../topology/validate.ts'
import { readProfile, type VpnProfile } from '../windows/profile-xml.ts'
import type { LabProblem } from './lab.ts'

export interface Compiled {
  readonly topology: Topology
  readonly start: Instant
  readonly zones: ReadonlyMap<string, Zone>
  /** Node name → the profiles installed there. */
  readonly profiles: ReadonlyMap<string, InstalledProfiles>
  readonly pki: Pki
  /** Absent: the topology has no domain. */
  readonly directory?: Directory
  /** The domain with its templates and CAs, for who asks them for a certificate. Absent: the topology has no domain. */
  readonly enterprise?: Enterprise
  /** The certificates in the forest's NTAuth store. */
  ntAuth(): readonly Certificate[]
}

export interface InstalledProfiles {
  readonly user?: VpnProfile
  readonly device?: VpnProfile
}

// A topology is frozen, so what was read from it stays true; issuing certificates again for each story would dominate its cost.
const compiled = new WeakMap<Topology, Result<Compiled, readonly LabProblem[]>>()

export function compileTopology(topology: Topology): Result<Compiled, readonly LabProblem[]> {
  const known = compiled.get(topology)
  if (known !== undefined) return known
  const result = compile(topology)
  compiled.set(topology, result)
  return result
}

function compile(topology: Topology): Result<Compiled, readonly LabProblem[]> {
  const invalid = validateTopology(topology)
  if (invalid.length > 0) return err(invalid)

  const problems: LabProblem[] = []
  const zones = readZones(topology, problems)
  const profiles = readProfiles(topology, problems)
  const start = instant(topology.start)
  const directory = directoryOf(topology, start)
  const enterprise = directory === undefined ? undefined : enterpriseOf(topology, directory, start)
  const pki = issueOnce(topology, start, enterprise)
  if (!pki.ok) problems.push(...pki.error)
  if (problems.length > 0 || !pki.ok) return err(problems)
  return ok({
    topology,
    start,
    zones,
    profiles,
    pki: pki.value,
    ...(directory !== undefined && { directory }),
    ...(enterprise !== undefined && { enterprise }),
    ntAuth: () =>
      (directory?.ntAuth ?? []).flatMap((key) => pki.value.authority(key)?.certificate ?? []),
  })
}

type Issued = ReturnType<typeof issuePki>
type Holders = ReturnType<typeof holdersOf>

// Most edits leave authorities and certificates alone, and signing is what costs.
const issued = new WeakMap<
  object,
  { holders: Holders; start: Instant; asked: string; pki: Issued }
>()

function issueOnce(topology: Topology, start: Instant, enterprise: Enterprise | undefined): Issued {
  const { authorities } = topology
  const holders = holdersOf(topology)
  const { plans, outcomes } = enterprise === undefined ? NOTHING_ASKED : enrolmentsOf(enterprise)
  const asked = JSON.stringify([plans, outcomes])
  const known = issued.get(authorities)
  const isSame =
    known?.start === start &&
    known.asked === asked &&
    known.holders.length === holders.length &&
    known.holders.every(
      ({ node, certificate }, i) =>
        node === holders[i]!.node && certificate === holders[i]!.certificate,
    )
  if (isSame) return known.pki
  const pki = issuePki({ authorities, holders, start, plans, enrolments: outcomes })
  issued.set(authorities, { holders, start, asked, pki })
  return pki
}

const NOTHING_ASKED: Enrolments = { plans: [], outcomes: [] }

// Zones and profiles are shared between labs whose edits left them alone.
const parsedZones = new WeakMap<object, ReturnType<typeof parseZone>>()

const readFiles = new WeakMap<object, ReturnType<typeof readProfile>>()

function readZones(topology: Topology, problems: LabProblem[]): ReadonlyMap<string, Zone> {
  const zones = new Map<string, Zone>()
  for (const [key, spec] of Object.entries(topology.zones)) {
    const parsed = parsedZones.get(spec) ?? parseZone(spec.file, spec.origin)
    parsedZones.set(spec, parsed)
    if (parsed.ok) {
      zones.set(key, parsed.value)
      continue
    }
    for (const { path, line, column, message } of parsed.error) {
      problems.push({ file: path, line, column, message })
    }
  }
  return zones
}

function readProfiles(
  topology: Topology,
  problems: LabProblem[],
): ReadonlyMap<string, InstalledProfiles> {
  const installed = new Map<string, InstalledProfiles>()
  for (const [name, node] of Object.entries(topology.nodes)) {
    if (node.kind !== 'host' || node.profiles === undefined) continue
    const profiles: { user?: VpnProfile; device?: VpnProfile } = {}
    for (const tunnel of ['user', 'device'] as const) {
      const file = node.profiles[tunnel]
      if (file === undefined) continue
      const read = readFiles.get(file) ?? readProfile(file)
      readFiles.set(file, read)
      if (read.ok) profiles[tunnel] = read.value
      else problems.push(...read.error)
    }
    installed.set(name, profiles)
  }
  return installed
}

const holdersOf = (topology: Topology) =>
  Object.entries(topology.nodes).flatMap(([node, spec]) =>
    spec.kind === 'switch'
      ? []
      : (spec.certificates ?? []).map((certificate) => ({ node, certificate })),
  )
