/**
 * The tunnels of one Windows client that stand, and the verbs `connect` and `disconnect` on them: one of the user, one of the device.
 * Not the dial (`connect.ts`), and not its report (`connect-report.ts`).
 */
import type { VpnConnection } from '../node/vpn-client/contract.ts'
import type { Dialled } from './connect.ts'
import type { ConnectOptions } from './lab.ts'
import type { ConnectReport, TunnelReport } from './reports.ts'
import type { TunnelKind } from './vpn-profile.ts'

/** Dial a tunnel of `client`. Throws RangeError for a script's mistake. */
export type Connecting = (
  client: string,
  options: ConnectOptions,
  isConnected: boolean,
) => (done: (report: ConnectReport, dialled: Dialled) => void) => void

export class ClientTunnels {
  readonly #client: string
  readonly #connecting: Connecting
  readonly #standing = new Map<
    TunnelKind,
    { readonly connection: VpnConnection; readonly report: TunnelReport }
  >()

  constructor(client: string, connecting: Connecting) {
    this.#client = client
    this.#connecting = connecting
  }

  /** Throws RangeError for a script's mistake; the returned function dials, and calls `done` once. */
  connect(options: ConnectOptions): (done: (report: ConnectReport) => void) => void {
    const tunnel = options.tunnel ?? 'user'
    const begin = this.#connecting(this.#client, options, this.#standing.has(tunnel))
    return (done) =>
      begin((report, { connection, log }) => {
        if (report.inner !== undefined && connection !== undefined) {
          this.#standing.set(tunnel, { connection, report: report.inner })
          connection.onLost = (why) => {
            this.#standing.delete(tunnel)
            log.ended(why)
          }
        }
        done(report)
      })
  }

  /** Undefined: no such tunnel stands. The returned function calls `done` once the tunnel is gone. */
  disconnect(tunnel: TunnelKind): ((done: () => void) => void) | undefined {
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

  reports(): readonly TunnelReport[] {
    return [...this.#standing.values()].map(({ report }) => report)
  }

  /** The computer is gone: nobody is told. */
  vanish(): void {
    for (const { connection } of this.#standing.values()) connection.vanish()
    this.#standing.clear()
  }
}
