/**
 * The judge of DNS answers: the same zones in BIND and in the twin, the same questions to both, every difference printed.
 * `npm run oracle -- dns --seed N --queries Q`.
 */
import { ipv4 } from '../../../src/base/address.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { rngFrom } from '../../../src/base/rng.ts'
import { handleQuery, serverZones, type Arrival } from '../../../src/engine/dns/query-handler.ts'
import { formatZoneError, parseZone } from '../../../src/engine/dns/zone-file.ts'
import type { Zone } from '../../../src/engine/dns/zone.ts'
import type { ZoneSpec } from '../../../src/topology/topology.ts'
import { dnsServer } from '../../../src/topology/services.ts'
import { decodeMessage, type Message, type ResourceRecord } from '../../../src/wire/dns/message.ts'
import { formatName, nameAt, nameKey, showName } from '../../../src/wire/dns/name.ts'
import { formatRdata } from '../../../src/wire/dns/rdata-text.ts'
import { fieldsOf } from '../../../src/wire/dns/rdata.ts'
import { className, rcodeName, typeName } from '../../../src/wire/dns/registry.ts'
import type { OracleOptions } from '../options.ts'
import { startBind, type Bind } from './bind.ts'
import { drawQuery, type DrawnQuery } from './draw-queries.ts'
import { drawZones } from './draw-zones.ts'
import { EXPECTED_FEATURES } from './features.ts'

/** Questions under way at once. */
const WINDOW = 64
const MISMATCHES_SHOWN = 10
/** With fewer questions than this a feature may be missing by chance, and no run fails for it. */
const QUERIES_FOR_ALL_FEATURES = 2000

export interface OracleOutcome {
  readonly queries: number
  readonly mismatches: number
  /** Features that were never drawn. */
  readonly missing: readonly string[]
}

/** Compare and print. The last line is `dns: queries=… mismatches=… seed=N`; sets the exit status when something differs. */
export async function run({ seed = '1', queries = '20000' }: OracleOptions): Promise<void> {
  const print = (line: string): void => console.log(line)
  const outcome = await compare({ seed, queries: Number(queries), print })
  console.log(`dns: queries=${outcome.queries} mismatches=${outcome.mismatches} seed=${seed}`)
  if (outcome.mismatches > 0 || outcome.missing.length > 0) process.exitCode = 1
}

export async function compare(options: {
  readonly seed: string
  readonly queries: number
  readonly print: (line: string) => void
}): Promise<OracleOutcome> {
  const counts = new Map<string, number>()
  const count = (feature: string): void => void counts.set(feature, (counts.get(feature) ?? 0) + 1)
  const rng = rngFrom(`oracle/dns/${options.seed}`)
  const drawn = drawZones(rng.fork('zones'), count)
  const { zones } = drawn
  const spec = dnsServer({ zones: Object.keys(zones) })
  const twin = serverZones(spec, parseAll(zones))
  const bind = await startBind(spec, zones)
  let mismatches = 0
  let asked = 0
  const queries = rng.fork('queries')
  const worker = async (): Promise<void> => {
    while (asked < options.queries) {
      const query = drawQuery(queries, asked++ & 0xffff, drawn, count)
      const arrival: Arrival = {
        transport: query.transport,
        client: ipv4('127.0.0.1'),
        server: ipv4('127.0.0.1'),
      }
      const handled = handleQuery(spec, twin, query.bytes, arrival)
      const ours = handled.kind === 'respond' ? handled.bytes : undefined
      const theirs = await askBind(bind, query, ours === undefined)
      const difference = differenceOf(ours, theirs, count)
      if (difference === undefined) continue
      mismatches++
      if (mismatches <= MISMATCHES_SHOWN) options.print(`${showQuery(query)}\n${difference}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: WINDOW }, worker))
  } finally {
    await bind.stop()
  }
  const missing =
    asked < QUERIES_FOR_ALL_FEATURES ? [] : EXPECTED_FEATURES.filter((f) => !counts.has(f))
  for (const feature of missing) counts.set(feature, 0)
  for (const [feature, n] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    options.print(`${String(n).padStart(8)}  ${feature}`)
  if (missing.length > 0) options.print(`never drawn: ${missing.join(', ')}`)
  return { queries: asked, mismatches, missing }
}

function parseAll(zones: Readonly<Record<string, ZoneSpec>>): Map<string, Zone> {
  return new Map(
    Object.entries(zones).map(([key, spec]) => {
      const parsed = parseZone(spec.file, spec.origin)
      if (!parsed.ok) throw new Error(parsed.error.map(formatZoneError).join('\n'))
      return [key, parsed.value]
    }),
  )
}

/** A lost datagram is no answer of BIND's: ask again before believing in silence. */
async function askBind(
  bind: Bind,
  query: DrawnQuery,
  silent: boolean,
): Promise<Uint8Array | undefined> {
  const first = await bind.ask(query.bytes, query.transport)
  return first === undefined && !silent ? bind.ask(query.bytes, query.transport) : first
}

function differenceOf(
  ours: Uint8Array | undefined,
  theirs: Uint8Array | undefined,
  count: (feature: string) => void,
): string | undefined {
  const [mine, yours] = [linesOf(ours), linesOf(theirs)]
  const decoded = theirs === undefined ? undefined : decodeMessage(theirs)
  if (decoded?.ok) countAnswer(decoded.value, count)
  else count('response: none')
  if (ours !== undefined && theirs !== undefined) {
    count(ours.length === theirs.length ? 'octets: equal' : 'octets: not equal')
  }
  const only = (a: string[], b: string[], sign: string): string[] =>
    a.filter((line) => !b.includes(line)).map((line) => `  ${sign} ${line}`)
  const different = mine.length !== yours.length || mine.some((line, i) => line !== yours[i])
  if (!different) return undefined
  return [`  BIND ${yours[0]}`, ...only(mine, yours, 'twin'), ...only(yours, mine, 'BIND')].join(
    '\n',
  )
}

function countAnswer(message: Message, count: (feature: string) => void): void {
  count(`rcode: ${rcodeName(message.rcode)}`)
  count(message.authoritative ? 'response: AA' : 'response: not AA')
  if (message.truncated) count('response: TC')
  const has = (section: readonly ResourceRecord[], type: string): boolean =>
    section.some((record) => typeName(record.type) === type)
  if (message.answer.length === 0 && has(message.authority, 'SOA')) {
    count(message.rcode === 0 ? 'response: no data' : 'response: name error')
  }
  if (!message.authoritative && has(message.authority, 'NS')) count('response: referral')
  if (has(message.answer, 'CNAME')) count('response: alias')
  if (has(message.answer, 'DNAME')) count('response: DNAME')
  if (message.additional.length > 0) count('response: additional data')
  for (const type of new Set(message.answer.map((record) => typeName(record.type))))
    count(`answered: ${type}`)
}

/** A response as sorted lines; order within sections and the case of names do not count. */
function linesOf(bytes: Uint8Array | undefined): string[] {
  if (bytes === undefined) return ['no response']
  const decoded = decodeMessage(bytes)
  if (!decoded.ok) return [`unreadable: ${toHex(bytes)}`]
  const m = decoded.value
  const flags = [
    `id=${m.id} opcode=${m.opcode} ${rcodeName(m.rcode)} qr=${m.response} aa=${m.authoritative} tc=${m.truncated}`,
    `rd=${m.recursionDesired} ra=${m.recursionAvailable} ad=${m.authenticData} cd=${m.checkingDisabled}`,
  ].join(' ')
  const question = m.question.map(
    (q) => `question ${formatName(q.name)} ${className(q.class)} ${typeName(q.type)}`,
  )
  const edns =
    m.edns === undefined
      ? 'no OPT'
      : `OPT version=${m.edns.version} size=${m.edns.payloadSize} do=${m.edns.dnssecOk}`
  // What a truncated message still holds is to be ignored (RFC 2181 §9), and BIND does not always send the same of it.
  if (m.truncated) return [flags.replace(/ ad=\w+/, ''), ...question, edns]
  // BIND explains some refusals in an extended error (RFC 8914), which is no part of the answer.
  const optionOctets = (m.edns?.options ?? []).reduce((sum, o) => sum + 4 + o.data.length, 0)
  const records = (['answer', 'authority', 'additional'] as const).flatMap((section) =>
    m[section].map((record) => `${section} ${showRecord(record)}`).sort(),
  )
  return [flags, `octets=${bytes.length - optionOctets}`, ...question, edns, ...records]
}

function showRecord(record: ResourceRecord): string {
  const data = fieldsOf(record.type, record.data)?.map(({ kind, bytes }) =>
    kind === 'compressed-name' || kind === 'name' ? nameKey(nameAt(bytes)) : toHex(bytes),
  )
  const head = `${nameKey(record.name)} ${record.ttl} ${className(record.class)} ${typeName(record.type)}`
  return data === undefined
    ? `${head} ${formatRdata(record.type, record.data)}`
    : `${head} ${data.join(' ')}`
}

function showQuery(query: DrawnQuery): string {
  const { message, transport } = query
  const question = message.question[0]!
  const edns =
    message.edns === undefined
      ? ''
      : ` edns ${JSON.stringify({ ...message.edns, options: message.edns.options.length })}`
  return `${showName(question.name)} ${className(question.class)} ${typeName(question.type)} ${transport} opcode ${message.opcode}${edns}`
}
