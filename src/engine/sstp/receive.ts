/**
 * The stream inside TLS, in pieces of any size: the HTTP head, then one packet after another ([MS-SSTP] §3.1.5). Never more is kept than one of either.
 */
import { concat } from '../../base/bytes.ts'
import { decodeSstp, SstpMessageType, sstpMessageName, sstpPacketLength } from '../../wire/sstp.ts'
import type { SstpAttribute, SstpPacket } from '../../wire/sstp.ts'
import { SstpStatus } from '../../wire/sstp.ts'
import * as client from './client.ts'
import { abort, finish, onAbort, onDisconnect, onDisconnectAck, unexpected } from './ending.ts'
import { heard } from './hello.ts'
import { receivePayload } from './payload.ts'
import * as server from './server.ts'
import { isEnding, say, sendControl, tell, type Run } from './state.ts'

/** What a client may say before it was answered. Windows' says nothing. */
const EARLY_BYTES_MAX = 16_384

export function receive(run: Run, bytes: Uint8Array): void {
  const { state } = run
  let stream = state.pending.length === 0 ? bytes : concat(state.pending, bytes)
  state.pending = new Uint8Array()
  for (;;) {
    const taken = receiveNext(run, stream)
    if (taken === undefined) break
    stream = stream.subarray(taken)
  }
  // A copy: a few bytes must not keep a long record.
  if (state.phase !== 'over') state.pending = stream.slice()
}

/** How many bytes of the stream were dealt with; undefined: more is needed, or nothing more is heard. */
function receiveNext(run: Run, stream: Uint8Array): number | undefined {
  switch (run.state.phase) {
    case 'over':
      return undefined
    case 'http':
      return run.options.role === 'client'
        ? client.receiveHttp(run, stream)
        : server.receiveHttp(run, stream)
    case 'asking-port':
      if (stream.length > EARLY_BYTES_MAX) finish(run, 'stream-malformed', { abort: true })
      return undefined
    default:
      return receivePacket(run, stream)
  }
}

function receivePacket(run: Run, stream: Uint8Array): number | undefined {
  const length = sstpPacketLength(stream)
  if (!length.ok) {
    say(run, { kind: 'sstp/malformed', error: length.error })
    finish(run, 'stream-malformed', { abort: true })
    return undefined
  }
  if (length.value === undefined || length.value > stream.length) return undefined
  const bytes = stream.subarray(0, length.value)
  heard(run)
  const packet = decodeSstp(bytes)
  if (packet.ok) onPacket(run, packet.value, bytes)
  else if (!isEnding(run)) {
    say(run, { kind: 'sstp/malformed', error: packet.error })
    abort(run, 'invalid-message', SstpStatus.INVALID_FRAME_RECEIVED)
  }
  return length.value
}

function onPacket(run: Run, packet: SstpPacket, bytes: Uint8Array): void {
  if (packet.kind === 'data') return receivePayload(run, packet.payload)
  const { type, attributes } = packet
  tell(run, 'received', type, attributes)
  switch (type) {
    case SstpMessageType.CALL_ABORT:
      return onAbort(run, attributes)
    case SstpMessageType.CALL_DISCONNECT:
      return onDisconnect(run)
    case SstpMessageType.CALL_DISCONNECT_ACK:
      return onDisconnectAck(run)
  }
  if (isEnding(run)) return
  if (type === SstpMessageType.ECHO_REQUEST || type === SstpMessageType.ECHO_RESPONSE) {
    return onEcho(run, type)
  }
  if (run.options.role === 'client') return onServersMessage(run, type, attributes)
  onClientsMessage(run, type, attributes, bytes)
}

function onEcho(run: Run, type: number): void {
  if (run.state.phase !== 'connected') return unexpected(run, sstpMessageName(type))
  if (type === SstpMessageType.ECHO_REQUEST) sendControl(run, SstpMessageType.ECHO_RESPONSE)
}

function onServersMessage(run: Run, type: number, attributes: readonly SstpAttribute[]): void {
  switch (type) {
    case SstpMessageType.CALL_CONNECT_ACK:
      return client.onConnectAck(run, attributes)
    case SstpMessageType.CALL_CONNECT_NAK:
      return client.onConnectNak(run)
    default:
      unexpected(run, sstpMessageName(type))
  }
}

function onClientsMessage(
  run: Run,
  type: number,
  attributes: readonly SstpAttribute[],
  bytes: Uint8Array,
): void {
  switch (type) {
    case SstpMessageType.CALL_CONNECT_REQUEST:
      return server.onConnectRequest(run, attributes)
    case SstpMessageType.CALL_CONNECTED:
      return server.onCallConnected(run, attributes, bytes)
    default:
      unexpected(run, sstpMessageName(type))
  }
}
