/**
 * What a response says to the one who asked: the answer along its chain of aliases, an absence with its proof, a referral, or nothing of use.
 * Pure functions on messages, for the recursive resolver and the stub. What lies outside the asked server's zone is not believed.
 */
import type { Message, Question, ResourceRecord } from '../../wire/dns/message.ts'
import { isWithin, nameKey, sameName, type Name } from '../../wire/dns/name.ts'
import { targetOf } from '../../wire/dns/rdata.ts'
import { CLASS, RCODE, TYPE } from '../../wire/dns/registry.ts'

export type Reading =
  /** The whole chain, the asked type last. */
  | { readonly kind: 'answer'; readonly records: readonly ResourceRecord[] }
  /** A chain that ends in a name of which the server says nothing: to be asked for on its own. */
  | { readonly kind: 'alias'; readonly records: readonly ResourceRecord[]; readonly next: Name }
  | {
      readonly kind: 'absent'
      readonly rcode: number
      readonly records: readonly ResourceRecord[]
      /** The name that is not there, at the end of the chain. */
      readonly name: Name
      readonly soa: readonly ResourceRecord[]
    }
  | {
      readonly kind: 'referral'
      readonly ns: readonly ResourceRecord[]
      readonly glue: readonly ResourceRecord[]
    }
  | { readonly kind: 'useless'; readonly why: string }

/** Whether `message` answers `question` at all: a forged or late one does not. */
export function answersTo(message: Message, id: number, question: Question): boolean {
  const asked = message.question[0]
  return (
    message.response &&
    message.id === id &&
    message.question.length === 1 &&
    asked!.type === question.type &&
    asked!.class === question.class &&
    sameName(asked!.name, question.name)
  )
}

/** Read a response from a server that is asked for names within `bailiwick`. */
export function readResponse(message: Message, question: Question, bailiwick: Name): Reading {
  if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN) {
    return { kind: 'useless', why: 'the server failed or refused' }
  }
  const believed = (section: readonly ResourceRecord[]): ResourceRecord[] =>
    section.filter((record) => record.class === CLASS.IN && isWithin(record.name, bailiwick))
  const { records, end, complete } = followChain(believed(message.answer), question)
  if (complete) return { kind: 'answer', records }
  const authority = believed(message.authority)
  const soa = authority.filter((record) => record.type === TYPE.SOA && isWithin(end, record.name))
  if (message.rcode === RCODE.NXDOMAIN || soa.length > 0) {
    return { kind: 'absent', rcode: message.rcode, records, name: end, soa }
  }
  if (records.length > 0) return { kind: 'alias', records, next: end }
  const ns = authority.filter(
    (record) =>
      record.type === TYPE.NS &&
      record.name.length > bailiwick.length &&
      isWithin(question.name, record.name),
  )
  if (ns.length > 0 && !message.authoritative) {
    return { kind: 'referral', ns, glue: believed(message.additional).filter(isAddress) }
  }
  return message.authoritative
    ? { kind: 'absent', rcode: message.rcode, records: [], name: end, soa: [] }
    : { kind: 'useless', why: 'neither an answer nor a way to one (a lame server)' }
}

const isAddress = ({ type }: ResourceRecord): boolean => type === TYPE.A || type === TYPE.AAAA

/** From the question's name along CNAMEs, as far as the section goes; each name once, so that loops end. */
function followChain(
  section: readonly ResourceRecord[],
  question: Question,
): { records: ResourceRecord[]; end: Name; complete: boolean } {
  const records: ResourceRecord[] = []
  const seen = new Set<string>()
  let end = question.name
  while (!seen.has(nameKey(end))) {
    seen.add(nameKey(end))
    const here = section.filter((record) => sameName(record.name, end))
    const asked = here.filter(
      (record) => record.type === question.type || question.type === TYPE.ANY,
    )
    if (asked.length > 0) return { records: [...records, ...asked], end, complete: true }
    const alias = here.find((record) => record.type === TYPE.CNAME)
    if (alias === undefined) break
    records.push(alias)
    end = targetOf(alias)!
  }
  return { records, end, complete: false }
}

/** Records grouped into RRsets, in order of first appearance. */
export function rrsetsIn(records: readonly ResourceRecord[]): ResourceRecord[][] {
  const sets = new Map<string, ResourceRecord[]>()
  for (const record of records) {
    const key = `${record.type} ${nameKey(record.name)}`
    const set = sets.get(key)
    if (set === undefined) sets.set(key, [record])
    else set.push(record)
  }
  return [...sets.values()]
}
