/**
 * The search for one name in one zone (RFC 1034 §4.3.2 step 3, RFC 4592 wildcards, RFC 6672 DNAME): what is there, or what is in the way.
 * Not an answer: sections, flags and chains across zones are `authoritative.ts`'s.
 */
import { foldName, nameKey, type Name } from '../../wire/dns/name.ts'
import { TYPE } from '../../wire/dns/registry.ts'
import type { RRset, Zone, ZoneNode } from './zone.ts'

export type Found =
  /** At least one RRset, under the owner's name or, where a wildcard was expanded, the name asked for. `glue`: from below a zone cut. */
  | { readonly kind: 'records'; readonly sets: readonly RRset[]; readonly glue: boolean }
  | { readonly kind: 'cname'; readonly set: RRset }
  /** A DNAME above the name. */
  | { readonly kind: 'dname'; readonly set: RRset }
  /** The NS records of the topmost zone cut at or above the name. */
  | { readonly kind: 'delegation'; readonly set: RRset }
  /** The name exists (perhaps as an empty non-terminal) without this type. */
  | { readonly kind: 'no-data' }
  | { readonly kind: 'name-error' }

/** Types that a CNAME at the same name does not stand in for (RFC 4035 §2.5, RFC 3007). */
const BESIDE_CNAME: readonly number[] = [TYPE.RRSIG, TYPE.KEY, TYPE.NSEC, TYPE.SIG]

/**
 * Search `zone`, which must contain `name`. `glueOk` looks below zone cuts as well, for additional data.
 * The type ANY finds all RRsets of a name.
 */
export function findInZone(zone: Zone, name: Name, type: number, glueOk = false): Found {
  const path = descend(zone, name)
  if (path.cut !== undefined && !glueOk) return path.cut
  const node = path.exact ? path.node : wildcardBelow(zone, path)
  if (node === undefined) return path.cut ?? { kind: 'name-error' }
  // In lower case, as BIND spells what a wildcard written in lower case brings forth.
  const expanded = path.exact ? undefined : foldName(name)
  const isApex = node.name.length === zone.origin.length
  const ns = isApex || path.cut !== undefined ? undefined : node.rrsets.get(TYPE.NS)
  // DS lives on the parent's side of a cut (RFC 4035 §3.1.4.1).
  if (ns === undefined || type === TYPE.DS) return inNode(node, type, expanded, path.cut)
  const cut: Cut = { kind: 'delegation', set: ns }
  return glueOk ? inNode(node, type, expanded, cut) : cut
}

type Cut = Extract<Found, { kind: 'delegation' | 'dname' }>

interface Path {
  /** The deepest node on the way: the name itself or its closest encloser (RFC 4592 §3.3.1). */
  readonly node: ZoneNode
  readonly exact: boolean
  /** The topmost zone cut or DNAME strictly above the name. */
  readonly cut: Cut | undefined
}

function descend(zone: Zone, name: Name): Path {
  let node = zone.nodes.get(nameKey(zone.origin))!
  let cut: Cut | undefined
  for (let length = zone.origin.length; length < name.length; length++) {
    cut ??= cutAt(node, length === zone.origin.length)
    const next = zone.nodes.get(nameKey(name.slice(name.length - length - 1)))
    if (next === undefined) return { node, exact: false, cut }
    node = next
  }
  return { node, exact: true, cut }
}

function cutAt(node: ZoneNode, isApex: boolean): Cut | undefined {
  const ns = isApex ? undefined : node.rrsets.get(TYPE.NS)
  if (ns !== undefined) return { kind: 'delegation', set: ns }
  const dname = node.rrsets.get(TYPE.DNAME)
  return dname === undefined ? undefined : { kind: 'dname', set: dname }
}

/** Only the closest encloser's own wildcard counts, and none below a cut. */
const wildcardBelow = (zone: Zone, path: Path): ZoneNode | undefined =>
  path.cut === undefined ? zone.nodes.get(nameKey(['*', ...path.node.name])) : undefined

function inNode(
  node: ZoneNode,
  type: number,
  wanted: Name | undefined,
  cut: Cut | undefined,
): Found {
  const glue = cut !== undefined
  const named = (set: RRset): RRset => (wanted === undefined ? set : { ...set, name: wanted })
  if (type === TYPE.ANY && node.rrsets.size > 0) {
    return { kind: 'records', sets: [...node.rrsets.values()].map(named), glue }
  }
  const set = node.rrsets.get(type)
  if (set !== undefined) return { kind: 'records', sets: [named(set)], glue }
  const cname = node.rrsets.get(TYPE.CNAME)
  if (cname !== undefined && !glue && !BESIDE_CNAME.includes(type)) {
    return { kind: 'cname', set: named(cname) }
  }
  return cut ?? { kind: 'no-data' }
}
