/**
 * From the bytes of a query to the bytes of a response: what a server checks before it looks anything up (RFC 1035 §4.1, RFC 6891),
 * query resolution policies and zone scopes (Windows), truncation. Not a service: `node/dns-server.ts` has the sockets.
 */
import { parseIpv4, parsePrefix, prefixContains, type Ipv4 } from '../../base/address.ts'
import type { DnsPolicySpec, DnsServerSpec } from '../../topology/services.ts'
import { encodeMessage } from '../../wire/dns/encode.ts'
import {
  decodeMessage,
  peekHeader,
  peekQuestions,
  UDP_OCTETS_MAX,
  type Edns,
  type Header,
  type Message,
  type Question,
} from '../../wire/dns/message.ts'
import { isWithin, parseName, sameName } from '../../wire/dns/name.ts'
import { CLASS, isMetaType, OPCODE, RCODE, TYPE } from '../../wire/dns/registry.ts'
import { answerFrom, zoneSet, type Answer, type ZoneSet } from './authoritative.ts'
import type { Zone } from './zone.ts'

/** The UDP payload size that the server offers, and beyond which it does not answer by UDP: BIND's and RFC 9715's. */
export const EDNS_PAYLOAD_OCTETS = 1232

/** How a query came. */
export interface Arrival {
  readonly transport: 'udp' | 'tcp'
  readonly client: Ipv4
  /** The server's own address that it came to. */
  readonly server: Ipv4
}

export interface Responding {
  readonly kind: 'respond'
  readonly bytes: Uint8Array
  readonly rcode: number
  /** Undefined: the query had no readable question. */
  readonly question: Question | undefined
  /** The policy that decided, where one did. */
  readonly policy?: string
}

/** What becomes of a query. */
export type Handling =
  | Responding
  /** Nothing is sent. */
  | { readonly kind: 'drop'; readonly why: string }
  /** The rest is for the recursive resolver, whose result {@link respondRecursively} turns into bytes. */
  | {
      readonly kind: 'recurse'
      readonly query: Message
      readonly question: Question
      readonly own: Answer
    }

/** The zones of one server, by scope: the default scope, and those that policies name. */
export interface ServerZones {
  readonly byDefault: ZoneSet
  readonly scopes: ReadonlyMap<string, ZoneSet>
}

/**
 * Pick a server's zones out of all. A scope's zone stands in for the default one of the same origin (domain: Windows zone scopes).
 * Keys that name no zone are passed over: the topology's validation speaks of them.
 */
export function serverZones(spec: DnsServerSpec, zones: ReadonlyMap<string, Zone>): ServerZones {
  const own = (spec.zones ?? []).flatMap((key) => zones.get(key) ?? [])
  const scopes = Object.entries(spec.scopes ?? {}).map(([scope, key]): [string, ZoneSet] => {
    const view = zones.get(key)
    const others = own.filter((zone) => view === undefined || !sameName(zone.origin, view.origin))
    return [scope, zoneSet(view === undefined ? own : [...others, view])]
  })
  return { byDefault: zoneSet(own), scopes: new Map(scopes) }
}

/** Handle one message. Never throws, whatever the bytes. */
export function handleQuery(
  spec: DnsServerSpec,
  zones: ServerZones,
  bytes: Uint8Array,
  arrival: Arrival,
): Handling {
  const header = peekHeader(bytes)
  if (header === undefined) return { kind: 'drop', why: 'shorter than a DNS header' }
  if (header.response) return { kind: 'drop', why: 'a response, not a query' }
  const decoded = decodeMessage(bytes)
  if (!decoded.ok || asksTwice(decoded.value)) return refuseMalformed(header, peekQuestions(bytes))
  const query = decoded.value
  const early = beforeLookup(query, zones.byDefault)
  if (early !== undefined) return respond(withoutForeign(query), failure(early), arrival)
  const question = query.question[0]!
  const policy = (spec.policies ?? []).find((candidate) =>
    policyMatches(candidate, question, arrival),
  )
  if (policy?.action === 'ignore')
    return { kind: 'drop', why: `policy '${policy.name}' ignores it` }
  if (policy?.action === 'deny') return respond(query, failure(RCODE.REFUSED), arrival, policy.name)
  const scope = policy?.scope === undefined ? undefined : zones.scopes.get(policy.scope)
  const recursion = policy?.recursion ?? spec.recursion === true
  const recursive = recursion && query.recursionDesired
  const own = answerFrom(scope ?? zones.byDefault, question, {
    acrossZones: recursive,
    brief: isBrief(query, question, arrival),
  })
  if (recursive && own.leadsTo !== undefined) {
    return { kind: 'recurse', query, question, own }
  }
  return respond(query, own, arrival, policy?.name, recursion)
}

/** No data has these, and no question may (RFC 6895 §3.2; BIND has no use for ANY). */
const NOT_A_CLASS: readonly number[] = [0, CLASS.NONE, CLASS.ANY]

/** The same question twice is malformed; two different ones are FORMERR all the same, but can be repeated. */
const asksTwice = ({ question: [first, second] }: Pick<Message, 'question'>): boolean =>
  first !== undefined &&
  second !== undefined &&
  first.type === second.type &&
  sameName(first.name, second.name)

/** Only a QUERY's response repeats the question and the flags. */
const withoutForeign = (query: Message): Message =>
  query.opcode === OPCODE.QUERY
    ? query
    : { ...query, question: [], recursionDesired: false, checkingDisabled: false }

/** An rcode that no lookup is needed for; undefined: look it up. */
function beforeLookup(query: Message, zones: ZoneSet): number | undefined {
  if (query.edns !== undefined && query.edns.version > 0) return RCODE.BADVERS
  const asked = query.question[0]?.class
  if (asked !== undefined && NOT_A_CLASS.includes(asked)) return RCODE.FORMERR
  if (query.opcode === OPCODE.UPDATE) return RCODE.REFUSED
  if (query.opcode !== OPCODE.QUERY) return RCODE.NOTIMP
  if (asked === CLASS.CH || asked === CLASS.HS) return RCODE.REFUSED
  if (asked !== undefined && asked !== CLASS.IN) return RCODE.NOTIMP
  const question = query.question[0]
  if (question === undefined || query.question.length > 1) return RCODE.FORMERR
  if (question.type === 0 || question.type === TYPE.ANY || !isMetaType(question.type))
    return undefined
  switch (question.type) {
    case TYPE.AXFR:
    case TYPE.IXFR:
      // No transfers are given; for what is not a zone of ours BIND has another word.
      return zones.find(question.name)?.origin.length === question.name.length
        ? RCODE.REFUSED
        : RCODE.NOTAUTH
    case TYPE.MAILA:
    case TYPE.MAILB:
      return RCODE.NOTIMP
    default:
      return RCODE.FORMERR
  }
}

const failure = (rcode: number): Answer => ({
  rcode,
  authoritative: false,
  answer: [],
  authority: [],
  additional: [],
  neededGlue: new Set(),
  leadsTo: undefined,
})

function refuseMalformed(header: Header, questions: readonly Question[]): Handling {
  const sections = { answer: [], authority: [], additional: [] }
  const question = asksTwice({ question: questions }) ? [] : questions
  const query = withoutForeign({ ...header, rcode: 0, question, ...sections })
  const response = { ...query, ...CLEAN, response: true, rcode: RCODE.FORMERR }
  return {
    kind: 'respond',
    bytes: encodeMessage(response),
    rcode: RCODE.FORMERR,
    question: questions[0],
  }
}

const CLEAN = {
  authoritative: false,
  truncated: false,
  recursionAvailable: false,
  authenticData: false,
} as const

/** The response to `query` with the sections of `answer`, cut to what the way it came allows. */
function respond(
  query: Message,
  answer: Answer,
  arrival: Arrival,
  policy?: string,
  recursionAvailable = false,
): Responding {
  const edns: Edns | undefined =
    query.edns === undefined
      ? undefined
      : { version: 0, payloadSize: EDNS_PAYLOAD_OCTETS, dnssecOk: query.edns.dnssecOk, options: [] }
  const response: Message = {
    ...query,
    ...CLEAN,
    response: true,
    recursionAvailable,
    authoritative: answer.authoritative,
    rcode: answer.rcode,
    answer: answer.answer,
    authority: answer.authority,
    additional: answer.additional,
    ...(edns === undefined ? {} : { edns }),
  }
  const bytes = encodeMessage(response, {
    octetsMax: octetsMax(query, arrival),
    glue: (record) => answer.neededGlue.has(record),
  })
  return {
    kind: 'respond',
    bytes,
    rcode: answer.rcode,
    question: query.question[0],
    ...(policy === undefined ? {} : { policy }),
  }
}

/** BIND keeps to what was asked for keys, and for a querier that says by EDNS how little room it has. */
const isBrief = (query: Message, question: Question, arrival: Arrival): boolean =>
  question.type === TYPE.DS ||
  question.type === TYPE.DNSKEY ||
  (arrival.transport === 'udp' &&
    query.edns !== undefined &&
    query.edns.payloadSize <= UDP_OCTETS_MAX)

function octetsMax(query: Message, arrival: Arrival): number {
  if (arrival.transport === 'tcp') return 65_535
  const offered = query.edns?.payloadSize ?? UDP_OCTETS_MAX
  return Math.min(Math.max(offered, UDP_OCTETS_MAX), EDNS_PAYLOAD_OCTETS)
}

/** What the recursive resolver found for a {@link Handling} of kind `recurse`, as a response. Its records follow the server's own. */
export function respondRecursively(
  handling: Extract<Handling, { kind: 'recurse' }>,
  found: Pick<Answer, 'rcode' | 'answer' | 'authority'>,
  arrival: Arrival,
): Responding {
  const { own, query } = handling
  const answer: Answer = {
    ...failure(found.rcode),
    answer: [...own.answer, ...found.answer],
    authority: found.authority,
  }
  return respond(query, answer, arrival, undefined, true)
}

/** Every criterion that is given must hold; `*.contoso.com` means all below, not the name itself. */
function policyMatches(policy: DnsPolicySpec, question: Question, arrival: Arrival): boolean {
  if (policy.clientSubnet !== undefined) {
    const subnet = parsePrefix(policy.clientSubnet)
    if (!subnet.ok || !prefixContains(subnet.value, arrival.client)) return false
  }
  if (
    policy.serverInterface !== undefined &&
    parseIpv4(policy.serverInterface) !== arrival.server
  ) {
    return false
  }
  if (policy.fqdn === undefined) return true
  const below = policy.fqdn.startsWith('*.')
  const name = parseName(below ? policy.fqdn.slice(2) : policy.fqdn)
  if (!name.ok) return false
  if (!below) return sameName(question.name, name.value)
  return question.name.length > name.value.length && isWithin(question.name, name.value)
}
