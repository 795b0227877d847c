/**
 * charon's own door, as bytes: a command with its arguments goes in, and its answer says whether it came to something (strongSwan's `vici` plugin,
 * README of libvici). For starting a program at each command is most of what `swanctl` costs. No events, and answers are not read beyond success.
 */
import { connect, type Socket } from 'node:net'
import { concat, utf8 } from '../src/base/bytes.ts'

const PACKET = { request: 0, response: 1, unknown: 2 } as const
const KEY_VALUE = 3
const LENGTH_BYTES = 4

export class Vici {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #answered: ((answer: Buffer) => void) | undefined
  #failed: ((why: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#hear(chunk))
    socket.on('close', () => this.#failed?.(new Error('charon closed its socket')))
  }

  static open(path: string): Promise<Vici> {
    const socket = connect(path)
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Vici(socket)))
    })
  }

  /** One at a time. Resolves when charon is done; rejects with what it says when that came to nothing. */
  async must(command: string, args: Readonly<Record<string, string>>): Promise<void> {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
      this.#socket.write(packetOf(command, args))
    })
    const text = answer.toString('latin1')
    if (answer[0] === PACKET.response && /success\p{Cc}+yes/u.test(text)) return
    throw new Error(`charon: ${command} ${JSON.stringify(args)}: ${text.replaceAll(/\W+/g, ' ')}`)
  }

  #hear(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.#received.length < LENGTH_BYTES) return
    const end = LENGTH_BYTES + this.#received.readUInt32BE(0)
    if (this.#received.length < end) return
    const answer = this.#received.subarray(LENGTH_BYTES, end)
    this.#received = this.#received.subarray(end)
    this.#answered?.(answer)
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }
}

/** Length; type; the name after its length; then `KEY_VALUE`, a key after one octet of length, and a value after two. */
function packetOf(command: string, args: Readonly<Record<string, string>>): Uint8Array {
  const name = utf8(command)
  const pairs = Object.entries(args).map(([key, value]) => {
    const [k, v] = [utf8(key), utf8(value)]
    return concat(Uint8Array.of(KEY_VALUE, k.length), k, Uint8Array.of(v.length >> 8, v.length), v)
  })
  const body = concat(Uint8Array.of(PACKET.request, name.length), name, ...pairs)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(body.length)
  return concat(length, body)
}
