/**
 * Which settings of a gateway are in force, and which wait until the service RemoteAccess starts again: what Windows calls a pending restart.
 * Not a running service. Microsoft's tutorial and cmdlets ask for a restart after ports, policies, authentication, providers and registry values.
 */
import type { VpnGatewaySpec } from './services.ts'
import type { NodeSpec, Topology } from './topology.ts'

export interface InForce {
  readonly topology: Topology
  /** Names of settings that wait, by gateway; those without are left out. */
  readonly waiting: ReadonlyMap<string, readonly string[]>
}

/**
 * The topology as its gateways have it. `started`: what each has read when it started last; one that is not in there starts now. Services that
 * stay as they are in `before` stay the same objects.
 */
export function settingsInForce(
  wanted: Topology,
  started: ReadonlyMap<string, VpnGatewaySpec>,
  before: Topology,
): InForce {
  const waiting = new Map<string, readonly string[]>()
  const nodes = Object.entries(wanted.nodes).map(([name, node]): [string, NodeSpec] => {
    const read = started.get(name)
    const now = gatewayOf(node)
    if (read === undefined || now === undefined || node.kind === 'switch') return [name, node]
    // A service that is stopped, or starts, has nothing that could wait.
    if ((read.isRunning ?? true) !== (now.isRunning ?? true)) return [name, node]
    const inForce = held(now, read)
    const late = differing(now, inForce)
    if (late.length === 0) return [name, node]
    waiting.set(name, late)
    const services = node.services?.map((each) => (each === now ? inForce : each))
    const known = before.nodes[name]
    const same = known?.kind === 'switch' ? undefined : known?.services
    return [name, { ...node, services: areSame(services, same) ? same : services } as NodeSpec]
  })
  const topology = waiting.size === 0 ? wanted : { ...wanted, nodes: Object.fromEntries(nodes) }
  return { topology, waiting }
}

/** The gateway service of a node. */
export function gatewayOf(node: NodeSpec | undefined): VpnGatewaySpec | undefined {
  if (node === undefined || node.kind === 'switch') return undefined
  const found = node.services?.find(({ service }) => service === 'vpn-gateway')
  return found?.service === 'vpn-gateway' ? found : undefined
}

/**
 * What was read, with what is read anew each time: certificates, and (OWN) what is known of RADIUS servers. That RADIUS is asked at all is a setting
 * of the first kind.
 */
function held(now: VpnGatewaySpec, read: VpnGatewaySpec): VpnGatewaySpec {
  const { certificate: _certificate, radius: _radius, ...rest } = read
  const { certificate } = now
  const isSameProvider = asks(now) === asks(read)
  const radius = isSameProvider ? now.radius : read.radius
  return {
    ...rest,
    ...(certificate !== undefined && { certificate }),
    ...(radius !== undefined && { radius }),
  }
}

const asks = ({ radius = [] }: VpnGatewaySpec): boolean => radius.length > 0

function differing(a: VpnGatewaySpec, b: VpnGatewaySpec): readonly string[] {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof VpnGatewaySpec>
  return [...keys].filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]))
}

/** Settings in another order are the same. */
const sorted = (service: object | undefined): string =>
  JSON.stringify(Object.entries(service ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)))

function areSame(
  services: readonly object[] | undefined,
  before: readonly object[] | undefined,
): boolean {
  if (services === undefined || before === undefined) return services === before
  return (
    services.length === before.length &&
    services.every((each, i) => {
      const other = before[i]
      return each === other || sorted(each) === sorted(other)
    })
  )
}
