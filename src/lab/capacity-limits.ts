/**
 * What was too small for a crowd: told from who was refused, who had to wait, and when it began; with the setting that would help.
 * Not the measuring: `capacity.ts`.
 */
import { between, formatDuration, type Duration, type Instant } from '../base/time.ts'
import type { RadiusLoad } from '../node/radius-client.ts'
import type { DrivenLab } from './build.ts'
import type { ConnectReport } from './reports.ts'

/** A dial of the crowd that has ended. */
export interface CrowdDial {
  readonly client: string
  readonly began: Instant
  readonly report: ConnectReport
}

export const endOf = ({ began, report }: CrowdDial): Instant => (began + report.took) as Instant

export interface Saturation {
  readonly node: string
  /** `ports of IKEv2`. */
  readonly what: string
  /** When it first refused somebody or made somebody wait, since the first dial began. */
  readonly after: Duration
  /** Who was refused first; absent: they only waited. */
  readonly client?: string
  /** Who was refused for it. */
  readonly refused: number
  /** What their users see; absent: nobody was refused. */
  readonly code?: string
  readonly evidence: string
  /** What to change. */
  readonly remedy: string
}

interface Measured {
  readonly driven: DrivenLab
  readonly gateway: string
  readonly began: Instant
  readonly dialled: readonly CrowdDial[]
  readonly loads: readonly RadiusLoad[]
}

/** Which resource stands behind a cause of the decision table, and its setting. */
const RESOURCES: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  'no-port': ['ports of IKEv2', 'ports.ikev2 of the gateway (RRAS: Ports, WAN Miniport (IKEv2))'],
  'no-address': ['addresses of the pool', 'pool of the gateway (RRAS: IPv4, static address pool)'],
  'too-many-sas': [
    'IKE SAs of one address',
    'maxSasPerPeer of the gateway (IkeNumEstablishedForInitialQuery)',
  ],
}

/** The first to be met stands first. */
export function saturationsOf(measured: Measured): readonly Saturation[] {
  return [...refusals(measured), ...queues(measured), ...silences(measured)].toSorted(
    (a, b) => a.after - b.after,
  )
}

function refusals({ gateway, began, dialled }: Measured): readonly Saturation[] {
  return Object.entries(RESOURCES).flatMap(([cause, [what, remedy]]) => {
    const met = dialled.filter(({ report }) => report.failure === cause)
    // At the door nobody is told: the client goes on asking until it gives up.
    const when = cause === 'no-address' ? endOf : ({ began: at }: CrowdDial): Instant => at
    const first = earliest(met, when)
    if (first === undefined) return []
    const { windows, why } = first.report
    return [
      {
        node: gateway,
        what,
        after: between(began, when(first)),
        client: first.client,
        refused: met.length,
        ...(windows !== undefined && { code: windows.code }),
        evidence: why[0] ?? cause,
        remedy,
      },
    ]
  })
}

const earliest = (
  dialled: readonly CrowdDial[],
  when: (dial: CrowdDial) => Instant = endOf,
): CrowdDial | undefined =>
  dialled.reduce<CrowdDial | undefined>(
    (first, each) => (first === undefined || when(each) < when(first) ? each : first),
    undefined,
  )

/** Servers that work at one request after the other. */
function queues({ driven, gateway, began }: Measured): readonly Saturation[] {
  return driven.meters().flatMap((meter) => {
    if (meter.kind === 'radius-client') return []
    if (meter.kind === 'gateway' && meter.node !== gateway) return []
    const load = meter.kind === 'nps' ? meter.read() : meter.read().work
    const [what, setting] =
      meter.kind === 'nps'
        ? (['workers of NPS', 'requestTime'] as const)
        : (['workers for handshakes', 'handshakeTime'] as const)
    if (load.firstWait === undefined) return []
    const lost = load.turnedAway === 0 ? '' : `, and ${load.turnedAway} found no room to wait in`
    return [
      {
        node: meter.node,
        what,
        after: between(began, load.firstWait),
        refused: 0,
        evidence: `requests wait up to ${formatDuration(load.longestWait)} for one of ${load.workers}${lost}`,
        remedy: `${setting}.workers of ${meter.node}, or another server beside it`,
      },
    ]
  })
}

/** RADIUS servers whose answers come too late for RRAS. */
function silences({ gateway, began, dialled, loads }: Measured): readonly Saturation[] {
  const failed = dialled.filter(({ report }) => report.failure === 'radius-silent')
  const first = earliest(failed)
  return loads.flatMap(({ server, repeated, givenUp, firstRepeat }) => {
    if (firstRepeat === undefined) return []
    const code = first?.report.windows?.code
    return [
      {
        node: server,
        what: 'answers in time',
        after: between(began, firstRepeat),
        ...(first !== undefined && { client: first.client }),
        refused: failed.length,
        ...(code !== undefined && { code }),
        evidence: `${gateway} sent ${repeated} requests again, and gave the server up ${givenUp} times`,
        remedy: `another RADIUS server of ${gateway}, or a longer timeout of ${server} there`,
      },
    ]
  })
}
