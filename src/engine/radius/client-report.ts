/**
 * What the owner of a RADIUS client gives it and hears from it: requests, datagrams, and reports. Not the client: `client.ts`.
 */
import type { WireError } from '../../wire/codec.ts'
import type { RadiusAttribute, RadiusPacket, RadiusTooLong } from '../../wire/radius/packet.ts'
import type { AddressedOutput } from '../engine.ts'
import type { Retransmission } from './retransmission.ts'

/** A server as this client knows it. Secrets stay in here: they are in no state and no report. */
export interface RadiusServerOptions {
  /** By which destinations and reports name it; unique among the servers. */
  readonly key: string
  readonly secret: string
  /** Initial score, 0 … 30; default 30. */
  readonly score?: number
  /** Default that of RRAS. */
  readonly retransmission?: Retransmission
  /** Message-Authenticator in every Access-Request; those with EAP always have it. Default false. */
  readonly sendsMessageAuthenticator?: boolean
  /** Answers to Access-Requests must have it; those with EAP always must. Default false. */
  readonly requiresMessageAuthenticator?: boolean
}

/** How scores go up and down. */
export interface Scoring {
  readonly most: number
  /** Added when a server has answered. */
  readonly answered: number
  /** Taken away when a server has been given up, down to 0. */
  readonly silent: number
}

export interface RadiusClientOptions {
  /** Of equal scores the one that stands first is asked first. */
  readonly servers: readonly RadiusServerOptions[]
  /** 256 requests in flight to a server for each socket. Default 16. */
  readonly socketsMax?: number
  readonly scoring?: Scoring
}

/** What is asked. */
export interface RadiusClientRequest {
  /** By which reports name it; unique among the requests in flight. */
  readonly id: string
  /** Access-Request, Accounting-Request or Status-Server. */
  readonly code: number
  /** Without User-Password and Message-Authenticator, which each server gets with its own secret. */
  readonly attributes: readonly RadiusAttribute[]
  /** In clear, at most 128 bytes: hidden for each server. */
  readonly userPassword?: Uint8Array
  /** The key of the server to ask before others, whatever its score: the one whose State goes with this request. */
  readonly first?: string
}

/** Where a datagram goes, or came from: the server's key, and which of this client's sockets for it, from 0. */
export interface RadiusDestination {
  readonly server: string
  readonly socket: number
}

export type RadiusClientInput =
  | { readonly kind: 'request'; readonly request: RadiusClientRequest }
  /** The owner has checked that it comes from the server's address and port. */
  | { readonly kind: 'datagram'; readonly from: RadiusDestination; readonly bytes: Uint8Array }
  | { readonly kind: 'timer'; readonly timer: string }
  /** Nobody waits for the answer any more. */
  | { readonly kind: 'cancel'; readonly id: string }

/** How often one server was sent a request. */
export interface ServerTried {
  readonly server: string
  readonly tries: number
}

/** An answer that was discarded in silence; its request waits on (RFC 2865 §3, RFC 3579 §3.2). */
export type BadRadiusAnswer =
  | { readonly kind: 'radius/malformed'; readonly server: string; readonly error: WireError }
  /** No request with this identifier is in flight on this socket: late, repeated, or forged. */
  | {
      readonly kind: 'radius/unexpected-identifier'
      readonly server: string
      readonly identifier: number
      readonly code: number
    }
  | {
      readonly kind: 'radius/unexpected-code'
      readonly request: string
      readonly server: string
      readonly got: number
      readonly expected: readonly number[]
    }
  /** The two do not share a secret, or somebody else answers. */
  | {
      readonly kind: 'radius/bad-response-authenticator'
      readonly request: string
      readonly server: string
      readonly identifier: number
    }
  | {
      readonly kind: 'radius/bad-message-authenticator'
      readonly request: string
      readonly server: string
      readonly identifier: number
      readonly verdict: 'absent' | 'wrong' | 'repeated'
    }

export type RadiusClientReport =
  | {
      readonly kind: 'radius/answered'
      readonly request: string
      readonly server: string
      /** Of this server. */
      readonly tries: number
      readonly packet: RadiusPacket
      /** 16 bytes of the request that was answered: keys in the answer are hidden with it. */
      readonly requestAuthenticator: Uint8Array
    }
  /** A server has been given up; where there is another, it is asked now. */
  | {
      readonly kind: 'radius/server-silent'
      readonly request: string
      readonly server: string
      readonly tries: number
    }
  /** `servers` in the order in which they were asked; empty: there are none. */
  | {
      readonly kind: 'radius/no-answer'
      readonly request: string
      readonly servers: readonly ServerTried[]
      /** Of all servers together. */
      readonly tries: number
    }
  /** Nothing was sent: what was to be asked does not fit a packet. */
  | {
      readonly kind: 'radius/unsendable'
      readonly request: string
      readonly cause: RadiusTooLong
    }
  /** Nothing was sent to this server: all identifiers of all its sockets are in flight. */
  | {
      readonly kind: 'radius/too-many-in-flight'
      readonly request: string
      readonly server: string
      readonly most: number
    }
  | BadRadiusAnswer

export type RadiusClientOutput = AddressedOutput<RadiusClientReport, RadiusDestination>
