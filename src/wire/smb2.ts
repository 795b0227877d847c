/**
 * Two commands of SMB 2 over TCP 445 ([MS-SMB2] §2.2): NEGOTIATE, and ECHO, which asks whether the other side is there.
 * Not sessions, trees or pipes, and no signatures. Numbers are little-endian; a message stands behind its length in four bytes.
 */
import { concat, equalBytes } from '../base/bytes.ts'
import { decoder } from './codec.ts'

export const SMB_PORT = 445

export interface Smb2Message {
  readonly command: 'negotiate' | 'echo'
  readonly isResponse: boolean
  readonly messageId: number
}

const COMMANDS = { negotiate: 0, echo: 13 } as const
const PROTOCOL_ID = Uint8Array.of(0xfe, 0x53, 0x4d, 0x42)
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
  const command = (['negotiate', 'echo'] as const).find((name) => COMMANDS[name] === number)
  if (command === undefined) return r.reject('bad-value', 'Command', RFC)
  const id = new DataView(rest.buffer, rest.byteOffset + 20, 4).getUint32(0, true)
  r.take(4, 'StructureSize', RFC)
  r.rest()
  return { command, isResponse: (rest[12]! & FLAG_RESPONSE) !== 0, messageId: id }
})

/** The message in its frame: a zero, and its length in three bytes ([MS-SMB2] §2.1). `guid` (16 bytes): who negotiates. */
export function encodeSmb2(
  { command, isResponse, messageId }: Smb2Message,
  guid: Uint8Array = new Uint8Array(16),
): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES)
  header.set(PROTOCOL_ID)
  const view = new DataView(header.buffer)
  view.setUint16(4, HEADER_BYTES, true)
  view.setUint16(12, COMMANDS[command], true)
  view.setUint16(14, 1, true)
  view.setUint32(16, isResponse ? FLAG_RESPONSE : 0, true)
  view.setUint32(24, messageId, true)
  const body = bodyOf(command, isResponse, guid)
  const length = header.length + body.length
  return concat(Uint8Array.of(0, length >>> 16, length >>> 8, length), header, body)
}

function bodyOf(
  command: Smb2Message['command'],
  isResponse: boolean,
  guid: Uint8Array,
): Uint8Array {
  if (command === 'echo') return Uint8Array.of(4, 0, 0, 0)
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
