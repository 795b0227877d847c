/**
 * The side that is dialled ([MS-SSTP] §3.3): HTTP, a port for one more, CALL_CONNECT_REQUEST, and CALL_CONNECTED when PPP has proved who is there.
 */
import { encodeSstpResponse, receiveSstpRequest } from '../../wire/sstp-http.ts'
import {
  SSTP_NONCE_BYTES,
  SSTP_PROTOCOL_PPP,
  SstpAttributeId,
  sstpAttributeId,
  SstpMessageType,
  SstpStatus,
  valueOf,
  type SstpAttribute,
} from '../../wire/sstp.ts'
import { bindingFault } from './binding.ts'
import type { BindingFault } from './contract.ts'
import { abort, finish, lower, unexpected } from './ending.ts'
import { connected } from './hello.ts'
import { feedPpp } from './payload.ts'
import {
  arm,
  disarm,
  hashesOf,
  HTTP_TIMER,
  NEGOTIATION_TIMER,
  RETRIES,
  say,
  sendControl,
  timersOf,
  type Run,
} from './state.ts'

export const begin = (run: Run): void => arm(run, HTTP_TIMER, timersOf(run).http)

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  503: 'Service Unavailable',
}

function answer(run: Run, status: number): void {
  const reason = status === 200 ? 'OK' : (REASONS[status] ?? 'Refused')
  run.outputs.push({ kind: 'send', bytes: encodeSstpResponse(status, reason, run.env.now) })
}

/** How many bytes of the stream the request's head had; undefined: not all of it is there, or the session is over. */
export function receiveHttp(run: Run, stream: Uint8Array): number | undefined {
  const received = receiveSstpRequest(stream)
  if (!received.ok) {
    say(run, { kind: 'sstp/malformed', error: received.error })
    answer(run, 400)
    finish(run, 'http-malformed')
    return undefined
  }
  if (received.value === undefined) return undefined
  const { message, length } = received.value
  if (message.kind === 'other') {
    const { status, method, target } = message
    const detail = `${method} ${target}`.slice(0, 120)
    say(run, { kind: 'sstp/http-refused', by: 'own', status, detail })
    answer(run, status)
    finish(run, 'http-refused')
    return undefined
  }
  const { request } = message
  run.state.phase = 'asking-port'
  say(run, { kind: 'sstp/http-request', request })
  run.outputs.push({ kind: 'ask-port', request })
  return length
}

export function onPortGranted(run: Run): void {
  run.state.phase = 'connect-request-pending'
  disarm(run, HTTP_TIMER)
  answer(run, 200)
  arm(run, NEGOTIATION_TIMER, timersOf(run).negotiation)
}

export function onPortDenied(run: Run, detail: string, status = 503): void {
  say(run, { kind: 'sstp/http-refused', by: 'own', status, detail })
  answer(run, status)
  lower(run, 'no-port', detail)
  finish(run, 'no-port')
}

/** [MS-SSTP] §3.3.5.2.2. */
export function onConnectRequest(run: Run, attributes: readonly SstpAttribute[]): void {
  const { state, options, env } = run
  if (state.phase !== 'connect-request-pending') return unexpected(run, 'CALL_CONNECT_REQUEST')
  const faults = faultsOf(attributes)
  if (faults.length > 0) {
    if (++state.naks > (options.retries ?? RETRIES)) {
      return abort(run, 'call-refused', SstpStatus.RETRY_COUNT_EXCEEDED)
    }
    return sendControl(run, SstpMessageType.CALL_CONNECT_NAK, ...faults)
  }
  state.nonce = env.rng.bytes(SSTP_NONCE_BYTES)
  state.phase = 'call-connected-pending'
  const hashes = hashesOf(run).reduce((bits, hash) => bits | hash, 0)
  sendControl(run, SstpMessageType.CALL_CONNECT_ACK, {
    kind: 'crypto-binding-request',
    hashes,
    nonce: state.nonce,
  })
  arm(run, NEGOTIATION_TIMER, timersOf(run).negotiation)
  feedPpp(run, { kind: 'up' })
}

/** No more than a NAK has room for. */
const FAULTS_MAX = 16
const FAULT_BYTES_MAX = 64

/** A Status Info for each attribute that is not acceptable, and for the one that is missing. */
function faultsOf(attributes: readonly SstpAttribute[]): readonly SstpAttribute[] {
  const seen = new Set<number>()
  const faults: SstpAttribute[] = []
  for (const attribute of attributes.slice(0, FAULTS_MAX)) {
    const id = sstpAttributeId(attribute)
    const status = seen.has(id) ? SstpStatus.DUPLICATE_ATTRIBUTE : statusOf(attribute)
    seen.add(id)
    if (status === SstpStatus.NO_ERROR) continue
    const value = valueOf(attribute).slice(0, FAULT_BYTES_MAX)
    faults.push({ kind: 'status-info', attribute: id, status, value })
  }
  const required = SstpAttributeId.ENCAPSULATED_PROTOCOL_ID
  if (seen.has(required)) return faults
  const value = new Uint8Array()
  const status = SstpStatus.REQUIRED_ATTRIBUTE_MISSING
  return [...faults, { kind: 'status-info', attribute: required, status, value }]
}

function statusOf(attribute: SstpAttribute): number {
  switch (attribute.kind) {
    case 'encapsulated-protocol':
      return attribute.protocol === SSTP_PROTOCOL_PPP
        ? SstpStatus.NO_ERROR
        : SstpStatus.VALUE_NOT_SUPPORTED
    case 'status-info':
      return attribute.status === SstpStatus.NO_ERROR
        ? SstpStatus.NO_ERROR
        : SstpStatus.STATUS_INFO_NOT_SUPPORTED_IN_MSG
    case 'crypto-binding':
    case 'crypto-binding-request':
      return SstpStatus.ATTRIB_NOT_SUPPORTED_IN_MSG
    case 'bad-length':
      return SstpStatus.INVALID_ATTRIB_VALUE_LENGTH
    case 'unknown':
      return SstpStatus.UNRECOGNIZED_ATTRIBUTE
  }
}

/** OWN: [MS-SSTP] names no status for each; a MAC that is wrong is an invalid frame to other servers, too. */
const BINDING_STATUS: Readonly<Record<BindingFault, number>> = {
  missing: SstpStatus.REQUIRED_ATTRIBUTE_MISSING,
  'not-authenticated': SstpStatus.UNACCEPTED_FRAME_RECEIVED,
  'hash-protocol': SstpStatus.VALUE_NOT_SUPPORTED,
  nonce: SstpStatus.INVALID_FRAME_RECEIVED,
  certificate: SstpStatus.INVALID_FRAME_RECEIVED,
  'compound-mac': SstpStatus.INVALID_FRAME_RECEIVED,
}

/** `message` is all of it, as the MAC covers it. */
export function onCallConnected(
  run: Run,
  attributes: readonly SstpAttribute[],
  message: Uint8Array,
): void {
  if (run.state.phase !== 'call-connected-pending') return unexpected(run, 'CALL_CONNECTED')
  const fault = bindingFault(run, attributes, message)
  if (fault === undefined) return connected(run)
  say(run, { kind: 'sstp/crypto-binding', fault })
  abort(run, 'crypto-binding', BINDING_STATUS[fault], SstpAttributeId.CRYPTO_BINDING)
}
