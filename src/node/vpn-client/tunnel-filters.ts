/**
 * The traffic filters of a profile while its tunnel is up: what may go into it and come out of it, and which programs may go nowhere else. The platform
 * decides once a flow, as WFP does, and remembers it. Not the rules (`windows/traffic-filters.ts`).
 */
import { Latest } from '../../base/remember.ts'
import type { PacketGuard } from '../../net/guards.ts'
import type { Packet, Stop } from '../../net/packet.ts'
import type { TrafficFilter } from '../../windows/profile/traffic-filter.ts'
import { filterOf, forcedBy, programBehind } from '../../windows/traffic-filters.ts'
import { flowOf, flowText, type SeenFlow } from './flow.ts'

/** So many flows are remembered; of more the oldest is judged anew. */
const FLOWS_MAX = 4096

export interface FilteredTunnel {
  /** Of the connection, and of its interface. */
  readonly name: string
  readonly filters: readonly TrafficFilter[]
  /** The program that sends now; undefined: it has not said. */
  readonly program: () => string | undefined
}

export class TunnelFilters implements PacketGuard {
  readonly #tunnel: FilteredTunnel
  readonly #allowed = new Latest<true>(FLOWS_MAX)
  /** Whose flow it is: what TCP sends again, nobody sends anew. */
  readonly #programs = new Latest<string>(FLOWS_MAX)

  constructor(tunnel: FilteredTunnel) {
    this.#tunnel = tunnel
  }

  output(packet: Packet): Stop | undefined {
    const { name, filters } = this.#tunnel
    const seen = flowOf(packet, true)
    const flow = { ...seen, program: this.#programOf(seen) }
    if (packet.outNic === name) return this.#judge(seen, filterOf(filters, flow, 'Outbound'), true)
    const forced = forcedBy(filters, flow)
    if (forced === undefined) return undefined
    const rule = `${name}/TrafficFilter ${forced + 1}`
    const detail = `${flowText(seen, true)}: ${flow.program} may use the tunnel alone (ForceTunnel)`
    return { kind: 'drop', reason: 'filter', rule, detail }
  }

  input(packet: Packet): Stop | undefined {
    const { name, filters } = this.#tunnel
    if (packet.inNic !== name) return undefined
    const seen = flowOf(packet, false)
    // Without them a path's MTU would never be known (OWN).
    if (seen.isIcmpError) return undefined
    const flow = { ...seen, program: this.#programOf(seen) }
    return this.#judge(seen, filterOf(filters, flow, 'Inbound'), false)
  }

  #judge(seen: SeenFlow, filter: number | undefined, sent: boolean): Stop | undefined {
    if (filter !== undefined) this.#allowed.set(seen.key, true)
    if (this.#allowed.get(seen.key) === true || seen.isIcmpError) return undefined
    const { name, filters } = this.#tunnel
    const rule = `${name}/TrafficFilter`
    const wanted = sent ? 'outbound' : 'inbound'
    const detail = `${flowText(seen, sent)}: none of ${filters.length} filters has it ${wanted}`
    return { kind: 'drop', reason: 'filter', rule, detail }
  }

  #programOf(seen: SeenFlow): string | undefined {
    const said = this.#tunnel.program()
    if (said !== undefined) this.#programs.set(seen.key, said)
    return said ?? this.#programs.get(seen.key) ?? programBehind(seen)
  }
}
