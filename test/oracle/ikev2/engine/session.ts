/**
 * One IKE session of an engine on this machine, in either role, with its ESP: what it saw is noted for the comparison. Not who it talks to:
 * `responder.ts` and `initiator.ts` answer its questions.
 */
import { REAL_IKE } from '../../../../src/crypto/ike/cryptography.ts'
import { formatIpv4, type Ipv4 } from '../../../../src/base/address.ts'
import { toHex, u32 } from '../../../../src/base/bytes.ts'
import type { IkeChild, IkeInput, IkePeer } from '../../../../src/engine/ikev2/contract.ts'
import type {
  IkeCertificate,
  IkeEndpoint,
  IkeEndpoints,
  IkeIdentity,
  IkeInitiatorOptions,
  IkeResponderOptions,
} from '../../../../src/engine/ikev2/options.ts'
import type { IkeReport, OverReason } from '../../../../src/engine/ikev2/report.ts'
import { ikeSession } from '../../../../src/engine/ikev2/session.ts'
import type { IkeState } from '../../../../src/engine/ikev2/state.ts'
import { EspPath } from '../../../../src/node/ike/esp-path.ts'
import { IkeRunner, type IkeOwner, type Judged } from '../../../../src/node/ike/ike-runner.ts'
import { ConfigAttribute } from '../../../../src/wire/ikev2/numbers.ts'
import type { ConfigurationAttribute } from '../../../../src/wire/ikev2/configuration.ts'
import { EapCode } from '../../../../src/wire/eap/packet.ts'
import {
  EAP_FAILURE,
  espSuiteText,
  groupText,
  ikeSuiteText,
  spiText,
  type ChildSight,
  type Refusal,
  type Sight,
} from '../sight.ts'
import type { EngineHost } from './host.ts'

/** What a session asks of whoever plays the role. */
export interface Answers {
  eap(session: EngineSession, packet: Uint8Array | undefined): void
  judge(chain: readonly Uint8Array[], identity: IkeIdentity): Judged
  certificate(): IkeCertificate | undefined
  assign(
    request: readonly ConfigurationAttribute[],
    peer: IkePeer,
  ): readonly ConfigurationAttribute[]
}

/** Notifications below this are errors (RFC 7296 §3.10.1). */
const REFUSAL =
  /^N\((NO_PROPOSAL_CHOSEN|AUTHENTICATION_FAILED|TS_UNACCEPTABLE|INTERNAL_ADDRESS_FAILURE|INVALID_SYNTAX|INVALID_KE_PAYLOAD|FAILED_CP_REQUIRED|SINGLE_PAIR_REQUIRED|CHILD_SA_NOT_FOUND|TEMPORARY_FAILURE|UNSUPPORTED_CRITICAL_PAYLOAD)\)$/

const MTU = 1500

export class EngineSession implements IkeOwner {
  readonly trace: string[] = []
  readonly routes = new Set<string>()
  readonly runner: IkeRunner
  readonly #host: EngineHost
  readonly #answers: Answers
  readonly #path: EspPath
  readonly #children = new Map<number, IkeChild>()
  readonly #refusals: Refusal[] = []
  readonly #waiting: (() => void)[] = []
  /** One object for as long as the session lives. */
  #state: IkeState | undefined
  #configuration: readonly ConfigurationAttribute[] = []
  #endpoints: IkeEndpoints | undefined
  #isEstablished = false
  isOver = false
  /** An inner packet of the peer's. */
  onInner: (packet: Uint8Array) => void = () => {}

  constructor(
    host: EngineHost,
    options: IkeInitiatorOptions | IkeResponderOptions,
    answers: Answers,
    label: string,
  ) {
    this.#host = host
    this.#answers = answers
    this.#path = new EspPath({
      get now() {
        return host.now
      },
      rng: host.rng.fork(`esp/${label}`),
      cryptography: REAL_IKE,
      outerDontFragment: 'cleared',
      mtuTo: () => MTU,
      send: (to, packet) => host.send(to, packet, false),
      deliver: (packet) => this.onInner(packet),
      wears: (spi, limit) => this.runner.input({ kind: 'child-wears', spi, limit }),
    })
    const session = ikeSession({ ...options, espTraffic: () => this.#path.traffic })
    const watched: typeof session = {
      ...session,
      start: (env) => {
        const begun = session.start(env)
        this.#state = begun.state
        return begun
      },
    }
    this.runner = new IkeRunner(host, watched, this, label)
  }

  start(): void {
    this.runner.start()
  }

  hasSpi(spi: number): boolean {
    return this.#children.has(spi)
  }

  esp(packet: Uint8Array): void {
    this.#path.receive(packet)
  }

  sendInner(packet: Uint8Array): void {
    this.#path.send(packet)
  }

  /** Until it stands or is over. */
  settled(ms: number): Promise<boolean> {
    if (this.#isEstablished || this.isOver) return Promise.resolve(this.#isEstablished)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve(this.#isEstablished)
      })
    })
  }

  #settle(): void {
    for (const waiting of this.#waiting.splice(0)) waiting()
  }

  sight(): Sight {
    const ofType = (type: number): readonly string[] =>
      this.#configuration
        .filter((each) => each.type === type && each.value.length === 4)
        .map(({ value }) => formatIpv4(u32(value, 0) as Ipv4))
    return {
      ike: this.#ike(),
      children: [...this.#children.values()].map(childSight),
      address: ofType(ConfigAttribute.INTERNAL_IP4_ADDRESS)[0],
      dns: ofType(ConfigAttribute.INTERNAL_IP4_DNS),
      charonAt: this.#endpoints === undefined ? undefined : textOf(this.#endpoints.remote),
      twinAt: this.#endpoints === undefined ? undefined : textOf(this.#endpoints.local),
    }
  }

  /** Of several that replace each other the one in use. */
  #ike(): Sight['ike'] {
    const { sa } = this.#state ?? {}
    if (this.isOver || sa?.protection === undefined) return undefined
    const { suite } = sa.protection
    return { suite: ikeSuiteText(suite), spiI: toHex(sa.spiI), spiR: toHex(sa.spiR) }
  }

  refusals(): readonly Refusal[] {
    return this.#refusals
  }

  // ── IkeOwner ──

  sendIke(endpoints: IkeEndpoints, bytes: Uint8Array, marker: boolean): void {
    this.#host.send(endpoints, bytes, marker)
  }

  report(report: IkeReport): void {
    this.trace.push(lineOf(report))
    switch (report.kind) {
      case 'ike/message':
        return this.#note(report)
      case 'ike/established':
        this.#endpoints = report.endpoints
        this.#isEstablished = true
        return this.#settle()
      case 'ike/moved':
        this.#endpoints = report.to
        return
      case 'ike/over':
        this.isOver = true
        this.#settle()
    }
  }

  #note({
    direction,
    exchange,
    response,
    payloads,
  }: Extract<IkeReport, { kind: 'ike/message' }>): void {
    for (const payload of payloads) {
      const [, notify] = REFUSAL.exec(payload) ?? []
      if (notify === undefined) continue
      this.#refusals.push({
        notify,
        from: direction === 'sent' ? 'twin' : 'charon',
        within: `${exchange} ${response ? 'response' : 'request'}`,
      })
    }
  }

  route(change: 'add' | 'remove', key: string): void {
    if (change === 'add') this.routes.add(key)
    else this.routes.delete(key)
  }

  eap(packet: Uint8Array | undefined): void {
    if (packet?.[0] === EapCode.failure) this.#noteEapFailure('charon')
    this.#answers.eap(this, packet)
  }

  /** What the authenticator, or the peer, has come to. */
  answer(input: IkeInput): void {
    if (input.kind === 'eap-failure' && input.packet !== undefined) this.#noteEapFailure('twin')
    this.runner.input(input)
  }

  #noteEapFailure(from: Refusal['from']): void {
    this.#refusals.push({ notify: EAP_FAILURE, from, within: 'IKE_AUTH response' })
  }

  judge(
    { chain, identity }: { readonly chain: readonly Uint8Array[]; readonly identity: IkeIdentity },
    done: (judged: Judged) => void,
  ): void {
    done(this.#answers.judge(chain, identity))
  }

  certificate(): IkeCertificate | undefined {
    return this.#answers.certificate()
  }

  assign(
    request: readonly ConfigurationAttribute[],
    peer: IkePeer,
    done: (reply: readonly ConfigurationAttribute[]) => void,
  ): void {
    this.#configuration = this.#answers.assign(request, peer)
    done(this.#configuration)
  }

  childUp(child: IkeChild): void {
    this.#children.set(child.spi, child)
    this.#path.up(child)
    if (child.configuration !== undefined) this.#configuration = child.configuration
  }

  childDown(spi: number): void {
    this.#children.delete(spi)
    this.#path.down(spi)
  }

  moved(endpoints: IkeEndpoints, encapsulates: boolean): void {
    this.#endpoints = endpoints
    this.#path.move(endpoints, encapsulates)
  }

  secrets(): void {}

  over(why: OverReason): void {
    this.trace.push(`over: ${why}`)
    this.isOver = true
    this.#settle()
  }

  stop(): void {
    this.runner.stop()
  }
}

function childSight({ spi, remoteSpi, suite }: IkeChild): ChildSight {
  return {
    suite: espSuiteText(suite),
    spiToTwin: spiText(spi),
    spiToCharon: spiText(remoteSpi),
    group: suite.group === undefined ? undefined : groupText(suite.group),
  }
}

const textOf = ({ address, port }: IkeEndpoint): string => `${formatIpv4(address)}:${port}`

const lineOf = (report: IkeReport): string =>
  report.kind === 'ike/message'
    ? `${report.direction === 'sent' ? '>' : '<'} ${report.exchange} ${report.response ? 'response' : 'request'} ${report.messageId} {${report.payloads.join(' ')}}${report.fragments === undefined ? '' : ` in ${report.fragments} fragments`}`
    : JSON.stringify(report)
