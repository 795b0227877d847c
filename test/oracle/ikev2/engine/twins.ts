/**
 * The twin as bare engines: a gateway that answers whoever knocks, and a Windows client that dials, both made of the topology as the lab makes its own.
 * Not the lab: no NPS behind it, no host inside but an echo.
 */
import { ipv4, parsePrefix, type Ipv4 } from '../../../../src/base/address.ts'
import { setU32, u32 } from '../../../../src/base/bytes.ts'
import type { Rng } from '../../../../src/base/rng.ts'
import { seconds, type Duration } from '../../../../src/base/time.ts'
import type { IkeInput } from '../../../../src/engine/ikev2/contract.ts'
import { IkeDoor } from '../../../../src/engine/ikev2/door.ts'
import type {
  IkeEndpoints,
  IkeInitiatorOptions,
  IkeResponderOptions,
} from '../../../../src/engine/ikev2/options.ts'
import { routeOf } from '../../../../src/engine/ikev2/route.ts'
import { ALL_IPV4, ALL_IPV6 } from '../../../../src/engine/ikev2/selectors.ts'
import type { Compiled } from '../../../../src/lab/compile.ts'
import type { VpnGatewaySpec } from '../../../../src/topology/services.ts'
import type { HostSpec } from '../../../../src/topology/topology.ts'
import {
  clientSuites,
  espTransforms,
  gatewaySuites,
  ikeTransforms,
} from '../../../../src/windows/ipsec-suites.ts'
import { decodeIke } from '../../../../src/wire/ikev2/header.ts'
import { ConfigAttribute, IdType, IkePayloadType } from '../../../../src/wire/ikev2/numbers.ts'
import type { IkeCase } from '../case.ts'
import type { Refusal, Sight } from '../sight.ts'
import { CLIENT_AT, CLIENT_MOVES_TO, GATEWAY_AT, GATEWAY_NAME } from '../topology.ts'
import type { Twin, TwinSession } from '../twin.ts'
import { eapAuthenticator, eapSupplicant, type EapSide } from './eap.ts'
import { EngineHost, type PortsOwner } from './host.ts'
import { answerOf, ping } from './inner.ts'
import { EngineSession, type Answers } from './session.ts'
import { authoritiesOf, ikeCertificate, judge } from './trust.ts'

/** As the lab has it for both (OWN). */
const FRAGMENT_PACKET = 1280
const IKE_PORT = 500

const hostOf = ({ topology }: Compiled, node: string): HostSpec => {
  const spec = topology.nodes[node]
  if (spec?.kind !== 'host') throw new Error(`${node} is no host`)
  return spec
}
const gatewayOf = (compiled: Compiled): VpnGatewaySpec =>
  hostOf(compiled, 'gateway').services!.find(
    (each): each is VpnGatewaySpec => each.service === 'vpn-gateway',
  )!

const NOTHING: Sight = {
  ike: undefined,
  children: [],
  address: undefined,
  dns: [],
  charonAt: undefined,
  twinAt: undefined,
}

export class EngineResponder implements Twin {
  readonly inside = 'echo'
  readonly renews = 'when told'
  readonly #rng: Rng

  constructor(rng: Rng) {
    this.#rng = rng
  }

  async start(test: IkeCase, compiled: Compiled): Promise<TwinSession> {
    const gateway = new Gateway(new EngineHost(this.#rng.fork(test.name)), compiled, test)
    await gateway.open()
    return gateway
  }
}

class Gateway implements TwinSession, PortsOwner {
  readonly #host: EngineHost
  readonly #compiled: Compiled
  readonly #door: IkeDoor
  readonly #deadPeer: DeadPeer
  readonly #sessions: EngineSession[] = []
  readonly #opened: (() => void)[] = []
  #given = 1

  constructor(host: EngineHost, compiled: Compiled, test: IkeCase) {
    this.#host = host
    this.#compiled = compiled
    this.#door = new IkeDoor(test.cookie === true ? { cookiesFrom: 0 } : {})
    this.#deadPeer = deadPeerOf(test)
  }

  open(): Promise<void> {
    return this.#host.open([GATEWAY_AT], this)
  }

  get #last(): EngineSession | undefined {
    return this.#sessions.at(-1)
  }

  onIke(bytes: Uint8Array, endpoints: IkeEndpoints): void {
    const route = routeOf(bytes, endpoints.remote)
    if (route.kind === 'none') return
    const known = this.#sessions.find((each) => each.routes.has(route.key))
    if (known !== undefined) return known.runner.input({ kind: 'datagram', bytes, endpoints })
    if (route.kind !== 'first') return
    const env = { now: this.#host.now, rng: this.#host.rng.fork('door'), log: () => {} }
    const knock = this.#door.knock(bytes, endpoints, 0, env)
    if (knock.kind === 'answer') this.#host.send(endpoints, knock.bytes, false)
    if (knock.kind !== 'open') return
    const session = this.#newSession()
    this.#sessions.push(session)
    session.start()
    session.runner.input({ kind: 'datagram', bytes, endpoints })
    for (const opened of this.#opened.splice(0)) opened()
  }

  onEsp(packet: Uint8Array): void {
    this.#sessions.find((each) => each.hasSpi(u32(packet, 0)))?.esp(packet)
  }

  #newSession(): EngineSession {
    const label = `${this.#sessions.length}`
    let eap: EapSide | undefined
    const answers: Answers = {
      eap: (session, packet) => {
        eap ??= eapAuthenticator(this.#host, this.#compiled, label, (input) =>
          session.answer(input),
        )
        eap.packet(packet)
      },
      judge: (chain) => judge(this.#compiled, 'gateway', chain),
      certificate: () => undefined,
      assign: () => this.#assign(),
    }
    const session = new EngineSession(this.#host, this.#options(), answers, label)
    session.onInner = (packet) => {
      const answer = answerOf(packet)
      if (answer !== undefined) session.sendInner(answer)
    }
    return session
  }

  #options(): IkeResponderOptions {
    const {
      ipsec,
      authentication = ['eap'],
      serverFragmentation,
      certificate = '',
    } = gatewayOf(this.#compiled)
    const { os } = hostOf(this.#compiled, 'gateway')
    const suites = gatewaySuites({
      ...(os !== undefined && { os }),
      ...(ipsec !== undefined && { ipsec }),
    })
    const pfsGroup = suites.esp[0]?.group
    return {
      role: 'responder',
      ikeSuites: suites.ike,
      espSuites: suites.esp,
      ...(pfsGroup !== undefined && { pfsGroup }),
      certificate: ikeCertificate(this.#compiled, 'gateway', certificate),
      authorities: authoritiesOf(this.#compiled, 'gateway'),
      accepts: {
        eap: authentication.includes('eap'),
        certificate: authentication.includes('certificate'),
      },
      localSelectors: [ALL_IPV4],
      ...this.#deadPeer,
      ...(serverFragmentation === true && { fragmentation: { packet: FRAGMENT_PACKET } }),
    }
  }

  #assign() {
    const { pool = '' } = gatewayOf(this.#compiled)
    const prefix = parsePrefix(pool)
    if (!prefix.ok) throw new Error(`no pool: ${pool}`)
    const address = ((prefix.value.address as number) + ++this.#given) as Ipv4
    const dns = hostOf(this.#compiled, 'gateway').interfaces.flatMap((each) => each.dns ?? [])
    return [
      { type: ConfigAttribute.INTERNAL_IP4_ADDRESS, value: bytesOf(address) },
      ...dns.map((text) => ({
        type: ConfigAttribute.INTERNAL_IP4_DNS,
        value: bytesOf(ipv4(text)),
      })),
    ]
  }

  // ── TwinSession ──

  async settled(ms: number): Promise<boolean> {
    if (this.#last === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#opened.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    return (await this.#last?.settled(ms)) ?? false
  }

  sight(): Sight {
    return this.#last?.sight() ?? NOTHING
  }

  get stands(): boolean {
    return this.sight().ike !== undefined
  }

  refusals(): readonly Refusal[] {
    return this.#sessions.flatMap((each) => each.refusals())
  }

  rekey(what: 'ike' | 'child'): void {
    this.#last?.runner.input({ kind: `rekey-${what}` })
  }

  slow(ms: number): void {
    this.#host.latencyMs = ms
  }

  move(): void {
    throw new Error('a responder does not move (RFC 4555 §3.5)')
  }

  visit(): undefined {
    return undefined
  }

  ping(to: string, count: number): Promise<number> {
    const from = this.#last
    return from === undefined ? Promise.resolve(0) : ping(from, GATEWAY_AT, to, count)
  }

  close(): void {
    this.#last?.runner.input({ kind: 'close' })
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions) session.stop()
    await this.#host.close()
  }

  get trace(): readonly string[] {
    return [...this.#sessions.flatMap((each) => each.trace), ...this.#host.lines]
  }
}

export class EngineInitiator implements Twin {
  readonly inside = 'echo'
  readonly renews = 'when told'
  readonly #rng: Rng

  constructor(rng: Rng) {
    this.#rng = rng
  }

  async start(test: IkeCase, compiled: Compiled): Promise<TwinSession> {
    const client = new Dialer(new EngineHost(this.#rng.fork(test.name)), compiled, test)
    await client.open()
    return client
  }
}

type DeadPeer = { readonly deadPeer?: Duration }

/** OWN: a second, so that nobody waits for minutes. */
const deadPeerOf = ({ acts }: IkeCase): DeadPeer =>
  acts.some(({ kind }) => kind === 'silence') ? { deadPeer: seconds(1) } : {}

const endpointsFrom = (local: string): IkeEndpoints => ({
  local: { address: ipv4(local), port: IKE_PORT },
  remote: { address: ipv4(GATEWAY_AT), port: IKE_PORT },
})

class Dialer implements TwinSession, PortsOwner {
  readonly #host: EngineHost
  readonly #session: EngineSession

  constructor(host: EngineHost, compiled: Compiled, test: IkeCase) {
    this.#host = host
    const { client } = test
    const { node, server = GATEWAY_NAME, certificate = 'device' } = client
    const input = (answer: IkeInput): void => this.#session.answer(answer)
    let eap: EapSide | undefined
    this.#session = new EngineSession(
      host,
      { ...optionsOf(compiled, node, client.manner), ...deadPeerOf(test) },
      {
        eap: (_, packet) => {
          eap ??= eapSupplicant(host, compiled, client, input)
          eap.packet(packet)
        },
        judge: (chain) => judge(compiled, node, chain, server),
        certificate: () => ikeCertificate(compiled, node, certificate),
        assign: () => [],
      },
      client.manner,
    )
  }

  async open(): Promise<void> {
    await this.#host.open([CLIENT_AT, CLIENT_MOVES_TO], this)
    this.#session.start()
  }

  onIke(bytes: Uint8Array, endpoints: IkeEndpoints): void {
    const route = routeOf(bytes, endpoints.remote)
    if (route.kind === 'session' && this.#session.routes.has(route.key)) {
      this.#session.runner.input({ kind: 'datagram', bytes, endpoints })
    }
  }

  onEsp(packet: Uint8Array): void {
    if (this.#session.hasSpi(u32(packet, 0))) this.#session.esp(packet)
  }

  settled(ms: number): Promise<boolean> {
    return this.#session.settled(ms)
  }

  sight(): Sight {
    return this.#session.sight()
  }

  get stands(): boolean {
    return this.sight().ike !== undefined
  }

  refusals(): readonly Refusal[] {
    return this.#session.refusals()
  }

  rekey(what: 'ike' | 'child'): void {
    this.#session.runner.input({ kind: `rekey-${what}` })
  }

  slow(ms: number): void {
    this.#host.latencyMs = ms
  }

  move(address: string): void {
    this.#session.runner.input({ kind: 'moved', local: { address: ipv4(address), port: 4500 } })
  }

  visit(): undefined {
    return undefined
  }

  ping(to: string, count: number): Promise<number> {
    const { address } = this.sight()
    return address === undefined ? Promise.resolve(0) : ping(this.#session, address, to, count)
  }

  close(): void {
    this.#session.runner.input({ kind: 'close' })
  }

  async stop(): Promise<void> {
    this.#session.stop()
    await this.#host.close()
  }

  get trace(): readonly string[] {
    return [...this.#session.trace, ...this.#host.lines]
  }
}

/** An IKE_SA_INIT, with a cookie where one is asked for, whose answer nobody hears, until the returned function is called: one more SA is half open. */
export async function leaveHalfOpen(compiled: Compiled, rng: Rng): Promise<() => Promise<void>> {
  const host = new EngineHost(rng)
  await host.open([CLIENT_MOVES_TO], {
    onIke: (bytes, endpoints) => {
      const message = decodeIke(bytes)
      const isDemand = message.ok && message.value.nextPayload === IkePayloadType.N
      if (isDemand) session.runner.input({ kind: 'datagram', bytes, endpoints })
    },
    onEsp: () => {},
  })
  const answers: Answers = {
    eap: () => {},
    judge: () => ({ accepted: false, failure: 'nobody is here' }),
    certificate: () => undefined,
    assign: () => [],
  }
  const options = optionsOf(compiled, 'laptop', 'certificate', CLIENT_MOVES_TO)
  const session = new EngineSession(host, options, answers, 'half-open')
  session.start()
  return async () => {
    session.stop()
    await host.close()
  }
}

/** With EAP, IDi is the client's address. */
function optionsOf(
  compiled: Compiled,
  node: string,
  manner: string,
  at: string = CLIENT_AT,
): IkeInitiatorOptions {
  const endpoints = endpointsFrom(at)
  const { os, vpnClient = {} } = hostOf(compiled, node)
  const { ipsec: policy, negotiateDh2048Aes256, disableMobility, ikeFragmentation } = vpnClient
  const { ike, esp } = clientSuites({ os, policy, negotiateDh2048Aes256 })
  const pfsGroup = esp[0]?.group
  return {
    role: 'initiator',
    endpoints,
    authentication:
      manner === 'certificate'
        ? { kind: 'certificate' }
        : {
            kind: 'eap',
            identity: { type: IdType.ID_IPV4_ADDR, data: bytesOf(endpoints.local.address) },
          },
    ikeProposals: ike.map(ikeTransforms),
    espProposals: esp.map(espTransforms),
    ...(pfsGroup !== undefined && { pfsGroup }),
    configuration: [ConfigAttribute.INTERNAL_IP4_ADDRESS, ConfigAttribute.INTERNAL_IP4_DNS].map(
      (type) => ({ type, value: new Uint8Array() }),
    ),
    localSelectors: [ALL_IPV4, ALL_IPV6],
    remoteSelectors: [ALL_IPV4, ALL_IPV6],
    mobike: disableMobility !== true,
    ...(ikeFragmentation !== false && { fragmentation: { packet: FRAGMENT_PACKET } }),
  }
}

function bytesOf(address: Ipv4): Uint8Array {
  const bytes = new Uint8Array(4)
  setU32(bytes, 0, address)
  return bytes
}
