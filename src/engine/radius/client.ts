/**
 * A RADIUS client over a group of servers, as a NAS or a forwarding server has it: identifiers, retransmission (RFC 5080 §2.2.1), the next server by
 * score, and answers that prove themselves (RFC 2865 §3, RFC 3579 §3.2). Sans I/O; not what is asked, nor what an answer means.
 */
import { invariant } from '../../base/invariant.ts'
import { between, seconds, type Duration, type Instant } from '../../base/time.ts'
import { decodeRadius, type RadiusTooLong } from '../../wire/radius/packet.ts'
import type { Engine, Env } from '../engine.ts'
import { answerFault } from './client-answer.ts'
import { countsDelay, requestPacket, type RequestPacket } from './client-packet.ts'
import type {
  RadiusClientInput,
  RadiusClientOptions,
  RadiusClientOutput,
  RadiusClientReport,
  RadiusClientRequest,
  RadiusDestination,
  RadiusServerOptions,
  Scoring,
  ServerTried,
} from './client-report.ts'
import { IDENTIFIERS, IdentifierPool, type RadiusSlot } from './identifiers.ts'
import { nextWait, rrasRetransmission, sendsAgain, type Retransmission } from './retransmission.ts'

/**
 * OWN: Windows documents the initial score of a server and that 30 is the most, but not how far it moves. One that answers gains a little, one that
 * has been given up loses more, so that the next request goes to another.
 */
export const RRAS_SCORING: Scoring = { most: 30, answered: 1, silent: 3 }
/** OWN: 4096 requests in flight to one server. */
const SOCKETS_MAX = 16
const TIMER_PREFIX = 'request/'
const DEFAULT_RETRANSMISSION: Retransmission = rrasRetransmission()

/** A transmission that may be answered. */
interface Sent {
  readonly slot: RadiusSlot
  readonly packet: RequestPacket
  /** Whole seconds since the request began. */
  readonly delay: number
}

/** A request on its way to one server. */
interface Flight {
  readonly request: RadiusClientRequest
  readonly began: Instant
  /** Servers that were given up, in order. */
  readonly silent: readonly ServerTried[]
  readonly server: RadiusServerOptions
  readonly firstSent: Instant
  readonly times: number
  readonly wait: Duration
  /** One, but for an Accounting-Request whose Acct-Delay-Time has moved on: each of those may still be answered. The newest is last. */
  readonly sent: readonly Sent[]
}

/** Maps that are changed in place: a thousand requests in flight are not copied at every step. */
export interface RadiusClientState {
  readonly flights: Map<string, Flight>
  /** Server, socket and identifier to the request that they are for. */
  readonly waiting: Map<string, string>
  readonly pools: Map<string, IdentifierPool>
  readonly scores: Map<string, number>
}

export const radiusClient = (
  options: RadiusClientOptions,
): Engine<RadiusClientState, RadiusClientInput, RadiusClientReport, RadiusClientOutput> => ({
  start: () => ({ state: emptyState(options), outputs: [] }),
  step(state, input, env) {
    const run: Run = { options, state, env, outputs: [] }
    onInput(run, input)
    return { state, outputs: run.outputs }
  },
})

function emptyState(options: RadiusClientOptions): RadiusClientState {
  const { servers, socketsMax = SOCKETS_MAX, scoring = RRAS_SCORING } = options
  return {
    flights: new Map(),
    waiting: new Map(),
    pools: new Map(servers.map(({ key }) => [key, new IdentifierPool(socketsMax)])),
    scores: new Map(servers.map(({ key, score }) => [key, score ?? scoring.most])),
  }
}

/** One step: what it may look at, and what it asks for. */
interface Run {
  readonly options: RadiusClientOptions
  readonly state: RadiusClientState
  readonly env: Env
  readonly outputs: RadiusClientOutput[]
}

const say = (run: Run, report: RadiusClientReport): void => {
  run.outputs.push({ kind: 'report', report })
}

function onInput(run: Run, input: RadiusClientInput): void {
  switch (input.kind) {
    case 'request':
      invariant(!run.state.flights.has(input.request.id), `${input.request.id} is in flight`)
      return ask(run, input.request, run.env.now, [])
    case 'datagram':
      return onDatagram(run, input.from, input.bytes)
    case 'timer':
      return onTimer(run, input.timer.slice(TIMER_PREFIX.length))
    case 'cancel': {
      const flight = run.state.flights.get(input.id)
      return flight === undefined ? undefined : land(run, flight)
    }
  }
}

// ── asking ──

/** Ask the best server that has not been given up yet; where there is none, that is the end. */
function ask(
  run: Run,
  request: RadiusClientRequest,
  began: Instant,
  silent: readonly ServerTried[],
): void {
  const server = bestServer(run, request, silent)
  if (server === undefined) return noAnswer(run, request, silent)
  const { key } = server
  const delay = wholeSeconds(began, run.env.now)
  const sent = transmit(run, request, server, delay)
  if (sent === 'none-free') {
    const most = (run.options.socketsMax ?? SOCKETS_MAX) * IDENTIFIERS
    say(run, { kind: 'radius/too-many-in-flight', request: request.id, server: key, most })
    return ask(run, request, began, [...silent, { server: key, tries: 0 }])
  }
  if ('code' in sent) {
    return say(run, { kind: 'radius/unsendable', request: request.id, cause: sent })
  }
  const firstSent = run.env.now
  const before = { request, began, silent, server, firstSent, times: 1, sent: [sent] }
  waitOn(run, before, undefined)
}

function bestServer(
  { options, state }: Run,
  { first }: RadiusClientRequest,
  silent: readonly ServerTried[],
): RadiusServerOptions | undefined {
  const score = ({ key }: RadiusServerOptions): number =>
    key === first ? Infinity : state.scores.get(key)!
  return options.servers
    .filter(({ key }) => !silent.some(({ server }) => server === key))
    .reduce<RadiusServerOptions | undefined>(
      (best, each) => (best === undefined || score(each) > score(best) ? each : best),
      undefined,
    )
}

function noAnswer(run: Run, { id }: RadiusClientRequest, servers: readonly ServerTried[]): void {
  const tries = servers.reduce((sum, each) => sum + each.tries, 0)
  say(run, { kind: 'radius/no-answer', request: id, servers, tries })
}

const wholeSeconds = (from: Instant, to: Instant): number =>
  Math.floor(between(from, to) / seconds(1))

/** A packet of its own identifier goes out. */
function transmit(
  run: Run,
  request: RadiusClientRequest,
  server: RadiusServerOptions,
  delay: number,
): Sent | RadiusTooLong | 'none-free' {
  const pool = run.state.pools.get(server.key)!
  const slot = pool.take()
  if (slot === undefined) return 'none-free'
  const made = requestPacket(request, server, slot.identifier, delay, run.env.rng)
  if (!made.ok) {
    pool.giveBack(slot)
    return made.error
  }
  const sent = { slot, packet: made.value, delay }
  run.state.waiting.set(slotKey(server.key, slot), request.id)
  send(run, server, sent)
  return sent
}

function send(run: Run, { key }: RadiusServerOptions, { slot, packet }: Sent): void {
  const to = { server: key, socket: slot.socket }
  run.outputs.push({ kind: 'send', to, bytes: packet.bytes })
}

const slotKey = (server: string, { socket, identifier }: RadiusSlot): string =>
  `${socket}/${identifier}/${server}`

/** `before`: the last wait for this server. */
function waitOn(run: Run, flight: Omit<Flight, 'wait'>, before: Duration | undefined): void {
  const rule = flight.server.retransmission ?? DEFAULT_RETRANSMISSION
  const since = between(flight.firstSent, run.env.now)
  const wait = nextWait(rule, { wait: before, since }, run.env.rng)
  run.state.flights.set(flight.request.id, { ...flight, wait })
  run.outputs.push({ kind: 'arm', timer: `${TIMER_PREFIX}${flight.request.id}`, after: wait })
}

// ── silence ──

function onTimer(run: Run, id: string): void {
  const flight = run.state.flights.get(id)
  if (flight === undefined) return
  const { request, server, times } = flight
  const rule = server.retransmission ?? DEFAULT_RETRANSMISSION
  if (sendsAgain(rule, { times, since: between(flight.firstSent, run.env.now) })) {
    const sent = sendAgain(run, flight)
    return waitOn(run, { ...flight, times: times + 1, sent }, flight.wait)
  }
  land(run, flight)
  score(run, server, -(run.options.scoring ?? RRAS_SCORING).silent)
  say(run, { kind: 'radius/server-silent', request: id, server: server.key, tries: times })
  ask(run, request, flight.began, [...flight.silent, { server: server.key, tries: times }])
}

/** The same bytes again, unless the time in them has moved on (RFC 2865 §2.5, RFC 2866 §5.2). */
function sendAgain(run: Run, flight: Flight): readonly Sent[] {
  const { request, server, sent } = flight
  const last = sent.at(-1)!
  const delay = wholeSeconds(flight.began, run.env.now)
  if (delay !== last.delay && countsDelay(request)) {
    const anew = transmit(run, request, server, delay)
    if (anew !== 'none-free' && !('code' in anew)) return [...sent, anew]
  }
  send(run, server, last)
  return sent
}

function score(run: Run, { key }: RadiusServerOptions, change: number): void {
  const { most } = run.options.scoring ?? RRAS_SCORING
  const now = run.state.scores.get(key)!
  run.state.scores.set(key, Math.min(most, Math.max(0, now + change)))
}

/** Nobody waits for this server's answer any more. */
function land(run: Run, { request, server, sent }: Flight): void {
  run.state.flights.delete(request.id)
  run.outputs.push({ kind: 'disarm', timer: `${TIMER_PREFIX}${request.id}` })
  for (const { slot } of sent) {
    run.state.waiting.delete(slotKey(server.key, slot))
    run.state.pools.get(server.key)!.giveBack(slot)
  }
}

// ── answers ──

function onDatagram(run: Run, from: RadiusDestination, bytes: Uint8Array): void {
  const { server, socket } = from
  const decoded = decodeRadius(bytes)
  if (!decoded.ok) return say(run, { kind: 'radius/malformed', server, error: decoded.error })
  const packet = decoded.value
  const { identifier, code } = packet
  const id = run.state.waiting.get(slotKey(server, { socket, identifier }))
  if (id === undefined) {
    return say(run, { kind: 'radius/unexpected-identifier', server, identifier, code })
  }
  const flight = run.state.flights.get(id)!
  const { packet: sent } = flight.sent.find(
    ({ slot }) => slot.socket === socket && slot.identifier === identifier,
  )!
  const fault = answerFault(packet, sent, flight.server, id)
  if (fault !== undefined) return say(run, fault)
  land(run, flight)
  score(run, flight.server, (run.options.scoring ?? RRAS_SCORING).answered)
  const requestAuthenticator = sent.authenticator
  const { times: tries } = flight
  say(run, { kind: 'radius/answered', request: id, server, tries, packet, requestAuthenticator })
}
