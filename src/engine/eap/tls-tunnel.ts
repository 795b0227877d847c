/**
 * One side of a TLS connection inside EAP: the handshake, the judging of the peer's chain, and what is said in the tunnel afterwards.
 * Not a method: EAP-TLS and PEAP decide what an open tunnel is for. RFC 5216 §2.1, RFC 9190 §2.1.
 */
import { concat } from '../../base/bytes.ts'
import { invariant } from '../../base/invariant.ts'
import type { TlsAlert, TlsEndpoint, TlsTurn } from '../tls.ts'
import type { ChainAnswer, EapAnswer, EapFault, MethodInput, MethodOutput } from './method.ts'
import type { Proven, SessionMemory } from './session-memory.ts'
import {
  acknowledgement,
  FRAGMENT_SIZE_MIN,
  proceed,
  receive,
  send,
  startMessage,
  type Carrier,
} from './tls-carrier.ts'

export interface TunnelOptions {
  /** Called once, when the method begins. */
  readonly open: () => TlsEndpoint
  /** Bytes of a whole EAP packet, 64 … 65 535. Default 1400. */
  readonly fragmentSize?: number
  /** Default false, as hostapd and FreeRADIUS have it. */
  readonly lengthInEveryMessage?: boolean
  /** A server's: sessions that may be resumed. It goes with `sessions` of the endpoint, TLS 1.2 only. Absent: resuming proves nothing. */
  readonly memory?: SessionMemory
}

/** Leaves room for the headers of RADIUS and IP in an Ethernet frame. */
export const FRAGMENT_SIZE = 1400

/**
 * For a method that runs inside PEAP: its messages, with the record around them, then fit one packet of the tunnel. FreeRADIUS loses an inner
 * response that comes in several packets, and hostapd takes off as much.
 */
export const innerFragmentSize = (outer: number = FRAGMENT_SIZE): number =>
  Math.max(outer - 100, FRAGMENT_SIZE_MIN)

/** Under which a {@link SessionMemory} has what a session of TLS proved; `key` as the endpoint has it. */
export const provenKey = (within: Tunnel['within'], key: string): string => `${within}/${key}`

const keyOf = ({ endpoint: { sessionKey }, within }: Tunnel): string | undefined =>
  sessionKey === undefined ? undefined : provenKey(within, sessionKey)

/** The session may be resumed from now on. */
export function rememberSession(tunnel: Tunnel, proven: Proven): void {
  const key = keyOf(tunnel)
  if (key !== undefined) tunnel.memory?.keep(key, proven)
}

/** What the session that was resumed proved; undefined: nothing, or nothing was resumed. */
export function recallSession(tunnel: Tunnel): Proven | undefined {
  const key = keyOf(tunnel)
  return key !== undefined && tunnel.endpoint.isResumed ? tunnel.memory?.find(key) : undefined
}

export interface Tunnel {
  readonly endpoint: TlsEndpoint
  readonly within: 'tls' | 'peap'
  readonly memory?: SessionMemory
  /** The chain that was found good. */
  readonly chain?: readonly Uint8Array[]
  /** The peer must show a certificate, and the host judges it. */
  readonly judges: boolean
  readonly carrier: Carrier
  readonly stage: 'handshake' | 'open' | 'closing'
  /** What was asked of the host, and has not been answered. */
  readonly asked?: 'feed' | 'write' | 'judge'
  readonly isBegun: boolean
  readonly isJudged: boolean
  /** Waits for the verdict on the peer's chain. */
  readonly held?: TlsTurn
  /** Goes before what is written next. */
  readonly withheld: Uint8Array
  /** Why it ends, once the peer has answered the alert. */
  readonly fault?: EapFault
}

export type TunnelEvent =
  | { readonly kind: 'output'; readonly output: MethodOutput }
  /** The handshake is done and the chain accepted. `flight` was not sent yet: send it, or write something, which sends it first. */
  | { readonly kind: 'open'; readonly flight: Uint8Array }
  /** What the other side wrote; empty: TLS said something of its own. */
  | { readonly kind: 'received'; readonly data: Uint8Array }
  /** An empty message when nothing was under way. */
  | { readonly kind: 'acknowledged' }
  /** `data`: a last message for the peer. */
  | { readonly kind: 'failed'; readonly fault: EapFault; readonly data?: Uint8Array }

export interface TunnelStep {
  readonly tunnel: Tunnel
  readonly event: TunnelEvent
}

const NOTHING = new Uint8Array()

export const openTunnel = (
  options: TunnelOptions,
  within: 'tls' | 'peap',
  judges: boolean,
): Tunnel => ({
  endpoint: options.open(),
  within,
  ...(options.memory === undefined ? {} : { memory: options.memory }),
  judges,
  carrier: {
    fragmentSize: options.fragmentSize ?? FRAGMENT_SIZE,
    lengthInEveryMessage: options.lengthInEveryMessage ?? false,
  },
  stage: 'handshake',
  isBegun: false,
  isJudged: false,
  withheld: NOTHING,
})

/** A server's first request. */
export const tunnelStart = (): MethodOutput => ({ kind: 'data', data: startMessage() })

const isServer = (tunnel: Tunnel): boolean => tunnel.endpoint.role === 'server'

const says = (tunnel: Tunnel, data: Uint8Array): TunnelStep => ({
  tunnel,
  event: { kind: 'output', output: { kind: 'data', data } },
})

const fails = (tunnel: Tunnel, fault: EapFault, data?: Uint8Array): TunnelStep => ({
  tunnel,
  event: { kind: 'failed', fault, ...(data === undefined ? {} : { data }) },
})

/** Acknowledge what came. */
export const tunnelAcknowledge = (tunnel: Tunnel): TunnelStep => says(tunnel, acknowledgement())

/** Send bytes of TLS. */
export function tunnelSend(tunnel: Tunnel, flight: Uint8Array): TunnelStep {
  const [carrier, data] = send(tunnel.carrier, concat(tunnel.withheld, flight))
  return says({ ...tunnel, carrier, withheld: NOTHING }, data)
}

/** Encrypt and send; `before` are bytes of TLS that go first. */
export const tunnelWrite = (
  tunnel: Tunnel,
  data: Uint8Array,
  before: Uint8Array = NOTHING,
): TunnelStep => ({
  tunnel: { ...tunnel, asked: 'write', withheld: concat(tunnel.withheld, before) },
  event: {
    kind: 'output',
    output: {
      kind: 'ask',
      ask: { kind: 'tls', endpoint: tunnel.endpoint, bytes: NOTHING, data },
    },
  },
})

/** Whether all of the last flight is on its way. */
export const isTunnelDrained = (tunnel: Tunnel): boolean => tunnel.carrier.outgoing === undefined

export function stepTunnel(tunnel: Tunnel, input: MethodInput): TunnelStep {
  return input.kind === 'data' ? takeData(tunnel, input.data) : takeAnswer(tunnel, input.answer)
}

function takeData(tunnel: Tunnel, typeData: Uint8Array): TunnelStep {
  const carried = receive(tunnel.carrier, typeData)
  switch (carried.kind) {
    case 'malformed':
      return fails(tunnel, { code: 'eap/malformed', detail: carried.detail })
    case 'start':
      return takeStart(tunnel)
    case 'more':
      return says({ ...tunnel, carrier: carried.carrier }, acknowledgement())
    case 'acknowledgement':
      if (tunnel.carrier.outgoing !== undefined) {
        const [carrier, data] = proceed(tunnel.carrier)
        return says({ ...tunnel, carrier }, data)
      }
      if (tunnel.fault !== undefined) return fails(tunnel, tunnel.fault)
      return { tunnel, event: { kind: 'acknowledged' } }
    case 'flight':
      // Whatever a peer says to an alert, this ends.
      if (tunnel.fault !== undefined) return fails(tunnel, tunnel.fault)
      return feed({ ...tunnel, carrier: carried.carrier }, carried.bytes)
  }
}

/** RFC 5216 §2.1.1: the server's Start, to which the client's first flight is the answer. */
function takeStart(tunnel: Tunnel): TunnelStep {
  return isServer(tunnel) || tunnel.isBegun
    ? fails(tunnel, { code: 'eap/out-of-sequence', detail: 'a Start that nobody waited for' })
    : feed(tunnel, NOTHING)
}

const feed = (tunnel: Tunnel, bytes: Uint8Array): TunnelStep => ({
  tunnel: { ...tunnel, asked: 'feed', isBegun: true },
  event: {
    kind: 'output',
    output: { kind: 'ask', ask: { kind: 'tls', endpoint: tunnel.endpoint, bytes } },
  },
})

function takeAnswer(asking: Tunnel, answer: EapAnswer): TunnelStep {
  const { asked, ...tunnel } = asking
  if (answer.kind === 'judged' && asked === 'judge') return takeVerdict(tunnel, answer.verdict)
  invariant(
    answer.kind === 'tls' && (asked === 'feed' || asked === 'write'),
    `asked ${asked ?? 'nothing'}, was answered '${answer.kind}'`,
  )
  return takeTurn(tunnel, answer.turn, asked)
}

function takeTurn(tunnel: Tunnel, turn: TlsTurn, asked: 'feed' | 'write'): TunnelStep {
  if (turn.handshake === 'failed' || turn.received !== undefined) return takeFailure(tunnel, turn)
  if (asked === 'write') return tunnelSend(tunnel, turn.flight)
  const isDue = turn.peerChain !== undefined || turn.handshake === 'done'
  return tunnel.judges && !tunnel.isJudged && isDue ? judge(tunnel, turn) : goOn(tunnel, turn)
}

/**
 * Ask about the peer's chain. Nobody sends one in a resumed handshake: a client trusts the server that it remembers, a server asks about
 * the chain of the first handshake, so that its host knows whom it lets in.
 */
function judge(tunnel: Tunnel, turn: TlsTurn): TunnelStep {
  const resumed = turn.handshake === 'done' && tunnel.endpoint.isResumed
  if (resumed && !isServer(tunnel)) return goOn({ ...tunnel, isJudged: true }, turn)
  const chain = (resumed ? recallSession(tunnel)?.chain : turn.peerChain) ?? []
  if (resumed && chain.length === 0) return refuse(tunnel, nobodyKnown, 'access_denied')
  if (chain.length === 0) return refuse(tunnel, noCertificate, missingAlert(tunnel))
  return {
    tunnel: { ...tunnel, asked: 'judge', held: turn, chain },
    event: { kind: 'output', output: { kind: 'ask', ask: { kind: 'judge', chain, resumed } } },
  }
}

const nobodyKnown: EapFault = {
  code: 'eap/tls-failed',
  failure: 'other',
  detail: 'the session that was resumed authenticated nobody',
}

const SILENT_FAILURE = { code: 'other', detail: 'the handshake failed' } as const

const noCertificate: EapFault = { code: 'eap/no-certificate', side: 'peer' }

/** RFC 8446 §4.4.2.4, RFC 5246 §7.4.6. */
const missingAlert = (tunnel: Tunnel): TlsAlert =>
  tunnel.endpoint.version === 'TLSv1.3' ? 'certificate_required' : 'handshake_failure'

function takeFailure(tunnel: Tunnel, turn: TlsTurn): TunnelStep {
  if (turn.received !== undefined) {
    const fault: EapFault = { code: 'eap/tls-alert-received', alert: turn.received }
    // RFC 5216 §2.1.3: a peer answers the request that carried the alert; a server has nothing more to say.
    return isServer(tunnel) ? fails(tunnel, fault) : fails(tunnel, fault, acknowledgement())
  }
  const { code: failure, detail } = turn.failure ?? SILENT_FAILURE
  return end(tunnel, { code: 'eap/tls-failed', failure, detail }, turn.flight)
}

function takeVerdict(tunnel: Tunnel, verdict: ChainAnswer): TunnelStep {
  const { held, ...rest } = tunnel
  invariant(held !== undefined, 'a chain was judged that nobody asked about')
  if (verdict.accepted) return goOn({ ...rest, isJudged: true }, held)
  const { failure, alert } = verdict
  return refuse(rest, { code: 'eap/certificate-refused', failure, within: tunnel.within }, alert)
}

function refuse(tunnel: Tunnel, fault: EapFault, alert: TlsAlert | undefined): TunnelStep {
  const { endpoint } = tunnel
  // In a resumed handshake of TLS 1.2 the client has the last word, and waits for nothing but Success or Failure.
  const isLate = isServer(tunnel) && endpoint.isResumed && endpoint.version === 'TLSv1.2'
  return end(tunnel, fault, alert === undefined || isLate ? NOTHING : endpoint.refuse(alert))
}

/** A server waits for the peer's answer to its alert before EAP-Failure, a peer has said its last word with it. */
function end(tunnel: Tunnel, fault: EapFault, flight: Uint8Array): TunnelStep {
  if (flight.length === 0) return fails(tunnel, fault)
  const [carrier, data] = send(tunnel.carrier, flight)
  const closing = { ...tunnel, carrier, stage: 'closing', fault } as const
  return isServer(tunnel) ? says(closing, data) : fails(closing, fault, data)
}

function goOn(tunnel: Tunnel, turn: TlsTurn): TunnelStep {
  if (turn.handshake === 'under-way') {
    return turn.flight.length === 0
      ? fails(tunnel, {
          code: 'eap/tls-failed',
          failure: 'other',
          detail: 'the handshake does not go on',
        })
      : tunnelSend(tunnel, turn.flight)
  }
  if (tunnel.stage === 'handshake')
    return { tunnel: { ...tunnel, stage: 'open' }, event: { kind: 'open', flight: turn.flight } }
  return {
    tunnel: { ...tunnel, withheld: concat(tunnel.withheld, turn.flight) },
    event: { kind: 'received', data: turn.data },
  }
}

/** 128 bytes, of which the first 64 are the MSK (RFC 5216 §2.3, RFC 9190 §2.3, RFC 9427 §2.1). `type` counts in TLS 1.3 only. */
export const exportTunnelKey = (endpoint: TlsEndpoint, type: number): Uint8Array =>
  endpoint.version === 'TLSv1.3'
    ? endpoint.exportKey('EXPORTER_EAP_TLS_Key_Material', 128, Uint8Array.of(type))
    : endpoint.exportKey('client EAP encryption', 128)
