/**
 * Starts a replica: removes what is left of an earlier one, builds an image a role, plugs containers into networks in the order of the topology, and gives each
 * its secrets. All or nothing: what was started is removed when something fails, or when it is called off. Not what runs inside: `docker/start` does that.
 */
import { isDeepStrictEqual } from 'node:util'
import { err, ok, type Result } from '../base/result.ts'
import { buildContext, dockerfileOf, givenAtStart, rolesOf } from './context.ts'
import type { Engine, EngineFault } from './engine.ts'
import { folderOf, type ReplicaNode, type ReplicaPlan } from './plan.ts'
import type { Role } from './role.ts'
import {
  containerName,
  imageLabels,
  imageTag,
  labelOf,
  networkLabels,
  networkName,
  nodeLabels,
  problemOf,
  removeReplica,
  type Outcome,
  type ReplicaProblem,
} from './replica.ts'

export interface StartOptions {
  /** The image that those of the roles begin with. */
  readonly base: string
  /** Calls the start off; what was started goes. */
  readonly signal: AbortSignal
  /** Told what is done next, for people. */
  readonly onProgress?: (what: string) => void
}

/** A replica that stands. */
export interface StartedReplica {
  readonly plan: ReplicaPlan
  /** Node → id of its container. */
  readonly containers: ReadonlyMap<string, string>
}

const READY = '/usr/local/lib/sallyport/ready'
const LOG_LINES = 20

export async function startReplica(
  engine: Engine,
  plan: ReplicaPlan,
  options: StartOptions,
): Outcome<StartedReplica> {
  const started = await start({ engine, plan, ...options })
  if (started.ok) return started
  const removed = await removeReplica(engine, plan.name)
  if (removed.ok) return started
  const { kind, message } = started.error
  return err({ kind, message: `${message}; and something stays: ${removed.error.message}` })
}

interface Start extends StartOptions {
  readonly engine: Engine
  readonly plan: ReplicaPlan
}

type Step = Promise<Result<undefined, ReplicaProblem>>
const DONE = ok(undefined)

async function start(of: Start): Outcome<StartedReplica> {
  const { engine, plan } = of
  const cleared = await removeReplica(engine, plan.name)
  if (!cleared.ok) return cleared
  const prepared = await inOrder(of, [
    () => buildImages(of, rolesOf(plan.nodes)),
    () => createNetworks(of),
  ])
  if (!prepared.ok) return prepared
  const containers = await startNodes(of, plan.nodes)
  return containers.ok ? ok({ plan, containers: containers.value }) : containers
}

/**
 * Make a replica that stands another one: nodes whose files differ are removed and begin anew, with images of their own configuration; the rest runs on. Only on
 * the same networks. After a failure nothing of it stays.
 */
export async function changeReplica(
  engine: Engine,
  { plan: before, containers }: StartedReplica,
  options: StartOptions & {
    readonly plan: ReplicaPlan
    /** Nodes that begin anew though nothing of theirs changed: caches of DNS outlive a zone. */
    readonly anew?: readonly string[]
  },
): Outcome<StartedReplica> {
  const of = { ...options, engine }
  const { plan } = of
  const old = new Map(before.nodes.map((node) => [node.name, node]))
  const isChanged = (node: ReplicaNode): boolean =>
    options.anew?.includes(node.name) === true || !isDeepStrictEqual(node, old.get(node.name))
  const changed = plan.nodes.filter(isChanged)
  const built = await inOrder(of, [
    () => buildImages(of, rolesOf(changed)),
    ...changed.map((node) => async (): Step => {
      const id = containers.get(node.name)
      if (id === undefined) return DONE
      const gone = await engine.removeContainer({ id, name: node.name, labels: {} })
      return gone.ok ? DONE : err(problemOf(gone.error))
    }),
  ])
  const begun = built.ok ? await startNodes(of, changed) : built
  if (begun.ok) return ok({ plan, containers: new Map([...containers, ...begun.value]) })
  const removed = await removeReplica(engine, plan.name)
  return removed.ok ? begun : removed
}

/** Node → id of its container, once all are up. */
async function startNodes(
  of: Start,
  nodes: readonly ReplicaNode[],
): Outcome<ReadonlyMap<string, string>> {
  const { engine, plan } = of
  const containers = new Map<string, string>()
  const plugged = await inOrder(
    of,
    nodes.map((node) => async () => {
      tell(of, `starting ${node.name}`)
      const id = await startNode(engine, plan, node)
      if (!id.ok) return id
      containers.set(node.name, id.value)
      return DONE
    }),
  )
  if (!plugged.ok) return plugged
  tell(of, 'waiting until all are up')
  const ready = await inOrder(
    of,
    [...containers].map(
      ([node, id]) =>
        () =>
          whenReady(engine, node, id, of.signal),
    ),
  )
  if (!ready.ok) return ready
  return of.signal.aborted ? calledOff() : ok(containers)
}

const tell = ({ onProgress }: Start, what: string): void => onProgress?.(what)

const calledOff = (): Result<never, ReplicaProblem> =>
  err({ kind: 'stopped', message: 'called off; what was started is gone' })

async function inOrder(of: Start, steps: readonly (() => Step)[]): Step {
  for (const step of steps) {
    if (of.signal.aborted) return calledOff()
    const done = await step()
    // A request that was broken off is no failure of its own.
    if (!done.ok) return of.signal.aborted ? calledOff() : done
  }
  return DONE
}

async function buildImages(of: Start, roles: readonly Role[]): Step {
  const { engine, plan, base } = of
  const hasBase = await engine.hasImage(base)
  if (!hasBase.ok) return err(problemOf(hasBase.error))
  const built = await inOrder(
    of,
    roles.map((role) => async () => {
      tell(of, `building the image of ${role}`)
      const done = await engine.build(
        {
          tag: imageTag(plan.name, role),
          dockerfile: dockerfileOf(role),
          context: buildContext(plan, role),
          base,
          labels: imageLabels(plan.name, role),
        },
        of.signal,
      )
      return done.ok ? DONE : err(buildProblem(done.error, base, hasBase.value))
    }),
  )
  if (!built.ok) return built
  const pruned = await engine.pruneImages(labelOf(plan.name))
  return pruned.ok ? DONE : err(problemOf(pruned.error))
}

/** The engine fetches a base that it does not have; where it cannot, nothing else is to be said. */
function buildProblem(fault: EngineFault, base: string, hasBase: boolean): ReplicaProblem {
  if (fault.kind === 'unreachable' || fault.kind === 'stopped') return problemOf(fault)
  if (hasBase) return { kind: 'no-image', message: fault.message }
  const message = `no base image ${base}, and the engine cannot fetch it: name one that it has with --base (${fault.message})`
  return { kind: 'no-base', message }
}

async function createNetworks(of: Start): Step {
  const { engine, plan } = of
  return inOrder(
    of,
    plan.networks.map((network) => async () => {
      const name = networkName(plan.name, network)
      const done = await engine.createNetwork(name, networkLabels(plan.name, network))
      return done.ok ? DONE : err(problemOf(done.error))
    }),
  )
}

/**
 * A container with all cables plugged in and its secrets given: it begins by itself. Cables go in one by one while it runs, because only so they are its
 * interfaces in that order.
 */
async function startNode(engine: Engine, plan: ReplicaPlan, node: ReplicaNode): Outcome<string> {
  const container = containerName(plan.name, node.name)
  const networks = node.interfaces.map(({ network }) => networkName(plan.name, network))
  const [first = 'none', ...others] = networks
  const created = await engine.createContainer({
    name: container,
    image: imageTag(plan.name, node.role),
    hostname: node.name,
    network: first,
    labels: nodeLabels(plan.name, node.name, node.role),
    environment: environmentOf(node),
    sysctls: node.sysctls,
  })
  if (!created.ok) return err(problemOf(created.error))
  const id = created.value
  const begun = await engine.start(id, container)
  if (!begun.ok) return err(problemOf(begun.error))
  for (const network of others) {
    const plugged = await engine.plug(id, network)
    if (!plugged.ok) return err(problemOf(plugged.error))
  }
  const macs = await engine.macs(id)
  if (!macs.ok) return err(problemOf(macs.error))
  const own = networks.map((network) => macs.value[network] ?? '')
  const given = await engine.put(id, folderOf(node.name), givenAtStart(node, own))
  return given.ok ? ok(id) : err(problemOf(given.error))
}

const environmentOf = ({ name }: ReplicaNode): readonly string[] => [
  `SALLYPORT_NODE=${name}`,
  `STRONGSWAN_CONF=${folderOf(name)}/strongswan.conf`,
  `SWANCTL_DIR=${folderOf(name)}/swanctl`,
]

async function whenReady(engine: Engine, node: string, id: string, signal: AbortSignal): Step {
  const ran = await engine.run(id, [READY], signal)
  if (ran.ok && ran.value.status === 0) return DONE
  if (!ran.ok && ran.error.kind === 'unreachable') return err(problemOf(ran.error))
  const log = await engine.log(id, LOG_LINES)
  const last = log.ok ? log.value.trim().split('\n').at(-1) : undefined
  const said = last === undefined || last === '' ? '' : `: ${last.trim()}`
  return err({ kind: 'node', message: `${node} does not come up${said}` })
}
