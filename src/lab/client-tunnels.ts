/**
 * The tunnels of one Windows client that stand, one of the user and one of the device, the verbs `connect` and `disconnect` on them, and those
 * that were lost: Windows dials them again by itself. Not the dial (`connect.ts`), not its report (`connect-report.ts`), and not the rules by
 * which Windows dials again (`windows/redial.ts`).
 */
import type { Stack } from '../net/stack.ts'
import type { Timer } from '../net/world.ts'
import type { VpnConnection } from '../node/vpn-client/contract.ts'
import type { Assumptions } from '../windows/assumptions.ts'
import type { ConnectionEnd } from '../windows/connect/ends.ts'
import { redialDelay, redialsAfter } from '../windows/redial.ts'
import type { Dialled } from './connect.ts'
import type { ConnectOptions } from './lab.ts'
import type { ConnectReport, TunnelReport } from './reports.ts'
import type { TunnelKind } from './vpn-profile.ts'

export interface DialCircumstances {
  /** A tunnel of that kind stands. */
  readonly isConnected: boolean
  /** Windows dials by itself, beside whatever a script does: what is assumed for one verb does not change for others meanwhile. */
  readonly isUnasked: boolean
}

/** How tunnels of clients are dialled. */
export interface Dialer {
  /** Throws RangeError for a script's mistake; the returned function dials, and calls `done` once. */
  connect(
    client: string,
    options: ConnectOptions,
    circumstances: DialCircumstances,
  ): (done: (report: ConnectReport, dialled: Dialled) => void) => void
  /** Whether names, or programs, may dial the user's tunnel of `client` at all. */
  hasTriggers(client: string, by: 'name' | 'app'): boolean
  /** Whether Windows ends a tunnel that stands, where its computer is now. */
  endsHere(client: string, options: ConnectOptions): boolean
  assumed(options: ConnectOptions): Assumptions
}

interface Standing {
  readonly connection: VpnConnection
  readonly report: TunnelReport
  readonly options: ConnectOptions
  /** It is being closed since its computer is inside. */
  isInside: boolean
}

/** A tunnel that Windows wants back. */
interface Lost {
  readonly options: ConnectOptions
  /** Dials that failed since. */
  failed: number
  timer: Timer | undefined
  /** The network is another one since the dial began that is on. */
  isElsewhere: boolean
}

type Answer = (report: ConnectReport) => void

export class ClientTunnels {
  readonly #host: Stack
  readonly #dialer: Dialer
  readonly #standing = new Map<TunnelKind, Standing>()
  readonly #lost = new Map<TunnelKind, Lost>()
  /** Dials that are on, with those who wait for them. */
  readonly #dialling = new Map<TunnelKind, Answer[]>()
  #stopWatching: (() => void) | undefined
  #boots = 0

  constructor(host: Stack, dialer: Dialer) {
    this.#host = host
    this.#dialer = dialer
  }

  /** Throws RangeError for a script's mistake; the returned function dials, and calls `done` once. A dial that is on is waited for. */
  connect(options: ConnectOptions): (done: Answer) => void {
    const tunnel = options.tunnel ?? 'user'
    const isConnected = this.#standing.has(tunnel)
    const begin = this.#dialer.connect(this.#host.name, options, { isConnected, isUnasked: false })
    return (done) => {
      const waiting = this.#dialling.get(tunnel)
      if (waiting === undefined) this.#dial(tunnel, options, begin, [done])
      else waiting.push(done)
    }
  }

  /** Undefined: no such tunnel stands, nor is dialled. The returned function calls `done` once the tunnel is gone. It is not dialled again. */
  disconnect(tunnel: TunnelKind): ((done: () => void) => void) | undefined {
    this.#forget(tunnel)
    const waiting = this.#dialling.get(tunnel)
    if (waiting !== undefined) {
      return (done) =>
        waiting.push(() => {
          const end = this.disconnect(tunnel)
          if (end === undefined) done()
          else end(done)
        })
    }
    const { connection } = this.#standing.get(tunnel) ?? {}
    if (connection === undefined) return undefined
    return (done) => {
      const { onLost } = connection
      connection.onLost = (why) => {
        onLost?.(why)
        done()
      }
      connection.close('the user disconnects')
    }
  }

  /** A program asks for a name, or is started: the user's tunnel may be dialled for that. `then` is called when that is over, whatever came of it. */
  trigger(by: 'name' | 'app', what: string, then: () => void): void {
    const waiting = this.#dialling.get('user')
    const isDue = !this.#standing.has('user') && this.#dialer.hasTriggers(this.#host.name, by)
    const options = { trigger: by, triggerName: what } as const
    const begin = isDue && waiting === undefined ? this.#beginUnasked(options) : undefined
    if (begin !== undefined) this.#dial('user', options, begin, [then])
    else if (isDue && waiting !== undefined) waiting.push(then)
    else then()
  }

  reports(): readonly TunnelReport[] {
    return [...this.#standing.values()].map(({ report }) => report)
  }

  /** The computer is gone: nobody is told, and nothing of it is dialled again. */
  vanish(): void {
    this.#boots++
    for (const { connection } of this.#standing.values()) connection.vanish()
    this.#standing.clear()
    for (const tunnel of this.#lost.keys()) this.#forget(tunnel)
    this.#stopWatching?.()
    this.#stopWatching = undefined
  }

  #dial(
    tunnel: TunnelKind,
    options: ConnectOptions,
    begin: ReturnType<Dialer['connect']>,
    waiting: Answer[],
  ): void {
    const boots = this.#boots
    this.#lost.get(tunnel)?.timer?.cancel()
    this.#dialling.set(tunnel, waiting)
    begin((report, dialled) => {
      this.#dialling.delete(tunnel)
      if (boots !== this.#boots) dialled.connection?.vanish()
      else if (report.inner === undefined) this.#failed(tunnel, report)
      else this.#stands(tunnel, report.inner, options, dialled)
      for (const done of waiting) done(report)
    })
  }

  #stands(
    tunnel: TunnelKind,
    report: TunnelReport,
    options: ConnectOptions,
    { connection, log }: Dialled,
  ): void {
    if (connection === undefined) return
    this.#forget(tunnel)
    this.#watch()
    const standing = { connection, report, options, isInside: false }
    this.#standing.set(tunnel, standing)
    connection.onLost = (why) => {
      const end = standing.isInside && why === 'user' ? 'inside' : why
      this.#standing.delete(tunnel)
      log.ended(end)
      this.#ended(tunnel, options, end)
    }
  }

  // ── what was lost is dialled again ──

  #ended(tunnel: TunnelKind, options: ConnectOptions, why: ConnectionEnd): void {
    if (!redialsAfter(why, this.#dialer.assumed(options))) return
    this.#lost.set(tunnel, { options, failed: 0, timer: undefined, isElsewhere: false })
    this.#dialLater(tunnel)
  }

  #failed(tunnel: TunnelKind, { outcome }: ConnectReport): void {
    const lost = this.#lost.get(tunnel)
    if (lost === undefined) return
    if (outcome === 'failed') lost.failed++
    // What Windows did not even try, it tries where its network is another.
    if (outcome === 'failed' || lost.isElsewhere) this.#dialLater(tunnel)
  }

  #dialLater(tunnel: TunnelKind): void {
    const lost = this.#lost.get(tunnel)
    if (lost === undefined) return
    const assumed = this.#dialer.assumed(lost.options)
    const delay = redialDelay(lost.isElsewhere ? 0 : lost.failed, assumed)
    lost.timer?.cancel()
    lost.timer = this.#host.after(delay, () => this.#dialAgain(tunnel))
  }

  #dialAgain(tunnel: TunnelKind): void {
    const lost = this.#lost.get(tunnel)
    if (lost === undefined || this.#dialling.has(tunnel)) return
    lost.isElsewhere = false
    const options = { ...lost.options, trigger: 'tunnel-lost' } as const
    const begin = this.#beginUnasked(options)
    if (begin === undefined) this.#forget(tunnel)
    else this.#dial(tunnel, options, begin, [])
  }

  /** Undefined: there is nobody who could dial, or an edit has taken away the profile or the user. */
  #beginUnasked(options: ConnectOptions): ReturnType<Dialer['connect']> | undefined {
    try {
      return this.#dialer.connect(this.#host.name, options, { isConnected: false, isUnasked: true })
    } catch (thrown) {
      if (thrown instanceof RangeError) return undefined
      throw thrown
    }
  }

  #forget(tunnel: TunnelKind): void {
    this.#lost.get(tunnel)?.timer?.cancel()
    this.#lost.delete(tunnel)
  }

  // ── the network is another one ──

  #watch(): void {
    this.#stopWatching ??= this.#host.onNetworkChange(({ nic }) => {
      const isCable = ({ name, kind }: Stack['nics'][number]): boolean =>
        name === nic && kind === 'ethernet'
      if (this.#host.nics.some(isCable)) this.#moved()
    })
  }

  #moved(): void {
    for (const standing of this.#standing.values()) {
      const { connection, options, isInside } = standing
      if (isInside || !this.#dialer.endsHere(this.#host.name, options)) continue
      standing.isInside = true
      connection.close('the computer is inside')
    }
    for (const [tunnel, lost] of this.#lost) {
      lost.isElsewhere = true
      if (!this.#dialling.has(tunnel)) this.#dialLater(tunnel)
    }
  }
}
