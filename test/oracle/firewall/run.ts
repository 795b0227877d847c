/**
 * The firewall judge: rulesets and packets drawn from a seed go through the kernel and through the twin, and every verdict is compared.
 * Prints what was met, fails where a feature was never met, and says last how many verdicts differed.
 */
import { rngFrom, type Rng } from '../../../src/base/rng.ts'
import { formatIpv4 } from '../../../src/base/address.ts'
import { concat, setU16, toHex } from '../../../src/base/bytes.ts'
import { renderNftables, renderSysctls } from '../../../src/replica/render/nftables.ts'
import type { FilterSpec } from '../../../src/topology/firewall.ts'
import type { OracleOptions } from '../options.ts'
import { describe, differsByDraw, isForwarded, packetOf, settle } from './compare.ts'
import { drawSpec, type Ground } from './draw-rules.ts'
import { drawPacket, drawTalk, learn, type Drawn, type Talk, type Terrain } from './draw-traffic.ts'
import { EXPECTED_FEATURES, featuresOf, type Met } from './features.ts'
import { Kernel, LOG_GROUP, routersOf, type Outcome } from './kernel.ts'
import { LABS, type LabName, type LabRouter } from './labs.ts'
import { isIcmpError, packetsOf, quotedBy, read, type Read } from './packets.ts'
import { Twin } from './twin.ts'

export interface Options {
  readonly seed: string
  readonly seconds: number
}

export interface Result {
  readonly verdicts: number
  readonly mismatches: number
  readonly features: ReadonlyMap<string, number>
  /** The first few differences, for people. */
  readonly reports: readonly string[]
}

const WAVES = 14
const WAVE_PACKETS = 130
const HISTORY_LINES = 40
const REPORTS_MAX = 12
const CUT = { fragmentSize: 800, dontFragment: false } as const
/** The slow lab speaks at these times: every distance between two is far from a whole second. */
const SLOW_TICK_US = 1_400_000
const SLOW_TICKS = 5

class Tally {
  verdicts = 0
  mismatches = 0
  readonly features = new Map<string, number>()
  readonly reports: string[] = []
  #whole = 0
  #cut = 0

  count(feature: string): void {
    this.features.set(feature, (this.features.get(feature) ?? 0) + 1)
  }

  /** Fragments number themselves apart: what the kernel keeps of an incomplete datagram must not meet another of the same number. */
  nextId(isCut: boolean): number {
    if (!isCut) return 20_000 + (this.#whole++ % 45_000)
    return 1 + (this.#cut++ % 19_000)
  }
}

interface Stage {
  readonly lab: LabName
  readonly nat: boolean
  readonly stateless: boolean
  readonly sessions: boolean
}

const STAGES: readonly Stage[] = [
  { lab: 'single', nat: false, stateless: true, sessions: false },
  { lab: 'single', nat: false, stateless: false, sessions: false },
  { lab: 'single', nat: true, stateless: false, sessions: false },
  { lab: 'pair', nat: true, stateless: false, sessions: false },
  { lab: 'single', nat: true, stateless: false, sessions: false },
  { lab: 'pair', nat: false, stateless: false, sessions: false },
]
const SLOW: Stage = { lab: 'slow', nat: true, stateless: false, sessions: true }

/** One ruleset's worth of packets, in waves. */
class Session {
  readonly #kernel: Kernel
  readonly #tally: Tally
  readonly #stage: Stage
  readonly #rng: Rng
  readonly #specs: readonly FilterSpec[]
  readonly #terrain: Terrain
  readonly #talks: Talk[] = []
  /** What became of each talk so far, for the report of a difference. */
  readonly #history = new Map<Talk, string[]>()
  #twin: Twin | undefined

  constructor(kernel: Kernel, tally: Tally, stage: Stage, rng: Rng) {
    this.#kernel = kernel
    this.#tally = tally
    this.#stage = stage
    this.#rng = rng
    const { routers } = LABS[stage.lab]
    const inRow = routers.length > 1
    this.#specs = routers.map((router) => drawSpec(rng, { ...groundOf(router, stage), inRow }))
    this.#terrain = {
      routers: routers.flatMap(({ nics }) => nics.map(({ address }) => address)),
      // Two draws would hide each other; and an entry that has expired may or may not keep its mapping.
      uniquePorts: inRow || stage.sessions,
    }
  }

  async begin(): Promise<void> {
    const rulesets = this.#specs.map((spec) => ({
      nft: renderNftables(spec, {
        defaultHook: 'forward',
        attributeTo: LOG_GROUP,
        interfaceOf: (network) => this.#deviceOf(network),
      }),
      sysctls: renderSysctls(spec),
    }))
    await this.#kernel.load(this.#stage.lab, rulesets)
    this.#twin = new Twin(LABS[this.#stage.lab], this.#specs, await this.#kernel.clock())
  }

  /** `fresh`: the part of packets that begin a flow. */
  async wave(packets: number, fresh: number): Promise<void> {
    const drawn: Drawn[] = []
    while (drawn.length < packets) drawn.push(this.#draw(fresh))
    const inputs = drawn.flatMap((one) => this.#inputsOf(one))
    const judgement = await this.#kernel.inject(this.#stage.lab, inputs)
    const reads = inputs.map(({ packet }) => packet)
    const first = routersOf(this.#stage.lab)[0]!
    const outcomes = settle(judgement, reads)
    for (const [index, input] of inputs.entries()) {
      const kernel = local(outcomes[index]!, first)
      const hint = hintOf(kernel, input.packet)
      const twin = this.#twin!.inject(input.port, input.frame, judgement.times[index]!, hint)
      if (this.#twin!.isRerouted) this.#tally.count('rerouted by NAT')
      this.#compare(input, kernel, twin)
      for (const { port, frame } of kernel.frames)
        if (isForwarded(read(packetOf(frame)), input.packet))
          learn(input.drawn, port, packetOf(frame))
    }
  }

  #draw(fresh: number): Drawn {
    const rng = this.#rng
    if (this.#talks.length === 0 || rng.chance(fresh)) {
      const talk = drawTalk(rng, this.#terrain)
      this.#talks.push(talk)
      return drawPacket(rng, talk)
    }
    // Recent talks go on, so that they come to an end.
    const recent = Math.min(this.#talks.length, 60)
    return drawPacket(rng, this.#talks[this.#talks.length - 1 - rng.below(recent)]!)
  }

  #inputsOf(drawn: Drawn): Input[] {
    const port = drawn.port ?? this.#portOf(drawn.talk.network)
    const isCut =
      drawn.draft.fragmentSize !== undefined || drawn.draft.payload.length > CUT.fragmentSize
    const id = this.#tally.nextId(isCut)
    const whole = packetsOf(drawn.draft, id)
    const { mtu } = LABS[this.#stage.lab].networks.find((network) => network.port === port)!
    // What does not fit the sender's own link it has to cut itself.
    const fits = whole.every((piece) => piece.length <= mtu)
    const pieces = fits ? whole : packetsOf({ ...drawn.draft, ...CUT }, id)
    // What a router itself waits for in vain it complains of half a minute later, to whatever is then being judged.
    const mayLose = !this.#terrain.routers.includes(drawn.draft.destination)
    if (pieces.length > 1) drawOrder(this.#rng, pieces, mayLose)
    return pieces.map((piece) => ({
      drawn,
      port,
      frame: this.#frame(port, piece),
      packet: read(piece),
    }))
  }

  #frame(port: number, packet: Uint8Array): Uint8Array {
    const { networks, routers } = LABS[this.#stage.lab]
    const network = networks.find((n) => n.port === port)!
    const nic = routers.flatMap(({ nics }) => nics).find((n) => n.network === network.name)!
    const type = new Uint8Array(2)
    setU16(type, 0, 0x0800)
    return concat(nic.mac, network.stationMac, type, packet)
  }

  #portOf(name: string): number {
    return LABS[this.#stage.lab].networks.find((network) => network.name === name)!.port!
  }

  #deviceOf(name: string): string {
    const nics = LABS[this.#stage.lab].routers.flatMap((router) => router.nics)
    return nics.find(({ network }) => network === name)?.device ?? name
  }

  #compare(input: Input, kernel: Outcome, twin: Outcome): void {
    const tally = this.#tally
    tally.verdicts++
    const met: Met = {
      drawn: input.drawn,
      input: input.packet,
      outcome: kernel,
      specs: this.#specs,
    }
    for (const feature of featuresOf(met, this.#stage.lab)) tally.count(feature)
    const expected = describe(kernel, input.packet)
    const got = describe(twin, input.packet)
    const { talk, features } = input.drawn
    const past = this.#history.get(talk) ?? []
    this.#history.set(talk, past)
    past.push(`${features.join(', ')}: ${toHex(input.packet.packet).slice(0, 120)}`, ...expected)
    if (expected.length === got.length && expected.every((line, i) => line === got[i])) return
    if (this.#terrain.uniquePorts && differsByDraw(kernel, twin, input.packet)) {
      // From here on the two know the flow by different ports: it ends.
      tally.count('source port drawn unseen')
      const at = this.#talks.indexOf(talk)
      if (at !== -1) this.#talks.splice(at, 1)
      return
    }
    tally.mismatches++
    if (tally.reports.length < REPORTS_MAX) tally.reports.push(this.#report(input, expected, got))
  }

  #report(input: Input, expected: readonly string[], got: readonly string[]): string {
    const { packet, drawn } = input
    const flow = `${formatIpv4(packet.source as never)}:${packet.sourcePort} > ${formatIpv4(packet.destination as never)}:${packet.destinationPort}`
    return [
      `${this.#stage.lab} port ${input.port} protocol ${packet.protocol} ${flow} [${drawn.features.join(', ')}]`,
      `  input  ${toHex(packet.packet)}`,
      ...expected.map((line) => `  kernel ${line}`),
      ...got.map((line) => `  twin   ${line}`),
      ...this.#history
        .get(drawn.talk)!
        .slice(-HISTORY_LINES)
        .map((line) => `  before ${line}`),
      ...this.#specs.map((spec) => `  nat    ${JSON.stringify(spec.nat ?? [])}`),
      ...[...expected, ...got].flatMap((line) => this.#quoteRule(line)),
    ].join('\n')
  }

  #quoteRule(line: string): readonly string[] {
    const [, router, place] = /^router (\d): \w(\d+)$/.exec(line) ?? []
    if (router === undefined) return []
    return [`  ${line} is ${JSON.stringify(this.#specs[Number(router)]!.rules[Number(place)])}`]
  }
}

interface Input {
  readonly drawn: Drawn
  readonly port: number
  readonly frame: Uint8Array
  readonly packet: Read
}

function groundOf(router: LabRouter, stage: Stage): Omit<Ground, 'inRow'> {
  const networks = router.nics.map(({ network }) => network)
  const outside = networks.includes('outside') ? 'outside' : 'transfer'
  const own = router.nics.find(({ network }) => network === outside)!
  const ownAddress = formatIpv4(own.address)
  const { nat, stateless, sessions } = stage
  return { networks, outside, nat, oneSided: sessions, stateless, sessions, ownAddress }
}

/** Routers counted within their lab, as the twin does. */
const local = (outcome: Outcome, first: number): Outcome => ({
  frames: outcome.frames,
  logs: outcome.logs.map(({ router, tag }) => ({ router: router - first, tag })),
})

/** The source port or identifier that the packet left with. */
function hintOf(outcome: Outcome, input: Read): number | undefined {
  const out = outcome.frames.map(({ frame }) => read(packetOf(frame)))
  const error = out.find(isIcmpError)
  const seen = out.find((frame) => isForwarded(frame, input)) ?? (error && quotedBy(error))
  return seen?.sourcePort
}

/** Fragments sometimes overtake each other, or come twice, or not at all. */
function drawOrder(rng: Rng, pieces: Uint8Array[], mayLose: boolean): void {
  const draw = rng.fraction()
  if (draw < 0.3) pieces.reverse()
  else if (draw < 0.4) pieces.splice(1, 0, pieces[0]!)
  else if (draw < 0.5 && mayLose) pieces.splice(rng.below(pieces.length), 1)
}

/** Judge for `seconds`. The same seed draws the same rulesets; packets follow what the kernel does. */
export async function judge({ seed, seconds }: Options): Promise<Result> {
  const tally = new Tally()
  const root = rngFrom(`firewall/${seed}`)
  const kernel = await Kernel.start()
  try {
    const end = (await kernel.clock()) + seconds * 1e6
    const slow = slowly(kernel, tally, root.fork('slow'))
    for (let n = 0; (await kernel.clock()) < end; n++) {
      const stage = STAGES[n % STAGES.length]!
      const session = new Session(kernel, tally, stage, root.fork(`session ${n}`))
      await session.begin()
      for (let wave = 0; wave < WAVES && (await kernel.clock()) < end; wave++) {
        await session.wave(WAVE_PACKETS, wave < 2 ? 0.8 : 0.25)
        await slow(await kernel.clock())
      }
    }
  } finally {
    await kernel.stop()
  }
  return tally
}

/** The lab in which time passes: it speaks when its time has come, while the others go on. */
function slowly(kernel: Kernel, tally: Tally, rng: Rng): (now: number) => Promise<void> {
  let session: Session | undefined
  let tick = 0
  let due = 0
  let round = 0
  return async (now) => {
    if (now < due) return
    if (session === undefined || tick === SLOW_TICKS) {
      session = new Session(kernel, tally, SLOW, rng.fork(`round ${round++}`))
      await session.begin()
      tick = 0
      due = await kernel.clock()
    }
    due += SLOW_TICK_US
    await session.wave(tick === 0 ? 250 : 150, tick === 0 ? 0.7 : 0.1)
    if (tick === 0) await session.wave(150, 0)
    tick++
  }
}

export async function run({ seed = '1', seconds = '60' }: OracleOptions): Promise<void> {
  const result = await judge({ seed, seconds: Number(seconds) })
  for (const report of result.reports) console.log(report)
  const names = [...new Set([...EXPECTED_FEATURES, ...result.features.keys()])].toSorted()
  for (const name of names)
    console.log(`${String(result.features.get(name) ?? 0).padStart(8)}  ${name}`)
  const missing = EXPECTED_FEATURES.filter((name) => !result.features.has(name))
  for (const name of missing) console.log(`never met: ${name}`)
  console.log(`firewall: verdicts=${result.verdicts} mismatches=${result.mismatches} seed=${seed}`)
  if (result.mismatches > 0 || missing.length > 0) process.exitCode = 1
}
