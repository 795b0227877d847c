/** What one case of the IKEv2 judges is. Not the cases: `cases.ts` has those. */
import type { Edit } from '../../../src/topology/edit.ts'

export type Role = 'responder' | 'initiator'

export type Manner = 'certificate' | 'eap-tls' | 'eap-mschapv2'

/** What is done with a connection that stands. Pings go through the tunnel after each. */
export type Act =
  | {
      readonly kind: 'rekey'
      readonly what: 'ike' | 'child'
      readonly by: 'twin' | 'charon'
      /** It comes to nothing: the other side answers with this notification, and all stays as it was. */
      readonly refused?: string
    }
  /** Both at once: their requests cross on the way. */
  | { readonly kind: 'collide'; readonly what: 'ike' | 'child' }
  /** The client goes to its other address. */
  | { readonly kind: 'move' }
  | { readonly kind: 'close'; readonly by: 'twin' | 'charon' }

export interface Client {
  /** The node. */
  readonly node: 'laptop' | 'visitor' | 'impostor'
  readonly manner: Manner
  /** Whose certificate, or what it is called: of a user, or `device`. */
  readonly certificate?: string
  readonly user?: string
  readonly password?: string
  /** What it dials. Default the gateway's right name. */
  readonly server?: string
}

export interface IkeCase {
  /** Unique. */
  readonly name: string
  /** What the topology has beyond the base. */
  readonly edits: readonly Edit[]
  readonly client: Client
  readonly acts: readonly Act[]
  readonly expect:
    | {
        readonly kind: 'connected'
        readonly ike?: string
        readonly esp?: string
        /** Of the children after they were renewed. */
        readonly pfs?: string
      }
    | {
        readonly kind: 'refused'
        readonly notify: string
        readonly from: 'client' | 'gateway'
        /** IKE stands, without a child. */
        readonly stands?: boolean
        /** NPS decides by its policies before it begins EAP: a gateway with one in front of it says AUTHENTICATION_FAILED. */
        readonly beforeEap?: boolean
      }
  /** RFC section or document. */
  readonly source: string
}
