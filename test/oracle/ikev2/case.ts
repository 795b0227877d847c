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
  /** Nothing is said for so long that this side asks for a sign of life, and gets it (RFC 7296 §2.4). */
  | { readonly kind: 'silence'; readonly by: 'twin' | 'charon' }
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
  /** So many seconds of silence, and charon asks for a sign of life. Default: never. */
  readonly charonAsksAfter?: number
  /** The gateway has a crowd at its door: whoever comes must bring a cookie (RFC 7296 §2.6). */
  readonly cookie?: true
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
        /** NPS decides by its policies before it begins EAP: a gateway with one behind it has EAP-Failure to pass on at once (RFC 3579 §2.6.3). */
        readonly beforeEap?: boolean
      }
  /** RFC section or document. */
  readonly source: string
}

/**
 * Why no Windows machine can be told to do its part of this case, so that the twin's engines play it by themselves. Undefined: a whole lab does, by
 * `live`, through settings and verbs that Windows has.
 */
export function whyByEngine({ acts, cookie, client }: IkeCase, role: Role): string | undefined {
  if (client.node === 'impostor' && role === 'initiator')
    return 'Windows shows nobody a certificate that his CERTREQ leaves out: it gives up by itself (13806)'
  if (cookie === true && role === 'responder') return 'RRAS wants a thousand half-open SAs first'
  for (const act of acts) {
    if (act.kind === 'collide') return 'that requests cross is chance, where nobody holds them back'
    if (!('by' in act) || act.by === 'charon') continue
    if (act.kind === 'silence') return 'Windows is patient for minutes, and RRAS for two at least'
    if (act.kind !== 'rekey') continue
    if (role === 'initiator') return 'a Windows client has no setting for when it renews its keys'
    if (act.what === 'ike') return 'RRAS keeps an IKE SA for five minutes at least'
  }
  return undefined
}
