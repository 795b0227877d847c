/**
 * A topology with everything read that it only names: zones parsed, profiles read, certificates issued. Done once a topology.
 * Not a running lab. What cannot be read is a list of problems with file, line and column where there is one.
 */
import { err, ok, type Result } from '../base/result.ts'
import { instant, type Instant } from '../base/time.ts'
import type { Directory } from '../directory/directory.ts'
import type { Enterprise } from '../directory/enrolments.ts'
import { parseZone } from '../engine/dns/zone-file.ts'
import type { Zone } from '../engine/dns/zone.ts'
import type { Certificate } from '../pki/certificate/certificate.ts'
import { issueProblems, type IssueProblem } from '../pki/issuing/issue-check.ts'
import { issuePki, type Pki } from '../pki/issuing/issue.ts'
import type { Topology } from '../topology/topology.ts'
import { validateTopology } from '../topology/validate.ts'
import { readProfile, type VpnProfile } from '../windows/profile-xml.ts'
import { domainOf, type Domain } from './domain.ts'
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
  /** The certificates in the forest's NTAuth store at `at`, by default the start: a renewed authority has several. */
  ntAuth(at?: Instant): readonly Certificate[]
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
  const issued = issueOnce(topology, start)
  if (!issued.ok) problems.push(...issued.error)
  if (problems.length > 0 || !issued.ok) return err(problems)
  const { pki, domain } = issued.value
  return ok({
    topology,
    start,
    zones,
    profiles,
    pki,
    ...(domain !== undefined && { directory: domain.directory, enterprise: domain.enterprise }),
    ntAuth: (at = start) =>
      (domain?.directory.ntAuth ?? []).flatMap((key) => pki.authorityCertificates(key, at)),
  })
}

interface Issued {
  readonly pki: Pki
  /** Absent: the topology has no domain. */
  readonly domain?: Domain | undefined
}

type Holders = ReturnType<typeof holdersOf>

// Most edits leave authorities and certificates alone, and signing is what costs.
const issuedFor = new WeakMap<object, Issued & { holders: Holders; start: Instant }>()

function issueOnce(topology: Topology, start: Instant): Result<Issued, readonly IssueProblem[]> {
  const { authorities } = topology
  const holders = holdersOf(topology)
  const before = issuedFor.get(authorities)
  const isChecked = before?.start === start && areSame(before.holders, holders)
  if (!isChecked) {
    const problems = issueProblems({ authorities, holders, start })
    if (problems.length > 0) return err(problems)
  }
  const domain = domainOf(topology, start)
  if (isChecked && before.domain?.asked === domain?.asked) return ok({ pki: before.pki, domain })
  const { plans = [], outcomes = [] } = domain?.enrolments ?? {}
  const pki = issuePki({ authorities, holders, start, plans, enrolments: outcomes })
  if (!pki.ok) return pki
  issuedFor.set(authorities, { pki: pki.value, domain, holders, start })
  return ok({ pki: pki.value, domain })
}

const areSame = (before: Holders, now: Holders): boolean =>
  before.length === now.length &&
  before.every(
    ({ node, certificate }, i) => node === now[i]!.node && certificate === now[i]!.certificate,
  )

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
