/**
 * One IKE SA and its successors with one peer (RFC 7296), as initiator or responder. Sans I/O: `contract.ts` says what goes in and comes out. Not a gateway:
 * who is let in without a session is `door.ts`'s affair, ESP is `engine/esp`'s.
 */
import type { Engine, Env } from '../engine.ts'
import { dropChild, isCurrent, lifetimeTimer } from './children.ts'
import type { IkeInput, IkeOutput } from './contract.ts'
import { bury, endLinger, finish, LINGER_TIMER, lower, stale } from './ending.ts'
import { ESTABLISH_TIMER } from './establish.ts'
import { retransmit, retransmitted } from './exchange.ts'
import { IKE_SPI_BYTES, newIkeSpi } from './fresh.ts'
import * as initiator from './initiator.ts'
import { DEAD_PEER_TIMER, isSilent, keepAlive, KEEPALIVE_TIMER } from './liveness.ts'
import { onMoved } from './mobike.ts'
import type { IkeEndpoints, IkeInitiatorOptions, IkeResponderOptions } from './options.ts'
import { receive } from './receive.ts'
import { retriedChild } from './rekey-child.ts'
import { RETRY_IKE_TIMER } from './rekey-ike.ts'
import type { IkeReport } from './report.ts'
import * as responder from './responder.ts'
import {
  newIkeSa,
  type IkeSa,
  type IkeState,
  type InitiatorState,
  type ResponderState,
  type Run,
} from './state.ts'
import { onIkeDeleted, pump } from './tasks.ts'

export type IkeSession = Engine<IkeState, IkeInput, IkeReport, IkeOutput>

/**
 * A session of either role. An initiator's `start` sends IKE_SA_INIT; a responder's does nothing, and its first input is the datagram that the door let in.
 * Throws RangeError for options that cannot be carried out.
 *
 * @example
 * const session = ikeSession({ role: 'responder', ikeSuites, espSuites, certificate, accepts: { eap: true, certificate: false }, localSelectors })
 * let { state } = session.start(env)
 * for (const output of session.step(state, { kind: 'datagram', bytes, endpoints }, env).outputs) carryOut(output)
 */
export const ikeSession = (options: IkeInitiatorOptions | IkeResponderOptions): IkeSession => ({
  start(env) {
    const outputs: IkeOutput[] = []
    const run = opened(options, env, outputs)
    if (run.role === 'initiator') initiator.begin(run)
    return { state: run.state, outputs }
  },
  step(state, input, env) {
    const outputs: IkeOutput[] = []
    const run = { role: state.role, options, state, env, outputs } as Run
    if (!state.over) {
      onInput(run, input)
      pump(run)
    }
    return { state, outputs }
  },
})

function opened(
  options: IkeInitiatorOptions | IkeResponderOptions,
  env: Env,
  outputs: IkeOutput[],
): Run {
  const { role } = options
  const none = new Uint8Array(IKE_SPI_BYTES)
  const nowhere = { address: 0, port: 0 } as IkeEndpoints['local']
  const counter = { saCount: 0 }
  const sa = newIkeSa(counter, role, role === 'initiator' ? newIkeSpi(env) : none, none)
  const common = {
    began: env.now,
    heard: env.now,
    sent: env.now,
    behind: { own: false, peer: false },
    fragmentation: false,
    mobike: false,
    authorities: [],
    sa,
    others: [],
    saCount: counter.saCount,
    children: new Map(),
    timers: new Set<string>(),
    peerHashes: undefined,
    transcript: undefined,
    peer: undefined,
    ownId: undefined,
    authenticated: undefined,
    msk: undefined,
    offer: undefined,
    established: false,
    ending: undefined,
    over: false,
  }
  if (options.role === 'initiator') {
    const { endpoints } = options
    const state: InitiatorState = {
      ...common,
      role: 'initiator',
      endpoints,
      phase: { name: 'auth-sent' },
      firstSpi: 0,
    }
    return { role: 'initiator', options, state, env, outputs }
  }
  const endpoints = { local: nowhere, remote: nowhere }
  const state: ResponderState = {
    ...common,
    role: 'responder',
    endpoints,
    phase: { name: 'sa-init' },
    firstRoute: undefined,
    allowed: undefined,
    lastEap: undefined,
  }
  return { role: 'responder', options, state, env, outputs }
}

function onInput(run: Run, input: IkeInput): void {
  switch (input.kind) {
    case 'datagram':
      return receive(run, input.bytes, input.endpoints)
    case 'timer':
      return onTimer(run, input.timer)
    case 'eap':
      return run.role === 'initiator'
        ? initiator.onEapPacket(run, input.packet)
        : responder.onEapPacket(run, input.packet)
    case 'eap-success':
      return run.role === 'initiator'
        ? initiator.onEapSuccess(run, input.msk)
        : responder.onEapSuccess(run, input.packet, input.msk)
    case 'eap-failure':
      return run.role === 'initiator'
        ? initiator.onEapFailure(run, input.why)
        : responder.onEapFailure(run, input.packet, input.why)
    case 'judged': {
      const failure = input.accepted ? undefined : input.failure
      return run.role === 'initiator'
        ? initiator.onJudged(run, failure)
        : responder.onJudged(run, failure)
    }
    case 'certificate':
      return run.role === 'initiator' ? initiator.onCertificate(run, input.certificate) : undefined
    case 'address':
      return run.role === 'responder' ? responder.onAddress(run, input.reply) : undefined
    case 'moved':
      return onMoved(run, input.local, input.remote)
    case 'close':
      return onClose(run, input.silent ?? false, input.why)
    default:
      if (run.state.established && run.state.ending === undefined) onRequestOfHost(run, input)
  }
}

type Wish = Extract<
  IkeInput,
  { kind: 'rekey-child' | 'rekey-ike' | 'child-wears' | 'close-child' | 'probe' }
>

function onRequestOfHost(run: Run, input: Wish): void {
  const { queue } = run.state.sa
  switch (input.kind) {
    case 'rekey-child': {
      const spis = input.spi === undefined ? [...run.state.children.keys()] : [input.spi]
      for (const spi of spis) wishRekey(run, spi)
      return
    }
    case 'rekey-ike':
      queue.push({ kind: 'rekey-ike' })
      return
    case 'child-wears':
      return input.limit === 'soft' ? wishRekey(run, input.spi) : expireChild(run, input.spi)
    case 'close-child':
      queue.push({ kind: 'delete-children', spis: [input.spi] })
      return
    case 'probe':
      wishProbe(run)
  }
}

function wishRekey({ state }: Run, spi: number): void {
  const child = state.children.get(spi)
  const { queue } = state.sa
  const isAsked = queue.some((task) => task.kind === 'rekey-child' && task.spi === spi)
  if (child !== undefined && isCurrent(child) && !isAsked) queue.push({ kind: 'rekey-child', spi })
}

function wishProbe({ state }: Run): void {
  const { queue, outstanding } = state.sa
  // Any request of ours is a question whether there is anybody.
  if (outstanding === undefined && queue.length === 0) queue.push({ kind: 'probe' })
}

function expireChild(run: Run, spi: number): void {
  if (!run.state.children.has(spi)) return
  dropChild(run, spi, 'expired')
  run.state.sa.queue.push({ kind: 'delete-children', spis: [spi], isGone: true })
}

/** With a word to the peer where it knows of an SA. */
function onClose(run: Run, isSilent: boolean, why: string | undefined): void {
  const { state } = run
  if (isSilent || !state.established) return finish(run, state.ending ?? 'closed', why)
  if (state.ending !== undefined) return
  lower(run, 'closed', why)
  state.sa.queue.length = 0
  state.sa.queue.push({ kind: 'delete-ike' })
}

// ── timers ──

function onTimer(run: Run, timer: string): void {
  // One that was disarmed while it was on its way.
  if (!run.state.timers.delete(timer)) return
  if (timer === LINGER_TIMER) return endLinger(run)
  const id = retransmitted(timer)
  if (id !== undefined) return onRetransmit(run, id)
  const old = saById(run, stale(timer) ?? -1)
  if (old !== undefined) return bury(run, old)
  if (run.state.ending !== undefined) return
  const lifetime = lifetimeTimer(timer)
  if (lifetime !== undefined) {
    return lifetime.of.kind === 'ike'
      ? onIkeLifetime(run, lifetime.limit)
      : onChildLifetime(run, lifetime.of.spi, lifetime.limit)
  }
  const spi = retriedChild(timer)
  if (spi !== undefined) return wishRekey(run, spi)
  switch (timer) {
    case ESTABLISH_TIMER:
      return run.role === 'responder' ? responder.onEstablishTimer(run) : undefined
    case DEAD_PEER_TIMER:
      return isSilent(run) ? wishProbe(run) : undefined
    case KEEPALIVE_TIMER:
      return keepAlive(run)
    case RETRY_IKE_TIMER:
      run.state.sa.queue.push({ kind: 'rekey-ike' })
  }
}

const saById = ({ state }: Run, id: number): IkeSa | undefined =>
  [state.sa, ...state.others].find((sa) => sa.id === id)

function onRetransmit(run: Run, id: number): void {
  const sa = saById(run, id)
  const purpose = sa?.outstanding?.purpose.kind
  if (sa === undefined || retransmit(run, sa) !== 'given-up') return
  if (purpose === 'delete-ike') return onIkeDeleted(run, sa)
  if (sa === run.state.sa || run.state.sa.state !== 'up') return finish(run, 'timed-out')
  onIkeDeleted(run, sa)
}

const onChildLifetime = (run: Run, spi: number, limit: 'soft' | 'hard'): void =>
  limit === 'soft' ? wishRekey(run, spi) : expireChild(run, spi)

function onIkeLifetime(run: Run, limit: 'soft' | 'hard'): void {
  if (limit === 'soft') {
    run.state.sa.queue.push({ kind: 'rekey-ike' })
    return
  }
  lower(run, 'expired')
  run.state.sa.queue.length = 0
  run.state.sa.queue.push({ kind: 'delete-ike' })
}
