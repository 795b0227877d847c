/**
 * The user's end of EAP inside a tunnel that is being made, whatever the protocol of the tunnel is. Not the method (`node/eap-peer.ts`).
 */
import type { EapPeerSession } from '../eap-peer.ts'

/** What a session of either protocol takes from its peer. */
type EapAnswer =
  | { readonly kind: 'eap'; readonly packet: Uint8Array }
  | { readonly kind: 'eap-success'; readonly msk: Uint8Array }
  | { readonly kind: 'eap-failure'; readonly why: string }

export class EapEnd {
  readonly #open: () => EapPeerSession | undefined
  readonly #answer: (answer: EapAnswer) => void
  readonly #onSuccess: () => void
  #peer: EapPeerSession | undefined

  /** `open` begins the user's EAP; undefined: there is nothing to come with. */
  constructor(
    open: () => EapPeerSession | undefined,
    answer: (answer: EapAnswer) => void,
    onSuccess: () => void,
  ) {
    this.#open = open
    this.#answer = answer
    this.#onSuccess = onSuccess
  }

  /** A packet of the server. */
  packet(packet: Uint8Array): void {
    this.#peer ??= this.#open()
    const peer = this.#peer
    if (peer === undefined) {
      return this.#answer({ kind: 'eap-failure', why: 'nothing to authenticate with' })
    }
    peer.packet(packet, (answer) => {
      const { end } = peer
      if (end?.code === 'eap/succeeded') {
        this.#onSuccess()
        return this.#answer({ kind: 'eap-success', msk: end.msk })
      }
      // A peer that gives up may still have a last word for the server.
      if (answer !== undefined) return this.#answer({ kind: 'eap', packet: answer })
      if (end !== undefined) this.#answer({ kind: 'eap-failure', why: end.fault.code })
    })
  }
}
