/**
 * Identifiers of RADIUS requests in flight to one server: 256 a source port (RFC 2865 §3), so as many sockets as there must be.
 * Not sockets: a socket is a number here, and whoever owns the engine opens one for each that it is given.
 */

/** A source port. */
export const IDENTIFIERS = 256

/** `socket` counts from 0; `identifier` is 0 … 255. */
export interface RadiusSlot {
  readonly socket: number
  readonly identifier: number
}

interface Socket {
  readonly used: Uint8Array
  free: number
  /** One that was used long ago comes first, so that a late answer meets no new request. */
  next: number
}

export class IdentifierPool {
  readonly #socketsMax: number
  readonly #sockets: Socket[] = []

  constructor(socketsMax: number) {
    this.#socketsMax = socketsMax
  }

  /** Undefined: all identifiers of all sockets are in flight. */
  take(): RadiusSlot | undefined {
    let at = this.#sockets.findIndex(({ free }) => free > 0)
    if (at === -1) {
      if (this.#sockets.length >= this.#socketsMax) return undefined
      at = this.#sockets.push({ used: new Uint8Array(IDENTIFIERS), free: IDENTIFIERS, next: 0 }) - 1
    }
    const socket = this.#sockets[at]!
    while (socket.used[socket.next] === 1) socket.next = (socket.next + 1) % IDENTIFIERS
    const identifier = socket.next
    socket.used[identifier] = 1
    socket.free--
    socket.next = (identifier + 1) % IDENTIFIERS
    return { socket: at, identifier }
  }

  giveBack({ socket, identifier }: RadiusSlot): void {
    const owner = this.#sockets[socket]
    if (owner === undefined || owner.used[identifier] === 0) return
    owner.used[identifier] = 0
    owner.free++
  }
}
