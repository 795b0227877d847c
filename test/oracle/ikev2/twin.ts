/**
 * The twin's side of a case, whoever plays it: engines on sockets (`engine/`), or a whole lab that goes live. Not the cases.
 */
import type { Compiled } from '../../../src/lab/compile.ts'
import type { IkeCase } from './case.ts'
import type { Refusal, Sight } from './sight.ts'

export interface TwinSession {
  /** Until a connection stands or has failed; true: it stands. `ms` at most. */
  settled(ms: number): Promise<boolean>
  /** As far as this twin tells: what it leaves out is not compared. */
  sight(): Partial<Sight>
  /** Whether a client is in. */
  readonly stands: boolean
  /** Everything that was refused so far, in order. Undefined: it does not tell. */
  refusals(): readonly Refusal[] | undefined
  rekey(what: 'ike' | 'child'): void
  /** Everything takes so long on its way to the twin, and from it. */
  slow(ms: number): void
  /** The initiator goes on from its other address. */
  move(address: string): void
  /** Replies to `count` pings through the tunnel. Initiator only: a responder answers those of charon. */
  ping(to: string, count: number): Promise<number>
  /** A name and its page, as a program of the client asks for them through the tunnel. Undefined: there is no client with programs. */
  visit(name: string): Promise<Visit> | undefined
  close(): void
  stop(): Promise<void>
  /** One line for each thing that happened, for whoever looks into a difference. */
  readonly trace: readonly string[]
}

export interface Visit {
  readonly servers: readonly string[]
  readonly address: string | undefined
  readonly page: string | undefined
}

export interface Twin {
  /** What is behind a gateway: something that answers pings, or the hosts of the topology. */
  readonly inside: 'echo' | 'hosts'
  /** What makes it renew a child SA: a word, or that enough has gone through it. */
  readonly renews: 'when told' | 'by traffic'
  /** As a responder it listens from now on; as an initiator it dials. */
  start(test: IkeCase, compiled: Compiled): Promise<TwinSession>
}
