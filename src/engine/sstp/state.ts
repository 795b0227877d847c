/**
 * What an SSTP session remembers, and what one step may look at. Changed in place: a gateway has thousands. No step of the protocol is here.
 */
import type { Duration, Instant } from '../../base/time.ts'
import { seconds } from '../../base/time.ts'
import type { SstpHashProtocol } from '../../crypto/sstp-binding.ts'
import {
  describeSstpAttribute,
  encodeSstp,
  SSTP_HEADER_BYTES,
  SSTP_PACKET_BYTES_MAX,
  SstpHash,
  sstpMessageName,
  type SstpAttribute,
} from '../../wire/sstp.ts'
import type { Env } from '../engine.ts'
import type { PppTunnel } from '../ppp/contract.ts'
import type { PppLink } from '../ppp/link.ts'
import type { PppState } from '../ppp/state.ts'
import type { SstpEnd, SstpOptions, SstpOutput, SstpReport, SstpTimers } from './contract.ts'

/** The states of [MS-SSTP] §3.1.1.1, §3.2.1.1.1 and §3.3.1.1.1, and those of HTTP before them. */
export type SstpPhase =
  | 'http'
  | 'asking-port'
  | 'connect-request-sent'
  | 'connect-request-pending'
  | 'connect-ack-received'
  | 'call-connected-pending'
  | 'connected'
  | EndingPhase
  | 'over'

type EndingPhase =
  | 'abort-pending'
  | 'abort-timeout-pending'
  | 'disconnect-ack-pending'
  | 'disconnect-timeout-pending'

export interface SstpState {
  phase: SstpPhase
  readonly began: Instant
  /** The end of the stream, as far as it makes no packet yet. */
  pending: Uint8Array
  /** CALL_CONNECT_NAKs so far. */
  naks: number
  nonce: Uint8Array
  /** What the binding was made with. */
  hash: SstpHashProtocol
  /** Since PPP has proved who is there. */
  hlak?: Uint8Array
  heard: Instant
  /** ECHO_REQUEST is on its way. */
  isAsking: boolean
  readonly link: PppLink
  readonly ppp: PppState
  tunnel?: PppTunnel
  /** The host was told of it. */
  isUp: boolean
  end?: SstpEnd
  readonly timers: Set<string>
}

export interface Run {
  readonly options: SstpOptions
  readonly state: SstpState
  readonly env: Env
  readonly outputs: SstpOutput[]
}

/** What a frame of PPP may have. */
export const SSTP_PAYLOAD_BYTES_MAX = SSTP_PACKET_BYTES_MAX - SSTP_HEADER_BYTES

const TIMERS: SstpTimers = {
  http: seconds(60),
  negotiation: seconds(60),
  hello: seconds(60),
  abort: [seconds(3), seconds(1)],
  disconnect: [seconds(5), seconds(1)],
}
export const timersOf = ({ options }: Run): SstpTimers => ({ ...TIMERS, ...options.timers })

export const HTTP_TIMER = 'sstp/http'
export const NEGOTIATION_TIMER = 'sstp/negotiation'
export const HELLO_TIMER = 'sstp/hello'
export const END_TIMER = 'sstp/end'

const HASHES: readonly SstpHashProtocol[] = [SstpHash.SHA256, SstpHash.SHA1]
export const hashesOf = ({ options }: Run): readonly SstpHashProtocol[] => options.hashes ?? HASHES

export const RETRIES = 3

export const say = ({ outputs }: Run, report: SstpReport): void => {
  outputs.push({ kind: 'report', report })
}

export function arm({ state, outputs }: Run, timer: string, after: Duration): void {
  state.timers.add(timer)
  outputs.push({ kind: 'arm', timer, after })
}

export function disarm({ state, outputs }: Run, timer: string): void {
  if (state.timers.delete(timer)) outputs.push({ kind: 'disarm', timer })
}

export const isEnding = ({ state }: Run): boolean =>
  state.phase === 'abort-pending' ||
  state.phase === 'abort-timeout-pending' ||
  state.phase === 'disconnect-ack-pending' ||
  state.phase === 'disconnect-timeout-pending'

/** Frames of PPP go and come ([MS-SSTP] §3.2.7, §3.3.7). */
export const carries = ({ state }: Run): boolean =>
  state.phase === 'connect-ack-received' ||
  state.phase === 'call-connected-pending' ||
  state.phase === 'connected'

export const sendControl = (
  run: Run,
  type: number,
  ...attributes: readonly SstpAttribute[]
): void => sendEncoded(run, type, attributes, encodeSstp({ kind: 'control', type, attributes }))

/** A message that was encoded already; `attributes` are told. */
export function sendEncoded(
  run: Run,
  type: number,
  attributes: readonly SstpAttribute[],
  bytes: Uint8Array,
): void {
  tell(run, 'sent', type, attributes)
  run.outputs.push({ kind: 'send', bytes })
}

export const tell = (
  run: Run,
  direction: 'sent' | 'received',
  type: number,
  attributes: readonly SstpAttribute[],
): void =>
  say(run, {
    kind: 'sstp/message',
    direction,
    message: sstpMessageName(type),
    attributes: attributes.slice(0, 8).map(describeSstpAttribute),
  })
