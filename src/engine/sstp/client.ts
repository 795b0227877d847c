/**
 * The side that dials ([MS-SSTP] §3.2): HTTP, CALL_CONNECT_REQUEST, and after the server's yes PPP. CALL_CONNECTED is `binding.ts`.
 */
import {
  encodeSstpRequest,
  receiveSstpResponse,
  type SstpHttpRequest,
} from '../../wire/sstp-http.ts'
import {
  SSTP_PROTOCOL_PPP,
  SstpAttributeId,
  SstpMessageType,
  SstpStatus,
  type SstpAttribute,
} from '../../wire/sstp.ts'
import type { SstpClientOptions } from './contract.ts'
import { abort, finish, unexpected } from './ending.ts'
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

export function begin(run: Run, options: SstpClientOptions): void {
  const { host, correlationId, tenantId } = options
  const request: SstpHttpRequest = {
    host,
    correlationId,
    ...(tenantId !== undefined && { tenantId }),
  }
  run.outputs.push({ kind: 'send', bytes: encodeSstpRequest(request) })
  arm(run, HTTP_TIMER, timersOf(run).http)
}

/** How many bytes of the stream the answer's head had; undefined: not all of it is there, or the session is over. */
export function receiveHttp(run: Run, stream: Uint8Array): number | undefined {
  const received = receiveSstpResponse(stream)
  if (!received.ok) {
    say(run, { kind: 'sstp/malformed', error: received.error })
    finish(run, 'http-malformed')
    return undefined
  }
  if (received.value === undefined) return undefined
  const { message, length } = received.value
  if (message.status !== 200) {
    const { status, reason: detail } = message
    say(run, { kind: 'sstp/http-refused', by: 'peer', status, detail })
    finish(run, 'http-refused')
    return undefined
  }
  disarm(run, HTTP_TIMER)
  sendConnectRequest(run)
  return length
}

function sendConnectRequest(run: Run): void {
  run.state.phase = 'connect-request-sent'
  const protocol: SstpAttribute = { kind: 'encapsulated-protocol', protocol: SSTP_PROTOCOL_PPP }
  sendControl(run, SstpMessageType.CALL_CONNECT_REQUEST, protocol)
  arm(run, NEGOTIATION_TIMER, timersOf(run).negotiation)
}

/** [MS-SSTP] §3.2.5.3.2. */
export function onConnectAck(run: Run, attributes: readonly SstpAttribute[]): void {
  const { state } = run
  if (state.phase !== 'connect-request-sent') return unexpected(run, 'CALL_CONNECT_ACK')
  const id = SstpAttributeId.CRYPTO_BINDING_REQ
  const wanted = attributes.find((each) => each.kind === 'crypto-binding-request')
  if (wanted === undefined) {
    say(run, { kind: 'sstp/crypto-binding', fault: 'missing' })
    return abort(run, 'crypto-binding', SstpStatus.REQUIRED_ATTRIBUTE_MISSING, id)
  }
  // The stronger one has the higher bit ([MS-SSTP] §2.2.10).
  const [hash] = hashesOf(run)
    .filter((each) => (wanted.hashes & each) !== 0)
    .sort((a, b) => b - a)
  if (hash === undefined) {
    say(run, { kind: 'sstp/crypto-binding', fault: 'hash-protocol' })
    return abort(run, 'crypto-binding', SstpStatus.VALUE_NOT_SUPPORTED, id)
  }
  state.hash = hash
  state.nonce = wanted.nonce.slice()
  state.phase = 'connect-ack-received'
  arm(run, NEGOTIATION_TIMER, timersOf(run).negotiation)
  feedPpp(run, { kind: 'up' })
}

/** [MS-SSTP] §3.2.5.3.3: asked again as it was, for there is nothing else to ask. */
export function onConnectNak(run: Run): void {
  const { state, options } = run
  if (state.phase !== 'connect-request-sent') return unexpected(run, 'CALL_CONNECT_NAK')
  if (++state.naks > (options.retries ?? RETRIES)) {
    return abort(run, 'call-refused', SstpStatus.RETRY_COUNT_EXCEEDED)
  }
  sendConnectRequest(run)
}
