/**
 * An EAP peer on a host: what it is asked, what it answers, and how it ended. Whoever has the link carries the packets.
 * Not the engine (`engine/eap/peer.ts`), and not RADIUS, of which a peer knows nothing.
 */
import type { EapOffer } from '../engine/eap/authenticator.ts'
import { eapPeer } from '../engine/eap/peer.ts'
import type { EapReport } from '../engine/eap/server.ts'
import type { Host } from '../net/sockets.ts'
import { EapRunner, type EapHost } from './eap-runner.ts'

export type EapEnd = Exclude<EapReport, { readonly code: 'eap/ignored' }>

export interface EapPeerSettings extends Pick<EapHost, 'judge' | 'newPassword'> {
  /** As it is told in the clear. */
  readonly identity: string
  /** In order of preference. */
  readonly methods: readonly EapOffer[]
}

export class EapPeerSession {
  readonly #runner: EapRunner<unknown>
  #answer: ((packet: Uint8Array | undefined) => void) | undefined
  #end: EapEnd | undefined

  constructor(host: Host, settings: EapPeerSettings, label: string) {
    const { identity, methods, judge, newPassword } = settings
    this.#runner = new EapRunner(
      host,
      eapPeer({ identity, methods }),
      {
        source: 'EapHost',
        send: (bytes) => this.#say(bytes),
        report: (report) => {
          if (report.code !== 'eap/ignored') this.#end = report
          // Nothing more comes of the packet, if nothing has come of it before.
          this.#say(undefined)
        },
        judge,
        newPassword,
        // A server asks for that, never a peer.
        logon: (_, done) => done({ ok: false, error: 691, reason: 16, retry: false }),
      },
      label,
    )
    this.#runner.start()
  }

  /** How it ended, as far as it has. */
  get end(): EapEnd | undefined {
    return this.#end
  }

  /** A packet of the other side; `done` gets the answer, at once or later, or undefined where there is none. */
  packet(bytes: Uint8Array, done: (answer: Uint8Array | undefined) => void): void {
    this.#answer = done
    this.#runner.packet(bytes)
  }

  #say(packet: Uint8Array | undefined): void {
    const answer = this.#answer
    this.#answer = undefined
    answer?.(packet)
  }
}
