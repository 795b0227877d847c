/**
 * Master files (RFC 1035 §5, RFC 2308 §4 for $TTL, RFC 3597 §5): from text to a zone, with the place of everything that is wrong.
 * Accepts and refuses what BIND 9.18 does under `check-names ignore` and `check-integrity no`; records outside the zone, which BIND only
 * warns of, are refused. $INCLUDE and $GENERATE are refused by name.
 */
import { err, ok, type Result } from '../../base/result.ts'
import type { SourceFile } from '../../topology/files.ts'
import type { ResourceRecord } from '../../wire/dns/message.ts'
import { isWithin, parseName, showName, type Name } from '../../wire/dns/name.ts'
import { parsePeriod, parseRdata } from '../../wire/dns/rdata-text.ts'
import { soaOf } from '../../wire/dns/rdata.ts'
import { CLASS, classNumber, isMetaType, TYPE, typeNumber } from '../../wire/dns/registry.ts'
import { lexMaster, type Entry, type PlacedWord } from './master-lexer.ts'
import { buildZone, type Zone } from './zone.ts'

/** Lines and columns count from 1. The message is one line with expected and got. */
export interface ZoneError {
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
}

export const formatZoneError = (e: ZoneError): string =>
  `${e.path}:${e.line}:${e.column}: ${e.message}`

/** After this many the file is no zone file, and more lines help nobody. */
export const ZONE_ERRORS_MAX = 20

/** TTLs above this count as 0 (RFC 2181 §8). */
const TTL_SECONDS_MAX = 0x7fffffff

/**
 * Read a master file. `origin` is the zone's name, `corp.contoso.com` or `.`, and the first $ORIGIN.
 * Returns all errors found, at most {@link ZONE_ERRORS_MAX}, in the order of the file.
 */
export function parseZone(file: SourceFile, origin: string): Result<Zone, ZoneError[]> {
  const at = (place: Place, message: string): ZoneError => ({
    path: file.path,
    line: place.line,
    column: place.column,
    message,
  })
  const top = parseName(origin)
  if (!top.ok) return err([at(FILE_START, `the zone's name: ${top.error}`)])
  const { entries, faults } = lexMaster(file.text)
  const state: State = {
    zone: top.value,
    origin: top.value,
    owner: undefined,
    ttl: undefined,
    defaultTtl: undefined,
  }
  const records: { record: ResourceRecord; place: Place }[] = []
  const errors = faults.map((fault) => at(fault, fault.message))
  for (const entry of entries) {
    const read = readEntry(entry, state)
    if (!read.ok) errors.push(at(read.error.place, read.error.message))
    else if (read.value !== undefined) records.push({ record: read.value, place: entry.words[0]! })
  }
  errors.sort((a, b) => a.line - b.line || a.column - b.column)
  if (errors.length > 0) return err(errors.slice(0, ZONE_ERRORS_MAX))
  const built = buildZone(
    top.value,
    records.map(({ record }) => record),
  )
  if (built.ok) return built
  return err(
    built.error
      .map((fault) =>
        at(fault.record === undefined ? FILE_START : records[fault.record]!.place, fault.message),
      )
      .slice(0, ZONE_ERRORS_MAX),
  )
}

interface Place {
  readonly line: number
  readonly column: number
}

const FILE_START: Place = { line: 1, column: 1 }

/** What one entry leaves behind for the next. */
interface State {
  readonly zone: Name
  origin: Name
  owner: Name | undefined
  /** The last TTL that a record stated: RFC 1035's default where there is no $TTL. */
  ttl: number | undefined
  defaultTtl: number | undefined
}

interface Fault {
  readonly place: Place
  readonly message: string
}

const fault = (place: Place, message: string): Result<never, Fault> => err({ place, message })

function readEntry(entry: Entry, state: State): Result<ResourceRecord | undefined, Fault> {
  const first = entry.words[0]!
  if (!entry.indented && !first.quoted && first.text.startsWith('$'))
    return readDirective(entry, state)
  let words = entry.words
  if (!entry.indented) {
    const owner = parseName(first.text, state.origin)
    if (!owner.ok) return fault(first, owner.error)
    state.owner = owner.value
    words = words.slice(1)
  }
  if (state.owner === undefined)
    return fault(first, 'a record without an owner, and no owner before it')
  return readRecord(entry, words, state, state.owner)
}

function readDirective(entry: Entry, state: State): Result<undefined, Fault> {
  const [directive, argument, extra] = entry.words
  const name = directive!.text.toUpperCase()
  if (name === '$INCLUDE' || name === '$GENERATE') {
    return fault(directive!, `${name} is not read here: write the records out in this file`)
  }
  if (name !== '$ORIGIN' && name !== '$TTL') {
    return fault(directive!, `expected $ORIGIN or $TTL, got '${directive!.text}'`)
  }
  const expected = name === '$TTL' ? 'a TTL such as 3600 or 1h' : 'a domain name'
  if (argument === undefined)
    return fault(entry.end, `expected ${expected} after ${name}, got the end of the line`)
  if (extra !== undefined) return fault(extra, `expected the end of the line, got '${extra.text}'`)
  if (name === '$ORIGIN') {
    const origin = parseName(argument.text, state.origin)
    if (!origin.ok) return fault(argument, origin.error)
    state.origin = origin.value
    return ok(undefined)
  }
  const ttl = parsePeriod(argument.text)
  if (ttl === undefined) return fault(argument, `expected ${expected}, got '${argument.text}'`)
  state.defaultTtl = clampTtl(ttl)
  return ok(undefined)
}

const clampTtl = (ttl: number): number => (ttl > TTL_SECONDS_MAX ? 0 : ttl)

/** `[TTL] [class] type RDATA` or `[class] [TTL] type RDATA`. */
function readRecord(
  entry: Entry,
  words: readonly PlacedWord[],
  state: State,
  name: Name,
): Result<ResourceRecord, Fault> {
  const lead = readLead(words)
  const typeWord = words[lead.used]
  if (lead.foreign !== undefined) {
    return fault(lead.foreign, `expected class IN, got '${lead.foreign.text}'`)
  }
  if (typeWord === undefined)
    return fault(entry.end, 'expected a record type, got the end of the record')
  const type = typeNumber(typeWord.text)
  if (type === undefined) return fault(typeWord, `expected a record type, got '${typeWord.text}'`)
  if (isMetaType(type))
    return fault(typeWord, `${typeWord.text} is a question or transaction type, never data`)
  const dataWords = words.slice(lead.used + 1)
  const data = parseRdata(type, dataWords, state.origin)
  if (!data.ok)
    return fault(dataWords[data.error.word] ?? entry.end, `${typeWord.text}: ${data.error.message}`)
  if (!isWithin(name, state.zone)) {
    return fault(entry.words[0]!, `${showName(name)} is not in the zone ${showName(state.zone)}`)
  }
  const ttl = ttlOf(lead.ttl, type, data.value, state)
  if (ttl === undefined) return fault(typeWord, 'no TTL: neither here, nor before, nor by $TTL')
  return ok({ name, type, class: CLASS.IN, ttl, data: data.value })
}

interface Lead {
  readonly ttl: number | undefined
  /** Words that were TTL or class. */
  readonly used: number
  /** A class that is not the Internet's. */
  readonly foreign: PlacedWord | undefined
}

function readLead(words: readonly PlacedWord[]): Lead {
  let ttl: number | undefined
  let classWord: PlacedWord | undefined
  let used = 0
  for (const word of words.slice(0, 2)) {
    const period = ttl === undefined ? parsePeriod(word.text) : undefined
    if (period !== undefined) ttl = period
    else if (classWord === undefined && classNumber(word.text) !== undefined) classWord = word
    else break
    used++
  }
  const foreign =
    classWord !== undefined && classNumber(classWord.text) !== CLASS.IN ? classWord : undefined
  return { ttl, used, foreign }
}

function ttlOf(
  stated: number | undefined,
  type: number,
  data: Uint8Array,
  state: State,
): number | undefined {
  if (stated !== undefined) {
    state.ttl = clampTtl(stated)
    return state.ttl
  }
  if (type === TYPE.SOA && state.ttl === undefined) {
    // BIND: a SOA without any TTL takes its own minimum, and so does what follows.
    state.defaultTtl ??= clampTtl(soaOf(data).minimum)
  }
  return state.defaultTtl ?? state.ttl
}
