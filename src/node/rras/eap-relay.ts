/**
 * EAP between the tunnel of a client and the RADIUS servers: RRAS asks who is there, and carries what both sides say from then on
 * (RFC 7296 §2.16, RFC 3748 §2.3, RFC 3579 §2.1). Not a method, and not the tunnel, whatever its protocol is.
 */
import { concat, fromUtf8 } from '../../base/bytes.ts'
import { decodeEap, EapCode, EapType } from '../../wire/eap/packet.ts'
import type { EapPeerEnd, NasOutcome } from '../nas/nas.ts'

/** What a session of either protocol takes from its authenticator. */
type EapAnswer =
  | { readonly kind: 'eap'; readonly packet: Uint8Array }
  | { readonly kind: 'eap-success'; readonly packet?: Uint8Array; readonly msk: Uint8Array }
  | { readonly kind: 'eap-failure'; readonly packet?: Uint8Array; readonly why: string }

export interface EapRelayEnds {
  /** To the client's session. */
  answer(answer: EapAnswer): void
  /** To the RADIUS servers; `done` is called once, with the session's Acct-Session-Id. */
  authenticate(
    user: string,
    peer: EapPeerEnd,
    done: (outcome: NasOutcome, session: string) => void,
  ): void
}

const NO_KEYS = new Uint8Array()

export class EapRelay {
  readonly #ends: EapRelayEnds
  /** As EAP's identity says. */
  user: string | undefined
  session: string | undefined
  outcome: NasOutcome | undefined
  /** What RRAS itself asked, and what waits for the peer's answer to it. */
  #isAskingIdentity = false
  #answer: ((packet: Uint8Array | undefined) => void) | undefined
  #lastEap: Uint8Array | undefined

  constructor(ends: EapRelayEnds) {
    this.#ends = ends
  }

  /** A packet of the client; without one: begin. */
  packet(packet: Uint8Array | undefined): void {
    if (packet === undefined) {
      // RRAS asks for the identity itself: RADIUS begins with the answer.
      this.#isAskingIdentity = true
      const identifier = 1
      const request = Uint8Array.of(EapCode.request, identifier, 0, 5, EapType.identity)
      return this.#ends.answer({ kind: 'eap', packet: request })
    }
    if (this.#isAskingIdentity) return this.#begin(packet)
    const answer = this.#answer
    this.#answer = undefined
    answer?.(packet)
  }

  #begin(identityResponse: Uint8Array): void {
    this.#isAskingIdentity = false
    const said = identityIn(identityResponse)
    if (said === undefined) {
      const why = 'the peer did not say who it is'
      return this.#ends.answer({ kind: 'eap-failure', why })
    }
    this.user = said
    this.#ends.authenticate(said, this.#peerAfter(identityResponse), (outcome, session) => {
      this.outcome = outcome
      this.session = session
      this.#decided(outcome)
    })
  }

  /** The client carries RADIUS' EAP from its identity on, and has been asked for that. */
  #peerAfter(identityResponse: Uint8Array): EapPeerEnd {
    let isFirst = true
    return {
      packet: (bytes, done) => {
        if (isFirst) {
          isFirst = false
          return done(identityResponse)
        }
        const code = bytes[0]
        if (code === EapCode.success || code === EapCode.failure) {
          this.#lastEap = bytes
          return done(undefined)
        }
        this.#answer = done
        this.#ends.answer({ kind: 'eap', packet: bytes })
      },
    }
  }

  #decided(outcome: NasOutcome): void {
    const packet = this.#lastEap
    const carried = packet === undefined ? {} : { packet }
    if (outcome.kind === 'accepted') {
      const { keys } = outcome
      const msk = keys === undefined ? NO_KEYS : concat(keys.recv, keys.send)
      return this.#ends.answer({ kind: 'eap-success', ...carried, msk })
    }
    this.#ends.answer({ kind: 'eap-failure', ...carried, why: WHY[outcome.kind] })
  }
}

function identityIn(response: Uint8Array): string | undefined {
  const decoded = decodeEap(response)
  if (!decoded.ok) return undefined
  const { value } = decoded
  return value.code === EapCode.response && value.type === EapType.identity
    ? fromUtf8(value.data)
    : undefined
}

const WHY = {
  rejected: 'the RADIUS server said no',
  'no-answer': 'no RADIUS server answered',
  abandoned: 'EAP came to no end',
} as const satisfies Record<Exclude<NasOutcome['kind'], 'accepted'>, string>
