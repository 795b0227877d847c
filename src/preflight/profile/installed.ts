/**
 * The ProfileXML files that a topology installs, each judged with what the topology knows of the client, the gateway, public DNS and the
 * authorities. A file on several clients is told once, unless they differ in a way that matters to it.
 */
import { parsePrefix, type Address } from '../../base/address.ts'
import { invariant } from '../../base/invariant.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { compileTopology, type Compiled } from '../../lab/compile.ts'
import { isSelfIssued } from '../../pki/certificate/certificate.ts'
import { thumbprint } from '../../pki/certificate/thumbprint.ts'
import type { SourceFile } from '../../topology/files.ts'
import type { HostSpec, Topology } from '../../topology/topology.ts'
import { inspectProfile, type VpnProfile } from '../../windows/profile-xml.ts'
import { present, type ProfileProblem } from '../../windows/xml-values.ts'
import { parseName } from '../../wire/dns/name.ts'
import { addressOf as addressIn } from '../../wire/dns/rdata.ts'
import { CLASS, RCODE, TYPE } from '../../wire/dns/registry.ts'
import { answerFrom, zoneSet, type ZoneSet } from '../../engine/dns/authoritative.ts'
import { addressOf, networksOf, vpnGatewaysOf, type FoundGateway } from '../inventory.ts'
import { npsServersOf } from '../radius.ts'
import { byWeight, lintProfile } from './lint.ts'
import { isOn, isPrivate } from './reading.ts'
import type { KnownAuthority, LocalNetwork, ProfileContext, ProfileFinding } from './rule.ts'

type Tunnel = 'user' | 'device'

/** Findings on all profiles of a topology that can be built; of one that cannot, building tells. */
export function installedProfiles(topology: Topology): readonly ProfileFinding[] {
  const compiled = compileTopology(topology)
  if (!compiled.ok) return []
  const installed = placesIn(topology)
  const findings = installed.map((place) =>
    lintProfile(place.file, contextOf(place, compiled.value)),
  )
  return once(findings.flatMap((linted) => (linted.ok ? linted.value.findings : [])))
}

/**
 * Findings on a profile where it is installed, or else as if it stood in place of those that are. The error: the file is no profile.
 * The topology must be one that can be built.
 */
export function lintForTopology(
  file: SourceFile,
  topology: Topology,
): Result<readonly ProfileFinding[], ProfileProblem> {
  const compiled = compileTopology(topology)
  invariant(compiled.ok, 'the topology was built before')
  const inspected = inspectProfile(file)
  if (!inspected.ok) return err(inspected.error)
  const { profile } = inspected.value
  const { deviceTunnel, lockDown } = profile
  const tunnel: Tunnel = isOn(deviceTunnel) || isOn(lockDown) ? 'device' : 'user'
  const places = placesIn(topology)
  const own = places.filter((place) => place.file.path === file.path)
  const taken = own.length > 0 ? own : places.filter((place) => place.tunnel === tunnel)
  const contexts =
    taken.length > 0
      ? taken.map((place) => contextOf(place, compiled.value, profile))
      : [sharedContext(compiled.value)]
  const linted = contexts.map((context) => lintProfile(file, context))
  return ok(once(linted.flatMap((each) => (each.ok ? each.value.findings : []))))
}

const once = (findings: readonly ProfileFinding[]): readonly ProfileFinding[] =>
  [...new Map(findings.map((found) => [JSON.stringify(found), found])).values()].toSorted(byWeight)

interface Place {
  readonly node: string
  readonly host: HostSpec
  readonly tunnel: Tunnel
  readonly file: SourceFile
}

const placesIn = (topology: Topology): readonly Place[] =>
  Object.entries(topology.nodes).flatMap(([node, host]) =>
    host.kind === 'host'
      ? (['user', 'device'] as const).flatMap((tunnel): Place[] => {
          const file = host.profiles?.[tunnel]
          return file === undefined ? [] : [{ node, host, tunnel, file }]
        })
      : [],
  )

/** `profile`: what stands at that place; absent: what is installed there. */
function contextOf(
  { node, host, tunnel }: Place,
  compiled: Compiled,
  profile: VpnProfile | undefined = compiled.profiles.get(node)?.[tunnel],
): ProfileContext {
  const read = compiled.profiles.get(node)
  const { ipsec, negotiateDh2048Aes256 } = host.vpnClient ?? {}
  return {
    ...sharedContext(compiled),
    tunnel,
    os: host.os,
    other: tunnel === 'user' ? read?.device : read?.user,
    localNetworks: outsideOf(host, compiled.topology, profile),
    client: { policy: ipsec, negotiateDh2048Aes256 },
  }
}

function sharedContext(compiled: Compiled): ProfileContext {
  const { topology } = compiled
  const servers = dnsServersOf(topology)
  const npsServers = npsServersOf(topology)
  const [gateway, ...others] = vpnGatewaysOf(topology)
  const only = others.length === 0 ? gateway : undefined
  const pool = only?.service.pool === undefined ? undefined : parsePrefix(only.service.pool)
  return {
    ...present('publicAddresses', publicNames(compiled)),
    ...(pool?.ok === true && { pool: pool.value }),
    ...(only && { gateway: gatewayOf(only) }),
    ...(servers.length > 0 && { dnsServers: servers.flatMap(({ addresses }) => addresses) }),
    ...(npsServers.length > 0 && {
      authorities: authoritiesOf(compiled),
      ignoresNoRevocationCheck: npsServers.every(
        ({ node }) => node.revocation?.nps?.eapTls?.ignoreNoRevocationCheck === true,
      ),
    }),
  }
}

const gatewayOf = ({ node, service }: FoundGateway): NonNullable<ProfileContext['gateway']> => ({
  ...(node.kind === 'host' && present('os', node.os)),
  ...present('ipsec', service.ipsec),
})

/** The networks of a client on which it is not inside. */
function outsideOf(
  node: HostSpec,
  topology: Topology,
  profile: VpnProfile | undefined,
): readonly LocalNetwork[] {
  const inside = new Set(profile?.trustedNetworks.map(({ value }) => value.toLowerCase()))
  const suffixes = new Map(
    Object.values(topology.nodes)
      .flatMap((each) => (each.kind === 'switch' ? [] : (each.services ?? [])))
      .flatMap((service) =>
        service.service === 'dhcp-server' ? [[service.network, service.suffix] as const] : [],
      ),
  )
  const isInside = (network: string, suffix = suffixes.get(network)): boolean =>
    suffix !== undefined && inside.has(suffix.toLowerCase())
  const names = [
    ...node.interfaces
      .filter(({ network, suffix }) => !isInside(network, suffix))
      .map(({ network }) => network),
    ...(node.roams ?? []).filter((network) => !isInside(network)),
  ]
  return networksOf(topology).filter(({ name }) => names.includes(name))
}

interface FoundDnsServer {
  readonly addresses: readonly Address[]
  readonly zones: readonly string[]
}

const dnsServersOf = (topology: Topology): readonly FoundDnsServer[] =>
  Object.values(topology.nodes).flatMap((node) => {
    if (node.kind === 'switch') return []
    const addresses = node.interfaces
      .flatMap(({ address, alsoAt = [] }) => [address, ...alsoAt])
      .flatMap((written) => addressOf(written) ?? [])
    return (node.services ?? []).flatMap((service) =>
      service.service === 'dns-server' ? [{ addresses, zones: service.zones ?? [] }] : [],
    )
  })

/** What DNS servers with public addresses know of names; undefined: there are none. */
function publicNames({ topology, zones }: Compiled): ProfileContext['publicAddresses'] {
  const known = dnsServersOf(topology)
    .filter(({ addresses }) => addresses.some((address) => !isPrivate(address)))
    .flatMap(({ zones: keys }) => keys.flatMap((key) => zones.get(key) ?? []))
  const all = zoneSet(known)
  return known.length === 0 ? undefined : (name) => publicAddresses(name, all)
}

/** Undefined: a delegation or an alias leads out of the topology. */
function publicAddresses(name: string, zones: ZoneSet): readonly Address[] | undefined {
  const read = parseName(name)
  if (!read.ok) return []
  const found = [TYPE.A, TYPE.AAAA].map((type) => {
    const question = { name: read.value, type, class: CLASS.IN }
    return answerFrom(zones, question, { acrossZones: true, brief: true })
  })
  const addresses = found.flatMap(({ answer }) => answer.flatMap((each) => addressIn(each) ?? []))
  const isElsewhere = found.some(
    ({ leadsTo, rcode }) => leadsTo !== undefined && rcode === RCODE.NOERROR,
  )
  return addresses.length === 0 && isElsewhere ? undefined : addresses
}

/** Every certificate that an authority has had, and the real one that a mirror stands for. */
function authoritiesOf({ topology, pki, start }: Compiled): readonly KnownAuthority[] {
  const known = Object.keys(topology.authorities).flatMap((name) =>
    pki.authorityCertificates(name, start).map((certificate): KnownAuthority => ({
      name,
      thumbprint: thumbprint(certificate),
      isRoot: isSelfIssued(certificate),
    })),
  )
  const real = pki.mirrors()
  return [
    ...known,
    ...known.flatMap((each) => {
      const stands = real.get(each.thumbprint)
      return stands === undefined ? [] : [{ ...each, thumbprint: stands }]
    }),
  ]
}
