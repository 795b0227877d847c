/**
 * What an authoritative server says to one question (RFC 1034 §4.3.2, RFC 2308, RFC 4592, RFC 6672), section by section, as BIND 9.18
 * says it under `minimal-responses no`. Not a message handler: headers, EDNS and refusals are `query-handler.ts`'s.
 */
import type { Question, ResourceRecord } from '../../wire/dns/message.ts'
import {
  isWithin,
  nameBytes,
  nameKey,
  nameOctets,
  NAME_OCTETS_MAX,
  type Name,
} from '../../wire/dns/name.ts'
import { fieldsOf, targetOf } from '../../wire/dns/rdata.ts'
import { u16 } from '../../base/bytes.ts'
import { CLASS, RCODE, TYPE } from '../../wire/dns/registry.ts'
import { findInZone, type Found } from './lookup.ts'
import { recordsOf, soaDataOf, type RRset, type Zone } from './zone.ts'

/** CNAMEs and DNAMEs followed for one question: BIND 9.18's own limit (max-query-restarts). */
export const CHAIN_LINKS_MAX = 11
/** An RRset with more records than this brings no additional data: BIND 9.18's own limit. */
export const ADDITIONAL_NAMES_MAX = 13
/** Names looked up for the additional section of one response, found or not: BIND 9.18's own limit. */
export const ADDITIONAL_LOOKUPS_MAX = 26

/** The zones that a server answers from. */
export interface ZoneSet {
  /** The zone with the longest origin that contains `name`; with `above`, one whose origin is not `name` itself. */
  find(name: Name, above?: boolean): Zone | undefined
}

export function zoneSet(zones: Iterable<Zone>): ZoneSet {
  const byOrigin = new Map<string, Zone>()
  for (const zone of zones) byOrigin.set(nameKey(zone.origin), zone)
  return {
    find(name, above = false) {
      for (let i = above ? 1 : 0; i <= name.length; i++) {
        const zone = byOrigin.get(nameKey(name.slice(i)))
        if (zone !== undefined) return zone
      }
      return undefined
    },
  }
}

export interface Answer {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
  /** Addresses without which the referral leads nowhere: a message that has no room for them is truncated. */
  readonly neededGlue: ReadonlySet<ResourceRecord>
  /** Where this server's own data ends: the name that somebody else must be asked for. */
  readonly leadsTo: Name | undefined
}

/** What of the query's way shapes the answer. */
export interface AnswerOptions {
  /**
   * Follow aliases and collect addresses in all zones of the server. BIND keeps to the zone of the question
   * unless recursion is both asked for and allowed.
   */
  readonly acrossZones: boolean
  /** Leave out name servers and addresses that nobody asked for: the querier has little room. */
  readonly brief: boolean
}

/** Answer `question` from `zones` alone. A name outside all of them is REFUSED. Class IN is the caller's care. */
export function answerFrom(all: ZoneSet, question: Question, options: AnswerOptions): Answer {
  const first = zoneFor(all, question.name, question.type)
  const zones: ZoneSet = options.acrossZones
    ? all
    : { find: (name, above) => (all.find(name, above) === first ? first : undefined) }
  const sections = new Sections(zones, options)
  let name = question.name
  let authoritative = true
  for (let links = 0; ; links++) {
    const zone = zoneFor(zones, name, question.type)
    if (zone === undefined) {
      const refused = links === 0
      return sections.finish(
        refused ? RCODE.REFUSED : RCODE.NOERROR,
        authoritative && !refused,
        name,
      )
    }
    const found = findInZone(zone, name, question.type)
    if (found.kind === 'delegation' && links === 0) authoritative = false
    if (found.kind !== 'cname' && found.kind !== 'dname') {
      const rcode = conclude(sections, zone, question.type, found)
      return sections.finish(rcode, authoritative, found.kind === 'delegation' ? name : undefined)
    }
    const next = follow(sections, zone, found, name)
    if (next === undefined) return sections.finish(RCODE.YXDOMAIN, authoritative, undefined)
    if (question.type === TYPE.CNAME || question.type === TYPE.ANY) {
      sections.addAuthority(zone.ns, question.type === TYPE.ANY ? undefined : zone)
      return sections.finish(RCODE.NOERROR, authoritative, undefined)
    }
    if (links === CHAIN_LINKS_MAX) return sections.finish(RCODE.SERVFAIL, authoritative, undefined)
    name = next
  }
}

/** DS is asked of the parent (RFC 4035 §3.1.4.1), if this server has it. */
const zoneFor = (zones: ZoneSet, name: Name, type: number): Zone | undefined =>
  (type === TYPE.DS ? zones.find(name, true) : undefined) ?? zones.find(name)

function conclude(
  sections: Sections,
  zone: Zone,
  type: number,
  found: Exclude<Found, { kind: 'cname' | 'dname' }>,
): number {
  switch (found.kind) {
    case 'records': {
      const sets =
        type === TYPE.ANY ? found.sets.filter((set) => !SIGNING.includes(set.type)) : found.sets
      // BIND adds nothing to ANY: the answer is large enough.
      for (const set of sets) sections.addAnswer(set, type === TYPE.ANY ? undefined : zone)
      if (sets.length > 0) sections.addAuthority(zone.ns, type === TYPE.ANY ? undefined : zone)
      return RCODE.NOERROR
    }
    case 'delegation':
      sections.addReferral(found.set, zone)
      return RCODE.NOERROR
    case 'no-data':
      break
    case 'name-error':
      sections.addNegative(zone, type === TYPE.SOA)
      return RCODE.NXDOMAIN
  }
  sections.addNegative(zone)
  return RCODE.NOERROR
}

/** Left out of ANY in a zone that is not signed as a whole, as in BIND. */
const SIGNING: readonly number[] = [
  TYPE.DS,
  TYPE.RRSIG,
  TYPE.NSEC,
  TYPE.DNSKEY,
  TYPE.NSEC3,
  TYPE.NSEC3PARAM,
]

/** Add the alias to the answer; the name to go on with, or undefined when the new name would be too long (RFC 6672 §2.2). */
function follow(
  sections: Sections,
  zone: Zone,
  found: Extract<Found, { kind: 'cname' | 'dname' }>,
  name: Name,
): Name | undefined {
  sections.addAnswer(found.set, zone)
  const data = found.set.data[0]!
  const target = targetOf({ type: found.set.type, data })!
  if (found.kind === 'cname') return target
  const next = [...name.slice(0, name.length - found.set.name.length), ...target]
  if (nameOctets(next) > NAME_OCTETS_MAX) return undefined
  const { ttl } = found.set
  sections.addAnswer(
    { name, type: TYPE.CNAME, class: CLASS.IN, ttl, data: [nameBytes(next)] },
    zone,
  )
  return next
}

/** The three sections as they grow, each RRset once in all of them. */
class Sections {
  readonly #zones: ZoneSet
  readonly #options: AnswerOptions
  readonly #seen = new Set<string>()
  readonly #answer: ResourceRecord[] = []
  readonly #authority: ResourceRecord[] = []
  readonly #additional: ResourceRecord[] = []
  readonly #neededGlue = new Set<ResourceRecord>()
  #lookups = 0

  constructor(zones: ZoneSet, options: AnswerOptions) {
    this.#zones = zones
    this.#options = options
  }

  /** With a zone, the targets' addresses are added, first of all from there. */
  addAnswer(set: RRset, zone: Zone | undefined): void {
    if (this.#add(this.#answer, set) && zone !== undefined) this.#addTargets(set, zone)
  }

  addAuthority(set: RRset, zone: Zone | undefined): void {
    if (this.#options.brief || !this.#add(this.#authority, set)) return
    if (zone !== undefined) this.#addTargets(set, zone)
  }

  /**
   * RFC 2308 §3: the SOA's TTL is the smaller of its own and its minimum field. `uncached` makes it 0, as BIND does
   * for a SOA asked of a name that is not there (zero-no-soa-ttl).
   */
  addNegative(zone: Zone, uncached = false): void {
    const ttl = uncached ? 0 : Math.min(zone.soa.ttl, soaDataOf(zone).minimum)
    this.#add(this.#authority, { ...zone.soa, ttl })
  }

  addReferral(set: RRset, zone: Zone): void {
    this.#add(this.#authority, set)
    const glue = set.data.flatMap((data) => {
      const target = targetOf({ type: TYPE.NS, data })!
      const needed = isWithin(target, set.name)
      return ADDRESS_TYPES.flatMap((type) => {
        const found = isWithin(target, zone.origin)
          ? findInZone(zone, target, type, true)
          : undefined
        return found?.kind === 'records' && found.glue ? [{ set: found.sets[0]!, needed }] : []
      })
    })
    for (const { set: addresses, needed } of glue) this.#add(this.#additional, addresses, needed)
  }

  finish(rcode: number, authoritative: boolean, leadsTo: Name | undefined): Answer {
    return {
      rcode,
      authoritative,
      answer: this.#answer,
      authority: this.#authority,
      additional: this.#additional.toSorted((a, b) => rank(a.type) - rank(b.type)),
      neededGlue: this.#neededGlue,
      leadsTo,
    }
  }

  #addTargets(set: RRset, zone: Zone): void {
    if (this.#options.brief || set.data.length > ADDITIONAL_NAMES_MAX) return
    for (const data of set.data) {
      for (const { name, types } of additionalFor(set.type, data)) {
        if (this.#lookups++ >= ADDITIONAL_LOOKUPS_MAX) return
        for (const found of this.#findTarget(zone, name, types)) {
          const added = this.#add(this.#additional, found)
          // What a NAPTR leads to is of little use without its own addresses.
          if (added && found.type === TYPE.SRV) this.#addTargets(found, zone)
        }
      }
    }
  }

  /** First in the zone at hand, then in whichever zone of this server the name belongs to. */
  #findTarget(zone: Zone, name: Name, types: readonly number[]): RRset[] {
    const other = this.#zones.find(name)
    for (const candidate of isWithin(name, zone.origin) ? [zone, other] : [other]) {
      const sets = types.flatMap((type) => {
        const found = candidate === undefined ? undefined : findInZone(candidate, name, type)
        return found?.kind === 'records' ? found.sets : []
      })
      if (sets.length > 0) return sets
    }
    return []
  }

  #add(section: ResourceRecord[], set: RRset, needed = false): boolean {
    const key = `${set.type} ${nameKey(set.name)}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    const records = recordsOf(set)
    section.push(...records)
    if (needed) for (const record of records) this.#neededGlue.add(record)
    return true
  }
}

/** To a querier with IPv4 its own kind of address matters most, should there not be room for all. */
const rank = (type: number): number => (type === TYPE.A ? 0 : type === TYPE.AAAA ? 1 : 2)

const ADDRESS_TYPES: readonly number[] = [TYPE.A, TYPE.AAAA]

interface Wanted {
  readonly name: Name
  readonly types: readonly number[]
}

/** Which names and types a record brings along (RFC 1035 §3.3, RFC 2782, RFC 3403 §4.1, RFC 7671 for TLSA). */
function additionalFor(type: number, data: Uint8Array): readonly Wanted[] {
  const target = targetOf({ type, data })
  if (target === undefined || target.length === 0) return []
  const addresses: Wanted = { name: target, types: ADDRESS_TYPES }
  switch (type) {
    case TYPE.NS:
    case TYPE.MB:
    case TYPE.KX:
    case TYPE.AFSDB:
      return [addresses]
    case TYPE.MX:
      return [addresses, { name: ['_25', '_tcp', ...target], types: [TYPE.TLSA] }]
    case TYPE.SRV:
      return [addresses, { name: [`_${u16(data, 4)}`, '_tcp', ...target], types: [TYPE.TLSA] }]
    case TYPE.NAPTR: {
      const flags = String.fromCharCode(
        ...fieldsOf(type, data)![2]!.bytes.subarray(1),
      ).toUpperCase()
      if (flags.includes('S')) return [{ name: target, types: [TYPE.SRV] }]
      return flags.includes('A') ? [addresses] : []
    }
    default:
      return []
  }
}
