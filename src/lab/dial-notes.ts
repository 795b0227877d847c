/**
 * What gateways know of dials, by what both ends know: the initiator's SPI of IKE, the correlation id of SSTP. On the wire many causes look alike: a refusal is AUTHENTICATION_FAILED
 * or silence (RFC 7296 §2.21.2), and only the gateway's own side tells them apart. Not a log: nobody inside the lab reads it.
 */
import type { AuthenticationFault } from '../engine/ikev2/report.ts'
import type { RasEnd } from '../node/rras/client.ts'
import type { NasOutcome } from '../node/nas/nas.ts'
import type { ChainJudgement } from '../node/relying-party.ts'

export interface DialNotes {
  /** Acct-Session-Id by which RADIUS was asked, and what came of it. */
  readonly session?: string
  readonly asked?: NasOutcome['kind']
  /** It was not even let in. */
  readonly refused?: 'no-port' | 'too-many-from-one'
  /** Why the gateway did not believe the client, or had nothing to show. */
  readonly fault?: AuthenticationFault
  /** Of a device's certificate. */
  readonly device?: ChainJudgement
  readonly over?: RasEnd
  /** What no source confirms, and the gateway has acted on. */
  readonly restsOn?: readonly string[]
}

/** Real clients of a lab that is `live` never ask what became of them: the oldest notes are forgotten. */
const NOTES_MAX = 16_384

export class DialNotebook {
  readonly #notes = new Map<string, DialNotes>()

  add(key: string, known: DialNotes): void {
    const before = this.#notes.get(key)
    this.#notes.set(key, { ...before, ...known })
    if (before !== undefined || this.#notes.size <= NOTES_MAX) return
    const [oldest] = this.#notes.keys()
    if (oldest !== undefined) this.#notes.delete(oldest)
  }

  /** What is known so far; it is forgotten. */
  take(key: string | undefined): DialNotes {
    if (key === undefined) return {}
    const found = this.#notes.get(key)
    this.#notes.delete(key)
    return found ?? {}
  }
}
