/**
 * What a node's services get from the lab: the host, what is true at this moment, and the questions that only the whole lab can answer.
 * Not a service.
 */
import type { Ipv4 } from '../base/address.ts'
import type { DomainAuthority } from '../directory/domain-authority.ts'
import type { Stack } from '../net/stack.ts'
import type { ChainJudgement } from '../node/relying-party.ts'
import type { NpsBook } from '../node/nps/book.ts'
import type { StubResolver } from '../node/stub-resolver.ts'
import type { Resolve } from '../node/web-client.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import type { Compiled } from './compile.ts'
import type { Network } from './network.ts'
import type { PartyQuestion } from './relying-parties.ts'

/** Who asks a relying party of a node, as far as it is not the node's own affair. */
export type PartyWanted = Omit<PartyQuestion, 'node' | 'compiled' | 'booted' | 'at' | 'roots'>

/** A running node, as its services know it. */
export interface ServiceNode {
  readonly name: string
  readonly stack: Stack
  /** Ask a relying party of this node about the chain that a peer has sent. `done` is called once. */
  judgePresented(
    chain: readonly Uint8Array[],
    as: PartyWanted,
    done: (judgement: ChainJudgement) => void,
  ): void
  readonly addressesOf: Resolve
  readonly resolver: StubResolver
}

export interface ServiceContext {
  readonly stack: Stack
  /** An edit changes it. */
  readonly current: () => Compiled
  readonly node: ServiceNode
  readonly network: Network
  /** What no source confirms, as it is set now. */
  readonly assumed: () => Assumptions
  /** The address by which this node reaches another. */
  readonly addressOf: (node: string) => Ipv4 | undefined
  /** What the domain's controllers know; undefined: the topology has no domain. */
  readonly authority: () => DomainAuthority | undefined
  /** The logs of this host's NPS, which outlive its service: what `make` makes is kept from then on. */
  readonly npsBook: (make: () => NpsBook) => NpsBook
  /** A number that no connection of this lab had before. */
  readonly nextConnection: () => number
}
