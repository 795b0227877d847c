/**
 * A recursive resolver (RFC 1034 §5.3.3): from root hints along referrals, or by forwarders, with a cache and bounds on everything.
 * Not a service: it says what to send and when to be woken. The state is one object that `step` changes in place: a cache is too large to copy.
 */
import { formatIpv4, isIpv4, type Ipv4 } from '../../base/address.ts'
import { seconds } from '../../base/time.ts'
import { encodeMessage } from '../../wire/dns/encode.ts'
import {
  decodeMessage,
  queryFor,
  type Message,
  type Question,
  type ResourceRecord,
} from '../../wire/dns/message.ts'
import { isWithin, ROOT, sameName, showName, type Name } from '../../wire/dns/name.ts'
import { addressOf, targetOf } from '../../wire/dns/rdata.ts'
import { CLASS, RCODE, TYPE } from '../../wire/dns/registry.ts'
import type { AddressedOutput, Engine, Env } from '../engine.ts'
import { DnsCache } from './cache.ts'
import { answersTo, readResponse, rrsetsIn, type Reading } from './response.ts'

/** One try of one server: the Windows DNS server's RecursionRetry and ForwardingTimeout. */
export const TRY_TIMEOUT = seconds(3)
/** A client's whole question: the Windows DNS server's RecursionTimeout. */
export const QUESTION_TIMEOUT = seconds(8)
/** How often the list of a zone's servers is gone through. */
export const ROUNDS_MAX = 2
/** Messages sent for one client's question, those for name servers' addresses included (BIND: max-recursion-queries). */
export const QUERIES_MAX = 50
/** Addresses of name servers that are needed to find addresses of name servers (BIND: max-recursion-depth). */
export const DEPTH_MAX = 7
/** Aliases followed for one question (BIND: max-query-restarts). */
export const ALIASES_MAX = 11
/** The most that is kept at once; TTLs above a week count as a week, absences above three hours as three hours (BIND's own). */
export const CACHE_LIMITS = {
  ttlMax: 604_800,
  negativeTtlMax: 10_800,
  entriesMax: 100_000,
} as const

export interface ResolverConfig {
  readonly rootHints: readonly Ipv4[]
  readonly forwarders: readonly Ipv4[]
  /** The longest zone that contains the name decides. */
  readonly conditionalForwarders: readonly {
    readonly zone: Name
    readonly servers: readonly Ipv4[]
  }[]
}

export type ResolverInput =
  | {
      readonly kind: 'resolve'
      readonly id: number
      readonly question: Question
      /** NS records and glue of a delegation in the server's own zones: where to begin. */
      readonly referral?: readonly ResourceRecord[]
    }
  /** A message that came back on the way that `exchange` was sent. */
  | { readonly kind: 'message'; readonly exchange: number; readonly bytes: Uint8Array }
  /** The way is closed: an ICMP error, a connection refused. */
  | { readonly kind: 'failed'; readonly exchange: number }
  | { readonly kind: 'timer'; readonly timer: string }

export interface ResolverReport {
  readonly id: number
  readonly rcode: number
  readonly answer: readonly ResourceRecord[]
  /** The SOA that proves an absence. */
  readonly authority: readonly ResourceRecord[]
  /** Addresses that were asked, in order, each once. */
  readonly servers: readonly string[]
}

/** Where a query goes. A new exchange wants a new port, and is over when its answer came. */
export interface ResolverTarget {
  readonly exchange: number
  readonly server: Ipv4
  readonly transport: 'udp' | 'tcp'
}

type Out = AddressedOutput<ResolverReport, ResolverTarget>

/** One name that is being looked for: a client's, or a name server's. */
interface Task {
  readonly root: ClientWork
  readonly depth: number
  readonly question: Question
  /** The task that waits for this one's address; undefined: a client does. */
  readonly parent: Task | undefined
  readonly records: ResourceRecord[]
  name: Name
  aliases: number
  /** The zone whose servers are asked; what they say about other names is not believed. */
  zone: Name
  servers: Ipv4[]
  /** Name servers of the zone whose addresses are not known. */
  unknown: Name[]
  /** A delegation in the server's own zones; it goes before forwarders. */
  ownCut: readonly ResourceRecord[]
  /** With recursion desired: the servers are forwarders. */
  forwarded: boolean
  tries: number
}

interface ClientWork {
  readonly id: number
  /** Further clients with the same question. */
  readonly joined: number[]
  readonly servers: string[]
  queries: number
  over: boolean
}

interface Result {
  readonly rcode: number
  readonly records: readonly ResourceRecord[]
  readonly soa: readonly ResourceRecord[]
}

interface Exchange {
  readonly task: Task
  readonly server: Ipv4
  readonly id: number
  readonly question: Question
  readonly transport: 'udp' | 'tcp'
}

export interface ResolverState {
  readonly cache: DnsCache
  readonly exchanges: Map<number, Exchange>
  readonly clients: Map<number, { readonly work: ClientWork; readonly task: Task }>
  /** The last number given to an exchange. */
  last: number
}

export const resolverEngine = (
  config: ResolverConfig,
): Engine<ResolverState, ResolverInput, ResolverReport, Out> => ({
  start: () => ({
    state: { cache: new DnsCache(CACHE_LIMITS), exchanges: new Map(), clients: new Map(), last: 0 },
    outputs: [],
  }),
  step(state, input, env) {
    const outputs: Out[] = []
    new Resolution(config, state, env, outputs).take(input)
    return { state, outputs }
  },
})

/** One step: what it sends and reports is collected in `outputs`. */
class Resolution {
  readonly #config: ResolverConfig
  readonly #state: ResolverState
  readonly #env: Env
  readonly #outputs: Out[]

  constructor(config: ResolverConfig, state: ResolverState, env: Env, outputs: Out[]) {
    this.#config = config
    this.#state = state
    this.#env = env
    this.#outputs = outputs
  }

  take(input: ResolverInput): void {
    switch (input.kind) {
      case 'resolve':
        return this.#begin(input.id, input.question, input.referral ?? [])
      case 'message':
        return this.#receive(input.exchange, input.bytes)
      case 'failed':
        return this.#lose(input.exchange)
      case 'timer': {
        const number = Number(input.timer.slice(input.timer.indexOf('/') + 1))
        return input.timer.startsWith('try/') ? this.#lose(number) : this.#giveUp(number)
      }
    }
  }

  /** A question that is being worked on already is joined: servers that forward to each other would never end otherwise. */
  #begin(id: number, question: Question, referral: readonly ResourceRecord[]): void {
    const same = [...this.#state.clients.values()].find(
      ({ task }) =>
        task.question.type === question.type && sameName(task.question.name, question.name),
    )
    if (same !== undefined) return void same.work.joined.push(id)
    const work: ClientWork = { id, joined: [], servers: [], queries: 0, over: false }
    const task = this.#task(work, question)
    this.#keep(referral)
    task.ownCut = referral.filter((record) => record.type === TYPE.NS)
    this.#state.clients.set(id, { work, task })
    this.#outputs.push({ kind: 'arm', timer: `question/${id}`, after: QUESTION_TIMEOUT })
    this.#lookUp(task)
  }

  #giveUp(id: number): void {
    const client = this.#state.clients.get(id)
    if (client !== undefined) this.#report(client.work, FAILED)
  }

  #report(work: ClientWork, { rcode, records, soa }: Result): void {
    if (work.over) return
    work.over = true
    this.#state.clients.delete(work.id)
    this.#outputs.push({ kind: 'disarm', timer: `question/${work.id}` })
    for (const [number, exchange] of this.#state.exchanges) {
      if (exchange.task.root === work) this.#close(number)
    }
    for (const id of [work.id, ...work.joined]) {
      const report = { id, rcode, answer: records, authority: soa, servers: work.servers }
      this.#outputs.push({ kind: 'report', report })
    }
  }

  #task(root: ClientWork, question: Question, parent?: Task): Task {
    const found = { records: [], name: question.name, aliases: 0 }
    const nobody = { zone: ROOT, servers: [], unknown: [], ownCut: [], forwarded: false, tries: 0 }
    const depth = parent === undefined ? 0 : parent.depth + 1
    return { root, depth, question, parent, ...found, ...nobody }
  }

  /** A client's task is reported; a name server's address goes to the task that waits for it. */
  #end({ root, parent }: Task, result: Result): void {
    if (parent === undefined) return this.#report(root, result)
    parent.servers = addressesIn(result.records)
    parent.tries = 0
    this.#ask(parent)
  }

  /** From the cache as far as it goes, then from whoever is nearest to the name. */
  #lookUp(task: Task): void {
    const { cache } = this.#state
    const { type } = task.question
    for (;;) {
      const known =
        cache.find(task.name, type, this.#env.now) ??
        cache.find(task.name, TYPE.CNAME, this.#env.now)
      if (known === undefined) break
      if (known.kind === 'absent') {
        return this.#end(task, { rcode: known.rcode, records: task.records, soa: known.soa })
      }
      task.records.push(...known.records)
      const [first] = known.records
      if (first!.type === type)
        return this.#end(task, { rcode: RCODE.NOERROR, records: task.records, soa: [] })
      if (!this.#follow(task, targetOf(first!)!)) return
    }
    this.#chooseServers(task)
    this.#ask(task)
  }

  /** Go on with an alias's target; false, and the task is over, when there have been too many. */
  #follow(task: Task, target: Name): boolean {
    task.name = target
    if (++task.aliases <= ALIASES_MAX) return true
    this.#end(task, { ...FAILED, records: task.records })
    return false
  }

  #chooseServers(task: Task): void {
    task.tries = 0
    task.unknown = []
    const conditional = this.#config.conditionalForwarders
      .filter(({ zone }) => isWithin(task.name, zone))
      .toSorted((a, b) => b.zone.length - a.zone.length)[0]
    const own = task.ownCut[0]?.name
    const forwarders = conditional?.servers ?? this.#config.forwarders
    task.forwarded = false
    if (own !== undefined && isWithin(task.name, own)) return this.#enter(task, own, task.ownCut)
    task.forwarded = forwarders.length > 0
    task.zone = ROOT
    if (task.forwarded) task.servers = [...forwarders]
    else if (!this.#nearestKnown(task)) task.servers = this.#shuffled(this.#config.rootHints)
  }

  /** The deepest zone above the name whose servers are in the cache. */
  #nearestKnown(task: Task): boolean {
    // The servers of a zone are asked of its parent when the parent's side is wanted.
    for (let cut = task.question.type === TYPE.DS ? 1 : 0; cut < task.name.length; cut++) {
      const zone = task.name.slice(cut)
      const known = this.#state.cache.find(zone, TYPE.NS, this.#env.now)
      if (known?.kind === 'records') {
        this.#enter(task, zone, known.records)
        if (task.servers.length + task.unknown.length > 0) return true
      }
    }
    return false
  }

  /** Take the servers that NS records name, those with known addresses first. */
  #enter(task: Task, zone: Name, ns: readonly ResourceRecord[]): void {
    const names = ns.map((record) => targetOf(record)!)
    const known = names.map((name) => this.#state.cache.find(name, TYPE.A, this.#env.now))
    task.zone = zone
    task.tries = 0
    task.servers = this.#shuffled(
      known.flatMap((found) => (found?.kind === 'records' ? addressesIn(found.records) : [])),
    )
    // A server below its own zone without an address can only be reached by glue.
    task.unknown = names.filter((name, i) => known[i] === undefined && !isWithin(name, zone))
  }

  #shuffled(servers: readonly Ipv4[]): Ipv4[] {
    if (servers.length < 2) return [...servers]
    const first = this.#env.rng.below(servers.length)
    return [...servers.slice(first), ...servers.slice(0, first)]
  }

  /** Ask the next server, or find an address of one, or admit failure. */
  #ask(task: Task): void {
    if (task.root.over) return
    const { servers } = task
    if (task.tries < servers.length * ROUNDS_MAX && task.root.queries < QUERIES_MAX) {
      return this.#send(task, servers[task.tries++ % servers.length]!, 'udp')
    }
    const name = task.unknown.shift()
    if (name === undefined || task.depth >= DEPTH_MAX || task.root.queries >= QUERIES_MAX) {
      return this.#end(task, { ...FAILED, records: task.records })
    }
    const question = { name, type: TYPE.A, class: CLASS.IN }
    this.#lookUp(this.#task(task.root, question, task))
  }

  #send(task: Task, server: Ipv4, transport: 'udp' | 'tcp'): void {
    const exchange = ++this.#state.last
    const id = this.#env.rng.below(0x10000)
    const question = { ...task.question, name: task.name }
    task.root.queries++
    const address = formatIpv4(server)
    if (!task.root.servers.includes(address)) task.root.servers.push(address)
    this.#state.exchanges.set(exchange, { task, server, id, question, transport })
    const bytes = encodeMessage(
      queryFor(question, { id, recursionDesired: task.forwarded, edns: EDNS }),
    )
    this.#outputs.push({ kind: 'send', to: { exchange, server, transport }, bytes })
    this.#outputs.push({ kind: 'arm', timer: `try/${exchange}`, after: TRY_TIMEOUT })
  }

  #close(number: number): void {
    this.#state.exchanges.delete(number)
    this.#outputs.push({ kind: 'disarm', timer: `try/${number}` })
  }

  #lose(number: number): void {
    const exchange = this.#state.exchanges.get(number)
    if (exchange === undefined) return
    this.#close(number)
    this.#ask(exchange.task)
  }

  #receive(number: number, bytes: Uint8Array): void {
    const exchange = this.#state.exchanges.get(number)
    const decoded = decodeMessage(bytes)
    // What is no answer to this question may be forged: the true one may still come.
    if (exchange === undefined || !decoded.ok) return
    const message = decoded.value
    if (!answersTo(message, exchange.id, exchange.question)) return
    this.#close(number)
    const { task, server, question } = exchange
    if (message.truncated && exchange.transport === 'udp') return this.#send(task, server, 'tcp')
    this.#use(task, message, readResponse(message, question, task.forwarded ? ROOT : task.zone))
  }

  #keep(records: readonly ResourceRecord[]): void {
    for (const set of rrsetsIn(records)) this.#state.cache.keep(set, this.#env.now)
  }

  #use(task: Task, message: Message, reading: Reading): void {
    switch (reading.kind) {
      case 'answer':
        this.#keep(reading.records)
        task.records.push(...reading.records)
        return this.#end(task, { rcode: RCODE.NOERROR, records: task.records, soa: [] })
      case 'alias':
        this.#keep(reading.records)
        task.records.push(...reading.records)
        task.aliases += reading.records.length - 1
        if (this.#follow(task, reading.next)) this.#lookUp(task)
        return
      case 'absent': {
        const { name, rcode, soa } = reading
        this.#keep(reading.records)
        this.#state.cache.keepAbsence({
          name,
          type: task.question.type,
          rcode,
          soa,
          now: this.#env.now,
        })
        task.records.push(...reading.records)
        return this.#end(task, { rcode, records: task.records, soa })
      }
      case 'referral':
        if (task.forwarded) return this.#ask(task)
        this.#keep(
          reading.glue.filter((record) =>
            reading.ns.some((ns) => sameName(targetOf(ns)!, record.name)),
          ),
        )
        this.#keep(reading.ns)
        this.#enter(task, reading.ns[0]!.name, reading.ns)
        return this.#ask(task)
      case 'useless':
        this.#env.log(`${showName(task.name)}: rcode ${message.rcode}, ${reading.why}`)
        return this.#ask(task)
    }
  }
}

const FAILED: Result = { rcode: RCODE.SERVFAIL, records: [], soa: [] }

/** What is said of our own room for answers by UDP (RFC 9715). */
const EDNS = { version: 0, payloadSize: 1232, dnssecOk: false, options: [] } as const

const addressesIn = (records: readonly ResourceRecord[]): Ipv4[] =>
  records.flatMap((record) => {
    const address = addressOf(record)
    return address !== undefined && isIpv4(address) ? [address] : []
  })
