/**
 * Two commands of SMB 2 over TCP 445 ([MS-SMB2] §2.2): NEGOTIATE, and ECHO, which asks whether the other side is there.
 * Not sessions, trees or pipes, and no signatures. Numbers are little-endian; a message stands behind its length in four bytes.
 */
import { equalBytes } from '../base/bytes.ts'
import { decoder } from './codec.ts'

export const SMB_PORT = 445

export interface Smb2Message {
  readonly command: 'negotiate' | 'echo'
  readonly isResponse: boolean
  readonly messageId: number
}

const COMMANDS = { negotiate: 0, echo: 13 } as const
const PROTOCOL_ID = Uint8Array.of(0xfe, 0x53, 0x4d, 0x42)
const FRAME_BYTES = 4
const HEADER_BYTES = 64
/** SMB 2.1: nothing to be signed or sealed is agreed with it. */
const DIALECT = 0x0210
const FLAG_RESPONSE = 1
const RFC = '[MS-SMB2] §2.2.1'

export const decodeSmb2 = decoder<Smb2Message>('smb2', (r) => {
  if (!equalBytes(r.take(4, 'ProtocolId', RFC), PROTOCOL_ID)) {
    r.reject('bad-value', 'ProtocolId', RFC)
  }
  const rest = r.take(HEADER_BYTES - 4, 'header', RFC)
  const number = rest[8]! | (rest[9]! << 8)
  if (number !== COMMANDS.negotiate && number !== COMMANDS.echo) {
    return r.reject('bad-value', 'Command', RFC)
  }
  const id = (rest[20]! | (rest[21]! << 8) | (rest[22]! << 16) | (rest[23]! << 24)) >>> 0
  r.take(4, 'StructureSize', RFC)
  r.rest()
  return {
    command: number === COMMANDS.echo ? 'echo' : 'negotiate',
    isResponse: (rest[12]! & FLAG_RESPONSE) !== 0,
    messageId: id,
  }
})

/** The message in its frame: a zero, and its length in three bytes ([MS-SMB2] §2.1). `guid` (16 bytes): who negotiates. */
export function encodeSmb2(
  { command, isResponse, messageId }: Smb2Message,
  guid: Uint8Array = new Uint8Array(16),
): Uint8Array {
  const body = bodyOf(command, isResponse, guid)
  const message = new Uint8Array(FRAME_BYTES + HEADER_BYTES + body.length)
  const view = new DataView(message.buffer)
  view.setUint32(0, HEADER_BYTES + body.length)
  message.set(PROTOCOL_ID, FRAME_BYTES)
  view.setUint16(FRAME_BYTES + 4, HEADER_BYTES, true)
  view.setUint16(FRAME_BYTES + 12, COMMANDS[command], true)
  view.setUint16(FRAME_BYTES + 14, 1, true)
  view.setUint32(FRAME_BYTES + 16, isResponse ? FLAG_RESPONSE : 0, true)
  view.setUint32(FRAME_BYTES + 24, messageId, true)
  message.set(body, FRAME_BYTES + HEADER_BYTES)
  return message
}

const ECHO_BODY = Uint8Array.of(4, 0, 0, 0)

function bodyOf(
  command: Smb2Message['command'],
  isResponse: boolean,
  guid: Uint8Array,
): Uint8Array {
  if (command === 'echo') return ECHO_BODY
  const body = new Uint8Array(isResponse ? 64 : 38)
  const view = new DataView(body.buffer)
  if (isResponse) {
    view.setUint16(0, 65, true)
    view.setUint16(2, 1, true)
    view.setUint16(4, DIALECT, true)
    body.set(guid, 8)
    for (const at of [28, 32, 36]) view.setUint32(at, 0x10000, true)
    // No security buffer follows: where it would stand, and its length of nothing.
    view.setUint16(56, HEADER_BYTES + 64, true)
  } else {
    view.setUint16(0, 36, true)
    view.setUint16(2, 1, true)
    view.setUint16(4, 1, true)
    body.set(guid, 12)
    view.setUint16(36, DIALECT, true)
  }
  return body
}

/** Longest message that is waited for: none of ours comes near it. */
const MESSAGE_MAX = 65_536

/** The first message in a stream, without its frame, and the bytes that both take; undefined: not whole, `malformed`: never. */
export function cutSmb2(
  bytes: Uint8Array,
): { readonly message: Uint8Array; readonly length: number } | 'malformed' | undefined {
  if (bytes.length < 4) return undefined
  const size = (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!
  if (bytes[0] !== 0 || size > MESSAGE_MAX) return 'malformed'
  if (bytes.length < 4 + size) return undefined
  return { message: bytes.subarray(4, 4 + size), length: 4 + size }
}
