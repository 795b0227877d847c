/**
 * What a capture of somebody's dial says: each dial with its course, its cause, the proof by frame numbers, the client's code, where to look and what mends it.
 * The front of this folder. Not a lab and no topology: it knows the file alone, and opens nothing that is encrypted.
 */
import { formatIpv4 } from '../../base/address.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { between, formatInstant, type Duration, type Instant } from '../../base/time.ts'
import { ASSUMPTIONS } from '../../windows/assumptions.ts'
import { vpnCode } from '../../windows/connect/codes.ts'
import { connectVerdict } from '../../windows/connect/decisions.ts'
import { readCaptureFile } from '../../wire/capture-file.ts'
import { IkeExchange } from '../../wire/ikev2/header.ts'
import { IkePayloadType } from '../../wire/ikev2/numbers.ts'
import { courseOf, factsOf, type CourseLine } from './account.ts'
import { CAUSES, type CaptureCause, type CauseWords } from './causes.ts'
import { dialsOf, type Dial, type View } from './dials.ts'
import type { Around, Evidence, Judgement, Phase } from './judgement.ts'
import { endpointText, messagesOf, type SeenEsp, type SeenMessages } from './messages.ts'
import { packetsOf } from './packets.ts'
import {
  elsewhereOf,
  espOf,
  hasLaterFragments,
  isBetween,
  refusalEvidence,
  wayOf,
} from './surroundings.ts'
import { judge } from './verdict.ts'

/** A code that the client's dialog may show. */
export interface ShownCode {
  readonly code: string
  readonly symbol: string
  readonly meaning: string
  /** The cause of the decision table that shows it. */
  readonly of: string
  /** Assumptions without which it could be another. */
  readonly restsOn: readonly string[]
}

export interface CapturedDial {
  readonly client: string
  readonly gateway: string
  /** Interfaces that saw it, the client's side first; pcap has no names. */
  readonly seenAt: readonly string[]
  readonly began: string
  readonly outcome: Judgement['outcome']
  readonly phase: Phase
  readonly cause?: CaptureCause
  readonly certainty: Judgement['certainty']
  /** What the cause is, in a sentence. */
  readonly text?: string
  readonly evidence: readonly Evidence[]
  /** Who speaks, over what. */
  readonly facts: readonly string[]
  readonly course: readonly CourseLine[]
  readonly windows: readonly ShownCode[]
  readonly look: readonly string[]
  readonly fix: readonly string[]
}

export interface CaptureReport {
  readonly format: 'pcap' | 'pcapng'
  readonly frames: number
  readonly began: string
  readonly took: Duration
  readonly dials: readonly CapturedDial[]
  /** What else there is to say of the file. */
  readonly notes: readonly string[]
}

/** The error is the end of a sentence about the file: why there is nothing to tell. */
export function diagnoseCapture(bytes: Uint8Array): Result<CaptureReport, string> {
  const read = readCaptureFile(bytes)
  if (!read.ok) return read
  const { format, frames, interfaces, damage } = read.value
  const seen = packetsOf(read.value)
  const messages = messagesOf(seen.packets)
  const names = interfaces.map(({ name }) => name)
  const all = dialsOf(messages.ike)
  const dials = all.filter((dial, i) => !isRenewed(dial, all.slice(0, i)))
  const notes = [
    ...(damage === undefined ? [] : [`the file is damaged: ${damage}`]),
    ...[...seen.unread].map(([type, count]) => `${count} frames of link type ${type} are not read`),
    ...(seen.ipv6 === 0 ? [] : [`${seen.ipv6} frames of IPv6 are not read`]),
    ...(dials.length === 0 ? espAlone(messages.esp) : []),
  ]
  if (dials.length === 0 && messages.esp.length === 0) {
    const why = notes.length === 0 ? '' : ` (${notes.join('; ')})`
    return err(`has no message of IKE in its ${frames.length} frames: no UDP 500 or 4500${why}`)
  }
  const { from, until } = seen
  const esp = espOf(dials, messages.esp)
  return ok({
    format,
    frames: frames.length,
    began: formatInstant(from),
    took: between(from, until),
    dials: dials.map((dial) => reportOf(dial, { dials, messages, until, names, esp })),
    notes,
  })
}

/** An IKE SA that replaces another has no beginning of its own. */
const isRenewed = ({ views: [near] }: Dial, before: readonly Dial[]): boolean =>
  near.turns.every(
    ({ exchange }) => exchange !== IkeExchange.saInit && exchange !== IkeExchange.auth,
  ) &&
  before.some(({ views }) =>
    views.some(
      ({ client, gateway }) =>
        client.address === near.client.address && gateway.address === near.gateway.address,
    ),
  )

function espAlone(esp: readonly SeenEsp[]): readonly string[] {
  const flows = new Map<string, { first: SeenEsp; count: number }>()
  for (const each of esp) {
    const key = `${each.packet.interface} ${each.from.address} ${each.to.address}`
    const known = flows.get(key)
    if (known === undefined) flows.set(key, { first: each, count: 1 })
    else known.count++
  }
  return [...flows.values()].map(({ first: { packet, from, to }, count }) => {
    const back = flows.has(`${packet.interface} ${to.address} ${from.address}`)
    const ends = `${formatIpv4(from.address)} to ${formatIpv4(to.address)}`
    return `ESP of a tunnel that stood before: ${count} packets from ${ends}${back ? '' : ', and none back'}`
  })
}

interface Context {
  readonly dials: readonly Dial[]
  readonly messages: SeenMessages
  readonly until: Instant
  /** Of interfaces. */
  readonly names: readonly (string | undefined)[]
  readonly esp: ReadonlyMap<Dial, Around['esp']>
}

function reportOf(dial: Dial, context: Context): CapturedDial {
  const { messages, until, names } = context
  const [near] = dial.views
  const nextDial = context.dials.find(
    ({ began, views: [view] }) =>
      began > dial.began &&
      view.client.address === near.client.address &&
      view.gateway.address === near.gateway.address,
  )?.began
  const end = nextDial ?? (Number.POSITIVE_INFINITY as Instant)
  const isOfDial = (at: Instant): boolean => at >= dial.began && at < end
  const around: Around = {
    until,
    ...(nextDial !== undefined && { nextDial }),
    headless: messages.headless.filter(
      (packet) =>
        packet.interface === near.interface && isOfDial(packet.at) && isBetween(packet, near),
    ),
    hasLaterFragments: hasLaterFragments(messages),
    elsewhere: elsewhereOf(dial),
    esp: context.esp.get(dial) ?? { out: 0, in: 0 },
  }
  const judgement = judge(near, around)
  const { outcome, phase, cause, certainty } = judgement
  const words: CauseWords | undefined = cause === undefined ? undefined : CAUSES[cause]
  const refusals = messages.refusals.filter(
    ({ packet, from, to }) =>
      isOfDial(packet.at) && dial.views.some((view) => isBetween({ from, to }, view)),
  )
  return {
    client: endpointText(near.client),
    gateway: endpointText(near.gateway),
    seenAt: [...new Set(dial.views.flatMap((view) => names[view.interface] ?? []))],
    began: formatInstant(dial.began),
    outcome,
    phase,
    ...(cause !== undefined && { cause }),
    certainty,
    ...(words !== undefined && { text: words.text }),
    evidence: [
      ...judgement.evidence,
      ...(outcome === 'failed' ? wayOf(dial, names) : []),
      ...refusalEvidence(refusals),
    ],
    facts: factsOf(near),
    course: courseOf(near, dial.began),
    windows: words === undefined ? [] : codesOf(words, near),
    look: words?.look ?? [],
    fix: words?.fix ?? [],
  }
}

// ── the code ──

/** EAP inside says that a user dials. */
const isUsers = ({ turns }: View): boolean =>
  turns.some(({ requests, responses }) =>
    [...requests, ...responses].some(({ parts }) =>
      parts.some(({ inside }) => inside === IkePayloadType.EAP),
    ),
  )

/** What is assumed, by name: of these, those that name a code decide one. */
const ASSUMED: ReadonlyMap<string, unknown> = new Map(Object.entries(ASSUMPTIONS))

function codesOf({ failures }: CauseWords, view: View): readonly ShownCode[] {
  const onlyUsers = isUsers(view)
  const codes = new Map<string, ShownCode>()
  for (const [dial, failure] of failures) {
    if (onlyUsers && dial === 'ikev2-device') continue
    const { code, restsOn } = connectVerdict(failure, dial)
    if (code === undefined || codes.has(code)) continue
    const { symbol, meaning } = vpnCode(code)
    const unsure = restsOn.filter((name) => ASSUMED.get(name) === code)
    codes.set(code, { code, symbol, meaning, of: failure.kind, restsOn: unsure })
  }
  return [...codes.values()]
}
