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
import { REAL_SIGNATURES, type Signatures } from '../pki/keys/signature.ts'
import type { Topology } from '../topology/topology.ts'
import { validateTopology } from '../topology/validate.ts'
import { readProfile, type VpnProfile } from '../windows/profile-xml.ts'
import { domainOf, type Domain } from './domain.ts'
import type { LabProblem } from './lab.ts'
import { connectionName } from './vpn-profile.ts'

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
const compiled = {
  real: new WeakMap<Topology, Result<Compiled, readonly LabProblem[]>>(),
  modelled: new WeakMap<Topology, Result<Compiled, readonly LabProblem[]>>(),
}

/** `signatures`: what its authorities sign with. */
export function compileTopology(
  topology: Topology,
  signatures: Signatures = REAL_SIGNATURES,
): Result<Compiled, readonly LabProblem[]> {
  const compiledSo = compiled[signatures.kind]
  const known = compiledSo.get(topology)
  if (known !== undefined) return known
  const result = compile(topology, signatures)
  compiledSo.set(topology, result)
  return result
}

function compile(
  topology: Topology,
  signatures: Signatures,
): Result<Compiled, readonly LabProblem[]> {
  const invalid = validateTopology(topology)
  if (invalid.length > 0) return err(invalid)

  const problems: LabProblem[] = []
  const zones = readZones(topology, problems)
  const profiles = readProfiles(topology, problems)
  const start = instant(topology.start)
  const issued = issueOnce(topology, start, signatures)
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
type IssuedFor = WeakMap<object, Issued & { holders: Holders; start: Instant }>
const issuedFor: Readonly<Record<Signatures['kind'], IssuedFor>> = {
  real: new WeakMap(),
  modelled: new WeakMap(),
}

function issueOnce(
  topology: Topology,
  start: Instant,
  { kind, sign }: Signatures,
): Result<Issued, readonly IssueProblem[]> {
  const { authorities } = topology
  const holders = holdersOf(topology)
  const before = issuedFor[kind].get(authorities)
  const isChecked = before?.start === start && areSame(before.holders, holders)
  if (!isChecked) {
    const problems = issueProblems({ authorities, holders, start })
    if (problems.length > 0) return err(problems)
  }
  const domain = domainOf(topology, start)
  if (isChecked && before.domain?.asked === domain?.asked) return ok({ pki: before.pki, domain })
  const { plans = [], outcomes = [] } = domain?.enrolments ?? {}
  const pki = issuePki({ authorities, holders, start, plans, enrolments: outcomes, sign })
  if (!pki.ok) return pki
  issuedFor[kind].set(authorities, { pki: pki.value, domain, holders, start })
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
  const networks = new Map(
    Object.keys(topology.networks).map((name) => [name.toLowerCase(), `network ${name}`]),
  )
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
    problems.push(...clashes(name, profiles, networks))
    installed.set(name, profiles)
  }
  return installed
}

/** A connection is an interface of its name: no other connection of the computer has it, and no network. `networks`: by their names in small letters. */
function clashes(
  node: string,
  { user, device }: InstalledProfiles,
  networks: ReadonlyMap<string, string>,
): readonly LabProblem[] {
  const taken = new Map<string, string>()
  return [user, device].flatMap((profile) => {
    if (profile === undefined) return []
    const name = connectionName(profile)
    const key = name.toLowerCase()
    const owner = networks.get(key) ?? taken.get(key)
    taken.set(key, profile.file)
    if (owner === undefined) return []
    const message = `the connection of ${node} would be called '${name}', as ${owner} is: write another <ProfileName>, or rename the file`
    return [{ message, file: profile.file, ...profile.profileName?.at }]
  })
}

const holdersOf = (topology: Topology) =>
  Object.entries(topology.nodes).flatMap(([node, spec]) =>
    spec.kind === 'switch'
      ? []
      : (spec.certificates ?? []).map((certificate) => ({ node, certificate })),
  )
