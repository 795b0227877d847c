/**
 * Plays a case between the twin and charon, and says in which points they do not agree with each other or with what must come of it.
 */
import type { Compiled } from '../../../src/lab/compile.ts'
import { CHILD_NAME, type StrongSwanFiles } from '../../../src/replica/render/strongswan.ts'
import type { Act, IkeCase, Role } from './case.ts'
import { charonRefusals, charonSight } from './charon-sight.ts'
import type { Charon } from './charon.ts'
import { EAP_FAILURE, type Refusal, type Sight } from './sight.ts'
import {
  CLIENT_AT,
  CLIENT_MOVES_TO,
  INSIDE_DNS,
  INSIDE_HOST,
  INSIDE_NAME,
  INSIDE_PAGE,
  LARGE_PAGE,
} from './topology.ts'
import type { Twin, TwinSession, Visit } from './twin.ts'

const CONNECT_S = 12
const AGREE_MS = 4000
const POLL_MS = 50
const PINGS = 8
/** Each way: longer than it takes to tell both. */
const CROSSING_MS = 400
/** In which charon has noticed that an address came or went. */
const SETTLE_MS = 500

export interface Stage {
  readonly role: Role
  readonly twin: Twin
  readonly charon: Charon
  render(test: IkeCase, compiled: Compiled): StrongSwanFiles
  /** Where charon is the gateway: have one SA of it half open. */
  crowd?(compiled: Compiled): Promise<void>
}

export interface Played {
  /** Empty: both agree, and it ended as it must. */
  readonly differences: readonly string[]
  /** For whoever looks into them. */
  readonly trace: readonly string[]
}

export async function play(test: IkeCase, compiled: Compiled, stage: Stage): Promise<Played> {
  const { charon } = stage
  await charon.load(stage.render(test, compiled))
  if (test.cookie === true) await stage.crowd?.(compiled)
  const logBefore = charon.log().length
  const session = await stage.twin.start(test, compiled)
  const table = new Table(test, stage, session, logBefore)
  try {
    await table.play()
    return {
      differences: table.differences,
      trace: [...session.trace, '', charon.log().slice(logBefore)],
    }
  } finally {
    await session.stop()
    if (test.acts.some(({ kind }) => kind === 'move')) await homeAgain(stage)
    await charon.forget()
  }
}

/** A client that moved is back for the next case. */
async function homeAgain({ charon, role }: Stage): Promise<void> {
  if (role !== 'responder') return
  await charon.namespace.run('ip', 'addr', 'del', `${CLIENT_MOVES_TO}/24`, 'dev', 'cable')
  await charon.namespace.run('ip', 'addr', 'add', `${CLIENT_AT}/24`, 'dev', 'cable')
  await sleep(SETTLE_MS)
}

class Table {
  readonly differences: string[] = []
  readonly #test: IkeCase
  readonly #stage: Stage
  readonly #session: TwinSession
  readonly #logBefore: number

  constructor(test: IkeCase, stage: Stage, session: TwinSession, logBefore: number) {
    this.#test = test
    this.#stage = stage
    this.#session = session
    this.#logBefore = logBefore
  }

  async play(): Promise<void> {
    const { role, charon } = this.#stage
    const initiated =
      role === 'responder' ? await charon.initiate(CHILD_NAME, CONNECT_S) : undefined
    const stands = await this.#session.settled(CONNECT_S * 1000)
    const { expect } = this.#test
    if (expect.kind === 'refused') return this.#refused(expect)
    if (!stands || initiated === false) {
      this.#say(`no connection: the twin ${stands}, charon ${initiated ?? ''}: ${this.#why()}`)
      return
    }
    if (this.#test.cookie === true) this.#cookies()
    await this.#agree('at first')
    const { ike, children } = await this.#charonSight()
    this.#same('the suite of IKE', ike?.suite, expect.ike ?? ike?.suite)
    this.#same('the suite of ESP', children[0]?.suite, expect.esp ?? children[0]?.suite)
    await this.#pings('at first')
    await this.#visits()
    for (const act of this.#test.acts) await this.#act(act)
    const renewed = this.#test.acts.some(
      (act) => act.kind === 'rekey' && act.what === 'child' && act.refused === undefined,
    )
    if (renewed) this.#same('PFS', (await this.#charonSight()).children[0]?.group, expect.pfs)
  }

  #say(difference: string): void {
    this.differences.push(difference)
  }

  #same(what: string, is: string | undefined, must: string | undefined): void {
    if (is !== must) this.#say(`${what} is ${is ?? 'none'}, must be ${must ?? 'none'}`)
  }

  #why(): string {
    return JSON.stringify({ twin: this.#session.refusals(), charon: this.#charonRefusals() })
  }

  #charonRefusals(): readonly Refusal[] {
    return charonRefusals(this.#stage.charon.log().slice(this.#logBefore))
  }

  // ── it must stand ──

  /** Until both see the same; what they do not see alike in the end is a difference. */
  async #agree(when: string): Promise<void> {
    const end = performance.now() + AGREE_MS
    for (;;) {
      const apart = await this.#apart()
      if (apart.length === 0) return
      if (performance.now() > end) return apart.forEach((each) => this.#say(`${when}: ${each}`))
      await sleep(POLL_MS)
    }
  }

  async #charonSight(): Promise<Sight> {
    const { charon, role } = this.#stage
    return charonSight(await charon.sas(), role, role === 'responder' ? charon.dns() : undefined)
  }

  async #apart(): Promise<readonly string[]> {
    const twin = this.#session.sight()
    const charon = await this.#charonSight()
    return POINTS.flatMap(({ key, what, text }) => {
      if (!(key in twin) || charon[key] === undefined) return []
      const [ours, theirs] = [text(twin), text(charon)]
      return ours === theirs ? [] : [`${what}: the twin ${ours}, charon ${theirs}`]
    })
  }

  async #pings(when: string, during: () => Promise<void> = async () => {}): Promise<void> {
    const { role, charon } = this.#stage
    const { address } = await this.#charonSight()
    if (address === undefined) return this.#say(`${when}: no address`)
    const pings =
      role === 'responder'
        ? charon.ping(address, INSIDE_HOST, PINGS)
        : this.#session.ping(INSIDE_HOST, PINGS)
    await sleep(POLL_MS)
    await during()
    const replies = await pings
    if (replies < PINGS) this.#say(`${when}: ${replies} of ${PINGS} pings were answered`)
  }

  /** A name of the inside, by the DNS server that came with the tunnel, and its page, through it. */
  async #visits(): Promise<void> {
    const { role, twin } = this.#stage
    const visit =
      role === 'initiator'
        ? await this.#session.visit(INSIDE_NAME)
        : twin.inside === 'hosts'
          ? await this.#charonVisits()
          : undefined
    if (visit === undefined) return
    this.#same('the DNS server', visit.servers.join(), INSIDE_DNS)
    this.#same(`the address of ${INSIDE_NAME}`, visit.address, INSIDE_HOST)
    this.#same('the page of the intranet', visit.page, INSIDE_PAGE)
  }

  async #charonVisits(): Promise<Visit> {
    const { charon } = this.#stage
    const servers = charon.dns()
    const { log } = await charon.namespace.run(
      ...(['dig', '+short', '+time=2', `@${servers[0] ?? ''}`, INSIDE_NAME] as const),
    )
    const address = log.trim()
    const known = `${INSIDE_NAME}:80:${address}`
    const page = await charon.namespace.run(
      ...(['curl', '-sm5', '--resolve', known, `http://${INSIDE_NAME}/`] as const),
    )
    return { servers, address, page: page.log }
  }

  async #twinRenews(what: 'ike' | 'child'): Promise<void> {
    if (this.#stage.twin.renews === 'when told') return this.#session.rekey(what)
    const { path, bytes } = LARGE_PAGE
    const { log } = await this.#stage.charon.namespace.run(
      ...(['curl', '-sm20', '-o', '/dev/null', '-w', '%{size_download}'] as const),
      `http://${INSIDE_HOST}${path}`,
    )
    this.#same('the page under which keys were renewed', log.trim(), `${bytes}`)
  }

  #cookies(): void {
    const log = this.#stage.charon.log().slice(this.#logBefore)
    if (!/IKE_SA_INIT response 0 \[ N\(COOKIE\) \]/.test(log)) this.#say('no cookie was asked for')
    if (!/IKE_SA_INIT request 0 \[ N\(COOKIE\) /.test(log)) this.#say('no cookie was brought')
  }

  /** An empty INFORMATIONAL, and its answer. */
  #lived(by: 'twin' | 'charon', log: string): boolean {
    const [asks, answers] =
      by === 'charon' ? ['generating', 'parsed'] : (['parsed', 'generating'] as const)
    const asked = new RegExp(`${asks} INFORMATIONAL request (\\d+) \\[ \\]`).exec(log)?.[1]
    return asked !== undefined && log.includes(`${answers} INFORMATIONAL response ${asked} [ ]`)
  }

  async #act(act: Act): Promise<void> {
    const { charon, role } = this.#stage
    switch (act.kind) {
      case 'rekey': {
        const when = `${act.by} renewed ${act.what}`
        const before = await this.#spis(act.what)
        await this.#pings(when, async () => {
          if (act.by === 'twin') await this.#twinRenews(act.what)
          else await charon.rekey(act.what, await this.#nameOf(act.what))
        })
        const isNew = async (): Promise<boolean> => (await this.#spis(act.what)) !== before
        if (act.refused === undefined) await this.#until(`${when}: nothing new`, isNew)
        else {
          await this.#told(act.refused, act.by === 'twin' ? 'charon' : 'twin')
          if (await isNew()) this.#say(`${when}: it was to be refused`)
        }
        await this.#agree(when)
        return this.#pings(`after ${when}`)
      }
      case 'collide': {
        const when = `both renewed ${act.what} at once`
        const before = await this.#spis(act.what)
        this.#session.slow(CROSSING_MS)
        await charon.rekey(act.what, await this.#nameOf(act.what))
        this.#session.rekey(act.what)
        await this.#until(
          `${when}: nothing new`,
          async () => (await this.#spis(act.what)) !== before,
        )
        await this.#agree(when)
        this.#session.slow(0)
        // What is still on its way arrives before anything else is sent.
        await sleep(CROSSING_MS)
        await this.#agree(when)
        return this.#pings(`after ${when}`)
      }
      case 'silence': {
        const since = charon.log().length
        await this.#until(`${act.by} asked for no sign of life, or got none`, () =>
          Promise.resolve(this.#lived(act.by, charon.log().slice(since))),
        )
        await this.#agree('after the silence')
        return this.#pings('after the silence')
      }
      case 'move': {
        if (role === 'initiator') this.#session.move(CLIENT_MOVES_TO)
        else {
          // In this order: an address that another of its network came before goes with that one.
          await charon.namespace.must('ip', 'addr', 'del', `${CLIENT_AT}/24`, 'dev', 'cable')
          await charon.namespace.must('ip', 'addr', 'add', `${CLIENT_MOVES_TO}/24`, 'dev', 'cable')
        }
        await this.#until('did not move', async () => {
          const { charonAt, twinAt } = await this.#charonSight()
          const at = role === 'responder' ? charonAt : twinAt
          return at?.startsWith(`${CLIENT_MOVES_TO}:`) === true
        })
        await this.#agree('after the move')
        return this.#pings('after the move')
      }
      case 'close': {
        if (act.by === 'twin') this.#session.close()
        else await charon.terminate(await this.#nameOf('ike'))
        return this.#until(
          `${act.by} said good-bye, and the other stays`,
          async () => !this.#session.stands && (await charon.sas()).length === 0,
        )
      }
    }
  }

  async #spis(what: 'ike' | 'child'): Promise<string> {
    const { ike, children } = await this.#charonSight()
    return what === 'ike'
      ? `${ike?.spiI} ${ike?.spiR}`
      : children.map(({ spiToTwin }) => spiToTwin).join()
  }

  async #nameOf(what: 'ike' | 'child'): Promise<string> {
    const [sa] = await this.#stage.charon.sas()
    return (what === 'ike' ? sa?.name : sa?.children[0]?.name) ?? ''
  }

  async #until(complaint: string | (() => string), holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + AGREE_MS
    while (!(await holds())) {
      if (performance.now() > end) {
        return this.#say(typeof complaint === 'string' ? complaint : complaint())
      }
      await sleep(POLL_MS)
    }
  }

  // ── it must not ──

  async #refused({
    notify,
    from,
    stands = false,
    beforeEap = false,
  }: Extract<IkeCase['expect'], { kind: 'refused' }>): Promise<void> {
    const { charon, role, twin: player } = this.#stage
    const isTwin = (from === 'gateway') === (role === 'responder')
    if (beforeEap && role === 'responder' && player.inside === 'hosts')
      await this.#told(EAP_FAILURE, 'twin')
    else await this.#told(notify, isTwin ? 'twin' : 'charon')
    const sas = (await charon.sas()).filter(({ state }) => state === 'ESTABLISHED')
    const twin = this.#session.sight()
    const lost = 'ike' in twin && twin.ike === undefined
    if (stands && lost) this.#say('the twin let IKE go, too')
    const hasChild = (twin.children ?? []).length > 0 || sas.some((sa) => sa.children.length > 0)
    if (hasChild) this.#say('a child came up')
    // Where IKE stands, its CFG_REPLY came before the child was refused.
    if (!stands && this.#session.stands) this.#say('a client is in')
  }

  /** Until both saw it; both must have seen it first of all. */
  async #told(notify: string, from: Refusal['from']): Promise<void> {
    const firstOf = (refusals: readonly Refusal[]): string => {
      const [first] = refusals.filter((each) => !isRetried(each))
      return first === undefined ? 'none' : `${first.notify} from ${first.from} in ${first.within}`
    }
    const isTold = (refusals: readonly Refusal[] | undefined): boolean =>
      refusals?.some((each) => each.notify === notify && each.from === from) ?? true
    await this.#until(
      () => `not refused with ${notify} from the ${from}: ${this.#why()}`,
      () => Promise.resolve(isTold(this.#session.refusals()) && isTold(this.#charonRefusals())),
    )
    const ours = this.#session.refusals()
    if (ours === undefined) return
    this.#same('the refusal', firstOf(ours), firstOf(this.#charonRefusals()))
  }
}

interface Point {
  readonly key: keyof Sight
  readonly what: string
  readonly text: (sight: Partial<Sight>) => string
}

const POINTS: readonly Point[] = [
  {
    key: 'ike',
    what: 'IKE',
    text: ({ ike }) => (ike === undefined ? 'none' : `${ike.suite} ${ike.spiI} ${ike.spiR}`),
  },
  {
    key: 'children',
    what: 'children',
    text: ({ children = [] }) =>
      children
        .map((each) => `${each.suite} ${each.group ?? ''} ${each.spiToTwin} ${each.spiToCharon}`)
        .toSorted()
        .join(', '),
  },
  { key: 'address', what: 'the address', text: ({ address = 'none' }) => address },
  { key: 'dns', what: 'DNS', text: ({ dns = [] }) => dns.join() },
  { key: 'charonAt', what: "charon's place", text: ({ charonAt = 'none' }) => charonAt },
  { key: 'twinAt', what: "the twin's place", text: ({ twinAt = 'none' }) => twinAt },
]

/** No end, only another try with another group. */
const isRetried = ({ notify }: Refusal): boolean => notify === 'INVALID_KE_PAYLOAD'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
