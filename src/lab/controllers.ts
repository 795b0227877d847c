/**
 * The domain controllers of a running lab: all of them know the same, at once, and remember it as long as the lab runs.
 * Not their ports: `node/domain-controller.ts` opens those.
 */
import { rememberEach } from '../base/remember.ts'
import type { Instant } from '../base/time.ts'
import { DomainAuthority } from '../directory/domain-authority.ts'
import { DomainState } from '../directory/domain-state.ts'
import type { Topology } from '../topology/topology.ts'
import type { Compiled } from './compile.ts'

type Current = () => Compiled

/**
 * What the controllers know now; undefined: the topology has no domain. `clockOf` is what a node's clock shows: the first controller's
 * counts for all, and `now` where there is none.
 */
export function controllersOf(
  current: Current,
  clockOf: (node: string) => Instant,
  now: () => Instant,
): () => DomainAuthority | undefined {
  const state = new DomainState()
  const authority = new DomainAuthority({
    state,
    directory: () => current().directory!,
    clock: () => {
      const controller = firstController(current().topology)
      return controller === undefined ? now() : clockOf(controller)
    },
  })
  return () => (current().directory === undefined ? undefined : authority)
}

// Their clock is read at every sign-in.
const firstController = rememberEach(
  ({ nodes }: Topology): string | undefined =>
    Object.entries(nodes).find(
      ([, node]) =>
        node.kind !== 'switch' &&
        (node.services ?? []).some(({ service }) => service === 'domain-controller'),
    )?.[0],
)
