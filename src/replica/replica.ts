/**
 * A replica on an engine: what is there of it, and how all of it goes. Containers, networks and images of a topology bear its label; whatever bears it is the
 * replica's, whoever started it. Not the starting: `start.ts` does that.
 */
import { err, ok, type Result } from '../base/result.ts'
import type { Engine, EngineFault, Labelled } from './engine.ts'

/** Why a replica is not there, or not gone. */
export interface ReplicaProblem {
  /** `clash`: something is there under a name that the replica needs. `node`: a node did not come up. `stopped`: it was called off. */
  readonly kind: 'no-engine' | 'no-base' | 'no-image' | 'clash' | 'node' | 'stopped' | 'engine'
  /** One line. */
  readonly message: string
}

export type Outcome<T> = Promise<Result<T, ReplicaProblem>>

const LABEL = 'sallyport.replica'
const NODE = 'sallyport.node'
const NETWORK = 'sallyport.network'
const ROLE = 'sallyport.role'

/** As engines let things be called. */
const slug = (text: string): string => text.replace(/[^A-Za-z0-9_.-]/g, '-')

export const labelOf = (topology: string): string => `${LABEL}=${topology}`

export const nodeLabels = (topology: string, node: string, role: string) => ({
  [LABEL]: topology,
  [NODE]: node,
  [ROLE]: role,
})
export const networkLabels = (topology: string, network: string) => ({
  [LABEL]: topology,
  [NETWORK]: network,
})
export const imageLabels = (topology: string, role: string) => ({
  [LABEL]: topology,
  [ROLE]: role,
})

export const containerName = (topology: string, node: string): string =>
  `sallyport-${slug(topology)}-${slug(node)}`
export const networkName = (topology: string, network: string): string =>
  `sallyport-${slug(topology)}-${slug(network)}`
/** Images are called in small letters. */
export const imageTag = (topology: string, role: string): string =>
  `sallyport-${slug(topology).toLowerCase()}-${role}`

const KINDS: Readonly<Record<EngineFault['kind'], ReplicaProblem['kind']>> = {
  unreachable: 'no-engine',
  taken: 'clash',
  absent: 'engine',
  stopped: 'stopped',
  refused: 'engine',
}

/** A network clashes with another in words only: the engine has no address left for it, or its name is taken. */
const CLASH = /already (?:exists|in use)|overlap|address pool/i

export const problemOf = ({ kind, message }: EngineFault): ReplicaProblem => ({
  kind: kind === 'refused' && CLASH.test(message) ? 'clash' : KINDS[kind],
  message,
})

export interface NodeState {
  readonly node: string
  readonly role: string
  readonly container: string
  /** As the engine has it: `running`, `exited`, … */
  readonly state: string
}

/** The containers of a topology's replica, in the order of their names. */
export async function replicaState(
  engine: Engine,
  topology: string,
): Outcome<readonly NodeState[]> {
  const found = await engine.containers(labelOf(topology))
  if (!found.ok) return err(problemOf(found.error))
  const states = found.value.map(({ name, labels, state = 'unknown' }) => ({
    node: labels[NODE] ?? name,
    role: labels[ROLE] ?? '',
    container: name,
    state,
  }))
  return ok(states.toSorted((a, b) => (a.node < b.node ? -1 : 1)))
}

export interface Removed {
  readonly containers: number
  readonly networks: number
  readonly images: number
}

/**
 * Remove the replica of a topology: its containers, then the networks that they were on, then images if wanted. Goes on after a failure, so that as
 * little as possible stays, and tells the first.
 */
export async function removeReplica(
  engine: Engine,
  topology: string,
  options: { readonly images?: boolean } = {},
): Outcome<Removed> {
  const label = labelOf(topology)
  const containers = await removeAll(engine.containers(label), (each) =>
    engine.removeContainer(each),
  )
  const networks = await removeAll(engine.networks(label), (each) => engine.removeNetwork(each))
  const images =
    options.images === true
      ? await removeAll(engine.images(label), (each) => engine.removeImage(each))
      : { removed: 0 }
  const fault = containers.fault ?? networks.fault ?? images.fault
  if (fault !== undefined) return err(problemOf(fault))
  return ok({
    containers: containers.removed,
    networks: networks.removed,
    images: images.removed,
  })
}

interface Removals {
  readonly removed: number
  readonly fault?: EngineFault | undefined
}

async function removeAll(
  listing: ReturnType<Engine['containers']>,
  remove: (each: Labelled) => ReturnType<Engine['removeContainer']>,
): Promise<Removals> {
  const found = await listing
  if (!found.ok) return { removed: 0, fault: found.error }
  const removals = await Promise.all(found.value.map(remove))
  const faults = removals.flatMap((each) => (each.ok ? [] : [each.error]))
  return { removed: removals.length - faults.length, fault: faults[0] }
}
