/**
 * A zone as a tree of names (RFC 1034 §4.3.1, RFC 9499): RRsets by name and type, empty non-terminals included.
 * Not a file and not an answer: `zone-file.ts` reads, `lookup.ts` searches, `authoritative.ts` answers.
 */
import { err, ok, type Result } from '../../base/result.ts'
import { nameKey, showName, type Name } from '../../wire/dns/name.ts'
import type { ResourceRecord } from '../../wire/dns/message.ts'
import { canonicalRdata, soaOf, targetOf, type Soa } from '../../wire/dns/rdata.ts'
import { TYPE, typeName } from '../../wire/dns/registry.ts'

/** Records that share owner, class, type and TTL (RFC 2181 §5). */
export interface RRset {
  readonly name: Name
  readonly type: number
  readonly class: number
  readonly ttl: number
  /** In canonical order (RFC 4034 §6.3), without duplicates. */
  readonly data: readonly Uint8Array[]
}

export interface ZoneNode {
  readonly name: Name
  /** Without entries: an empty non-terminal. */
  readonly rrsets: ReadonlyMap<number, RRset>
}

export interface Zone {
  readonly origin: Name
  /** By {@link nameKey}. Every name between an owner and the origin has a node. */
  readonly nodes: ReadonlyMap<string, ZoneNode>
  readonly soa: RRset
  readonly ns: RRset
}

/** What a zone as a whole breaks, and which record shows it (its index in the input; undefined: something is missing). */
export interface ZoneFault {
  readonly record: number | undefined
  readonly message: string
}

/** Types that may stand beside a CNAME (RFC 4034 §2.5, RFC 2535 §2.3.5). */
const BESIDE_CNAME: readonly number[] = [
  TYPE.CNAME,
  TYPE.RRSIG,
  TYPE.NSEC,
  TYPE.SIG,
  TYPE.KEY,
  TYPE.NXT,
]
/** Types of which a name has at most one record. */
const SINGLETONS: readonly number[] = [TYPE.CNAME, TYPE.SOA, TYPE.DNAME]

/**
 * Build a zone from records within `origin`. All faults are returned, in the order of the records.
 * The first TTL of an RRset holds for all of it, as in BIND.
 */
export function buildZone(
  origin: Name,
  records: readonly ResourceRecord[],
): Result<Zone, readonly ZoneFault[]> {
  const faults: ZoneFault[] = []
  const nodes = new Map<string, { name: Name; rrsets: Map<number, MutableSet> }>()
  records.forEach((record, index) => {
    const node = nodeFor(nodes, record.name, origin)
    const fault = conflictAt(node.rrsets, record, origin)
    if (fault === undefined) addRecord(node.rrsets, record, index)
    else faults.push({ record: index, message: fault })
  })
  const apex = nodes.get(nameKey(origin))?.rrsets
  const soa = apex?.get(TYPE.SOA)
  const ns = apex?.get(TYPE.NS)
  const name = showName(origin)
  if (soa === undefined)
    faults.push({ record: undefined, message: `zone ${name} has no SOA record` })
  if (ns === undefined)
    faults.push({ record: undefined, message: `zone ${name} has no NS records` })
  if (soa === undefined || ns === undefined || faults.length > 0) return err(faults)
  for (const node of nodes.values()) settleOrder(node.rrsets)
  const zone: Zone = { origin, nodes, soa, ns }
  const lame = nameServerFaults(zone, ns)
  return lame.length > 0 ? err(lame) : ok(zone)
}

interface MutableSet extends RRset {
  readonly data: Uint8Array[]
  /** Index of the first record. */
  readonly first: number
}

type Nodes = Map<string, { name: Name; rrsets: Map<number, MutableSet> }>

function nodeFor(nodes: Nodes, name: Name, origin: Name): { rrsets: Map<number, MutableSet> } {
  // Empty non-terminals come into being with the first name below them (RFC 4592 §2.2.2).
  for (let labels = name.length - origin.length; labels > 0; labels--) {
    const above = name.slice(labels)
    const key = nameKey(above)
    if (!nodes.has(key)) nodes.set(key, { name: above, rrsets: new Map() })
  }
  const key = nameKey(name)
  const node = nodes.get(key) ?? { name, rrsets: new Map<number, MutableSet>() }
  nodes.set(key, node)
  return node
}

function conflictAt(
  present: ReadonlyMap<number, MutableSet>,
  record: ResourceRecord,
  origin: Name,
): string | undefined {
  const owner = showName(record.name)
  if (record.type === TYPE.SOA && record.name.length !== origin.length) {
    return `the SOA record of ${owner} is not at the top of the zone`
  }
  const set = present.get(record.type)
  if (SINGLETONS.includes(record.type) && set !== undefined && !holds(set, record.data)) {
    return `${owner} has more than one ${typeName(record.type)} record`
  }
  const others = [...present.keys()]
  const clash =
    record.type === TYPE.CNAME
      ? others.find((type) => !BESIDE_CNAME.includes(type))
      : present.has(TYPE.CNAME) && !BESIDE_CNAME.includes(record.type)
        ? record.type
        : undefined
  return clash === undefined
    ? undefined
    : `${owner} has a CNAME and other data (${typeName(clash)})`
}

const holds = (set: RRset, data: Uint8Array): boolean =>
  set.data.some((other) => canonicalOrder(set.type, other, data) === 0)

function addRecord(rrsets: Map<number, MutableSet>, record: ResourceRecord, index: number): void {
  const set = rrsets.get(record.type)
  if (set === undefined) {
    const { name, type, class: rclass, ttl, data } = record
    rrsets.set(type, { name, type, class: rclass, ttl, data: [data], first: index })
  } else if (!holds(set, record.data)) set.data.push(record.data)
}

/** What is asked most, BIND keeps first at each name: the order of an answer to ANY. */
const FIRST_TYPES: readonly number[] = [
  TYPE.SOA,
  TYPE.A,
  TYPE.MX,
  TYPE.TXT,
  TYPE.SRV,
  TYPE.PTR,
  TYPE.NAPTR,
  TYPE.AAAA,
  TYPE.NSEC,
  TYPE.NSEC3,
  TYPE.NS,
  TYPE.DS,
  TYPE.CNAME,
]

function settleOrder(rrsets: Map<number, MutableSet>): void {
  for (const set of rrsets.values()) set.data.sort((a, b) => canonicalOrder(set.type, a, b))
  const rest = [...rrsets].filter(([type]) => !FIRST_TYPES.includes(type))
  for (const [type, set] of rest) {
    rrsets.delete(type)
    rrsets.set(type, set)
  }
}

/** Octet by octet, as left-justified unsigned numbers (RFC 4034 §6.3). */
function canonicalOrder(type: number, one: Uint8Array, other: Uint8Array): number {
  const [a, b] = [canonicalRdata(type, one), canonicalRdata(type, other)]
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/** A name server inside the zone must have an address there and be no alias: BIND does not load the zone otherwise. */
function nameServerFaults(zone: Zone, ns: MutableSet): ZoneFault[] {
  return ns.data.flatMap((data) => {
    const target = targetOf({ type: TYPE.NS, data })!
    const inside = target.length >= zone.origin.length
    const node = inside ? zone.nodes.get(nameKey(target)) : undefined
    if (
      !inside ||
      nameKey(target.slice(target.length - zone.origin.length)) !== nameKey(zone.origin)
    )
      return []
    const problem = node?.rrsets.has(TYPE.CNAME)
      ? 'is a CNAME (RFC 2181 §10.3)'
      : node?.rrsets.has(TYPE.A) || node?.rrsets.has(TYPE.AAAA)
        ? undefined
        : 'has no address records (A or AAAA)'
    return problem === undefined
      ? []
      : [{ record: ns.first, message: `the name server ${showName(target)} ${problem}` }]
  })
}

/** The records of an RRset, under `name` where a wildcard was expanded. */
export const recordsOf = (set: RRset, name: Name = set.name): ResourceRecord[] =>
  set.data.map((data) => ({ name, type: set.type, class: set.class, ttl: set.ttl, data }))

export const soaDataOf = (zone: Zone): Soa => soaOf(zone.soa.data[0]!)
