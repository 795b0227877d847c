/**
 * What a node's services get from the lab: the host, what is true at this moment, and the questions that only the whole lab can answer.
 * Not a service.
 */
import type { RemoteAccessLoad } from '../node/rras/remote-access.ts'
import type { RadiusLoad } from '../node/radius-client.ts'
import type { WorkLoad } from '../node/work-queue.ts'
import type { Ipv4 } from '../base/address.ts'
import type { TlsSessions } from '../engine/tls.ts'
import type { DomainAuthority } from '../directory/domain-authority.ts'
import type { Stack } from '../net/stack.ts'
import type { ChainJudgement } from '../node/relying-party.ts'
import type { ClientPorts } from '../node/vpn-client/client-ports.ts'
import type { AttributeChanges } from '../node/nas/attributes.ts'
import type { Claim, NasOutcome } from '../node/nas/nas.ts'
import type { NpsBook } from '../node/nps/book.ts'
import type { StubResolver } from '../node/stub-resolver.ts'
import type { Resolve } from '../node/web-client.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import type { Compiled } from './compile.ts'
import type { DialNotes } from './dial-notes.ts'
import type { AccountOptions } from './lab.ts'
import type { Network } from './network.ts'
import type { PartyQuestion } from './relying-parties.ts'

/** Who asks a relying party of a node, as far as it is not the node's own affair. */
export type PartyWanted = Omit<PartyQuestion, 'node' | 'compiled' | 'booted' | 'at' | 'roots'> & {
  /** The name that was dialled, for those who look for it in the certificate. */
  readonly name?: string
}

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
  /** TLS sessions that a program of this node may resume, until it boots. `key`: whose they are, and of what. */
  tlsSessions(key: string): TlsSessions
  /** The ports of IKE, which all connections of this node share. */
  readonly ikePorts: ClientPorts
}

/** Who calls, as far as a gateway can see. */
export interface GatewayCaller {
  readonly sessionId: string
  /** As it is told in the clear. */
  readonly user: string
  /** After every translation; absent: unknown. */
  readonly callingStation?: Ipv4 | undefined
  readonly clientName?: string
  /** Attributes that are other than RRAS would send. */
  readonly attributes?: AttributeChanges | undefined
}

/** How a gateway asks its RADIUS servers, and tells them. */
export interface GatewayRadius {
  /** Acct-Session-Id for who calls next. */
  nextSessionId(): string
  /** `done` is called once. */
  ask(caller: GatewayCaller, claim: Claim, done: (outcome: NasOutcome) => void): void
  /** Tell of a session, with the address that it has; nothing where no server has let it in. Nobody waits for the answer. */
  account(options: AccountOptions, address: Ipv4 | undefined): void
}

/** How full a service is, as of now. */
export type Meter =
  | { readonly kind: 'gateway'; readonly read: () => RemoteAccessLoad }
  | { readonly kind: 'nps'; readonly read: () => WorkLoad }
  | { readonly kind: 'radius-client'; readonly read: () => readonly RadiusLoad[] }

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
  /** Something of this node is not up yet: verbs wait until the returned function is called. Once is enough. */
  readonly booting: () => () => void
  /** A number that no connection of this lab had before. */
  readonly nextConnection: () => number
  /** The RADIUS side of the gateway that runs here; undefined: it asks no server. */
  readonly gateway: () => GatewayRadius | undefined
  /** What a gateway knows of who comes; `key` is what client and gateway know the connection by: IKE's SPI of the initiator, SSTP's correlation id. */
  readonly noteDial: (key: string, known: DialNotes) => void
  /** How full a service of this node is, for whoever asks; the returned function takes it back. */
  readonly measure: (meter: Meter) => () => void
}
