/**
 * The EAP conversations that NPS waits for, by State. Not what is said in them: `eap-conversation.ts`.
 * Bounded, so that a flood of beginnings cannot grow it, and cannot push out those who go on: each kind has a room of its own.
 */
import type { Conversation } from './cases.ts'

/** OWN: as many as a server of this size talks to at once, of either kind; beyond it the oldest of its kind is given up. */
export const CONVERSATIONS_MAX = 1024

/** With the client that it goes on with: State is no secret, and another client has no part in it. */
interface Held {
  readonly by: string
  readonly with: Conversation
}

export class Conversations {
  /** Whose peer has been asked once, and has not answered. */
  readonly #begun = new Map<string, Held>()
  readonly #goingOn = new Map<string, Held>()

  /** The conversation of a State, if it is this client's. */
  find(state: string, client: string): Conversation | undefined {
    const held = this.#goingOn.get(state) ?? this.#begun.get(state)
    return held?.by === client ? held.with : undefined
  }

  /** It waits for its peer, from now on or once more. */
  keep(conversation: Conversation, client: string): void {
    const { id } = conversation
    const room = this.delete(id) ? this.#goingOn : this.#begun
    room.set(id, { by: client, with: conversation })
    if (room.size <= CONVERSATIONS_MAX) return
    const [oldest, given] = room.entries().next().value!
    given.with.stop()
    room.delete(oldest)
  }

  /** Whether there was one. */
  delete(state: string): boolean {
    return this.#begun.delete(state) || this.#goingOn.delete(state)
  }

  stop(): void {
    for (const room of [this.#begun, this.#goingOn]) {
      for (const held of room.values()) held.with.stop()
      room.clear()
    }
  }
}
