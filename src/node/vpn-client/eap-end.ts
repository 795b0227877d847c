/**
 * The user's end of EAP inside a tunnel that is being made, whatever the protocol of the tunnel is. Not the method (`node/eap-peer.ts`).
 */
import type { EapPeerSession } from '../eap-peer.ts'
import type { Dial, DialerDeps, Dialling } from './contract.ts'

/** What a session of either protocol takes from its peer. */
type EapAnswer =
  | { readonly kind: 'eap'; readonly packet: Uint8Array }
  | { readonly kind: 'eap-success'; readonly msk: Uint8Array }
  | { readonly kind: 'eap-failure'; readonly why: string }

export class EapEnd {
  readonly #dial: Pick<Dial, 'authentication'>
  readonly #deps: Pick<DialerDeps, 'onPhase'>
  readonly #answer: (answer: EapAnswer) => void
  #peer: EapPeerSession | undefined

  /** `answer` is given what the session of the tunnel is to be told. */
  constructor(
    { dial, deps }: Pick<Dialling, 'dial' | 'deps'>,
    answer: (answer: EapAnswer) => void,
  ) {
    this.#dial = dial
    this.#deps = deps
    this.#answer = answer
  }

  /** A packet of the server. */
  packet(packet: Uint8Array): void {
    const { authentication } = this.#dial
    this.#peer ??= authentication.kind === 'eap' ? authentication.open() : undefined
    const peer = this.#peer
    if (peer === undefined) {
      return this.#answer({ kind: 'eap-failure', why: 'nothing to authenticate with' })
    }
    peer.packet(packet, (answer) => {
      const { end } = peer
      if (end?.code === 'eap/succeeded') {
        this.#deps.onPhase('P4', 'the user has been let in')
        return this.#answer({ kind: 'eap-success', msk: end.msk })
      }
      // A peer that gives up may still have a last word for the server.
      if (answer !== undefined) return this.#answer({ kind: 'eap', packet: answer })
      if (end !== undefined) this.#answer({ kind: 'eap-failure', why: end.fault.code })
    })
  }
}
