/**
 * One EAP conversation of NPS: what came in an Access-Request goes to the EAP server, and what it says becomes the answer to that request.
 * Not the policies before it, and not what is decided after it.
 */
import type { EapOffer } from '../../engine/eap/authenticator.ts'
import { eapServer, type EapReport } from '../../engine/eap/server.ts'
import type { Host } from '../../net/sockets.ts'
import type { Timer } from '../../net/world.ts'
import type { Duration } from '../../base/time.ts'
import { EapCode } from '../../wire/eap/packet.ts'
import { EapRunner, type EapHost } from '../eap-runner.ts'

/** What came of a packet of the peer. */
export type EapTurn =
  /** A request to the peer: Access-Challenge. */
  | { readonly kind: 'challenge'; readonly packet: Uint8Array }
  /** EAP-Success or EAP-Failure, and how it ended. */
  | { readonly kind: 'over'; readonly packet: Uint8Array; readonly report: EapEnd }
  /** Nothing is said to it. */
  | { readonly kind: 'ignored'; readonly detail: string }

export type EapEnd = Exclude<EapReport, { readonly code: 'eap/ignored' }>

export interface EapSessionOptions extends Pick<EapHost, 'judge' | 'logon'> {
  readonly label: string
  readonly offers: readonly EapOffer[]
  /** Without an answer for so long, the conversation is given up. */
  readonly timeout: Duration
  onTimeout(): void
}

export class EapSession {
  readonly #host: Host
  readonly #options: EapSessionOptions
  readonly #runner: EapRunner<unknown>
  #timer: Timer | undefined
  #answer: ((turn: EapTurn) => void) | undefined
  #last: Uint8Array | undefined

  constructor(host: Host, options: EapSessionOptions) {
    this.#host = host
    this.#options = options
    this.#runner = new EapRunner(
      host,
      eapServer({ offers: options.offers }),
      {
        source: 'NPS',
        send: (bytes) => this.#send(bytes),
        report: (report) => this.#report(report),
        judge: (chain, isResumed, done) => options.judge(chain, isResumed, done),
        logon: (request, done) => options.logon(request, done),
        newPassword: () => undefined,
      },
      options.label,
    )
    this.#runner.start()
  }

  /** The EAP packet of an Access-Request. `done` is called once, at once or later; not at all where the session ends meanwhile. */
  packet(bytes: Uint8Array, done: (turn: EapTurn) => void): void {
    this.#timer?.cancel()
    this.#answer = done
    this.#runner.packet(bytes)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#answer = undefined
    this.#runner.stop()
  }

  #send(bytes: Uint8Array): void {
    // Success and Failure wait for the report that comes with them.
    this.#last = bytes
    if (bytes[0] === EapCode.request) this.#say({ kind: 'challenge', packet: bytes })
  }

  #report(report: EapReport): void {
    if (report.code === 'eap/ignored') {
      this.#say({ kind: 'ignored', detail: report.detail })
      return
    }
    this.#say({ kind: 'over', packet: this.#last!, report })
    this.stop()
  }

  #say(turn: EapTurn): void {
    const answer = this.#answer
    this.#answer = undefined
    if (turn.kind !== 'over') {
      this.#timer = this.#host.after(this.#options.timeout, () => {
        this.stop()
        this.#options.onTimeout()
      })
    }
    answer?.(turn)
  }
}
