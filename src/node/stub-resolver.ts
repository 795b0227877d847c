/**
 * The DNS client of a Windows host: hosts file, cache, NRPT, suffixes, the interfaces' servers in order of metric; and, beside it,
 * `nslookup`, which knows none of the first three. Not a recursive resolver. LLMNR, NetBIOS and devolution are not modelled.
 * Order: Microsoft's VPN name resolution page; timings and what no source confirms are named constants and settings.
 */
import { formatIpv4, parseIpv4, type Ipv4 } from '../base/address.ts'
import { after, seconds, type Instant } from '../base/time.ts'
import type { Host, NicView } from '../net/sockets.ts'
import type { Message, ResourceRecord } from '../wire/dns/message.ts'
import { parseName, showName, type Name } from '../wire/dns/name.ts'
import { formatRdata } from '../wire/dns/rdata-text.ts'
import { soaOf } from '../wire/dns/rdata.ts'
import { CLASS, RCODE, rcodeName, TYPE, typeName, typeNumber } from '../wire/dns/registry.ts'
import {
  decideByNrpt,
  type NrptDecision,
  type NrptDefaults,
  type NrptTable,
} from '../windows/nrpt.ts'
import { queryServers, type Attempt, type QueryResult } from './dns-query.ts'

/** Waits of the Windows DNS client: the first servers alone, then all of them ("DNS client resolution timeouts"; unconfirmed for VPN). */
export const WINDOWS_WAITS = [seconds(1), seconds(1), seconds(2), seconds(4), seconds(4)] as const
/** `nslookup`: timeout 2 s, doubled at its one retry. */
export const NSLOOKUP_WAITS = [seconds(2), seconds(4)] as const
/** MaxNegativeCacheTtl of the DNS client service. */
export const NEGATIVE_CACHE_MAX = seconds(5)
/** MaxCacheTtl. */
export const POSITIVE_CACHE_MAX = seconds(86_400)

export interface StubConfig {
  readonly nrpt: () => NrptTable
  readonly nrptDefaults: () => NrptDefaults
  /** A suffix search list from Group Policy replaces all others. */
  readonly suffixSearchList: () => readonly string[] | undefined
  /** Suffixes of a profile whose tunnel is up; they come before the interfaces'. */
  readonly profileSuffixes: () => readonly string[]
  /** The hosts file: name in lower case → addresses. */
  readonly hosts?: ReadonlyMap<string, readonly string[]>
}

export interface StubAnswer {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly data: string
}

/** What came of a question: `lab/reports.ts` calls it a ResolveReport, but for the host. */
export interface StubOutcome {
  readonly name: string
  readonly type: string
  readonly rcode: string
  readonly answers: readonly StubAnswer[]
  readonly servers: readonly string[]
  readonly nrptRule?: string
  readonly why: readonly string[]
  readonly fromCache: boolean
  readonly restsOn?: readonly string[]
}

export interface StubResolver {
  /** `done` is called once. An unknown type or a name that is none is answered with FORMERR, and nobody is asked. */
  resolve(
    question: { readonly name: string; readonly type: string },
    options: { readonly mode: 'api' | 'nslookup' },
    done: (outcome: StubOutcome) => void,
  ): void
  /** `ipconfig /flushdns`. */
  flush(): void
}

export const createStubResolver = (host: Host, config: StubConfig): StubResolver =>
  new WindowsResolver(host, config)

interface Cached {
  readonly at: Instant
  readonly expires: Instant
  readonly rcode: number
  readonly records: readonly ResourceRecord[]
}

/** Whom to ask for one name, and why them. */
interface Plan {
  readonly attempts: readonly Attempt[]
  readonly why: readonly string[]
  readonly decision?: NrptDecision
}

/** What is known of a question that is being worked on. */
interface Work {
  readonly asked: string
  readonly type: number
  readonly mode: 'api' | 'nslookup'
  readonly candidates: readonly string[]
  readonly why: string[]
  readonly servers: string[]
  readonly restsOn: Set<string>
  readonly done: (outcome: StubOutcome) => void
  rule?: string
  fromCache: boolean
}

class WindowsResolver implements StubResolver {
  readonly #host: Host
  readonly #config: StubConfig
  readonly #cache = new Map<string, Cached>()
  #surroundings = ''

  constructor(host: Host, config: StubConfig) {
    this.#host = host
    this.#config = config
  }

  flush(): void {
    this.#cache.clear()
  }

  resolve(
    question: { readonly name: string; readonly type: string },
    options: { readonly mode: 'api' | 'nslookup' },
    done: (outcome: StubOutcome) => void,
  ): void {
    this.#flushWhenMoved()
    const type = typeNumber(question.type)
    const work: Work = {
      asked: question.name,
      type: type ?? 0,
      mode: options.mode,
      candidates: this.#candidates(question.name, options.mode),
      why: [],
      servers: [],
      restsOn: new Set(),
      done,
      fromCache: false,
    }
    if (type === undefined || !parseName(question.name).ok) {
      work.why.push(`'${question.name} ${question.type}' is no question`)
      return this.#finish(work, RCODE.FORMERR, [])
    }
    this.#try(work, 0)
  }

  /** Windows empties its cache when a network or the policy table changes. */
  #flushWhenMoved(): void {
    const nics = this.#host.nics.map((nic) => [nic.name, nic.up, nic.address, nic.dns, nic.suffix])
    const now = JSON.stringify([nics, this.#config.nrpt()])
    if (now !== this.#surroundings) this.flush()
    this.#surroundings = now
  }

  /** The full names to try, in order. */
  #candidates(name: string, mode: 'api' | 'nslookup'): readonly string[] {
    if (name.endsWith('.')) return [name]
    const suffixed = this.#suffixes().map((suffix) => `${name}.${suffix}`)
    // nslookup puts its suffixes behind names with dots, too, and tries those first.
    if (mode === 'nslookup') return [...suffixed, name]
    if (name.includes('.')) return [name]
    return suffixed.length > 0 ? suffixed : [name]
  }

  #suffixes(): readonly string[] {
    const global = this.#config.suffixSearchList()
    if (global !== undefined) return global
    const own = this.#byMetric().flatMap((nic) => nic.suffix ?? [])
    return [...new Set([...this.#config.profileSuffixes(), ...own])]
  }

  /** Interfaces that have DNS servers or a suffix, the most preferred first. */
  #byMetric(): readonly NicView[] {
    return this.#host.nics.filter((nic) => nic.up).toSorted((a, b) => a.metric - b.metric)
  }

  #try(work: Work, at: number): void {
    const candidate = work.candidates[at]!
    const name = parseName(candidate)
    // A suffix can make a name too long; such a candidate is passed over.
    if (!name.ok) return this.#afterCandidate(work, at, RCODE.NXDOMAIN, [])
    if (work.mode === 'api' && this.#knows(work, candidate, name.value)) return
    const plan = work.mode === 'api' ? this.#plan(candidate) : this.#nslookupPlan()
    work.why.push(...plan.why.map((line) => `${candidate}: ${line}`))
    this.#note(work, plan.decision)
    const question = { name: name.value, type: work.type, class: CLASS.IN }
    queryServers(this.#host, question, plan.attempts, (result) => {
      for (const server of result.asked) {
        if (!work.servers.includes(formatIpv4(server))) work.servers.push(formatIpv4(server))
      }
      this.#heard(work, at, name.value, result)
    })
  }

  /** The hosts file and the cache; true when one of them had the answer. */
  #knows(work: Work, candidate: string, name: Name): boolean {
    const listed = this.#config.hosts?.get(candidate.toLowerCase().replace(/\.$/, ''))
    if (listed !== undefined && work.type === TYPE.A) {
      work.why.push(`${candidate}: in the hosts file`)
      const answers = listed.map((data) => ({ name: candidate, type: 'A', ttl: 0, data }))
      this.#finish(work, RCODE.NOERROR, answers)
      return true
    }
    const cached = this.#cache.get(cacheKey(name, work.type))
    if (cached === undefined || cached.expires <= this.#host.now) return false
    this.#note(work, this.#decide(candidate))
    work.why.push(`${candidate}: from the cache`)
    work.fromCache = true
    const age = Math.floor((this.#host.now - cached.at) / 1e6)
    this.#finish(work, cached.rcode, answersOf(cached.records, age))
    return true
  }

  #decide(candidate: string): NrptDecision {
    return decideByNrpt(candidate, this.#config.nrpt(), this.#config.nrptDefaults())
  }

  #note(work: Work, decision: NrptDecision | undefined): void {
    delete work.rule
    if (decision?.rule !== undefined) work.rule = decision.rule.namespace
    for (const setting of decision?.restsOn ?? []) work.restsOn.add(setting)
  }

  #plan(candidate: string): Plan {
    const decision = this.#decide(candidate)
    const { why } = decision
    if (decision.ask === 'rule') {
      const addresses = decision.servers.flatMap((text) => parseIpv4(text) ?? [])
      return { attempts: attemptsFor([addresses], WINDOWS_WAITS), why, decision }
    }
    const nics = this.#byMetric().filter((nic) => nic.dns.length > 0)
    const from =
      nics[0] === undefined
        ? 'no interface has a DNS server'
        : `asks the servers of ${nics[0].name}`
    const groups = nics.map((nic) => nic.dns)
    return { attempts: attemptsFor(groups, WINDOWS_WAITS), why: [...why, from], decision }
  }

  #nslookupPlan(): Plan {
    const nic = this.#byMetric().find((each) => each.dns.length > 0)
    if (nic === undefined) return { attempts: [], why: ['nslookup finds no DNS server'] }
    const servers = [nic.dns[0]!]
    return {
      attempts: NSLOOKUP_WAITS.map((wait) => ({ servers, wait })),
      why: [`nslookup asks ${formatIpv4(servers[0]!)}, whatever the NRPT says`],
    }
  }

  #heard(work: Work, at: number, name: Name, { reply }: QueryResult): void {
    if (reply === undefined) {
      work.why.push(`${work.candidates[at]}: nobody answered`)
      return this.#afterCandidate(work, at, undefined, [])
    }
    const { message, from } = reply
    work.why.push(`${work.candidates[at]}: ${formatIpv4(from)} says ${rcodeName(message.rcode)}`)
    // What nslookup hears is its own: the cache is the DNS client's.
    if (work.mode === 'api') this.#remember(name, work.type, message)
    this.#afterCandidate(work, at, message.rcode, answersOf(message.answer, 0))
  }

  /** A name that does not exist, or that nobody answers for, makes way for the next one. */
  #afterCandidate(
    work: Work,
    at: number,
    rcode: number | undefined,
    answers: readonly StubAnswer[],
  ): void {
    const isFound = rcode === RCODE.NOERROR && answers.length > 0
    if (!isFound && at + 1 < work.candidates.length) return this.#try(work, at + 1)
    this.#finish(work, rcode, answers)
  }

  #remember(name: Name, type: number, message: Message): void {
    const { now } = this.#host
    const ttl = ttlOf(message)
    if (ttl === undefined) return
    const isPositive = message.rcode === RCODE.NOERROR && message.answer.length > 0
    const longest = isPositive ? POSITIVE_CACHE_MAX : NEGATIVE_CACHE_MAX
    this.#cache.set(cacheKey(name, type), {
      at: now,
      expires: after(now, Math.min(seconds(ttl), longest) as typeof longest),
      rcode: message.rcode,
      records: message.answer,
    })
  }

  #finish(work: Work, rcode: number | undefined, answers: readonly StubAnswer[]): void {
    const outcome: StubOutcome = {
      name: work.asked,
      type: work.type === 0 ? '?' : typeName(work.type),
      rcode: rcode === undefined ? 'TIMEOUT' : rcodeName(rcode),
      answers,
      servers: work.servers,
      why: work.why,
      fromCache: work.fromCache,
      ...(work.rule === undefined ? {} : { nrptRule: work.rule }),
      ...(work.restsOn.size === 0 ? {} : { restsOn: [...work.restsOn] }),
    }
    this.#host.after(seconds(0), () => work.done(outcome))
  }
}

/**
 * The most preferred group's first server alone, then its second, and so on as far as the waits go; from the third attempt on
 * everybody of every group.
 */
function attemptsFor(
  groups: readonly (readonly Ipv4[])[],
  waits: readonly (typeof WINDOWS_WAITS)[number][],
): readonly Attempt[] {
  const [first = []] = groups
  const everybody = [...new Set(groups.flat())]
  if (everybody.length === 0) return []
  return waits.map((wait, i) => {
    const alone = i < 2 ? (first[i] ?? first[0]) : undefined
    return { servers: alone === undefined ? everybody : [alone], wait }
  })
}

const cacheKey = (name: Name, type: number): string => `${showName(name).toLowerCase()} ${type}`

function answersOf(records: readonly ResourceRecord[], age: number): readonly StubAnswer[] {
  return records.map(({ name, type, ttl, data }) => ({
    name: showName(name),
    type: typeName(type),
    ttl: Math.max(0, ttl - age),
    data: formatRdata(type, data),
  }))
}

/** How long an answer may be kept, in seconds: the shortest TTL, or what the SOA of a denial says (RFC 2308 §5). Undefined: not at all. */
function ttlOf(message: Message): number | undefined {
  if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN) return undefined
  if (message.rcode === RCODE.NOERROR && message.answer.length > 0) {
    return Math.min(...message.answer.map((record) => record.ttl))
  }
  const soa = message.authority.find((record) => record.type === TYPE.SOA)
  return soa === undefined ? undefined : Math.min(soa.ttl, soaOf(soa.data).minimum)
}
