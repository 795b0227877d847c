/**
 * The twin's NPS as the judges' clients reach it: `live` serves the node's ports on loopback, in this process.
 */
import { startLive, type LogEntry } from '../../../src/live/live.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { SERVER, type RadiusServer } from './freeradius.ts'
import { CLIENTS, onLoopback } from './topology.ts'

const AUTHENTICATION = 1812
const ACCOUNTING = 1813

const DENIED = 6273
const DISCARDED = 6274

export interface TwinServer extends RadiusServer {
  /** The reason code by which NPS's event log says that it turned down the request with this Acct-Session-Id. */
  reasonOf(session: string): number | undefined
}

/** Start the twin's NPS of a topology on free ports of loopback. Rejects when it cannot. */
export async function startTwin(topology: Topology): Promise<TwinServer> {
  const reasons = new Map<string, number>()
  const onLog = ({ eventId, fields = [] }: LogEntry): void => {
    if (eventId !== DENIED && eventId !== DISCARDED) return
    const valueOf = (wanted: string): string =>
      fields.find(({ name }) => name === wanted)?.value ?? ''
    reasons.set(valueOf('Account Session Identifier'), Number(valueOf('Reason Code')))
  }
  const started = await startLive(topology, {
    node: 'nps',
    onLog,
    bind: SERVER,
    realPort: (port, protocol) =>
      protocol === 'udp' && (port === AUTHENTICATION || port === ACCOUNTING) ? 0 : undefined,
    peers: Object.values(CLIENTS).map((as) => ({ from: onLoopback(as), as })),
  })
  if (!started.ok) throw new Error(`the twin does not start: ${JSON.stringify(started.error)}`)
  const session = started.value
  const realPort = (port: number): number =>
    session.listening.find(({ servicePort }) => servicePort === port)?.port ?? 0
  return {
    port: realPort(AUTHENTICATION),
    accountingPort: realPort(ACCOUNTING),
    reasonOf: (session) => reasons.get(session),
    stop: async () => {
      await session.stop()
    },
  }
}
